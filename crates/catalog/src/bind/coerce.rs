//! Casts: literals of open type take the type that is asked for, values become one another's type where PostgreSQL lets them.

use mainstay_expr::resolve::{CastContext, cast_allowed, common_type};
use mainstay_expr::{ColumnType, Expr, ExprKind, Modifier, TimeContext, Type, Value, cast, input};
use mainstay_sql as sql;
use sql::{Diagnostic, Span};

use super::{Bind, Binder, Bound, suggestion};

impl Binder<'_> {
    /// Binds an expression as a value; a literal of open type is text.
    pub fn value(&mut self, expr: &sql::Expr) -> Bind<Expr> {
        Ok(self.expr(expr)?.expr)
    }

    /// Binds a condition; `what` is what the message calls it: `WHERE`.
    pub fn condition(&mut self, expr: &sql::Expr, what: &str) -> Bind<Expr> {
        let bound = self.expr(expr)?;
        self.boolean(bound, what)
    }

    /// Requires a boolean.
    pub(super) fn boolean(&mut self, bound: Bound, what: &str) -> Bind<Expr> {
        if bound.unknown {
            return self.cast_to(bound, &Type::Bool);
        }
        if bound.expr.ty == Type::Bool {
            return Ok(bound.expr);
        }
        let message = format!("argument of {what} must be type boolean, not type {}", bound.expr.ty);
        Err(self.error("wrong-type", bound.span, message))
    }

    /// Casts to a type that resolution has found the value can take.
    pub(super) fn cast_to(&mut self, bound: Bound, to: &Type) -> Bind<Expr> {
        self.cast(bound, &ColumnType::from(to.clone()))
    }

    /// Casts as `CAST (… AS type)` does.
    pub(super) fn cast_explicit(&mut self, bound: Bound, to: &ColumnType) -> Bind<Expr> {
        let castable = bound.unknown || cast_allowed(&bound.expr.ty, &to.ty).is_some();
        if castable {
            return self.cast(bound, to);
        }
        let message = format!("cannot cast type {} to {}", bound.expr.ty, to.ty);
        Err(self.error("wrong-type", bound.span, message))
    }

    /// Casts as storing in a column does. `mismatch` says what is wrong with a value of the type it is given; the advice is
    /// PostgreSQL's.
    pub fn assign(
        &mut self,
        bound: Bound,
        to: &ColumnType,
        mismatch: impl FnOnce(&Type) -> String,
    ) -> Bind<Expr> {
        let context = cast_allowed(&bound.expr.ty, &to.ty);
        let fits = matches!(context, Some(CastContext::Implicit | CastContext::Assignment));
        if !bound.unknown && !fits {
            let message = mismatch(&bound.expr.ty);
            let help = context.map(|_| format!("cast it: (…)::{to}"));
            return Err(self.fail(Diagnostic::error("wrong-type", bound.span, message).with_help_if(help)));
        }
        let span = bound.span;
        let expr = if bound.unknown { self.literal_of(bound, &to.ty)? } else { bound.expr };
        if let ExprKind::Literal(value) = &expr.kind {
            // A constant is stored as it will be read: rounded, padded, or refused for its length.
            return match cast::assign(&expr.ty, value, to, &TimeContext::default()) {
                Ok(value) => Ok(Expr::literal(value, to.ty.clone())),
                Err(problem) => Err(self.error("invalid-literal", span, problem.message())),
            };
        }
        let bound = Bound::typed(expr, span);
        match to.modifier {
            // Storing does not cut a text short, as a written cast does: that is found out when it is stored.
            Modifier::Length(_) => self.cast(bound, &ColumnType::from(to.ty.clone())),
            _ => self.cast(bound, to),
        }
    }

    fn cast(&mut self, bound: Bound, to: &ColumnType) -> Bind<Expr> {
        let expr = if bound.unknown {
            self.literal_of(bound, &to.ty)?
        } else if bound.expr.ty == to.ty {
            bound.expr
        } else if let Some(folded) = fold(&bound.expr, &to.ty) {
            folded
        } else {
            Expr::new(ExprKind::Cast(Box::new(bound.expr), to.ty.clone().into()), to.ty.clone())
        };
        if to.modifier == Modifier::None || matches!(expr.kind, ExprKind::Literal(Value::Null)) {
            return Ok(expr);
        }
        Ok(match expr.kind {
            // One cast, to the type with its modifier.
            ExprKind::Cast(inner, plain) if plain.modifier == Modifier::None && plain.ty == to.ty => {
                Expr::new(ExprKind::Cast(inner, to.clone()), to.ty.clone())
            }
            kind => {
                let inner = Expr::new(kind, to.ty.clone());
                Expr::new(ExprKind::Cast(Box::new(inner), to.clone()), to.ty.clone())
            }
        })
    }

    /// A literal of open type, read as a value of `ty`.
    fn literal_of(&mut self, bound: Bound, ty: &Type) -> Bind<Expr> {
        let ExprKind::Literal(Value::Text(text)) = &bound.expr.kind else {
            return Ok(Expr::literal(Value::Null, ty.clone()));
        };
        if is_relative_time(ty, text) {
            let what = format!("the time '{text}' as a literal is");
            return Err(self.unsupported(bound.span, &what, "use now(), current_date or localtimestamp"));
        }
        match input::parse_plain(ty, text, &TimeContext::default()) {
            Ok(value) => Ok(Expr::literal(value, ty.clone())),
            Err(problem) => {
                let mut diagnostic = Diagnostic::error("invalid-literal", bound.span, problem.message());
                diagnostic = diagnostic.with_help_if(problem.hint());
                if let Type::Enum(declared) = ty {
                    let labels = declared.labels.iter().map(|label| &**label);
                    let known = format!("its labels are {}", quoted_list(&declared.labels));
                    diagnostic = diagnostic.with_help_if(suggestion(text, labels).or(Some(known)));
                }
                if let Some(details) = problem.details().and_then(|details| details.as_str()) {
                    diagnostic = diagnostic.with_note(details);
                }
                Err(self.fail(diagnostic))
            }
        }
    }

    /// Casts several values to the type they have in common; `what` is what the message calls them: `CASE`.
    pub(super) fn cast_common(&mut self, bounds: Vec<Bound>, what: &str) -> Bind<(Vec<Expr>, Type)> {
        let types: Vec<_> = bounds.iter().map(Bound::ty).collect();
        let common = match common_type(&types) {
            Ok(common) => common,
            Err((one, other)) => {
                let stranger = bounds.iter().find(|bound| bound.ty().as_ref() == Some(&other));
                let span = stranger.map_or(bounds[0].span, |bound| bound.span);
                let message = format!("{what} types {one} and {other} cannot be matched");
                return Err(self.error("wrong-type", span, message));
            }
        };
        let exprs = self.each(bounds, |binder, bound| binder.cast_to(bound, &common))?;
        Ok((exprs, common))
    }

    /// Does the same with each, and reports all that fail rather than the first.
    pub(super) fn each<T, R>(
        &mut self,
        list: impl IntoIterator<Item = T>,
        mut bind: impl FnMut(&mut Self, T) -> Bind<R>,
    ) -> Bind<Vec<R>> {
        let results: Vec<Bind<R>> = list.into_iter().map(|it| bind(self, it)).collect();
        results.into_iter().collect()
    }

    /// A number as written, without sign.
    pub(super) fn number(&mut self, text: &str, negative: bool, span: Span) -> Bind<Bound> {
        let sign = if negative { "-" } else { "" };
        let whole = text.bytes().all(|byte| byte.is_ascii_digit());
        // The type goes by the digits alone, as PostgreSQL negates afterwards.
        if whole && let Ok(value) = text.parse::<i64>() {
            let ty = if i32::try_from(value).is_ok() { Type::Int4 } else { Type::Int8 };
            let value = if negative { -value } else { value };
            return Ok(Bound::typed(Expr::literal(Value::Int(value), ty), span));
        }
        match input::parse_plain(&Type::Numeric, &format!("{sign}{text}"), &TimeContext::default()) {
            Ok(value) => Ok(Bound::typed(Expr::literal(value, Type::Numeric), span)),
            Err(problem) => Err(self.error("invalid-literal", span, problem.message())),
        }
    }
}

