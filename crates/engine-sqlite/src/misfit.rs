//! Rows that do not fit the shape that a migration gives their table, in the words of PostgreSQL's ALTER TABLE.

use mainstay_base::Problem;
use mainstay_catalog::{Column, Table};
use mainstay_dialect::sqlite::{self, STORAGE_CHECK};
use mainstay_expr::Modifier;
use mainstay_migrate::Change;
use rusqlite::ffi;

use crate::errors;
use crate::violation::{Violated, Violation};

/// What a statement of a change to `table` failed with.
pub(crate) fn misfit(error: &rusqlite::Error, table: Option<&Table>, change: &Change) -> Problem {
    let Some(table) = table else { return errors::plain(error) };
    let Some((code, message)) = Violation::constraint(error) else {
        return in_rows_of(table, change, errors::plain(error));
    };
    let (_, what) = message.split_once("constraint failed: ").unwrap_or_default();
    let name = sqlite::table_name(table);
    // The rows may be on their way into the table that will take the old one's name.
    let what = what.replace(&format!("{}.", sqlite::building_name(table)), &format!("{name}."));
    let problem = match code {
        ffi::SQLITE_CONSTRAINT_NOTNULL => not_null(table, &name, &what),
        ffi::SQLITE_CONSTRAINT_CHECK => Some(check(table, &what)),
        ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID => {
            unique(table, &what)
        }
        _ => None,
    };
    problem.unwrap_or_else(|| errors::plain(error))
}

/// A value that cannot be converted is told by the conversion, which does not know where the value is.
fn in_rows_of(table: &Table, change: &Change, problem: Problem) -> Problem {
    match change {
        Change::RebuildTable(rebuild) if problem.details().is_none() => {
            problem.with_details(format!("In a row of table \"{}\": {}.", table.name, rebuild.why.join(", ")))
        }
        _ => problem,
    }
}

fn not_null(table: &Table, name: &str, what: &str) -> Option<Problem> {
    let column = what.strip_prefix(&format!("{name}."))?;
    let message = format!("column \"{column}\" of relation \"{}\" contains null values", table.name);
    Some(Problem::new("23502", message))
}

fn check(table: &Table, what: &str) -> Problem {
    let typed = what.strip_prefix(STORAGE_CHECK);
    match typed.and_then(|name| table.columns.iter().find(|column| column.name == name)) {
        Some(column) => type_check(table, column),
        None => Problem::new(
            "23514",
            format!("check constraint \"{what}\" of relation \"{}\" is violated by some row", table.name),
        ),
    }
}

/// The check that keeps a column's values within its type.
fn type_check(table: &Table, column: &Column) -> Problem {
    let (code, message) = match column.ty.modifier {
        Modifier::Length(_) => ("22001", format!("value too long for type {}", column.ty)),
        _ => ("22000", format!("a value is none of type {}", column.ty)),
    };
    let place = format!("In column \"{}\" of table \"{}\".", column.name, table.name);
    Problem::new(code, message).with_details(place)
}

fn unique(table: &Table, what: &str) -> Option<Problem> {
    let key = Violated::find(table, what)?;
    let problem = Problem::new("23505", format!("could not create unique index \"{}\"", key.name()));
    let Some(columns) = key.columns() else { return Some(problem) };
    let names: Vec<&str> = columns.iter().map(|column| table.column(*column).name.as_str()).collect();
    let key = names.join(", ");
    Some(problem.with_details(format!("Key ({key}) of table \"{}\" is duplicated.", table.name)))
}
