//! Rows, settings and clean-up: what seed scripts and dumps hold beside definitions.

use super::{Parsed, Parser};
use crate::diagnostic::Diagnostic;
use crate::lexer::{Token, TokenKind};
use crate::span::Span;
use crate::tree::{
    CopyFrom, CopyRow, Database, DropObjects, Insert, InsertSource, Name, ObjectRef, OnConflictNothing,
    Overriding, Set, Statement,
};

impl Parser<'_> {
    /// From INSERT on.
    pub fn insert(&mut self, start: Span) -> Parsed<Statement> {
        self.expect_words(&["insert", "into"])?;
        let table = self.qualified_name("a table name")?;
        if self.at_word("as") {
            return Err(self.unsupported("an alias in INSERT", self.here()));
        }
        let is_query = self.at(TokenKind::OpenParen)
            && ["select", "with", "values"].iter().any(|word| self.is_word(self.peek_at(1), word));
        let columns = if is_query { Vec::new() } else { self.optional_column_names()? };
        let overriding = self.overriding()?;
        let source = if self.eat_words(&["default", "values"]) {
            InsertSource::DefaultValues
        } else if self.at_query() || self.at(TokenKind::OpenParen) {
            InsertSource::Query(Box::new(self.query()?))
        } else {
            return Err(self.expected("VALUES, SELECT or DEFAULT VALUES"));
        };
        let on_conflict = if self.at_words(&["on", "conflict"]) { Some(self.on_conflict()?) } else { None };
        if self.at_word("returning") {
            return Err(self.unsupported("RETURNING", self.here()));
        }
        let span = self.since(start);
        Ok(Statement::Insert(Insert { table, columns, overriding, source, on_conflict, span }))
    }

    fn overriding(&mut self) -> Parsed<Option<Overriding>> {
        if !self.eat_word("overriding") {
            return Ok(None);
        }
        let overriding = if self.eat_word("system") {
            Overriding::SystemValue
        } else if self.eat_word("user") {
            Overriding::UserValue
        } else {
            return Err(self.expected("SYSTEM VALUE or USER VALUE"));
        };
        self.expect_word("value")?;
        Ok(Some(overriding))
    }

    fn on_conflict(&mut self) -> Parsed<OnConflictNothing> {
        let start = self.expect_words(&["on", "conflict"])?;
        if self.at_words(&["on", "constraint"]) {
            return Err(self.unsupported("ON CONFLICT ON CONSTRAINT", start));
        }
        let columns = self.optional_column_names()?;
        self.expect_word("do")?;
        if self.at_word("update") {
            return Err(self.unsupported("ON CONFLICT DO UPDATE", self.here()));
        }
        self.expect_word("nothing")?;
        Ok(OnConflictNothing { columns, span: self.since(start) })
    }

    /// From COPY on; `data` are the lines behind the statement.
    pub fn copy(&mut self, start: Span, data: Option<Token>) -> Parsed<Statement> {
        self.expect_word("copy")?;
        if self.at(TokenKind::OpenParen) {
            return Err(self.unsupported("COPY of a query", self.here()));
        }
        let table = self.qualified_name("a table name")?;
        let columns = self.optional_column_names()?;
        if self.at_word("to") {
            return Err(self.unsupported("COPY … TO", self.here()));
        }
        self.expect_word("from")?;
        if !self.eat_word("stdin") {
            return Err(self.unsupported("COPY from a file or program", self.here()));
        }
        self.eat_word("with");
        self.copy_options()?;
        let Some(data) = data else {
            return Err(self.mistake("copy-data", self.last(), "the rows of this COPY are missing"));
        };
        let rows = self.copy_rows(data, &columns)?;
        let span = start.to(self.span_of(data));
        Ok(Statement::Copy(CopyFrom { table, columns, rows, span }))
    }

    /// Only the text format, which is what pg_dump writes.
    fn copy_options(&mut self) -> Parsed<()> {
        let is_text = self.eat(TokenKind::OpenParen)
            && self.eat_word("format")
            && (self.eat_word("text") || self.at_string() && self.string("a format")? == "text");
        if is_text {
            self.expect(TokenKind::CloseParen)?;
        }
        if self.is_end() { Ok(()) } else { Err(self.unsupported("this format of COPY", self.here())) }
    }

    fn copy_rows(&mut self, data: Token, columns: &[Name]) -> Parsed<Vec<CopyRow>> {
        let mut rows = Vec::new();
        let mut start = data.start;
        for line in self.token_text(data).split_inclusive('\n') {
            let content = line.strip_suffix('\n').unwrap_or(line);
            let content = content.strip_suffix('\r').unwrap_or(content);
            let span = self.span(start, start + content.len() as u32);
            start += line.len() as u32;
            let values: Vec<_> = content.split('\t').map(copy_field).collect();
            if !columns.is_empty() && values.len() != columns.len() {
                let message = format!("this row has {} fields for {} columns", values.len(), columns.len());
                let help = "fields are separated by tabs; is the closing `\\.` missing?";
                return Err(Box::new(super::Failure::Mistake(
                    Diagnostic::error("copy-data", span, message).with_help(help),
                )));
            }
            rows.push(CopyRow { values, span });
        }
        Ok(rows)
    }

    /// From SET or RESET on.
    pub fn set(&mut self, start: Span) -> Parsed<Statement> {
        if self.eat_word("reset") {
            let name = self.setting_name()?;
            return Ok(Statement::Set(Set {
                name,
                values: Vec::new(),
                local: false,
                span: self.since(start),
            }));
        }
        self.expect_word("set")?;
        let local = self.eat_word("local");
        if !local {
            self.eat_word("session");
        }
        let others = ["role", "constraints", "transaction", "authorization", "characteristics"];
        if self.at_any_word(&others) {
            let what = format!("SET {}", self.token_text(self.peek()).to_ascii_uppercase());
            return Err(self.unsupported(what, start));
        }
        if self.eat_words(&["time", "zone"]) {
            let values = vec![self.setting_value()?];
            return Ok(Statement::Set(Set {
                name: "timezone".to_string(),
                values,
                local,
                span: self.since(start),
            }));
        }
        let name = self.setting_name()?;
        let values = self.setting_values()?;
        Ok(Statement::Set(Set { name, values, local, span: self.since(start) }))
    }

    /// `search_path`, `request.jwt.claims`
    pub fn setting_name(&mut self) -> Parsed<String> {
        let mut name = self.label("a setting")?.text;
        while self.eat(TokenKind::Dot) {
            name.push('.');
            name.push_str(&self.label("a setting")?.text);
        }
        Ok(name)
    }

    /// `= value, value`, `TO DEFAULT`
    pub fn setting_values(&mut self) -> Parsed<Vec<String>> {
        if !self.eat_operator("=") && !self.eat_word("to") {
            return Err(self.expected("`=` or TO"));
        }
        if self.eat_word("default") {
            return Ok(Vec::new());
        }
        self.list(Self::setting_value)
    }

    fn setting_value(&mut self) -> Parsed<String> {
        if self.at_string() {
            return self.string("a value");
        }
        let token = self.peek();
        match token.kind {
            TokenKind::Word | TokenKind::QuotedName => Ok(self.label("a value")?.text),
            TokenKind::Number => {
                self.advance();
                Ok(self.token_text(token).to_string())
            }
            TokenKind::Operator if self.peek_at(1).kind == TokenKind::Number => {
                Ok(self.integer::<i64>("a value")?.to_string())
            }
            _ => Err(self.expected("a value")),
        }
    }

    /// From DROP on.
    pub fn drop(&mut self, start: Span) -> Parsed<Statement> {
        self.expect_word("drop")?;
        if self.eat_word("database") {
            self.eat_words(&["if", "exists"]);
            let name = self.name("a database name")?;
            return Ok(Statement::Database(Database { drop: true, name, span: self.since(start) }));
        }
        if self.at_words(&["owned"]) || self.at_words(&["trigger"]) {
            return Err(self.other_object("DROP", start));
        }
        let (kind, policy) = (self.at, self.at_word("policy"));
        let exists = self.is_word(self.peek_at(1), "if") && self.is_word(self.peek_at(2), "exists");
        let mut objects = Vec::new();
        loop {
            objects.push(if policy {
                self.dropped_policy(objects.is_empty())?
            } else {
                self.dropped(kind, start)?
            });
            if !self.eat(TokenKind::Comma) {
                break;
            }
        }
        let cascade = self.eat_word("cascade");
        if !cascade {
            self.eat_word("restrict");
        }
        Ok(Statement::Drop(DropObjects { if_exists: exists, objects, cascade, span: self.since(start) }))
    }

    /// One object; its kind is the token at `kind`, which is written only once, before IF EXISTS.
    fn dropped(&mut self, kind: usize, start: Span) -> Parsed<ObjectRef> {
        if self.at != kind {
            let word = self.token_text(self.tokens[kind]).to_ascii_lowercase();
            return self.object_of(&word);
        }
        let word = self.object_kind("DROP", start)?;
        self.eat_word("concurrently");
        self.eat_words(&["if", "exists"]);
        self.object_of(&word)
    }

    /// The word for a kind of object; `verb` is said when there is no such kind.
    pub fn object_kind(&mut self, verb: &str, start: Span) -> Parsed<String> {
        let word = self.token_text(self.peek()).to_ascii_lowercase();
        let known =
            ["table", "view", "sequence", "index", "type", "domain", "function", "schema", "extension"];
        if !known.contains(&word.as_str()) {
            return Err(self.other_object(verb, start));
        }
        self.advance();
        Ok(word)
    }

    /// The object of a kind for which [`Self::object_kind`] gave the word.
    pub fn object_of(&mut self, kind: &str) -> Parsed<ObjectRef> {
        Ok(match kind {
            "table" => ObjectRef::Table(self.qualified_name("a table name")?),
            "view" => ObjectRef::View(self.qualified_name("a view name")?),
            "sequence" => ObjectRef::Sequence(self.qualified_name("a sequence name")?),
            "index" => ObjectRef::Index(self.qualified_name("an index name")?),
            "type" => ObjectRef::Type(self.qualified_function_name("a type name")?),
            "domain" => ObjectRef::Domain(self.qualified_function_name("a domain name")?),
            "function" => ObjectRef::Function(self.function_signature()?),
            "schema" => ObjectRef::Schema(self.name("a schema name")?),
            _ => ObjectRef::Extension(self.name("an extension")?),
        })
    }

    fn dropped_policy(&mut self, first: bool) -> Parsed<ObjectRef> {
        if first {
            self.advance();
            self.eat_words(&["if", "exists"]);
        }
        let name = self.name("a policy name")?;
        self.expect_word("on")?;
        Ok(ObjectRef::Policy(name, self.qualified_name("a table name")?))
    }
}

