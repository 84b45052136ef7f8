//! The paths: a table's verbs and the functions.

use mainstay_catalog::{Command, Function, Returns, Table, TableKind, Volatility};
use serde_json::{Map, Value as Json, json};

use super::parameters::{filters, references};
use super::{Shown, object, schemas};

/// All paths.
pub(super) fn paths(shown: &Shown<'_>) -> Json {
    let tables =
        shown.tables().map(|table| (format!("/{}", table.name), Json::Object(table_path(shown, table))));
    let mut functions: Vec<(String, Json)> = Vec::new();
    for function in shown.functions() {
        let path = format!("/rpc/{}", function.name);
        // Overloads share a path; the first one describes it.
        if functions.iter().all(|(known, _)| *known != path) {
            functions.push((path, function_path(shown, function)));
        }
    }
    object(tables.chain(functions))
}

fn table_path(shown: &Shown<'_>, table: &Table) -> Map<String, Json> {
    let writable = !matches!(&table.kind, TableKind::View(view) if view.updatable.is_none());
    let verbs = [
        ("get", Command::Select, get(table)),
        ("post", Command::Insert, post(table)),
        ("patch", Command::Update, patch(table)),
        ("delete", Command::Delete, delete(table)),
    ];
    verbs
        .into_iter()
        .filter(|(_, command, _)| shown.allows(table, *command) && (writable || *command == Command::Select))
        .map(|(verb, _, mut operation)| {
            operation["tags"] = json!([table.name]);
            operation["operationId"] = json!(format!("{verb}_{}", table.name));
            if let Some(comment) = &table.comment {
                operation["description"] = json!(comment);
            }
            (verb.to_owned(), operation)
        })
        .collect()
}

fn get(table: &Table) -> Json {
    let mut parameters = filters(table);
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

fn patch(table: &Table) -> Json {
    let mut parameters = filters(table);
    parameters.extend(references(&["select", "columns", "preferReturn"]));
    // Every column is optional in a change, so the row's schema, which has required ones, does not fit.
    let body = json!({"content": {"application/json": {"schema": {"type": "object"}}}});
    let changed = json!({"description": "The rows as they are now.", "content": rows(table)});
    let done = json!({"description": "The rows were changed."});
    json!({"parameters": parameters, "requestBody": body,
        "responses": {"200": changed, "204": done, "default": problem()}})
}

fn delete(table: &Table) -> Json {
    let mut parameters = filters(table);
    parameters.extend(references(&["select", "preferReturn"]));
    let removed = json!({"description": "The rows as they were.", "content": rows(table)});
    let done = json!({"description": "The rows were removed."});
    json!({"parameters": parameters, "responses": {"200": removed, "204": done, "default": problem()}})
}

fn function_path(shown: &Shown<'_>, function: &Function) -> Json {
    let mut path = Map::new();
    if function.volatility != Volatility::Volatile {
        path.insert("get".to_owned(), function_get(shown, function));
    }
    path.insert("post".to_owned(), function_post(shown, function));
    for (verb, operation) in &mut path {
        operation["tags"] = json!([format!("(rpc) {}", function.name)]);
        operation["operationId"] = json!(format!("{verb}_rpc_{}", function.name));
        if let Some(comment) = &function.comment {
            operation["description"] = json!(comment);
        }
    }
    Json::Object(path)
}

fn function_get(shown: &Shown<'_>, function: &Function) -> Json {
    let parameters: Vec<Json> = function
        .arguments
        .iter()
        .filter(|argument| !argument.name.is_empty())
        .map(|argument| {
            json!({"name": argument.name, "in": "query", "required": argument.default.is_none() && !argument.variadic,
                "schema": {"type": "string", "format": argument.ty.ty.to_string()}})
        })
        .collect();
    json!({"parameters": parameters, "responses": responses(shown, function)})
}

fn function_post(shown: &Shown<'_>, function: &Function) -> Json {
    let properties = function
        .arguments
        .iter()
        .filter(|argument| !argument.name.is_empty())
        .map(|argument| (argument.name.clone(), Json::Object(schemas::value(&argument.ty))));
    let required: Vec<&str> = function
        .arguments
        .iter()
        .filter(|argument| argument.default.is_none() && !argument.variadic && !argument.name.is_empty())
        .map(|argument| argument.name.as_str())
        .collect();
    let mut schema = json!({"type": "object", "properties": object(properties)});
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    let body = json!({"required": true, "content": {"application/json": {"schema": schema}}});
    json!({"requestBody": body, "responses": responses(shown, function)})
}

fn responses(shown: &Shown<'_>, function: &Function) -> Json {
    let row = |table| json!({"$ref": reference(shown.catalog.table(table))});
    let known = |table| shown.tables().any(|shown| shown.id == table);
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
        Returns::Table(columns) => {
            let properties =
                columns.iter().map(|(name, ty)| (name.clone(), Json::Object(schemas::value(ty))));
            json!({"type": "array", "items": {"type": "object", "properties": object(properties)}})
        }
    };
    let content = json!({"application/json": {"schema": schema}});
    json!({"200": {"description": "What the function returns.", "content": content}, "default": problem()})
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
    format!("#/components/schemas/{}", table.name)
}

fn problem() -> Json {
    json!({"$ref": "#/components/responses/problem"})
}
