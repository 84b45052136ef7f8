//! One state of the database held for long: copies, dumps and comparisons read from it, on a connection of its own.

use std::sync::Arc;

use mainstay_base::{Problem, Result};
use mainstay_catalog::Catalog;
use mainstay_engine::{Batch, Inputs, Prepared, Running, Sequence, Snapshot};
use tokio::sync::mpsc;

use crate::connection::Failed;
use crate::pool::Lease;
use crate::render::{RenderedAction, RenderedPlan};
use crate::{read, sequence};

/// Begins a transaction whose reads all see the state of now.
pub(crate) const BEGIN: &str = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; \
    START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";

/// Dropping it closes its connection, which ends the transaction.
pub(crate) struct Frozen(Lease);

impl Frozen {
    /// The newest state.
    pub async fn begin(mut lease: Lease) -> Result<Self> {
        let connection = lease.connection()?;
        connection.allow_all().await.map_err(Failed::plain)?;
        connection.control(BEGIN).await.map_err(Failed::plain)?;
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
            let found = sequence::stand(self.0.connection()?, catalog).await;
            found.map_err(Failed::plain)
        })
    }
}
