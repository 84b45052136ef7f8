//! Tables and indexes as SQLite keeps them: STRICT tables whose checks hold what the types promise.
//!
//! Views, functions and policies are not created: they are part of every plan that needs them.

use mainstay_base::{Problem, Result};
use mainstay_catalog::{
    Catalog, Check, Column, ColumnDefault, ForeignKey, Index, IndexKey, Key, ReferentialAction, Table,
};
use mainstay_expr::{Expr, ExprKind, Modifier, TableId, Type};

use super::render::Sqlite;
use super::{Sql, Statement, index_name, table_name};
use crate::render::Renderer;
use crate::sql::sql;
use crate::storage::Storage;
use crate::{Constant, Quoting};

/// What the name of a check that only guards a column's storage begins with; the column's name follows. Values that were
/// read as their type never fail it.
pub const STORAGE_CHECK: &str = "mainstay_type_";

/// Everything in a schema that SQLite cannot keep, with the table that it belongs to.
pub fn check(catalog: &Catalog) -> Vec<(TableId, Problem)> {
    let mut problems = Vec::new();
    let tables: Vec<&Table> = catalog.tables.iter().filter(|table| !table.is_view()).collect();
    for (position, table) in tables.iter().enumerate() {
        let name = table_name(table);
        let is_same = |other: &&&Table| table_name(other).eq_ignore_ascii_case(&name);
        if let Some(other) = tables[..position].iter().find(is_same) {
            problems.push((table.id, same_name("tables", &table_name(other), &name)));
        }
        for (position, column) in table.columns.iter().enumerate() {
            let before = &table.columns[..position];
            if let Some(other) = before.iter().find(|other| other.name.eq_ignore_ascii_case(&column.name)) {
                problems.push((table.id, same_name("columns", &other.name, &column.name)));
            }
        }
        problems.extend(create_table(catalog, table).err().map(|problem| (table.id, problem)));
    }
    problems
}

fn same_name(what: &str, one: &str, other: &str) -> Problem {
    let message = format!("{what} \"{one}\" and \"{other}\" have the same name for SQLite");
    Problem::new("0A000", message).with_details("SQLite does not tell upper from lower case in names.")
}

/// `CREATE TABLE` and the `CREATE INDEX`es of a table.
///
/// Fails with `0A000` for expressions that SQLite cannot keep: those that depend on the session.
pub fn create_table(catalog: &Catalog, table: &Table) -> Result<Vec<Statement>> {
    let mut statements = vec![table_statement(catalog, table, &table_name(table))?];
    statements.extend(table_indexes(catalog, table)?);
    Ok(statements)
}

/// `CREATE TABLE` under a name of its own, without indexes.
pub(super) fn table_statement(catalog: &Catalog, table: &Table, name: &str) -> Result<Statement> {
    let mut parts = Vec::new();
    for column in &table.columns {
        parts.push(column_definition(catalog, table, column)?);
    }
    parts.extend(table.primary_key.iter().filter(|_| row_id_column(table).is_none()).map(|key| {
        sql!["CONSTRAINT ", identifier(&key.name), " PRIMARY KEY ", columns(table, &key.columns)]
    }));
    for key in table.uniques.iter().filter(|key| is_plain(catalog, table, key)) {
        let columns = columns(table, &key.columns);
        parts.push(sql!["CONSTRAINT ", identifier(&key.name), " UNIQUE ", columns]);
    }
    for check in &table.checks {
        parts.push(check_definition(catalog, table, check)?);
    }
    for key in &table.foreign_keys {
        parts.push(foreign_key(catalog, table, key)?);
    }
    let body = Sql::join(parts, ",\n  ");
    finished(sql!["CREATE TABLE ", identifier(name), " (\n  ", body, "\n) STRICT"])
}

/// The indexes of a table, those that stand for constraints included.
pub(super) fn table_indexes(catalog: &Catalog, table: &Table) -> Result<Vec<Statement>> {
    let keys = table.uniques.iter().filter(|key| compares_nulls(table, key));
    let mut statements =
        keys.map(|key| nulls_index(table, &key.name, &key.columns)).collect::<Result<Vec<_>>>()?;
    for index in &table.indexes {
        statements.push(create_index(catalog, table, index)?);
    }
    Ok(statements)
}

/// `CREATE INDEX`.
pub fn create_index(catalog: &Catalog, table: &Table, index: &Index) -> Result<Statement> {
    let mut keys = Vec::new();
    for key in &index.keys {
        keys.push(index_key(catalog, table, index, key)?);
    }
    let opening = if index.unique { "CREATE UNIQUE INDEX " } else { "CREATE INDEX " };
    let name = identifier(&index_name(table, &index.name));
    let keys = Sql::join(keys, ", ").parenthesized();
    let mut sql = sql![opening, name, " ON ", identifier(&table_name(table)), " ", keys];
    if let Some(filter) = &index.filter {
        sql = sql.then(" WHERE ").then(Renderer::of_row(&Sqlite, catalog, table).value(filter)?.0);
    }
    finished(sql)
}

