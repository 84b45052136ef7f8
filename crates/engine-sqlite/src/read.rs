//! Runs the reads of a tree on one connection, level by level, and writes the answer.

use mainstay_base::{Problem, Result};
use mainstay_dialect::sqlite::storage::{write_json, write_text};
use mainstay_dialect::storage::key;
use mainstay_engine::{Answer, Batch, Inputs, Job, LevelWriter, Levels, Output, Part, ValueForm};
use mainstay_expr::Zone;
use rusqlite::Row;
use rusqlite::types::ValueRef;

use crate::bind::{self, Values};
use crate::errors;
use crate::render::{KeyColumn, Query, RenderedLevel, RenderedRead, RenderedTotal, RenderedTree};
use crate::statement::Statements;

/// The bounds that answers are made under.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub bytes_max: usize,
}

/// Which rows the root of a tree is about.
#[derive(Clone, Copy)]
pub(crate) enum Root<'r> {
    /// Those that its select finds.
    All,
    /// Those with these rowids, in this order unless the select has one.
    Rows(&'r [i64]),
}

/// Runs a read.
pub(crate) fn run(
    statements: &mut Statements<'_>,
    read: &RenderedRead,
    job: &Job,
    bounds: Bounds,
) -> Result<Answer> {
    let values = Values::of(&job.inputs.slots, &job.inputs.session);
    let (body, rows) = tree(statements, &read.tree, &values, job.output, Root::All, bounds)?;
    let total = match &read.total {
        Some(total) => Some(count(statements, total, &values, rows)?),
        None => None,
    };
    Ok(Answer { body, rows, total, affected: rows, inserted: 0, told: None })
}

/// Reads all levels and writes the answer; the second part is the number of the root's rows.
pub(crate) fn tree(
    statements: &mut Statements<'_>,
    tree: &RenderedTree,
    values: &Values<'_>,
    output: Output,
    root: Root<'_>,
    bounds: Bounds,
) -> Result<(Vec<u8>, u64)> {
    let mut levels = Levels::new(&tree.shape, output, bounds.bytes_max);
    let zone = values.session.zone()?;
    for (number, level) in tree.levels.iter().enumerate() {
        let (keys, mut writer) = levels.level(number);
        let mut fetch = Fetch { level, writer: &mut writer, zone: &zone };
        match (keys, root) {
            (None, Root::All) => fetch.query(statements, &level.one, values, |_| Ok(None))?,
            (None, Root::Rows(rows)) => fetch.rows(statements, values, rows)?,
            (Some(keys), _) => fetch.children(statements, values, keys)?,
        }
    }
    let rows = levels.root_rows();
    Ok((levels.finish()?, rows))
}

/// Hands over the rows of a read without embeds as they are read, for as long as `send` takes them.
pub(crate) fn stream(
    statements: &mut Statements<'_>,
    read: &RenderedRead,
    inputs: &Inputs,
    send: &mut dyn FnMut(Batch) -> bool,
) -> Result<()> {
    let values = Values::of(&inputs.slots, &inputs.session);
    let [level] = read.tree.levels.as_slice() else {
        return Err(Problem::internal("a read with embeds cannot be streamed"));
    };
    let zone = values.session.zone()?;
    let mut levels = Levels::new(&read.tree.shape, Output::default(), usize::MAX);
    let (_, mut writer) = levels.level(0);
    let mut fetch = Fetch { level, writer: &mut writer, zone: &zone };
    let statement = statements.get(&level.one.sql).map_err(|error| errors::plain(&error))?;
    bind::query(statement, &level.one, &values)?;
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(|error| errors::plain(&error))? {
        fetch.writer.begin_root();
        fetch.row(&level.one, row)?;
        if let Some(batch) = fetch.writer.take_batch(false)
            && !send(batch)
        {
            return Ok(());
        }
    }
    if let Some(batch) = fetch.writer.take_batch(true) {
        send(batch);
    }
    Ok(())
}

/// Fetches the rows of one level.
struct Fetch<'f, 'l> {
    level: &'f RenderedLevel,
    writer: &'f mut LevelWriter<'l>,
    zone: &'f Zone,
}

impl Fetch<'_, '_> {
    /// The rows with these rowids.
    fn rows(&mut self, statements: &mut Statements<'_>, values: &Values<'_>, rows: &[i64]) -> Result<()> {
        match &self.level.many {
            Some(many) if rows.len() > 1 && self.level.ordered => {
                self.query(statements, many, &Values { rows, ..*values }, |_| Ok(None))
            }
            _ => {
                for row in rows.chunks(1) {
                    self.query(statements, &self.level.one, &Values { rows: row, ..*values }, |_| Ok(None))?;
                }
                Ok(())
            }
        }
    }

