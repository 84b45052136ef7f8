//! The limits that every request runs under. Everything has one, with a safe default.

use std::time::Duration;

/// Bounds on the work that one request may cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Largest request body, in bytes.
    pub body_bytes: usize,
    /// Longest request target (path and query), in bytes.
    pub target_bytes: usize,
    /// How long the statements of one request may run.
    pub statement_timeout: Duration,
    /// Most rows that a read or an embed returns; `None` for no bound.
    pub max_rows: Option<u64>,
    /// Deepest nesting of embeds and of and/or groups.
    pub depth: usize,
    /// Most items in a select list, conditions in a filter, or elements of a list value.
    pub items: usize,
    /// How long a transaction that spans several requests may stay open.
    pub transaction_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 10 * 1024 * 1024,
            target_bytes: 64 * 1024,
            statement_timeout: Duration::from_secs(8),
            max_rows: Some(1000),
            depth: 24,
            items: 10_000,
            transaction_timeout: Duration::from_secs(30),
        }
    }
}
