//! CREATE of schemas, types, domains, indexes, views, sequences and extensions.

use super::{Parsed, Parser};
use crate::keywords;
use crate::lexer::TokenKind;
use crate::span::Span;
use crate::tree::{
    CreateDomain, CreateEnum, CreateExtension, CreateIndex, CreateSchema, CreateSequence, CreateView,
    Database, DomainCheck, EnumLabel, Expr, ExprKind, IndexElement, Statement,
};

impl Parser<'_> {
    /// From CREATE on.
    pub fn create(&mut self, start: Span) -> Parsed<Statement> {
        self.expect_word("create")?;
        let or_replace = self.eat_words(&["or", "replace"]);
        if self.eat_word("view") {
            return self.create_view(start, or_replace);
        }
        if self.eat_word("function") {
            return self.create_function(start, or_replace);
        }
        if or_replace {
            return Err(self.other_object("CREATE OR REPLACE", start));
        }
        if self.eat_word("table") {
            self.create_table(start)
        } else if self.eat_word("schema") {
            self.create_schema(start)
        } else if self.eat_word("type") {
            self.create_type(start)
        } else if self.eat_word("domain") {
            self.create_domain(start)
        } else if self.at_word("index") || self.at_words(&["unique", "index"]) {
            self.create_index(start)
        } else if self.eat_word("policy") {
            self.create_policy(start)
        } else if self.eat_word("extension") {
            self.create_extension(start)
        } else if self.eat_word("sequence") {
            self.create_sequence(start)
        } else if self.eat_word("database") {
            self.create_database(start)
        } else {
            Err(self.other_object("CREATE", start))
        }
    }

    fn create_schema(&mut self, start: Span) -> Parsed<Statement> {
        let if_not_exists = self.eat_words(&["if", "not", "exists"]);
        let name = if self.eat_word("authorization") {
            self.name("a role")?
        } else {
            let name = self.name("a schema name")?;
            if self.eat_word("authorization") {
                self.role("a role")?;
            }
            name
        };
        if !self.is_end() && self.at_any_word(&["create", "grant"]) {
            return Err(self.unsupported("objects inside CREATE SCHEMA", self.here()));
        }
        Ok(Statement::CreateSchema(CreateSchema { if_not_exists, name, span: self.since(start) }))
    }

    fn create_type(&mut self, start: Span) -> Parsed<Statement> {
        let name = self.qualified_function_name("a type name")?;
        if !self.eat_words(&["as", "enum"]) {
            let behind = self.peek_at(1);
            if self.at_words(&["as", "range"]) {
                return Err(self.unsupported("range types", self.span_of(behind)));
            }
            if self.at_word("as") && behind.kind == TokenKind::OpenParen {
                return Err(self.unsupported("composite types", self.span_of(behind)));
            }
            if self.is_end() || self.at(TokenKind::OpenParen) {
                return Err(self.unsupported("base types", self.here()));
            }
            return Err(self.expected("AS ENUM"));
        }
        self.expect(TokenKind::OpenParen)?;
        let mut labels: Vec<EnumLabel> = Vec::new();
        if !self.at(TokenKind::CloseParen) {
            labels = self.list(|parser| {
                let start = parser.here();
                let text = parser.string("a label in single quotes")?;
                Ok(EnumLabel { text, span: parser.since(start) })
            })?;
        }
        self.close_list()?;
        Ok(Statement::CreateEnum(CreateEnum { name, labels, span: self.since(start) }))
    }

    fn create_domain(&mut self, start: Span) -> Parsed<Statement> {
        let name = self.qualified_function_name("a domain name")?;
        self.eat_word("as");
        let type_name = self.type_name()?;
        let (mut collation, mut default, mut not_null, mut checks) = (None, None, false, Vec::new());
        loop {
            let place = self.here();
            let name = if self.eat_word("constraint") { Some(self.name("a constraint name")?) } else { None };
            if self.eat_word("check") {
                let condition = self.check_condition()?;
                checks.push(DomainCheck { name, condition, span: self.since(place) });
            } else if self.eat_words(&["not", "null"]) {
                not_null = true;
            } else if self.eat_word("null") {
                not_null = false;
            } else if name.is_some() {
                return Err(self.expected("CHECK or NOT NULL"));
            } else if self.eat_word("default") {
                default = Some(self.restricted_expr()?);
            } else if self.eat_word("collate") {
                collation = Some(self.qualified_name("a collation")?);
            } else {
                break;
            }
        }
        let span = self.since(start);
        Ok(Statement::CreateDomain(CreateDomain {
            name,
            type_name,
            collation,
            default,
            not_null,
            checks,
            span,
        }))
    }

    fn create_index(&mut self, start: Span) -> Parsed<Statement> {
        let unique = self.eat_word("unique");
        self.expect_word("index")?;
        // Whether the table may be written meanwhile concerns only how the index is built.
        self.eat_word("concurrently");
        let if_not_exists = self.eat_words(&["if", "not", "exists"]);
        let name = if self.at_word("on") { None } else { Some(self.name("an index name")?) };
        self.expect_word("on")?;
        self.eat_word("only");
        let table = self.qualified_name("a table name")?;
        let method = if self.eat_word("using") { Some(self.name("an index method")?) } else { None };
        let elements = self.parenthesized(Self::index_element)?;
        let include = if self.eat_word("include") { self.column_names()? } else { Vec::new() };
        let nulls_not_distinct = self.nulls_not_distinct()?;
        if self.at_any_word(&["with", "tablespace"]) {
            return Err(self.unsupported("storage parameters of an index", self.here()));
        }
        let predicate = if self.eat_word("where") { Some(self.expr()?) } else { None };
        let span = self.since(start);
        Ok(Statement::CreateIndex(CreateIndex {
            unique,
            if_not_exists,
            name,
            table,
            method,
            elements,
            include,
            nulls_not_distinct,
            predicate,
            span,
        }))
    }

    /// A column, a call, or an expression in parentheses, and how it is sorted.
    fn index_element(&mut self) -> Parsed<IndexElement> {
        let start = self.here();
        let value = self.expr_above(super::infix::binding::PRIMARY)?;
        let simple = matches!(&value.kind, ExprKind::Column(column) if column.table.is_none());
        let enclosed = self.text.get(start.start as usize..).is_some_and(|text| text.starts_with('('));
        if !simple && !enclosed && !matches!(value.kind, ExprKind::Call(_)) {
            return Err(self.index_expression(&value));
        }
        let collation =
            if self.eat_word("collate") { Some(self.qualified_name("a collation")?) } else { None };
        let word = self.token_text(self.peek()).to_ascii_lowercase();
        let names_class = matches!(self.peek().kind, TokenKind::Word | TokenKind::QuotedName)
            && !["asc", "desc", "nulls"].contains(&word.as_str())
            && !keywords::is_reserved(&word);
        let operator_class =
            if names_class { Some(self.qualified_function_name("an operator class")?) } else { None };
        let (descending, nulls) = self.sort_order()?;
        if matches!(self.peek().kind, TokenKind::Operator | TokenKind::Cast) {
            return Err(self.index_expression(&value));
        }
        Ok(IndexElement { value, collation, operator_class, descending, nulls, span: self.since(start) })
    }

    fn index_expression(&self, value: &Expr) -> Box<super::Failure> {
        let message = "an expression in an index stands in its own parentheses";
        let diagnostic = crate::diagnostic::Diagnostic::error("index-expression", value.span, message)
            .with_help("write `((a || b))` rather than `(a || b)`");
        Box::new(super::Failure::Mistake(diagnostic))
    }

    /// Behind CREATE [OR REPLACE] VIEW.
    fn create_view(&mut self, start: Span, or_replace: bool) -> Parsed<Statement> {
        let name = self.qualified_name("a view name")?;
        let columns = self.optional_column_names()?;
        let mut security_invoker = false;
        if self.eat_word("with") {
            let options = self.parenthesized(|parser| parser.view_option())?;
            security_invoker = options.last().copied().unwrap_or(false);
        }
        self.expect_word("as")?;
        if !self.at_query() && !self.at(TokenKind::OpenParen) {
            return Err(self.expected("a query (SELECT or VALUES)"));
        }
        let query = Box::new(self.query()?);
        if self.at_word("with") {
            return Err(self.unsupported("WITH CHECK OPTION", self.here()));
        }
        let span = self.since(start);
        Ok(Statement::CreateView(CreateView { or_replace, name, columns, security_invoker, query, span }))
    }

    /// `security_invoker [= value]`
    fn view_option(&mut self) -> Parsed<bool> {
        let start = self.here();
        let name = self.label("an option")?;
        if name.text != "security_invoker" {
            return Err(self.unsupported(format!("the view option {}", name.text), start));
        }
        if !self.eat_operator("=") {
            return Ok(true);
        }
        let token = self.peek();
        let place = self.span_of(token);
        let value = match token.kind {
            TokenKind::Word | TokenKind::Number => self.token_text(token).to_ascii_lowercase(),
            TokenKind::String => self.decode(token)?.to_ascii_lowercase(),
            _ => return Err(self.expected("true or false")),
        };
        self.advance();
        match value.as_str() {
            "true" | "on" | "yes" | "1" => Ok(true),
            "false" | "off" | "no" | "0" => Ok(false),
            _ => Err(self.mistake("invalid-option", place, format!("`{value}` is neither true nor false"))),
        }
    }

    fn create_extension(&mut self, start: Span) -> Parsed<Statement> {
        let if_not_exists = self.eat_words(&["if", "not", "exists"]);
        let name = self.name("an extension")?;
        self.eat_word("with");
        let mut schema = None;
        loop {
            if self.eat_word("schema") {
                schema = Some(self.name("a schema name")?);
            } else if self.eat_word("version") {
                if self.at_string() {
                    self.string("a version")?;
                } else {
                    self.name("a version")?;
                }
            } else if !self.eat_word("cascade") {
                break;
            }
        }
        Ok(Statement::CreateExtension(CreateExtension {
            if_not_exists,
            name,
            schema,
            span: self.since(start),
        }))
    }

    fn create_sequence(&mut self, start: Span) -> Parsed<Statement> {
        let if_not_exists = self.eat_words(&["if", "not", "exists"]);
        let name = self.qualified_name("a sequence name")?;
        let options = self.sequence_options()?;
        Ok(Statement::CreateSequence(CreateSequence {
            if_not_exists,
            name,
            options,
            span: self.since(start),
        }))
    }

    /// The options of a database (encoding, template, owner) say nothing about what is in it.
    fn create_database(&mut self, start: Span) -> Parsed<Statement> {
        let name = self.name("a database name")?;
        while !self.is_end() {
            self.advance();
        }
        Ok(Statement::Database(Database { drop: false, name, span: self.since(start) }))
    }
}
