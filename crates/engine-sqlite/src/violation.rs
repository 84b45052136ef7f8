//! Which constraint a write violated, in PostgreSQL's words. SQLite names columns, but for a foreign key nothing at all: that
//! one is found by looking for the row that is missing or in the way.
//!
//! As in PostgreSQL, values are told only to those whom row-level security could not hide them from.

use mainstay_base::Problem;
use mainstay_catalog::{Catalog, Key, Table};
use mainstay_engine::fill_generated;
use mainstay_expr::{ExprKind, Session, TableId, Value};
use rusqlite::ffi;

use crate::bind::NewRow;
use crate::errors;
use crate::foreign_key::Search;
use crate::old_row;
use crate::statement::Statements;
use crate::text;
use crate::write::Failed;

/// The write that failed.
#[derive(Clone, Copy)]
pub(crate) struct Violation<'v> {
    pub catalog: &'v Catalog,
    pub table: TableId,
    pub session: &'v Session,
}

impl Violation<'_> {
    /// For a row that could not become `new`; `rowid` is that of the existing row.
    pub fn of_new_row(
        &self,
        statements: &mut Statements<'_>,
        failed: Failed,
        new: &NewRow<'_>,
        rowid: Option<i64>,
    ) -> Problem {
        let error = match failed {
            Failed::Problem(problem) => return problem,
            Failed::Sqlite(error) => error,
        };
        let Some((code, message)) = Self::constraint(&error) else { return errors::plain(&error) };
        let table = self.catalog.table(self.table);
        let old = rowid.and_then(|rowid| old_row::read(statements, self.catalog, self.table, rowid).ok());
        let proposed = proposed(table, new, old.as_deref(), self.session);
        if code == ffi::SQLITE_CONSTRAINT_FOREIGNKEY {
            let search = Search { catalog: self.catalog, session: self.session };
            return search
                .missing_target(statements, table, &proposed)
                .or_else(|| {
                    let row = old.map(|old| (rowid.unwrap_or_default(), old));
                    search.in_the_way(statements, table, row.into_iter().collect())
                })
                .unwrap_or_else(unnamed_foreign_key);
        }
        self.named(code, &message, Some(&proposed)).unwrap_or_else(|| errors::plain(&error))
    }

    /// For rows that could not be removed.
    pub fn of_old_rows(&self, statements: &mut Statements<'_>, failed: Failed, rowids: &[i64]) -> Problem {
        let error = match failed {
            Failed::Problem(problem) => return problem,
            Failed::Sqlite(error) => error,
        };
        let Some((code, message)) = Self::constraint(&error) else { return errors::plain(&error) };
        if code != ffi::SQLITE_CONSTRAINT_FOREIGNKEY {
            return self.named(code, &message, None).unwrap_or_else(|| errors::plain(&error));
        }
        let search = Search { catalog: self.catalog, session: self.session };
        let rows = rowids
            .iter()
            .take(Search::ROWS_MAX)
            .filter_map(|rowid| {
                Some((*rowid, old_row::read(statements, self.catalog, self.table, *rowid).ok()?))
            })
            .collect();
        search
            .in_the_way(statements, self.catalog.table(self.table), rows)
            .unwrap_or_else(unnamed_foreign_key)
    }

    /// A violation that SQLite names by columns or by the constraint. The table may be one that a cascade reached; `proposed`
    /// is the row of the write's own table.
    fn named(&self, code: i32, message: &str, proposed: Option<&[Value]>) -> Option<Problem> {
        let (_, what) = message.split_once("constraint failed: ")?;
        match code {
            ffi::SQLITE_CONSTRAINT_NOTNULL => self.not_null(what, proposed),
            ffi::SQLITE_CONSTRAINT_CHECK => self.check(what, proposed),
            ffi::SQLITE_CONSTRAINT_UNIQUE
            | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
            | ffi::SQLITE_CONSTRAINT_ROWID => self.unique(what, proposed),
            _ => None,
        }
    }

    /// The write's own table first, then those that cascades can reach.
    fn tables(&self) -> impl Iterator<Item = &Table> {
        let own = self.catalog.table(self.table);
        std::iter::once(own).chain(self.catalog.tables.iter().filter(|table| table.id != self.table))
    }

    fn not_null(&self, what: &str, proposed: Option<&[Value]>) -> Option<Problem> {
        self.tables().find_map(|table| {
            let name = what.strip_prefix(&format!("{}.", table_name(table)))?;
            let column = table.column_position(name)?;
            Some(not_null(self.catalog, table, column, self.own(table, proposed), self.session))
        })
    }

    fn check(&self, name: &str, proposed: Option<&[Value]>) -> Option<Problem> {
        let (table, check) = self.tables().find_map(|table| {
            let check = table.checks.iter().find(|check| check.name == name)?;
            Some((table, check))
        })?;
        let message = match &check.domain {
            Some(domain) => format!("value for domain {domain} violates check constraint \"{name}\""),
            None => {
                format!("new row for relation \"{}\" violates check constraint \"{name}\"", table.name)
            }
        };
        let problem = Problem::new("23514", message);
        Some(match &check.domain {
            Some(_) => problem,
            None => with_failing_row(problem, table, self.own(table, proposed), self.session),
        })
    }

    fn unique(&self, what: &str, proposed: Option<&[Value]>) -> Option<Problem> {
        self.tables().find_map(|table| {
            let (name, columns) = violated_key(table, what)?;
            let message = format!("duplicate key value violates unique constraint \"{name}\"");
            let problem = Problem::new("23505", message);
            let row = self.own(table, proposed).filter(|_| may_tell(table, self.session));
            Some(match (row, columns) {
                (Some(row), Some(columns)) => {
                    let key = text::key(table, &columns, row);
                    problem.with_details(format!("Key {key} already exists."))
                }
                _ => problem,
            })
        })
    }

    /// The extended code and the message of a violated constraint.
    pub fn constraint(error: &rusqlite::Error) -> Option<(i32, String)> {
        match error {
            rusqlite::Error::SqliteFailure(failure, Some(message))
                if failure.code == rusqlite::ErrorCode::ConstraintViolation =>
            {
                // SQLite keeps ON DELETE RESTRICT by a trigger of its own, and the schema makes no others.
                let code = match failure.extended_code {
                    ffi::SQLITE_CONSTRAINT_TRIGGER => ffi::SQLITE_CONSTRAINT_FOREIGNKEY,
                    code => code,
                };
                Some((code, message.clone()))
            }
            _ => None,
        }
    }

    /// The proposed row, if it is one of this table.
    fn own<'p>(&self, table: &Table, proposed: Option<&'p [Value]>) -> Option<&'p [Value]> {
        proposed.filter(|_| table.id == self.table)
    }
}

