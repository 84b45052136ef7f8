//! PostgreSQL as an engine: the schema is applied natively, requests run as the connecting role with their policies in the
//! plan, and reads of one statement share a few connections.
//!
//! It knows plans and how to run them on PostgreSQL; nothing of HTTP, of requests or of other engines. SQL text comes from the
//! dialect's crate.

mod address;
mod bind;
mod cancel;
mod certificate;
mod configuration;
mod connection;
mod direct;
mod errors;
mod explain;
mod introspect;
mod listen;
mod load;
mod migrate;
mod options;
mod output;
mod pool;
mod read;
mod render;
mod replicas;
mod roles;
mod scope;
mod snapshot;
mod tls;
mod transaction;
mod write;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use futures_util::future::{join, join3};
use mainstay_base::{Problem, Result};
use mainstay_catalog::Catalog;
use mainstay_engine::{
    Answer, Asked, Capabilities, Change, Changes, Engine, Items, Job, Prepared, Running, Snapshot,
    Transaction,
};
use mainstay_expr::Session;
use mainstay_migrate::Migration;
use mainstay_plan::{Enforcement, Plan};
use tokio::sync::broadcast;

use connection::{Connection, Failed};
pub use introspect::definitions::{Definition, DefinitionKind};
pub use listen::Listener;
pub use options::Options;
use pool::{Lease, Pool};
use render::{RenderedAction, RenderedPlan, RenderedRead};
use replicas::Replicas;
use roles::AllRoleSettings;
use scope::{Manners, Scope};

/// How long after a statement's time an answer is waited for. The server ends statements by itself; without a word from it, it or
/// the way to it is gone.
const ANSWER_GRACE: Duration = Duration::from_secs(3);

/// A PostgreSQL database.
pub struct Postgres {
    options: Options,
    capabilities: Capabilities,
    pool: Arc<Pool>,
    replicas: Arc<Replicas>,
    manners: Arc<Manners>,
    /// The settings of roles, once they were asked for.
    role_settings: RwLock<Option<AllRoleSettings>>,
    changes: broadcast::Sender<Arc<Vec<Change>>>,
}

impl Postgres {
    /// The engine of a database. It connects when it is asked for something.
    pub fn open(options: Options) -> Result<Self> {
        Ok(Self {
            capabilities: Capabilities {
                name: "PostgreSQL",
                deferrable_constraints: true,
                roles: true,
                explains: true,
            },
            pool: Arc::new(Pool::new(&options.url, &options)?),
            replicas: Arc::new(Replicas::of(&options)?),
            manners: Arc::new(Manners::of(&options)),
            role_settings: RwLock::new(None),
            changes: broadcast::Sender::new(options.changes_queue_max),
            options,
        })
    }

