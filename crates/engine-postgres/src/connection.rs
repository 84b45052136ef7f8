//! One connection: its settings, its prepared statements, and how long a statement may run on it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use futures_util::TryStreamExt;
use mainstay_base::{Problem, Result};
use mainstay_engine::Queue;
use tokio_postgres::types::{Kind, Type};
use tokio_postgres::{Client, Error, RowStream, Statement};

use crate::address::Address;
use crate::bind::{Parameter, Values, parameters};
use crate::cancel::Canceller;
use crate::errors;
use crate::render::Query;

/// What every connection is set to, whatever the role or the database say: values are read and written in these forms.
pub(crate) const FIXED: &[(&str, &str)] = &[
    ("timezone", "UTC"),
    ("datestyle", "ISO, MDY"),
    ("intervalstyle", "postgres"),
    ("standard_conforming_strings", "on"),
    ("extra_float_digits", "1"),
    ("search_path", ""),
    ("row_security", "on"),
    ("client_min_messages", "error"),
    ("default_transaction_isolation", "read committed"),
];
/// Prepared statements kept at most; then all are let go.
const STATEMENTS_MAX: usize = 1_000;
/// The first wait before another try to connect; it doubles.
const RETRY_FIRST: Duration = Duration::from_millis(20);

/// A connection and what is prepared on it.
pub(crate) struct Connection {
    pub client: Client,
    /// How its statements are ended.
    pub canceller: Canceller,
    statements: Mutex<HashMap<u64, Statement>>,
    /// Whether statements are prepared, and what is set lasts: there is one session of the server behind it.
    prepares: bool,
    /// The statement timeout that it has now, in milliseconds; 0 is none.
    timeout_ms: AtomicU64,
    /// Who waits for its answers, where it is shared.
    pub queue: Queue,
    /// The thread that drives it.
    pub home: ThreadId,
}

impl Connection {
    /// Connects, and tries again for a while when the server is not there yet.
    pub async fn open(address: &Address, patience: Duration, prepares: bool) -> Result<Self> {
        let mut wait = RETRY_FIRST;
        let end = tokio::time::Instant::now() + patience;
        loop {
            match Self::try_open(address, prepares).await {
                Ok(connection) => return Ok(connection),
                Err(error) if errors::is_passing(&error) && tokio::time::Instant::now() + wait < end => {
                    tokio::time::sleep(wait).await;
                    wait *= 2;
                }
                Err(error) => return Err(errors::unreachable(&error)),
            }
        }
    }

    async fn try_open(address: &Address, prepares: bool) -> std::result::Result<Self, Error> {
        let client = address.connect().await?;
        if prepares {
            let set = |(name, value): &(&str, &str)| format!("SET {name} = '{value}'");
            client.batch_execute(&FIXED.iter().map(set).collect::<Vec<_>>().join("; ")).await?;
        }
        Ok(Self {
            client,
            canceller: address.canceller(),
            statements: Mutex::default(),
            prepares,
            timeout_ms: AtomicU64::new(0),
            queue: Queue::default(),
            home: thread::current().id(),
        })
    }

