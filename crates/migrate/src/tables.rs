//! What is different between two shapes of one table, and what that asks of its rows.

use mainstay_catalog::{Catalog, Column, ColumnDefault, ForeignKey, Key, Table};
use mainstay_expr::{ExprKind, SourceId, Tree, Value};

use crate::columns::{self, Filled};
use crate::diff::{full_name, renamed_from};
use crate::{Rebuild, Safety};

/// How a table must change.
pub(crate) enum Difference {
    /// Not at all, but for its indexes.
    None,
    /// By columns at its end, whose positions these are.
    Appended(Vec<u32>),
    /// By moving its rows.
    Rebuilt(Rebuild, Safety),
}

pub(crate) fn compare(from: &Catalog, to: &Catalog, old: &Table, new: &Table) -> Difference {
    let matched = matched_columns(old, new);
    let mut why = Vec::new();
    if full_name(old) != full_name(new) {
        why.push(format!("renamed from {}", full_name(old)));
    }
    constraints(&mut why, from, to, old, new, &matched);
    let kept = kept_columns(&mut why, old, new, &matched);
    if why.is_empty() && kept && matched.len() == old.columns.len() {
        let appended: Vec<u32> = (old.columns.len() as u32..new.columns.len() as u32).collect();
        let is_appendable = |column: &u32| columns::is_appendable(new, *column);
        if appended.is_empty() {
            return Difference::None;
        }
        if appended.iter().all(is_appendable) {
            return Difference::Appended(appended);
        }
    }
    rebuild(old, new, &matched, why)
}

/// For each new column the old one that it is, by position.
pub(crate) struct Matched(Vec<Option<u32>>);

impl Matched {
    fn len(&self) -> usize {
        self.0.iter().flatten().count()
    }

    pub fn old_of(&self, new: u32) -> Option<u32> {
        self.0[new as usize]
    }

    /// The new position of an old column.
    pub fn new_of(&self, old: u32) -> Option<u32> {
        self.0.iter().position(|known| *known == Some(old)).map(|position| position as u32)
    }
}

pub(crate) fn matched_columns(old: &Table, new: &Table) -> Matched {
    let find = |name: &str| old.columns.iter().position(|column| column.name == name).map(|at| at as u32);
    let is_taken = |name: &str| new.columns.iter().any(|column| column.name == name);
    let matched = new.columns.iter().map(|column| {
        find(&column.name).or_else(|| {
            let before = renamed_from(column.comment.as_deref())?;
            find(before).filter(|_| !is_taken(before))
        })
    });
    Matched(matched.collect())
}

/// Whether the old columns are the first of the new ones, unchanged. Says what is not.
fn kept_columns(why: &mut Vec<String>, old: &Table, new: &Table, matched: &Matched) -> bool {
    let mut in_place = true;
    for (position, column) in new.columns.iter().enumerate() {
        let Some(before) = matched.old_of(position as u32) else { continue };
        in_place &= before as usize == position;
        let was = old.column(before);
        if was.name != column.name {
            why.push(format!("column {} is renamed to {}", was.name, column.name));
        }
        if was.ty != column.ty {
            why.push(type_change(was, column));
        }
        match (was.not_null, column.not_null) {
            (false, true) => why.push(format!("column {} becomes NOT NULL", column.name)),
            (true, false) => why.push(format!("column {} may be NULL", column.name)),
            _ => {}
        }
        match (generated(&was.default, matched, true), generated(&column.default, matched, false)) {
            (None, Some(_)) => why.push(format!("column {} becomes a generated one", column.name)),
            (Some(_), None) => why.push(format!("column {} is generated no more", column.name)),
            (old, new) if old != new => why.push(format!("column {} is computed otherwise", column.name)),
            _ => {}
        }
        if default_matters(old, new, position as u32) && was.default != column.default {
            why.push(format!("the default of column {} changes", column.name));
        }
    }
    for (position, column) in old.columns.iter().enumerate() {
        if matched.new_of(position as u32).is_none() {
            why.push(format!("column {} is dropped", column.name));
        }
    }
    in_place
}

fn type_change(was: &Column, column: &Column) -> String {
    match (was.ty.to_string(), column.ty.to_string()) {
        (old, new) if old == new => {
            format!("the values of {new}, the type of column {}, change", column.name)
        }
        (old, new) => format!("column {} changes from {old} to {new}", column.name),
    }
}

/// A generated column's expression, in terms of the new columns.
fn generated(default: &ColumnDefault, matched: &Matched, is_old: bool) -> Option<mainstay_expr::Expr> {
    let ColumnDefault::Generated(expr) = default else { return None };
    Some(if is_old { in_new_columns(expr, matched) } else { expr.clone() })
}

/// An expression over the old row, its columns renumbered as they are in the new table; those that are gone are NULL.
fn in_new_columns(expr: &mainstay_expr::Expr, matched: &Matched) -> mainstay_expr::Expr {
    let mut expr = expr.clone();
    expr.replace_source(SourceId::ROW, |column, ty| match matched.new_of(column) {
        Some(new) => mainstay_expr::Expr::column(SourceId::ROW, new, ty.clone()),
        None => mainstay_expr::Expr::literal(Value::Null, ty.clone()),
    });
    expr
}

/// Databases that follow foreign keys themselves know the defaults that SET DEFAULT sets.
fn default_matters(old: &Table, new: &Table, column: u32) -> bool {
    use mainstay_catalog::ReferentialAction::SetDefault;
    let sets = |table: &Table| {
        table.foreign_keys.iter().any(|key| {
            key.columns.contains(&column) && (key.on_delete == SetDefault || key.on_update == SetDefault)
        })
    };
    sets(old) || sets(new)
}

