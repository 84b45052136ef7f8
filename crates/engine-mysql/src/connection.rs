//! One connection: its settings, its prepared statements, and how long a statement may run on it.

use std::collections::HashMap;
use std::future::Future;
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use mainstay_base::{Problem, Result, SystemClock, SystemRandomness};
use mainstay_dialect::mysql::storage::Datum;
use mainstay_dialect::mysql::{Flavour, Supplied};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, Opts, Params, Row, Statement, Value};

use crate::bind::{Values, parameters};
use crate::errors;
use crate::output::{Cursor, Found};
use crate::render::{Query, Rest};

/// Prepared statements kept at most; then all are let go.
pub(crate) const STATEMENTS_MAX: usize = 256;
/// How a strict server answers, whatever the server's own settings say.
const SQL_MODE: &str = "STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES,NO_ZERO_DATE,NO_ZERO_IN_DATE,\
    ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO";
/// The same for tables that we have not made: the zero date may be among their values, and numbers without a sign.
const SQL_MODE_EXISTING: &str = "STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES,ERROR_FOR_DIVISION_BY_ZERO,\
    NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO,NO_UNSIGNED_SUBTRACTION";
/// The first wait before another try to connect; it doubles.
const RETRY_FIRST: Duration = Duration::from_millis(20);

/// A connection and what is prepared on it.
pub(crate) struct Connection {
    conn: Conn,
    pub flavour: Flavour,
    statements: HashMap<u64, Statement>,
    /// The time that a statement has now, in milliseconds; 0 is without end.
    timeout_ms: u64,
    /// Whether rows are still to come that nobody asks for any more.
    is_dirty: bool,
    /// The thread whose runtime wakes it.
    pub home: ThreadId,
    /// When it was last known to be alive.
    pub used: Instant,
}

/// Why a statement did not do what it should.
#[derive(Debug)]
pub(crate) enum Failed {
    MySql(Error),
    Problem(Problem),
}

/// What became of something that was asked of the database.
pub(crate) type Done<T> = std::result::Result<T, Failed>;

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::MySql(error)
    }
}

impl From<Problem> for Failed {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl Failed {
    /// As a problem, for a statement that reads.
    pub fn plain(self) -> Problem {
        match self {
            Self::MySql(error) => errors::plain(&error),
            Self::Problem(problem) => problem,
        }
    }

    /// Whether other rows refer to one that was to go.
    pub fn is_referenced(&self) -> bool {
        matches!(self, Self::MySql(Error::Server(error)) if matches!(error.code, 1217 | 1451))
    }

    /// Whether the connection is gone.
    pub fn is_lost(&self) -> bool {
        matches!(self, Self::MySql(error) if errors::is_lost(error))
    }
}

impl Connection {
    /// Connects, and tries again for a while when the server is not there yet.
    pub async fn open(opts: &Opts, existing: bool, patience: Duration) -> Result<Self> {
        patiently(patience, || Self::try_open(opts, existing)).await
    }

    async fn try_open(opts: &Opts, existing: bool) -> Done<Self> {
        let mut conn = Conn::new(opts.clone()).await?;
        let version: Option<String> = conn.query_first("SELECT version()").await?;
        let flavour = flavour(&version.unwrap_or_default())?;
        conn.query_drop(settings(flavour, existing).join("; ")).await?;
        Ok(Self {
            conn,
            flavour,
            statements: HashMap::new(),
            timeout_ms: 0,
            is_dirty: false,
            home: std::thread::current().id(),
            used: Instant::now(),
        })
    }

    /// By which the server knows it.
    pub fn number(&self) -> u32 {
        self.conn.id()
    }

    /// Whether nothing can be asked of it any more.
    pub fn is_closed(&self) -> bool {
        self.conn.is_disconnected()
    }

    /// Whether rows are still to come that nobody asks for any more.
    pub fn is_dirty(&self) -> bool {
        self.is_dirty
    }

    /// Whether the server still answers.
    pub async fn is_alive(&mut self) -> bool {
        let alive = self.conn.ping().await.is_ok();
        self.used = Instant::now();
        alive
    }

    /// Bounds how long the statements after this may run. MySQL bounds statements that read only.
    pub async fn allow(&mut self, timeout: Duration) -> Done<()> {
        let wanted = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX).clamp(1, i32::MAX as u64);
        self.set_timeout(wanted).await
    }

