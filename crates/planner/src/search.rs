//! Finding the relationship that an embed means, by PostgREST's rules (Resource Embedding, `findRel`).

use mainstay_base::{Problem, Result};
use mainstay_catalog::{Cardinality, Catalog, Link, Relationship, Table};
use mainstay_query::Embed;
use serde_json::json;

use crate::error;

/// The relationship from `origin` that `embed` names.
///
/// # Errors
/// `PGRST200` when there is none, `PGRST201` when there are several.
pub(crate) fn find_relationship<'a>(
    catalog: &'a Catalog,
    origin: &Table,
    embed: &Embed,
) -> Result<&'a Relationship> {
    let all: Vec<_> =
        catalog.relationships_of(origin.id).filter(|rel| reachable(catalog, origin, rel)).collect();
    if let Some(computed) =
        all.iter().find(|rel| computed_name(catalog, rel) == Some(embed.relation.as_str()))
    {
        return Ok(computed);
    }
    let matching: Vec<_> = all.iter().copied().filter(|rel| matches(catalog, origin, rel, embed)).collect();
    match matching.as_slice() {
        [] => Err(not_found(catalog, origin, embed, &all)),
        [only] => Ok(only),
        several => Err(ambiguous(catalog, origin, embed, several)),
    }
}

/// Relationships lead only to tables of the schema that the request speaks to.
fn reachable(catalog: &Catalog, origin: &Table, relationship: &Relationship) -> bool {
    catalog.table(relationship.target).schema == origin.schema
}

fn computed_name<'a>(catalog: &'a Catalog, relationship: &Relationship) -> Option<&'a str> {
    match relationship.link {
        Link::Computed(function) => Some(&catalog.function(function).name),
        _ => None,
    }
}

fn matches(catalog: &Catalog, origin: &Table, relationship: &Relationship, embed: &Embed) -> bool {
    if let Link::Computed(_) = relationship.link {
        // It goes by the name of its function alone.
        return false;
    }
    let target = catalog.table(relationship.target);
    let by_table = target.name == embed.relation;
    let to_many =
        matches!(relationship.cardinality, Cardinality::OneToMany | Cardinality::OneToOneFromTarget);
    let through_junction = relationship.cardinality == Cardinality::ManyToMany;
    if target.id == origin.id {
        return match &embed.hint {
            None => {
                by_table && (to_many || through_junction)
                    || !to_many
                        && !through_junction
                        && single_key_column(origin, relationship) == Some(&embed.relation)
            }
            Some(hint) => {
                by_table
                    && (to_many || through_junction)
                    && hint_matches(catalog, origin, target, relationship, hint)
            }
        };
    }
    match &embed.hint {
        None => {
            by_table
                || !origin.is_view()
                    && !target.is_view()
                    && constraint(relationship) == Some(embed.relation.as_str())
                || !origin.is_view()
                    && !to_many
                    && !through_junction
                    && single_key_column(origin, relationship) == Some(&embed.relation)
        }
        Some(hint) => by_table && hint_matches(catalog, origin, target, relationship, hint),
    }
}

fn hint_matches(
    catalog: &Catalog,
    origin: &Table,
    target: &Table,
    relationship: &Relationship,
    hint: &str,
) -> bool {
    match &relationship.link {
        Link::Key { constraint, origin_columns, target_columns } => {
            constraint == hint
                || matches!(origin_columns.as_slice(), [only] if origin.column(*only).name == hint)
                || matches!(target_columns.as_slice(), [only] if target.column(*only).name == hint)
        }
        Link::Junction { table, origin_constraint, target_constraint, .. } => {
            catalog.table(*table).name == hint || origin_constraint == hint || target_constraint == hint
        }
        Link::Computed(_) => false,
    }
}

fn constraint(relationship: &Relationship) -> Option<&str> {
    match &relationship.link {
        Link::Key { constraint, .. } => Some(constraint),
        _ => None,
    }
}

/// The name of the origin's only key column.
fn single_key_column<'t>(origin: &'t Table, relationship: &Relationship) -> Option<&'t String> {
    match &relationship.link {
        Link::Key { origin_columns, .. } => match origin_columns.as_slice() {
            [only] => Some(&origin.column(*only).name),
            _ => None,
        },
        _ => None,
    }
}

fn not_found(catalog: &Catalog, origin: &Table, embed: &Embed, all: &[&Relationship]) -> Problem {
    let names = all.iter().map(|rel| catalog.table(rel.target).name.as_str());
    let near = error::closest(&embed.relation, names.filter(|name| *name != embed.relation));
    error::relationship_not_found(&origin.schema, &origin.name, &embed.relation, embed.hint.as_deref(), near)
}

fn ambiguous(catalog: &Catalog, origin: &Table, embed: &Embed, several: &[&Relationship]) -> Problem {
    let hints: Vec<_> = several
        .iter()
        .map(|rel| {
            let hint = match &rel.link {
                Link::Key { constraint, .. } => constraint.clone(),
                Link::Junction { table, .. } => catalog.table(*table).name.clone(),
                Link::Computed(function) => catalog.function(*function).name.clone(),
            };
            format!("{}!{hint}", catalog.table(rel.target).name)
        })
        .collect();
    let details = several.iter().map(|rel| describe(catalog, origin, rel)).collect();
    error::relationship_ambiguous(&origin.name, &embed.relation, &hints, details)
}

fn describe(catalog: &Catalog, origin: &Table, relationship: &Relationship) -> serde_json::Value {
    let target = catalog.table(relationship.target);
    let cardinality = match relationship.cardinality {
        Cardinality::ManyToOne => "many-to-one",
        Cardinality::OneToMany => "one-to-many",
        Cardinality::OneToOneFromOrigin | Cardinality::OneToOneFromTarget => "one-to-one",
        Cardinality::ManyToMany => "many-to-many",
    };
    let text = match &relationship.link {
        Link::Key { constraint, origin_columns, target_columns } => format!(
            "{constraint} using {}({}) and {}({})",
            origin.name,
            names(origin, origin_columns),
            target.name,
            names(target, target_columns)
        ),
        Link::Junction {
            table,
            origin_constraint,
            target_constraint,
            junction_origin_columns,
            junction_target_columns,
            ..
        } => {
            let junction = catalog.table(*table);
            format!(
                "{} using {origin_constraint}({}) and {target_constraint}({})",
                junction.name,
                names(junction, junction_origin_columns),
                names(junction, junction_target_columns)
            )
        }
        Link::Computed(function) => catalog.function(*function).name.clone(),
    };
    json!({
        "cardinality": cardinality,
        "embedding": format!("{} with {}", origin.name, target.name),
        "relationship": text,
    })
}

fn names(table: &Table, columns: &[u32]) -> String {
    columns.iter().map(|column| table.column(*column).name.as_str()).collect::<Vec<_>>().join(", ")
}
