//! An existing database, served as it is: nothing is changed in it. What it is made of is asked when the server starts, whenever
//! the database says that it has changed (`NOTIFY pgrst, 'reload schema'`), and when it was away. The same goes for the settings
//! that it has (`NOTIFY pgrst, 'reload config'`), which go over those of the project.

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use http::{Request, Response};
use mainstay_base::Problem;
use mainstay_catalog::Catalog;
use mainstay_engine_postgres::{Listener, Postgres};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::dev::watch::Watch;
use crate::failure::{Doing, Failure, Result};
use crate::project::Project;
use crate::request_log::RequestLog;
use crate::request_target::RequestBody;
use crate::serve::Respond;
use crate::settings::{Settings, in_database};
use crate::site::Site;
use crate::static_files::Body;
use crate::words::{counted, tables_and_views};
use crate::{database, serve};

/// The first wait before the database is tried again; it doubles up to the last.
const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_LAST: Duration = Duration::from_secs(32);

/// Serves until SIGTERM or SIGINT. `watch` tells when the project's files change, where they are followed.
pub async fn serve(
    project: Project,
    listen: Option<SocketAddr>,
    log: Option<RequestLog>,
    watch: Option<Watch>,
) -> Result<()> {
    let engine = Arc::new(database::open_existing(&project.settings.database)?);
    let (listener, address) = serve::bind(listen.unwrap_or(project.settings.server.listen)).await?;
    let (folder, drain) = (project.folder.display().to_string(), project.settings.server.drain());
    let mut unknown = Catalog::default();
    unknown.source = mainstay_catalog::Source::Existing;
    let site = Site::new(&project, engine.clone(), Arc::new(unknown), address, log)?;
    site.close_rest(Some(unread()));
    let current = Arc::new(Current { site: RwLock::new(Arc::new(site)) });
    let mut follower = Follower {
        project,
        engine,
        current: current.clone(),
        address,
        log,
        watch,
        is_loaded: false,
        reload_schema: on(SignalKind::user_defined1())?,
        reload_config: on(SignalKind::user_defined2())?,
    };
    follower.read().await;
    let following = tokio::spawn(async move { follower.follow().await });
    println!("serving {folder} on http://{address}");
    let served = serve::accept(listener, current.clone(), drain).await;
    following.abort();
    current.site().exec().engine().close().await?;
    served
}

fn on(kind: SignalKind) -> Result<Signal> {
    signal(kind).doing(|| "listen to signals".to_owned())
}

/// What requests are told while nobody knows what the database is made of.
fn unread() -> Problem {
    Problem::new("PGRST002", "Could not query the database for the schema cache. Retrying.")
}

/// The site in force. Requests that are under way when it is replaced finish under the old one.
struct Current {
    site: RwLock<Arc<Site>>,
}

impl Current {
    fn site(&self) -> Arc<Site> {
        self.site.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn replace(&self, site: Site) {
        *self.site.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(site);
    }
}

impl Respond for Current {
    async fn respond(&self, request: Request<RequestBody>) -> Response<Body> {
        let site = self.site();
        site.answer(site.receive(request).await).await
    }

    fn idle(&self) {
        self.site().idle();
    }
}

/// Keeps the catalog in force what the database is, and the settings what they are said to be.
struct Follower {
    project: Project,
    engine: Arc<Postgres>,
    current: Arc<Current>,
    address: SocketAddr,
    log: Option<RequestLog>,
    watch: Option<Watch>,
    /// Whether a catalog is in force.
    is_loaded: bool,
    reload_schema: Signal,
    reload_config: Signal,
}

/// Why something is done.
enum Event {
    Schema,
    Config,
    Both,
    /// The connection that listens was lost.
    Lost,
}

impl Follower {
    /// Asks the database for its settings, and then what it is made of.
    async fn read(&mut self) {
        self.configure().await;
        self.load().await;
    }

    /// Asks the database what it is made of. A catalog from before stays in force when it cannot say.
    async fn load(&mut self) {
        let settings = &self.project.settings;
        let read =
            self.engine.introspect(&settings.api.schemas, &settings.database.hoisted_tx_settings).await;
        let site = self.current.site();
        match read {
            Ok(catalog) if self.is_loaded && catalog.version == site.exec().catalog().version => {}
            Ok(catalog) => {
                let functions = counted(catalog.functions.len() as u64, "function");
                println!("schema read: {}, {functions}", tables_and_views(&catalog.tables));
                site.exec().replace_catalog(catalog);
                site.close_rest(None);
                self.is_loaded = true;
            }
            Err(problem) => Failure::from(problem).show(),
        }
    }

