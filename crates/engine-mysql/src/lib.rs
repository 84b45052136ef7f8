//! MariaDB and MySQL as an engine: connections that short reads share and one for each other request in flight, statements that are
//! prepared once, and transactions that are tried again when others were in their way.
//!
//! It knows plans and how to run them on these servers; nothing of HTTP, of requests or of other engines. SQL text comes from the
//! dialect's crate.

mod address;
mod bind;
mod connection;
mod errors;
mod existing;
mod left;
mod load;
mod migrate;
mod options;
mod output;
mod pipeline;
mod place;
mod pool;
mod read;
mod render;
mod sequence;
mod snapshot;
mod together;
mod transaction;
mod violation;
mod write;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mainstay_base::{Problem, Result};
use mainstay_catalog::Catalog;
use mainstay_dialect::mysql::Flavour;
use mainstay_engine::{
    Adopted, Answer, Asked, Capabilities, Change, Changes, Engine, Items, Job, Prepared, Running, Snapshot,
    Transaction,
};
use mainstay_expr::Session;
use mainstay_migrate::Migration;
use mainstay_plan::Plan;
use tokio::sync::broadcast;

use connection::{Connection, Done, Failed};
pub use options::Options;
use pool::Pool;
use render::{Query, RenderedAction, RenderedPlan, RenderedRead};
use sequence::Sequences;
use write::Tools;

/// How long after a statement's time an answer is waited for. MariaDB ends statements by itself, MySQL only those that read; what
/// it does not end is interrupted by us then, and has as long again to end.
const ANSWER_GRACE: Duration = Duration::from_millis(500);
/// How often a transaction is tried that others were in the way of.
const TRIES: u32 = 12;

/// A MariaDB or MySQL database.
pub struct MySql {
    options: Options,
    capabilities: Capabilities,
    pool: Arc<Pool>,
    sequences: Arc<Sequences>,
    changes: broadcast::Sender<Arc<Vec<Change>>>,
}

/// How far a write has come.
#[derive(Default)]
struct Progress {
    /// Whether the database has been asked to make it durable, so that without an answer nobody knows.
    is_committing: AtomicBool,
}

impl MySql {
    /// The engine of a database. It connects when it is asked for something.
    pub fn open(options: Options) -> Result<Self> {
        Ok(Self {
            capabilities: Capabilities {
                name: "MySQL",
                deferrable_constraints: false,
                roles: false,
                explains: false,
            },
            pool: Arc::new(Pool::new(&options)?),
            sequences: Arc::default(),
            changes: broadcast::Sender::new(options.changes_queue_max),
            options,
        })
    }

