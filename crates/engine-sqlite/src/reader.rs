//! Reading connections: one for every thread that asks, so that two threads never wait for one another, and a few workers
//! for reads that take long.
//!
//! Read-only connections see only what was committed; they know nothing of plans.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use mainstay_base::{Problem, Result};
use rusqlite::Connection;
use self_cell::self_cell;

use crate::snapshot::{Commits, Kept, Snapshot};
use crate::statement::Statements;
use crate::watch::Watch;
use crate::{Options, connect, errors};

/// How long a worker waits for something to do before it ends and frees its memory.
const WORKER_IDLE_MAX: Duration = Duration::from_secs(10);

self_cell!(
    struct Prepared {
        owner: Connection,
        #[not_covariant]
        dependent: Statements,
    }
);

/// A reading connection with its prepared statements. It stays on the thread that opened it.
pub(crate) struct Reader {
    prepared: Prepared,
    watch: Watch,
}

impl Reader {
    pub fn open(options: &Options) -> Result<Self> {
        let mut connection = connect::reader(options).map_err(|error| errors::opening(&error, options))?;
        let watch = Watch::install(&mut connection).map_err(|error| errors::opening(&error, options))?;
        Ok(Self { prepared: Prepared::new(connection, |connection| Statements::new(connection)), watch })
    }

    /// Its statements and what stops them.
    pub fn with<T>(&mut self, work: impl FnOnce(&mut Statements<'_>, &Watch) -> T) -> T {
        let watch = &self.watch;
        self.prepared.with_dependent_mut(|_, statements| work(statements, watch))
    }
}

/// Long work for a worker.
pub(crate) type Work = Box<dyn FnOnce(Result<&mut Reader>) + Send>;

/// All readers of one database.
#[derive(Clone)]
pub(crate) struct Readers(Arc<Shared>);

struct Shared {
    number: u64,
    options: Arc<Options>,
    snapshot: Arc<Snapshot>,
    commits: Commits,
    closed: AtomicBool,
    workers: Mutex<Workers>,
    wake: Condvar,
}

#[derive(Default)]
struct Workers {
    queue: VecDeque<Work>,
    running: usize,
    idle: usize,
}

/// A thread's reader of one database.
struct Local {
    shared: Arc<Shared>,
    reader: Reader,
    kept: Kept,
}

thread_local! {
    /// Whether this thread says when it is idle; only then can a state be kept for its next read.
    static SAYS_WHEN_IDLE: Cell<bool> = const { Cell::new(false) };
    static LOCAL: RefCell<Vec<Local>> = const { RefCell::new(Vec::new()) };
}

impl Readers {
    /// Readers of a database; none is open yet.
    pub fn new(options: Arc<Options>, snapshot: Arc<Snapshot>, commits: Commits) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(Arc::new(Shared {
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            options,
            snapshot,
            commits,
            closed: AtomicBool::new(false),
            workers: Mutex::default(),
            wake: Condvar::new(),
        }))
    }

    /// Reads with this thread's connection. `work` must not come back here.
    pub fn here<T>(&self, work: impl FnOnce(&mut Reader) -> Result<T>) -> Result<T> {
        if self.0.closed.load(Ordering::Relaxed) {
            return Err(errors::closed());
        }
        LOCAL.with_borrow_mut(|locals| {
            let known = locals.iter().position(|local| local.shared.number == self.0.number);
            let position = match known {
                Some(position) => position,
                None => {
                    // A good moment to let go of databases that were closed.
                    locals.retain(|local| !local.shared.closed.load(Ordering::Relaxed));
                    let reader = Reader::open(&self.0.options)?;
                    locals.push(Local { shared: Arc::clone(&self.0), reader, kept: Kept::default() });
                    locals.len() - 1
                }
            };
            let local = &mut locals[position];
            if SAYS_WHEN_IDLE.get() {
                local.renew()?;
            }
            work(&mut local.reader)
        })
    }

    /// This thread has nothing to read now: it keeps no state of the database that would soon be an old one.
    pub fn idle(&self) {
        SAYS_WHEN_IDLE.set(true);
        LOCAL.with_borrow_mut(|locals| {
            for local in locals.iter_mut().filter(|local| local.shared.number == self.0.number) {
                local.release();
            }
        });
    }

    /// Hands work to a worker. It is called with an error when no connection can be opened.
    pub fn elsewhere(&self, work: Work) -> Result<()> {
        let mut workers = self.0.lock();
        if self.0.closed.load(Ordering::Relaxed) {
            return Err(errors::closed());
        }
        if workers.queue.len() >= self.0.options.workers_queue_max {
            return Err(Problem::new("53000", "too many long reads are waiting")
                .with_hint("Try again later, or ask for less at once."));
        }
        workers.queue.push_back(work);
        if workers.idle >= workers.queue.len() {
            self.0.wake.notify_one();
        } else if workers.running < self.0.options.workers_max {
            workers.running += 1;
            let shared = Arc::clone(&self.0);
            let started = thread::Builder::new().name("sqlite-reader".into()).spawn(move || shared.serve());
            if let Err(error) = started {
                workers.running -= 1;
                if workers.running == 0 {
                    workers.queue.clear();
                    return Err(Problem::new("53000", format!("no thread could be started: {error}")));
                }
            }
        }
        Ok(())
    }

    /// Closes this thread's connection and the workers'; other threads close theirs when they next read anything, or end.
    pub fn close(&self) {
        let workers = self.0.lock();
        self.0.closed.store(true, Ordering::Relaxed);
        drop(workers);
        self.0.wake.notify_all();
        // The thread may be ending; then its connections are closed already.
        let _ = LOCAL.try_with(|locals| {
            if let Ok(mut locals) = locals.try_borrow_mut() {
                locals.retain(|local| !local.shared.closed.load(Ordering::Relaxed));
            }
        });
    }
}

impl Local {
    fn renew(&mut self) -> Result<()> {
        let Self { shared, reader, kept } = self;
        reader.with(|statements, watch| {
            watch.allow_all();
            kept.renew(statements, &shared.snapshot, &shared.commits)
        })
    }

    fn release(&mut self) {
        let Self { shared, reader, kept } = self;
        reader.with(|statements, _| {
            // A transaction that cannot be ended now is ended, or found to be over, before the next read.
            let _ = kept.release(statements, &shared.snapshot);
        });
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Workers> {
        // The queue is whole at every moment: a worker that panicked left nothing behind.
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A worker's life.
    fn serve(&self) {
        let mut reader = Reader::open(&self.options);
        while let Some(work) = self.next() {
            match &mut reader {
                Ok(reader) => work(Ok(reader)),
                Err(problem) => work(Err(problem.clone())),
            }
            if reader.is_err() {
                reader = Reader::open(&self.options);
            }
        }
    }

    /// The next work; `None` when the worker has been idle for long or the database is closed.
    fn next(&self) -> Option<Work> {
        let mut workers = self.lock();
        loop {
            if let Some(work) = workers.queue.pop_front() {
                return Some(work);
            }
            if self.closed.load(Ordering::Relaxed) {
                break;
            }
            workers.idle += 1;
            let (guard, waited) =
                self.wake.wait_timeout(workers, WORKER_IDLE_MAX).unwrap_or_else(PoisonError::into_inner);
            workers = guard;
            workers.idle -= 1;
            if waited.timed_out() && workers.queue.is_empty() {
                break;
            }
        }
        workers.running -= 1;
        None
    }
}
