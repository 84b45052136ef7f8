//! Steps of a migration as SQLite does them. What ALTER TABLE cannot do is a new table that the rows move into.
//!
//! Foreign keys must be off (`PRAGMA foreign_keys`) when the transaction begins: dropping a table would otherwise delete
//! its rows one by one, and what cascades from them. They are checked with `PRAGMA foreign_key_check` before it commits.

use mainstay_base::Result;
use mainstay_catalog::{Catalog, Identity, Table};
use mainstay_expr::SourceId;
use mainstay_migrate::{Change, Fill, Migration, Rebuild, Step};

use super::ddl::{
    add_column, create_index, create_table, drop_index, drop_table, finished, identifier, table_indexes,
    table_statement,
};
use super::render::{Sqlite, row_id_name, statement};
use super::{Sql, Statement, table_name};
use crate::Constant;
use crate::render::{Renderer, alias};
use crate::sql::sql;
use crate::storage::Storage;

/// Something to run for a step.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// It takes a moment.
    Run(Statement),
    /// It moves every row of a table, and can want values of the session.
    Copy {
        /// The table's name in the database.
        table: String,
        /// The statement; it adds as many rows as there are in the table.
        statement: Statement,
    },
}

/// What a step does, in order.
///
/// Fails with `0A000` for a table that SQLite cannot keep.
pub fn migration(migration: &Migration, step: &Step) -> Result<Vec<Action>> {
    let (from, to) = (&*migration.from, &*migration.to);
    let statements = match &step.change {
        Change::CreateTable(table) => create_table(to, to.table(*table))?,
        Change::DropTable { dropped } => vec![drop_table(from.table(*dropped))?],
        Change::AddColumn { table, column } => {
            let table = to.table(*table);
            vec![add_column(to, table, table.column(*column))?]
        }
        Change::RebuildTable(rebuild) => return rebuilt(from, to, rebuild),
        Change::CreateIndex { table, index } => {
            let table = to.table(*table);
            vec![create_index(to, table, &table.indexes[*index as usize])?]
        }
        Change::DropIndex { dropped, index } => {
            let table = from.table(*dropped);
            vec![drop_index(table, &table.indexes[*index as usize])?]
        }
        Change::Meaning(_) => Vec::new(),
    };
    Ok(statements.into_iter().map(Action::Run).collect())
}

/// The name of a table while rows move into it.
pub fn building_name(table: &Table) -> String {
    format!("mainstay.building.{}", table_name(table))
}

/// A new table under a name of its own, the rows, and then the old name.
fn rebuilt(from: &Catalog, to: &Catalog, rebuild: &Rebuild) -> Result<Vec<Action>> {
    let (old, new) = (from.table(rebuild.from), to.table(rebuild.to));
    let name = table_name(new);
    let building = building_name(new);
    let mut actions = vec![
        Action::Run(table_statement(to, new, &building)?),
        Action::Copy { table: table_name(old), statement: copy(from, old, new, &building, rebuild)? },
        Action::Run(drop_table(old)?),
        Action::Run(finished(sql!["ALTER TABLE ", identifier(&building), " RENAME TO ", identifier(&name)])?),
    ];
    actions.extend(table_indexes(to, new)?.into_iter().map(Action::Run));
    Ok(actions)
}

fn copy(from: &Catalog, old: &Table, new: &Table, building: &str, rebuild: &Rebuild) -> Result<Statement> {
    let mut renderer = Renderer::of_aliased_row(&Sqlite, from, old);
    let mut names = Vec::new();
    let mut values = Vec::new();
    for (position, fill) in &rebuild.fills {
        let column = new.column(*position);
        names.push(identifier(&column.name));
        values.push(match fill {
            Fill::Expr(expr) => renderer.value_as(expr, &Storage::of(&column.ty))?,
            Fill::Identity(identity) => next_of(old, identity),
        });
    }
    let row = alias(SourceId::ROW);
    Ok(statement(
        sql![
            "INSERT INTO ",
            identifier(building),
            " (",
            Sql::join(names, ", "),
            ") SELECT ",
            Sql::join(values, ", "),
            " FROM ",
            identifier(&table_name(old)),
            " AS ",
            row,
            " ORDER BY ",
            row_number(old)
        ],
        Vec::new(),
    ))
}

fn row_number(table: &Table) -> Sql {
    alias(SourceId::ROW).then(".").then(row_id_name(table))
}

/// The number that a row gets from a new sequence, by its place among the rows.
fn next_of(old: &Table, identity: &Identity) -> Sql {
    let number = |number| Sql::constant(Constant::Int(number));
    let place = sql!["(row_number() OVER (ORDER BY ", row_number(old), ") - 1)"];
    sql!["(", number(identity.start), " + ", place, " * ", number(identity.increment), ")"]
}
