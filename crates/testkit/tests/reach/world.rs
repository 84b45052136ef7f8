//! A small schema in a database, and requests to it.

use std::sync::Arc;

use mainstay_base::{Limits, Problem, SystemClock, SystemRandomness};
use mainstay_catalog::Catalog;
use mainstay_engine::Engine;
use mainstay_engine_postgres::{Options, Postgres};
use mainstay_exec::{Exec, Execution};
use mainstay_expr::{RequestContext, Role, Session};
use mainstay_plan::Enforcement;
use mainstay_query::{
    Cell, Insert, Level, MissingAs, Payload, RawValue, Read, Request, Returning, SelectItem, Target, Values,
    ValuesBuilder,
};
use mainstay_sql::SourceFiles;

const SCHEMA: &str = "create table notes (title text primary key, owner uuid default auth.uid());
    alter table notes enable row level security;
    create policy own on notes to authenticated using (owner = auth.uid());";

pub const ALICE: &str = "00000000-0000-0000-0000-00000000000a";
pub const BOB: &str = "00000000-0000-0000-0000-00000000000b";

/// A database with the schema.
pub struct World {
    pub engine: Arc<Postgres>,
    catalog: Arc<Catalog>,
}

pub fn runtime() -> Result<tokio::runtime::Runtime, String> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())
}

pub fn told(problem: Problem) -> String {
    format!("{problem} {:?}", problem.hint())
}

pub fn equal<T: PartialEq + std::fmt::Debug>(found: T, expected: T) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("expected {expected:?}, found {found:?}")) }
}

/// Whether a database answers.
pub fn reach(url: &str) -> Result<(), String> {
    let engine = Postgres::open(Options::new(url)).map_err(told)?;
    runtime()?.block_on(async { engine.applied_schema().await.map(drop).map_err(told) })
}

impl World {
    /// Brings the database into the schema's shape.
    pub async fn apply(options: Options) -> Result<Self, String> {
        let engine = Arc::new(Postgres::open(options).map_err(told)?);
        let files = SourceFiles::single("schema.sql", SCHEMA);
        let (catalog, diagnostics) = mainstay_catalog::load(&files);
        let catalog = Arc::new(catalog.ok_or_else(|| diagnostics.render(&files, false))?);
        let migration = mainstay_migrate::diff(&Arc::new(Catalog::default()), &catalog);
        engine.migrate(&migration, SCHEMA, &|_, _| {}).await.map_err(told)?;
        Ok(Self { engine, catalog })
    }

    /// Runs requests.
    pub fn exec(&self, enforcement: Enforcement, limits: Limits) -> Exec {
        let settings = mainstay_planner::Settings { enforcement, ..Default::default() };
        let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandomness));
        Exec::new(self.engine.clone(), self.catalog.clone(), clock, random, settings, limits)
    }
}

fn target() -> Target {
    Target { schema: "public".to_owned(), name: "notes".to_owned() }
}

fn session(user: &str) -> Session {
    Session {
        role: Role::new(Role::AUTHENTICATED),
        claims: Arc::new([("role", Role::AUTHENTICATED), ("sub", user)].into_iter().collect()),
        request: RequestContext::default(),
        now_us: 0,
        timezone: None,
    }
}

/// The titles that a user sees.
pub async fn read(exec: &Exec, user: &str) -> Result<String, Problem> {
    let level = Level { select: vec![SelectItem::All], ..Level::default() };
    let request = Request::Read(Read { target: target(), level, count: None });
    let done = exec.run(session(user), &request, Values::default(), Execution::default()).await?;
    Ok(String::from_utf8_lossy(&done.answer.body).into_owned())
}

/// Adds a note of a user.
pub async fn write(exec: &Exec, user: &str, title: &str) -> Result<(), Problem> {
    let request = Request::Insert(Insert {
        target: target(),
        columns: vec!["title".to_owned(), "owner".to_owned()],
        missing: MissingAs::Null,
        conflict: None,
        returning: Returning::Nothing,
        put_key: None,
    });
    let cell = |text: &str| Cell::Given(RawValue::Text(text.to_owned()));
    let payload = Payload { rows: vec![vec![cell(title), cell(user)]] };
    let values = ValuesBuilder::default().finish(payload);
    exec.run(session(user), &request, values, Execution::default()).await.map(drop)
}
