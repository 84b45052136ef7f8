//! Loads many rows in one transaction, without plans and policies: seeds, imports and copies of databases.
//!
//! Foreign keys are off meanwhile and checked before the commit, so that the order of rows is free.

use std::collections::BTreeSet;
use std::sync::Arc;

use mainstay_base::{Problem, Result};
use mainstay_catalog::{Catalog, ForeignKey, Table};
use mainstay_dialect::mysql;
use mainstay_engine::{Item, Items, NewValue, Target, violation};
use mainstay_expr::{Session, TableId, Value};
use tokio::sync::mpsc;

use crate::bind::{NewRow, Values, parameters_of_rows};
use crate::connection::{Connection, Done, Failed};
use crate::errors;
use crate::left::Left;
use crate::pool::{Lease, Pool};
use crate::render::{PARAMETERS_MAX, Query};
use crate::sequence::{Sequence, Sequences, sequences};
use crate::violation::{Violation, constraint, is_duplicate};

/// Rows that are asked for ahead.
const ROWS_AHEAD: usize = 1_024;
/// Rows that one statement adds.
const ROWS_TOGETHER: usize = 64;

/// How rows of one target are written.
struct Form {
    target: Arc<Target>,
    positions: Vec<Option<u32>>,
    sequences: Vec<Sequence>,
    left: Left,
    one: Query,
    /// None where rows may be passed over.
    many: Option<Query>,
}

/// A row on its way.
struct Waiting {
    values: Vec<NewValue>,
    drawn: Vec<(u32, i64)>,
    kept: Vec<Value>,
}

/// Loads everything or nothing.
pub(crate) async fn run(
    mut lease: Lease,
    pool: &Pool,
    numbers: &Sequences,
    catalog: &Arc<Catalog>,
    session: &Session,
    items: Items,
) -> Result<u64> {
    let connection = lease.connection()?;
    connection.allow_all().await.map_err(Failed::plain)?;
    let begin = "SET SESSION foreign_key_checks = 0; START TRANSACTION";
    connection.control(begin).await.map_err(Failed::plain)?;
    let loader = Loader { connection, pool, numbers, catalog, session, forms: Vec::new(), rows: 0 };
    let done = loader.load(items).await;
    let connection = lease.connection()?;
    let done = match done {
        Ok(rows) => match connection.control("COMMIT").await {
            Ok(()) => Ok(rows),
            Err(failed) if failed.is_lost() => Err(errors::unknown_outcome()),
            Err(failed) => Err(failed.plain()),
        },
        Err(failed) => Err(failed.plain()),
    };
    // Without an answer the connection goes, and with it what it had begun.
    connection.control("ROLLBACK; SET SESSION foreign_key_checks = 1").await.map_err(Failed::plain)?;
    lease.finish();
    done
}

/// Asks for the items on a thread that may wait for them.
fn elsewhere(items: Items) -> mpsc::Receiver<Result<Item>> {
    let (sender, receiver) = mpsc::channel(ROWS_AHEAD);
    tokio::task::spawn_blocking(move || {
        for item in items {
            let is_last = item.is_err();
            if sender.blocking_send(item).is_err() || is_last {
                return;
            }
        }
    });
    receiver
}

struct Loader<'l> {
    connection: &'l mut Connection,
    pool: &'l Pool,
    numbers: &'l Sequences,
    catalog: &'l Arc<Catalog>,
    session: &'l Session,
    forms: Vec<Form>,
    rows: u64,
}

impl Waiting {
    fn new_row<'w>(&'w self, form: &'w Form) -> NewRow<'w> {
        NewRow { values: &self.values, drawn: &self.drawn, positions: &form.positions, kept: &self.kept }
    }
}

