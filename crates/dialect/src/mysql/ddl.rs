//! Tables and indexes as InnoDB keeps them.
//!
//! Views, functions and policies are not created: they are part of every plan that needs them. Foreign keys come after all tables,
//! so that their order is free.

mod column;
mod index;

use mainstay_base::{Problem, Result};
use mainstay_catalog::{Catalog, Check, ForeignKey, ReferentialAction, Table};
use mainstay_expr::{CompareOp, Expr, FromItem, Item, Rights, Select, SourceId, TableId, TableSource};

use super::flavour::Flavour;
use super::kept::{kept, left_checks};
use super::render::MySql;
use super::statement::Statement;
use super::storage::{self, Storage};
use super::{Restriction, Sql, rest};
use crate::Quoting;
use crate::dialect::Dialect;
use crate::render::Renderer;
use crate::sql::sql;

pub(super) use column::column_definition;
pub(super) use index::{create_index, drop_index, kept_column};

/// The column that tells the rows of a table apart that has no primary key. Other programs do not see it.
pub const HIDDEN_KEY: &str = "_mainstay_row";

/// What tells a table's rows apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowKey {
    /// The columns of its primary key.
    Columns(Vec<u32>),
    /// [`HIDDEN_KEY`]
    Hidden,
}

/// What tells a table's rows apart.
pub fn row_key(table: &Table) -> RowKey {
    table.primary_key.as_ref().map_or(RowKey::Hidden, |key| RowKey::Columns(key.columns.clone()))
}

/// How the values of [`row_key`] are kept.
pub fn row_storages(table: &Table) -> Vec<Storage> {
    match row_key(table) {
        RowKey::Columns(columns) => {
            columns.iter().map(|column| storage::of(&table.column(*column).ty)).collect()
        }
        RowKey::Hidden => vec![Storage::Int],
    }
}

/// The columns of [`row_key`] by name.
pub(super) fn row_key_columns(table: &Table) -> Vec<Sql> {
    match row_key(table) {
        RowKey::Columns(columns) => columns.iter().map(|column| named(table, *column)).collect(),
        RowKey::Hidden => vec![Sql::from(HIDDEN_KEY)],
    }
}

/// Characters that a name can have.
const NAME_MAX: usize = 64;

/// A table's name in the database: that of the table in schema `public`, else `schema.name`. We reserve the prefix `_mainstay_`;
/// names that could be taken for another's are written in full.
pub fn table_name(table: &Table) -> String {
    let name = &table.name;
    let is_reserved = name.get(..10).is_some_and(|start| start.eq_ignore_ascii_case("_mainstay_"));
    if table.schema == "public" && !name.contains('.') && !is_reserved {
        name.clone()
    } else {
        shortened(format!("{}.{name}", table.schema))
    }
}

/// The name of a constraint or index in the database.
pub fn constraint_name(name: &str) -> String {
    shortened(name.to_owned())
}

/// A name that fits; what is cut off is told by a checksum.
fn shortened(name: String) -> String {
    if name.chars().count() <= NAME_MAX { name } else { summed(&name, &[&name]) }
}

/// The beginning of a name with a checksum.
fn summed(name: &str, of: &[&str]) -> String {
    let sum = of
        .iter()
        .flat_map(|text| text.bytes())
        .fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{}~{sum:016x}", beginning(name))
}

/// What is left of a name beside a checksum.
fn beginning(name: &str) -> String {
    name.chars().take(NAME_MAX - 17).collect()
}

/// The name of a table's check. Two columns of one domain share its checks' names.
fn check_name(table: &Table, position: usize) -> String {
    let name = &table.checks[position].name;
    match table.checks[..position].iter().any(|other| other.name == *name) {
        true => format!("{name}_{position}"),
        false => name.clone(),
    }
}

/// The same in the database. MySQL has such names once in a database, and the table that is in use keeps its own while another is
/// built beside it.
fn built_check_name(flavour: Flavour, name: String, build: Build<'_>) -> String {
    match flavour {
        Flavour::MariaDb => shortened(name),
        Flavour::MySql => summed(&name, &[build.table, "~", build.migration, "~", &name]),
    }
}

/// Whether the database means a table's check by a name.
pub fn is_check(table: &Table, position: usize, said: &str) -> bool {
    let name = check_name(table, position);
    let is_built = |(start, sum): (&str, &str)| sum.len() == 16 && start == beginning(&name);
    said == shortened(name.clone()) || said.rsplit_once('~').is_some_and(is_built)
}

