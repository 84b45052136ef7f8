//! Expressions that begin with a word of SQL: constants, CASE, CAST, EXISTS, ARRAY, and calls with a syntax of their own.

use super::{Parsed, Parser};
use crate::lexer::TokenKind;
use crate::tree::{Expr, ExprKind, Literal, Name, QualifiedName, SqlValue};

impl Parser<'_> {
    /// An expression whose first word has a meaning of its own; `None` when the word is a name.
    pub fn keyword_expr(&mut self) -> Parsed<Option<Expr>> {
        let token = self.peek();
        let start = self.span_of(token);
        let word = self.token_text(token).to_ascii_lowercase();
        let opens = self.peek_at(1).kind == TokenKind::OpenParen;
        if let Some(literal) = constant(&word) {
            self.advance();
            return Ok(Some(Expr { kind: ExprKind::Literal(literal), span: start }));
        }
        if let Some(value) = sql_value(&word) {
            return self.sql_value(value).map(Some);
        }
        let expr = match word.as_str() {
            "case" => self.case()?,
            "default" => {
                self.advance();
                Expr { kind: ExprKind::Default, span: start }
            }
            "array" => self.array()?,
            "cast" => self.cast()?,
            "exists" if opens => {
                self.advance();
                let query = self.query_in_parentheses()?;
                Expr { kind: ExprKind::Exists(query), span: self.since(start) }
            }
            "row" if opens => self.row()?,
            "coalesce" | "greatest" | "least" | "nullif" if opens => self.plain_call(&word)?,
            "extract" if opens => self.extract()?,
            "substring" if opens => self.substring()?,
            "position" if opens => self.position()?,
            "overlay" if opens => self.overlay()?,
            "trim" if opens => self.trim()?,
            "grouping" | "normalize" | "treat" | "xmlelement" | "xmlforest" | "xmlparse" | "xmlconcat"
            | "xmlserialize"
                if opens =>
            {
                return Err(self.unsupported(word.to_ascii_uppercase(), start));
            }
            _ => return Ok(None),
        };
        Ok(Some(expr))
    }

    /// `CURRENT_TIMESTAMP(3)` and its kin.
    fn sql_value(&mut self, value: SqlValue) -> Parsed<Expr> {
        let start = self.here();
        self.advance();
        let timed = matches!(
            value,
            SqlValue::CurrentTime
                | SqlValue::CurrentTimestamp
                | SqlValue::LocalTime
                | SqlValue::LocalTimestamp
        );
        let mut precision = None;
        if self.at(TokenKind::OpenParen) && timed {
            self.advance();
            precision = Some(self.integer("a number of digits")?);
            self.expect(TokenKind::CloseParen)?;
        } else if self.at(TokenKind::OpenParen) && value == SqlValue::CurrentSchema {
            self.advance();
            self.expect(TokenKind::CloseParen)?;
        }
        Ok(Expr { kind: ExprKind::SqlValue(value, precision), span: self.since(start) })
    }

    /// `ARRAY[…]`, `ARRAY(SELECT …)`
    fn array(&mut self) -> Parsed<Expr> {
        let start = self.expect_word("array")?;
        if self.at(TokenKind::OpenParen) {
            let query = self.query_in_parentheses()?;
            return Ok(Expr { kind: ExprKind::ArrayQuery(query), span: self.since(start) });
        }
        if !self.at(TokenKind::OpenBracket) {
            return Err(self.expected("`[` or `(`"));
        }
        let values = self.array_values()?;
        Ok(Expr { kind: ExprKind::Array(values), span: self.since(start) })
    }

    fn array_values(&mut self) -> Parsed<Vec<Expr>> {
        self.expect(TokenKind::OpenBracket)?;
        if self.eat(TokenKind::CloseBracket) {
            return Ok(Vec::new());
        }
        let values = self.list(|parser| {
            if !parser.at(TokenKind::OpenBracket) {
                return parser.expr();
            }
            let start = parser.here();
            let values = parser.nested(Self::array_values)?;
            Ok(Expr { kind: ExprKind::Array(values), span: parser.since(start) })
        })?;
        if !self.eat(TokenKind::CloseBracket) {
            return Err(self.expected("`,` or `]`"));
        }
        Ok(values)
    }

    fn cast(&mut self) -> Parsed<Expr> {
        let start = self.expect_word("cast")?;
        self.expect(TokenKind::OpenParen)?;
        let operand = Box::new(self.expr()?);
        self.expect_word("as")?;
        let type_name = self.type_name()?;
        let end = self.expect(TokenKind::CloseParen)?;
        Ok(Expr { kind: ExprKind::Cast { operand, type_name }, span: start.to(end) })
    }

    fn row(&mut self) -> Parsed<Expr> {
        let start = self.expect_word("row")?;
        self.expect(TokenKind::OpenParen)?;
        let values = if self.at(TokenKind::CloseParen) { Vec::new() } else { self.list(Self::expr)? };
        let end = self.close_list()?;
        Ok(Expr { kind: ExprKind::Row(values), span: start.to(end) })
    }

    /// A call of a function whose name is a word of the grammar, with ordinary arguments.
    fn plain_call(&mut self, word: &str) -> Parsed<Expr> {
        let span = self.here();
        self.advance();
        let name = Name { text: word.to_string(), quoted: false, span };
        let call = self.call(QualifiedName { schema: None, name, span })?;
        Ok(Expr { span: call.span, kind: ExprKind::Call(Box::new(call)) })
    }

    /// Reads a name and `(`, then the inside, then `)`.
    fn special(
        &mut self,
        inside: impl FnOnce(&mut Self) -> Parsed<(&'static str, Vec<Expr>)>,
    ) -> Parsed<Expr> {
        let word = self.here();
        self.advance();
        self.expect(TokenKind::OpenParen)?;
        let (function, values) = inside(self)?;
        let end = self.close_list()?;
        let mut expr = self.call_at(function, values, word.to(end));
        if let ExprKind::Call(call) = &mut expr.kind {
            call.name.span = word;
            call.name.name.span = word;
        }
        Ok(expr)
    }

    /// `EXTRACT(field FROM value)`
    fn extract(&mut self) -> Parsed<Expr> {
        self.special(|parser| {
            let span = parser.here();
            let field = if parser.at_string() {
                parser.string("a field")?
            } else {
                parser.label("a field such as year, month or epoch")?.text
            };
            let field = Expr { kind: ExprKind::Literal(Literal::String(field)), span };
            parser.expect_word("from")?;
            Ok(("extract", vec![field, parser.expr()?]))
        })
    }

    /// `SUBSTRING(x FROM a FOR b)`, `SUBSTRING(x, a, b)`
    fn substring(&mut self) -> Parsed<Expr> {
        self.special(|parser| {
            let mut values = vec![parser.expr()?];
            if parser.at_word("similar") {
                return Err(parser.unsupported("SUBSTRING … SIMILAR", parser.here()));
            }
            if parser.eat_word("from") {
                values.push(parser.expr()?);
                if parser.eat_word("for") {
                    values.push(parser.expr()?);
                }
            } else if parser.at_word("for") {
                let one =
                    Expr { kind: ExprKind::Literal(Literal::Number("1".to_string())), span: parser.here() };
                parser.advance();
                values.extend([one, parser.expr()?]);
            } else {
                while parser.eat(TokenKind::Comma) {
                    values.push(parser.expr()?);
                }
            }
            Ok(("substring", values))
        })
    }

    /// `POSITION(part IN whole)`
    fn position(&mut self) -> Parsed<Expr> {
        self.special(|parser| {
            let part = parser.expr_above(super::infix::binding::OTHER)?;
            parser.expect_word("in")?;
            Ok(("strpos", vec![parser.expr_above(super::infix::binding::OTHER)?, part]))
        })
    }

    /// `OVERLAY(x PLACING y FROM a FOR b)`
    fn overlay(&mut self) -> Parsed<Expr> {
        self.special(|parser| {
            let mut values = vec![parser.expr()?];
            if parser.eat_word("placing") {
                values.push(parser.expr()?);
                parser.expect_word("from")?;
                values.push(parser.expr()?);
                if parser.eat_word("for") {
                    values.push(parser.expr()?);
                }
            } else {
                while parser.eat(TokenKind::Comma) {
                    values.push(parser.expr()?);
                }
            }
            Ok(("overlay", values))
        })
    }

    /// `TRIM(BOTH c FROM x)`, `TRIM(x)`, `TRIM(x, c)`
    fn trim(&mut self) -> Parsed<Expr> {
        self.special(|parser| {
            let mut function = "btrim";
            if parser.eat_word("leading") {
                function = "ltrim";
            } else if parser.eat_word("trailing") {
                function = "rtrim";
            } else {
                parser.eat_word("both");
            }
            if parser.eat_word("from") {
                return Ok((function, parser.list(Self::expr)?));
            }
            let mut values = vec![parser.expr()?];
            if parser.eat_word("from") {
                values.insert(0, parser.expr()?);
            } else if parser.eat(TokenKind::Comma) {
                values.push(parser.expr()?);
            }
            Ok((function, values))
        })
    }
}

fn constant(word: &str) -> Option<Literal> {
    match word {
        "null" => Some(Literal::Null),
        "true" => Some(Literal::Bool(true)),
        "false" => Some(Literal::Bool(false)),
        _ => None,
    }
}

fn sql_value(word: &str) -> Option<SqlValue> {
    Some(match word {
        "current_date" => SqlValue::CurrentDate,
        "current_time" => SqlValue::CurrentTime,
        "current_timestamp" => SqlValue::CurrentTimestamp,
        "localtime" => SqlValue::LocalTime,
        "localtimestamp" => SqlValue::LocalTimestamp,
        "current_user" | "current_role" | "user" => SqlValue::CurrentUser,
        "session_user" => SqlValue::SessionUser,
        "current_schema" => SqlValue::CurrentSchema,
        "current_catalog" => SqlValue::CurrentCatalog,
        _ => return None,
    })
}
