//! What the difference of two schemas asks for, and what it says about rows.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use mainstay_catalog::{Catalog, load};
use mainstay_migrate::{Change, Migration, Safety, describe, diff};
use mainstay_sql::SourceFiles;

fn catalog(sql: &str) -> Arc<Catalog> {
    let files = SourceFiles::single("schema.sql", sql);
    let (catalog, diagnostics) = load(&files);
    let Some(catalog) = catalog else { panic!("{}", diagnostics.render(&files, false)) };
    Arc::new(catalog)
}

fn migration(from: &str, to: &str) -> Migration {
    diff(&catalog(from), &catalog(to))
}

/// The migration in people's words.
fn said(from: &str, to: &str) -> Vec<String> {
    describe(&migration(from, to))
}

const SHOP: &str = "
    create table customers (id bigint generated always as identity primary key, name text not null);
    create table orders (
        id bigint generated always as identity primary key,
        customer_id bigint not null references customers,
        total numeric(10, 2) not null default 0
    );";

#[test]
fn the_same_schema_asks_for_nothing() {
    let migration = migration(SHOP, SHOP);
    assert!(migration.is_empty());
    assert_eq!(migration.steps, []);
}

#[test]
fn tables_come_after_those_they_refer_to_and_go_before_them() {
    let (empty, full) = (catalog(""), catalog(SHOP));
    assert_eq!(describe(&diff(&empty, &full)), ["create table customers", "create table orders"]);
    assert_eq!(
        describe(&diff(&full, &empty)),
        [
            "drop table orders (LOSES DATA: all rows of table orders)",
            "drop table customers (LOSES DATA: all rows of table customers)",
        ]
    );
}

#[test]
fn a_column_at_the_end_is_added_in_place() {
    let to = SHOP.replace("default 0\n", "default 0, note text, state text not null default 'new'\n");
    assert_eq!(said(SHOP, &to), ["add column orders.note text", "add column orders.state text"]);
}

#[test]
fn a_column_that_rows_compute_moves_them() {
    let to = SHOP.replace("default 0\n", "default 0, key uuid not null default gen_random_uuid()\n");
    assert_eq!(said(SHOP, &to), ["alter table orders: column key is added"]);
}

#[test]
fn a_required_column_without_a_default_says_what_is_wrong() {
    let to = SHOP.replace("default 0\n", "default 0, state text not null\n");
    let steps = migration(SHOP, &to).steps;
    let [step] = steps.as_slice() else { panic!("{steps:?}") };
    let Safety::MayFail(why) = &step.safety else { panic!("{step:?}") };
    assert!(why.contains("orders.state is NOT NULL and has no default"), "{why}");
}

#[test]
fn a_dropped_column_loses_its_values() {
    let to = SHOP.replace(",\n        total numeric(10, 2) not null default 0", "");
    let migration = migration(SHOP, &to);
    assert_eq!(migration.losses(), ["the values of column orders.total"]);
}

#[test]
fn a_renamed_column_keeps_its_values() {
    let to = SHOP.replace("total numeric", "amount numeric")
        + "comment on column orders.amount is 'What is due. @renamed-from total';";
    let migration = migration(SHOP, &to);
    assert_eq!(migration.losses(), Vec::<&str>::new());
    let Change::RebuildTable(rebuild) = &migration.steps[0].change else { panic!("{migration:?}") };
    assert_eq!(rebuild.why, ["column total is renamed to amount"]);
}

#[test]
fn a_renamed_table_keeps_its_rows_and_those_that_refer_to_it() {
    let to =
        SHOP.replace("table customers", "table people").replace("references customers", "references people")
            + "comment on table people is '@renamed-from customers';";
    let migration = migration(SHOP, &to);
    assert_eq!(migration.losses(), Vec::<&str>::new());
    let rebuilt = migration.steps.iter().filter(|step| matches!(step.change, Change::RebuildTable(_)));
    assert_eq!(rebuilt.count(), 2, "{:?}", describe(&migration));
}

