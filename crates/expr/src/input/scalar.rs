//! Numbers, truth values, uuids and bytes.

use mainstay_base::{Problem, Result};

use super::{invalid, is_space};
use crate::numeric::{self, Parsed};
use crate::{Numeric, Type};

pub(super) fn parse_bool(text: &str) -> Result<bool> {
    let word = text.trim_matches(is_space).to_ascii_lowercase();
    let begins = |full: &str| full.starts_with(&word) && !word.is_empty();
    match word.as_str() {
        "1" => Ok(true),
        "0" => Ok(false),
        "o" => Err(invalid("boolean", text)),
        _ if begins("true") || begins("yes") || begins("on") => Ok(true),
        _ if begins("false") || begins("no") || begins("off") => Ok(false),
        _ => Err(invalid("boolean", text)),
    }
}

/// The range of an integer type.
pub(crate) fn int_range(ty: &Type) -> std::ops::RangeInclusive<i64> {
    match ty {
        Type::Int2 => i64::from(i16::MIN)..=i64::from(i16::MAX),
        Type::Int4 => i64::from(i32::MIN)..=i64::from(i32::MAX),
        _ => i64::MIN..=i64::MAX,
    }
}

pub(super) fn parse_int(ty: &Type, text: &str) -> Result<i64> {
    if let Ok(value) = text.parse()
        && int_range(ty).contains(&value)
    {
        return Ok(value);
    }
    let trimmed = text.trim_matches(is_space);
    let digits = trimmed.strip_prefix(['+', '-']).unwrap_or(trimmed);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(invalid(&ty.to_string(), text));
    }
    trimmed
        .parse()
        .ok()
        .filter(|value| int_range(ty).contains(value))
        .ok_or_else(|| Problem::new("22003", format!("value \"{text}\" is out of range for type {ty}")))
}

pub(super) fn parse_float(ty: &Type, text: &str) -> Result<f64> {
    let trimmed = text.trim_matches(is_space);
    let unsigned = trimmed.strip_prefix(['+', '-']).unwrap_or(trimmed);
    let special = match unsigned.to_ascii_lowercase().as_str() {
        "nan" => Some(f64::NAN),
        "infinity" | "inf" => Some(if trimmed.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY }),
        _ => None,
    };
    if let Some(special) = special {
        return Ok(special);
    }
    if !unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return Err(invalid(&ty.to_string(), text));
    }
    let value = match ty {
        Type::Float4 => trimmed.parse::<f32>().map(f64::from),
        _ => trimmed.parse::<f64>(),
    };
    let value = value.map_err(|_| invalid(&ty.to_string(), text))?;
    let mantissa = unsigned.split(['e', 'E']).next().unwrap_or_default();
    let vanished = value == 0.0 && mantissa.bytes().any(|byte| matches!(byte, b'1'..=b'9'));
    if value.is_infinite() || vanished {
        return Err(Problem::new("22003", format!("\"{trimmed}\" is out of range for type {ty}")));
    }
    Ok(value)
}

pub(super) fn parse_numeric(text: &str) -> Result<Numeric> {
    let trimmed = text.trim_matches(is_space);
    if trimmed.eq_ignore_ascii_case("nan") {
        return Ok(Numeric::NaN);
    }
    match numeric::parse(trimmed) {
        Parsed::Number(number) => Ok(Numeric::Finite(number)),
        Parsed::TooLarge => Err(Problem::new("22003", "value overflows numeric format")),
        Parsed::Malformed => {
            let unsigned = trimmed.strip_prefix(['+', '-']).unwrap_or(trimmed).to_ascii_lowercase();
            if matches!(unsigned.as_str(), "infinity" | "inf") {
                return Err(Problem::new("0A000", "infinite values of type numeric are not supported"));
            }
            Err(invalid("numeric", text))
        }
    }
}

/// Hexadecimal digits in any case; hyphens may follow every fourth digit, braces may surround it.
pub(super) fn parse_uuid(text: &str) -> Result<[u8; 16]> {
    read_uuid(text).ok_or_else(|| invalid("uuid", text))
}

fn read_uuid(text: &str) -> Option<[u8; 16]> {
    let inner = match text.strip_prefix('{') {
        Some(rest) => rest.strip_suffix('}')?,
        None => text,
    };
    let bytes = inner.as_bytes();
    let mut uuid = [0; 16];
    let mut position = 0;
    for (index, byte) in uuid.iter_mut().enumerate() {
        let high = hex_digit(*bytes.get(position)?)?;
        let low = hex_digit(*bytes.get(position + 1)?)?;
        *byte = high << 4 | low;
        position += 2;
        if index % 2 == 1 && index < 15 && bytes.get(position) == Some(&b'-') {
            position += 1;
        }
    }
    (position == bytes.len()).then_some(uuid)
}

pub(crate) fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

pub(super) fn parse_bytea(text: &str) -> Result<Vec<u8>> {
    match text.strip_prefix("\\x") {
        Some(digits) => parse_hex(digits),
        None => {
            parse_escaped(text).ok_or_else(|| Problem::new("22P02", "invalid input syntax for type bytea"))
        }
    }
}

/// Pairs of hexadecimal digits, with blanks between pairs.
pub(crate) fn parse_hex(digits: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(digits.len() / 2);
    let mut characters = digits.chars();
    let value = |character: char| {
        character
            .to_digit(16)
            .map(|digit| digit as u8)
            .ok_or_else(|| Problem::new("22023", format!("invalid hexadecimal digit: \"{character}\"")))
    };
    while let Some(first) = characters.next() {
        if is_space(first) {
            continue;
        }
        let high = value(first)?;
        let second = characters
            .next()
            .ok_or_else(|| Problem::new("22023", "invalid hexadecimal data: odd number of digits"))?;
        bytes.push(high << 4 | value(second)?);
    }
    Ok(bytes)
}

/// Bytes as they are, `\\` for a backslash, `\nnn` for a byte in octal.
pub(crate) fn parse_escaped(text: &str) -> Option<Vec<u8>> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut position = 0;
    while let Some(byte) = bytes.get(position) {
        if *byte != b'\\' {
            out.push(*byte);
            position += 1;
        } else if bytes.get(position + 1) == Some(&b'\\') {
            out.push(b'\\');
            position += 2;
        } else {
            let octal = bytes.get(position + 1..position + 4)?;
            let in_range = octal[0] <= b'3' && octal.iter().all(|digit| (b'0'..=b'7').contains(digit));
            if !in_range {
                return None;
            }
            out.push(octal.iter().fold(0, |sum, digit| sum << 3 | (digit - b'0')));
            position += 4;
        }
    }
    Some(out)
}
