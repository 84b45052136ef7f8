//! ORDER BY and GROUP BY terms.

use mainstay_base::Result;
use mainstay_expr::{Expr, ExprKind, OrderBy, Tree, Type};

use super::compare::rank;
use super::{Renderer, Sql};
use crate::storage::Storage;

impl Renderer<'_> {
    /// The terms of ORDER BY; constants order nothing and are left out, as databases take numbers for positions.
    pub(crate) fn order_terms(&mut self, terms: &[OrderBy]) -> Result<Vec<Sql>> {
        let mut rendered = Vec::new();
        for term in terms {
            if is_constant(&term.expr) {
                continue;
            }
            let fragment = self.expr(&term.expr)?;
            let key = self.order_key(fragment.sql, &term.expr.ty, &fragment.storage)?;
            rendered.push(self.dialect.directed(key, term, fragment.nullable));
        }
        Ok(rendered)
    }

    /// The terms of GROUP BY and PARTITION BY.
    pub(super) fn group_terms(&mut self, terms: &[Expr]) -> Result<Vec<Sql>> {
        let mut rendered = Vec::new();
        for term in terms {
            if is_constant(term) {
                continue;
            }
            let fragment = self.expr(term)?;
            rendered.push(self.dialect.comparable(fragment.sql, &fragment.storage)?);
        }
        Ok(rendered)
    }

    /// What a value sorts by.
    pub(super) fn order_key(&self, sql: Sql, ty: &Type, storage: &Storage) -> Result<Sql> {
        match ty {
            Type::Enum(declared) => Ok(rank(sql, &declared.labels)),
            _ => self.dialect.comparable(sql, storage),
        }
    }
}

/// Whether a value is the same for all rows: a database may compute it early and take the number for a position.
pub(crate) fn is_constant(expr: &Expr) -> bool {
    let varies = |expr: &Expr| {
        matches!(
            expr.kind,
            ExprKind::Column(_)
                | ExprKind::Exists(_)
                | ExprKind::Scalar(_)
                | ExprKind::ArrayOf(_)
                | ExprKind::InSelect(..)
                | ExprKind::Aggregate(_)
        )
    };
    !expr.is_volatile() && !expr.any(varies)
}
