//! Runs the plans that write, on a connection with an open transaction.
//!
//! Statements of different rows do not wait for one another's answers: they are sent one after the other, in the rows' order.

use std::collections::HashSet;

use futures_util::future::join_all;
use mainstay_base::{Problem, Result};
use mainstay_catalog::ColumnDefault;
use mainstay_engine::{Answer, Job, NewValue};
use mainstay_expr::Value;
use tokio_postgres::Row;

use crate::bind::{NewRow, Values};
use crate::connection::{Connection, Failed};
use crate::output::{finish_array, place, push_element, push_value_key, raw};
use crate::render::{
    Alone, Checks, Query, RenderedAction, RenderedConflict, RenderedDelete, RenderedInsert, RenderedPlan,
    RenderedTree, RenderedUpdate, RowUpdate,
};
use crate::{direct, explain, read};

type Done<T> = std::result::Result<T, Failed>;

/// Rows whose statements are on their way at once.
const ROWS_AT_ONCE: usize = 256;
/// How often a row is tried that another transaction adds or removes at the same moment.
const TRIES: usize = 3;

/// Runs a plan.
pub(crate) async fn run(
    connection: &Connection,
    plan: &RenderedPlan,
    job: &Job,
    bytes_max: usize,
) -> Done<Answer> {
    if let Some(explain) = job.explain {
        return explain::run(connection, plan, job, explain, bytes_max).await;
    }
    let run = Run { connection, plan, job, bytes_max };
    let answer = match &plan.action {
        RenderedAction::Read(read) => read::run(connection, read, job, bytes_max).await?,
        RenderedAction::Insert(insert) => run.insert(insert).await?,
        RenderedAction::Update(update) => run.update(update).await?,
        RenderedAction::Delete(delete) => run.delete(delete).await?,
        RenderedAction::Direct(direct) => {
            direct::run(connection, direct, &plan.catalog, job, bytes_max).await?
        }
    };
    job.expect.check(answer.rows, answer.affected)?;
    Ok(answer)
}

struct Run<'r> {
    connection: &'r Connection,
    plan: &'r RenderedPlan,
    job: &'r Job,
    bytes_max: usize,
}

/// What became of a proposed row.
enum Written {
    New(String),
    Changed(String),
    Skipped,
}

/// A row that is about to be inserted.
struct Proposal<'r> {
    row: &'r [NewValue],
    /// The numbers of its identity columns, as far as they are known.
    drawn: Vec<(u32, i64)>,
    /// The place of the row that has its key, before the command.
    existing: Option<String>,
    /// Whether a row before it in this command has the same key.
    is_repeated: bool,
}

