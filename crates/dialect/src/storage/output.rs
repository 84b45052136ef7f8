//! Storage forms straight to the bytes of an answer: JSON as PostgreSQL's `to_json` writes it, and PostgreSQL's text form
//! for CSV. The common forms are written from what is stored, without a [`Value`](mainstay_expr::Value) between.

use mainstay_base::Result;
use mainstay_expr::{Zone, output};

use super::{DatumRef, Storage, invalid_utf8};

/// Appends a value as JSON; `null` for NULL.
pub fn write_json(storage: &Storage, datum: DatumRef<'_>, zone: &Zone, out: &mut Vec<u8>) -> Result<()> {
    match (datum, storage) {
        (DatumRef::Null, _) => out.extend_from_slice(b"null"),
        (DatumRef::Int(number), Storage::Int | Storage::Fixed(_)) => output::int(number, out),
        (DatumRef::Int(truth), Storage::Bool) => {
            out.extend_from_slice(if truth == 0 { b"false" } else { b"true" });
        }
        (DatumRef::Int(number), Storage::Scaled(scale)) => output::scaled(number, *scale, out),
        (DatumRef::Real(number), Storage::Float8) if number.is_finite() => output::float8(number, out),
        (DatumRef::Text(text), Storage::Text | Storage::Bpchar) => {
            output::json_utf8(text, out).map_err(|_| invalid_utf8())?;
        }
        (DatumRef::Text(text), Storage::Json | Storage::Jsonb) => out.extend_from_slice(text),
        (DatumRef::Text(text), Storage::Decimal | Storage::Fixed(_)) if text != b"NaN" => {
            out.extend_from_slice(text);
        }
        (DatumRef::Text(text), Storage::Array(element)) if is_json(element) => out.extend_from_slice(text),
        (DatumRef::Text(text), _) if is_stored_as_shown(storage, text, zone) => {
            out.push(b'"');
            write_shown(storage, text, b'T', b"+00:00", out);
            out.push(b'"');
        }
        _ => output::json(&storage.value_type(), &storage.decode(datum)?, zone, out),
    }
    Ok(())
}

/// Appends a value in PostgreSQL's text form; nothing for NULL.
pub fn write_text(storage: &Storage, datum: DatumRef<'_>, zone: &Zone, out: &mut Vec<u8>) -> Result<()> {
    match (datum, storage) {
        (DatumRef::Int(number), Storage::Int | Storage::Fixed(_)) => output::int(number, out),
        (DatumRef::Int(number), Storage::Scaled(scale)) => output::scaled(number, *scale, out),
        (
            DatumRef::Text(text),
            Storage::Text
            | Storage::Bpchar
            | Storage::Json
            | Storage::Jsonb
            | Storage::Decimal
            | Storage::Fixed(_),
        ) => out.extend_from_slice(text),
        (DatumRef::Text(text), _) if is_stored_as_shown(storage, text, zone) => {
            write_shown(storage, text, b' ', b"+00", out);
        }
        _ => output::field(&storage.value_type(), &storage.decode(datum)?, zone, out),
    }
    Ok(())
}

/// Whether a stored array of such elements is already what `to_json` makes of it.
fn is_json(element: &Storage) -> bool {
    matches!(element, Storage::Bool | Storage::Int | Storage::Text | Storage::Bpchar | Storage::Uuid)
}

/// Whether a stored text only needs trimming: times in UTC of years with four digits, and uuids.
fn is_stored_as_shown(storage: &Storage, text: &[u8], zone: &Zone) -> bool {
    match storage {
        Storage::Uuid | Storage::Time => true,
        Storage::Date | Storage::Timestamp => text.first().is_some_and(u8::is_ascii_digit),
        Storage::Timestamptz => *zone == Zone::Utc && text.first().is_some_and(u8::is_ascii_digit),
        _ => false,
    }
}

/// `offset` is how the style shows UTC.
fn write_shown(storage: &Storage, text: &[u8], separator: u8, offset: &[u8], out: &mut Vec<u8>) {
    match storage {
        Storage::Timestamp | Storage::Timestamptz if text.len() > 10 => {
            out.extend_from_slice(&text[..10]);
            out.push(separator);
            out.extend_from_slice(without_zeros(&text[11..]));
            if *storage == Storage::Timestamptz {
                out.extend_from_slice(offset);
            }
        }
        Storage::Time => out.extend_from_slice(without_zeros(text)),
        _ => out.extend_from_slice(text),
    }
}

