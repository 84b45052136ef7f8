//! The threads that answer requests: one for each core, each with a runtime of its own.
//!
//! A connection stays with the thread that it was dealt to. Its requests wake no other thread, which on short requests costs
//! more than the work itself, and the thread's own connection to the database stays warm. It knows no request.

use std::io;
use std::net::TcpStream as Socket;
use std::thread::{self, JoinHandle};

use hyper_util::server::graceful::Watcher;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Threads that connections are dealt to in turn.
pub struct Workers {
    workers: Vec<Worker>,
    next: usize,
}

/// A connection on its way to a worker, with what tells it of a shutdown.
type Dealt = (Socket, Watcher);

struct Worker {
    connections: UnboundedSender<Dealt>,
    thread: JoinHandle<()>,
}

impl Workers {
    /// Starts a worker for each core; each serves its connections with `serve` and calls `idle` whenever it has nothing to do.
    ///
    /// # Errors
    /// When the system gives no thread or no runtime.
    pub fn start<F>(
        serve: impl Fn(TcpStream, Watcher) -> F + Clone + Send + 'static,
        idle: impl Fn() + Clone + Send + Sync + 'static,
    ) -> io::Result<Self>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let cores = thread::available_parallelism().map_or(2, usize::from);
        let workers = (0..cores)
            .map(|number| Worker::start(number, serve.clone(), idle.clone()))
            .collect::<io::Result<_>>()?;
        Ok(Self { workers, next: 0 })
    }

    /// Deals a connection to the next worker.
    ///
    /// # Errors
    /// When the system does not let go of the connection; it is closed then.
    pub fn deal(&mut self, connection: TcpStream, watcher: Watcher) -> io::Result<()> {
        let socket = connection.into_std()?;
        // A worker ends only with the program.
        let _ = self.workers[self.next].connections.send((socket, watcher));
        self.next = (self.next + 1) % self.workers.len();
        Ok(())
    }

    /// Ends the workers, and with them the connections that are still open.
    pub fn end(self) {
        let (queues, threads): (Vec<_>, Vec<_>) =
            self.workers.into_iter().map(|worker| (worker.connections, worker.thread)).unzip();
        drop(queues);
        for thread in threads {
            // What a worker panicked with has been told by its panic.
            let _ = thread.join();
        }
    }
}

impl Worker {
    fn start<F>(
        number: usize,
        serve: impl Fn(TcpStream, Watcher) -> F + Send + 'static,
        idle: impl Fn() + Send + Sync + 'static,
    ) -> io::Result<Self>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let runtime = Builder::new_current_thread().enable_all().on_thread_park(idle).build()?;
        let (connections, dealt) = unbounded_channel();
        let thread = thread::Builder::new()
            .name(format!("worker-{number}"))
            .spawn(move || work(runtime, dealt, serve))?;
        Ok(Self { connections, thread })
    }
}

/// A worker's life: it ends when nobody can deal to it any more.
fn work<F>(runtime: Runtime, mut dealt: UnboundedReceiver<Dealt>, serve: impl Fn(TcpStream, Watcher) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    runtime.block_on(async {
        while let Some((socket, watcher)) = dealt.recv().await {
            // A connection that the runtime cannot watch is closed; the client may try again.
            if let Ok(connection) = TcpStream::from_std(socket) {
                tokio::spawn(serve(connection, watcher));
            }
        }
    });
    // Work on files that takes long holds nobody up.
    runtime.shutdown_background();
}
