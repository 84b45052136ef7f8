//! SQLite takes the tables, and rows survive migrations.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::path::Path;

use mainstay_catalog::{Catalog, load};
use mainstay_dialect::sqlite::{self, Action, Bound};
use mainstay_expr::Value;
use mainstay_migrate::{describe, diff};
use mainstay_sql::SourceFiles;
use rusqlite::Connection;
use support::{Database, NOW_US, catalog, dump, raw};

/// Does what an engine does: foreign keys off, the steps, foreign keys checked.
fn migrate(connection: &Connection, from: &str, to: &str) -> Result<(), String> {
    let migration = diff(&catalog(from), &catalog(to));
    connection.execute_batch("PRAGMA foreign_keys = OFF; BEGIN").unwrap();
    for step in &migration.steps {
        for action in sqlite::migration(&migration, step).map_err(|problem| problem.to_string())? {
            let (Action::Run(statement) | Action::Copy { statement, .. }) = action;
            let mut prepared = connection
                .prepare(&statement.text)
                .map_err(|error| format!("{error}: {}\n{:?}", statement.text, describe(&migration)))?;
            for (position, input) in statement.inputs.iter().enumerate() {
                assert!(matches!(input.value, Bound::Session(_)), "{input:?}");
                let value = input.form.bind(&Value::Timestamptz(NOW_US)).unwrap();
                let sqlite::Argument::One(datum) = value else { panic!("a list") };
                prepared.raw_bind_parameter(position + 1, raw(datum)).unwrap();
            }
            prepared.raw_execute().map_err(|error| format!("{error}: {}", statement.text))?;
        }
    }
    let broken = dump(connection, "PRAGMA foreign_key_check");
    assert_eq!(broken, Vec::<String>::new());
    connection.execute_batch("COMMIT; PRAGMA foreign_keys = ON").unwrap();
    Ok(())
}

/// The shape of a database as SQLite remembers it, whitespace and names of what was once being built aside.
fn shape(connection: &Connection) -> Vec<String> {
    dump(connection, "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name")
}

const SHOP: &str = "
    create type state as enum ('new', 'paid', 'sent');
    create table customers (
        id bigint generated always as identity primary key,
        name text not null,
        email varchar(40) unique,
        balance numeric(10, 2) not null default 0
    );
    create table orders (
        id bigint generated always as identity primary key,
        customer_id bigint not null references customers on delete cascade,
        parent_id bigint references orders,
        state state not null default 'new',
        lines int[] not null default '{}',
        placed timestamptz not null default now(),
        total numeric not null check (total >= 0)
    );
    create index orders_by_customer on orders (customer_id, placed desc);
    create unique index one_new on orders (customer_id) where state = 'new';";

fn shop() -> Database {
    let database = Database::new(SHOP);
    database.connection.execute_batch("PRAGMA foreign_keys = ON").unwrap();
    database.insert("customers", &["1", "Ann", "ann@example.org", "12.50"]);
    database.insert("customers", &["2", "Bob", "~", "-3.05"]);
    database.insert("orders", &["1", "1", "~", "new", "{1,2}", "2024-01-02 03:04:05+00", "1.50"]);
    database.insert("orders", &["2", "1", "1", "paid", "{}", "2024-01-03 03:04:05+00", "20"]);
    database
}

/// Migrates the shop's rows and shows what comes out; the shape must be that of a new database.
fn migrated(to: &str, query: &str) -> Vec<String> {
    let database = shop();
    migrate(&database.connection, SHOP, to).unwrap();
    let fresh = Database::new(to);
    let names =
        |shape: Vec<String>| shape.into_iter().map(|line| line.replace("\\n", " ")).collect::<Vec<_>>();
    assert_eq!(names(shape(&database.connection)), names(shape(&fresh.connection)));
    dump(&database.connection, query)
}

