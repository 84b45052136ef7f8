//! One state of the database held for long: copies, dumps and comparisons read from it, on a connection of its own.

use std::sync::Arc;

use mainstay_base::{Problem, Result};
use mainstay_catalog::Catalog;
use mainstay_dialect::postgres::{identity_sequence, last_number};
use mainstay_engine::{Batch, Inputs, Prepared, Running, Sequence, Snapshot};
use tokio::sync::mpsc;

use crate::connection::{Connection, Failed};
use crate::pool::Lease;
use crate::render::{RenderedAction, RenderedPlan};
use crate::{errors, read};

/// A transaction sees the state at its first query; however long it is idle between two reads, it is not to be ended.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
    SET LOCAL idle_in_transaction_session_timeout = 0; SELECT 1";

/// Dropping it closes its connection, which ends the transaction.
pub(crate) struct Frozen(Lease);

impl Frozen {
    /// The newest state.
    pub async fn begin(lease: Lease) -> Result<Self> {
        let connection = lease.connection()?;
        connection.begin_long(BEGIN).await.map_err(|error| errors::plain(&error))?;
        Ok(Self(lease))
    }
}

impl Snapshot for Frozen {
    fn stream<'a>(
        &'a mut self,
        read: &'a Prepared,
        inputs: Inputs,
        batches: mpsc::Sender<Batch>,
    ) -> Running<'a, ()> {
        Box::pin(async move {
            let plan = mainstay_engine::rendered::<RenderedPlan>(read)?;
            let RenderedAction::Read(read) = &plan.action else {
                return Err(Problem::internal("a read was expected"));
            };
            let streamed = read::stream(self.0.connection()?, read, &inputs, &batches).await;
            streamed.map_err(Failed::plain)
        })
    }

    fn sequences<'a>(&'a mut self, catalog: &'a Arc<Catalog>) -> Running<'a, Vec<Sequence>> {
        Box::pin(async move {
            let found = sequences(self.0.connection()?, catalog).await;
            found.map_err(|error| errors::plain(&error))
        })
    }
}

async fn sequences(
    connection: &Connection,
    catalog: &Catalog,
) -> std::result::Result<Vec<Sequence>, tokio_postgres::Error> {
    let mut found = Vec::new();
    for table in catalog.tables.iter().filter(|table| !table.is_view()) {
        for column in 0..table.columns.len() as u32 {
            if identity_sequence(table.column(column)).is_none() {
                continue;
            }
            let rows = connection.once(&last_number(table, column).text, Vec::new()).await?;
            let last = rows.first().map(|row| row.try_get::<_, Option<i64>>(0)).transpose()?.flatten();
            found.extend(last.map(|last| Sequence { table: table.id, column, last }));
        }
    }
    Ok(found)
}
