//! `mainstay dev`: applies the schema, seeds a new database, serves, and follows the files as they are saved.

mod live;
mod summary;
pub mod watch;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use mainstay_catalog::Catalog;
use mainstay_engine::Engine;

use crate::failure::{Doing, Result};
use crate::keys::Keys;
use crate::project::Project;
use crate::request_log::RequestLog;
use crate::schema::Declared;
use crate::site::Site;
use crate::words::{counted, tables_and_views};
use crate::{database, existing, schema, seed, serve};

use live::Live;
use watch::{Changed, Watch};

/// Changes of a schema that are told one by one.
const LINES_MAX: usize = 12;
/// The file in the state folder that marks a database without its first rows.
const UNSEEDED: &str = "unseeded";

/// Serves a project until SIGTERM or SIGINT.
pub fn run(folder: &Path, listen: Option<SocketAddr>, allow_data_loss: bool) -> Result<()> {
    serve::runtime()?.block_on(async {
        let project = Project::open(folder)?;
        if project.settings.database.is_existing() {
            let watch = Watch::new(&project)?;
            return existing::serve(project, listen, Some(RequestLog::Queries), Some(watch)).await;
        }
        // What is saved from here on is told later.
        let mut watch = Watch::new(&project)?;
        let engine = database::open(&project)?;
        let catalog = start(&project, engine.as_ref(), allow_data_loss).await?;
        database::preflight(&project, engine.as_ref(), &catalog).await?;
        let (listener, address) = serve::bind(listen.unwrap_or(project.settings.server.listen)).await?;
        let site = Site::new(&project, engine.clone(), catalog.clone(), address, Some(RequestLog::Queries))?;
        summary::print(&project, &site, &Keys::of(&project)?, address).await;
        let drain = project.settings.server.drain();
        let live = Arc::new(Live::new(site));
        let mut follower = Follower {
            project,
            engine: engine.clone(),
            catalog,
            live: live.clone(),
            address,
            allow_data_loss,
            refused: false,
        };
        let following = tokio::spawn(async move {
            loop {
                let changed = watch.changed().await;
                follower.follow(changed).await;
            }
        });
        let served = serve::accept(listener, live, drain).await;
        following.abort();
        engine.close().await?;
        served
    })
}

/// Brings the database into shape and gives it its first rows. When that cannot be done but the database has a shape from
/// before, that one is served: what is wrong has been said, and saving the file again brings the rest.
async fn start(project: &Project, engine: &dyn Engine, allow_data_loss: bool) -> Result<Arc<Catalog>> {
    if project.settings.database.is_adopted() {
        return schema::adopted(engine, &schema::load(project)?).await;
    }
    let new = engine.applied_schema().await?.is_none();
    if new {
        mark_unseeded(project)?;
    }
    let declared = match apply_files(project, engine, allow_data_loss).await {
        Ok(declared) => declared,
        Err(failure) if !new => {
            failure.show();
            note("serving the schema that the database has, until this is mended");
            return schema::applied(engine).await;
        }
        Err(failure) => return Err(failure),
    };
    if let Err(failure) = seed_new(project, engine, &declared.catalog).await {
        failure.show();
        note("serving without the rows of seed.sql, until this is mended");
    }
    Ok(declared.catalog)
}

async fn apply_files(project: &Project, engine: &dyn Engine, allow_data_loss: bool) -> Result<Declared> {
    let declared = schema::load(project)?;
    apply(engine, &declared, allow_data_loss).await?;
    Ok(declared)
}

/// Applies a schema, and says what changed.
async fn apply(engine: &dyn Engine, declared: &Declared, allow_data_loss: bool) -> Result<()> {
    let migration = schema::apply(engine, declared, allow_data_loss).await?;
    let lines = mainstay_migrate::describe(&migration);
    if migration.from.tables.is_empty() {
        note(&format!("{} created", tables_and_views(&migration.to.tables)));
        return Ok(());
    }
    for line in lines.iter().take(LINES_MAX) {
        note(line);
    }
    if lines.len() > LINES_MAX {
        note(&format!("… and {} more", lines.len() - LINES_MAX));
    }
    Ok(())
}

