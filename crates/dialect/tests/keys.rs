//! Rows fetched for many parents at once, for one, and by their rowids; and the writes beside them.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::rc::Rc;

use mainstay_dialect::sqlite::storage::{Datum, DatumRef, Storage};
use mainstay_dialect::sqlite::{self, Argument, Bound, Restriction, Statement, encode_keys};
use mainstay_expr::{Expr, ExprKind, Select, SourceId, Type};
use rusqlite::types::Value as Raw;
use support::{Database, datum, raw, select_of};

fn database() -> Database {
    let database = Database::new(
        "create table posts (id int primary key, author int not null, lang text, likes int, price numeric(6,2));
         create table pairs (a int, b text, x int, primary key (a, b));",
    );
    for row in [
        ["1", "1", "en", "5", "1.00"],
        ["2", "1", "de", "9", "1.50"],
        ["3", "2", "en", "~", "2.00"],
        ["4", "1", "en", "7", "1.00"],
        ["5", "3", "~", "1", "0.10"],
    ] {
        database.insert("posts", &row);
    }
    for row in [["1", "x", "10"], ["1", "y", "20"], ["2", "x", "30"]] {
        database.insert("pairs", &row);
    }
    database
}

/// What is bound to the parameters, beside slots.
#[derive(Default)]
struct Given<'g> {
    keys: &'g [Vec<Datum>],
    rows: &'g [i64],
}

fn run(database: &Database, statement: &Statement, given: &Given<'_>) -> Vec<Vec<Raw>> {
    let mut prepared =
        database.connection.prepare(&statement.text).unwrap_or_else(|e| panic!("{e}: {}", statement.text));
    for (position, input) in statement.inputs.iter().enumerate() {
        let list = |values: Vec<Datum>| Argument::Many(values);
        let argument = match &input.value {
            Bound::Key(part) => Argument::One(given.keys[0][*part as usize].clone()),
            Bound::Keys => {
                let storages = vec![Storage::Int; given.keys[0].len()];
                encode_keys(
                    &storages,
                    given.keys.iter().map(|key| key.iter().map(Datum::as_ref).collect::<Vec<DatumRef<'_>>>()),
                )
                .unwrap()
            }
            Bound::Row => Argument::One(Datum::Int(given.rows[0])),
            Bound::Rows => list(given.rows.iter().map(|row| Datum::Int(*row)).collect()),
            other => panic!("{other:?}"),
        };
        match argument {
            Argument::One(value) => prepared.raw_bind_parameter(position + 1, raw(value)).unwrap(),
            Argument::Many(values) => {
                let values: Vec<Raw> = values.into_iter().map(raw).collect();
                prepared.raw_bind_parameter(position + 1, Rc::new(values)).unwrap();
            }
        }
    }
    let width = prepared.column_count();
    let mut rows = prepared.raw_query();
    let mut found = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        found.push((0..width).map(|at| raw(datum(row.get_ref(at).unwrap()).to_owned())).collect());
    }
    found
}

/// The first column's integers.
fn ids(rows: &[Vec<Raw>]) -> Vec<i64> {
    let id = |row: &Vec<Raw>| if let Raw::Integer(id) = row[0] { id } else { panic!("{row:?}") };
    rows.iter().map(id).collect()
}

fn source(select: &Select) -> SourceId {
    match &select.from[0] {
        mainstay_expr::FromItem::Table(table) => table.source,
        other => panic!("{other:?}"),
    }
}

/// A child's rows for the parents with these keys; the key is a column of its only table.
fn children(query: &str, columns: &[(u32, Type)], keys: &[Vec<Datum>], one: bool) -> (Vec<Vec<Raw>>, String) {
    let database = database();
    let select = select_of(&database.catalog, query);
    let source = source(&select);
    let key: Vec<Expr> =
        columns.iter().map(|(column, ty)| Expr::column(source, *column, ty.clone())).collect();
    let restriction = if one { Restriction::Key(&key) } else { Restriction::Keys(&key) };
    let statement = sqlite::select(&database.catalog, &select, restriction).unwrap();
    (run(&database, &statement, &Given { keys, rows: &[] }), statement.text)
}

const AUTHOR: &[(u32, Type)] = &[(1, Type::Int4)];

fn int_keys(keys: &[i64]) -> Vec<Vec<Datum>> {
    keys.iter().map(|key| vec![Datum::Int(*key)]).collect()
}

