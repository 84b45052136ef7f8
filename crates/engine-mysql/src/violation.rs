//! Which constraint a write violated: the database names it, and tells of the row too little to tell it on.

use mainstay_base::{Problem, Result};
use mainstay_catalog::{Catalog, ForeignKey, Index, Table};
use mainstay_dialect::mysql::{self, constraint_name, is_adopted, table_name};
use mainstay_engine::{fill_generated, violation};
use mainstay_expr::{CompareOp, Expr, Session, SourceId, TableId, Value};
use mysql_async::{Error, ServerError};

use crate::bind::{NewRow, Values};
use crate::connection::{Connection, Failed};
use crate::errors;
use crate::existing::is_named;
use crate::place::Place;
use crate::render::{self, Query};

/// The most rows that are looked at for one error.
const ROWS_MAX: usize = 1_000;

/// What a key is made of.
enum Named<'t> {
    Columns(&'t [u32]),
    Index(&'t Index),
}

/// The write that failed.
#[derive(Clone, Copy)]
pub(crate) struct Violation<'v> {
    pub catalog: &'v Catalog,
    pub table: TableId,
    pub session: &'v Session,
}

impl Violation<'_> {
    /// For a row that could not be added.
    pub fn of_new(&self, failed: Failed, new: &NewRow<'_>) -> Problem {
        match failed {
            Failed::Problem(problem) => problem,
            Failed::MySql(error) => {
                let mut row = new.columns();
                fill_generated(self.catalog.table(self.table), &mut row, self.session);
                self.named(&error, Some(&row))
            }
        }
    }

    /// For rows that could not become what they were to be.
    pub async fn of_changed(
        &self,
        connection: &mut Connection,
        failed: Failed,
        new: &NewRow<'_>,
        places: &[Place],
    ) -> Failed {
        let Some(error) = constraint(&failed) else { return failed };
        let olds = self.old_rows(connection, &places[..places.len().min(ROWS_MAX)]).await;
        let olds = olds.unwrap_or_default();
        let table = self.catalog.table(self.table);
        if let Some((other, key)) = self.in_the_way(error) {
            let row = self.referenced(connection, other, key, &olds).await;
            return violation::still_referenced(
                self.catalog.table(key.target),
                other,
                key,
                row.as_deref(),
                self.session,
            )
            .into();
        }
        let mut rows = olds.into_iter().map(|old| {
            let mut row = merged(old, new);
            fill_generated(table, &mut row, self.session);
            row
        });
        let entry = entry(&error.message);
        let row = match places.len() {
            1 => rows.next(),
            // Of several rows the one that would have the entry which is there already.
            _ => rows.find(|row| {
                self.duplicated_key_of(error).is_some_and(|columns| joined(table, &columns, row) == entry)
            }),
        };
        self.named(&Error::Server(error.clone()), row.as_deref()).into()
    }

    /// For rows that could not be removed.
    pub async fn of_removed(&self, connection: &mut Connection, failed: Failed, places: &[Place]) -> Failed {
        let Some(error) = constraint(&failed) else { return failed };
        let Some((other, key)) = self.in_the_way(error) else {
            return self.named(&Error::Server(error.clone()), None).into();
        };
        let olds = match key.target == self.table {
            true => {
                let places = &places[..places.len().min(ROWS_MAX)];
                self.old_rows(connection, places).await.unwrap_or_default()
            }
            false => Vec::new(),
        };
        let row = self.referenced(connection, other, key, &olds).await;
        violation::still_referenced(self.catalog.table(key.target), other, key, row.as_deref(), self.session)
            .into()
    }

    /// A violation by what the database calls it. `row` is of the write's own table; the violation may be one of another that a
    /// cascade reached.
    pub fn named(&self, error: &Error, row: Option<&[Value]>) -> Problem {
        let Error::Server(server) = error else { return errors::plain(error) };
        let message = server.message.as_str();
        let own = |table: &Table| row.filter(|_| table.id == self.table);
        let named = match server.code {
            1062 => self.tables().find_map(|table| {
                let (name, key) = self.key(table, message)?;
                let text = own(table).and_then(|row| match key {
                    Named::Columns(columns) => Some(violation::key_text(table, columns, row)),
                    Named::Index(index) => violation::index_key_text(table, index, row, self.session),
                });
                Some(violation::duplicate(table, name, text, self.session))
            }),
            1216 | 1452 => self.foreign_key(message).map(|(table, key)| {
                violation::missing_target(self.catalog, table, key, own(table), self.session)
            }),
            1217 | 1451 => self.foreign_key(message).map(|(other, key)| {
                let table = self.catalog.table(key.target);
                violation::still_referenced(table, other, key, None, self.session)
            }),
            1048 | 1364 => quoted(message, '\'').and_then(|name| {
                let table = self.catalog.table(self.table);
                let column = table.column_position(name)?;
                Some(violation::not_null(self.catalog, table, column, row, self.session))
            }),
            3819 | 4025 => self.tables().find_map(|table| {
                let name = quoted(message, '`').or_else(|| quoted(message, '\''))?;
                let is_meant = |position: &usize| mysql::is_check(table, *position, name);
                let position = (0..table.checks.len()).find(is_meant)?;
                Some(violation::check(table, &table.checks[position], own(table), self.session))
            }),
            _ => None,
        };
        named.unwrap_or_else(|| self.misfit(server).unwrap_or_else(|| errors::plain(error)))
    }

    /// A value that its column's type cannot hold.
    fn misfit(&self, error: &ServerError) -> Option<Problem> {
        let name = quoted(&error.message, '\'').filter(|_| matches!(error.code, 1264 | 1406))?;
        let table = self.catalog.table(self.table);
        let ty = &table.column(table.column_position(name)?).ty;
        Some(match error.code {
            1264 => Problem::new("22003", format!("{ty} out of range")),
            _ if matches!(ty.ty, mainstay_expr::Type::Text) => {
                let message =
                    format!("a value of column \"{name}\" is too long for the index that it is a key of");
                Problem::new("54000", message)
            }
            _ => Problem::new("22001", format!("value too long for type {ty}")),
        })
    }

    /// The write's own table first, then those that cascades can reach.
    fn tables(&self) -> impl Iterator<Item = &Table> {
        let own = self.catalog.table(self.table);
        std::iter::once(own).chain(self.catalog.tables.iter().filter(|table| table.id != self.table))
    }

    /// The key of a table that a message means, and its columns unless it has expressions.
    fn key<'t>(&self, table: &'t Table, message: &str) -> Option<(&'t str, Named<'t>)> {
        let (_, said) = message.rsplit_once(" for key '")?;
        let said = said.trim_end_matches('\'');
        let (before, bare) = said.rsplit_once('.').unwrap_or(("", said));
        let is_named = |name: &str| match before {
            "" => is_called(table, name, said) && table.id == self.table,
            _ => {
                let is_new = before.starts_with("_mainstay_new_") && table.id == self.table;
                let is_before = is_new || before == table_name(table);
                said == name || (is_called(table, name, bare) && is_before)
            }
        };
        if let Some(key) = table.primary_key.as_ref().filter(|_| is_named("PRIMARY")) {
            return Some((&key.name, Named::Columns(&key.columns)));
        }
        if let Some(key) = table.uniques.iter().find(|key| is_named(&constraint_name(&key.name))) {
            return Some((&key.name, Named::Columns(&key.columns)));
        }
        let index = table.indexes.iter().find(|index| is_named(&constraint_name(&index.name)))?;
        Some((&index.name, Named::Index(index)))
    }

    /// The columns of the key that a row would have had twice.
    pub fn duplicated_key(&self, failed: &Failed) -> Option<Vec<u32>> {
        self.duplicated_key_of(constraint(failed)?)
    }

    fn duplicated_key_of(&self, error: &ServerError) -> Option<Vec<u32>> {
        if error.code != 1062 {
            return None;
        }
        match self.key(self.catalog.table(self.table), &error.message)?.1 {
            Named::Columns(columns) => Some(columns.to_vec()),
            Named::Index(index) => index.columns(),
        }
    }

    /// The foreign key that a message means, and whose it is.
    fn foreign_key(&self, message: &str) -> Option<(&Table, &ForeignKey)> {
        let (_, said) = message.split_once("CONSTRAINT `")?;
        let (name, _) = said.split_once("` FOREIGN KEY")?;
        self.tables().find_map(|table| {
            let key = table.foreign_keys.iter().find(|key| constraint_name(&key.name) == name)?;
            Some((table, key))
        })
    }

    /// The foreign key that is in the way of a change.
    fn in_the_way(&self, error: &ServerError) -> Option<(&Table, &ForeignKey)> {
        matches!(error.code, 1217 | 1451).then(|| self.foreign_key(&error.message)).flatten()
    }

    /// The row that a row of `other` still refers to.
    async fn referenced(
        &self,
        connection: &mut Connection,
        other: &Table,
        key: &ForeignKey,
        rows: &[Vec<Value>],
    ) -> Option<Vec<Value>> {
        if key.target != self.table {
            return None;
        }
        let source = SourceId(1);
        let filter = Expr::all(key.columns.iter().zip(0u32..).map(|(&column, slot)| {
            let ty = other.column(column).ty.ty.clone();
            Expr::compare(CompareOp::Eq, Expr::column(source, column, ty.clone()), Expr::slot(slot, ty))
        }));
        let found =
            mysql::select_rows(connection.flavour, self.catalog, other.id, source, &filter, &[]).ok()?;
        let found = Query::new(found);
        for row in rows.iter().take(ROWS_MAX) {
            let wanted: Vec<Value> = key
                .target_columns
                .iter()
                .map(|column| row.get(*column as usize).cloned().unwrap_or(Value::Null))
                .collect();
            let mut is_referenced = false;
            let values = Values::of(&wanted, self.session);
            let asked = connection.rows(&found, &values, |_| {
                is_referenced = true;
                Ok(())
            });
            asked.await.ok()?;
            if is_referenced {
                return Some(row.clone());
            }
        }
        None
    }

    /// The rows in question as they will be.
    pub async fn changed_rows(
        &self,
        connection: &mut Connection,
        new: &NewRow<'_>,
        places: &[Place],
    ) -> Result<Vec<Vec<Value>>> {
        let olds = self.old_rows(connection, places).await?;
        Ok(olds.into_iter().map(|old| merged(old, new)).collect())
    }

    /// The rows in question as they are.
    async fn old_rows(&self, connection: &mut Connection, places: &[Place]) -> Result<Vec<Vec<Value>>> {
        let table = self.catalog.table(self.table);
        let query = render::whole_rows(connection.flavour, self.catalog, table)?;
        let values = Values { rows: places, ..Values::of(&[], self.session) };
        let mut rows = Vec::new();
        let read = connection.rows(&query, &values, |row| {
            let columns = query.columns.iter().zip(0u32..);
            let row = columns.map(|(storage, item)| row.with(item, storage, |datum| storage.decode(datum)));
            rows.push(row.collect::<Result<_>>()?);
            Ok(())
        });
        read.await.map_err(Failed::plain)?;
        Ok(rows)
    }
}