/// Marks a database whose seed has not been added yet. Should adding it fail, or the program be stopped, it is tried again.
fn mark_unseeded(project: &Project) -> Result<()> {
    let file = project.state_folder()?.join(UNSEEDED);
    std::fs::write(&file, "").doing(|| format!("write {}", file.display()))
}

/// Adds the rows of `seed.sql`, once.
async fn seed_new(project: &Project, engine: &dyn Engine, catalog: &Arc<Catalog>) -> Result<()> {
    let mark = project.state_folder()?.join(UNSEEDED);
    if !mark.exists() {
        return Ok(());
    }
    if let Some(rows) = seed::run(project, engine, catalog).await? {
        note(&format!("{} added from seed.sql", counted(rows, "row")));
    }
    std::fs::remove_file(&mark).doing(|| format!("remove {}", mark.display()))
}

/// Follows the project's files.
struct Follower {
    project: Project,
    engine: Arc<dyn Engine>,
    catalog: Arc<Catalog>,
    live: Arc<Live>,
    address: SocketAddr,
    allow_data_loss: bool,
    /// Whether what was saved last could not be brought into force.
    refused: bool,
}

impl Follower {
    /// Brings what has changed into force. What is wrong is told, and everything stays as it was.
    async fn follow(&mut self, changed: Changed) {
        let refused = std::mem::take(&mut self.refused);
        match self.try_follow(changed).await {
            Ok(()) if refused => note("what is served is what the files say again"),
            Ok(()) => {}
            Err(failure) => {
                self.refused = true;
                failure.show();
                note("nothing was changed; the server goes on as before");
            }
        }
    }

    async fn try_follow(&mut self, changed: Changed) -> Result<()> {
        if changed.settings {
            self.settings().await?;
        }
        if changed.schema {
            self.schema().await?;
        }
        if changed.seed || changed.schema {
            self.seed(changed).await?;
        }
        Ok(())
    }

    async fn settings(&mut self) -> Result<()> {
        let project = Project::open(&self.project.folder)?;
        if project.settings == self.project.settings {
            return Ok(());
        }
        if project.settings.server.listen != self.project.settings.server.listen
            || project.settings.database != self.project.settings.database
        {
            note("the address and the database are read at the start only: restart for them");
        }
        let mut site = self.live.pause().await;
        *site = Arc::new(self.site(&project, self.catalog.clone())?);
        self.project = project;
        note("mainstay.toml is in force");
        Ok(())
    }

    async fn schema(&mut self) -> Result<()> {
        // Mistakes are found before anybody has to wait.
        let declared = schema::load(&self.project)?;
        if declared.catalog.version == self.catalog.version {
            return Ok(());
        }
        let started = std::time::Instant::now();
        let mut site = self.live.pause().await;
        let catalog = match self.project.settings.database.is_adopted() {
            true => schema::adopted(self.engine.as_ref(), &declared).await?,
            false => {
                apply(self.engine.as_ref(), &declared, self.allow_data_loss).await?;
                declared.catalog
            }
        };
        *site = Arc::new(self.site(&self.project, catalog.clone())?);
        self.catalog = catalog;
        note(&format!("the schema is in force ({:.0} ms)", started.elapsed().as_secs_f64() * 1000.0));
        Ok(())
    }

    async fn seed(&self, changed: Changed) -> Result<()> {
        if self.project.settings.database.is_adopted() {
            return Ok(());
        }
        if self.project.state_folder()?.join(UNSEEDED).exists() {
            return seed_new(&self.project, self.engine.as_ref(), &self.catalog).await;
        }
        if changed.seed {
            note("seed.sql is for a new database; `mainstay db reset --allow-data-loss` begins anew with it");
        }
        Ok(())
    }

    fn site(&self, project: &Project, catalog: Arc<Catalog>) -> Result<Site> {
        Site::new(project, self.engine.clone(), catalog, self.address, Some(RequestLog::Queries))
    }
}

/// A line of the program's own, between those of the requests.
fn note(text: &str) {
    anstream::println!("\u{1b}[1;36m•\u{1b}[0m {text}");
}
