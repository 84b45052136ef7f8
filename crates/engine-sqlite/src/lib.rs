//! The embedded SQLite as an engine: one file per project, durable group commit, readers that never wait for the writer.
//!
//! It knows plans and how to run them on SQLite; nothing of HTTP, of requests or of other engines. SQL text comes from the
//! dialect's crate.

mod bind;
mod changes;
mod connect;
mod errors;
mod foreign_key;
mod frozen;
mod functions;
mod identity;
mod load;
mod migrate;
mod misfit;
mod old_row;
mod options;
mod read;
mod reader;
mod references;
mod render;
mod snapshot;
mod statement;
mod transaction;
mod violation;
mod wal;
mod watch;
mod write;
mod writer;

use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use mainstay_base::{Problem, Result};
use mainstay_catalog::Catalog;
use mainstay_engine::{
    Answer, Capabilities, Changes, Engine, Item, Items, Job, Prepared, Running, Transaction,
};
use mainstay_expr::Session;
use mainstay_migrate::Migration;
use mainstay_plan::Plan;
use tokio::sync::{mpsc, oneshot};

use changes::Feed;
pub use load::Loader;
pub use options::Options;
use read::Bounds;
use reader::{Reader, Readers};
use render::{RenderedAction, RenderedPlan, RenderedRead};
use snapshot::{Commits, Snapshot};
use watch::CancelOnDrop;
use writer::{Command, Write, Writer};

/// A SQLite database.
pub struct Sqlite {
    options: Arc<Options>,
    capabilities: Capabilities,
    readers: Readers,
    writer: Writer,
    snapshot: Arc<Snapshot>,
    feed: Feed,
}

impl Sqlite {
    /// Opens the database, creating it when there is none.
    pub fn open(options: Options) -> Result<Self> {
        let options = Arc::new(options);
        let feed = Feed::new(options.changes_queue_max);
        let (commits, snapshot) = (Commits::default(), Arc::new(Snapshot::new()));
        Ok(Self {
            capabilities: Capabilities {
                name: "SQLite",
                deferrable_constraints: true,
                roles: false,
                explains: false,
            },
            writer: Writer::start(&options, feed.clone(), commits.clone())?,
            readers: Readers::new(Arc::clone(&options), Arc::clone(&snapshot), commits),
            snapshot,
            feed,
            options,
        })
    }

    /// Loads rows in one transaction that has the writer to itself: `work` adds them, on the writer's thread. Defaults and
    /// policies are not this method's business. Nothing is kept when `work` fails.
    pub async fn load<T: Send + 'static>(
        &self,
        catalog: &Arc<Catalog>,
        session: &Session,
        work: impl FnOnce(&mut Loader<'_, '_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (catalog, session) = (Arc::clone(catalog), session.clone());
        self.exclusively(move |writing| {
            let mut loader = Loader::begin(writing, catalog, session)?;
            match work(&mut loader) {
                Ok(done) => loader.commit().map(|()| done),
                Err(problem) => {
                    loader.rollback();
                    Err(problem)
                }
            }
        })
        .await
    }

    /// A short read runs here; a longer one is stopped and runs again on a worker, so that it holds nobody up.
    async fn read(&self, plan: Arc<RenderedPlan>, job: Job) -> Result<Answer> {
        let deadline = Instant::now() + job.timeout;
        if !plan.is_slow() {
            let here = self.readers.here(|reader| {
                reader.with(|statements, watch| {
                    watch.allow(self.options.read_inline_max);
                    read_plan(&plan).and_then(|read| self.read_on(statements, read, &job))
                })
            });
            match here {
                Err(problem) if errors::is_interrupted(&problem) => plan.was_slow(),
                other => return other,
            }
        }
        let (guard, cancelled) = CancelOnDrop::new();
        let (answer, answered) = oneshot::channel();
        let work = LongRead {
            plan,
            job,
            deadline,
            cancelled,
            snapshot: Arc::clone(&self.snapshot),
            bounds: self.bounds(),
        };
        self.readers.elsewhere(Box::new(move |reader| {
            if !answer.is_closed() {
                // Whoever asked may have gone meanwhile.
                let _ = answer.send(reader.and_then(|reader| work.run(reader)));
            }
        }))?;
        let done = answered.await.unwrap_or_else(|_| Err(errors::closed()));
        drop(guard);
        done
    }

