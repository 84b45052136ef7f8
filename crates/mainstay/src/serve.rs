//! The server: one listener, and a shutdown that finishes what is under way.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};

use crate::failure::{Doing, Failure, Result};
use crate::project::Project;
use crate::request_log::RequestLog;
use crate::request_target::{EscapingTargets, HeadIsNext, RequestBody};
use crate::site::Site;
use crate::static_files::Body;
use crate::workers::Workers;
use crate::{database, existing, schema};

/// How long a client may take to send a request's headers.
const HEADERS_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a shutdown may take before it says what it waits for.
const DRAIN_SILENT: Duration = Duration::from_millis(500);
/// How long to wait when the system cannot take another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Something that answers requests.
pub trait Respond: Send + Sync + 'static {
    /// Answers a request.
    fn respond(&self, request: Request<RequestBody>) -> impl Future<Output = Response<Body>> + Send;

    /// To be called by a thread that has no request to answer for now.
    fn idle(&self);
}

impl Respond for Site {
    async fn respond(&self, request: Request<RequestBody>) -> Response<Body> {
        self.answer(self.receive(request).await).await
    }

    fn idle(&self) {
        Site::idle(self);
    }
}

/// Serves until SIGTERM or SIGINT.
pub fn run(project: Project, listen: Option<SocketAddr>, log: bool) -> Result<()> {
    runtime()?.block_on(async {
        if project.settings.database.is_existing() {
            let log = log.then_some(RequestLog::Paths);
            return existing::serve(project, listen, log, None).await;
        }
        let declared = schema::load_quietly(&project)?;
        let engine = database::open(&project)?;
        let catalog = schema::in_force(&project, engine.as_ref(), &declared).await?;
        database::preflight(&project, engine.as_ref(), &catalog).await?;
        let (listener, address) = bind(listen.unwrap_or(project.settings.server.listen)).await?;
        let site = Site::new(&project, engine.clone(), catalog, address, log.then_some(RequestLog::Paths))?;
        println!("serving {} on http://{address}", project.folder.display());
        accept(listener, Arc::new(site), project.settings.server.drain()).await?;
        engine.close().await?;
        Ok(())
    })
}

/// The runtime of the program's own affairs: accepting, signals, commands. Requests have the workers'.
pub fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .doing(|| "start the runtime".to_owned())
}

/// Listens on an address; gives the one that it became, should the port have been 0.
pub async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address).await.map_err(|error| {
        let hint = match error.kind() {
            ErrorKind::AddrInUse => {
                "\n  hint: another program listens there; `--listen 127.0.0.1:0` takes a port that is free"
            }
            ErrorKind::PermissionDenied => "\n  hint: ports below 1024 need rights; choose a higher one",
            ErrorKind::AddrNotAvailable => "\n  hint: this machine has no such address",
            _ => "",
        };
        Failure::new(format!("could not listen on {address}: {error}{hint}"))
    })?;
    let address = listener.local_addr().doing(|| "find the address".to_owned())?;
    Ok((listener, address))
}

/// Accepts connections until a signal comes, then lets those that are busy finish.
pub async fn accept(listener: TcpListener, site: Arc<impl Respond>, drain: Duration) -> Result<()> {
    let doing = || "wait for signals".to_owned();
    let mut terminate = signal(SignalKind::terminate()).doing(doing)?;
    let mut interrupt = signal(SignalKind::interrupt()).doing(doing)?;
    let graceful = GracefulShutdown::new();
    let mut workers = start_workers(site)?;
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // A connection that failed before it began is the client's loss; out of descriptors heals by itself, in time.
                match accepted {
                    Ok((stream, _)) => { let _ = workers.deal(stream, graceful.watcher()); }
                    Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
                }
            }
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
        }
    }
    drop(listener);
    let mut finished = pin!(graceful.shutdown());
    if tokio::time::timeout(DRAIN_SILENT, &mut finished).await.is_err() {
        anstream::eprintln!("finishing the requests that are under way; a second signal stops at once");
        tokio::select! {
            () = finished => {}
            () = tokio::time::sleep(drain.saturating_sub(DRAIN_SILENT)) => {}
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
    workers.end();
    Ok(())
}

/// Workers that speak HTTP with whom they are dealt.
fn start_workers(site: Arc<impl Respond>) -> Result<Workers> {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADERS_TIMEOUT);
    let idling = site.clone();
    let serve = move |stream: TcpStream, watcher: Watcher| {
        let _ = stream.set_nodelay(true);
        let site = site.clone();
        let head = HeadIsNext::new();
        let stream = EscapingTargets::new(stream, head.clone());
        let service = hyper::service::service_fn(move |request: Request<Incoming>| {
            let site = site.clone();
            let request = request.map(|body| RequestBody::new(body, head.clone()));
            async move { Ok::<_, std::convert::Infallible>(site.respond(request).await) }
        });
        let connection = watcher.watch(http.serve_connection(TokioIo::new(stream), service));
        // When the client went away or sent no HTTP, there is nobody to tell.
        async move { drop(connection.await) }
    };
    Workers::start(serve, move || idling.idle()).doing(|| "start the workers".to_owned())
}
