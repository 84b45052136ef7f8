//! The connections of one database: a few that reads of one statement share, and a few that transactions have to themselves.

use std::future::Future;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use mainstay_base::{Problem, Result};
use mainstay_engine::{Queue, Shareable, Shared, Sharing};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::address::Address;
use crate::connection::Connection;
use crate::{Options, errors};

/// How often the server is asked to end a statement, and how long it may take the first time; the time doubles.
const INTERRUPTS: u32 = 6;
const INTERRUPT_FIRST: Duration = Duration::from_millis(100);

/// All connections of one database. They are opened when they are needed.
pub(crate) struct Pool {
    options: Options,
    address: Address,
    sharing: Sharing<Connection>,
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
    closed: AtomicBool,
    /// When it last failed to connect, and why.
    failure: Mutex<Option<(Instant, Problem)>>,
}

impl Shareable for Connection {
    fn queue(&self) -> &Queue {
        &self.queue
    }

    fn home(&self) -> ThreadId {
        self.home
    }

    fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    fn interrupt(connection: Arc<Self>) {
        interrupt(connection);
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
            connection.canceller.cancel(&connection.client.cancel_token()).await;
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
            sharing: Sharing::new(options.shared_max),
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

    /// The connections that reads of one statement share.
    pub fn sharing(&self) -> &Sharing<Connection> {
        &self.sharing
    }

    /// A shared connection.
    pub async fn shared(&self) -> Result<Shared<Connection>> {
        self.sharing.take(|| self.open_shared()).await
    }

    /// Opens a connection that is to be shared.
    pub fn open_shared(&self) -> impl Future<Output = Result<Connection>> {
        let asked = Instant::now();
        async move {
            self.failed_since(asked)?;
            self.open().await
        }
    }

    /// Lets go of all connections: the server behind them is not the one that is wanted any more.
    pub fn renew(&self) {
        self.sharing.clear();
        lock(&self.idle).clear();
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
        self.sharing.clear();
        lock(&self.idle).clear();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
