//! The numbers that identity columns draw. The database keeps where each sequence stands; numbers are taken from it in blocks,
//! outside of any transaction, so that writers do not wait for one another and a number is never handed out twice.
//!
//! A sequence that is asked seldom gives one number at a time; the block grows while numbers are wanted quickly. What is left of
//! a block when the engine is closed is given back, or else is a gap, as PostgreSQL's caches leave them.

use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use mainstay_base::{Clock, Problem, Result, SystemClock};
use mainstay_catalog::{Catalog, ColumnDefault, Identity, Source, Table};
use mainstay_dialect::mysql::storage::{Datum, Storage};
use mainstay_dialect::{Quoting, mysql};
use mainstay_expr::Session;
use mysql_async::Value;
use tokio::sync::Mutex;

use crate::bind::Values;
use crate::connection::{Connection, Done};
use crate::errors;
use crate::pool::Pool;
use crate::render::Query;

/// The table that holds them. It is made with the first migration.
pub(crate) const TABLE: &str = "CREATE TABLE IF NOT EXISTS `_mainstay_sequence` \
    (`name` VARBINARY(600) PRIMARY KEY, `next` BIGINT NOT NULL) ENGINE = InnoDB";
/// The most numbers that are taken at once when nobody asks for more.
const BLOCK_MAX: i64 = 256;
/// A block that lasted no longer than this was too small.
const BLOCK_TIME: Duration = Duration::from_secs(1);
/// How often a number is tried to be drawn while other nodes of a cluster draw too.
const TRIES: u32 = 10;

static TAKE: LazyLock<Query> = LazyLock::new(|| {
    Query::plain(
        "INSERT INTO `_mainstay_sequence` (`name`, `next`) VALUES (?, ?) \
         ON DUPLICATE KEY UPDATE `next` = LAST_INSERT_ID(`next`) + ?",
    )
});
static GIVE_BACK: LazyLock<Query> = LazyLock::new(|| {
    Query::plain("UPDATE `_mainstay_sequence` SET `next` = ? WHERE `name` = ? AND `next` = ?")
});
static ADVANCE_UP: LazyLock<Query> = LazyLock::new(|| {
    Query::plain(
        "INSERT INTO `_mainstay_sequence` (`name`, `next`) VALUES (?, ?) \
         ON DUPLICATE KEY UPDATE `next` = GREATEST(`next`, VALUES(`next`))",
    )
});
static ADVANCE_DOWN: LazyLock<Query> = LazyLock::new(|| {
    Query::plain(
        "INSERT INTO `_mainstay_sequence` (`name`, `next`) VALUES (?, ?) \
         ON DUPLICATE KEY UPDATE `next` = LEAST(`next`, VALUES(`next`))",
    )
});

static ALL: LazyLock<Query> = LazyLock::new(|| {
    Query::plain("SELECT CAST(`name` AS CHAR CHARACTER SET utf8mb4), `next` FROM `_mainstay_sequence`")
});

/// A column that draws numbers.
#[derive(Debug, Clone)]
pub(crate) struct Sequence {
    pub column: u32,
    name: String,
    identity: Identity,
}

impl Sequence {
    fn of(table: &Table, column: u32) -> Option<Self> {
        let declared = table.column(column);
        match &declared.default {
            ColumnDefault::Identity(identity) => {
                Some(Self { column, name: name(table, &declared.name), identity: identity.clone() })
            }
            _ => None,
        }
    }
}

/// The name of a column's sequence.
pub(crate) fn name(table: &Table, column: &str) -> String {
    format!("{}.{}.{column}", table.schema, table.name)
}

/// Those of some columns of a table.
pub(crate) fn sequences(table: &Table, columns: impl Iterator<Item = u32>) -> Vec<Sequence> {
    if mysql::is_adopted(table) {
        // the database numbers its rows itself
        return Vec::new();
    }
    columns.filter_map(|column| Sequence::of(table, column)).collect()
}

/// Numbers that were taken and not yet handed out.
#[derive(Debug, Clone)]
struct Block {
    next: i64,
    left: i64,
    size: i64,
    taken: Instant,
    increment: i64,
}

/// The blocks of an engine, and the connection that takes them.
#[derive(Default)]
pub(crate) struct Sequences {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    connection: Option<Connection>,
    blocks: HashMap<String, Block>,
}

impl Sequences {
    /// The next number of a sequence.
    pub async fn draw(&self, pool: &Pool, sequence: &Sequence) -> Result<i64> {
        let mut state = self.state.lock().await;
        let block = match state.blocks.get_mut(&sequence.name) {
            Some(block) if block.left > 0 => block,
            _ => state.refill(pool, sequence).await?,
        };
        let number = block.next;
        block.next = number.saturating_add(block.increment);
        block.left -= 1;
        Ok(number)
    }

    /// Moves every sequence of a schema past the numbers in its column, which `connection` reads. As in PostgreSQL that is not
    /// undone with a transaction.
    pub async fn advance_all(&self, pool: &Pool, connection: &mut Connection, catalog: &Catalog) -> Done<()> {
        for table in catalog.tables.iter().filter(|table| !table.is_view()) {
            for sequence in sequences(table, 0..table.columns.len() as u32) {
                if let Some(last) = greatest(connection, table, &sequence).await? {
                    self.advance(pool, &sequence, last).await?;
                }
            }
        }
        Ok(())
    }

    /// A column's sequence hands out numbers after `last` from now on, unless it is beyond that already.
    pub async fn advance_past(&self, pool: &Pool, table: &Table, column: u32, last: i64) -> Result<()> {
        match Sequence::of(table, column) {
            Some(sequence) => self.advance(pool, &sequence, last).await,
            None => Ok(()),
        }
    }

