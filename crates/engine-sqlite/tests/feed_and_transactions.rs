//! The change feed, and transactions that span several plans.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::time::Duration;

use common::*;
use mainstay_engine::{ChangeKind, Engine, Inputs, NewValue};
use mainstay_expr::Value;

fn one(name: &str) -> Inputs {
    new_rows(vec![vec![NewValue::Identity, text(name)]])
}

#[tokio::test]
async fn listeners_hear_what_was_committed_and_nothing_else() {
    let database = Database::new();
    let catalog = &database.catalog;
    let plan = insert(insert_plan(catalog, AUTHORS));
    database.run(&plan, one("before")).await.unwrap();
    let mut changes = database.engine.changes();
    database.run(&plan, one("ann")).await.unwrap();
    database.run_with(&plan, one("undone"), |job| job.rollback = true).await.unwrap();
    database.run(&plan, one("ann")).await.unwrap_err();
    let rename = update(update_plan(catalog, AUTHORS, &[1], 1));
    let named = |name: &str| vec![Value::Text(name.into())];
    let rows = vec![vec![text("eve")]];
    database.run(&rename, Inputs { rows, ..inputs(named("ann")) }).await.unwrap();
    database.run(&delete(delete_plan(catalog, AUTHORS, 1)), inputs(named("eve"))).await.unwrap();

    let row = |id: i64, name: &str| vec![Value::Int(id), Value::Text(name.into())];
    let mut last = 0;
    for (kind, old, new) in [
        (ChangeKind::Insert, vec![], row(2, "ann")),
        (ChangeKind::Update, row(2, "ann"), row(2, "eve")),
        (ChangeKind::Delete, row(2, "eve"), vec![]),
    ] {
        let heard = changes.recv().await.unwrap();
        assert_eq!(heard.len(), 1);
        assert_eq!((heard[0].kind, &heard[0].old, &heard[0].new), (kind, &old, &new));
        assert!(heard[0].cursor > last);
        last = heard[0].cursor;
    }
    drop(changes);
    database.run(&plan, one("after")).await.unwrap();
    let mut changes = database.engine.changes();
    database.run(&plan, one("again")).await.unwrap();
    assert_eq!(changes.recv().await.unwrap()[0].new, row(6, "again"));
}

#[tokio::test]
async fn a_transaction_sees_its_own_writes_and_others_wait() {
    let database = Database::new();
    let catalog = &database.catalog;
    let plan = insert(insert_plan(catalog, AUTHORS));
    let mut changes = database.engine.changes();
    let mut transaction = database.engine.begin().await.unwrap();
    transaction.run(database.job(&plan, one("ann"))).await.unwrap();
    let problem = transaction.run(database.job(&plan, one("ann"))).await.unwrap_err();
    assert_eq!(problem.code(), "23505");
    let waiting = database.engine.run(database.job(&plan, one("bob")));
    let inside = transaction.run(database.job(&read_all(catalog, AUTHORS), inputs(vec![]))).await.unwrap();
    assert_eq!(body(inside), r#"[{"id":1,"name":"ann"}]"#);
    assert_eq!(database.rows(AUTHORS).await, "[]");
    transaction.commit().await.unwrap();
    assert_eq!(waiting.await.unwrap().inserted, 1);
    assert_eq!(database.rows(AUTHORS).await, r#"[{"id":1,"name":"ann"},{"id":3,"name":"bob"}]"#);
    assert_eq!(changes.recv().await.unwrap()[0].new[1], Value::Text("ann".into()));
}

#[tokio::test]
async fn a_transaction_that_is_not_committed_leaves_nothing() {
    let database = Database::new();
    let plan = insert(insert_plan(&database.catalog, AUTHORS));
    let mut transaction = database.engine.begin().await.unwrap();
    transaction.run(database.job(&plan, one("ann"))).await.unwrap();
    drop(transaction);
    let mut transaction = database.engine.begin().await.unwrap();
    transaction.run(database.job(&plan, one("bob"))).await.unwrap();
    transaction.rollback().await.unwrap();
    assert_eq!(database.rows(AUTHORS).await, "[]");
}

#[tokio::test]
async fn a_transaction_ends_when_its_time_is_over() {
    let database =
        Database::with(catalog(), |options| options.transaction_timeout = Duration::from_millis(30));
    let plan = insert(insert_plan(&database.catalog, AUTHORS));
    let mut transaction = database.engine.begin().await.unwrap();
    transaction.run(database.job(&plan, one("ann"))).await.unwrap();
    // Waits until the writer is free again.
    database.run(&plan, one("bob")).await.unwrap();
    let problem = transaction.run(database.job(&plan, one("cid"))).await.unwrap_err();
    assert_eq!(problem.code(), "25P04");
    assert_eq!(transaction.commit().await.unwrap_err().code(), "25P04");
    assert_eq!(database.rows(AUTHORS).await, r#"[{"id":2,"name":"bob"}]"#);
}
