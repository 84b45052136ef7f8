//! The sequences of identity and serial columns, with PostgreSQL's meaning: numbers are never handed out twice, not even when
//! a transaction is undone, so there may be gaps; an explicit value does not move the sequence.
//!
//! Numbers are handed out from memory. What is stored is a bound that no number handed out has reached, moved ahead in
//! blocks inside the transaction that needs it; after a crash the next number is the bound.

use std::collections::HashMap;
use std::sync::Arc;

use mainstay_base::{Problem, Result};
use mainstay_catalog::Catalog;
use mainstay_dialect::Quoting;
use mainstay_dialect::sqlite::{Sql, table_name};
use mainstay_engine::{Job, NewValue};
use rusqlite::{Connection, OptionalExtension};

use crate::errors;
use crate::render::{IdentityColumn, RenderedPlan};
use crate::statement::{self, Statements};

/// Numbers that are reserved at once.
const BLOCK: i64 = 1_024;

/// The table that holds the bounds.
const CREATE: &str = "CREATE TABLE IF NOT EXISTS _mainstay_sequence \
    (name TEXT PRIMARY KEY, next INTEGER NOT NULL) STRICT, WITHOUT ROWID";
/// Stores a sequence's next number.
pub(crate) const STORE: &str = "INSERT INTO _mainstay_sequence (name, next) VALUES (?1, ?2) \
    ON CONFLICT (name) DO UPDATE SET next = excluded.next";

/// All sequences that have been used.
#[derive(Debug)]
pub(crate) struct Sequences {
    known: HashMap<Arc<str>, Sequence>,
    store: statement::Sql,
}

#[derive(Debug, Clone)]
struct Sequence {
    /// The next number to hand out; `None` when the type has no more.
    next: Option<i64>,
    increment: i64,
    /// The stored bound as this transaction sees it, and as it was committed.
    bound: Option<i64>,
    committed: Option<i64>,
}

impl Sequences {
    /// What the database knows.
    pub fn load(connection: &Connection) -> rusqlite::Result<Self> {
        connection.execute_batch(CREATE)?;
        let mut statement = connection.prepare("SELECT name, next FROM _mainstay_sequence")?;
        let rows = statement.query_map([], |row| {
            let (name, next): (String, i64) = (row.get(0)?, row.get(1)?);
            let next = Some(next);
            Ok((Arc::from(name), Sequence { next, increment: 1, bound: next, committed: next }))
        })?;
        Ok(Self { known: rows.collect::<rusqlite::Result<_>>()?, store: statement::Sql::new(STORE) })
    }

    /// Makes sure that a job's numbers lie below the stored bounds. To be called outside of the job's savepoint, which may
    /// be undone.
    pub fn reserve(&mut self, statements: &mut Statements<'_>, plan: &RenderedPlan, job: &Job) -> Result<()> {
        for column in plan.identities() {
            let position = column.position;
            let wanted =
                job.inputs.rows.iter().filter(|row| row.get(position) == Some(&NewValue::Identity)).count();
            if wanted > 0 {
                self.reserve_numbers(statements, column, wanted as i64)?;
            }
        }
        Ok(())
    }

    /// Makes sure that the next `wanted` numbers lie below the stored bound.
    pub fn reserve_numbers(
        &mut self,
        statements: &mut Statements<'_>,
        column: &IdentityColumn,
        wanted: i64,
    ) -> Result<()> {
        let sequence = self.sequence(column);
        let Some(mut next) = sequence.next else { return Ok(()) };
        let rises = sequence.increment > 0;
        let numbers = wanted.saturating_mul(sequence.increment);
        let reaches = |bound: i64, needed: i64| if rises { bound >= needed } else { bound <= needed };
        if sequence.bound.is_some_and(|bound| reaches(bound, numbers.saturating_add(next))) {
            return Ok(());
        }
        let name = Arc::clone(&column.sequence);
        let stored = stored(statements.connection(), &name).map_err(|error| errors::plain(&error))?;
        if let Some(moved) = stored.filter(|stored| Some(*stored) != sequence.bound) {
            // Another program has drawn numbers meanwhile.
            next = if rises { next.max(moved) } else { next.min(moved) };
            sequence.next = Some(next);
        }
        let bound = BLOCK.saturating_mul(sequence.increment).saturating_add(numbers).saturating_add(next);
        sequence.bound = Some(bound);
        let store = statements.get(&self.store).map_err(|error| errors::plain(&error))?;
        store.execute((&*name, bound)).map(|_| ()).map_err(|error| errors::plain(&error))
    }

