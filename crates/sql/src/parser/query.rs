//! Queries.

use super::{Parsed, Parser};
use crate::keywords;
use crate::lexer::TokenKind;
use crate::span::Span;
use crate::tree::{
    CommonTable, Distinct, Expr, ExprKind, Literal, Name, Nulls, QualifiedName, Query, QueryBody, Select,
    SelectItem, SetOperation, Values, With,
};

impl Parser<'_> {
    /// Whether a query begins here (not one in parentheses).
    pub fn at_query(&self) -> bool {
        self.at_any_word(&["select", "with", "values"])
    }

    /// A query.
    pub fn query(&mut self) -> Parsed<Query> {
        self.nested(|parser| {
            let start = parser.here();
            let with = if parser.at_word("with") { Some(parser.with()?) } else { None };
            let body = parser.query_body(0)?;
            parser.query_end(with, body, start)
        })
    }

    /// What may follow a query in parentheses that was taken for an expression at first.
    pub fn set_operations(&mut self, first: Query, span: Span) -> Parsed<Query> {
        let plain =
            |query: &Query| query.with.is_none() && query.order_by.is_empty() && query.limit.is_none();
        if !self.at_any_word(&["union", "intersect", "except", "order", "limit", "offset", "fetch"]) {
            return Ok(first);
        }
        let body = if plain(&first) && first.offset.is_none() {
            first.body
        } else {
            QueryBody::Nested(Box::new(first))
        };
        let body = self.query_body_from(body, 0)?;
        self.query_end(None, body, span)
    }

    /// ORDER BY, LIMIT and OFFSET behind a body.
    fn query_end(&mut self, with: Option<With>, body: QueryBody, start: Span) -> Parsed<Query> {
        let order_by = if self.at_word("order") { self.order_by()? } else { Vec::new() };
        let (mut limit, mut offset) = (None, None);
        loop {
            if limit.is_none() && self.eat_word("limit") {
                if self.eat_word("all") || self.eat_word("null") {
                    continue;
                }
                limit = Some(self.expr()?);
            } else if limit.is_none() && self.eat_word("fetch") {
                limit = Some(self.fetch_count()?);
            } else if offset.is_none() && self.eat_word("offset") {
                offset = Some(self.expr()?);
                if !self.eat_word("rows") {
                    self.eat_word("row");
                }
            } else {
                break;
            }
        }
        if self.at_words(&["for"]) {
            return Err(self.unsupported("row locks (FOR UPDATE)", self.here()));
        }
        Ok(Query { with, body, order_by, limit, offset, span: self.since(start) })
    }

    /// Behind FETCH: `FIRST 5 ROWS ONLY`.
    fn fetch_count(&mut self) -> Parsed<Expr> {
        if !self.eat_word("first") {
            self.expect_word("next")?;
        }
        let count = if self.at_any_word(&["row", "rows"]) {
            let literal = Literal::Number("1".to_string());
            Expr { kind: ExprKind::Literal(literal), span: self.here() }
        } else {
            self.expr_above(super::infix::binding::PRIMARY)?
        };
        if !self.eat_word("rows") {
            self.expect_word("row")?;
        }
        if self.at_words(&["with", "ties"]) {
            return Err(self.unsupported("WITH TIES", self.here()));
        }
        self.expect_word("only")?;
        Ok(count)
    }

    fn with(&mut self) -> Parsed<With> {
        let start = self.expect_word("with")?;
        let recursive = self.eat_word("recursive");
        let tables = self.list(Self::common_table)?;
        Ok(With { recursive, tables, span: self.since(start) })
    }

    fn common_table(&mut self) -> Parsed<CommonTable> {
        let start = self.here();
        let name = self.name("a name for this query")?;
        let columns = self.optional_column_names()?;
        self.expect_word("as")?;
        let materialized = if self.eat_words(&["not", "materialized"]) {
            Some(false)
        } else {
            self.eat_word("materialized").then_some(true)
        };
        if self.peek_at(0).kind == TokenKind::OpenParen {
            let inner = self.peek_at(1);
            for word in ["insert", "update", "delete", "merge"] {
                if self.is_word(inner, word) {
                    return Err(self.unsupported("data changes inside WITH", self.span_of(inner)));
                }
            }
        }
        let query = self.query_in_parentheses()?;
        if self.at_any_word(&["search", "cycle"]) {
            return Err(self.unsupported("SEARCH and CYCLE", self.here()));
        }
        Ok(CommonTable { name, columns, materialized, query, span: self.since(start) })
    }

    /// A body of set operations that bind at least as tightly as `least`: INTERSECT 2, UNION and EXCEPT 1.
    fn query_body(&mut self, least: u8) -> Parsed<QueryBody> {
        let first = self.query_primary()?;
        self.query_body_from(first, least)
    }

    fn query_body_from(&mut self, mut left: QueryBody, least: u8) -> Parsed<QueryBody> {
        loop {
            let (operation, strength) = if self.at_word("union") {
                (SetOperation::Union, 1)
            } else if self.at_word("except") {
                (SetOperation::Except, 1)
            } else if self.at_word("intersect") {
                (SetOperation::Intersect, 2)
            } else {
                return Ok(left);
            };
            if strength < least {
                return Ok(left);
            }
            let span = self.here();
            self.advance();
            let all = self.eat_word("all");
            if !all {
                self.eat_word("distinct");
            }
            let right = Box::new(self.nested(|parser| parser.query_body(strength + 1))?);
            left = QueryBody::Set { operation, all, left: Box::new(left), right, span };
            self.grow()?;
        }
    }

    fn query_primary(&mut self) -> Parsed<QueryBody> {
        if self.at_word("select") {
            return Ok(QueryBody::Select(Box::new(self.select()?)));
        }
        if self.at_word("values") {
            return Ok(QueryBody::Values(self.values()?));
        }
        if self.at(TokenKind::OpenParen) {
            let inner = *self.query_in_parentheses()?;
            let plain = inner.with.is_none() && inner.order_by.is_empty() && inner.limit.is_none();
            let plain = plain && inner.offset.is_none();
            return Ok(if plain { inner.body } else { QueryBody::Nested(Box::new(inner)) });
        }
        if self.at_word("table") {
            return Err(self.unsupported("TABLE as a query", self.here()));
        }
        Err(self.expected("a query (SELECT or VALUES)"))
    }

    /// `VALUES (…), (…)`
    pub fn values(&mut self) -> Parsed<Values> {
        let start = self.expect_word("values")?;
        let mut rows: Vec<Vec<_>> = Vec::new();
        loop {
            let row_start = self.here();
            let row = self.parenthesized(Self::expr)?;
            if let Some(first) = rows.first().filter(|first| first.len() != row.len()) {
                let message = format!("this row has {} values, but the first has {}", row.len(), first.len());
                return Err(self.mistake("values-length", self.since(row_start), message));
            }
            rows.push(row);
            if !self.eat(TokenKind::Comma) {
                return Ok(Values { rows, span: self.since(start) });
            }
        }
    }

    fn select(&mut self) -> Parsed<Select> {
        let start = self.expect_word("select")?;
        let distinct = self.distinct()?;
        let items = if self.at_select_end() { Vec::new() } else { self.list(Self::select_item)? };
        if self.at_word("into") {
            return Err(self.unsupported("SELECT INTO", self.here()));
        }
        let from = if self.eat_word("from") { self.list(Self::relation)? } else { Vec::new() };
        let filter = if self.eat_word("where") { Some(self.expr()?) } else { None };
        let group_by =
            if self.eat_words(&["group", "by"]) { self.list(Self::group_key)? } else { Vec::new() };
        let having = if self.eat_word("having") { Some(self.expr()?) } else { None };
        if self.at_word("window") {
            return Err(self.unsupported("window functions (WINDOW)", self.here()));
        }
        Ok(Select { distinct, items, from, filter, group_by, having, span: self.since(start) })
    }

    fn group_key(&mut self) -> Parsed<Expr> {
        let opens = self.peek_at(1).kind == TokenKind::OpenParen;
        let grouping = opens && self.at_any_word(&["rollup", "cube"]);
        if grouping || self.at_words(&["grouping", "sets"]) {
            return Err(self.unsupported("ROLLUP, CUBE and GROUPING SETS", self.here()));
        }
        self.expr()
    }

    fn distinct(&mut self) -> Parsed<Distinct> {
        if self.eat_word("all") || !self.eat_word("distinct") {
            return Ok(Distinct::No);
        }
        if self.eat_word("on") {
            Ok(Distinct::On(self.parenthesized(Self::expr)?))
        } else {
            Ok(Distinct::Rows)
        }
    }

    /// Whether the select list is empty, as in `EXISTS (SELECT FROM t)`.
    fn at_select_end(&self) -> bool {
        matches!(self.peek().kind, TokenKind::End | TokenKind::CloseParen | TokenKind::Semicolon)
            || self.at_any_word(&[
                "from",
                "where",
                "group",
                "having",
                "union",
                "intersect",
                "except",
                "order",
                "limit",
            ])
    }

    fn select_item(&mut self) -> Parsed<SelectItem> {
        let start = self.here();
        if self.eat_operator("*") {
            return Ok(SelectItem::Wildcard { table: None, span: start });
        }
        if let Some(width) = self.wildcard_width() {
            let table = self.qualified_name_of(width)?;
            self.at += 2;
            return Ok(SelectItem::Wildcard { table: Some(table), span: self.since(start) });
        }
        let value = self.expr()?;
        let alias = if self.eat_word("as") { Some(self.label("a column name")?) } else { self.bare_label()? };
        Ok(SelectItem::Value { value, alias })
    }

    /// How many parts the name before `.*` has, when that is what comes.
    fn wildcard_width(&self) -> Option<usize> {
        let is_name =
            |token: crate::lexer::Token| matches!(token.kind, TokenKind::Word | TokenKind::QuotedName);
        (1..=2).find(|parts| {
            let star = self.peek_at(parts * 2);
            (0..*parts).all(|part| {
                is_name(self.peek_at(part * 2)) && self.peek_at(part * 2 + 1).kind == TokenKind::Dot
            }) && star.kind == TokenKind::Operator
                && self.token_text(star) == "*"
        })
    }

    fn qualified_name_of(&mut self, parts: usize) -> Parsed<QualifiedName> {
        let first = self.name("a table")?;
        if parts == 1 {
            return Ok(QualifiedName { schema: None, span: first.span, name: first });
        }
        self.expect(TokenKind::Dot)?;
        let name = self.label("a table")?;
        Ok(QualifiedName { span: first.span.to(name.span), schema: Some(first), name })
    }

    /// An alias without AS.
    fn bare_label(&mut self) -> Parsed<Option<Name>> {
        let word = self.token_text(self.peek()).to_ascii_lowercase();
        let found = match self.peek().kind {
            TokenKind::QuotedName => true,
            TokenKind::Word => keywords::may_be_bare_label(&word),
            _ => false,
        };
        if found { self.label("a column name").map(Some) } else { Ok(None) }
    }

    /// `[ASC | DESC] [NULLS FIRST | LAST]`
    pub fn sort_order(&mut self) -> Parsed<(bool, Option<Nulls>)> {
        let descending = self.eat_word("desc");
        if !descending {
            self.eat_word("asc");
        }
        if !self.eat_word("nulls") {
            return Ok((descending, None));
        }
        if self.eat_word("first") {
            return Ok((descending, Some(Nulls::First)));
        }
        if self.eat_word("last") {
            return Ok((descending, Some(Nulls::Last)));
        }
        Err(self.expected("FIRST or LAST"))
    }
}
