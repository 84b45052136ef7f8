//! What stops a statement, and what keeps the log short.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use common::*;
use mainstay_engine::{Engine, Job, NewValue};
use mainstay_expr::{CompareOp, Expr, FromItem, Item, Select, SourceId, Type, Value};
use mainstay_plan::{Field, Node, RowCheck};

/// Yields a row for every pair of the first numbers: more than anyone waits for.
fn endless() -> Select {
    let series = |source| FromItem::Series {
        source: SourceId(source),
        start: Expr::literal(Value::Int(1), Type::Int8),
        stop: Expr::literal(Value::Int(3_000_000), Type::Int8),
        step: Expr::literal(Value::Int(1), Type::Int8),
    };
    let column = |source| Expr::column(SourceId(source), 0, Type::Int8);
    Select {
        from: vec![series(50), series(51)],
        filter: Some(Expr::compare(CompareOp::Lt, column(50), Expr::literal(Value::Int(0), Type::Int8))),
        items: vec![Item { expr: column(51), name: "n".into() }],
        ..Select::default()
    }
}

fn endless_read() -> mainstay_plan::Plan {
    let fields = vec![Field::Item { key: "n".into(), item: 0 }];
    read_plan(Node { select: endless(), fields, children: Vec::new() }, Vec::new())
}

fn endless_insert(database: &Database) -> mainstay_plan::Plan {
    let mut plan = insert_plan(&database.catalog, AUTHORS);
    let expr = Expr::bool(mainstay_expr::ExprKind::Exists(Box::new(endless()))).negate();
    plan.checks = vec![RowCheck { expr, problem: mainstay_base::Problem::new("42501", "no") }];
    insert(plan)
}

fn soon(job: &mut Job) {
    job.timeout = Duration::from_millis(50);
}

fn one(name: &str) -> mainstay_engine::Inputs {
    new_rows(vec![vec![NewValue::Identity, text(name)]])
}

#[tokio::test]
async fn a_read_that_takes_too_long_is_cancelled() {
    let database = Database::new();
    let problem = database.run_with(&endless_read(), inputs(vec![]), soon).await.unwrap_err();
    assert_eq!(problem.code(), "57014");
    assert_eq!(problem.message(), "canceling statement due to statement timeout");
    assert_eq!(database.rows(AUTHORS).await, "[]");
}

#[tokio::test]
async fn a_read_that_nobody_waits_for_frees_its_worker() {
    let database = Database::with(catalog(), |options| options.workers_max = 1);
    let job = database.job(&endless_read(), inputs(vec![]));
    let mut abandoned = database.engine.run(job);
    let waiting = abandoned.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(waiting, Poll::Pending));
    drop(abandoned);
    // The only worker has to be free again for this one to come to its timeout and not wait for the first for ever.
    let problem = database.run_with(&endless_read(), inputs(vec![]), soon).await.unwrap_err();
    assert_eq!(problem.code(), "57014");
}

#[tokio::test]
async fn a_write_that_takes_too_long_spoils_no_other() {
    let database = Database::new();
    let slow = endless_insert(&database);
    let quick = insert(insert_plan(&database.catalog, AUTHORS));
    let mut slow = database.job(&slow, one("slow"));
    soon(&mut slow);
    // All wait while a transaction is open, so that they make one group.
    let transaction = database.engine.begin().await.unwrap();
    let runs = [
        database.engine.run(database.job(&quick, one("ann"))),
        database.engine.run(slow),
        database.engine.run(database.job(&quick, one("bob"))),
    ];
    let mut running = Vec::new();
    for mut run in runs {
        assert!(run.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        running.push(run);
    }
    transaction.commit().await.unwrap();
    let mut codes = Vec::new();
    for run in running {
        codes.push(run.await.map_or_else(|problem| problem.code().to_owned(), |_| "ok".to_owned()));
    }
    assert_eq!(codes, ["ok", "57014", "ok"]);
    let names = database.rows(AUTHORS).await;
    assert!(names.contains("ann") && names.contains("bob") && !names.contains("slow"), "{names}");
}

#[tokio::test]
async fn a_write_that_nobody_waits_for_does_not_begin() {
    let database = Database::new();
    let plan = insert(insert_plan(&database.catalog, AUTHORS));
    let transaction = database.engine.begin().await.unwrap();
    let mut abandoned = database.engine.run(database.job(&plan, one("gone")));
    assert!(abandoned.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(abandoned);
    transaction.commit().await.unwrap();
    database.run(&plan, one("ann")).await.unwrap();
    assert_eq!(database.rows(AUTHORS).await, r#"[{"id":1,"name":"ann"}]"#);
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_refused() {
    let database = Database::with(catalog(), |options| options.answer_bytes_max = 1_000);
    let plan = insert(insert_plan(&database.catalog, AUTHORS));
    let rows = (0..100).map(|n| vec![NewValue::Identity, text(&format!("author {n}"))]).collect();
    database.run(&plan, new_rows(rows)).await.unwrap();
    let read = read_all(&database.catalog, AUTHORS);
    assert_eq!(database.run(&read, inputs(vec![])).await.unwrap_err().code(), "54000");
}

#[tokio::test]
async fn a_closed_database_says_so() {
    let database = Database::new();
    database.engine.close().await.unwrap();
    database.engine.close().await.unwrap();
    let plan = insert(insert_plan(&database.catalog, AUTHORS));
    for plan in [plan, read_all(&database.catalog, AUTHORS)] {
        let problem = database.run(&plan, one("late")).await.unwrap_err();
        assert_eq!(problem.code(), "57P01");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_stays_short_under_writes_and_reads() {
    let database = Arc::new(Database::new());
    let plan = Arc::new(insert(insert_plan(&database.catalog, POSTS)));
    let log = database.folder.path().join("test.db-wal");
    let title = text(&"x".repeat(20_000));
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let (database, plan, log, title) =
            (Arc::clone(&database), Arc::clone(&plan), log.clone(), title.clone());
        tasks.push(tokio::spawn(async move {
            let mut longest = 0;
            for round in 0..800 {
                let row = vec![NewValue::Identity, null(), title.clone(), null()];
                database.run(&plan, new_rows(vec![row])).await.unwrap();
                longest = longest.max(std::fs::metadata(&log).unwrap().len());
                if round % 16 == 0 {
                    database
                        .run(&read_where(&database.catalog, POSTS, 0), inputs(vec![Value::Int(1)]))
                        .await
                        .unwrap();
                }
            }
            longest
        }));
    }
    let mut longest = 0;
    for task in tasks {
        longest = longest.max(task.await.unwrap());
    }
    // 128 MB were written.
    assert!(longest < 100 << 20, "the log grew to {} MB", longest >> 20);
}

#[tokio::test]
async fn the_shape_is_known_while_another_program_writes() {
    let database = Database::new();
    let other = rusqlite::Connection::open(database.folder.path().join("test.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(database.engine.applied_schema().await.unwrap().is_some());
}
