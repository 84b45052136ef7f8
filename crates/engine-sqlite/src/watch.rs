//! Ends statements that run too long or that nobody waits for: what a connection's progress handler looks at.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;

/// Virtual machine instructions between two looks: some ten microseconds.
const INSTRUCTIONS: i32 = 1_000;
/// The deadline is not known yet: the first look sets it, so that short statements never read the clock.
const UNSET: u64 = 0;

/// Set by whoever waits when it no longer does.
pub(crate) type Cancelled = Arc<AtomicBool>;

/// One connection's watch.
#[derive(Debug, Clone)]
pub(crate) struct Watch(Arc<State>);

#[derive(Debug)]
struct State {
    budget_ns: AtomicU64,
    /// Nanoseconds since [`base`].
    until_ns: AtomicU64,
    cancelled: Mutex<Option<Cancelled>>,
}

impl Watch {
    /// Makes a connection stoppable.
    pub fn install(connection: &mut Connection) -> rusqlite::Result<Self> {
        let watch = Self(Arc::new(State {
            budget_ns: AtomicU64::new(u64::MAX),
            until_ns: AtomicU64::new(UNSET),
            cancelled: Mutex::new(None),
        }));
        let state = Arc::clone(&watch.0);
        connection.progress_handler(INSTRUCTIONS, Some(move || state.is_over()))?;
        Ok(watch)
    }

    /// From now on statements may run for `budget` together.
    pub fn allow(&self, budget: Duration) {
        self.0.budget_ns.store(nanoseconds(budget), Ordering::Relaxed);
        self.0.until_ns.store(UNSET, Ordering::Relaxed);
    }

    /// From now on statements may run until `deadline`, and while they are not cancelled.
    pub fn allow_until(&self, deadline: Instant, cancelled: Option<Cancelled>) {
        self.allow(deadline.saturating_duration_since(Instant::now()));
        *self.0.cancelled.lock().unwrap_or_else(PoisonError::into_inner) = cancelled;
    }

    /// From now on nothing stops a statement.
    pub fn allow_all(&self) {
        self.allow(Duration::MAX);
        *self.0.cancelled.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl State {
    fn is_over(&self) -> bool {
        let now = nanoseconds(base().elapsed()).max(1);
        let until = self.until_ns.load(Ordering::Relaxed);
        if until == UNSET {
            let budget = self.budget_ns.load(Ordering::Relaxed);
            self.until_ns.store(now.saturating_add(budget), Ordering::Relaxed);
        } else if now >= until {
            return true;
        }
        let cancelled = self.cancelled.lock().unwrap_or_else(PoisonError::into_inner);
        cancelled.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed))
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn base() -> Instant {
    static BASE: OnceLock<Instant> = OnceLock::new();
    *BASE.get_or_init(Instant::now)
}

/// Tells the other side, when dropped, that nobody waits any more.
#[derive(Debug)]
pub(crate) struct CancelOnDrop(Cancelled);

impl CancelOnDrop {
    /// A guard, and what the other side looks at.
    pub fn new() -> (Self, Cancelled) {
        let flag = Cancelled::default();
        (Self(Arc::clone(&flag)), flag)
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDLESS: &str =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

    fn run(connection: &Connection) -> rusqlite::Result<i64> {
        connection.query_row(ENDLESS, [], |row| row.get(0))
    }

    #[test]
    fn a_budget_ends_a_statement() {
        let mut connection = Connection::open_in_memory().unwrap();
        let watch = Watch::install(&mut connection).unwrap();
        watch.allow(Duration::from_millis(2));
        let error = run(&connection).unwrap_err();
        assert_eq!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::OperationInterrupted));
    }

    #[test]
    fn dropping_the_guard_ends_a_statement() {
        let mut connection = Connection::open_in_memory().unwrap();
        let watch = Watch::install(&mut connection).unwrap();
        let (guard, cancelled) = CancelOnDrop::new();
        watch.allow_until(Instant::now() + Duration::from_secs(600), Some(cancelled));
        let running = std::thread::spawn(move || run(&connection));
        drop(guard);
        let error = running.join().unwrap().unwrap_err();
        assert_eq!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::OperationInterrupted));
    }
}
