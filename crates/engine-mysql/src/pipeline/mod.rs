//! A connection that reads of one statement share: each is sent at once and answered in its turn, so that the server finds the next when
//! it is done with one, and neither side wakes for every statement.
//!
//! The driver asks one thing at a time on a connection; so these speak the protocol themselves, with the driver's packets.

mod login;
mod packets;
mod wire;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use bytes::Bytes;
use mainstay_base::Result;
use mainstay_dialect::mysql::Flavour;
use mainstay_engine::Queue;
use mysql_async::{Column, DriverError, Error, Opts, Row};
use mysql_common::io::ParseBuf;
use mysql_common::packets::ComStmtExecuteRequestBuilder;
use mysql_common::proto::{Binary, MySerialize};
use mysql_common::row::RowDeserializer;
use mysql_common::value::ServerSide;
use tokio::sync::mpsc::Receiver;

use crate::bind::{Values, parameters};
use crate::connection::{Done, settings, time_limit};
use crate::output::Found;
use crate::render::Query;
use packets::{Packets, Part, Question, Reading, push, refusal};
use wire::Wire;

/// Statements that are prepared on a connection; then it is replaced.
const STATEMENTS_MAX: usize = 256;
const COM_QUERY: u8 = 0x03;
const COM_STMT_PREPARE: u8 = 0x16;

/// A shared connection and what is prepared on it.
pub(crate) struct Pipeline {
    wire: Wire,
    flavour: Flavour,
    /// By which the server knows it.
    number: u32,
    caches: bool,
    statements: Mutex<HashMap<u64, Arc<Statement>>>,
    is_worn: AtomicBool,
    /// The time that a statement has now, in milliseconds; 0 is without end.
    timeout_ms: AtomicU64,
    queue: Queue,
    /// The thread that drives it.
    home: ThreadId,
    /// How to end what it does.
    interrupt: Box<dyn Fn(u32) + Send + Sync>,
}

/// A prepared statement.
struct Statement {
    id: u32,
    /// The columns of its rows, as they were described last.
    columns: Mutex<Arc<[Column]>>,
}

impl Pipeline {
    /// Connects. `None` where the server wants a way to come in that is not spoken here. `interrupt` ends the work of the connection that
    /// the server knows by a number.
    pub async fn open(
        opts: &Opts,
        flavour: Flavour,
        existing: bool,
        interrupt: impl Fn(u32) + Send + Sync + 'static,
    ) -> Done<Option<Self>> {
        let Some(session) = login::log_in(opts).await? else { return Ok(None) };
        let (number, caches) = (session.number, session.caches);
        let opened = Self {
            wire: Wire::new(session),
            flavour,
            number,
            caches,
            statements: Mutex::default(),
            is_worn: AtomicBool::new(false),
            timeout_ms: AtomicU64::new(0),
            queue: Queue::default(),
            home: thread::current().id(),
            interrupt: Box::new(interrupt),
        };
        let set: Vec<_> = settings(flavour, existing).iter().map(|set| opened.command(set)).collect();
        for answer in set {
            opened.done(answer?).await?;
        }
        Ok(Some(opened))
    }