#[test]
fn every_kind_of_table_is_taken() {
    Database::new(
        "create schema shop;
        create type mood as enum ('it''s', 'ok');
        create table shop.users (id uuid primary key default gen_random_uuid(), \"order\" int);
        create table \"we\"\"ird na.me\" (
            \"se lect\" bigint primary key, rowid int, flag bool not null, m mood default 'ok',
            a varchar(3)[], n numeric(30, 4), s numeric(4, 4), c char(3), j json, jb jsonb, b bytea,
            \"user\" uuid references shop.users on delete set null on update cascade deferrable initially deferred,
            lower_c text generated always as (lower(c::text) || 'x') stored,
            check (n > 1.5 or n is null), constraint \"a'b\" check (c like 'a%'),
            unique nulls not distinct (m, n), unique (\"user\", flag)
        );
        create index on \"we\"\"ird na.me\" (lower(c), n desc) where flag and m = 'it''s';
        create unique index u on shop.users ((\"order\" % 10)) nulls not distinct;
        create table pairs (a int, b text, c int default 3, primary key (a, b),
            foreign key (a, b) references pairs on delete set default);
        create table nothing (rowid int, _rowid_ int, oid int);",
    );
}

#[test]
fn the_shop_is_taken() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/shop/schema");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut files = SourceFiles::new();
    for path in paths {
        files.add(path.file_name().unwrap().to_string_lossy(), std::fs::read_to_string(&path).unwrap());
    }
    let catalog: Catalog = load(&files).0.unwrap();
    assert_eq!(sqlite::check(&catalog), []);
    let connection = support::connection();
    for table in catalog.tables.iter().filter(|table| !table.is_view()) {
        for statement in sqlite::create_table(&catalog, table).unwrap() {
            connection
                .execute(&statement.text, [])
                .unwrap_or_else(|error| panic!("{error}: {}", statement.text));
        }
    }
}

#[test]
fn constraints_hold_by_their_names() {
    let database = shop();
    let refused = |sql: &str| database.connection.execute_batch(sql).unwrap_err().to_string();
    let insert = "INSERT INTO orders (customer_id, state, lines, placed, total) VALUES ";
    assert!(refused(&format!("{insert} (1, 'gone', '[]', '', '1')")).contains("mainstay_type_state"));
    assert!(refused(&format!("{insert} (1, 'sent', '[', '', '1')")).contains("mainstay_type_lines"));
    assert!(refused(&format!("{insert} (1, 'sent', '[]', '', '-1.5')")).contains("orders_total_check"));
    assert!(refused(&format!("{insert} (1, 'new', '[]', '', '1')")).contains("UNIQUE"));
    assert!(refused(&format!("{insert} (9, 'sent', '[]', '', '1')")).contains("FOREIGN KEY"));
    assert!(refused("INSERT INTO customers (name, balance) VALUES ('x', 1.5)").contains("cannot store REAL"));
    database.connection.execute_batch("DELETE FROM customers WHERE id = 1").unwrap();
    assert_eq!(dump(&database.connection, "SELECT count(*) FROM orders"), ["[Integer(0)]"]);
}

#[test]
fn nulls_are_equal_where_the_schema_says_so() {
    let schema = "create table t (a int, b numeric, unique nulls not distinct (a, b));";
    let database = Database::new(schema);
    let insert = |values: &str| {
        database
            .connection
            .execute_batch(&format!("INSERT INTO t VALUES {values}"))
            .map_err(|e| e.to_string())
    };
    insert("(NULL, '1')").unwrap();
    insert("(NULL, NULL)").unwrap();
    insert("(1, '1')").unwrap();
    for twice in ["(NULL, '1.00')", "(NULL, NULL)", "(1, '1.0')"] {
        assert!(insert(twice).unwrap_err().contains("t_a_b_key"), "{twice}");
    }
}

#[test]
fn columns_come_in_place() {
    let to = SHOP.replace(
        "total numeric not null check (total >= 0)",
        "total numeric not null check (total >= 0), note text, kind state not null default 'paid',
         fee numeric(6,3) not null default 1.5",
    );
    let rows = migrated_in_place(&to, "SELECT id, note, kind, fee FROM orders ORDER BY id");
    assert_eq!(
        rows,
        [
            "[Integer(1), Null, Text(\"paid\"), Integer(1500)]",
            "[Integer(2), Null, Text(\"paid\"), Integer(1500)]"
        ]
    );
}

/// As [`migrated`], for tables whose text ALTER TABLE has changed: it is another text for the same shape.
fn migrated_in_place(to: &str, query: &str) -> Vec<String> {
    let database = shop();
    migrate(&database.connection, SHOP, to).unwrap();
    dump(&database.connection, query)
}

#[test]
fn computed_columns_come_with_their_values() {
    let to = SHOP.replace(
        "balance numeric(10, 2) not null default 0",
        "balance numeric(10, 2) not null default 0, key uuid not null default gen_random_uuid(),
         seen timestamptz not null default now(), number int generated always as identity (start with 10 increment by 5),
         shout text generated always as (upper(name)) stored",
    );
    let rows = migrated(&to, "SELECT id, length(key), seen, number, shout FROM customers ORDER BY id");
    assert_eq!(
        rows,
        [
            "[Integer(1), Integer(36), Text(\"2023-11-14 22:13:20.000000\"), Integer(10), Text(\"ANN\")]",
            "[Integer(2), Integer(36), Text(\"2023-11-14 22:13:20.000000\"), Integer(15), Text(\"BOB\")]",
        ]
    );
}

#[test]
fn types_change_with_their_values() {
    let to = SHOP
        .replace("balance numeric(10, 2)", "balance numeric(14, 4)")
        .replace("email varchar(40)", "email text")
        .replace("total numeric not null", "total numeric(8, 2) not null")
        .replace(
            "id bigint generated always as identity primary key,\n        customer_id",
            "id text primary key,\n        customer_id",
        )
        .replace("parent_id bigint", "parent_id text")
        .replace("lines int[]", "lines text[]");
    let rows = migrated(&to, "SELECT id, parent_id, lines, total FROM orders ORDER BY id");
    assert_eq!(
        rows,
        [
            "[Text(\"1\"), Null, Text(\"[\\\"1\\\",\\\"2\\\"]\"), Integer(150)]",
            "[Text(\"2\"), Text(\"1\"), Text(\"[]\"), Integer(2000)]",
        ]
    );
}

#[test]
fn columns_and_tables_are_renamed_with_their_rows() {
    let to =
        SHOP.replace("customers", "people").replace("balance", "owed").replace("customer_id", "person_id")
            + "comment on table people is '@renamed-from customers';
           comment on column people.owed is '@renamed-from balance';
           comment on column orders.person_id is '@renamed-from customer_id';";
    let rows = migrated(
        &to,
        "SELECT o.id, p.name, p.owed FROM orders o JOIN people p ON p.id = o.person_id ORDER BY o.id",
    );
    assert_eq!(
        rows,
        ["[Integer(1), Text(\"Ann\"), Integer(1250)]", "[Integer(2), Text(\"Ann\"), Integer(1250)]"]
    );
}

#[test]
fn constraints_come_and_go_and_rows_stay() {
    let to = SHOP
        .replace("parent_id bigint references orders", "parent_id bigint")
        .replace("total numeric not null check (total >= 0)", "total numeric, unique (customer_id, placed)")
        .replace("name text not null", "name text not null check (length(name) < 5)");
    assert_eq!(migrated(&to, "SELECT count(*) FROM orders"), ["[Integer(2)]"]);
}

#[test]
fn labels_come_and_go() {
    let wider = SHOP.replace("'new', 'paid', 'sent'", "'new', 'open', 'paid', 'sent'");
    assert_eq!(
        migrated(&wider, "SELECT state FROM orders ORDER BY id"),
        ["[Text(\"new\")]", "[Text(\"paid\")]"]
    );
    let database = shop();
    let narrower = SHOP.replace("'new', 'paid', 'sent'", "'new', 'sent'");
    let refused = migrate(&database.connection, SHOP, &narrower).unwrap_err();
    assert!(refused.contains("invalid input value for enum state: \"paid\""), "{refused}");
}

#[test]
fn rows_that_do_not_fit_stop_the_migration() {
    for (old, new, problem) in [
        ("email varchar(40)", "email varchar(4)", "mainstay_type_email"),
        ("email varchar(40) unique", "email varchar(40) unique not null", "NOT NULL"),
        ("name text not null", "name int not null", "invalid input syntax for type integer: \"Ann\""),
        ("check (total >= 0)", "check (total > 2)", "orders_total_check"),
        ("balance numeric(10, 2)", "balance numeric(3, 2)", "numeric field overflow"),
    ] {
        let refused = migrate(&shop().connection, SHOP, &SHOP.replace(old, new)).unwrap_err();
        assert!(refused.contains(problem), "{new}: {refused}");
    }
}

#[test]
fn tables_come_and_go() {
    let to = "create table customers (id bigint generated always as identity primary key, name text not null,
        email varchar(40) unique, balance numeric(10, 2) not null default 0);
        create table orders_by_customer (id int primary key);";
    assert_eq!(
        migrated(to, "SELECT name FROM customers ORDER BY id"),
        ["[Text(\"Ann\")]", "[Text(\"Bob\")]"]
    );
}
