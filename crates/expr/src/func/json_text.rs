//! Taking `json` apart without changing it: members and elements keep their spelling, order and duplicates.
//!
//! The texts are well formed: whatever yields `json` has checked that.

use std::borrow::Cow;

use crate::input;

/// What a JSON text is.
#[derive(Debug, PartialEq)]
pub(super) enum Node<'a> {
    /// An object's members in order.
    Object(Vec<(Cow<'a, str>, &'a str)>),
    /// An array's elements.
    Array(Vec<&'a str>),
    /// Anything else, trimmed.
    Scalar(&'a str),
}

/// The outermost level of a JSON text.
pub(super) fn node(text: &str) -> Node<'_> {
    let text = text.trim_matches(is_blank);
    match text.as_bytes().first() {
        Some(b'{') => Node::Object(parts(text).into_iter().filter_map(member).collect()),
        Some(b'[') => Node::Array(parts(text)),
        _ => Node::Scalar(text),
    }
}

/// The member of an object with that key; of several the last.
pub(super) fn get_key<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    match node(text) {
        Node::Object(members) => {
            members.into_iter().rev().find(|(own, _)| own == key).map(|(_, value)| value)
        }
        _ => None,
    }
}

/// The element of an array, counted from its end when negative.
pub(super) fn get_index(text: &str, index: i64) -> Option<&str> {
    match node(text) {
        Node::Array(elements) => position(index, elements.len()).map(|position| elements[position]),
        _ => None,
    }
}

/// An index of a sequence of that length as a position; negative ones count from the end.
pub(super) fn position(index: i64, length: usize) -> Option<usize> {
    let position = if index < 0 { index + length as i64 } else { index };
    usize::try_from(position).ok().filter(|position| *position < length)
}

/// The text of a value for `->>`: a string without its quotes, `None` for null.
pub(super) fn as_text(value: &str) -> Option<Cow<'_, str>> {
    match value {
        "null" => None,
        _ if value.starts_with('"') => input::unquote(value).ok(),
        _ => Some(Cow::Borrowed(value)),
    }
}

fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r')
}

/// What stands between the commas inside the outermost brackets, trimmed.
fn parts(text: &str) -> Vec<&str> {
    let inner = text.get(1..text.len() - 1).unwrap_or_default();
    let mut parts = Vec::new();
    let (mut depth, mut start, mut in_string, mut escaped) = (0, 0, false, false);
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            b',' if depth == 0 => {
                parts.push(inner[start..at].trim_matches(is_blank));
                start = at + 1;
            }
            _ => {}
        }
    }
    let last = inner[start..].trim_matches(is_blank);
    if !last.is_empty() {
        parts.push(last);
    }
    parts
}

/// Parts `"key": value` at the end of the key.
fn member(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let bytes = text.as_bytes();
    let mut end = 1;
    while *bytes.get(end)? != b'"' {
        end += if bytes[end] == b'\\' { 2 } else { 1 };
    }
    let key = input::unquote(text.get(..=end)?).ok()?;
    let value = text.get(end + 1..)?.trim_start_matches(is_blank).strip_prefix(':')?;
    Some((key, value.trim_start_matches(is_blank)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_keep_their_spelling() {
        let text = r#" { "a" : [1, {"b":"}, ]"} ], "\u0063" : 1.50 , "a":"x\"," } "#;
        let Node::Object(members) = node(text) else { panic!("an object") };
        let expected = [("a", r#"[1, {"b":"}, ]"} ]"#), ("c", "1.50"), ("a", r#""x\",""#)]
            .map(|(key, value)| (Cow::from(key), value));
        assert_eq!(members, expected);
        assert_eq!(get_key(text, "a"), Some(r#""x\",""#));
        assert_eq!(get_index("[1,[2,3],4]", -2), Some("[2,3]"));
        assert_eq!(node("[ ]"), Node::Array(vec![]));
        assert_eq!(as_text(r#""x\n""#).as_deref(), Some("x\n"));
    }
}
