//! Values as PostgreSQL sends them, in its binary forms, to the bytes of an answer. The common forms are written as they come,
//! without a [`Value`] between.
//!
//! The forms are those of the types' send functions: numbers in network byte order, times from 2000-01-01 on, numerics in
//! groups of four decimal digits.

use mainstay_base::{Problem, Result};
use mainstay_engine::ValueForm;
use mainstay_expr::{Interval, Type, Value, Zone, input, output};
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

/// From 1970-01-01 to 2000-01-01.
const DAYS_TO_2000: i32 = 10_957;
const MICROS_TO_2000: i64 = DAYS_TO_2000 as i64 * 86_400_000_000;

/// The bytes of a value.
pub(crate) struct Raw<'r>(pub &'r [u8]);

impl<'r> FromSql<'r> for Raw<'r> {
    fn from_sql(
        _: &tokio_postgres::types::Type,
        raw: &'r [u8],
    ) -> std::result::Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_: &tokio_postgres::types::Type) -> bool {
        true
    }
}

/// The bytes of a row's column; `None` for NULL.
#[inline]
pub(crate) fn raw(row: &Row, column: usize) -> Result<Option<&[u8]>> {
    match row.try_get::<_, Option<Raw<'_>>>(column) {
        Ok(value) => Ok(value.map(|raw| raw.0)),
        Err(_) => Err(Problem::internal(format!("an answer has no column {column}"))),
    }
}

/// Appends a value in a form.
pub(crate) fn write(ty: &Type, raw: &[u8], zone: &Zone, form: ValueForm, out: &mut Vec<u8>) -> Result<()> {
    match (ty, form) {
        (Type::Text | Type::Varchar | Type::Bpchar | Type::Enum(_), ValueForm::Json) => {
            output::json_utf8(raw, out).map_err(|_| malformed(ty))
        }
        // Whatever is more than its text came as JSON, or as text where that is wanted.
        (Type::Native(native), ValueForm::Json) if !native.has_json => {
            output::json_utf8(raw, out).map_err(|_| malformed(ty))
        }
        (Type::Native(_), _) => {
            out.extend_from_slice(raw);
            Ok(())
        }
        (Type::Array(element), _) if matches!(**element, Type::Native(_)) => {
            out.extend_from_slice(raw);
            Ok(())
        }
        (Type::Text | Type::Varchar | Type::Bpchar | Type::Enum(_) | Type::Json, _) => {
            out.extend_from_slice(raw);
            Ok(())
        }
        (Type::Jsonb, _) => {
            // a version, and then the text
            out.extend_from_slice(raw.get(1..).ok_or_else(|| malformed(ty))?);
            Ok(())
        }
        (Type::Int2 | Type::Int4 | Type::Int8, _) => {
            output::int(integer(ty, raw)?, out);
            Ok(())
        }
        (Type::Bool, ValueForm::Json) => {
            out.extend_from_slice(if raw == [0] { b"false" } else { b"true" });
            Ok(())
        }
        (Type::Array(element), _) if dimensions(raw) > 1 => nested(element, raw, zone, form, out),
        (_, ValueForm::Json) => {
            output::json(ty, &decode(ty, raw)?, zone, out);
            Ok(())
        }
        (_, ValueForm::Text) => {
            output::field(ty, &decode(ty, raw)?, zone, out);
            Ok(())
        }
    }
}

/// Appends a value that is a whole answer: bytes as they are, all others as text.
pub(crate) fn document(ty: &Type, raw: &[u8], zone: &Zone, out: &mut Vec<u8>) -> Result<()> {
    match ty {
        Type::Bytea => {
            out.extend_from_slice(raw);
            Ok(())
        }
        ty => write(ty, raw, zone, ValueForm::Text, out),
    }
}

