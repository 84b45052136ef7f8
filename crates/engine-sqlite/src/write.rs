//! Runs one plan on the writing connection, inside a transaction and under a savepoint that its caller keeps.

use std::collections::HashSet;

use mainstay_base::{Problem, Result};
use mainstay_catalog::ColumnDefault;
use mainstay_dialect::sqlite::row_id_column;
use mainstay_engine::{Answer, Job, NewValue, violation};
use mainstay_expr::TableId;
use rusqlite::types::ValueRef;

use crate::bind::{self, NewRow, Values};
use crate::identity::Sequences;
use crate::read::{self, Bounds, Root};
use crate::render::{
    Checks, IdentityColumn, Query, RenderedAction, RenderedConflict, RenderedDelete, RenderedInsert,
    RenderedPlan, RenderedTree, RenderedUpdate, RowUpdate,
};
use crate::statement::Statements;
use crate::violation::{Violation, proposed};
use crate::{Options, errors, old_row};

/// Runs a plan.
pub(crate) fn run(
    statements: &mut Statements<'_>,
    sequences: &mut Sequences,
    plan: &RenderedPlan,
    job: &Job,
    options: &Options,
) -> Result<Answer> {
    let bounds = Bounds { bytes_max: options.answer_bytes_max };
    let mut run = Run { statements, sequences, plan, job, bounds };
    match &plan.action {
        RenderedAction::Read(read) => read::run(run.statements, read, job, bounds),
        RenderedAction::Insert(insert) => run.insert(insert),
        RenderedAction::Update(update) => run.update(update),
        RenderedAction::Delete(delete) => run.delete(delete),
    }
}

struct Run<'r, 'c> {
    statements: &'r mut Statements<'c>,
    sequences: &'r mut Sequences,
    plan: &'r RenderedPlan,
    job: &'r Job,
    bounds: Bounds,
}

/// What became of a proposed row.
enum Written {
    New(i64),
    Changed(i64),
    Skipped,
}

/// A row that is about to be inserted.
struct Proposal<'r> {
    row: &'r [NewValue],
    /// The numbers of its identity columns.
    drawn: Vec<i64>,
    /// The row that has its key, before the command.
    existing: Option<i64>,
}

impl Proposal<'_> {
    fn new_row<'p>(&'p self, insert: &'p RenderedInsert) -> NewRow<'p> {
        NewRow { values: self.row, drawn: &self.drawn, positions: &insert.positions }
    }
}

