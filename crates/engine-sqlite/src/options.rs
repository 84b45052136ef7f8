//! What an owner of a database may set, with defaults that suit two cores and a small machine.

use std::path::PathBuf;
use std::time::Duration;

/// Where the database is and the bounds it runs under.
#[derive(Debug, Clone)]
pub struct Options {
    /// The database file. It is created when it does not exist; its folder must.
    pub path: PathBuf,
    /// The most bytes one answer may need in memory.
    pub answer_bytes_max: usize,
    /// How long a read may hold the thread that asks before it moves to a worker.
    pub read_inline_max: Duration,
    /// Threads for reads that take longer; each has a connection, and ends when it has been idle for a while.
    pub workers_max: usize,
    /// Long reads that may wait for a worker.
    pub workers_queue_max: usize,
    /// Writes that may wait for the writer.
    pub writes_queue_max: usize,
    /// The most writes in one transaction; it bounds how long the first of them waits for the last.
    pub group_max: usize,
    /// How long a transaction that spans several plans may stay open.
    pub transaction_timeout: Duration,
    /// How long to wait for another program that has the database locked.
    pub busy_timeout: Duration,
    /// Changes that a listener may fall behind before it misses some.
    pub changes_queue_max: usize,
}

impl Options {
    /// The defaults for a database at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            answer_bytes_max: 256 << 20,
            read_inline_max: Duration::from_millis(2),
            workers_max: 4,
            workers_queue_max: 1024,
            writes_queue_max: 4096,
            group_max: 256,
            transaction_timeout: Duration::from_secs(30),
            busy_timeout: Duration::from_secs(5),
            changes_queue_max: 4096,
        }
    }
}
