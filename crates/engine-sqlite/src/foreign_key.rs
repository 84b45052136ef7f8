//! Finds the foreign key that a write violated: SQLite says only that there is one.

use std::collections::HashSet;

use mainstay_base::{Problem, Result};
use mainstay_catalog::{Catalog, ForeignKey, ReferentialAction, Table};
use mainstay_dialect::sqlite;
use mainstay_engine::violation;
use mainstay_expr::{CompareOp, Expr, Session, SourceId, TableId, Value};

use crate::bind::{self, Values};
use crate::statement::Statements;
use crate::{errors, old_row};

/// A row's rowid and values.
type Row = (i64, Vec<Value>);

/// A search through what a schema and a database say.
#[derive(Clone, Copy)]
pub(crate) struct Search<'s> {
    pub catalog: &'s Catalog,
    pub session: &'s Session,
}

impl Search<'_> {
    /// The most rows that are looked at for one error.
    pub const ROWS_MAX: usize = 10_000;

    /// A foreign key of the proposed row that leads nowhere.
    pub fn missing_target(
        &self,
        statements: &Statements<'_>,
        table: &Table,
        proposed: &[Value],
    ) -> Option<Problem> {
        let violated = table.foreign_keys.iter().find(|key| {
            let values = values(proposed, &key.columns);
            let target = self.catalog.table(key.target);
            // A row may refer to itself.
            let itself = target.id == table.id && values == self::values(proposed, &key.target_columns);
            !itself
                && !values.iter().any(Value::is_null)
                && self
                    .find(statements, target, &key.target_columns, &values)
                    .is_ok_and(|rows| rows.is_empty())
        })?;
        Some(violation::missing_target(self.catalog, table, violated, Some(proposed), self.session))
    }

    /// A row that still refers to one of `rows`, which were to be removed or to change their key, or to a row that would have
    /// gone with them.
    pub fn in_the_way(&self, statements: &Statements<'_>, table: &Table, rows: Vec<Row>) -> Option<Problem> {
        let mut seen: HashSet<(TableId, i64)> = rows.iter().map(|(rowid, _)| (table.id, *rowid)).collect();
        let mut waiting = vec![(table.id, rows)];
        while let Some((id, rows)) = waiting.pop() {
            let table = self.catalog.table(id);
            for (other, key) in self.references(id) {
                let mut cascaded = Vec::new();
                for row in &rows {
                    let wanted = values(&row.1, &key.target_columns);
                    let found = self.find(statements, other, &key.columns, &wanted).unwrap_or_default();
                    let found: Vec<i64> =
                        found.into_iter().filter(|rowid| !seen.contains(&(other.id, *rowid))).collect();
                    if found.is_empty() {
                        continue;
                    }
                    if refuses(key.on_delete) {
                        let problem =
                            violation::still_referenced(table, other, key, Some(&row.1), self.session);
                        return Some(problem);
                    }
                    cascaded.extend(found);
                }
                if key.on_delete == ReferentialAction::Cascade && seen.len() < Self::ROWS_MAX {
                    seen.extend(cascaded.iter().map(|rowid| (other.id, *rowid)));
                    let rows = cascaded
                        .into_iter()
                        .filter_map(|rowid| {
                            Some((rowid, old_row::read(statements, self.catalog, other.id, rowid).ok()?))
                        })
                        .collect();
                    waiting.push((other.id, rows));
                }
            }
        }
        None
    }

    /// The foreign keys that lead to a table, refusing ones first.
    fn references(&self, target: TableId) -> Vec<(&Table, &ForeignKey)> {
        let all = self
            .catalog
            .tables
            .iter()
            .flat_map(|table| table.foreign_keys.iter().map(move |key| (table, key)));
        let mut found: Vec<_> = all.filter(|(_, key)| key.target == target).collect();
        found.sort_by_key(|(_, key)| !refuses(key.on_delete));
        found
    }

    /// The rowids of the rows that have these values in these columns.
    fn find(
        &self,
        statements: &Statements<'_>,
        table: &Table,
        columns: &[u32],
        wanted: &[Value],
    ) -> Result<Vec<i64>> {
        let source = SourceId(1);
        let filter = Expr::all(columns.iter().enumerate().map(|(slot, &column)| {
            let ty = table.column(column).ty.ty.clone();
            let value = Expr::slot(slot as u32, ty.clone());
            Expr::compare(CompareOp::Eq, Expr::column(source, column, ty), value)
        }));
        let query = sqlite::select_rows(self.catalog, table.id, source, &filter, &[])?;
        let mut statement =
            statements.connection().prepare(&query.text).map_err(|error| errors::plain(&error))?;
        bind::all(&mut statement, &query.inputs, &Values::of(wanted, self.session))?;
        let mut rows = statement.raw_query();
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(|error| errors::plain(&error))? {
            found.push(row.get(0).map_err(|error| errors::plain(&error))?);
        }
        Ok(found)
    }
}

fn values(row: &[Value], columns: &[u32]) -> Vec<Value> {
    columns.iter().map(|&column| row.get(column as usize).cloned().unwrap_or(Value::Null)).collect()
}

fn refuses(action: ReferentialAction) -> bool {
    matches!(action, ReferentialAction::NoAction | ReferentialAction::Restrict)
}
