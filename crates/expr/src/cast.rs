//! Casts between types, and fitting a value to a type's modifier.

use std::cmp::Ordering;

use bigdecimal::BigDecimal;
use mainstay_base::{Problem, Result};

use crate::calendar::{self, DAY};
use crate::input::{self, TimeContext};
use crate::{ColumnType, Interval, Jsonb, Modifier, Numeric, Type, Value, numeric, output};

/// The value as another type, as `CAST (value AS to)` makes it: text that is too long for the modifier is cut.
pub fn cast(from: &Type, value: &Value, to: &ColumnType, context: &TimeContext) -> Result<Value> {
    let converted = convert(from, value, &to.ty, context)?;
    match to.modifier {
        Modifier::None => Ok(converted),
        _ => fit(&to.ty, converted, to.modifier, true),
    }
}

/// The value as it is stored in a column: as [`cast`], but text that is too long is an error.
pub fn assign(from: &Type, value: &Value, to: &ColumnType, context: &TimeContext) -> Result<Value> {
    let converted = convert(from, value, &to.ty, context)?;
    match to.modifier {
        Modifier::None => Ok(converted),
        _ => fit(&to.ty, converted, to.modifier, false),
    }
}

fn convert(from: &Type, value: &Value, to: &Type, context: &TimeContext) -> Result<Value> {
    if from == to || value.is_null() {
        return Ok(value.clone());
    }
    match (from, to) {
        (_, to) if to.is_text() => Ok(Value::Text(output::to_text(from, value, &context.zone))),
        (from, to) if from.is_text() => match value {
            Value::Text(text) => input::parse_plain(to, text, context),
            _ => Err(impossible(from, to)),
        },
        (from, to) if from.is_number() && to.is_number() => number(from, value, to),
        (Type::Array(from), Type::Array(to)) => match value {
            Value::Array(elements) => {
                let elements = elements.iter().map(|element| convert(from, element, to, context));
                elements.collect::<Result<_>>().map(Value::Array)
            }
            _ => Err(impossible(from, to)),
        },
        _ => other(from, value, to, context),
    }
}

fn other(from: &Type, value: &Value, to: &Type, context: &TimeContext) -> Result<Value> {
    let zone = &context.zone;
    Ok(match (value, to) {
        (Value::Int(value), Type::Bool) => Value::Bool(*value != 0),
        (Value::Bool(value), to) if to.is_number() => Value::Int(i64::from(*value)),
        (Value::Date(days), Type::Timestamp) => Value::Timestamp(midnight(*days)?),
        (Value::Date(days), Type::Timestamptz) => Value::Timestamptz(zone.moment(midnight(*days)?)),
        (Value::Timestamp(local), Type::Timestamptz) => Value::Timestamptz(zone.moment(*local)),
        (Value::Timestamp(local), Type::Date) => Value::Date(date_of(*local)),
        (Value::Timestamp(local), Type::Time) => time_of(*local),
        (Value::Timestamptz(moment), Type::Timestamp) => Value::Timestamp(zone.local(*moment)),
        (Value::Timestamptz(moment), Type::Date) => Value::Date(date_of(zone.local(*moment))),
        (Value::Timestamptz(moment), Type::Time) => time_of(zone.local(*moment)),
        (Value::Time(micros), Type::Interval) => {
            Value::Interval(Interval { micros: *micros, ..Interval::default() })
        }
        (Value::Interval(interval), Type::Time) => Value::Time(interval.micros.rem_euclid(DAY)),
        (Value::Json(text), Type::Jsonb) => Value::Jsonb(input::json::parse_jsonb(text)?),
        (Value::Jsonb(_), Type::Json) => Value::Json(output::to_text(from, value, zone)),
        (Value::Jsonb(json), to) => from_jsonb(json, to)?,
        _ => return Err(impossible(from, to)),
    })
}

fn impossible(from: &Type, to: &Type) -> Problem {
    Problem::new("42846", format!("cannot cast type {from} to {to}"))
}

/// Midnight of a day, as a timestamp.
pub(crate) fn midnight(days: i32) -> Result<i64> {
    match days {
        calendar::DATE_INFINITY => Ok(calendar::TIMESTAMP_INFINITY),
        calendar::DATE_MINUS_INFINITY => Ok(calendar::TIMESTAMP_MINUS_INFINITY),
        _ => calendar::valid_timestamp(i128::from(days) * i128::from(DAY))
            .ok_or_else(|| Problem::new("22008", "date out of range for timestamp")),
    }
}

fn date_of(local: i64) -> i32 {
    match local {
        calendar::TIMESTAMP_INFINITY => calendar::DATE_INFINITY,
        calendar::TIMESTAMP_MINUS_INFINITY => calendar::DATE_MINUS_INFINITY,
        _ => calendar::split(local).0 as i32,
    }
}

fn time_of(local: i64) -> Value {
    if calendar::is_infinite(local) { Value::Null } else { Value::Time(calendar::split(local).1) }
}

fn number(from: &Type, value: &Value, to: &Type) -> Result<Value> {
    match value {
        Value::Int(value) => match to {
            Type::Float4 => Ok(Value::Float(f64::from(*value as f32))),
            Type::Float8 => Ok(Value::Float(*value as f64)),
            Type::Numeric => Ok(Value::Numeric(Numeric::from_int(*value))),
            _ => int_in_range(i128::from(*value), to),
        },
        Value::Float(value) => match to {
            Type::Float4 => to_real(*value).map(Value::Float),
            Type::Float8 => Ok(Value::Float(*value)),
            Type::Numeric => {
                let digits = if *from == Type::Float4 { 6 } else { 15 };
                numeric::from_f64(*value, digits).map(Value::Numeric)
            }
            _ => float_to_int(*value, to),
        },
        Value::Numeric(value) => match to {
            Type::Float4 => to_real(numeric::to_f64(value)).map(Value::Float),
            Type::Float8 => Ok(Value::Float(numeric::to_f64(value))),
            Type::Numeric => Ok(Value::Numeric(value.clone())),
            _ => numeric_to_int(value, to),
        },
        _ => Err(Problem::internal("a number's value is no number")),
    }
}