    /// The tables of the database as statements of PostgreSQL; comments say what those cannot.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn pull(&self) -> Result<String> {
        existing::pull(self.pool.lease().await?).await
    }

    fn tools(&self) -> Tools<'_> {
        Tools { pool: &self.pool, sequences: &self.sequences, bytes_max: self.options.answer_bytes_max }
    }

    /// Reads; a connection that is lost meanwhile is replaced once, for reading again does no harm.
    async fn read(&self, plan: &RenderedPlan, read: &RenderedRead, job: &Job) -> Result<Answer> {
        if let Some(query) = read.alone()
            && let Some(answer) = self.read_shared(query, read, job).await?
        {
            job.expect.check(answer.rows, answer.affected)?;
            return Ok(answer);
        }
        let mut is_last = false;
        loop {
            let mut lease = self.pool.lease().await?;
            let connection = lease.connection()?;
            let work = async {
                match read.is_one_statement() {
                    true => self.read_at_once(connection, read, job).await,
                    false => self.read_in_transaction(connection, plan, job).await,
                }
            };
            // Without an answer the connection goes, and with it the work in the database.
            let Ok(done) = tokio::time::timeout(job.timeout + ANSWER_GRACE, work).await else {
                return Err(errors::timeout());
            };
            lease.finish();
            match done {
                Ok(answer) => {
                    job.expect.check(answer.rows, answer.affected)?;
                    return Ok(answer);
                }
                Err(failed) if failed.is_lost() && !is_last => {
                    self.pool.suspect();
                    is_last = true;
                }
                Err(failed) => return Err(failed.plain()),
            }
        }
    }

    /// One statement, among those of others. It is asked on another connection when a slow statement of somebody else holds it up.
    /// Answers with nothing where there are no connections to share.
    async fn read_shared(&self, query: &Query, read: &RenderedRead, job: &Job) -> Result<Option<Answer>> {
        let end = Instant::now() + job.timeout + ANSWER_GRACE;
        let mut was_lost = false;
        let Some(mut connection) = self.pool.shared().await? else { return Ok(None) };
        loop {
            let work = read::shared(&connection, query, read, job, self.options.answer_bytes_max);
            match self.pool.sharing().wait(&connection, end, work, || self.pool.open_shared()).await {
                Asked::Answered(Err(failed)) if failed.is_lost() && !was_lost => {
                    self.pool.suspect();
                    was_lost = true;
                    self.pool.sharing().discard(&connection);
                    let Some(other) = self.pool.shared().await? else { return Ok(None) };
                    connection = other;
                }
                Asked::Answered(answer) => return answer.map(Some).map_err(Failed::plain),
                Asked::Elsewhere(better) => connection = better,
                Asked::Silent => {
                    self.pool.sharing().discard(&connection);
                    return Err(errors::timeout());
                }
            }
        }
    }

    async fn read_at_once(
        &self,
        connection: &mut Connection,
        read: &RenderedRead,
        job: &Job,
    ) -> Done<Answer> {
        connection.allow(job.timeout).await?;
        read::run(connection, read, job, self.options.answer_bytes_max).await
    }

    /// Several statements that see the same state of the database.
    async fn read_in_transaction(
        &self,
        connection: &mut Connection,
        plan: &RenderedPlan,
        job: &Job,
    ) -> Done<Answer> {
        connection.allow(job.timeout).await?;
        connection.control(snapshot::BEGIN).await?;
        let answer = write::run(connection, self.tools(), plan, job).await;
        if matches!(&answer, Err(failed) if failed.is_lost()) {
            return answer;
        }
        connection.control("ROLLBACK").await?;
        answer
    }

    /// Writes in one transaction. It is tried again when others were in its way, because then all of it was undone, and once when
    /// the connection turns out to be lost before anything was to become durable.
    async fn write(&self, plan: &RenderedPlan, job: &Job) -> Result<Answer> {
        let progress = Progress::default();
        let end = Instant::now() + job.timeout;
        let (mut tries, mut was_lost) = (0, false);
        loop {
            tries += 1;
            let mut lease = self.pool.lease().await?;
            let (done, was_interrupted) = self.attempt(lease.connection()?, plan, job, &progress).await;
            let is_committing = progress.is_committing.swap(false, Ordering::Relaxed);
            let Some(done) = done else {
                // Without an answer the connection goes, and with it the work in the database.
                return Err(if is_committing { errors::unknown_outcome() } else { errors::timeout() });
            };
            match done {
                Ok(answer) => {
                    lease.finish();
                    return Ok(answer);
                }
                Err(failed) if failed.is_lost() => {
                    self.pool.suspect();
                    if is_committing {
                        return Err(errors::unknown_outcome());
                    }
                    if was_lost {
                        return Err(failed.plain());
                    }
                    was_lost = true;
                }
                // A commit that was interrupted is open still.
                Err(_) if was_interrupted && is_committing && !plan.is_one_statement(job) => {
                    return Err(errors::unknown_outcome());
                }
                Err(_) if was_interrupted => {
                    lease.finish();
                    return Err(errors::timeout());
                }
                Err(failed) => {
                    let again = errors::is_conflict(&failed) && tries < TRIES && Instant::now() < end;
                    lease.finish();
                    if !again {
                        return Err(failed.plain());
                    }
                    errors::pause(tries).await;
                }
            }
        }
    }

    /// One try of a write, and whether it was interrupted because its time was over.
    async fn attempt(
        &self,
        connection: &mut Connection,
        plan: &RenderedPlan,
        job: &Job,
        progress: &Progress,
    ) -> (Option<Done<Answer>>, bool) {
        let number = connection.number();
        let work = async {
            match plan.is_one_statement(job) {
                true => self.write_at_once(connection, plan, job, progress).await,
                false => self.write_in_transaction(connection, plan, job, progress).await,
            }
        };
        let mut work = std::pin::pin!(work);
        match tokio::time::timeout(job.timeout + ANSWER_GRACE, &mut work).await {
            Ok(done) => (Some(done), false),
            Err(_) => {
                // What becomes of the statement is known when it has ended.
                self.pool.interrupt(number).await;
                (tokio::time::timeout(ANSWER_GRACE, work).await.ok(), true)
            }
        }
    }

    async fn write_in_transaction(
        &self,
        connection: &mut Connection,
        plan: &RenderedPlan,
        job: &Job,
        progress: &Progress,
    ) -> Done<Answer> {
        connection.allow(job.timeout).await?;
        connection.control("START TRANSACTION").await?;
        let answer = write::run(connection, self.tools(), plan, job).await;
        match answer {
            Ok(answer) if !job.rollback => {
                progress.is_committing.store(true, Ordering::Relaxed);
                connection.control("COMMIT").await?;
                Ok(answer)
            }
            Err(failed) if failed.is_lost() => Err(failed),
            answer => {
                connection.control("ROLLBACK").await?;
                answer
            }
        }
    }

    /// A write that is one statement is a transaction by itself.
    async fn write_at_once(
        &self,
        connection: &mut Connection,
        plan: &RenderedPlan,
        job: &Job,
        progress: &Progress,
    ) -> Done<Answer> {
        connection.allow(job.timeout).await?;
        progress.is_committing.store(true, Ordering::Relaxed);
        write::run(connection, self.tools(), plan, job).await
    }

    /// Which server it is: that is known when one was reached.
    fn flavour(&self) -> Result<Flavour> {
        self.pool.flavour().ok_or_else(|| {
            Problem::new("08003", "the database was not reached yet").with_hint("Try again later.")
        })
    }
}

