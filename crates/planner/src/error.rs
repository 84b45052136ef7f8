//! The planner's errors, worded as PostgREST and PostgreSQL word them.

use mainstay_base::Problem;
use mainstay_catalog::{Catalog, Table};
use mainstay_query::Target;
use serde_json::Value as Json;

/// How alike two names must be for one to be suggested for the other (0 to 1).
const SIMILARITY_MIN: f64 = 0.75;

/// The candidate that is most like `name`, when it is like it enough.
pub(crate) fn closest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .map(|candidate| (strsim::normalized_damerau_levenshtein(name, candidate), candidate))
        .filter(|(similarity, _)| *similarity >= SIMILARITY_MIN)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, candidate)| candidate)
}

/// The problem of a table or view that is not there (`PGRST205`), with the one that may have been meant.
pub fn table_not_found(catalog: &Catalog, target: &Target) -> Problem {
    let tables =
        catalog.tables.iter().filter(|table| table.schema == target.schema).map(|table| table.name.as_str());
    let problem = Problem::new(
        "PGRST205",
        format!("Could not find the table '{}.{}' in the schema cache", target.schema, target.name),
    );
    match closest(&target.name, tables) {
        Some(near) => problem.with_hint(format!("Perhaps you meant the table '{}.{near}'", target.schema)),
        None => problem,
    }
}

/// The problem of a function that is not there, or not with arguments of these names (`PGRST202`), with the one that may have
/// been meant. `body` are the types of a single unnamed argument that the whole body could have been.
pub fn function_not_found(catalog: &Catalog, target: &Target, names: &[&str], body: &[&str]) -> Problem {
    let function = format!("{}.{}", target.schema, target.name);
    let list = names.join(", ");
    let (signature, with) = match names.len() {
        0 => (format!("{function} without parameters"), "without parameters".to_owned()),
        1 => (format!("{function}({list})"), format!("with parameter {list}")),
        _ => (format!("{function}({list})"), format!("with parameters {list}")),
    };
    let unnamed = match body {
        [] => String::new(),
        types => format!(" or with a single unnamed {} parameter", types.join("/")),
    };
    let problem = Problem::new(
        "PGRST202",
        format!("Could not find the function {signature} in the schema cache"),
    )
    .with_details(format!(
        "Searched for the function {function} {with}{unnamed}, but no matches were found in the schema cache."
    ));
    match near_function(catalog, target) {
        Some(near) => problem.with_hint(format!("Perhaps you meant to call the function {near}")),
        None => problem,
    }
}

/// An overload of that name with other arguments, or a function of a name like it.
fn near_function(catalog: &Catalog, target: &Target) -> Option<String> {
    let here = || catalog.callable_functions(&target.schema);
    let same = here().find(|function| function.name == target.name);
    let near = same.or_else(|| {
        let name = closest(&target.name, here().map(|function| function.name.as_str()))?;
        here().find(|function| function.name == name)
    })?;
    let names: Vec<_> = near.arguments.iter().map(|argument| argument.name.as_str()).collect();
    Some(match names.len() {
        0 => format!("{}.{} without parameters", near.schema, near.name),
        _ => format!("{}.{}({})", near.schema, near.name, names.join(", ")),
    })
}

pub(crate) fn payload_column_not_found(table: &str, column: &str) -> Problem {
    Problem::new("PGRST204", format!("Could not find the '{column}' column of '{table}' in the schema cache"))
}

pub(crate) fn column_not_found(relation: &str, column: &str) -> Problem {
    Problem::new("42703", format!("column {relation}.{column} does not exist"))
}

pub(crate) fn permission_denied(kind: &str, name: &str) -> Problem {
    Problem::new("42501", format!("permission denied for {kind} {name}"))
}

pub(crate) fn not_embedded(name: &str) -> Problem {
    Problem::new("PGRST108", format!("'{name}' is not an embedded resource in this request"))
        .with_hint(format!("Verify that '{name}' is included in the 'select' query parameter."))
}

pub(crate) fn related_order_impossible(origin: &str, target: &str) -> Problem {
    Problem::new("PGRST118", format!("A related order on '{target}' is not possible")).with_details(format!(
        "'{origin}' and '{target}' do not form a many-to-one or one-to-one relationship"
    ))
}

pub(crate) fn relationship_not_found(
    schema: &str,
    origin: &str,
    target: &str,
    hint: Option<&str>,
    near: Option<&str>,
) -> Problem {
    let using = hint.map(|hint| format!(" using the hint '{hint}'")).unwrap_or_default();
    let problem = Problem::new(
        "PGRST200",
        format!("Could not find a relationship between '{origin}' and '{target}' in the schema cache"),
    )
    .with_details(format!(
        "Searched for a foreign key relationship between '{origin}' and '{target}'{using} in the schema '{schema}', but no matches were found."
    ));
    match near {
        Some(near) => problem.with_hint(format!("Perhaps you meant '{near}' instead of '{target}'.")),
        None => problem,
    }
}

pub(crate) fn relationship_ambiguous(
    origin: &str,
    target: &str,
    hints: &[String],
    candidates: Vec<Json>,
) -> Problem {
    let choices = hints.iter().map(|hint| format!("'{hint}'")).collect::<Vec<_>>().join(", ");
    Problem::new(
        "PGRST201",
        format!("Could not embed because more than one relationship was found for '{origin}' and '{target}'"),
    )
    .with_details(Json::Array(candidates))
    .with_hint(format!(
        "Try changing '{target}' to one of the following: {choices}. Find the desired relationship in the 'details' key."
    ))
}

pub(crate) fn aggregates_disabled() -> Problem {
    Problem::new("PGRST123", "Use of aggregate functions is not allowed")
}

pub(crate) fn aggregates_in_to_many_spread() -> Problem {
    Problem::new("PGRST127", "Feature not implemented")
        .with_details("Aggregates are not implemented for one-to-many or many-to-many spreads.")
}

pub(crate) fn too_deep(depth: usize) -> Problem {
    Problem::new("PGRST100", format!("embeds are nested deeper than {depth} levels"))
}

pub(crate) fn operator_not_found(operator: &str, left: &str, right: &str) -> Problem {
    Problem::new("42883", format!("operator does not exist: {left} {operator} {right}")).with_hint(
        "No operator matches the given name and argument types. You might need to add explicit type casts.",
    )
}

pub(crate) fn row_policy(table: &Table, policy: Option<&str>) -> Problem {
    let named = policy.map(|name| format!(" \"{name}\"")).unwrap_or_default();
    Problem::new(
        "42501",
        format!("new row violates row-level security policy{named} for table \"{}\"", table.name),
    )
}

pub(crate) fn existing_row_policy(table: &Table) -> Problem {
    Problem::new(
        "42501",
        format!("new row violates row-level security policy (USING expression) for table \"{}\"", table.name),
    )
}
