//! Selects, writes and migrations as PostgreSQL text.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::sync::Arc;

use mainstay_catalog::Catalog;
use mainstay_dialect::postgres::{self, Bound, Restriction};
use mainstay_expr::{CompareOp, Expr, ExprKind, Input, SourceId, TableId, Type, Value};
use mainstay_migrate::{Change, Migration, Safety, Step, diff};
use support::{catalog, select_of};

const SCHEMA: &str = "
    create type mood as enum ('sad', 'happy');
    create table people (
        id int generated always as identity primary key,
        name text not null,
        mood mood,
        tags text[] default '{}',
        boss int references people on delete set null
    );
    create unique index people_name on people (lower(name));
    alter table people enable row level security;
    create policy own on people for select to authenticated using (name = auth.jwt() ->> 'name');";

fn said(query: &str) -> String {
    let catalog = catalog(SCHEMA);
    postgres::select(&catalog, &select_of(&catalog, query), Restriction::None).unwrap().text
}

#[test]
fn what_postgresql_means_prints_as_itself() {
    assert_eq!(
        said("select id + 1 from people where tags @> array['a'] order by id desc"),
        "SELECT (s1.\"id\" + '1'::int4) FROM \"public\".\"people\" AS s1 \
         WHERE (s1.\"tags\" @> (ARRAY['a'::text]::text[])) ORDER BY s1.\"id\" DESC"
    );
}

#[test]
fn text_is_ordered_bytewise_and_letters_are_those_of_the_database() {
    let text = said("select name from people order by name, lower(name)");
    assert!(
        text.ends_with(
            "ORDER BY s1.\"name\", \
             (pg_catalog.\"lower\"((s1.\"name\" COLLATE \"default\")) COLLATE \"C\")"
        ),
        "{text}"
    );
    let text = said("select count(*) from people where name ilike 'a%' and name like 'a%' and name ~ 'a'");
    assert!(text.contains("((s1.\"name\" COLLATE \"default\") ILIKE 'a%'::text)"), "{text}");
    assert!(text.contains("(s1.\"name\" LIKE 'a%'::text)"), "{text}");
    assert!(text.contains("((s1.\"name\" COLLATE \"default\") ~ 'a'::text)"), "{text}");
}

#[test]
fn labels_travel_as_text() {
    let text = said("select mood from people where mood = 'happy'");
    assert_eq!(
        text,
        "SELECT (s1.\"mood\")::text FROM \"public\".\"people\" AS s1 \
         WHERE (s1.\"mood\" = 'happy'::\"public\".\"mood\")"
    );
}

#[test]
fn a_page_for_every_parent_is_lateral() {
    let catalog = catalog(SCHEMA);
    let mut select = select_of(&catalog, "select id, boss from people order by id limit 2");
    let key = [Expr::column(SourceId(1), 4, Type::Int4)];
    let limited = postgres::select(&catalog, &select, Restriction::Keys(&key)).unwrap();
    assert_eq!(
        limited.text,
        "SELECT d.c0, d.c1 FROM unnest($1::int4[]) AS k(k0) CROSS JOIN LATERAL \
         (SELECT s1.\"id\" AS c0, s1.\"boss\" AS c1 FROM \"public\".\"people\" AS s1 \
         WHERE s1.\"boss\" = k.k0 ORDER BY s1.\"id\" LIMIT ('2'::int8)) AS d"
    );
    assert_eq!(limited.inputs[0].value, Bound::Keys(0));
    select.limit = None;
    let all = postgres::select(&catalog, &select, Restriction::Keys(&key)).unwrap();
    assert!(all.text.contains("WHERE s1.\"boss\" = ANY ($1::int4[]) ORDER BY"), "{}", all.text);
}

