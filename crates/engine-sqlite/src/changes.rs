//! The feed of committed changes. While somebody listens, temporary triggers of the writing connection hand every row's
//! change to a function of ours; while nobody does, there are none and nothing is paid.
//!
//! Invariants: what a savepoint undoes is forgotten with it; what is published was committed, in commit order.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mainstay_base::{Clock, Result, SystemClock};
use mainstay_catalog::{Catalog, Table};
use mainstay_dialect::sqlite::storage::{Datum, Storage};
use mainstay_dialect::sqlite::{Sql, table_name};
use mainstay_dialect::{Constant, Quoting};
use mainstay_engine::{Change, ChangeKind, Changes};
use mainstay_expr::{TableId, Value};
use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ToSqlOutput;
use tokio::sync::broadcast;

use crate::bind;

/// The function that triggers call: a table's number, what the values are, the values.
const FUNCTION: &str = "mainstay_change";

/// Where listeners subscribe.
#[derive(Clone)]
pub(crate) struct Feed(Arc<Shared>);

struct Shared {
    sender: broadcast::Sender<Arc<Vec<Change>>>,
    /// The schema that plans were rendered for last.
    catalog: Mutex<Option<Arc<Catalog>>>,
}

impl Feed {
    /// A feed; a listener that falls more than `queue_max` transactions behind misses some and is told.
    pub fn new(queue_max: usize) -> Self {
        let sender = broadcast::Sender::new(queue_max.max(1));
        Self(Arc::new(Shared { sender, catalog: Mutex::default() }))
    }

    /// The changes of every transaction that begins from now on.
    pub fn subscribe(&self) -> Changes {
        self.0.sender.subscribe()
    }

