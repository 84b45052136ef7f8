//! ORDER BY and GROUP BY terms.

use mainstay_base::Result;
use mainstay_expr::{Expr, ExprKind, OrderBy, Tree, Type};

use super::compare::rank;
use super::{Renderer, Sql, collated};

impl Renderer<'_> {
    /// The terms of ORDER BY; constants order nothing and are left out, as SQLite takes numbers for positions.
    pub(super) fn order_terms(&mut self, terms: &[OrderBy]) -> Result<Vec<Sql>> {
        let mut rendered = Vec::new();
        for term in terms {
            if is_constant(&term.expr) {
                continue;
            }
            let fragment = self.expr(&term.expr)?;
            let collation = fragment.storage.collation();
            let sql = order_key(fragment.sql, &term.expr.ty);
            rendered.push(directed(collated(sql, collation), term, fragment.nullable));
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
            let collation = fragment.storage.collation();
            rendered.push(collated(fragment.sql, collation));
        }
        Ok(rendered)
    }
}

/// Whether a value is the same for all rows: SQLite may compute it early and take the number for a position.
pub(super) fn is_constant(expr: &Expr) -> bool {
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

/// What a value sorts by.
pub(super) fn order_key(sql: Sql, ty: &Type) -> Sql {
    match ty {
        Type::Enum(declared) => rank(sql, &declared.labels),
        _ => sql,
    }
}

/// A term with its direction. Where NULLs go is said only when SQLite would put them elsewhere: it has them smallest.
pub(super) fn directed(sql: Sql, term: &OrderBy, nullable: bool) -> Sql {
    let sql = if term.descending { sql.then(" DESC") } else { sql };
    if !nullable || term.nulls_first != term.descending {
        return sql;
    }
    sql.then(if term.nulls_first { " NULLS FIRST" } else { " NULLS LAST" })
}
