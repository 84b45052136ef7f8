//! Which statement it is.

use super::{Failure, Parsed, Parser};
use crate::diagnostic::{Diagnostic, closest};
use crate::lexer::{Token, TokenKind};
use crate::span::Span;
use crate::tree::{Statement, Transaction, TransactionKind};

/// Words that begin a statement of PostgreSQL which Mainstay does not take.
const OTHER_STATEMENTS: &[&str] = &[
    "analyze",
    "call",
    "checkpoint",
    "close",
    "cluster",
    "deallocate",
    "declare",
    "delete",
    "discard",
    "do",
    "execute",
    "explain",
    "fetch",
    "import",
    "listen",
    "load",
    "lock",
    "merge",
    "move",
    "notify",
    "prepare",
    "reassign",
    "refresh",
    "reindex",
    "release",
    "savepoint",
    "security",
    "show",
    "table",
    "truncate",
    "unlisten",
    "update",
    "vacuum",
];

/// Words that begin a statement which Mainstay reads.
const STATEMENTS: &[&str] = &[
    "create", "alter", "grant", "revoke", "comment", "insert", "copy", "select", "with", "values", "set",
    "reset", "begin", "start", "commit", "end", "rollback", "abort", "drop",
];

/// What CREATE, ALTER, DROP and COMMENT ON may name that Mainstay does not know.
const OTHER_OBJECTS: &[&str] = &[
    "access",
    "aggregate",
    "cast",
    "collation",
    "constraint",
    "conversion",
    "database",
    "default",
    "event",
    "extension",
    "foreign",
    "global",
    "group",
    "index",
    "language",
    "large",
    "local",
    "materialized",
    "operator",
    "owned",
    "policy",
    "procedural",
    "procedure",
    "publication",
    "recursive",
    "role",
    "routine",
    "rule",
    "schema",
    "sequence",
    "server",
    "statistics",
    "subscription",
    "system",
    "tablespace",
    "temp",
    "temporary",
    "text",
    "transform",
    "trigger",
    "trusted",
    "type",
    "unlogged",
    "user",
    "view",
    "domain",
    "function",
    "table",
    "column",
];

/// Those of them behind which the kind itself follows.
const ADJECTIVES: &[&str] = &[
    "access",
    "constraint",
    "default",
    "event",
    "foreign",
    "global",
    "large",
    "local",
    "materialized",
    "recursive",
    "temp",
    "temporary",
    "text",
    "unlogged",
];

