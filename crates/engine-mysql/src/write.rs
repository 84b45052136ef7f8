//! Runs the plans that write, on a connection with an open transaction: rows are found under a lock, checked, written and read back.

use std::collections::HashSet;

use mainstay_base::{Problem, Result};
use mainstay_catalog::ColumnDefault;
use mainstay_dialect::mysql::storage::{self, Datum};
use mainstay_engine::{Answer, Job, NewValue};
use mainstay_expr::{TableId, Value};

use crate::bind::{NewRow, Values};
use crate::connection::{Connection, Done, Failed};
use crate::output::Found;
use crate::place::{Place, Places};
use crate::pool::Pool;
use crate::read;
use crate::render::{
    Checks, Query, RenderedAction, RenderedConflict, RenderedDelete, RenderedInsert, RenderedPlan,
    RenderedTree, RenderedUpdate, RowUpdate,
};
use crate::sequence::{Sequence, Sequences};
use crate::together;
use crate::violation::{self, Violation};

/// What plans are run with.
#[derive(Clone, Copy)]
pub(crate) struct Tools<'t> {
    pub pool: &'t Pool,
    pub sequences: &'t Sequences,
    pub bytes_max: usize,
}

/// Runs a plan.
pub(crate) async fn run(
    connection: &mut Connection,
    tools: Tools<'_>,
    plan: &RenderedPlan,
    job: &Job,
) -> Done<Answer> {
    let mut run = Run { connection, tools, plan, job };
    let answer = match &plan.action {
        RenderedAction::Read(read) => read::run(run.connection, read, job, tools.bytes_max).await?,
        RenderedAction::Insert(insert) => run.insert(insert).await?,
        RenderedAction::Update(update) => run.update(update).await?,
        RenderedAction::Delete(delete) => run.delete(delete).await?,
    };
    job.expect.check(answer.rows, answer.affected)?;
    Ok(answer)
}

struct Run<'r, 'c> {
    connection: &'c mut Connection,
    tools: Tools<'r>,
    plan: &'r RenderedPlan,
    job: &'r Job,
}

/// What became of a proposed row.
enum Written {
    New(Place),
    Changed(Place),
    Skipped,
}

/// A row that is about to be inserted.
pub(crate) struct Proposal<'r> {
    row: &'r [NewValue],
    positions: &'r [Option<u32>],
    /// The numbers of its identity columns.
    drawn: Vec<(u32, i64)>,
    /// What is kept behind the table's columns.
    kept: Vec<Value>,
    /// The place of the row that has its key, before the command.
    existing: Option<Place>,
    /// Whether a row before it in this command has the same key.
    is_repeated: bool,
}

impl Proposal<'_> {
    /// The row with its numbers.
    pub fn new_row(&self) -> NewRow<'_> {
        NewRow { values: self.row, drawn: &self.drawn, positions: self.positions, kept: &self.kept }
    }
}

