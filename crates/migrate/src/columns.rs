//! What a column holds after its table's rows have moved, and what that can do to them.

use mainstay_catalog::{Column, ColumnDefault, Table};
use mainstay_expr::{
    ColumnType, Expr, ExprKind, Modifier, SourceId, Type, Value,
    resolve::{CastContext, cast_allowed},
};

use crate::tables::constant;
use crate::{Fill, Safety};

/// A column's new value and what becomes of the old one.
pub(crate) struct Filled {
    pub fill: Fill,
    pub safety: Safety,
}

/// Whether a column can be added without touching a row: it holds one constant, or NULL, in all of them.
pub(crate) fn is_appendable(table: &Table, position: u32) -> bool {
    let column = table.column(position);
    match &column.default {
        ColumnDefault::None => !column.not_null,
        default => constant(default),
    }
}

/// A column that was not there before.
pub(crate) fn added(table: &str, column: &Column) -> Filled {
    let (fill, is_null) = match &column.default {
        ColumnDefault::Identity(identity) => (Fill::Identity(identity.clone()), false),
        ColumnDefault::Expr(expr) => {
            let is_null = matches!(expr.kind, ExprKind::Literal(Value::Null));
            (Fill::Expr(expr.clone()), is_null)
        }
        ColumnDefault::None | ColumnDefault::Generated(_) | ColumnDefault::Native(_) => {
            (Fill::Expr(Expr::literal(Value::Null, column.ty.ty.clone())), true)
        }
    };
    let safety = match column.not_null && is_null {
        true => Safety::MayFail(format!(
            "new column {table}.{} is NOT NULL and has no default: that fails as soon as the table has a row",
            column.name
        )),
        false => Safety::Safe,
    };
    Filled { fill, safety }
}

/// A column that was there before, as it is now.
pub(crate) fn moved(table: &str, old: &Table, position: u32, column: &Column) -> Filled {
    let was = old.column(position);
    let name = format!("{table}.{}", column.name);
    let value = Expr::column(SourceId::ROW, position, was.ty.ty.clone());
    let (expr, mut safety) = converted(&name, value, &was.ty, &column.ty);
    if safety == Safety::Safe && column.not_null && !was.not_null {
        safety = Safety::MayFail(format!("{name} becomes NOT NULL, and rows may hold NULL there"));
    }
    Filled { fill: Fill::Expr(expr), safety }
}

/// A value of the old type as one of the new type.
fn converted(name: &str, value: Expr, from: &ColumnType, to: &ColumnType) -> (Expr, Safety) {
    if from == to {
        return (value, Safety::Safe);
    }
    if let (Type::Enum(old), Type::Enum(new)) = (&from.ty, &to.ty) {
        return converted_label(name, value, &old.labels, &new.labels, to);
    }
    let Some(context) = cast_allowed(&from.ty, &to.ty) else {
        let lost = format!("the values of {name}, as {from} cannot become {to}");
        return (Expr::literal(Value::Null, to.ty.clone()), Safety::LosesData(lost));
    };
    // A cast that is written cuts text to its length; without the modifier the column's own check refuses it instead.
    let keeps_length = matches!(to.modifier, Modifier::Length(_)) && to.ty != Type::Bpchar;
    let modifier = if keeps_length { Modifier::None } else { to.modifier };
    let target = ColumnType { ty: to.ty.clone(), modifier };
    let expr = match from.ty == to.ty && modifier == Modifier::None {
        true => value,
        false => Expr::new(ExprKind::Cast(Box::new(value), target), to.ty.clone()),
    };
    (expr, conversion_safety(name, from, to, context))
}

fn conversion_safety(name: &str, from: &ColumnType, to: &ColumnType, context: CastContext) -> Safety {
    if rounds(from, to) {
        return Safety::LosesData(format!("digits of {name}, as {from} is rounded to {to}"));
    }
    if cuts(from, to) {
        return Safety::LosesData(format!("characters of {name}, as {from} is cut to {to}"));
    }
    if from.ty.is_integer() && to.ty == Type::Bool {
        return Safety::LosesData(format!("the numbers of {name}, as all but 0 become true"));
    }
    if is_wider(from, to) {
        return Safety::Safe;
    }
    let is_free = context == CastContext::Implicit && to.modifier == Modifier::None && from.ty != to.ty;
    match is_free {
        true => Safety::Safe,
        false => Safety::MayFail(format!("values of {name} may not fit when {from} becomes {to}")),
    }
}

