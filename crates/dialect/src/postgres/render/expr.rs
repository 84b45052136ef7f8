//! Expressions: which form is said how. Everything that is not a single word has parentheses.

use mainstay_base::{Problem, Result};
use mainstay_expr::{
    CompareOp, Expr, ExprKind, Input as Supplied, MatchOp, Quantifier, SessionValue, Truth, Type, Value,
    When, Zone, output,
};

use super::native::qualified;
use super::types::{column_type, sent_as, type_name};
use super::{Asking, Renderer, Sql, is_collated};
use crate::postgres::{Bound, Input};
use crate::sql::sql;

impl Renderer<'_> {
    pub(in crate::postgres) fn expr(&mut self, expr: &Expr) -> Result<Sql> {
        if let Some(call) = self.definer_call(expr)? {
            return Ok(call);
        }
        Ok(match &expr.kind {
            ExprKind::Literal(value) => literal(value, &expr.ty),
            ExprKind::Input(input) => self.input(input, &expr.ty)?,
            ExprKind::Column(column) => self.column(*column)?,
            ExprKind::Compare(op, left, right) => {
                let left = self.comparand(*op, left)?;
                sql!["(", left, " ", op.symbol(), " ", self.expr(right)?, ")"]
            }
            ExprKind::And(terms) => self.connective(terms, " AND ", "TRUE")?,
            ExprKind::Or(terms) => self.connective(terms, " OR ", "FALSE")?,
            ExprKind::Not(inner) => sql!["(NOT ", self.expr(inner)?, ")"],
            ExprKind::IsNull(inner) => sql!["(", self.expr(inner)?, " IS NULL)"],
            ExprKind::IsTruth(inner, truth) => {
                let test = match truth {
                    Truth::True => " IS TRUE)",
                    Truth::False => " IS FALSE)",
                    Truth::Unknown => " IS UNKNOWN)",
                };
                sql!["(", self.expr(inner)?, test]
            }
            ExprKind::IsDistinct(left, right) => {
                sql!["(", self.expr(left)?, " IS DISTINCT FROM ", self.expr(right)?, ")"]
            }
            ExprKind::Match { op, value, pattern, escape } => self.matches(*op, value, pattern, *escape)?,
            ExprKind::CompareArray { op, quantifier, value, array } => {
                let value = self.comparand(*op, value)?;
                let array = self.expr(array)?;
                sql!["(", value, " ", op.symbol(), quantified(*quantifier), array, "))"]
            }
            ExprKind::MatchArray { op, quantifier, value, array } => {
                let value = self.matched(*op, value)?;
                sql!["(", value, " ", match_word(*op), quantified(*quantifier), self.expr(array)?, "))"]
            }
            ExprKind::InList(value, list) => {
                let value = self.expr(value)?;
                sql!["(", value, " IN (", self.list(list)?, "))"]
            }
            ExprKind::Call(func, args) => self.call(*func, args)?,
            ExprKind::Cast(inner, target) => sql!["(", self.expr(inner)?, ")::", column_type(target)],
            ExprKind::Case(arms, otherwise) => self.case(arms, otherwise.as_deref())?,
            ExprKind::Coalesce(terms) => sql!["COALESCE(", self.list(terms)?, ")"],
            ExprKind::Extreme(greatest, terms) => {
                let word = if *greatest { "GREATEST(" } else { "LEAST(" };
                let terms = terms.iter().map(|term| self.ordered(term)).collect::<Result<Vec<_>>>()?;
                sql![word, Sql::join(terms, ", "), ")"]
            }
            ExprKind::Array(elements) => {
                sql!["(ARRAY[", self.list(elements)?, "]::", type_name(&expr.ty), ")"]
            }
            ExprKind::Exists(select) => sql!["EXISTS (", self.nested(select)?, ")"],
            ExprKind::Scalar(select) => self.nested(select)?.parenthesized(),
            ExprKind::ArrayOf(select) => sql!["ARRAY(", self.nested(select)?, ")"],
            ExprKind::InSelect(values, select) => {
                let values = self.list(values)?;
                sql!["((", values, ") IN (", self.nested(select)?, "))"]
            }
            ExprKind::Native(native) => self.native(native)?,
            ExprKind::Aggregate(aggregate) => self.aggregate(aggregate)?,
        })
    }

    pub(super) fn list(&mut self, terms: &[Expr]) -> Result<Sql> {
        let terms = terms.iter().map(|term| self.expr(term)).collect::<Result<Vec<_>>>()?;
        Ok(Sql::join(terms, ", "))
    }

    /// The left side of a comparison; its collation is that of the comparison.
    fn comparand(&mut self, op: CompareOp, expr: &Expr) -> Result<Sql> {
        match op {
            CompareOp::Eq | CompareOp::Ne => self.expr(expr),
            _ => self.ordered(expr),
        }
    }

    fn connective(&mut self, terms: &[Expr], word: &'static str, empty: &'static str) -> Result<Sql> {
        let terms = terms.iter().map(|term| self.expr(term)).collect::<Result<Vec<_>>>()?;
        Ok(match terms.is_empty() {
            true => Sql::from(empty),
            false => Sql::join(terms, word).parenthesized(),
        })
    }

    fn case(&mut self, arms: &[When], otherwise: Option<&Expr>) -> Result<Sql> {
        let mut sql = Sql::from("(CASE");
        for arm in arms {
            sql = sql.then(" WHEN ").then(self.expr(&arm.condition)?);
            sql = sql.then(" THEN ").then(self.expr(&arm.result)?);
        }
        if let Some(otherwise) = otherwise {
            sql = sql.then(" ELSE ").then(self.expr(otherwise)?);
        }
        Ok(sql.then(" END)"))
    }

    fn matches(&mut self, op: MatchOp, value: &Expr, pattern: &Expr, escape: Option<char>) -> Result<Sql> {
        let value = self.matched(op, value)?;
        let escape = match (op, escape) {
            (MatchOp::Regex | MatchOp::IRegex, _) | (_, None | Some('\\')) => Sql::default(),
            (_, Some('\0')) => Sql::from(" ESCAPE ''"),
            (_, Some(escape)) => sql![" ESCAPE ", Sql::text(escape)],
        };
        Ok(sql!["(", value, " ", match_word(op), " ", self.expr(pattern)?, escape, ")"])
    }

    /// What is matched with a pattern; all but LIKE ask what the letters are.
    fn matched(&mut self, op: MatchOp, value: &Expr) -> Result<Sql> {
        match op {
            MatchOp::Like => self.expr(value),
            MatchOp::ILike | MatchOp::Regex | MatchOp::IRegex => self.lettered(value),
        }
    }

    /// A text whose letters count, under the database's own collation.
    pub(super) fn lettered(&mut self, value: &Expr) -> Result<Sql> {
        let sql = self.expr(value)?;
        Ok(if is_collated(&value.ty) && !self.is_existing() {
            sql!["(", sql, " COLLATE \"default\")"]
        } else {
            sql
        })
    }

    fn input(&self, input: &Supplied, ty: &Type) -> Result<Sql> {
        let bound = match (input, self.asking) {
            (Supplied::Slot(slot), Asking::Parameters | Asking::Definer) => Bound::Slot(*slot),
            (Supplied::New(column), Asking::Parameters) => Bound::New(*column),
            (Supplied::Session(value), Asking::Parameters) => Bound::Session(value.clone()),
            (Supplied::Session(value), Asking::Database | Asking::Definer) => return Ok(session(value)),
            _ => return Err(Problem::internal("a value of a request stands where none can be")),
        };
        Ok(parameter(bound, ty))
    }
}