impl<'r> Run<'r, '_> {
    fn values(&self) -> Values<'r> {
        Values::of(&self.job.inputs.slots, &self.job.inputs.session)
    }

    fn violation(&self, table: TableId) -> Violation<'r> {
        Violation { catalog: &self.plan.catalog, table, session: &self.job.inputs.session }
    }

    /// Policies and the rows that exist already are asked for every row before the first one is written: a command does not see
    /// its own rows. What is wrong is told in the rows' order all the same.
    async fn insert(&mut self, insert: &'r RenderedInsert) -> Done<Answer> {
        let mut proposals = Vec::with_capacity(self.job.inputs.rows.len());
        let mut refused = None;
        let mut keys = HashSet::new();
        let mut alone = insert.alone.as_ref().filter(|_| self.job.inputs.rows.len() == 1);
        for row in &self.job.inputs.rows {
            let mut proposal = self.propose(insert, row).await?;
            if let Some(alone) = alone.take()
                && let Some(place) = self.insert_alone(insert, alone, &proposal).await?
            {
                let (body, rows) = self.read_back(insert.returning.as_ref(), &[place]).await?;
                return Ok(Answer { body, rows, affected: 1, inserted: 1, ..Answer::default() });
            }
            if let Some(conflict) = &insert.conflict {
                let key = key(conflict, &proposal.new_row())?;
                proposal.is_repeated = key.is_some_and(|key| !keys.insert(key));
            }
            match self.check(insert, &mut proposal).await {
                Ok(()) => proposals.push(proposal),
                Err(failed @ Failed::Problem(_)) => {
                    refused = Some(failed);
                    break;
                }
                // Nothing more can be asked in this transaction.
                Err(failed) => return Err(failed),
            }
        }
        self.complete(insert, &mut proposals)?;
        let places = self.insert_all(insert, &proposals).await?;
        if let Some(failed) = refused {
            return Err(failed);
        }
        let inserted = places.iter().filter(|written| matches!(written, Written::New(_))).count() as u64;
        let places: Vec<Place> = places
            .into_iter()
            .filter_map(|written| match written {
                Written::New(place) | Written::Changed(place) => Some(place),
                Written::Skipped => None,
            })
            .collect();
        let affected = places.len() as u64;
        let (body, rows) = self.read_back(insert.returning.as_ref(), &places).await?;
        Ok(Answer { body, rows, affected, inserted, ..Answer::default() })
    }

    /// Works out what is left to us of the rows that will be added.
    fn complete(&self, insert: &RenderedInsert, proposals: &mut [Proposal<'_>]) -> Result<()> {
        let table = self.plan.catalog.table(insert.table);
        for proposal in proposals.iter_mut().filter(|proposal| proposal.existing.is_none()) {
            let row = proposal.new_row().columns();
            proposal.kept = insert.left.work_out(table, row, &self.job.inputs.session)?;
        }
        Ok(())
    }

    async fn insert_all(
        &mut self,
        insert: &'r RenderedInsert,
        proposals: &[Proposal<'r>],
    ) -> Done<Vec<Written>> {
        let mut written = Vec::with_capacity(proposals.len());
        let mut rest = proposals;
        while !rest.is_empty() {
            if let Some((rows, query)) = insert.together.iter().find(|(rows, _)| *rows <= rest.len()) {
                let (now, later) = rest.split_at(*rows);
                let new: Vec<NewRow<'_>> = now.iter().map(Proposal::new_row).collect();
                if together::insert(self.connection, query, &self.values(), &new).await? {
                    for new in &new {
                        written.push(Written::New(insert.places.of_new(new, 0)?));
                    }
                    rest = later;
                    continue;
                }
                // One of them is not taken: alone it says so.
                for proposal in now {
                    written.push(self.write(insert, proposal).await?);
                }
                rest = later;
                continue;
            }
            let (now, later) = rest.split_at(1);
            written.push(self.write(insert, &now[0]).await?);
            rest = later;
        }
        Ok(written)
    }

    /// Draws a row's numbers.
    async fn propose(&self, insert: &'r RenderedInsert, row: &'r [NewValue]) -> Result<Proposal<'r>> {
        let positions = insert.positions.as_slice();
        self.numbers_itself(insert, row)?;
        let drawn = self.draw(&insert.sequences, positions, row).await?;
        Ok(Proposal { row, positions, drawn, kept: Vec::new(), existing: None, is_repeated: false })
    }

    /// A NULL that is given is no wish for the next number.
    fn numbers_itself(&self, insert: &RenderedInsert, row: &[NewValue]) -> Result<()> {
        let Some(column) = insert.places.numbered() else { return Ok(()) };
        let new = NewRow { values: row, drawn: &[], positions: &insert.positions, kept: &[] };
        if !new.is_null(column) {
            return Ok(());
        }
        let (catalog, session) = (&self.plan.catalog, &self.job.inputs.session);
        let (table, columns) = (catalog.table(insert.table), new.columns());
        Err(mainstay_engine::violation::not_null(catalog, table, column, Some(&columns), session))
    }

    async fn draw(
        &self,
        sequences: &[Sequence],
        positions: &[Option<u32>],
        row: &[NewValue],
    ) -> Result<Vec<(u32, i64)>> {
        let mut drawn = Vec::new();
        for sequence in sequences {
            let position = positions[sequence.column as usize];
            if position.is_some_and(|position| row.get(position as usize) == Some(&NewValue::Identity)) {
                let Tools { pool, sequences, .. } = self.tools;
                drawn.push((sequence.column, sequences.draw(pool, sequence).await?));
            }
        }
        Ok(drawn)
    }

    /// Adds a row with one statement, its checks inside. Answers with nothing when one of them does not hold.
    async fn insert_alone(
        &mut self,
        insert: &RenderedInsert,
        alone: &Query,
        proposal: &Proposal<'_>,
    ) -> Done<Option<Place>> {
        let new = proposal.new_row();
        let values = Values { new: Some(new), ..self.values() };
        match self.connection.write(alone, &values).await {
            Ok(0) => Ok(None),
            Ok(_) => Ok(Some(insert.places.of_new(&new, self.connection.last_insert_id())?)),
            Err(failed) => Err(self.refused(insert, failed, &new)),
        }
    }

    /// Why a row was not added; what can be tried again stays as it is.
    fn refused(&self, insert: &RenderedInsert, failed: Failed, new: &NewRow<'_>) -> Failed {
        match violation::constraint(&failed) {
            Some(_) => self.violation(insert.table).of_new(failed, new).into(),
            None => failed,
        }
    }

    /// Asks what must be true of a row and which row it would meet.
    async fn check(&mut self, insert: &RenderedInsert, proposal: &mut Proposal<'_>) -> Done<()> {
        let new = proposal.new_row();
        self.hold(&insert.checks, new).await?;
        let Some(conflict) = &insert.conflict else { return Ok(()) };
        if self.misses_value(insert, new) {
            return Ok(());
        }
        let problems = match (&conflict.update, proposal.is_repeated) {
            (Some(update), false) => update.problems.as_slice(),
            _ => &[],
        };
        let existing = self.existing(insert, conflict, new, problems).await?;
        proposal.existing = existing;
        Ok(())
    }

    /// PostgreSQL refuses a NULL before it looks whether the row exists already.
    fn misses_value(&self, insert: &RenderedInsert, new: NewRow<'_>) -> bool {
        let table = self.plan.catalog.table(insert.table);
        table.columns.iter().zip(0u32..).any(|(column, position)| {
            column.not_null && !matches!(column.default, ColumnDefault::Generated(_)) && new.is_null(position)
        })
    }

    /// Asks the conditions on a new row.
    async fn hold(&mut self, checks: &Checks, new: NewRow<'_>) -> Done<()> {
        let Some(query) = &checks.query else { return Ok(()) };
        let values = Values { new: Some(new), ..self.values() };
        let mut is_asked = false;
        let asked = self.connection.rows(query, &values, |row| {
            is_asked = true;
            hold(row, 0, &checks.problems)
        });
        asked.await?;
        if is_asked { Ok(()) } else { Err(Problem::internal("a check gave no row").into()) }
    }

    /// The row with the same key. `problems` are what may be wrong with changing it.
    async fn existing(
        &mut self,
        insert: &RenderedInsert,
        conflict: &RenderedConflict,
        new: NewRow<'_>,
        problems: &[Problem],
    ) -> Done<Option<Place>> {
        let values = Values { new: Some(new), ..self.values() };
        Ok(self.find(&insert.places, &conflict.find, &values, problems).await?.into_iter().next())
    }

    async fn write(&mut self, insert: &RenderedInsert, proposal: &Proposal<'_>) -> Done<Written> {
        let new = proposal.new_row();
        let Some(conflict) = &insert.conflict else {
            return match self.add(insert, new).await {
                Ok(place) => Ok(Written::New(place)),
                Err(failed) => Err(self.refused(insert, failed, &new)),
            };
        };
        let changes = conflict.update.as_ref().filter(|update| update.update.is_some());
        match (proposal.is_repeated, changes) {
            (true, Some(_)) => return Err(changed_twice().into()),
            (true, None) => return Ok(Written::Skipped),
            (false, _) => {}
        }
        if let Some(existing) = &proposal.existing {
            return self.meet(insert, conflict, new, existing.clone()).await;
        }
        let failed = match self.add(insert, new).await {
            Ok(place) => return Ok(Written::New(place)),
            Err(failed) => failed,
        };
        if violation::is_duplicate(&failed) {
            // Another transaction has added the row since it was looked for, unless another key is meant.
            let problems = conflict.update.as_ref().map_or(&[][..], |update| &update.problems);
            if let Some(existing) = self.existing(insert, conflict, new, problems).await? {
                return self.meet(insert, conflict, new, existing).await;
            }
        }
        Err(self.refused(insert, failed, &new))
    }

    async fn add(&mut self, insert: &RenderedInsert, new: NewRow<'_>) -> Done<Place> {
        let values = Values { new: Some(new), ..self.values() };
        self.connection.write(&insert.insert, &values).await?;
        Ok(insert.places.of_new(&new, self.connection.last_insert_id())?)
    }

    /// Takes the other way, since a row with the same key exists.
    async fn meet(
        &mut self,
        insert: &RenderedInsert,
        conflict: &RenderedConflict,
        new: NewRow<'_>,
        existing: Place,
    ) -> Done<Written> {
        let Some(update) = conflict.update.as_ref().filter(|update| update.update.is_some()) else {
            return Ok(Written::Skipped);
        };
        let set = |(column, at): (u32, &Option<u32>)| at.filter(|_| update.columns.contains(&column));
        let positions: Vec<Option<u32>> = (0..).zip(new.positions).map(set).collect();
        let new = NewRow { positions: &positions, ..new };
        let mut changed = self.change(insert.table, &insert.places, update, new, vec![existing]).await?;
        changed.pop().map(Written::Changed).ok_or_else(|| {
            Problem::new("40001", "could not serialize access due to concurrent update").into()
        })
    }

    /// The places of the rows that a statement finds and locks. Its further columns are checks, in the order of `problems`.
    async fn find(
        &mut self,
        places: &Places,
        query: &Query,
        values: &Values<'_>,
        problems: &[Problem],
    ) -> Done<Vec<Place>> {
        let mut found = Vec::new();
        let read = self.connection.rows(query, values, |row| {
            hold(row, places.width(), problems)?;
            found.push(places.read(row)?);
            Ok(())
        });
        read.await?;
        Ok(found)
    }

    /// Changes rows; answers with their new places.
    async fn change(
        &mut self,
        table: TableId,
        places: &Places,
        row: &RowUpdate,
        new: NewRow<'_>,
        found: Vec<Place>,
    ) -> Done<Vec<Place>> {
        let Some(update) = row.update.as_ref().filter(|_| !found.is_empty()) else { return Ok(found) };
        let kept = self.work_out(table, row, &new, &found).await?;
        if row.left.differs_by_row(self.plan.catalog.table(table), update) {
            for (place, kept) in found.iter().zip(&kept) {
                let new = NewRow { kept, ..new };
                self.change_to(table, update, new, std::slice::from_ref(place)).await?;
            }
        } else {
            self.change_to(table, update, new, &found).await?;
        }
        Ok(found.iter().map(|place| places.moved(place, &new)).collect::<Result<_>>()?)
    }

    async fn change_to(
        &mut self,
        table: TableId,
        update: &Query,
        new: NewRow<'_>,
        found: &[Place],
    ) -> Done<()> {
        let values = Values { new: Some(new), rows: found, ..self.values() };
        match self.connection.write(update, &values).await {
            Ok(_) => Ok(()),
            Err(failed) => Err(self.violation(table).of_changed(self.connection, failed, &new, found).await),
        }
    }

    /// What is left to us of the rows as they will be, in their order.
    async fn work_out(
        &mut self,
        table: TableId,
        row: &RowUpdate,
        new: &NewRow<'_>,
        found: &[Place],
    ) -> Done<Vec<Vec<Value>>> {
        if row.left.is_empty() {
            return Ok(Vec::new());
        }
        let changed = self.violation(table).changed_rows(self.connection, new, found).await?;
        let (declared, session) = (self.plan.catalog.table(table), &self.job.inputs.session);
        Ok(changed
            .into_iter()
            .map(|row_then| row.left.work_out(declared, row_then, session))
            .collect::<Result<_>>()?)
    }

    async fn update(&mut self, update: &RenderedUpdate) -> Done<Answer> {
        let no_row = Vec::new();
        let row = self.job.inputs.rows.first().unwrap_or(&no_row);
        let drawn = self.draw(&update.sequences, &update.positions, row).await?;
        let new = NewRow { values: row, drawn: &drawn, positions: &update.positions, kept: &[] };
        let values = Values { new: Some(new), ..self.values() };
        let found = self.find(&update.places, &update.find, &values, &update.row.problems).await?;
        let changed = self.change(update.table, &update.places, &update.row, new, found).await?;
        let affected = changed.len() as u64;
        let (body, rows) = self.read_back(update.returning.as_ref(), &changed).await?;
        Ok(Answer { body, rows, affected, ..Answer::default() })
    }

    async fn delete(&mut self, delete: &RenderedDelete) -> Done<Answer> {
        let found = self.find(&delete.places, &delete.find, &self.values(), &[]).await?;
        let affected = found.len() as u64;
        let (body, rows) = self.read_back(delete.returning.as_ref(), &found).await?;
        if affected > 0 {
            let values = Values { rows: &found, ..self.values() };
            for before in &delete.before {
                self.connection.write(before, &values).await?;
            }
            if let Err(failed) = self.remove(delete, &values).await {
                return Err(self.violation(delete.table).of_removed(self.connection, failed, &found).await);
            }
        }
        Ok(Answer { body, rows, affected, ..Answer::default() })
    }

    async fn remove(&mut self, delete: &RenderedDelete, values: &Values<'_>) -> Done<u64> {
        match self.connection.write(&delete.delete, values).await {
            Err(failed) if failed.is_referenced() && !delete.unlink.is_empty() => {
                for unlink in &delete.unlink {
                    if self.connection.write(unlink, values).await.is_err() {
                        return Err(failed);
                    }
                }
                self.connection.write(&delete.delete, values).await
            }
            done => done,
        }
    }

    async fn read_back(
        &mut self,
        returning: Option<&RenderedTree>,
        places: &[Place],
    ) -> Done<(Vec<u8>, u64)> {
        let Some(tree) = returning else { return Ok((Vec::new(), places.len() as u64)) };
        if places.iter().flatten().any(|datum| *datum == Datum::Null) {
            return Err(unknown_key().into());
        }
        let values = Values { rows: places, ..self.values() };
        read::tree(self.connection, tree, &values, self.job.output, self.tools.bytes_max).await
    }
}

/// What tells a row's key from those of other rows of the command; `None` when it has a NULL.
fn key(conflict: &RenderedConflict, new: &NewRow<'_>) -> Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    for (column, storage) in &conflict.key {
        let Some(value) = new.value(*column) else { return Ok(None) };
        if !mainstay_dialect::storage::key::push(
            &mut bytes,
            storage,
            storage::encode(storage, &value)?.as_ref(),
        ) {
            return Ok(None);
        }
    }
    Ok(Some(bytes))
}

/// The first of `problems` whose condition, in the columns from `first` on, does not hold.
fn hold(row: Found<'_>, first: u32, problems: &[Problem]) -> Result<()> {
    for (item, problem) in (first..).zip(problems) {
        if !row.is_true(item)? {
            return Err(problem.clone());
        }
    }
    Ok(())
}

fn unknown_key() -> Problem {
    Problem::new("0A000", "the key that the database gave a new row is not known")
        .with_hint("Give the row its key, or do not ask for the row (Prefer: return=minimal).")
}

fn changed_twice() -> Problem {
    Problem::new("21000", "ON CONFLICT DO UPDATE command cannot affect row a second time").with_hint(
        "Ensure that no rows proposed for insertion within the same command have duplicate constrained values.",
    )
}
