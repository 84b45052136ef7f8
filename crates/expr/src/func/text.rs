//! Functions of text. Positions and lengths count characters, from 1.

use mainstay_base::{Problem, Result};

use super::Call;
use crate::like::{lower, regex, upper};
use crate::{Func, Type, Value, output};

/// The longest text that a function may make, in bytes: PostgreSQL's limit.
const MAX_BYTES: usize = 0x3fff_ffff;

pub(super) fn compute(call: &Call<'_>) -> Result<Value> {
    match call.func {
        Func::NumNulls | Func::NumNonNulls => {
            let wanted = call.func == Func::NumNulls;
            let count = call.values.iter().filter(|value| value.is_null() == wanted).count();
            return Ok(Value::Int(count as i64));
        }
        Func::ConcatAll => return Ok(Value::Text(concat(call, 0, ""))),
        Func::ConcatWs => {
            return Ok(match call.value(0) {
                Value::Text(separator) => Value::Text(concat(call, 1, separator)),
                _ => Value::Null,
            });
        }
        Func::ByteLength => return byte_length(call),
        Func::Substring if call.ty(0) == &Type::Bytea => return byte_substring(call),
        Func::Chr => return chr(call.int(0)?),
        Func::ToHex => return Ok(Value::Text(to_hex(call.int(0)?, call.ty(0)))),
        _ => {}
    }
    let text = call.text(0)?;
    Ok(match call.func {
        Func::Concat => text_of(format!("{text}{}", call.text(1)?)),
        Func::Lower => text_of(text.chars().map(lower).collect()),
        Func::Upper => text_of(text.chars().map(upper).collect()),
        Func::Initcap => text_of(initcap(text)),
        Func::Length => Value::Int(length(call.ty(0), text)),
        Func::Trim => text_of(text.trim_matches(trimmed(call)?).to_owned()),
        Func::TrimStart => text_of(text.trim_start_matches(trimmed(call)?).to_owned()),
        Func::TrimEnd => text_of(text.trim_end_matches(trimmed(call)?).to_owned()),
        Func::Left => text_of(take(text, call.int(1)?).0.to_owned()),
        Func::Right => text_of(match call.int(1)? {
            0 => String::new(),
            count => take(text, count.saturating_neg()).1.to_owned(),
        }),
        Func::Substring => {
            let length = if call.values.len() > 2 { Some(call.int(2)?) } else { None };
            text_of(substring(text, call.int(1)?, length)?.to_owned())
        }
        Func::Overlay => text_of(overlay(call, text)?),
        Func::Replace => text_of(replace(text, call.text(1)?, call.text(2)?)?),
        Func::Translate => text_of(translate(text, call.text(1)?, call.text(2)?)),
        Func::Position => Value::Int(position(text, call.text(1)?)),
        Func::SplitPart => text_of(split_part(text, call.text(1)?, call.int(2)?)?.to_owned()),
        Func::StartsWith => Value::Bool(text.starts_with(call.text(1)?)),
        Func::PadStart => text_of(pad(call, text, true)?),
        Func::PadEnd => text_of(pad(call, text, false)?),
        Func::Repeat => text_of(repeat(text, call.int(1)?)?),
        Func::Reverse => text_of(text.chars().rev().collect()),
        Func::Ascii => Value::Int(text.chars().next().map_or(0, |first| i64::from(u32::from(first)))),
        _ => return pattern(call, text),
    })
}