    fn bounds(&self) -> Bounds {
        Bounds { bytes_max: self.options.answer_bytes_max }
    }

    fn read_on(
        &self,
        statements: &mut statement::Statements<'_>,
        read: &RenderedRead,
        job: &Job,
    ) -> Result<Answer> {
        run_read(statements, read, job, &self.snapshot, self.bounds())
    }

    async fn write(&self, plan: Arc<RenderedPlan>, job: Job) -> Result<Answer> {
        let (guard, cancelled) = CancelOnDrop::new();
        let (answer, answered) = oneshot::channel();
        let deadline = Instant::now() + job.timeout;
        self.writer.send(Command::Write(Write { job, plan, deadline, cancelled, answer }))?;
        let done = answered.await.unwrap_or_else(|_| Err(errors::closed()));
        drop(guard);
        done
    }

    /// Has the writer do something between two transactions.
    async fn exclusively<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut writer::Writing<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (done, ended) = oneshot::channel();
        self.writer.send(Command::Exclusive(Box::new(move |writing| {
            if !done.is_closed() {
                // Whoever asked may have gone meanwhile.
                let _ = done.send(work(writing));
            }
        })))?;
        ended.await.unwrap_or_else(|_| Err(errors::closed()))
    }
}

impl Drop for Sqlite {
    /// Closes what was not closed, so that another engine can open the file at once.
    fn drop(&mut self) {
        self.readers.close();
        let (done, _) = oneshot::channel();
        if self.writer.send(Command::Close(done)).is_ok() {
            self.writer.join();
        }
    }
}

/// A read that runs on a worker.
struct LongRead {
    plan: Arc<RenderedPlan>,
    job: Job,
    deadline: Instant,
    cancelled: watch::Cancelled,
    snapshot: Arc<Snapshot>,
    bounds: Bounds,
}

impl LongRead {
    fn run(self, reader: &mut Reader) -> Result<Answer> {
        if Instant::now() >= self.deadline {
            return Err(errors::timeout());
        }
        reader.with(|statements, watch| {
            watch.allow_until(self.deadline, Some(self.cancelled));
            let done = read_plan(&self.plan)
                .and_then(|read| run_read(statements, read, &self.job, &self.snapshot, self.bounds));
            watch.allow_all();
            done
        })
    }
}

fn run_read(
    statements: &mut statement::Statements<'_>,
    read: &RenderedRead,
    job: &Job,
    snapshot: &Snapshot,
    bounds: Bounds,
) -> Result<Answer> {
    let answer = match read.is_one_statement() {
        true => read::run(statements, read, job, bounds),
        false => snapshot.hold(statements, |statements| read::run(statements, read, job, bounds)),
    }?;
    job.expect.check(answer.rows, answer.affected)?;
    Ok(answer)
}

fn read_plan(plan: &RenderedPlan) -> Result<&RenderedRead> {
    match &plan.action {
        RenderedAction::Read(read) => Ok(read),
        _ => Err(Problem::internal("a read was expected")),
    }
}

impl Engine for Sqlite {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn render(&self, catalog: &Arc<Catalog>, plan: &Plan) -> Result<Prepared> {
        let rendered = RenderedPlan::new(catalog, plan)?;
        self.feed.speak_of(catalog);
        Ok(Arc::new(rendered))
    }

