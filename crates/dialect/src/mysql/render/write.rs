//! The pieces of writes. Rows are found and locked first, then written by their key: checks stand between.

use mainstay_base::Result;
use mainstay_catalog::{Catalog, Table};
use mainstay_expr::{Expr, Item, Select, SourceId, TableId};

use super::{MySql, among_rows, rows_source};
use crate::mysql::ddl::table_name;
use crate::mysql::{Flavour, Statement, rest, storage};
use crate::render::{Renderer, Restriction, Sql};
use crate::sql::sql;
use crate::statement::{Bound, Form, Input};

/// `INSERT` of that many rows: for each a parameter [`Bound::New`] for each of the columns, row after row.
pub fn insert(catalog: &Catalog, table: TableId, columns: &[u32], rows: usize) -> Statement {
    let table = catalog.table(table);
    let row = || Sql::join(columns.iter().map(|column| new_value(table, *column)), ", ").parenthesized();
    let values = Sql::join((0..rows).map(|_| row()), ", ");
    Statement::new(sql![insert_into(table, columns), " VALUES ", values], Vec::new())
}

/// `INSERT` of one row that is added only if `checks` hold for it, which speak of it as [`Bound::New`]: with no row added one of
/// them does not. There is none for checks that are not SQL.
pub fn insert_checked(
    flavour: Flavour,
    catalog: &Catalog,
    table: TableId,
    columns: &[u32],
    checks: &[Expr],
) -> Option<Statement> {
    let declared = catalog.table(table);
    if checks.is_empty() || columns.is_empty() {
        return Some(insert(catalog, table, columns, 1));
    }
    let dialect = MySql::new(flavour);
    let mut renderer = Renderer::new(&dialect, catalog);
    let checks = checks.iter().map(|check| renderer.condition(check)).collect::<Result<Vec<_>>>().ok()?;
    let values = Sql::join(columns.iter().map(|column| new_value(declared, *column)), ", ");
    let checks = Sql::join(checks, " AND ");
    let sql = sql![insert_into(declared, columns), " SELECT ", values, " FROM DUAL WHERE ", checks];
    Some(Statement::new(sql, Vec::new()))
}

/// `UPDATE` of the rows [`Bound::Rows`]: a parameter [`Bound::New`] for each of the columns, of which there is at least one.
pub fn update(catalog: &Catalog, table: TableId, columns: &[u32]) -> Statement {
    let table = catalog.table(table);
    let assignments = columns.iter().map(|column| {
        sql!["t.", Sql::identifier(table.column(*column).name.clone()), " = ", new_value(table, *column)]
    });
    let assignments = Sql::join(assignments, ", ");
    Statement::new(sql!["UPDATE ", rows_of(table), " SET ", assignments], Vec::new())
}

/// `DELETE` of the rows [`Bound::Rows`].
pub fn delete(catalog: &Catalog, table: TableId) -> Statement {
    Statement::new(sql!["DELETE t FROM ", rows_of(catalog.table(table))], Vec::new())
}

/// The rows of a base table that a write will touch, locked until its end: what tells each apart first, then `items`, as far as
/// `filter` holds for them. Filter and items speak of `source`.
pub fn select_rows(
    flavour: Flavour,
    catalog: &Catalog,
    table: TableId,
    source: SourceId,
    filter: &Expr,
    items: &[Expr],
) -> Result<Statement> {
    let dialect = MySql::new(flavour);
    let native = Renderer::new(&dialect, catalog).rows_to_write(table, source, filter, items);
    match native {
        Ok((sql, columns)) => Ok(Statement::new(sql.then(" FOR UPDATE"), columns)),
        Err(problem) => rest::rows(&dialect, catalog, (table, source), filter, items, problem),
    }
}

/// Expressions without columns as one row: checks of a new row.
pub fn expression_select(flavour: Flavour, catalog: &Catalog, exprs: &[Expr]) -> Result<Statement> {
    let items = exprs.iter().map(|expr| Item { expr: expr.clone(), name: String::new() }).collect();
    super::select(flavour, catalog, &Select { items, ..Select::default() }, Restriction::None)
}

fn insert_into(table: &Table, columns: &[u32]) -> Sql {
    let names = columns.iter().map(|column| Sql::identifier(table.column(*column).name.clone()));
    sql!["INSERT INTO ", Sql::identifier(table_name(table)), " (", Sql::join(names, ", "), ")"]
}

/// The rows in question as `t`.
fn rows_of(table: &Table) -> Sql {
    let name = Sql::identifier(table_name(table));
    sql![rows_source(table), " STRAIGHT_JOIN ", name, " AS t ON ", among_rows(Sql::from("t"), table)]
}

fn new_value(table: &Table, column: u32) -> Sql {
    let form = Form::Storage(storage::of(&table.column(column).ty));
    Sql::input(Input { value: Bound::New(column), form })
}
