//! The pieces of writes. Rows are found and locked first, then written by their key: checks stand between.

use mainstay_base::Result;
use mainstay_catalog::{Catalog, ColumnDefault, ForeignKey, ReferentialAction, Table};
use mainstay_expr::{Expr, Item, Select, SourceId, TableId};

use super::{MySql, among_rows, rows_source};
use crate::mysql::ddl::table_name;
use crate::mysql::kept::{Kept, kept, kept_with};
use crate::mysql::native::{self, is_adopted};
use crate::mysql::{Flavour, Statement, rest, storage};
use crate::render::{Renderer, Restriction, Sql};
use crate::sql::sql;
use crate::statement::{Bound, Form, Input};
use crate::storage::Storage;

/// `INSERT` of that many rows: for each a parameter [`Bound::New`] for each of the columns and of those that we [keep](kept), row
/// after row.
pub fn insert(catalog: &Catalog, table: TableId, columns: &[u32], rows: usize) -> Statement {
    let table = catalog.table(table);
    let columns = written(table, columns, kept(catalog, table));
    let row = || Sql::join(columns.iter().map(|column| column.1.clone()), ", ").parenthesized();
    let values = Sql::join((0..rows).map(|_| row()), ", ");
    Statement::new(sql![insert_into(table, &columns), " VALUES ", values], Vec::new())
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
    let columns = written(declared, columns, kept(catalog, declared));
    let values = Sql::join(columns.iter().map(|column| column.1.clone()), ", ");
    let checks = Sql::join(checks, " AND ");
    let sql = sql![insert_into(declared, &columns), " SELECT ", values, " FROM DUAL WHERE ", checks];
    Some(Statement::new(sql, Vec::new()))
}

/// `UPDATE` of the rows [`Bound::Rows`]: a parameter [`Bound::New`] for each of the columns, of which there is at least one, and of
/// those that we [keep](kept) and that change with them.
pub fn update(catalog: &Catalog, table: TableId, columns: &[u32]) -> Statement {
    let table = catalog.table(table);
    let assignments = written(table, columns, kept_with(catalog, table, columns))
        .into_iter()
        .map(|(name, value)| sql!["t.", name, " = ", value]);
    let assignments = Sql::join(assignments, ", ");
    Statement::new(sql!["UPDATE ", rows_of(table), " SET ", assignments], Vec::new())
}

/// `UPDATE` of a hidden column in the rows [`Bound::Rows`]: its value is [`Bound::New`] 0.
pub(in crate::mysql) fn update_hidden(table: &Table, name: &str, storage: &Storage) -> Statement {
    let value = Sql::input(Input { value: Bound::New(0), form: Form::Storage(storage.clone()) });
    Statement::new(
        sql!["UPDATE ", rows_of(table), " SET t.", Sql::identifier(name), " = ", value],
        Vec::new(),
    )
}

/// `DELETE` of the rows [`Bound::Rows`].
pub fn delete(catalog: &Catalog, table: TableId) -> Statement {
    Statement::new(sql!["DELETE t FROM ", rows_of(catalog.table(table))], Vec::new())
}

/// What happens before the rows [`Bound::Rows`] of a table are deleted: the foreign keys that refer to them with ON DELETE SET
/// DEFAULT get their defaults.
pub fn set_defaults(flavour: Flavour, catalog: &Catalog, table: TableId) -> Result<Vec<Statement>> {
    let dialect = MySql::new(flavour);
    let target = catalog.table(table);
    let mut statements = Vec::new();
    for child in &catalog.tables {
        let keys = child.foreign_keys.iter().filter(|key| key.target == table);
        for key in keys.filter(|key| key.on_delete == ReferentialAction::SetDefault) {
            let name = |table: &Table, column: u32| Sql::identifier(table.column(column).name.clone());
            let pairs = key.columns.iter().zip(&key.target_columns);
            let same = pairs.map(|(own, other)| sql!["c.", name(child, *own), " = t.", name(target, *other)]);
            let same = Sql::join(same, " AND ");
            let mut set = Vec::new();
            for column in &key.columns {
                let default = match &child.column(*column).default {
                    ColumnDefault::Expr(expr) => Renderer::new(&dialect, catalog).value(expr)?.0,
                    _ => Sql::from("NULL"),
                };
                set.push(sql!["c.", name(child, *column), " = ", default]);
            }
            let (child, set) = (Sql::identifier(table_name(child)), Sql::join(set, ", "));
            let rows = rows_of(target);
            let sql = sql!["UPDATE ", rows, " STRAIGHT_JOIN ", child, " AS c ON ", same, " SET ", set];
            statements.push(Statement::new(sql, Vec::new()));
        }
    }
    Ok(statements)
}

