//! The server: one listener, and a shutdown that finishes what is under way.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use mainstay_base::{SystemClock, SystemRandomness};
use mainstay_edge::Tokens;
use mainstay_exec::Exec;
use mainstay_rest::Rest;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::failure::{Doing, Result};
use crate::keys::Keys;
use crate::project::Project;
use crate::site::Site;
use crate::{database, schema};

/// How long a client may take to send a request's headers.
const HEADERS_TIMEOUT: Duration = Duration::from_secs(15);

/// Serves until SIGTERM or SIGINT.
pub fn run(project: Project, listen: Option<SocketAddr>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(std::thread::available_parallelism().map_or(2, usize::from))
        .enable_all()
        .build()
        .doing(|| "start the runtime".to_owned())?;
    runtime.block_on(async {
        let declared = schema::load(&project)?;
        let engine = database::open(&project)?;
        let catalog = schema::current(engine.as_ref(), &declared).await?;
        let address = listen.unwrap_or(project.settings.server.listen);
        let listener = TcpListener::bind(address).await.doing(|| format!("listen on {address}"))?;
        let address = listener.local_addr().doing(|| "find the address".to_owned())?;
        let keys = Keys::of(&project)?;
        let settings = &project.settings;
        let clock = Arc::new(SystemClock);
        let random = Arc::new(SystemRandomness);
        let (planner, limits) = (settings.planner(), settings.limits());
        let exec = Arc::new(Exec::new(engine.clone(), catalog, clock, random, planner, limits));
        let url = settings.server.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
        let rest = mainstay_rest::Settings {
            schemas: settings.api.schemas.clone(),
            tx_rollback: settings.api.tx_rollback,
            server_timing: settings.api.server_timing,
            public_url: format!("{url}/rest/v1"),
        };
        let site = Arc::new(Site::new(
            Rest::new(exec, rest),
            Tokens::new(&keys.jwt_secret),
            &keys.anon_key,
            url,
            settings.server.max_body_bytes,
        ));
        println!("serving {} on http://{address}", project.folder.display());
        let drain = Duration::from_secs(settings.server.shutdown_seconds);
        accept(listener, site, drain).await?;
        engine.close().await?;
        Ok(())
    })
}

/// Accepts connections until a signal comes, then lets those that are busy finish.
pub async fn accept(listener: TcpListener, site: Arc<Site>, drain: Duration) -> Result<()> {
    let doing = || "wait for signals".to_owned();
    let mut terminate = signal(SignalKind::terminate()).doing(doing)?;
    let mut interrupt = signal(SignalKind::interrupt()).doing(doing)?;
    let mut server = auto::Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS_TIMEOUT).pipeline_flush(true);
    let graceful = GracefulShutdown::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // A connection that failed before it began is the client's loss; out of descriptors heals by itself.
                let Ok((stream, _)) = accepted else { continue };
                let _ = stream.set_nodelay(true);
                let site = site.clone();
                let service = hyper::service::service_fn(move |request| {
                    let site = site.clone();
                    async move { Ok::<_, std::convert::Infallible>(site.respond(request).await) }
                });
                let connection = server.serve_connection(TokioIo::new(stream), service).into_owned();
                let watched = graceful.watch(connection);
                tokio::spawn(async move {
                    // The client went away or sent no HTTP: there is nobody to tell.
                    let _ = watched.await;
                });
            }
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
        }
    }
    drop(listener);
    let finished = pin!(graceful.shutdown());
    let _ = tokio::time::timeout(drain, finished).await;
    Ok(())
}
