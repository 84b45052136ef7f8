//! The database that is filled: empty and in the source's shape before, marked meanwhile, and whole at the end.
//!
//! Until a copy is whole the applied schema begins with a line that says so. That line is what an interrupted copy is known by,
//! and what keeps a half filled database from being served.

use std::sync::Arc;

use mainstay_catalog::Catalog;
use mainstay_engine::Engine;
use sha2::{Digest, Sha256};

use super::layout::Layout;
use super::order::LoadOrder;
use super::{Database, Source, Start};
use crate::failure::{Failure, Result};
use crate::progress::Progress;
use crate::schema;

/// A database that is ready to take rows.
pub struct Prepared {
    /// Its schema for now: without the foreign keys that come last.
    pub catalog: Arc<Catalog>,
    /// In which order its tables are filled, and whence the rows are that they lack; and how many they have.
    pub order: LoadOrder,
    pub starts: Vec<(Start, u64)>,
    /// Whether an earlier copy had begun.
    pub resumed: bool,
}

/// Brings a database into the source's shape, or finds how far an earlier copy came.
///
/// # Errors
/// When it holds something else: nothing of it is touched.
pub async fn prepare(source: &dyn Source, to: &Arc<dyn Engine>, restart: bool) -> Result<Prepared> {
    let order = LoadOrder::of(source.catalog());
    let mark = mark(source);
    let text = format!("{mark}\n{}", order.without_late_keys(source.schema()));
    let catalog = schema::read_applied(&text)?;
    let mut applied = to.applied_schema().await?.unwrap_or_default();
    let unfinished = schema::unfinished_copy(&applied);
    if unfinished && restart {
        schema::clear(to.as_ref()).await?;
        applied.clear();
    } else if unfinished {
        return resume(to, (&applied, &mark), catalog, order).await;
    }
    let present = schema::read_applied(&applied)?;
    refuse_rows(to, &applied, &present).await?;
    let is_bare = present.tables.is_empty();
    let migration = mainstay_migrate::diff(&present, &catalog);
    if !is_bare && !mainstay_migrate::diff(&present, source.catalog()).steps.is_empty() {
        return Err(Failure::new(
            "the database that is to be filled has another schema\n  hint: copy into one that is empty",
        ));
    }
    to.migrate(&migration, &text, &|_, _| {}).await?;
    let starts = order.tables.iter().map(|_| (Start::First, 0)).collect();
    Ok(Prepared { catalog, order, starts, resumed: false })
}

async fn resume(
    to: &Arc<dyn Engine>,
    (applied, mark): (&str, &str),
    catalog: Arc<Catalog>,
    order: LoadOrder,
) -> Result<Prepared> {
    if applied.lines().next() != Some(mark) {
        return Err(Failure::new(
            "a copy of something else, or of another schema, was begun here and not finished\n  \
             hint: go on with that one, or drop what it left with `--restart`",
        ));
    }
    // A snapshot sees no row that is added after it.
    let mut present = Database::of(Arc::clone(to), mark, applied).await?;
    let mut starts = Vec::new();
    for table in &order.tables {
        starts.push(present.end_of(&Layout::new(catalog.table(*table))).await?);
    }
    Ok(Prepared { catalog, order, starts, resumed: true })
}

/// Adds what comes last: the foreign keys of circles, and the sequences' positions.
pub async fn finish(source: &dyn Source, to: &dyn Engine, prepared: &Prepared) -> Result<()> {
    let migration = mainstay_migrate::diff(&prepared.catalog, source.catalog());
    let progress = Progress::new("adding foreign keys");
    to.migrate(&migration, source.schema(), &|done, total| progress.report(done, total)).await?;
    Ok(())
}

async fn refuse_rows(to: &Arc<dyn Engine>, applied: &str, present: &Catalog) -> Result<()> {
    if present.tables.is_empty() {
        return Ok(());
    }
    let mut database = Database::of(Arc::clone(to), "", applied).await?;
    for table in present.tables.iter().filter(|table| !table.is_view()) {
        let layout = Layout::new(table);
        let rows = database.count(&layout).await?;
        if rows > 0 {
            return Err(Failure::new(format!(
                "the database that is to be filled is not empty: {} has {}\n  hint: copy into one that is empty",
                layout.name,
                crate::words::counted(rows, "row")
            )));
        }
    }
    Ok(())
}

/// The line that marks an unfinished copy: what it is of.
fn mark(source: &dyn Source) -> String {
    let mut hash = Sha256::new();
    hash.update(source.identity());
    hash.update([0]);
    hash.update(source.schema());
    let digest: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}{digest}", schema::UNFINISHED_COPY)
}
