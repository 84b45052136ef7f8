//! Selects, writes, tables and migrations as MySQL text, and what the evaluator makes of the rest.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::sync::Arc;

use mainstay_base::{FixedClock, FixedRandomness};
use mainstay_catalog::Catalog;
use mainstay_dialect::mysql::storage::{self, Datum, Storage};
use mainstay_dialect::mysql::{
    self, Action, Bound, Flavour, Form, MigrationSql, Restriction, RowKey, Statement, Supplied,
};
use mainstay_expr::Tree;
use mainstay_expr::{CompareOp, Expr, Numeric, SourceId, TableId, Type, Value};
use mainstay_migrate::diff;
use support::{catalog, select_of, session};

const SCHEMA: &str = "
    create type mood as enum ('sad', 'happy');
    create table people (
        id int generated always as identity primary key,
        name text not null,
        mood mood,
        pay numeric(8, 2),
        boss int references people on delete set null,
        slug text generated always as (lower(name)) stored,
        check (pay > 0)
    );
    create unique index people_name on people (lower(name)) where boss is null;
    create table notes (body text, at timestamptz);";

fn select(query: &str, restriction: Restriction<'_>) -> Statement {
    let catalog = catalog(SCHEMA);
    mysql::select(Flavour::MariaDb, &catalog, &select_of(&catalog, query), restriction).unwrap()
}

fn said(query: &str) -> String {
    let statement = select(query, Restriction::None);
    assert!(statement.rest.is_none(), "{query} is not all SQL: {:?}", statement.rest);
    statement.text
}

fn int(number: i64) -> Datum {
    Datum::Int(number)
}

fn text(text: &str) -> Datum {
    Datum::Text(text.to_owned())
}

/// The result of a statement whose reads found these rows.
fn finished(statement: &Statement, rows: Vec<Vec<Vec<Datum>>>) -> Vec<Vec<Datum>> {
    let session = session();
    let (clock, random) = (FixedClock(0), FixedRandomness::new(1));
    let supplied = Supplied { slots: &[], new: &[], session: &session, clock: &clock, random: &random };
    statement.rest.as_ref().unwrap().finish(rows, &supplied).unwrap()
}

#[test]
fn what_mysql_means_alike_is_sql() {
    assert_eq!(
        said("select id from people where pay > 1.5 and name like 'a%b' order by boss desc nulls last"),
        "SELECT s1.`id` FROM `people` AS s1 WHERE (s1.`pay` > CAST('1.5' AS DECIMAL(65, 30))) AND \
         (s1.`name` LIKE 'a%b' ESCAPE _utf8mb4 x'5c') ORDER BY s1.`boss` DESC"
    );
    assert!(said("select id from people order by boss").ends_with("ORDER BY s1.`boss` IS NULL, s1.`boss`"));
    assert!(
        said("select mood, count(*), max(pay) from people where mood > 'sad' group by mood")
            .contains("(CASE s1.`mood` WHEN 'sad' THEN 0 WHEN 'happy' THEN 1 END) > ")
    );
}

#[test]
fn values_that_are_not_sql_are_computed_row_by_row() {
    let statement = select("select id, initcap(name) from people order by id limit 2", Restriction::None);
    let rest = statement.rest.as_ref().unwrap();
    assert_eq!(rest.reads.len(), 1);
    assert_eq!(rest.reads[0].text, "SELECT s1.`id`, s1.`name` FROM `people` AS s1 ORDER BY s1.`id` LIMIT 2");
    let rows = finished(&statement, vec![vec![vec![int(2), text("ann lee")], vec![int(1), text("bob")]]]);
    // the order is the statement's
    assert_eq!(rows, [[int(2), text("Ann Lee")], [int(1), text("Bob")]]);
    assert_eq!(statement.columns, [Storage::Int, Storage::Text]);
}

#[test]
fn a_filter_that_is_not_sql_sees_the_rows_that_the_rest_of_it_lets_through() {
    let query = "select id from people where name ~ '^a' and boss = 1 order by id desc limit 1";
    let statement = select(query, Restriction::None);
    let rest = statement.rest.as_ref().unwrap();
    let wanted = "FROM `people` AS s1 WHERE (s1.`boss` = 1)";
    assert!(rest.reads[0].text.ends_with(wanted), "{}", rest.reads[0].text);
    // the columns are those of the filter, the items and the order, in that order
    let rows = vec![vec![text("ann"), int(1)], vec![text("bob"), int(2)], vec![text("al"), int(3)]];
    assert_eq!(finished(&statement, vec![rows]), [[int(3)]]);
}

#[test]
fn subqueries_that_are_not_sql_have_their_tables_read() {
    let query = "select id from people where exists (select 1 from notes where body ~ people.name)";
    let statement = select(query, Restriction::None);
    let rest = statement.rest.as_ref().unwrap();
    assert_eq!(rest.reads.len(), 2);
    assert!(rest.reads[1].text.contains("FROM `notes`"), "{}", rest.reads[1].text);
    let people = vec![vec![text("ann"), int(1)], vec![text("bob"), int(2)]];
    let notes = vec![vec![text("to bob"), Datum::Null]];
    assert_eq!(finished(&statement, vec![people, notes]), [[int(2)]]);
}

