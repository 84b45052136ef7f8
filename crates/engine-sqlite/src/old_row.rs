//! Reads one whole row of a table by its rowid, as values. For errors and changes, not for answers.

use mainstay_base::{Problem, Result};
use mainstay_catalog::Catalog;
use mainstay_dialect::sqlite::storage::Storage;
use mainstay_dialect::sqlite::{self, Bound, Restriction};
use mainstay_expr::{Expr, FromItem, Item, Rights, Select, SourceId, TableId, TableSource, Value};

use crate::statement::Statements;
use crate::{bind, errors};

/// The values of a row by column.
pub(crate) fn read(
    statements: &Statements<'_>,
    catalog: &Catalog,
    table: TableId,
    rowid: i64,
) -> Result<Vec<Value>> {
    let source = SourceId(1);
    let columns = &catalog.table(table).columns;
    let items = columns.iter().enumerate().map(|(position, column)| Item {
        expr: Expr::column(source, position as u32, column.ty.ty.clone()),
        name: column.name.clone(),
    });
    let from = TableSource { source, table, rights: Rights::Definer, visible: None };
    let select = Select { from: vec![FromItem::Table(from)], items: items.collect(), ..Select::default() };
    let statement = sqlite::select(catalog, &select, Restriction::Row(source))?;
    if statement.inputs.iter().any(|input| input.value != Bound::Row) {
        return Err(Problem::internal("a row needs nothing but its rowid to be read"));
    }
    let row = statements.connection().query_row(&statement.text, [rowid], |row| {
        Ok(columns
            .iter()
            .enumerate()
            .map(|(position, column)| {
                let datum = bind::datum(row.get_ref(position)?);
                Ok(Storage::of(&column.ty).decode(datum))
            })
            .collect::<rusqlite::Result<Result<Vec<Value>>>>())
    });
    row.map_err(|error| errors::plain(&error))?.map_err(|error| errors::plain(&error))?
}
