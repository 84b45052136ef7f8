//! Prepared statements of one connection, found by number rather than by their text.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use foldhash::fast::FixedState;
use rusqlite::{Connection, PrepFlags, Statement};

/// The most statements that a connection keeps prepared.
const STATEMENTS_MAX: usize = 512;

/// A statement's text and a number that no other text of this process has.
#[derive(Debug)]
pub(crate) struct Sql {
    number: u64,
    text: Box<str>,
}

impl Sql {
    /// A statement.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self { number: NEXT.fetch_add(1, Ordering::Relaxed), text: text.into() }
    }
}

/// The prepared statements of a connection. The one that was used least recently makes room for a new one.
pub(crate) struct Statements<'c> {
    connection: &'c Connection,
    prepared: HashMap<u64, Entry<'c>, FixedState>,
    uses: u64,
}

struct Entry<'c> {
    statement: Statement<'c>,
    last_use: u64,
}

impl<'c> Statements<'c> {
    /// None yet.
    pub fn new(connection: &'c Connection) -> Self {
        Self { connection, prepared: HashMap::default(), uses: 0 }
    }

    /// The connection.
    pub fn connection(&self) -> &'c Connection {
        self.connection
    }

    /// The statement, prepared now if it was not. Its parameters keep what was bound last.
    pub fn get(&mut self, sql: &Sql) -> rusqlite::Result<&mut Statement<'c>> {
        self.uses += 1;
        if !self.prepared.contains_key(&sql.number) {
            self.prepare(sql)?;
        }
        let entry = self.prepared.get_mut(&sql.number).ok_or(rusqlite::Error::InvalidQuery)?;
        entry.last_use = self.uses;
        Ok(&mut entry.statement)
    }

    /// Runs a statement without parameters and rows.
    pub fn run(&mut self, sql: &Sql) -> rusqlite::Result<()> {
        self.get(sql)?.raw_execute().map(|_| ())
    }

    fn prepare(&mut self, sql: &Sql) -> rusqlite::Result<()> {
        if self.prepared.len() >= STATEMENTS_MAX {
            let oldest = self.prepared.iter().min_by_key(|(_, entry)| entry.last_use);
            if let Some(number) = oldest.map(|(number, _)| *number) {
                self.prepared.remove(&number);
            }
        }
        let flags = PrepFlags::SQLITE_PREPARE_PERSISTENT;
        let statement = self.connection.prepare_with_flags(&sql.text, flags)?;
        self.prepared.insert(sql.number, Entry { statement, last_use: self.uses });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_kept_up_to_the_limit() {
        let connection = Connection::open_in_memory().unwrap();
        let mut statements = Statements::new(&connection);
        let texts: Vec<Sql> = (0..STATEMENTS_MAX + 10).map(|n| Sql::new(format!("SELECT {n}"))).collect();
        for (n, sql) in texts.iter().enumerate() {
            let value: i64 = statements.get(sql).unwrap().query_row([], |row| row.get(0)).unwrap();
            assert_eq!(value, n as i64);
            statements.get(&texts[0]).unwrap();
        }
        assert_eq!(statements.prepared.len(), STATEMENTS_MAX);
        assert!(statements.prepared.contains_key(&texts[0].number));
        assert!(!statements.prepared.contains_key(&texts[1].number));
    }
}
