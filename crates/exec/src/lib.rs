//! The one place where planner and engine meet: the catalog in force, the cache of plans, values and their types, limits.
//!
//! It does not know which engine it runs on, nor which protocol asks.

mod bind;
mod cache;

use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use mainstay_base::{Clock, Limits, Problem, Randomness, Result};
use mainstay_catalog::{Catalog, Function, TableKind};
use mainstay_engine::{Answer, Engine, Expect, Explain, Job, Output, Prepared, Transaction};
use mainstay_expr::{Expr, ExprKind, Input, Role, Session, SessionValue, Tree};
use mainstay_plan::{Enforcement, Plan};
use mainstay_planner::Settings;
use mainstay_query::{Request, Values};

pub use bind::Seams;
use cache::PlanCache;

/// How a request is to be run, beside what it asks.
#[derive(Debug, Clone, Copy, Default)]
pub struct Execution {
    /// How rows are written.
    pub output: Output,
    /// What must be true of the result.
    pub expect: Expect,
    /// Whether a write is undone after its answer was made.
    pub rollback: bool,
    /// What is told of the statements instead of their rows; nothing of a write is kept then.
    pub explain: Option<Explain>,
    /// Whether the stages are timed.
    pub timed: bool,
}

/// An answer, and how long each stage took.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// What the engine answered.
    pub answer: Answer,
    /// How long it took.
    pub timings: Timings,
}

/// How long the stages of one request took; nothing where that was not asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Timings {
    /// Finding or making the plan.
    pub plan: Duration,
    /// Typing the values.
    pub bind: Duration,
    /// Running, from handing over to the answer.
    pub run: Duration,
}

/// Measures one stage after the other, or nothing: the clock is not read for whom it does not interest.
struct Stopwatch(Option<Instant>);

impl Stopwatch {
    fn start(wanted: bool) -> Self {
        Self(wanted.then(Instant::now))
    }

    /// The time since the last lap.
    fn lap(&mut self) -> Duration {
        let Some(started) = &mut self.0 else { return Duration::ZERO };
        let now = Instant::now();
        now.duration_since(std::mem::replace(started, now))
    }
}

/// Runs requests against an engine under the catalog in force.
pub struct Exec {
    engine: Arc<dyn Engine>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Randomness>,
    settings: Settings,
    limits: Limits,
    snapshot: RwLock<Arc<Snapshot>>,
}

/// A catalog and the plans made under it. A new catalog starts with none, so that no plan outlives its schema.
struct Snapshot {
    catalog: Arc<Catalog>,
    plans: PlanCache,
    /// Whether any policy or function asks about the HTTP request, or the database may: collecting what it says costs, so nobody
    /// else does.
    reads_request: bool,
}

impl Snapshot {
    fn new(catalog: Arc<Catalog>, enforcement: Enforcement) -> Arc<Self> {
        let reads_request = reads_request(&catalog) || enforcement == Enforcement::Role;
        Arc::new(Self { catalog, plans: PlanCache::default(), reads_request })
    }
}

/// A plan, and what the engine has made of it.
struct Planned {
    plan: Plan,
    prepared: Prepared,
}

impl Exec {
    /// Requests run on `engine` under `catalog`.
    pub fn new(
        engine: Arc<dyn Engine>,
        catalog: Arc<Catalog>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Randomness>,
        settings: Settings,
        limits: Limits,
    ) -> Self {
        let snapshot = RwLock::new(Snapshot::new(catalog, settings.enforcement));
        Self { engine, clock, random, settings, limits, snapshot }
    }

    /// The catalog in force.
    pub fn catalog(&self) -> Arc<Catalog> {
        self.snapshot().catalog.clone()
    }

    /// Puts another catalog in force. Requests that are under way finish under the old one.
    pub fn replace_catalog(&self, catalog: Arc<Catalog>) {
        let next = Snapshot::new(catalog, self.settings.enforcement);
        *self.snapshot.write().unwrap_or_else(std::sync::PoisonError::into_inner) = next;
    }

    /// Whether a session must carry the HTTP request's context.
    pub fn reads_request(&self) -> bool {
        self.snapshot().reads_request
    }

