//! LIKE and regular expressions. Patterns are compiled once and kept, a few per thread.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use mainstay_base::{Problem, Result};

use crate::MatchOp;
use crate::regex::Pattern;

/// Compiled patterns that a thread keeps at most.
const KEPT: usize = 256;

/// A LIKE pattern, its escape character and whether it ignores case.
type LikeKey = (String, Option<char>, bool);

thread_local! {
    static LIKES: RefCell<HashMap<LikeKey, Rc<Like>>> = RefCell::default();
    static PATTERNS: RefCell<HashMap<(String, String), Rc<Pattern>>> = RefCell::default();
}

/// Whether a text matches a pattern. `escape` is LIKE's: `None` for the backslash, NUL for none.
pub fn matches(op: MatchOp, value: &str, pattern: &str, escape: Option<char>) -> Result<bool> {
    match op {
        MatchOp::Like => like(pattern, escape, false).matches(value),
        MatchOp::ILike => like(pattern, escape, true).matches(value),
        MatchOp::Regex => Ok(regex(pattern, "")?.is_match(value)),
        MatchOp::IRegex => Ok(regex(pattern, "i")?.is_match(value)),
    }
}

/// A compiled regular expression with PostgreSQL's flags (`i`, `n`, `x` …).
pub(crate) fn regex(pattern: &str, flags: &str) -> Result<Rc<Pattern>> {
    let key = (pattern.to_owned(), flags.to_owned());
    PATTERNS.with_borrow_mut(|kept| {
        if let Some(found) = kept.get(&key) {
            return Ok(Rc::clone(found));
        }
        let compiled = Rc::new(Pattern::compile(pattern, flags)?);
        make_room(kept);
        kept.insert(key, Rc::clone(&compiled));
        Ok(compiled)
    })
}

fn like(pattern: &str, escape: Option<char>, fold: bool) -> Rc<Like> {
    let key = (pattern.to_owned(), escape, fold);
    LIKES.with_borrow_mut(|kept| {
        if let Some(found) = kept.get(&key) {
            return Rc::clone(found);
        }
        let compiled = Rc::new(Like::compile(pattern, escape, fold));
        make_room(kept);
        kept.insert(key, Rc::clone(&compiled));
        compiled
    })
}

fn make_room<K, V>(kept: &mut HashMap<K, V>) {
    if kept.len() >= KEPT {
        kept.clear();
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Token {
    Char(char),
    AnyChar,
    AnyText,
    /// The escape character with nothing after it.
    Dangling,
}

/// A LIKE pattern.
#[derive(Debug)]
struct Like {
    tokens: Vec<Token>,
    fold: bool,
}

impl Like {
    fn compile(pattern: &str, escape: Option<char>, fold: bool) -> Self {
        let escape = escape.unwrap_or('\\');
        let mut tokens = Vec::new();
        let mut characters = pattern.chars();
        while let Some(character) = characters.next() {
            tokens.push(match character {
                _ if character == escape && escape != '\0' => {
                    characters.next().map_or(Token::Dangling, |escaped| Token::Char(folded(escaped, fold)))
                }
                '%' if tokens.last() == Some(&Token::AnyText) => continue,
                '%' => Token::AnyText,
                '_' => Token::AnyChar,
                _ => Token::Char(folded(character, fold)),
            });
        }
        Self { tokens, fold }
    }

    /// Only the last `%` seen ever needs to be tried again, so the time is at most length times length.
    fn matches(&self, text: &str) -> Result<bool> {
        let mut rest = text.chars();
        let mut at = 0;
        let mut retry: Option<(usize, std::str::Chars<'_>)> = None;
        loop {
            match self.tokens.get(at) {
                Some(Token::AnyText) => {
                    at += 1;
                    if at == self.tokens.len() {
                        return Ok(true);
                    }
                    retry = Some((at, rest.clone()));
                    continue;
                }
                Some(Token::Dangling) if rest.as_str().is_empty() => return Ok(false),
                Some(Token::Dangling) => {
                    return Err(Problem::new("22025", "LIKE pattern must not end with escape character"));
                }
                None if rest.as_str().is_empty() => return Ok(true),
                token => {
                    let Some(character) = rest.next() else { return Ok(false) };
                    let fits = match token {
                        Some(Token::AnyChar) => true,
                        Some(Token::Char(wanted)) => *wanted == folded(character, self.fold),
                        _ => false,
                    };
                    if fits {
                        at += 1;
                        continue;
                    }
                }
            }
            let Some((after, from)) = &mut retry else { return Ok(false) };
            if from.next().is_none() {
                return Ok(false);
            }
            (at, rest) = (*after, from.clone());
        }
    }
}

fn folded(character: char, fold: bool) -> char {
    if fold { lower(character) } else { character }
}

/// The lower-case form of a character, where that is one character.
pub(crate) fn lower(character: char) -> char {
    let mut lower = character.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(only), None) => only,
        _ => character,
    }
}

/// The upper-case form of a character, where that is one character.
pub(crate) fn upper(character: char) -> char {
    let mut upper = character.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(only), None) => only,
        _ => character,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_postgresql() {
        for (text, pattern, expected) in [
            ("abc", "abc", true),
            ("abc", "a%", true),
            ("abc", "_b_", true),
            ("abc", "%c%", true),
            ("abc", "%d%", false),
            ("", "%", true),
            ("", "_", false),
            ("a%c", r"a\%c", true),
            ("abc", r"a\%c", false),
            ("aaab", "%a_b", true),
            ("mississippi", "%iss%ip%", true),
            ("ä€", "__", true),
            ("abc", "ABC", false),
        ] {
            assert_eq!(matches(MatchOp::Like, text, pattern, None), Ok(expected), "{text} LIKE {pattern}");
        }
        assert_eq!(matches(MatchOp::ILike, "ÄBC", "äb%", None), Ok(true));
        assert_eq!(matches(MatchOp::Like, "a%c", "a#%c", Some('#')), Ok(true));
        assert_eq!(matches(MatchOp::Like, "a\\c", "a\\c", Some('\0')), Ok(true));
        assert_eq!(matches(MatchOp::Like, "ab", "a\\", None).unwrap_err().code(), "22025");
        assert_eq!(matches(MatchOp::Regex, "foo bar", r"\mbar\M", None), Ok(true));
    }

    #[test]
    fn a_hostile_pattern_costs_little() {
        let text = "a".repeat(20_000);
        assert_eq!(matches(MatchOp::Like, &text, "%a%a%a%a%a%a%a%a%b", None), Ok(false));
    }
}
