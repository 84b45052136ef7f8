//! Folding what is known ahead: constants, and what makes a term superfluous. Nothing is folded that could raise an error.

use crate::rewrite::Tree;
use crate::{Expr, ExprKind, Modifier, Quantifier, Truth, Type, Value, When, compare};

impl Expr {
    /// The expression with everything folded that its constants decide: `TRUE AND x` is `x`, `1 = 2` is FALSE.
    #[must_use]
    pub fn simplified(mut self) -> Self {
        self.simplify();
        self
    }
}

/// [`Expr::simplified`] for any tree.
pub(crate) fn simplify(tree: &mut impl Tree) {
    tree.map(fold);
}

/// Folds one node whose parts are folded already.
fn fold(expr: Expr) -> Expr {
    let Expr { kind, ty } = expr;
    match kind {
        ExprKind::And(terms) => connective(terms, false),
        ExprKind::Or(terms) => connective(terms, true),
        ExprKind::Not(inner) => match inner.kind {
            ExprKind::Not(inner) => *inner,
            ExprKind::Literal(Value::Bool(truth)) => Expr::truth(!truth),
            ExprKind::Literal(_) => null(Type::Bool),
            _ => Expr::bool(ExprKind::Not(inner)),
        },
        ExprKind::IsNull(inner) => match known(&inner) {
            Some(value) => Expr::truth(value.is_null()),
            None => Expr::bool(ExprKind::IsNull(inner)),
        },
        ExprKind::IsTruth(inner, wanted) => match known(&inner) {
            Some(value) => Expr::truth(match wanted {
                Truth::True => *value == Value::Bool(true),
                Truth::False => *value == Value::Bool(false),
                Truth::Unknown => value.is_null(),
            }),
            None => Expr::bool(ExprKind::IsTruth(inner, wanted)),
        },
        ExprKind::Compare(op, left, right) => match (known(&left), known(&right)) {
            (Some(Value::Null), _) | (_, Some(Value::Null)) => null(Type::Bool),
            (Some(one), Some(other)) => verdict(compare::compare(op, &left.ty, one, other)),
            _ => Expr::bool(ExprKind::Compare(op, left, right)),
        },
        ExprKind::IsDistinct(left, right) => match (known(&left), known(&right)) {
            (Some(one), Some(other)) => Expr::truth(!compare::equal(&left.ty, one, other)),
            (Some(Value::Null), None) => Expr::bool(ExprKind::IsNull(right)).negate(),
            (None, Some(Value::Null)) => Expr::bool(ExprKind::IsNull(left)).negate(),
            _ => Expr::bool(ExprKind::IsDistinct(left, right)),
        },
        ExprKind::Match { op, value, pattern, escape } => {
            if is_null(&value) || is_null(&pattern) {
                null(Type::Bool)
            } else {
                Expr::bool(ExprKind::Match { op, value, pattern, escape })
            }
        }
        ExprKind::CompareArray { op, quantifier, value, array } => match known(&array) {
            Some(Value::Null) => null(Type::Bool),
            Some(Value::Array(elements)) if elements.is_empty() => Expr::truth(quantifier == Quantifier::All),
            _ => Expr::bool(ExprKind::CompareArray { op, quantifier, value, array }),
        },
        ExprKind::InList(value, list) => in_list(*value, list),
        ExprKind::Call(func, args) if func.is_strict() && args.iter().any(is_null) => null(ty),
        ExprKind::Cast(inner, _) if is_null(&inner) => null(ty),
        ExprKind::Cast(inner, to) if inner.ty == to.ty && to.modifier == Modifier::None => *inner,
        ExprKind::Case(arms, otherwise) => case(arms, otherwise, ty),
        ExprKind::Coalesce(terms) => coalesce(terms, ty),
        ExprKind::Exists(select) if select.is_never() => Expr::truth(false),
        kind => Expr { kind, ty },
    }
}

fn known(expr: &Expr) -> Option<&Value> {
    match &expr.kind {
        ExprKind::Literal(value) => Some(value),
        _ => None,
    }
}

fn is_null(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Literal(Value::Null))
}

fn null(ty: Type) -> Expr {
    Expr::literal(Value::Null, ty)
}

fn verdict(truth: Option<bool>) -> Expr {
    truth.map_or_else(|| null(Type::Bool), Expr::truth)
}

/// AND, or with `decisive` OR: one decisive term decides, the opposite can be left out, and so can repetitions.
fn connective(terms: Vec<Expr>, decisive: bool) -> Expr {
    let joined = if decisive { Expr::any(terms) } else { Expr::all(terms) };
    let terms = match joined.kind {
        ExprKind::And(terms) if !decisive => terms,
        ExprKind::Or(terms) if decisive => terms,
        kind => return Expr { kind, ty: joined.ty },
    };
    if terms.iter().any(|term| known(term) == Some(&Value::Bool(decisive))) {
        return Expr::truth(decisive);
    }
    let mut kept: Vec<Expr> = Vec::with_capacity(terms.len());
    for term in terms {
        if !kept.contains(&term) || term.is_volatile() {
            kept.push(term);
        }
    }
    if decisive { Expr::any(kept) } else { Expr::all(kept) }
}

