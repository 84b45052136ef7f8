//! What an existing database is made of: a few questions to its system catalogs, and the catalog that their answers make.

mod catalog;
pub(crate) mod definitions;
mod described;
mod lineage;
mod queries;
mod types;

use std::sync::Arc;

use mainstay_base::{Problem, Result};
use mainstay_catalog::Catalog;
use serde::de::DeserializeOwned;

use crate::bind::Parameter;
use crate::connection::Connection;
use crate::errors;
use described::Description;

/// The catalog of the database: all of its relations, and the functions of the schemas that are exposed.
pub(crate) async fn run(
    connection: &Connection,
    schemas: &[String],
    hoisted: &[String],
) -> Result<Arc<Catalog>> {
    let plain = |error: tokio_postgres::Error| errors::plain(&error);
    connection.begin_long("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map_err(plain)?;
    let described = describe(connection, schemas).await;
    connection.control("ROLLBACK").await.map_err(plain)?;
    Ok(Arc::new(catalog::catalog(&described?, hoisted)))
}

async fn describe(connection: &Connection, schemas: &[String]) -> Result<Description> {
    let mut described = Description {
        schemas: all(connection, queries::SCHEMAS, None).await?,
        types: all(connection, queries::TYPES, None).await?,
        relations: all(connection, queries::RELATIONS, None).await?,
        functions: all(connection, queries::FUNCTIONS, Some(schemas)).await?,
        privileges: all(connection, queries::PRIVILEGES, Some(schemas)).await?,
        roles: all(connection, queries::ROLES, None).await?,
        media_handlers: all(connection, queries::MEDIA_HANDLERS, Some(schemas)).await?,
    };
    described.schemas.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(described)
}

/// The answers to a question, a JSON document each.
async fn all<T: DeserializeOwned>(
    connection: &Connection,
    sql: &str,
    schemas: Option<&[String]>,
) -> Result<Vec<T>> {
    let parameters = schemas.map(Parameter::texts).into_iter().collect();
    let rows = connection.once(sql, parameters).await.map_err(|error| errors::plain(&error))?;
    let read = |row: &tokio_postgres::Row| {
        let text: &str = row.try_get(0).map_err(|error| errors::plain(&error))?;
        serde_json::from_str(text).map_err(|error| {
            Problem::internal(format!("the system catalogs answered in an unknown form: {error}"))
        })
    };
    rows.iter().map(read).collect()
}
