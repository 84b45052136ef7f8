//! PostgreSQL's advanced regular expressions, run by a matcher whose time is linear in the text.
//!
//! Back references and look-around cannot be matched in linear time and are refused (2201B). Where alternatives begin at
//! the same place the first that matches is taken, not the longest.

use std::fmt::Write;

use mainstay_base::{Problem, Result};
use regex::{Captures, Regex, RegexBuilder};
use regex_syntax::ast::ErrorKind;

use crate::input::is_space;

/// A compiled regular expression.
#[derive(Debug)]
pub(crate) struct Pattern(Regex);

impl Pattern {
    /// Compiles with PostgreSQL's flags: `i` ignores case, `n`/`m` makes lines count, `x` allows blanks, `q` takes the
    /// pattern literally.
    pub(crate) fn compile(pattern: &str, flags: &str) -> Result<Self> {
        let mut literal = false;
        let (mut ignore_case, mut lines, mut dot_all, mut expanded) = (false, false, true, false);
        for flag in flags.chars() {
            match flag {
                'i' => ignore_case = true,
                'c' => ignore_case = false,
                'n' | 'm' => (lines, dot_all) = (true, false),
                'p' => (lines, dot_all) = (false, false),
                'w' => (lines, dot_all) = (true, true),
                's' => (lines, dot_all) = (false, true),
                'x' => expanded = true,
                't' => expanded = false,
                'q' => literal = true,
                'b' | 'e' => {}
                _ => {
                    let message = format!("invalid regular expression option: \"{flag}\"");
                    return Err(Problem::new("22023", message));
                }
            }
        }
        let (pattern, literal) = match pattern.strip_prefix("***") {
            Some(rest) => match rest.strip_prefix('=') {
                Some(rest) => (rest, true),
                None => (rest.strip_prefix(':').unwrap_or(rest), literal),
            },
            None => (pattern, literal),
        };
        let translated = if literal { regex::escape(pattern) } else { translate(pattern)? };
        RegexBuilder::new(&translated)
            .case_insensitive(ignore_case)
            .multi_line(lines)
            .dot_matches_new_line(dot_all)
            .ignore_whitespace(expanded)
            .build()
            .map(Self)
            .map_err(|error| describe(&translated, &error))
    }

    pub(crate) fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    /// The parts of the first match: the groups when there are any, else all of it.
    pub(crate) fn first(&self, text: &str) -> Option<Vec<Option<String>>> {
        let captures = self.0.captures(text)?;
        let skip = usize::from(captures.len() > 1);
        Some(captures.iter().skip(skip).map(|part| part.map(|part| part.as_str().to_owned())).collect())
    }

    pub(crate) fn count(&self, text: &str) -> usize {
        self.0.find_iter(text).count()
    }

    /// The text between matches; an empty match between two characters parts them.
    pub(crate) fn split(&self, text: &str) -> Vec<String> {
        let mut parts = Vec::new();
        let mut start = 0;
        for found in self.0.find_iter(text) {
            if found.is_empty() && (found.start() == start || found.start() == text.len()) {
                continue;
            }
            parts.push(text[start..found.start()].to_owned());
            start = found.end();
        }
        parts.push(text[start..].to_owned());
        parts
    }

    /// The text with the first match, or all of them, replaced; `\1` and `\&` in the replacement stand for what matched.
    pub(crate) fn replace(&self, text: &str, replacement: &str, all: bool) -> String {
        let expand = |captures: &Captures<'_>| expand(replacement, captures);
        self.0.replacen(text, usize::from(!all), expand).into_owned()
    }
}

fn expand(replacement: &str, captures: &Captures<'_>) -> String {
    let mut out = String::new();
    let mut characters = replacement.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            out.push(character);
            continue;
        }
        let group = match characters.next() {
            Some('&') => Some(0),
            Some(digit @ '1'..='9') => digit.to_digit(10).map(|digit| digit as usize),
            Some('\\') | None => {
                out.push('\\');
                None
            }
            Some(other) => {
                out.push('\\');
                out.push(other);
                None
            }
        };
        out.push_str(group.and_then(|group| captures.get(group)).map_or("", |part| part.as_str()));
    }
    out
}

