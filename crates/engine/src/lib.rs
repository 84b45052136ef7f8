//! What every database implements, and what they share: rows to bytes, and stitching the levels of a read.
//!
//! No database is known here, and no protocol: an engine is handed plans and answers with bytes.

mod csv;
mod generated;
mod job;
mod join;
mod keys;
mod load;
mod page;
mod queue;
mod rows;
mod shape;
mod sharing;
mod snapshot;
mod stitch;
mod strip;
pub mod violation;

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use mainstay_base::{Problem, Result};
use mainstay_catalog::Catalog;
use mainstay_expr::Session;
use mainstay_migrate::Migration;
use mainstay_plan::{Enforcement, Plan};

pub use generated::fill_generated;
pub use job::{
    Answer, Change, ChangeKind, Changes, Expect, Explain, Format, Inputs, Job, NewValue, Output, Told,
};
pub use join::join_to_one;
pub use keys::Keys;
pub use load::{Item, Items, Target};
pub use page::Page;
pub use queue::Queue;
pub use rows::{LevelWriter, Levels, ValueForm};
pub use shape::{Branch, Level, Part, Shape};
pub use sharing::{Asked, Shareable, Shared, Sharing};
pub use snapshot::{Batch, Sequence, Snapshot};

/// A future that an engine returns.
pub type Running<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// A plan as an engine has rendered it: statements ready to be prepared. Only the engine that made it can read it.
pub type Prepared = Arc<dyn Any + Send + Sync>;

/// What an engine made of a plan, behind what its [`Engine::render`] returned.
///
/// # Errors
/// An internal problem when another engine rendered it.
pub fn rendered<T: Send + Sync + 'static>(prepared: &Prepared) -> Result<Arc<T>> {
    let foreign = |_| Problem::internal("a plan was handed to an engine that did not render it");
    Arc::clone(prepared).downcast().map_err(foreign)
}

/// What an engine can and cannot do, as data.
#[derive(Debug, Clone)]
pub struct Capabilities {
    /// Its name, for people.
    pub name: &'static str,
    /// Whether foreign keys can be checked at the end of a transaction.
    pub deferrable_constraints: bool,
    /// Whether it has roles of its own and can keep policies by them.
    pub roles: bool,
    /// Whether it tells how it runs statements.
    pub explains: bool,
}

/// A schema over a database that was there before.
#[derive(Debug)]
pub struct Adopted {
    /// The schema, with what the database says of its tables.
    pub catalog: Arc<Catalog>,
    /// What does not fit, a line for each. With any of them it is not to be served.
    pub misfits: Vec<String>,
}

/// A database.
pub trait Engine: Send + Sync + 'static {
    /// What it can do.
    fn capabilities(&self) -> &Capabilities;

    /// Turns a plan into statements. Pure: no database is asked. Fails with `0A000` for what it cannot mean exactly.
    fn render(&self, catalog: &Arc<Catalog>, plan: &Plan) -> Result<Prepared>;

    /// Runs a plan in a transaction of its own: all of it happens or nothing.
    /// When the future is dropped the work is interrupted; a write then either has happened or has not.
    fn run(&self, job: Job) -> Running<'_, Answer>;

    /// Refuses, in words for whoever runs the database, when plans cannot run here as they must: by the rights of the user that we
    /// are there. Asked once, before requests are answered.
    fn preflight<'a>(&'a self, _catalog: &'a Arc<Catalog>, _enforcement: Enforcement) -> Running<'a, ()> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Opens a transaction that several plans run in. It rolls back when it is dropped or its time is over.
    fn begin(&self) -> Running<'_, Box<dyn Transaction>>;

    /// One state of the database to read much from, past policies. It ends when it is dropped.
    fn snapshot(&self) -> Running<'_, Box<dyn Snapshot>>;

    /// Loads rows in one transaction, past policies and defaults: all of them or none. Their order is free, because foreign keys
    /// are checked when all have come; afterwards no sequence stands behind the numbers in its column.
    /// Answers with the rows that were added.
    fn load_rows<'a>(
        &'a self,
        catalog: &'a Arc<Catalog>,
        session: &'a Session,
        items: Items,
    ) -> Running<'a, u64>;

    /// The committed changes from now on.
    fn changes(&self) -> Changes;

    /// The schema that was applied last: its canonical SQL text.
    fn applied_schema(&self) -> Running<'_, Option<String>>;

    /// Brings the database into the new shape in one transaction, and stores `text`, the new schema's canonical SQL, with it.
    /// `progress` is told the rows copied so far and in all, for long rebuilds.
    fn migrate<'a>(
        &'a self,
        migration: &'a Migration,
        text: &'a str,
        progress: &'a (dyn Fn(u64, u64) + Send + Sync),
    ) -> Running<'a, ()>;

    /// A thread that runs requests calls this whenever it has run out of them, so that nothing is kept open for the next one.
    fn idle(&self) {}

    /// Holds a schema against the tables of a database that exists already and is to be served as it is.
    ///
    /// # Errors
    /// `0A000` where schemas are not laid over existing databases.
    fn adopt<'a>(&'a self, _catalog: &'a Arc<Catalog>) -> Running<'a, Adopted> {
        let name = self.capabilities().name;
        let message = format!("schema/*.sql cannot be laid over an existing {name} database");
        Box::pin(std::future::ready(Err(Problem::new("0A000", message))))
    }

    /// Ends background work after what is under way, and leaves the files in order.
    fn close(&self) -> Running<'_, ()>;
}

/// A transaction that spans several plans.
pub trait Transaction: Send {
    /// Runs a plan inside it. After an error that was not a bad value the transaction goes on from before the plan.
    fn run(&mut self, job: Job) -> Running<'_, Answer>;

    /// Moves the sequences of a schema's columns past the greatest number in each, so that the next number drawn is free.
    /// To be called after rows with explicit numbers were added, as a restored dump calls `setval`.
    fn advance_sequences<'a>(&'a mut self, catalog: &'a Arc<Catalog>) -> Running<'a, ()>;

    /// Makes it durable.
    fn commit(self: Box<Self>) -> Running<'static, ()>;

    /// Undoes it.
    fn rollback(self: Box<Self>) -> Running<'static, ()>;
}
