//! Which constraint a write violated, in PostgreSQL's words. SQLite names columns, but for a foreign key nothing at all: that
//! one is found by looking for the row that is missing or in the way.
//!
//! As in PostgreSQL, values are told only to those whom row-level security could not hide them from.

use mainstay_base::Problem;
use mainstay_catalog::{Catalog, Index, Key, Table};
use mainstay_engine::{fill_generated, violation};
use mainstay_expr::{Session, TableId, Value};
use rusqlite::ffi;

use crate::bind::NewRow;
use crate::errors;
use crate::foreign_key::Search;
use crate::old_row;
use crate::statement::Statements;
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
            Some(violation::not_null(self.catalog, table, column, self.own(table, proposed), self.session))
        })
    }

    fn check(&self, name: &str, proposed: Option<&[Value]>) -> Option<Problem> {
        let (table, check) = self.tables().find_map(|table| {
            let check = table.checks.iter().find(|check| check.name == name)?;
            Some((table, check))
        })?;
        Some(violation::check(table, check, self.own(table, proposed), self.session))
    }

    fn unique(&self, what: &str, proposed: Option<&[Value]>) -> Option<Problem> {
        self.tables().find_map(|table| {
            let key = Violated::find(table, what)?;
            let text = self.own(table, proposed).and_then(|row| match key {
                Violated::Key(key) => Some(violation::key_text(table, &key.columns, row)),
                Violated::Index(index) => violation::index_key_text(table, index, row, self.session),
            });
            Some(violation::duplicate(table, key.name(), text, self.session))
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

/// What forbids a row that there is already.
#[derive(Clone, Copy)]
pub(crate) enum Violated<'t> {
    Key(&'t Key),
    Index(&'t Index),
}

impl<'t> Violated<'t> {
    /// What SQLite means by a list of columns, or by an index's name where the index has expressions.
    pub fn find(table: &'t Table, what: &str) -> Option<Self> {
        let name = table_name(table);
        let listed = |columns: &[u32]| {
            let names: Vec<String> =
                columns.iter().map(|column| format!("{name}.{}", table.column(*column).name)).collect();
            names.join(", ") == what
        };
        let indexed =
            |name: &str| what == format!("index '{}'", mainstay_dialect::sqlite::index_name(table, name));
        let mut keys = table.primary_key.iter().chain(&table.uniques);
        let mut indexes = table.indexes.iter().filter(|index| index.unique);
        keys.find(|key| listed(&key.columns) || indexed(&key.name)).map(Self::Key).or_else(|| {
            let is_meant =
                |index: &&Index| indexed(&index.name) || index.columns().as_deref().is_some_and(listed);
            indexes.find(is_meant).map(Self::Index)
        })
    }

    pub fn name(self) -> &'t str {
        match self {
            Self::Key(key) => &key.name,
            Self::Index(index) => &index.name,
        }
    }

    /// None if it is of expressions.
    pub fn columns(self) -> Option<Vec<u32>> {
        match self {
            Self::Key(key) => Some(key.columns.clone()),
            Self::Index(index) => index.columns(),
        }
    }
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
