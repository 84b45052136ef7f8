//! CREATE TABLE and the ALTER TABLEs that stand for a rebuild.

use mainstay_catalog::{
    Catalog, Check, Column, ColumnDefault, ForeignKey, Identity, Key, ReferentialAction, Table,
};
use mainstay_expr::{Expr, ExprKind};
use mainstay_sql::quote_name;

use super::expr::{Names, print};
use super::{name, type_name};
use crate::tables::matched_columns;
use crate::{Fill, Rebuild};

pub(super) fn create(catalog: &Catalog, table: &Table) -> String {
    let mut parts: Vec<String> = table.columns.iter().map(|own| column(table, own)).collect();
    parts.extend(constraints(catalog, table).into_iter().map(|(_, definition)| definition));
    format!("CREATE TABLE {} (\n    {}\n);", name(table), parts.join(",\n    "))
}

/// A column's definition.
pub(super) fn column(table: &Table, column: &Column) -> String {
    let mut text = format!("{} {}", quote_name(&column.name), type_name(&column.ty));
    text += &match &column.default {
        ColumnDefault::None => String::new(),
        ColumnDefault::Native(sql) => format!(" DEFAULT {sql}"),
        ColumnDefault::Expr(expr) => format!(" DEFAULT {}", print(&Names::of(table), expr)),
        ColumnDefault::Identity(identity) => sequence(identity),
        ColumnDefault::Generated(expr) => {
            format!(" GENERATED ALWAYS AS ({}) STORED", computed(table, column, expr))
        }
    };
    if column.not_null {
        text += " NOT NULL";
    }
    text
}

/// A generated column's expression without the cast to the column's type, which PostgreSQL adds itself.
fn computed(table: &Table, column: &Column, expr: &Expr) -> String {
    let expr = match &expr.kind {
        ExprKind::Cast(inner, target) if *target == column.ty => inner,
        _ => expr,
    };
    print(&Names::of(table), expr)
}

fn sequence(identity: &Identity) -> String {
    let when = if identity.always { "ALWAYS" } else { "BY DEFAULT" };
    let options = match (identity.start, identity.increment) {
        (1, 1) => String::new(),
        (start, increment) => format!(" (START WITH {start} INCREMENT BY {increment})"),
    };
    format!(" GENERATED {when} AS IDENTITY{options}")
}

/// The statements that bring a table from its old shape to its new one.
pub(super) fn alter(from: &Catalog, to: &Catalog, rebuild: &Rebuild) -> Vec<String> {
    let (old, new) = (from.table(rebuild.from), to.table(rebuild.to));
    let table = name(new);
    let mut statements = Vec::new();
    if old.name != new.name {
        statements.push(format!("ALTER TABLE {} RENAME TO {};", name(old), quote_name(&new.name)));
    }
    let mut alter = |what: String| statements.push(format!("ALTER TABLE {table} {what};"));
    let (before, after) = (constraints(from, old), constraints(to, new));
    for (constraint, definition) in &before {
        if !after.iter().any(|(_, other)| other == definition) {
            alter(format!("DROP CONSTRAINT {}", quote_name(constraint)));
        }
    }
    let matched = matched_columns(old, new);
    // the old columns as they are called once they are renamed
    let mut renamed = old.clone();
    for (position, own) in new.columns.iter().enumerate() {
        if let Some(before) = matched.old_of(position as u32) {
            renamed.columns[before as usize].name.clone_from(&own.name);
        }
    }
    for (position, own) in new.columns.iter().enumerate() {
        match matched.old_of(position as u32) {
            None => alter(format!("ADD COLUMN {}", column(new, own))),
            Some(before) => {
                let fill = rebuild.fills.iter().find(|(at, _)| *at as usize == position);
                let changes =
                    changed_column(&renamed, old.column(before), new, own, fill.map(|(_, fill)| fill));
                changes.into_iter().for_each(&mut alter);
            }
        }
    }
    for (position, own) in old.columns.iter().enumerate() {
        if matched.new_of(position as u32).is_none() {
            alter(format!("DROP COLUMN {}", quote_name(&own.name)));
        }
    }
    for (_, definition) in &after {
        if !before.iter().any(|(_, other)| other == definition) {
            alter(format!("ADD {definition}"));
        }
    }
    let is_new = |index: &&mainstay_catalog::Index| !old.indexes.contains(index);
    statements.extend(new.indexes.iter().filter(is_new).map(|index| super::create_index(new, index)));
    statements
}

