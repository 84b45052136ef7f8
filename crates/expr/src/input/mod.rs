//! Texts and JSON values read as values of a type, with PostgreSQL's rules and its errors.

mod array;
mod datetime;
mod fields;
mod interval;
pub(crate) mod json;
pub(crate) mod scalar;

use std::borrow::Cow;
use std::collections::HashMap;

use mainstay_base::{Problem, Result};

use crate::{ColumnType, Modifier, NativeKind, NativeType, Session, Type, Value, Zone, cast, output};

pub(crate) use datetime::{parse_date, parse_time, parse_timestamp, parse_timestamptz};
pub(crate) use fields::month_by_name;
pub(crate) use interval::parse_interval;

/// What reading and showing times depends on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TimeContext {
    /// The session's time zone.
    pub zone: Zone,
    /// The transaction's time, microseconds since 1970 UTC: what `now` and `today` mean.
    pub now_us: i64,
}

impl TimeContext {
    /// That of a session; an unknown time zone is an error.
    pub fn of(session: &Session) -> Result<Self> {
        let zone = session.timezone.as_deref().map_or(Ok(Zone::Utc), Zone::setting)?;
        Ok(Self { zone, now_us: session.now_us })
    }
}

/// The value of that type that a text stands for, fitted to the type's modifier as when it is stored in a column: too
/// long is an error, digits after the point are rounded.
pub fn parse(ty: &ColumnType, text: &str, context: &TimeContext) -> Result<Value> {
    let value = parse_plain(&ty.ty, text, context)?;
    match ty.modifier {
        Modifier::None => Ok(value),
        _ => cast::fit(&ty.ty, value, ty.modifier, false),
    }
}

/// The value of that type that a text stands for.
pub fn parse_plain(ty: &Type, text: &str, context: &TimeContext) -> Result<Value> {
    if memchr::memchr(0, text.as_bytes()).is_some() {
        return Err(Problem::new("22021", "invalid byte sequence for encoding \"UTF8\": 0x00"));
    }
    Ok(match ty {
        Type::Bool => Value::Bool(scalar::parse_bool(text)?),
        Type::Int2 | Type::Int4 | Type::Int8 => Value::Int(scalar::parse_int(ty, text)?),
        Type::Float4 | Type::Float8 => Value::Float(scalar::parse_float(ty, text)?),
        Type::Numeric => Value::Numeric(scalar::parse_numeric(text)?),
        Type::Text | Type::Varchar | Type::Bpchar => Value::Text(text.to_owned()),
        Type::Uuid => Value::Uuid(scalar::parse_uuid(text)?),
        Type::Date => Value::Date(parse_date(text, context)?),
        Type::Time => Value::Time(parse_time(text, context)?),
        Type::Timestamp => Value::Timestamp(parse_timestamp(text, context)?),
        Type::Timestamptz => Value::Timestamptz(parse_timestamptz(text, context)?),
        Type::Interval => Value::Interval(parse_interval(text)?),
        Type::Json => {
            json::validate(text)?;
            Value::Json(text.to_owned())
        }
        Type::Jsonb => Value::Jsonb(json::parse_jsonb(text)?),
        Type::Bytea => Value::Bytea(scalar::parse_bytea(text)?),
        Type::Enum(declared) => {
            if !declared.labels.iter().any(|label| label == text) {
                let message = format!("invalid input value for enum {ty}: \"{text}\"");
                return Err(Problem::new("22P02", message));
            }
            Value::Text(text.to_owned())
        }
        Type::Array(element) => Value::Array(array::parse(element, text, context)?),
        Type::Native(_) => Value::Text(text.to_owned()),
        Type::Void => Value::Null,
    })
}

/// The value of a column that a JSON value stands for, as `json_populate_record` reads it: null is NULL, strings stand
/// for their text, numbers and truth values for their spelling, arrays for arrays, and anything may be json.
///
/// `json` is one JSON value as it was sent, already known to be well formed. When an array is expected and it is none, the
/// caller, who knows the key, may add PostgreSQL's hint.
pub fn from_json(ty: &ColumnType, json: &str, context: &TimeContext) -> Result<Value> {
    let json = json.trim_matches([' ', '\t', '\n', '\r']);
    if json == "null" {
        return Ok(Value::Null);
    }
    match &ty.ty {
        Type::Json => Ok(Value::Json(json.to_owned())),
        Type::Jsonb => Ok(Value::Jsonb(json::parse_jsonb(json)?)),
        Type::Array(element) if !json.starts_with('"') => {
            array_from_json(element, ty.modifier, json, context)
        }
        Type::Native(native) => from_json_native(native, json, context).map(Value::Text),
        _ if json.starts_with('"') => parse(ty, &unquote(json)?, context),
        _ => parse(ty, json, context),
    }
}