impl Loader<'_> {
    /// What is left to us of a row.
    fn work_out(&self, form: usize, row: &Waiting) -> Result<Vec<Value>> {
        let form = &self.forms[form];
        let table = self.catalog.table(form.target.table);
        form.left.work_out(table, row.new_row(form).columns(), self.session)
    }

    async fn load(mut self, items: Items) -> Done<u64> {
        let mut items = elsewhere(items);
        let mut waiting = Vec::with_capacity(ROWS_TOGETHER);
        let mut last = None;
        let mut stands = Vec::new();
        let mut tables = BTreeSet::new();
        while let Some(item) = items.recv().await {
            let (target, values) = match item? {
                Item::Row { target, values } => (target, values),
                Item::Sequence(stand) => {
                    stands.push(stand);
                    continue;
                }
            };
            let form = self.form(&target);
            if waiting.len() == ROWS_TOGETHER || last.is_some_and(|last| last != form) {
                self.add(last.unwrap_or(form), std::mem::take(&mut waiting)).await?;
            }
            last = Some(form);
            tables.insert(target.table);
            let mut row = Waiting { drawn: self.draw(form, &values).await?, values, kept: Vec::new() };
            row.kept = self.work_out(form, &row)?;
            waiting.push(row);
        }
        if let Some(form) = last {
            self.add(form, waiting).await?;
        }
        self.check_foreign_keys(&tables).await?;
        self.numbers.advance_all(self.pool, self.connection, self.catalog).await?;
        for stand in stands {
            let table = self.catalog.table(stand.table);
            self.numbers.advance_past(self.pool, table, stand.column, stand.last).await?;
        }
        Ok(self.rows)
    }

    async fn draw(&self, form: usize, values: &[NewValue]) -> Result<Vec<(u32, i64)>> {
        let form = &self.forms[form];
        let mut drawn = Vec::new();
        for sequence in &form.sequences {
            let position = form.positions[sequence.column as usize];
            if position.is_some_and(|position| values.get(position as usize) == Some(&NewValue::Identity)) {
                drawn.push((sequence.column, self.numbers.draw(self.pool, sequence).await?));
            }
        }
        Ok(drawn)
    }

    async fn add(&mut self, form: usize, waiting: Vec<Waiting>) -> Done<()> {
        let form = &self.forms[form];
        let values = Values::of(&[], self.session);
        let new: Vec<NewRow<'_>> = waiting.iter().map(|row| row.new_row(form)).collect();
        if let Some(many) = form.many.as_ref().filter(|_| new.len() == ROWS_TOGETHER) {
            let parameters = parameters_of_rows(many, &values, &new)?;
            match self.connection.write_with(many, parameters).await {
                Ok(_) => {
                    self.rows += new.len() as u64;
                    return Ok(());
                }
                // One of them is not taken: alone it says so.
                Err(failed) if constraint(&failed).is_some() => {}
                Err(failed) => return Err(failed),
            }
        }
        for new in new {
            match self.connection.write(&form.one, &Values { new: Some(new), ..values }).await {
                Ok(_) => self.rows += 1,
                Err(failed) if is_duplicate(&failed) && self.passes_over(form, &failed) => {}
                Err(failed) => {
                    let violation =
                        Violation { catalog: self.catalog, table: form.target.table, session: self.session };
                    return Err(violation.of_new(failed, &new).into());
                }
            }
        }
        Ok(())
    }

    /// Whether a duplicate is one that the target says to pass over.
    fn passes_over(&self, form: &Form, failed: &Failed) -> bool {
        let Some(wanted) = &form.target.on_conflict_do_nothing else { return false };
        let violation = Violation { catalog: self.catalog, table: form.target.table, session: self.session };
        wanted.is_empty() || violation.duplicated_key(failed).is_some_and(|columns| same(&columns, wanted))
    }

    /// The position of a target's form.
    fn form(&mut self, target: &Arc<Target>) -> usize {
        if let Some(known) = self.forms.iter().position(|form| form.target == *target) {
            return known;
        }
        let table = self.catalog.table(target.table);
        let mut positions = vec![None; table.columns.len()];
        for (position, column) in target.columns.iter().enumerate() {
            positions[*column as usize] = Some(position as u32);
        }
        let insert = |rows| Query::new(mysql::insert(self.catalog, target.table, &target.columns, rows));
        let fits = ROWS_TOGETHER * target.columns.len() <= PARAMETERS_MAX;
        let many = match target.on_conflict_do_nothing.is_none() && fits {
            true => Some(insert(ROWS_TOGETHER)),
            false => None,
        };
        self.forms.push(Form {
            target: Arc::clone(target),
            positions,
            sequences: sequences(table, target.columns.iter().copied()),
            left: Left::of(self.catalog, table),
            one: insert(1),
            many,
        });
        self.forms.len() - 1
    }

    /// Every reference of the rows that came must hold.
    async fn check_foreign_keys(&mut self, tables: &BTreeSet<TableId>) -> Done<()> {
        for table in tables.iter().map(|table| self.catalog.table(*table)) {
            for key in &table.foreign_keys {
                check_foreign_key(self.connection, self.catalog, table, key, self.session).await?;
            }
        }
        Ok(())
    }
}

/// Fails with `23503` for a row that refers to a row that is missing.
pub(crate) async fn check_foreign_key(
    connection: &mut Connection,
    catalog: &Catalog,
    table: &Table,
    key: &ForeignKey,
    session: &Session,
) -> Done<()> {
    let query = Query::new(mysql::unreferenced(connection.flavour, catalog, table, key)?);
    let mut broken = None;
    let wanted = Values::of(&[], session);
    let asked = connection.rows(&query, &wanted, |row| {
        let mut values = vec![Value::Null; table.columns.len()];
        for ((column, storage), item) in key.columns.iter().zip(&query.columns).zip(0..) {
            values[*column as usize] = row.with(item, storage, |datum| storage.decode(datum))?;
        }
        broken.get_or_insert(values);
        Ok(())
    });
    asked.await?;
    match broken {
        Some(row) => Err(missing(catalog, table, key, &row, session).into()),
        None => Ok(()),
    }
}

fn missing(catalog: &Catalog, table: &Table, key: &ForeignKey, row: &[Value], session: &Session) -> Problem {
    violation::missing_target(catalog, table, key, Some(row), session)
}

/// Whether two lists name the same columns.
fn same(one: &[u32], other: &[u32]) -> bool {
    one.len() == other.len() && one.iter().all(|column| other.contains(column))
}
