//! Connections that several statements share, each of which is answered in its turn, so that nobody waits for another's answer before
//! a statement is sent.
//!
//! A connection is driven by the thread that opened it, and what is asked of it comes from there: what crosses threads wakes one for
//! each statement, which costs more than a short statement does.

use std::future::Future;
use std::ops::Deref;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Instant;

use mainstay_base::Result;

use crate::queue::{Queue, STUCK, Ticket};

/// How many times as many connections a thread has while slow statements run on all of them.
const STUCK_FACTOR: usize = 4;

/// A connection that answers in the order in which it is asked.
pub trait Shareable: Send + Sync + Sized + 'static {
    /// Who waits for its answers.
    fn queue(&self) -> &Queue;

    /// The thread that drives it.
    fn home(&self) -> ThreadId;

    /// Whether nothing can be asked of it any more.
    fn is_closed(&self) -> bool;

    /// Ends what it is doing, for nobody waits for that, and closes it.
    fn interrupt(connection: Arc<Self>);
}

/// The shared connections of one database. They are opened when they are needed.
#[derive(Debug)]
pub struct Sharing<C> {
    /// How many each thread has, unless they are stuck.
    max: usize,
    connections: Mutex<Vec<Arc<C>>>,
    /// Held while a connection is opened, so that those who wait for one open no others.
    opening: tokio::sync::Mutex<()>,
}

/// A use of a shared connection.
#[derive(Debug)]
pub struct Shared<C: Shareable> {
    connection: Arc<C>,
    place: Ticket,
}

/// What became of something that was asked on a shared connection.
#[derive(Debug)]
pub enum Asked<C: Shareable, T> {
    /// It was answered.
    Answered(T),
    /// It is better asked on this one.
    Elsewhere(Shared<C>),
    /// Nothing is heard of the server.
    Silent,
}

/// The connection to take.
struct Least<C: Shareable> {
    connection: Shared<C>,
    /// How many others use it.
    others: usize,
    /// Whether a slow statement runs on it, and so on all others.
    is_stuck: bool,
    /// How many connections the thread has.
    connections: usize,
}

/// Waits for an answer. When it is dropped before that, because nobody wants the answer any more, the work is interrupted, provided
/// that it is the only work on that connection.
struct Waiting<'p, C: Shareable> {
    sharing: &'p Sharing<C>,
    connection: &'p Shared<C>,
    is_over: bool,
}

impl<C: Shareable> Shared<C> {
    fn new(connection: Arc<C>) -> Self {
        let place = connection.queue().join();
        Self { connection, place }
    }

    /// Whether a slow statement of somebody else is in the way.
    fn is_held_up(&self) -> bool {
        self.connection.queue().is_held_up(self.place)
    }
}

impl<C: Shareable> Drop for Shared<C> {
    fn drop(&mut self) {
        self.connection.queue().leave(self.place);
    }
}

impl<C: Shareable> Deref for Shared<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.connection
    }
}

impl<C: Shareable> Drop for Waiting<'_, C> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let connection = &self.connection.connection;
        {
            // Whoever takes a connection does so under this lock: nobody joins one that is given up.
            let mut all = self.sharing.all();
            if connection.queue().waiting() > 1 {
                return;
            }
            all.retain(|other| !Arc::ptr_eq(other, connection));
        }
        C::interrupt(Arc::clone(connection));
    }
}

impl<C: Shareable> Sharing<C> {
    /// No connection yet, and at most so many for each thread.
    pub fn new(max: usize) -> Self {
        Self { max, connections: Mutex::default(), opening: tokio::sync::Mutex::new(()) }
    }

    /// The thread's connection with the least to do; `open` opens another.
    ///
    /// # Errors
    /// Those of `open`.
    pub async fn take<F: Future<Output = Result<C>>>(&self, open: impl Fn() -> F) -> Result<Shared<C>> {
        if let Some(least) = self.least_used() {
            if least.is_stuck {
                return Ok(self.elsewhere(open).await?.unwrap_or(least.connection));
            }
            if least.others > 0
                && least.connections < self.max
                && let Ok(_opening) = self.opening.try_lock()
            {
                return self.add(open().await?);
            }
            return Ok(least.connection);
        }
        let opened = open();
        let _opening = self.opening.lock().await;
        match self.least_used() {
            Some(least) => Ok(least.connection),
            None => self.add(opened.await?),
        }
    }

    /// A connection on which no slow statement runs; there is none when there are enough already.
    async fn elsewhere<F: Future<Output = Result<C>>>(
        &self,
        open: impl Fn() -> F,
    ) -> Result<Option<Shared<C>>> {
        let _opening = self.opening.lock().await;
        match self.least_used() {
            Some(least) if !least.is_stuck => Ok(Some(least.connection)),
            Some(least) if least.connections >= STUCK_FACTOR * self.max => Ok(None),
            _ => self.add(open().await?).map(Some),
        }
    }

    fn add(&self, connection: C) -> Result<Shared<C>> {
        let connection = Arc::new(connection);
        let mut all = self.all();
        all.push(Arc::clone(&connection));
        Ok(Shared::new(connection))
    }

    /// The least used of the thread's connections; one on which a slow statement runs counts as used more than any other.
    fn least_used(&self) -> Option<Least<C>> {
        let mut all = self.all();
        all.retain(|connection| !connection.is_closed());
        let here = thread::current().id();
        let own = || all.iter().filter(|connection| connection.home() == here);
        let use_of = |connection: &Arc<C>| (connection.queue().is_stuck(), connection.queue().waiting());
        let ((is_stuck, others), least) =
            own().map(|connection| (use_of(connection), connection)).min_by_key(|(use_of, _)| *use_of)?;
        Some(Least {
            connection: Shared::new(Arc::clone(least)),
            others,
            is_stuck,
            connections: own().count(),
        })
    }

    /// Waits for `work`, which was asked on `connection`, until `end`; but not behind a slow statement of somebody else, if `open` can
    /// open another connection. When this is dropped, the work is interrupted.
    pub async fn wait<T, F: Future<Output = Result<C>>>(
        &self,
        connection: &Shared<C>,
        end: Instant,
        work: impl Future<Output = T>,
        open: impl Fn() -> F,
    ) -> Asked<C, T> {
        let mut work = pin!(work);
        let mut waiting = Waiting { sharing: self, connection, is_over: false };
        let asked = loop {
            if let Ok(answer) = tokio::time::timeout(STUCK, &mut work).await {
                break Asked::Answered(answer);
            }
            if Instant::now() >= end {
                break Asked::Silent;
            }
            if connection.is_held_up()
                && let Ok(Some(better)) = self.elsewhere(&open).await
            {
                break Asked::Elsewhere(better);
            }
        };
        waiting.is_over = true;
        asked
    }

    /// Lets go of a connection: nothing is heard on it any more, or it is worn out.
    pub fn discard(&self, connection: &Shared<C>) {
        self.all().retain(|other| !Arc::ptr_eq(other, &connection.connection));
    }

    /// Lets go of all connections.
    pub fn clear(&self) {
        self.all().clear();
    }

    fn all(&self) -> MutexGuard<'_, Vec<Arc<C>>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
