//! The transaction of one request: how it begins, what holds inside it, and how it ends. Nothing waits for an answer that it does
//! not need, so that a request of one statement costs one round trip.
//!
//! Names of settings are those that functions and policies written for PostgREST ask for.

use std::sync::OnceLock;

use futures_util::future::{OptionFuture, join, join4};
use mainstay_base::{Problem, Result};
use mainstay_dialect::postgres::Statement;
use mainstay_engine::{Answer, Expect, Job, Told};
use mainstay_expr::Session;
use mainstay_plan::{Enforcement, TransactionMode};
use tokio_postgres::Error;

use crate::bind::Parameter;
use crate::connection::{Connection, FIXED, Failed};
use crate::render::{Query, RenderedPlan};
use crate::roles::{AllRoleSettings, Isolation, RoleSettings};
use crate::{Options, write};

/// Settings that one statement sets at most.
const SETTINGS_AT_ONCE: usize = 32;

type Done<T> = std::result::Result<T, Failed>;

/// What all requests of an engine have in common.
pub(crate) struct Manners {
    /// Schemas behind the request's own on the search path.
    extra_search_path: Vec<String>,
    /// What functions and policies ask for beside the request's own.
    settings: Vec<(String, String)>,
    /// Called first in every transaction that runs under a role.
    pre_request: Option<Query>,
    /// Whether connections keep nothing between transactions, so that each sets everything.
    forgets: bool,
    bytes_max: usize,
}

impl Manners {
    pub fn of(options: &Options) -> Self {
        let pre_request = options.pre_request.as_ref().map(|name| {
            Query::new(Statement { text: called(name), inputs: Vec::new(), columns: Vec::new() })
        });
        Self {
            extra_search_path: options.extra_search_path.clone(),
            settings: options.settings.clone(),
            pre_request,
            forgets: !options.prepared_statements,
            bytes_max: options.answer_bytes_max,
        }
    }
}

/// One request's transaction.
pub(crate) struct Scope<'s> {
    manners: &'s Manners,
    begin: &'static str,
    settings: Vec<Setting>,
    mode: &'s TransactionMode,
}

/// Something that is set for a transaction.
struct Setting {
    name: String,
    value: String,
    /// Whether its end takes it back. The role stays until it is told otherwise: should BEGIN fail, what was sent behind it must not
    /// run with our own rights.
    is_local: bool,
}

/// The role that means to have none.
const NO_ROLE: &str = "none";

impl<'s> Scope<'s> {
    /// What a job's transaction is to be. `roles` are the settings that come with each role.
    pub fn of(
        manners: &'s Manners,
        plan: &'s RenderedPlan,
        job: &Job,
        roles: Option<&AllRoleSettings>,
    ) -> Self {
        let (mode, session) = (&plan.transaction, &job.inputs.session);
        let role = roles.and_then(|roles| roles.get(session.role.name()));
        let mut settings = Vec::new();
        let mut set = |name: &str, value: &str| {
            settings.push(Setting { name: name.to_owned(), value: value.to_owned(), is_local: true });
        };
        if manners.forgets {
            FIXED.iter().for_each(|(name, value)| set(name, value));
        }
        set("statement_timeout", &job.timeout.as_millis().clamp(1, i32::MAX as u128).to_string());
        if mode.enforcement == Enforcement::Role {
            manners.settings.iter().for_each(|(name, value)| set(name, value));
            role.iter().flat_map(|role| &role.settings).for_each(|(name, value)| set(name, value));
            set("search_path", &search_path(session, &manners.extra_search_path));
        }
        for (name, value) in &mode.settings {
            if !Isolation::is_said_by(name) {
                set(name, value);
            }
        }
        if let Some(zone) = &session.timezone {
            set("timezone", zone);
        }
        if mode.enforcement == Enforcement::Role {
            set("request.method", &session.request.method);
            set("request.path", &session.request.path);
            set("request.headers", or_empty(&session.request.headers));
            set("request.cookies", or_empty(&session.request.cookies));
            set("request.jwt.claims", &session.claims.to_string());
            if manners.is_told(mode) {
                set("response.headers", "");
                set("response.status", "");
            }
            let (name, value) = ("role".to_owned(), session.role.name().to_owned());
            settings.push(Setting { name, value, is_local: manners.forgets });
        }
        let begin = begin(isolation(plan, job, role), mode.read_only);
        Self { manners, begin, settings, mode }
    }

    /// "none" would be ourselves.
    fn has_role(&self) -> Result<()> {
        match self.settings.iter().any(|setting| setting.name == "role" && setting.value == NO_ROLE) {
            true => Err(Problem::new("22023", format!("role \"{NO_ROLE}\" does not exist"))),
            false => Ok(()),
        }
    }

