//! Reading and building json and jsonb.

use mainstay_base::{Problem, Result};

use super::Call;
use super::json_text::{self, Node};
use crate::input::json::{canonical, parse_jsonb};
use crate::{Func, Jsonb, TimeContext, Type, Value, output};

pub(super) fn compute(call: &Call<'_>) -> Result<Value> {
    match call.func {
        Func::JsonBuildObject => return build_object(&pairs(call)?, &call.env.time.zone).map(Value::Json),
        Func::JsonbBuildObject => return jsonb_object(call),
        Func::JsonBuildArray => {
            let elements: Vec<_> = call.types.iter().zip(call.values).collect();
            return Ok(Value::Json(build_array(&elements, &call.env.time.zone)));
        }
        Func::JsonbBuildArray => {
            let elements =
                call.types.iter().zip(call.values).map(|(ty, value)| to_jsonb(ty, value, call.env.time));
            return elements.collect::<Result<_>>().map(|elements| Value::Jsonb(Jsonb::Array(elements)));
        }
        Func::ToJson => {
            return Ok(Value::Json(output::to_json(call.ty(0), call.value(0), &call.env.time.zone)));
        }
        Func::ToJsonb => return to_jsonb(call.ty(0), call.value(0), call.env.time).map(Value::Jsonb),
        _ => {}
    }
    match call.value(0) {
        Value::Json(text) => of_json(call, text),
        Value::Jsonb(json) => of_jsonb(call, json),
        _ => Err(call.misfit(0)),
    }
}

/// One step or several on the way into a document.
fn path<'a>(call: &Call<'a>) -> Result<Option<Vec<&'a str>>> {
    match call.func {
        Func::JsonExtractPath | Func::JsonExtractPathText => {
            (1..call.values.len()).map(|position| call.text(position)).collect::<Result<_>>().map(Some)
        }
        _ => Ok(call.texts(1)?.into_iter().collect()),
    }
}

fn is_text(func: Func) -> bool {
    matches!(
        func,
        Func::JsonGetKeyText | Func::JsonGetIndexText | Func::JsonGetPathText | Func::JsonExtractPathText
    )
}

fn of_json(call: &Call<'_>, text: &str) -> Result<Value> {
    let found = match call.func {
        Func::JsonGetKey | Func::JsonGetKeyText => json_text::get_key(text, call.text(1)?),
        Func::JsonGetIndex | Func::JsonGetIndexText => json_text::get_index(text, call.int(1)?),
        Func::JsonGetPath | Func::JsonGetPathText | Func::JsonExtractPath | Func::JsonExtractPathText => {
            let Some(steps) = path(call)? else { return Ok(Value::Null) };
            steps.iter().try_fold(text.trim(), |text, step| match json_text::node(text) {
                Node::Array(_) => json_text::get_index(text, step.parse().ok()?),
                _ => json_text::get_key(text, step),
            })
        }
        Func::JsonArrayLength => match json_text::node(text) {
            Node::Array(elements) => return Ok(Value::Int(elements.len() as i64)),
            Node::Object(_) => return Err(no_array_length("a non-array")),
            Node::Scalar(_) => return Err(no_array_length("a scalar")),
        },
        Func::JsonTypeof => return Ok(Value::Text(kind(&parse_jsonb(text)?).to_owned())),
        Func::JsonStripNulls => {
            let mut out = String::new();
            strip_text(text, &mut out);
            return Ok(Value::Json(out));
        }
        _ => return Err(call.misfit(0)),
    };
    Ok(match found {
        None => Value::Null,
        Some(found) if is_text(call.func) => {
            json_text::as_text(found).map_or(Value::Null, |text| Value::Text(text.into_owned()))
        }
        Some(found) => Value::Json(found.to_owned()),
    })
}

