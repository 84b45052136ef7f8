//! One state of a database as a source of rows.

use std::sync::Arc;

use mainstay_base::{Clock, Problem, Result, SystemClock};
use mainstay_catalog::Catalog;
use mainstay_engine::{Batch, Engine, Inputs, Running, Sequence, Snapshot};
use mainstay_expr::{Session, Value};
use tokio::sync::mpsc;

use super::layout::{Layout, Reading};
use super::row::Reader;
use super::{BATCHES, Named, Source, Start};
use crate::failure::{self, Failure};
use crate::schema;

/// One state of a database.
pub struct Database {
    engine: Arc<dyn Engine>,
    name: String,
    text: String,
    catalog: Arc<Catalog>,
    snapshot: Box<dyn Snapshot>,
}

impl Database {
    /// The newest state, in the shape that was applied last.
    pub async fn open((engine, url): Named<'_>) -> failure::Result<Self> {
        loop {
            let before = engine.applied_schema().await?;
            let snapshot = engine.snapshot().await?;
            // A migration between the two would show rows of one shape and speak of another.
            if engine.applied_schema().await? != before {
                continue;
            }
            if let Some(text) = &before
                && schema::unfinished_copy(text)
            {
                return Err(schema::refuse_unfinished());
            }
            let Some(text) = before.filter(|text| !text.is_empty()) else {
                return Err(Failure::new(format!("{url} holds no schema: there is nothing to copy")));
            };
            let catalog = schema::read_applied(&text)?;
            return Ok(Self { engine: Arc::clone(engine), name: url.to_owned(), text, catalog, snapshot });
        }
    }

    /// The newest state of a database that is known to have this schema, finished or not.
    pub async fn of(engine: Arc<dyn Engine>, name: &str, text: &str) -> failure::Result<Self> {
        let (catalog, snapshot) = (schema::read_applied(text)?, engine.snapshot().await?);
        Ok(Self { engine, name: name.to_owned(), text: text.to_owned(), catalog, snapshot })
    }

    /// Where the rows of a table end that are there already, and how many they are.
    pub async fn end_of(&mut self, layout: &Layout) -> Result<(Start, u64)> {
        let count = self.count(layout).await?;
        if count == 0 {
            return Ok((Start::First, 0));
        }
        if !layout.has_key {
            return Ok((Start::Skip(count), count));
        }
        let last = self.only_row(layout, Reading::LastKey).await?;
        Ok((Start::After(Reader::new(layout).key(&last)?), count))
    }

    /// A read that yields one row.
    async fn only_row(&mut self, layout: &Layout, reading: Reading<'_>) -> Result<Vec<u8>> {
        let (sender, mut batches) = mpsc::channel(BATCHES);
        let read = self.stream(layout, reading, sender);
        let taken = async {
            let batch = batches.recv().await?;
            batch.rows().next().map(<[u8]>::to_vec)
        };
        let (read, row) = futures_util::future::join(read, taken).await;
        read?;
        row.ok_or_else(|| Problem::internal("a row was expected"))
    }

    async fn stream(
        &mut self,
        layout: &Layout,
        reading: Reading<'_>,
        batches: mpsc::Sender<Batch>,
    ) -> Result<()> {
        let prepared = self.engine.render(&self.catalog, &layout.plan(reading))?;
        let slots: Vec<Value> = match reading {
            Reading::Rows(Start::After(key)) => key.clone(),
            _ => Vec::new(),
        };
        let inputs = Inputs { slots, rows: Vec::new(), session: Session::of_owner(SystemClock.now_us()) };
        self.snapshot.stream(&prepared, inputs, batches).await
    }
}

impl Source for Database {
    fn name(&self) -> &str {
        &self.name
    }

    fn identity(&self) -> String {
        self.name.clone()
    }

    fn schema(&self) -> &str {
        &self.text
    }

    fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    fn rows<'a>(
        &'a mut self,
        layout: &'a Layout,
        start: &'a Start,
        batches: mpsc::Sender<Batch>,
    ) -> Running<'a, ()> {
        Box::pin(self.stream(layout, Reading::Rows(start), batches))
    }

    fn count<'a>(&'a mut self, layout: &'a Layout) -> Running<'a, u64> {
        Box::pin(async move {
            let row = self.only_row(layout, Reading::Count).await?;
            let row: serde_json::Value = serde_json::from_slice(&row).unwrap_or_default();
            row["count"].as_u64().ok_or_else(|| Problem::internal("a count was expected"))
        })
    }

    fn sequences(&mut self) -> Running<'_, Vec<Sequence>> {
        self.snapshot.sequences(&self.catalog)
    }
}
