//! Operators of expressions and how tightly they bind (PostgreSQL's documentation, 4.1.6).

use super::{Failure, Parsed, Parser};
use crate::diagnostic::Diagnostic;
use crate::lexer::TokenKind;
use crate::tree::{Argument, Expr, ExprKind, Operator, QuantifiedSet, Quantifier};

/// How tightly operators bind; higher is tighter.
pub(crate) mod binding {
    pub const OR: u8 = 1;
    pub const AND: u8 = 2;
    pub const NOT: u8 = 3;
    pub const IS: u8 = 4;
    pub const COMPARISON: u8 = 5;
    pub const LIKE: u8 = 6;
    pub const OTHER: u8 = 7;
    pub const SUM: u8 = 8;
    pub const PRODUCT: u8 = 9;
    pub const POWER: u8 = 10;
    pub const AT: u8 = 11;
    pub const COLLATE: u8 = 12;
    pub const SIGN: u8 = 13;
    pub const SUBSCRIPT: u8 = 14;
    pub const CAST: u8 = 15;
    pub const PRIMARY: u8 = 16;

    /// Of a symbolic infix operator.
    pub fn of_operator(text: &str) -> u8 {
        match text {
            "=" | "<" | ">" | "<=" | ">=" | "<>" => COMPARISON,
            "+" | "-" => SUM,
            "*" | "/" | "%" => PRODUCT,
            "^" => POWER,
            _ => OTHER,
        }
    }
}

use binding::*;

