//! Expressions.

use super::{Printer, quote_literal};
use crate::parser::binding;
use crate::tree::{
    CallArguments, ColumnRef, Expr, ExprKind, FunctionCall, Literal, Nulls, OrderItem, QuantifiedSet,
    Quantifier, SqlValue,
};

impl Printer {
    pub fn expr(&mut self, expr: &Expr) {
        self.expr_above(expr, 0);
    }

    /// An expression where DEFAULT stands before it.
    pub fn restricted_expr(&mut self, expr: &Expr) {
        self.expr_above(expr, binding::OTHER);
    }

    /// An expression, in parentheses if it binds less tightly than `least`.
    pub fn expr_above(&mut self, expr: &Expr, least: u8) {
        let enclosed = strength(expr) < least;
        if enclosed {
            self.push("(");
        }
        self.bare_expr(expr);
        if enclosed {
            self.push(")");
        }
    }

    fn bare_expr(&mut self, expr: &Expr) {
        use binding::*;
        let not = |negated: bool| if negated { "NOT " } else { "" };
        match &expr.kind {
            ExprKind::Literal(literal) => self.literal(literal),
            ExprKind::Column(column) => self.column(column),
            ExprKind::Parameter(number) => self.push(&format!("${number}")),
            ExprKind::SqlValue(value, precision) => self.sql_value(*value, *precision),
            ExprKind::Unary { operator, operand } => self.unary(&operator.text, operand),
            ExprKind::Binary { left, operator, right } => {
                let level = of_operator(&operator.text);
                self.expr_above(left, if level == COMPARISON { level + 1 } else { level });
                self.push(&format!(" {} ", operator.text));
                self.expr_above(right, level + 1);
            }
            ExprKind::And(operands) => self.connective(operands, " AND ", AND),
            ExprKind::Or(operands) => self.connective(operands, " OR ", OR),
            ExprKind::Not(operand) => {
                self.push("NOT ");
                self.expr_above(operand, NOT);
            }
            ExprKind::IsNull { operand, negated } => {
                self.expr_above(operand, IS + 1);
                self.push(&format!(" IS {}NULL", not(*negated)));
            }
            ExprKind::IsBool { operand, value, negated } => {
                let word = match value {
                    Some(true) => "TRUE",
                    Some(false) => "FALSE",
                    None => "UNKNOWN",
                };
                self.expr_above(operand, IS + 1);
                self.push(&format!(" IS {}{word}", not(*negated)));
            }
            ExprKind::IsDistinct { left, right, negated } => {
                self.expr_above(left, IS + 1);
                self.push(&format!(" IS {}DISTINCT FROM ", not(*negated)));
                self.expr_above(right, COMPARISON);
            }
            ExprKind::Between { operand, low, high, symmetric, negated } => {
                self.expr_above(operand, LIKE + 1);
                let symmetric = if *symmetric { "SYMMETRIC " } else { "" };
                self.push(&format!(" {}BETWEEN {symmetric}", not(*negated)));
                self.expr_above(low, OTHER);
                self.push(" AND ");
                self.expr_above(high, OTHER);
            }
            ExprKind::InList { operand, list, negated } => {
                self.expr_above(operand, LIKE + 1);
                self.push(&format!(" {}IN (", not(*negated)));
                self.list(list, Self::expr);
                self.push(")");
            }
            ExprKind::InQuery { operand, query, negated } => {
                self.expr_above(operand, LIKE + 1);
                self.push(&format!(" {}IN (", not(*negated)));
                self.query(query);
                self.push(")");
            }
            ExprKind::Like { operand, pattern, escape, case_insensitive, negated } => {
                self.expr_above(operand, LIKE + 1);
                self.push(&format!(
                    " {}{} ",
                    not(*negated),
                    if *case_insensitive { "ILIKE" } else { "LIKE" }
                ));
                self.expr_above(pattern, OTHER);
                if let Some(escape) = escape {
                    self.push(" ESCAPE ");
                    self.expr_above(escape, OTHER);
                }
            }
            _ => self.primary(expr),
        }
    }