impl Engine for MySql {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn render(&self, catalog: &Arc<Catalog>, plan: &Plan) -> Result<Prepared> {
        Ok(Arc::new(RenderedPlan::new(self.flavour()?, catalog, plan)?))
    }

    fn run(&self, job: Job) -> Running<'_, Answer> {
        Box::pin(async move {
            let plan = mainstay_engine::rendered::<RenderedPlan>(&job.prepared)?;
            match &plan.action {
                RenderedAction::Read(read) => self.read(&plan, read, &job).await,
                _ => self.write(&plan, &job).await,
            }
        })
    }

    fn begin(&self) -> Running<'_, Box<dyn Transaction>> {
        Box::pin(async move {
            let (pool, sequences) = (Arc::clone(&self.pool), Arc::clone(&self.sequences));
            let held = transaction::Held::begin(pool, sequences, &self.options).await?;
            Ok(Box::new(held) as Box<dyn Transaction>)
        })
    }

    fn snapshot(&self) -> Running<'_, Box<dyn Snapshot>> {
        Box::pin(async move {
            let held = snapshot::Frozen::begin(self.pool.lease().await?).await?;
            Ok(Box::new(held) as Box<dyn Snapshot>)
        })
    }

    fn load_rows<'a>(
        &'a self,
        catalog: &'a Arc<Catalog>,
        session: &'a Session,
        items: Items,
    ) -> Running<'a, u64> {
        Box::pin(async move {
            let lease = self.pool.lease().await?;
            load::run(lease, &self.pool, &self.sequences, catalog, session, items).await
        })
    }

    /// Nothing is told yet: the feed of this engine is to come.
    fn changes(&self) -> Changes {
        self.changes.subscribe()
    }

    fn applied_schema(&self) -> Running<'_, Option<String>> {
        Box::pin(async move { migrate::applied(self.pool.lease().await?).await })
    }

    fn migrate<'a>(
        &'a self,
        migration: &'a Migration,
        text: &'a str,
        progress: &'a (dyn Fn(u64, u64) + Send + Sync),
    ) -> Running<'a, ()> {
        Box::pin(async move { migrate::run(self.pool.lease().await?, migration, text, progress).await })
    }

    fn adopt<'a>(&'a self, catalog: &'a Arc<Catalog>) -> Running<'a, Adopted> {
        Box::pin(async move { existing::adopt(self.pool.lease().await?, catalog).await })
    }

    fn close(&self) -> Running<'_, ()> {
        Box::pin(async move {
            self.sequences.close().await;
            self.pool.close();
            Ok(())
        })
    }
}
