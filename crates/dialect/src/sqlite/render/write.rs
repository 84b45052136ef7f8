//! The pieces of writes. Rows are found first, then written by rowid: checks and the change feed stand between.

use mainstay_base::Result;
use mainstay_catalog::{Catalog, Table};
use mainstay_expr::{Expr, Item, Select, SourceId, TableId};

use super::{Sql, Sqlite, Statement, row_id_name, row_input, rows_input, statement, table_name};
use crate::Restriction;
use crate::render::Renderer;
use crate::sql::sql;
use crate::statement::{Bound, Form, Input};
use crate::storage::Storage;

/// `INSERT` of one row: a parameter [`Bound::New`] for each of the columns.
pub fn insert(catalog: &Catalog, table: TableId, columns: &[u32]) -> Statement {
    let table = catalog.table(table);
    let name = Sql::identifier(table_name(table));
    if columns.is_empty() {
        return statement(sql!["INSERT INTO ", name, " DEFAULT VALUES"], Vec::new());
    }
    let names = columns.iter().map(|column| Sql::identifier(table.column(*column).name.clone()));
    let values = columns.iter().map(|column| new_value(table, *column));
    let (names, values) = (Sql::join(names, ", "), Sql::join(values, ", "));
    statement(sql!["INSERT INTO ", name, " (", names, ") VALUES (", values, ")"], Vec::new())
}

/// `UPDATE` of the row [`Bound::Row`]: a parameter [`Bound::New`] for each of the columns, of which there is at least one.
pub fn update(catalog: &Catalog, table: TableId, columns: &[u32]) -> Statement {
    let table = catalog.table(table);
    let name = Sql::identifier(table_name(table));
    let assignments = columns.iter().map(|column| {
        let assigned = Sql::identifier(table.column(*column).name.clone());
        sql![assigned, " = ", new_value(table, *column)]
    });
    let assignments = Sql::join(assignments, ", ");
    let row = Sql::input(row_input());
    statement(
        sql!["UPDATE ", name, " SET ", assignments, " WHERE ", row_id_name(table), " = ", row],
        Vec::new(),
    )
}

/// `DELETE` of the rows [`Bound::Rows`].
pub fn delete(catalog: &Catalog, table: TableId) -> Statement {
    let table = catalog.table(table);
    let name = Sql::identifier(table_name(table));
    let rows = Sql::input(rows_input());
    statement(
        sql![
            "DELETE FROM ",
            name,
            " WHERE ",
            row_id_name(table),
            " IN (SELECT value FROM rarray(",
            rows,
            "))"
        ],
        Vec::new(),
    )
}

/// The rows of a base table that a write will touch: their rowid first, then `items`, as far as `filter` holds for them.
/// Filter and items speak of `source`.
pub fn select_rows(
    catalog: &Catalog,
    table: TableId,
    source: SourceId,
    filter: &Expr,
    items: &[Expr],
) -> Result<Statement> {
    let (sql, columns) = Renderer::new(&Sqlite, catalog).rows_to_write(table, source, filter, items)?;
    Ok(statement(sql, columns))
}

/// Expressions without columns as one row: checks of a new row, defaults.
pub fn expression_select(catalog: &Catalog, exprs: &[Expr]) -> Result<Statement> {
    let items = exprs.iter().map(|expr| Item { expr: expr.clone(), name: String::new() }).collect();
    super::select(catalog, &Select { items, ..Select::default() }, Restriction::None)
}

fn new_value(table: &Table, column: u32) -> Sql {
    let form = Form::Storage(Storage::of(&table.column(column).ty));
    Sql::input(Input { value: Bound::New(column), form })
}
