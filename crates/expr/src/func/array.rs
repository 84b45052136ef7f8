//! Functions of arrays. Positions count from 1.

use mainstay_base::{Problem, Result};

use super::Call;
use crate::{Func, Type, Value, compare, output};

pub(super) fn compute(call: &Call<'_>) -> Result<Value> {
    match call.func {
        Func::ArrayConcat => Ok(concat(call.value(0), call.value(1))),
        Func::ArrayAppend => with_element(call, 0, 1, false),
        Func::ArrayPrepend => with_element(call, 1, 0, true),
        Func::ArrayToString => to_string(call),
        Func::StringToArray => from_string(call),
        Func::Slice => slice(call),
        _ if call.value(0).is_null() => Ok(Value::Null),
        _ => of_array(call, call.array(0)?),
    }
}

fn of_array(call: &Call<'_>, elements: &[Value]) -> Result<Value> {
    let element = call.ty(0).element().unwrap_or(&Type::Text);
    let same = |value: &Value, wanted: &Value| compare::equal(element, value, wanted);
    Ok(match call.func {
        Func::Contains => Value::Bool(contains(element, elements, call.array(1)?)),
        Func::ContainedBy => Value::Bool(contains(element, call.array(1)?, elements)),
        Func::Overlaps => {
            let other = call.array(1)?;
            let shared = |value: &Value| !value.is_null() && other.iter().any(|wanted| same(value, wanted));
            Value::Bool(elements.iter().any(shared))
        }
        Func::Subscript => {
            let position = usize::try_from(call.int(1)?).ok().and_then(|position| position.checked_sub(1));
            position.and_then(|position| elements.get(position)).cloned().unwrap_or(Value::Null)
        }
        Func::ArrayRemove => {
            Value::Array(elements.iter().filter(|value| !same(value, call.value(1))).cloned().collect())
        }
        Func::ArrayReplace => {
            let replaced =
                |value: &Value| if same(value, call.value(1)) { call.value(2) } else { value }.clone();
            Value::Array(elements.iter().map(replaced).collect())
        }
        Func::ArrayLength | Func::ArrayLower if call.int(1)? != 1 || elements.is_empty() => Value::Null,
        Func::ArrayLower => Value::Int(1),
        Func::ArrayDimensions if elements.is_empty() => Value::Null,
        Func::ArrayDimensions => Value::Int(1),
        Func::ArrayLength | Func::Cardinality => Value::Int(elements.len() as i64),
        Func::ArrayPosition => position(call, elements, element)?,
        Func::ArrayPositions => {
            let found = elements.iter().enumerate().filter(|(_, value)| same(value, call.value(1)));
            Value::Array(found.map(|(position, _)| Value::Int(position as i64 + 1)).collect())
        }
        Func::TrimArray => {
            let count = call.int(1)?;
            let Some(kept) = usize::try_from(count).ok().and_then(|count| elements.len().checked_sub(count))
            else {
                let message = format!("number of elements to trim must be between 0 and {}", elements.len());
                return Err(Problem::new("2202E", message));
            };
            Value::Array(elements[..kept].to_vec())
        }
        _ => return Err(call.misfit(0)),
    })
}

/// Whether every element of `part` is among those of `whole`; NULL is equal to nothing.
fn contains(element: &Type, whole: &[Value], part: &[Value]) -> bool {
    part.iter()
        .all(|wanted| !wanted.is_null() && whole.iter().any(|value| compare::equal(element, value, wanted)))
}

fn concat(left: &Value, right: &Value) -> Value {
    match (left, right) {
        (Value::Array(left), Value::Array(right)) => Value::Array([left.as_slice(), right].concat()),
        (Value::Null, other) | (other, _) => other.clone(),
    }
}

fn with_element(call: &Call<'_>, array: usize, element: usize, at_start: bool) -> Result<Value> {
    let mut elements = match call.value(array) {
        Value::Null => Vec::new(),
        _ => call.array(array)?.to_vec(),
    };
    let at = if at_start { 0 } else { elements.len() };
    elements.insert(at, call.value(element).clone());
    Ok(Value::Array(elements))
}

fn position(call: &Call<'_>, elements: &[Value], element: &Type) -> Result<Value> {
    let from = match call.values.get(2) {
        None => 1,
        Some(Value::Null) => {
            return Err(Problem::new("22004", "initial position must not be null"));
        }
        Some(_) => call.int(2)?,
    };
    let skipped = usize::try_from(from - 1).unwrap_or(0);
    let found = elements.iter().skip(skipped).position(|value| compare::equal(element, value, call.value(1)));
    Ok(found.map_or(Value::Null, |found| Value::Int((skipped + found) as i64 + 1)))
}

fn slice(call: &Call<'_>) -> Result<Value> {
    let Value::Array(elements) = call.value(0) else { return Ok(Value::Null) };
    let bound = |position: usize, open: i64| match call.value(position) {
        Value::Null => Ok(open),
        _ => call.int(position),
    };
    let length = elements.len() as i64;
    let (from, to) = (bound(1, 1)?.max(1), bound(2, length)?.min(length));
    let kept = if from > to { &[] } else { &elements[(from - 1) as usize..to as usize] };
    Ok(Value::Array(kept.to_vec()))
}

fn to_string(call: &Call<'_>) -> Result<Value> {
    if call.value(0).is_null() || call.value(1).is_null() {
        return Ok(Value::Null);
    }
    let element = call.ty(0).element().unwrap_or(&Type::Text);
    let separator = call.text(1)?;
    let for_null = match call.value(2) {
        Value::Text(text) => Some(text.as_str()),
        _ => None,
    };
    let mut out = Vec::new();
    let mut first = true;
    for value in call.array(0)? {
        if value.is_null() && for_null.is_none() {
            continue;
        }
        if !first {
            out.extend_from_slice(separator.as_bytes());
        }
        first = false;
        match for_null {
            Some(text) if value.is_null() => out.extend_from_slice(text.as_bytes()),
            _ => output::field(element, value, &call.env.time.zone, &mut out),
        }
    }
    Ok(Value::Text(output::into_string(out)))
}

fn from_string(call: &Call<'_>) -> Result<Value> {
    let Value::Text(text) = call.value(0) else { return Ok(Value::Null) };
    let parts: Vec<String> = match call.value(1) {
        _ if text.is_empty() => Vec::new(),
        Value::Null => text.chars().map(String::from).collect(),
        Value::Text(separator) if separator.is_empty() => vec![text.clone()],
        _ => text.split(call.text(1)?).map(str::to_owned).collect(),
    };
    let for_null = match call.value(2) {
        Value::Text(text) => Some(text),
        _ => None,
    };
    let value = |part: String| if Some(&part) == for_null { Value::Null } else { Value::Text(part) };
    Ok(Value::Array(parts.into_iter().map(value).collect()))
}
