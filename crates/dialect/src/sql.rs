//! SQL as a value: pieces that know what they are, put together without ever pasting strings.
//!
//! Only `&'static str` counts as a keyword, so nothing that was computed or sent can become SQL. It knows no dialect but
//! for the quote character of identifiers.

use std::fmt::Write;

/// SQL text in the making, and the inputs of type `I` that stand in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sql<I> {
    pieces: Vec<Piece<I>>,
}

#[derive(Debug, Clone, PartialEq)]
enum Piece<I> {
    Keyword(&'static str),
    Number(u64),
    Identifier(String),
    Constant(Constant),
    Input(I),
}

/// A constant of the schema, written into the text: planners can use it, as for partial indexes.
/// Values of requests are inputs, never constants.
#[derive(Debug, Clone, PartialEq)]
pub enum Constant {
    /// NULL
    Null,
    /// A whole number.
    Int(i64),
    /// A finite number, or an infinity.
    Real(f64),
    /// Text; it holds no NUL character.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

/// How identifiers are quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quoting {
    /// `"name"`: the standard.
    Double,
    /// `` `name` ``
    Backtick,
}

impl<I> Default for Sql<I> {
    fn default() -> Self {
        Self { pieces: Vec::new() }
    }
}

impl<I> From<&'static str> for Sql<I> {
    fn from(keyword: &'static str) -> Self {
        Self::piece(Piece::Keyword(keyword))
    }
}

impl<I> Sql<I> {
    fn piece(piece: Piece<I>) -> Self {
        Self { pieces: vec![piece] }
    }

    /// An identifier, quoted whatever it is.
    pub fn identifier(name: impl Into<String>) -> Self {
        Self::piece(Piece::Identifier(name.into()))
    }

    /// A generated name: a prefix and a number (`s1`).
    pub fn numbered(prefix: &'static str, number: u64) -> Self {
        Self { pieces: vec![Piece::Keyword(prefix), Piece::Number(number)] }
    }

    /// A constant of the schema.
    pub fn constant(constant: Constant) -> Self {
        Self::piece(Piece::Constant(constant))
    }

    /// A text constant of the schema.
    pub fn text(text: impl Into<String>) -> Self {
        Self::constant(Constant::Text(text.into()))
    }

    /// A value that is bound when the statement runs.
    pub fn input(input: I) -> Self {
        Self::piece(Piece::Input(input))
    }

    /// Appends.
    pub fn push(&mut self, part: impl Into<Self>) {
        self.pieces.extend(part.into().pieces);
    }

    /// This and then that.
    #[must_use]
    pub fn then(mut self, part: impl Into<Self>) -> Self {
        self.push(part);
        self
    }

    /// The parts with a separator between them.
    pub fn join(parts: impl IntoIterator<Item = Self>, separator: &'static str) -> Self {
        let mut joined = Self::default();
        for (position, part) in parts.into_iter().enumerate() {
            if position > 0 {
                joined.push(separator);
            }
            joined.push(part);
        }
        joined
    }

    /// Between parentheses.
    #[must_use]
    pub fn parenthesized(self) -> Self {
        Self::from("(").then(self).then(")")
    }

    /// Whether nothing has been written.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Whether a keyword stands somewhere in it.
    pub(crate) fn says(&self, wanted: &str) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Keyword(keyword) if *keyword == wanted))
    }

    /// The inputs that stand in it.
    pub fn inputs(&self) -> impl Iterator<Item = &I> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Input(input) => Some(input),
            _ => None,
        })
    }

    /// Whether a constant in it has a backslash.
    pub fn has_backslash(&self) -> bool {
        self.pieces
            .iter()
            .any(|piece| matches!(piece, Piece::Constant(Constant::Text(value)) if value.contains('\\')))
    }
}

impl<I: PartialEq> Sql<I> {
    /// The text and its inputs in order. Equal inputs share one parameter, `?1`, `?2` ….
    pub fn finish(self, quoting: Quoting) -> (String, Vec<I>) {
        self.finish_with(quoting, '?')
    }

    /// The same with another sign before the parameters' numbers.
    pub fn finish_with(self, quoting: Quoting, sign: char) -> (String, Vec<I>) {
        let mut text = String::new();
        let mut inputs: Vec<I> = Vec::new();
        for piece in self.pieces {
            match piece {
                Piece::Input(input) => {
                    let known = inputs.iter().position(|other| *other == input);
                    let position = known.unwrap_or_else(|| {
                        inputs.push(input);
                        inputs.len() - 1
                    });
                    _ = write!(text, "{sign}{}", position + 1);
                }
                other => other.write(quoting, &mut text),
            }
        }
        (text, inputs)
    }
}

