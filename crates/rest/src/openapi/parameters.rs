//! The parameters that all tables share, and those of one table's columns.

use mainstay_catalog::Table;
use serde_json::{Value as Json, json};

use super::Shown;
use crate::params::filter_key;

/// The shared parameters, under `#/components/parameters`.
pub(super) fn shared() -> Json {
    let text = |place: &str, name: &str, description: &str| json!({"name": name, "in": place, "description": description, "required": false, "schema": {"type": "string"}});
    let integer = |name: &str, description: &str| {
        json!({"name": name, "in": "query", "description": description, "required": false,
            "schema": {"type": "integer", "minimum": 0}})
    };
    let prefer = |values: &[&str]| {
        json!({"name": "Prefer", "in": "header", "description": "What the answer should hold.", "required": false,
            "schema": {"type": "string", "enum": values}})
    };
    json!({
        "select": text("query", "select", "Columns, embedded relations and aggregates to show."),
        "order": text("query", "order", "Columns to order by: `name.desc.nullslast`."),
        "columns": text("query", "columns", "Which keys of the payload are used."),
        "on_conflict": text("query", "on_conflict", "The columns that identify a row that exists already."),
        "limit": integer("limit", "Most rows."),
        "offset": integer("offset", "Rows to skip."),
        "range": text("header", "Range", "Which rows: `0-24`."),
        "preferCount": prefer(&["count=exact", "count=planned", "count=estimated"]),
        "preferReturn": prefer(&["return=representation", "return=minimal", "return=headers-only"]),
        "preferPost": prefer(&[
            "return=representation", "return=minimal", "return=headers-only",
            "resolution=ignore-duplicates", "resolution=merge-duplicates",
        ]),
    })
}

/// References to shared parameters.
pub(super) fn references(names: &[&str]) -> Vec<Json> {
    names.iter().map(|name| json!({"$ref": format!("#/components/parameters/{name}")})).collect()
}

/// A filter for each column that the role may read.
pub(super) fn filters(shown: &Shown<'_>, table: &Table) -> Vec<Json> {
    shown
        .readable(table)
        .map(|column| {
            let description = match &column.comment {
                Some(comment) => format!("{comment}\n\nA filter: `eq.value`, `gt.value`, `in.(a,b)` …"),
                None => "A filter: `eq.value`, `gt.value`, `in.(a,b)` …".to_owned(),
            };
            json!({"name": filter_key(&column.name), "in": "query", "required": false, "description": description,
                "schema": {"type": "string"}})
        })
        .collect()
}