fn of_jsonb(call: &Call<'_>, json: &Jsonb) -> Result<Value> {
    let found = match call.func {
        Func::JsonGetKey | Func::JsonGetKeyText => json.get(call.text(1)?),
        Func::JsonGetIndex | Func::JsonGetIndexText => element(json, call.int(1)?),
        Func::JsonGetPath | Func::JsonGetPathText | Func::JsonExtractPath | Func::JsonExtractPathText => {
            let Some(steps) = path(call)? else { return Ok(Value::Null) };
            steps.iter().try_fold(json, |json, step| match json {
                Jsonb::Array(_) => element(json, step.parse().ok()?),
                other => other.get(step),
            })
        }
        Func::HasKey => return Ok(Value::Bool(has_key(json, call.text(1)?))),
        Func::HasAnyKey => {
            let keys = call.texts(1)?;
            return Ok(Value::Bool(keys.into_iter().flatten().any(|key| has_key(json, key))));
        }
        Func::HasAllKeys => {
            let keys = call.texts(1)?;
            return Ok(Value::Bool(keys.into_iter().flatten().all(|key| has_key(json, key))));
        }
        Func::Contains | Func::ContainedBy => {
            let Value::Jsonb(other) = call.value(1) else { return Err(call.misfit(1)) };
            let (whole, part) = if call.func == Func::Contains { (json, other) } else { (other, json) };
            return Ok(Value::Bool(contains(whole, part, true)));
        }
        Func::JsonArrayLength => match json {
            Jsonb::Array(elements) => return Ok(Value::Int(elements.len() as i64)),
            Jsonb::Object(_) => return Err(no_array_length("a non-array")),
            _ => return Err(no_array_length("a scalar")),
        },
        Func::JsonTypeof => return Ok(Value::Text(kind(json).to_owned())),
        Func::JsonStripNulls => return Ok(Value::Jsonb(strip(json))),
        Func::JsonbPretty => {
            let mut out = Vec::new();
            output::jsonb_pretty(json, &mut out);
            return Ok(Value::Text(output::into_string(out)));
        }
        _ => return Err(call.misfit(0)),
    };
    Ok(match found {
        None => Value::Null,
        Some(found) if is_text(call.func) => jsonb_text(found).map_or(Value::Null, Value::Text),
        Some(found) => Value::Jsonb(found.clone()),
    })
}

/// The text of a document for `->>`.
fn jsonb_text(json: &Jsonb) -> Option<String> {
    match json {
        Jsonb::Null => None,
        Jsonb::String(text) => Some(text.clone()),
        _ => {
            let mut out = Vec::new();
            output::jsonb(json, &mut out);
            Some(output::into_string(out))
        }
    }
}

fn element(json: &Jsonb, index: i64) -> Option<&Jsonb> {
    match json {
        Jsonb::Array(elements) => {
            json_text::position(index, elements.len()).map(|position| &elements[position])
        }
        Jsonb::Object(_) => None,
        // PostgreSQL keeps a scalar as an array of one.
        scalar => json_text::position(index, 1).map(|_| scalar),
    }
}

fn has_key(json: &Jsonb, key: &str) -> bool {
    let is_key = |json: &Jsonb| matches!(json, Jsonb::String(text) if text == key);
    match json {
        Jsonb::Object(_) => json.get(key).is_some(),
        Jsonb::Array(elements) => elements.iter().any(is_key),
        _ => is_key(json),
    }
}

/// Whether one document contains another; at the top an array also contains a scalar that is its element.
fn contains(whole: &Jsonb, part: &Jsonb, top: bool) -> bool {
    match (whole, part) {
        (Jsonb::Object(_), Jsonb::Object(members)) => {
            members.iter().all(|(key, value)| whole.get(key).is_some_and(|own| contains(own, value, false)))
        }
        (Jsonb::Array(elements), Jsonb::Array(parts)) => {
            parts.iter().all(|part| elements.iter().any(|element| contains(element, part, false)))
        }
        (Jsonb::Array(_), Jsonb::Object(_)) => false,
        (Jsonb::Array(elements), scalar) if top => elements.contains(scalar),
        _ => whole == part,
    }
}

fn kind(json: &Jsonb) -> &'static str {
    match json {
        Jsonb::Null => "null",
        Jsonb::Bool(_) => "boolean",
        Jsonb::Number(_) => "number",
        Jsonb::String(_) => "string",
        Jsonb::Array(_) => "array",
        Jsonb::Object(_) => "object",
    }
}

fn no_array_length(of: &str) -> Problem {
    Problem::new("22023", format!("cannot get array length of {of}"))
}