/// One field of COPY's text format, decoded.
fn copy_field(field: &str) -> Option<String> {
    if field == "\\N" {
        return None;
    }
    if !field.contains('\\') {
        return Some(field.to_string());
    }
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'\\' || rest.is_empty() {
            bytes.push(*byte);
            continue;
        }
        let (decoded, length) = copy_escape(rest);
        bytes.push(decoded);
        rest = &rest[length..];
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// What stands behind a backslash, and how many bytes of it.
fn copy_escape(text: &[u8]) -> (u8, usize) {
    let digits = |from: usize, most: usize, radix: u32| {
        let digits = text[from..].iter().take(most).map_while(|byte| (*byte as char).to_digit(radix));
        digits.fold((0u32, 0), |(value, length), digit| (value * radix + digit, length + 1))
    };
    match text[0] {
        b'b' => (8, 1),
        b'f' => (12, 1),
        b'n' => (b'\n', 1),
        b'r' => (b'\r', 1),
        b't' => (b'\t', 1),
        b'v' => (11, 1),
        b'0'..=b'7' => {
            let (value, length) = digits(0, 3, 8);
            (value as u8, length)
        }
        b'x' => match digits(1, 2, 16) {
            (_, 0) => (b'x', 1),
            (value, length) => (value as u8, length + 1),
        },
        other => (other, 1),
    }
}
