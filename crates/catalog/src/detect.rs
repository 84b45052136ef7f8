//! Detecting relationships: foreign keys seen from both sides, junction tables, views by lineage, computed ones.
//!
//! The rules are PostgREST's ("Resource Embedding"). The order is by origin, then target, then kind, then constraint,
//! so that the same schema always lists them alike.

use std::collections::HashMap;

use mainstay_expr::TableId;

use crate::lineage::{Projection, projections};
use crate::{Cardinality, Catalog, ForeignKey, Key, Link, Relationship, Returns, Table};

/// A foreign key between two relations, either of which may be a view that shows its columns.
#[derive(Debug, Clone)]
struct Edge {
    constraint: String,
    origin: TableId,
    origin_columns: Vec<u32>,
    target: TableId,
    target_columns: Vec<u32>,
    /// Whether the referencing columns are a key themselves: one to one.
    unique: bool,
}

/// All relationships of a catalog whose tables, views and functions are complete.
pub(crate) fn relationships(catalog: &Catalog) -> Vec<Relationship> {
    let edges = edges(catalog);
    let mut found: Vec<Relationship> = edges.iter().flat_map(both_directions).collect();
    found.extend(junctions(catalog, &edges));
    found.extend(computed(catalog));
    found.sort_by_cached_key(|it| sort_key(catalog, it));
    found.dedup();
    found
}

/// Every foreign key of a base table, between all relations that show its columns.
fn edges(catalog: &Catalog) -> Vec<Edge> {
    let mut shown: HashMap<TableId, Vec<(TableId, Projection)>> = HashMap::new();
    for table in &catalog.tables {
        for projection in projections(table) {
            shown.entry(projection.table).or_default().push((table.id, projection));
        }
    }
    let shown_by = |table: TableId| shown.get(&table).map(Vec::as_slice).unwrap_or_default();
    let mut edges = Vec::new();
    for table in catalog.tables.iter().filter(|table| !table.is_view()) {
        for key in &table.foreign_keys {
            let unique = is_key(table, key);
            for (origin, from) in shown_by(table.id) {
                let Some(origin_columns) = from.map(&key.columns) else { continue };
                for (target, to) in shown_by(key.target) {
                    let Some(target_columns) = to.map(&key.target_columns) else { continue };
                    let origin_columns = origin_columns.clone();
                    let constraint = key.name.clone();
                    let (origin, target) = (*origin, *target);
                    edges.push(Edge { constraint, origin, origin_columns, target, target_columns, unique });
                }
            }
        }
    }
    edges
}

/// Whether the referencing columns are exactly the primary key or a UNIQUE constraint.
fn is_key(table: &Table, foreign: &ForeignKey) -> bool {
    let same = |key: &Key| {
        key.columns.len() == foreign.columns.len()
            && key.columns.iter().all(|column| foreign.columns.contains(column))
    };
    table.primary_key.iter().chain(&table.uniques).any(same)
}

fn both_directions(edge: &Edge) -> [Relationship; 2] {
    let (forth, back) = if edge.unique {
        (Cardinality::OneToOneFromOrigin, Cardinality::OneToOneFromTarget)
    } else {
        (Cardinality::ManyToOne, Cardinality::OneToMany)
    };
    let link = |origin: &[u32], target: &[u32]| Link::Key {
        constraint: edge.constraint.clone(),
        origin_columns: origin.to_vec(),
        target_columns: target.to_vec(),
    };
    [
        Relationship {
            origin: edge.origin,
            target: edge.target,
            cardinality: forth,
            link: link(&edge.origin_columns, &edge.target_columns),
        },
        Relationship {
            origin: edge.target,
            target: edge.origin,
            cardinality: back,
            link: link(&edge.target_columns, &edge.origin_columns),
        },
    ]
}

/// Many-to-many: two foreign keys of one relation whose columns are all part of its primary key.
fn junctions(catalog: &Catalog, edges: &[Edge]) -> Vec<Relationship> {
    let in_key = |edge: &Edge| {
        let key = catalog.table(edge.origin).primary_key.as_ref();
        key.is_some_and(|key| edge.origin_columns.iter().all(|column| key.columns.contains(column)))
    };
    let mut by_junction: HashMap<TableId, Vec<&Edge>> = HashMap::new();
    for edge in edges.iter().filter(|edge| !edge.unique && in_key(edge)) {
        by_junction.entry(edge.origin).or_default().push(edge);
    }
    let mut found = Vec::new();
    for (junction, edges) in by_junction {
        for one in &edges {
            for other in edges.iter().filter(|other| other.constraint != one.constraint) {
                found.push(Relationship {
                    origin: one.target,
                    target: other.target,
                    cardinality: Cardinality::ManyToMany,
                    link: Link::Junction {
                        table: junction,
                        origin_constraint: one.constraint.clone(),
                        target_constraint: other.constraint.clone(),
                        origin_columns: one.target_columns.clone(),
                        junction_origin_columns: one.origin_columns.clone(),
                        junction_target_columns: other.origin_columns.clone(),
                        target_columns: other.target_columns.clone(),
                    },
                });
            }
        }
    }
    found
}

/// Functions of one row that return rows of a table.
fn computed(catalog: &Catalog) -> impl Iterator<Item = Relationship> {
    catalog.functions.iter().filter_map(|function| {
        let (target, cardinality) = match function.returns {
            Returns::Row(target) => (target, Cardinality::ManyToOne),
            Returns::SetOfTable(target) if function.has_one_row() => (target, Cardinality::ManyToOne),
            Returns::SetOfTable(target) => (target, Cardinality::OneToMany),
            _ => return None,
        };
        Some(Relationship { origin: function.row?, target, cardinality, link: Link::Computed(function.id) })
    })
}

fn sort_key(catalog: &Catalog, it: &Relationship) -> (TableId, String, String, u8, String, String, TableId) {
    let target = catalog.table(it.target);
    let (kind, first, second, through) = match &it.link {
        Link::Key { constraint, .. } => {
            let kind = if it.cardinality == Cardinality::ManyToOne { 0 } else { 1 };
            (kind, constraint.clone(), format!("{:?}", it.cardinality), it.target)
        }
        Link::Junction { table, origin_constraint, target_constraint, .. } => {
            (2, origin_constraint.clone(), target_constraint.clone(), *table)
        }
        Link::Computed(function) => (3, catalog.function(*function).name.clone(), String::new(), it.target),
    };
    (it.origin, target.schema.clone(), target.name.clone(), kind, first, second, through)
}
