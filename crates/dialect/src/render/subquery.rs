//! Selects inside expressions.

use mainstay_base::{Problem, Result};
use mainstay_expr::{Expr, ExprKind, Select, Type, Value};

use super::fragment::Fragment;
use super::{Renderer, Restriction, Sql};
use crate::sql::sql;

impl Renderer<'_> {
    pub(super) fn exists(&mut self, select: &Select) -> Result<Fragment> {
        let inner = if select.set_ops.is_empty() && !select.grouped && select.distinct_on.is_empty() {
            // what the rows hold and how they are ordered makes no difference
            let bare = Select { items: Vec::new(), order_by: Vec::new(), distinct: false, ..select.clone() };
            self.select(&bare)?
        } else {
            self.select(select)?
        };
        Ok(Fragment::bool(sql!["EXISTS (", inner.sql, ")"]).nullable(false))
    }

    pub(super) fn scalar(&mut self, select: &Select, ty: &Type) -> Result<Fragment> {
        let checked = !self.yields_one_row_at_most(select);
        let inner = if checked { self.derived(select)? } else { self.select(select)? };
        let [column] = inner.columns.as_slice() else {
            return Err(Problem::internal(format!("a scalar subquery of type {ty:?} has no single column")));
        };
        let storage = column.storage.clone();
        let sql = match checked {
            true => self.dialect.single(inner.sql),
            false => sql!["(", inner.sql, ")"],
        };
        Ok(Fragment::new(sql, storage))
    }

    pub(super) fn array_of(&mut self, select: &Select, ty: &Type) -> Result<Fragment> {
        let inner = self.derived(select)?;
        let column = inner.columns.first().ok_or_else(|| Problem::internal("ARRAY() without a column"))?;
        let sql = self.dialect.array_of(inner.sql, column.storage.clone())?;
        Ok(Fragment::new(sql, self.storage_of(ty)).nullable(false))
    }

    pub(super) fn in_select(&mut self, values: &[Expr], select: &Select) -> Result<Fragment> {
        let values = values.iter().map(|value| self.expr(value)).collect::<Result<Vec<_>>>()?;
        let forms = self.item_storages(select)?;
        let mut left = Vec::new();
        let mut wanted = Vec::new();
        for (value, form) in values.into_iter().zip(forms) {
            let (sql, form) = match value.is_numeric() {
                true => self.dialect.numeric_in_select(value, form)?,
                false => (self.dialect.comparable(value.sql, &value.storage)?, form),
            };
            left.push(sql);
            wanted.push(form);
        }
        let inner = self.select_as(select, Some(&wanted), false, Restriction::None)?;
        let left = match left.len() {
            1 => left.remove(0),
            _ => Sql::join(left, ", ").parenthesized(),
        };
        let bounded = select.limit.is_some() || select.offset.is_some();
        Ok(Fragment::bool(self.dialect.in_select(left, inner.sql, bounded)))
    }

    /// Whether a select cannot yield a second row, so that nothing needs to be checked.
    pub(super) fn yields_one_row_at_most(&self, select: &Select) -> bool {
        if !select.set_ops.is_empty() {
            return false;
        }
        let limited = select
            .limit
            .as_ref()
            .is_some_and(|limit| matches!(limit.kind, ExprKind::Literal(Value::Int(count)) if count <= 1));
        let aggregated = select.grouped && select.group_by.is_empty();
        limited || aggregated || select.from.is_empty() || self.is_key_lookup(select)
    }
}