impl<I> Sql<I> {
    /// The text and its inputs in order, each for a parameter `?` of its own.
    pub fn finish_each(self, quoting: Quoting) -> (String, Vec<I>) {
        let mut text = String::new();
        let mut inputs = Vec::new();
        for piece in self.pieces {
            match piece {
                Piece::Input(input) => {
                    inputs.push(input);
                    text.push('?');
                }
                // drivers look for placeholders in the text, and take a backslash for an escape
                Piece::Constant(Constant::Text(value)) if value.contains('\\') => {
                    text.push_str("_utf8mb4 ");
                    write_constant(&Constant::Blob(value.into_bytes()), &mut text);
                }
                other => other.write(quoting, &mut text),
            }
        }
        (text, inputs)
    }
}

impl<I> Piece<I> {
    /// Writes what is no input.
    fn write(&self, quoting: Quoting, text: &mut String) {
        match self {
            Self::Keyword(keyword) => text.push_str(keyword),
            Self::Number(number) => _ = write!(text, "{number}"),
            Self::Identifier(name) => quote_identifier(name, quoting, text),
            Self::Constant(constant) => write_constant(constant, text),
            Self::Input(_) => {}
        }
    }
}

/// The one function that quotes identifiers.
fn quote_identifier(name: &str, quoting: Quoting, text: &mut String) {
    let quote = match quoting {
        Quoting::Double => '"',
        Quoting::Backtick => '`',
    };
    text.push(quote);
    for character in name.chars() {
        if character == quote {
            text.push(quote);
        }
        text.push(character);
    }
    text.push(quote);
}

/// The one function that writes constants.
fn write_constant(constant: &Constant, text: &mut String) {
    match constant {
        Constant::Null => text.push_str("NULL"),
        // the smallest bigint has no literal: its digits alone are out of range
        Constant::Int(i64::MIN) => text.push_str("(-9223372036854775807 - 1)"),
        Constant::Int(number) => _ = write!(text, "{number}"),
        Constant::Real(number) if number.is_nan() => text.push_str("NULL"),
        Constant::Real(number) if number.is_infinite() => {
            text.push_str(if *number > 0.0 { "9e999" } else { "-9e999" });
        }
        Constant::Real(number) => _ = write!(text, "{number:e}"),
        Constant::Text(value) => {
            text.push('\'');
            for character in value.chars() {
                match character {
                    '\'' => text.push_str("''"),
                    '\0' => {}
                    other => text.push(other),
                }
            }
            text.push('\'');
        }
        Constant::Blob(bytes) => {
            text.push_str("x'");
            for byte in bytes {
                _ = write!(text, "{byte:02x}");
            }
            text.push('\'');
        }
    }
}

/// Puts parts together: keywords as string literals, everything else as [`Sql`].
macro_rules! sql {
    ($($part:expr),* $(,)?) => {{
        let mut sql = $crate::Sql::default();
        $( sql.push($part); )*
        sql
    }};
}
pub(crate) use sql;

#[cfg(test)]
mod tests {
    use super::*;

    fn text(sql: Sql<u32>) -> String {
        sql.finish(Quoting::Double).0
    }

    #[test]
    fn identifiers_and_texts_cannot_end_early() {
        assert_eq!(text(Sql::identifier(r#"a"b; --"#)), r#""a""b; --""#);
        assert_eq!(text(Sql::text("it's")), "'it''s'");
        assert_eq!(Sql::<u32>::identifier("a`b").finish(Quoting::Backtick).0, "`a``b`");
    }

    #[test]
    fn equal_inputs_share_a_parameter() {
        let sql = sql!["f(", Sql::input(7), ", ", Sql::input(9), ", ", Sql::input(7), ")"];
        assert_eq!(sql.finish(Quoting::Double), ("f(?1, ?2, ?1)".to_owned(), vec![7, 9]));
    }

    #[test]
    fn numbers_read_back_as_they_are() {
        assert_eq!(text(Sql::constant(Constant::Int(i64::MIN))), "(-9223372036854775807 - 1)");
        assert_eq!(text(Sql::constant(Constant::Real(1.0))), "1e0");
        assert_eq!(text(Sql::constant(Constant::Blob(vec![0, 255]))), "x'00ff'");
    }
}
