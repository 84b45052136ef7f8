//! What a violated constraint is told as.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::*;
use mainstay_base::Problem;
use mainstay_engine::{Engine, Inputs, NewValue};
use mainstay_expr::{Role, TableId, Value};

const SCHEMA: &str = "
    CREATE DOMAIN percent AS integer CHECK (VALUE BETWEEN 0 AND 100);
    CREATE TABLE parents (
      id integer PRIMARY KEY, code text NOT NULL, share percent, region text, number integer,
      CONSTRAINT parents_code_check CHECK (code <> ''),
      CONSTRAINT parents_place UNIQUE (region, number)
    );
    CREATE TABLE children (
      id integer PRIMARY KEY,
      parent_id integer REFERENCES parents,
      region text, number integer,
      CONSTRAINT children_place FOREIGN KEY (region, number) REFERENCES parents (region, number)
    );
    CREATE TABLE groups (id integer PRIMARY KEY);
    CREATE TABLE members (id integer PRIMARY KEY, group_id integer REFERENCES groups ON DELETE CASCADE);
    CREATE TABLE notes (id integer PRIMARY KEY, member_id integer CONSTRAINT notes_member REFERENCES members);
    CREATE TABLE later (
      id integer PRIMARY KEY,
      next_id integer CONSTRAINT later_next REFERENCES later DEFERRABLE INITIALLY DEFERRED
    );
    CREATE TABLE secrets (
      id integer PRIMARY KEY, code text NOT NULL UNIQUE,
      after integer CONSTRAINT secrets_after REFERENCES secrets DEFERRABLE INITIALLY DEFERRED
    );
    ALTER TABLE secrets ENABLE ROW LEVEL SECURITY;";

const PARENTS: TableId = TableId(0);
const CHILDREN: TableId = TableId(1);
const GROUPS: TableId = TableId(2);
const MEMBERS: TableId = TableId(3);
const NOTES: TableId = TableId(4);
const LATER: TableId = TableId(5);
const SECRETS: TableId = TableId(6);

async fn database() -> Database {
    let database = Database::with(catalog_of(SCHEMA), |_| {});
    let parents = vec![vec![int(1), text("a"), null(), text("north"), int(1)]];
    for (table, rows) in [
        (PARENTS, parents),
        (CHILDREN, vec![vec![int(1), int(1), null(), null()]]),
        (GROUPS, vec![vec![int(1)], vec![int(2)]]),
        (MEMBERS, vec![vec![int(10), int(1)], vec![int(20), int(2)]]),
        (NOTES, vec![vec![int(100), int(20)]]),
        (SECRETS, vec![vec![int(1), text("hidden"), null()]]),
    ] {
        add(&database, table, rows).await.unwrap();
    }
    database
}

async fn add(database: &Database, table: TableId, rows: Vec<Vec<NewValue>>) -> Result<(), Problem> {
    database.run(&insert(insert_plan(&database.catalog, table)), new_rows(rows)).await.map(|_| ())
}

#[track_caller]
fn assert_problem(result: Result<(), Problem>, code: &str, message: &str, details: Option<&str>) {
    let problem = result.unwrap_err();
    assert_eq!(problem.code(), code, "{problem}");
    assert_eq!(problem.message(), message);
    assert_eq!(problem.details().and_then(|details| details.as_str()), details);
}

#[tokio::test]
async fn keys_nulls_and_checks_are_named() {
    let database = database().await;
    let row = |id: NewValue, code: NewValue, share: NewValue, region: NewValue, number: NewValue| {
        vec![vec![id, code, share, region, number]]
    };
    assert_problem(
        add(&database, PARENTS, row(int(1), text("b"), null(), null(), null())).await,
        "23505",
        "duplicate key value violates unique constraint \"parents_pkey\"",
        Some("Key (id)=(1) already exists."),
    );
    assert_problem(
        add(&database, PARENTS, row(int(2), text("b"), null(), text("north"), int(1))).await,
        "23505",
        "duplicate key value violates unique constraint \"parents_place\"",
        Some("Key (region, number)=(north, 1) already exists."),
    );
    assert_problem(
        add(&database, PARENTS, row(int(2), null(), int(7), null(), null())).await,
        "23502",
        "null value in column \"code\" of relation \"parents\" violates not-null constraint",
        Some("Failing row contains (2, null, 7, null, null)."),
    );
    assert_problem(
        add(&database, PARENTS, row(null(), text("b"), null(), null(), null())).await,
        "23502",
        "null value in column \"id\" of relation \"parents\" violates not-null constraint",
        Some("Failing row contains (null, b, null, null, null)."),
    );
    assert_problem(
        add(&database, PARENTS, row(int(2), text(""), null(), null(), null())).await,
        "23514",
        "new row for relation \"parents\" violates check constraint \"parents_code_check\"",
        Some("Failing row contains (2, , null, null, null)."),
    );
    assert_problem(
        add(&database, PARENTS, row(int(2), text("b"), int(101), null(), null())).await,
        "23514",
        "value for domain percent violates check constraint \"percent_check\"",
        None,
    );
}

