//! PostgreSQL: the newest of a Debian system, else the one on the path.

use std::path::PathBuf;
use std::process::Command;

use super::process::{self, Kept, run, said};
use super::{Kind, Server};

/// Makes a database, a copy of the template's.
pub(super) fn create(server: &Server, name: &str, template: Option<&str>) -> Result<(), String> {
    let template = template.unwrap_or("template0");
    server.query("postgres", &format!("CREATE DATABASE {name} TEMPLATE {template}")).map(drop)
}

/// Runs statements in a database.
pub(super) fn query(server: &Server, database: &str, sql: &str) -> Result<String, String> {
    let done = Command::new(&server.client)
        .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1"])
        .args(["--command", sql])
        .arg(format!("{}/{database}", server.url))
        .output()
        .map_err(|error| format!("{}: {error}", server.client.display()))?;
    match done.status.success() {
        true => Ok(String::from_utf8_lossy(&done.stdout).trim().to_owned()),
        false => Err(format!("{sql}: {}", String::from_utf8_lossy(&done.stderr))),
    }
}

pub(crate) fn programs() -> PathBuf {
    let version = |folder: &PathBuf| -> u32 {
        folder.file_name().and_then(|name| name.to_str()?.parse().ok()).unwrap_or_default()
    };
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let newest = installed.flatten().map(|entry| entry.path()).max_by_key(version);
    newest.map_or_else(PathBuf::new, |folder| folder.join("bin"))
}

/// A command that runs as a user whom PostgreSQL accepts.
pub(crate) fn as_postgres(arguments: &[&str]) -> Vec<String> {
    let user: &[&str] = match process::is_root() {
        true => &["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"],
        false => &[],
    };
    user.iter().chain(arguments).map(|word| (*word).to_owned()).collect()
}

/// Starts one.
pub(super) fn start() -> Result<(Server, Kept), String> {
    let text = |error: std::io::Error| format!("starting PostgreSQL: {error}");
    let programs = programs();
    let folder = tempfile::Builder::new().prefix("mainstay-postgres-").tempdir().map_err(text)?;
    let data = folder.path().join("data");
    std::fs::create_dir(&data).map_err(text)?;
    process::give(folder.path(), "postgres")?;
    let data_name = said(&data)?;
    let initdb = programs.join("initdb");
    let options =
        ["--pgdata", data_name, "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"];
    let mut words = vec![said(&initdb)?, "--no-sync"];
    words.extend(options);
    let words = as_postgres(&words);
    run(&words.iter().map(String::as_str).collect::<Vec<_>>())?;

    let port = process::free_port()?;
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
    let words = as_postgres(&words);
    // An interrupt ends it without waiting for its clients.
    let kept = Kept::start(folder, "INT", words)?;
    let url = format!("postgres://postgres@127.0.0.1:{port}");
    Ok((Server { kind: Kind::Postgres, url, client: programs.join("psql") }, kept))
}