/// Whether digits or parts of a time are cut off.
fn rounds(from: &ColumnType, to: &ColumnType) -> bool {
    let seconds = |modifier| if let Modifier::Seconds(digits) = modifier { digits } else { 6 };
    match (&from.ty, &to.ty) {
        (Type::Array(from_item), Type::Array(to_item)) => {
            let item = |ty: &Type, modifier| ColumnType { ty: ty.clone(), modifier };
            rounds(&item(from_item, from.modifier), &item(to_item, to.modifier))
        }
        (text, Type::Numeric) if text.is_text() => matches!(to.modifier, Modifier::Precision(..)),
        (text, to) if text.is_text() => {
            matches!(to, Type::Float4 | Type::Float8 | Type::Date | Type::Time | Type::Timestamp)
        }
        (Type::Jsonb, Type::Numeric) => matches!(to.modifier, Modifier::Precision(..)),
        (Type::Jsonb, to) => to.is_number(),
        (Type::Numeric, Type::Numeric) => match (from.modifier, to.modifier) {
            (Modifier::Precision(_, old), Modifier::Precision(_, new)) => new < old,
            (Modifier::None, Modifier::Precision(..)) => true,
            _ => false,
        },
        (Type::Numeric, to) if to.is_integer() => !matches!(from.modifier, Modifier::Precision(_, 0)),
        (Type::Float8, Type::Float4) | (Type::Numeric, Type::Float4 | Type::Float8) => true,
        (Type::Float4 | Type::Float8, to) => to.is_integer() || *to == Type::Numeric,
        (Type::Int4 | Type::Int8, Type::Float4) | (Type::Int8, Type::Float8) => true,
        (Type::Timestamp | Type::Timestamptz, Type::Date | Type::Time) => true,
        (
            Type::Timestamp | Type::Timestamptz | Type::Time,
            Type::Timestamp | Type::Timestamptz | Type::Time,
        ) => seconds(to.modifier) < seconds(from.modifier),
        _ => false,
    }
}

/// Whether characters are cut off: only a cast makes text as long as `char(n)` wants it, and cuts what is longer.
fn cuts(from: &ColumnType, to: &ColumnType) -> bool {
    let Modifier::Length(length) = to.modifier else { return false };
    let is_short = from.ty.is_text() && matches!(from.modifier, Modifier::Length(old) if old <= length);
    to.ty == Type::Bpchar && !is_short
}

/// Whether every value of the one type is one of the other.
fn is_wider(from: &ColumnType, to: &ColumnType) -> bool {
    match (&from.ty, &to.ty) {
        (Type::Varchar | Type::Text, Type::Varchar) => match (from.modifier, to.modifier) {
            (_, Modifier::None) => true,
            (Modifier::Length(old), Modifier::Length(new)) => old <= new,
            _ => false,
        },
        (_, Type::Text) | (Type::Jsonb, Type::Json) => true,
        (Type::Numeric, Type::Numeric) => match (from.modifier, to.modifier) {
            (_, Modifier::None) => true,
            (Modifier::Precision(old, old_scale), Modifier::Precision(new, new_scale)) => {
                new_scale >= old_scale && new.saturating_sub(new_scale) >= old.saturating_sub(old_scale)
            }
            _ => false,
        },
        (from, Type::Numeric) if from.is_integer() => to.modifier == Modifier::None,
        (old, new) => old == new && !matches!(to.modifier, Modifier::Length(_)),
    }
}

fn converted_label(
    name: &str,
    value: Expr,
    old: &[String],
    new: &[String],
    to: &ColumnType,
) -> (Expr, Safety) {
    let gone: Vec<&str> = old.iter().filter(|label| !new.contains(label)).map(String::as_str).collect();
    if gone.is_empty() {
        return (Expr { ty: to.ty.clone(), ..value }, Safety::Safe);
    }
    let text = Expr::new(ExprKind::Cast(Box::new(value), Type::Text.into()), Type::Text);
    let label = Expr::new(ExprKind::Cast(Box::new(text), to.clone()), to.ty.clone());
    let why = format!("{name} fails where it holds {}, which its type no longer has", gone.join(", "));
    (label, Safety::MayFail(why))
}
