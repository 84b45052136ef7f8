//! A transaction that spans several plans: it has a connection to itself until it ends, or until its time is over.

use std::sync::Arc;

use futures_util::future::join3;
use mainstay_base::{Problem, Result};
use mainstay_catalog::Catalog;
use mainstay_engine::{Answer, Job, Running, Transaction};
use mainstay_expr::Session;
use tokio::time::Instant;

use crate::connection::Failed;
use crate::pool::Lease;
use crate::render::RenderedPlan;
use crate::roles::AllRoleSettings;
use crate::scope::{Manners, Scope};
use crate::{Options, errors, load, set_zone, write};

/// A held transaction. Dropping it closes its connection, which rolls it back.
pub(crate) struct Held {
    lease: Option<Lease>,
    deadline: Instant,
    bytes_max: usize,
    manners: Arc<Manners>,
    /// The settings of roles.
    roles: Option<AllRoleSettings>,
    /// What errors at the commit are told by.
    last: Option<(Arc<Catalog>, Session)>,
}

impl Held {
    /// Begins on a connection.
    pub async fn begin(
        lease: Lease,
        options: &Options,
        manners: Arc<Manners>,
        roles: Option<AllRoleSettings>,
    ) -> Result<Self> {
        let connection = lease.connection()?;
        // The server ends it when its holder does nothing any more.
        let timeout = options.transaction_timeout.as_millis();
        let begin = format!("BEGIN; SET LOCAL idle_in_transaction_session_timeout = {timeout}");
        connection.client.batch_execute(&begin).await.map_err(|error| errors::plain(&error))?;
        let deadline = Instant::now() + options.transaction_timeout;
        let bytes_max = options.answer_bytes_max;
        Ok(Self { lease: Some(lease), deadline, bytes_max, manners, roles, last: None })
    }

    fn lease(&mut self) -> Result<&Lease> {
        if Instant::now() >= self.deadline {
            self.lease = None;
        }
        self.lease.as_ref().ok_or_else(errors::over)
    }

    async fn run_plan(&mut self, job: Job) -> Result<Answer> {
        let plan = mainstay_engine::rendered::<RenderedPlan>(&job.prepared)?;
        let (bytes_max, deadline) = (self.bytes_max, self.deadline);
        let (manners, roles) = (Arc::clone(&self.manners), self.roles.clone());
        let connection = self.lease()?.connection()?;
        let timeout = job.timeout.min(deadline.saturating_duration_since(Instant::now()));
        let answer = if manners.are_needed(&plan) {
            connection.control("SAVEPOINT job").await.map_err(|error| errors::plain(&error))?;
            let job = Job { timeout, ..job.clone() };
            let scope = Scope::of(&manners, &plan, &job, roles.as_ref());
            scope.run_inside(connection, &plan, &job).await
        } else {
            let work = async {
                set_zone(connection, &job.inputs.session).await?;
                write::run(connection, &plan, &job, bytes_max).await
            };
            let save = connection.control("SAVEPOINT job");
            let (allowed, saved, answer) = join3(connection.allow(timeout), save, work).await;
            allowed.and(saved).map_err(|error| errors::plain(&error))?;
            answer
        };
        let keep = answer.is_ok() && !job.rollback;
        let end = if keep { "SET LOCAL ROLE NONE; RELEASE job" } else { "ROLLBACK TO job; RELEASE job" };
        connection.control(end).await.map_err(|error| errors::plain(&error))?;
        let enforcement = plan.transaction.enforcement;
        let done = answer.map_err(|failed| match failed {
            Failed::Postgres(error) => {
                errors::of_plan(&error, &plan.catalog, &job.inputs.session, enforcement)
            }
            Failed::Problem(problem) => problem,
        });
        self.last = Some((Arc::clone(&plan.catalog), job.inputs.session.clone()));
        done
    }
}

impl Transaction for Held {
    fn run(&mut self, job: Job) -> Running<'_, Answer> {
        Box::pin(self.run_plan(job))
    }

    fn advance_sequences<'a>(&'a mut self, catalog: &'a Arc<Catalog>) -> Running<'a, ()> {
        Box::pin(async move {
            let connection = self.lease()?.connection()?;
            load::advance_all(connection, catalog).await.map_err(Failed::plain)
        })
    }

    fn commit(mut self: Box<Self>) -> Running<'static, ()> {
        Box::pin(async move {
            self.lease()?;
            let lease = self.lease.take().ok_or_else(errors::over)?;
            let committed = lease.connection()?.control("COMMIT").await;
            match committed {
                Ok(()) => {
                    lease.finish();
                    Ok(())
                }
                Err(error) => Err(self.told(&error)),
            }
        })
    }

    fn rollback(mut self: Box<Self>) -> Running<'static, ()> {
        Box::pin(async move {
            let Some(lease) = self.lease.take() else { return Ok(()) };
            lease.connection()?.control("ROLLBACK").await.map_err(|error| errors::plain(&error))?;
            lease.finish();
            Ok(())
        })
    }
}

impl Held {
    fn told(&self, error: &tokio_postgres::Error) -> Problem {
        match &self.last {
            Some((catalog, session)) => errors::of_write(error, catalog, session),
            None => errors::plain(error),
        }
    }
}
