//! Type names.

use super::{Parsed, Parser};
use crate::lexer::TokenKind;
use crate::tree::{Name, QualifiedName, TypeName};

/// No type of PostgreSQL has more numbers in its parentheses.
const MAX_MODIFIERS: usize = 2;

/// PostgreSQL's own limit.
const MAX_ARRAY_DEPTH: u8 = 6;

impl Parser<'_> {
    /// A type with its modifiers and brackets.
    pub fn type_name(&mut self) -> Parsed<TypeName> {
        self.type_name_for("a type")
    }

    /// The same; `what` is said when there is none: `a column type`.
    pub fn type_name_for(&mut self, what: &str) -> Parsed<TypeName> {
        let start = self.here();
        if self.at_word("setof") {
            return Err(self.unsupported("SETOF in this place", start));
        }
        let (name, modifiers) = match self.spelled_out(what)? {
            Some(found) => found,
            None => {
                let name = self.qualified_type_name(what)?;
                (name, self.type_modifiers()?)
            }
        };
        if self.at_operator("%") && self.is_word(self.peek_at(1), "type") {
            return Err(self.unsupported("%TYPE", self.here()));
        }
        let array_depth = self.array_brackets()?;
        Ok(TypeName { name, modifiers, array_depth, span: self.since(start) })
    }

    /// Types whose names are words of the grammar or several words long, in PostgreSQL's one-word form.
    fn spelled_out(&mut self, what: &str) -> Parsed<Option<(QualifiedName, Vec<i32>)>> {
        let start = self.here();
        if self.at(TokenKind::QuotedName) || self.peek_at(1).kind == TokenKind::Dot {
            return Ok(None);
        }
        let word = self.token_text(self.peek()).to_ascii_lowercase();
        let mut modifiers = Vec::new();
        let text = match word.as_str() {
            "double" if self.is_word(self.peek_at(1), "precision") => {
                self.at += 2;
                "float8"
            }
            "character" | "char" | "nchar" | "national" => {
                self.advance();
                if word == "national" && !self.eat_word("character") && !self.eat_word("char") {
                    return Err(self.expected("CHARACTER"));
                }
                let varying = self.eat_word("varying");
                modifiers = self.type_modifiers()?;
                if varying { "varchar" } else { "char" }
            }
            "bit" => {
                self.advance();
                let varying = self.eat_word("varying");
                modifiers = self.type_modifiers()?;
                if varying { "varbit" } else { "bit" }
            }
            "timestamp" | "time" => {
                self.advance();
                modifiers = self.type_modifiers()?;
                let with_zone = self.eat_words(&["with", "time", "zone"]);
                if !with_zone {
                    self.eat_words(&["without", "time", "zone"]);
                }
                match (word.as_str(), with_zone) {
                    ("timestamp", true) => "timestamptz",
                    ("timestamp", false) => "timestamp",
                    (_, true) => "timetz",
                    (_, false) => "time",
                }
            }
            "interval" => {
                self.advance();
                if self.at_any_word(&["year", "month", "day", "hour", "minute", "second"]) {
                    return Err(self.unsupported("INTERVAL with fields", self.here()));
                }
                modifiers = self.type_modifiers()?;
                "interval"
            }
            "" => return Err(self.expected(what)),
            "bigint" | "boolean" | "dec" | "decimal" | "float" | "int" | "integer" | "json" | "numeric"
            | "real" | "smallint" | "varchar" => {
                self.advance();
                modifiers = self.type_modifiers()?;
                word.as_str()
            }
            _ => return Ok(None),
        };
        let name = Name { text: text.to_string(), quoted: false, span: self.since(start) };
        Ok(Some((QualifiedName { schema: None, span: name.span, name }, modifiers)))
    }

    fn qualified_type_name(&mut self, what: &str) -> Parsed<QualifiedName> {
        self.qualified_function_name(what)
    }

    fn type_modifiers(&mut self) -> Parsed<Vec<i32>> {
        if !self.at(TokenKind::OpenParen) {
            return Ok(Vec::new());
        }
        let start = self.here();
        let modifiers = self.parenthesized(|parser| parser.integer("a number"))?;
        if modifiers.len() > MAX_MODIFIERS {
            let message = format!("a type takes at most {MAX_MODIFIERS} numbers");
            return Err(self.mistake("type-modifiers", self.since(start), message));
        }
        Ok(modifiers)
    }

    fn array_brackets(&mut self) -> Parsed<u8> {
        let start = self.here();
        let mut depth = 0u8;
        if self.eat_word("array") {
            depth = 1;
            if self.at(TokenKind::OpenBracket) {
                self.array_size()?;
            }
            return Ok(depth);
        }
        while self.at(TokenKind::OpenBracket) {
            self.array_size()?;
            depth += 1;
            if depth > MAX_ARRAY_DEPTH {
                let message = format!("an array has at most {MAX_ARRAY_DEPTH} dimensions");
                return Err(self.mistake("array-dimensions", self.since(start), message));
            }
        }
        Ok(depth)
    }

    /// `[]` or `[3]`; PostgreSQL ignores the size.
    fn array_size(&mut self) -> Parsed<()> {
        self.expect(TokenKind::OpenBracket)?;
        if self.at(TokenKind::Number) {
            self.integer::<i32>("a size")?;
        }
        self.expect(TokenKind::CloseBracket)?;
        Ok(())
    }
}