fn to_real(value: f64) -> Result<f64> {
    let real = value as f32;
    if real.is_infinite() && value.is_finite() {
        return Err(Problem::new("22003", "value out of range: overflow"));
    }
    if real == 0.0 && value != 0.0 {
        return Err(Problem::new("22003", "value out of range: underflow"));
    }
    Ok(f64::from(real))
}

fn float_to_int(value: f64, to: &Type) -> Result<Value> {
    let rounded = value.round_ties_even();
    if rounded.is_nan() || rounded.abs() > 1e30 {
        return Err(int_out_of_range(to));
    }
    int_in_range(rounded as i128, to)
}

fn numeric_to_int(value: &Numeric, to: &Type) -> Result<Value> {
    match value {
        Numeric::NaN => Err(Problem::new("0A000", format!("cannot convert NaN to {to}"))),
        Numeric::Finite(number) => match numeric::to_i64(number) {
            Some(int) => int_in_range(i128::from(int), to),
            None => Err(int_out_of_range(to)),
        },
    }
}

/// The integer, if it is in the type's range.
pub(crate) fn int_in_range(value: i128, ty: &Type) -> Result<Value> {
    let value = i64::try_from(value).map_err(|_| int_out_of_range(ty))?;
    let range = match ty {
        Type::Int2 => i64::from(i16::MIN)..=i64::from(i16::MAX),
        Type::Int4 => i64::from(i32::MIN)..=i64::from(i32::MAX),
        _ => i64::MIN..=i64::MAX,
    };
    if range.contains(&value) { Ok(Value::Int(value)) } else { Err(int_out_of_range(ty)) }
}

fn int_out_of_range(ty: &Type) -> Problem {
    Problem::new("22003", format!("{ty} out of range"))
}

fn from_jsonb(json: &Jsonb, to: &Type) -> Result<Value> {
    match (json, to) {
        (Jsonb::Bool(truth), Type::Bool) => Ok(Value::Bool(*truth)),
        (Jsonb::Number(finite), to) if to.is_number() => {
            number(&Type::Numeric, &Value::Numeric(Numeric::Finite(finite.clone())), to)
        }
        _ => {
            let kind = match json {
                Jsonb::Null => "null",
                Jsonb::Bool(_) => "boolean",
                Jsonb::Number(_) => "numeric",
                Jsonb::String(_) => "string",
                Jsonb::Array(_) => "array",
                Jsonb::Object(_) => "object",
            };
            Err(Problem::new("22023", format!("cannot cast jsonb {kind} to type {to}")))
        }
    }
}

/// Fits a value to its type's modifier: rounds digits, cuts or pads text. Text that is too long is cut silently when the
/// cast was written (`explicit`), else only blanks are cut and anything more is an error.
pub fn fit(ty: &Type, value: Value, modifier: Modifier, explicit: bool) -> Result<Value> {
    Ok(match (value, modifier) {
        (Value::Array(elements), _) => {
            let element = ty.element().unwrap_or(ty);
            let fitted = elements.into_iter().map(|value| fit(element, value, modifier, explicit));
            Value::Array(fitted.collect::<Result<_>>()?)
        }
        (Value::Text(text), Modifier::Length(length)) => {
            Value::Text(fit_text(ty, text, length as usize, explicit)?)
        }
        (Value::Numeric(number), Modifier::Precision(precision, scale)) => {
            Value::Numeric(numeric::fit(&number, precision, scale)?)
        }
        (Value::Time(micros), Modifier::Seconds(digits)) => {
            Value::Time(calendar::round_to(micros, digits).min(DAY))
        }
        (Value::Timestamp(micros), Modifier::Seconds(digits)) => {
            Value::Timestamp(calendar::round_to(micros, digits))
        }
        (Value::Timestamptz(micros), Modifier::Seconds(digits)) => {
            Value::Timestamptz(calendar::round_to(micros, digits))
        }
        (Value::Interval(interval), Modifier::Seconds(digits)) => {
            Value::Interval(Interval { micros: calendar::round_to(interval.micros, digits), ..interval })
        }
        (value, _) => value,
    })
}

fn fit_text(ty: &Type, mut text: String, length: usize, explicit: bool) -> Result<String> {
    // Bytes are at least as many as characters.
    let count =
        if text.len() <= length { text.chars().count() } else { text.chars().take(length + 1).count() };
    match count.cmp(&length) {
        Ordering::Greater => {
            let end = text.char_indices().nth(length).map_or(text.len(), |(position, _)| position);
            if !explicit && text[end..].bytes().any(|byte| byte != b' ') {
                let message = format!("value too long for type {ty}({length})");
                return Err(Problem::new("22001", message));
            }
            text.truncate(end);
        }
        Ordering::Less if *ty == Type::Bpchar => text.extend(std::iter::repeat_n(' ', length - count)),
        _ => {}
    }
    Ok(text)
}

/// The numeric value of any number.
pub(crate) fn to_numeric(value: &Value) -> Option<Numeric> {
    match value {
        Value::Int(value) => Some(Numeric::from_int(*value)),
        Value::Numeric(value) => Some(value.clone()),
        Value::Float(value) => numeric::from_f64(*value, 15).ok(),
        _ => None,
    }
}

/// A finite numeric as a value.
pub(crate) fn finite(number: BigDecimal) -> Value {
    Value::Numeric(Numeric::Finite(number))
}