#[test]
fn types_that_hold_more_are_safe_and_others_say_so() {
    let ty = |ty: &str| format!("create table t (id int primary key, x {ty});");
    let safety = |from: &str, to: &str| migration(&ty(from), &ty(to)).steps.remove(0).safety;
    for (from, to) in [
        ("int", "bigint"),
        ("varchar(10)", "varchar(20)"),
        ("varchar(10)", "text"),
        ("int", "numeric"),
        ("numeric(5,2)", "numeric(8,3)"),
        ("uuid", "text"),
        ("date", "timestamp"),
        ("jsonb", "json"),
    ] {
        assert_eq!(safety(from, to), Safety::Safe, "{from} to {to}");
    }
    for (from, to) in [("bigint", "int"), ("text", "int"), ("text", "varchar(5)"), ("text", "jsonb")]
        .into_iter()
        .chain([("varchar(2)", "char(2)"), ("text", "timestamptz"), ("text", "numeric"), ("text[]", "int[]")])
    {
        assert!(matches!(safety(from, to), Safety::MayFail(_)), "{from} to {to}");
    }
    for (from, to) in [
        ("numeric(5,2)", "numeric(5,1)"),
        ("timestamptz", "date"),
        ("float8", "int"),
        ("bool", "date"),
        ("int", "bool"),
        ("text", "char(2)"),
        ("varchar(3)", "char(2)"),
        ("int", "char(2)"),
        ("text", "numeric(10,1)"),
        ("text", "date"),
        ("text", "timestamp"),
        ("text", "float8"),
        ("text[]", "date[]"),
        ("jsonb", "int"),
    ] {
        assert!(matches!(safety(from, to), Safety::LosesData(_)), "{from} to {to}");
    }
}

#[test]
fn labels_of_an_enum_may_come_freely_and_go_if_unused() {
    let schema =
        |labels: &str| format!("create type s as enum ({labels}); create table t (id int primary key, s s);");
    let two = schema("'a', 'b'");
    let wider = migration(&two, &schema("'a', 'x', 'b'"));
    assert_eq!(wider.steps[0].safety, Safety::Safe);
    let narrower = migration(&two, &schema("'a'"));
    assert!(matches!(&narrower.steps[0].safety, Safety::MayFail(why) if why.contains("holds b")));
}

#[test]
fn indexes_come_and_go_alone() {
    let with = |index: &str| format!("{SHOP} {index}");
    let one = with("create index i on orders (customer_id);");
    assert_eq!(said(SHOP, &one), ["create index i on orders"]);
    assert_eq!(said(&one, SHOP), ["drop index i on orders"]);
    let other = with("create index i on orders (customer_id, total desc);");
    assert_eq!(said(&one, &other), ["drop index i on orders", "create index i on orders"]);
}

#[test]
fn constraints_move_the_rows_and_may_fail() {
    let to = SHOP.replace("default 0\n", "default 0 check (total >= 0)\n");
    let migration = migration(SHOP, &to);
    assert!(matches!(&migration.steps[0].safety, Safety::MayFail(why) if why.contains("rows may break it")));
    assert_eq!(
        describe(&diff(&migration.to, &migration.from)),
        ["alter table orders: check orders_total_check is dropped"]
    );
}

#[test]
fn rules_are_said_and_nothing_is_done_for_them() {
    let to = format!(
        "{SHOP} alter table orders enable row level security;
        create policy mine on orders for select using (exists (select from customers c where c.id = customer_id));
        create view totals as select customer_id, sum(total) from orders group by 1;
        comment on table orders is 'What was bought';"
    );
    let migration = migration(SHOP, &to);
    assert!(migration.is_empty());
    assert_eq!(
        describe(&migration),
        [
            "row-level security is enabled on orders",
            "policy \"mine\" on orders is added",
            "the comment on orders changes",
            "view totals is added",
        ]
    );
    // the same rules over tables of other numbers are the same rules
    let moved = diff(&catalog(&to), &catalog(&format!("create table a (id int primary key); {to}")));
    assert_eq!(describe(&moved), ["create table a"]);
}

#[test]
fn a_column_that_is_computed_from_now_on_loses_its_values() {
    let table = |n: &str| format!("create table t (id int primary key, n int {n});");
    let (plain, computed) = (table(""), table("generated always as (id + 1) stored"));
    let migration = migration(&plain, &computed);
    assert_eq!(migration.losses(), ["the values of column t.n"]);
    assert_eq!(said(&computed, &plain), ["alter table t: column n is generated no more"]);
    let other = table("generated always as (id + 2) stored");
    assert_eq!(said(&computed, &other), ["alter table t: column n is computed otherwise"]);
    assert_eq!(said("create table t (id int primary key);", &computed), ["alter table t: column n is added"]);
}

#[test]
fn another_list_of_labels_is_not_called_another_type() {
    let schema =
        |labels: &str| format!("create type s as enum ({labels}); create table t (id int primary key, s s);");
    assert_eq!(
        said(&schema("'a'"), &schema("'a', 'b'"))[0],
        "alter table t: the values of s, the type of column s, change"
    );
}
