//! Keeps errors from telling about rows that are hidden.
//!
//! Databases evaluate the terms of WHERE in an order of their own. A term that can fail must not see a row before the policies
//! have let it through: who asks could learn from the error that the row is there.

use mainstay_expr::{Expr, ExprKind, Tree};

use super::{Renderer, Source, Sql};
use crate::fallible::{cast_never_fails, never_fails};
use crate::sql::sql;

/// A term that is evaluated for rows only that the conditions let through.
pub(crate) fn behind(conditions: &[Sql], term: Sql) -> Sql {
    if conditions.is_empty() {
        return term;
    }
    let conditions = Sql::join(conditions.iter().cloned(), " AND ");
    sql!["CASE WHEN ", conditions, " THEN ", term, " END"]
}

impl Renderer<'_> {
    /// Whether an expression can fail for some row.
    pub(crate) fn may_fail(&self, expr: &Expr) -> bool {
        expr.any(|part| match &part.kind {
            ExprKind::Call(function, _) => !never_fails(*function),
            ExprKind::Cast(inner, target) => !cast_never_fails(&inner.ty, target),
            ExprKind::Match { pattern, .. } => !matches!(pattern.kind, ExprKind::Literal(_)),
            ExprKind::MatchArray { .. } => true,
            ExprKind::Scalar(select) => !self.yields_one_row_at_most(select),
            ExprKind::Column(column) => match self.sources.get(&column.source) {
                Some(Source::Derived { columns, .. }) => {
                    columns.get(column.column as usize).is_some_and(|form| form.may_fail)
                }
                Some(Source::Merged { items }) => {
                    items.get(column.column as usize).is_some_and(|item| self.may_fail(item))
                }
                Some(Source::Inlined { .. }) => true,
                _ => false,
            },
            _ => false,
        })
    }
}
