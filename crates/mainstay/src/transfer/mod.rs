//! Everything that a database holds, moved elsewhere: from a database or an archive into a database or an archive.
//!
//! Rows travel as the JSON objects that answers show them as, in the order of their table's key, a few at a time. Whatever they
//! come from is a [`Source`], and is compared with what they became, row by row. It knows no engine.

mod archive;
mod database;
mod difference;
mod fill;
mod layout;
mod order;
mod prepare;
mod report;
mod row;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use mainstay_catalog::Catalog;
use mainstay_engine::{Batch, Engine, Running, Sequence};
use mainstay_expr::Value;
use tokio::sync::mpsc;

use crate::failure::{Failure, Result};
use crate::words::counted;
use archive::{Archive, ArchiveWriter};
use database::Database;
use layout::Layout;
use report::Report;

/// Batches that wait for whoever takes them.
const BATCHES: usize = 4;

/// Where rows come from. All that it gives belongs to one state.
trait Source: Send {
    /// What people call it.
    fn name(&self) -> &str;

    /// What tells it from other sources; a copy goes on only with the one that it began with.
    fn identity(&self) -> String;

    /// The schema's text.
    fn schema(&self) -> &str;

    /// The schema.
    fn catalog(&self) -> &Arc<Catalog>;

    /// The rows of a table in the order of its key, from a place on.
    fn rows<'a>(
        &'a mut self,
        layout: &'a Layout,
        start: &'a Start,
        batches: mpsc::Sender<Batch>,
    ) -> Running<'a, ()>;

    /// How many rows a table has.
    fn count<'a>(&'a mut self, layout: &'a Layout) -> Running<'a, u64>;

    /// Where sequences stand; tables are those of the catalog.
    fn sequences(&mut self) -> Running<'_, Vec<Sequence>>;
}

/// Where the rows of a table begin that are still to come.
#[derive(Debug, Clone, PartialEq)]
enum Start {
    /// At the first.
    First,
    /// After the one with this key.
    After(Vec<Value>),
    /// After so many: the table has no key.
    Skip(u64),
}

/// A database and what it is called.
pub type Named<'n> = (&'n Arc<dyn Engine>, &'n str);

/// Copies a database into another one, and compares what came of it with what was there.
pub async fn copy(from: Named<'_>, to: Named<'_>, restart: bool) -> Result<()> {
    let mut source = Database::open(from).await?;
    println!("copying {} to {}", source.name(), to.1);
    into_database(&mut source, to, restart).await
}

/// Writes a database into an archive, and reads that back.
pub async fn dump(from: Named<'_>, file: &Path) -> Result<()> {
    let began = Instant::now();
    let mut source = Database::open(from).await?;
    let to_standard_output = file == Path::new("-");
    let report = Report::new(if to_standard_output { report::Lines::Error } else { report::Lines::Output });
    let catalog = Arc::clone(source.catalog());
    let mut writer = ArchiveWriter::create(file, &source)?;
    let mut rows = 0;
    let order = order::LoadOrder::of(&catalog);
    for table in &order.tables {
        let layout = Layout::new(catalog.table(*table));
        let total = source.count(&layout).await?;
        rows += writer.table(&mut source, &layout, report.table(&layout.name, 0, total)).await?;
    }
    for sequence in source.sequences().await? {
        writer.sequence(&catalog, &sequence)?;
    }
    let bytes = writer.finish()?;
    report.end("dumped", rows, order.tables.len(), bytes, began);
    if !to_standard_output {
        Archive::open(file)?.check()?;
        report.say(&format!("{} was read back: every checksum is right", file.display()));
    }
    Ok(())
}

/// Fills a database from an archive, and compares the two. The database is opened when the archive is known to be whole.
pub async fn restore(
    file: &Path,
    open: impl FnOnce() -> Result<(Arc<dyn Engine>, String)>,
    restart: bool,
) -> Result<()> {
    let mut source = Archive::open(file)?.check()?;
    let (to, name) = open()?;
    println!("restoring {} into {name}", source.name());
    into_database(&mut source, (&to, &name), restart).await?;
    Ok(to.close().await?)
}

async fn into_database(source: &mut dyn Source, to: Named<'_>, restart: bool) -> Result<()> {
    let began = Instant::now();
    let report = Report::new(report::Lines::Output);
    let prepared = prepare::prepare(source, to.0, restart).await?;
    if prepared.resumed {
        report.say("an earlier copy was interrupted; this one goes on where it was");
    }
    let filled = fill::fill(source, to.0, &prepared, &report).await?;
    prepare::finish(source, to.0.as_ref(), &prepared).await?;
    report.end("copied", filled.rows, prepared.order.tables.len(), filled.bytes, began);
    let mut copy = Database::open(to).await?;
    compare(source, &mut copy, &report).await
}

async fn compare(source: &mut dyn Source, copy: &mut Database, report: &Report) -> Result<()> {
    let began = Instant::now();
    let catalog = Arc::clone(source.catalog());
    let (mut rows, mut tables, mut differing) = (0, 0, Vec::new());
    for table in &order::LoadOrder::of(&catalog).tables {
        let layout = Layout::new(catalog.table(*table));
        let found = difference::of_table(source, copy, &layout, report).await?;
        rows += found.rows;
        tables += 1;
        if found.count > 0 {
            report.say(&found.describe(&layout, source.name(), copy.name()));
            differing.push(layout.name);
        }
    }
    if differing.is_empty() {
        report.say(&format!(
            "compared {} of {} in {:.1} s: both sides are equal",
            counted(rows, "row"),
            counted(tables as u64, "table"),
            began.elapsed().as_secs_f64()
        ));
        return Ok(());
    }
    Err(Failure::new(format!(
        "the two sides differ in {}: {}\n  hint: rows of the source that were written between an interruption and its \
         resumption are not copied; `--restart` begins anew",
        counted(differing.len() as u64, "table"),
        differing.join(", ")
    )))
}
