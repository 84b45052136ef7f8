//! What the database says of how it would run a plan: EXPLAIN of each statement, with the values of the request.

use mainstay_base::{Problem, Result};
use mainstay_engine::{Answer, Explain, Job, Levels, NewValue};
use serde::Deserialize;

use crate::bind::{NewRow, Values, parameters};
use crate::connection::{Connection, Failed};
use crate::direct::Work;
use crate::output::raw;
use crate::read;
use crate::render::{
    Query, RenderedAction, RenderedDelete, RenderedInsert, RenderedPlan, RenderedRead, RenderedTree,
    RenderedUpdate,
};

type Done<T> = std::result::Result<T, Failed>;

/// Explains a plan on a connection whose transaction is going to be undone. The body is one JSON array with an object for each
/// statement, or their texts with a blank line between.
///
/// A level below is found by the keys of the rows above it, so of a read these are read first. A write runs only where EXPLAIN
/// itself runs what it explains; else the levels below it are explained for no rows at all.
pub(crate) async fn run(
    connection: &Connection,
    plan: &RenderedPlan,
    job: &Job,
    explain: Explain,
    bytes_max: usize,
) -> Done<Answer> {
    let mut told = Told { connection, job, bytes_max, explain, plans: Vec::new() };
    match &plan.action {
        RenderedAction::Read(read) => told.read(read).await?,
        RenderedAction::Insert(insert) => told.insert(insert).await?,
        RenderedAction::Update(update) => told.update(update).await?,
        RenderedAction::Delete(delete) => told.delete(delete).await?,
        RenderedAction::Direct(direct) => {
            told.direct(Work { connection, direct, catalog: &plan.catalog, job }).await?;
        }
    }
    Ok(Answer { body: told.body(), ..Answer::default() })
}

/// What was told so far.
struct Told<'t> {
    connection: &'t Connection,
    job: &'t Job,
    bytes_max: usize,
    explain: Explain,
    plans: Vec<String>,
}

impl<'t> Told<'t> {
    fn values(&self) -> Values<'t> {
        Values::of(&self.job.inputs.slots, &self.job.inputs.session)
    }

    async fn read(&mut self, read: &RenderedRead) -> Done<()> {
        let (root, values) = (&read.tree.levels[0], self.values());
        let query = root.query_for(self.job.output.format);
        self.statement(query, &values).await?;
        let mut levels = Levels::new(&read.tree.shape, self.job.output, self.bytes_max);
        if read.tree.levels.len() > 1 {
            read::root(self.connection, query, root, &values, &mut levels).await?;
        }
        self.below(&read.tree, &mut levels, true).await?;
        match read.total.as_ref().and_then(|total| total.count.counts()) {
            Some(count) => self.statement(count, &values).await,
            None => Ok(()),
        }
    }

    /// The levels below a root; `has_rows` says whether its rows are there.
    async fn below(&mut self, tree: &RenderedTree, levels: &mut Levels<'_>, has_rows: bool) -> Done<()> {
        let format = self.job.output.format;
        for (number, level) in tree.levels.iter().enumerate().skip(1) {
            let (Some(keys), _) = levels.level(number) else { continue };
            let keys = read::arrays(keys, level.key_items.len());
            let values = Values { keys: &keys, ..self.values() };
            self.statement(level.query_for(format), &values).await?;
            if has_rows && !level.branches.is_empty() {
                read::level(self.connection, tree, number, &self.values(), format, levels).await?;
            }
        }
        Ok(())
    }

    /// A write that the database keeps the rules of.
    async fn direct(&mut self, work: Work<'t>) -> Done<()> {
        self.connection.control("SAVEPOINT told").await?;
        for (query, values) in work.statements(work.direct.answers_with_rows())? {
            self.statement(&query, &values).await?;
        }
        self.connection.control("ROLLBACK TO told").await?;
        let Some(tree) = work.direct.tree().filter(|tree| tree.levels.len() > 1) else { return Ok(()) };
        let mut levels = Levels::new(&tree.shape, self.job.output, self.bytes_max);
        if self.explain.analyze {
            work.write(tree, &mut levels).await?;
            if work.direct.removes() {
                self.connection.control("ROLLBACK TO told").await?;
            }
        }
        self.below(tree, &mut levels, self.explain.analyze).await
    }

    /// How a row is added, and how one that exists already is found: of the first row, since those of all are alike.
    async fn insert(&mut self, insert: &RenderedInsert) -> Done<()> {
        let Some(row) = self.job.inputs.rows.first() else { return Ok(()) };
        let values = self.new_row(row, &insert.positions);
        if let Some(conflict) = &insert.conflict {
            self.statement(&conflict.find, &values).await?;
        }
        let draws = row.contains(&NewValue::Identity);
        let query = match (&insert.alone, draws) {
            (Some(alone), true) => &alone.drawing,
            (Some(alone), false) => &alone.given,
            (None, true) => &insert.drawing,
            (None, false) => &insert.given,
        };
        self.statement(query, &values).await
    }

    /// How the rows are found: they are written by their places.
    async fn update(&mut self, update: &RenderedUpdate) -> Done<()> {
        let row = self.job.inputs.rows.first().map_or(&[][..], Vec::as_slice);
        let values = self.new_row(row, &update.positions);
        self.statement(&update.find, &values).await
    }

    async fn delete(&mut self, delete: &RenderedDelete) -> Done<()> {
        self.statement(&delete.find, &self.values()).await
    }

    fn new_row(&self, values: &'t [NewValue], positions: &'t [Option<u32>]) -> Values<'t> {
        Values { new: Some(NewRow { values, drawn: &[], positions }), ..self.values() }
    }

    async fn statement(&mut self, query: &Query, values: &Values<'_>) -> Done<()> {
        let text = format!("{} {}", command(self.explain), query.text);
        let rows = self.connection.once(&text, parameters(query, values)?).await?;
        let line = |row: &tokio_postgres::Row| -> Result<String> {
            Ok(String::from_utf8_lossy(raw(row, 0)?.unwrap_or_default()).into_owned())
        };
        self.plans.push(rows.iter().map(line).collect::<Result<Vec<_>>>()?.join("\n"));
        Ok(())
    }

    fn body(&self) -> Vec<u8> {
        if !self.explain.json {
            return (self.plans.join("\n\n") + "\n").into_bytes();
        }
        // Each plan is an array already.
        let inner = |plan: &String| {
            let plan = plan.trim();
            plan.strip_prefix('[').and_then(|plan| plan.strip_suffix(']')).unwrap_or(plan).trim().to_owned()
        };
        format!("[{}]", self.plans.iter().map(inner).collect::<Vec<_>>().join(",\n")).into_bytes()
    }
}