    /// Listens to a channel of the database on a connection of its own.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn listen(&self, channel: &str) -> Result<Listener> {
        listen::listen(self.pool.address(), channel).await
    }

    /// The definitions of the database's objects, in the order in which they build on each other.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn definitions(&self) -> Result<Vec<(DefinitionKind, Definition)>> {
        let lease = self.pool.lease().await?;
        let definitions = introspect::definitions::run(lease.connection()?).await?;
        lease.finish();
        Ok(definitions)
    }

    /// What the database says of settings for programs like this one, in the settings `pgrst.NAME` of the role that connects there.
    /// `before` is a function, `schema.name`, that is called first and may set more of them.
    ///
    /// # Errors
    /// When the database is away, or the function fails.
    pub async fn configuration(
        &self,
        names: &[String],
        before: Option<&str>,
    ) -> Result<Vec<(String, String)>> {
        configuration::read(self.pool.address(), names, before).await
    }

    /// The catalog of the database as it is: all of its relations, and the functions of the schemas that are exposed. `hoisted` are
    /// the settings of functions that hold for the whole transaction of a call.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn introspect(&self, schemas: &[String], hoisted: &[String]) -> Result<Arc<Catalog>> {
        let lease = self.pool.lease().await?;
        let catalog = introspect::run(lease.connection()?, schemas, hoisted).await?;
        lease.finish();
        Ok(catalog)
    }

    async fn run_on(&self, pool: &Pool, plan: &RenderedPlan, job: &Job) -> Result<Answer> {
        match &plan.action {
            _ if self.manners.are_needed(plan) => self.run_scoped(pool, plan, job).await,
            RenderedAction::Read(read) => self.read(pool, plan, read, job).await,
            _ => self.write(plan, job).await,
        }
        .inspect_err(|problem| {
            // A server that takes no writes any more has become a copy.
            if problem.code() == "25006" && !plan.transaction.read_only {
                pool.renew();
            }
        })
    }

    async fn read(&self, pool: &Pool, plan: &RenderedPlan, read: &RenderedRead, job: &Job) -> Result<Answer> {
        if !read.is_one_statement() || job.inputs.session.timezone.is_some() || job.explain.is_some() {
            return self.read_in_transaction(pool, plan, job).await;
        }
        let answer = self.read_shared(pool, read, job).await?;
        job.expect.check(answer.rows, answer.affected)?;
        Ok(answer)
    }

    /// One statement, among those of others. It is asked once again, which does no harm, when the connection is lost, and on another
    /// connection when a slow statement of somebody else holds it up.
    async fn read_shared(&self, pool: &Pool, read: &RenderedRead, job: &Job) -> Result<Answer> {
        let end = Instant::now() + job.timeout + ANSWER_GRACE;
        let mut was_lost = false;
        let mut connection = pool.shared().await?;
        loop {
            let answer = read::run(&connection, read, job, self.options.answer_bytes_max);
            let work = async {
                let (allowed, answer) = join(connection.allow(job.timeout), answer).await;
                allowed.map_err(Failed::from).and(answer)
            };
            match pool.sharing().wait(&connection, end, work, || pool.open_shared()).await {
                Asked::Answered(Err(Failed::Postgres(error))) if error.is_closed() && !was_lost => {
                    was_lost = true;
                    connection = pool.shared().await?;
                }
                Asked::Answered(answer) => return answer.map_err(Failed::plain),
                Asked::Elsewhere(better) => connection = better,
                Asked::Silent => {
                    pool.sharing().discard(&connection);
                    return Err(errors::silent());
                }
            }
        }
    }

    /// A plan in a transaction with settings of its own, under the role of whoever asks where the plan says so. When the connection
    /// turns out to be lost before it begins, another is taken once.
    async fn run_scoped(&self, pool: &Pool, plan: &RenderedPlan, job: &Job) -> Result<Answer> {
        let mut is_last = false;
        loop {
            let lease = pool.lease().await?;
            let connection = lease.connection()?;
            let begun = match self.role_settings(connection, plan.transaction.enforcement).await {
                Ok(roles) => {
                    Scope::of(&self.manners, plan, job, roles.as_ref()).run(connection, plan, job).await
                }
                Err(error) => Err(error),
            };
            match begun {
                Ok(done) => {
                    if !matches!(&done, Err(Failed::Postgres(error)) if error.is_closed()) {
                        lease.finish();
                    }
                    return done.map_err(|failed| told(failed, plan, job));
                }
                Err(error) if error.is_closed() && !is_last => is_last = true,
                Err(error) => return Err(errors::plain(&error)),
            }
        }
    }

    /// The settings that come with roles, for plans that run under one.
    async fn role_settings(
        &self,
        connection: &Connection,
        enforcement: Enforcement,
    ) -> std::result::Result<Option<AllRoleSettings>, tokio_postgres::Error> {
        if enforcement == Enforcement::Plan {
            return Ok(None);
        }
        let known = self.role_settings.read().unwrap_or_else(PoisonError::into_inner).clone();
        if known.is_some() {
            return Ok(known);
        }
        let found = roles::settings(connection).await?;
        *self.role_settings.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&found));
        Ok(Some(found))
    }

    /// Has the settings of roles read again: somebody may have changed them.
    pub fn forget_role_settings(&self) {
        *self.role_settings.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Several statements that see the same state of the database.
    async fn read_in_transaction(&self, pool: &Pool, plan: &RenderedPlan, job: &Job) -> Result<Answer> {
        let (lease, answer) =
            self.begun(pool, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", plan, job).await?;
        lease.connection()?.control("ROLLBACK").await.map_err(|error| errors::plain(&error))?;
        lease.finish();
        answer.map_err(Failed::plain)
    }

    /// Begins a transaction and runs a plan in it; its statements do not wait for BEGIN. When the connection turns out to be lost
    /// before that, nothing has been done, and another is taken once.
    async fn begun(
        &self,
        pool: &Pool,
        begin: &'static str,
        plan: &RenderedPlan,
        job: &Job,
    ) -> Result<(Lease, std::result::Result<Answer, Failed>)> {
        let mut is_last = false;
        loop {
            let lease = pool.lease().await?;
            let connection = lease.connection()?;
            let work = async {
                set_zone(connection, &job.inputs.session).await?;
                write::run(connection, plan, job, self.options.answer_bytes_max).await
            };
            let begun = connection.control(begin);
            let (allowed, begun, done) = join3(connection.allow(job.timeout), begun, work).await;
            match allowed.and(begun) {
                Ok(()) => return Ok((lease, done)),
                Err(error) if error.is_closed() && !is_last => is_last = true,
                Err(error) => return Err(errors::plain(&error)),
            }
        }
    }

    async fn write(&self, plan: &RenderedPlan, job: &Job) -> Result<Answer> {
        if plan.is_one_statement(job) {
            return self.write_at_once(plan, job).await;
        }
        let (lease, answer) = self.begun(&self.pool, "BEGIN", plan, job).await?;
        let connection = lease.connection()?;
        let done = match answer {
            Ok(answer) if !job.rollback => match connection.control("COMMIT").await {
                Ok(()) => Ok(answer),
                Err(error) if error.as_db_error().is_some() => Err(told(error.into(), plan, job)),
                // It either was written or was not.
                Err(error) => return Err(errors::plain(&error)),
            },
            answer => {
                connection.control("ROLLBACK").await.map_err(|error| errors::plain(&error))?;
                answer.map_err(|failed| told(failed, plan, job))
            }
        };
        lease.finish();
        done
    }

    /// A write that is one statement is a transaction by itself.
    async fn write_at_once(&self, plan: &RenderedPlan, job: &Job) -> Result<Answer> {
        let lease = self.pool.lease().await?;
        let connection = lease.connection()?;
        let work = write::run(connection, plan, job, self.options.answer_bytes_max);
        let (allowed, answer) = join(connection.allow(job.timeout), work).await;
        allowed.map_err(|error| errors::plain(&error))?;
        lease.finish();
        answer.map_err(|failed| told(failed, plan, job))
    }
}

fn told(failed: Failed, plan: &RenderedPlan, job: &Job) -> Problem {
    match failed {
        Failed::Postgres(error) => {
            errors::of_plan(&error, &plan.catalog, &job.inputs.session, plan.transaction.enforcement)
        }
        Failed::Problem(problem) => problem,
    }
}

/// Casts and functions of times ask for the session's zone; it lasts until the transaction ends.
async fn set_zone(connection: &Connection, session: &Session) -> std::result::Result<(), Failed> {
    let Some(zone) = &session.timezone else { return Ok(()) };
    connection.texts("SELECT set_config('timezone', $1::text, true)", &[zone]).await?;
    Ok(())
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
            let plan = mainstay_engine::rendered::<RenderedPlan>(&job.prepared)?;
            let work = async {
                match self.replicas.choose(&self.pool).filter(|_| plan.only_reads()) {
                    Some(replica) => match self.run_on(&replica.pool, &plan, &job).await {
                        // Reading again on the primary does no harm.
                        Err(problem) if errors::is_of_replica(&problem) => {
                            replica.mistrust();
                            self.run_on(&self.pool, &plan, &job).await
                        }
                        done => done,
                    },
                    None => self.run_on(&self.pool, &plan, &job).await,
                }
            };
            let limit = job.timeout + self.options.connect_timeout + ANSWER_GRACE;
            tokio::time::timeout(limit, work).await.unwrap_or_else(|_| Err(errors::silent()))
        })
    }

    fn preflight<'a>(&'a self, catalog: &'a Arc<Catalog>, enforcement: Enforcement) -> Running<'a, ()> {
        Box::pin(async move {
            let lease = self.pool.lease().await?;
            let connection = lease.connection()?;
            match enforcement {
                Enforcement::Role => roles::require_membership(connection, &roles::of(catalog)).await?,
                Enforcement::Plan => roles::require_all_rows(connection, catalog).await?,
            }
            lease.finish();
            Ok(())
        })
    }

    fn begin(&self) -> Running<'_, Box<dyn Transaction>> {
        Box::pin(async move {
            let lease = self.pool.lease().await?;
            let roles = self.role_settings(lease.connection()?, Enforcement::Role).await;
            let roles = roles.map_err(|error| errors::plain(&error))?;
            let held = transaction::Held::begin(lease, &self.options, self.manners.clone(), roles).await?;
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
            self.replicas.close();
            self.pool.close();
            Ok(())
        })
    }
}