#[test]
fn rows_are_written_by_their_place() {
    let catalog = catalog(SCHEMA);
    let insert = postgres::insert(&catalog, TableId(0), &[0, 1, 2], &[0], Some(&[0]));
    assert_eq!(
        insert.text,
        "INSERT INTO \"public\".\"people\" (\"id\", \"name\", \"mood\") OVERRIDING SYSTEM VALUE \
         VALUES (DEFAULT, $1::text, $2::text::\"public\".\"mood\") ON CONFLICT (\"id\") DO NOTHING RETURNING ctid"
    );
    assert_eq!(
        postgres::delete(&catalog, TableId(0)).text,
        "DELETE FROM \"public\".\"people\" WHERE ctid = ANY ($1::tid[])"
    );
}

#[test]
fn a_row_that_comes_alone_is_checked_by_the_statement_that_adds_it() {
    let catalog = catalog(SCHEMA);
    let new = Expr::new(ExprKind::Input(Input::New(1)), Type::Text);
    let check = Expr::compare(CompareOp::Ne, new, Expr::literal(Value::Text("x".to_owned()), Type::Text));
    let insert = postgres::insert_checked(&catalog, TableId(0), &[0, 1], &[0], &[check]).unwrap();
    assert_eq!(
        insert.text,
        "INSERT INTO \"public\".\"people\" (\"name\") OVERRIDING SYSTEM VALUE SELECT $1::text \
         WHERE ($1::text <> 'x'::text) RETURNING ctid"
    );
}

fn migration(from: &str, to: &str) -> Vec<String> {
    let (from, to): (Arc<Catalog>, Arc<Catalog>) = (catalog(from), catalog(to));
    let statements = postgres::migration(&diff(&from, &to)).unwrap();
    statements.into_iter().map(|statement| statement.text).collect()
}

#[test]
fn policies_and_rights_are_the_databases_own_too() {
    let statements = migration("", SCHEMA);
    for wanted in [
        "CREATE TYPE \"public\".\"mood\" AS ENUM ('sad', 'happy')",
        "ALTER TABLE \"public\".\"people\" ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY \"own\" ON \"public\".\"people\" AS PERMISSIVE FOR SELECT TO \"authenticated\" \
         USING ((\"people\".\"name\" = (auth.jwt() ->> 'name'::text)))",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON \"public\".\"people\" TO \"anon\"",
    ] {
        assert!(statements.iter().any(|statement| statement == wanted), "{statements:#?}");
    }
    let create = statements.iter().find(|statement| statement.starts_with("CREATE TABLE")).unwrap();
    assert!(create.contains("\"name\" text COLLATE \"C\" NOT NULL"), "{create}");
    // foreign keys come when every table is there
    let key = statements.iter().position(|statement| statement.contains("FOREIGN KEY")).unwrap();
    let table = statements.iter().position(|statement| statement.starts_with("CREATE TABLE")).unwrap();
    assert!(table < key, "{statements:#?}");
}

#[test]
fn a_type_that_changes_is_set_aside_until_its_rows_have_moved() {
    let statements = migration(SCHEMA, &SCHEMA.replace("'happy'", "'fine', 'happy'"));
    let at = |wanted: &str| statements.iter().position(|statement| statement.contains(wanted));
    let order = [
        at("RENAME TO \"_mainstay_old_mood\""),
        at("CREATE TYPE \"public\".\"mood\""),
        at("CREATE TABLE \"public\".\"people\""),
        at("INSERT INTO \"public\".\"people\""),
        at("DROP TABLE \"public\".\"_mainstay_old_0\""),
        at("DROP TYPE \"public\".\"_mainstay_old_mood\""),
    ];
    assert!(order.iter().all(Option::is_some) && order.is_sorted(), "{order:?} {statements:#?}");
}

#[test]
fn what_only_changes_meaning_runs_nothing_of_its_own() {
    let both = catalog("create table t (id int primary key);");
    let step = Step { change: Change::Meaning("a comment".to_owned()), safety: Safety::Safe };
    let migration = Migration { from: Arc::clone(&both), to: both, steps: vec![step] };
    let statements = postgres::migration(&migration).unwrap();
    assert!(statements.iter().all(|statement| !statement.text.contains("DROP TABLE")), "{statements:?}");
}
