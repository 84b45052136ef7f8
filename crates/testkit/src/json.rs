//! JSON as text: compared token by token, so that white space is free and nothing else is.
//!
//! A number keeps its digits and a string its escapes: `1.50` and `1.5` are different answers.

use similar::TextDiff;

/// Stands for any one value, however much is in it.
const ANY: &str = r#""{{any}}""#;

/// Strings of an expected text that stand for a kind of string instead of one string.
const PLACEHOLDERS: [(&str, &str); 2] = [
    (r#""{{uuid}}""#, r#"^"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"$"#),
    (
        r#""{{timestamptz}}""#,
        r#"^"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?[+-][0-9]{2}:[0-9]{2}"$"#,
    ),
];

/// Splits JSON text into tokens without white space. Anything that is no string, bracket or separator is one
/// token up to the next of these, so text that is not JSON still compares.
pub fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => string_length(rest),
            '[' | ']' | '{' | '}' | ',' | ':' => 1,
            _ => rest
                .find(|c: char| c.is_whitespace() || matches!(c, '"' | '[' | ']' | '{' | '}' | ',' | ':'))
                .unwrap_or(rest.len()),
        };
        let (token, after) = rest.split_at(length);
        tokens.push(token);
        rest = after.trim_start();
    }
    tokens
}

fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Whether `actual` has the tokens of `expected`, placeholders filled in.
pub fn same(expected: &str, actual: &str) -> bool {
    let (expected, actual) = (tokens(expected), tokens(actual));
    let mut rest = actual.as_slice();
    for want in expected {
        let length = match rest.first() {
            Some(_) if want == ANY => value_length(rest),
            Some(got) if token_matches(want, got) => 1,
            _ => return false,
        };
        rest = &rest[length..];
    }
    rest.is_empty()
}

/// How many tokens the first value has.
fn value_length(tokens: &[&str]) -> usize {
    let mut depth = 0_usize;
    for (position, token) in tokens.iter().enumerate() {
        match *token {
            "[" | "{" => depth += 1,
            "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return position + 1;
        }
    }
    tokens.len()
}

fn token_matches(expected: &str, actual: &str) -> bool {
    match PLACEHOLDERS.iter().find(|(name, _)| *name == expected) {
        Some((_, pattern)) => {
            regex::Regex::new(pattern).expect("the patterns of this file are valid").is_match(actual)
        }
        None => expected == actual,
    }
}

/// Whether two error objects say the same, in whatever order their keys stand.
pub fn same_object(expected: &str, actual: &str) -> bool {
    let parse = |text: &str| serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text);
    match (parse(expected), parse(actual)) {
        (Ok(expected), Ok(actual)) => {
            expected.len() == actual.len()
                && expected.iter().all(|(key, want)| {
                    actual.get(key).is_some_and(|got| same(&want.to_string(), &got.to_string()))
                })
        }
        _ => false,
    }
}

/// One element per line, indented: for people and for [`diff`].
pub fn pretty(text: &str) -> String {
    let mut out = String::new();
    let mut depth = 0_usize;
    let mut previous = "";
    for token in tokens(text) {
        let closes = matches!(token, "]" | "}");
        if closes {
            depth = depth.saturating_sub(1);
        }
        let opened = matches!(previous, "[" | "{");
        if (opened && !closes) || (closes && !opened) || previous == "," {
            out.push('\n');
            out.push_str(&"  ".repeat(depth));
        }
        out.push_str(token);
        if token == ":" {
            out.push(' ');
        }
        if matches!(token, "[" | "{") {
            depth += 1;
        }
        previous = token;
    }
    out.push('\n');
    out
}

/// A unified diff of two texts, `-` expected and `+` received.
pub fn diff(expected: &str, actual: &str) -> String {
    TextDiff::from_lines(expected, actual).unified_diff().context_radius(4).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_between_tokens_is_free() {
        assert!(same(r#"[{"a": 1, "b": "x y"}]"#, "[{\"a\":1,\n\"b\":\"x y\"}]"));
        assert!(!same(r#"{"a":"x y"}"#, r#"{"a":"x  y"}"#));
    }

    #[test]
    fn digits_and_key_order_count() {
        assert!(!same("1.50", "1.5"));
        assert!(!same(r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#));
        assert!(same_object(r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#));
        assert!(!same_object(r#"{"a":1}"#, r#"{"a":1,"b":null}"#));
    }

    #[test]
    fn placeholders_stand_for_a_kind_of_value() {
        assert!(same(r#"["{{uuid}}"]"#, r#"["a11ce000-0000-4000-8000-000000000001"]"#));
        assert!(!same(r#"["{{uuid}}"]"#, r#"["a11ce"]"#));
        assert!(same(r#""{{timestamptz}}""#, r#""2024-01-02T03:04:05.5+00:00""#));
        assert!(same_object(r#"{"details":"{{any}}"}"#, r#"{"details":null}"#));
        assert!(same(r#"["{{any}}", 2, "{{any}}"]"#, r#"[{"a":[1,{}]}, 2, []]"#));
        assert!(!same(r#"["{{any}}"]"#, "[1,2]"));
        assert!(!same(r#"["{{any}}"]"#, "["));
    }

    #[test]
    fn an_escaped_quote_does_not_end_a_string() {
        assert_eq!(tokens(r#"["a\"]",1]"#), ["[", r#""a\"]""#, ",", "1", "]"]);
    }
}
