//! Expressions from their first token: constants, names, calls, parentheses, prefix operators.

use super::infix::binding;
use super::{Parsed, Parser};
use crate::keywords;
use crate::lexer::{Token, TokenKind};
use crate::span::Span;
use crate::tree::{
    Argument, CallArguments, CaseBranch, ColumnRef, Expr, ExprKind, FunctionCall, Literal, Name, Operator,
    OrderItem, QualifiedName, Query, TypeName,
};

impl Parser<'_> {
    /// An operand with its prefix operators.
    pub fn prefix(&mut self) -> Parsed<Expr> {
        let start = self.here();
        if self.eat_word("not") {
            let operand = Box::new(self.expr_above(binding::NOT)?);
            return Ok(Expr { span: start.to(operand.span), kind: ExprKind::Not(operand) });
        }
        if !self.at(TokenKind::Operator) || self.at_operator("*") {
            return self.primary();
        }
        let token = self.advance();
        let operator = Operator { text: self.token_text(token).to_string(), span: start };
        let strength = match operator.text.as_str() {
            "+" | "-" => binding::SIGN,
            "~" | "@" | "|/" | "||/" => binding::OTHER + 1,
            _ => {
                self.at -= 1;
                return Err(self.expected("an expression"));
            }
        };
        let operand = Box::new(self.expr_above(strength)?);
        Ok(Expr { span: start.to(operand.span), kind: ExprKind::Unary { operator, operand } })
    }

    fn primary(&mut self) -> Parsed<Expr> {
        let token = self.peek();
        let start = self.span_of(token);
        match token.kind {
            TokenKind::Number => {
                self.advance();
                let kind = ExprKind::Literal(Literal::Number(self.decode_number(token)?));
                Ok(Expr { kind, span: start })
            }
            TokenKind::String | TokenKind::EscapeString | TokenKind::DollarString | TokenKind::Unicode => {
                self.string_literal()
            }
            TokenKind::Bits | TokenKind::HexBits => self.bits(),
            TokenKind::Parameter => {
                self.advance();
                let number = self.token_text(token)[1..].parse().ok().filter(|number| *number > 0);
                let number = number
                    .ok_or_else(|| self.mistake("invalid-parameter", start, "parameters count from $1"))?;
                if self.eat(TokenKind::Dot) {
                    return self.parameter_field(token);
                }
                Ok(Expr { kind: ExprKind::Parameter(number), span: start })
            }
            TokenKind::OpenParen => self.parentheses(),
            TokenKind::Word => match self.keyword_expr()? {
                Some(expr) => Ok(expr),
                None => self.named(),
            },
            TokenKind::QuotedName => self.named(),
            _ => Err(self.expected("an expression")),
        }
    }

    /// `$1.column`: a column of the row that a function takes, with `$1` as the name of the row.
    fn parameter_field(&mut self, parameter: Token) -> Parsed<Expr> {
        let start = self.span_of(parameter);
        let row = Name { text: self.token_text(parameter).to_string(), quoted: false, span: start };
        let column = self.label("a column name")?;
        let table = Some(QualifiedName { schema: None, name: row, span: start });
        let kind = ExprKind::Column(ColumnRef { table, column });
        Ok(Expr { kind, span: self.since(start) })
    }

    pub fn string_literal(&mut self) -> Parsed<Expr> {
        let start = self.here();
        let text = self.string("a text")?;
        Ok(Expr { kind: ExprKind::Literal(Literal::String(text)), span: self.since(start) })
    }

    fn bits(&mut self) -> Parsed<Expr> {
        let token = self.advance();
        let span = self.span_of(token);
        let digits = super::literal::content(self.token_text(token)).to_string();
        let hexadecimal = token.kind == TokenKind::HexBits;
        let valid =
            |digit: char| if hexadecimal { digit.is_ascii_hexdigit() } else { matches!(digit, '0' | '1') };
        if !digits.chars().all(valid) {
            let message =
                format!("these are not {} digits", if hexadecimal { "hexadecimal" } else { "binary" });
            return Err(self.mistake("invalid-bits", span, message));
        }
        let literal = if hexadecimal { Literal::HexBits(digits) } else { Literal::Bits(digits) };
        Ok(Expr { kind: ExprKind::Literal(literal), span })
    }

    /// `(expression)`, `(a, b)`, `(SELECT …)`.
    fn parentheses(&mut self) -> Parsed<Expr> {
        let start = self.expect(TokenKind::OpenParen)?;
        if self.at_query() {
            let query = Box::new(self.query()?);
            let end = self.expect(TokenKind::CloseParen)?;
            return self.no_field(Expr { kind: ExprKind::Subquery(query), span: start.to(end) });
        }
        let mut first = self.expr()?;
        if self.at_any_word(&["union", "intersect", "except", "order", "limit", "offset", "fetch"])
            && let Expr { kind: ExprKind::Subquery(query), span } = first
        {
            let query = self.set_operations(*query, span)?;
            first = Expr { span: query.span, kind: ExprKind::Subquery(Box::new(query)) };
        }
        let kind = if self.eat(TokenKind::Comma) {
            let mut values = vec![first];
            values.extend(self.list(Self::expr)?);
            ExprKind::Row(values)
        } else {
            first.kind
        };
        if !self.at(TokenKind::CloseParen) {
            return Err(self.expected("an operator, `,` or `)`"));
        }
        let end = self.expect(TokenKind::CloseParen)?;
        self.no_field(Expr { kind, span: start.to(end) })
    }

    /// Refuses `(value).field`.
    fn no_field(&self, expr: Expr) -> Parsed<Expr> {
        if self.at(TokenKind::Dot) {
            Err(self.unsupported("fields of composite values", self.here()))
        } else {
            Ok(expr)
        }
    }

    /// What begins with a name: a column, a call, or a literal with its type before it.
    fn named(&mut self) -> Parsed<Expr> {
        let start = self.here();
        if let Some(type_name) = self.literal_type()? {
            return self.typed_literal(type_name);
        }
        let first = self.any_name()?;
        let mut parts = vec![first];
        while self.eat(TokenKind::Dot) {
            if self.at_operator("*") {
                return Err(self.unsupported("whole rows as values", self.since(start).to(self.here())));
            }
            parts.push(self.label("a column name")?);
        }
        if self.at(TokenKind::OpenParen) {
            let name = self.function_of_parts(parts)?;
            let call = self.call(name)?;
            return Ok(Expr { span: call.span, kind: ExprKind::Call(Box::new(call)) });
        }
        self.column_of_parts(parts)
    }

    /// A name that may turn out to be a column's or a function's.
    fn any_name(&mut self) -> Parsed<Name> {
        let word = self.token_text(self.peek()).to_ascii_lowercase();
        let next = self.peek_at(1).kind;
        let quoted = self.at(TokenKind::QuotedName);
        if quoted
            || (keywords::may_name_column(&word) && (next == TokenKind::Dot || keywords::is_plain(&word)))
        {
            return self.label("a name");
        }
        if next == TokenKind::OpenParen {
            self.function_name("a function")
        } else {
            self.name("an expression")
        }
    }

    fn function_of_parts(&self, mut parts: Vec<Name>) -> Parsed<QualifiedName> {
        let span = self.since(parts[0].span);
        let name = match (parts.pop(), parts.pop(), parts.is_empty()) {
            (Some(name), schema, true) => QualifiedName { schema, name, span },
            _ => {
                return Err(self.mistake(
                    "name-too-many-parts",
                    span,
                    "a function has at most a schema before it",
                ));
            }
        };
        Ok(name)
    }

    fn column_of_parts(&self, mut parts: Vec<Name>) -> Parsed<Expr> {
        let span = self.since(parts[0].span);
        let column = parts.pop();
        let table_span = parts.first().zip(parts.last()).map(|(first, last)| first.span.to(last.span));
        let table = match (parts.pop(), parts.pop(), table_span) {
            (Some(name), schema, Some(span)) => Some(QualifiedName { schema, name, span }),
            _ => None,
        };
        match column {
            Some(column) if parts.is_empty() => {
                Ok(Expr { kind: ExprKind::Column(ColumnRef { table, column }), span })
            }
            _ => {
                let message = "a column has at most a schema and a table before it";
                Err(self.mistake("name-too-many-parts", span, message))
            }
        }
    }

    /// The type in front of a literal (`date '2020-01-01'`), if that is what comes.
    fn literal_type(&mut self) -> Parsed<Option<TypeName>> {
        let mut ahead = 1;
        if self.peek_at(1).kind == TokenKind::Dot {
            ahead = 3;
        } else if self.at_words(&["double", "precision"])
            || self.at_words(&["character", "varying"])
            || self.at_words(&["bit", "varying"])
        {
            ahead = 2;
        }
        let numbers = [0, 1, 2].map(|at| self.peek_at(ahead + at).kind);
        let timed = self.at_any_word(&["timestamp", "time", "interval", "numeric", "bit", "char", "varchar"]);
        if timed && numbers == [TokenKind::OpenParen, TokenKind::Number, TokenKind::CloseParen] {
            ahead += 3;
        }
        if self.at_any_word(&["timestamp", "time"])
            && (self.is_word(self.peek_at(ahead), "with") || self.is_word(self.peek_at(ahead), "without"))
            && self.is_word(self.peek_at(ahead + 1), "time")
        {
            ahead += 3;
        }
        let found = super::literal::is_string(self.peek_at(ahead).kind) && !self.peek_is_reserved();
        if found { self.type_name().map(Some) } else { Ok(None) }
    }

    fn peek_is_reserved(&self) -> bool {
        self.at(TokenKind::Word) && keywords::is_reserved(&self.token_text(self.peek()).to_ascii_lowercase())
    }

    fn typed_literal(&mut self, type_name: TypeName) -> Parsed<Expr> {
        let start = type_name.span;
        let operand = Box::new(self.string_literal()?);
        if type_name.name.name.is_word("interval")
            && self.at_any_word(&["year", "month", "day", "hour", "minute", "second"])
        {
            return Err(self.unsupported("INTERVAL with fields", self.here()));
        }
        Ok(Expr { span: start.to(operand.span), kind: ExprKind::Cast { operand, type_name } })
    }

    /// A call, the position being on the parenthesis behind its name.
    pub fn call(&mut self, name: QualifiedName) -> Parsed<FunctionCall> {
        let start = name.span;
        self.expect(TokenKind::OpenParen)?;
        let mut order_by = Vec::new();
        let arguments = if self.at_operator("*") {
            self.advance();
            CallArguments::Star
        } else {
            let distinct = self.eat_word("distinct");
            if !distinct {
                self.eat_word("all");
            }
            let empty = !distinct && self.at(TokenKind::CloseParen);
            let arguments = if empty { Vec::new() } else { self.list(Self::argument)? };
            if self.at_word("order") {
                order_by = self.order_by()?;
            }
            CallArguments::List { arguments, distinct }
        };
        let mut span = start.to(self.close_list()?);
        if self.at_words(&["within", "group"]) {
            return Err(self.unsupported("WITHIN GROUP", self.here()));
        }
        let mut filter = None;
        if self.at_word("filter") && self.peek_at(1).kind == TokenKind::OpenParen {
            self.at += 2;
            self.expect_word("where")?;
            filter = Some(self.expr()?);
            span = span.to(self.expect(TokenKind::CloseParen)?);
        }
        if self.at_word("over") {
            return Err(self.unsupported("window functions (OVER)", self.here()));
        }
        Ok(FunctionCall { name, arguments, order_by, filter, span })
    }

    fn argument(&mut self) -> Parsed<Argument> {
        if self.at_word("variadic") {
            return Err(self.unsupported("VARIADIC arguments", self.here()));
        }
        let named = matches!(self.peek_at(1).kind, TokenKind::Arrow | TokenKind::Assign);
        let name = if named { Some(self.label("an argument's name")?) } else { None };
        self.at += usize::from(named);
        Ok(Argument { name, value: self.expr()? })
    }

    /// `CASE … END`
    pub fn case(&mut self) -> Parsed<Expr> {
        let start = self.expect_word("case")?;
        let operand = if self.at_word("when") { None } else { Some(Box::new(self.expr()?)) };
        let mut branches = Vec::new();
        while self.eat_word("when") {
            let when = self.expr()?;
            self.expect_word("then")?;
            branches.push(CaseBranch { when, then: self.expr()? });
        }
        if branches.is_empty() {
            return Err(self.expected("WHEN"));
        }
        let otherwise = if self.eat_word("else") { Some(Box::new(self.expr()?)) } else { None };
        if !self.at_word("end") {
            return Err(self.expected(if otherwise.is_some() { "END" } else { "WHEN, ELSE or END" }));
        }
        let end = self.expect_word("end")?;
        Ok(Expr { kind: ExprKind::Case { operand, branches, otherwise }, span: start.to(end) })
    }

    /// `(SELECT …)` where nothing else may stand.
    pub fn query_in_parentheses(&mut self) -> Parsed<Box<Query>> {
        self.expect(TokenKind::OpenParen)?;
        let query = Box::new(self.query()?);
        self.expect(TokenKind::CloseParen)?;
        Ok(query)
    }

    /// `ORDER BY …`
    pub fn order_by(&mut self) -> Parsed<Vec<OrderItem>> {
        self.expect_words(&["order", "by"])?;
        self.list(|parser| {
            let value = parser.expr()?;
            if parser.at_word("using") {
                return Err(parser.unsupported("ORDER BY … USING", parser.here()));
            }
            let (descending, nulls) = parser.sort_order()?;
            Ok(OrderItem { value, descending, nulls })
        })
    }
}

/// A call without anything special about it.
pub(super) fn call(name: &str, arguments: Vec<Argument>, span: Span) -> Expr {
    let name = Name { text: name.to_string(), quoted: false, span };
    let name = QualifiedName { schema: None, name, span };
    let arguments = CallArguments::List { arguments, distinct: false };
    let call = FunctionCall { name, arguments, order_by: Vec::new(), filter: None, span };
    Expr { kind: ExprKind::Call(Box::new(call)), span }
}