/// A value.
pub(crate) fn decode(ty: &Type, raw: &[u8]) -> Result<Value> {
    let text = || std::str::from_utf8(raw).map(str::to_owned).map_err(|_| malformed(ty));
    Ok(match ty {
        Type::Bool => Value::Bool(raw != [0]),
        Type::Int2 | Type::Int4 | Type::Int8 => Value::Int(integer(ty, raw)?),
        Type::Float4 => Value::Float(f64::from(f32::from_be_bytes(array(ty, raw)?))),
        Type::Float8 => Value::Float(f64::from_be_bytes(array(ty, raw)?)),
        Type::Numeric => numeric(raw)?,
        Type::Text | Type::Varchar | Type::Bpchar | Type::Enum(_) | Type::Void | Type::Native(_) => {
            Value::Text(text()?)
        }
        Type::Json => Value::Json(text()?),
        Type::Jsonb => {
            let text = std::str::from_utf8(raw.get(1..).unwrap_or_default()).map_err(|_| malformed(ty))?;
            input::parse_plain(ty, text, &input::TimeContext::default())?
        }
        Type::Uuid => Value::Uuid(array(ty, raw)?),
        Type::Date => Value::Date(match i32::from_be_bytes(array(ty, raw)?) {
            infinite @ (i32::MAX | i32::MIN) => infinite,
            days => days + DAYS_TO_2000,
        }),
        Type::Time => Value::Time(i64::from_be_bytes(array(ty, raw)?)),
        Type::Timestamp => Value::Timestamp(timestamp(i64::from_be_bytes(array(ty, raw)?))),
        Type::Timestamptz => Value::Timestamptz(timestamp(i64::from_be_bytes(array(ty, raw)?))),
        Type::Interval => {
            let bytes: [u8; 16] = array(ty, raw)?;
            let part = |from: usize| {
                i32::from_be_bytes([bytes[from], bytes[from + 1], bytes[from + 2], bytes[from + 3]])
            };
            let micros = i64::from(part(0)) << 32 | i64::from(part(4) as u32);
            Value::Interval(Interval { months: part(12), days: part(8), micros })
        }
        Type::Bytea => Value::Bytea(raw.to_vec()),
        Type::Array(element) => elements(element, raw)?,
    })
}

fn timestamp(micros: i64) -> i64 {
    match micros {
        infinite @ (i64::MAX | i64::MIN) => infinite,
        micros => micros + MICROS_TO_2000,
    }
}

fn integer(ty: &Type, raw: &[u8]) -> Result<i64> {
    Ok(match raw.len() {
        2 => i64::from(i16::from_be_bytes(array(ty, raw)?)),
        4 => i64::from(i32::from_be_bytes(array(ty, raw)?)),
        _ => i64::from_be_bytes(array(ty, raw)?),
    })
}

/// Sign, weight and groups of four digits; see `numeric_send`.
fn numeric(raw: &[u8]) -> Result<Value> {
    const NEGATIVE: u16 = 0x4000;
    const NAN: u16 = 0xC000;
    const INFINITE: u16 = 0xD000;
    const MINUS_INFINITE: u16 = 0xF000;
    let (words, _) = raw.as_chunks::<2>();
    let words: Vec<u16> = words.iter().map(|word| u16::from_be_bytes(*word)).collect();
    let [_, weight, sign, scale, digits @ ..] = words.as_slice() else {
        return Err(malformed(&Type::Numeric));
    };
    let text = match *sign {
        NAN => "NaN".to_owned(),
        INFINITE => "Infinity".to_owned(),
        MINUS_INFINITE => "-Infinity".to_owned(),
        sign => {
            let (weight, scale) = (i32::from(*weight as i16), usize::from(*scale));
            let mut text = String::new();
            if sign == NEGATIVE {
                text.push('-');
            }
            let group =
                |at: i32| usize::try_from(at).ok().and_then(|at| digits.get(at)).copied().unwrap_or(0);
            if weight < 0 {
                text.push('0');
            }
            for at in 0..=weight {
                text += &if at == 0 { group(at).to_string() } else { format!("{:04}", group(at)) };
            }
            if scale > 0 {
                let mut fraction = String::new();
                for at in 0..i32::try_from(scale.div_ceil(4)).unwrap_or(0) {
                    // groups between the point and the first that was sent are zeros
                    fraction += &format!("{:04}", group(at + weight + 1));
                }
                fraction.truncate(scale);
                text.push('.');
                text += &fraction;
            }
            text
        }
    };
    input::parse_plain(&Type::Numeric, &text, &input::TimeContext::default())
}

/// How many dimensions an array has.
fn dimensions(raw: &[u8]) -> i32 {
    raw.first_chunk().map_or(0, |word| i32::from_be_bytes(*word))
}

/// Appends an array of several dimensions: arrays in arrays.
fn nested(element: &Type, raw: &[u8], zone: &Zone, form: ValueForm, out: &mut Vec<u8>) -> Result<()> {
    let length = |dimension: usize| -> Result<usize> {
        let at = 12 + 8 * dimension;
        let word = raw.get(at..at + 4).ok_or_else(|| malformed(element))?;
        usize::try_from(i32::from_be_bytes(array(element, word)?)).map_err(|_| malformed(element))
    };
    let lengths =
        (0..usize::try_from(dimensions(raw)).unwrap_or(0)).map(length).collect::<Result<Vec<_>>>()?;
    let count = lengths.iter().product();
    let values = values(element, raw, 12 + 8 * lengths.len(), count)?;
    nest(element, &lengths, &values, zone, form, out);
    Ok(())
}

