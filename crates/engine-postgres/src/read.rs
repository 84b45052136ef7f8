//! Runs the reads of a tree on one connection, level by level, and writes the answer.

use futures_util::TryStreamExt;
use mainstay_base::{Problem, Result};
use mainstay_engine::{Answer, Batch, Format, Inputs, Job, Keys, LevelWriter, Levels, Output, Part};
use mainstay_expr::Zone;
use mainstay_plan::ResultKind;
use tokio::sync::mpsc;
use tokio_postgres::Row;

use crate::bind::Values;
use crate::connection::{Connection, Failed};
use crate::explain;
use crate::output::{self, finish_array, push_element, push_key, raw};
use crate::render::{Counting, Query, RenderedLevel, RenderedRead, RenderedTotal, RenderedTree};

/// Runs a read.
pub(crate) async fn run(
    connection: &Connection,
    read: &RenderedRead,
    job: &Job,
    bytes_max: usize,
) -> std::result::Result<Answer, Failed> {
    let values = Values::of(&job.inputs.slots, &job.inputs.session);
    let (body, rows) = tree(connection, &read.tree, &values, job.output, bytes_max).await?;
    let total = match &read.total {
        Some(total) => Some(count(connection, total, &values, rows).await?),
        None => None,
    };
    Ok(Answer { body, rows, total, affected: rows, inserted: 0, told: None })
}

/// Reads all levels and writes the answer; the second part is the number of the root's rows.
pub(crate) async fn tree(
    connection: &Connection,
    tree: &RenderedTree,
    values: &Values<'_>,
    output: Output,
    bytes_max: usize,
) -> std::result::Result<(Vec<u8>, u64), Failed> {
    let level = &tree.levels[0];
    if tree.shape.result() == ResultKind::Document {
        return document(connection, &level.query, values).await;
    }
    let mut levels = Levels::new(&tree.shape, output, bytes_max);
    root(connection, level.query_for(output.format), level, values, &mut levels).await?;
    below(connection, tree, values, output, &mut levels).await?;
    let rows = levels.root_rows();
    Ok((levels.finish()?, rows))
}

/// Reads what a function of the database has made of all rows, and how many those were.
pub(crate) async fn document(
    connection: &Connection,
    query: &Query,
    values: &Values<'_>,
) -> std::result::Result<(Vec<u8>, u64), Failed> {
    let zone = values.session.zone()?;
    let rows = connection.all(query, values).await?;
    let Some(row) = rows.first() else { return Ok((Vec::new(), 0)) };
    let mut body = Vec::new();
    if let (Some(ty), Some(value)) = (query.columns.first(), raw(row, 0)?) {
        output::document(ty, value, &zone, &mut body)?;
    }
    let count = if query.columns.len() > 1 { output::count(raw(row, 1)?)? } else { 1 };
    Ok((body, count))
}

/// Reads rows of the root by a statement that yields its items.
pub(crate) async fn root(
    connection: &Connection,
    query: &Query,
    level: &RenderedLevel,
    values: &Values<'_>,
    levels: &mut Levels<'_>,
) -> std::result::Result<(), Failed> {
    let zone = values.session.zone()?;
    let (_, mut writer) = levels.level(0);
    let rows = connection.rows(query, values).await?;
    let mut rows = std::pin::pin!(rows);
    while let Some(row) = rows.try_next().await? {
        writer.begin_root();
        write_row(&mut writer, level, &row, &zone)?;
    }
    Ok(())
}

/// Reads the levels below a root whose rows are there.
pub(crate) async fn below(
    connection: &Connection,
    tree: &RenderedTree,
    values: &Values<'_>,
    output: Output,
    levels: &mut Levels<'_>,
) -> std::result::Result<(), Failed> {
    for number in 1..tree.levels.len() {
        level(connection, tree, number, values, output.format, levels).await?;
    }
    Ok(())
}

/// Reads one level below a root; those above it are there.
pub(crate) async fn level(
    connection: &Connection,
    tree: &RenderedTree,
    number: usize,
    values: &Values<'_>,
    format: Format,
    levels: &mut Levels<'_>,
) -> std::result::Result<(), Failed> {
    let zone = values.session.zone()?;
    let level = &tree.levels[number];
    let (Some(keys), mut writer) = levels.level(number) else { return Ok(()) };
    if keys.is_empty() {
        return Ok(());
    }
    let arrays = arrays(keys, level.key_items.len());
    let values = Values { keys: &arrays, ..*values };
    let rows = connection.rows(level.query_for(format), &values).await?;
    let mut rows = std::pin::pin!(rows);
    let mut key = Vec::new();
    while let Some(row) = rows.try_next().await? {
        key.clear();
        if !push_keys(&level.query, &row, &level.key_items, &mut key)? {
            continue;
        }
        let Some(number) = keys.find(&key) else { continue };
        writer.begin(number);
        write_row(&mut writer, level, &row, &zone)?;
    }
    Ok(())
}