    /// The forms that bind tightest, or enclose themselves.
    fn primary(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Quantified { left, operator, quantifier, right } => {
                let level = strength(expr);
                self.expr_above(left, level + 1);
                let quantifier = if *quantifier == Quantifier::Any { "ANY" } else { "ALL" };
                self.push(&format!(
                    " {} {quantifier} (",
                    like_word(&operator.text).unwrap_or(&operator.text)
                ));
                match right {
                    QuantifiedSet::Array(array) => self.expr(array),
                    QuantifiedSet::Query(query) => self.query(query),
                }
                self.push(")");
            }
            ExprKind::Case { operand, branches, otherwise } => {
                self.push("CASE");
                if let Some(operand) = operand {
                    self.push(" ");
                    self.expr(operand);
                }
                for branch in branches {
                    self.push(" WHEN ");
                    self.expr(&branch.when);
                    self.push(" THEN ");
                    self.expr(&branch.then);
                }
                if let Some(otherwise) = otherwise {
                    self.push(" ELSE ");
                    self.expr(otherwise);
                }
                self.push(" END");
            }
            ExprKind::Cast { operand, type_name } => {
                self.expr_above(operand, binding::CAST);
                self.push("::");
                self.type_name(type_name);
            }
            ExprKind::Call(call) => self.call(call),
            ExprKind::Exists(query) => self.enclosed_query("EXISTS ", query),
            ExprKind::Subquery(query) => self.enclosed_query("", query),
            ExprKind::ArrayQuery(query) => self.enclosed_query("ARRAY", query),
            ExprKind::Array(values) => {
                self.push("ARRAY[");
                self.list(values, Self::expr);
                self.push("]");
            }
            ExprKind::Row(values) => {
                self.push("ROW(");
                self.list(values, Self::expr);
                self.push(")");
            }
            ExprKind::Subscript { operand, index } => self.subscript(operand, index),
            ExprKind::Collate { operand, collation } => {
                self.expr_above(operand, binding::COLLATE);
                self.push(" COLLATE ");
                self.qualified(collation);
            }
            ExprKind::Default => self.push("DEFAULT"),
            _ => {}
        }
    }

    fn enclosed_query(&mut self, before: &str, query: &crate::tree::Query) {
        self.push(before);
        self.push("(");
        self.query(query);
        self.push(")");
    }

    fn connective(&mut self, operands: &[Expr], word: &str, level: u8) {
        for (at, operand) in operands.iter().enumerate() {
            if at > 0 {
                self.push(word);
            }
            self.expr_above(operand, level + 1);
        }
    }

    /// A prefix operator; a blank keeps two of them apart, which might otherwise be one, or a comment.
    fn unary(&mut self, operator: &str, operand: &Expr) {
        let sign = operator == "-" || operator == "+";
        self.push(operator);
        if !sign || matches!(operand.kind, ExprKind::Unary { .. }) {
            self.push(" ");
        }
        self.expr_above(operand, if sign { binding::SIGN } else { binding::OTHER + 1 });
    }

    /// PostgreSQL takes a subscript without parentheses only behind a column, a parameter or another subscript.
    fn subscript(&mut self, operand: &Expr, index: &Expr) {
        let bare =
            matches!(operand.kind, ExprKind::Column(_) | ExprKind::Parameter(_) | ExprKind::Subscript { .. });
        self.expr_above(operand, if bare { 0 } else { binding::PRIMARY + 1 });
        self.push("[");
        self.expr(index);
        self.push("]");
    }

    fn literal(&mut self, literal: &Literal) {
        match literal {
            Literal::Null => self.push("NULL"),
            Literal::Bool(true) => self.push("TRUE"),
            Literal::Bool(false) => self.push("FALSE"),
            Literal::Number(digits) => self.push(digits),
            Literal::String(text) => self.push(&quote_literal(text)),
            Literal::Bits(digits) => self.push(&format!("B'{digits}'")),
            Literal::HexBits(digits) => self.push(&format!("X'{digits}'")),
        }
    }

    fn column(&mut self, column: &ColumnRef) {
        if let Some(table) = &column.table {
            self.qualified(table);
            self.push(".");
        }
        self.name(&column.column);
    }

    fn sql_value(&mut self, value: SqlValue, precision: Option<u32>) {
        self.push(match value {
            SqlValue::CurrentDate => "CURRENT_DATE",
            SqlValue::CurrentTime => "CURRENT_TIME",
            SqlValue::CurrentTimestamp => "CURRENT_TIMESTAMP",
            SqlValue::LocalTime => "LOCALTIME",
            SqlValue::LocalTimestamp => "LOCALTIMESTAMP",
            SqlValue::CurrentUser => "CURRENT_USER",
            SqlValue::SessionUser => "SESSION_USER",
            SqlValue::CurrentSchema => "CURRENT_SCHEMA",
            SqlValue::CurrentCatalog => "CURRENT_CATALOG",
        });
        if let Some(digits) = precision {
            self.push(&format!("({digits})"));
        }
    }

    pub fn call(&mut self, call: &FunctionCall) {
        self.qualified_function(&call.name);
        self.push("(");
        match &call.arguments {
            CallArguments::Star => self.push("*"),
            CallArguments::List { arguments, distinct } => {
                if *distinct {
                    self.push("DISTINCT ");
                }
                // The one function that PostgreSQL does not take with commas.
                let extract =
                    call.name.schema.is_none() && call.name.name.is_word("extract") && arguments.len() == 2;
                for (at, argument) in arguments.iter().enumerate() {
                    if at > 0 {
                        self.push(if extract { " FROM " } else { ", " });
                    }
                    if let Some(name) = &argument.name {
                        self.name(name);
                        self.push(" => ");
                    }
                    self.expr(&argument.value);
                }
            }
        }
        if !call.order_by.is_empty() {
            self.push(" ");
            self.order_by(&call.order_by);
        }
        self.push(")");
        if let Some(filter) = &call.filter {
            self.push(" FILTER (WHERE ");
            self.expr(filter);
            self.push(")");
        }
    }

    pub fn order_by(&mut self, items: &[OrderItem]) {
        self.push("ORDER BY ");
        self.list(items, |printer, item| {
            printer.expr(&item.value);
            printer.sort_order(item.descending, item.nulls);
        });
    }

    pub fn sort_order(&mut self, descending: bool, nulls: Option<Nulls>) {
        if descending {
            self.push(" DESC");
        }
        match nulls {
            Some(Nulls::First) => self.push(" NULLS FIRST"),
            Some(Nulls::Last) => self.push(" NULLS LAST"),
            None => {}
        }
    }
}

