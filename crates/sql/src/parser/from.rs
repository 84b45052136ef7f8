//! What stands behind FROM: tables, subqueries, functions, joins.

use super::{Parsed, Parser};
use crate::keywords;
use crate::lexer::TokenKind;
use crate::span::Span;
use crate::tree::{ColumnSpec, FromItem, JoinCondition, JoinKind, QualifiedName, TableAlias};

impl Parser<'_> {
    /// One entry of FROM with the joins behind it.
    pub fn relation(&mut self) -> Parsed<FromItem> {
        self.nested(|parser| {
            let start = parser.here();
            let mut left = parser.relation_primary()?;
            while let Some(kind) = parser.join_kind()? {
                let right = Box::new(parser.relation_primary()?);
                let condition = parser.join_condition(kind)?;
                let span = parser.since(start);
                left = FromItem::Join { left: Box::new(left), right, kind, condition, span };
                parser.grow()?;
            }
            Ok(left)
        })
    }

    fn join_kind(&mut self) -> Parsed<Option<JoinKind>> {
        if self.at_word("natural") {
            return Err(self.unsupported("NATURAL JOIN", self.here()));
        }
        let kinds = [
            ("left", JoinKind::Left),
            ("right", JoinKind::Right),
            ("full", JoinKind::Full),
            ("inner", JoinKind::Inner),
            ("cross", JoinKind::Cross),
        ];
        for (word, kind) in kinds {
            if self.eat_word(word) {
                if matches!(kind, JoinKind::Left | JoinKind::Right | JoinKind::Full) {
                    self.eat_word("outer");
                }
                self.expect_word("join")?;
                return Ok(Some(kind));
            }
        }
        Ok(self.eat_word("join").then_some(JoinKind::Inner))
    }

    fn join_condition(&mut self, kind: JoinKind) -> Parsed<JoinCondition> {
        if kind == JoinKind::Cross {
            return Ok(JoinCondition::None);
        }
        if self.eat_word("on") {
            return Ok(JoinCondition::On(self.expr()?));
        }
        if self.eat_word("using") {
            let columns = self.column_names()?;
            if self.at_word("as") {
                return Err(self.unsupported("JOIN … USING … AS", self.here()));
            }
            return Ok(JoinCondition::Using(columns));
        }
        Err(self.expected("ON or USING"))
    }

    fn relation_primary(&mut self) -> Parsed<FromItem> {
        let start = self.here();
        let lateral = self.eat_word("lateral");
        if self.at(TokenKind::OpenParen) {
            return self.relation_in_parentheses(lateral, start);
        }
        if self.at_words(&["rows", "from"]) {
            return Err(self.unsupported("ROWS FROM", start));
        }
        if self.at_word("only") {
            return Err(self.unsupported("ONLY", start));
        }
        let name = if self.names_function() {
            self.qualified_function_name("a function")?
        } else {
            self.qualified_name("a table")?
        };
        if self.at(TokenKind::OpenParen) {
            return self.relation_function(name, start);
        }
        if lateral {
            return Err(self.expected("`(`"));
        }
        let alias = self.table_alias()?;
        if self.at_word("tablesample") {
            return Err(self.unsupported("TABLESAMPLE", self.here()));
        }
        Ok(FromItem::Table { name, alias })
    }

    /// Whether the name that comes has a parenthesis behind it.
    fn names_function(&self) -> bool {
        let width = if self.peek_at(1).kind == TokenKind::Dot { 3 } else { 1 };
        self.peek_at(width).kind == TokenKind::OpenParen
    }

    /// A subquery, or joins in parentheses.
    fn relation_in_parentheses(&mut self, lateral: bool, start: Span) -> Parsed<FromItem> {
        let opening = (0..).take_while(|ahead| self.peek_at(*ahead).kind == TokenKind::OpenParen).count();
        let first = self.peek_at(opening);
        let is_query = ["select", "with", "values"].iter().any(|word| self.is_word(first, word));
        if !lateral && (!is_query || opening > 1 && !self.is_set_of_queries(opening)) {
            self.advance();
            let item = self.relation()?;
            self.expect(TokenKind::CloseParen)?;
            return Ok(item);
        }
        let query = self.query_in_parentheses()?;
        let alias = self.table_alias()?;
        Ok(FromItem::Subquery { lateral, query, alias, span: self.since(start) })
    }

    /// Whether `((SELECT …` goes on as a query (`((SELECT …) UNION …`) rather than as joins (`((SELECT …) AS a JOIN …`):
    /// told by the word behind the inner closing parenthesis.
    fn is_set_of_queries(&self, opening: usize) -> bool {
        let mut depth = opening;
        let mut ahead = opening;
        loop {
            let token = self.peek_at(ahead);
            match token.kind {
                TokenKind::OpenParen => depth += 1,
                TokenKind::CloseParen => depth -= 1,
                TokenKind::End => return true,
                _ => {}
            }
            ahead += 1;
            if depth < opening {
                let next = self.peek_at(ahead);
                let words = ["union", "intersect", "except", "order", "limit", "offset", "fetch"];
                return next.kind == TokenKind::CloseParen
                    || words.iter().any(|word| self.is_word(next, word));
            }
        }
    }

    fn relation_function(&mut self, name: QualifiedName, start: Span) -> Parsed<FromItem> {
        let call = Box::new(self.call(name)?);
        let with_ordinality = self.eat_words(&["with", "ordinality"]);
        let typed = |parser: &Self, ahead: usize| {
            parser.peek_at(ahead).kind == TokenKind::OpenParen
                && matches!(parser.peek_at(ahead + 2).kind, TokenKind::Word | TokenKind::QuotedName)
        };
        if self.at_word("as") && typed(self, 1) {
            return Err(self.unsupported("a column list without an alias", self.here()));
        }
        let has_as = usize::from(self.at_word("as"));
        let mut column_types = Vec::new();
        let alias = if typed(self, has_as + 1) {
            self.at += has_as;
            let name = self.name("an alias")?;
            column_types = self.parenthesized(Self::column_spec)?;
            Some(TableAlias { span: name.span, name, columns: Vec::new() })
        } else {
            self.table_alias()?
        };
        Ok(FromItem::Function { call, with_ordinality, alias, column_types, span: self.since(start) })
    }

    /// `name type`
    pub fn column_spec(&mut self) -> Parsed<ColumnSpec> {
        let start = self.here();
        let name = self.name("a column name")?;
        let type_name = self.type_name_for("a column type")?;
        Ok(ColumnSpec { name, type_name, span: self.since(start) })
    }

    fn table_alias(&mut self) -> Parsed<Option<TableAlias>> {
        let explicit = self.eat_word("as");
        let word = self.token_text(self.peek()).to_ascii_lowercase();
        let implicit = match self.peek().kind {
            TokenKind::QuotedName => true,
            TokenKind::Word => keywords::may_name_column(&word),
            _ => false,
        };
        if !explicit && !implicit {
            return Ok(None);
        }
        let name = self.name("an alias")?;
        let columns = self.optional_column_names()?;
        Ok(Some(TableAlias { span: self.since(name.span), name, columns }))
    }
}