    fn run(&self, job: Job) -> Running<'_, Answer> {
        Box::pin(async move {
            let plan = mainstay_engine::rendered::<RenderedPlan>(&job.prepared)?;
            match plan.action {
                RenderedAction::Read(_) => self.read(plan, job).await,
                _ => self.write(plan, job).await,
            }
        })
    }

    fn begin(&self) -> Running<'_, Box<dyn Transaction>> {
        Box::pin(async move {
            let (begun, held) = oneshot::channel();
            let work = Box::new(move |writing: &mut writer::Writing<'_>| transaction::serve(writing, begun));
            self.writer.send(Command::Exclusive(work))?;
            let held = held.await.unwrap_or_else(|_| Err(errors::closed()))?;
            Ok(Box::new(held) as Box<dyn Transaction>)
        })
    }

    fn snapshot(&self) -> Running<'_, Box<dyn mainstay_engine::Snapshot>> {
        Box::pin(async move {
            let held = frozen::Frozen::begin(Arc::clone(&self.options)).await?;
            Ok(Box::new(held) as Box<dyn mainstay_engine::Snapshot>)
        })
    }

    fn load_rows<'a>(
        &'a self,
        catalog: &'a Arc<Catalog>,
        session: &'a Session,
        items: Items,
    ) -> Running<'a, u64> {
        Box::pin(self.load(catalog, session, move |loader| {
            for item in items {
                match item? {
                    Item::Row { target, values } => loader.add(&target, &values)?,
                    Item::Sequence(sequence) => loader.advance_sequence(sequence)?,
                }
            }
            loader.advance_sequences()?;
            Ok(loader.rows())
        }))
    }

    fn changes(&self) -> Changes {
        self.feed.subscribe()
    }

    fn applied_schema(&self) -> Running<'_, Option<String>> {
        // Read, so that it is known even while another program writes.
        let applied = self.readers.here(|reader| {
            reader.with(|statements, watch| {
                watch.allow_all();
                migrate::applied(statements.connection())
            })
        });
        Box::pin(std::future::ready(applied))
    }

    fn migrate<'a>(
        &'a self,
        migration: &'a Migration,
        text: &'a str,
        progress: &'a (dyn Fn(u64, u64) + Send + Sync),
    ) -> Running<'a, ()> {
        let (migration, text) = (migration.clone(), text.to_owned());
        let (reports, mut reported) = mpsc::unbounded_channel();
        Box::pin(async move {
            let report: migrate::Report = Arc::new(move |copied, total| {
                // Whoever asked may have gone; the migration goes on to its end.
                let _ = reports.send((copied, total));
            });
            let running = self.exclusively(move |writing| {
                let connection = writing.statements.connection();
                writing.changes.stop(connection).map_err(|error| errors::plain(&error))?;
                writing.sequences.store_exactly(connection).map_err(|error| errors::plain(&error))?;
                let done = migrate::run(&writing.options, &migration, &text, report);
                writing.sequences.reload(connection).map_err(|error| errors::plain(&error))?;
                done
            });
            let mut running = std::pin::pin!(running);
            loop {
                // The channel ends with the migration.
                let step = std::future::poll_fn(|context| match running.as_mut().poll(context) {
                    Poll::Ready(done) => Poll::Ready(Err(done)),
                    Poll::Pending => reported.poll_recv(context).map(Ok),
                });
                match step.await {
                    Ok(Some((copied, total))) => progress(copied, total),
                    Ok(None) => return running.await,
                    Err(done) => {
                        while let Ok((copied, total)) = reported.try_recv() {
                            progress(copied, total);
                        }
                        return done;
                    }
                }
            }
        })
    }

    fn idle(&self) {
        self.readers.idle();
    }

    fn close(&self) -> Running<'_, ()> {
        Box::pin(async move {
            self.readers.close();
            let (done, closed) = oneshot::channel();
            if self.writer.send(Command::Close(done)).is_err() {
                // It was closed before.
                return Ok(());
            }
            let result = closed.await.unwrap_or_else(|_| Err(errors::closed()));
            self.writer.join();
            result
        })
    }
}