    /// The rows of all parents: with one statement for all keys, or one for each where rows without a match count too.
    fn children(
        &mut self,
        statements: &mut Statements<'_>,
        values: &Values<'_>,
        keys: &mainstay_engine::Keys,
    ) -> Result<()> {
        match &self.level.many {
            Some(many) if keys.len() > 1 => {
                let mut bytes = Vec::new();
                let level = self.level;
                self.query(statements, many, &Values { keys: Some(keys), ..*values }, |row| {
                    bytes.clear();
                    let columns = level.key_items.iter().zip(&level.key_storages);
                    for (item, storage) in columns {
                        if !key::push(&mut bytes, storage, bind::datum(get(row, *item)?)) {
                            return Ok(Some(None));
                        }
                    }
                    Ok(Some(keys.find(&bytes)))
                })
            }
            _ => {
                for number in 0..keys.len() as u32 {
                    let values = Values { key: keys.get(number), ..*values };
                    self.query(statements, &self.level.one, &values, |_| Ok(Some(Some(number))))?;
                }
                Ok(())
            }
        }
    }

    /// Runs a statement. `parent` finds the number of a row's key: outer `None` for the root, inner for a row that belongs to
    /// nothing that was asked for.
    fn query(
        &mut self,
        statements: &mut Statements<'_>,
        query: &Query,
        values: &Values<'_>,
        mut parent: impl FnMut(&Row<'_>) -> Result<Option<Option<u32>>>,
    ) -> Result<()> {
        let statement = statements.get(&query.sql).map_err(|error| errors::plain(&error))?;
        bind::query(statement, query, values)?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(|error| errors::plain(&error))? {
            match parent(row)? {
                None => self.writer.begin_root(),
                Some(Some(key)) => self.writer.begin(key),
                Some(None) => continue,
            }
            self.row(query, row)?;
        }
        Ok(())
    }

    #[inline]
    fn row(&mut self, query: &Query, row: &Row<'_>) -> Result<()> {
        for part in self.writer.parts() {
            self.part(query, row, part)?;
        }
        let branches = &self.level.branches;
        self.writer.end(|branch, bytes| push_key(bytes, row, &branches[branch]))
    }

    #[inline]
    fn part(&mut self, query: &Query, row: &Row<'_>, part: &Part) -> Result<()> {
        let value = get(row, part.item)?;
        if value == ValueRef::Null {
            self.writer.null(part);
            return Ok(());
        }
        if let Some(inner) = part.inner() {
            self.writer.open(part);
            for part in inner {
                self.part(query, row, part)?;
            }
            self.writer.close(part);
            return Ok(());
        }
        let storage = &query.columns[part.item as usize];
        let zone = self.zone;
        self.writer.value(part, |out, form| match form {
            ValueForm::Json => write_json(storage, bind::datum(value), zone, out),
            ValueForm::Text => write_text(storage, bind::datum(value), zone, out),
        })
    }
}

/// Appends what ties a row to a level below; `false` when a part of it is NULL.
fn push_key(bytes: &mut Vec<u8>, row: &Row<'_>, columns: &[KeyColumn]) -> bool {
    columns.iter().all(|column| match get(row, column.item) {
        Ok(value) => column.push(bytes, bind::datum(value)),
        Err(_) => false,
    })
}

fn get<'r>(row: &'r Row<'_>, item: u32) -> Result<ValueRef<'r>> {
    row.get_ref(item as usize).map_err(|error| errors::plain(&error))
}

/// The number of all rows. It is known without asking when the page was not full.
fn count(
    statements: &mut Statements<'_>,
    total: &RenderedTotal,
    values: &Values<'_>,
    rows: u64,
) -> Result<u64> {
    if let Some(known) = total.page.known(values.slots, rows) {
        return Ok(known);
    }
    let statement = statements.get(&total.count.sql).map_err(|error| errors::plain(&error))?;
    bind::query(statement, &total.count, values)?;
    let mut found = statement.raw_query();
    let row = found.next().map_err(|error| errors::plain(&error))?;
    let count: i64 = match row {
        Some(row) => row.get(0).map_err(|error| errors::plain(&error))?,
        None => return Err(Problem::internal("a count gave no row")),
    };
    Ok(u64::try_from(count).unwrap_or_default())
}
