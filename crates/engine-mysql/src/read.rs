//! Runs the reads of a tree on one connection, level by level, and writes the answer.

use mainstay_base::{Problem, Result};
use mainstay_dialect::mysql::storage::{Storage, write_json, write_text};
use mainstay_engine::{Answer, Batch, Inputs, Job, Keys, LevelWriter, Levels, Output, Part, ValueForm};
use mainstay_expr::Zone;
use tokio::sync::mpsc;

use crate::bind::Values;
use crate::connection::{Connection, Done};
use crate::output::Found;
use crate::pipeline::Pipeline;
use crate::render::{Query, RenderedLevel, RenderedRead, RenderedTotal, RenderedTree};
use mainstay_dialect::storage::key;

/// Runs a read.
pub(crate) async fn run(
    connection: &mut Connection,
    read: &RenderedRead,
    job: &Job,
    bytes_max: usize,
) -> Done<Answer> {
    let values = Values::of(&job.inputs.slots, &job.inputs.session);
    let (body, rows) = tree(connection, &read.tree, &values, job.output, bytes_max).await?;
    let total = match &read.total {
        Some(total) => Some(count(connection, total, &values, rows).await?),
        None => None,
    };
    Ok(Answer { body, rows, total, affected: rows, ..Answer::default() })
}

/// Runs a read whose answer are the rows of one query, on a connection that others use.
pub(crate) async fn shared(
    connection: &Pipeline,
    query: &Query,
    read: &RenderedRead,
    job: &Job,
    bytes_max: usize,
) -> Done<Answer> {
    let values = Values::of(&job.inputs.slots, &job.inputs.session);
    let zone = values.session.zone()?;
    let level = &read.tree.levels[0];
    let mut levels = Levels::new(&read.tree.shape, job.output, bytes_max);
    let (_, mut writer) = levels.level(0);
    let rows = connection.rows(query, &values, job.timeout, |row| {
        writer.begin_root();
        write_row(&mut writer, level, row, &zone)
    });
    rows.await?;
    let rows = levels.root_rows();
    Ok(Answer { body: levels.finish()?, rows, affected: rows, ..Answer::default() })
}

/// Reads all levels and writes the answer; the second part is the number of the root's rows.
pub(crate) async fn tree(
    connection: &mut Connection,
    tree: &RenderedTree,
    values: &Values<'_>,
    output: Output,
    bytes_max: usize,
) -> Done<(Vec<u8>, u64)> {
    let mut levels = Levels::new(&tree.shape, output, bytes_max);
    let zone = values.session.zone()?;
    for (number, level) in tree.levels.iter().enumerate() {
        let (keys, mut writer) = levels.level(number);
        if keys.is_some_and(Keys::is_empty) {
            continue;
        }
        let values = Values { keys, ..*values };
        let mut bytes = Vec::new();
        connection
            .rows(&level.query, &values, |row| {
                match keys {
                    None => writer.begin_root(),
                    Some(keys) => {
                        bytes.clear();
                        if !push_keys(level, row, &level.key_items, &mut bytes)? {
                            return Ok(());
                        }
                        let Some(number) = keys.find(&bytes) else { return Ok(()) };
                        writer.begin(number);
                    }
                }
                write_row(&mut writer, level, row, &zone)
            })
            .await?;
    }
    let rows = levels.root_rows();
    Ok((levels.finish()?, rows))
}

/// Hands over the rows of a read without embeds as they are read, for as long as they are taken.
pub(crate) async fn stream(
    connection: &mut Connection,
    read: &RenderedRead,
    inputs: &Inputs,
    batches: &mpsc::Sender<Batch>,
) -> Done<()> {
    let values = Values::of(&inputs.slots, &inputs.session);
    let [level] = read.tree.levels.as_slice() else {
        return Err(Problem::internal("a read with embeds cannot be streamed").into());
    };
    let zone = inputs.session.zone()?;
    let mut levels = Levels::new(&read.tree.shape, Output::default(), usize::MAX);
    let (_, mut writer) = levels.level(0);
    let mut rows = connection.cursor(&level.query, &values).await?;
    while let Some(row) = rows.next().await? {
        writer.begin_root();
        write_row(&mut writer, level, row.found(), &zone)?;
        if let Some(batch) = writer.take_batch(false)
            && batches.send(batch).await.is_err()
        {
            return Ok(());
        }
    }
    if let Some(batch) = writer.take_batch(true) {
        // Nobody may want it any more.
        let _ = batches.send(batch).await;
    }
    Ok(())
}

/// Writes a row of a level.
fn write_row(writer: &mut LevelWriter<'_>, level: &RenderedLevel, row: Found<'_>, zone: &Zone) -> Result<()> {
    for part in writer.parts() {
        write_part(writer, &level.query.columns, row, part, zone)?;
    }
    let mut broken = None;
    writer.end(|branch, bytes| {
        push_keys(level, row, &level.branches[branch], bytes).unwrap_or_else(|problem| {
            broken = Some(problem);
            false
        })
    })?;
    broken.map_or(Ok(()), Err)
}

fn write_part(
    writer: &mut LevelWriter<'_>,
    columns: &[Storage],
    row: Found<'_>,
    part: &Part,
    zone: &Zone,
) -> Result<()> {
    if row.is_null(part.item)? {
        writer.null(part);
        return Ok(());
    }
    if let Some(inner) = part.inner() {
        writer.open(part);
        for part in inner {
            write_part(writer, columns, row, part, zone)?;
        }
        writer.close(part);
        return Ok(());
    }
    let storage = &columns[part.item as usize];
    writer.value(part, |out, form| {
        row.with(part.item, storage, |datum| match form {
            ValueForm::Json => write_json(storage, datum, zone, out),
            ValueForm::Text => write_text(storage, datum, zone, out),
        })
    })
}

/// Appends a key that stands in these items; `false` when a part of it is NULL.
fn push_keys(level: &RenderedLevel, row: Found<'_>, items: &[u32], bytes: &mut Vec<u8>) -> Result<bool> {
    for item in items {
        let storage = &level.query.columns[*item as usize];
        if !row.with(*item, storage, |datum| Ok(key::push(bytes, storage, datum)))? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The number of all rows. It is known without asking when the page was not full.
async fn count(
    connection: &mut Connection,
    total: &RenderedTotal,
    values: &Values<'_>,
    rows: u64,
) -> Done<u64> {
    if let Some(known) = total.page.known(values.slots, rows) {
        return Ok(known);
    }
    let mut count = 0;
    connection
        .rows(&total.count, values, |row| {
            count = row.count(0)?;
            Ok(())
        })
        .await?;
    Ok(count)
}
