//! Finds rows whose foreign keys lead nowhere, after changes that were not checked as they were made.

use mainstay_base::{Problem, Result};
use mainstay_catalog::{Catalog, ForeignKey, Table};
use mainstay_dialect::sqlite::table_name;
use mainstay_engine::violation;
use mainstay_expr::Session;
use rusqlite::{Connection, OptionalExtension};

use crate::statement::Statements;
use crate::{errors, old_row};

/// Fails with `23503` for the first row of these tables that refers to a row that is missing, in words for whoever asks.
pub(crate) fn check<'t>(
    connection: &Connection,
    catalog: &Catalog,
    tables: impl IntoIterator<Item = &'t Table>,
    session: &Session,
) -> Result<()> {
    for table in tables.into_iter().filter(|table| !table.foreign_keys.is_empty()) {
        let name = table_name(table);
        // A number of SQLite's own stands for the foreign key.
        let broken: Option<(i64, i64)> = connection
            .query_row("SELECT rowid, fkid FROM pragma_foreign_key_check(?1)", [&name], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()
            .map_err(|error| errors::plain(&error))?;
        if let Some((rowid, number)) = broken {
            return Err(problem(connection, catalog, table, rowid, number, session));
        }
    }
    Ok(())
}

fn problem(
    connection: &Connection,
    catalog: &Catalog,
    table: &Table,
    rowid: i64,
    number: i64,
    session: &Session,
) -> Problem {
    let columns = columns(connection, &table_name(table), number).unwrap_or_default();
    let is_meant = |key: &&ForeignKey| {
        key.columns.iter().map(|column| table.column(*column).name.as_str()).eq(columns.iter())
    };
    let Some(key) = table.foreign_keys.iter().find(is_meant) else {
        return Problem::new(
            "23503",
            format!("a row of table \"{}\" refers to a row that is missing", table.name),
        );
    };
    let row = old_row::read(&Statements::new(connection), catalog, table.id, rowid).ok();
    violation::missing_target(catalog, table, key, row.as_deref(), session)
}

/// The names of the columns of the foreign key that SQLite has given a number.
fn columns(connection: &Connection, table: &str, number: i64) -> rusqlite::Result<Vec<String>> {
    let mut statement =
        connection.prepare("SELECT \"from\" FROM pragma_foreign_key_list(?1) WHERE id = ?2 ORDER BY seq")?;
    let names = statement.query_map((table, number), |row| row.get(0))?;
    names.collect()
}
