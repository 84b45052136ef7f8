//! A transaction that spans several plans: it has a connection to itself until it ends, or until its time is over.

use std::sync::Arc;
use std::time::Instant;

use mainstay_base::Result;
use mainstay_catalog::Catalog;
use mainstay_engine::{Answer, Job, Running, Transaction};

use crate::connection::{Done, Failed};
use crate::pool::{Lease, Pool};
use crate::render::RenderedPlan;
use crate::sequence::Sequences;
use crate::write::Tools;
use crate::{Options, errors, write};

/// A held transaction. Dropping it closes its connection, which rolls it back.
pub(crate) struct Held {
    lease: Option<Lease>,
    pool: Arc<Pool>,
    sequences: Arc<Sequences>,
    deadline: Instant,
    bytes_max: usize,
}

impl Held {
    /// Begins on a connection.
    pub async fn begin(pool: Arc<Pool>, sequences: Arc<Sequences>, options: &Options) -> Result<Self> {
        let mut lease = pool.lease().await?;
        lease.connection()?.control("START TRANSACTION").await.map_err(Failed::plain)?;
        let deadline = Instant::now() + options.transaction_timeout;
        let bytes_max = options.answer_bytes_max;
        Ok(Self { lease: Some(lease), pool, sequences, deadline, bytes_max })
    }

    fn lease(&mut self) -> Result<&mut Lease> {
        if Instant::now() >= self.deadline {
            self.lease = None;
        }
        self.lease.as_mut().ok_or_else(errors::over)
    }

    async fn run_plan(&mut self, job: Job) -> Result<Answer> {
        let plan = mainstay_engine::rendered::<RenderedPlan>(&job.prepared)?;
        let timeout = job.timeout.min(self.deadline.saturating_duration_since(Instant::now()));
        self.lease()?;
        let work = tokio::time::timeout(timeout + crate::ANSWER_GRACE, self.run_saved(&plan, &job, timeout));
        let Ok(done) = work.await else {
            // The statement is still under way: it goes with its connection.
            self.lease = None;
            return Err(errors::timeout());
        };
        match done {
            Ok(answer) => Ok(answer),
            Err(failed) => {
                if failed.is_lost() || errors::is_conflict(&failed) {
                    // The database has undone all of it.
                    self.lease = None;
                }
                Err(failed.plain())
            }
        }
    }

    /// Runs a plan after a savepoint, to which what failed goes back.
    async fn run_saved(
        &mut self,
        plan: &RenderedPlan,
        job: &Job,
        timeout: std::time::Duration,
    ) -> Done<Answer> {
        let Self { lease, pool, sequences, bytes_max, .. } = self;
        let connection = lease.as_mut().ok_or_else(errors::over)?.connection()?;
        connection.allow(timeout).await?;
        connection.control("SAVEPOINT job").await?;
        let tools = Tools { pool, sequences, bytes_max: *bytes_max };
        let answer = write::run(connection, tools, plan, job).await;
        match &answer {
            Ok(_) if !job.rollback => connection.control("RELEASE SAVEPOINT job").await?,
            Err(failed) if failed.is_lost() || errors::is_conflict(failed) => {}
            _ => connection.control("ROLLBACK TO SAVEPOINT job; RELEASE SAVEPOINT job").await?,
        }
        answer
    }
}

impl Transaction for Held {
    fn run(&mut self, job: Job) -> Running<'_, Answer> {
        Box::pin(self.run_plan(job))
    }

    fn advance_sequences<'a>(&'a mut self, catalog: &'a Arc<Catalog>) -> Running<'a, ()> {
        Box::pin(async move {
            let (pool, sequences) = (Arc::clone(&self.pool), Arc::clone(&self.sequences));
            let connection = self.lease()?.connection()?;
            sequences.advance_all(&pool, connection, catalog).await.map_err(Failed::plain)
        })
    }

    fn commit(mut self: Box<Self>) -> Running<'static, ()> {
        Box::pin(async move {
            self.lease()?;
            let mut lease = self.lease.take().ok_or_else(errors::over)?;
            match lease.connection()?.control("COMMIT").await {
                Ok(()) => {
                    lease.finish();
                    Ok(())
                }
                Err(failed) if failed.is_lost() => Err(errors::unknown_outcome()),
                Err(failed) => Err(failed.plain()),
            }
        })
    }

    fn rollback(mut self: Box<Self>) -> Running<'static, ()> {
        Box::pin(async move {
            let Some(mut lease) = self.lease.take() else { return Ok(()) };
            lease.connection()?.control("ROLLBACK").await.map_err(Failed::plain)?;
            lease.finish();
            Ok(())
        })
    }
}