/// The text form that a JSON value has in a native type: an object is a row of a composite type, and whatever else is no string
/// is left to the type itself.
fn from_json_native(native: &NativeType, json: &str, context: &TimeContext) -> Result<String> {
    match &native.kind {
        NativeKind::Represented(representation) if representation.from_json.is_some() => Ok(json.to_owned()),
        _ if json.starts_with('"') => Ok(unquote(json)?.into_owned()),
        NativeKind::Composite(attributes) if json.starts_with('{') => row(attributes, json, context),
        NativeKind::Nested(element) if json.starts_with('[') => nested(element, json, context),
        _ => Ok(json.to_owned()),
    }
}

/// The literal of an array, whose elements may be arrays.
fn nested(element: &Type, json: &str, context: &TimeContext) -> Result<String> {
    let parts: Vec<&serde_json::value::RawValue> =
        serde_json::from_str(json).map_err(|_| json::malformed())?;
    let literal = |part: &&serde_json::value::RawValue| {
        if part.get().starts_with('[') {
            return nested(element, part.get(), context);
        }
        let one = Value::Array(vec![from_json(&element.clone().into(), part.get(), context)?]);
        let text = output::to_field(&element.clone().array(), &one, &context.zone);
        // Without the braces of the array around it.
        Ok(text.get(1..text.len() - 1).unwrap_or_default().to_owned())
    };
    let literals = parts.iter().map(literal).collect::<Result<Vec<_>>>()?;
    Ok(format!("{{{}}}", literals.join(",")))
}

/// A row's text form: `(1,"two words",)`. Attributes that the object lacks are NULL, keys that are no attribute mean nothing.
fn row(attributes: &[(String, Type)], json: &str, context: &TimeContext) -> Result<String> {
    let object: HashMap<Cow<'_, str>, &serde_json::value::RawValue> =
        serde_json::from_str(json).map_err(|_| json::malformed())?;
    let mut text = String::from("(");
    for (position, (name, ty)) in attributes.iter().enumerate() {
        if position > 0 {
            text.push(',');
        }
        let Some(given) = object.get(name.as_str()) else { continue };
        let value = from_json(&ty.clone().into(), given.get(), context)?;
        if !value.is_null() {
            text.push('"');
            text.push_str(
                &output::to_field(ty, &value, &context.zone).replace('\\', "\\\\").replace('"', "\"\""),
            );
            text.push('"');
        }
    }
    text.push(')');
    Ok(text)
}

fn array_from_json(element: &Type, modifier: Modifier, json: &str, context: &TimeContext) -> Result<Value> {
    if !json.starts_with('[') {
        return Err(Problem::new("22P02", "expected JSON array"));
    }
    let elements: Vec<&serde_json::value::RawValue> =
        serde_json::from_str(json).map_err(|_| json::malformed())?;
    let ty = ColumnType { ty: element.clone(), modifier };
    let values = elements.into_iter().map(|element| {
        let text = element.get();
        if text.starts_with('[') && !matches!(ty.ty, Type::Json | Type::Jsonb) {
            return Err(array::nested());
        }
        from_json(&ty, text, context)
    });
    values.collect::<Result<_>>().map(Value::Array)
}

/// The text that a JSON string stands for.
pub(crate) fn unquote(json: &str) -> Result<Cow<'_, str>> {
    let inner = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match inner {
        Some(plain) if memchr::memchr(b'\\', plain.as_bytes()).is_none() => Ok(Cow::Borrowed(plain)),
        _ => {
            let text: String = serde_json::from_str(json).map_err(|_| json::malformed())?;
            if memchr::memchr(0, text.as_bytes()).is_some() {
                return Err(json::untranslatable());
            }
            Ok(Cow::Owned(text))
        }
    }
}

/// 22P02: the text does not spell a value of the type.
pub(crate) fn invalid(ty: &str, text: &str) -> Problem {
    Problem::new("22P02", format!("invalid input syntax for type {ty}: \"{text}\""))
}

/// The blanks that C's `isspace` knows.
pub(crate) fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}')
}
