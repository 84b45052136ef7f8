//! Values as text and as JSON, byte for byte as PostgreSQL writes them.
//!
//! Everything appends to a buffer and allocates nothing per value: these writers are where most of a read's time goes.
//! The writers of single kinds are public, so that an engine can write what it stores without a [`Value`] in between.

mod json;
mod number;
mod time;

pub use json::{json_str, json_utf8, jsonb, jsonb_pretty};
pub use number::{float4, float8, int, numeric, scaled};
pub use time::{date, interval, time, timestamp, timestamptz};

use crate::{Numeric, Type, Value, Zone};

/// How dates and times are set: as text (`2024-01-02 03:04:05+00`) or as JSON has them (`2024-01-02T03:04:05+00:00`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeStyle {
    /// With a blank, and an offset as short as possible.
    Text,
    /// With a `T`, and an offset with minutes.
    Json,
}

/// Appends the value as `::text` gives it, `char` without its padding; nothing for NULL.
pub fn text(ty: &Type, value: &Value, zone: &Zone, out: &mut Vec<u8>) {
    match value {
        Value::Bool(truth) => out.extend_from_slice(if *truth { b"true" } else { b"false" }),
        Value::Text(padded) if *ty == Type::Bpchar => {
            out.extend_from_slice(padded.trim_end_matches(' ').as_bytes());
        }
        _ => field(ty, value, zone, out),
    }
}

/// Appends the value as its type's output function gives it: in CSV, in arrays and in messages. It differs from
/// [`text`] in booleans, which are `t` and `f`, and in `char`, which is padded.
pub fn field(ty: &Type, value: &Value, zone: &Zone, out: &mut Vec<u8>) {
    match value {
        Value::Null => {}
        Value::Bool(truth) => out.push(if *truth { b't' } else { b'f' }),
        Value::Int(value) => int(*value, out),
        Value::Float(value) if *ty == Type::Float4 => float4(*value as f32, out),
        Value::Float(value) => float8(*value, out),
        Value::Numeric(value) => numeric(value, out),
        Value::Text(value) | Value::Json(value) => out.extend_from_slice(value.as_bytes()),
        Value::Uuid(value) => uuid(value, out),
        Value::Date(value) => date(*value, out),
        Value::Time(value) => time(*value, out),
        Value::Timestamp(value) => timestamp(*value, TimeStyle::Text, out),
        Value::Timestamptz(value) => timestamptz(*value, zone, TimeStyle::Text, out),
        Value::Interval(value) => interval(value, out),
        Value::Jsonb(value) => jsonb(value, out),
        Value::Bytea(value) => {
            out.extend_from_slice(b"\\x");
            hex(value, out);
        }
        Value::Array(elements) => array(ty.element().unwrap_or(&Type::Text), elements, zone, out),
    }
}

/// Appends the value as `to_json` gives it; `null` for NULL.
pub fn json(ty: &Type, value: &Value, zone: &Zone, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(_) => text(ty, value, zone, out),
        Value::Int(value) => int(*value, out),
        Value::Float(value) if value.is_finite() => field(ty, &Value::Float(*value), zone, out),
        Value::Numeric(number @ Numeric::Finite(_)) => numeric(number, out),
        Value::Text(value) => json_str(value, out),
        Value::Json(value) => out.extend_from_slice(value.as_bytes()),
        Value::Jsonb(value) => jsonb(value, out),
        Value::Timestamp(value) => quoted(out, |out| timestamp(*value, TimeStyle::Json, out)),
        Value::Timestamptz(value) => quoted(out, |out| timestamptz(*value, zone, TimeStyle::Json, out)),
        Value::Bytea(value) => {
            out.extend_from_slice(b"\"\\\\x");
            hex(value, out);
            out.push(b'"');
        }
        Value::Array(elements) => {
            let element = ty.element().unwrap_or(&Type::Text);
            out.push(b'[');
            for (position, value) in elements.iter().enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                json(element, value, zone, out);
            }
            out.push(b']');
        }
        // None of these ever needs escaping.
        Value::Float(_)
        | Value::Numeric(Numeric::NaN)
        | Value::Uuid(_)
        | Value::Date(_)
        | Value::Time(_)
        | Value::Interval(_) => quoted(out, |out| field(ty, value, zone, out)),
    }
}

/// [`text`] as a string.
pub fn to_text(ty: &Type, value: &Value, zone: &Zone) -> String {
    let mut out = Vec::new();
    text(ty, value, zone, &mut out);
    into_string(out)
}

/// [`field`] as a string.
pub fn to_field(ty: &Type, value: &Value, zone: &Zone) -> String {
    let mut out = Vec::new();
    field(ty, value, zone, &mut out);
    into_string(out)
}

/// [`json`] as a string.
pub fn to_json(ty: &Type, value: &Value, zone: &Zone) -> String {
    let mut out = Vec::new();
    json(ty, value, zone, &mut out);
    into_string(out)
}

/// What the writers wrote: always UTF-8, because they write ASCII and whole strings.
pub(crate) fn into_string(out: Vec<u8>) -> String {
    String::from_utf8(out).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Appends a uuid in its canonical form.
pub fn uuid(value: &[u8; 16], out: &mut Vec<u8>) {
    let mut text = [b'-'; 36];
    let mut position = 0;
    for (index, byte) in value.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            position += 1;
        }
        text[position..position + 2].copy_from_slice(&hex_pair(*byte));
        position += 2;
    }
    out.extend_from_slice(&text);
}

/// Appends bytes as hexadecimal digits.
pub fn hex(bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve(bytes.len() * 2);
    for byte in bytes {
        out.extend_from_slice(&hex_pair(*byte));
    }
}

fn hex_pair(byte: u8) -> [u8; 2] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]
}

fn quoted(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'"');
    write(out);
    out.push(b'"');
}

/// `{1,NULL,"a b"}`
fn array(element: &Type, elements: &[Value], zone: &Zone, out: &mut Vec<u8>) {
    out.push(b'{');
    for (position, value) in elements.iter().enumerate() {
        if position > 0 {
            out.push(b',');
        }
        if value.is_null() {
            out.extend_from_slice(b"NULL");
            continue;
        }
        let start = out.len();
        field(element, value, zone, out);
        if needs_quotes(&out[start..]) {
            let plain = out.split_off(start);
            out.push(b'"');
            for byte in plain {
                if matches!(byte, b'"' | b'\\') {
                    out.push(b'\\');
                }
                out.push(byte);
            }
            out.push(b'"');
        }
    }
    out.push(b'}');
}

fn needs_quotes(element: &[u8]) -> bool {
    element.is_empty()
        || element.eq_ignore_ascii_case(b"null")
        || element.iter().any(|byte| {
            matches!(byte, b'"' | b'\\' | b'{' | b'}' | b',' | b' ' | b'\t' | b'\n' | b'\r' | 11 | 12)
        })
}
