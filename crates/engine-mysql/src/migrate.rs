//! Brings a database into a new shape. The database commits every change of a table by itself, so a migration goes in an order
//! that leaves no way to lose rows:
//!
//! 1. *Prepare.* New shapes are built under names of their own, and rows are copied into them. All of it can be undone, and the
//!    journal `_mainstay_migration` says how before anything is done.
//! 2. *Switch.* One atomic RENAME TABLE puts the new tables in place of the old ones, and the new schema's text in place of the old
//!    one: at every moment the text in the database is that of its shape.
//! 3. *Finish.* The old tables go, and foreign keys come. The journal says what is left to do.
//!
//! A migration that fails before the switch is undone. One that was interrupted, because the power failed or a process was killed,
//! is found by whoever opens the database next: before the switch it is undone, after it finished.

use mainstay_base::{Clock, Problem, Result, SystemClock};
use mainstay_dialect::mysql::{self, Action, Bound, MigrationSql, Statement};
use mainstay_dialect::{Quoting, mysql::Sql};
use mainstay_expr::{Session, TableId};
use mainstay_migrate::{Change, Migration};
use mysql_async::{Error, Value};

use crate::bind::Values;
use crate::connection::{Connection, Done, Failed};
use crate::place::Place;
use crate::pool::Lease;
use crate::render::Query;
use crate::violation::Violation;
use crate::{bind, errors, sequence};

/// What is ours in the database, beside the sequences.
const HOUSEHOLD: [&str; 2] = [
    "CREATE TABLE IF NOT EXISTS `_mainstay_schema` (`id` TINYINT PRIMARY KEY CHECK (`id` = 1), \
     `text` LONGTEXT CHARACTER SET utf8mb4 NOT NULL, `applied` DATETIME(6) NOT NULL) ENGINE = InnoDB",
    "CREATE TABLE IF NOT EXISTS `_mainstay_migration` (`step` INT PRIMARY KEY, \
     `sql` LONGTEXT CHARACTER SET utf8mb4 NOT NULL) ENGINE = InnoDB",
];
const APPLIED: &str = "SELECT `text` FROM `_mainstay_schema`";
const STORE: &str = "INSERT INTO `_mainstay_schema` (`id`, `text`, `applied`) VALUES (1, ?, utc_timestamp(6)) \
    ON DUPLICATE KEY UPDATE `text` = VALUES(`text`), `applied` = VALUES(`applied`)";
/// The next text, and the last one.
const NEXT: &str = "_mainstay_schema_next";
const LAST: &str = "_mainstay_schema_last";
/// Two migrations of one database wait for one another, so many seconds.
const LOCK: &str = "SELECT get_lock(concat('mainstay:', left(database(), 50)), 60)";
const TRY_LOCK: &str = "SELECT get_lock(concat('mainstay:', left(database(), 50)), 0)";
const UNLOCK: &str = "DO release_lock(concat('mainstay:', left(database(), 50)))";
/// Steps after the switch have numbers from here on.
const FINISH: i64 = 1_000_000;

/// The schema text that was applied last. A migration that was interrupted is undone or finished before.
pub(crate) async fn applied(mut lease: Lease) -> Result<Option<String>> {
    let connection = lease.connection()?;
    let found = find_applied(connection).await.map_err(Failed::plain);
    lease.finish();
    found
}

async fn find_applied(connection: &mut Connection) -> Done<Option<String>> {
    if !has_table(connection, "_mainstay_schema").await? {
        return Ok(None);
    }
    if is_interrupted(connection).await? {
        connection.allow_all().await?;
        // Whoever holds the lock is at work on it.
        if connection.text(TRY_LOCK).await?.as_deref() == Some("1") {
            let recovered = recover(connection).await;
            connection.control(UNLOCK).await?;
            recovered?;
        }
    }
    connection.text(APPLIED).await
}

async fn has_table(connection: &mut Connection, name: &str) -> Done<bool> {
    let found = format!(
        "SELECT 1 FROM information_schema.tables WHERE table_schema = database() AND table_name = '{name}'"
    );
    Ok(connection.text(&found).await?.is_some())
}

async fn is_interrupted(connection: &mut Connection) -> Done<bool> {
    Ok(connection.text("SELECT 1 FROM `_mainstay_migration` LIMIT 1").await?.is_some()
        || has_table(connection, LAST).await?)
}

/// Undoes what was interrupted before the switch, and finishes what was interrupted after it.
async fn recover(connection: &mut Connection) -> Done<()> {
    match has_table(connection, LAST).await? {
        true => finish(connection).await,
        false => undo(connection).await,
    }
}

