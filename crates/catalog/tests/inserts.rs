//! Rows of INSERT and COPY, typed and cast to their columns; expressions and queries of tools.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{catalog, show, show_select, table};
use mainstay_catalog::{
    BoundInsert, Catalog, InsertRows, InsertValue, bind_copy, bind_expression, bind_insert,
};
use mainstay_sql::{Diagnostics, SourceFiles, Statement, read, read_expression};

const SCHEMA: &str = "
create type mood as enum ('sad', 'ok');
create table t (id bigint generated always as identity primary key, name varchar(5) not null, price numeric(6,2),
  born date, mood mood default 'ok', tags text[], loud text generated always as (upper(name)) stored);
create table plain (a int, b text unique);
create view v as select a from plain;
";

fn statement(sql: &str) -> Statement {
    let files = SourceFiles::single("seed.sql", sql);
    let (mut statements, diagnostics) = read(&files);
    assert!(diagnostics.is_empty(), "{}", diagnostics.render(&files, false));
    statements.remove(0)
}

fn bind(catalog: &Catalog, sql: &str) -> Result<BoundInsert, Diagnostics> {
    match statement(sql) {
        Statement::Insert(insert) => bind_insert(catalog, &insert),
        Statement::Copy(copy) => bind_copy(catalog, &copy),
        other => panic!("{other:?}"),
    }
}

fn text(catalog: &Catalog, insert: &BoundInsert) -> String {
    let value = |value: &InsertValue| match value {
        InsertValue::Value(expr) => show(expr),
        InsertValue::Default => "default".to_owned(),
    };
    let row = |row: &Vec<InsertValue>| row.iter().map(value).collect::<Vec<_>>().join(", ");
    let rows = match &insert.rows {
        InsertRows::Values(rows) => rows.iter().map(row).collect::<Vec<_>>().join(" / "),
        InsertRows::Select(select) => show_select(catalog, select),
    };
    format!("{:?} {rows}", insert.columns)
}

#[test]
fn rows_take_the_types_of_their_columns() {
    let catalog = catalog(SCHEMA);
    let cases = [
        (
            "insert into t (name, price, born, mood) values ('ann', 1, '2020-01-02', 'sad'), ('bob', 2.345, null, default)",
            "[1, 2, 3, 4] 'ann'::character varying, '1.00'::numeric, '2020-01-02'::date, 'sad'::mood / \
             'bob'::character varying, '2.35'::numeric, null::date, default",
        ),
        ("insert into plain values (1), (1 + 1)", "[0] 1 / Add(1, 1)"),
        ("insert into plain default values", "[] "),
        (
            "insert into plain select id, name from t order by id",
            "[0, 1] select t1.0::integer, t1.1::text from t t1 order by t1.0",
        ),
        ("insert into plain (b) select 'x' union select 'y'", "[1] select 'x' union select 'y'"),
        (
            "insert into t (id, name) overriding system value values (7, 'x')",
            "[0, 1] '7'::bigint, 'x'::character varying",
        ),
        (
            "insert into t (id, name) overriding user value values (7, 'x')",
            "[0, 1] default, 'x'::character varying",
        ),
        (
            "insert into t (tags, name) values (array['a'], 'x'), ('{b,c}', 'y')",
            "[5, 1] array['a'], 'x'::character varying / '{b,c}'::text[], 'y'::character varying",
        ),
        (
            "copy t (id, name, price) from stdin;\n1\tann\t2.5\n2\tbob\t\\N\n\\.\n",
            "[0, 1, 2] '1'::bigint, 'ann'::character varying, '2.50'::numeric / '2'::bigint, 'bob'::character varying, null::numeric",
        ),
    ];
    for (sql, expected) in cases {
        let bound = bind(&catalog, sql).unwrap_or_else(|it| panic!("{sql}: {it:?}"));
        assert_eq!(text(&catalog, &bound), expected, "of {sql}");
    }
    let bound = bind(&catalog, "insert into plain values (1, 'a') on conflict (b) do nothing").unwrap();
    assert_eq!(bound.on_conflict_do_nothing, Some(vec![1]));
    assert_eq!(bound.table, table(&catalog, "plain").id);
}

#[test]
fn mistakes_in_rows() {
    let catalog = catalog(SCHEMA);
    let cases: &[(&str, &[&str])] = &[
        ("insert into tt values (1)", &["13: relation \"tt\" does not exist"]),
        ("insert into v values (1)", &["13: cannot insert into view \"v\""]),
        ("insert into plain (c) values (1)", &["20: column \"c\" of relation \"plain\" does not exist"]),
        ("insert into plain (a, a) values (1, 2)", &["23: column \"a\" specified more than once"]),
        ("insert into plain values (1, 'a', 2)", &["13: INSERT has more expressions than target columns"]),
        ("insert into plain (a, b) values (1)", &["23: INSERT has more target columns than expressions"]),
        (
            "insert into plain values ('x', 1), (true, 'y')",
            &[
                "27: invalid input syntax for type integer: \"x\"",
                "37: column \"a\" is of type integer but expression is of type boolean",
            ],
        ),
        ("insert into t (name) values ('too long')", &["30: value too long for type character varying(5)"]),
        ("insert into t (price) values (123456)", &["31: numeric field overflow"]),
        ("insert into t (mood) values ('glad')", &["30: invalid input value for enum mood: \"glad\""]),
        ("insert into t (id) values (1)", &["28: cannot insert a non-DEFAULT value into column \"id\""]),
        (
            "insert into t (loud) values ('A')",
            &["30: cannot insert a non-DEFAULT value into column \"loud\""],
        ),
        ("insert into plain values (b)", &["27: column \"b\" does not exist"]),
        ("copy plain from stdin;\n1\n\\.\n", &["24: missing data in a row of COPY"]),
        ("copy plain from stdin;\nx\ty\n\\.\n", &["24: invalid input syntax for type integer: \"x\""]),
    ];
    for (sql, expected) in cases {
        let found = bind(&catalog, sql).err().into_iter().flatten();
        let found: Vec<String> = found.map(|it| format!("{}: {}", it.span.start + 1, it.message)).collect();
        assert_eq!(found, *expected, "in {sql}");
    }
}

#[test]
fn a_statement_stops_at_many_mistakes() {
    let catalog = catalog(SCHEMA);
    let rows = vec!["('x')"; 1000].join(", ");
    let found = bind(&catalog, &format!("insert into plain (a) values {rows}")).unwrap_err();
    assert_eq!(found.len(), 20);
}

#[test]
fn expressions_over_a_row() {
    let catalog = catalog(SCHEMA);
    let expr = read_expression("price > 10 and t.mood = 'ok'").unwrap();
    let bound = bind_expression(&catalog, &expr, table(&catalog, "t").id).unwrap();
    assert_eq!(show(&bound), "((row.2 > '10'::numeric) and (row.4 = 'ok'::mood))");
    let expr = read_expression("nothing = 1").unwrap();
    assert!(bind_expression(&catalog, &expr, table(&catalog, "t").id).unwrap_err().has_errors());
}
