//! Brings a database into a new shape in one transaction, on a connection of its own whose foreign keys are off from the start
//! and checked at the end.
//!
//! The writer waits meanwhile; readers go on with the old shape until the commit.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mainstay_base::{Clock, Problem, Result, SystemClock};
use mainstay_catalog::{Catalog, ColumnDefault, Table};
use mainstay_dialect::sqlite::{self, Action, Statement};
use mainstay_expr::{Expr, ExprKind, Session, TableId};
use mainstay_migrate::{Change, Fill, Migration, Rebuild};
use rusqlite::{Connection, OptionalExtension};

use crate::bind::{self, Values};
use crate::misfit::misfit;
use crate::render::sequence_name;
use crate::{Options, connect, errors, functions, references};

/// The table that holds the schema's text; it has one row.
const CREATE: &str = "CREATE TABLE IF NOT EXISTS _mainstay_schema \
    (id INTEGER PRIMARY KEY CHECK (id = 1), text TEXT NOT NULL, applied_us INTEGER NOT NULL) STRICT";
const STORE: &str = "INSERT INTO _mainstay_schema (id, text, applied_us) VALUES (1, ?1, ?2) \
    ON CONFLICT (id) DO UPDATE SET text = excluded.text, applied_us = excluded.applied_us";
/// Rows between two reports.
const REPORT_EVERY: u64 = 4_096;

/// Rows copied so far, and in all.
pub(crate) type Report = Arc<dyn Fn(u64, u64) + Send + Sync>;

/// The schema text that was applied last.
pub(crate) fn applied(connection: &Connection) -> Result<Option<String>> {
    let exists = connection
        .query_row("SELECT 1 FROM sqlite_schema WHERE name = '_mainstay_schema'", [], |_| Ok(()))
        .optional()
        .map_err(|error| errors::plain(&error))?;
    if exists.is_none() {
        return Ok(None);
    }
    connection
        .query_row("SELECT text FROM _mainstay_schema", [], |row| row.get(0))
        .optional()
        .map_err(|error| errors::plain(&error))
}

/// Runs a migration and stores the new schema's text.
pub(crate) fn run(options: &Options, migration: &Migration, schema: &str, report: Report) -> Result<()> {
    let mut connection = connect::writer(options).map_err(|error| errors::opening(&error, options))?;
    connection.execute_batch("PRAGMA foreign_keys = OFF").map_err(|error| errors::plain(&error))?;
    let total = rows_to_copy(&connection, migration)?;
    count_rows(&mut connection, total, report)?;
    let running =
        Running { connection: &connection, migration, session: Session::of_owner(SystemClock.now_us()) };
    running.step("BEGIN IMMEDIATE")?;
    // The connection rolls back what was not committed when it is closed.
    running.steps()?;
    running.move_sequences()?;
    running.check_foreign_keys()?;
    running.step(CREATE)?;
    connection.execute(STORE, (schema, running.session.now_us)).map_err(|error| errors::plain(&error))?;
    running.step("COMMIT")
}

/// The rows that rebuilds will copy.
fn rows_to_copy(connection: &Connection, migration: &Migration) -> Result<u64> {
    let mut total: i64 = 0;
    for rebuild in rebuilds(migration) {
        let name = sqlite::table_name(migration.from.table(rebuild.from));
        let (sql, _) = sqlite::Sql::from("SELECT count(*) FROM ")
            .then(sqlite::Sql::identifier(name))
            .finish(mainstay_dialect::Quoting::Double);
        total += connection
            .query_row(&sql, [], |row| row.get::<_, i64>(0))
            .map_err(|error| errors::plain(&error))?;
    }
    Ok(u64::try_from(total).unwrap_or_default())
}

fn rebuilds(migration: &Migration) -> impl Iterator<Item = &Rebuild> {
    migration.steps.iter().filter_map(|step| match &step.change {
        Change::RebuildTable(rebuild) => Some(rebuild),
        _ => None,
    })
}

/// Reports rows as they are written. Other writes of a migration are so few that they do not matter.
fn count_rows(connection: &mut Connection, total: u64, report: Report) -> Result<()> {
    if total == 0 {
        return Ok(());
    }
    let copied = AtomicU64::new(0);
    let counting = move |_, _: &str, _: &str, _| {
        let rows = copied.fetch_add(1, Ordering::Relaxed) + 1;
        if rows.is_multiple_of(REPORT_EVERY) || rows == total {
            report(rows.min(total), total);
        }
    };
    connection.update_hook(Some(counting)).map_err(|error| errors::plain(&error))
}

struct Running<'m> {
    connection: &'m Connection,
    migration: &'m Migration,
    session: Session,
}

