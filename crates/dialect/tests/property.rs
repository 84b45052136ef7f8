//! Random typed expressions over random rows have the same value in SQLite as in the reference evaluator.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "support/choices.rs"]
mod choices;
mod support;

use choices::{Choices, SCHEMA, columns};
use mainstay_expr::{
    Aggregate, AggregateFunc, Expr, ExprKind, FromItem, Item, OrderBy, Rights, Select, SourceId, TableSource,
    Type, Value,
};
use proptest::prelude::*;
use support::{Database, show};

fn from_t(database: &Database) -> Vec<FromItem> {
    let table = database.table("t").id;
    vec![FromItem::Table(TableSource { source: SourceId(1), table, rights: Rights::Definer, visible: None })]
}

fn filled(choices: &mut Choices<'_>, rows: usize) -> Database {
    let database = Database::new(SCHEMA);
    let table = database.table("t").clone();
    for id in 0..rows {
        database.insert_values(&table, choices.row(id as i64));
    }
    database
}

/// The same rows, or an error on either side: the two may come to an error by different ways.
fn same(database: &Database, select: &Select, slots: &[Value]) -> Result<(), TestCaseError> {
    let types: Vec<Type> = select.items.iter().map(|item| item.expr.ty.clone()).collect();
    let statement = mainstay_dialect::sqlite::select(
        &database.catalog,
        select,
        mainstay_dialect::sqlite::Restriction::None,
    );
    let statement = statement.map_err(|problem| TestCaseError::fail(problem.to_string()))?;
    match (database.run(&statement, slots, &[]), database.reference(select, slots)) {
        (Ok(sqlite), Ok(reference)) => {
            let shown = |rows: Vec<Vec<Value>>| {
                let mut rows: Vec<String> = rows.iter().map(|row| show(&types, row)).collect();
                if select.order_by.is_empty() {
                    rows.sort();
                }
                rows
            };
            prop_assert_eq!(shown(sqlite), shown(reference), "{}\n{:?}", statement.text, slots);
        }
        (Err(problem), _) if problem.code() == "XX000" => {
            return Err(TestCaseError::fail(problem.to_string()));
        }
        (Err(_), Err(_)) => {}
        (Err(problem), Ok(_)) | (Ok(_), Err(problem)) => {
            let early = ["22003", "22012", "22P02", "22008"];
            prop_assert!(early.contains(&problem.code()), "{problem}: {}", statement.text);
        }
    }
    Ok(())
}

fn item(expr: Expr) -> Item {
    Item { expr, name: String::new() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn expressions_have_the_same_value(rows in prop::collection::vec(any::<u8>(), 0..64), bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let database = filled(&mut Choices::new(&rows), 3);
        let mut choices = Choices::new(&bytes);
        let mut items = vec![item(Expr::column(SourceId(1), 15, Type::Int4))];
        for _ in 0..3 {
            let ty = choices.of(&columns()).clone();
            items.push(item(choices.expr(&ty, 3)));
        }
        let select = Select { from: from_t(&database), items, ..Select::default() };
        same(&database, &select, &choices.slots)?;
    }

    #[test]
    fn conditions_let_the_same_rows_through(rows in prop::collection::vec(any::<u8>(), 0..160), bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let database = filled(&mut Choices::new(&rows), 8);
        let mut choices = Choices::new(&bytes);
        let filter = choices.condition(3);
        let items = vec![item(Expr::column(SourceId(1), 15, Type::Int4))];
        let select = Select { from: from_t(&database), filter: Some(filter), items, ..Select::default() };
        same(&database, &select, &choices.slots)?;
    }

    #[test]
    fn rows_come_in_the_same_order(rows in prop::collection::vec(any::<u8>(), 0..160), bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        let database = filled(&mut Choices::new(&rows), 8);
        let mut choices = Choices::new(&bytes);
        let mut order_by = Vec::new();
        for _ in 0..2 {
            let ty = choices.of(&columns()).clone();
            let expr = choices.expr(&ty, 1);
            order_by.push(OrderBy { expr, descending: choices.pick(2) == 0, nulls_first: choices.pick(2) == 0 });
        }
        let id = Expr::column(SourceId(1), 15, Type::Int4);
        order_by.push(OrderBy { expr: id.clone(), descending: false, nulls_first: false });
        let select = Select { from: from_t(&database), items: vec![item(id)], order_by, ..Select::default() };
        same(&database, &select, &choices.slots)?;
    }

    #[test]
    fn groups_have_the_same_aggregates(rows in prop::collection::vec(any::<u8>(), 0..160), bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let database = filled(&mut Choices::new(&rows), 8);
        let mut choices = Choices::new(&bytes);
        let of = columns();
        let key = choices.pick(of.len());
        let key = Expr::column(SourceId(1), key as u32, of[key].clone());
        let mut items = Vec::new();
        for _ in 0..3 {
            let (func, from, to) = choices.of(&[
                (AggregateFunc::Sum, Type::Int4, Type::Int8),
                (AggregateFunc::Sum, Type::Int8, Type::Numeric),
                (AggregateFunc::Sum, Type::Numeric, Type::Numeric),
                (AggregateFunc::Avg, Type::Int4, Type::Numeric),
                (AggregateFunc::Avg, Type::Numeric, Type::Numeric),
                (AggregateFunc::Count, Type::Text, Type::Int8),
                (AggregateFunc::BoolAnd, Type::Bool, Type::Bool),
                (AggregateFunc::BoolOr, Type::Bool, Type::Bool),
                (AggregateFunc::Min, Type::Int8, Type::Int8),
                (AggregateFunc::Max, Type::Text, Type::Text),
                (AggregateFunc::Min, Type::Date, Type::Date),
            ]).clone();
            let distinct = choices.pick(3) == 0;
            let filter = (choices.pick(3) == 0).then(|| choices.condition(1));
            let aggregate = Aggregate { func, args: vec![choices.expr(&from, 1)], distinct, filter, order_by: Vec::new() };
            items.push(item(Expr::new(ExprKind::Aggregate(Box::new(aggregate)), to)));
        }
        let select = Select { from: from_t(&database), group_by: vec![key], grouped: true, items, ..Select::default() };
        same(&database, &select, &choices.slots)?;
    }
}