impl<'r> Run<'r> {
    fn values(&self) -> Values<'r> {
        Values::of(&self.job.inputs.slots, &self.job.inputs.session)
    }

    /// Policies and the rows that exist already are asked for every row before the first one is written: a command does not see
    /// its own rows. What is wrong is told in the rows' order all the same.
    async fn insert(&self, insert: &RenderedInsert) -> Done<Answer> {
        if let ([row], Some(alone)) = (self.job.inputs.rows.as_slice(), &insert.alone)
            && let Some(place) = self.insert_alone(insert, alone, row).await?
        {
            let (body, rows) = self.read_back(insert.returning.as_ref(), vec![place]).await?;
            return Ok(Answer { body, rows, total: None, affected: 1, inserted: 1, told: None });
        }
        self.prepare(insert).await?;
        let mut proposals = Vec::with_capacity(self.job.inputs.rows.len());
        let mut refused = None;
        let mut keys = HashSet::new();
        'rows: for rows in self.job.inputs.rows.chunks(ROWS_AT_ONCE) {
            let proposed = rows.iter().map(|row| {
                let is_repeated = insert
                    .conflict
                    .as_ref()
                    .and_then(|conflict| key(conflict, insert, row))
                    .is_some_and(|key| !keys.insert(key));
                self.propose(insert, row, is_repeated)
            });
            let proposed: Vec<_> = proposed.collect();
            for proposal in join_all(proposed).await {
                match proposal {
                    Ok(proposal) => proposals.push(proposal),
                    Err(failed) => {
                        refused = Some(failed);
                        break 'rows;
                    }
                }
            }
        }
        if let Some(Failed::Postgres(_)) = &refused {
            // The transaction is lost, and with it what the rows before could tell.
            return Err(refused.unwrap_or_else(|| Problem::internal("nothing was refused").into()));
        }
        let mut places = Vec::with_capacity(proposals.len());
        let mut inserted = 0;
        for proposals in proposals.chunks(ROWS_AT_ONCE) {
            for written in join_all(proposals.iter().map(|proposal| self.write(insert, proposal))).await {
                match written? {
                    Written::New(place) => {
                        inserted += 1;
                        places.push(place);
                    }
                    Written::Changed(place) => places.push(place),
                    Written::Skipped => {}
                }
            }
        }
        if let Some(failed) = refused {
            return Err(failed);
        }
        let affected = places.len() as u64;
        let (body, rows) = self.read_back(insert.returning.as_ref(), places).await?;
        Ok(Answer { body, rows, total: None, affected, inserted, told: None })
    }

    /// Adds a row with one statement. Answers with nothing when it takes more than that: to draw some of its numbers, or to find out
    /// which of the checks did not hold.
    async fn insert_alone(
        &self,
        insert: &RenderedInsert,
        alone: &Alone,
        row: &[NewValue],
    ) -> Done<Option<String>> {
        let drawn = row.iter().filter(|value| **value == NewValue::Identity).count();
        let query = match drawn {
            0 => &alone.given,
            all if all == insert.identities.len() => &alone.drawing,
            _ => return Ok(None),
        };
        let new = NewRow { values: row, drawn: &[], positions: &insert.positions };
        let rows = self.connection.all(query, &Values { new: Some(new), ..self.values() }).await?;
        Ok(rows.first().map(place_of).transpose()?)
    }

    /// Has everything prepared that all rows need, so that their statements go out in order.
    async fn prepare(&self, insert: &RenderedInsert) -> Done<()> {
        if self.job.inputs.rows.len() < 2 {
            return Ok(());
        }
        let mut queries: Vec<&Query> = insert.identities.iter().map(|(_, draw)| draw).collect();
        queries.extend([&insert.drawing, &insert.given]);
        queries.extend(&insert.checks.query);
        if let Some(conflict) = &insert.conflict {
            queries.push(&conflict.find);
            queries.extend(conflict.update.as_ref().and_then(|update| update.update.as_ref()));
        }
        for prepared in join_all(queries.into_iter().map(|query| self.connection.statement(query))).await {
            prepared?;
        }
        Ok(())
    }

    /// Draws a row's numbers, and asks what must be true of it and which row it would meet.
    async fn propose(
        &self,
        insert: &RenderedInsert,
        row: &'r [NewValue],
        is_repeated: bool,
    ) -> Done<Proposal<'r>> {
        let mut drawn = Vec::new();
        let wanted = |column: u32| {
            let position = insert.positions[column as usize];
            position.is_some_and(|position| row.get(position as usize) == Some(&NewValue::Identity))
        };
        let some = insert.identities.iter().any(|(column, _)| wanted(*column));
        let all = insert.identities.iter().all(|(column, _)| wanted(*column));
        if insert.draws_first || (some && !all) {
            for (column, draw) in insert.identities.iter().filter(|(column, _)| wanted(*column)) {
                drawn.push((*column, self.draw(draw).await?));
            }
        }
        let mut proposal = Proposal { row, drawn, existing: None, is_repeated };
        let new = NewRow { values: row, drawn: &proposal.drawn, positions: &insert.positions };
        self.check(&insert.checks, new).await?;
        if let Some(conflict) = &insert.conflict
            && !self.misses_value(insert, new)
        {
            let problems = match (&conflict.update, is_repeated) {
                (Some(update), false) => update.problems.as_slice(),
                _ => &[],
            };
            proposal.existing = self.existing(conflict, new, problems).await?;
        }
        Ok(proposal)
    }

    async fn draw(&self, draw: &Query) -> Done<i64> {
        let rows = self.connection.all(draw, &self.values()).await?;
        let row = rows.first().ok_or_else(|| Problem::internal("a sequence gave no number"))?;
        Ok(row.try_get(0)?)
    }

    /// PostgreSQL refuses a NULL before it looks whether the row exists already.
    fn misses_value(&self, insert: &RenderedInsert, new: NewRow<'_>) -> bool {
        let table = self.plan.catalog.table(insert.table);
        table.columns.iter().zip(0u32..).any(|(column, position)| {
            column.not_null
                && !matches!(column.default, ColumnDefault::Generated(_))
                && new.value(position).is_some_and(Value::is_null)
        })
    }

    /// Asks the conditions on a new row.
    async fn check(&self, checks: &Checks, new: NewRow<'_>) -> Done<()> {
        let Some(query) = &checks.query else { return Ok(()) };
        let rows = self.connection.all(query, &Values { new: Some(new), ..self.values() }).await?;
        let row = rows.first().ok_or_else(|| Problem::internal("a check gave no row"))?;
        hold(row, 0, &checks.problems)
    }

    /// The row with the same key. `problems` are what may be wrong with changing it.
    async fn existing(
        &self,
        conflict: &RenderedConflict,
        new: NewRow<'_>,
        problems: &[Problem],
    ) -> Done<Option<String>> {
        let values = Values { new: Some(new), ..self.values() };
        Ok(self.find(&conflict.find, &values, problems).await?.into_iter().next())
    }

    async fn write(&self, insert: &RenderedInsert, proposal: &Proposal<'_>) -> Done<Written> {
        let new = NewRow { values: proposal.row, drawn: &proposal.drawn, positions: &insert.positions };
        let values = Values { new: Some(new), ..self.values() };
        if let Some(conflict) = &insert.conflict {
            let changes = conflict.update.as_ref().filter(|update| update.update.is_some());
            match (proposal.is_repeated, changes) {
                (true, Some(_)) => return Err(changed_twice().into()),
                (true, None) => return Ok(Written::Skipped),
                (false, _) => {}
            }
            if let Some(existing) = &proposal.existing {
                return self.meet(conflict, new, existing.clone()).await;
            }
        }
        let draws = proposal.drawn.is_empty() && proposal.row.contains(&NewValue::Identity);
        let query = if draws { &insert.drawing } else { &insert.given };
        for _ in 0..TRIES {
            if let Some(row) = self.connection.all(query, &values).await?.first() {
                return Ok(Written::New(place_of(row)?));
            }
            // Another transaction has added the row since it was looked for.
            let Some(conflict) = &insert.conflict else { break };
            let problems = conflict.update.as_ref().map_or(&[][..], |update| &update.problems);
            if let Some(existing) = self.existing(conflict, new, problems).await? {
                return self.meet(conflict, new, existing).await;
            }
        }
        Err(Problem::new("40001", "could not serialize access due to concurrent update").into())
    }

    /// Takes the other way, since a row with the same key exists.
    async fn meet(&self, conflict: &RenderedConflict, new: NewRow<'_>, existing: String) -> Done<Written> {
        let Some(update) = conflict.update.as_ref().filter(|update| update.update.is_some()) else {
            return Ok(Written::Skipped);
        };
        let mut changed = self.change(update, new, vec![existing]).await?;
        changed.pop().map(Written::Changed).ok_or_else(|| {
            Problem::new("40001", "could not serialize access due to concurrent update").into()
        })
    }

    /// The places of the rows that a statement finds. Its further columns are checks, in the order of `problems`.
    async fn find(&self, query: &Query, values: &Values<'_>, problems: &[Problem]) -> Done<Vec<String>> {
        let mut places = Vec::new();
        for row in self.connection.all(query, values).await? {
            hold(&row, 1, problems)?;
            places.push(place_of(&row)?);
        }
        Ok(places)
    }

    /// Changes rows; answers with their new places.
    async fn change(&self, row: &RowUpdate, new: NewRow<'_>, places: Vec<String>) -> Done<Vec<String>> {
        let Some(update) = row.update.as_ref().filter(|_| !places.is_empty()) else { return Ok(places) };
        let rows = among(&places);
        let values = Values { new: Some(new), rows: &rows, ..self.values() };
        let changed = self.connection.all(update, &values).await?;
        changed.iter().map(|row| Ok(place_of(row)?)).collect()
    }

    async fn update(&self, update: &RenderedUpdate) -> Done<Answer> {
        let no_row = Vec::new();
        let row = self.job.inputs.rows.first().unwrap_or(&no_row);
        let mut drawn = Vec::new();
        for (column, draw) in &update.identities {
            let position = update.positions[*column as usize];
            if position.is_some_and(|position| row.get(position as usize) == Some(&NewValue::Identity)) {
                drawn.push((*column, self.draw(draw).await?));
            }
        }
        let new = NewRow { values: row, drawn: &drawn, positions: &update.positions };
        let values = Values { new: Some(new), ..self.values() };
        let found = self.find(&update.find, &values, &update.row.problems).await?;
        let changed = self.change(&update.row, new, found).await?;
        let affected = changed.len() as u64;
        let (body, rows) = self.read_back(update.returning.as_ref(), changed).await?;
        Ok(Answer { body, rows, total: None, affected, inserted: 0, told: None })
    }

    async fn delete(&self, delete: &RenderedDelete) -> Done<Answer> {
        let found = self.find(&delete.find, &self.values(), &[]).await?;
        let affected = found.len() as u64;
        let among = among(&found);
        let (body, rows) = self.read_back(delete.returning.as_ref(), found).await?;
        if affected > 0 {
            let values = Values { rows: &among, ..self.values() };
            self.connection.all(&delete.delete, &values).await?;
        }
        Ok(Answer { body, rows, total: None, affected, inserted: 0, told: None })
    }

    async fn read_back(&self, returning: Option<&RenderedTree>, places: Vec<String>) -> Done<(Vec<u8>, u64)> {
        let Some(tree) = returning else { return Ok((Vec::new(), places.len() as u64)) };
        let rows = among(&places);
        let values = Values { rows: &rows, ..self.values() };
        read::tree(self.connection, tree, &values, self.job.output, self.bytes_max).await
    }
}

