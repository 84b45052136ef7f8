//! An existing database, served as it is: nothing is changed in it. What it is made of is asked when the server starts, whenever
//! the database says that it has changed (`NOTIFY pgrst, 'reload schema'`), and when it was away.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mainstay_base::Problem;
use mainstay_catalog::Catalog;
use mainstay_engine::Engine;
use mainstay_engine_postgres::Postgres;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::{Doing, Failure, Result};
use crate::project::Project;
use crate::request_log::RequestLog;
use crate::site::Site;
use crate::words::{counted, tables_and_views};
use crate::{database, serve};

/// The first wait before the database is tried again; it doubles up to the last.
const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_LAST: Duration = Duration::from_secs(32);

/// Serves until SIGTERM or SIGINT.
pub async fn serve(project: Project, listen: Option<SocketAddr>, log: Option<RequestLog>) -> Result<()> {
    let engine = Arc::new(database::open_existing(&project)?);
    let (listener, address) = serve::bind(listen.unwrap_or(project.settings.server.listen)).await?;
    let mut unknown = Catalog::default();
    unknown.source = mainstay_catalog::Source::Existing;
    let site = Arc::new(Site::new(&project, engine.clone(), Arc::new(unknown), address, log)?);
    site.close_rest(Some(unread()));
    let mut follower = Follower::new(&project, engine.clone(), site.clone())?;
    follower.load().await;
    let following = tokio::spawn(async move { follower.follow().await });
    println!("serving {} on http://{address}", project.folder.display());
    let served = serve::accept(listener, site, project.settings.server.drain()).await;
    following.abort();
    engine.close().await?;
    served
}

/// What requests are told while nobody knows what the database is made of.
fn unread() -> Problem {
    Problem::new("PGRST002", "Could not query the database for the schema cache. Retrying.")
}

/// Keeps the catalog in force what the database is.
struct Follower {
    engine: Arc<Postgres>,
    site: Arc<Site>,
    schemas: Vec<String>,
    channel: Option<String>,
    /// Whether a catalog is in force.
    loaded: bool,
    reload_schema: Signal,
    reload_config: Signal,
}

/// Why something is done.
enum Event {
    Schema,
    Config,
    /// The connection that listens was lost.
    Lost,
}

impl Follower {
    fn new(project: &Project, engine: Arc<Postgres>, site: Arc<Site>) -> Result<Self> {
        let settings = &project.settings;
        let on = |kind| signal(kind).doing(|| "listen to signals".to_owned());
        Ok(Self {
            engine,
            site,
            schemas: settings.api.schemas.clone(),
            channel: settings.database.channel_enabled.then(|| settings.database.channel.clone()),
            loaded: false,
            reload_schema: on(SignalKind::user_defined1())?,
            reload_config: on(SignalKind::user_defined2())?,
        })
    }

    /// Asks the database what it is made of. A catalog from before stays in force when it cannot say.
    async fn load(&mut self) {
        match self.engine.introspect(&self.schemas).await {
            Ok(catalog) if self.loaded && catalog.version == self.site.exec().catalog().version => {}
            Ok(catalog) => {
                let functions = counted(catalog.functions.len() as u64, "function");
                println!("schema read: {}, {functions}", tables_and_views(&catalog.tables));
                self.site.exec().replace_catalog(catalog);
                self.site.close_rest(None);
                self.loaded = true;
            }
            Err(problem) => Failure::from(problem).show(),
        }
    }

    async fn follow(&mut self) {
        let mut wait = RETRY_FIRST;
        loop {
            if self.attend().await {
                wait = RETRY_FIRST;
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(RETRY_LAST);
        }
    }

    /// Listens and does what is asked, until the connection is lost. Says whether there was one.
    async fn attend(&mut self) -> bool {
        let mut listener = match &self.channel {
            None => None,
            Some(channel) => match self.engine.listen(channel).await {
                Ok(listener) => Some(listener),
                Err(problem) => {
                    Failure::from(problem).show();
                    if !self.loaded {
                        self.load().await;
                    }
                    return false;
                }
            },
        };
        // What was notified while nobody listened is not known.
        self.load().await;
        if !self.loaded {
            return false;
        }
        loop {
            let event = {
                let notified = async {
                    match &mut listener {
                        None => std::future::pending().await,
                        Some(listener) => match listener.next().await.as_deref() {
                            None => Event::Lost,
                            Some("reload config") => Event::Config,
                            Some(_) => Event::Schema,
                        },
                    }
                };
                tokio::select! {
                    event = notified => event,
                    _ = self.reload_schema.recv() => Event::Schema,
                    _ = self.reload_config.recv() => Event::Config,
                }
            };
            match event {
                Event::Lost => return true,
                Event::Config => self.engine.forget_role_settings(),
                Event::Schema => {
                    self.engine.forget_role_settings();
                    self.load().await;
                }
            }
        }
    }
}
