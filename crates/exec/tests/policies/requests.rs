//! Random requests, each beside what it means: a filter is a condition and an expression over the row.

use mainstay_expr::CompareOp;
use mainstay_query::{
    Condition, Embed, EmbedJoin, Field, IsValue, Level, Operator, OrderTerm, RawValue, SelectItem, Target,
    ValuesBuilder,
};

use crate::generate::{Choices, Kind, Table};

/// A filter, and the same as SQL over the row.
pub struct Filter {
    pub conditions: Vec<Condition>,
    pub sql: String,
}

pub fn target(table: &Table) -> Target {
    Target { schema: "public".to_owned(), name: table.name.clone() }
}

pub fn field(column: &str) -> Field {
    Field { column: column.to_owned(), path: Vec::new() }
}

/// All columns of the filtered rows, by key.
pub fn level(filter: &Filter) -> Level {
    let by_id = OrderTerm { relation: None, field: field("id"), descending: false, nulls_first: None };
    Level {
        select: vec![SelectItem::All],
        filter: filter.conditions.clone(),
        order: vec![by_id],
        ..Level::default()
    }
}

/// Related rows under the related table's name.
pub fn embed(table: &Table, join: EmbedJoin, filter: &Filter) -> SelectItem {
    SelectItem::Embed(Embed {
        relation: table.name.clone(),
        alias: None,
        hint: None,
        join,
        spread: false,
        level: level(filter),
    })
}

/// No filter, or one to two conditions.
pub fn filter(choices: &mut Choices, table: &Table, values: &mut ValuesBuilder) -> Filter {
    let mut filter = Filter { conditions: Vec::new(), sql: "true".to_owned() };
    for _ in 0..choices.pick(3) {
        let (condition, sql) = condition(choices, table, values, 2);
        filter.conditions.push(condition);
        filter.sql = format!("{} and {sql}", filter.sql);
    }
    filter
}

fn condition(
    choices: &mut Choices,
    table: &Table,
    values: &mut ValuesBuilder,
    depth: usize,
) -> (Condition, String) {
    let choice = if depth == 0 { 0 } else { choices.pick(6) };
    if choice == 5 {
        let (inner, sql) = condition(choices, table, values, depth - 1);
        return (Condition::Not(Box::new(inner)), format!("(not {sql})"));
    }
    if choice >= 3 {
        let (left, left_sql) = condition(choices, table, values, depth - 1);
        let (right, right_sql) = condition(choices, table, values, depth - 1);
        return match choice {
            3 => (Condition::And(vec![left, right]), format!("({left_sql} and {right_sql})")),
            _ => (Condition::Or(vec![left, right]), format!("({left_sql} or {right_sql})")),
        };
    }
    let (name, kind) = &table.columns[choices.pick(table.columns.len())];
    comparison(choices, name, *kind, values)
}

fn comparison(
    choices: &mut Choices,
    name: &str,
    kind: Kind,
    values: &mut ValuesBuilder,
) -> (Condition, String) {
    let compare = |operator, value| Condition::Compare { field: field(name), operator, value };
    match choices.pick(6) {
        0 => {
            let (is, sql) = match (choices.pick(4), kind) {
                (0, Kind::Bool) => (IsValue::True, "true"),
                (1, Kind::Bool) => (IsValue::Unknown, "unknown"),
                (2, _) => (IsValue::Null, "null"),
                _ => (IsValue::NotNull, "not null"),
            };
            (compare(Operator::Is(is), None), format!("({name} is {sql})"))
        }
        1 => {
            let texts = [choices.of(kind.samples()), choices.of(kind.samples())];
            let list = RawValue::List(texts.map(str::to_owned).to_vec());
            (
                compare(Operator::In, Some(values.push(list))),
                format!("({name} in ('{}', '{}'))", texts[0], texts[1]),
            )
        }
        _ => {
            let (operator, sign) = choices.of(&[
                (CompareOp::Eq, "="),
                (CompareOp::Ne, "<>"),
                (CompareOp::Lt, "<"),
                (CompareOp::Ge, ">="),
            ]);
            let text = choices.of(kind.samples());
            let slot = values.push(RawValue::Text(text.to_owned()));
            (compare(Operator::Compare(operator, None), Some(slot)), format!("({name} {sign} '{text}')"))
        }
    }
}
