//! Values to their storage form.

use bigdecimal::num_bigint::BigInt;
use bigdecimal::{BigDecimal, RoundingMode, ToPrimitive};
use mainstay_base::{Problem, Result};
use mainstay_expr::{Interval, Numeric, Value, output};

use super::{Datum, DatumRef, Storage, calendar, invalid_utf8};

impl Storage {
    /// The storage form of a value of a type that is stored this way.
    ///
    /// Fails with `22003` for a number that the storage cannot hold: NaN where numbers are scaled integers or REAL.
    pub fn encode(&self, value: &Value) -> Result<Datum> {
        Ok(match (self, value) {
            (_, Value::Null) | (Self::Void, _) => Datum::Null,
            (_, Value::Bool(truth)) => Datum::Int(i64::from(*truth)),
            (Self::Scaled(scale), Value::Int(number)) => {
                Datum::Int(scaled(&BigDecimal::from(*number), *scale)?)
            }
            (Self::Decimal, Value::Int(number)) => Datum::Text(number.to_string()),
            (Self::Float4 | Self::Float8, Value::Int(number)) => Datum::Real(*number as f64),
            (_, Value::Int(number)) => Datum::Int(*number),
            (_, Value::Float(number)) if number.is_nan() => return Err(no_nan()),
            (_, Value::Float(number)) => Datum::Real(*number),
            (Self::Scaled(scale), Value::Numeric(Numeric::Finite(number))) => {
                Datum::Int(scaled(number, *scale)?)
            }
            (Self::Scaled(_), Value::Numeric(Numeric::NaN)) => return Err(no_nan()),
            (_, Value::Numeric(number)) => written(|out| output::numeric(number, out))?,
            (_, Value::Text(value) | Value::Json(value)) => Datum::Text(value.clone()),
            (_, Value::Uuid(bytes)) => written(|out| output::uuid(bytes, out))?,
            (_, Value::Date(days)) => Datum::Text(calendar::date_text(*days)),
            (_, Value::Time(micros)) => Datum::Text(calendar::time_text(*micros)),
            (_, Value::Timestamp(micros) | Value::Timestamptz(micros)) => {
                Datum::Text(calendar::timestamp_text(*micros))
            }
            (_, Value::Interval(Interval { months, days, micros })) => {
                Datum::Text(format!("{months} {days} {micros}"))
            }
            (_, Value::Jsonb(document)) => written(|out| output::jsonb(document, out))?,
            (_, Value::Bytea(bytes)) => Datum::Blob(bytes.clone()),
            (Self::Array(element), Value::Array(values)) => Datum::Text(element.encode_array(values)?),
            (storage, Value::Array(_)) => {
                return Err(Problem::internal(format!("an array cannot be stored as {storage:?}")));
            }
        })
    }

    /// The JSON text of an array of elements that are stored this way.
    fn encode_array(&self, values: &[Value]) -> Result<String> {
        let mut json = vec![b'['];
        for (position, value) in values.iter().enumerate() {
            if position > 0 {
                json.push(b',');
            }
            self.push_element(self.encode(value)?.as_ref(), &mut json)?;
        }
        json.push(b']');
        String::from_utf8(json).map_err(|_| invalid_utf8())
    }

    /// Appends one element of a stored array, this being the elements' storage.
    ///
    /// What `json_each` makes of it is again the storage form, but for bytea, which is hexadecimal, and the infinities,
    /// which are strings.
    pub(crate) fn push_element(&self, element: DatumRef<'_>, json: &mut Vec<u8>) -> Result<()> {
        match element {
            DatumRef::Null => json.extend_from_slice(b"null"),
            DatumRef::Int(truth) if *self == Self::Bool => {
                json.extend_from_slice(if truth == 0 { b"false" } else { b"true" });
            }
            DatumRef::Int(number) => output::int(number, json),
            DatumRef::Real(number) if number.is_finite() => {
                json.extend_from_slice(format!("{number:?}").as_bytes());
            }
            DatumRef::Real(number) => {
                json.extend_from_slice(if number > 0.0 { b"\"Infinity\"" } else { b"\"-Infinity\"" });
            }
            DatumRef::Text(bytes) => {
                output::json_utf8(bytes, json).map_err(|_| invalid_utf8())?;
            }
            DatumRef::Blob(bytes) => {
                json.push(b'"');
                output::hex(bytes, json);
                json.push(b'"');
            }
        }
        Ok(())
    }
}

fn written(write: impl FnOnce(&mut Vec<u8>)) -> Result<Datum> {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).map(Datum::Text).map_err(|_| invalid_utf8())
}

/// A number times ten to the power of `scale`, rounded half away from zero as an assignment to the type does.
fn scaled(number: &BigDecimal, scale: u16) -> Result<i64> {
    let rounded = number.with_scale_round(i64::from(scale), RoundingMode::HalfUp);
    let (digits, _): (BigInt, i64) = rounded.into_bigint_and_scale();
    digits.to_i64().ok_or_else(|| Problem::new("22003", "numeric field overflow"))
}

fn no_nan() -> Problem {
    Problem::new("22003", "NaN cannot be stored in this column")
        .with_hint("A column of type numeric without precision can hold NaN.")
}
