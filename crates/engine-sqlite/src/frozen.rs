//! One state of the database held for long: copies, dumps and comparisons read from it, on a thread and connection of its own.

use std::sync::{Arc, mpsc};
use std::thread;

use mainstay_base::{Problem, Result};
use mainstay_catalog::Catalog;
use mainstay_engine::{Batch, Inputs, Prepared, Running, Sequence, Snapshot};
use tokio::sync::oneshot;

use crate::read;
use crate::reader::Reader;
use crate::render::{IdentityColumn, RenderedPlan};
use crate::statement::Statements;
use crate::{Options, errors, identity, read_plan};

/// Ends the state's transaction when it is dropped, and the thread with it.
pub(crate) struct Frozen {
    work: mpsc::Sender<Work>,
}

type Work = Box<dyn FnOnce(&mut Statements<'_>) + Send>;

impl Frozen {
    /// The newest state.
    pub async fn begin(options: Arc<Options>) -> Result<Self> {
        let (work, queue) = mpsc::channel();
        let (begun, begins) = oneshot::channel();
        let serve = move || match Reader::open(&options) {
            Err(problem) => drop(begun.send(Err(problem))),
            Ok(mut reader) => reader.with(|statements, watch| {
                watch.allow_all();
                hold(statements, begun, &queue);
            }),
        };
        let started = thread::Builder::new().name("sqlite-snapshot".into()).spawn(serve);
        started.map_err(|error| Problem::new("53000", format!("no thread could be started: {error}")))?;
        begins.await.unwrap_or_else(|_| Err(errors::closed()))?;
        Ok(Self { work })
    }

    /// Has something done on the thread.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Statements<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (done, ended) = oneshot::channel();
        let work = move |statements: &mut Statements<'_>| {
            if !done.is_closed() {
                // Whoever asked may have gone meanwhile.
                let _ = done.send(work(statements));
            }
        };
        self.work.send(Box::new(work)).map_err(|_| errors::closed())?;
        ended.await.unwrap_or_else(|_| Err(errors::closed()))
    }
}

/// The thread's life.
fn hold(statements: &mut Statements<'_>, begun: oneshot::Sender<Result<()>>, queue: &mpsc::Receiver<Work>) {
    // A transaction sees the state at its first read, not at its beginning.
    let begin = statements.connection().execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema");
    let holds = begin.is_ok();
    if begun.send(begin.map_err(|error| errors::plain(&error))).is_err() || !holds {
        return;
    }
    while let Ok(work) = queue.recv() {
        work(statements);
    }
}

impl Snapshot for Frozen {
    fn stream<'a>(
        &'a mut self,
        read: &'a Prepared,
        inputs: Inputs,
        batches: tokio::sync::mpsc::Sender<Batch>,
    ) -> Running<'a, ()> {
        Box::pin(async move {
            let plan = mainstay_engine::rendered::<RenderedPlan>(read)?;
            self.run(move |statements| {
                let mut send = |batch| batches.blocking_send(batch).is_ok();
                read::stream(statements, read_plan(&plan)?, &inputs, &mut send)
            })
            .await
        })
    }

    fn sequences<'a>(&'a mut self, catalog: &'a Arc<Catalog>) -> Running<'a, Vec<Sequence>> {
        let catalog = Arc::clone(catalog);
        Box::pin(self.run(move |statements| sequences(statements, &catalog)))
    }
}

fn sequences(statements: &Statements<'_>, catalog: &Catalog) -> Result<Vec<Sequence>> {
    let mut found = Vec::new();
    for table in catalog.tables.iter().filter(|table| !table.is_view()) {
        for column in 0..table.columns.len() as u32 {
            let Some(identity) = IdentityColumn::new(table, column, 0) else { continue };
            let next = identity::stored(statements.connection(), &identity.sequence);
            if let Some(next) = next.map_err(|error| errors::plain(&error))? {
                let last = next.saturating_sub(identity.increment);
                found.push(Sequence { table: table.id, column, last });
            }
        }
    }
    Ok(found)
}
