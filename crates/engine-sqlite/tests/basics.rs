//! Reads and writes through the engine's trait.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::*;
use mainstay_engine::{Engine, Expect, Inputs, NewValue};
use mainstay_expr::{CompareOp, Expr, SourceId, Type, Value};
use mainstay_plan::{Child, Conflict, ConflictAction, Field, RowCheck};

async fn with_authors() -> Database {
    let database = Database::new();
    let plan = insert(insert_plan(&database.catalog, AUTHORS));
    let rows = ["ann", "bob"].map(|name| vec![NewValue::Identity, text(name)]).to_vec();
    let answer = database.run(&plan, new_rows(rows)).await.unwrap();
    assert_eq!((answer.affected, answer.inserted, answer.body.len()), (2, 2, 0));
    database
}

#[tokio::test]
async fn inserted_rows_are_read() {
    let database = with_authors().await;
    assert_eq!(database.rows(AUTHORS).await, r#"[{"id":1,"name":"ann"},{"id":2,"name":"bob"}]"#);
    let by_name = read_where(&database.catalog, AUTHORS, 1);
    let found = database.run(&by_name, inputs(vec![Value::Text("bob".into())])).await.unwrap();
    assert_eq!((found.rows, body(found)), (1, r#"[{"id":2,"name":"bob"}]"#.to_owned()));
    let none = database.run(&by_name, inputs(vec![Value::Null])).await.unwrap();
    assert_eq!((none.rows, body(none)), (0, "[]".to_owned()));
}

#[tokio::test]
async fn an_insert_answers_with_its_rows_in_order() {
    let database = with_authors().await;
    let mut plan = insert_plan(&database.catalog, AUTHORS);
    plan.returning = returning_all(&database.catalog, AUTHORS);
    let rows = vec![vec![int(70), text("z")], vec![int(5), text("y")], vec![NewValue::Identity, text("x")]];
    let answer = database.run(&insert(plan), new_rows(rows)).await.unwrap();
    assert_eq!(body(answer), r#"[{"id":70,"name":"z"},{"id":5,"name":"y"},{"id":3,"name":"x"}]"#);
}

#[tokio::test]
async fn a_failed_write_leaves_nothing() {
    let database = with_authors().await;
    let plan = insert(insert_plan(&database.catalog, AUTHORS));
    let rows = vec![vec![NewValue::Identity, text("new")], vec![NewValue::Identity, text("ann")]];
    let problem = database.run(&plan, new_rows(rows)).await.unwrap_err();
    assert_eq!(problem.code(), "23505");
    assert_eq!(problem.message(), "duplicate key value violates unique constraint \"authors_name_key\"");
    assert_eq!(problem.details().unwrap(), "Key (name)=(ann) already exists.");
    let rows = vec![vec![NewValue::Identity, text("only")]];
    let wanting_two = |job: &mut mainstay_engine::Job| job.rollback = true;
    let answer = database.run_with(&plan, new_rows(rows.clone()), wanting_two).await.unwrap();
    assert_eq!(answer.affected, 1);
    let too_many = |job: &mut mainstay_engine::Job| {
        job.expect = Expect { single: false, max_affected: Some(0) };
    };
    let problem = database.run_with(&plan, new_rows(rows), too_many).await.unwrap_err();
    assert_eq!(problem.code(), "PGRST124");
    assert_eq!(database.rows(AUTHORS).await, r#"[{"id":1,"name":"ann"},{"id":2,"name":"bob"}]"#);
}

#[tokio::test]
async fn children_are_embedded_both_ways() {
    let database = with_authors().await;
    let catalog = &database.catalog;
    let rows = [(1, "a"), (2, "b"), (1, "c")];
    let mut rows: Vec<_> = rows
        .iter()
        .map(|(author, title)| vec![NewValue::Identity, int(*author), text(title), null()])
        .collect();
    rows.push(vec![NewValue::Identity, null(), text("d"), null()]);
    database.run(&insert(insert_plan(catalog, POSTS)), new_rows(rows)).await.unwrap();

    let mut author = all_columns(catalog, AUTHORS, SourceId(2));
    author.fields.remove(0);
    let mut root = all_columns(catalog, POSTS, SourceId(1));
    root.fields = vec![root.fields[2].clone(), Field::Embed { key: "author".into(), child: 0 }];
    root.children = vec![Child {
        node: author,
        parent_items: vec![1],
        key: vec![Expr::column(SourceId(2), 0, Type::Int8)],
        key_items: vec![0],
        to_one: true,
        without_rows: None,
    }];
    let mut cut = root.clone();
    cut.select.limit = Some(Expr::literal(Value::Int(3), Type::Int8));
    cut.select.offset = Some(Expr::literal(Value::Int(1), Type::Int8));
    cut.select.order_by = vec![mainstay_expr::OrderBy {
        expr: Expr::column(SourceId(1), 2, Type::Text),
        descending: true,
        nulls_first: true,
    }];
    let answer = database.run(&read_plan(cut.clone(), Vec::new()), inputs(vec![])).await.unwrap();
    assert_eq!(
        body(answer),
        concat!(
            r#"[{"title":"c","author":{"name":"ann"}},{"title":"b","author":{"name":"bob"}},"#,
            r#"{"title":"a","author":{"name":"ann"}}]"#
        )
    );
    cut.select.offset = None;
    let csv = |job: &mut mainstay_engine::Job| job.output.format = mainstay_engine::Format::Csv;
    let answer = database.run_with(&read_plan(cut, Vec::new()), inputs(vec![]), csv).await.unwrap();
    assert_eq!(
        body(answer),
        "title,author\nd,\nc,\"{\"\"name\"\":\"\"ann\"\"}\"\nb,\"{\"\"name\"\":\"\"bob\"\"}\""
    );
    let answer = database.run(&read_plan(root, Vec::new()), inputs(vec![])).await.unwrap();
    assert_eq!(
        body(answer),
        concat!(
            r#"[{"title":"a","author":{"name":"ann"}},{"title":"b","author":{"name":"bob"}},"#,
            r#"{"title":"c","author":{"name":"ann"}},{"title":"d","author":null}]"#
        )
    );

    let mut posts = all_columns(catalog, POSTS, SourceId(2));
    posts.fields = vec![posts.fields[2].clone()];
    posts.select.limit = Some(Expr::literal(Value::Int(1), Type::Int8));
    posts.select.order_by = vec![mainstay_expr::OrderBy {
        expr: Expr::column(SourceId(2), 0, Type::Int8),
        descending: true,
        nulls_first: true,
    }];
    let mut root = all_columns(catalog, AUTHORS, SourceId(1));
    root.fields[0] = Field::Embed { key: "posts".into(), child: 0 };
    root.children = vec![Child {
        node: posts,
        parent_items: vec![0],
        key: vec![Expr::column(SourceId(2), 1, Type::Int8)],
        key_items: vec![1],
        to_one: false,
        without_rows: None,
    }];
    let answer = database.run(&read_plan(root, Vec::new()), inputs(vec![])).await.unwrap();
    assert_eq!(
        body(answer),
        r#"[{"posts":[{"title":"c"}],"name":"ann"},{"posts":[{"title":"b"}],"name":"bob"}]"#
    );
}

#[tokio::test]
async fn updates_and_deletes_answer_with_what_they_touched() {
    let database = with_authors().await;
    let catalog = &database.catalog;
    let mut plan = update_plan(catalog, AUTHORS, &[0, 1], 1);
    plan.returning = returning_all(catalog, AUTHORS);
    let rows = vec![vec![int(20), text("eve")]];
    let inputs_of =
        |slot: &str, rows: Vec<Vec<NewValue>>| Inputs { rows, ..inputs(vec![Value::Text(slot.into())]) };
    let answer = database.run(&update(plan.clone()), inputs_of("bob", rows.clone())).await.unwrap();
    assert_eq!((answer.affected, body(answer)), (1, r#"[{"id":20,"name":"eve"}]"#.to_owned()));
    let answer = database.run(&update(plan), inputs_of("nobody", rows)).await.unwrap();
    assert_eq!((answer.affected, body(answer)), (0, "[]".to_owned()));

    let mut plan = delete_plan(catalog, AUTHORS, 1);
    plan.returning = returning_all(catalog, AUTHORS);
    let answer = database.run(&delete(plan), inputs_of("eve", Vec::new())).await.unwrap();
    assert_eq!((answer.affected, body(answer)), (1, r#"[{"id":20,"name":"eve"}]"#.to_owned()));
    assert_eq!(database.rows(AUTHORS).await, r#"[{"id":1,"name":"ann"}]"#);
}

#[tokio::test]
async fn an_upsert_inserts_or_goes_the_other_way() {
    let database = with_authors().await;
    let catalog = &database.catalog;
    let mut plan = insert_plan(catalog, AUTHORS);
    plan.returning = returning_all(catalog, AUTHORS);
    plan.conflict = Some(Conflict { key: vec![1], action: ConflictAction::Ignore });
    let rows = vec![vec![int(50), text("ann")], vec![int(51), text("cid")]];
    let answer = database.run(&insert(plan.clone()), new_rows(rows.clone())).await.unwrap();
    assert_eq!((answer.affected, answer.inserted), (1, 1));
    assert_eq!(body(answer), r#"[{"id":51,"name":"cid"}]"#);

    let source = SourceId(7);
    let same_name =
        Expr::compare(CompareOp::Eq, Expr::column(source, 1, Type::Text), new_value(1, Type::Text));
    let mut other_way = update_plan(catalog, AUTHORS, &[0, 1], 1);
    (other_way.source, other_way.filter) = (source, same_name);
    plan.conflict = Some(Conflict { key: vec![1], action: ConflictAction::Update(Box::new(other_way)) });
    let answer = database.run(&insert(plan.clone()), new_rows(rows)).await.unwrap();
    assert_eq!((answer.affected, answer.inserted), (2, 0));
    assert_eq!(body(answer), r#"[{"id":50,"name":"ann"},{"id":51,"name":"cid"}]"#);

    let rows = vec![vec![int(60), text("dan")], vec![int(61), text("dan")]];
    let problem = database.run(&insert(plan), new_rows(rows)).await.unwrap_err();
    assert_eq!(problem.code(), "21000");
}

#[tokio::test]
async fn checks_stop_a_row_before_it_is_written() {
    let database = with_authors().await;
    let catalog = &database.catalog;
    let denied = mainstay_base::Problem::new("42501", "new row violates row-level security policy");
    let is_not = |name: &str| {
        let literal = Expr::literal(Value::Text(name.into()), Type::Text);
        Expr::compare(CompareOp::Ne, new_value(1, Type::Text), literal)
    };
    let checks = vec![RowCheck { expr: is_not("mallory"), problem: denied.clone() }];
    let mut plan = insert_plan(catalog, AUTHORS);
    plan.checks = checks.clone();
    let plan = insert(plan);
    for name in [text("mallory"), null()] {
        let rows = vec![vec![NewValue::Identity, text("fine")], vec![NewValue::Identity, name]];
        assert_eq!(database.run(&plan, new_rows(rows)).await.unwrap_err(), denied);
    }
    let mut plan = update_plan(catalog, AUTHORS, &[1], 1);
    plan.checks = checks;
    let rows = vec![vec![text("mallory")]];
    let slots = vec![Value::Text("ann".into())];
    let problem = database.run(&update(plan), Inputs { rows, ..inputs(slots) }).await.unwrap_err();
    assert_eq!(problem, denied);
    assert_eq!(database.rows(AUTHORS).await, r#"[{"id":1,"name":"ann"},{"id":2,"name":"bob"}]"#);
}

#[tokio::test]
async fn numbers_go_on_after_a_restart() {
    let database = with_authors().await;
    database.engine.close().await.unwrap();
    let path = database.folder.path().join("test.db");
    assert_eq!(std::fs::metadata(path.with_extension("db-wal")).map_or(0, |wal| wal.len()), 0);
    let engine = mainstay_engine_sqlite::Sqlite::open(mainstay_engine_sqlite::Options::new(path)).unwrap();
    let database = Database { engine, ..database };
    let plan = insert(insert_plan(&database.catalog, AUTHORS));
    database.run(&plan, new_rows(vec![vec![NewValue::Identity, text("cid")]])).await.unwrap();
    assert_eq!(
        database.rows(AUTHORS).await,
        r#"[{"id":1,"name":"ann"},{"id":2,"name":"bob"},{"id":3,"name":"cid"}]"#
    );
}

#[tokio::test]
async fn two_programs_draw_different_numbers() {
    let database = with_authors().await;
    let path = database.folder.path().join("test.db");
    let other = mainstay_engine_sqlite::Sqlite::open(mainstay_engine_sqlite::Options::new(path)).unwrap();
    let plan = insert(insert_plan(&database.catalog, AUTHORS));
    let rendered = other.render(&database.catalog, &plan).unwrap();
    let many = |tag: &str| {
        new_rows((0..1500).map(|n| vec![NewValue::Identity, text(&format!("{tag} {n}"))]).collect())
    };
    for round in ["first", "second"] {
        other.run(job_of(&rendered, many(&format!("{round} theirs")))).await.unwrap();
        database.run(&plan, many(&format!("{round} ours"))).await.unwrap();
    }
    other.close().await.unwrap();
    database.run(&plan, many("last")).await.unwrap();
}

#[tokio::test]
async fn sequences_go_past_explicit_numbers_when_told_to() {
    let database = with_authors().await;
    let plan = insert(insert_plan(&database.catalog, AUTHORS));
    let mut transaction = database.engine.begin().await.unwrap();
    transaction.run(database.job(&plan, new_rows(vec![vec![int(70), text("z")]]))).await.unwrap();
    transaction.run(database.job(&plan, new_rows(vec![vec![NewValue::Identity, text("y")]]))).await.unwrap();
    transaction.advance_sequences(&database.catalog).await.unwrap();
    transaction.run(database.job(&plan, new_rows(vec![vec![NewValue::Identity, text("x")]]))).await.unwrap();
    transaction.commit().await.unwrap();
    let rows = database.rows(AUTHORS).await;
    assert!(rows.ends_with(r#"{"id":3,"name":"y"},{"id":70,"name":"z"},{"id":71,"name":"x"}]"#), "{rows}");
}

#[tokio::test]
async fn loading_checks_foreign_keys_at_the_end() {
    let database = with_authors().await;
    let owner = session("service_role");
    let post = |loader: &mut mainstay_engine_sqlite::Loader<'_, '_>, author: i64| {
        loader.insert(POSTS, &[0, 1], &[NewValue::Identity, int(author)])
    };
    let loaded = database.engine.load(&database.catalog, &owner, move |loader| {
        post(loader, 9)?;
        loader.insert(AUTHORS, &[0, 1], &[int(9), text("late")])?;
        loader.advance_sequences()?;
        loader.insert(AUTHORS, &[0, 1], &[NewValue::Identity, text("next")])?;
        Ok(loader.rows())
    });
    assert_eq!(loaded.await.unwrap(), 3);
    assert!(database.rows(AUTHORS).await.ends_with(r#"{"id":9,"name":"late"},{"id":10,"name":"next"}]"#));
    let loaded = database.engine.load(&database.catalog, &owner, move |loader| post(loader, 99));
    let problem = loaded.await.unwrap_err();
    assert_eq!(problem.code(), "23503");
    assert_eq!(problem.details().unwrap(), "Key (author_id)=(99) is not present in table \"authors\".");
}

#[tokio::test]
async fn keys_of_several_columns_tie_levels() {
    let schema = "CREATE TABLE authors (id integer, country text, price numeric, PRIMARY KEY (id, country));
                  CREATE TABLE posts (id integer PRIMARY KEY, author integer, country text, price numeric);";
    let database = Database::with(catalog_of(schema), |_| {});
    let catalog = &database.catalog;
    let price = |text: &str| {
        NewValue::Value(Value::Numeric(mainstay_expr::Numeric::Finite(
            std::str::FromStr::from_str(text).unwrap(),
        )))
    };
    let authors = [(1, "de", "1.5"), (1, "fr", "2"), (2, "de", "3")];
    let authors = authors.map(|(id, country, p)| vec![int(id), text(country), price(p)]).to_vec();
    database.run(&insert(insert_plan(catalog, AUTHORS)), new_rows(authors)).await.unwrap();
    let posts = [(10, 1, "fr", "2.00"), (11, 1, "de", "1.50"), (12, 1, "fr", "9"), (13, 3, "de", "9")];
    let mut posts: Vec<_> = posts
        .iter()
        .map(|(id, author, country, p)| vec![int(*id), int(*author), text(country), price(p)])
        .collect();
    posts.push(vec![int(14), int(2), null(), null()]);
    database.run(&insert(insert_plan(catalog, POSTS)), new_rows(posts)).await.unwrap();

    let embed = |parent_items: Vec<u32>, key_items: Vec<u32>| {
        let mut posts = all_columns(catalog, POSTS, SourceId(2));
        let key = key_items.iter().map(|&item| posts.select.items[item as usize].expr.clone()).collect();
        posts.fields.truncate(1);
        let mut root = all_columns(catalog, AUTHORS, SourceId(1));
        root.fields = vec![root.fields[0].clone(), Field::Embed { key: "posts".into(), child: 0 }];
        root.children =
            vec![Child { node: posts, parent_items, key, key_items, to_one: false, without_rows: None }];
        read_plan(root, Vec::new())
    };
    let by_place = database.run(&embed(vec![0, 1], vec![1, 2]), inputs(vec![])).await.unwrap();
    assert_eq!(
        body(by_place),
        r#"[{"id":1,"posts":[{"id":11}]},{"id":1,"posts":[{"id":10},{"id":12}]},{"id":2,"posts":[]}]"#
    );
    let by_price = database.run(&embed(vec![2], vec![3]), inputs(vec![])).await.unwrap();
    assert_eq!(
        body(by_price),
        r#"[{"id":1,"posts":[{"id":11}]},{"id":1,"posts":[{"id":10}]},{"id":2,"posts":[]}]"#
    );
}