/// How tightly the outermost operator binds.
pub(super) fn strength(expr: &Expr) -> u8 {
    match &expr.kind {
        ExprKind::Or(_) => binding::OR,
        ExprKind::And(_) => binding::AND,
        ExprKind::Not(_) => binding::NOT,
        ExprKind::IsNull { .. } | ExprKind::IsBool { .. } | ExprKind::IsDistinct { .. } => binding::IS,
        ExprKind::Between { .. }
        | ExprKind::InList { .. }
        | ExprKind::InQuery { .. }
        | ExprKind::Like { .. } => binding::LIKE,
        ExprKind::Binary { operator, .. } => binding::of_operator(&operator.text),
        ExprKind::Quantified { operator, .. } => match like_word(&operator.text) {
            Some(_) => binding::LIKE,
            None => binding::of_operator(&operator.text),
        },
        ExprKind::Unary { operator, .. } if operator.text == "-" || operator.text == "+" => binding::SIGN,
        ExprKind::Unary { .. } => binding::OTHER,
        ExprKind::Collate { .. } => binding::COLLATE,
        ExprKind::Subscript { .. } => binding::SUBSCRIPT,
        ExprKind::Cast { .. } => binding::CAST,
        _ => binding::PRIMARY,
    }
}

/// The words for the operators behind LIKE, which is how they are written before ANY and ALL.
fn like_word(operator: &str) -> Option<&'static str> {
    match operator {
        "~~" => Some("LIKE"),
        "!~~" => Some("NOT LIKE"),
        "~~*" => Some("ILIKE"),
        "!~~*" => Some("NOT ILIKE"),
        _ => None,
    }
}
