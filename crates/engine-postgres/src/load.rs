//! Loads many rows in one transaction, without plans and policies: seeds, imports and copies of databases.
//!
//! Rows of one kind that are many go by COPY, all others by INSERT.

use std::collections::{BTreeSet, HashMap};
use std::pin::Pin;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::SinkExt;
use futures_util::future::join_all;
use mainstay_base::Result;
use mainstay_catalog::Catalog;
use mainstay_dialect::postgres::{self, identity_sequence};
use mainstay_engine::{Item, Items, NewValue, Target};
use mainstay_expr::{Session, TableId};
use tokio::sync::mpsc;
use tokio_postgres::CopyInSink;

use crate::bind::{NewRow, Values};
use crate::connection::{Connection, Failed};
use crate::errors;
use crate::pool::Lease;
use crate::render::Query;

/// Rows that are on their way at once.
const ROWS_AT_ONCE: usize = 256;

/// What is sent at once of rows that are copied, in bytes.
const COPIED_AT_ONCE: usize = 128 << 10;

type Done<T> = std::result::Result<T, Failed>;

/// How rows of one target are written.
struct Form {
    target: Arc<Target>,
    positions: Vec<Option<u32>>,
    /// By which of its columns draw numbers.
    inserts: HashMap<Vec<u32>, Query>,
}

/// Rows of one form and with the same drawn columns, on their way by COPY.
struct Copying {
    form: usize,
    drawn: Vec<u32>,
    sink: Pin<Box<CopyInSink<Bytes>>>,
    /// What is to be sent.
    text: BytesMut,
}

/// Loads everything or nothing.
pub(crate) async fn run(
    lease: Lease,
    catalog: &Arc<Catalog>,
    session: &Session,
    items: Items,
) -> Result<u64> {
    let connection = lease.connection()?;
    let plain = |error: tokio_postgres::Error| errors::plain(&error);
    connection.begin_long("BEGIN").await.map_err(plain)?;
    let told = |failed| match failed {
        Failed::Postgres(error) => errors::of_write(&error, catalog, session),
        Failed::Problem(problem) => problem,
    };
    let mut done = load(connection, catalog, session, items).await.map_err(told);
    if done.is_ok()
        && let Err(error) = connection.control("COMMIT").await
    {
        done = Err(told(error.into()));
    }
    if done.is_err() {
        connection.control("ROLLBACK").await.map_err(plain)?;
    }
    lease.finish();
    done
}

async fn load(connection: &Connection, catalog: &Arc<Catalog>, session: &Session, items: Items) -> Done<u64> {
    let keys = postgres::defer_foreign_keys(catalog);
    for statement in &keys.defer {
        connection.client.batch_execute(&statement.text).await?;
    }
    let mut loader = Loader { connection, catalog, session, forms: Vec::new(), copying: None, rows: 0 };
    let mut items = elsewhere(items);
    let mut waiting = Vec::with_capacity(ROWS_AT_ONCE);
    let mut sequences = Vec::new();
    while let Some(item) = items.recv().await {
        match item? {
            Item::Row { target, values } => waiting.push((target, values)),
            Item::Sequence(sequence) => sequences.push(sequence),
        }
        if waiting.len() == ROWS_AT_ONCE {
            loader.add(std::mem::take(&mut waiting)).await?;
        }
    }
    loader.add(waiting).await?;
    loader.end_copying().await?;
    let rows = loader.rows;
    let filled: BTreeSet<TableId> = loader.forms.iter().map(|form| form.target.table).collect();
    // What was put off is checked here, and what the schema says of it holds again.
    for statement in &keys.restore {
        connection.client.batch_execute(&statement.text).await?;
    }
    for table in filled.into_iter().map(|table| catalog.table(table)) {
        advance_of(connection, table).await?;
    }
    for sequence in sequences {
        advance(connection, catalog.table(sequence.table), sequence.column, Some(sequence.last)).await?;
    }
    Ok(rows)
}

/// Asks for the items on a thread that may wait for them.
fn elsewhere(items: Items) -> mpsc::Receiver<Result<Item>> {
    let (sender, receiver) = mpsc::channel(ROWS_AT_ONCE);
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
    connection: &'l Connection,
    catalog: &'l Arc<Catalog>,
    session: &'l Session,
    forms: Vec<Form>,
    copying: Option<Copying>,
    rows: u64,
}

type Rows = Vec<(Arc<Target>, Vec<NewValue>)>;