fn pattern(call: &Call<'_>, text: &str) -> Result<Value> {
    let flags = |position| if call.values.len() > position { call.text(position) } else { Ok("") };
    let groups = |parts: Vec<Option<String>>| {
        parts.into_iter().map(|part| part.map_or(Value::Null, Value::Text)).collect::<Vec<_>>()
    };
    Ok(match call.func {
        Func::SubstringRegex => {
            let found = regex(call.text(1)?, "")?.first(text);
            found.and_then(|parts| parts.into_iter().next().flatten()).map_or(Value::Null, Value::Text)
        }
        Func::RegexpReplace => {
            let flags = flags(3)?;
            let all = flags.contains('g');
            let pattern = regex(call.text(1)?, &flags.replace('g', ""))?;
            text_of(pattern.replace(text, call.text(2)?, all))
        }
        Func::RegexpMatch => {
            let flags = flags(2)?;
            if flags.contains('g') {
                return Err(Problem::new("22023", "regexp_match() does not support the \"global\" option")
                    .with_hint("Use the regexp_matches function instead."));
            }
            let found = regex(call.text(1)?, flags)?.first(text);
            found.map_or(Value::Null, |parts| Value::Array(groups(parts)))
        }
        Func::RegexpLike => Value::Bool(regex(call.text(1)?, flags(2)?)?.is_match(text)),
        Func::RegexpCount => Value::Int(regex(call.text(1)?, "")?.count(text) as i64),
        Func::RegexpSplit => {
            let parts = regex(call.text(1)?, flags(2)?)?.split(text);
            Value::Array(parts.into_iter().map(Value::Text).collect())
        }
        _ => return Err(call.misfit(0)),
    })
}

fn text_of(text: String) -> Value {
    Value::Text(text)
}

fn too_large() -> Problem {
    Problem::new("54000", "requested length too large")
}

fn concat(call: &Call<'_>, from: usize, separator: &str) -> String {
    let mut out = Vec::new();
    let mut first = true;
    for (value, ty) in call.values.iter().zip(call.types).skip(from) {
        if value.is_null() {
            continue;
        }
        if !first {
            out.extend_from_slice(separator.as_bytes());
        }
        first = false;
        output::field(ty, value, &call.env.time.zone, &mut out);
    }
    output::into_string(out)
}

fn initcap(text: &str) -> String {
    let mut inside = false;
    let capitalized = text.chars().map(|character| {
        let changed = if inside { lower(character) } else { upper(character) };
        inside = character.is_alphanumeric();
        changed
    });
    capitalized.collect()
}

fn length(ty: &Type, text: &str) -> i64 {
    let text = if *ty == Type::Bpchar { text.trim_end_matches(' ') } else { text };
    text.chars().count() as i64
}

fn byte_length(call: &Call<'_>) -> Result<Value> {
    match call.value(0) {
        Value::Text(text) => Ok(Value::Int(text.len() as i64)),
        Value::Bytea(bytes) => Ok(Value::Int(bytes.len() as i64)),
        _ => Err(call.misfit(0)),
    }
}

/// The characters that a trim removes.
fn trimmed<'a>(call: &Call<'a>) -> Result<impl Fn(char) -> bool + Copy + use<'a>> {
    let characters = if call.values.len() > 1 { call.text(1)? } else { " " };
    Ok(move |character: char| characters.contains(character))
}

/// Parts a text after its first `count` characters; a negative count is taken from the end.
fn take(text: &str, count: i64) -> (&str, &str) {
    let at = if count >= 0 {
        text.char_indices().nth(usize::try_from(count).unwrap_or(usize::MAX)).map_or(text.len(), |(at, _)| at)
    } else {
        let back = usize::try_from(count.unsigned_abs() - 1).unwrap_or(usize::MAX);
        text.char_indices().rev().nth(back).map_or(0, |(at, _)| at)
    };
    text.split_at(at)
}

/// The window of a sequence that `substring` means: how many to skip and how many to keep.
fn window(from: i64, length: Option<i64>) -> Result<(i64, Option<i64>)> {
    let start = from.max(1);
    let kept = match length {
        None => None,
        Some(length) if length < 0 => {
            return Err(Problem::new("22011", "negative substring length not allowed"));
        }
        Some(length) => Some((from.saturating_add(length) - start).max(0)),
    };
    Ok((start - 1, kept))
}

fn substring(text: &str, from: i64, length: Option<i64>) -> Result<&str> {
    let (skipped, kept) = window(from, length)?;
    let rest = take(text, skipped).1;
    Ok(kept.map_or(rest, |kept| take(rest, kept).0))
}

