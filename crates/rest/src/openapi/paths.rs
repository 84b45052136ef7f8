//! The paths: a table's verbs and the functions.

use mainstay_catalog::{Argument, Command, Function, Returns, Table, Volatility};
use mainstay_expr::{ColumnType, Type};
use percent_encoding::utf8_percent_encode;
use serde_json::{Value as Json, json};

use super::parameters::{filters, references};
use super::{Shown, key, object, schemas};
use crate::params::is_free;
use crate::respond::UNRESERVED;

/// All paths.
pub(super) fn paths(shown: &Shown<'_>) -> Json {
    let tables = shown.tables().map(|table| (path("/", &table.name), table_path(shown, table)));
    let mut functions: Vec<(String, Json)> = Vec::new();
    for function in shown.functions() {
        let path = path("/rpc/", &function.name);
        // Overloads share a path; the first one describes it.
        if functions.iter().all(|(known, _)| *known != path) {
            functions.push((path, function_path(shown, function)));
        }
    }
    object(tables.chain(functions))
}

/// A path as it is put behind the server's address. Braces would make a template of it.
pub(super) fn path(prefix: &str, name: &str) -> String {
    format!("{prefix}{}", utf8_percent_encode(name, UNRESERVED))
}

fn table_path(shown: &Shown<'_>, table: &Table) -> Json {
    let operations = shown.commands(table).map(|command| {
        let (verb, mut operation) = match command {
            Command::Select => ("get", get(shown, table)),
            Command::Insert => ("post", post(table)),
            Command::Update => ("patch", patch(shown, table)),
            Command::Delete => ("delete", delete(shown, table)),
        };
        describe(&mut operation, &table.name, &format!("{verb}_{}", key(&table.name)), &table.comment);
        (verb.to_owned(), operation)
    });
    object(operations)
}

fn describe(operation: &mut Json, tag: &str, id: &str, comment: &Option<String>) {
    operation["tags"] = json!([tag]);
    operation["operationId"] = json!(id);
    if let Some(comment) = comment {
        operation["description"] = json!(comment);
    }
}

fn get(shown: &Shown<'_>, table: &Table) -> Json {
    let mut parameters = filters(shown, table);
    parameters.extend(references(&["select", "order", "limit", "offset", "range", "preferCount"]));
    let part = json!({"description": "A part of the rows.", "content": rows(table)});
    let all = json!({"description": "The rows.", "content": rows(table)});
    json!({"parameters": parameters, "responses": {"200": all, "206": part, "default": problem()}})
}

fn post(table: &Table) -> Json {
    let parameters = references(&["select", "columns", "on_conflict", "preferPost"]);
    let created = json!({"description": "The rows were added.", "content": rows(table)});
    let row = json!({"$ref": reference(table)});
    let body = json!({
        "content": {"application/json": {"schema": {"oneOf": [row, {"type": "array", "items": row}]}}},
    });
    json!({"parameters": parameters, "requestBody": body, "responses": {"201": created, "default": problem()}})
}

fn patch(shown: &Shown<'_>, table: &Table) -> Json {
    let mut parameters = filters(shown, table);
    parameters.extend(references(&["select", "columns", "preferReturn"]));
    // Every column is optional in a change, so the row's schema, which has required ones, does not fit.
    let body = json!({"content": {"application/json": {"schema": {"type": "object"}}}});
    let changed = json!({"description": "The rows as they are now.", "content": rows(table)});
    let done = json!({"description": "The rows were changed."});
    json!({"parameters": parameters, "requestBody": body,
        "responses": {"200": changed, "204": done, "default": problem()}})
}

fn delete(shown: &Shown<'_>, table: &Table) -> Json {
    let mut parameters = filters(shown, table);
    parameters.extend(references(&["select", "preferReturn"]));
    let removed = json!({"description": "The rows as they were.", "content": rows(table)});
    let done = json!({"description": "The rows were removed."});
    json!({"parameters": parameters, "responses": {"200": removed, "204": done, "default": problem()}})
}

