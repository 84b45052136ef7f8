//! Databases that were there before us: their tables as a schema in the portable language, and whether a schema fits them. Nothing
//! is changed in them.

mod adopt;
mod described;
mod expression;
mod kind;
mod names;
mod queries;
mod script;

use std::sync::Arc;

use mainstay_base::Result;
use mainstay_catalog::Catalog;
use mainstay_engine::Adopted;

use crate::connection::Failed;
use crate::pool::Lease;
pub(crate) use adopt::is_named;

/// The tables of a database as PostgreSQL's statements.
pub(crate) async fn pull(mut lease: Lease) -> Result<String> {
    let connection = lease.connection()?;
    let flavour = connection.flavour;
    let described = queries::describe(connection).await.map_err(Failed::plain)?;
    lease.finish();
    Ok(script::script(flavour, &described))
}

/// Holds a schema against a database.
pub(crate) async fn adopt(mut lease: Lease, catalog: &Arc<Catalog>) -> Result<Adopted> {
    let connection = lease.connection()?;
    let flavour = connection.flavour;
    let described = queries::describe(connection).await.map_err(Failed::plain)?;
    lease.finish();
    Ok(adopt::adopt(flavour, catalog, &described))
}
