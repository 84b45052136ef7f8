//! Tree to text: canonical SQL that reads back to the same tree.
//!
//! Names are quoted only where they must be; parentheses stand only where the meaning needs them, or where PostgreSQL
//! does. The text is PostgreSQL's: what the reader accepts from us, PostgreSQL accepts too.

mod access;
mod expr;
mod function;
mod query;
mod script;
mod table;

use crate::keywords;
use crate::lexer;
use crate::tree::{Expr, Name, QualifiedName, Query, Statement, TypeName};

/// Statements with a blank line between them, each with its semicolon.
pub fn print_statements<'a>(statements: impl IntoIterator<Item = &'a Statement>) -> String {
    let texts: Vec<_> = statements.into_iter().map(print_statement).collect();
    let mut text = texts.join("\n\n");
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

/// One statement with its semicolon. An unsupported one becomes a comment that says what it was.
pub fn print_statement(statement: &Statement) -> String {
    let mut printer = Printer::default();
    printer.statement(statement);
    printer.text
}

/// An expression.
pub fn print_expression(expr: &Expr) -> String {
    let mut printer = Printer::default();
    printer.expr(expr);
    printer.text
}

/// A query on one line.
pub fn print_query(query: &Query) -> String {
    let mut printer = Printer::default();
    printer.query(query);
    printer.text
}

/// A type.
pub fn print_type(type_name: &TypeName) -> String {
    let mut printer = Printer::default();
    printer.type_name(type_name);
    printer.text
}

/// A name as SQL, in double quotes where it needs them.
pub fn quote_name(name: &str) -> String {
    let simple = is_simple(name) && keywords::is_plain(name);
    if simple { name.to_string() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// A text as an SQL literal.
pub fn quote_literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Whether PostgreSQL would read the text back unchanged without quotes, keywords aside.
fn is_simple(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(lexer::is_word_start)
        && bytes.all(lexer::is_word_part)
        && !name.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// The text so far.
#[derive(Default)]
struct Printer {
    text: String,
    /// Whether the clauses of the outermost query stand on lines of their own.
    spread: bool,
}

impl Printer {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// A word between blanks, or at the beginning.
    fn word(&mut self, word: &str) {
        if !self.text.is_empty() && !self.text.ends_with([' ', '\n', '(', '[']) {
            self.text.push(' ');
        }
        self.text.push_str(word);
    }

    /// Items with a comma and a blank between them.
    fn list<T>(&mut self, items: &[T], mut item: impl FnMut(&mut Self, &T)) {
        for (at, it) in items.iter().enumerate() {
            if at > 0 {
                self.push(", ");
            }
            item(self, it);
        }
    }

    fn name(&mut self, name: &Name) {
        // `$1` as the name of a function's row stands for itself.
        if !name.quoted && name.text.starts_with('$') {
            return self.push(&name.text);
        }
        self.push(&quote_name(&name.text));
    }

    fn names(&mut self, names: &[Name]) {
        self.list(names, Self::name);
    }

    /// ` (a, b)`, or nothing when there are none.
    fn columns(&mut self, names: &[Name]) {
        if !names.is_empty() {
            self.push(" (");
            self.names(names);
            self.push(")");
        }
    }

    fn qualified(&mut self, name: &QualifiedName) {
        self.schema_of(name);
        self.name(&name.name);
    }

    /// The name of a function or type: a word that has a syntax of its own there stays bare when it was written so.
    fn qualified_function(&mut self, name: &QualifiedName) {
        self.schema_of(name);
        let bare = !name.name.quoted && is_simple(&name.name.text);
        let allowed = !name.name.quoted || keywords::may_name_function(&name.name.text);
        if bare || is_simple(&name.name.text) && allowed && keywords::is_plain(&name.name.text) {
            self.push(&name.name.text);
        } else {
            self.push(&format!("\"{}\"", name.name.text.replace('"', "\"\"")));
        }
    }

    fn schema_of(&mut self, name: &QualifiedName) {
        if let Some(schema) = &name.schema {
            self.name(schema);
            self.push(".");
        }
    }

    fn type_name(&mut self, type_name: &TypeName) {
        let plain = type_name.name.schema.is_none() && !type_name.name.name.quoted;
        let double = plain && type_name.name.name.text == "float8" && type_name.modifiers.is_empty();
        if double {
            self.push("double precision");
        } else {
            self.qualified_function(&type_name.name);
        }
        if !type_name.modifiers.is_empty() {
            self.push("(");
            self.list(&type_name.modifiers, |printer, number| printer.push(&number.to_string()));
            self.push(")");
        }
        for _ in 0..type_name.array_depth {
            self.push("[]");
        }
    }
}