fn strip(json: &Jsonb) -> Jsonb {
    match json {
        Jsonb::Array(elements) => Jsonb::Array(elements.iter().map(strip).collect()),
        Jsonb::Object(members) => {
            let kept = members.iter().filter(|(_, value)| *value != Jsonb::Null);
            Jsonb::Object(kept.map(|(key, value)| (key.clone(), strip(value))).collect())
        }
        scalar => scalar.clone(),
    }
}

fn strip_text(text: &str, out: &mut String) {
    match json_text::node(text) {
        Node::Scalar(scalar) => out.push_str(scalar),
        Node::Array(elements) => {
            out.push('[');
            for (position, element) in elements.into_iter().enumerate() {
                out.push_str(if position > 0 { "," } else { "" });
                strip_text(element, out);
            }
            out.push(']');
        }
        Node::Object(members) => {
            out.push('{');
            let kept = members.into_iter().filter(|(_, value)| *value != "null");
            for (position, (key, value)) in kept.enumerate() {
                out.push_str(if position > 0 { "," } else { "" });
                let mut quoted = Vec::new();
                output::json_str(&key, &mut quoted);
                out.push_str(&output::into_string(quoted));
                out.push(':');
                strip_text(value, out);
            }
            out.push('}');
        }
    }
}

/// A value as a jsonb document, as `to_jsonb` makes it.
pub(crate) fn to_jsonb(ty: &Type, value: &Value, context: &TimeContext) -> Result<Jsonb> {
    match value {
        Value::Jsonb(json) => Ok(json.clone()),
        Value::Text(text) => Ok(Jsonb::String(text.clone())),
        Value::Int(int) => Ok(Jsonb::int(*int)),
        Value::Bool(truth) => Ok(Jsonb::Bool(*truth)),
        _ => parse_jsonb(&output::to_json(ty, value, &context.zone)),
    }
}

type Typed<'a> = (&'a Type, &'a Value);

fn pairs<'a>(call: &Call<'a>) -> Result<Vec<(String, Typed<'a>)>> {
    let name = if call.func == Func::JsonBuildObject { "json_build_object" } else { "jsonb_build_object" };
    if call.values.len() % 2 == 1 {
        let hint = format!("The arguments of {name}() must consist of alternating keys and values.");
        return Err(Problem::new("22023", "argument list must have even number of elements").with_hint(hint));
    }
    let pair = |position: usize| {
        let key = call.value(position);
        if key.is_null() {
            return Err(match call.func {
                Func::JsonBuildObject => {
                    Problem::new("22023", format!("argument {} cannot be null", position + 1))
                        .with_hint("Object keys should be text.")
                }
                _ => Problem::new("22023", format!("argument {}: key must not be null", position + 1)),
            });
        }
        if matches!(key, Value::Array(_) | Value::Json(_) | Value::Jsonb(_)) {
            let message = "key value must be scalar, not array, composite, or json";
            return Err(Problem::new("22023", message));
        }
        let key = output::to_text(call.ty(position), key, &call.env.time.zone);
        Ok((key, (call.ty(position + 1), call.value(position + 1))))
    };
    (0..call.values.len()).step_by(2).map(pair).collect()
}

/// `{"key" : value, …}`
fn build_object(pairs: &[(String, Typed<'_>)], zone: &crate::Zone) -> Result<String> {
    let mut out = vec![b'{'];
    for (position, (key, (ty, value))) in pairs.iter().enumerate() {
        if position > 0 {
            out.extend_from_slice(b", ");
        }
        output::json_str(key, &mut out);
        out.extend_from_slice(b" : ");
        output::json(ty, value, zone, &mut out);
    }
    out.push(b'}');
    Ok(output::into_string(out))
}

fn jsonb_object(call: &Call<'_>) -> Result<Value> {
    let members =
        pairs(call)?.into_iter().map(|(key, (ty, value))| Ok((key, to_jsonb(ty, value, call.env.time)?)));
    Ok(Value::Jsonb(canonical(members.collect::<Result<_>>()?)))
}

/// `[1, 2]`
pub(crate) fn build_array(elements: &[Typed<'_>], zone: &crate::Zone) -> String {
    let mut out = vec![b'['];
    for (position, (ty, value)) in elements.iter().enumerate() {
        if position > 0 {
            out.extend_from_slice(b", ");
        }
        output::json(ty, value, zone, &mut out);
    }
    out.push(b']');
    output::into_string(out)
}