#[test]
fn many_parents_at_once() {
    let (rows, text) =
        children("select id, author from posts order by id desc", AUTHOR, &int_keys(&[1, 3]), false);
    assert_eq!(ids(&rows), [5, 4, 2, 1]);
    assert_eq!(
        text,
        "SELECT s1.\"id\", s1.\"author\" FROM \"posts\" AS s1 \
         WHERE s1.\"author\" IN (SELECT value FROM rarray(?1)) ORDER BY s1.\"id\" DESC"
    );
}

#[test]
fn a_limit_counts_for_each_parent() {
    let limited = "select id, author from posts order by likes desc nulls last limit 1 offset 1";
    let (rows, _) = children(limited, AUTHOR, &int_keys(&[1, 2, 3]), false);
    assert_eq!(ids(&rows), [4]);
    let (rows, _) =
        children("select id, author from posts order by id offset 1", AUTHOR, &int_keys(&[1, 2]), false);
    assert_eq!(ids(&rows), [2, 4]);
    let distinct = "select distinct author, price from posts order by price desc limit 1";
    let (rows, _) = children(distinct, AUTHOR, &int_keys(&[1, 2]), false);
    assert_eq!(rows, [[Raw::Integer(1), Raw::Integer(150)], [Raw::Integer(2), Raw::Integer(200)]]);
    let grouped =
        "select count(*), author, lang from posts group by author, lang order by count(*) desc limit 1";
    let (rows, _) = children(grouped, AUTHOR, &int_keys(&[1, 3]), false);
    assert_eq!(ids(&rows), [2, 1]);
}

#[test]
fn one_parent_alone() {
    let limited = "select id from posts order by likes desc nulls last limit 2";
    let (rows, text) = children(limited, AUTHOR, &int_keys(&[1]), true);
    assert_eq!(ids(&rows), [2, 4]);
    assert!(text.contains("WHERE s1.\"author\" = ?1"), "{text}");
}

#[test]
fn keys_of_several_columns() {
    let key = [(0, Type::Int4), (1, Type::Text)];
    let parents: Vec<Vec<Datum>> =
        [(1, "y"), (2, "x"), (3, "x")].map(|(a, b)| vec![Datum::Int(a), Datum::Text(b.to_owned())]).into();
    let (rows, _) = children("select x from pairs order by x", &key, &parents, false);
    assert_eq!(ids(&rows), [20, 30]);
    let (rows, _) = children("select x from pairs", &key, &parents[..1], true);
    assert_eq!(ids(&rows), [20]);
}

#[test]
fn rows_by_number() {
    let database = database();
    let select = select_of(&database.catalog, "select likes from posts order by id");
    let rows = |restriction| {
        let statement = sqlite::select(&database.catalog, &select, restriction).unwrap();
        run(&database, &statement, &Given { keys: &[], rows: &[4, 1] })
    };
    let found = rows(Restriction::Rows(source(&select)));
    assert_eq!(found, [[Raw::Integer(5), Raw::Integer(1)], [Raw::Integer(7), Raw::Integer(4)]]);
    assert_eq!(rows(Restriction::Row(source(&select))), [[Raw::Integer(7)]]);
}

#[test]
fn writes_touch_the_rows_in_question() {
    let database = database();
    let posts = database.table("posts").id;
    let source = SourceId(7);
    let likes = Expr::column(source, 3, Type::Int4);
    let filter = Expr::new(ExprKind::IsNull(Box::new(likes.clone())), Type::Bool).negate();
    let found = sqlite::select_rows(&database.catalog, posts, source, &filter, &[likes]).unwrap();
    assert_eq!(
        found.text,
        "SELECT s7.rowid, s7.\"likes\" FROM \"posts\" AS s7 WHERE (s7.\"likes\" IS NOT NULL)"
    );
    assert_eq!(ids(&run(&database, &found, &Given::default())), [1, 2, 4, 5]);
    let update = sqlite::update(&database.catalog, posts, &[2, 4]);
    assert_eq!(update.text, "UPDATE \"posts\" SET \"lang\" = ?1, \"price\" = ?2 WHERE rowid = ?3");
    let delete = sqlite::delete(&database.catalog, posts);
    run(&database, &delete, &Given { keys: &[], rows: &[1, 5] });
    let left = sqlite::select_rows(&database.catalog, posts, source, &Expr::truth(true), &[]).unwrap();
    assert_eq!(ids(&run(&database, &left, &Given::default())), [2, 3, 4]);
}