    async fn advance(&self, pool: &Pool, sequence: &Sequence, last: i64) -> Result<()> {
        let mut state = self.state.lock().await;
        state.give_back(&sequence.name).await;
        let Identity { start, increment, .. } = sequence.identity;
        let beyond = last.saturating_add(increment);
        let (query, next) = match increment > 0 {
            true => (&ADVANCE_UP, beyond.max(start)),
            false => (&ADVANCE_DOWN, beyond.min(start)),
        };
        let values = vec![text(&sequence.name), Value::Int(next)];
        state.write(pool, query, values).await.map(drop)
    }

    /// Gives back what was taken and not handed out, and closes the connection.
    pub async fn close(&self) {
        let mut state = self.state.lock().await;
        let names: Vec<String> = state.blocks.keys().cloned().collect();
        for name in names {
            state.give_back(&name).await;
        }
        state.connection = None;
    }
}

impl State {
    async fn refill(&mut self, pool: &Pool, sequence: &Sequence) -> Result<&mut Block> {
        let size = match self.blocks.get(&sequence.name) {
            Some(block) if block.taken.elapsed() < BLOCK_TIME => (block.size * 2).min(BLOCK_MAX),
            _ => 1,
        };
        let Identity { start, increment, .. } = sequence.identity;
        let step = increment.checked_mul(size).ok_or_else(|| exhausted(sequence))?;
        let after = start.checked_add(step).ok_or_else(|| exhausted(sequence))?;
        let values = vec![text(&sequence.name), Value::Int(after), Value::Int(step)];
        let (met, before) = self.write(pool, &TAKE, values).await?;
        // One row was met when the sequence is new, more when it stood somewhere already.
        let next = if met == 1 { start } else { before };
        let block = Block { next, left: size, size, taken: Instant::now(), increment };
        Ok(self.blocks.entry(sequence.name.clone()).insert_entry(block).into_mut())
    }

    /// Gives back what is left of a block, unless others have drawn since; then it is a gap.
    async fn give_back(&mut self, name: &str) {
        let block = self.blocks.remove(name).filter(|block| block.left > 0);
        if let (Some(block), Some(connection)) = (block, &mut self.connection) {
            let end = block.next.saturating_add(block.left.saturating_mul(block.increment));
            let values = vec![Value::Int(block.next), text(name), Value::Int(end)];
            // What cannot be given back is a gap too.
            _ = connection.write_with(&GIVE_BACK, values).await;
        }
    }

    /// Runs a statement that is a transaction by itself; answers with the rows met and the number said by it. It is tried again
    /// when others were in its way or the connection was lost: numbers that were taken in vain are a gap.
    async fn write(&mut self, pool: &Pool, query: &Query, values: Vec<Value>) -> Result<(u64, i64)> {
        let mut tries = 0;
        loop {
            let mut connection = match self.connection.take().filter(|connection| !connection.is_closed()) {
                Some(connection) => connection,
                None => pool.open_apart().await?,
            };
            tries += 1;
            match connection.write_with(query, values.clone()).await {
                Ok(met) => {
                    let said = connection.last_insert_id();
                    self.connection = Some(connection);
                    return Ok((met, said));
                }
                Err(failed) if tries < TRIES && (failed.is_lost() || errors::is_conflict(&failed)) => {
                    self.connection = Some(connection);
                    errors::pause(tries).await;
                }
                Err(failed) => return Err(failed.plain()),
            }
        }
    }
}

/// Where the sequences of a schema stand, as far as the database knows: numbers that were taken and not yet handed out count as
/// handed out.
pub(crate) async fn stand(
    connection: &mut Connection,
    catalog: &Catalog,
) -> Done<Vec<mainstay_engine::Sequence>> {
    let mut next = HashMap::new();
    if catalog.source == Source::Adopted {
        return Ok(Vec::new());
    }
    connection
        .rows(&ALL, &Values::of(&[], &Session::of_owner(SystemClock.now_us())), |row| {
            let name = row.with(0, &Storage::Text, |name| Ok(name.to_owned()))?;
            let number = row.with(1, &Storage::Int, |number| Ok(number.to_owned()))?;
            if let (Datum::Text(name), Datum::Int(number)) = (name, number) {
                next.insert(name, number);
            }
            Ok(())
        })
        .await?;
    let mut found = Vec::new();
    for table in catalog.tables.iter().filter(|table| !table.is_view()) {
        for sequence in sequences(table, 0..table.columns.len() as u32) {
            let Some(next) = next.get(&sequence.name).filter(|next| **next != sequence.identity.start) else {
                continue;
            };
            let last = next.saturating_sub(sequence.identity.increment);
            found.push(mainstay_engine::Sequence { table: table.id, column: sequence.column, last });
        }
    }
    Ok(found)
}

/// The number of a column that its sequence has to be past.
async fn greatest(connection: &mut Connection, table: &Table, sequence: &Sequence) -> Done<Option<i64>> {
    let column = mysql::Sql::identifier(table.column(sequence.column).name.clone());
    let most = if sequence.identity.increment > 0 { "max(" } else { "min(" };
    let sql = mysql::Sql::from("SELECT ").then(most).then(column).then(") FROM ");
    let (sql, _) = sql.then(mysql::Sql::identifier(mysql::table_name(table))).finish(Quoting::Backtick);
    Ok(connection.text(&sql).await?.and_then(|number| number.parse().ok()))
}

fn text(text: &str) -> Value {
    Value::Bytes(text.as_bytes().to_vec())
}

fn exhausted(sequence: &Sequence) -> Problem {
    let (sequence, limit) =
        (&sequence.name, if sequence.identity.increment > 0 { "maximum" } else { "minimum" });
    Problem::new("2200H", format!("nextval: reached {limit} value of sequence \"{sequence}\""))
}