    /// Brings the settings into force. What is wrong is told, and all stays as it was.
    async fn configure(&mut self) {
        if let Err(failure) = self.try_configure().await {
            failure.show();
        }
    }

    async fn try_configure(&mut self) -> Result<()> {
        self.engine.forget_role_settings();
        let file = self.project.folder.join("mainstay.toml");
        let settings = Settings::load(&file)?;
        let database = &settings.database;
        let own = match database.config {
            true => {
                self.engine_for(&settings)?
                    .configuration(&in_database(), database.pre_config.as_deref())
                    .await
            }
            false => Ok(Vec::new()),
        };
        let settings = match own {
            Ok(own) => Settings::load_under(&file, &own)?,
            // That it is away is told when it is asked what it is made of.
            Err(problem) if problem.code().starts_with("08") => return Ok(()),
            Err(problem) => return Err(problem.into()),
        };
        if settings == self.project.settings {
            return Ok(());
        }
        self.put_in_force(settings).await
    }

    async fn put_in_force(&mut self, settings: Settings) -> Result<()> {
        let old = &self.project.settings;
        if !settings.database.is_existing() || settings.server.listen != old.server.listen {
            return Err(Failure::invalid(
                "the address and the source of the database are read at the start only\n  hint: restart for them".to_owned(),
            ));
        }
        let engine = self.engine_for(&settings)?;
        let is_elsewhere = settings.database.url != old.database.url;
        let is_shown_otherwise = settings.api.schemas != old.api.schemas
            || settings.database.hoisted_tx_settings != old.database.hoisted_tx_settings;
        let project = Project { settings, ..self.project.clone() };
        let catalog = self.current.site().exec().catalog();
        let site = Site::new(&project, engine.clone(), catalog, self.address, self.log)?;
        let was_loaded = self.is_loaded;
        self.is_loaded &= !is_elsewhere;
        if !self.is_loaded {
            site.close_rest(Some(unread()));
        }
        (self.project, self.engine) = (project, engine);
        self.current.replace(site);
        if was_loaded {
            println!("the settings are in force");
        }
        if was_loaded && (is_elsewhere || is_shown_otherwise) {
            self.load().await;
        }
        Ok(())
    }

    /// The database as settings want it used.
    fn engine_for(&self, settings: &Settings) -> Result<Arc<Postgres>> {
        match settings.database == self.project.settings.database {
            true => Ok(self.engine.clone()),
            false => Ok(Arc::new(database::open_existing(&settings.database)?)),
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

    /// Listens and does what is asked, until the connection is lost or leads elsewhere. Says whether there was one.
    async fn attend(&mut self) -> bool {
        let engine = self.engine.clone();
        let database = &self.project.settings.database;
        let mut listener = match database.channel_enabled {
            false => None,
            true => match engine.listen(&database.channel).await {
                Ok(listener) => Some(listener),
                Err(problem) => {
                    Failure::from(problem).show();
                    if !self.is_loaded {
                        self.read().await;
                    }
                    return false;
                }
            },
        };
        // What was notified while nobody listened is not known.
        self.read().await;
        if !self.is_loaded {
            return false;
        }
        while Arc::ptr_eq(&engine, &self.engine) {
            match self.event(&mut listener).await {
                Event::Lost => return true,
                Event::Config => self.configure().await,
                Event::Schema => {
                    self.engine.forget_role_settings();
                    self.load().await;
                }
                Event::Both => self.read().await,
            }
        }
        true
    }

    async fn event(&mut self, listener: &mut Option<Listener>) -> Event {
        let notified = async {
            match listener {
                None => std::future::pending().await,
                Some(listener) => match listener.next().await.as_deref() {
                    None => Event::Lost,
                    Some("reload config") => Event::Config,
                    Some("") => Event::Both,
                    Some(_) => Event::Schema,
                },
            }
        };
        let saved = async {
            match &mut self.watch {
                None => std::future::pending().await,
                Some(watch) => while !watch.changed().await.settings {},
            }
        };
        tokio::select! {
            event = notified => event,
            () = saved => Event::Config,
            _ = self.reload_schema.recv() => Event::Schema,
            _ = self.reload_config.recv() => Event::Config,
        }
    }
}