impl<'r> Run<'r, '_> {
    fn values(&self) -> Values<'r> {
        Values::of(&self.job.inputs.slots, &self.job.inputs.session)
    }

    /// Policies and the rows that exist already are asked for every row before the first one is written: a command does not see
    /// its own rows. What is wrong is told in the rows' order all the same.
    fn insert(&mut self, insert: &RenderedInsert) -> Result<Answer> {
        let mut proposals = Vec::with_capacity(self.job.inputs.rows.len());
        let mut refused = None;
        let mut met = HashSet::new();
        for row in &self.job.inputs.rows {
            match self.propose(insert, row, &met) {
                Ok(proposal) => {
                    met.extend(proposal.existing);
                    proposals.push(proposal);
                }
                Err(problem) => {
                    refused = Some(problem);
                    break;
                }
            }
        }
        let mut written = Vec::with_capacity(proposals.len());
        let mut inserted = 0;
        let mut seen = HashSet::new();
        for proposal in &proposals {
            let rowid = match self.insert_row(insert, proposal, &seen)? {
                Written::New(rowid) => {
                    inserted += 1;
                    rowid
                }
                Written::Changed(rowid) => rowid,
                Written::Skipped => continue,
            };
            written.push(rowid);
            if insert.conflict.is_some() && self.job.inputs.rows.len() > 1 {
                seen.insert(rowid);
                seen.extend(proposal.existing);
            }
        }
        if let Some(problem) = refused {
            return Err(problem);
        }
        let (body, rows) = self.read_back(insert.returning.as_ref(), &written)?;
        Ok(Answer { body, rows, total: None, affected: written.len() as u64, inserted, told: None })
    }

    /// Draws a row's numbers, and asks what must be true of it and which row it would meet. `met` are those that rows before
    /// it meet.
    fn propose(
        &mut self,
        insert: &RenderedInsert,
        row: &'r [NewValue],
        met: &HashSet<i64>,
    ) -> Result<Proposal<'r>> {
        let mut proposal = Proposal { row, drawn: Vec::new(), existing: None };
        self.draw(&insert.identities, row, &mut proposal.drawn)?;
        let new = proposal.new_row(insert);
        self.check(&insert.checks, new)?;
        if let Some(conflict) = &insert.conflict {
            self.require_not_null(insert.table, &new)?;
            let problems = conflict.update.as_ref().map_or(&[][..], |update| &update.problems);
            proposal.existing = self.existing(conflict, new, problems, met)?;
        }
        Ok(proposal)
    }

    fn draw(&mut self, identities: &[IdentityColumn], row: &[NewValue], drawn: &mut Vec<i64>) -> Result<()> {
        drawn.clear();
        for identity in identities {
            if row.get(identity.position) == Some(&NewValue::Identity) {
                drawn.push(self.sequences.next(identity)?);
            }
        }
        Ok(())
    }

    /// `seen` are the rows that this command has written already.
    fn insert_row(
        &mut self,
        insert: &RenderedInsert,
        proposal: &Proposal<'_>,
        seen: &HashSet<i64>,
    ) -> Result<Written> {
        let new = proposal.new_row(insert);
        if let Some(conflict) = &insert.conflict {
            let existing = match proposal.existing {
                None if !seen.is_empty() => self.existing(conflict, new, &[], seen)?,
                existing => existing,
            };
            if let Some(rowid) = existing {
                return self.meet(insert, conflict, new, rowid, seen);
            }
        }
        self.require_row_id(insert.table, &new, None)?;
        let values = Values { new: Some(new), ..self.values() };
        self.execute(&insert.insert, &values).map_err(|failed| {
            let violation =
                Violation { catalog: &self.plan.catalog, table: insert.table, session: values.session };
            violation.of_new_row(self.statements, failed, &new, None)
        })?;
        Ok(Written::New(self.statements.connection().last_insert_rowid()))
    }

    /// SQLite takes a NULL for a row number as a wish for the next one; to PostgreSQL it is a NULL in a primary key.
    /// `existing` is the rowid of the row that is changed.
    fn require_row_id(&self, table: TableId, new: &NewRow<'_>, existing: Option<i64>) -> Result<()> {
        let catalog = &self.plan.catalog;
        let table = catalog.table(table);
        match row_id_column(table) {
            Some(column) if new.rowid(table).is_none() => {
                let old =
                    existing.and_then(|rowid| old_row::read(self.statements, catalog, table.id, rowid).ok());
                let row = proposed(table, new, old.as_deref(), &self.job.inputs.session);
                Err(violation::not_null(catalog, table, column, Some(&row), &self.job.inputs.session))
            }
            _ => Ok(()),
        }
    }

    /// PostgreSQL refuses a NULL before it looks whether the row exists already.
    fn require_not_null(&self, table: TableId, new: &NewRow<'_>) -> Result<()> {
        let catalog = &self.plan.catalog;
        let table = catalog.table(table);
        let generated = |column: u32| matches!(table.column(column).default, ColumnDefault::Generated(_));
        let missing = (0..table.columns.len() as u32).find(|column| {
            table.column(*column).not_null
                && !generated(*column)
                && new.value(*column).is_none_or(|value| value.is_null())
        });
        match missing {
            Some(column) => {
                let row = proposed(table, new, None, &self.job.inputs.session);
                Err(violation::not_null(catalog, table, column, Some(&row), &self.job.inputs.session))
            }
            None => Ok(()),
        }
    }

    /// Asks the conditions on a new row.
    fn check(&mut self, checks: &Checks, new: NewRow<'_>) -> Result<()> {
        let Some(query) = &checks.query else { return Ok(()) };
        let values = Values { new: Some(new), ..self.values() };
        let statement = self.statements.get(&query.sql).map_err(|error| errors::plain(&error))?;
        bind::query(statement, query, &values)?;
        let mut rows = statement.raw_query();
        let row = rows.next().map_err(|error| errors::plain(&error))?;
        let row = row.ok_or_else(|| Problem::internal("a check gave no row"))?;
        for (position, problem) in checks.problems.iter().enumerate() {
            let passed = row.get_ref(position).map_err(|error| errors::plain(&error))?;
            if !is_true(passed) {
                return Err(problem.clone());
            }
        }
        Ok(())
    }

    /// The row with the same key. `problems` are what may be wrong with changing it, for the first time in this command.
    fn existing(
        &mut self,
        conflict: &RenderedConflict,
        new: NewRow<'_>,
        problems: &[Problem],
        met: &HashSet<i64>,
    ) -> Result<Option<i64>> {
        let drawn = |position: &u32| new.values.get(*position as usize) == Some(&NewValue::Identity);
        if conflict.key.iter().any(drawn) {
            // A fresh number is in no row.
            return Ok(None);
        }
        let values = Values { new: Some(new), ..self.values() };
        Ok(self.find(&conflict.find, &values, problems, met)?.first().copied())
    }

    /// Takes the other way, since a row with the same key exists.
    fn meet(
        &mut self,
        insert: &RenderedInsert,
        conflict: &RenderedConflict,
        new: NewRow<'_>,
        rowid: i64,
        seen: &HashSet<i64>,
    ) -> Result<Written> {
        let Some(update) = conflict.update.as_ref().filter(|update| update.update.is_some()) else {
            return Ok(Written::Skipped);
        };
        if seen.contains(&rowid) {
            return Err(changed_twice());
        }
        self.update_row(update, insert.table, new, rowid).map(Written::Changed)
    }

    /// The rowids of the rows that a statement finds. Its further columns are checks, in the order of `problems`; they are not
    /// asked of rows that were met before, since those are refused for that.
    fn find(
        &mut self,
        query: &Query,
        values: &Values<'_>,
        problems: &[Problem],
        met: &HashSet<i64>,
    ) -> Result<Vec<i64>> {
        let statement = self.statements.get(&query.sql).map_err(|error| errors::plain(&error))?;
        bind::query(statement, query, values)?;
        let mut rows = statement.raw_query();
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(|error| errors::plain(&error))? {
            let rowid = row.get(0).map_err(|error| errors::plain(&error))?;
            let asked = if met.contains(&rowid) { &[] } else { problems };
            for (position, problem) in asked.iter().enumerate() {
                let passed = row.get_ref(position + 1).map_err(|error| errors::plain(&error))?;
                if !is_true(passed) {
                    return Err(problem.clone());
                }
            }
            found.push(rowid);
        }
        Ok(found)
    }

    /// Changes one row; returns its rowid, which is another one when it is the primary key and that changed.
    fn update_row(&mut self, row: &RowUpdate, table: TableId, new: NewRow<'_>, rowid: i64) -> Result<i64> {
        let Some(update) = &row.update else { return Ok(rowid) };
        if row.sets_rowid {
            self.require_row_id(table, &new, Some(rowid))?;
        }
        let values = Values { new: Some(new), rows: &[rowid], ..self.values() };
        self.execute(update, &values).map_err(|failed| {
            let violation = Violation { catalog: &self.plan.catalog, table, session: values.session };
            violation.of_new_row(self.statements, failed, &new, Some(rowid))
        })?;
        let set = if row.sets_rowid { new.rowid(self.plan.catalog.table(table)) } else { None };
        Ok(set.unwrap_or(rowid))
    }

    fn update(&mut self, update: &RenderedUpdate) -> Result<Answer> {
        let no_row = Vec::new();
        let row = self.job.inputs.rows.first().unwrap_or(&no_row);
        let mut drawn = Vec::new();
        self.draw(&update.identities, row, &mut drawn)?;
        let new = NewRow { values: row, drawn: &drawn, positions: &update.positions };
        let values = Values { new: Some(new), ..self.values() };
        let mut found = self.find(&update.find, &values, &update.row.problems, &HashSet::new())?;
        for rowid in &mut found {
            *rowid = self.update_row(&update.row, update.table, new, *rowid)?;
        }
        let (body, rows) = self.read_back(update.returning.as_ref(), &found)?;
        Ok(Answer { body, rows, total: None, affected: found.len() as u64, inserted: 0, told: None })
    }

    fn delete(&mut self, delete: &RenderedDelete) -> Result<Answer> {
        let found = self.find(&delete.find, &self.values(), &[], &HashSet::new())?;
        let (body, rows) = self.read_back(delete.returning.as_ref(), &found)?;
        if !found.is_empty() {
            let values = Values { rows: &found, ..self.values() };
            self.execute(&delete.delete, &values).map_err(|failed| {
                let violation =
                    Violation { catalog: &self.plan.catalog, table: delete.table, session: values.session };
                violation.of_old_rows(self.statements, failed, &found)
            })?;
        }
        Ok(Answer { body, rows, total: None, affected: found.len() as u64, inserted: 0, told: None })
    }

    fn read_back(&mut self, returning: Option<&RenderedTree>, rows: &[i64]) -> Result<(Vec<u8>, u64)> {
        match returning {
            Some(tree) => {
                let values = self.values();
                read::tree(self.statements, tree, &values, self.job.output, Root::Rows(rows), self.bounds)
            }
            None => Ok((Vec::new(), rows.len() as u64)),
        }
    }

    fn execute(&mut self, query: &Query, values: &Values<'_>) -> std::result::Result<(), Failed> {
        let statement = self.statements.get(&query.sql).map_err(Failed::Sqlite)?;
        bind::query(statement, query, values).map_err(Failed::Problem)?;
        statement.raw_execute().map(|_| ()).map_err(Failed::Sqlite)
    }
}

/// Why a statement did not change what it should.
pub(crate) enum Failed {
    Sqlite(rusqlite::Error),
    Problem(Problem),
}

fn is_true(value: ValueRef<'_>) -> bool {
    matches!(value, ValueRef::Integer(1))
}

fn changed_twice() -> Problem {
    Problem::new("21000", "ON CONFLICT DO UPDATE command cannot affect row a second time").with_hint(
        "Ensure that no rows proposed for insertion within the same command have duplicate constrained values.",
    )
}
