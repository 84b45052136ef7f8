//! A position in a text, and errors that say what was found and what was expected there.

use mainstay_base::{Problem, Result};

/// Reads a text from left to right.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'t> {
    text: &'t str,
    at: usize,
    /// What is being read, for messages: `select parameter`, `filter` …
    context: &'static str,
}

impl<'t> Cursor<'t> {
    pub fn new(text: &'t str, context: &'static str) -> Self {
        Self { text, at: 0, context }
    }

    /// What is left.
    pub fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    pub fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub fn at_end(&self) -> bool {
        self.at == self.text.len()
    }

    pub fn position(&self) -> usize {
        self.at
    }

    pub fn go_back_to(&mut self, position: usize) {
        self.at = position;
    }

    pub fn bump(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    /// Moves past `expected` if it comes next.
    pub fn eat(&mut self, expected: &str) -> bool {
        let found = self.rest().starts_with(expected);
        if found {
            self.at += expected.len();
        }
        found
    }

    /// Moves past the characters that satisfy `test`, and returns them.
    pub fn take_while(&mut self, test: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|next| !test(next)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    pub fn expect(&mut self, expected: &str) -> Result<()> {
        if self.eat(expected) { Ok(()) } else { Err(self.unexpected(&format!("\"{expected}\""))) }
    }

    /// A text in double quotes, with `\"` and `\\` inside. The opening quote comes next.
    pub fn quoted(&mut self) -> Result<String> {
        self.expect("\"")?;
        let mut text = String::new();
        loop {
            match self.bump() {
                Some('"') => return Ok(text),
                Some('\\') => match self.bump() {
                    Some(escaped) => text.push(escaped),
                    None => return Err(self.unexpected("\"\\\"\"")),
                },
                Some(other) => text.push(other),
                None => return Err(self.unexpected("\"\\\"\"")),
            }
        }
    }

    /// The problem that something else was expected here.
    pub fn unexpected(&self, expecting: &str) -> Problem {
        let found = match self.peek() {
            Some(next) => format!("\"{}\"", next.escape_default()),
            None => "end of input".to_owned(),
        };
        self.problem(&format!("unexpected {found} expecting {expecting}"))
    }

    /// A problem at this place.
    pub fn problem(&self, details: &str) -> Problem {
        let column = self.text[..self.at].chars().count() + 1;
        let message =
            format!("\"failed to parse {} ({})\" (line 1, column {column})", self.context, self.text);
        Problem::new("PGRST100", message).with_details(details)
    }
}