fn function_path(shown: &Shown<'_>, function: &Function) -> Json {
    let get = (function.volatility != Volatility::Volatile && takes_a_query(function))
        .then(|| ("get", function_get(shown, function)));
    let operations =
        get.into_iter().chain([("post", function_post(shown, function))]).map(|(verb, mut operation)| {
            // A table's operations begin with a verb, so that a table `rpc_f` and a function `f` stay apart.
            let id = format!("rpc_{verb}_{}", key(&function.name));
            describe(&mut operation, &format!("(rpc) {}", function.name), &id, &function.comment);
            (verb.to_owned(), operation)
        });
    object(operations)
}

/// Whether a query string can name all the arguments that must be given.
fn takes_a_query(function: &Function) -> bool {
    let nameable = |name: &str| !name.is_empty() && is_free(name);
    function
        .arguments
        .iter()
        .filter(|argument| is_required(argument))
        .all(|argument| nameable(&argument.name))
}

fn is_required(argument: &Argument) -> bool {
    !argument.is_optional()
}

fn function_get(shown: &Shown<'_>, function: &Function) -> Json {
    let parameters: Vec<Json> = named(function)
        .filter(|argument| is_free(&argument.name))
        .map(|argument| {
            json!({"name": argument.name, "in": "query", "required": is_required(argument),
                "schema": {"type": "string", "format": argument.ty.ty.to_string()}})
        })
        .collect();
    json!({"parameters": parameters, "responses": responses(shown, function)})
}

fn function_post(shown: &Shown<'_>, function: &Function) -> Json {
    json!({
        "requestBody": {"required": true, "content": arguments(function)},
        "responses": responses(shown, function),
    })
}

/// A call's body: an object with the arguments, or the only argument itself when that has no name.
fn arguments(function: &Function) -> Json {
    if let [only] = function.arguments.as_slice()
        && only.name.is_empty()
    {
        let media = match only.ty.ty {
            Type::Bytea => "application/octet-stream",
            Type::Text => "text/plain",
            _ => "application/json",
        };
        return object([(media.to_owned(), json!({"schema": schemas::value(&only.ty)}))]);
    }
    let properties =
        named(function).map(|argument| (argument.name.clone(), Json::Object(schemas::value(&argument.ty))));
    let required: Vec<&str> = named(function)
        .filter(|argument| is_required(argument))
        .map(|argument| argument.name.as_str())
        .collect();
    let mut schema = json!({"type": "object", "properties": object(properties)});
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    json!({"application/json": {"schema": schema}})
}

fn named(function: &Function) -> impl Iterator<Item = &Argument> {
    function.arguments.iter().filter(|argument| !argument.name.is_empty())
}

fn responses(shown: &Shown<'_>, function: &Function) -> Json {
    let row = |table| json!({"$ref": reference(shown.catalog.table(table))});
    let known = |table| shown.shows(shown.catalog.table(table));
    let schema = match &function.returns {
        Returns::Void => {
            return json!({"204": {"description": "Done."}, "default": problem()});
        }
        Returns::Scalar(ty) => Json::Object(schemas::value(ty)),
        Returns::SetOfScalar(ty) => json!({"type": "array", "items": Json::Object(schemas::value(ty))}),
        Returns::Row(table) if known(*table) => row(*table),
        Returns::SetOfTable(table) if known(*table) => json!({"type": "array", "items": row(*table)}),
        Returns::Row(_) => json!({"type": "object"}),
        Returns::SetOfTable(_) => json!({"type": "array", "items": {"type": "object"}}),
        Returns::Table(columns) => json!({"type": "array", "items": row_of(columns)}),
        Returns::RowOf(columns) => row_of(columns),
    };
    let content = json!({"application/json": {"schema": schema}});
    json!({"200": {"description": "What the function returns.", "content": content}, "default": problem()})
}

fn row_of(columns: &[(String, ColumnType)]) -> Json {
    let properties = columns.iter().map(|(name, ty)| (name.clone(), Json::Object(schemas::value(ty))));
    json!({"type": "object", "properties": object(properties)})
}

fn rows(table: &Table) -> Json {
    let row = json!({"$ref": reference(table)});
    json!({
        "application/json": {"schema": {"type": "array", "items": row}},
        "application/vnd.pgrst.object+json": {"schema": row},
        "text/csv": {"schema": {"type": "string"}},
    })
}

fn reference(table: &Table) -> String {
    format!("#/components/schemas/{}", key(&table.name))
}

fn problem() -> Json {
    json!({"$ref": "#/components/responses/problem"})
}
