//! Where a view's columns come from: which of them show a base table's column unchanged.
//!
//! Keys and foreign keys of base tables are inherited through it, so that views can be embedded and addressed like tables.

use std::collections::BTreeMap;

use mainstay_expr::{ExprKind, FromItem, Select, SourceId, TableId};

use crate::{Catalog, ForeignKey, Key, Table, TableKind};

/// A base table's column as one appearance of the table in a query shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Origin {
    /// The appearance; the same table joined twice has two.
    pub source: SourceId,
    /// The base table.
    pub table: TableId,
    /// Its column.
    pub column: u32,
}

/// One appearance of a base table in a view, and the view's columns that show its columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Projection {
    /// The base table.
    pub table: TableId,
    /// From the base table's column to the view's first column that shows it.
    pub columns: BTreeMap<u32, u32>,
}

impl Projection {
    /// The view's columns that show all of those columns of the base table, when there are such.
    pub fn map(&self, columns: &[u32]) -> Option<Vec<u32>> {
        columns.iter().map(|column| self.columns.get(column).copied()).collect()
    }
}

/// For each item of a select: the column it shows, if it shows one unchanged. Set operations show none.
pub(crate) fn origins(select: &Select) -> Vec<Option<Origin>> {
    if !select.set_ops.is_empty() {
        return vec![None; select.items.len()];
    }
    let trace = |item: &mainstay_expr::Item| match &item.expr.kind {
        ExprKind::Column(column) => {
            select.from.iter().find_map(|from| trace_in(from, column.source, column.column))
        }
        _ => None,
    };
    select.items.iter().map(trace).collect()
}

/// Follows a column of a source into the FROM item that has the source.
fn trace_in(from: &FromItem, source: SourceId, column: u32) -> Option<Origin> {
    match from {
        FromItem::Table(table) if table.source == source => {
            Some(Origin { source, table: table.table, column })
        }
        FromItem::Select { source: own, select, .. } if *own == source => {
            origins(select).get(column as usize).copied().flatten()
        }
        FromItem::Join { left, right, .. } => {
            trace_in(left, source, column).or_else(|| trace_in(right, source, column))
        }
        _ => None,
    }
}

/// The appearances of base tables in a relation; a base table is its own only one.
pub(crate) fn projections(table: &Table) -> Vec<Projection> {
    let view = match &table.kind {
        TableKind::View(view) => view,
        TableKind::Native(native) if table.is_view() => return native.shows.clone(),
        TableKind::Base | TableKind::Native(_) => {
            let columns = (0..table.columns.len() as u32).map(|column| (column, column)).collect();
            return vec![Projection { table: table.id, columns }];
        }
    };
    let mut by_source: BTreeMap<SourceId, Projection> = BTreeMap::new();
    for (position, origin) in (0..).zip(origins(&view.select)) {
        let Some(origin) = origin else { continue };
        by_source
            .entry(origin.source)
            .or_insert_with(|| Projection { table: origin.table, columns: BTreeMap::new() })
            .columns
            .entry(origin.column)
            .or_insert(position);
    }
    by_source.into_values().collect()
}

/// The primary key that a view inherits: those of all base tables whose key it shows whole.
pub(crate) fn inherited_key(catalog: &Catalog, view: &Table) -> Option<Key> {
    let mut inherited: Option<Key> = None;
    for projection in projections(view) {
        let Some(key) = &catalog.table(projection.table).primary_key else { continue };
        let Some(columns) = projection.map(&key.columns) else { continue };
        let inherited = inherited.get_or_insert_with(|| Key { columns: Vec::new(), ..key.clone() });
        for column in columns {
            if !inherited.columns.contains(&column) {
                inherited.columns.push(column);
            }
        }
    }
    inherited
}

/// The foreign keys that a view inherits: those of base tables all of whose columns it shows.
pub(crate) fn inherited_foreign_keys(catalog: &Catalog, view: &Table) -> Vec<ForeignKey> {
    let mut inherited: Vec<ForeignKey> = Vec::new();
    for projection in projections(view) {
        for key in &catalog.table(projection.table).foreign_keys {
            let Some(columns) = projection.map(&key.columns) else { continue };
            let key = ForeignKey { columns, ..key.clone() };
            if !inherited.contains(&key) {
                inherited.push(key);
            }
        }
    }
    inherited
}