fn invalid(reason: &str) -> Problem {
    Problem::new("2201B", format!("invalid regular expression: {reason}"))
}

fn describe(translated: &str, error: &regex::Error) -> Problem {
    if let regex::Error::CompiledTooBig(_) = error {
        return invalid("regular expression is too complex");
    }
    let kind =
        regex_syntax::ast::parse::Parser::new().parse(translated).err().map(|error| error.kind().clone());
    invalid(match kind {
        Some(ErrorKind::GroupUnclosed | ErrorKind::GroupUnopened) => "parentheses () not balanced",
        Some(ErrorKind::ClassUnclosed) => "brackets [] not balanced",
        Some(ErrorKind::ClassRangeInvalid | ErrorKind::ClassRangeLiteral) => "invalid character range",
        Some(ErrorKind::RepetitionMissing) => "quantifier operand invalid",
        Some(ErrorKind::RepetitionCountUnclosed) => "braces {} not balanced",
        Some(
            ErrorKind::RepetitionCountInvalid
            | ErrorKind::RepetitionCountDecimalEmpty
            | ErrorKind::DecimalInvalid
            | ErrorKind::DecimalEmpty,
        ) => "invalid repetition count(s)",
        Some(ErrorKind::UnsupportedLookAround) => "look-around constraints are not supported",
        Some(ErrorKind::UnsupportedBackreference) => "back references are not supported",
        Some(ErrorKind::EscapeUnrecognized | ErrorKind::EscapeUnexpectedEof) => "invalid escape \\ sequence",
        _ => "invalid syntax",
    })
}

/// Spells a pattern the way the matcher reads it.
fn translate(pattern: &str) -> Result<String> {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut rest = pattern;
    while let Some(character) = rest.chars().next() {
        let after = &rest[character.len_utf8()..];
        match character {
            '\\' => rest = translate_escape(after, &mut out)?,
            '[' => rest = translate_class(after, &mut out)?,
            // A brace that opens no count is a brace.
            '{' if !after.starts_with(|next: char| next.is_ascii_digit()) => {
                out.push_str("\\{");
                rest = after;
            }
            '}' if !out_has_open_count(&out) => {
                out.push_str("\\}");
                rest = after;
            }
            _ => {
                out.push(character);
                rest = after;
            }
        }
    }
    Ok(out)
}

/// Whether the text so far ends inside `{1,2`.
fn out_has_open_count(out: &str) -> bool {
    let inside = out.trim_end_matches(|character: char| character.is_ascii_digit() || character == ',');
    inside.len() < out.len() && inside.ends_with('{') && !inside.ends_with("\\{")
}

/// Translates what follows a backslash and returns the rest.
fn translate_escape<'a>(after: &'a str, out: &mut String) -> Result<&'a str> {
    let Some(escaped) = after.chars().next() else {
        return Err(invalid("invalid escape \\ sequence"));
    };
    let rest = &after[escaped.len_utf8()..];
    match escaped {
        'y' => out.push_str("\\b"),
        'Y' => out.push_str("\\B"),
        'm' => out.push_str("\\b{start}"),
        'M' => out.push_str("\\b{end}"),
        'Z' => out.push_str("\\z"),
        'A' | 'd' | 'D' | 'w' | 'W' | 's' | 'S' | 'n' | 'r' | 't' | 'f' | 'v' | 'a' => {
            out.push('\\');
            out.push(escaped);
        }
        'b' => out.push_str("\\x08"),
        'B' => out.push_str("\\\\"),
        'e' => out.push_str("\\x1B"),
        '0' => out.push_str("\\x00"),
        'x' | 'u' | 'U' => return translate_code(escaped, rest, out),
        '1'..='9' => return Err(invalid("back references are not supported")),
        _ if escaped.is_ascii_alphanumeric() => return Err(invalid("invalid escape \\ sequence")),
        _ => out.push_str(&regex::escape(escaped.encode_utf8(&mut [0; 4]))),
    }
    Ok(rest)
}

