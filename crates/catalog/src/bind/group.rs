//! What a grouped select may say: columns that are grouped by, or depend on a primary key that is, or stand in aggregates.

use mainstay_expr::visit::{self, Visitor};
use mainstay_expr::{ColumnRef, Expr, ExprKind, Select, SourceId};

use super::{Bind, Binder};
use crate::TableKind;

impl Binder<'_> {
    /// Reports columns that are neither grouped nor aggregated. Those that depend on a grouped primary key become
    /// keys themselves, which changes no group and spares the engines the rule.
    pub(super) fn check_grouping(&mut self, select: &mut Select) -> Bind<()> {
        let sources = Self::own_sources(select);
        let keyed = self.keyed_sources(select);
        let mut check = Ungrouped { keys: &select.group_by, sources: &sources, depth: 0, found: Vec::new() };
        select.items.iter().for_each(|item| check.expr(&item.expr));
        select.having.iter().for_each(|having| check.expr(having));
        select.distinct_on.iter().for_each(|key| check.expr(key));
        select.order_by.iter().for_each(|term| check.expr(&term.expr));
        let mut found = check.found;
        let mut dependent = Vec::new();
        found.retain(|(expr, _)| {
            let depends = matches!(&expr.kind, ExprKind::Column(column) if keyed.contains(&column.source));
            if depends && !dependent.contains(expr) {
                dependent.push(expr.clone());
            }
            !depends
        });
        select.group_by.extend(dependent);
        self.report_ungrouped(found)
    }

    fn report_ungrouped(&mut self, found: Vec<(Expr, bool)>) -> Bind<()> {
        let mut result = Ok(());
        let mut reported: Vec<ColumnRef> = Vec::new();
        for (expr, nested) in found {
            let ExprKind::Column(column) = expr.kind else { continue };
            if reported.contains(&column) {
                continue;
            }
            reported.push(column);
            let name = self.name_of(column);
            let seen = self.level().seen.iter().find(|(seen, ..)| *seen == column);
            let Some((_, span, _)) = seen.cloned() else { continue };
            let message = if nested {
                format!("subquery uses ungrouped column \"{name}\" from outer query")
            } else {
                format!(
                    "column \"{name}\" must appear in the GROUP BY clause or be used in an aggregate function"
                )
            };
            result = Err(self.error("ungrouped-column", span, message));
        }
        result
    }

    /// `table.column`, as messages name a column.
    fn name_of(&mut self, column: ColumnRef) -> String {
        let tables = &self.level().names.tables;
        let found = tables.iter().find(|table| table.source == column.source);
        found
            .and_then(|table| Some((table, table.columns.get(column.column as usize)?)))
            .map_or_else(|| "?".to_owned(), |(table, column)| format!("{}.{}", table.alias, column.name))
    }

    /// The base tables whose whole primary key is grouped by.
    fn keyed_sources(&mut self, select: &Select) -> Vec<SourceId> {
        let grouped = |source: SourceId, column: u32| {
            select.group_by.iter().any(|key| {
                matches!(&key.kind, ExprKind::Column(own) if own.source == source && own.column == column)
            })
        };
        let catalog = self.schema.catalog();
        let tables = self.levels.last().map(|level| level.names.tables.as_slice()).unwrap_or_default();
        let keyed = tables.iter().filter(|scope| {
            let Some(table) = scope.relation.map(|id| catalog.table(id)) else { return false };
            let key = table.primary_key.as_ref().filter(|_| matches!(table.kind, TableKind::Base));
            key.is_some_and(|key| key.columns.iter().all(|column| grouped(scope.source, *column)))
        });
        keyed.map(|scope| scope.source).collect()
    }
}

/// Finds columns of the select's own sources outside keys and aggregates.
struct Ungrouped<'a> {
    keys: &'a [Expr],
    sources: &'a [SourceId],
    /// How many subqueries deep.
    depth: u32,
    /// The columns, and whether a subquery names them.
    found: Vec<(Expr, bool)>,
}

impl Visitor for Ungrouped<'_> {
    fn expr(&mut self, expr: &Expr) {
        if self.keys.contains(expr) {
            return;
        }
        match &expr.kind {
            ExprKind::Aggregate(_) if self.depth == 0 => {}
            ExprKind::Column(column) if self.sources.contains(&column.source) => {
                self.found.push((expr.clone(), self.depth > 0));
            }
            _ => visit::walk_expr(self, expr),
        }
    }

    fn select(&mut self, select: &Select) {
        self.depth += 1;
        visit::walk_select(self, select);
        self.depth -= 1;
    }
}
