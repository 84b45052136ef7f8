//! A PostgreSQL server of one's own, for tests that take servers away: it is configured, started, killed and copied at will.

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::process::{self, Kept, said};

/// Settings of every server: nothing that a test writes outlives it.
const SETTINGS: &[&str] = &[
    "listen_addresses=127.0.0.1",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=400",
    "shared_buffers=64MB",
    "autovacuum=off",
];

/// A server and its files, which go with it.
#[derive(Debug)]
pub struct Instance {
    /// Where its folder is, whoever has it.
    place: PathBuf,
    port: u16,
    state: State,
}

#[derive(Debug)]
enum State {
    Stopped(TempDir),
    Running(Kept),
    /// In between, or when it could not be started.
    Gone,
}

impl Instance {
    /// A new cluster, owned by `postgres`, whom everybody on this machine may be; not started yet.
    ///
    /// # Errors
    /// What its programs said.
    pub fn create() -> Result<Self, String> {
        let instance = Self::empty()?;
        let (initdb, data) = (programs().join("initdb"), instance.data());
        let words = [said(&initdb)?, "--no-sync", "--pgdata", said(&data)?, "--username=postgres"];
        let words = [&words[..], &["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]].concat();
        run(&as_postgres(&words))?;
        Ok(instance)
    }

    /// A standby that follows this server, which is running; not started yet.
    ///
    /// # Errors
    /// What its programs said.
    pub fn standby(&self) -> Result<Self, String> {
        let standby = Self::empty()?;
        let (backup, data, port) = (programs().join("pg_basebackup"), standby.data(), self.port.to_string());
        let words = [said(&backup)?, "--pgdata", said(&data)?, "--host=127.0.0.1", "--port", &port];
        let words =
            [&words[..], &["--username=postgres", "--checkpoint=fast", "--no-sync", "--write-recovery-conf"]];
        run(&as_postgres(&words.concat()))?;
        Ok(standby)
    }

    fn empty() -> Result<Self, String> {
        let text = |error: std::io::Error| format!("starting PostgreSQL: {error}");
        let folder = tempfile::Builder::new().prefix("mainstay-postgres-").tempdir().map_err(text)?;
        process::give(folder.path(), "postgres")?;
        let place = folder.path().to_owned();
        Ok(Self { place, port: process::free_port()?, state: State::Stopped(folder) })
    }

    /// The folder of its data.
    pub fn data(&self) -> PathBuf {
        self.place.join("data")
    }

    /// Writes a file into its data, readable for the server only.
    ///
    /// # Errors
    /// What the system said.
    pub fn write(&self, name: &str, text: &str) -> Result<PathBuf, String> {
        let path = self.data().join(name);
        std::fs::write(&path, text).map_err(|error| format!("{name}: {error}"))?;
        process::run(&["chmod", "600", said(&path)?])?;
        process::give(&path, "postgres")?;
        Ok(path)
    }

    /// Starts it and waits until it answers.
    ///
    /// # Errors
    /// When it does not.
    pub fn start(&mut self, settings: &[&str]) -> Result<(), String> {
        let State::Stopped(folder) = std::mem::replace(&mut self.state, State::Gone) else {
            return Err("PostgreSQL runs already".to_owned());
        };
        let (postgres, data, port) = (programs().join("postgres"), self.data(), self.port.to_string());
        let mut words = vec![said(&postgres)?, "-D", said(&data)?, "-k", said(&data)?, "-p", &port];
        for setting in SETTINGS.iter().chain(settings) {
            words.extend(["-c", setting]);
        }
        // An interrupt ends it without waiting for its clients.
        let words = words.into_iter().map(str::to_owned).collect();
        self.state = State::Running(Kept::start(folder, "postgres", "INT", words)?);
        process::wait_for(|| self.query("postgres", "SELECT 1"))
    }

    /// What keeps it running.
    ///
    /// # Errors
    /// When it does not run.
    pub(super) fn into_kept(self) -> Result<Kept, String> {
        match self.state {
            State::Running(kept) => Ok(kept),
            _ => Err("PostgreSQL does not run".to_owned()),
        }
    }

    /// Ends it at once, without a word to anybody.
    ///
    /// # Errors
    /// What `pg_ctl` said.
    pub fn kill(&mut self) -> Result<(), String> {
        self.control(&["stop", "--mode=immediate"])?;
        if let State::Running(kept) = std::mem::replace(&mut self.state, State::Gone) {
            self.state = kept.stop().map_or(State::Gone, State::Stopped);
        }
        Ok(())
    }

    /// Makes a standby the primary.
    ///
    /// # Errors
    /// What `pg_ctl` said.
    pub fn promote(&self) -> Result<(), String> {
        self.control(&["promote", "--wait"])
    }

    fn control(&self, words: &[&str]) -> Result<(), String> {
        let (program, data) = (programs().join("pg_ctl"), self.data());
        let words = [&[said(&program)?], words, &["--silent", "--pgdata", said(&data)?]].concat();
        run(&as_postgres(&words))
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its URL, without a database's name.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}", self.port)
    }

    /// Runs statements as the owner of everything, over its socket. Answers with the rows, a line for each, their columns parted by
    /// `|`.
    ///
    /// # Errors
    /// What the server said.
    pub fn query(&self, database: &str, sql: &str) -> Result<String, String> {
        let data = self.data();
        psql(&format!("host={} port={} user=postgres dbname={database}", said(&data)?, self.port), sql)
    }
}

/// Runs statements at a URL, as [`Instance::query`] does.
///
/// # Errors
/// What the server said.
pub fn query_at(url: &str, sql: &str) -> Result<String, String> {
    psql(url, sql)
}

fn psql(database: &str, sql: &str) -> Result<String, String> {
    let psql = programs().join("psql");
    let done = Command::new(&psql)
        .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1"])
        .args(["--command", sql, database])
        .output()
        .map_err(|error| format!("{}: {error}", psql.display()))?;
    match done.status.success() {
        true => Ok(String::from_utf8_lossy(&done.stdout).trim().to_owned()),
        false => Err(format!("{sql}: {}", String::from_utf8_lossy(&done.stderr))),
    }
}

/// A port of 127.0.0.1 on which nobody listens.
///
/// # Errors
/// What the system said.
pub fn free_port() -> Result<u16, String> {
    process::free_port()
}

/// The newest PostgreSQL of a Debian system, else the one on the path.
pub(crate) fn programs() -> PathBuf {
    let version = |folder: &PathBuf| -> u32 {
        folder.file_name().and_then(|name| name.to_str()?.parse().ok()).unwrap_or_default()
    };
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let newest = installed.flatten().map(|entry| entry.path()).max_by_key(version);
    newest.map_or_else(PathBuf::new, |folder| folder.join("bin"))
}

/// A command that runs as a user whom PostgreSQL accepts: it refuses root.
pub fn as_postgres(arguments: &[&str]) -> Vec<String> {
    process::as_user("postgres", arguments)
}

/// Runs a command to its end.
///
/// # Errors
/// What it said.
pub fn run(words: &[String]) -> Result<(), String> {
    process::run(&words.iter().map(String::as_str).collect::<Vec<_>>())
}