/// Where a table is built: under which name, and in which migration.
#[derive(Clone, Copy)]
pub(super) struct Build<'b> {
    pub table: &'b str,
    pub migration: &'b str,
}

/// Everything in a schema that this database cannot keep, with the table that it belongs to.
pub fn check(flavour: Flavour, catalog: &Catalog) -> Vec<(TableId, Problem)> {
    let mut problems = Vec::new();
    let tables: Vec<&Table> = catalog.tables.iter().filter(|table| !table.is_view()).collect();
    for (position, table) in tables.iter().enumerate() {
        let name = table_name(table);
        if let Some(other) =
            tables[..position].iter().find(|other| table_name(other).eq_ignore_ascii_case(&name))
        {
            problems.push((table.id, same_name(&table_name(other), &name)));
        }
        let built = || -> Result<()> {
            create_table(flavour, catalog, table, Build { table: &name, migration: "" })?;
            for index in &table.indexes {
                create_index(flavour, catalog, table, index, &name)?;
            }
            for key in &table.foreign_keys {
                add_foreign_key(catalog, table, key)?;
            }
            Ok(())
        };
        problems.extend(built().err().map(|problem| (table.id, problem)));
    }
    problems
}

fn same_name(one: &str, other: &str) -> Problem {
    let message = format!("tables \"{one}\" and \"{other}\" have the same name for MySQL");
    Problem::new("0A000", message).with_details("MySQL does not tell upper from lower case in such names.")
}

/// CREATE TABLE with everything but foreign keys and indexes, under a name of its own.
pub(super) fn create_table(
    flavour: Flavour,
    catalog: &Catalog,
    table: &Table,
    build: Build<'_>,
) -> Result<Statement> {
    let mut parts = Vec::new();
    for column in 0..table.columns.len() as u32 {
        parts.push(column_definition(flavour, catalog, table, column)?);
    }
    parts.push(match &table.primary_key {
        Some(key) => sql!["PRIMARY KEY ", columns(table, &key.columns)],
        None => sql![HIDDEN_KEY, " BIGINT NOT NULL AUTO_INCREMENT INVISIBLE PRIMARY KEY"],
    });
    for key in &table.uniques {
        parts.extend(index::unique_key(table, key)?);
    }
    let left = left_checks(catalog, table);
    for (position, check) in table.checks.iter().enumerate() {
        if !left.iter().any(|left| std::ptr::eq(*left, check)) {
            let name = built_check_name(flavour, check_name(table, position), build);
            parts.push(check_definition(flavour, catalog, table, check, name)?);
        }
    }
    parts.extend(kept(catalog, table).iter().filter_map(|kept| index::kept_column(table, kept)));
    let body = Sql::join(parts, ",\n  ");
    finished(sql![
        "CREATE TABLE ",
        Sql::identifier(build.table),
        " (\n  ",
        body,
        "\n) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE ",
        flavour.collation()
    ])
}

fn check_definition(
    flavour: Flavour,
    catalog: &Catalog,
    table: &Table,
    check: &Check,
    name: String,
) -> Result<Sql> {
    let dialect = MySql::new(flavour);
    let (condition, _) = Renderer::of_row(&dialect, catalog, table).value(&check.expr)?;
    if condition.inputs().next().is_some() {
        return Err(session_dependent());
    }
    Ok(sql!["CONSTRAINT ", Sql::identifier(name), " CHECK (", condition, ")"])
}

/// ALTER TABLE … ADD CONSTRAINT for a foreign key.
pub(super) fn add_foreign_key(catalog: &Catalog, table: &Table, key: &ForeignKey) -> Result<Statement> {
    let target = catalog.table(key.target);
    let refused = |why: &str| {
        let message = format!("foreign key constraint \"{}\" cannot be kept by MySQL", key.name);
        Err(Problem::new("0A000", message).with_details(why))
    };
    if key.deferrable {
        return refused("MySQL checks foreign keys with every row: DEFERRABLE is unknown to it.");
    }
    if key.on_update == ReferentialAction::SetDefault {
        return refused("MySQL has no SET DEFAULT, and we stand in for it when rows are deleted only.");
    }
    if key.on_delete == ReferentialAction::SetDefault && is_cascaded_to(target) {
        return refused("MySQL has no SET DEFAULT, and rows of the other table can go without our doing.");
    }
    for (own, referenced) in key.columns.iter().zip(&key.target_columns) {
        let (own, referenced) = (table.column(*own), target.column(*referenced));
        if !column::compare_alike(&own.ty, &referenced.ty) {
            return refused(&format!(
                "Columns \"{}\" of type {} and \"{}\" of type {} are stored differently.",
                own.name, own.ty, referenced.name, referenced.ty
            ));
        }
    }
    finished(sql![
        "ALTER TABLE ",
        Sql::identifier(table_name(table)),
        " ADD CONSTRAINT ",
        Sql::identifier(constraint_name(&key.name)),
        " FOREIGN KEY ",
        columns(table, &key.columns),
        " REFERENCES ",
        Sql::identifier(table_name(target)),
        " ",
        columns(target, &key.target_columns),
        " ON DELETE ",
        match key.on_delete {
            // done by us before the row goes
            ReferentialAction::SetDefault => ReferentialAction::NoAction.keyword(),
            other => other.keyword(),
        },
        " ON UPDATE ",
        key.on_update.keyword()
    ])
}