    /// The engine.
    pub fn engine(&self) -> &Arc<dyn Engine> {
        &self.engine
    }

    /// Microseconds since the epoch.
    pub fn now_us(&self) -> i64 {
        self.clock.now_us()
    }

    /// The limits that requests run under.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Runs a request in a transaction of its own.
    ///
    /// # Errors
    /// What the planner, the values or the engine say; see there.
    pub async fn run(
        &self,
        session: Session,
        request: &Request,
        values: Values,
        execution: Execution,
    ) -> Result<Outcome> {
        let (job, mut timings) = self.prepare(session, request, values, execution)?;
        let mut stopwatch = Stopwatch::start(execution.timed);
        let answer = self.engine.run(job).await?;
        timings.run = stopwatch.lap();
        Ok(Outcome { answer, timings })
    }

    /// Runs a request inside an open transaction.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn run_in(
        &self,
        transaction: &mut dyn Transaction,
        session: Session,
        request: &Request,
        values: Values,
        execution: Execution,
    ) -> Result<Outcome> {
        let (job, mut timings) = self.prepare(session, request, values, execution)?;
        let mut stopwatch = Stopwatch::start(execution.timed);
        let answer = transaction.run(job).await?;
        timings.run = stopwatch.lap();
        Ok(Outcome { answer, timings })
    }

    fn prepare(
        &self,
        session: Session,
        request: &Request,
        values: Values,
        execution: Execution,
    ) -> Result<(Job, Timings)> {
        let mut stopwatch = Stopwatch::start(execution.timed);
        let planned = self.planned(&session.role, request)?;
        let plan = stopwatch.lap();
        let inputs = bind::inputs(&planned.plan, values, session, self.seams())?;
        let bind = stopwatch.lap();
        let job = Job {
            prepared: planned.prepared.clone(),
            inputs,
            output: execution.output,
            expect: execution.expect,
            timeout: self.limits.statement_timeout,
            rollback: execution.rollback || execution.explain.is_some(),
            explain: execution.explain,
        };
        Ok((job, Timings { plan, bind, run: Duration::ZERO }))
    }

    /// The plan of a request for a role: remembered, or made now.
    fn planned(&self, role: &Role, request: &Request) -> Result<Arc<Planned>> {
        let snapshot = self.snapshot();
        if let Some(planned) = snapshot.plans.get(role, request) {
            return Ok(planned);
        }
        let catalog = &snapshot.catalog;
        // A database that keeps the rules knows its roles itself.
        let known = |enforcement| match enforcement == Enforcement::Role || role_exists(catalog, role) {
            true => Ok(()),
            false => Err(Problem::new("22023", format!("role \"{}\" does not exist", role.name()))),
        };
        known(self.settings.enforcement)?;
        let plan = mainstay_planner::plan(request, catalog, role, &self.settings)?;
        known(plan.transaction.enforcement)?;
        let prepared = self.engine.render(catalog, &plan)?;
        let planned = Arc::new(Planned { plan, prepared });
        snapshot.plans.insert(role, request, planned.clone());
        Ok(planned)
    }

    fn seams(&self) -> Seams<'_> {
        Seams { clock: self.clock.as_ref(), random: self.random.as_ref() }
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

fn role_exists(catalog: &Catalog, role: &Role) -> bool {
    matches!(role.name(), Role::ANON | Role::AUTHENTICATED | Role::SERVICE)
        || catalog.roles.contains(role.name())
}

fn reads_request(catalog: &Catalog) -> bool {
    let asks = |expr: &Expr| matches!(&expr.kind, ExprKind::Input(Input::Session(SessionValue::Setting(name))) if name.starts_with("request."));
    let policies = catalog.tables.iter().flat_map(|table| &table.policies);
    let mut rules = policies.flat_map(|policy| policy.using.iter().chain(&policy.with_check));
    let views = catalog.tables.iter().filter_map(|table| match &table.kind {
        TableKind::View(view) => Some(&view.select),
        TableKind::Base | TableKind::Native(_) => None,
    });
    let mut selects = views.chain(catalog.functions.iter().filter_map(Function::inlined));
    rules.any(|rule| rule.any(asks)) || selects.any(|select| select.any(asks))
}