impl Loader<'_> {
    async fn add(&mut self, rows: Rows) -> Done<()> {
        match self.kind(&rows) {
            Some((form, drawn)) => self.copy(form, drawn, rows).await,
            None => {
                self.end_copying().await?;
                self.insert(rows).await
            }
        }
    }

    /// The form and the drawn columns of rows that are to go by COPY.
    fn kind(&mut self, rows: &Rows) -> Option<(usize, Vec<u32>)> {
        let (target, values) = rows.first().filter(|_| rows.len() == ROWS_AT_ONCE)?;
        let drawn = drawn(target, values);
        let is_plain = target.on_conflict_do_nothing.is_none()
            && drawn.len() < target.columns.len()
            && !self.catalog.table(target.table).is_view()
            // COPY is prepared, and what is prepared must end on the connection where it began.
            && self.connection.prepares();
        let is_same = |(other, values): &(Arc<Target>, Vec<NewValue>)| {
            (Arc::ptr_eq(other, target) || other == target) && self::drawn(target, values) == drawn
        };
        (is_plain && rows.iter().all(is_same)).then(|| (self.form(target), drawn))
    }

    async fn copy(&mut self, form: usize, drawn: Vec<u32>, rows: Rows) -> Done<()> {
        if self.copying.as_ref().is_some_and(|copying| (copying.form, &copying.drawn) != (form, &drawn)) {
            self.end_copying().await?;
        }
        let (target, positions) = (Arc::clone(&self.forms[form].target), self.forms[form].positions.clone());
        let table = self.catalog.table(target.table);
        let columns: Vec<u32> =
            target.columns.iter().filter(|column| !drawn.contains(column)).copied().collect();
        let copying = match &mut self.copying {
            Some(copying) => copying,
            begun @ None => {
                let copy = postgres::copy(self.catalog, target.table, &columns);
                let sink = Box::pin(self.connection.client.copy_in(&copy.text).await?);
                begun.insert(Copying { form, drawn, sink, text: BytesMut::new() })
            }
        };
        for (_, values) in &rows {
            let row = NewRow { values, drawn: &[], positions: &positions };
            row.copied(&columns, table, &mut copying.text)?;
        }
        if copying.text.len() >= COPIED_AT_ONCE {
            copying.sink.feed(copying.text.split().freeze()).await?;
        }
        Ok(())
    }

    async fn end_copying(&mut self) -> Done<()> {
        let Some(mut copying) = self.copying.take() else { return Ok(()) };
        copying.sink.feed(copying.text.freeze()).await?;
        self.rows += copying.sink.as_mut().finish().await?;
        Ok(())
    }

    async fn insert(&mut self, rows: Rows) -> Done<()> {
        let mut planned = Vec::with_capacity(rows.len());
        for (target, values) in rows {
            let form = self.form(&target);
            let drawn = drawn(&target, &values);
            if !self.forms[form].inserts.contains_key(&drawn) {
                let passing_over = target.on_conflict_do_nothing.as_deref();
                let insert =
                    postgres::insert(self.catalog, target.table, &target.columns, &drawn, passing_over);
                let insert = Query::new(insert);
                self.connection.statement(&insert).await?;
                self.forms[form].inserts.insert(drawn.clone(), insert);
            }
            planned.push((form, drawn, values));
        }
        let (forms, connection, session) = (&self.forms, self.connection, self.session);
        let inserts = planned.iter().filter_map(|(form, drawn, values)| {
            let form = &forms[*form];
            let insert = form.inserts.get(drawn)?;
            let new = NewRow { values, drawn: &[], positions: &form.positions };
            let values = Values { new: Some(new), ..Values::of(&[], session) };
            Some(async move { connection.all(insert, &values).await })
        });
        let inserts: Vec<_> = inserts.collect();
        let mut added = 0;
        for rows in join_all(inserts).await {
            added += rows?.len() as u64;
        }
        self.rows += added;
        Ok(())
    }

    /// The position of a target's form.
    fn form(&mut self, target: &Arc<Target>) -> usize {
        if let Some(known) = self.forms.iter().position(|form| form.target == *target) {
            return known;
        }
        let mut positions = vec![None; self.catalog.table(target.table).columns.len()];
        for (position, column) in target.columns.iter().enumerate() {
            positions[*column as usize] = Some(position as u32);
        }
        self.forms.push(Form { target: Arc::clone(target), positions, inserts: HashMap::new() });
        self.forms.len() - 1
    }
}

/// The columns whose next number a row wants.
fn drawn(target: &Target, values: &[NewValue]) -> Vec<u32> {
    let columns = target.columns.iter().zip(values);
    columns.filter(|(_, value)| **value == NewValue::Identity).map(|(column, _)| *column).collect()
}

/// Moves every sequence past the numbers in its column.
pub(crate) async fn advance_all(connection: &Connection, catalog: &Catalog) -> Done<()> {
    for table in catalog.tables.iter().filter(|table| !table.is_view()) {
        advance_of(connection, table).await?;
    }
    Ok(())
}

/// Moves the sequences of a table past the numbers in their columns.
async fn advance_of(connection: &Connection, table: &mainstay_catalog::Table) -> Done<()> {
    for column in 0..table.columns.len() as u32 {
        advance(connection, table, column, None).await?;
    }
    Ok(())
}

async fn advance(
    connection: &Connection,
    table: &mainstay_catalog::Table,
    column: u32,
    last: Option<i64>,
) -> Done<()> {
    let Some(identity) = identity_sequence(table.column(column)) else { return Ok(()) };
    let statement = postgres::advance_sequence(table, column, identity, last);
    Ok(connection.client.batch_execute(&statement.text).await?)
}