    /// Runs a query that may take so long; `take` is handed its rows as they come.
    pub async fn rows(
        &self,
        query: &Query,
        values: &Values<'_>,
        timeout: Duration,
        mut take: impl FnMut(Found<'_>) -> Result<()>,
    ) -> Done<()> {
        let parameters = parameters(query, values)?;
        let statement = self.statement(query).await?;
        let mut content = Vec::new();
        ComStmtExecuteRequestBuilder::new(statement.id).build(&parameters).0.serialize(&mut content);
        let allowed = self.allow(timeout)?;
        let mut answer = self.ask(Question::Execute, &content)?;
        if let Some(allowed) = allowed {
            self.done(allowed).await.inspect_err(|_| self.timeout_ms.store(0, Ordering::Relaxed))?;
        }
        let mut columns = Arc::clone(&lock(&statement.columns));
        let mut described = Vec::new();
        let mut reading = Reading::new(Question::Execute, self.caches);
        while !reading.is_over() {
            for packet in Packets(answer.recv().await.ok_or(LOST)?) {
                match reading.next(&packet)? {
                    Part::Refused => return Err(refusal(&packet).into()),
                    Part::Rows { described: true } => described.clear(),
                    Part::Description => described.push(column(&packet)?),
                    Part::Row => {
                        if !described.is_empty() {
                            columns = std::mem::take(&mut described).into();
                            *lock(&statement.columns) = Arc::clone(&columns);
                        }
                        take(Found::Row(&row(&packet, &columns)?))?;
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Bounds how long the statements after this may run.
    fn allow(&self, timeout: Duration) -> Done<Option<Receiver<Bytes>>> {
        let wanted = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX).clamp(1, i32::MAX as u64);
        if self.timeout_ms.swap(wanted, Ordering::Relaxed) == wanted {
            return Ok(None);
        }
        self.command(&time_limit(self.flavour, wanted)).map(Some)
    }

    /// The prepared statement of a query.
    async fn statement(&self, query: &Query) -> Done<Arc<Statement>> {
        if let Some(known) = lock(&self.statements).get(&query.id) {
            return Ok(Arc::clone(known));
        }
        let mut content = vec![COM_STMT_PREPARE];
        content.extend_from_slice(query.text.as_bytes());
        let mut answer = self.ask(Question::Prepare, &content)?;
        let (mut id, mut parameters, mut columns) = (0, 0, Vec::new());
        let mut reading = Reading::new(Question::Prepare, self.caches);
        while !reading.is_over() {
            for packet in Packets(answer.recv().await.ok_or(LOST)?) {
                match reading.next(&packet)? {
                    Part::Refused => return Err(refusal(&packet).into()),
                    Part::Prepared { id: told, parameters: count } => (id, parameters) = (told, count),
                    Part::Description if parameters > 0 => parameters -= 1,
                    Part::Description => columns.push(column(&packet)?),
                    _ => {}
                }
            }
        }
        let statement = Arc::new(Statement { id, columns: Mutex::new(columns.into()) });
        let mut statements = lock(&self.statements);
        statements.insert(query.id, Arc::clone(&statement));
        self.is_worn.store(statements.len() >= STATEMENTS_MAX, Ordering::Relaxed);
        Ok(statement)
    }

    /// Asks for something that has no rows, without waiting for it.
    fn command(&self, sql: &str) -> Done<Receiver<Bytes>> {
        let mut content = vec![COM_QUERY];
        content.extend_from_slice(sql.as_bytes());
        self.ask(Question::Command, &content)
    }

    /// Waits until it is done.
    async fn done(&self, mut answer: Receiver<Bytes>) -> Done<()> {
        let packets = answer.recv().await.ok_or(LOST)?;
        let mut reading = Reading::new(Question::Command, self.caches);
        for packet in Packets(packets) {
            if reading.next(&packet)? == Part::Refused {
                return Err(refusal(&packet).into());
            }
        }
        Ok(())
    }

    fn ask(&self, question: Question, content: &[u8]) -> Done<Receiver<Bytes>> {
        let mut packet = Vec::with_capacity(content.len() + 4);
        push(0, content, &mut packet)?;
        Ok(self.wire.ask(question, packet))
    }
}

const LOST: Error = Error::Driver(DriverError::ConnectionClosed);

fn column(packet: &[u8]) -> Done<Column> {
    // What cannot be read has been cut off.
    Ok(ParseBuf(packet).parse(()).map_err(Error::from)?)
}

fn row(packet: &[u8], columns: &Arc<[Column]>) -> Done<Row> {
    let row: RowDeserializer<ServerSide, Binary> =
        ParseBuf(packet).parse(Arc::clone(columns)).map_err(Error::from)?;
    Ok(row.into())
}

impl mainstay_engine::Shareable for Pipeline {
    fn queue(&self) -> &Queue {
        &self.queue
    }

    fn home(&self) -> ThreadId {
        self.home
    }

    fn is_closed(&self) -> bool {
        self.wire.is_closed() || self.is_worn.load(Ordering::Relaxed)
    }

    fn interrupt(connection: Arc<Self>) {
        (connection.interrupt)(connection.number);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