fn translate_code<'a>(kind: char, rest: &'a str, out: &mut String) -> Result<&'a str> {
    let wanted = match kind {
        'x' => rest.find(|character: char| !character.is_ascii_hexdigit()).unwrap_or(rest.len()),
        'u' => 4,
        _ => 8,
    };
    let digits = rest.get(..wanted).filter(|digits| !digits.is_empty());
    let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32);
    let code = code.ok_or_else(|| invalid("invalid escape \\ sequence"))?;
    let _ = write!(out, "\\x{{{:X}}}", u32::from(code));
    Ok(&rest[wanted..])
}

/// Translates a bracket expression after its `[` and returns what follows its `]`.
fn translate_class<'a>(after: &'a str, out: &mut String) -> Result<&'a str> {
    for (word, boundary) in [("[:<:]]", "\\b{start}"), ("[:>:]]", "\\b{end}")] {
        if let Some(rest) = after.strip_prefix(word) {
            out.push_str(boundary);
            return Ok(rest);
        }
    }
    out.push('[');
    let mut rest = after;
    if let Some(negated) = rest.strip_prefix('^') {
        out.push('^');
        rest = negated;
    }
    let mut first = true;
    while let Some(character) = rest.chars().next() {
        let next = &rest[character.len_utf8()..];
        match character {
            ']' if !first => {
                out.push(']');
                return Ok(next);
            }
            '[' if next.starts_with(':') => {
                let end = next.find(":]").ok_or_else(|| invalid("brackets [] not balanced"))?;
                let _ = write!(out, "[{}:]", &next[..end]);
                rest = &next[end + 2..];
                first = false;
                continue;
            }
            '[' if next.starts_with(['.', '=']) => {
                return Err(invalid("collating elements are not supported"));
            }
            '\\' => {
                rest = translate_escape(next, out)?;
                first = false;
                continue;
            }
            '[' | ']' | '&' | '~' | '^' => {
                out.push('\\');
                out.push(character);
            }
            _ if is_space(character) => {
                let _ = write!(out, "\\x{{{:X}}}", u32::from(character));
            }
            _ => out.push(character),
        }
        first = false;
        rest = next;
    }
    Err(invalid("brackets [] not balanced"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_match(pattern: &str, text: &str) -> bool {
        Pattern::compile(pattern, "").unwrap().is_match(text)
    }

    #[test]
    fn constructs_of_postgresql_are_translated() {
        assert!(is_match(r"^\w+@[[:alnum:].-]+$", "me@example.org"));
        assert!(is_match("a{b", "xa{b"));
        assert!(is_match("^a{2,3}$", "aaa"));
        assert!(is_match("[]a]", "]"));
        assert!(is_match("[[a&&b]", "["));
        assert!(is_match("a.b", "a\nb"));
        assert!(is_match(r"\<b", "<b"));
        assert!(is_match("[[:<:]]b", "a b"));
        assert!(!is_match("a$", "a\n"));
    }

    #[test]
    fn what_cannot_be_matched_is_refused() {
        for (pattern, reason) in [
            ("a(", "parentheses () not balanced"),
            ("[a", "brackets [] not balanced"),
            ("*a", "quantifier operand invalid"),
            (r"(a)\1", "back references are not supported"),
            ("a(?=b)", "look-around constraints are not supported"),
        ] {
            let problem = Pattern::compile(pattern, "").unwrap_err();
            assert_eq!(problem.message(), format!("invalid regular expression: {reason}"));
        }
    }

    #[test]
    fn replacements_refer_to_groups() {
        let pattern = Pattern::compile("(b)(.)", "").unwrap();
        assert_eq!(pattern.replace("abcbd", r"<\2\1\&\\>", false), "a<cbbc\\>bd");
        assert_eq!(pattern.replace("abcbd", "-", true), "a--");
    }
}