    /// The prepared statement of a query.
    pub async fn statement(&self, query: &Query) -> std::result::Result<Statement, Error> {
        let known = self.known().get(&query.id).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let statement = self.client.prepare(&query.text).await?;
        let mut known = self.known();
        if known.len() >= STATEMENTS_MAX {
            known.clear();
        }
        known.insert(query.id, statement.clone());
        Ok(statement)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Statement>> {
        self.statements.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bounds how long the statements after this may run.
    pub async fn allow(&self, timeout: Duration) -> std::result::Result<(), Error> {
        let wanted = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX).clamp(1, i32::MAX as u64);
        if self.timeout_ms.swap(wanted, Ordering::Relaxed) == wanted {
            return Ok(());
        }
        let set = self.client.batch_execute(&format!("SET statement_timeout = {wanted}")).await;
        if set.is_err() {
            self.timeout_ms.store(0, Ordering::Relaxed);
        }
        set
    }

    /// Begins a transaction whose statements run as long as they need.
    pub async fn begin_long(&self, begin: &str) -> std::result::Result<(), Error> {
        let mut sql = format!("{begin}; SET LOCAL statement_timeout = 0");
        if !self.prepares {
            FIXED.iter().for_each(|(name, value)| sql.push_str(&format!("; SET LOCAL {name} = '{value}'")));
        }
        self.client.batch_execute(&sql).await
    }

    /// Whether a query can be sent without preparing it first.
    pub fn knows(&self, query: &Query) -> bool {
        !self.prepares || self.known().contains_key(&query.id)
    }

    /// Whether statements are prepared.
    pub fn prepares(&self) -> bool {
        self.prepares
    }

    /// Has a query prepared, so that it can be sent at once later.
    pub async fn learn(&self, query: &Query) -> std::result::Result<(), Error> {
        match self.knows(query) {
            true => Ok(()),
            false => self.statement(query).await.map(|_| ()),
        }
    }

    /// Runs a query; its rows come as they are read.
    pub async fn rows(&self, query: &Query, values: &Values<'_>) -> std::result::Result<RowStream, Failed> {
        Ok(self.send(query, parameters(query, values)?).await?)
    }

    /// Runs a query with its parameters.
    async fn send(&self, query: &Query, parameters: Vec<Parameter>) -> std::result::Result<RowStream, Error> {
        if !self.prepares {
            return self.send_once(&query.text, parameters).await;
        }
        let statement = self.statement(query).await?;
        self.client.query_raw(&statement, parameters).await
    }

    /// Runs a statement that is not kept; the types of its parameters are said in its text.
    async fn send_once(
        &self,
        text: &str,
        parameters: Vec<Parameter>,
    ) -> std::result::Result<RowStream, Error> {
        let unsaid = || Type::new("unsaid".to_owned(), 0, Kind::Simple, "pg_catalog".to_owned());
        self.client.query_typed_raw(text, parameters.into_iter().map(|parameter| (parameter, unsaid()))).await
    }

    /// The rows of a statement that is asked seldom.
    pub async fn once(
        &self,
        text: &str,
        parameters: Vec<Parameter>,
    ) -> std::result::Result<Vec<tokio_postgres::Row>, Error> {
        self.send_once(text, parameters).await?.try_collect().await
    }

    /// Runs a query of the engine's own, whose rows are few.
    pub async fn bare(
        &self,
        query: &Query,
        parameters: Vec<Parameter>,
    ) -> std::result::Result<Vec<tokio_postgres::Row>, Error> {
        self.send(query, parameters).await?.try_collect().await
    }

    /// The same for one whose parameters and columns are texts.
    pub async fn texts(
        &self,
        text: &str,
        parameters: &[&str],
    ) -> std::result::Result<Vec<Vec<Option<String>>>, Error> {
        let parameters = parameters.iter().map(|parameter| Parameter::text(parameter)).collect();
        let rows = self.once(text, parameters).await?;
        rows.iter().map(|row| (0..row.len()).map(|column| row.try_get(column)).collect()).collect()
    }

    /// Runs a statement that returns nothing; says how many rows it touched.
    pub async fn execute(&self, query: &Query, values: &Values<'_>) -> std::result::Result<u64, Failed> {
        let mut rows = std::pin::pin!(self.send(query, parameters(query, values)?).await?);
        while rows.try_next().await?.is_some() {}
        Ok(rows.rows_affected().unwrap_or_default())
    }

    /// Runs a query whose rows are few.
    pub async fn all(
        &self,
        query: &Query,
        values: &Values<'_>,
    ) -> std::result::Result<Vec<tokio_postgres::Row>, Failed> {
        Ok(self.rows(query, values).await?.try_collect().await?)
    }

    /// A statement without values and rows, such as COMMIT.
    pub async fn control(&self, sql: &'static str) -> std::result::Result<(), Error> {
        self.client.batch_execute(sql).await
    }
}

/// Why a statement did not do what it should.
#[derive(Debug)]
pub(crate) enum Failed {
    Postgres(Error),
    Problem(Problem),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Postgres(error)
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
            Self::Postgres(error) => errors::plain(&error),
            Self::Problem(problem) => problem,
        }
    }
}