/// A time without the trailing zeros of its fraction.
fn without_zeros(time: &[u8]) -> &[u8] {
    let end = time.iter().rposition(|byte| *byte != b'0').map_or(0, |last| last + 1);
    match time.get(end.saturating_sub(1)) {
        Some(b'.') => &time[..end - 1],
        _ => &time[..end],
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use mainstay_expr::{ColumnType, TimeContext, Type, input};

    use super::*;

    /// What is stored for a text of a type, and how that is shown as JSON and as text.
    fn shown(ty: &str, text: &str, zone: &Zone) -> (String, String) {
        let ty = match ty.strip_suffix("[]") {
            Some(element) => Type::Array(Arc::new(Type::named(element).unwrap())),
            None => Type::named(ty).unwrap(),
        };
        let column = ColumnType::from(ty.clone());
        let value = input::parse(&column, text, &TimeContext::default()).unwrap();
        let storage = Storage::of(&column);
        let datum = storage.encode(&value).unwrap();
        assert_eq!(storage.decode(datum.as_ref()).unwrap(), value, "{ty} {text}");
        let (mut json, mut plain) = (Vec::new(), Vec::new());
        write_json(&storage, datum.as_ref(), zone, &mut json).unwrap();
        write_text(&storage, datum.as_ref(), zone, &mut plain).unwrap();
        assert_eq!(String::from_utf8(json.clone()).unwrap(), output::to_json(&ty, &value, zone));
        assert_eq!(String::from_utf8(plain.clone()).unwrap(), output::to_field(&ty, &value, zone));
        (String::from_utf8(json).unwrap(), String::from_utf8(plain).unwrap())
    }

    #[test]
    fn what_is_stored_is_shown_as_the_value_is() {
        let zones = [Zone::Utc, Zone::fixed(5400)];
        let cases = [
            ("bool", "true"),
            ("int8", "-9223372036854775808"),
            ("float4", "0.1"),
            ("float8", "1e300"),
            ("float8", "-Infinity"),
            ("numeric", "1.10"),
            ("numeric", "NaN"),
            ("text", "a \"quoted\" \\ line\n\u{1}é"),
            ("uuid", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"),
            ("date", "2024-02-29"),
            ("date", "0044-03-15 BC"),
            ("date", "12024-03-15"),
            ("date", "infinity"),
            ("time", "23:59:59.999999"),
            ("time", "24:00:00"),
            ("timestamp", "2024-02-29 10:00:00.5"),
            ("timestamp", "0044-03-15 10:00:00 BC"),
            ("timestamptz", "2024-02-29 23:00:00+00"),
            ("timestamptz", "-infinity"),
            ("interval", "1 mon 2 days 03:04:05"),
            ("json", "{\"b\" : 1,\"a\":[ ]}"),
            ("jsonb", "{\"b\" : 1,\"a\":[ 1.0, null, \"x\"]}"),
            ("bytea", "\\x00ff"),
            ("text[]", "{a,\"b c\",NULL,\"null\",\"\"}"),
            ("int4[]", "{1,NULL,-3}"),
            ("bool[]", "{t,f}"),
            ("numeric[]", "{1.10,NaN,NULL}"),
            ("float8[]", "{1,Infinity}"),
            ("bytea[]", "{\"\\\\x00ff\"}"),
            ("timestamptz[]", "{\"2024-02-29 23:00:00+00\"}"),
            ("jsonb[]", "{\"{\\\"a\\\": 1}\"}"),
        ];
        for (ty, text) in cases {
            for zone in &zones {
                shown(ty, text, zone);
            }
        }
    }

    #[test]
    fn timestamps_lose_only_their_trailing_zeros() {
        let utc = &Zone::Utc;
        assert_eq!(
            shown("timestamptz", "2024-02-29 23:00:00.120+00", utc).0,
            "\"2024-02-29T23:00:00.12+00:00\""
        );
        assert_eq!(shown("timestamp", "2024-02-29 20:00:00", utc).1, "2024-02-29 20:00:00");
    }
}
