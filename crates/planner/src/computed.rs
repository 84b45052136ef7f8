//! Computed fields and relationships: functions of one row.

use mainstay_base::Result;
use mainstay_catalog::{Catalog, FunctionId, Returns};
use mainstay_expr::{Expr, ExprKind, FromItem, Rights, Select, SourceId, TableSource, Tree};
use mainstay_plan::Enforcement;

use crate::Planner;
use crate::embed::Linked;
use crate::relation::{Relation, RelationColumn, relation_of};
use crate::{error, native};

impl<'a> Planner<'a> {
    /// The value of the computed field of that name.
    ///
    /// # Errors
    /// `42703` when the relation has no such field either.
    pub(crate) fn computed_field(&mut self, relation: &Relation<'a>, name: &str) -> Result<Expr> {
        let catalog: &'a Catalog = self.catalog;
        let found = relation.table.and_then(|table| {
            let mut named = catalog.find_functions(&relation.schema, name);
            Some((table, named.find(|function| function.row == Some(table.id))?))
        });
        let Some((table, function, Returns::Scalar(ty))) =
            found.map(|(table, function)| (table, function, &function.returns))
        else {
            return Err(error::column_not_found(&relation.name, name));
        };
        self.require_execute(function)?;
        let Some(body) = function.inlined() else {
            let row = native::whole_row(table, relation);
            return Ok(native::value_of_row(function, row, ty.ty.clone()));
        };
        let body = self.body_of_row(body, relation);
        Ok(Expr::new(ExprKind::Scalar(Box::new(body)), ty.ty.clone()))
    }

    /// The rows that a function of the origin's row returns. The origin is read once more, so that the rows of many origins
    /// can be fetched at once by its primary key.
    pub(crate) fn computed_relationship(
        &mut self,
        origin: &Relation<'a>,
        id: FunctionId,
    ) -> Result<Linked<'a>> {
        let catalog: &'a Catalog = self.catalog;
        let function = catalog.function(id);
        self.require_execute(function)?;
        let not_found =
            || error::relationship_not_found(&origin.schema, &origin.name, &function.name, None, None);
        let table = origin.table.ok_or_else(not_found)?;
        let key = table.primary_key.as_ref().ok_or_else(not_found)?;
        let (Returns::SetOfTable(target) | Returns::Row(target)) = function.returns else {
            return Err(not_found());
        };
        let source = self.sources.fresh();
        let again = relation_of(table, source);
        // The origin's rows were let through on the level above; here they only carry the key.
        let rights = match self.enforcement {
            Enforcement::Plan => Rights::Definer,
            Enforcement::Role => Rights::Invoker,
        };
        let again_from = FromItem::Table(TableSource { source, table: table.id, rights, visible: None });
        let columns_of =
            |relation: &Relation<'a>| key.columns.iter().map(|column| relation.expr(*column)).collect();
        let (origin_key, target_key) = (columns_of(origin), columns_of(&again));
        let Some(body) = function.inlined() else {
            let derived = self.sources.fresh();
            let row = native::whole_row(table, &again);
            let rows = native::source_of_row(catalog, function, derived, row);
            let (from, relation) = (vec![again_from, rows], relation_of(catalog.table(target), derived));
            return Ok(Linked { from, relation, on: Expr::truth(true), origin_key, target_key });
        };
        let body = self.body_of_row(body, &again);
        let shown = relation_of(catalog.table(target), source);
        let (from, relation, on) = if is_flat(&body) {
            flattened(again_from, body, shown)
        } else {
            let derived = self.sources.fresh();
            let body = FromItem::Select { source: derived, select: Box::new(body), lateral: true };
            (vec![again_from, body], relation_of(catalog.table(target), derived), Expr::truth(true))
        };
        Ok(Linked { from, relation, on, origin_key, target_key })
    }

    fn body_of_row(&mut self, body: &Select, row: &Relation<'a>) -> Select {
        let mut body = body.clone();
        body.renumber(&mut self.sources);
        body.replace_source(SourceId::ROW, |column, _| row.expr(column));
        body
    }
}

/// Whether a select only filters the rows of its sources.
fn is_flat(select: &Select) -> bool {
    !select.grouped
        && !select.distinct
        && select.distinct_on.is_empty()
        && select.set_ops.is_empty()
        && select.limit.is_none()
        && select.offset.is_none()
}

/// The body's sources beside the origin's, with its items as the relation's columns.
fn flattened<'a>(
    origin: FromItem,
    body: Select,
    mut relation: Relation<'a>,
) -> (Vec<FromItem>, Relation<'a>, Expr) {
    let mut from = vec![origin];
    from.extend(body.from);
    relation.columns = relation
        .columns
        .into_iter()
        .zip(body.items)
        .map(|(column, item)| RelationColumn { expr: item.expr, ..column })
        .collect();
    (from, relation, body.filter.unwrap_or_else(|| Expr::truth(true)))
}
