//! The aggregates of select lists.

use mainstay_base::Result;
use mainstay_expr::{Expr, ExprKind, resolve};
use mainstay_query::AggregateName;

use crate::level::aggregate_expr;

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
