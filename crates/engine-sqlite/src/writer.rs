//! The one thread that writes. It takes every waiting write into one transaction, each under a savepoint, and answers them
//! after the one commit, so that durable writes share a flush.
//!
//! Invariants: between two commands no transaction is open; an answer is sent only when its write is on disk; a write whose
//! asker has gone is skipped if it has not begun.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use mainstay_base::{Problem, Result};
use mainstay_catalog::Catalog;
use mainstay_engine::{Answer, Job};
use mainstay_expr::Session;
use rusqlite::ErrorCode;
use rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY;
use tokio::sync::oneshot;

use crate::changes::{Collector, Feed};
use crate::identity::Sequences;
use crate::render::RenderedPlan;
use crate::snapshot::Commits;
use crate::statement::{Sql, Statements};
use crate::violation::Violation;
use crate::wal::Wal;
use crate::watch::{Cancelled, Watch};
use crate::{Options, connect, errors, references, write};

/// A plan to be run by the writer, and who waits for it.
pub(crate) struct Write {
    pub job: Job,
    pub plan: Arc<RenderedPlan>,
    pub deadline: Instant,
    pub cancelled: Cancelled,
    pub answer: oneshot::Sender<Result<Answer>>,
}

/// Work that has the writer to itself, outside of any transaction.
pub(crate) type Exclusive = Box<dyn FnOnce(&mut Writing<'_>) + Send>;

/// What the writer can be told.
pub(crate) enum Command {
    /// Part of a group.
    Write(Write),
    /// Between two groups.
    Exclusive(Exclusive),
    /// The last one.
    Close(oneshot::Sender<Result<()>>),
}

/// The way to the writer.
pub(crate) struct Writer {
    queue: SyncSender<Command>,
    thread: std::sync::Mutex<Option<JoinHandle<()>>>,
}

/// What the writer works with.
pub(crate) struct Writing<'c> {
    pub statements: Statements<'c>,
    pub watch: Watch,
    pub sequences: Sequences,
    pub changes: Collector,
    pub options: Arc<Options>,
    commits: Commits,
    control: Control,
    wal: Wal,
}

struct Control {
    begin: Sql,
    commit: Sql,
    rollback: Sql,
    savepoint: Sql,
    release: Sql,
    undo: Sql,
}

impl Writer {
    /// Opens the writing connection, creating the database if there is none, and starts the thread.
    pub fn start(options: &Arc<Options>, feed: Feed, commits: Commits) -> Result<Self> {
        let opening = |error: rusqlite::Error| errors::opening(&error, options);
        let mut connection = connect::writer(options).map_err(opening)?;
        let watch = Watch::install(&mut connection).map_err(opening)?;
        let wal = Wal::start(options, &mut connection).map_err(opening)?;
        let sequences = Sequences::load(&connection).map_err(opening)?;
        let changes = Collector::new(&connection, feed).map_err(opening)?;
        let (queue, commands) = sync_channel(options.writes_queue_max);
        let options = Arc::clone(options);
        let thread = thread::Builder::new()
            .name("sqlite-writer".into())
            .spawn(move || {
                let control = Control::new();
                let statements = Statements::new(&connection);
                let writing =
                    Writing { statements, watch, sequences, changes, options, commits, control, wal };
                serve(writing, &commands);
            })
            .map_err(|error| Problem::new("53000", format!("no thread could be started: {error}")))?;
        Ok(Self { queue, thread: std::sync::Mutex::new(Some(thread)) })
    }

    /// Queues a command.
    pub fn send(&self, command: Command) -> Result<()> {
        self.queue.try_send(command).map_err(|error| match error {
            TrySendError::Full(_) => Problem::new("53000", "too many writes are waiting")
                .with_hint("Try again later, or send several rows in one request."),
            TrySendError::Disconnected(_) => errors::closed(),
        })
    }

    /// Waits for the thread to end, after [`Command::Close`].
    pub fn join(&self) {
        let thread = self.thread.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A panic there has been told to everyone who waited: their answers never came.
            let _ = thread.join();
        }
    }
}