fn byte_substring(call: &Call<'_>) -> Result<Value> {
    let bytes = call.bytes(0)?;
    let length = if call.values.len() > 2 { Some(call.int(2)?) } else { None };
    let (skipped, kept) = window(call.int(1)?, length)?;
    let rest = bytes.get(usize::try_from(skipped).unwrap_or(usize::MAX)..).unwrap_or_default();
    let kept = kept.map_or(rest.len(), |kept| usize::try_from(kept).unwrap_or(usize::MAX).min(rest.len()));
    Ok(Value::Bytea(rest[..kept].to_vec()))
}

fn overlay(call: &Call<'_>, text: &str) -> Result<String> {
    let new = call.text(1)?;
    let from = call.int(2)?;
    let length = if call.values.len() > 3 { call.int(3)? } else { new.chars().count() as i64 };
    if from <= 0 {
        return Err(Problem::new("22011", "negative substring length not allowed"));
    }
    let before = take(text, from - 1).0;
    let after = substring(text, from.saturating_add(length), None)?;
    Ok(format!("{before}{new}{after}"))
}

fn replace(text: &str, from: &str, to: &str) -> Result<String> {
    if from.is_empty() {
        return Ok(text.to_owned());
    }
    if to.len() > from.len() && text.matches(from).count().saturating_mul(to.len()) > MAX_BYTES {
        return Err(too_large());
    }
    Ok(text.replace(from, to))
}

fn translate(text: &str, from: &str, to: &str) -> String {
    let change = |character: char| match from.chars().position(|wanted| wanted == character) {
        None => Some(character),
        Some(position) => to.chars().nth(position),
    };
    text.chars().filter_map(change).collect()
}

fn position(text: &str, wanted: &str) -> i64 {
    text.find(wanted).map_or(0, |at| text[..at].chars().count() as i64 + 1)
}

fn split_part<'a>(text: &'a str, separator: &str, field: i64) -> Result<&'a str> {
    if field == 0 {
        return Err(Problem::new("22023", "field position must not be zero"));
    }
    let index = usize::try_from(field.unsigned_abs() - 1).unwrap_or(usize::MAX);
    if separator.is_empty() {
        return Ok(if index == 0 { text } else { "" });
    }
    let found = if field > 0 { text.split(separator).nth(index) } else { text.rsplit(separator).nth(index) };
    Ok(found.unwrap_or_default())
}

fn pad(call: &Call<'_>, text: &str, at_start: bool) -> Result<String> {
    let filling = if call.values.len() > 2 { call.text(2)? } else { " " };
    let wanted = usize::try_from(call.int(1)?).unwrap_or(0);
    if wanted.saturating_mul(4) > MAX_BYTES {
        return Err(too_large());
    }
    let have = text.chars().count();
    if have >= wanted || filling.is_empty() {
        return Ok(take(text, wanted as i64).0.to_owned());
    }
    let added: String = filling.chars().cycle().take(wanted - have).collect();
    Ok(if at_start { added + text } else { format!("{text}{added}") })
}

fn repeat(text: &str, count: i64) -> Result<String> {
    let count = usize::try_from(count).unwrap_or(0);
    if text.len().saturating_mul(count) > MAX_BYTES {
        return Err(too_large());
    }
    Ok(text.repeat(count))
}

fn chr(code: i64) -> Result<Value> {
    match code {
        0 => Err(Problem::new("54000", "null character not permitted")),
        ..0 => Err(Problem::new("54000", "character number must be positive")),
        _ => match u32::try_from(code).ok().and_then(char::from_u32) {
            Some(character) => Ok(text_of(character.to_string())),
            None => {
                let message = format!("requested character too large for encoding: {code}");
                Err(Problem::new("54000", message))
            }
        },
    }
}

fn to_hex(int: i64, ty: &Type) -> String {
    if *ty == Type::Int4 { format!("{:x}", int as i32) } else { format!("{int:x}") }
}