    fn commit(&self) -> &'static str {
        match self.mode.enforcement == Enforcement::Role && !self.manners.forgets {
            true => "COMMIT; RESET ROLE",
            false => "COMMIT",
        }
    }

    fn pre_request(&self) -> Option<&'s Query> {
        let by_role = self.mode.enforcement == Enforcement::Role;
        self.manners.pre_request.as_ref().filter(|_| by_role)
    }

    /// Makes the settings hold, and calls the function that comes before every request.
    async fn prepare(&self, connection: &Connection) -> Done<()> {
        let mut chunks = self.settings.chunks(SETTINGS_AT_ONCE);
        let first = chunks.next().unwrap_or_default();
        let first = set(connection, first);
        let (first, pre_request) = match chunks.next() {
            None => join(first, self.call_pre_request(connection)).await,
            // More settings than anybody has: they wait for one another.
            Some(second) => {
                first.await?;
                set(connection, second).await?;
                for more in chunks {
                    set(connection, more).await?;
                }
                (Ok(()), self.call_pre_request(connection).await)
            }
        };
        first.and(pre_request)
    }

    async fn call_pre_request(&self, connection: &Connection) -> Done<()> {
        match self.pre_request() {
            Some(query) => connection.bare(query, Vec::new()).await.map(|_| ()).map_err(Failed::Postgres),
            None => Ok(()),
        }
    }

    /// What this transaction's own statements are, which must be known before they are sent one after the other.
    fn statements(&self) -> impl Iterator<Item = &'s Query> {
        let sets = self.settings.chunks(SETTINGS_AT_ONCE).map(|chunk| setting_query(chunk.len()));
        let told = self.manners.is_told(self.mode).then(told_query);
        sets.chain(self.pre_request()).chain(told).collect::<Vec<_>>().into_iter()
    }

    /// Begins, runs a plan and ends. The outer error is that of BEGIN: nothing has happened then.
    pub async fn run(
        &self,
        connection: &Connection,
        plan: &RenderedPlan,
        job: &Job,
    ) -> std::result::Result<Done<Answer>, Error> {
        let queries = match plan.queries(job) {
            Ok(queries) => queries,
            Err(problem) => return Ok(Err(problem.into())),
        };
        let is_known = self
            .statements()
            .chain(queries.iter().map(|query| &**query))
            .all(|query| connection.knows(query));
        if let Err(problem) = self.has_role() {
            return Ok(Err(problem.into()));
        }
        if self.manners.forgets {
            // Nothing lasts here, the role neither: so BEGIN must have been heard of.
            connection.control(self.begin).await?;
            let done = self.prepare_and_work(connection, plan, job).await;
            return Ok(self.end(connection, done, job.rollback).await);
        }
        if is_known && ends_without_a_look(plan, job) {
            return self.run_at_once(connection, plan, job).await;
        }
        let begun = connection.control(self.begin);
        let done = if is_known {
            let work = write::run(connection, plan, job, self.manners.bytes_max);
            let (begun, prepared, done) =
                futures_util::future::join3(begun, self.prepare(connection), work).await;
            begun?;
            prepared.and(done)
        } else {
            // What is not known yet is made known where names mean what they will mean.
            let own = async {
                for query in self.statements() {
                    connection.learn(query).await?;
                }
                Ok::<_, Failed>(())
            };
            let (begun, own) = join(begun, own).await;
            begun?;
            match own {
                Ok(()) => self.prepare_and_work(connection, plan, job).await,
                Err(failed) => Err(failed),
            }
        };
        Ok(self.end(connection, done, job.rollback).await)
    }

    async fn prepare_and_work(
        &self,
        connection: &Connection,
        plan: &RenderedPlan,
        job: &Job,
    ) -> Done<Answer> {
        self.prepare(connection).await?;
        for query in plan.queries(job)? {
            connection.learn(&query).await?;
        }
        write::run(connection, plan, job, self.manners.bytes_max).await
    }

    /// Everything in one round trip. COMMIT undoes what has failed before it.
    async fn run_at_once(
        &self,
        connection: &Connection,
        plan: &RenderedPlan,
        job: &Job,
    ) -> std::result::Result<Done<Answer>, Error> {
        let start = join(connection.control(self.begin), self.prepare(connection));
        let work = write::run(connection, plan, job, self.manners.bytes_max);
        let told = self.told(connection);
        let ((begun, prepared), done, told, committed) =
            join4(start, work, told, connection.control(self.commit())).await;
        begun?;
        Ok(prepared.and(done).and_then(|answer| {
            committed?;
            Ok(Answer { told: told?, ..answer })
        }))
    }

    async fn end(&self, connection: &Connection, done: Done<Answer>, rollback: bool) -> Done<Answer> {
        let is_kept = done.is_ok() && !rollback;
        let told = OptionFuture::from(done.is_ok().then(|| self.told(connection)));
        let end = connection.control(if is_kept { self.commit() } else { "ROLLBACK" });
        let (told, ended) = join(told, end).await;
        let answer = done?;
        ended?;
        Ok(Answer { told: told.transpose()?.flatten(), ..answer })
    }

    /// What functions said of the response.
    async fn told(&self, connection: &Connection) -> Done<Option<Box<Told>>> {
        if !self.manners.is_told(self.mode) {
            return Ok(None);
        }
        let rows = connection.bare(told_query(), Vec::new()).await?;
        let text = |position: usize| {
            rows.first().and_then(|row| row.get::<_, Option<String>>(position)).unwrap_or_default()
        };
        let told = Told { headers: text(0), status: text(1) };
        Ok((told != Told::default()).then(|| Box::new(told)))
    }

    /// Runs a plan inside a transaction that is open already.
    pub async fn run_inside(
        mut self,
        connection: &Connection,
        plan: &RenderedPlan,
        job: &Job,
    ) -> Done<Answer> {
        self.has_role()?;
        self.settings.iter_mut().for_each(|setting| setting.is_local = true);
        for query in self.statements() {
            connection.learn(query).await?;
        }
        let answer = self.prepare_and_work(connection, plan, job).await?;
        Ok(Answer { told: self.told(connection).await?, ..answer })
    }
}