/// The thread's life.
fn serve(mut writing: Writing<'_>, commands: &Receiver<Command>) {
    let group_max = writing.options.group_max;
    let commits = writing.commits.clone();
    let mut group = Vec::with_capacity(group_max);
    let mut next = None;
    while let Some(command) = next.take().or_else(|| commands.recv().ok()) {
        match command {
            Command::Write(write) => {
                next = gather(commands, write, &mut group, group_max);
                writing.run_group(&mut group);
            }
            Command::Exclusive(work) => {
                // Whatever it commits, and when.
                let under_way = commits.under_way();
                work(&mut writing);
                writing.statements.end_transaction();
                drop(under_way);
            }
            Command::Close(closed) => {
                // Whoever asked may not wait.
                let _ = closed.send(writing.close());
                return;
            }
        }
    }
    // Everyone who could send a command is gone. What cannot be tidied up now is when the file is opened again.
    let _ = writing.close();
}

/// Adds to a group every write that waits; returns a command that cannot be part of it.
fn gather(commands: &Receiver<Command>, first: Write, group: &mut Vec<Write>, max: usize) -> Option<Command> {
    let alone = first.plan.alone;
    group.push(first);
    while !alone && group.len() < max {
        match commands.try_recv() {
            Ok(Command::Write(write)) if !write.plan.alone => group.push(write),
            Ok(other) => return Some(other),
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
        }
    }
    None
}

impl Control {
    fn new() -> Self {
        Self {
            begin: Sql::new("BEGIN IMMEDIATE"),
            commit: Sql::new("COMMIT"),
            rollback: Sql::new("ROLLBACK"),
            savepoint: Sql::new("SAVEPOINT job"),
            release: Sql::new("RELEASE job"),
            undo: Sql::new("ROLLBACK TO job"),
        }
    }
}

impl Statements<'_> {
    /// Makes sure that no transaction is open.
    pub fn end_transaction(&mut self) {
        if !self.connection().is_autocommit() {
            // It fails only when there is none any more.
            let _ = self.connection().execute_batch("ROLLBACK");
        }
    }
}

