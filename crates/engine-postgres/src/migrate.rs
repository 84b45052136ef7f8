//! Brings a database into a new shape in one transaction.

use mainstay_base::{Problem, Result};
use mainstay_catalog::{Catalog, Table};
use mainstay_dialect::postgres::{self, APPLIED, HOUSEHOLD, STORE, Statement};
use mainstay_expr::Session;
use mainstay_migrate::Migration;
use tokio_postgres::error::SqlState;

use crate::bind::Parameter;
use crate::connection::Connection;
use crate::errors;
use crate::pool::Lease;

/// Two migrations of one database wait for one another; the number means nothing else.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7236118254)";

/// The schema text that was applied last.
pub(crate) async fn applied(connection: &Connection) -> Result<Option<String>> {
    match connection.texts(APPLIED, &[]).await {
        Ok(rows) => Ok(rows.into_iter().next().and_then(|row| row.into_iter().next().flatten())),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(errors::plain(&error)),
    }
}

fn is_missing(error: &tokio_postgres::Error) -> bool {
    matches!(error.code(), Some(code) if [SqlState::UNDEFINED_TABLE, SqlState::INVALID_SCHEMA_NAME].contains(code))
}

/// Runs a migration and stores the new schema's text.
pub(crate) async fn run(
    lease: Lease,
    migration: &Migration,
    text: &str,
    progress: &(dyn Fn(u64, u64) + Send + Sync),
) -> Result<()> {
    let statements = postgres::migration(migration)?;
    let connection = lease.connection()?;
    let plain = |error: tokio_postgres::Error| errors::plain(&error);
    connection.begin_long("BEGIN").await.map_err(plain)?;
    let done = steps(connection, migration, &statements, text, progress).await;
    match done {
        Ok(()) => connection.control("COMMIT").await.map_err(|error| misfit(&error, migration))?,
        Err(problem) => {
            connection.control("ROLLBACK").await.map_err(plain)?;
            lease.finish();
            return Err(problem);
        }
    }
    lease.finish();
    Ok(())
}

async fn steps(
    connection: &Connection,
    migration: &Migration,
    statements: &[Statement],
    text: &str,
    progress: &(dyn Fn(u64, u64) + Send + Sync),
) -> Result<()> {
    let plain = |error: tokio_postgres::Error| errors::plain(&error);
    require_version(connection, &migration.to).await?;
    connection.control(LOCK).await.map_err(plain)?;
    connection.control(HOUSEHOLD).await.map_err(plain)?;
    create_roles(connection, migration).await?;
    let total = statements.len() as u64;
    for (done, statement) in statements.iter().enumerate() {
        let run = connection.client.batch_execute(&statement.text).await;
        run.map_err(|error| misfit(&error, migration))?;
        progress(done as u64 + 1, total);
    }
    connection.once(STORE, vec![Parameter::text(text)]).await.map(|_| ()).map_err(plain)
}

/// Servers before 15 hold NULLs in a key for distinct, whatever is asked.
async fn require_version(connection: &Connection, catalog: &Catalog) -> Result<()> {
    let constraints = |table: &'_ Table| {
        let key = table.uniques.iter().find(|key| key.nulls_not_distinct).map(|key| key.name.clone());
        key.or_else(|| table.indexes.iter().find(|index| index.nulls_not_distinct).map(|it| it.name.clone()))
    };
    let Some(name) = catalog.tables.iter().find_map(constraints) else { return Ok(()) };
    let too_old =
        "SELECT current_setting('server_version') WHERE current_setting('server_version_num')::int < 150000";
    let rows = connection.texts(too_old, &[]).await.map_err(|error| errors::plain(&error))?;
    match rows.first().and_then(|row| row.first()?.as_deref()) {
        Some(version) => {
            let message =
                format!("NULLS NOT DISTINCT of \"{name}\" needs PostgreSQL 15 or later; this is {version}");
            Err(Problem::new("0A000", message))
        }
        None => Ok(()),
    }
}

/// Roles that the schema names and the cluster does not have.
async fn create_roles(connection: &Connection, migration: &Migration) -> Result<()> {
    let plain = |error: tokio_postgres::Error| errors::plain(&error);
    for role in &migration.to.roles {
        let found = "SELECT FROM pg_catalog.pg_roles WHERE rolname = $1::text";
        let found = connection.once(found, vec![Parameter::text(role)]).await.map_err(plain)?;
        if found.is_empty() {
            let statement = postgres::create_role(role);
            connection.client.batch_execute(&statement.text).await.map_err(plain)?;
        }
    }
    Ok(())
}

/// Why rows do not fit into the new shape; the schema's owner may know everything.
fn misfit(error: &tokio_postgres::Error, migration: &Migration) -> Problem {
    errors::of_write(error, &migration.to, &Session::of_owner(0))
}
