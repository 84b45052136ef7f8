//! Which state of the database reads see: one for all statements of a read, and, on a busy thread, one for several reads.
//!
//! Beginning and ending a read transaction costs as much as finding a row. A thread that has many requests at once keeps its
//! transaction for the next of them, as long as nothing was committed meanwhile: [`Commits`] tells.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mainstay_base::Result;

use crate::errors;
use crate::statement::{Sql, Statements};

/// How long a state is kept at most: what other programs commit is seen after that. This process's own commits are seen at once.
const KEPT_MAX: Duration = Duration::from_millis(1);

/// Statements that make several reads agree.
pub(crate) struct Snapshot {
    begin: Sql,
    end: Sql,
}

impl Snapshot {
    pub fn new() -> Self {
        Self { begin: Sql::new("BEGIN"), end: Sql::new("COMMIT") }
    }

    /// Runs `work` in one read transaction; where one is open already, in that.
    pub fn hold<T>(
        &self,
        statements: &mut Statements<'_>,
        work: impl FnOnce(&mut Statements<'_>) -> Result<T>,
    ) -> Result<T> {
        if !statements.connection().is_autocommit() {
            return work(statements);
        }
        self.begin(statements)?;
        let done = work(statements);
        // Reads leave nothing to commit, so this cannot lose anything.
        let ended = self.end(statements);
        let done = done?;
        ended?;
        Ok(done)
    }

    fn begin(&self, statements: &mut Statements<'_>) -> Result<()> {
        statements.run(&self.begin).map_err(|error| errors::plain(&error))
    }

    fn end(&self, statements: &mut Statements<'_>) -> Result<()> {
        statements.run(&self.end).map_err(|error| errors::plain(&error))
    }
}

/// Counts this process's commits, so that a reader knows whether a state that it kept is still the newest. The number is
/// odd while a commit is under way: then some already see what others do not.
#[derive(Clone, Default)]
pub(crate) struct Commits(Arc<AtomicU64>);

/// A commit that is under way until this is dropped.
pub(crate) struct UnderWay<'c>(&'c Commits);

impl Commits {
    /// To be called before a commit begins; at most one is under way at a time.
    pub fn under_way(&self) -> UnderWay<'_> {
        self.0.fetch_add(1, Ordering::SeqCst);
        UnderWay(self)
    }

    /// The number of the newest state; none while it is being replaced.
    fn newest(&self) -> Option<u64> {
        Some(self.0.load(Ordering::SeqCst)).filter(|number| number.is_multiple_of(2))
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// The state that a thread keeps between two reads, if any.
#[derive(Default)]
pub(crate) struct Kept(Option<State>);

struct State {
    number: u64,
    since: Instant,
}

impl Kept {
    /// Before a read: keeps what is kept while it is the newest state, else keeps that.
    pub fn renew(
        &mut self,
        statements: &mut Statements<'_>,
        snapshot: &Snapshot,
        commits: &Commits,
    ) -> Result<()> {
        let newest = commits.newest();
        let still = |state: &State| Some(state.number) == newest && state.since.elapsed() < KEPT_MAX;
        if self.0.as_ref().is_some_and(|state| still(state) && !statements.connection().is_autocommit()) {
            return Ok(());
        }
        self.release(statements, snapshot)?;
        if let Some(number) = newest {
            snapshot.begin(statements)?;
            self.0 = Some(State { number, since: Instant::now() });
        }
        Ok(())
    }

    /// Keeps nothing any more.
    pub fn release(&mut self, statements: &mut Statements<'_>, snapshot: &Snapshot) -> Result<()> {
        match self.0.take() {
            // A read that failed badly may have ended the transaction.
            Some(_) if !statements.connection().is_autocommit() => snapshot.end(statements),
            _ => Ok(()),
        }
    }
}
