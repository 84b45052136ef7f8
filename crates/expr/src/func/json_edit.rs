//! Changing jsonb: joining, deleting, setting and inserting.

use mainstay_base::{Problem, Result};

use super::Call;
use super::json_text::position;
use crate::input::json::{canonical, key_order};
use crate::{Func, Jsonb, Value};

pub(super) fn compute(call: &Call<'_>) -> Result<Value> {
    let Value::Jsonb(json) = call.value(0) else { return Err(call.misfit(0)) };
    let changed = match call.func {
        Func::JsonbConcat => {
            let Value::Jsonb(other) = call.value(1) else { return Err(call.misfit(1)) };
            concat(json, other)?
        }
        Func::JsonbDelete => delete(call, json)?,
        Func::JsonbDeletePath => {
            let steps = steps(call)?;
            check_container(json, "cannot delete path in scalar")?;
            if steps.is_empty() { json.clone() } else { at_path(json, &steps, 0, &Change::Delete)? }
        }
        Func::JsonbSet | Func::JsonbInsert => {
            let steps = steps(call)?;
            let Value::Jsonb(new) = call.value(2) else { return Err(call.misfit(2)) };
            check_container(json, "cannot set path in scalar")?;
            let flag = match call.value(3) {
                Value::Bool(flag) => *flag,
                _ => call.func == Func::JsonbSet,
            };
            let change = match call.func {
                Func::JsonbSet => Change::Set { new, create: flag },
                _ => Change::Insert { new, after: flag },
            };
            if steps.is_empty() { json.clone() } else { at_path(json, &steps, 0, &change)? }
        }
        _ => return Err(call.misfit(0)),
    };
    Ok(Value::Jsonb(changed))
}

fn steps<'a>(call: &Call<'a>) -> Result<Vec<&'a str>> {
    let steps = call.texts(1)?.into_iter().enumerate().map(|(index, step)| {
        step.ok_or_else(|| Problem::new("22004", format!("path element at position {} is null", index + 1)))
    });
    steps.collect()
}

fn check_container(json: &Jsonb, message: &'static str) -> Result<()> {
    match json {
        Jsonb::Array(_) | Jsonb::Object(_) => Ok(()),
        _ => Err(Problem::new("22023", message)),
    }
}

/// Objects are merged, anything else is joined as arrays.
fn concat(left: &Jsonb, right: &Jsonb) -> Result<Jsonb> {
    let elements = |json: &Jsonb| match json {
        Jsonb::Array(elements) => elements.clone(),
        other => vec![other.clone()],
    };
    match (left, right) {
        (Jsonb::Object(left), Jsonb::Object(right)) => {
            Ok(canonical(left.iter().chain(right).cloned().collect()))
        }
        _ => Ok(Jsonb::Array([elements(left), elements(right)].concat())),
    }
}

fn delete(call: &Call<'_>, json: &Jsonb) -> Result<Jsonb> {
    check_container(json, "cannot delete from scalar")?;
    match (call.value(1), json) {
        (Value::Int(_), Jsonb::Object(_)) => {
            Err(Problem::new("22023", "cannot delete from object using integer index"))
        }
        (Value::Int(index), Jsonb::Array(elements)) => {
            let mut kept = elements.clone();
            if let Some(position) = position(*index, kept.len()) {
                kept.remove(position);
            }
            Ok(Jsonb::Array(kept))
        }
        (Value::Text(key), _) => Ok(without(json, &[key.as_str()])),
        (Value::Array(_), _) => {
            let keys: Vec<&str> = call.texts(1)?.into_iter().flatten().collect();
            Ok(without(json, &keys))
        }
        _ => Err(call.misfit(1)),
    }
}

fn without(json: &Jsonb, keys: &[&str]) -> Jsonb {
    match json {
        Jsonb::Object(members) => {
            Jsonb::Object(members.iter().filter(|(key, _)| !keys.contains(&key.as_str())).cloned().collect())
        }
        Jsonb::Array(elements) => {
            let named =
                |element: &Jsonb| matches!(element, Jsonb::String(text) if keys.contains(&text.as_str()));
            Jsonb::Array(elements.iter().filter(|element| !named(element)).cloned().collect())
        }
        scalar => scalar.clone(),
    }
}

enum Change<'a> {
    Delete,
    Set { new: &'a Jsonb, create: bool },
    Insert { new: &'a Jsonb, after: bool },
}

/// The document with a change at the end of a path; unchanged where the path leads nowhere.
fn at_path(json: &Jsonb, steps: &[&str], depth: usize, change: &Change<'_>) -> Result<Jsonb> {
    let (step, last) = (steps[depth], depth + 1 == steps.len());
    match json {
        Jsonb::Object(members) => {
            let mut members = members.clone();
            let found = members.binary_search_by(|(key, _)| key_order(key, step));
            match (found, last, change) {
                (Ok(at), false, _) => members[at].1 = at_path(&members[at].1, steps, depth + 1, change)?,
                (Ok(at), true, Change::Delete) => drop(members.remove(at)),
                (Ok(at), true, Change::Set { new, .. }) => members[at].1 = (*new).clone(),
                (Ok(_), true, Change::Insert { .. }) => {
                    return Err(Problem::new("22023", "cannot replace existing key")
                        .with_hint("Try using the function jsonb_set to replace key value."));
                }
                (Err(at), true, Change::Set { new, create: true } | Change::Insert { new, .. }) => {
                    members.insert(at, (step.to_owned(), (*new).clone()));
                }
                (Err(_), ..) => {}
            }
            Ok(Jsonb::Object(members))
        }
        Jsonb::Array(elements) => {
            let index: i64 = step.parse().map_err(|_| {
                let message = format!("path element at position {} is not an integer: \"{step}\"", depth + 1);
                Problem::new("22P02", message)
            })?;
            at_index(elements, index, steps, depth, change)
        }
        scalar => Ok(scalar.clone()),
    }
}

fn at_index(
    elements: &[Jsonb],
    index: i64,
    steps: &[&str],
    depth: usize,
    change: &Change<'_>,
) -> Result<Jsonb> {
    let mut elements = elements.to_vec();
    let last = depth + 1 == steps.len();
    match (position(index, elements.len()), last, change) {
        (Some(at), false, _) => elements[at] = at_path(&elements[at], steps, depth + 1, change)?,
        (Some(at), true, Change::Delete) => drop(elements.remove(at)),
        (Some(at), true, Change::Set { new, .. }) => elements[at] = (*new).clone(),
        (Some(at), true, Change::Insert { new, after }) => {
            elements.insert(at + usize::from(*after), (*new).clone());
        }
        // Beyond either end a new element is put at that end.
        (None, true, Change::Set { new, create: true } | Change::Insert { new, .. }) => {
            let at = if index < 0 { 0 } else { elements.len() };
            elements.insert(at, (*new).clone());
        }
        (None, ..) => {}
    }
    Ok(Jsonb::Array(elements))
}