impl Manners {
    /// Whether a plan runs in a transaction that sets all it needs.
    pub fn are_needed(&self, plan: &RenderedPlan) -> bool {
        plan.transaction.enforcement == Enforcement::Role || self.forgets
    }

    fn is_told(&self, mode: &TransactionMode) -> bool {
        mode.enforcement == Enforcement::Role && (mode.tells || self.pre_request.is_some())
    }
}

/// Whether a job's transaction may end before its answer is known: it only reads, or it writes with one statement, answers with no
/// rows, and nothing is expected of it.
fn ends_without_a_look(plan: &RenderedPlan, job: &Job) -> bool {
    job.explain.is_none()
        && plan.is_single(job)
        && (plan.transaction.read_only
            || (!plan.answers_with_rows() && job.expect == Expect::default() && !job.rollback))
}

/// Several statements that read must see one state of the database.
fn isolation(plan: &RenderedPlan, job: &Job, role: Option<&RoleSettings>) -> Isolation {
    let mode = &plan.transaction;
    let of_function = mode
        .settings
        .iter()
        .find(|(name, _)| Isolation::is_said_by(name))
        .map(|(_, level)| Isolation::named(level));
    let asked = of_function.or_else(|| role.map(|role| role.isolation)).unwrap_or_default();
    match mode.read_only && !plan.is_single(job) {
        true => asked.max(Isolation::RepeatableRead),
        false => asked,
    }
}

fn begin(isolation: Isolation, read_only: bool) -> &'static str {
    match (isolation, read_only) {
        (Isolation::ReadCommitted, true) => "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY",
        (Isolation::ReadCommitted, false) => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
        (Isolation::RepeatableRead, true) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        (Isolation::RepeatableRead, false) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE",
        (Isolation::Serializable, true) => "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY",
        (Isolation::Serializable, false) => "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE",
    }
}

fn search_path(session: &Session, extra: &[String]) -> String {
    let own = Some(&*session.request.schema).filter(|schema| !schema.is_empty());
    let mut schemas: Vec<String> = Vec::new();
    for schema in own.into_iter().chain(extra.iter().map(String::as_str)) {
        let schema = quoted(schema);
        if !schemas.contains(&schema) {
            schemas.push(schema);
        }
    }
    schemas.join(", ")
}

/// The call of a function without arguments, `schema.name`.
pub(crate) fn called(function: &str) -> String {
    let (schema, name) = function.split_once('.').unwrap_or(("public", function));
    format!("SELECT {}.{}()", quoted(schema), quoted(name))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn or_empty(object: &str) -> &str {
    if object.is_empty() { "{}" } else { object }
}

async fn set(connection: &Connection, settings: &[Setting]) -> Done<()> {
    let parameters = settings.iter().flat_map(|setting| {
        let is_local = if setting.is_local { "true" } else { "false" };
        [Parameter::text(&setting.name), Parameter::text(&setting.value), Parameter::text(is_local)]
    });
    let parameters = parameters.collect();
    connection.bare(setting_query(settings.len()), parameters).await?;
    Ok(())
}

/// The statement that sets so many settings for the rest of the transaction, in their order.
fn setting_query(count: usize) -> &'static Query {
    static QUERIES: OnceLock<Vec<Query>> = OnceLock::new();
    let queries = QUERIES.get_or_init(|| {
        let call = |position: usize| {
            let first = 3 * position + 1;
            format!("set_config(${first}::text, ${}::text, ${}::bool)", first + 1, first + 2)
        };
        let query = |count: usize| {
            let calls: Vec<String> = (0..count).map(call).collect();
            let text = format!("SELECT {}", calls.join(", "));
            Query::new(Statement { text, inputs: Vec::new(), columns: Vec::new() })
        };
        (0..=SETTINGS_AT_ONCE).map(query).collect()
    });
    &queries[count.min(SETTINGS_AT_ONCE)]
}

fn told_query() -> &'static Query {
    static QUERY: OnceLock<Query> = OnceLock::new();
    QUERY.get_or_init(|| {
        let text =
            "SELECT current_setting('response.headers', true), current_setting('response.status', true)";
        Query::new(Statement { text: text.to_owned(), inputs: Vec::new(), columns: Vec::new() })
    })
}
