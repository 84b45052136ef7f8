//! What a picture shows of a catalog: boxes with rows, and lines between rows.

use std::collections::BTreeMap;

use mainstay_catalog::{Catalog, Column, ForeignKey, Table};
use mainstay_expr::{ColumnType, Modifier, Type};

use crate::diff::full_name;

/// The picture's content, without places.
pub(super) struct Model {
    pub entities: Vec<Entity>,
    pub edges: Vec<Edge>,
}

/// A table.
pub(super) struct Entity {
    pub name: String,
    pub rows: Vec<Row>,
}

/// A column.
pub(super) struct Row {
    pub name: String,
    pub ty: String,
    /// `PK`, `FK`, `UK`, as far as they apply.
    pub keys: Vec<&'static str>,
    pub not_null: bool,
}

/// A foreign key: entities and rows by position.
pub(super) struct Edge {
    pub name: String,
    pub child: usize,
    pub child_row: usize,
    pub parent: usize,
    pub parent_row: usize,
    /// Whether a parent has one child at most.
    pub one_child: bool,
    /// Whether a child can be without a parent.
    pub optional_parent: bool,
}

impl Model {
    pub fn of(catalog: &Catalog) -> Self {
        let tables: Vec<&Table> = catalog.tables.iter().filter(|table| !table.is_view()).collect();
        let positions: BTreeMap<u32, usize> =
            tables.iter().enumerate().map(|(position, table)| (table.id.0, position)).collect();
        let mut edges = Vec::new();
        for (child, table) in tables.iter().enumerate() {
            for key in &table.foreign_keys {
                let Some(parent) = positions.get(&key.target.0) else { continue };
                edges.push(edge(table, key, child, *parent));
            }
        }
        Self { entities: tables.into_iter().map(entity).collect(), edges }
    }
}

fn entity(table: &Table) -> Entity {
    let rows = table.columns.iter().enumerate().map(|(position, column)| row(table, position as u32, column));
    Entity { name: full_name(table), rows: rows.collect() }
}

fn row(table: &Table, position: u32, column: &Column) -> Row {
    let mut keys = Vec::new();
    if table.primary_key.as_ref().is_some_and(|key| key.columns.contains(&position)) {
        keys.push("PK");
    }
    if table.foreign_keys.iter().any(|key| key.columns.contains(&position)) {
        keys.push("FK");
    }
    if table.uniques.iter().any(|key| key.columns == [position]) {
        keys.push("UK");
    }
    Row { name: column.name.clone(), ty: short_type(&column.ty), keys, not_null: column.not_null }
}

fn edge(table: &Table, key: &ForeignKey, child: usize, parent: usize) -> Edge {
    let is_unique = |columns: &[u32]| columns.iter().all(|column| key.columns.contains(column));
    let keys = table.primary_key.iter().chain(&table.uniques);
    Edge {
        name: key.name.clone(),
        child,
        child_row: key.columns.first().map_or(0, |column| *column as usize),
        parent,
        parent_row: key.target_columns.first().map_or(0, |column| *column as usize),
        one_child: keys.into_iter().any(|unique| is_unique(&unique.columns)),
        optional_parent: key.columns.iter().any(|column| !table.column(*column).not_null),
    }
}

/// A type as short as PostgreSQL lets one write it.
fn short_type(ty: &ColumnType) -> String {
    let (element, brackets) = match &ty.ty {
        Type::Array(element) => (&**element, "[]"),
        element => (element, ""),
    };
    let name = match element {
        Type::Varchar => "varchar".to_owned(),
        Type::Bpchar => "char".to_owned(),
        Type::Float8 => "float8".to_owned(),
        Type::Time => "time".to_owned(),
        Type::Timestamp => "timestamp".to_owned(),
        Type::Timestamptz => "timestamptz".to_owned(),
        other => other.to_string(),
    };
    let modifier = match ty.modifier {
        Modifier::None => String::new(),
        Modifier::Length(length) => format!("({length})"),
        Modifier::Precision(precision, scale) => format!("({precision},{scale})"),
        Modifier::Seconds(digits) => format!("({digits})"),
    };
    format!("{name}{modifier}{brackets}")
}