/// A NULL where none may be. `row` is told in the details.
pub(crate) fn not_null(
    catalog: &Catalog,
    table: &Table,
    column: u32,
    row: Option<&[Value]>,
    session: &Session,
) -> Problem {
    let declared = table.column(column);
    let domain = declared.domain.and_then(|number| catalog.domains.get(number as usize));
    if let Some(domain) = domain.filter(|domain| domain.not_null) {
        return Problem::new("23502", format!("domain {} does not allow null values", domain.name));
    }
    let message = format!(
        "null value in column \"{}\" of relation \"{}\" violates not-null constraint",
        declared.name, table.name
    );
    with_failing_row(Problem::new("23502", message), table, row, session)
}

/// Whether row-level security could hide nothing of the table from whoever asks.
pub(crate) fn may_tell(table: &Table, session: &Session) -> bool {
    session.role.bypasses_row_security() || !table.row_security
}

fn with_failing_row(problem: Problem, table: &Table, row: Option<&[Value]>, session: &Session) -> Problem {
    match row.filter(|_| may_tell(table, session)) {
        Some(row) => problem.with_details(format!("Failing row contains {}.", text::row(table, row))),
        None => problem,
    }
}

/// The name of the key that SQLite's list of columns means, and its columns unless it has expressions.
pub(crate) fn violated_key<'t>(table: &'t Table, what: &str) -> Option<(&'t str, Option<Vec<u32>>)> {
    let listed = |columns: &[u32]| {
        let name = table_name(table);
        let names: Vec<String> =
            columns.iter().map(|column| format!("{name}.{}", table.column(*column).name)).collect();
        names.join(", ") == what
    };
    let constraints = table.primary_key.iter().chain(&table.uniques);
    let indexed =
        |name: &str| what == format!("index '{}'", mainstay_dialect::sqlite::index_name(table, name));
    let found = constraints.clone().find(|key: &&Key| listed(&key.columns) || indexed(&key.name));
    if let Some(key) = found {
        return Some((&key.name, Some(key.columns.clone())));
    }
    table.indexes.iter().filter(|index| index.unique).find_map(|index| {
        let columns: Option<Vec<u32>> = index
            .keys
            .iter()
            .map(|key| match key.expr.kind {
                ExprKind::Column(column) => Some(column.column),
                _ => None,
            })
            .collect();
        let matches = indexed(&index.name) || columns.as_deref().is_some_and(listed);
        matches.then_some((index.name.as_str(), columns))
    })
}

/// The row as it would have become: what is new, for the rest what was there, and what is generated of both.
pub(crate) fn proposed(
    table: &Table,
    new: &NewRow<'_>,
    old: Option<&[Value]>,
    session: &Session,
) -> Vec<Value> {
    let columns = 0..table.columns.len() as u32;
    let mut row: Vec<Value> = columns
        .map(|column| {
            let kept = || old.and_then(|old| old.get(column as usize).cloned()).unwrap_or(Value::Null);
            new.value(column).unwrap_or_else(kept)
        })
        .collect();
    fill_generated(table, &mut row, session);
    row
}

fn table_name(table: &Table) -> String {
    mainstay_dialect::sqlite::table_name(table)
}

fn unnamed_foreign_key() -> Problem {
    Problem::new("23503", "insert, update or delete violates a foreign key constraint")
}