fn nest(
    element: &Type,
    lengths: &[usize],
    values: &[Value],
    zone: &Zone,
    form: ValueForm,
    out: &mut Vec<u8>,
) {
    let Some((length, inner)) = lengths.split_first().filter(|(_, inner)| !inner.is_empty()) else {
        let (ty, value) = (element.clone().array(), Value::Array(values.to_vec()));
        match form {
            ValueForm::Json => output::json(&ty, &value, zone, out),
            ValueForm::Text => output::field(&ty, &value, zone, out),
        }
        return;
    };
    let (open, close) = if form == ValueForm::Json { (b'[', b']') } else { (b'{', b'}') };
    out.push(open);
    for (position, part) in values.chunks((values.len() / length).max(1)).enumerate() {
        if position > 0 {
            out.push(b',');
        }
        nest(element, inner, part, zone, form, out);
    }
    out.push(close);
}

/// The elements of an array of one dimension; see `array_send`.
fn elements(element: &Type, raw: &[u8]) -> Result<Value> {
    let broken = || malformed(element);
    let word = |at: usize| -> Result<i32> {
        Ok(i32::from_be_bytes(array(element, raw.get(at..at + 4).ok_or_else(broken)?)?))
    };
    if word(0)? == 0 {
        return Ok(Value::Array(Vec::new()));
    }
    let count = usize::try_from(word(12)?).map_err(|_| broken())?;
    values(element, raw, 20, count).map(Value::Array)
}

/// So many elements, which begin at a place.
fn values(element: &Type, raw: &[u8], mut at: usize, count: usize) -> Result<Vec<Value>> {
    let broken = || malformed(element);
    let mut values = Vec::new();
    for _ in 0..count {
        let length = i32::from_be_bytes(array(element, raw.get(at..at + 4).ok_or_else(broken)?)?);
        at += 4;
        values.push(match usize::try_from(length) {
            Err(_) => Value::Null,
            Ok(length) => {
                let value = decode(element, raw.get(at..at + length).ok_or_else(broken)?)?;
                at += length;
                value
            }
        });
    }
    Ok(values)
}

fn array<const N: usize>(ty: &Type, raw: &[u8]) -> Result<[u8; N]> {
    raw.try_into().map_err(|_| malformed(ty))
}

fn malformed(ty: &Type) -> Problem {
    Problem::internal(format!("the database sent a value that is no {ty}"))
}

/// Appends a part of a key: equal keys have equal bytes, which are the type's text form.
pub(crate) fn push_key(ty: &Type, raw: &[u8], out: &mut Vec<u8>) -> Result<()> {
    match ty {
        Type::Bpchar => out.extend_from_slice(raw.trim_ascii_end()),
        Type::Numeric => {
            let mut text = Vec::new();
            output::field(ty, &numeric(raw)?, &Zone::Utc, &mut text);
            out.extend_from_slice(without_zeros(&text));
        }
        _ => write(ty, raw, &Zone::Utc, ValueForm::Text, out)?,
    }
    Ok(())
}

/// The same for a value that is about to be written.
pub(crate) fn push_value_key(ty: &Type, value: &Value, out: &mut Vec<u8>) {
    let mut text = Vec::new();
    output::field(ty, value, &Zone::Utc, &mut text);
    out.extend_from_slice(match ty {
        Type::Bpchar => text.trim_ascii_end(),
        Type::Numeric => without_zeros(&text),
        _ => &text,
    });
}

/// A number without the zeros that end its fraction.
fn without_zeros(number: &[u8]) -> &[u8] {
    if !number.contains(&b'.') {
        return number;
    }
    let end = number.iter().rposition(|byte| *byte != b'0').map_or(0, |last| last + 1);
    number[..end].strip_suffix(b".").unwrap_or(&number[..end])
}

/// The place of a row: its block and its position there; see `tidsend`.
pub(crate) fn place(raw: &[u8]) -> Result<String> {
    let bytes: [u8; 6] = array(&Type::Text, raw)?;
    let [a, b, c, d, e, f] = bytes;
    Ok(format!("({},{})", u32::from_be_bytes([a, b, c, d]), u16::from_be_bytes([e, f])))
}

/// Appends an element to an array in text form, which [`finish_array`] ends.
pub(crate) fn push_element(array: &mut String, text: &[u8]) {
    array.push(if array.is_empty() { '{' } else { ',' });
    push_quoted(array, text);
}

/// Appends a text in an array's quotes.
pub(crate) fn push_quoted(array: &mut String, text: &[u8]) {
    array.push('"');
    for character in String::from_utf8_lossy(text).chars() {
        if matches!(character, '"' | '\\') {
            array.push('\\');
        }
        array.push(character);
    }
    array.push('"');
}

/// The array that elements were appended to.
pub(crate) fn finish_array(mut array: String) -> String {
    if array.is_empty() {
        array.push('{');
    }
    array.push('}');
    array
}

/// A count.
pub(crate) fn count(raw: Option<&[u8]>) -> Result<u64> {
    let number = integer(&Type::Int8, raw.ok_or_else(|| malformed(&Type::Int8))?)?;
    Ok(u64::try_from(number).unwrap_or_default())
}