/// A parameter of a type.
pub(super) fn parameter(value: Bound, ty: &Type) -> Sql {
    let is_new = matches!(value, Bound::New(_));
    let sql = Sql::input(Input { value, ty: ty.clone() });
    match (sent_as(ty), ty.element()) {
        (Some(text), None) if ty.representation().is_some() => given(sql.then(text), ty, is_new),
        (Some(text), Some(element)) if element.representation().is_some() => {
            sql![
                "ARRAY(SELECT ",
                given(Sql::from("v"), element, is_new),
                " FROM unnest(",
                sql,
                text,
                "::text[]) AS v)"
            ]
        }
        (Some(text), _) => sql![sql, text, "::", type_name(ty)],
        (None, _) => sql![sql, "::", type_name(ty)],
    }
}

/// A value that a request gives as text, or in a new row as JSON.
pub(super) fn given(text: Sql, ty: &Type, is_new: bool) -> Sql {
    let representation = ty.representation();
    let (reader, form) = match is_new {
        true => (representation.and_then(|it| it.from_json.as_ref()), "::json)"),
        false => (representation.and_then(|it| it.from_text.as_ref()), ")"),
    };
    match reader {
        Some((schema, name)) => sql![qualified(schema, name), "(", text, form],
        None => sql![text, "::", type_name(ty)],
    }
}

/// A constant of the schema.
pub(super) fn literal(value: &Value, ty: &Type) -> Sql {
    match value {
        Value::Null => sql!["NULL::", type_name(ty)],
        Value::Bool(true) => Sql::from("TRUE"),
        Value::Bool(false) => Sql::from("FALSE"),
        value => sql![Sql::text(output::to_field(ty, value, &Zone::Utc)), "::", type_name(ty)],
    }
}

/// What the database itself knows of the session, as Supabase and PostgREST set it.
fn session(value: &SessionValue) -> Sql {
    Sql::from(match value {
        SessionValue::Now => "now()",
        SessionValue::Uid => "auth.uid()",
        SessionValue::Role => "auth.role()",
        SessionValue::Email => "auth.email()",
        SessionValue::Jwt => "auth.jwt()",
        SessionValue::CurrentUser => "(CURRENT_USER)::text",
        SessionValue::Setting(name) => {
            return sql!["current_setting(", Sql::text(name.clone()), "::text, TRUE)"];
        }
    })
}

fn match_word(op: MatchOp) -> &'static str {
    match op {
        MatchOp::Like => "LIKE",
        MatchOp::ILike => "ILIKE",
        MatchOp::Regex => "~",
        MatchOp::IRegex => "~*",
    }
}

fn quantified(quantifier: Quantifier) -> &'static str {
    match quantifier {
        Quantifier::Any => " ANY (",
        Quantifier::All => " ALL (",
    }
}
