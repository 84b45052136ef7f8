//! What an engine is handed and what it answers.

use std::time::Duration;

use mainstay_base::{Problem, Result};
use mainstay_expr::{Session, TableId, Value};

use crate::Prepared;

/// One execution of a rendered plan.
#[derive(Clone)]
pub struct Job {
    /// The plan.
    pub prepared: Prepared,
    /// Its values.
    pub inputs: Inputs,
    /// How rows are written.
    pub output: Output,
    /// What must be true of the result for the transaction to commit.
    pub expect: Expect,
    /// How long the statements may run.
    pub timeout: Duration,
    /// Whether a write is undone after its answer was made (`tx=rollback`).
    pub rollback: bool,
    /// Whether the statements are told how they would run, instead of giving their rows; with `rollback` then. Only where
    /// [`Capabilities::explains`](crate::Capabilities::explains).
    pub explain: Option<Explain>,
}

/// What is told of statements: the options of PostgreSQL's EXPLAIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Explain {
    /// As JSON rather than as lines of text.
    pub json: bool,
    /// Whether they run, so that what really happened can be told.
    pub analyze: bool,
    /// The columns and names of everything.
    pub verbose: bool,
    /// The settings that differ from the defaults.
    pub settings: bool,
    /// The use of buffers.
    pub buffers: bool,
    /// What is written to the log.
    pub wal: bool,
}

/// The values of one execution.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// By slot, typed as the plan says.
    pub slots: Vec<Value>,
    /// For inserts and updates: the new rows; a row's values match the plan's `columns`.
    pub rows: Vec<Vec<NewValue>>,
    /// Who asks.
    pub session: Session,
}

/// A value of a new row.
#[derive(Debug, Clone, PartialEq)]
pub enum NewValue {
    /// Known.
    Value(Value),
    /// The next of the column's sequence.
    Identity,
    /// What the database has as the column's default.
    Default,
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Output {
    /// JSON or CSV.
    pub format: Format,
    /// One object instead of an array; see [`Expect::single`].
    pub single: bool,
    /// Whether keys with a null value are left out.
    pub strip_nulls: bool,
}

/// Formats of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// JSON
    #[default]
    Json,
    /// A header line and a line for each row (RFC 4180); values in PostgreSQL's text form.
    Csv,
}

/// What must be true of a result for the transaction to commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Expect {
    /// Exactly one row is answered, else `PGRST116`.
    pub single: bool,
    /// No more rows are written (or returned by a function) than this, else `PGRST124`.
    pub max_affected: Option<u64>,
}

impl Expect {
    /// Checks what a result turned out to be: the rows of the answer, and the rows that were written (or that a function
    /// returned).
    pub fn check(&self, rows: u64, affected: u64) -> Result<()> {
        if self.single && rows != 1 {
            return Err(Problem::new("PGRST116", "Cannot coerce the result to a single JSON object")
                .with_details(format!("The result contains {rows} rows")));
        }
        if self.max_affected.is_some_and(|max| affected > max) {
            return Err(Problem::new("PGRST124", "Query result exceeds max-affected preference constraint")
                .with_details(format!("The query affects {affected} rows")));
        }
        Ok(())
    }
}

/// What an engine answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// The rows as the output says; empty when nothing is returned.
    pub body: Vec<u8>,
    /// How many rows the body holds.
    pub rows: u64,
    /// How many there are in all, when that was asked for.
    pub total: Option<u64>,
    /// How many rows a write touched.
    pub affected: u64,
    /// How many of them are new.
    pub inserted: u64,
    /// What the database's own functions said of the response.
    pub told: Option<Box<Told>>,
}

/// What functions of the database set to say how to answer, as it stands there; empty where they said nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// `response.headers`: a JSON array of objects with one header each.
    pub headers: String,
    /// `response.status`: the HTTP status.
    pub status: String,
}

/// A committed change of one row.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Increases with every commit; the changes of one transaction share it.
    pub cursor: u64,
    /// The table.
    pub table: TableId,
    /// What happened.
    pub kind: ChangeKind,
    /// The row before, by column; empty for an insert.
    pub old: Vec<Value>,
    /// The row after, by column; empty for a delete.
    pub new: Vec<Value>,
}

/// What happened to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It was added.
    Insert,
    /// It was changed.
    Update,
    /// It was removed.
    Delete,
}

/// The stream of committed changes. A reader that falls behind is told how many it missed.
pub type Changes = tokio::sync::broadcast::Receiver<std::sync::Arc<Vec<Change>>>;
