//! Comparing stored texts whose bytes do not sort as PostgreSQL sorts their values.

use std::cmp::Ordering;

use mainstay_expr::{Type, Value, compare};
use serde_json::Value as Json;

use crate::storage::{Collation, Datum, Storage};

impl Collation {
    /// Those that must be registered.
    pub const REGISTERED: [Self; 6] =
        [Self::Decimal, Self::Jsonb, Self::Interval, Self::Array, Self::DecimalArray, Self::JsonbArray];

    /// How two stored texts compare.
    pub fn compare(self, left: &str, right: &str) -> Ordering {
        match self {
            _ if left == right => Ordering::Equal,
            Self::Decimal => compare_decimals(left, right),
            Self::Rtrim => left.trim_end_matches(' ').cmp(right.trim_end_matches(' ')),
            Self::Jsonb => compare_values(&Storage::Jsonb, &Type::Jsonb, left, right),
            Self::Interval => compare_values(&Storage::Interval, &Type::Interval, left, right),
            Self::Array => compare_arrays(left, right, str::cmp),
            Self::DecimalArray => compare_arrays(left, right, compare_decimals),
            Self::JsonbArray => compare_arrays(left, right, |left, right| {
                compare_values(&Storage::Jsonb, &Type::Jsonb, left, right)
            }),
        }
    }
}

/// Stored texts as the values they stand for. What cannot be read, because it was never stored by us, sorts by its bytes.
fn compare_values(storage: &Storage, ty: &Type, left: &str, right: &str) -> Ordering {
    let read = |text: &str| storage.decode(Datum::Text(text.to_owned()).as_ref());
    match (read(left), read(right)) {
        (Ok(left), Ok(right)) => compare::order(ty, &left, &right),
        _ => left.cmp(right),
    }
}

/// Element by element, a NULL greater than all values; then the shorter first.
fn compare_arrays(left: &str, right: &str, strings: impl Fn(&str, &str) -> Ordering) -> Ordering {
    let read = |text: &str| serde_json::from_str::<Vec<Json>>(text);
    let (Ok(left), Ok(right)) = (read(left), read(right)) else { return left.cmp(right) };
    let differing = left
        .iter()
        .zip(&right)
        .map(|(left, right)| compare_elements(left, right, &strings))
        .find(|o| o.is_ne());
    differing.unwrap_or_else(|| left.len().cmp(&right.len()))
}

fn compare_elements(left: &Json, right: &Json, strings: &impl Fn(&str, &str) -> Ordering) -> Ordering {
    match (left, right) {
        (Json::Null, Json::Null) => Ordering::Equal,
        (Json::Null, _) => Ordering::Greater,
        (_, Json::Null) => Ordering::Less,
        (Json::String(left), Json::String(right)) => strings(left, right),
        (Json::Bool(left), Json::Bool(right)) => left.cmp(right),
        _ => match (left.as_i64(), right.as_i64()) {
            (Some(left), Some(right)) => left.cmp(&right),
            _ => compare::order(&Type::Float8, &float(left), &float(right)),
        },
    }
}

/// A float of a stored array: a number, or the name of an infinity.
fn float(json: &Json) -> Value {
    let number = match json {
        Json::String(name) => name.parse().ok(),
        number => number.to_string().parse().ok(),
    };
    number.map_or(Value::Null, Value::Float)
}

/// Canonical decimals by their number; NaN is the greatest.
fn compare_decimals(left: &str, right: &str) -> Ordering {
    match (left == "NaN", right == "NaN") {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let (left_negative, left) = magnitude(left);
    let (right_negative, right) = magnitude(right);
    match (left_negative, right_negative) {
        (false, false) => left.cmp(&right),
        (true, true) => right.cmp(&left),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
    }
}

/// Whether a decimal is below zero, and its magnitude in a form that compares: the number of whole digits, these, the
/// fraction without trailing zeros.
fn magnitude(decimal: &str) -> (bool, (usize, &str, &str)) {
    let (negative, digits) = match decimal.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, decimal),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let is_zero = whole.is_empty() && fraction.is_empty();
    (negative && !is_zero, (whole.len(), whole, fraction))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(collation: Collation, ascending: &[&str]) {
        for (position, left) in ascending.iter().enumerate() {
            for (other, right) in ascending.iter().enumerate() {
                assert_eq!(collation.compare(left, right), position.cmp(&other), "{left} {right}");
            }
        }
    }

    #[test]
    fn decimals_compare_as_numbers() {
        sorted(Collation::Decimal, &["-10.5", "-2", "-0.5", "0", "0.05", "0.5", "2", "2.01", "10", "NaN"]);
        assert_eq!(Collation::Decimal.compare("1.10", "1.1"), Ordering::Equal);
        assert_eq!(Collation::Decimal.compare("-0.00", "0"), Ordering::Equal);
    }

    #[test]
    fn arrays_compare_element_by_element() {
        sorted(Collation::Array, &["[]", "[2]", "[2,1]", "[10]", "[null]"]);
        sorted(Collation::Array, &[r#"["a"]"#, r#"["a","b"]"#, r#"["b"]"#]);
        sorted(Collation::Array, &[r#"["-Infinity"]"#, "[-1.5]", "[1e2]", r#"["Infinity"]"#]);
        sorted(Collation::DecimalArray, &[r#"["2"]"#, r#"["10.5"]"#]);
    }

    #[test]
    fn documents_compare_by_kind_and_then_by_value() {
        sorted(Collation::Jsonb, &["null", "\"a\"", "2", "10", "false", "true", "[1, 2]", "{\"a\": 1}"]);
        assert_eq!(Collation::Jsonb.compare("1.0", "1"), Ordering::Equal);
    }
}
