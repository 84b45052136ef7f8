//! Settings for programs like this one that a database keeps itself (PostgREST, "In-Database Configuration").

use std::time::Duration;

use mainstay_base::Result;

use crate::address::Address;
use crate::connection::Connection;
use crate::errors;
use crate::scope::called;

/// Reads the settings on a connection of its own: one that was there before has them as they were when it began.
pub(crate) async fn read(
    address: &Address,
    names: &[String],
    before: Option<&str>,
) -> Result<Vec<(String, String)>> {
    const SETTINGS: &str = "SELECT name, current_setting('pgrst.' || name, true) \
        FROM unnest(string_to_array($1::text, ',')) AS name";
    let plain = |error: tokio_postgres::Error| errors::plain(&error);
    let connection = Connection::open(address, Duration::ZERO, false).await?;
    connection.begin_long("BEGIN READ ONLY").await.map_err(plain)?;
    if let Some(function) = before {
        connection.client.batch_execute(&called(function)).await.map_err(plain)?;
    }
    let rows = connection.texts(SETTINGS, &[&names.join(",")]).await.map_err(plain)?;
    connection.control("ROLLBACK").await.map_err(plain)?;
    let set = rows.into_iter().filter_map(|row| match row.as_slice() {
        [Some(name), Some(value)] if !value.is_empty() => Some((name.clone(), value.clone())),
        _ => None,
    });
    Ok(set.collect())
}
