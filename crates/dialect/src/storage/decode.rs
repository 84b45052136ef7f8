//! Storage forms back to values.

use bigdecimal::BigDecimal;
use bigdecimal::num_bigint::BigInt;
use mainstay_base::{Problem, Result};
use mainstay_expr::{Interval, Numeric, TimeContext, Type, Value, input};
use serde_json::Value as Json;

use super::{Datum, DatumRef, Storage, calendar};

impl Storage {
    /// The value whose storage form this is. Fails only when the database holds something that was never encoded.
    pub fn decode(&self, datum: DatumRef<'_>) -> Result<Value> {
        let value = match datum {
            DatumRef::Null => Some(Value::Null),
            DatumRef::Int(number) => self.decode_int(number),
            DatumRef::Real(number) => match self {
                Self::Float4 | Self::Float8 => Some(Value::Float(number)),
                _ => None,
            },
            DatumRef::Text(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => self.decode_text(text)?,
                Err(_) => None,
            },
            DatumRef::Blob(bytes) => (*self == Self::Bytea).then(|| Value::Bytea(bytes.to_vec())),
        };
        value.ok_or_else(|| Problem::internal(format!("the database holds a value that is no {self:?}")))
    }

    fn decode_int(&self, number: i64) -> Option<Value> {
        Some(match self {
            Self::Bool => Value::Bool(number != 0),
            Self::Int => Value::Int(number),
            Self::Float4 | Self::Float8 => Value::Float(number as f64),
            Self::Fixed(_) | Self::Decimal => Value::Numeric(Numeric::Finite(BigDecimal::from(number))),
            Self::Scaled(scale) => {
                let number = BigDecimal::new(BigInt::from(number), i64::from(*scale));
                Value::Numeric(Numeric::Finite(number))
            }
            _ => return None,
        })
    }

    fn decode_text(&self, stored: &str) -> Result<Option<Value>> {
        Ok(match self {
            Self::Decimal | Self::Fixed(_) => Some(parsed(&Type::Numeric, stored)?),
            Self::Text | Self::Bpchar => Some(Value::Text(stored.to_owned())),
            Self::Trimmed(length) => {
                let width = *length as usize;
                Some(Value::Text(format!("{stored:width$}")))
            }
            Self::Uuid => Some(parsed(&Type::Uuid, stored)?),
            Self::Date => calendar::read_date(stored).map(Value::Date),
            Self::Time => calendar::read_time(stored).map(Value::Time),
            Self::Timestamp => calendar::read_timestamp(stored).map(Value::Timestamp),
            Self::Timestamptz => calendar::read_timestamp(stored).map(Value::Timestamptz),
            Self::Interval => read_interval(stored).map(Value::Interval),
            Self::Json => Some(Value::Json(stored.to_owned())),
            Self::Jsonb => Some(parsed(&Type::Jsonb, stored)?),
            Self::Array(element) => {
                let Ok(elements) = serde_json::from_str::<Vec<Json>>(stored) else { return Ok(None) };
                let values = elements.iter().map(|json| element.decode(element.element(json)?.as_ref()));
                Some(Value::Array(values.collect::<Result<_>>()?))
            }
            _ => None,
        })
    }

    /// The storage form of an element of a stored array, this being the elements' storage.
    pub(crate) fn element(&self, json: &Json) -> Result<Datum> {
        let datum = match json {
            Json::Null => Some(Datum::Null),
            Json::Bool(truth) => Some(Datum::Int(i64::from(*truth))),
            Json::Number(number) => match self {
                Self::Float4 | Self::Float8 => number.to_string().parse().ok().map(Datum::Real),
                _ => number.as_i64().map(Datum::Int),
            },
            Json::String(text) => match self {
                Self::Bytea => match parsed(&Type::Bytea, &format!("\\x{text}"))? {
                    Value::Bytea(bytes) => Some(Datum::Blob(bytes)),
                    _ => None,
                },
                Self::Float4 | Self::Float8 => text.parse().ok().map(Datum::Real),
                _ => Some(Datum::Text(text.clone())),
            },
            Json::Array(_) | Json::Object(_) => None,
        };
        datum.ok_or_else(|| Problem::internal(format!("a stored array holds an element that is no {self:?}")))
    }
}

/// Reads what the type's own output wrote.
fn parsed(ty: &Type, stored: &str) -> Result<Value> {
    input::parse_plain(ty, stored, &TimeContext::default())
}

fn read_interval(stored: &str) -> Option<Interval> {
    let mut parts = stored.split(' ');
    let months = parts.next()?.parse().ok()?;
    let days = parts.next()?.parse().ok()?;
    let micros = parts.next()?.parse().ok()?;
    Some(Interval { months, days, micros })
}
