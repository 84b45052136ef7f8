//! The connections of one database: a few that reads of one statement share, each answering them in order, and a few that
//! transactions have to themselves.
//!
//! A connection is driven by the thread that opened it, and its requests come from there: what crosses threads wakes one for each
//! statement, which costs more than a short statement does.

use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use mainstay_base::{Problem, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::address::Address;
use crate::connection::Connection;
use crate::queue::Ticket;
use crate::{Options, errors};

/// How many times as many connections reads share while slow statements run on all of them.
const STUCK_FACTOR: usize = 4;
/// How often the server is asked to end a statement, and how long it may take the first time; the time doubles.
const INTERRUPTS: u32 = 6;
const INTERRUPT_FIRST: Duration = Duration::from_millis(100);

/// All connections of one database. They are opened when they are needed.
pub(crate) struct Pool {
    options: Options,
    address: Address,
    shared: Mutex<Vec<Arc<Connection>>>,
    /// Held while a shared connection is opened, so that those who wait for one open no others.
    opening: tokio::sync::Mutex<()>,
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
    closed: AtomicBool,
    /// When it last failed to connect, and why.
    failure: Mutex<Option<(Instant, Problem)>>,
}

/// A use of a shared connection.
pub(crate) struct Shared {
    connection: Arc<Connection>,
    place: Ticket,
}

impl Shared {
    fn new(connection: Arc<Connection>) -> Self {
        let place = connection.queue.join();
        Self { connection, place }
    }

    /// Whether a slow statement of somebody else is in the way.
    pub fn is_held_up(&self) -> bool {
        self.connection.queue.is_held_up(self.place)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.connection.queue.leave(self.place);
    }
}

impl Deref for Shared {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

/// The shared connection to take.
struct Least {
    connection: Shared,
    /// How many others use it.
    others: usize,
    /// Whether a slow statement runs on it, and so on all others.
    is_stuck: bool,
    /// How many connections the thread has.
    connections: usize,
}

/// Waits for an answer on a shared connection. When it is dropped before that, because nobody wants the answer any more, the work is
/// interrupted, provided that it is the only work on that connection.
pub(crate) struct Waiting<'p> {
    pool: &'p Pool,
    connection: &'p Shared,
    is_over: bool,
}

impl Waiting<'_> {
    /// The answer is there.
    pub fn end(mut self) {
        self.is_over = true;
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let connection = &self.connection.connection;
        {
            // Whoever takes a connection does so under this lock: nobody joins one that is given up.
            let mut shared = lock(&self.pool.shared);
            if connection.queue.len() > 1 {
                return;
            }
            shared.retain(|other| !Arc::ptr_eq(other, connection));
        }
        interrupt(Arc::clone(connection));
    }
}

/// Ends what a connection that nobody uses any more is doing, and closes it. When that does not reach the server, the statement's own
/// timeout ends it.
fn interrupt(connection: impl Deref<Target = Connection> + Send + 'static) {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
    runtime.spawn(async move {
        // An answer to this comes after all others.
        let mut ended = std::pin::pin!(connection.control(""));
        let mut patience = INTERRUPT_FIRST;
        for _ in 0..INTERRUPTS {
            // The server passes over what reaches it just before the statement does.
            let _ = connection.client.cancel_token().cancel_query(connection.tls.clone()).await;
            if tokio::time::timeout(patience, &mut ended).await.is_ok() {
                return;
            }
            patience *= 2;
        }
    });
}

/// A connection that nobody else uses. Unless it is given back with [`Lease::finish`] its work is interrupted and it is closed,
/// which undoes an open transaction.
pub(crate) struct Lease {
    connection: Option<Connection>,
    idle: Arc<Mutex<Vec<Connection>>>,
    _permit: OwnedSemaphorePermit,
}

impl Lease {
    /// Its connection.
    pub fn connection(&self) -> Result<&Connection> {
        self.connection.as_ref().ok_or_else(errors::closed)
    }

    /// Gives the connection back; no transaction is open on it.
    pub fn finish(mut self) {
        if let Some(connection) = self.connection.take().filter(|connection| !connection.client.is_closed()) {
            lock(&self.idle).push(connection);
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        interrupt(Box::new(connection));
    }
}

impl Pool {
    /// The pool of the database at a URL; nothing is opened yet.
    pub fn new(url: &str, options: &Options) -> Result<Self> {
        Ok(Self {
            address: Address::read(url, options)?,
            shared: Mutex::default(),
            opening: tokio::sync::Mutex::new(()),
            idle: Arc::default(),
            permits: Arc::new(Semaphore::new(options.transactions_max)),
            closed: AtomicBool::new(false),
            failure: Mutex::default(),
            options: options.clone(),
        })
    }