/// `DROP TABLE`; its indexes go with it.
pub fn drop_table(table: &Table) -> Result<Statement> {
    finished(sql!["DROP TABLE ", identifier(&table_name(table))])
}

/// `DROP INDEX`.
pub fn drop_index(table: &Table, index: &Index) -> Result<Statement> {
    finished(sql!["DROP INDEX ", identifier(&index_name(table, &index.name))])
}

/// `ALTER TABLE … ADD COLUMN`. The column's default, when it has one, is a constant and fills the rows there are.
pub fn add_column(catalog: &Catalog, table: &Table, column: &Column) -> Result<Statement> {
    let definition = column_definition(catalog, table, column)?;
    let mut sql = sql!["ALTER TABLE ", identifier(&table_name(table)), " ADD COLUMN ", definition];
    if let ColumnDefault::Expr(Expr { kind: ExprKind::Literal(value), .. }) = &column.default {
        let default = Storage::of(&column.ty).encode(value)?.into();
        sql = sql.then(" DEFAULT ").then(Sql::constant(default));
    }
    finished(sql)
}

/// The primary key's only column when it is an integer: SQLite's own row number.
pub fn row_id_column(table: &Table) -> Option<u32> {
    match table.primary_key.as_ref()?.columns.as_slice() {
        [column] if table.column(*column).ty.ty.is_integer() => Some(*column),
        _ => None,
    }
}

fn column_definition(catalog: &Catalog, table: &Table, column: &Column) -> Result<Sql> {
    let storage = Storage::of(&column.ty);
    let mut sql = sql![identifier(&column.name), " ", storage.declared()];
    if row_id_column(table).is_some_and(|key| std::ptr::eq(table.column(key), column)) {
        let name = table.primary_key.as_ref().map_or("", |key| key.name.as_str());
        return Ok(sql.then(" CONSTRAINT ").then(identifier(name)).then(" PRIMARY KEY"));
    }
    if let Some(collation) = storage.collation() {
        sql = sql.then(" COLLATE ").then(collation.name());
    }
    if column.not_null {
        sql = sql.then(" NOT NULL");
    }
    if let Some(check) = storage_check(column) {
        let name = identifier(&format!("{STORAGE_CHECK}{}", column.name));
        sql = sql.then(" CONSTRAINT ").then(name).then(" CHECK (").then(check).then(")");
    }
    match &column.default {
        ColumnDefault::Generated(expr) => {
            let value = Renderer::of_row(&Sqlite, catalog, table).value_as(expr, &storage)?;
            sql = sql.then(" GENERATED ALWAYS AS (").then(value).then(") STORED");
        }
        ColumnDefault::Expr(expr) if is_set_by_a_foreign_key(table, column) => {
            let value = Renderer::of_row(&Sqlite, catalog, table).value_as(expr, &storage)?;
            sql = sql.then(" DEFAULT (").then(value).then(")");
        }
        _ => {}
    }
    Ok(sql)
}

/// ON DELETE SET DEFAULT happens inside SQLite, which must then know the default.
fn is_set_by_a_foreign_key(table: &Table, column: &Column) -> bool {
    table.foreign_keys.iter().any(|key| {
        (key.on_delete == ReferentialAction::SetDefault || key.on_update == ReferentialAction::SetDefault)
            && key.columns.iter().any(|own| std::ptr::eq(table.column(*own), column))
    })
}

/// What every value of the column's type keeps to.
fn storage_check(column: &Column) -> Option<Sql> {
    let name = identifier(&column.name);
    let length = match column.ty.modifier {
        Modifier::Length(length) => Some(Sql::constant(Constant::Int(i64::from(length)))),
        _ => None,
    };
    Some(match &column.ty.ty {
        Type::Bool => sql![name, " IN (0, 1)"],
        Type::Varchar => sql!["length(", name, ") <= ", length?],
        Type::Bpchar => sql!["length(", name, ") = ", length?],
        Type::Enum(declared) => {
            let labels = declared.labels.iter().map(Sql::text);
            sql![name, " IN (", Sql::join(labels, ", "), ")"]
        }
        Type::Json | Type::Jsonb | Type::Array(_) => sql!["json_valid(", name, ")"],
        _ => return None,
    })
}

fn check_definition(catalog: &Catalog, table: &Table, check: &Check) -> Result<Sql> {
    let (condition, _) = Renderer::of_row(&Sqlite, catalog, table).value(&check.expr)?;
    Ok(sql!["CONSTRAINT ", identifier(&check.name), " CHECK (", condition, ")"])
}