/// Says which constraints come and go.
fn constraints(
    why: &mut Vec<String>,
    from: &Catalog,
    to: &Catalog,
    old: &Table,
    new: &Table,
    matched: &Matched,
) {
    let mut before = Vec::new();
    let mut after = Vec::new();
    let named = |kind: &str, name: &str| format!("{kind} {name}");
    for key in old.primary_key.iter() {
        before.push((named("primary key", &key.name), old_key(key, matched)));
    }
    for key in new.primary_key.iter() {
        after.push((named("primary key", &key.name), format!("{:?}", key)));
    }
    for key in &old.uniques {
        before.push((named("unique constraint", &key.name), old_key(key, matched)));
    }
    for key in &new.uniques {
        after.push((named("unique constraint", &key.name), format!("{:?}", key)));
    }
    for check in &old.checks {
        let expr = in_new_columns(&check.expr, matched);
        before.push((named("check", &check.name), format!("{expr:?}")));
    }
    for check in &new.checks {
        after.push((named("check", &check.name), format!("{:?}", check.expr)));
    }
    for key in &old.foreign_keys {
        let moved = key.columns.iter().map(|column| matched.new_of(*column)).collect();
        before.push((named("foreign key", &key.name), foreign_key(from, key, moved)));
    }
    for key in &new.foreign_keys {
        let own = key.columns.iter().map(|column| Some(*column)).collect();
        after.push((named("foreign key", &key.name), foreign_key(to, key, own)));
    }
    for (name, shape) in &before {
        match after.iter().find(|(other, _)| other == name) {
            None => why.push(format!("{name} is dropped")),
            Some((_, other)) if other != shape => why.push(format!("{name} changes")),
            Some(_) => {}
        }
    }
    let added = after.iter().filter(|(name, _)| !before.iter().any(|(other, _)| other == name));
    why.extend(added.map(|(name, _)| format!("{name} is added")));
}

fn old_key(key: &Key, matched: &Matched) -> String {
    let columns = key.columns.iter().map(|column| matched.new_of(*column).unwrap_or(u32::MAX)).collect();
    format!("{:?}", Key { columns, ..key.clone() })
}

/// A foreign key with its target by name: table numbers differ between catalogs.
fn foreign_key(catalog: &Catalog, key: &ForeignKey, columns: Vec<Option<u32>>) -> String {
    let target = catalog.table(key.target);
    let names: Vec<&str> =
        key.target_columns.iter().map(|column| target.column(*column).name.as_str()).collect();
    format!(
        "{columns:?} {} {names:?} {:?} {:?} {} {}",
        full_name(target),
        key.on_delete,
        key.on_update,
        key.deferrable,
        key.initially_deferred
    )
}

fn rebuild(old: &Table, new: &Table, matched: &Matched, mut why: Vec<String>) -> Difference {
    let table = full_name(new);
    let mut safety = Vec::new();
    let mut fills = Vec::new();
    for position in 0..new.columns.len() as u32 {
        let column = new.column(position);
        if !is_stored(column) {
            if matched.old_of(position).is_none() {
                why.push(format!("column {} is added", column.name));
            }
            continue;
        }
        let Filled { fill, safety: own } = match matched.old_of(position) {
            Some(before) => columns::moved(&table, old, before, column),
            None => {
                why.push(format!("column {} is added", column.name));
                columns::added(&table, column)
            }
        };
        fills.push((position, fill));
        safety.push(own);
    }
    for (position, column) in old.columns.iter().enumerate() {
        // What is computed is not kept, not even where a column of that name stays.
        let is_kept =
            matched.new_of(position as u32).is_some_and(|new_position| is_stored(new.column(new_position)));
        if is_stored(column) && !is_kept {
            safety.push(Safety::LosesData(format!(
                "the values of column {}.{}",
                full_name(old),
                column.name
            )));
        }
    }
    safety.push(constraint_safety(&table, &why));
    if why.is_empty() {
        why.push("the order of the columns changes".to_owned());
    }
    Difference::Rebuilt(Rebuild { from: old.id, to: new.id, fills, why }, worst(safety))
}

fn is_stored(column: &Column) -> bool {
    !matches!(column.default, ColumnDefault::Generated(_))
}

/// New and changed constraints can be broken by the rows there are.
fn constraint_safety(table: &str, why: &[String]) -> Safety {
    let kinds = ["primary key", "unique constraint", "check", "foreign key"];
    let is_demanding =
        |what: &&String| kinds.iter().any(|kind| what.starts_with(kind)) && !what.ends_with("is dropped");
    match why.iter().find(is_demanding) {
        Some(what) => Safety::MayFail(format!("{table}: {what}, and rows may break it")),
        None => Safety::Safe,
    }
}

/// The worst of them; of those that are as bad, all their reasons.
fn worst(all: Vec<Safety>) -> Safety {
    let mut losses = Vec::new();
    let mut failures = Vec::new();
    for safety in all {
        match safety {
            Safety::Safe => {}
            Safety::MayFail(why) => failures.push(why),
            Safety::LosesData(what) => losses.push(what),
        }
    }
    if !losses.is_empty() {
        Safety::LosesData(losses.join("; "))
    } else if !failures.is_empty() {
        Safety::MayFail(failures.join("; "))
    } else {
        Safety::Safe
    }
}

/// Whether a default is a constant other than NULL.
pub(crate) fn constant(default: &ColumnDefault) -> bool {
    match default {
        ColumnDefault::Expr(expr) => matches!(&expr.kind, ExprKind::Literal(value) if !value.is_null()),
        _ => false,
    }
}