    /// The next number. Fails with `2200H` when the column's type has no more.
    pub fn next(&mut self, column: &IdentityColumn) -> Result<i64> {
        let sequence = self.sequence(column);
        match sequence.next {
            Some(number) if number <= column.max && number >= column.min => {
                sequence.next = number.checked_add(column.increment);
                Ok(number)
            }
            _ => {
                let (word, bound) =
                    if column.increment > 0 { ("maximum", column.max) } else { ("minimum", column.min) };
                let message =
                    format!("nextval: reached {word} value of sequence \"{}\" ({bound})", column.name);
                Err(Problem::new("2200H", message))
            }
        }
    }

    /// Sets the number that was handed out last, as `setval` does, in the open transaction.
    fn set(
        &mut self,
        connection: &Connection,
        name: &Arc<str>,
        increment: i64,
        last: i64,
    ) -> rusqlite::Result<()> {
        let next = last.checked_add(increment);
        connection.execute(STORE, (&**name, next.unwrap_or(last)))?;
        let committed = self.known.get(name).and_then(|sequence| sequence.committed);
        self.known.insert(Arc::clone(name), Sequence { next, increment, bound: next, committed });
        Ok(())
    }

    /// Moves every sequence of a schema past the greatest number in its column, in the open transaction.
    pub fn advance(&mut self, statements: &Statements<'_>, catalog: &Catalog) -> Result<()> {
        let connection = statements.connection();
        for table in catalog.tables.iter().filter(|table| !table.is_view()) {
            for column in 0..table.columns.len() as u32 {
                let Some(identity) = IdentityColumn::new(table, column, 0) else { continue };
                let extreme = if identity.increment > 0 { "SELECT max(" } else { "SELECT min(" };
                let (sql, _) = Sql::from(extreme)
                    .then(Sql::identifier(table.column(column).name.clone()))
                    .then(") FROM ")
                    .then(Sql::identifier(table_name(table)))
                    .finish(Quoting::Double);
                let last: Option<i64> = connection
                    .query_row(&sql, [], |row| row.get(0))
                    .map_err(|error| errors::plain(&error))?;
                if let Some(last) = last {
                    self.advance_past(statements, &identity, last)?;
                }
            }
        }
        Ok(())
    }

    /// Moves a sequence past a number, unless it is beyond it already, in the open transaction.
    pub fn advance_past(
        &mut self,
        statements: &Statements<'_>,
        column: &IdentityColumn,
        last: i64,
    ) -> Result<()> {
        if !self.is_behind(column, last) {
            return Ok(());
        }
        let set = self.set(statements.connection(), &column.sequence, column.increment, last);
        set.map_err(|error| errors::plain(&error))
    }

    /// Whether the sequence has yet to hand out `number`.
    fn is_behind(&mut self, column: &IdentityColumn, number: i64) -> bool {
        match self.sequence(column).next {
            Some(next) if column.increment > 0 => next <= number,
            Some(next) => next >= number,
            None => false,
        }
    }

    /// The transaction that stored the bounds is durable.
    pub fn committed(&mut self) {
        for sequence in self.known.values_mut() {
            sequence.committed = sequence.bound;
        }
    }

    /// The transaction that stored the bounds was undone.
    pub fn rolled_back(&mut self) {
        for sequence in self.known.values_mut() {
            sequence.bound = sequence.committed;
        }
    }

    /// Stores the very next numbers, so that a clean restart leaves no gap.
    pub fn store_exactly(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let moved: Vec<_> =
            self.known.iter().filter(|(_, sequence)| sequence.next != sequence.committed).collect();
        if moved.is_empty() {
            return Ok(());
        }
        connection.execute_batch("BEGIN IMMEDIATE")?;
        for (name, sequence) in moved {
            // What another program has stored meanwhile is not ours to take back.
            if let Some(next) = sequence.next
                && stored(connection, name)? == sequence.committed
            {
                connection.execute(STORE, (&**name, next))?;
            }
        }
        connection.execute_batch("COMMIT")
    }

    /// Reads everything again, after a migration has changed the stored sequences.
    pub fn reload(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        *self = Self::load(connection)?;
        Ok(())
    }

    fn sequence(&mut self, column: &IdentityColumn) -> &mut Sequence {
        let sequence = self.known.entry(Arc::clone(&column.sequence)).or_insert_with(|| Sequence {
            next: Some(column.start),
            increment: column.increment,
            bound: None,
            committed: None,
        });
        sequence.increment = column.increment;
        sequence
    }
}

/// The next number of a sequence as it is stored.
pub(crate) fn stored(connection: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .query_row("SELECT next FROM _mainstay_sequence WHERE name = ?1", [name], |row| row.get(0))
        .optional()
}
