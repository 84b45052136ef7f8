//! What an owner of a database may set, with defaults that suit two cores and a small machine.

use std::time::Duration;

/// Where the database is and the bounds it is used under.
#[derive(Debug, Clone)]
pub struct Options {
    /// `postgres://user:password@host:port/database?…`, with libpq's parameters.
    pub url: String,
    /// The most bytes one answer may need in memory.
    pub answer_bytes_max: usize,
    /// Connections for reads of one statement, which share them: so many for each thread.
    pub shared_max: usize,
    /// Connections for transactions, one each.
    pub transactions_max: usize,
    /// How long to wait for one of them.
    pub lease_timeout: Duration,
    /// How long a transaction that spans several plans may stay open.
    pub transaction_timeout: Duration,
    /// How long to try to reach the database.
    pub connect_timeout: Duration,
    /// A function without arguments that is called first in every transaction that runs under a role: `schema.name`.
    pub pre_request: Option<String>,
    /// Schemas behind the request's own on the search path of transactions that run under a role.
    pub extra_search_path: Vec<String>,
    /// Settings that functions and policies ask for, by name, in transactions that run under a role.
    pub settings: Vec<(String, String)>,
    /// Whether statements are prepared and settings kept on a connection. Not so behind a pooler that hands a server's session to
    /// another client after each transaction.
    pub prepared_statements: bool,
    /// URLs of copies that reads may go to.
    pub replicas: Vec<String>,
    /// How old what a copy shows may be.
    pub replica_lag_max: Duration,
    /// Changes that a listener may fall behind before it misses some.
    pub changes_queue_max: usize,
}

impl Options {
    /// The defaults for a database.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            answer_bytes_max: 256 << 20,
            shared_max: 2,
            transactions_max: 24,
            lease_timeout: Duration::from_secs(10),
            transaction_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(5),
            pre_request: None,
            extra_search_path: vec!["public".to_owned()],
            settings: Vec::new(),
            prepared_statements: true,
            replicas: Vec::new(),
            replica_lag_max: Duration::from_secs(1),
            changes_queue_max: 4096,
        }
    }
}