/// How many rows the planner expects of a statement.
pub(crate) async fn expected(connection: &Connection, query: &Query, values: &Values<'_>) -> Done<u64> {
    let explain = Explain { json: true, ..Explain::default() };
    let text = format!("{} {}", command(explain), query.text);
    let rows = connection.once(&text, parameters(query, values)?).await?;
    let plan = rows.first().map(|row| raw(row, 0)).transpose()?.flatten().unwrap_or_default();
    let plan: Vec<Explained> = serde_json::from_slice(plan)
        .map_err(|error| Problem::internal(format!("a plan is told in an unknown form: {error}")))?;
    Ok(plan.first().map_or(0, |told| told.plan.rows as u64))
}

/// A plan, as it is told as JSON.
#[derive(Deserialize)]
struct Explained {
    #[serde(rename = "Plan")]
    plan: PlanNode,
}

#[derive(Deserialize)]
struct PlanNode {
    #[serde(rename = "Plan Rows")]
    rows: f64,
}

/// The command without the statement.
fn command(explain: Explain) -> String {
    let wanted = [
        ("ANALYZE", explain.analyze),
        ("VERBOSE", explain.verbose),
        ("SETTINGS", explain.settings),
        ("BUFFERS", explain.buffers),
        ("WAL", explain.wal),
    ];
    let mut options = vec![if explain.json { "FORMAT JSON" } else { "FORMAT TEXT" }];
    options.extend(wanted.iter().filter(|(_, wanted)| *wanted).map(|(option, _)| *option));
    format!("EXPLAIN ({})", options.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_those_of_the_command() {
        assert_eq!(command(Explain::default()), "EXPLAIN (FORMAT TEXT)");
        let all =
            Explain { json: true, analyze: true, verbose: true, settings: true, buffers: true, wal: true };
        assert_eq!(command(all), "EXPLAIN (FORMAT JSON, ANALYZE, VERBOSE, SETTINGS, BUFFERS, WAL)");
    }
}
