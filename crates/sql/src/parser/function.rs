//! CREATE FUNCTION and its body.

use super::{Failure, Parsed, Parser};
use crate::lexer::{self, Token, TokenKind};
use crate::span::Span;
use crate::tree::{
    ArgumentMode, CreateFunction, Distinct, Expr, FunctionArgument, FunctionBody, FunctionReturns,
    FunctionSetting, FunctionSignature, Name, Query, QueryBody, Select, SelectItem, Statement, TypeName,
    Volatility,
};

/// What the clauses behind RETURNS said, in whatever order.
#[derive(Default)]
struct Clauses {
    language: Option<Name>,
    volatility: Volatility,
    strict: bool,
    security_definer: bool,
    settings: Vec<FunctionSetting>,
    /// The literal behind AS.
    text: Option<Token>,
    /// The body without quotes.
    body: Option<FunctionBody>,
}

impl Parser<'_> {
    /// Behind CREATE [OR REPLACE] FUNCTION.
    pub fn create_function(&mut self, start: Span, or_replace: bool) -> Parsed<Statement> {
        let name = self.qualified_function_name("a function name")?;
        let arguments = self.function_arguments()?;
        let returns =
            if self.eat_word("returns") { self.function_returns()? } else { FunctionReturns::Arguments };
        let clauses = self.function_clauses()?;
        if !self.is_end() {
            return Err(self.expected("LANGUAGE, AS or another clause of a function"));
        }
        let span = self.since(start);
        let sql = Name { text: "sql".to_string(), quoted: false, span: name.span };
        let language = match (clauses.language, &clauses.body) {
            (Some(language), Some(_)) if language.text != "sql" => {
                let message = "only functions in SQL have a body without quotes";
                return Err(self.mistake("function-body", language.span, message));
            }
            (Some(language), _) => language,
            (None, Some(_)) => sql,
            (None, None) => return Err(self.expected("LANGUAGE")),
        };
        let body = match (clauses.body, clauses.text) {
            (Some(body), _) => body,
            (None, Some(token)) if language.text == "sql" => self.sql_body(token)?,
            (None, Some(token)) => {
                FunctionBody::Text { text: self.decode(token)?, span: self.span_of(token) }
            }
            (None, None) => return Err(self.expected("AS and the function's body")),
        };
        Ok(Statement::CreateFunction(CreateFunction {
            or_replace,
            name,
            arguments,
            returns,
            language,
            volatility: clauses.volatility,
            strict: clauses.strict,
            security_definer: clauses.security_definer,
            settings: clauses.settings,
            body,
            span,
        }))
    }

    fn function_arguments(&mut self) -> Parsed<Vec<FunctionArgument>> {
        self.expect(TokenKind::OpenParen)?;
        if self.eat(TokenKind::CloseParen) {
            return Ok(Vec::new());
        }
        let arguments = self.list(Self::function_argument)?;
        self.close_list()?;
        Ok(arguments)
    }

    fn function_argument(&mut self) -> Parsed<FunctionArgument> {
        let start = self.here();
        let mode = if self.eat_word("in") {
            if self.eat_word("out") { ArgumentMode::InOut } else { ArgumentMode::In }
        } else if self.eat_word("out") {
            ArgumentMode::Out
        } else if self.eat_word("inout") {
            ArgumentMode::InOut
        } else if self.eat_word("variadic") {
            ArgumentMode::Variadic
        } else {
            ArgumentMode::In
        };
        let name = if self.names_argument() { Some(self.function_name("an argument's name")?) } else { None };
        let type_name = self.type_name_for("an argument's type")?;
        let has_default = self.eat_word("default") || self.eat_operator("=") || self.eat(TokenKind::Assign);
        let default = if has_default { Some(self.expr()?) } else { None };
        Ok(FunctionArgument { mode, name, type_name, default, span: self.since(start) })
    }

    /// Whether a name stands before the argument's type: two words that are no type together.
    fn names_argument(&self) -> bool {
        let (first, second) = (self.peek(), self.peek_at(1));
        let is_name = |token: Token| matches!(token.kind, TokenKind::Word | TokenKind::QuotedName);
        let types_of_two_words = ["precision", "varying", "with", "without", "default", "array"];
        is_name(first)
            && is_name(second)
            && !self.is_word(first, "national")
            && !types_of_two_words.iter().any(|word| self.is_word(second, word))
    }

    fn function_returns(&mut self) -> Parsed<FunctionReturns> {
        if self.at_word("void") {
            self.advance();
            return Ok(FunctionReturns::Void(self.last()));
        }
        if self.eat_word("setof") {
            return Ok(FunctionReturns::SetOf(self.type_name()?));
        }
        if self.at_word("table") && self.peek_at(1).kind == TokenKind::OpenParen {
            self.advance();
            return Ok(FunctionReturns::Table(self.parenthesized(Self::column_spec)?));
        }
        Ok(FunctionReturns::Type(self.type_name()?))
    }

    fn function_clauses(&mut self) -> Parsed<Clauses> {
        let mut clauses = Clauses::default();
        while self.function_clause(&mut clauses)? {}
        Ok(clauses)
    }

    fn function_clause(&mut self, clauses: &mut Clauses) -> Parsed<bool> {
        let start = self.here();
        let mut flag = |word: &str| self.eat_word(word);
        if flag("immutable") {
            clauses.volatility = Volatility::Immutable;
        } else if flag("stable") {
            clauses.volatility = Volatility::Stable;
        } else if flag("volatile") {
            clauses.volatility = Volatility::Volatile;
        } else if flag("strict") || self.eat_words(&["returns", "null", "on", "null", "input"]) {
            clauses.strict = true;
        } else if self.eat_words(&["called", "on", "null", "input"]) {
            clauses.strict = false;
        } else if self.eat_words(&["security", "definer"])
            || self.eat_words(&["external", "security", "definer"])
        {
            clauses.security_definer = true;
        } else if self.eat_words(&["security", "invoker"])
            || self.eat_words(&["external", "security", "invoker"])
        {
            clauses.security_definer = false;
        } else if self.eat_word("leakproof") || self.eat_words(&["not", "leakproof"]) {
            // These three guide PostgreSQL's planner and change no answer.
        } else if self.eat_word("parallel") {
            self.label("SAFE, RESTRICTED or UNSAFE")?;
        } else if self.eat_word("cost") || self.eat_word("rows") {
            self.expect(TokenKind::Number)?;
        } else if self.eat_word("language") {
            clauses.language = Some(self.language()?);
        } else if self.eat_word("set") {
            clauses.settings.push(self.function_setting(start)?);
        } else if self.at_any_word(&["window", "support", "transform"]) {
            let what = format!("{} functions", self.token_text(self.peek()).to_ascii_uppercase());
            return Err(self.unsupported(what, start));
        } else {
            return self.function_body(clauses);
        }
        Ok(true)
    }

    fn function_body(&mut self, clauses: &mut Clauses) -> Parsed<bool> {
        let start = self.here();
        if self.eat_word("as") {
            if !self.at_string() {
                return Err(self.expected("the function's body in `$$`"));
            }
            clauses.text = Some(self.advance());
            if self.at(TokenKind::Comma) {
                return Err(self.unsupported("functions in C", start));
            }
        } else if self.eat_word("return") {
            let value = self.expr()?;
            clauses.body = Some(FunctionBody::Query(Box::new(query_of(value, self.since(start)))));
        } else if self.at_words(&["begin", "atomic"]) {
            self.at += 2;
            clauses.body = Some(self.atomic_body(start)?);
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn language(&mut self) -> Parsed<Name> {
        if self.at_string() {
            let span = self.here();
            let text = self.string("a language")?.to_lowercase();
            return Ok(Name { text, quoted: false, span });
        }
        self.label("a language")
    }

    fn function_setting(&mut self, start: Span) -> Parsed<FunctionSetting> {
        let name = self.setting_name()?;
        if self.eat_words(&["from", "current"]) {
            return Ok(FunctionSetting { name, values: Vec::new(), span: self.since(start) });
        }
        let values = self.setting_values()?;
        Ok(FunctionSetting { name, values, span: self.since(start) })
    }

    /// `f(int, text)`, `f`
    pub fn function_signature(&mut self) -> Parsed<FunctionSignature> {
        let name = self.qualified_function_name("a function name")?;
        let start = name.span;
        let mut arguments = None;
        if self.at(TokenKind::OpenParen) {
            let types = self.function_arguments()?.into_iter().filter(|it| it.mode != ArgumentMode::Out);
            arguments = Some(types.map(|it| it.type_name).collect::<Vec<TypeName>>());
        }
        Ok(FunctionSignature { name, arguments, span: self.since(start) })
    }

    /// Behind BEGIN ATOMIC, up to END.
    fn atomic_body(&mut self, start: Span) -> Parsed<FunctionBody> {
        let end = self.tokens.len().checked_sub(1).filter(|at| self.is_word(self.tokens[*at], "end"));
        let Some(end) = end.filter(|end| *end >= self.at) else {
            return Err(self.mistake("syntax", start, "this BEGIN ATOMIC has no END"));
        };
        let tokens = &self.tokens[self.at..end];
        let mut inner = Parser::new(self.file, self.text, tokens, self.tokens[end].start);
        inner.offsets = self.offsets;
        let text = tokens
            .first()
            .zip(tokens.last())
            .and_then(|(first, last)| self.text.get(first.start as usize..last.end as usize));
        let body = inner.single_query(text.unwrap_or(""))?;
        self.at = end + 1;
        Ok(body)
    }

    /// The body of a function in SQL, from its literal.
    fn sql_body(&self, token: Token) -> Parsed<FunctionBody> {
        let text = self.token_text(token);
        let decoded = self.decode(token)?;
        let verbatim = match token.kind {
            TokenKind::DollarString => text[1..].find('$').map(|at| at + 2),
            TokenKind::String if !decoded.contains('\'') => text.find('\'').map(|at| at + 1),
            _ => None,
        };
        if let Some(margin) = verbatim.filter(|_| self.offsets.is_none()) {
            let start = token.start as usize + margin;
            let end = start + decoded.len();
            let tokens = lexer::tokenize(self.text, start, end);
            return Parser::new(self.file, self.text, &tokens, end as u32).single_query(&decoded);
        }
        let offsets = self.offsets_of(token, &decoded);
        let tokens = lexer::tokenize(&decoded, 0, decoded.len());
        let parser = Parser::new(self.file, &decoded, &tokens, decoded.len() as u32);
        parser.with_offsets(&offsets).single_query(&decoded)
    }

    /// Where in the file each byte of a decoded literal came from, and one more for its end. Escapes are not followed:
    /// all of such a literal is at its own place.
    fn offsets_of(&self, token: Token, decoded: &str) -> Vec<u32> {
        let place = self.span_of(token);
        let text = self.token_text(token);
        let quote = text.find('\'').unwrap_or(0);
        if token.kind != TokenKind::String {
            return vec![place.start; decoded.len() + 1];
        }
        let mut at = place.start + quote as u32 + 1;
        let mut offsets = Vec::with_capacity(decoded.len() + 1);
        for byte in decoded.bytes() {
            offsets.push(at);
            at += if byte == b'\'' { 2 } else { 1 };
        }
        offsets.push(at);
        offsets
    }

    /// All of the tokens as one query, or what else they are.
    fn single_query(mut self, text: &str) -> Parsed<FunctionBody> {
        while self.eat(TokenKind::Semicolon) {}
        let other = |what: String, place: Span| FunctionBody::Other { what, place, text: text.to_string() };
        let start = self.here();
        if self.is_end() {
            return Ok(other("an empty body".to_string(), start));
        }
        if !self.at_query() && !self.at(TokenKind::OpenParen) {
            let word = self.token_text(self.peek()).to_ascii_uppercase();
            let known =
                ["INSERT", "UPDATE", "DELETE", "MERGE", "CREATE", "ALTER", "DROP", "CALL", "SET", "TRUNCATE"];
            if known.contains(&word.as_str()) {
                return Ok(other(word, start));
            }
            return Err(self.expected("a query (SELECT or VALUES)"));
        }
        let query = match self.query() {
            Ok(query) => query,
            Err(failure) => match *failure {
                Failure::Unsupported { what, place } => return Ok(other(what, place)),
                mistake => return Err(Box::new(mistake)),
            },
        };
        if !self.is_end() && !self.at(TokenKind::Semicolon) {
            return Err(self.expected("the end of the function's body"));
        }
        while self.eat(TokenKind::Semicolon) {}
        if !self.is_end() {
            return Ok(other("several statements".to_string(), self.here()));
        }
        Ok(FunctionBody::Query(Box::new(query)))
    }
}

/// `SELECT value`
fn query_of(value: Expr, span: Span) -> Query {
    let select = Select {
        distinct: Distinct::No,
        items: vec![SelectItem::Value { value, alias: None }],
        from: Vec::new(),
        filter: None,
        group_by: Vec::new(),
        having: None,
        span,
    };
    let body = QueryBody::Select(Box::new(select));
    Query { with: None, body, order_by: Vec::new(), limit: None, offset: None, span }
}