#[test]
fn policies_that_are_not_sql_come_before_everything_else() {
    let catalog = catalog(SCHEMA);
    let mut select = select_of(&catalog, "select id from people where pay > 1 and id + 1 > 2");
    let visible = select_of(&catalog, "select 1 from people where name ~ 'a'").filter.unwrap();
    select.tables_mut(|table| table.visible = Some(Box::new(visible.clone())));
    let rows = [Restriction::Rows(SourceId(1)), Restriction::None];
    for restriction in rows {
        let statement = mysql::select(Flavour::MariaDb, &catalog, &select, restriction).unwrap();
        let read = &statement.rest.as_ref().unwrap().reads[0].text;
        // what can fail must not meet rows that are hidden
        assert!(read.contains("`pay` > ") && !read.contains("> 2"), "{read}");
    }
}

#[test]
fn what_asks_no_table_reads_nothing() {
    let statement = select("select 1 + 1, upper('a')", Restriction::None);
    assert!(statement.rest.as_ref().unwrap().reads.is_empty());
    assert_eq!(finished(&statement, Vec::new()), [[int(2), text("A")]]);
}

#[test]
fn a_limit_counts_for_each_key_in_either_way() {
    let key = [Expr::column(SourceId(1), 4, Type::Int4)];
    let native = select("select id, boss from people order by id limit 1", Restriction::Keys(&key));
    assert!(native.rest.is_none());
    assert!(
        native.text.contains("row_number() OVER (PARTITION BY s1.`boss` ORDER BY s1.`id`)"),
        "{}",
        native.text
    );
    let query = "select id, boss from people where name ~ 'a' order by id desc limit 1";
    let left = select(query, Restriction::Keys(&key));
    let read = &left.rest.as_ref().unwrap().reads[0];
    assert!(read.inputs.iter().any(|input| input.value == Bound::Keys), "{}", read.text);
    // the key, the filter's column, the item
    let rows = vec![
        vec![int(1), text("ada"), int(5)],
        vec![int(2), text("al"), int(6)],
        vec![int(1), text("ann"), int(7)],
        vec![int(2), text("bob"), int(8)],
    ];
    assert_eq!(finished(&left, vec![rows]), [[int(7), int(1)], [int(6), int(2)]]);
}

#[test]
fn rows_are_written_by_their_key() {
    let catalog = catalog(SCHEMA);
    assert_eq!(mysql::row_key(catalog.table(TableId(1))), RowKey::Hidden);
    assert_eq!(
        mysql::delete(&catalog, TableId(1)).text,
        "DELETE t FROM JSON_TABLE(?, '$[*]' COLUMNS (n FOR ORDINALITY, k0 BIGINT PATH '$[0]')) AS r \
         STRAIGHT_JOIN `notes` AS t ON t._mainstay_row = r.k0"
    );
    let filter = Expr::compare(
        CompareOp::Eq,
        Expr::column(SourceId(1), 1, Type::Text),
        Expr::literal(Value::Text("x".to_owned()), Type::Text),
    );
    let found =
        mysql::select_rows(Flavour::MariaDb, &catalog, TableId(0), SourceId(1), &filter, &[]).unwrap();
    assert_eq!(found.text, "SELECT s1.`id` FROM `people` AS s1 WHERE (s1.`name` = 'x') FOR UPDATE");
}

#[test]
fn columns_that_only_we_can_compute_are_written_with_every_row() {
    let catalog = catalog(SCHEMA);
    let kept = mysql::kept(&catalog, catalog.table(TableId(0)));
    let names: Vec<(&str, u32)> = kept.iter().map(|kept| (kept.name.as_str(), kept.position)).collect();
    assert_eq!(names, [("slug", 6), ("_mainstay_people_name_0", 7)]);
    let insert = mysql::insert(&catalog, TableId(0), &[0, 1], 1);
    assert_eq!(
        insert.text,
        "INSERT INTO `people` (`id`, `name`, `slug`, `_mainstay_people_name_0`) VALUES (?, ?, ?, ?)"
    );
    assert_eq!(insert.inputs[3].value, Bound::New(7));
    // a column that neither depends on leaves them alone
    let update = mysql::update(&catalog, TableId(0), &[3]);
    assert!(update.text.ends_with("SET t.`pay` = ?"), "{}", update.text);
    assert!(mysql::update(&catalog, TableId(0), &[4]).text.contains("_mainstay_people_name_0"));
    let of_new = mysql::expression_select(
        Flavour::MariaDb,
        &catalog,
        &kept.iter().map(|kept| mysql::of_new_row(&kept.expr)).collect::<Vec<_>>(),
    );
    let session = session();
    let (clock, random) = (FixedClock(0), FixedRandomness::new(1));
    let mut new = vec![Value::Null; 6];
    new[1] = Value::Text("Ann".to_owned());
    let supplied = Supplied { slots: &[], new: &new, session: &session, clock: &clock, random: &random };
    let values = of_new.unwrap().rest.unwrap().finish(Vec::new(), &supplied).unwrap();
    assert_eq!(values, [[text("ann"), text("ann")]]);
}