fn in_list(value: Expr, list: Vec<Expr>) -> Expr {
    if list.is_empty() {
        return Expr::truth(false);
    }
    if is_null(&value) {
        return null(Type::Bool);
    }
    let elements: Option<Vec<&Value>> = list.iter().map(known).collect();
    if let (Some(wanted), Some(elements)) = (known(&value), elements) {
        let same = |element: &&Value| !element.is_null() && compare::equal(&value.ty, wanted, element);
        return if elements.iter().any(same) {
            Expr::truth(true)
        } else if elements.iter().any(|element| element.is_null()) {
            null(Type::Bool)
        } else {
            Expr::truth(false)
        };
    }
    Expr::bool(ExprKind::InList(Box::new(value), list))
}

fn case(arms: Vec<When>, otherwise: Option<Box<Expr>>, ty: Type) -> Expr {
    let mut kept = Vec::with_capacity(arms.len());
    let mut otherwise = otherwise;
    for arm in arms {
        if arm.condition.is_never() {
            continue;
        }
        if arm.condition.is_true() {
            otherwise = Some(Box::new(arm.result));
            break;
        }
        kept.push(arm);
    }
    if kept.is_empty() {
        return otherwise.map_or_else(|| null(ty), |otherwise| *otherwise);
    }
    Expr { kind: ExprKind::Case(kept, otherwise), ty }
}

fn coalesce(terms: Vec<Expr>, ty: Type) -> Expr {
    let mut kept = Vec::with_capacity(terms.len());
    for term in terms {
        if is_null(&term) {
            continue;
        }
        let decided = known(&term).is_some();
        kept.push(term);
        if decided {
            break;
        }
    }
    match kept.len() {
        0 => null(ty),
        1 => kept.remove(0),
        _ => Expr { kind: ExprKind::Coalesce(kept), ty },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CompareOp, Func, SourceId};

    fn int(value: i64) -> Expr {
        Expr::literal(Value::Int(value), Type::Int4)
    }

    fn flag(column: u32) -> Expr {
        Expr::column(SourceId::ROW, column, Type::Bool)
    }

    #[test]
    fn constants_decide() {
        let x = flag(0);
        let and = |terms| Expr::bool(ExprKind::And(terms)).simplified();
        let or = |terms| Expr::bool(ExprKind::Or(terms)).simplified();
        assert_eq!(and(vec![Expr::truth(true), x.clone()]), x);
        assert_eq!(and(vec![x.clone(), Expr::truth(false)]), Expr::truth(false));
        assert_eq!(or(vec![Expr::truth(false), x.clone(), x.clone()]), x);
        assert_eq!(or(vec![x.clone(), Expr::truth(true)]), Expr::truth(true));
        assert_eq!(and(vec![]), Expr::truth(true));
        assert_eq!(x.clone().negate().negate().simplified(), x);
        assert!(Expr::compare(CompareOp::Lt, int(1), int(2)).simplified().is_true());
        assert!(Expr::compare(CompareOp::Lt, int(1), null(Type::Int4)).simplified().is_never());
    }

    #[test]
    fn errors_and_chance_stay() {
        let division = Expr::new(ExprKind::Call(Func::Divide, vec![int(1), int(0)]), Type::Int4);
        assert_eq!(division.clone().simplified(), division);
        let random = Expr::new(ExprKind::Call(Func::Random, vec![]), Type::Float8);
        let half = Expr::literal(Value::Float(0.5), Type::Float8);
        let chance = Expr::compare(CompareOp::Lt, random, half);
        let both = Expr::bool(ExprKind::And(vec![chance.clone(), chance]));
        assert_eq!(both.clone().simplified(), both);
    }

    #[test]
    fn forms_with_known_parts_are_folded() {
        let coalesce = ExprKind::Coalesce(vec![null(Type::Int4), int(1), int(2)]);
        assert_eq!(Expr::new(coalesce, Type::Int4).simplified(), int(1));
        let arms = vec![
            When { condition: Expr::truth(false), result: int(1) },
            When { condition: Expr::truth(true), result: int(2) },
        ];
        assert_eq!(Expr::new(ExprKind::Case(arms, Some(Box::new(int(3)))), Type::Int4).simplified(), int(2));
        let list = ExprKind::InList(Box::new(int(3)), vec![int(1), null(Type::Int4)]);
        assert!(Expr::bool(list).simplified().is_never());
        let strict = ExprKind::Call(Func::Lower, vec![null(Type::Text)]);
        assert_eq!(Expr::new(strict, Type::Text).simplified(), null(Type::Text));
    }
}