/// Runs a migration and stores the new schema's text.
pub(crate) async fn run(
    mut lease: Lease,
    migration: &Migration,
    text: &str,
    progress: &(dyn Fn(u64, u64) + Send + Sync),
) -> Result<()> {
    let connection = lease.connection()?;
    let sql = mysql::migration(connection.flavour, &SystemClock.now_us().to_string(), migration)?;
    let plain = Failed::plain;
    connection.allow_all().await.map_err(plain)?;
    if connection.text(LOCK).await.map_err(plain)?.as_deref() != Some("1") {
        return Err(Problem::new("55P03", "another migration of this database is under way"));
    }
    let running = Running { connection, migration, progress };
    let done = running.all(&sql, text).await;
    // Without an answer the connection goes, and the lock with it.
    connection.control(UNLOCK).await.map_err(plain)?;
    lease.finish();
    done
}

struct Running<'m> {
    connection: &'m mut Connection,
    migration: &'m Migration,
    progress: &'m (dyn Fn(u64, u64) + Send + Sync),
}

impl Running<'_> {
    async fn all(mut self, sql: &MigrationSql, text: &str) -> Result<()> {
        let connection = &mut *self.connection;
        for statement in HOUSEHOLD.into_iter().chain([sequence::TABLE]) {
            connection.control(statement).await.map_err(Failed::plain)?;
        }
        if is_interrupted(connection).await.map_err(Failed::plain)? {
            recover(connection).await.map_err(Failed::plain)?;
        }
        if sql.prepare.is_empty() && sql.switch.is_empty() && sql.finish.is_empty() {
            return store(connection, STORE, text).await.map_err(Failed::plain);
        }
        if let Err(problem) = self.prepare(sql, text).await {
            undo(self.connection).await.map_err(Failed::plain)?;
            return Err(problem);
        }
        finish(self.connection).await.map_err(|failed| {
            let problem = failed.plain();
            Problem::new(problem.code().to_owned(), problem.message())
                .with_details("The new schema is in force, but some of the work on its tables is left to do.")
                .with_hint("It is tried again when the schema is applied or the database is opened next.")
        })
    }

    /// Everything up to the switch.
    async fn prepare(&mut self, sql: &MigrationSql, text: &str) -> Result<()> {
        let Self { connection, migration, progress } = self;
        let owner = Session::of_owner(SystemClock.now_us());
        let total = (sql.prepare.len() + sql.finish.len()) as u64;
        for (position, step) in sql.prepare.iter().enumerate() {
            if let Some(undo) = &step.undo {
                note(connection, position as i64, undo).await.map_err(Failed::plain)?;
            }
            let table = migration.steps.get(step.step).and_then(|step| changed(&step.change));
            let run = act(connection, &step.action, &owner).await;
            run.map_err(|failed| misfit(failed, migration, table, &owner))?;
            progress(position as u64 + 1, total);
        }
        for check in &sql.checks {
            let mut is_broken = false;
            let query = Query::new(check.find.clone());
            let values = Values::of(&[], &owner);
            let asked = connection.rows(&query, &values, |_| {
                is_broken = true;
                Ok(())
            });
            asked.await.map_err(Failed::plain)?;
            if is_broken {
                return Err(check.problem.clone());
            }
        }
        switch(connection, sql, text).await.map_err(Failed::plain)?;
        progress(total, total);
        Ok(())
    }
}

/// Does a part of the preparation; rows are copied in a transaction.
async fn act(connection: &mut Connection, action: &Action, owner: &Session) -> Done<()> {
    if let Action::Run(statement) = action {
        return connection.control(statement).await;
    }
    connection.control("START TRANSACTION").await?;
    let copied = match action {
        Action::Run(_) => Ok(()),
        Action::Copy { statement, .. } => {
            let statement = Query::new(statement.clone());
            connection.write(&statement, &Values::of(&[], owner)).await.map(drop)
        }
        Action::Move { read, insert, .. } => move_rows(connection, read, insert, owner).await,
        Action::Fill { read, update, .. } => fill_rows(connection, read, update, owner).await,
    };
    match copied {
        Ok(()) => connection.control("COMMIT").await,
        Err(failed) => {
            connection.control("ROLLBACK").await?;
            Err(failed)
        }
    }
}

/// Adds the rows that a statement reads one by one, as they were read.
async fn move_rows(
    connection: &mut Connection,
    read: &Statement,
    insert: &Statement,
    owner: &Session,
) -> Done<()> {
    let insert = Query::new(insert.clone());
    for row in all_rows(connection, read, owner).await? {
        let parameter = |input: &mysql::Input| match &input.value {
            Bound::New(position) => row.get(*position as usize).cloned().map(bind::driver),
            _ => None,
        };
        let parameters: Option<Vec<Value>> = insert.inputs.iter().map(parameter).collect();
        let parameters =
            parameters.ok_or_else(|| Problem::internal("a row that moves lacks one of its values"))?;
        connection.write_with(&insert, parameters).await?;
    }
    Ok(())
}

/// Sets a column of the rows that a statement reads: their places come first, the value last.
async fn fill_rows(
    connection: &mut Connection,
    read: &Statement,
    update: &Statement,
    owner: &Session,
) -> Done<()> {
    let update = Query::new(update.clone());
    for mut place in all_rows(connection, read, owner).await? {
        let value = place.pop().ok_or_else(|| Problem::internal("a row to be filled has no value"))?;
        let place = [place];
        let parameter = |input: &mysql::Input| match &input.value {
            Bound::Rows => bind::places(&input.form, &place),
            _ => Ok(bind::driver(value.clone())),
        };
        let parameters = update.inputs.iter().map(parameter).collect::<Result<Vec<Value>>>()?;
        connection.write_with(&update, parameters).await?;
    }
    Ok(())
}

