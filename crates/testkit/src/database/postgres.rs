//! PostgreSQL: the newest of a Debian system, else the one on the path.

use std::process::Command;

use super::instance::Instance;
pub(crate) use super::instance::{as_postgres, programs};
use super::process::Kept;
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

/// Starts one.
pub(super) fn start() -> Result<(Server, Kept), String> {
    let mut instance = Instance::create()?;
    instance.start(&[])?;
    let url = instance.url();
    let kept = instance.into_kept()?;
    Ok((Server { kind: Kind::Postgres, url, client: programs().join("psql") }, kept))
}