impl Writing<'_> {
    /// Runs a group of writes in one transaction and answers them.
    fn run_group(&mut self, group: &mut Vec<Write>) {
        group.retain(|write| !write.answer.is_closed());
        if group.is_empty() {
            return;
        }
        let mut answers: Vec<Option<Result<Answer>>> = group.iter().map(|_| None).collect();
        let committed = self.prepare().and_then(|()| self.transact(group, &mut answers));
        for (write, answer) in group.drain(..).zip(answers) {
            let answer = match (&committed, answer) {
                (_, Some(Err(problem))) => Err(problem),
                (Err(problem), _) => Err(problem.clone()),
                (Ok(()), Some(Ok(answer))) => Ok(answer),
                (Ok(()), None) => Err(Problem::internal("a write was not run")),
            };
            // Whoever asked may have gone; the write stays.
            let _ = write.answer.send(answer);
        }
        self.committed();
    }

    /// To be called before a transaction begins.
    pub fn prepare(&mut self) -> Result<()> {
        let connection = self.statements.connection();
        self.changes.prepare(connection).map_err(|error| errors::plain(&error))
    }

    /// All writes of a group and the commit. When SQLite undoes the whole transaction because of one of them (as it does when
    /// a write is interrupted), the others are run again without it.
    fn transact(&mut self, group: &[Write], answers: &mut [Option<Result<Answer>>]) -> Result<()> {
        'again: loop {
            self.begin()?;
            for (write, answer) in group.iter().zip(answers.iter_mut()) {
                if matches!(answer, Some(Err(_))) {
                    continue;
                }
                *answer = Some(self.run_in_savepoint(write));
                self.changes.end();
                if self.statements.connection().is_autocommit() {
                    self.rollback();
                    if let Some(Err(problem)) = answer
                        && errors::is_fatal(problem)
                    {
                        return Err(problem.clone());
                    }
                    continue 'again;
                }
            }
            // Only a write that has the transaction to itself can fail here because of a constraint.
            let only = group.first().map(|write| (&*write.plan.catalog, &write.job.inputs.session));
            let commits = self.commits.clone();
            let _under_way = commits.under_way();
            return self.commit(only);
        }
    }

    fn run_in_savepoint(&mut self, write: &Write) -> Result<Answer> {
        if Instant::now() >= write.deadline {
            return Err(errors::timeout());
        }
        self.watch.allow_until(write.deadline, Some(Arc::clone(&write.cancelled)));
        let answer = self.savepoint(&write.plan, &write.job);
        self.watch.allow_all();
        answer
    }

    /// Runs a plan so that nothing of it stays when it fails or is to be rolled back.
    pub fn savepoint(&mut self, plan: &RenderedPlan, job: &Job) -> Result<Answer> {
        self.sequences.reserve(&mut self.statements, plan, job)?;
        let mark = self.changes.mark();
        if plan.is_one_statement(job) {
            // A statement that fails leaves nothing, so there is nothing to undo.
            let answer = self.run(plan, job);
            if answer.is_err() {
                self.changes.undo(mark);
            }
            return answer;
        }
        self.statements.run(&self.control.savepoint).map_err(|error| errors::plain(&error))?;
        let answer = self.run(plan, job);
        if answer.is_err() || job.rollback {
            self.changes.undo(mark);
            self.undo()?;
        }
        if !self.statements.connection().is_autocommit() {
            self.statements.run(&self.control.release).map_err(|error| errors::plain(&error))?;
        }
        answer
    }

    fn run(&mut self, plan: &RenderedPlan, job: &Job) -> Result<Answer> {
        let answer = write::run(&mut self.statements, &mut self.sequences, plan, job, &self.options)?;
        job.expect.check(answer.rows, answer.affected)?;
        Ok(answer)
    }

    fn undo(&mut self) -> Result<()> {
        if self.statements.connection().is_autocommit() {
            return Ok(());
        }
        self.statements.run(&self.control.undo).map_err(|error| errors::plain(&error))
    }

    /// Opens a transaction.
    pub fn begin(&mut self) -> Result<()> {
        self.statements.run(&self.control.begin).map_err(|error| errors::plain(&error))
    }

    /// Makes the transaction durable; when that fails it is undone. A foreign key that is checked only now is named from
    /// the schema, as far as the one who asked may know it.
    pub fn commit(&mut self, asked: Option<(&Catalog, &Session)>) -> Result<()> {
        let Err(error) = self.statements.run(&self.control.commit) else {
            self.sequences.committed();
            return Ok(());
        };
        let mut problem = errors::plain(&error);
        if let (Some((SQLITE_CONSTRAINT_FOREIGNKEY, _)), Some((catalog, session))) =
            (Violation::constraint(&error), asked)
        {
            // The transaction is still open, and what is wrong still there to be seen.
            let connection = self.statements.connection();
            if let Err(named) = references::check(connection, catalog, &catalog.tables, session) {
                problem = named;
            }
        }
        self.rollback();
        Err(problem)
    }

    /// Undoes the transaction, if there still is one.
    pub fn rollback(&mut self) {
        if !self.statements.connection().is_autocommit() {
            // What cannot be undone now is undone when the file is opened again.
            let _ = self.statements.run(&self.control.rollback);
        }
        self.sequences.rolled_back();
        self.changes.forget();
    }

    /// To be called after every transaction, when those who wait have been answered.
    pub fn committed(&mut self) {
        self.changes.publish();
        self.wal.committed(self.statements.connection());
    }

    fn close(&mut self) -> Result<()> {
        self.statements.end_transaction();
        self.sequences.store_exactly(self.statements.connection()).map_err(|error| errors::plain(&error))?;
        match self.wal.close(self.statements.connection()) {
            // Another program reads: the log stays for it.
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Ok(()),
            other => other.map_err(|error| errors::plain(&error)),
        }
    }
}
