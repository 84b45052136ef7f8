//! Equality and order of values, as PostgreSQL's btree operators have them with collation "C".

use std::cmp::Ordering;

use crate::{CompareOp, Interval, Jsonb, Type, Value, numeric};

/// The order of two values of a type: total, NULL greatest, NaN greatest of numbers, enums by their labels' order, text by
/// its bytes.
pub fn order(ty: &Type, left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Greater,
        (_, Value::Null) => Ordering::Less,
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        (Value::Int(left), Value::Int(right)) => left.cmp(right),
        (Value::Float(left), Value::Float(right)) => order_floats(*left, *right),
        (Value::Numeric(left), Value::Numeric(right)) => numeric::order(left, right),
        (Value::Text(left), Value::Text(right)) => order_texts(ty, left, right),
        (Value::Uuid(left), Value::Uuid(right)) => left.cmp(right),
        (Value::Date(left), Value::Date(right)) => left.cmp(right),
        (Value::Time(left), Value::Time(right))
        | (Value::Timestamp(left), Value::Timestamp(right))
        | (Value::Timestamptz(left), Value::Timestamptz(right)) => left.cmp(right),
        (Value::Interval(left), Value::Interval(right)) => span(left).cmp(&span(right)),
        (Value::Json(left), Value::Json(right)) => left.cmp(right),
        (Value::Jsonb(left), Value::Jsonb(right)) => order_jsonb(left, right),
        (Value::Bytea(left), Value::Bytea(right)) => left.cmp(right),
        (Value::Array(left), Value::Array(right)) => {
            let element = ty.element().unwrap_or(ty);
            let pairs = left.iter().zip(right).map(|(left, right)| order(element, left, right));
            first_difference(pairs).then(left.len().cmp(&right.len()))
        }
        // Values of different kinds never meet in a typed tree; any fixed order will do.
        _ => rank(left).cmp(&rank(right)),
    }
}

/// Whether two values of a type are equal; NULL equals NULL.
pub fn equal(ty: &Type, left: &Value, right: &Value) -> bool {
    order(ty, left, right) == Ordering::Equal
}

/// `left op right`: `None` when either is NULL.
pub fn compare(op: CompareOp, ty: &Type, left: &Value, right: &Value) -> Option<bool> {
    if left.is_null() || right.is_null() {
        return None;
    }
    let order = order(ty, left, right);
    Some(match op {
        CompareOp::Eq => order.is_eq(),
        CompareOp::Ne => order.is_ne(),
        CompareOp::Lt => order.is_lt(),
        CompareOp::Le => order.is_le(),
        CompareOp::Gt => order.is_gt(),
        CompareOp::Ge => order.is_ge(),
    })
}

fn first_difference(mut orders: impl Iterator<Item = Ordering>) -> Ordering {
    orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Bool(_) => 0,
        Value::Int(_) => 1,
        Value::Float(_) => 2,
        Value::Numeric(_) => 3,
        Value::Text(_) => 4,
        Value::Uuid(_) => 5,
        Value::Date(_) => 6,
        Value::Time(_) => 7,
        Value::Timestamp(_) => 8,
        Value::Timestamptz(_) => 9,
        Value::Interval(_) => 10,
        Value::Json(_) => 11,
        Value::Jsonb(_) => 12,
        Value::Bytea(_) => 13,
        Value::Array(_) => 14,
        Value::Null => 15,
    }
}

/// Zero and its negative are equal; NaN equals itself and is greatest.
fn order_floats(left: f64, right: f64) -> Ordering {
    left.partial_cmp(&right).unwrap_or_else(|| left.is_nan().cmp(&right.is_nan()))
}

fn order_texts(ty: &Type, left: &str, right: &str) -> Ordering {
    match ty {
        Type::Bpchar => left.trim_end_matches(' ').cmp(right.trim_end_matches(' ')),
        Type::Enum(declared) => {
            let position = |label: &str| declared.labels.iter().position(|known| known == label);
            position(left).cmp(&position(right))
        }
        _ => left.cmp(right),
    }
}

/// An interval in microseconds, a month having 30 days and a day 24 hours.
pub(crate) fn span(interval: &Interval) -> i128 {
    let days = i128::from(interval.months) * 30 + i128::from(interval.days);
    days * i128::from(crate::calendar::DAY) + i128::from(interval.micros)
}

/// An empty array is less than everything at the top of a document, as it always was in PostgreSQL.
fn order_jsonb(left: &Jsonb, right: &Jsonb) -> Ordering {
    let is_empty = |json: &Jsonb| matches!(json, Jsonb::Array(elements) if elements.is_empty());
    let is_scalar = |json: &Jsonb| !matches!(json, Jsonb::Array(_) | Jsonb::Object(_));
    if is_empty(left) && is_scalar(right) {
        return Ordering::Less;
    }
    if is_scalar(left) && is_empty(right) {
        return Ordering::Greater;
    }
    order_nested(left, right)
}

fn order_nested(left: &Jsonb, right: &Jsonb) -> Ordering {
    match (left, right) {
        (Jsonb::Bool(left), Jsonb::Bool(right)) => left.cmp(right),
        (Jsonb::Number(left), Jsonb::Number(right)) => left.cmp(right),
        (Jsonb::String(left), Jsonb::String(right)) => left.cmp(right),
        (Jsonb::Array(left), Jsonb::Array(right)) => left.len().cmp(&right.len()).then_with(|| {
            first_difference(left.iter().zip(right).map(|(left, right)| order_nested(left, right)))
        }),
        (Jsonb::Object(left), Jsonb::Object(right)) => left.len().cmp(&right.len()).then_with(|| {
            first_difference(
                left.iter()
                    .zip(right)
                    .map(|(left, right)| left.0.cmp(&right.0).then_with(|| order_nested(&left.1, &right.1))),
            )
        }),
        _ => json_rank(left).cmp(&json_rank(right)),
    }
}

fn json_rank(json: &Jsonb) -> u8 {
    match json {
        Jsonb::Null => 0,
        Jsonb::String(_) => 1,
        Jsonb::Number(_) => 2,
        Jsonb::Bool(_) => 3,
        Jsonb::Array(_) => 4,
        Jsonb::Object(_) => 5,
    }
}