/// A constant number as the same number of another type, where nothing is lost.
fn fold(expr: &Expr, to: &Type) -> Option<Expr> {
    let value = match (&expr.kind, to) {
        (ExprKind::Literal(Value::Null), _) => Value::Null,
        (ExprKind::Literal(Value::Int(value)), Type::Int8) => Value::Int(*value),
        (ExprKind::Literal(Value::Int(value)), Type::Int4) if i32::try_from(*value).is_ok() => {
            Value::Int(*value)
        }
        (ExprKind::Literal(Value::Int(value)), Type::Int2) if i16::try_from(*value).is_ok() => {
            Value::Int(*value)
        }
        (ExprKind::Literal(Value::Int(value)), Type::Numeric) => {
            input::parse_plain(to, &value.to_string(), &TimeContext::default()).ok()?
        }
        (ExprKind::Literal(Value::Int(value)), Type::Float8) => Value::Float(*value as f64),
        (ExprKind::Literal(text @ Value::Text(_)), Type::Text | Type::Varchar) if expr.ty.is_text() => {
            text.clone()
        }
        _ => return None,
    };
    Some(Expr::literal(value, to.clone()))
}

/// Whether a literal means a time that goes with the clock: it would be read once, when the schema is.
fn is_relative_time(ty: &Type, text: &str) -> bool {
    let timed = matches!(ty, Type::Date | Type::Time | Type::Timestamp | Type::Timestamptz);
    timed && ["now", "today", "tomorrow", "yesterday"].contains(&text.trim().to_ascii_lowercase().as_str())
}

/// `'a', 'b', 'c'`
fn quoted_list(labels: &[String]) -> String {
    labels.iter().map(|label| format!("'{label}'")).collect::<Vec<_>>().join(", ")
}
