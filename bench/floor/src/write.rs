//! Durable inserts: one thread writes, and every insert that waits goes into one transaction with one flush.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use rusqlite::{Connection, Statement};
use serde::Deserialize;
use tokio::sync::oneshot;

use crate::wal::Checkpointer;

const INSERT: &str = "INSERT INTO posts (author_id, title, body, status, score) VALUES (?1, ?2, ?3, ?4, ?5)";

/// The most inserts in one transaction; it bounds how long the first of them waits for the last.
const BATCH: usize = 256;
/// How many inserts may wait; above it `insert` refuses.
const QUEUE: usize = 4096;

/// How inserts become transactions.
#[derive(Clone, Copy)]
pub enum Commit {
    /// All that wait, together.
    Grouped,
    /// Each by itself.
    OneByOne,
}

/// The body of an insert; `id` and `created_at` are the database's.
#[derive(Deserialize)]
pub struct NewPost {
    author_id: i64,
    title: String,
    body: String,
    status: String,
    score: i64,
}

struct Insert {
    post: NewPost,
    done: oneshot::Sender<rusqlite::Result<()>>,
}

/// The way to the writing thread.
#[derive(Clone)]
pub struct Writer {
    queue: SyncSender<Insert>,
}

impl Writer {
    /// Opens the writing connection and starts its thread.
    pub fn start(database: &Path, commit: Commit) -> rusqlite::Result<Self> {
        let mut connection = open(database)?;
        let checkpointer = Checkpointer::start(database, &mut connection)?;
        let (queue, inserts) = sync_channel(QUEUE);
        let batch = match commit {
            Commit::Grouped => BATCH,
            Commit::OneByOne => 1,
        };
        thread::spawn(move || {
            if let Err(failure) = write(&connection, &inserts, batch, &checkpointer) {
                eprintln!("floor: the writer stopped: {failure}");
            }
        });
        Ok(Self { queue })
    }

    /// Inserts one post; returns when it is on disk.
    pub async fn insert(&self, post: NewPost) -> rusqlite::Result<()> {
        let (done, inserted) = oneshot::channel();
        if self.queue.try_send(Insert { post, done }).is_err() {
            return Err(busy());
        }
        inserted.await.unwrap_or_else(|_| Err(busy()))
    }
}

fn busy() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY), None)
}

/// Opens a connection that writes durably: WAL, a flush per commit, foreign keys checked.
fn open(database: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(database)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
         PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 0;",
    )?;
    Ok(connection)
}

fn write(
    connection: &Connection,
    inserts: &Receiver<Insert>,
    limit: usize,
    checkpointer: &Checkpointer,
) -> rusqlite::Result<()> {
    let mut begin = connection.prepare("BEGIN IMMEDIATE")?;
    let mut commit = connection.prepare("COMMIT")?;
    let mut insert = connection.prepare(INSERT)?;
    let mut waiting = Vec::with_capacity(limit);
    let mut results = Vec::with_capacity(limit);
    while let Ok(first) = inserts.recv() {
        waiting.push(first);
        while waiting.len() < limit {
            match inserts.try_recv() {
                Ok(next) => waiting.push(next),
                Err(_) => break,
            }
        }
        begin.raw_execute()?;
        // A failed INSERT undoes itself and leaves the transaction open, so no savepoint is needed.
        results.extend(waiting.iter().map(|one| execute(&mut insert, &one.post)));
        commit.raw_execute()?;
        for (one, result) in waiting.drain(..).zip(results.drain(..)) {
            // The client may be gone; its row stays.
            let _ = one.done.send(result);
        }
        checkpointer.committed(connection)?;
    }
    Ok(())
}

fn execute(insert: &mut Statement<'_>, post: &NewPost) -> rusqlite::Result<()> {
    insert.execute((post.author_id, &post.title, &post.body, &post.status, post.score)).map(|_| ())
}
