//! The aggregates of select lists.

use mainstay_base::Result;
use mainstay_expr::input::TimeContext;
use mainstay_expr::{AggregateFunc, Expr, ExprKind, Select, Value, Zone, cast, output, resolve};
use mainstay_plan::Field;
use mainstay_query::AggregateName;

use crate::level::aggregate_expr;
use crate::native::is_native;

/// PostgreSQL's name of an aggregate, which is also its key in the answer when none is given.
pub(crate) fn name(aggregate: AggregateName) -> &'static str {
    match aggregate {
        AggregateName::Sum => "sum",
        AggregateName::Avg => "avg",
        AggregateName::Count => "count",
        AggregateName::Max => "max",
        AggregateName::Min => "min",
    }
}

/// An aggregate of an expression, typed as PostgreSQL types it.
///
/// # Errors
/// `42883` for a type that the aggregate does not take.
pub(crate) fn aggregate(aggregate: AggregateName, of: Expr) -> Result<Expr> {
    if is_native(&of.ty) && aggregate != AggregateName::Count {
        let func = match aggregate {
            AggregateName::Sum => AggregateFunc::Sum,
            AggregateName::Avg => AggregateFunc::Avg,
            AggregateName::Max => AggregateFunc::Max,
            AggregateName::Min | AggregateName::Count => AggregateFunc::Min,
        };
        // Of most types these are of the same type; where there is none the database says so.
        let ty = of.ty.clone();
        return Ok(aggregate_expr(func, vec![of], ty));
    }
    let resolved = resolve::aggregate(name(aggregate), &[Some(of.ty.clone())])?;
    let args = resolved
        .args
        .into_iter()
        .zip([of])
        .map(|(ty, arg)| match arg.ty == ty {
            true => arg,
            false => Expr::new(ExprKind::Cast(Box::new(arg), ty.clone().into()), ty),
        })
        .collect();
    Ok(aggregate_expr(resolved.func, args, resolved.result))
}

/// The object that aggregates over no rows make, when the select is grouped by nothing but the `keys` that tie it to its parent.
pub(crate) fn over_no_rows(select: &Select, fields: &[Field], keys: usize) -> Option<String> {
    if !select.grouped || select.group_by.len() != keys {
        return None;
    }
    let mut object = b"{".to_vec();
    for (position, field) in fields.iter().enumerate() {
        let Field::Item { key, item } = field else { return None };
        let expr = &select.items[*item as usize].expr;
        if position > 0 {
            object.push(b',');
        }
        output::json_str(key, &mut object);
        object.push(b':');
        output::json(&expr.ty, &of_nothing(expr)?, &Zone::Utc, &mut object);
    }
    object.push(b'}');
    String::from_utf8(object).ok()
}

/// The value of an aggregate over no rows, possibly cast.
fn of_nothing(expr: &Expr) -> Option<Value> {
    match &expr.kind {
        ExprKind::Aggregate(call) if call.func == AggregateFunc::Count => Some(Value::Int(0)),
        ExprKind::Aggregate(_) => Some(Value::Null),
        ExprKind::Cast(inner, to) => match of_nothing(inner)? {
            Value::Null => Some(Value::Null),
            value => cast::cast(&inner.ty, &value, to, &TimeContext::default()).ok(),
        },
        _ => None,
    }
}