fn migration(from: &str, to: &str) -> MigrationSql {
    let (from, to): (Arc<Catalog>, Arc<Catalog>) = (catalog(from), catalog(to));
    mysql::migration(Flavour::MariaDb, "test", &diff(&from, &to)).unwrap()
}

#[test]
fn tables_come_under_names_of_their_own_until_all_are_there() {
    let made = migration("", SCHEMA);
    let first = match &made.prepare[0].action {
        Action::Run(text) => text,
        other => panic!("{other:?}"),
    };
    assert!(first.starts_with("CREATE TABLE `_mainstay_new_0`"), "{first}");
    assert!(first.contains("`mood` ENUM('sad', 'happy') NULL"), "{first}");
    assert!(first.contains("`pay` DECIMAL(8, 2) NULL"), "{first}");
    assert!(made.switch.contains(&("_mainstay_new_0".to_owned(), "people".to_owned())));
    assert!(made.finish.iter().any(|finish| finish.text.contains("ADD CONSTRAINT `people_boss_fkey`")));
    // what the rows of a rebuilt table get from us moves through us
    let changed = migration(SCHEMA, &SCHEMA.replace("pay numeric(8, 2)", "pay numeric(9, 2) not null"));
    let moves = changed.prepare.iter().filter(|prepare| matches!(prepare.action, Action::Move { .. }));
    assert_eq!(moves.count(), 1);
    assert_eq!(changed.switch[0], ("people".to_owned(), "_mainstay_old_0".to_owned()));
}

#[test]
fn what_cannot_be_kept_is_refused() {
    let refused = |schema: &str| {
        let problems = mysql::check(Flavour::MariaDb, &catalog(schema));
        problems.into_iter().next().map(|(_, problem)| format!("{:?}", problem.details()))
    };
    let deferred = "create table a (id int primary key, other int references a deferrable);";
    assert!(refused(deferred).unwrap().contains("DEFERRABLE"));
    assert_eq!(refused(SCHEMA), None);
}

#[test]
fn moments_that_datetime_does_not_know_are_told() {
    let encode = |ty: Storage, value: Value| storage::encode(&ty, &value);
    let last = "9999-12-31 23:59:59.999999";
    assert_eq!(encode(Storage::Timestamptz, Value::Timestamptz(i64::MAX)), Ok(text(last)));
    assert_eq!(storage::date_text(&Storage::Timestamptz, [9999, 12, 31, 23, 59, 59], 999_999), "infinity");
    assert_eq!(encode(Storage::Date, Value::Date(i32::MAX)).unwrap_err().code(), "22008");
    assert_eq!(encode(Storage::Timestamp, Value::Timestamp(i64::MIN + 1)).unwrap_err().code(), "22008");
}

#[test]
fn what_is_no_number_has_a_place_among_them() {
    let stored = |number: f64| match storage::encode(&Storage::Float8, &Value::Float(number)).unwrap() {
        Datum::Real(stored) => stored,
        other => panic!("{other:?}"),
    };
    let numbers = [f64::NEG_INFINITY, f64::MIN, -1e308, 0.0, f64::MAX, f64::INFINITY, f64::NAN];
    assert!(numbers.map(stored).is_sorted());
    for number in numbers {
        assert_eq!(storage::read_float(stored(number)).to_bits(), number.to_bits());
    }
    let between = Value::Float(f64::MAX.next_down());
    assert_eq!(storage::encode(&Storage::Float8, &between).unwrap_err().code(), "22003");
    let nan = storage::encode(&Storage::Decimal, &Value::Numeric(Numeric::NaN)).unwrap();
    let Datum::Text(nan) = nan else { panic!("{nan:?}") };
    assert_eq!(storage::read_text(&Storage::Decimal, nan.as_bytes()), b"NaN");
}

#[test]
fn lists_are_one_parameter() {
    let form = Form::List(Box::new(Form::Storage(Storage::Int)));
    let list = Value::Array(vec![Value::Int(1), Value::Null]);
    assert_eq!(mysql::bind(&form, &list), Ok(text("[1,null]")));
    assert_eq!(mysql::bind(&form, &Value::Null), Ok(text("[null]")));
    let rows = [[Datum::Int(1), text("a\"b")]];
    let keys = rows.iter().map(|row| row.iter().map(Datum::as_ref));
    let storages = [Storage::Int, Storage::Text];
    assert_eq!(mysql::encode_keys(&storages, keys), Ok(text(r#"[[1,"a\"b"]]"#)));
}
