//! The database that test projects are served from: SQLite files in their folders, or databases of a server, which is
//! started for the tests unless a running one is named.
//!
//! `MAINSTAY_TEST_DATABASE` is `sqlite`, `postgres`, `mysql` (Debian's MariaDB), `mysql8` (MySQL 8, which `scripts/mysql8.sh` fetches),
//! or the URL of a server whose user may create databases.

mod galera;
pub mod instance;
pub(crate) mod mysql;
pub(crate) mod mysql_client;
pub(crate) mod postgres;
pub(crate) mod process;

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

pub use galera::{Cluster, Node};
use mysql::Product;
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
pub(crate) struct Server {
    pub(crate) kind: Kind,
    /// Without a database's name.
    pub(crate) url: String,
}

/// What kind of server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Postgres,
    MySql(Product),
}

impl Server {
    fn create(&self, name: &str, template: Option<&TestDatabase>) -> Result<(), String> {
        match self.kind {
            Kind::Postgres => postgres::create(self, name, template.map(|template| template.name.as_str())),
            Kind::MySql(_) => {
                let copied = template.map(|template| {
                    template.copied.get_or_init(|| mysql_client::copied(self, &template.name)).as_deref()
                });
                mysql_client::create(self, name, copied.transpose().map_err(Clone::clone)?)
            }
        }
    }

    fn drop_database(&self, name: &str) -> Result<String, String> {
        match self.kind {
            Kind::Postgres => self.query("postgres", &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")),
            Kind::MySql(_) => self.query("", &format!("DROP DATABASE IF EXISTS {name}")),
        }
    }

    pub(crate) fn query(&self, database: &str, sql: &str) -> Result<String, String> {
        match self.kind {
            Kind::Postgres => postgres::query(self, database, sql),
            Kind::MySql(_) => mysql_client::query(self, database, sql),
        }
    }

    /// The program that runs statements in a database.
    pub(crate) fn client(&self, database: &str) -> Command {
        match self.kind {
            Kind::Postgres => postgres::client(self, database),
            Kind::MySql(_) => mysql_client::client(self, database),
        }
    }
}

/// The server that was started.
static KEPT: Mutex<Option<Kept>> = Mutex::new(None);

/// Stops the server, if one was started. No database is to be used afterwards.
pub fn stop() {
    drop(KEPT.lock().unwrap_or_else(PoisonError::into_inner).take());
}

/// The kind of server that the tests run on, and its URL if it runs already; none where projects keep their own files.
fn named() -> Result<Option<(Kind, Option<String>)>, String> {
    let named = std::env::var("MAINSTAY_TEST_DATABASE").unwrap_or_default();
    let kind = match named.split(':').next().unwrap_or_default() {
        "" | "sqlite" => return Ok(None),
        "postgres" | "postgresql" => Kind::Postgres,
        "mysql" | "mariadb" => Kind::MySql(Product::MariaDb),
        "mysql8" => Kind::MySql(Product::MySql8),
        _ => return Err(format!("MAINSTAY_TEST_DATABASE={named} names no database that is known here")),
    };
    let url = named.contains("://").then(|| named.trim_end_matches('/').to_owned());
    Ok(Some((kind, url)))
}

/// The kind of server that the tests run on; none where projects keep their own files.
pub(crate) fn kind() -> Result<Option<Kind>, String> {
    Ok(named()?.map(|(kind, _)| kind))
}

fn server() -> Result<Option<Arc<Server>>, String> {
    static SERVER: OnceLock<Result<Option<Arc<Server>>, String>> = OnceLock::new();
    let found = || match named()? {
        None => Ok(None),
        Some((kind, Some(url))) => Ok(Some(Server { kind, url })),
        Some((Kind::Postgres, None)) => start(postgres::start()?).map(Some),
        Some((Kind::MySql(product), None)) => start(product.start()?).map(Some),
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