/// What lets the rows [`Bound::Rows`] of a table go together with those that go with them: references among them are taken out.
/// PostgreSQL looks at references when all of them are gone, InnoDB at each row as it goes. There is nothing to say for tables that
/// were there before us.
pub fn unlink(catalog: &Catalog, table: TableId) -> Vec<Statement> {
    let mut ways = vec![(catalog.table(table), rows_of(catalog.table(table)), Sql::from("t"))];
    let mut next = 0;
    while let Some((parent, rows, alias)) = ways.get(next).cloned() {
        next += 1;
        for child in &catalog.tables {
            let cascade = child.foreign_keys.iter().find(|key| {
                key.target == parent.id
                    && key.on_delete == ReferentialAction::Cascade
                    && child.id != parent.id
            });
            if let Some(key) = cascade.filter(|_| ways.iter().all(|(known, ..)| known.id != child.id)) {
                let own = Sql::numbered("c", ways.len() as u64);
                let same = key.columns.iter().zip(&key.target_columns).map(|(column, target)| {
                    sql![column_of(&own, child, *column), " = ", column_of(&alias, parent, *target)]
                });
                let name = Sql::identifier(table_name(child));
                let same = Sql::join(same, " AND ");
                let rows = sql![rows.clone(), " STRAIGHT_JOIN ", name, " AS ", own.clone(), " ON ", same];
                ways.push((child, rows, own));
            }
        }
    }
    let mut statements = Vec::new();
    for (table, rows, alias) in ways.iter().filter(|(table, ..)| !is_adopted(table)) {
        let among = |key: &&ForeignKey| {
            matches!(key.on_delete, ReferentialAction::NoAction | ReferentialAction::Restrict)
                && ways.iter().any(|(known, ..)| known.id == key.target)
        };
        for key in table.foreign_keys.iter().filter(among) {
            let nullable = key.columns.iter().find(|column| !table.column(**column).not_null);
            let set = match nullable {
                Some(column) => sql![column_of(alias, table, *column), " = NULL"],
                // a row that refers to itself is in nobody's way
                None if key.target == table.id => {
                    let pairs = key.columns.iter().zip(&key.target_columns).map(|(column, target)| {
                        sql![column_of(alias, table, *column), " = ", column_of(alias, table, *target)]
                    });
                    Sql::join(pairs, ", ")
                }
                None => continue,
            };
            statements.push(Statement::new(sql!["UPDATE ", rows.clone(), " SET ", set], Vec::new()));
        }
    }
    statements
}

fn column_of(alias: &Sql, table: &Table, column: u32) -> Sql {
    sql![alias.clone(), ".", Sql::identifier(table.column(column).name.clone())]
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

/// Columns by name with their new values, and those that we keep.
fn written(table: &Table, columns: &[u32], kept: Vec<Kept>) -> Vec<(Sql, Sql)> {
    let own = columns
        .iter()
        .map(|column| (Sql::identifier(table.column(*column).name.clone()), new_value(table, *column)));
    let kept = kept.into_iter().map(|kept| {
        let form = Form::Storage(kept.storage);
        (Sql::identifier(kept.name), Sql::input(Input { value: Bound::New(kept.position), form }))
    });
    own.chain(kept).collect()
}

fn insert_into(table: &Table, columns: &[(Sql, Sql)]) -> Sql {
    let names = columns.iter().map(|column| column.0.clone());
    sql!["INSERT INTO ", Sql::identifier(table_name(table)), " (", Sql::join(names, ", "), ")"]
}

/// The rows in question as `t`.
fn rows_of(table: &Table) -> Sql {
    let name = Sql::identifier(table_name(table));
    sql![rows_source(table), " STRAIGHT_JOIN ", name, " AS t ON ", among_rows(Sql::from("t"), table)]
}

fn new_value(table: &Table, column: u32) -> Sql {
    let column_form = Form::Storage(storage::of(&table.column(column).ty));
    let value = Sql::input(Input { value: Bound::New(column), form: column_form });
    native::written(value, table.column(column))
}