    /// Lets statements run as long as they need.
    pub async fn allow_all(&mut self) -> Done<()> {
        self.set_timeout(0).await
    }

    async fn set_timeout(&mut self, wanted: u64) -> Done<()> {
        if self.timeout_ms == wanted {
            return Ok(());
        }
        self.conn.query_drop(time_limit(self.flavour, wanted)).await?;
        self.timeout_ms = wanted;
        Ok(())
    }

    /// Runs a query; `take` is handed its rows as they are read.
    pub async fn rows(
        &mut self,
        query: &Query,
        values: &Values<'_>,
        mut take: impl FnMut(Found<'_>) -> Result<()>,
    ) -> Done<()> {
        let mut cursor = self.cursor(query, values).await?;
        while let Some(row) = cursor.next().await? {
            take(row.found())?;
        }
        drop(cursor);
        self.is_dirty = false;
        self.used = Instant::now();
        Ok(())
    }

    /// Runs a query, whose rows are then asked for.
    pub async fn cursor(&mut self, query: &Query, values: &Values<'_>) -> Done<Cursor<'_>> {
        match &query.rest {
            None => self.read(query, values).await,
            Some(rest) => Ok(Cursor::Computed(self.computed(rest, values).await?.into_iter())),
        }
    }

    /// The rows of a statement whose meaning the database has no words for: they are computed from what it reads.
    async fn computed(&mut self, rest: &Rest, values: &Values<'_>) -> Done<Vec<Vec<Datum>>> {
        let mut read = Vec::with_capacity(rest.reads.len());
        for query in &rest.reads {
            let mut rows = Vec::new();
            let mut cursor = self.read(query, values).await?;
            while let Some(row) = cursor.next().await? {
                rows.push(row.found().data(&query.columns)?);
            }
            drop(cursor);
            self.is_dirty = false;
            read.push(rows);
        }
        let new = values.new.map(|new| new.columns()).unwrap_or_default();
        let supplied = Supplied {
            slots: values.slots,
            new: &new,
            session: values.session,
            clock: &SystemClock,
            random: &SystemRandomness,
        };
        Ok(rest.compute.finish(read, &supplied)?)
    }

    async fn read(&mut self, query: &Query, values: &Values<'_>) -> Done<Cursor<'_>> {
        let parameters = parameters(query, values)?;
        let statement = self.statement(query).await?;
        self.is_dirty = true;
        Ok(Cursor::Read(self.conn.exec_iter(statement, Params::Positional(parameters)).await?))
    }

    /// Runs a statement that writes; answers with the number of rows that it met.
    pub async fn write(&mut self, query: &Query, values: &Values<'_>) -> Done<u64> {
        self.write_with(query, parameters(query, values)?).await
    }

    /// The same with all parameters at hand.
    pub async fn write_with(&mut self, query: &Query, parameters: Vec<mysql_async::Value>) -> Done<u64> {
        let statement = self.statement(query).await?;
        self.conn.exec_drop(statement, Params::Positional(parameters)).await?;
        self.used = Instant::now();
        Ok(self.conn.affected_rows())
    }

    /// The number that the statement before has generated, or has said by `LAST_INSERT_ID(…)`.
    pub fn last_insert_id(&self) -> i64 {
        // Negative numbers of a sequence come as their two's complement.
        self.conn.last_insert_id().unwrap_or_default() as i64
    }

    /// Runs statements without values and rows, such as COMMIT.
    pub async fn control(&mut self, sql: &str) -> Done<()> {
        self.conn.query_drop(sql).await?;
        self.used = Instant::now();
        Ok(())
    }

    /// The first column of the first row of a statement without values, as text.
    pub async fn text(&mut self, sql: &str) -> Done<Option<String>> {
        let found: Option<Option<Vec<u8>>> = self.conn.query_first(sql).await?;
        Ok(found.flatten().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// The rows of a statement without values, as texts.
    pub async fn texts(&mut self, sql: &str) -> Done<Vec<Vec<Option<String>>>> {
        let rows: Vec<Row> = self.conn.query(sql).await?;
        Ok(rows.into_iter().map(|row| row.unwrap().into_iter().map(as_text).collect()).collect())
    }

    /// The rows of a statement without values: numbers and texts.
    pub async fn pairs(&mut self, sql: &str) -> Done<Vec<(i64, String)>> {
        Ok(self.conn.query(sql).await?)
    }

    async fn statement(&mut self, query: &Query) -> Done<Statement> {
        if let Some(known) = self.statements.get(&query.id) {
            return Ok(known.clone());
        }
        if self.statements.len() >= STATEMENTS_MAX {
            for (_, statement) in std::mem::take(&mut self.statements) {
                self.conn.close(statement).await?;
            }
        }
        let statement = self.conn.prep(query.text.as_str()).await?;
        self.statements.insert(query.id, statement.clone());
        Ok(statement)
    }
}

/// Opens something, and tries again for a while when the server is not there yet.
pub(crate) async fn patiently<T, F: Future<Output = Done<T>>>(
    patience: Duration,
    open: impl Fn() -> F,
) -> Result<T> {
    let mut wait = RETRY_FIRST;
    let end = Instant::now() + patience;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        match tokio::time::timeout(left, open()).await {
            Ok(Ok(opened)) => return Ok(opened),
            Ok(Err(Failed::MySql(error))) => {
                if !errors::is_passing(&error) || Instant::now() + wait >= end {
                    return Err(errors::unreachable(&error));
                }
                tokio::time::sleep(wait).await;
                wait *= 2;
            }
            Ok(Err(Failed::Problem(problem))) => return Err(problem),
            Err(_) => return Err(errors::unreached()),
        }
    }
}

/// A value of the text protocol.
fn as_text(value: Value) -> Option<String> {
    match value {
        Value::NULL => None,
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        other => Some(other.as_sql(true)),
    }
}

/// Which of the two a server is. Fails with `0A000` for one that is too old.
fn flavour(version: &str) -> Result<Flavour> {
    let mut numbers = version.split(|character: char| !character.is_ascii_digit()).map(str::parse::<u32>);
    let mut number = || numbers.next().and_then(std::result::Result::ok).unwrap_or_default();
    let known = (number(), number(), number());
    let (flavour, name, oldest) = match version.contains("MariaDB") {
        true => (Flavour::MariaDb, "MariaDB", (10, 6, 0)),
        false => (Flavour::MySql, "MySQL", (8, 0, 31)),
    };
    if known < oldest {
        return Err(Problem::new("0A000", format!("{name} {version} is too old"))
            .with_hint("MariaDB 10.6 or MySQL 8.0.31 is needed at least."));
    }
    Ok(flavour)
}

/// Bounds how long the statements after this may run, in milliseconds; 0 is without end.
pub(crate) fn time_limit(flavour: Flavour, wanted: u64) -> String {
    match flavour {
        Flavour::MariaDb => {
            format!("SET SESSION max_statement_time = {}.{:03}", wanted / 1000, wanted % 1000)
        }
        Flavour::MySql => format!("SET SESSION max_execution_time = {wanted}"),
    }
}

/// What every connection is set to, whatever the server says: values are read and written in these forms.
pub(crate) fn settings(flavour: Flavour, existing: bool) -> [String; 3] {
    let collation = flavour.collation();
    let mode = match (existing, flavour) {
        (false, _) => SQL_MODE.to_owned(),
        (true, Flavour::MySql) => SQL_MODE_EXISTING.to_owned(),
        // MySQL rounds what is finer than a column
        (true, Flavour::MariaDb) => format!("{SQL_MODE_EXISTING},TIME_ROUND_FRACTIONAL"),
    };
    // A statement's time bounds how long it recurs.
    let recursion = match flavour {
        Flavour::MariaDb => "max_recursive_iterations",
        Flavour::MySql => "cte_max_recursion_depth",
    };
    [
        format!("SET NAMES utf8mb4 COLLATE {collation}"),
        format!(
            "SET SESSION sql_mode = '{mode}', time_zone = '+00:00', autocommit = 1, foreign_key_checks = 1, \
             unique_checks = 1, sql_safe_updates = 0, sql_select_limit = DEFAULT, {recursion} = 4294967295"
        ),
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED".to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_told_apart() {
        assert_eq!(flavour("10.11.6-MariaDB-0+deb12u1").unwrap(), Flavour::MariaDb);
        assert_eq!(flavour("8.0.36").unwrap(), Flavour::MySql);
        for old in ["10.5.9-MariaDB", "5.7.44-log", "8.0.11", ""] {
            assert_eq!(flavour(old).unwrap_err().code(), "0A000", "{old}");
        }
    }
}
