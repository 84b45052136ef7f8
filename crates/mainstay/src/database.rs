//! From the database's URL to an engine.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mainstay_base::Problem;
use mainstay_catalog::Catalog;
use mainstay_engine::Engine;
use mainstay_engine_mysql::MySql;
use mainstay_engine_postgres::Postgres;
use mainstay_engine_sqlite::{Options, Sqlite};
use mainstay_expr::TableId;
use mainstay_plan::Enforcement;

use crate::failure::{Doing, Failure, Result};
use crate::project::{Project, restrict};
use crate::pull::{self, Pulled};
use crate::settings::Database;

/// Opens the project's database.
pub fn open(project: &Project) -> Result<Arc<dyn Engine>> {
    let url = &project.settings.database.url;
    if url.starts_with("sqlite:") {
        project.state_folder()?;
    }
    open_with(&project.settings.database, &project.folder)
}

/// The file that a url names, if it names one.
pub fn sqlite_file(url: &str, folder: &Path) -> Option<PathBuf> {
    url.strip_prefix("sqlite:").map(|path| folder.join(path.trim_start_matches("//")))
}

/// Opens the database at a url; paths are those of a folder.
pub fn open_url(url: &str, folder: &Path) -> Result<Arc<dyn Engine>> {
    open_with(&Database { url: url.to_owned(), ..Database::default() }, folder)
}

fn open_with(settings: &Database, folder: &Path) -> Result<Arc<dyn Engine>> {
    let url = &settings.url;
    match url.split_once(':') {
        Some(("sqlite", _)) => {
            let path = sqlite_file(url, folder).unwrap_or_default();
            if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                std::fs::create_dir_all(folder).doing(|| format!("create {}", folder.display()))?;
            }
            private(&path)?;
            Ok(Arc::new(Sqlite::open(Options::new(path))?))
        }
        Some(("postgres" | "postgresql", _)) => Ok(Arc::new(Postgres::open(postgres(settings))?)),
        Some(("mysql" | "mariadb", _)) => Ok(Arc::new(MySql::open(mysql(settings))?)),
        _ => Err(Failure::invalid(format!(
            "\"{}\" names no database that is known here\n  \
             hint: write sqlite:PATH, postgres://USER:PASSWORD@HOST:PORT/DATABASE or \
             mysql://USER:PASSWORD@HOST:PORT/DATABASE",
            without_password(url)
        ))),
    }
}

/// Opens a database that exists already and is served as it is.
pub fn open_existing(settings: &Database) -> Result<Postgres> {
    Ok(Postgres::open(postgres(settings))?)
}

/// The statements that declare the tables of a database which exists already, as files of schema/.
pub async fn pull(project: &Project) -> Result<Pulled> {
    let database = &project.settings.database;
    match database.url.split_once(':') {
        Some(("mysql" | "mariadb", _)) => {
            let engine = MySql::open(mainstay_engine_mysql::Options { existing: true, ..mysql(database) })?;
            let text = engine.pull().await?;
            engine.close().await?;
            Ok(Pulled { files: vec![("10_tables.sql".to_owned(), text)], left_out: Vec::new() })
        }
        Some(("postgres" | "postgresql", _)) => {
            let engine = open_existing(database)?;
            let definitions = engine.definitions().await?;
            engine.close().await?;
            Ok(pull::postgres::files(definitions))
        }
        _ => Err(Failure::invalid(format!(
            "{} keeps no tables that were there before Mainstay\n  hint: write url = \"postgres://USER:PASSWORD@HOST:PORT/DATABASE\" or mysql://…",
            without_password(&database.url)
        ))),
    }
}

/// Refuses what would change a database that is served as it is.
pub fn may_change(project: &Project, what: &str) -> Result<()> {
    match project.settings.database.is_fixed() {
        false => Ok(()),
        true => Err(Failure::invalid(format!(
            "{what} would change the database, which is served as it is ([database] source = \"existing\")\n  \
             hint: change it with the database's own tools"
        ))),
    }
}

fn mysql(settings: &Database) -> mainstay_engine_mysql::Options {
    mainstay_engine_mysql::Options {
        existing: settings.is_adopted(),
        ..mainstay_engine_mysql::Options::new(&settings.url)
    }
}

fn postgres(settings: &Database) -> mainstay_engine_postgres::Options {
    mainstay_engine_postgres::Options {
        pre_request: settings.pre_request.clone(),
        extra_search_path: settings.extra_search_path.clone(),
        settings: settings
            .app_settings
            .iter()
            .map(|(name, value)| (format!("app.settings.{name}"), value.clone()))
            .collect(),
        prepared_statements: settings.prepared_statements,
        transactions_max: settings.pool,
        lease_timeout: Duration::from_millis(settings.pool_timeout_ms),
        replicas: settings.replicas.clone(),
        replica_lag_max: Duration::from_millis(settings.replica_lag_max_ms),
        ..mainstay_engine_postgres::Options::new(&settings.url)
    }
}

/// What the database at a url cannot keep of a schema, with the tables that it belongs to.
pub fn misfits(url: &str, catalog: &Catalog) -> Vec<(TableId, Problem)> {
    match url.split_once(':') {
        Some(("sqlite", _)) => mainstay_dialect::sqlite::check(catalog),
        // both flavours keep the same
        Some(("mysql" | "mariadb", _)) => {
            mainstay_dialect::mysql::check(mainstay_dialect::mysql::Flavour::MariaDb, catalog)
        }
        _ => Vec::new(),
    }
}

/// Refuses, in words for people, when requests cannot run in the database as the settings say.
pub async fn preflight(project: &Project, engine: &dyn Engine, catalog: &Arc<Catalog>) -> Result<()> {
    let database = &project.settings.database;
    let enforcement = database.enforcement.into();
    let by_role = enforcement == Enforcement::Role;
    let capabilities = engine.capabilities();
    if by_role && !capabilities.roles {
        return Err(Failure::invalid(format!(
            "[database] enforcement = \"role\": {} has no roles that could keep policies\n  \
             hint: leave it out, and Mainstay keeps them itself",
            capabilities.name
        )));
    }
    if database.pre_request.is_some() && !by_role {
        return Err(Failure::invalid(
            "[database] pre_request is called under the role of whoever asks\n  hint: say enforcement = \"role\" too".to_owned(),
        ));
    }
    Ok(engine.preflight(catalog, enforcement).await?)
}

/// Makes a new database's file the owner's alone; those that SQLite puts beside it get its rights.
fn private(path: &Path) -> Result<()> {
    let doing = || format!("create {}", path.display());
    match std::fs::OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(_) => restrict(path, 0o600),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error).doing(doing),
    }
}

/// A url as it may be shown.
pub fn without_password(url: &str) -> String {
    match url.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?))) {
        Some((scheme, (who, place))) => {
            let user = who.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}:…@{place}")
        }
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn passwords_are_not_shown() {
        assert_eq!(without_password("mysql://me:p@ss@host/shop"), "mysql://me:…@host/shop");
        assert_eq!(without_password("sqlite:x"), "sqlite:x");
    }
}
