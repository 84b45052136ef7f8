//! Rows into a database: read, decoded and written at the same time, a transaction for some megabytes of them.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use mainstay_base::{Clock, Problem, Result, SystemClock};
use mainstay_engine::{Batch, Engine, Item, Items, NewValue, Target};
use mainstay_expr::Session;
use tokio::sync::mpsc;

use super::layout::Layout;
use super::prepare::Prepared;
use super::report::{Report, TableReport};
use super::row::Reader;
use super::{BATCHES, Source};
use crate::failure;

/// What is written in one transaction, measured as it travels, in bytes: what is lost when a copy is interrupted.
const TRANSACTION_BYTES: usize = 16 << 20;

/// What was written.
#[derive(Debug, Default)]
pub struct Filled {
    /// Rows.
    pub rows: u64,
    /// Bytes, as they travelled.
    pub bytes: u64,
}

/// Fills the tables, and sets the sequences.
pub async fn fill(
    source: &mut dyn Source,
    to: &Arc<dyn Engine>,
    prepared: &Prepared,
    report: &Report,
) -> failure::Result<Filled> {
    let (tables, to_decode) = mpsc::channel(1);
    let (decoded, ready) = sync_channel(BATCHES);
    let state = Arc::new(Mutex::new(State { ready, current: None, ended: false, filled: Filled::default() }));
    let decoding = tokio::task::spawn_blocking(move || decode(to_decode, &decoded));
    let read = read(source, prepared, report, tables);
    let write = async {
        let written = write(to, prepared, &state).await;
        // Nobody takes rows any more: whoever reads them is to end.
        lock(&state).ready = sync_channel(0).1;
        written
    };
    let (read, written) = futures_util::future::join(read, write).await;
    decoding.await.map_err(|_| Problem::internal("the rows could not be decoded"))?;
    let place = lock(&state).current.as_ref().map(|current| current.table.told.name().to_owned());
    // What the reader says is the cause of what the writer says.
    read?;
    written.map_err(|problem| match &place {
        Some(table) => failure::Failure::from(problem).within(table),
        None => problem.into(),
    })?;
    let sequences: Vec<_> = source.sequences().await?.into_iter().map(|it| Ok(Item::Sequence(it))).collect();
    to.load_rows(
        &prepared.catalog,
        &Session::of_owner(SystemClock.now_us()),
        Box::new(sequences.into_iter()),
    )
    .await?;
    Ok(std::mem::take(&mut lock(&state).filled))
}

/// A table that is read, and whither its rows go.
struct Table {
    layout: Layout,
    target: Arc<Target>,
    told: TableReport,
}

/// Reads the tables one after the other.
async fn read(
    source: &mut dyn Source,
    prepared: &Prepared,
    report: &Report,
    tables: mpsc::Sender<(Arc<Table>, mpsc::Receiver<Batch>)>,
) -> Result<()> {
    for (table, (start, present)) in prepared.order.tables.iter().zip(&prepared.starts) {
        let layout = Layout::new(source.catalog().table(*table));
        let target = Target {
            table: *table,
            columns: layout.columns.iter().map(|column| column.position).collect(),
            on_conflict_do_nothing: None,
        };
        let total = source.count(&layout).await?;
        let told = report.table(&layout.name, *present, total);
        let (sender, batches) = mpsc::channel(BATCHES);
        let table = Arc::new(Table { layout, target: Arc::new(target), told });
        if tables.send((Arc::clone(&table), batches)).await.is_err() {
            // Nobody takes rows any more, and will say why.
            return Ok(());
        }
        source.rows(&table.layout, start, sender).await?;
    }
    Ok(())
}

/// Some decoded rows, and how large they were.
struct Decoded {
    table: Arc<Table>,
    rows: std::vec::IntoIter<Vec<NewValue>>,
    bytes: usize,
    /// Whether they are the table's last: then there are none.
    is_end: bool,
}

fn decode(
    mut tables: mpsc::Receiver<(Arc<Table>, mpsc::Receiver<Batch>)>,
    decoded: &SyncSender<Result<Decoded>>,
) {
    while let Some((table, mut batches)) = tables.blocking_recv() {
        let reader = Reader::new(&table.layout);
        let ready = |rows: Vec<_>, bytes, is_end| Decoded {
            table: Arc::clone(&table),
            rows: rows.into_iter(),
            bytes,
            is_end,
        };
        let values = |row: &[u8]| -> Result<Vec<NewValue>> {
            Ok(reader.values(row)?.into_iter().map(NewValue::Value).collect())
        };
        while let Some(batch) = batches.blocking_recv() {
            let rows = batch.rows().map(values).collect::<Result<Vec<_>>>();
            let done = rows.map(|rows| ready(rows, batch.size(), false));
            let is_last = done.is_err();
            if decoded.send(done).is_err() || is_last {
                return;
            }
        }
        if decoded.send(Ok(ready(Vec::new(), 0, true))).is_err() {
            return;
        }
    }
}

/// Writes what is decoded, until nothing comes any more.
async fn write(to: &Arc<dyn Engine>, prepared: &Prepared, state: &Arc<Mutex<State>>) -> Result<()> {
    loop {
        let items: Items = Box::new(Chunk { state: Arc::clone(state), left: TRANSACTION_BYTES });
        to.load_rows(&prepared.catalog, &Session::of_owner(SystemClock.now_us()), items).await?;
        if lock(state).ended {
            return Ok(());
        }
    }
}

/// The rows on their way, through all transactions.
struct State {
    ready: Receiver<Result<Decoded>>,
    current: Option<Decoded>,
    ended: bool,
    filled: Filled,
}

/// The rows of one transaction.
struct Chunk {
    state: Arc<Mutex<State>>,
    left: usize,
}

impl Iterator for Chunk {
    type Item = Result<Item>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut state = lock(&self.state);
        loop {
            if let Some(current) = &mut state.current
                && let Some(values) = current.rows.next()
            {
                return Some(Ok(Item::Row { target: Arc::clone(&current.table.target), values }));
            }
            if self.left == 0 {
                return None;
            }
            match state.ready.recv() {
                Ok(Ok(decoded)) => {
                    self.left = self.left.saturating_sub(decoded.bytes);
                    state.filled.rows += decoded.rows.len() as u64;
                    state.filled.bytes += decoded.bytes as u64;
                    match decoded.is_end {
                        true => decoded.table.told.end(),
                        false => decoded.table.told.add(decoded.rows.len() as u64),
                    }
                    state.current = Some(decoded);
                }
                Ok(Err(problem)) => {
                    state.current = None;
                    return Some(Err(problem));
                }
                Err(_) => {
                    state.ended = true;
                    return None;
                }
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
