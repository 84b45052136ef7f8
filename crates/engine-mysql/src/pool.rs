//! The connections of one database: a few that reads of one statement share, and for everything else one for each request in flight,
//! opened when they are needed and kept for the next.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mainstay_base::{Problem, Result};
use mainstay_dialect::mysql::Flavour;
use mainstay_engine::{Shared, Sharing};
use mysql_async::Opts;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::connection::{Connection, STATEMENTS_MAX, patiently};
use crate::pipeline::Pipeline;
use crate::{Options, address, errors};

/// A connection that was not used for so long is asked whether it is still there.
const IDLE_TRUSTED: Duration = Duration::from_secs(1);
/// How long the driver's connections are used for everything when the server wants a way to come in that shared ones do not speak. A
/// server may know a password once it was told it.
const UNSHARED_FOR: Duration = Duration::from_secs(10);
/// Says so, on its way to where that is noticed.
const UNSPOKEN: &str = "0A000";
/// How long to try to end the work of a connection that nobody waits for any more.
const KILL_PATIENCE: Duration = Duration::from_secs(2);

/// All connections of one database.
pub(crate) struct Pool {
    options: Options,
    shared: Arc<Common>,
    permits: Arc<Semaphore>,
    sharing: Sharing<Pipeline>,
    /// When the server last wanted a way to come in that shared connections do not speak.
    unshared: Mutex<Option<Instant>>,
    /// When it last failed to connect, and why.
    failure: Mutex<Option<(Instant, Problem)>>,
}

/// What leases share with their pool.
struct Common {
    opts: Opts,
    existing: bool,
    idle: Mutex<Vec<Connection>>,
    closed: AtomicBool,
    flavour: Mutex<Option<Flavour>>,
    /// Connections that were last used before this may be as dead as another was found to be then.
    suspect: Mutex<Option<Instant>>,
}

/// A connection that nobody else uses. Unless it is given back with [`Lease::finish`] its work is interrupted and it is closed,
/// which undoes an open transaction.
pub(crate) struct Lease {
    connection: Option<Connection>,
    shared: Arc<Common>,
    _permit: OwnedSemaphorePermit,
}

impl Lease {
    /// Its connection.
    pub fn connection(&mut self) -> Result<&mut Connection> {
        self.connection.as_mut().ok_or_else(errors::closed)
    }

    /// Gives the connection back; no transaction is open on it.
    pub fn finish(mut self) {
        if self.connection.as_ref().is_some_and(Connection::is_dirty) {
            return;
        }
        let Some(connection) = self.connection.take() else { return };
        if connection.is_closed() {
            self.shared.suspect();
        } else if !self.shared.closed.load(Ordering::Relaxed) {
            lock(&self.shared.idle).push(connection);
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        if connection.is_closed() && connection.used.elapsed() > KILL_PATIENCE {
            self.shared.suspect();
        }
        let number = connection.number();
        drop(connection);
        self.shared.kill(number);
    }
}

impl Common {
    /// Says something on a connection apart, if that can be had soon.
    async fn tell(&self, what: &str) {
        if let Ok(mut other) = Connection::open(&self.opts, self.existing, KILL_PATIENCE).await {
            _ = other.control(what).await;
        }
    }

    /// Notes that a connection was found dead: others may be.
    fn suspect(&self) {
        *lock(&self.suspect) = Some(Instant::now());
    }

    fn is_suspect(&self, connection: &Connection) -> bool {
        connection.used.elapsed() > IDLE_TRUSTED
            || lock(&self.suspect).is_some_and(|suspect| connection.used < suspect)
    }

    /// Ends the connection that the server knows by a number. When this does not reach the server, the statement's own time ends it, or
    /// the server sees that nobody listens.
    fn kill(self: &Arc<Self>, number: u32) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let shared = Arc::clone(self);
        runtime.spawn(async move { shared.tell(&format!("KILL {number}")).await });
    }

    /// An idle connection, if there is one, rather one whose thread is this.
    fn idle(&self) -> Option<Connection> {
        let here = std::thread::current().id();
        let mut idle = lock(&self.idle);
        match idle.iter().rposition(|connection| connection.home == here) {
            Some(position) => Some(idle.swap_remove(position)),
            None => idle.pop(),
        }
    }
}

