//! PostgreSQL: the newest of a Debian system, else the one on the path.

use std::process::Command;

use super::instance::Instance;
pub(crate) use super::instance::programs;
use super::process::Kept;
use super::{Kind, Server};

/// Makes a database, a copy of the template's.
pub(super) fn create(server: &Server, name: &str, template: Option<&str>) -> Result<(), String> {
    let template = template.unwrap_or("template0");
    server.query("postgres", &format!("CREATE DATABASE {name} TEMPLATE {template}")).map(drop)
}

/// Runs statements in a database.
pub(super) fn query(server: &Server, database: &str, sql: &str) -> Result<String, String> {
    let mut client = client(server, database);
    let done = client.args(["--command", sql]).output();
    let done = done.map_err(|error| format!("{:?}: {error}", client.get_program()))?;
    match done.status.success() {
        true => Ok(String::from_utf8_lossy(&done.stdout).trim().to_owned()),
        false => Err(format!("{sql}: {}", String::from_utf8_lossy(&done.stderr))),
    }
}

/// The program that runs statements in a database.
pub(super) fn client(server: &Server, database: &str) -> Command {
    let mut client = Command::new(programs().join("psql"));
    client.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1"]);
    client.arg(format!("{}/{database}", server.url));
    client
}

/// Starts one.
pub(super) fn start() -> Result<(Server, Kept), String> {
    let mut instance = Instance::create()?;
    instance.start(&[])?;
    let url = instance.url();
    let kept = instance.into_kept()?;
    Ok((Server { kind: Kind::Postgres, url }, kept))
}