#[tokio::test]
async fn foreign_keys_are_found_on_both_sides() {
    let database = database().await;
    let catalog = &database.catalog;
    assert_problem(
        add(&database, CHILDREN, vec![vec![int(2), int(9), null(), null()]]).await,
        "23503",
        "insert or update on table \"children\" violates foreign key constraint \"children_parent_id_fkey\"",
        Some("Key (parent_id)=(9) is not present in table \"parents\"."),
    );
    assert_problem(
        add(&database, CHILDREN, vec![vec![int(2), int(1), text("north"), int(2)]]).await,
        "23503",
        "insert or update on table \"children\" violates foreign key constraint \"children_place\"",
        Some("Key (region, number)=(north, 2) is not present in table \"parents\"."),
    );
    let slot = |id: i64| inputs(vec![Value::Int(id)]);
    let remove = |table| delete(delete_plan(catalog, table, 0));
    assert_problem(
        database.run(&remove(PARENTS), slot(1)).await.map(|_| ()),
        "23503",
        "update or delete on table \"parents\" violates foreign key constraint \"children_parent_id_fkey\" on table \
         \"children\"",
        Some("Key (id)=(1) is still referenced from table \"children\"."),
    );
    let rows = vec![vec![int(5)]];
    let renumber = update(update_plan(catalog, PARENTS, &[0], 0));
    assert_problem(
        database.run(&renumber, Inputs { rows, ..slot(1) }).await.map(|_| ()),
        "23503",
        "update or delete on table \"parents\" violates foreign key constraint \"children_parent_id_fkey\" on table \
         \"children\"",
        Some("Key (id)=(1) is still referenced from table \"children\"."),
    );
    database.run(&remove(GROUPS), slot(1)).await.unwrap();
    assert_problem(
        database.run(&remove(GROUPS), slot(2)).await.map(|_| ()),
        "23503",
        "update or delete on table \"members\" violates foreign key constraint \"notes_member\" on table \"notes\"",
        Some("Key (id)=(20) is still referenced from table \"notes\"."),
    );
    assert_eq!(database.rows(MEMBERS).await, r#"[{"id":20,"group_id":2}]"#);
}

#[tokio::test]
async fn a_deferred_key_fails_its_own_write_only() {
    let database = database().await;
    add(&database, LATER, vec![vec![int(1), int(2)], vec![int(2), int(1)]]).await.unwrap();
    let plan = insert(insert_plan(&database.catalog, LATER));
    let other = insert(insert_plan(&database.catalog, GROUPS));
    let runs = [
        database.engine.run(database.job(&other, new_rows(vec![vec![int(7)]]))),
        database.engine.run(database.job(&plan, new_rows(vec![vec![int(3), int(9)]]))),
        database.engine.run(database.job(&plan, new_rows(vec![vec![int(4), int(4)]]))),
        database.engine.run(database.job(&other, new_rows(vec![vec![int(8)]]))),
    ];
    let mut running: Vec<_> = runs.into_iter().map(Box::pin).collect();
    let mut results = Vec::new();
    for run in &mut running {
        results.push(run.await.map(|_| ()));
    }
    assert_problem(
        results.remove(1),
        "23503",
        "insert or update on table \"later\" violates foreign key constraint \"later_next\"",
        Some("Key (next_id)=(9) is not present in table \"later\"."),
    );
    assert!(results.iter().all(Result::is_ok), "{results:?}");
}

#[tokio::test]
async fn hidden_values_are_not_told() {
    let database = database().await;
    let plan = insert(insert_plan(&database.catalog, SECRETS));
    for (row, code, message, details) in [
        (
            vec![int(2), text("hidden"), null()],
            "23505",
            "duplicate key value violates unique constraint \"secrets_code_key\"",
            None,
        ),
        (
            vec![int(2), null(), null()],
            "23502",
            "null value in column \"code\" of relation \"secrets\" violates not-null constraint",
            None,
        ),
        (
            vec![int(2), text("b"), int(9)],
            "23503",
            "insert or update on table \"secrets\" violates foreign key constraint \"secrets_after\"",
            Some("Key is not present in table \"secrets\"."),
        ),
    ] {
        let inputs = Inputs { session: session(Role::AUTHENTICATED), ..new_rows(vec![row]) };
        assert_problem(database.run(&plan, inputs).await.map(|_| ()), code, message, details);
    }
}