impl Pool {
    /// The pool of a database; nothing is opened yet.
    pub fn new(options: &Options) -> Result<Self> {
        let shared = Common {
            opts: address::options(&options.url, 2 * STATEMENTS_MAX)?,
            existing: options.existing,
            idle: Mutex::default(),
            closed: AtomicBool::new(false),
            flavour: Mutex::default(),
            suspect: Mutex::default(),
        };
        Ok(Self {
            shared: Arc::new(shared),
            permits: Arc::new(Semaphore::new(options.connections_max)),
            sharing: Sharing::new(options.shared_max),
            unshared: Mutex::default(),
            failure: Mutex::default(),
            options: options.clone(),
        })
    }

    /// Which server it is, once one was reached.
    pub fn flavour(&self) -> Option<Flavour> {
        *lock(&self.shared.flavour)
    }

    /// A connection of one's own.
    pub async fn lease(&self) -> Result<Lease> {
        let asked = Instant::now();
        let permit =
            tokio::time::timeout(self.options.transaction_timeout, Arc::clone(&self.permits).acquire_owned());
        let permit = permit.await.map_err(|_| {
            Problem::new("53300", "too many requests are waiting for a connection to the database")
                .with_hint("Try again later.")
        })?;
        let permit = permit.map_err(|_| errors::closed())?;
        let connection = match self.idle().await {
            Some(connection) => connection,
            None => {
                self.failed_since(asked)?;
                self.open().await?
            }
        };
        Ok(Lease { connection: Some(connection), shared: Arc::clone(&self.shared), _permit: permit })
    }

    async fn idle(&self) -> Option<Connection> {
        while let Some(mut connection) = self.shared.idle() {
            if !connection.is_closed()
                && (!self.shared.is_suspect(&connection) || connection.is_alive().await)
            {
                return Some(connection);
            }
        }
        None
    }

    /// The connections that reads of one statement share.
    pub fn sharing(&self) -> &Sharing<Pipeline> {
        &self.sharing
    }

    /// A shared connection; there is none for now where the server wants a way to come in that these do not speak.
    pub async fn shared(&self) -> Result<Option<Shared<Pipeline>>> {
        if lock(&self.unshared).is_some_and(|at| at.elapsed() < UNSHARED_FOR) {
            return Ok(None);
        }
        match self.sharing.take(|| self.open_shared()).await {
            Err(problem) if problem.code() == UNSPOKEN => Ok(None),
            taken => taken.map(Some),
        }
    }

    /// Opens a connection that is to be shared.
    pub fn open_shared(&self) -> impl Future<Output = Result<Pipeline>> {
        let asked = Instant::now();
        async move {
            self.failed_since(asked)?;
            let Options { existing, connect_timeout, .. } = self.options;
            // Whoever asks has a plan, which was rendered for a known server.
            let flavour = self.flavour().ok_or_else(errors::closed)?;
            if self.shared.closed.load(Ordering::Relaxed) {
                return Err(errors::closed());
            }
            let opened = patiently(connect_timeout, || {
                let shared = Arc::clone(&self.shared);
                Pipeline::open(&self.shared.opts, flavour, existing, move |number| shared.kill(number))
            });
            let opened = opened
                .await
                .inspect_err(|problem| *lock(&self.failure) = Some((Instant::now(), problem.clone())))?;
            opened.ok_or_else(|| {
                *lock(&self.unshared) = Some(Instant::now());
                Problem::new(UNSPOKEN, "the server wants another way to come in")
            })
        }
    }

    /// A connection that is not counted, for what must not wait for those that are.
    pub async fn open_apart(&self) -> Result<Connection> {
        self.open().await
    }

    /// Ends the statement that a connection has under way; the connection stays.
    pub async fn interrupt(&self, number: u32) {
        self.shared.tell(&format!("KILL QUERY {number}")).await;
    }

    /// Notes that a connection was found dead.
    pub fn suspect(&self) {
        self.shared.suspect();
    }

    async fn open(&self) -> Result<Connection> {
        if self.shared.closed.load(Ordering::Relaxed) {
            return Err(errors::closed());
        }
        let patience = self.options.connect_timeout;
        let opened = Connection::open(&self.shared.opts, self.shared.existing, patience).await;
        let opened =
            opened.inspect_err(|problem| *lock(&self.failure) = Some((Instant::now(), problem.clone())))?;
        *lock(&self.shared.flavour) = Some(opened.flavour);
        Ok(opened)
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
        self.shared.closed.store(true, Ordering::Relaxed);
        self.permits.close();
        self.sharing.clear();
        lock(&self.shared.idle).clear();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
