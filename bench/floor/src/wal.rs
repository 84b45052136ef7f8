//! Keeps the write-ahead log short without making commits wait for it.
//!
//! A second thread copies the log's pages into the database file while the writer goes on. It alone would never reach
//! the end of a log that grows all the time, and a log is only reused from its start when all of it has been copied.
//! So once the log is long, the writer copies the little that is left between two transactions, and the log starts anew.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use rusqlite::Connection;
use rusqlite::wal::CheckpointMode;

/// Pages appended to the log before the second thread copies them.
const COPY_EVERY: i32 = 4_000;
/// Length of the log, in pages of 4 KiB, above which it is started anew as soon as that is cheap.
const LONG: i32 = 8_000;
/// The most pages that the writer copies itself.
const CHEAP: i32 = 1_000;

/// Where the log stands, in pages since it was started anew.
#[derive(Default)]
struct Log {
    length: AtomicI32,
    copied: AtomicI32,
}

/// The writer's side of checkpointing.
pub struct Checkpointer {
    log: Arc<Log>,
    copy: SyncSender<()>,
}

impl Checkpointer {
    /// Starts the copying thread, with a connection of its own, and follows the log of `writer`.
    pub fn start(database: &Path, writer: &mut Connection) -> rusqlite::Result<Self> {
        let copier = Connection::open(database)?;
        copier.execute_batch("PRAGMA wal_autocheckpoint = 0;")?;
        let log = Arc::new(Log::default());
        let (copy, wanted) = sync_channel(1);
        let seen = Arc::clone(&log);
        thread::spawn(move || copy_when_told(&copier, &wanted, &seen));
        let seen = Arc::clone(&log);
        writer.wal_hook(Some(move |_: &mut _, pages| {
            seen.length.store(pages, Ordering::Relaxed);
            Ok(())
        }))?;
        Ok(Self { log, copy })
    }

    /// To be called by the writer between two transactions.
    pub fn committed(&self, writer: &Connection) -> rusqlite::Result<()> {
        let length = self.log.length.load(Ordering::Relaxed);
        let mut copied = self.log.copied.load(Ordering::Relaxed);
        if copied > length {
            // The log was started anew since the last copy.
            copied = 0;
            self.log.copied.store(0, Ordering::Relaxed);
        }
        if length > LONG && copied > 0 && length - copied < CHEAP {
            // Zero until the next copy, so that a reader who still holds the old log costs one attempt per copy.
            self.log.copied.store(0, Ordering::Relaxed);
            return checkpoint(writer).map(|_| ());
        }
        if length - copied >= COPY_EVERY {
            // A full channel means that a copy is under way or due.
            let _ = self.copy.try_send(());
        }
        Ok(())
    }
}

fn copy_when_told(copier: &Connection, wanted: &Receiver<()>, log: &Log) {
    while wanted.recv().is_ok() {
        match checkpoint(copier) {
            Ok(copied) => log.copied.store(copied, Ordering::Relaxed),
            Err(failure) => eprintln!("floor: the log could not be copied: {failure}"),
        }
    }
}

/// Copies what can be copied without waiting for anyone; returns how many pages of the log are copied now.
fn checkpoint(connection: &Connection) -> rusqlite::Result<i32> {
    match connection.wal_checkpoint_v2(Some(rusqlite::MAIN_DB), CheckpointMode::PASSIVE) {
        Ok((_, copied)) => Ok(copied),
        // The other side is at it.
        Err(failure) if failure.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => Ok(0),
        Err(failure) => Err(failure),
    }
}
