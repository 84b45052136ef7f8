//! Tokens to tree: a parser by recursive descent, one function per rule of the grammar.
//!
//! It never looks further ahead than a few tokens and never goes back over a long stretch, so that its time is linear
//! in the text; and it bounds how deep a tree may become, so that no reader of the tree can run out of stack.

mod access;
mod alter;
mod create;
mod expr;
mod from;
mod function;
mod infix;
mod literal;
mod query;
mod script;
mod special;
mod statement;
mod table;
mod types;

pub(crate) use infix::binding;

use crate::diagnostic::Diagnostic;
use crate::hints;
use crate::keywords;
use crate::lexer::{Flaw, Token, TokenKind};
use crate::span::{FileId, Span};
use crate::tree::{Name, QualifiedName};

/// How deep parentheses, subqueries and the like may nest: bounds the stack that reading needs.
pub(crate) const MAX_NESTING: usize = 64;

/// How high the tree of one expression or query may grow, chains of operators included.
pub(crate) const MAX_HEIGHT: usize = 256;

/// PostgreSQL cuts longer names off; a name that silently changes is refused instead. In bytes.
const MAX_NAME_BYTES: usize = 63;

/// Why a statement could not be read.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It is wrong.
    Mistake(Diagnostic),
    /// It is right, but says something that the tree cannot.
    Unsupported { what: String, place: Span },
}

/// A rule's result. Boxed, since failures are rare and large.
pub(crate) type Parsed<T> = Result<T, Box<Failure>>;

/// Reads one stretch of tokens: a statement, or the body of a function.
pub(crate) struct Parser<'a> {
    pub file: FileId,
    pub text: &'a str,
    pub tokens: &'a [Token],
    pub at: usize,
    /// Where the stretch ends in the text, to point at when something is missing there.
    end: u32,
    /// From offsets in `text` to offsets in the file, where the two differ: the decoded body of a function.
    offsets: Option<&'a [u32]>,
    nesting: usize,
    height: usize,
    /// Mistakes after which reading could go on inside the statement.
    pub mistakes: Vec<Diagnostic>,
}

