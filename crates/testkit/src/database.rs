//! The database that test projects are served from: SQLite files in their folders, or databases of a PostgreSQL server, which
//! is started for the tests unless a running one is named.
//!
//! `MAINSTAY_TEST_DATABASE` is `sqlite`, `postgres`, or the URL of a PostgreSQL server whose user may create databases.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a server may take until it answers.
const START_LIMIT: Duration = Duration::from_secs(30);
const START_POLL: Duration = Duration::from_millis(50);

/// Starts PostgreSQL and stops it when its own input ends, which it does however the tests end.
const KEEPER: &str = "\"$@\" & server=$!; read -r _; kill -INT $server; wait $server";

/// A database of a test project; dropped with it.
#[derive(Debug)]
pub struct TestDatabase {
    name: String,
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
        let template = template.map_or("template0", |template| &template.name);
        server.query("postgres", &format!("CREATE DATABASE {name} TEMPLATE {template}"))?;
        Ok(Some(TestDatabase { name }))
    }

    /// Its URL.
    ///
    /// # Errors
    /// None once the database was made.
    pub fn url(&self) -> Result<String, String> {
        let server = server()?.ok_or("there is no server")?;
        Ok(format!("{}/{}", server.url, self.name))
    }

    /// Runs statements as the database's owner. Answers with the rows, a line for each, their columns parted by `|`.
    ///
    /// # Errors
    /// What the server said.
    pub fn query(&self, sql: &str) -> Result<String, String> {
        server()?.ok_or("there is no server")?.query(&self.name, sql)
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Ok(Some(server)) = server() {
            // What cannot be dropped goes with the server's folder.
            let _ = server.query("postgres", &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        }
    }
}

struct Server {
    /// Without a database's name.
    url: String,
    psql: PathBuf,
}

impl Server {
    fn query(&self, database: &str, sql: &str) -> Result<String, String> {
        let done = Command::new(&self.psql)
            .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1"])
            .args(["--command", sql])
            .arg(format!("{}/{database}", self.url))
            .output()
            .map_err(|error| format!("{}: {error}", self.psql.display()))?;
        match done.status.success() {
            true => Ok(String::from_utf8_lossy(&done.stdout).trim().to_owned()),
            false => Err(format!("{sql}: {}", String::from_utf8_lossy(&done.stderr))),
        }
    }
}

/// The process that keeps the server, and the folder of its files.
static KEPT: Mutex<Option<(Child, TempDir)>> = Mutex::new(None);

/// Stops the server, if one was started. No database is to be used afterwards.
pub fn stop() {
    let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some((mut keeper, _folder)) = kept {
        drop(keeper.stdin.take());
        // It ends when the server has.
        let _ = keeper.wait();
    }
}

fn server() -> Result<Option<&'static Server>, String> {
    static SERVER: OnceLock<Result<Option<Server>, String>> = OnceLock::new();
    let server = SERVER.get_or_init(|| match std::env::var("MAINSTAY_TEST_DATABASE").as_deref() {
        Err(_) | Ok("" | "sqlite") => Ok(None),
        Ok("postgres" | "postgresql") => start().map(Some),
        Ok(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
            let url = url.trim_end_matches('/').to_owned();
            Ok(Some(Server { url, psql: PathBuf::from("psql") }))
        }
        Ok(other) => Err(format!("MAINSTAY_TEST_DATABASE={other} names no database that is known here")),
    });
    server.as_ref().map(Option::as_ref).map_err(Clone::clone)
}

/// The newest PostgreSQL of a Debian system, else the one on the path.
fn programs() -> PathBuf {
    let version = |folder: &PathBuf| -> u32 {
        folder.file_name().and_then(|name| name.to_str()?.parse().ok()).unwrap_or_default()
    };
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let newest = installed.flatten().map(|entry| entry.path()).max_by_key(version);
    newest.map_or_else(PathBuf::new, |folder| folder.join("bin"))
}

/// A command that runs as a user whom PostgreSQL accepts: it refuses root.
fn as_postgres(arguments: &[&str]) -> Vec<String> {
    let is_root =
        std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    let user: &[&str] =
        if is_root { &["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] } else { &[] };
    user.iter().chain(arguments).map(|word| (*word).to_owned()).collect()
}

fn start() -> Result<Server, String> {
    let text = |error: std::io::Error| format!("starting PostgreSQL: {error}");
    let programs = programs();
    let folder = tempfile::Builder::new().prefix("mainstay-postgres-").tempdir().map_err(text)?;
    let data = folder.path().join("data");
    std::fs::create_dir(&data).map_err(text)?;
    let (folder_name, data_name) = (said(folder.path())?, said(&data)?);
    run(&["chown", "-R", "postgres", folder_name]).or_else(|error| match error {
        // Only root needs another user.
        _ if as_postgres(&[]).is_empty() => Ok(()),
        error => Err(error),
    })?;
    let initdb = programs.join("initdb");
    let options =
        ["--pgdata", data_name, "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"];
    let mut words = vec![said(&initdb)?, "--no-sync"];
    words.extend(options);
    let words = as_postgres(&words);
    run(&words.iter().map(String::as_str).collect::<Vec<_>>())?;

    let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).map_err(text)?.port();
    let (postgres, port_word) = (programs.join("postgres"), port.to_string());
    let mut words = vec![said(&postgres)?, "-D", data_name, "-k", data_name, "-p", &port_word];
    for setting in [
        "listen_addresses=127.0.0.1",
        "fsync=off",
        "synchronous_commit=off",
        "full_page_writes=off",
        "max_connections=400",
        "shared_buffers=64MB",
        "autovacuum=off",
    ] {
        words.extend(["-c", setting]);
    }
    let log = std::fs::File::create(folder.path().join("log")).map_err(text)?;
    let keeper = Command::new("sh")
        .args(["-c", KEEPER, "keeper"])
        .args(as_postgres(&words))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .map_err(text)?;
    *KEPT.lock().unwrap_or_else(PoisonError::into_inner) = Some((keeper, folder));
    let server = Server { url: format!("postgres://postgres@127.0.0.1:{port}"), psql: programs.join("psql") };
    wait_for(&server)?;
    Ok(server)
}

fn wait_for(server: &Server) -> Result<(), String> {
    let end = Instant::now() + START_LIMIT;
    loop {
        match server.query("postgres", "SELECT 1") {
            Ok(_) => return Ok(()),
            Err(error) if Instant::now() > end => return Err(error),
            // There is no other sign that a server is ready than that it answers.
            Err(_) => thread::sleep(START_POLL),
        }
    }
}

fn run(words: &[&str]) -> Result<(), String> {
    let done = Command::new(words[0])
        .args(&words[1..])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{}: {error}", words[0]))?;
    match done.status.success() {
        true => Ok(()),
        false => Err(format!("{}: {}", words.join(" "), String::from_utf8_lossy(&done.stderr))),
    }
}

fn said(path: &Path) -> Result<&str, String> {
    path.to_str().ok_or_else(|| format!("{}: not UTF-8", path.display()))
}