    /// How to connect.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The thread's shared connection with the least to do.
    pub async fn shared(&self) -> Result<Shared> {
        if let Some(least) = self.least_used() {
            if least.is_stuck {
                return Ok(self.elsewhere().await?.unwrap_or(least.connection));
            }
            if least.others > 0
                && least.connections < self.options.shared_max
                && let Ok(_opening) = self.opening.try_lock()
            {
                return self.open_shared().await;
            }
            return Ok(least.connection);
        }
        let asked = Instant::now();
        let _opening = self.opening.lock().await;
        match self.least_used() {
            Some(least) => Ok(least.connection),
            None => {
                self.failed_since(asked)?;
                self.open_shared().await
            }
        }
    }

    /// A shared connection on which no slow statement runs; there is none when there are enough connections already.
    pub async fn elsewhere(&self) -> Result<Option<Shared>> {
        let _opening = self.opening.lock().await;
        match self.least_used() {
            Some(least) if !least.is_stuck => Ok(Some(least.connection)),
            Some(least) if least.connections >= STUCK_FACTOR * self.options.shared_max => Ok(None),
            _ => self.open_shared().await.map(Some),
        }
    }

    /// Lets go of a connection on which nothing is heard any more.
    pub fn discard(&self, silent: &Shared) {
        lock(&self.shared).retain(|connection| !Arc::ptr_eq(connection, &silent.connection));
    }

    /// What to hold while an answer is waited for on a shared connection.
    pub fn waiting<'p>(&'p self, connection: &'p Shared) -> Waiting<'p> {
        Waiting { pool: self, connection, is_over: false }
    }

    /// Lets go of all connections: the server behind them is not the one that is wanted any more.
    pub fn renew(&self) {
        lock(&self.shared).clear();
        lock(&self.idle).clear();
    }

    async fn open_shared(&self) -> Result<Shared> {
        let connection = Arc::new(self.open().await?);
        let mut shared = lock(&self.shared);
        shared.push(Arc::clone(&connection));
        Ok(Shared::new(connection))
    }

    /// The least used of the thread's connections; one on which a slow statement runs counts as used more than any other.
    fn least_used(&self) -> Option<Least> {
        let mut shared = lock(&self.shared);
        shared.retain(|connection| !connection.client.is_closed());
        let here = thread::current().id();
        let own = || shared.iter().filter(|connection| connection.home == here);
        let use_of = |connection: &Arc<Connection>| (connection.queue.is_stuck(), connection.queue.len());
        let ((is_stuck, others), least) =
            own().map(|connection| (use_of(connection), connection)).min_by_key(|(use_of, _)| *use_of)?;
        Some(Least {
            connection: Shared::new(Arc::clone(least)),
            others,
            is_stuck,
            connections: own().count(),
        })
    }

    /// A connection of one's own.
    pub async fn lease(&self) -> Result<Lease> {
        let asked = Instant::now();
        let permit =
            tokio::time::timeout(self.options.lease_timeout, Arc::clone(&self.permits).acquire_owned());
        let permit = permit.await.map_err(|_| {
            Problem::new("53300", "too many transactions are waiting for a connection to the database")
                .with_hint("Try again later.")
        })?;
        let permit = permit.map_err(|_| errors::closed())?;
        let connection = match self.take_idle() {
            Some(connection) => connection,
            None => {
                self.failed_since(asked)?;
                self.open().await?
            }
        };
        Ok(Lease { connection: Some(connection), idle: Arc::clone(&self.idle), _permit: permit })
    }

    /// An idle connection of this thread. One of another thread is taken only when no more may be opened.
    fn take_idle(&self) -> Option<Connection> {
        let mut idle = lock(&self.idle);
        idle.retain(|connection| !connection.client.is_closed());
        let here = thread::current().id();
        let own = idle.iter().rposition(|connection| connection.home == here);
        let leased = self.options.transactions_max - self.permits.available_permits();
        let place = own.or_else(|| (leased + idle.len() > self.options.transactions_max).then_some(0))?;
        (place < idle.len()).then(|| idle.swap_remove(place))
    }

    async fn open(&self) -> Result<Connection> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(errors::closed());
        }
        let options = &self.options;
        let opened =
            Connection::open(&self.address, options.connect_timeout, options.prepared_statements).await;
        opened.inspect_err(|problem| *lock(&self.failure) = Some((Instant::now(), problem.clone())))
    }

    /// Those who waited while another tried in vain do not try again one after the other.
    fn failed_since(&self, asked: Instant) -> Result<()> {
        match &*lock(&self.failure) {
            Some((at, problem)) if *at > asked => Err(problem.clone()),
            _ => Ok(()),
        }
    }

    /// Closes what is not in use, and opens nothing any more.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        self.permits.close();
        lock(&self.shared).clear();
        lock(&self.idle).clear();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
