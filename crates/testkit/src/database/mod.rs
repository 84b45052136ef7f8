//! The database that test projects are served from: SQLite files in their folders, or databases of a server, which is
//! started for the tests unless a running one is named.
//!
//! `MAINSTAY_TEST_DATABASE` is `sqlite`, `postgres`, `mysql` (Debian's MariaDB), or the URL of a server whose user may create
//! databases.

mod galera;
pub mod instance;
mod mariadb;
pub(crate) mod postgres;
pub(crate) mod process;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

pub use galera::{Cluster, Node};
pub use mariadb::OwnServer;
use process::Kept;

/// A database of a test project; dropped with it.
#[derive(Debug)]
pub struct TestDatabase {
    server: Arc<Server>,
    name: String,
    /// Whether it goes with this.
    is_ours: bool,
    /// The statements that copy it, where the server cannot copy by itself.
    copied: OnceLock<Result<String, String>>,
}

impl TestDatabase {
    /// A new one, a copy of `template` when it is given; `None` where projects keep their own files.
    ///
    /// # Errors
    /// What the server said.
    pub fn create(template: Option<&TestDatabase>) -> Result<Option<TestDatabase>, String> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let Some(server) = server()? else { return Ok(None) };
        let name = format!("mainstay_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        server.create(&name, template)?;
        Ok(Some(TestDatabase { server, name, is_ours: true, copied: OnceLock::new() }))
    }

    /// One that is on a server already and stays there.
    fn existing(server: Arc<Server>, name: &str) -> TestDatabase {
        TestDatabase { server, name: name.to_owned(), is_ours: false, copied: OnceLock::new() }
    }

    /// Its URL.
    ///
    /// # Errors
    /// None once the database was made.
    pub fn url(&self) -> Result<String, String> {
        Ok(format!("{}/{}", self.server.url, self.name))
    }

    /// Runs statements as the database's owner. Answers with the rows, a line for each, their columns parted by `|`.
    ///
    /// # Errors
    /// What the server said.
    pub fn query(&self, sql: &str) -> Result<String, String> {
        self.server.query(&self.name, sql)
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if self.is_ours {
            // What cannot be dropped goes with the server's folder.
            let _ = self.server.drop_database(&self.name);
        }
    }
}

/// A server that test databases are made on.
#[derive(Debug)]
struct Server {
    kind: Kind,
    /// Without a database's name.
    url: String,
    /// The program that runs statements.
    client: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Postgres,
    MariaDb,
}

impl Server {
    fn create(&self, name: &str, template: Option<&TestDatabase>) -> Result<(), String> {
        match self.kind {
            Kind::Postgres => postgres::create(self, name, template.map(|template| template.name.as_str())),
            Kind::MariaDb => {
                let copied = template.map(|template| {
                    template.copied.get_or_init(|| mariadb::copied(self, &template.name)).as_deref()
                });
                mariadb::create(self, name, copied.transpose().map_err(Clone::clone)?)
            }
        }
    }

    fn drop_database(&self, name: &str) -> Result<String, String> {
        match self.kind {
            Kind::Postgres => self.query("postgres", &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")),
            Kind::MariaDb => self.query("", &format!("DROP DATABASE IF EXISTS {name}")),
        }
    }

    fn query(&self, database: &str, sql: &str) -> Result<String, String> {
        match self.kind {
            Kind::Postgres => postgres::query(self, database, sql),
            Kind::MariaDb => mariadb::query(self, database, sql),
        }
    }
}

/// The server that was started.
static KEPT: Mutex<Option<Kept>> = Mutex::new(None);

/// Stops the server, if one was started. No database is to be used afterwards.
pub fn stop() {
    drop(KEPT.lock().unwrap_or_else(PoisonError::into_inner).take());
}

fn server() -> Result<Option<Arc<Server>>, String> {
    static SERVER: OnceLock<Result<Option<Arc<Server>>, String>> = OnceLock::new();
    let found = || {
        let named = std::env::var("MAINSTAY_TEST_DATABASE").unwrap_or_default();
        let (scheme, place) = named.split_once("://").map_or((named.as_str(), None), |(s, p)| (s, Some(p)));
        let kind = match scheme {
            "" | "sqlite" => return Ok(None),
            "postgres" | "postgresql" => Kind::Postgres,
            "mysql" | "mariadb" => Kind::MariaDb,
            _ => return Err(format!("MAINSTAY_TEST_DATABASE={named} names no database that is known here")),
        };
        match (place, kind) {
            (None, Kind::Postgres) => start(postgres::start()?).map(Some),
            (None, Kind::MariaDb) => start(mariadb::start()?).map(Some),
            (Some(_), kind) => {
                let client = PathBuf::from(if kind == Kind::Postgres { "psql" } else { "mariadb" });
                Ok(Some(Server { kind, url: named.trim_end_matches('/').to_owned(), client }))
            }
        }
    };
    SERVER.get_or_init(|| found().map(|server| server.map(Arc::new))).clone()
}

/// Keeps a server that was started, and waits until it answers.
fn start((server, kept): (Server, Kept)) -> Result<Server, String> {
    *KEPT.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
    let database = if server.kind == Kind::Postgres { "postgres" } else { "" };
    process::wait_for(|| server.query(database, "SELECT 1"))?;
    Ok(server)
}