/// SQLite checks RESTRICT at each row; PostgreSQL at the end of the statement, when rows that refer to one another may all be gone. That
/// is what NO ACTION means in both, unless it is put off further.
fn action(key: &ForeignKey, action: ReferentialAction) -> &'static str {
    match action {
        ReferentialAction::Restrict if !key.initially_deferred => ReferentialAction::NoAction.keyword(),
        action => action.keyword(),
    }
}

fn foreign_key(catalog: &Catalog, table: &Table, key: &ForeignKey) -> Result<Sql> {
    let target = catalog.table(key.target);
    for (own, referenced) in key.columns.iter().zip(&key.target_columns) {
        let (own, referenced) = (table.column(*own), target.column(*referenced));
        if Storage::of(&own.ty).collated() != Storage::of(&referenced.ty).collated() {
            let message = format!("foreign key constraint \"{}\" cannot be kept by SQLite", key.name);
            return Err(Problem::new("0A000", message).with_details(format!(
                "Columns \"{}\" of type {} and \"{}\" of type {} are stored differently.",
                own.name, own.ty, referenced.name, referenced.ty
            )));
        }
    }
    let mut sql = sql![
        "CONSTRAINT ",
        identifier(&key.name),
        " FOREIGN KEY ",
        columns(table, &key.columns),
        " REFERENCES ",
        identifier(&table_name(target)),
        " ",
        columns(target, &key.target_columns),
        " ON DELETE ",
        action(key, key.on_delete),
        " ON UPDATE ",
        action(key, key.on_update)
    ];
    if key.deferrable {
        let mode = if key.initially_deferred { "DEFERRED" } else { "IMMEDIATE" };
        sql = sql.then(" DEFERRABLE INITIALLY ").then(mode);
    }
    Ok(sql)
}

/// Whether NULLs of the key can meet and are to be equal: SQLite's UNIQUE would let both in.
fn compares_nulls(table: &Table, key: &Key) -> bool {
    key.nulls_not_distinct && key.columns.iter().any(|column| !table.column(*column).not_null)
}

/// Whether a key is said as UNIQUE: foreign keys can only refer to such a one.
fn is_plain(catalog: &Catalog, table: &Table, key: &Key) -> bool {
    let is_target = || {
        catalog.tables.iter().flat_map(|other| &other.foreign_keys).any(|foreign| {
            foreign.target == table.id
                && foreign.target_columns.len() == key.columns.len()
                && foreign.target_columns.iter().all(|column| key.columns.contains(column))
        })
    };
    !compares_nulls(table, key) || is_target()
}

fn nulls_index(table: &Table, name: &str, columns: &[u32]) -> Result<Statement> {
    let keys = columns.iter().map(|column| {
        let column = table.column(*column);
        nulls_equal(identifier(&column.name), &Storage::of(&column.ty), !column.not_null)
    });
    finished(sql![
        "CREATE UNIQUE INDEX ",
        identifier(&index_name(table, name)),
        " ON ",
        identifier(&table_name(table)),
        " (",
        Sql::join(keys, ", "),
        ")"
    ])
}

/// A key under which NULLs are equal: a value that the storage cannot hold stands for them.
fn nulls_equal(value: Sql, storage: &Storage, nullable: bool) -> Sql {
    if !nullable {
        return value;
    }
    let nothing = if *storage == Storage::Bytea { "''" } else { "x''" };
    let key = sql!["coalesce(", value, ", ", nothing, ")"];
    match storage.collation() {
        Some(collation) => key.then(" COLLATE ").then(collation.name()),
        None => key,
    }
}

fn index_key(catalog: &Catalog, table: &Table, index: &Index, key: &IndexKey) -> Result<Sql> {
    let (value, storage) = Renderer::of_row(&Sqlite, catalog, table).value(&key.expr)?;
    let column = match key.expr.kind {
        ExprKind::Column(column) => Some(table.column(column.column)),
        _ => None,
    };
    let nullable = column.is_none_or(|column| !column.not_null);
    let sql = if index.unique && index.nulls_not_distinct && nullable {
        nulls_equal(value, &storage, true)
    } else {
        match storage.collation() {
            Some(collation) if column.is_none() => value.then(" COLLATE ").then(collation.name()),
            _ => value,
        }
    };
    Ok(if key.descending { sql.then(" DESC") } else { sql })
}

fn columns(table: &Table, columns: &[u32]) -> Sql {
    let names = columns.iter().map(|column| identifier(&table.column(*column).name));
    Sql::join(names, ", ").parenthesized()
}

pub(super) fn identifier(name: &str) -> Sql {
    Sql::identifier(name)
}

/// A statement that SQLite stores as its text: nothing can be bound to it.
pub(super) fn finished(sql: Sql) -> Result<Statement> {
    if sql.inputs().next().is_some() {
        return Err(Problem::new(
            "0A000",
            "this expression depends on the session, and SQLite cannot keep it",
        ));
    }
    let (text, inputs) = sql.finish(Quoting::Double);
    Ok(Statement { text, inputs, columns: Vec::new() })
}