impl Parser<'_> {
    /// One whole statement; `data` are the lines of a COPY.
    pub fn statement(&mut self, data: Option<Token>) -> Parsed<Statement> {
        let start = self.here();
        let statement = self.statement_at(start, data)?;
        if self.is_end() { Ok(statement) } else { Err(self.expected("the end of the statement")) }
    }

    fn statement_at(&mut self, start: Span, data: Option<Token>) -> Parsed<Statement> {
        let word = self.token_text(self.peek()).to_ascii_lowercase();
        if !self.at(TokenKind::Word) {
            return if self.at(TokenKind::OpenParen) {
                self.query_statement()
            } else {
                Err(self.expected("a statement"))
            };
        }
        match word.as_str() {
            "create" => self.create(start),
            "alter" => self.alter(start),
            "grant" | "revoke" => self.grant(start),
            "comment" => self.comment(start),
            "insert" => self.insert(start),
            "copy" => self.copy(start, data),
            "select" | "with" | "values" => self.query_statement(),
            "set" | "reset" => self.set(start),
            "drop" => self.drop(start),
            "begin" | "start" => self.transaction(TransactionKind::Begin),
            "commit" | "end" => self.transaction(TransactionKind::Commit),
            "rollback" | "abort" => self.transaction(TransactionKind::Rollback),
            other if OTHER_STATEMENTS.contains(&other) => {
                Err(self.unsupported(word.to_ascii_uppercase(), start))
            }
            _ => Err(self.unknown_statement(&word)),
        }
    }

    fn unknown_statement(&self, word: &str) -> Box<Failure> {
        let known = STATEMENTS.iter().chain(OTHER_STATEMENTS).copied();
        let help = closest(word, known).map(|near| format!("did you mean `{}`?", near.to_ascii_uppercase()));
        let message = format!("no statement begins with `{word}`");
        let diagnostic = Diagnostic::error("unknown-statement", self.here(), message);
        let foreign = match word {
            "use" => Some("USE belongs to MySQL: name the schema in the statements".to_string()),
            "go" => Some("GO belongs to SQL Server: end statements with `;`".to_string()),
            "pragma" => Some("PRAGMA belongs to SQLite: remove it".to_string()),
            "replace" => Some("REPLACE belongs to MySQL: write `INSERT … ON CONFLICT`".to_string()),
            "delimiter" => Some("DELIMITER belongs to MySQL: quote function bodies with `$$`".to_string()),
            _ => help,
        };
        Box::new(Failure::Mistake(diagnostic.with_help_if(foreign)))
    }

    fn query_statement(&mut self) -> Parsed<Statement> {
        if self.at_word("with") && self.changes_data() {
            return Err(self.unsupported("WITH before INSERT, UPDATE or DELETE", self.here()));
        }
        Ok(Statement::Query(self.query()?))
    }

    /// Whether an INSERT, UPDATE or DELETE stands behind the named queries of a WITH.
    fn changes_data(&self) -> bool {
        let mut depth = 0usize;
        self.tokens[self.at..].iter().any(|token| {
            match token.kind {
                TokenKind::OpenParen => depth += 1,
                TokenKind::CloseParen => depth = depth.saturating_sub(1),
                _ => {}
            }
            let words = ["insert", "update", "delete", "merge"];
            depth == 0 && words.iter().any(|word| self.is_word(*token, word))
        })
    }

    fn transaction(&mut self, kind: TransactionKind) -> Parsed<Statement> {
        let start = self.here();
        let token = self.advance();
        let word = self.token_text(token).to_ascii_lowercase();
        if word == "start" {
            self.expect_word("transaction")?;
        } else if !self.eat_word("work") {
            self.eat_word("transaction");
        }
        if self.at_any_word(&["to", "prepared"]) {
            return Err(self.unsupported("savepoints and two-phase commit", self.here()));
        }
        // The modes of a transaction change nothing about what a script means.
        while self.at_any_word(&["isolation", "read", "deferrable", "not", "and"]) || kind_words(self) {
            self.advance();
            self.eat(TokenKind::Comma);
        }
        Ok(Statement::Transaction(Transaction { kind, span: self.since(start) }))
    }

    /// After CREATE, ALTER, DROP or COMMENT ON: a kind of object that is unknown here, or to PostgreSQL too.
    pub fn other_object(&self, verb: &str, start: Span) -> Box<Failure> {
        let word = self.token_text(self.peek()).to_ascii_lowercase();
        if self.at(TokenKind::Word) && OTHER_OBJECTS.contains(&word.as_str()) {
            let mut what = format!("{verb} {}", word.to_ascii_uppercase());
            let goes_on = ADJECTIVES.contains(&word.as_str()) && self.peek_at(1).kind == TokenKind::Word;
            if goes_on && verb != "COMMENT ON" {
                what = format!("{what} {}", self.token_text(self.peek_at(1)).to_ascii_uppercase());
            }
            // A table that is only of another persistence is told at the word that says so.
            let persistence = ["global", "local", "temp", "temporary", "unlogged"].contains(&word.as_str());
            let place = if persistence { self.here() } else { start.to(self.here()) };
            return self.unsupported(what, place);
        }
        let near = closest(&word, OTHER_OBJECTS.iter().copied());
        let Failure::Mistake(diagnostic) = *self.expected(&format!("a kind of object after {verb}")) else {
            return self.expected("a kind of object");
        };
        let help = near.map(|near| format!("did you mean `{}`?", near.to_ascii_uppercase()));
        Box::new(Failure::Mistake(diagnostic.with_help_if(help)))
    }
}

fn kind_words(parser: &Parser<'_>) -> bool {
    parser.at_any_word(&[
        "level",
        "serializable",
        "repeatable",
        "committed",
        "uncommitted",
        "write",
        "only",
        "chain",
        "no",
    ])
}