impl Running<'_> {
    fn step(&self, sql: &str) -> Result<()> {
        self.connection.execute_batch(sql).map_err(|error| errors::plain(&error))
    }

    fn steps(&self) -> Result<()> {
        for step in &self.migration.steps {
            let table = changed_table(&step.change).map(|id| self.migration.to.table(id));
            for action in sqlite::migration(self.migration, step)? {
                let (Action::Run(statement) | Action::Copy { statement, .. }) = &action;
                self.run(statement).map_err(|failed| match failed {
                    Failed::Problem(problem) => problem,
                    Failed::Sqlite(error) => misfit(&error, table, &step.change),
                })?;
            }
        }
        Ok(())
    }

    fn run(&self, statement: &Statement) -> std::result::Result<(), Failed> {
        let mut prepared = self.connection.prepare(&statement.text).map_err(Failed::Sqlite)?;
        functions::ask_as(&self.session).map_err(Failed::Problem)?;
        bind::all(&mut prepared, &statement.inputs, &Values::of(&[], &self.session))
            .map_err(Failed::Problem)?;
        // Some answer with a row, such as ALTER TABLE … RENAME.
        let mut rows = prepared.raw_query();
        while rows.next().map_err(Failed::Sqlite)?.is_some() {}
        Ok(())
    }

    /// Sequences go with their columns.
    fn move_sequences(&self) -> Result<()> {
        let (from, to) = (&*self.migration.from, &*self.migration.to);
        for step in &self.migration.steps {
            match &step.change {
                Change::DropTable { dropped } => {
                    for name in sequences(from.table(*dropped)) {
                        self.drop_sequence(&name)?;
                    }
                }
                Change::RebuildTable(rebuild) => self.move_sequences_of(from, to, rebuild)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn move_sequences_of(&self, from: &Catalog, to: &Catalog, rebuild: &Rebuild) -> Result<()> {
        let (old, new) = (from.table(rebuild.from), to.table(rebuild.to));
        let mut kept = BTreeSet::new();
        for (position, fill) in &rebuild.fills {
            let column = new.column(*position);
            let ColumnDefault::Identity(identity) = &column.default else { continue };
            let name = sequence_name(new, &column.name);
            kept.insert(name.clone());
            match fill {
                Fill::Expr(Expr { kind: ExprKind::Column(source), .. }) => {
                    let source = sequence_name(old, &old.column(source.column).name);
                    if source != name {
                        self.rename_sequence(&source, &name)?;
                    }
                }
                Fill::Expr(_) => {}
                Fill::Identity(_) => {
                    let table = sqlite::Sql::identifier(sqlite::table_name(new));
                    let sql = sqlite::Sql::from("SELECT count(*) FROM ").then(table);
                    let (sql, _) = sql.finish(mainstay_dialect::Quoting::Double);
                    let rows: i64 = self
                        .connection
                        .query_row(&sql, [], |row| row.get(0))
                        .map_err(|error| errors::plain(&error))?;
                    let next = rows.saturating_mul(identity.increment).saturating_add(identity.start);
                    self.connection
                        .execute(crate::identity::STORE, (&name, next))
                        .map_err(|error| errors::plain(&error))?;
                }
            }
        }
        for name in sequences(old).filter(|name| !kept.contains(name)) {
            self.drop_sequence(&name)?;
        }
        Ok(())
    }

    fn rename_sequence(&self, from: &str, to: &str) -> Result<()> {
        self.connection
            .execute("UPDATE OR REPLACE _mainstay_sequence SET name = ?2 WHERE name = ?1", (from, to))
            .map(|_| ())
            .map_err(|error| errors::plain(&error))
    }

    fn drop_sequence(&self, name: &str) -> Result<()> {
        self.connection
            .execute("DELETE FROM _mainstay_sequence WHERE name = ?1", [name])
            .map(|_| ())
            .map_err(|error| errors::plain(&error))
    }

    /// Every reference from and to what was rebuilt must hold.
    fn check_foreign_keys(&self) -> Result<()> {
        let to = &*self.migration.to;
        let rebuilt: BTreeSet<TableId> = rebuilds(self.migration).map(|rebuild| rebuild.to).collect();
        // A view's keys are those of its tables: there is nothing of it in the database.
        let concerned = to.tables.iter().filter(|table| {
            !table.is_view()
                && !table.foreign_keys.is_empty()
                && (rebuilt.contains(&table.id)
                    || table.foreign_keys.iter().any(|key| rebuilt.contains(&key.target)))
        });
        references::check(self.connection, to, concerned, &Session::of_owner(SystemClock.now_us()))
    }
}

enum Failed {
    Sqlite(rusqlite::Error),
    Problem(Problem),
}

fn changed_table(change: &Change) -> Option<TableId> {
    match change {
        Change::CreateTable(table) | Change::AddColumn { table, .. } | Change::CreateIndex { table, .. } => {
            Some(*table)
        }
        Change::RebuildTable(rebuild) => Some(rebuild.to),
        Change::DropTable { .. } | Change::DropIndex { .. } | Change::Meaning(_) => None,
    }
}

fn sequences(table: &Table) -> impl Iterator<Item = String> {
    let identities =
        table.columns.iter().filter(|column| matches!(column.default, ColumnDefault::Identity(_)));
    identities.map(|column| sequence_name(table, &column.name))
}