/// Whether a key's name is what the database says, which has it unique in a table only.
fn is_called(table: &Table, name: &str, said: &str) -> bool {
    said == name || (is_adopted(table) && is_named(name, &table.name, said))
}

/// What the server said, when it is about a constraint or a value.
pub(crate) fn constraint(failed: &Failed) -> Option<&ServerError> {
    match failed {
        Failed::MySql(Error::Server(error))
            if matches!(
                error.code,
                1048 | 1062 | 1216 | 1217 | 1264 | 1364 | 1406 | 1451 | 1452 | 3819 | 4025
            ) =>
        {
            Some(error)
        }
        _ => None,
    }
}

/// Whether a row with the same key is there already.
pub(crate) fn is_duplicate(failed: &Failed) -> bool {
    constraint(failed).is_some_and(|error| error.code == 1062)
}

/// A row with its new values.
fn merged(mut old: Vec<Value>, new: &NewRow<'_>) -> Vec<Value> {
    for (column, value) in (0..).zip(&mut old) {
        if let Some(new) = new.value(column) {
            *value = new;
        }
    }
    old
}

/// The first part of a message between two quotes.
fn quoted(message: &str, quote: char) -> Option<&str> {
    message.split(quote).nth(1)
}

/// The entry that a key has already, its parts joined by hyphens.
fn entry(message: &str) -> &str {
    let entry = message.split_once('\'').and_then(|(_, rest)| rest.rsplit_once("' for key '"));
    entry.map_or("", |(entry, _)| entry)
}

fn joined(table: &Table, columns: &[u32], row: &[Value]) -> String {
    let parts = columns.iter().map(|column| {
        let value = row.get(*column as usize).unwrap_or(&Value::Null);
        let ty = &table.column(*column).ty.ty;
        mainstay_expr::output::to_field(ty, value, &mainstay_expr::Zone::default())
    });
    parts.collect::<Vec<_>>().join("-")
}