/// Whether rows of a table go with those of another.
fn is_cascaded_to(table: &Table) -> bool {
    table.foreign_keys.iter().any(|key| key.on_delete == ReferentialAction::Cascade)
}

/// ALTER TABLE … DROP FOREIGN KEY.
pub(super) fn drop_foreign_key(table: &Table, key: &ForeignKey) -> Result<Statement> {
    let name = Sql::identifier(constraint_name(&key.name));
    finished(sql!["ALTER TABLE ", Sql::identifier(table_name(table)), " DROP FOREIGN KEY ", name])
}

/// The rows whose foreign key refers to nothing: one of them at most, with the columns of the key.
pub fn unreferenced(
    flavour: Flavour,
    catalog: &Catalog,
    table: &Table,
    key: &ForeignKey,
) -> Result<Statement> {
    unreferenced_in(&MySql::new(flavour), catalog, table, key)
}

/// The same, whatever the tables are called at the moment.
pub(super) fn unreferenced_in(
    dialect: &MySql,
    catalog: &Catalog,
    table: &Table,
    key: &ForeignKey,
) -> Result<Statement> {
    let (child, parent) = (SourceId(1), SourceId(2));
    let column = |source, table: &Table, column: &u32| {
        Expr::column(source, *column, table.column(*column).ty.ty.clone())
    };
    let target = catalog.table(key.target);
    let source = |source, table: &Table| {
        FromItem::Table(TableSource { source, table: table.id, rights: Rights::Definer, visible: None })
    };
    let own: Vec<Expr> = key.columns.iter().map(|own| column(child, table, own)).collect();
    let same = own.iter().zip(&key.target_columns).map(|(own, referenced)| {
        Expr::compare(CompareOp::Eq, own.clone(), column(parent, target, referenced))
    });
    let referenced =
        Select { from: vec![source(parent, target)], filter: Some(Expr::all(same)), ..Select::default() };
    let exists = Expr::bool(mainstay_expr::ExprKind::Exists(Box::new(referenced)));
    let is_set =
        own.iter().map(|own| Expr::bool(mainstay_expr::ExprKind::IsNull(Box::new(own.clone()))).negate());
    let items = own.iter().map(|own| Item { expr: own.clone(), name: String::new() }).collect();
    let select = Select {
        from: vec![source(child, table)],
        filter: Some(Expr::all(is_set.chain([exists.negate()]))),
        items,
        limit: Some(Expr::literal(mainstay_expr::Value::Int(1), mainstay_expr::Type::Int8)),
        ..Select::default()
    };
    rest::statement(dialect, catalog, &select, Restriction::None)
}

pub(super) fn columns(table: &Table, columns: &[u32]) -> Sql {
    Sql::join(columns.iter().map(|column| named(table, *column)), ", ").parenthesized()
}

fn named(table: &Table, column: u32) -> Sql {
    Sql::identifier(table.column(column).name.clone())
}

/// A statement that stands alone: nothing can be bound to it.
pub(super) fn finished(sql: Sql) -> Result<Statement> {
    if sql.inputs().next().is_some() {
        return Err(session_dependent());
    }
    let (text, inputs) = sql.finish_each(Quoting::Backtick);
    Ok(Statement { text, inputs, columns: Vec::new(), rest: None })
}

fn session_dependent() -> Problem {
    Problem::new("0A000", "this expression depends on the session, and MySQL cannot keep it")
}

/// What MySQL cannot keep of a table's expressions.
fn unsupported(dialect: &MySql, what: &str) -> Problem {
    dialect.unsupported(what)
}