impl<'a> Parser<'a> {
    pub fn new(file: FileId, text: &'a str, tokens: &'a [Token], end: u32) -> Parser<'a> {
        let (at, nesting, height) = (0, 0, 0);
        Parser { file, text, tokens, at, end, offsets: None, nesting, height, mistakes: Vec::new() }
    }

    /// The same over a text that was decoded from the file; `offsets[i]` is where byte `i` came from.
    pub fn with_offsets(mut self, offsets: &'a [u32]) -> Parser<'a> {
        self.offsets = Some(offsets);
        self
    }

    // ---- tokens

    pub fn peek(&self) -> Token {
        self.peek_at(0)
    }

    pub fn peek_at(&self, ahead: usize) -> Token {
        let end = Token { kind: TokenKind::End, start: self.end, end: self.end };
        self.tokens.get(self.at + ahead).copied().unwrap_or(end)
    }

    pub fn advance(&mut self) -> Token {
        let token = self.peek();
        if token.kind != TokenKind::End {
            self.at += 1;
        }
        token
    }

    pub fn token_text(&self, token: Token) -> &'a str {
        self.text.get(token.start as usize..token.end as usize).unwrap_or("")
    }

    pub fn is_end(&self) -> bool {
        self.peek().kind == TokenKind::End
    }

    // ---- spans

    pub fn span_of(&self, token: Token) -> Span {
        self.span(token.start, token.end)
    }

    pub fn span(&self, start: u32, end: u32) -> Span {
        let map = |offset: u32| match self.offsets {
            Some(offsets) => offsets.get(offset as usize).or(offsets.last()).copied().unwrap_or(0),
            None => offset,
        };
        Span::new(self.file, map(start), map(end))
    }

    /// The place of the next token.
    pub fn here(&self) -> Span {
        self.span_of(self.peek())
    }

    /// The place of the token just read.
    pub fn last(&self) -> Span {
        match self.at.checked_sub(1).and_then(|at| self.tokens.get(at)) {
            Some(token) => self.span_of(*token),
            None => self.here(),
        }
    }

    /// From an earlier place to the end of the token just read.
    pub fn since(&self, start: Span) -> Span {
        start.to(self.last())
    }

    // ---- words and symbols

    pub fn at(&self, kind: TokenKind) -> bool {
        self.peek().kind == kind
    }

    pub fn is_word(&self, token: Token, word: &str) -> bool {
        token.kind == TokenKind::Word && self.token_text(token).eq_ignore_ascii_case(word)
    }

    pub fn at_word(&self, word: &str) -> bool {
        self.is_word(self.peek(), word)
    }

    pub fn at_words(&self, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(ahead, word)| self.is_word(self.peek_at(ahead), word))
    }

    pub fn at_any_word(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.at_word(word))
    }

    pub fn eat(&mut self, kind: TokenKind) -> bool {
        let found = self.at(kind);
        self.at += usize::from(found);
        found
    }

    pub fn eat_word(&mut self, word: &str) -> bool {
        let found = self.at_word(word);
        self.at += usize::from(found);
        found
    }

    /// Reads the words if all of them come next.
    pub fn eat_words(&mut self, words: &[&str]) -> bool {
        let found = self.at_words(words);
        self.at += if found { words.len() } else { 0 };
        found
    }

    pub fn at_operator(&self, text: &str) -> bool {
        self.at(TokenKind::Operator) && self.token_text(self.peek()) == text
    }

    pub fn eat_operator(&mut self, text: &str) -> bool {
        let found = self.at_operator(text);
        self.at += usize::from(found);
        found
    }

    pub fn expect(&mut self, kind: TokenKind) -> Parsed<Span> {
        if self.eat(kind) { Ok(self.last()) } else { Err(self.expected(symbol_text(kind))) }
    }

    pub fn expect_word(&mut self, word: &str) -> Parsed<Span> {
        if self.eat_word(word) { Ok(self.last()) } else { Err(self.expected(&word.to_ascii_uppercase())) }
    }

    pub fn expect_words(&mut self, words: &[&str]) -> Parsed<Span> {
        let start = self.here();
        for word in words {
            self.expect_word(word)?;
        }
        Ok(self.since(start))
    }

    // ---- names

    /// The name of a table, column, constraint …; `what` is said when there is none: `a column name`.
    pub fn name(&mut self, what: &str) -> Parsed<Name> {
        self.name_if(what, keywords::may_name_column)
    }

    /// The name of a function or type.
    pub fn function_name(&mut self, what: &str) -> Parsed<Name> {
        self.name_if(what, keywords::may_name_function)
    }

    /// A name after AS or a dot, where every word will do.
    pub fn label(&mut self, what: &str) -> Parsed<Name> {
        self.name_if(what, |_| true)
    }

    fn name_if(&mut self, what: &str, allowed: impl Fn(&str) -> bool) -> Parsed<Name> {
        let token = self.peek();
        let (text, quoted) = match token.kind {
            TokenKind::Word => (self.token_text(token).to_ascii_lowercase(), false),
            TokenKind::QuotedName => {
                let text = self.token_text(token);
                (text.get(1..text.len() - 1).unwrap_or("").replace("\"\"", "\""), true)
            }
            _ => return Err(self.expected(what)),
        };
        if !quoted && !allowed(&text) {
            let mut mistake = self.expected_diagnostic(what);
            if mistake.help.is_none() {
                mistake.help = Some(hints::reserved_word(&text));
            }
            return Err(Box::new(Failure::Mistake(mistake)));
        }
        let span = self.span_of(token);
        if text.len() > MAX_NAME_BYTES {
            let message =
                format!("this name is {} bytes long, and PostgreSQL keeps only {MAX_NAME_BYTES}", text.len());
            return Err(self.mistake("name-too-long", span, message));
        }
        self.advance();
        Ok(Name { text, quoted, span })
    }

    /// `name` or `schema.name`.
    pub fn qualified_name(&mut self, what: &str) -> Parsed<QualifiedName> {
        let first = self.name(what)?;
        self.qualified_rest(first, what)
    }

    /// The name of a function or type with an optional schema.
    pub fn qualified_function_name(&mut self, what: &str) -> Parsed<QualifiedName> {
        let schema_follows = self.peek_at(1).kind == TokenKind::Dot;
        let first = if schema_follows { self.name(what)? } else { self.function_name(what)? };
        self.qualified_rest(first, what)
    }

    fn qualified_rest(&mut self, first: Name, what: &str) -> Parsed<QualifiedName> {
        if !self.eat(TokenKind::Dot) {
            return Ok(QualifiedName { schema: None, span: first.span, name: first });
        }
        let name = self.label(what)?;
        let span = first.span.to(name.span);
        if self.at(TokenKind::Dot) {
            let message = "a name has at most a schema and its own part: schema.name".to_string();
            return Err(self.mistake("name-too-many-parts", self.here(), message));
        }
        Ok(QualifiedName { schema: Some(first), name, span })
    }

    // ---- lists

    /// One or more, with commas between.
    pub fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut items = vec![item(self)?];
        while self.eat(TokenKind::Comma) {
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// One or more in parentheses.
    pub fn parenthesized<T>(&mut self, item: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        self.expect(TokenKind::OpenParen)?;
        let items = self.list(item)?;
        self.close_list()?;
        Ok(items)
    }

    /// The parenthesis that ends a list.
    pub fn close_list(&mut self) -> Parsed<Span> {
        if self.eat(TokenKind::CloseParen) { Ok(self.last()) } else { Err(self.expected("`,` or `)`")) }
    }

    /// `(a, b)`: names of columns.
    pub fn column_names(&mut self) -> Parsed<Vec<Name>> {
        self.parenthesized(|parser| parser.name("a column name"))
    }

    /// The same where it may be left out.
    pub fn optional_column_names(&mut self) -> Parsed<Vec<Name>> {
        if self.at(TokenKind::OpenParen) { self.column_names() } else { Ok(Vec::new()) }
    }

    // ---- depth

    /// Reads something one level further down, and counts that level into the height of the tree.
    pub fn nested<T>(&mut self, rule: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.nesting >= MAX_NESTING {
            return Err(self.too_deep());
        }
        let outer = std::mem::take(&mut self.height);
        self.nesting += 1;
        let result = rule(self);
        self.nesting -= 1;
        let grown = self.grow();
        self.height = self.height.max(outer);
        let value = result?;
        grown?;
        Ok(value)
    }

    /// Counts one more node on top of what was just read.
    pub fn grow(&mut self) -> Parsed<()> {
        self.height += 1;
        if self.height > MAX_HEIGHT { Err(self.too_deep()) } else { Ok(()) }
    }

    fn too_deep(&self) -> Box<Failure> {
        let message = format!(
            "this is nested too deep: more than {MAX_NESTING} levels or {MAX_HEIGHT} operators in a row"
        );
        self.mistake("nested-too-deep", self.here(), message)
    }

    // ---- failures

    pub fn mistake(&self, code: &'static str, span: Span, message: impl Into<String>) -> Box<Failure> {
        Box::new(Failure::Mistake(Diagnostic::error(code, span, message)))
    }

    /// Something else was needed at the next token.
    pub fn expected(&self, what: &str) -> Box<Failure> {
        Box::new(Failure::Mistake(self.expected_diagnostic(what)))
    }

    fn expected_diagnostic(&self, what: &str) -> Diagnostic {
        let token = self.peek();
        if let TokenKind::Invalid(flaw) = token.kind {
            return self.flaw(token, flaw);
        }
        let found = self.describe(token);
        let message = format!("expected {what} here, found {found}");
        let diagnostic =
            Diagnostic::error("syntax", self.span_of(token), message).with_label(format!("expected {what}"));
        hints::add(diagnostic, self, what)
    }

    /// What a flawed token is told to be.
    pub fn flaw(&self, token: Token, flaw: Flaw) -> Diagnostic {
        hints::flaw(flaw, self.token_text(token), self.span_of(token))
    }

    /// A valid thing that the tree cannot say.
    pub fn unsupported(&self, what: impl Into<String>, place: Span) -> Box<Failure> {
        Box::new(Failure::Unsupported { what: what.into(), place })
    }

    /// How a token is called in a message.
    pub fn describe(&self, token: Token) -> String {
        let text = self.token_text(token);
        match token.kind {
            TokenKind::End => "the end of the statement".to_string(),
            TokenKind::Psql => "a psql command".to_string(),
            TokenKind::CopyData => "COPY data".to_string(),
            TokenKind::String | TokenKind::EscapeString | TokenKind::DollarString | TokenKind::Unicode => {
                format!("the text {}", shortened(text))
            }
            _ => format!("`{}`", shortened(text)),
        }
    }
}

/// The beginning of a text's first line.
fn shortened(text: &str) -> String {
    let line = text.lines().next().unwrap_or("");
    let mut characters = line.chars();
    let start: String = characters.by_ref().take(30).collect();
    let cut = characters.next().is_some() || line.len() < text.len();
    if cut { start + "…" } else { start }
}

/// How a symbol is called when it is missing.
fn symbol_text(kind: TokenKind) -> &'static str {
    match kind {
        TokenKind::OpenParen => "`(`",
        TokenKind::CloseParen => "`)`",
        TokenKind::OpenBracket => "`[`",
        TokenKind::CloseBracket => "`]`",
        TokenKind::Comma => "`,`",
        TokenKind::Dot => "`.`",
        TokenKind::String => "a text in single quotes",
        TokenKind::Number => "a number",
        TokenKind::End => "the end of the statement",
        _ => "something else",
    }
}
