//! Conditions of a level as boolean expressions over its relation.

use mainstay_base::{Problem, Result};
use mainstay_expr::{CompareOp, Expr, ExprKind, Func, MatchOp, Quantifier, Truth, Type};
use mainstay_plan::SlotType;
use mainstay_query::{Condition, Field, IsValue, Operator, SlotId};

use crate::Planner;
use crate::embed::Scope;
use crate::error;
use crate::native::is_native;

impl<'a> Planner<'a> {
    /// All of the conditions.
    pub(crate) fn conditions(&mut self, scope: &Scope<'a, '_>, conditions: &[Condition]) -> Result<Expr> {
        let terms = conditions
            .iter()
            .map(|condition| self.condition(scope, condition))
            .collect::<Result<Vec<_>>>()?;
        Ok(Expr::all(terms))
    }

    fn condition(&mut self, scope: &Scope<'a, '_>, condition: &Condition) -> Result<Expr> {
        match condition {
            Condition::And(inner) => self.conditions(scope, inner),
            Condition::Or(inner) => {
                let terms =
                    inner.iter().map(|term| self.condition(scope, term)).collect::<Result<Vec<_>>>()?;
                Ok(Expr::any(terms))
            }
            Condition::Not(inner) => Ok(self.condition(scope, inner)?.negate()),
            Condition::Compare { field, operator, value } => self.comparison(scope, field, operator, *value),
        }
    }

    fn comparison(
        &mut self,
        scope: &Scope<'a, '_>,
        field: &Field,
        operator: &Operator,
        value: Option<SlotId>,
    ) -> Result<Expr> {
        if let (Operator::Is(is), true) = (operator, field.path.is_empty())
            && let Some(joined) = scope.embed_or_column(&field.column)
            && matches!(is, IsValue::Null | IsValue::NotNull)
        {
            let related = self.related_row_exists(&scope.relation, joined)?;
            return Ok(if *is == IsValue::Null { related.negate() } else { related });
        }
        let left = self.field(&scope.relation, field)?;
        match (operator, value) {
            (Operator::Is(is), _) => is_value(left, *is),
            (_, None) => Err(Problem::internal("a filter operator without a value")),
            (Operator::Compare(op, quantifier), Some(slot)) => self.compare(left, *op, *quantifier, slot),
            (Operator::Match(op, quantifier), Some(slot)) => self.matches(left, *op, *quantifier, slot),
            (Operator::In, Some(slot)) => {
                require_comparable(&left.ty, "=")?;
                let slot = self.type_slot(slot, SlotType::List(left.ty.clone().into()));
                Ok(any_of(CompareOp::Eq, Quantifier::Any, left, slot))
            }
            (Operator::IsDistinct, Some(slot)) => {
                require_comparable(&left.ty, "IS DISTINCT FROM")?;
                let right = self.value_like(&left, slot);
                Ok(Expr::bool(ExprKind::IsDistinct(Box::new(left), Box::new(right))))
            }
            (Operator::Contains, Some(slot)) => self.containment(left, Func::Contains, "@>", slot),
            (Operator::ContainedBy, Some(slot)) => self.containment(left, Func::ContainedBy, "<@", slot),
            (Operator::Overlaps, Some(slot)) => self.containment(left, Func::Overlaps, "&&", slot),
            (Operator::Other { name, modifier }, Some(slot)) => {
                self.native_operator(left, name, modifier.as_deref(), slot)
            }
        }
    }

    /// A value of the request of the same type as `left`.
    fn value_like(&mut self, left: &Expr, slot: SlotId) -> Expr {
        let slot = self.type_slot(slot, SlotType::Value(left.ty.clone().into()));
        Expr::slot(slot, left.ty.clone())
    }

    fn compare(
        &mut self,
        left: Expr,
        op: CompareOp,
        quantifier: Option<Quantifier>,
        slot: SlotId,
    ) -> Result<Expr> {
        require_comparable(&left.ty, op.symbol())?;
        match quantifier {
            None => {
                let right = self.value_like(&left, slot);
                Ok(Expr::compare(op, left, right))
            }
            Some(quantifier) => {
                let slot = self.type_slot(slot, SlotType::Value(left.ty.clone().array().into()));
                Ok(any_of(op, quantifier, left, slot))
            }
        }
    }

    fn matches(
        &mut self,
        left: Expr,
        op: MatchOp,
        quantifier: Option<Quantifier>,
        slot: SlotId,
    ) -> Result<Expr> {
        if !left.ty.is_text() && !is_native(&left.ty) {
            return Err(error::operator_not_found(op.symbol(), &left.ty.to_string(), "unknown"));
        }
        let value = Box::new(if is_native(&left.ty) { left } else { as_text(left) });
        Ok(Expr::bool(match quantifier {
            None => {
                let slot = self.type_slot(slot, SlotType::Value(Type::Text.into()));
                ExprKind::Match {
                    op,
                    value,
                    pattern: Box::new(Expr::slot(slot, Type::Text)),
                    escape: Some('\\'),
                }
            }
            Some(quantifier) => {
                let array = Type::Text.array();
                let slot = self.type_slot(slot, SlotType::Value(array.clone().into()));
                ExprKind::MatchArray { op, quantifier, value, array: Box::new(Expr::slot(slot, array)) }
            }
        }))
    }

    fn containment(&mut self, left: Expr, func: Func, symbol: &'static str, slot: SlotId) -> Result<Expr> {
        let fits = match left.ty {
            Type::Native(_) => return Ok(self.same_typed(left, symbol, slot)),
            Type::Array(_) => true,
            Type::Jsonb => func != Func::Overlaps,
            _ => false,
        };
        if !fits {
            return Err(error::operator_not_found(symbol, &left.ty.to_string(), "unknown"));
        }
        let right = self.value_like(&left, slot);
        Ok(Expr::bool(ExprKind::Call(func, vec![left, right])))
    }
}

fn is_value(left: Expr, is: IsValue) -> Result<Expr> {
    let truth = match is {
        IsValue::Null => return Ok(Expr::bool(ExprKind::IsNull(Box::new(left)))),
        IsValue::NotNull => return Ok(Expr::bool(ExprKind::IsNull(Box::new(left))).negate()),
        IsValue::True => Truth::True,
        IsValue::False => Truth::False,
        IsValue::Unknown => Truth::Unknown,
    };
    if left.ty != Type::Bool && !is_native(&left.ty) {
        let word = match truth {
            Truth::True => "TRUE",
            Truth::False => "FALSE",
            Truth::Unknown => "UNKNOWN",
        };
        let message = format!("argument of IS {word} must be type boolean, not type {}", left.ty);
        return Err(Problem::new("42804", message));
    }
    Ok(Expr::bool(ExprKind::IsTruth(Box::new(left), truth)))
}

/// `left op ANY|ALL (array slot)`
fn any_of(op: CompareOp, quantifier: Quantifier, left: Expr, slot: u32) -> Expr {
    let array = Expr::slot(slot, left.ty.clone().array());
    Expr::bool(ExprKind::CompareArray { op, quantifier, value: Box::new(left), array: Box::new(array) })
}

fn as_text(expr: Expr) -> Expr {
    match expr.ty {
        Type::Text => expr,
        _ => Expr::new(ExprKind::Cast(Box::new(expr), Type::Text.into()), Type::Text),
    }
}

fn require_comparable(ty: &Type, symbol: &str) -> Result<()> {
    if ty.is_comparable() {
        Ok(())
    } else {
        Err(error::operator_not_found(symbol, &ty.to_string(), "unknown"))
    }
}
