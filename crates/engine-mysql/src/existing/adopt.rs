//! Holds a schema against the tables that are there.

use std::sync::Arc;

use mainstay_catalog::{Catalog, Column, ColumnDefault, Identity, Source, Table};
use mainstay_dialect::mysql::{Flavour, native_text, table_name};
use mainstay_engine::Adopted;

use super::described::{self, Default};
use super::kind::Kind;
use super::names::of_table;

/// The schema with what the database says of its tables, and what does not fit.
pub(super) fn adopt(flavour: Flavour, catalog: &Arc<Catalog>, there: &[described::Table]) -> Adopted {
    let mut adopted = Catalog::clone(catalog);
    adopted.source = Source::Adopted;
    let mut misfits = Vec::new();
    for table in adopted.tables.iter_mut().filter(|table| !table.is_view()) {
        let name = table_name(table);
        match there.iter().find(|found| found.name == name) {
            None => misfits.push(format!("table {name} is not in the database")),
            Some(found) => {
                for column in &mut table.columns {
                    if let Err(why) = adopt_column(flavour, column, found) {
                        misfits.push(format!("table {name}: column {} {why}", column.name));
                    }
                }
                misfits.extend(keys(table, found).into_iter().map(|why| format!("table {name}: {why}")));
            }
        }
    }
    Adopted { catalog: Arc::new(adopted), misfits }
}

/// Completes a column.
fn adopt_column(flavour: Flavour, column: &mut Column, table: &described::Table) -> Result<(), String> {
    let found = table.column(&column.name).ok_or("is not in the database")?;
    if !Kind::of(flavour, found).fits(&column.ty) {
        return Err(format!("is {} in the database, which is no {}", found.ty, column.ty));
    }
    if column.not_null && !found.not_null && !table.is_view {
        return Err("may be NULL in the database".to_owned());
    }
    let text = found.text.as_ref().map(|(charset, collation)| (charset.as_str(), collation.as_str()));
    column.native = Some(native_text(&found.ty, text));
    match &column.default {
        ColumnDefault::Identity(_) if !found.numbers_itself => {
            Err("does not number itself in the database: it has no AUTO_INCREMENT".to_owned())
        }
        ColumnDefault::Generated(_) if found.generated.is_none() => {
            Err("is not generated in the database".to_owned())
        }
        ColumnDefault::None => {
            column.default = left_to_it(found);
            Ok(())
        }
        _ => Ok(()),
    }
}

/// What the database puts into a column that the schema says nothing of.
fn left_to_it(found: &described::Column) -> ColumnDefault {
    let text = match (&found.generated, &found.default) {
        (Some(expression), _) | (None, Some(Default::Expression(expression))) => expression.clone(),
        (None, Some(Default::Literal(text))) => mainstay_sql::quote_literal(text),
        (None, None) if found.numbers_itself => {
            return ColumnDefault::Identity(Identity { always: false, start: 1, increment: 1 });
        }
        (None, None) => return ColumnDefault::None,
    };
    ColumnDefault::Native(text)
}

/// What is wrong with a table's keys and checks: the database has to keep what the schema promises.
fn keys(table: &Table, found: &described::Table) -> Vec<String> {
    let names = |columns: &[u32]| -> Vec<&str> {
        columns.iter().map(|column| table.column(*column).name.as_str()).collect()
    };
    let is_unique = |columns: &[u32]| {
        let wanted = names(columns);
        let unique = found.indexes.iter().filter(|index| index.unique).filter_map(described::Index::columns);
        let mut unique = unique.filter(|there| there.len() == wanted.len());
        unique.any(|there| wanted.iter().all(|column| there.contains(column)))
    };
    let mut misfits = Vec::new();
    if let Some(key) = &table.primary_key
        && !is_unique(&key.columns)
    {
        let columns = names(&key.columns).join(", ");
        misfits.push(format!("its primary key ({columns}) is no unique key of the database"));
    }
    let uniques = table.uniques.iter().map(|key| (&key.name, &key.columns));
    for (name, columns) in uniques {
        if !is_unique(columns) {
            misfits.push(format!(
                "the database has no unique key ({}), as {name} says",
                names(columns).join(", ")
            ));
        }
    }
    for check in &table.checks {
        let is_there = found.checks.iter().any(|there| is_named(&check.name, &table.name, &there.name));
        if !is_there {
            misfits.push(format!("the database has no check {}", check.name));
        }
    }
    misfits
}

/// Whether a name of the schema is that of the database.
pub(crate) fn is_named(declared: &str, table: &str, there: &str) -> bool {
    declared == there || declared == of_table(table, there)
}
