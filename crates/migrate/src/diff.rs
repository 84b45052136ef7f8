//! Which tables come, go and change, and in which order that happens.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mainstay_catalog::{Catalog, Index, Table};

use crate::tables::{self, Difference};
use crate::{Change, Migration, Safety, Step, meaning};

/// The steps from one schema to another.
///
/// Tables and columns are known by their names. One whose comment says `@renamed-from NAME` is the one of that name in the
/// old schema, as long as that name is not in use any more.
pub fn diff(from: &Arc<Catalog>, to: &Arc<Catalog>) -> Migration {
    let pairs = Pairs::of(from, to);
    let mut order = Order::default();
    for old in base_tables(from) {
        match pairs.kept.get(&old.id.0) {
            None => order.dropped.push(old),
            Some(new) => kept_table(&mut order, from, to, old, to.table(mainstay_expr::TableId(*new))),
        }
    }
    for new in base_tables(to) {
        if !pairs.kept.values().any(|kept| *kept == new.id.0) {
            order.created.push(new);
        }
    }
    let mut steps = order.into_steps();
    steps.extend(meaning::changes(from, to, &pairs).into_iter().map(|what| safe(Change::Meaning(what))));
    Migration { from: from.clone(), to: to.clone(), steps }
}

/// Which old table is which new one, by number.
pub(crate) struct Pairs {
    pub kept: BTreeMap<u32, u32>,
}

impl Pairs {
    fn of(from: &Catalog, to: &Catalog) -> Self {
        let mut kept = BTreeMap::new();
        for new in base_tables(to) {
            if let Some(old) = base_tables(from).find(|old| same_name(old, new)) {
                kept.insert(old.id.0, new.id.0);
            }
        }
        for new in base_tables(to).filter(|new| !base_tables(from).any(|old| same_name(old, new))) {
            let Some(name) = renamed_from(new.comment.as_deref()) else { continue };
            let old = base_tables(from).find(|old| {
                (old.name == name && old.schema == new.schema)
                    || format!("{}.{}", old.schema, old.name) == name
            });
            if let Some(old) = old
                && !kept.contains_key(&old.id.0)
            {
                kept.insert(old.id.0, new.id.0);
            }
        }
        Self { kept }
    }
}

fn same_name(old: &Table, new: &Table) -> bool {
    old.name == new.name && old.schema == new.schema
}

/// The name that a comment says something had before: the word after `@renamed-from`.
pub(crate) fn renamed_from(comment: Option<&str>) -> Option<&str> {
    let (_, rest) = comment?.split_once("@renamed-from")?;
    rest.split_whitespace().next()
}

fn base_tables(catalog: &Catalog) -> impl Iterator<Item = &Table> {
    catalog.tables.iter().filter(|table| !table.is_view())
}

/// The steps of each kind, in the order in which the kinds come: names are freed before they are taken.
#[derive(Default)]
struct Order<'c> {
    dropped_indexes: Vec<Step>,
    dropped: Vec<&'c Table>,
    changed: Vec<Step>,
    created: Vec<&'c Table>,
    created_indexes: Vec<Step>,
}

impl Order<'_> {
    fn into_steps(self) -> Vec<Step> {
        let mut dropped = referenced_first(self.dropped);
        dropped.reverse();
        let dropped = dropped.into_iter().map(|table| Step {
            change: Change::DropTable { dropped: table.id },
            safety: Safety::LosesData(format!("all rows of table {}", full_name(table))),
        });
        let created =
            referenced_first(self.created).into_iter().map(|table| safe(Change::CreateTable(table.id)));
        self.dropped_indexes
            .into_iter()
            .chain(dropped)
            .chain(self.changed)
            .chain(created)
            .chain(self.created_indexes)
            .collect()
    }
}

fn kept_table<'c>(order: &mut Order<'c>, from: &'c Catalog, to: &'c Catalog, old: &'c Table, new: &'c Table) {
    match tables::compare(from, to, old, new) {
        Difference::None => indexes(order, old, new),
        Difference::Appended(columns) => {
            let added = columns.into_iter().map(|column| safe(Change::AddColumn { table: new.id, column }));
            order.changed.extend(added);
            indexes(order, old, new);
        }
        Difference::Rebuilt(rebuild, safety) => {
            order.changed.push(Step { change: Change::RebuildTable(rebuild), safety });
        }
    }
}

/// The indexes that come and go on a table that stays as it is.
fn indexes(order: &mut Order<'_>, old: &Table, new: &Table) {
    for (position, index) in old.indexes.iter().enumerate() {
        if !new.indexes.iter().any(|other| other == index) {
            let change = Change::DropIndex { dropped: old.id, index: position as u32 };
            order.dropped_indexes.push(safe(change));
        }
    }
    for (position, index) in new.indexes.iter().enumerate() {
        if !old.indexes.iter().any(|other| other == index) {
            let change = Change::CreateIndex { table: new.id, index: position as u32 };
            order.created_indexes.push(Step { change, safety: index_safety(new, index) });
        }
    }
}

fn index_safety(table: &Table, index: &Index) -> Safety {
    match index.unique {
        true => Safety::MayFail(format!(
            "unique index {} fails when two rows of {} have the same key",
            index.name,
            full_name(table)
        )),
        false => Safety::Safe,
    }
}

/// Tables in an order in which each comes after those its foreign keys refer to, as far as they are not in a circle.
fn referenced_first(tables: Vec<&Table>) -> Vec<&Table> {
    let mut placed = BTreeSet::new();
    let mut ordered = Vec::new();
    let mut waiting = tables;
    while !waiting.is_empty() {
        let in_wait: BTreeSet<u32> = waiting.iter().map(|table| table.id.0).collect();
        let is_free = |table: &Table| {
            table.foreign_keys.iter().all(|key| {
                key.target == table.id || placed.contains(&key.target.0) || !in_wait.contains(&key.target.0)
            })
        };
        // in a circle somebody has to be first
        let next = waiting.iter().position(|table| is_free(table)).unwrap_or(0);
        let table = waiting.remove(next);
        placed.insert(table.id.0);
        ordered.push(table);
    }
    ordered
}

fn safe(change: Change) -> Step {
    Step { change, safety: Safety::Safe }
}

/// A table's name as people write it.
pub(crate) fn full_name(table: &Table) -> String {
    if table.schema == "public" { table.name.clone() } else { format!("{}.{}", table.schema, table.name) }
}
