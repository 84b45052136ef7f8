//! Keeps the write-ahead log short without making commits wait for it.
//!
//! A second thread copies the log's pages into the database file while the writer goes on. Alone it would never reach the
//! end of a log that grows all the time, and a log is used from its start again only once all of it was copied. So when
//! the log is long, the writer copies the little that is left between two transactions, and the next one starts anew.
//! Invariant: only the writer and this thread copy; `copied` and `length` count pages since the log was started anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use rusqlite::wal::CheckpointMode;

use crate::{Options, connect};

/// Pages of 4 KiB appended to the log before the second thread copies them.
const COPY_EVERY_PAGES: i32 = 2_000;
/// Length of the log above which it is started anew as soon as that is cheap.
const LONG_PAGES: i32 = 6_000;
/// The most pages that the writer copies itself when the log is long.
const CHEAP_PAGES: i32 = 500;
/// Length above which the writer copies whatever is left, each time the log has grown by [`COPY_EVERY_PAGES`]: the
/// second thread does not keep up, and a log without bound is worse than a pause.
const TOO_LONG_PAGES: i32 = 24_000;

/// Where the log stands.
#[derive(Debug, Default)]
struct Log {
    length: AtomicI32,
    copied: AtomicI32,
    failures: AtomicU64,
}

/// The writer's side of copying.
pub(crate) struct Wal {
    log: Arc<Log>,
    copy: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    /// The log's length when the writer last copied because it was too long.
    pushed_at: i32,
}

impl Wal {
    /// Starts the copying thread, and follows the log of `writer`.
    pub fn start(options: &Options, writer: &mut Connection) -> rusqlite::Result<Self> {
        let copier = connect::copier(options)?;
        let log = Arc::new(Log::default());
        let (copy, wanted) = sync_channel(0);
        let seen = Arc::clone(&log);
        let thread = thread::Builder::new()
            .name("sqlite-log".into())
            .spawn(move || copy_when_told(&copier, &wanted, &seen))
            .map_err(|_| rusqlite::Error::InvalidQuery)?;
        let seen = Arc::clone(&log);
        writer.wal_hook(Some(move |_: &mut _, pages| {
            seen.length.store(pages, Ordering::Relaxed);
            Ok(())
        }))?;
        Ok(Self { log, copy: Some(copy), thread: Some(thread), pushed_at: 0 })
    }

    /// To be called by the writer between two transactions. A failure to copy is no failure of a write: the log keeps it.
    pub fn committed(&mut self, writer: &Connection) {
        let length = self.log.length.load(Ordering::Relaxed);
        let mut copied = self.log.copied.load(Ordering::Relaxed);
        if copied > length {
            // The log was started anew since the last copy.
            copied = 0;
            self.log.copied.store(0, Ordering::Relaxed);
        }
        if length < self.pushed_at {
            self.pushed_at = 0;
        }
        let left = length - copied;
        if length > LONG_PAGES && copied > 0 && left < CHEAP_PAGES {
            // Zero until the next copy, so that a reader who still needs the old log costs one attempt per copy.
            self.log.copied.store(0, Ordering::Relaxed);
            self.log.copy(writer);
        } else if length > TOO_LONG_PAGES && length - self.pushed_at > COPY_EVERY_PAGES {
            self.pushed_at = length;
            self.log.copy(writer);
        } else if (left >= COPY_EVERY_PAGES || length > LONG_PAGES)
            && let Some(copy) = &self.copy
        {
            // Nobody takes it while a copy is under way.
            let _ = copy.try_send(());
        }
    }

    /// Ends the thread, copies everything and empties the log's file. Fails when a reader still needs the log.
    pub fn close(&mut self, writer: &Connection) -> rusqlite::Result<()> {
        self.copy = None;
        if let Some(thread) = self.thread.take() {
            // It has no result to lose.
            let _ = thread.join();
        }
        writer.wal_checkpoint_v2(Some(rusqlite::MAIN_DB), CheckpointMode::TRUNCATE).map(|_| ())
    }
}

impl Log {
    /// Copies what can be copied without waiting for anyone; returns how many pages of the log are copied now.
    fn copy(&self, connection: &Connection) -> i32 {
        match connection.wal_checkpoint_v2(Some(rusqlite::MAIN_DB), CheckpointMode::PASSIVE) {
            Ok((_, copied)) => copied,
            // Busy: the other side is at it. Anything else shows again, with its reason, when a write meets it.
            Err(_) => {
                self.failures.fetch_add(1, Ordering::Relaxed);
                0
            }
        }
    }
}

fn copy_when_told(copier: &Connection, wanted: &Receiver<()>, log: &Log) {
    while wanted.recv().is_ok() {
        let copied = log.copy(copier);
        log.copied.store(copied, Ordering::Relaxed);
    }
}
