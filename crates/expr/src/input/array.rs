//! Array literals: `{1,NULL,"a b"}`.

use mainstay_base::{Problem, Result};

use super::{TimeContext, is_space, parse_plain};
use crate::{Type, Value};

pub(super) fn parse(element: &Type, text: &str, context: &TimeContext) -> Result<Vec<Value>> {
    let malformed = |details: &str| {
        Problem::new("22P02", format!("malformed array literal: \"{text}\"")).with_details(details)
    };
    let trimmed = text.trim_matches(is_space);
    if trimmed.starts_with('[') {
        return Err(Problem::new("0A000", "arrays with bounds of their own are not supported"));
    }
    let Some(body) = trimmed.strip_prefix('{') else {
        return Err(malformed("Array value must start with \"{\" or dimension information."));
    };
    let mut reader = Reader { rest: body };
    let mut values = Vec::new();
    if reader.skip_blanks() == Some('}') {
        reader.next();
    } else {
        loop {
            let value = match reader.element() {
                Ok(Element::Null) => Value::Null,
                Ok(Element::Text(text)) => parse_plain(element, &text, context)?,
                Err(Flaw::Nested) => return Err(nested()),
                Err(Flaw::End) => return Err(malformed("Unexpected end of input.")),
                Err(Flaw::Unexpected(character)) => {
                    return Err(malformed(&format!("Unexpected \"{character}\" character.")));
                }
                Err(Flaw::Element) => return Err(malformed("Unexpected array element.")),
            };
            values.push(value);
            match reader.next() {
                Some(',') => {}
                Some('}') => break,
                _ => return Err(malformed("Unexpected end of input.")),
            }
        }
    }
    if reader.rest.is_empty() { Ok(values) } else { Err(malformed("Junk after closing right brace.")) }
}

/// 0A000: an array of arrays.
pub(super) fn nested() -> Problem {
    Problem::new("0A000", "arrays of more than one dimension are not supported")
}

enum Element {
    Null,
    Text(String),
}

enum Flaw {
    Nested,
    End,
    Unexpected(char),
    Element,
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let character = self.rest.chars().next()?;
        self.rest = &self.rest[character.len_utf8()..];
        Some(character)
    }

    fn skip_blanks(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start_matches(is_space);
        self.rest.chars().next()
    }

    /// One element; what follows it is a comma or a brace.
    fn element(&mut self) -> std::result::Result<Element, Flaw> {
        match self.skip_blanks() {
            None => Err(Flaw::End),
            Some('{') => Err(Flaw::Nested),
            Some(character @ (',' | '}')) => Err(Flaw::Unexpected(character)),
            Some('"') => {
                self.next();
                let text = self.quoted()?;
                match self.skip_blanks() {
                    None | Some(',' | '}') => Ok(Element::Text(text)),
                    Some(_) => Err(Flaw::Element),
                }
            }
            Some(_) => self.plain(),
        }
    }

    fn quoted(&mut self) -> std::result::Result<String, Flaw> {
        let mut text = String::new();
        loop {
            match self.next().ok_or(Flaw::End)? {
                '"' => return Ok(text),
                '\\' => text.push(self.next().ok_or(Flaw::End)?),
                character => text.push(character),
            }
        }
    }

    fn plain(&mut self) -> std::result::Result<Element, Flaw> {
        let (mut text, mut kept, mut escaped) = (String::new(), 0, false);
        loop {
            match self.rest.chars().next() {
                None => return Err(Flaw::End),
                Some(',' | '}') => break,
                Some(character @ ('{' | '"')) => {
                    return Err(if character == '"' { Flaw::Element } else { Flaw::Unexpected('{') });
                }
                Some('\\') => {
                    self.next();
                    text.push(self.next().ok_or(Flaw::End)?);
                    (kept, escaped) = (text.len(), true);
                }
                Some(character) => {
                    self.next();
                    text.push(character);
                    if !is_space(character) {
                        kept = text.len();
                    }
                }
            }
        }
        text.truncate(kept);
        let null = !escaped && text.eq_ignore_ascii_case("null");
        Ok(if null { Element::Null } else { Element::Text(text) })
    }
}