impl Parser<'_> {
    /// An expression.
    pub fn expr(&mut self) -> Parsed<Expr> {
        self.expr_above(0)
    }

    /// An expression of the restricted kind that may stand behind DEFAULT without parentheses: no AND, NOT, IS, IN and
    /// the like, which would swallow what follows (`DEFAULT 1 NOT NULL`).
    pub fn restricted_expr(&mut self) -> Parsed<Expr> {
        let left = self.expr_above(OTHER)?;
        match self.infix_operator() {
            Some((operator, width)) if of_operator(&operator.text) == COMPARISON => {
                self.at += width;
                let right = self.expr_above(OTHER)?;
                self.grow()?;
                Ok(binary(left, operator, right))
            }
            _ => Ok(left),
        }
    }

    /// An expression of operators that bind at least as tightly as `least`.
    pub fn expr_above(&mut self, least: u8) -> Parsed<Expr> {
        self.nested(|parser| {
            let mut left = parser.prefix()?;
            // Whether `left` is a comparison written without parentheses, to which no other can be chained.
            let mut compared = false;
            loop {
                left = match parser.infix(left, least, compared)? {
                    (next, true) => next,
                    (done, false) => return Ok(done),
                };
                compared = is_comparison(&left.kind);
                parser.grow()?;
            }
        })
    }

    /// Reads one operator behind `left`, if one comes that binds at least as tightly as `least`; says whether it did.
    fn infix(&mut self, left: Expr, least: u8, compared: bool) -> Parsed<(Expr, bool)> {
        match self.peek().kind {
            TokenKind::Cast if CAST >= least => {
                self.advance();
                let type_name = self.type_name()?;
                let span = left.span.to(type_name.span);
                return Ok((
                    Expr { kind: ExprKind::Cast { operand: Box::new(left), type_name }, span },
                    true,
                ));
            }
            TokenKind::OpenBracket if SUBSCRIPT >= least => return Ok((self.subscript(left)?, true)),
            TokenKind::Operator => return self.symbolic(left, least, compared),
            TokenKind::Word => {}
            _ => return Ok((left, false)),
        }
        self.word_operator(left, least, compared)
    }

    fn subscript(&mut self, left: Expr) -> Parsed<Expr> {
        self.advance();
        if self.at(TokenKind::Colon) {
            return Err(self.unsupported("array slices", self.here()));
        }
        let index = self.expr()?;
        if self.at(TokenKind::Colon) {
            return Err(self.unsupported("array slices", self.here()));
        }
        let end = self.expect(TokenKind::CloseBracket)?;
        let span = left.span.to(end);
        Ok(Expr { kind: ExprKind::Subscript { operand: Box::new(left), index: Box::new(index) }, span })
    }

    /// The infix operator that comes next, and how many tokens it takes: `=`, `OPERATOR(pg_catalog.=)`.
    fn infix_operator(&self) -> Option<(Operator, usize)> {
        let token = self.peek();
        if token.kind == TokenKind::Operator {
            let text = match self.token_text(token) {
                "!=" => "<>",
                text => text,
            };
            return Some((Operator { text: text.to_string(), span: self.span_of(token) }, 1));
        }
        if self.at_words(&["operator"]) && self.peek_at(1).kind == TokenKind::OpenParen {
            let [schema, dot, operator, close] = [2, 3, 4, 5].map(|ahead| self.peek_at(ahead));
            let kinds = [dot.kind, operator.kind, close.kind];
            if self.is_word(schema, "pg_catalog")
                && kinds == [TokenKind::Dot, TokenKind::Operator, TokenKind::CloseParen]
            {
                let text = self.token_text(operator).to_string();
                return Some((Operator { text, span: self.span_of(operator) }, 6));
            }
        }
        None
    }

    fn symbolic(&mut self, left: Expr, least: u8, compared: bool) -> Parsed<(Expr, bool)> {
        let Some((operator, width)) = self.infix_operator() else { return Ok((left, false)) };
        // Written as OPERATOR(…), all operators bind alike.
        let strength = if width == 1 { of_operator(&operator.text) } else { OTHER };
        if strength < least {
            return Ok((left, false));
        }
        if operator.text == "==" {
            return Err(self.expected("an operator"));
        }
        if strength == COMPARISON && compared {
            let chained =
                Diagnostic::error("chained-comparison", operator.span, "comparisons cannot be chained");
            return Err(Box::new(Failure::Mistake(chained.with_help("write `a < b AND b < c`"))));
        }
        self.at += width;
        if let Some(quantifier) = self.quantifier() {
            return Ok((self.quantified(left, operator, quantifier)?, true));
        }
        let right = self.expr_above(strength + 1)?;
        Ok((binary(left, operator, right), true))
    }

    fn quantifier(&mut self) -> Option<Quantifier> {
        let opens = self.peek_at(1).kind == TokenKind::OpenParen;
        if opens && (self.at_word("any") || self.at_word("some")) {
            self.advance();
            return Some(Quantifier::Any);
        }
        (opens && self.eat_word("all")).then_some(Quantifier::All)
    }

    fn quantified(&mut self, left: Expr, operator: Operator, quantifier: Quantifier) -> Parsed<Expr> {
        self.expect(TokenKind::OpenParen)?;
        let right = if self.at_query() {
            QuantifiedSet::Query(Box::new(self.query()?))
        } else {
            match self.expr()? {
                Expr { kind: ExprKind::Subquery(query), span } => {
                    QuantifiedSet::Query(Box::new(self.set_operations(*query, span)?))
                }
                array => QuantifiedSet::Array(Box::new(array)),
            }
        };
        let end = self.expect(TokenKind::CloseParen)?;
        let span = left.span.to(end);
        Ok(Expr { kind: ExprKind::Quantified { left: Box::new(left), operator, quantifier, right }, span })
    }

    fn word_operator(&mut self, left: Expr, least: u8, compared: bool) -> Parsed<(Expr, bool)> {
        let word = self.token_text(self.peek());
        let is = |candidate: &str| word.eq_ignore_ascii_case(candidate);
        if is("and") && AND >= least {
            return Ok((self.connective(left, "and", AND)?, true));
        }
        if is("or") && OR >= least {
            return Ok((self.connective(left, "or", OR)?, true));
        }
        if is("is") && IS >= least {
            return Ok((self.is_test(left)?, true));
        }
        if (is("isnull") || is("notnull")) && IS >= least {
            let negated = is("notnull");
            let span = left.span.to(self.span_of(self.peek()));
            self.advance();
            return Ok((Expr { kind: ExprKind::IsNull { operand: Box::new(left), negated }, span }, true));
        }
        if is("at") && AT >= least && self.at_words(&["at", "time", "zone"]) {
            self.at += 3;
            let zone = self.expr_above(AT + 1)?;
            return Ok((self.call_of("timezone", vec![zone, left]), true));
        }
        if is("at") && self.at_words(&["at", "local"]) {
            return Err(self.unsupported("AT LOCAL", self.here()));
        }
        if is("collate") && COLLATE >= least {
            self.advance();
            let collation = self.qualified_name("a collation")?;
            let span = left.span.to(collation.span);
            return Ok((Expr { kind: ExprKind::Collate { operand: Box::new(left), collation }, span }, true));
        }
        if is("operator") {
            return self.symbolic(left, least, compared);
        }
        if LIKE < least {
            return Ok((left, false));
        }
        self.membership(left)
    }

    /// AND and OR, flattened: `a AND b AND c` is one node.
    fn connective(&mut self, left: Expr, word: &str, strength: u8) -> Parsed<Expr> {
        let mut span = left.span;
        let mut operands = vec![left];
        while self.eat_word(word) {
            let right = self.expr_above(strength + 1)?;
            span = span.to(right.span).to(self.last());
            operands.push(right);
        }
        let kind = if strength == AND { ExprKind::And(operands) } else { ExprKind::Or(operands) };
        Ok(Expr { kind, span })
    }

    fn is_test(&mut self, left: Expr) -> Parsed<Expr> {
        self.advance();
        let negated = self.eat_word("not");
        let operand = Box::new(left);
        let span = operand.span;
        let kind = if self.eat_word("null") {
            ExprKind::IsNull { operand, negated }
        } else if self.eat_word("true") {
            ExprKind::IsBool { operand, value: Some(true), negated }
        } else if self.eat_word("false") {
            ExprKind::IsBool { operand, value: Some(false), negated }
        } else if self.eat_word("unknown") {
            ExprKind::IsBool { operand, value: None, negated }
        } else if self.eat_words(&["distinct", "from"]) {
            let right = self.expr_above(COMPARISON)?;
            ExprKind::IsDistinct { left: operand, right: Box::new(right), negated }
        } else if self.at_any_word(&["json", "document", "normalized", "nfc", "nfd", "nfkc", "nfkd", "of"]) {
            return Err(self.unsupported("this form of IS", self.here()));
        } else {
            return Err(self.expected("NULL, TRUE, FALSE, UNKNOWN or DISTINCT FROM"));
        };
        Ok(Expr { kind, span: self.since(span) })
    }

    /// BETWEEN, IN, LIKE, ILIKE and their negations.
    fn membership(&mut self, left: Expr) -> Parsed<(Expr, bool)> {
        const WORDS: [&str; 5] = ["between", "in", "like", "ilike", "similar"];
        let negated = self.at_word("not");
        let word = self.peek_at(usize::from(negated));
        if !WORDS.iter().any(|candidate| self.is_word(word, candidate)) {
            return Ok((left, false));
        }
        self.at += usize::from(negated);
        let operator = self.here();
        let token = self.advance();
        let word = self.token_text(token).to_ascii_lowercase();
        let span = left.span;
        let operand = Box::new(left);
        let kind = match word.as_str() {
            "between" => {
                let symmetric = self.eat_word("symmetric");
                self.eat_word("asymmetric");
                let low = Box::new(self.expr_above(OTHER)?);
                self.expect_word("and")?;
                let high = Box::new(self.expr_above(OTHER)?);
                ExprKind::Between { operand, low, high, symmetric, negated }
            }
            "in" => self.in_list(operand, negated)?,
            "similar" => return Err(self.unsupported("SIMILAR TO", operator)),
            _ => {
                let case_insensitive = word == "ilike";
                if let Some(quantifier) = self.quantifier() {
                    let text = format!(
                        "{}~~{}",
                        if negated { "!" } else { "" },
                        if case_insensitive { "*" } else { "" }
                    );
                    return Ok((
                        self.quantified(*operand, Operator { text, span: operator }, quantifier)?,
                        true,
                    ));
                }
                let pattern = Box::new(self.expr_above(OTHER)?);
                let escape =
                    if self.eat_word("escape") { Some(Box::new(self.expr_above(OTHER)?)) } else { None };
                ExprKind::Like { operand, pattern, escape, case_insensitive, negated }
            }
        };
        Ok((Expr { kind, span: self.since(span) }, true))
    }

    fn in_list(&mut self, operand: Box<Expr>, negated: bool) -> Parsed<ExprKind> {
        self.expect(TokenKind::OpenParen)?;
        if self.at_query() {
            let query = Box::new(self.query()?);
            self.expect(TokenKind::CloseParen)?;
            return Ok(ExprKind::InQuery { operand, query, negated });
        }
        let mut list = self.list(Self::expr)?;
        if let [Expr { kind: ExprKind::Subquery(_), span }] = list.as_slice() {
            let span = *span;
            if let Some(Expr { kind: ExprKind::Subquery(query), .. }) = list.pop() {
                let query = Box::new(self.set_operations(*query, span)?);
                self.expect(TokenKind::CloseParen)?;
                return Ok(ExprKind::InQuery { operand, query, negated });
            }
        }
        self.close_list()?;
        Ok(ExprKind::InList { operand, list, negated })
    }

    /// A call that stands for a spelling of its own, with the place of all that was read for it.
    pub fn call_of(&self, name: &str, values: Vec<Expr>) -> Expr {
        let places = values.iter().map(|it| it.span).reduce(crate::span::Span::to);
        let span = places.map_or(self.last(), |span| span.to(self.last()));
        self.call_at(name, values, span)
    }

    /// The same with a given place.
    pub fn call_at(&self, name: &str, values: Vec<Expr>, span: crate::span::Span) -> Expr {
        let arguments = values.into_iter().map(|value| Argument { name: None, value }).collect();
        super::expr::call(name, arguments, span)
    }
}

fn binary(left: Expr, operator: Operator, right: Expr) -> Expr {
    let span = left.span.to(right.span);
    Expr { kind: ExprKind::Binary { left: Box::new(left), operator, right: Box::new(right) }, span }
}

fn is_comparison(kind: &ExprKind) -> bool {
    matches!(kind, ExprKind::Binary { operator, .. } if of_operator(&operator.text) == COMPARISON)
}
