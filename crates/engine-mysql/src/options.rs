//! What an owner of a database may set, with defaults that suit two cores and a small machine.

use std::time::Duration;

/// Where the database is and the bounds it is used under.
#[derive(Debug, Clone)]
pub struct Options {
    /// `mysql://user:password@host:port/database` or `mariadb://…`. Parameters: `sslmode` (or `ssl-mode`), `sslrootcert` (or
    /// `ssl-ca`), `sslhostname`, `socket`.
    pub url: String,
    /// Whether the database was there before us and is served as it is.
    pub existing: bool,
    /// The most bytes one answer may need in memory.
    pub answer_bytes_max: usize,
    /// Connections for reads of one statement, which share them: so many for each thread.
    pub shared_max: usize,
    /// Connections for all else: one for each request in flight.
    pub connections_max: usize,
    /// How long a transaction that spans several plans may stay open.
    pub transaction_timeout: Duration,
    /// How long to try to reach the database.
    pub connect_timeout: Duration,
    /// Changes that a listener may fall behind before it misses some.
    pub changes_queue_max: usize,
}

impl Options {
    /// The defaults for a database.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            existing: false,
            answer_bytes_max: 256 << 20,
            shared_max: 2,
            connections_max: 32,
            transaction_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(5),
            changes_queue_max: 4096,
        }
    }
}