/// Hands over the rows of a read without embeds as they are read, for as long as they are taken.
pub(crate) async fn stream(
    connection: &Connection,
    read: &RenderedRead,
    inputs: &Inputs,
    batches: &mpsc::Sender<Batch>,
) -> std::result::Result<(), Failed> {
    let values = Values::of(&inputs.slots, &inputs.session);
    let [level] = read.tree.levels.as_slice() else {
        return Err(Problem::internal("a read with embeds cannot be streamed").into());
    };
    let zone = inputs.session.zone()?;
    let mut levels = Levels::new(&read.tree.shape, Output::default(), usize::MAX);
    let (_, mut writer) = levels.level(0);
    let rows = connection.rows(&level.query, &values).await?;
    let mut rows = std::pin::pin!(rows);
    while let Some(row) = rows.try_next().await? {
        writer.begin_root();
        write_row(&mut writer, level, &row, &zone)?;
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

fn write_row(writer: &mut LevelWriter<'_>, level: &RenderedLevel, row: &Row, zone: &Zone) -> Result<()> {
    for part in writer.parts() {
        write_part(writer, &level.query, row, part, zone)?;
    }
    let mut broken = None;
    writer.end(|branch, bytes| {
        push_keys(&level.query, row, &level.branches[branch], bytes).unwrap_or_else(|problem| {
            broken = Some(problem);
            false
        })
    })?;
    broken.map_or(Ok(()), Err)
}

fn write_part(
    writer: &mut LevelWriter<'_>,
    query: &Query,
    row: &Row,
    part: &Part,
    zone: &Zone,
) -> Result<()> {
    let Some(value) = raw(row, part.item as usize)? else {
        writer.null(part);
        return Ok(());
    };
    if let Some(inner) = part.inner() {
        writer.open(part);
        for part in inner {
            write_part(writer, query, row, part, zone)?;
        }
        writer.close(part);
        return Ok(());
    }
    let ty = &query.columns[part.item as usize];
    writer.value(part, |out, form| output::write(ty, value, zone, form, out))
}

/// Appends a key that stands in these items; `false` when a part of it is NULL. Several parts have their lengths before them.
fn push_keys(query: &Query, row: &Row, items: &[u32], bytes: &mut Vec<u8>) -> Result<bool> {
    for item in items {
        let Some(value) = raw(row, *item as usize)? else { return Ok(false) };
        let start = bytes.len();
        push_key(&query.columns[*item as usize], value, bytes)?;
        if items.len() > 1 {
            let length = (bytes.len() - start) as u32;
            bytes.splice(start..start, length.to_be_bytes());
        }
    }
    Ok(true)
}

/// The keys' columns as arrays.
pub(crate) fn arrays(keys: &Keys, columns: usize) -> Vec<String> {
    let mut arrays = vec![String::new(); columns];
    for mut key in keys.iter() {
        if let [only] = arrays.as_mut_slice() {
            push_element(only, key);
            continue;
        }
        for array in &mut arrays {
            let Some((length, rest)) = key.split_first_chunk::<4>() else { break };
            let length = (u32::from_be_bytes(*length) as usize).min(rest.len());
            push_element(array, &rest[..length]);
            key = &rest[length..];
        }
    }
    arrays.into_iter().map(finish_array).collect()
}

/// The number of all rows. Where it is counted, it is known without asking when the page was not full.
async fn count(
    connection: &Connection,
    total: &RenderedTotal,
    values: &Values<'_>,
    rows: u64,
) -> std::result::Result<u64, Failed> {
    let counted = match (&total.count, total.page.known(values.slots, rows)) {
        (Counting::Planned(all), _) => return explain::expected(connection, all, values).await,
        (Counting::Exact(_), Some(known)) => return Ok(known),
        (Counting::Estimated { up_to, .. }, Some(known)) if known <= *up_to => return Ok(known),
        (Counting::Exact(query) | Counting::Estimated { limited: query, .. }, _) => {
            let found = connection.all(query, values).await?;
            let row = found.first().ok_or_else(|| Problem::internal("a count gave no row"))?;
            output::count(raw(row, 0)?)?
        }
    };
    match &total.count {
        Counting::Estimated { all, up_to, .. } if counted > *up_to => {
            Ok(counted.max(explain::expected(connection, all, values).await?))
        }
        _ => Ok(counted),
    }
}
