//! Copies of the database that reads may go to, and how old what they show may be.
//!
//! A copy is asked for nothing while requests wait: now and then the primary is asked how far its log is, and a copy that has come
//! that far shows everything that was committed before the question. So what is promised needs no clock but ours.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use mainstay_base::{Problem, Result};

use crate::pool::Pool;
use crate::{Options, errors};

/// How much of the time that a copy may lag passes between two questions.
const CHECKS_PER_LAG: u32 = 4;
/// The shortest time between two questions.
const CHECK_PAUSE_MIN: Duration = Duration::from_millis(20);
/// How long to try to reach a copy: a read has the primary to go to.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);
/// Where the primary's log is: all that it has promised to keep.
const WRITTEN: &str = "SELECT pg_catalog.pg_current_wal_flush_lsn()::text";
/// Whether a copy has come as far as `$1`.
const REPLAYED: &str =
    "SELECT (pg_catalog.pg_is_in_recovery() AND pg_catalog.pg_last_wal_replay_lsn() >= $1::pg_lsn)::text";

/// All copies of one database.
pub(crate) struct Replicas {
    all: Vec<Replica>,
    next: AtomicUsize,
    lag_max: Duration,
    is_checking: AtomicBool,
    checked: Mutex<Option<Instant>>,
}

/// One copy.
pub(crate) struct Replica {
    pub pool: Pool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// It shows everything that was committed before this.
    fresh: Option<Instant>,
    /// How far it has to come to show everything that was committed before that.
    wanted: Option<(String, Instant)>,
}

impl Replicas {
    /// The copies that the options name.
    pub fn of(options: &Options) -> Result<Self> {
        let own =
            Options { connect_timeout: CONNECT_TIMEOUT.min(options.connect_timeout), ..options.clone() };
        let replica = |url: &String| Ok(Replica { pool: Pool::new(url, &own)?, state: Mutex::default() });
        Ok(Self {
            all: options.replicas.iter().map(replica).collect::<Result<_>>()?,
            next: AtomicUsize::new(0),
            lag_max: options.replica_lag_max,
            is_checking: AtomicBool::new(false),
            checked: Mutex::default(),
        })
    }

    /// A copy that shows what it must; the next one in turn.
    pub fn choose(self: &Arc<Self>, primary: &Arc<Pool>) -> Option<&Replica> {
        if self.all.is_empty() {
            return None;
        }
        self.check_if_due(primary);
        let start = self.next.fetch_add(1, Ordering::Relaxed);
        let in_turn = (0..self.all.len()).map(|step| &self.all[(start + step) % self.all.len()]);
        in_turn.into_iter().find(|replica| replica.is_fresh(self.lag_max))
    }

    fn check_if_due(self: &Arc<Self>, primary: &Arc<Pool>) {
        let pause = (self.lag_max / CHECKS_PER_LAG).max(CHECK_PAUSE_MIN);
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = checked.is_none_or(|checked| checked.elapsed() >= pause);
        if !is_due || self.is_checking.swap(true, Ordering::Relaxed) {
            return;
        }
        *checked = Some(Instant::now());
        drop(checked);
        let (own, primary) = (Arc::clone(self), Arc::clone(primary));
        tokio::spawn(async move {
            let _checking = Checking(&own.is_checking);
            // Without the primary nothing is known of the copies, and they are not asked for long.
            if let Ok((position, asked)) = written(&primary).await {
                let checks = own.all.iter().map(|replica| replica.check(&position, asked));
                futures_util::future::join_all(checks).await;
            }
        });
    }

    /// Closes what is not in use.
    pub fn close(&self) {
        self.all.iter().for_each(|replica| replica.pool.close());
    }
}

/// Ends a check however it ends.
struct Checking<'c>(&'c AtomicBool);

impl Drop for Checking<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// How far the primary's log was at some time.
async fn written(primary: &Pool) -> Result<(String, Instant)> {
    let asked = Instant::now();
    let position = ask(primary, WRITTEN, &[]).await?;
    Ok((position, asked))
}

async fn ask(pool: &Pool, text: &str, parameters: &[&str]) -> Result<String> {
    let lease = pool.lease().await?;
    let rows = lease.connection()?.texts(text, parameters).await.map_err(|error| errors::plain(&error))?;
    lease.finish();
    let answer = rows.into_iter().flatten().next().flatten();
    answer.ok_or_else(|| Problem::internal("a server does not know where its log is"))
}

impl Replica {
    fn is_fresh(&self, lag_max: Duration) -> bool {
        self.state().fresh.is_some_and(|fresh| fresh.elapsed() <= lag_max)
    }

    /// It is not asked again before it has shown that it is there.
    pub fn mistrust(&self) {
        self.state().fresh = None;
    }

    /// Whether it has come as far as it was to. A copy that lags is held to the same place until it has reached it.
    async fn check(&self, position: &str, asked: Instant) {
        let (wanted, since) = self.state().wanted.get_or_insert_with(|| (position.to_owned(), asked)).clone();
        match ask(&self.pool, REPLAYED, &[&wanted]).await.as_deref() {
            Ok("true") => {
                let mut state = self.state();
                state.fresh = Some(since);
                state.wanted = None;
            }
            Ok(_) => {}
            Err(_) => self.mistrust(),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
