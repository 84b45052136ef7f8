//! The floor: what the benchmark's requests cost with nothing between HTTP and SQLite.
//!
//! Hand-written SQL and JSON for exactly four requests, no policies, no planning, no settings. It is an upper bound
//! to compare with, not a server to use. This file owns the threads and the listener; it knows no request.
//!
//! Usage: `floor DATABASE ADDRESS:PORT [--one-by-one]`

mod http;
mod json;
mod read;
mod wal;
mod write;

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;
use std::thread;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::sync::mpsc;
use tokio::task::LocalSet;

/// Threads that answer requests, one per core of the benchmark's machine.
const WORKERS: usize = 2;

/// Any failure of the program itself; requests answer for their own.
type Failure = Box<dyn std::error::Error + Send + Sync>;

struct Arguments {
    database: PathBuf,
    listen: String,
    commit: write::Commit,
}

fn main() -> ExitCode {
    let Some(arguments) = arguments() else {
        eprintln!("usage: floor DATABASE ADDRESS:PORT [--one-by-one]");
        return ExitCode::from(2);
    };
    match serve(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("floor: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn arguments() -> Option<Arguments> {
    let mut given = std::env::args().skip(1);
    let (database, listen) = (given.next()?.into(), given.next()?);
    let commit = match given.next().as_deref() {
        None => write::Commit::Grouped,
        Some("--one-by-one") => write::Commit::OneByOne,
        Some(_) => return None,
    };
    Some(Arguments { database, listen, commit })
}

/// Accepts connections and deals them out in turn, so that both workers carry the same load.
fn serve(arguments: Arguments) -> Result<(), Failure> {
    let writer = write::Writer::start(&arguments.database, arguments.commit)?;
    let listener = TcpListener::bind(&arguments.listen)?;
    let mut workers = Vec::with_capacity(WORKERS);
    for number in 0..WORKERS {
        let (sender, connections) = mpsc::unbounded_channel();
        let reads = read::Reads::open(&arguments.database)?;
        let writer = writer.clone();
        thread::Builder::new()
            .name(format!("worker-{number}"))
            .spawn(move || work(connections, reads, writer))?;
        workers.push(sender);
    }
    for (number, connection) in listener.incoming().enumerate() {
        let connection = connection?;
        connection.set_nodelay(true)?;
        connection.set_nonblocking(true)?;
        workers[number % WORKERS].send(connection)?;
    }
    Ok(())
}

/// One worker: a single-threaded runtime that owns its connections and its own reader of the database.
fn work(
    mut connections: mpsc::UnboundedReceiver<std::net::TcpStream>,
    connection: rusqlite::Connection,
    writer: write::Writer,
) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    // The statements borrow the connection, and both live as long as the program.
    let connection: &'static rusqlite::Connection = Box::leak(Box::new(connection));
    let service = Rc::new(http::Service::new(read::Reads::prepare(connection)?, writer));
    LocalSet::new().block_on(&runtime, async move {
        while let Some(stream) = connections.recv().await {
            let stream = tokio::net::TcpStream::from_std(stream)?;
            let service = Rc::clone(&service);
            tokio::task::spawn_local(async move {
                let answer = service_fn(move |request| {
                    let service = Rc::clone(&service);
                    async move { service.answer(request).await }
                });
                // A client that goes away is not our failure.
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
            });
        }
        Ok(())
    })
}
