//! A transaction that spans several plans: it has the writer to itself until it ends, or until its time is over.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Instant;

use mainstay_base::{Problem, Result};
use mainstay_catalog::Catalog;
use mainstay_engine::{Answer, Job, Running, Transaction};
use tokio::sync::oneshot;

use crate::render::RenderedPlan;
use crate::watch::{CancelOnDrop, Cancelled};
use crate::writer::Writing;

/// What a transaction's holder can ask of the writer.
enum Step {
    Run {
        plan: Arc<RenderedPlan>,
        job: Box<Job>,
        cancelled: Cancelled,
        answer: oneshot::Sender<Result<Answer>>,
    },
    Advance(Arc<Catalog>, oneshot::Sender<Result<()>>),
    Commit(oneshot::Sender<Result<()>>),
    Rollback(oneshot::Sender<Result<()>>),
}

/// The holder's side. Dropping it rolls back.
pub(crate) struct Held {
    steps: SyncSender<Step>,
}

/// Begins on the writer's thread, hands the holder its side, and serves it until the end.
pub(crate) fn serve(writing: &mut Writing<'_>, begun: oneshot::Sender<Result<Held>>) {
    let deadline = Instant::now() + writing.options.transaction_timeout;
    if begun.is_closed() {
        return;
    }
    if let Err(problem) = writing.prepare().and_then(|()| writing.begin()) {
        // The holder may have gone.
        let _ = begun.send(Err(problem));
        return;
    }
    let (steps, asked) = sync_channel(1);
    if begun.send(Ok(Held { steps })).is_ok() {
        follow(writing, &asked, deadline);
    }
    writing.rollback();
}

/// Takes steps until the transaction has ended; what is still open then is rolled back.
fn follow(writing: &mut Writing<'_>, asked: &Receiver<Step>, deadline: Instant) {
    let mut lost = false;
    let mut last: Option<(Arc<RenderedPlan>, Box<Job>)> = None;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let step = match asked.recv_timeout(left) {
            Ok(step) => step,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return,
        };
        // Whoever asked may have gone; the next step, or its absence, tells.
        match step {
            Step::Run { answer, .. } if lost => _ = answer.send(Err(aborted())),
            Step::Run { plan, job, cancelled, answer } => {
                writing.watch.allow_until(deadline.min(Instant::now() + job.timeout), Some(cancelled));
                let done = writing.prepare().and_then(|()| writing.savepoint(&plan, &job));
                writing.watch.allow_all();
                lost = writing.statements.connection().is_autocommit();
                let _ = answer.send(done);
                last = Some((plan, job));
            }
            Step::Advance(_, done) if lost => _ = done.send(Err(aborted())),
            Step::Advance(catalog, done) => {
                _ = done.send(writing.sequences.advance(&writing.statements, &catalog));
            }
            Step::Commit(done) if lost => {
                let _ = done.send(Err(aborted()));
                return;
            }
            Step::Commit(done) => {
                writing.changes.end();
                let asked = last.as_ref().map(|(plan, job)| (&*plan.catalog, &job.inputs.session));
                let committed = writing.commit(asked);
                let _ = done.send(committed);
                return writing.committed();
            }
            Step::Rollback(done) => {
                writing.rollback();
                let _ = done.send(Ok(()));
                return;
            }
        }
    }
}

impl Held {
    async fn ask<T>(&self, step: Step, answer: oneshot::Receiver<Result<T>>) -> Result<T> {
        // One step is taken at a time, so there is room unless the transaction is over.
        if self.steps.try_send(step).is_err() {
            return Err(over());
        }
        answer.await.unwrap_or_else(|_| Err(over()))
    }
}

impl Transaction for Held {
    fn run(&mut self, job: Job) -> Running<'_, Answer> {
        Box::pin(async move {
            let plan = mainstay_engine::rendered::<RenderedPlan>(&job.prepared)?;
            let (guard, cancelled) = CancelOnDrop::new();
            let (answer, answered) = oneshot::channel();
            let done = self.ask(Step::Run { plan, job: Box::new(job), cancelled, answer }, answered).await;
            drop(guard);
            done
        })
    }

    fn advance_sequences<'a>(&'a mut self, catalog: &'a Arc<Catalog>) -> Running<'a, ()> {
        Box::pin(async move {
            let (done, ended) = oneshot::channel();
            self.ask(Step::Advance(Arc::clone(catalog), done), ended).await
        })
    }

    fn commit(self: Box<Self>) -> Running<'static, ()> {
        Box::pin(async move {
            let (done, ended) = oneshot::channel();
            self.ask(Step::Commit(done), ended).await
        })
    }

    fn rollback(self: Box<Self>) -> Running<'static, ()> {
        Box::pin(async move {
            let (done, ended) = oneshot::channel();
            match self.ask(Step::Rollback(done), ended).await {
                // It was rolled back already.
                Err(problem) if problem.code() == over().code() => Ok(()),
                other => other,
            }
        })
    }
}

/// The transaction was undone because of an error in it.
fn aborted() -> Problem {
    Problem::new("25P02", "current transaction is aborted, commands ignored until end of transaction block")
}

/// The transaction ended before this was asked of it.
fn over() -> Problem {
    Problem::new("25P04", "terminating connection due to transaction timeout")
}
