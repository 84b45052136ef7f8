//! A migration in people's words.

use crate::diff::full_name;
use crate::{Change, Migration, Safety, Step};

/// A line for each step, with what it may do to rows.
pub fn describe(migration: &Migration) -> Vec<String> {
    migration.steps.iter().map(|step| line(migration, step)).collect()
}

fn line(migration: &Migration, step: &Step) -> String {
    let what = match &step.change {
        Change::CreateTable(table) => format!("create table {}", full_name(migration.to.table(*table))),
        Change::DropTable { dropped } => format!("drop table {}", full_name(migration.from.table(*dropped))),
        Change::AddColumn { table, column } => {
            let table = migration.to.table(*table);
            let column = table.column(*column);
            format!("add column {}.{} {}", full_name(table), column.name, column.ty)
        }
        Change::RebuildTable(rebuild) => {
            format!("alter table {}: {}", full_name(migration.to.table(rebuild.to)), rebuild.why.join(", "))
        }
        Change::CreateIndex { table, index } => {
            let table = migration.to.table(*table);
            format!("create index {} on {}", table.indexes[*index as usize].name, full_name(table))
        }
        Change::DropIndex { dropped, index } => {
            let table = migration.from.table(*dropped);
            format!("drop index {} on {}", table.indexes[*index as usize].name, full_name(table))
        }
        Change::Meaning(what) => what.clone(),
    };
    match &step.safety {
        Safety::Safe => what,
        Safety::MayFail(why) => format!("{what} (may fail: {why})"),
        Safety::LosesData(lost) => format!("{what} (LOSES DATA: {lost})"),
    }
}