/// What tells a row's key from those of other rows of the command; `None` when it has a NULL or is about to be drawn.
fn key(conflict: &RenderedConflict, insert: &RenderedInsert, row: &[NewValue]) -> Option<Vec<u8>> {
    let new = NewRow { values: row, drawn: &[], positions: &insert.positions };
    let mut bytes = Vec::new();
    for (column, ty) in &conflict.key {
        let value = new.value(*column).filter(|value| !value.is_null())?;
        let start = bytes.len();
        push_value_key(ty, value, &mut bytes);
        let length = (bytes.len() - start) as u32;
        bytes.splice(start..start, length.to_be_bytes());
    }
    Some(bytes)
}

/// The first of `problems` whose condition, in the columns from `first` on, does not hold.
fn hold(row: &Row, first: usize, problems: &[Problem]) -> Done<()> {
    for (position, problem) in problems.iter().enumerate() {
        if raw(row, first + position)? != Some(&[1]) {
            return Err(problem.clone().into());
        }
    }
    Ok(())
}

fn place_of(row: &Row) -> Result<String> {
    place(raw(row, 0)?.ok_or_else(|| Problem::internal("a row has no place"))?)
}

/// The places as an array.
fn among(places: &[String]) -> String {
    let mut array = String::new();
    for place in places {
        push_element(&mut array, place.as_bytes());
    }
    finish_array(array)
}

fn changed_twice() -> Problem {
    Problem::new("21000", "ON CONFLICT DO UPDATE command cannot affect row a second time").with_hint(
        "Ensure that no rows proposed for insertion within the same command have duplicate constrained values.",
    )
}
