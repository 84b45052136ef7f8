//! PostgreSQL as an engine: the schema is applied natively, requests run as the connecting role with their policies in the
//! plan, and reads of one statement share a few connections.
//!
//! It knows plans and how to run them on PostgreSQL; nothing of HTTP, of requests or of other engines. SQL text comes from the
//! dialect's crate.

mod bind;
mod connection;
mod errors;
mod load;
mod migrate;
mod options;
mod output;
mod pool;
mod read;
mod render;
mod transaction;
mod write;

use std::sync::Arc;

use futures_util::future::{join, join3};
use mainstay_base::{Problem, Result};
use mainstay_catalog::Catalog;
use mainstay_engine::{
    Answer, Capabilities, Change, Changes, Engine, Items, Job, Prepared, Running, Transaction,
};
use mainstay_expr::Session;
use mainstay_migrate::Migration;
use mainstay_plan::Plan;
use tokio::sync::broadcast;

use connection::{Connection, Failed};
pub use options::Options;
use pool::Pool;
use render::{RenderedAction, RenderedPlan, RenderedRead};

/// A PostgreSQL database.
pub struct Postgres {
    options: Options,
    capabilities: Capabilities,
    pool: Arc<Pool>,
    changes: broadcast::Sender<Arc<Vec<Change>>>,
}

impl Postgres {
    /// The engine of a database. It connects when it is asked for something.
    pub fn open(options: Options) -> Result<Self> {
        Ok(Self {
            capabilities: Capabilities { name: "PostgreSQL", deferrable_constraints: true },
            pool: Arc::new(Pool::new(&options)?),
            changes: broadcast::Sender::new(options.changes_queue_max),
            options,
        })
    }

    async fn read(&self, read: &RenderedRead, job: &Job) -> Result<Answer> {
        let answer = match read.is_one_statement() && job.inputs.session.timezone.is_none() {
            true => self.read_shared(read, job).await,
            false => self.read_in_transaction(read, job).await,
        }?;
        job.expect.check(answer.rows, answer.affected)?;
        Ok(answer)
    }

    /// One statement, among those of others. A connection that is lost meanwhile is replaced once: reading again does no harm.
    async fn read_shared(&self, read: &RenderedRead, job: &Job) -> Result<Answer> {
        for is_last in [false, true] {
            let connection = self.pool.shared().await?;
            let work = read::run(&connection, read, job, self.options.answer_bytes_max);
            let (allowed, answer) = join(connection.allow(job.timeout), work).await;
            match (allowed, answer) {
                (Err(error), _) | (_, Err(Failed::Postgres(error))) if error.is_closed() && !is_last => {}
                (Err(error), _) => return Err(errors::plain(&error)),
                (Ok(()), answer) => return answer.map_err(Failed::plain),
            }
        }
        Err(errors::closed())
    }

    /// Several statements that see the same state of the database.
    async fn read_in_transaction(&self, read: &RenderedRead, job: &Job) -> Result<Answer> {
        const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        let lease = self.pool.lease().await?;
        let connection = lease.connection()?;
        let work = async {
            set_zone(connection, &job.inputs.session).await?;
            read::run(connection, read, job, self.options.answer_bytes_max).await
        };
        let begin = connection.control(BEGIN);
        let (allowed, begun, answer) = join3(connection.allow(job.timeout), begin, work).await;
        allowed.and(begun).map_err(|error| errors::plain(&error))?;
        connection.control("ROLLBACK").await.map_err(|error| errors::plain(&error))?;
        lease.finish();
        answer.map_err(Failed::plain)
    }

    async fn write(&self, plan: &RenderedPlan, job: &Job) -> Result<Answer> {
        let lease = self.pool.lease().await?;
        let connection = lease.connection()?;
        let work = async {
            set_zone(connection, &job.inputs.session).await?;
            write::run(connection, plan, job, self.options.answer_bytes_max).await
        };
        let begin = connection.control("BEGIN");
        let (allowed, begun, answer) = join3(connection.allow(job.timeout), begin, work).await;
        allowed.and(begun).map_err(|error| errors::plain(&error))?;
        let told = |error| errors::of_write(&error, &plan.catalog, &job.inputs.session);
        let done = match answer {
            Ok(answer) if !job.rollback => match connection.control("COMMIT").await {
                Ok(()) => Ok(answer),
                Err(error) if error.as_db_error().is_some() => Err(told(error)),
                // It either was written or was not.
                Err(error) => return Err(errors::plain(&error)),
            },
            answer => {
                connection.control("ROLLBACK").await.map_err(|error| errors::plain(&error))?;
                answer.map_err(|failed| match failed {
                    Failed::Postgres(error) => told(error),
                    Failed::Problem(problem) => problem,
                })
            }
        };
        lease.finish();
        done
    }
}

/// Casts and functions of times ask for the session's zone; it lasts until the transaction ends.
async fn set_zone(connection: &Connection, session: &Session) -> std::result::Result<(), Failed> {
    let Some(zone) = &session.timezone else { return Ok(()) };
    let zone = bind::Parameter::text(zone);
    let set = connection.client.query_raw("SELECT set_config('timezone', $1::text, true)", [zone]);
    let rows = std::pin::pin!(set.await?);
    let _: Vec<_> = futures_util::TryStreamExt::try_collect(rows).await?;
    Ok(())
}

/// The plan behind what [`Engine::render`] returned.
fn rendered(prepared: &Prepared) -> Result<Arc<RenderedPlan>> {
    Arc::clone(prepared)
        .downcast()
        .map_err(|_| Problem::internal("a plan was handed to an engine that did not render it"))
}

impl Engine for Postgres {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn render(&self, catalog: &Arc<Catalog>, plan: &Plan) -> Result<Prepared> {
        Ok(Arc::new(RenderedPlan::new(catalog, plan)?))
    }

    fn run(&self, job: Job) -> Running<'_, Answer> {
        Box::pin(async move {
            let plan = rendered(&job.prepared)?;
            match &plan.action {
                RenderedAction::Read(read) => self.read(read, &job).await,
                _ => self.write(&plan, &job).await,
            }
        })
    }

    fn begin(&self) -> Running<'_, Box<dyn Transaction>> {
        Box::pin(async move {
            let held = transaction::Held::begin(self.pool.lease().await?, &self.options).await?;
            Ok(Box::new(held) as Box<dyn Transaction>)
        })
    }

    fn load_rows<'a>(
        &'a self,
        catalog: &'a Arc<Catalog>,
        session: &'a Session,
        items: Items,
    ) -> Running<'a, u64> {
        Box::pin(async move { load::run(self.pool.lease().await?, catalog, session, items).await })
    }

    /// Nothing is told yet: the feed of this engine is to come.
    fn changes(&self) -> Changes {
        self.changes.subscribe()
    }

    fn applied_schema(&self) -> Running<'_, Option<String>> {
        Box::pin(async move { migrate::applied(&*self.pool.shared().await?).await })
    }

    fn migrate<'a>(
        &'a self,
        migration: &'a Migration,
        text: &'a str,
        progress: &'a (dyn Fn(u64, u64) + Send + Sync),
    ) -> Running<'a, ()> {
        Box::pin(async move { migrate::run(self.pool.lease().await?, migration, text, progress).await })
    }

    fn close(&self) -> Running<'_, ()> {
        Box::pin(async move {
            self.pool.close();
            Ok(())
        })
    }
}