fn changed_column(old: &Table, was: &Column, new: &Table, is: &Column, fill: Option<&Fill>) -> Vec<String> {
    let mut changes = Vec::new();
    let column = quote_name(&is.name);
    if was.name != is.name {
        changes.push(format!("RENAME COLUMN {} TO {column}", quote_name(&was.name)));
    }
    if was.ty != is.ty {
        let using = match fill {
            Some(Fill::Expr(expr)) if !super::expr::is_column(expr) => {
                format!(" USING {}", print(&Names::of(old), expr))
            }
            _ => String::new(),
        };
        changes.push(format!("ALTER COLUMN {column} TYPE {}{using}", type_name(&is.ty)));
    }
    match (was.not_null, is.not_null) {
        (false, true) => changes.push(format!("ALTER COLUMN {column} SET NOT NULL")),
        (true, false) => changes.push(format!("ALTER COLUMN {column} DROP NOT NULL")),
        _ => {}
    }
    if was.default != is.default {
        changes.extend(changed_default(&column, new, &was.default, is));
    }
    changes
}

fn changed_default(column: &str, new: &Table, was: &ColumnDefault, declared: &Column) -> Vec<String> {
    let mut changes = Vec::new();
    let is = &declared.default;
    match was {
        ColumnDefault::Expr(_) if !matches!(is, ColumnDefault::Expr(_)) => {
            changes.push(format!("ALTER COLUMN {column} DROP DEFAULT"));
        }
        ColumnDefault::Identity(_) => changes.push(format!("ALTER COLUMN {column} DROP IDENTITY")),
        ColumnDefault::Generated(_) if !matches!(is, ColumnDefault::Generated(_)) => {
            changes.push(format!("ALTER COLUMN {column} DROP EXPRESSION"));
        }
        _ => {}
    }
    let names = Names::of(new);
    changes.extend(match is {
        ColumnDefault::None => None,
        ColumnDefault::Native(sql) => Some(format!("ALTER COLUMN {column} SET DEFAULT {sql}")),
        ColumnDefault::Expr(expr) => {
            Some(format!("ALTER COLUMN {column} SET DEFAULT {}", print(&names, expr)))
        }
        ColumnDefault::Identity(identity) => Some(format!("ALTER COLUMN {column} ADD{}", sequence(identity))),
        ColumnDefault::Generated(expr) => {
            Some(format!("ALTER COLUMN {column} SET EXPRESSION AS ({})", computed(new, declared, expr)))
        }
    });
    changes
}

/// The constraints: name and definition.
fn constraints(catalog: &Catalog, table: &Table) -> Vec<(String, String)> {
    let mut found = Vec::new();
    if let Some(key) = &table.primary_key {
        found.push((key.name.clone(), key_definition(table, key, "PRIMARY KEY")));
    }
    for key in &table.uniques {
        let kind = if key.nulls_not_distinct { "UNIQUE NULLS NOT DISTINCT" } else { "UNIQUE" };
        found.push((key.name.clone(), key_definition(table, key, kind)));
    }
    for check in &table.checks {
        found.push((check.name.clone(), check_definition(table, check)));
    }
    for key in &table.foreign_keys {
        found.push((key.name.clone(), foreign_key(catalog, table, key)));
    }
    found
}

fn key_definition(table: &Table, key: &Key, kind: &str) -> String {
    format!("CONSTRAINT {} {kind} {}", quote_name(&key.name), columns(table, &key.columns))
}

fn check_definition(table: &Table, check: &Check) -> String {
    format!("CONSTRAINT {} CHECK ({})", quote_name(&check.name), print(&Names::of(table), &check.expr))
}

fn foreign_key(catalog: &Catalog, table: &Table, key: &ForeignKey) -> String {
    let target = catalog.table(key.target);
    let mut text = format!(
        "CONSTRAINT {} FOREIGN KEY {} REFERENCES {} {}",
        quote_name(&key.name),
        columns(table, &key.columns),
        name(target),
        columns(target, &key.target_columns)
    );
    text += &action(" ON DELETE ", key.on_delete);
    text += &action(" ON UPDATE ", key.on_update);
    if key.deferrable {
        text += if key.initially_deferred { " DEFERRABLE INITIALLY DEFERRED" } else { " DEFERRABLE" };
    }
    text
}

/// Nothing for what holds without being said.
fn action(when: &str, action: ReferentialAction) -> String {
    match action {
        ReferentialAction::NoAction => String::new(),
        other => format!("{when}{}", other.keyword()),
    }
}

fn columns(table: &Table, columns: &[u32]) -> String {
    let names: Vec<String> =
        columns.iter().map(|column| quote_name(&table.column(*column).name).to_string()).collect();
    format!("({})", names.join(", "))
}