    /// The schema that changes are told in from now on.
    pub fn speak_of(&self, catalog: &Arc<Catalog>) {
        *self.0.catalog.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(catalog));
    }

    /// The schema to watch, if anybody listens.
    fn wanted(&self) -> Option<Arc<Catalog>> {
        if self.0.sender.receiver_count() == 0 {
            return None;
        }
        self.0.catalog.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The writer's side.
pub(crate) struct Collector {
    feed: Feed,
    seen: Arc<Mutex<Vec<Seen>>>,
    /// The schema whose tables have triggers.
    watched: Option<Arc<Catalog>>,
    /// Whether the triggers are part of the open transaction, and go when it is undone.
    uncommitted: bool,
    /// Where the changes of the transactions to be committed end.
    ends: Vec<usize>,
    cursor: AtomicU64,
}

/// One call of the function.
struct Seen {
    table: TableId,
    what: What,
    values: Vec<Datum>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Inserted = 0,
    Deleted = 1,
    Before = 2,
    After = 3,
}

impl Collector {
    /// Registers the function on the writing connection.
    pub fn new(connection: &Connection, feed: Feed) -> rusqlite::Result<Self> {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let taken = Arc::clone(&seen);
        let flags = FunctionFlags::SQLITE_UTF8;
        connection.create_scalar_function(FUNCTION, -1, flags, move |context| {
            lock(&taken).push(take(context)?);
            Ok(ToSqlOutput::Owned(rusqlite::types::Value::Null))
        })?;
        // It grows from one start of the program to the next.
        let cursor = AtomicU64::new(u64::try_from(SystemClock.now_us()).unwrap_or_default());
        Ok(Self { feed, seen, watched: None, uncommitted: false, ends: Vec::new(), cursor })
    }

    /// To be called before a write: has triggers exactly while somebody listens.
    pub fn prepare(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let wanted = self.feed.wanted();
        match (&wanted, &self.watched) {
            (None, None) => return Ok(()),
            (Some(wanted), Some(watched)) if Arc::ptr_eq(wanted, watched) => return Ok(()),
            _ => self.stop(connection)?,
        }
        let Some(catalog) = wanted else { return Ok(()) };
        for table in catalog.tables.iter().filter(|table| !table.is_view()) {
            drop_triggers(connection, table)?;
            for trigger in triggers(table) {
                // A table that a migration has yet to create, or has removed, has no changes to tell.
                let _ = connection.execute_batch(&trigger);
            }
        }
        self.watched = Some(catalog);
        self.uncommitted = !connection.is_autocommit();
        Ok(())
    }

    /// Removes the triggers, also before the schema changes.
    pub fn stop(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let Some(catalog) = self.watched.take() else { return Ok(()) };
        for table in catalog.tables.iter().filter(|table| !table.is_view()) {
            drop_triggers(connection, table)?;
        }
        Ok(())
    }

    /// How much was seen so far, to come back to.
    pub fn mark(&self) -> usize {
        match self.watched {
            Some(_) => lock(&self.seen).len(),
            None => 0,
        }
    }

    /// What was seen since the mark was undone.
    pub fn undo(&mut self, mark: usize) {
        if self.watched.is_some() {
            lock(&self.seen).truncate(mark);
        }
    }

    /// The transaction of one write ends here.
    pub fn end(&mut self) {
        if self.watched.is_some() {
            self.ends.push(lock(&self.seen).len());
        }
    }

    /// Everything was undone.
    pub fn forget(&mut self) {
        self.ends.clear();
        if self.watched.is_some() {
            lock(&self.seen).clear();
        }
        if std::mem::take(&mut self.uncommitted) {
            self.watched = None;
        }
    }

    /// Everything was committed: listeners are told.
    pub fn publish(&mut self) {
        let Some(catalog) = &self.watched else { return };
        self.uncommitted = false;
        let seen = std::mem::take(&mut *lock(&self.seen));
        let mut seen = seen.into_iter();
        let mut start = 0;
        for end in self.ends.drain(..) {
            let transaction: Vec<Seen> = seen.by_ref().take(end - start).collect();
            start = end;
            if transaction.is_empty() {
                continue;
            }
            let cursor = self.cursor.fetch_add(1, Ordering::Relaxed) + 1;
            let changes = changes(catalog, cursor, transaction);
            // Nobody may be left to hear.
            let _ = self.feed.0.sender.send(Arc::new(changes));
        }
    }
}

fn lock(seen: &Mutex<Vec<Seen>>) -> MutexGuard<'_, Vec<Seen>> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

fn take(context: &Context<'_>) -> rusqlite::Result<Seen> {
    let (table, what): (u32, i64) = (context.get(0)?, context.get(1)?);
    let what = match what {
        0 => What::Inserted,
        1 => What::Deleted,
        2 => What::Before,
        _ => What::After,
    };
    let values = (2..context.len()).map(|position| bind::datum(context.get_raw(position)).to_owned());
    Ok(Seen { table: TableId(table), what, values: values.collect() })
}

fn changes(catalog: &Catalog, cursor: u64, seen: Vec<Seen>) -> Vec<Change> {
    let mut changes = Vec::with_capacity(seen.len());
    let mut before = Vec::new();
    for Seen { table, what, values } in seen {
        let values = decode(catalog.table(table), &values).unwrap_or_default();
        let (kind, old, new) = match what {
            What::Before => {
                before = values;
                continue;
            }
            What::Inserted => (ChangeKind::Insert, Vec::new(), values),
            What::After => (ChangeKind::Update, std::mem::take(&mut before), values),
            What::Deleted => (ChangeKind::Delete, values, Vec::new()),
        };
        changes.push(Change { cursor, table, kind, old, new });
    }
    changes
}

fn decode(table: &Table, values: &[Datum]) -> Result<Vec<Value>> {
    table
        .columns
        .iter()
        .zip(values)
        .map(|(column, datum)| Storage::of(&column.ty).decode(datum.as_ref()))
        .collect()
}

fn trigger_names(table: &Table) -> [String; 3] {
    ["insert", "update", "delete"].map(|event| format!("mainstay_{event}_{}", table.id.0))
}

fn drop_triggers(connection: &Connection, table: &Table) -> rusqlite::Result<()> {
    for name in trigger_names(table) {
        let sql = Sql::from("DROP TRIGGER IF EXISTS temp.").then(Sql::identifier(name));
        connection.execute_batch(&sql.finish(Quoting::Double).0)?;
    }
    Ok(())
}

fn triggers(table: &Table) -> [String; 3] {
    let [insert, update, delete] = trigger_names(table);
    let call = |row: &'static str, what: What| {
        let number = |number| Sql::constant(Constant::Int(number));
        let values =
            table.columns.iter().map(|column| Sql::from(row).then(Sql::identifier(column.name.clone())));
        let arguments = [number(i64::from(table.id.0)), number(what as i64)].into_iter().chain(values);
        Sql::from("SELECT ").then(FUNCTION).then(Sql::join(arguments, ", ").parenthesized()).then("; ")
    };
    let trigger = |name: String, event: &'static str, calls: Sql| {
        Sql::from("CREATE TEMP TRIGGER ")
            .then(Sql::identifier(name))
            .then(event)
            .then("main.")
            .then(Sql::identifier(table_name(table)))
            .then(" BEGIN ")
            .then(calls)
            .then("END")
            .finish(Quoting::Double)
            .0
    };
    let both = call("OLD.", What::Before).then(call("NEW.", What::After));
    [
        trigger(insert, " AFTER INSERT ON ", call("NEW.", What::Inserted)),
        trigger(update, " AFTER UPDATE ON ", both),
        trigger(delete, " AFTER DELETE ON ", call("OLD.", What::Deleted)),
    ]
}