async fn all_rows(connection: &mut Connection, read: &Statement, owner: &Session) -> Done<Vec<Place>> {
    let read = Query::new(read.clone());
    let mut rows = Vec::new();
    connection
        .rows(&read, &Values::of(&[], owner), |row| {
            rows.push(row.data(&read.columns)?);
            Ok(())
        })
        .await?;
    Ok(rows)
}

/// Puts what was prepared in force, in one statement.
async fn switch(connection: &mut Connection, sql: &MigrationSql, text: &str) -> Done<()> {
    connection.control(&format!("DROP TABLE IF EXISTS `{NEXT}`")).await?;
    connection.control(&HOUSEHOLD[0].replace("_mainstay_schema", NEXT)).await?;
    store(connection, &STORE.replace("_mainstay_schema", NEXT), text).await?;
    for (position, statement) in sql.finish.iter().enumerate() {
        note(connection, FINISH + position as i64, &statement.text).await?;
    }
    let ours =
        [("_mainstay_schema".to_owned(), LAST.to_owned()), (NEXT.to_owned(), "_mainstay_schema".to_owned())];
    let renamed = sql
        .switch
        .iter()
        .chain(&ours)
        .map(|(from, to)| Sql::identifier(from.clone()).then(" TO ").then(Sql::identifier(to.clone())));
    let (rename, _) = Sql::from("RENAME TABLE ").then(Sql::join(renamed, ", ")).finish(Quoting::Backtick);
    connection.control(&rename).await
}

/// Undoes what the journal says, the last first.
async fn undo(connection: &mut Connection) -> Done<()> {
    connection.control("SET SESSION foreign_key_checks = 0").await?;
    for (step, statement) in journal(connection, "DESC").await? {
        if step < FINISH {
            again(connection, &statement).await?;
        }
        forget(connection, step).await?;
    }
    connection.control(&format!("DROP TABLE IF EXISTS `{NEXT}`")).await?;
    connection.control("SET SESSION foreign_key_checks = 1").await
}

/// Does what the journal says is left to do.
async fn finish(connection: &mut Connection) -> Done<()> {
    connection.control("SET SESSION foreign_key_checks = 0").await?;
    for (step, statement) in journal(connection, "ASC").await? {
        if step >= FINISH {
            again(connection, &statement).await?;
        }
        forget(connection, step).await?;
    }
    connection.control(&format!("DROP TABLE IF EXISTS `{LAST}`")).await?;
    connection.control("SET SESSION foreign_key_checks = 1").await
}

/// Runs a statement that may have been done before.
async fn again(connection: &mut Connection, statement: &str) -> Done<()> {
    match connection.control(statement).await {
        Err(Failed::MySql(Error::Server(error))) if errors::is_done_already(error.code) => Ok(()),
        done => done,
    }
}

/// The statements of the journal that wait.
async fn journal(connection: &mut Connection, direction: &str) -> Done<Vec<(i64, String)>> {
    connection
        .pairs(&format!("SELECT `step`, `sql` FROM `_mainstay_migration` ORDER BY `step` {direction}"))
        .await
}

async fn note(connection: &mut Connection, step: i64, statement: &str) -> Done<()> {
    let query = Query::plain("REPLACE INTO `_mainstay_migration` (`step`, `sql`) VALUES (?, ?)");
    let values = vec![Value::Int(step), Value::Bytes(statement.as_bytes().to_vec())];
    connection.write_with(&query, values).await.map(drop)
}

async fn forget(connection: &mut Connection, step: i64) -> Done<()> {
    connection.control(&format!("DELETE FROM `_mainstay_migration` WHERE `step` = {step}")).await
}

async fn store(connection: &mut Connection, statement: &str, text: &str) -> Done<()> {
    let values = vec![Value::Bytes(text.as_bytes().to_vec())];
    connection.write_with(&Query::plain(statement), values).await.map(drop)
}

/// Why rows do not fit into the new shape.
fn misfit(failed: Failed, migration: &Migration, table: Option<TableId>, owner: &Session) -> Problem {
    match (failed, table) {
        (Failed::MySql(error), Some(table)) => {
            Violation { catalog: &migration.to, table, session: owner }.named(&error, None)
        }
        (failed, _) => failed.plain(),
    }
}

/// The table that a change is about, in the new schema.
fn changed(change: &Change) -> Option<TableId> {
    match change {
        Change::CreateTable(table) | Change::AddColumn { table, .. } | Change::CreateIndex { table, .. } => {
            Some(*table)
        }
        Change::RebuildTable(rebuild) => Some(rebuild.to),
        Change::DropTable { .. } | Change::DropIndex { .. } | Change::Meaning(_) => None,
    }
}
