//! The document as PostgREST has it, in OpenAPI 2.0 (Swagger): programs that were written for a database behind PostgREST read it
//! there.

use http::Uri;
use mainstay_catalog::{Argument, Column, ColumnDefault, Command, Function, Table, Volatility};
use mainstay_expr::{ColumnType, Modifier, Type};
use serde_json::{Map, Value as Json, json};

use super::paths::path;
use super::schemas::description;
use super::{Shown, key, object};
use crate::Settings;

/// What rows come and go as.
const MEDIA: [&str; 4] = [
    "application/json",
    "application/vnd.pgrst.object+json;nulls=stripped",
    "application/vnd.pgrst.object+json",
    "text/csv",
];

/// The whole document.
pub(super) fn document(shown: &Shown<'_>, settings: &Settings) -> Json {
    let comment = shown.catalog.schemas.get(shown.schema).and_then(Option::as_deref).unwrap_or_default();
    let (title, rest) = comment.split_once('\n').unwrap_or((comment, ""));
    let title = if title.is_empty() { "Mainstay REST API" } else { title };
    let address: Uri = settings.public_url.parse().unwrap_or_default();
    json!({
        "swagger": "2.0",
        "info": {"title": title, "description": rest.trim(), "version": env!("CARGO_PKG_VERSION")},
        "host": address.authority().map_or("", |host| host.as_str()),
        "basePath": address.path(),
        "schemes": [address.scheme_str().unwrap_or("http")],
        "consumes": MEDIA,
        "produces": MEDIA,
        "paths": paths(shown),
        "definitions": object(shown.tables().map(|table| (key(&table.name), definition(shown, table)))),
        "parameters": parameters(shown),
    })
}

fn paths(shown: &Shown<'_>) -> Json {
    let root = json!({"get": {
        "tags": ["Introspection"],
        "summary": "This document",
        "produces": ["application/openapi+json", "application/json"],
        "responses": {"200": {"description": "OK"}},
    }});
    let tables = shown.tables().map(|table| (path("/", &table.name), table_path(shown, table)));
    let mut paths: Map<String, Json> = [("/".to_owned(), root)].into_iter().chain(tables).collect();
    for function in shown.functions() {
        // Overloads share a path; the first one describes it.
        paths.entry(path("/rpc/", &function.name)).or_insert_with(|| function_path(function));
    }
    Json::Object(paths)
}

fn table_path(shown: &Shown<'_>, table: &Table) -> Json {
    let filters: Vec<String> = shown.readable(table).map(|column| row_filter(table, column)).collect();
    let body = body(table);
    let rows = json!({"type": "array", "items": definition_of(table)});
    let operations = shown.commands(table).map(|command| {
        let (verb, own, responses) = match command {
            Command::Select => (
                "get",
                vec!["select", "order", "range", "rangeUnit", "offset", "limit", "preferCount"],
                json!({"200": {"description": "OK", "schema": rows}, "206": {"description": "Partial Content"}}),
            ),
            Command::Insert => (
                "post",
                vec![body.as_str(), "select", "preferPost"],
                json!({"201": {"description": "Created"}}),
            ),
            Command::Update => {
                ("patch", vec![body.as_str(), "preferReturn"], json!({"204": {"description": "No Content"}}))
            }
            Command::Delete => {
                ("delete", vec!["preferReturn"], json!({"204": {"description": "No Content"}}))
            }
        };
        let is_filtered = command != Command::Insert;
        let filters = filters.iter().map(String::as_str).filter(|_| is_filtered);
        let parameters: Vec<Json> =
            filters.chain(own).map(|name| json!({"$ref": format!("#/parameters/{name}")})).collect();
        let mut operation = json!({"tags": [table.name], "parameters": parameters, "responses": responses});
        describe(&mut operation, table.comment.as_deref());
        (verb.to_owned(), operation)
    });
    object(operations)
}

/// A comment's first line sums it up.
fn describe(operation: &mut Json, comment: Option<&str>) {
    let Some(comment) = comment else { return };
    let (summary, rest) = comment.split_once('\n').unwrap_or((comment, ""));
    operation["summary"] = json!(summary);
    if !rest.trim().is_empty() {
        operation["description"] = json!(rest.trim());
    }
}

fn function_path(function: &Function) -> Json {
    let operation = |parameters: Vec<Json>| {
        let mut operation = json!({
            "tags": [format!("(rpc) {}", function.name)],
            "parameters": parameters,
            "produces": &MEDIA[..3],
            "responses": {"200": {"description": "OK"}},
        });
        describe(&mut operation, function.comment.as_deref());
        operation
    };
    let named: Vec<&Argument> = function.arguments.iter().filter(|it| !it.name.is_empty()).collect();
    let required: Vec<&str> =
        named.iter().filter(|it| !it.is_optional()).map(|it| it.name.as_str()).collect();
    let properties = named.iter().map(|it| (it.name.clone(), Json::Object(value(&it.ty))));
    let mut schema = json!({"type": "object", "properties": object(properties)});
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    let body = json!({"name": "args", "in": "body", "required": true, "schema": schema});
    let post = ("post".to_owned(), operation(vec![body]));
    if function.volatility == Volatility::Volatile {
        return object([post]);
    }
    let in_query = |argument: &&Argument| {
        let mut parameter = value(&argument.ty);
        parameter.insert("name".to_owned(), json!(argument.name));
        parameter.insert("in".to_owned(), json!("query"));
        parameter.insert("required".to_owned(), json!(!argument.is_optional()));
        parameter.entry("type").or_insert_with(|| json!("string"));
        Json::Object(parameter)
    };
    object([("get".to_owned(), operation(named.iter().map(in_query).collect())), post])
}

fn definition(shown: &Shown<'_>, table: &Table) -> Json {
    let properties = shown.columns(table).map(|(position, column)| {
        let mut schema = value(&column.ty);
        if let Some(default) = default(column) {
            schema.insert("default".to_owned(), default);
        }
        let description = description(shown, table, position, column);
        if !description.is_empty() {
            schema.insert("description".to_owned(), json!(description));
        }
        (column.name.clone(), Json::Object(schema))
    });
    let mut schema = json!({"type": "object", "properties": object(properties)});
    let required: Vec<&str> = shown
        .columns(table)
        .filter(|(_, column)| column.not_null)
        .map(|(_, column)| column.name.as_str())
        .collect();
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    if let Some(comment) = &table.comment {
        schema["description"] = json!(comment);
    }
    schema
}

/// A default as the database writes it: a constant as its value, anything else as its text.
fn default(column: &Column) -> Option<Json> {
    let ColumnDefault::Native(text) = &column.default else { return None };
    if text.is_empty() {
        return None;
    }
    let constant = text.rsplit_once("::").map_or(text.as_str(), |(constant, _)| constant);
    let inner = constant.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
    match inner.filter(|inner| !inner.replace("''", "").contains('\'')) {
        Some(inner) => Some(json!(inner.replace("''", "'"))),
        None => Some(serde_json::from_str(constant).unwrap_or_else(|_| json!(text))),
    }
}

fn value(ty: &ColumnType) -> Map<String, Json> {
    let mut schema = Map::new();
    let (kind, format) = match &ty.ty {
        Type::Bool => (Some("boolean"), "boolean".to_owned()),
        Type::Int2 | Type::Int4 => (Some("integer"), "int32".to_owned()),
        Type::Int8 => (Some("integer"), "int64".to_owned()),
        Type::Float4 | Type::Float8 | Type::Numeric => (Some("number"), ty.ty.to_string()),
        Type::Json | Type::Jsonb => (None, ty.ty.to_string()),
        Type::Array(element) => {
            let items = ColumnType { ty: (**element).clone(), modifier: ty.modifier };
            schema.insert("items".to_owned(), Json::Object(value(&items)));
            (Some("array"), ty.ty.to_string())
        }
        Type::Enum(declared) => {
            schema.insert("enum".to_owned(), json!(declared.labels));
            (Some("string"), ty.ty.to_string())
        }
        other => (Some("string"), other.to_string()),
    };
    if let Some(kind) = kind {
        schema.insert("type".to_owned(), json!(kind));
    }
    schema.insert("format".to_owned(), json!(format));
    if let Modifier::Length(length) = ty.modifier {
        schema.insert("maxLength".to_owned(), json!(length));
    }
    schema
}

fn parameters(shown: &Shown<'_>) -> Json {
    let header = |name: &str, values: &[&str]| {
        let mut parameter = json!({"name": name, "in": "header", "required": false, "type": "string"});
        if !values.is_empty() {
            parameter["enum"] = json!(values);
        }
        parameter
    };
    let query = |name: &str| json!({"name": name, "in": "query", "required": false, "type": "string"});
    let returning = ["return=representation", "return=minimal", "return=headers-only"];
    let resolution = ["resolution=ignore-duplicates", "resolution=merge-duplicates"];
    let shared = [
        ("preferReturn", header("Prefer", &returning)),
        ("preferCount", header("Prefer", &["count=exact", "count=planned", "count=estimated"])),
        ("preferPost", header("Prefer", &[&returning[..], &resolution[..]].concat())),
        ("range", header("Range", &[])),
        ("rangeUnit", header("Range-Unit", &["items"])),
        ("select", query("select")),
        ("on_conflict", query("on_conflict")),
        ("order", query("order")),
        ("offset", query("offset")),
        ("limit", query("limit")),
    ];
    let bodies = shown.tables().map(|table| {
        let schema = definition_of(table);
        (body(table), json!({"name": table.name, "in": "body", "required": false, "schema": schema}))
    });
    let filters = shown.tables().flat_map(|table| {
        let filter = |column: &Column| (row_filter(table, column), query(&column.name));
        shown.readable(table).map(filter).collect::<Vec<_>>()
    });
    let shared = shared.into_iter().map(|(name, parameter)| (name.to_owned(), parameter));
    object(shared.chain(bodies).chain(filters))
}

fn definition_of(table: &Table) -> Json {
    json!({"$ref": format!("#/definitions/{}", key(&table.name))})
}

/// The name of the parameter that a row is given as.
fn body(table: &Table) -> String {
    format!("body.{}", key(&table.name))
}

/// The name of the parameter that filters by a column.
fn row_filter(table: &Table, column: &Column) -> String {
    format!("rowFilter.{}.{}", key(&table.name), key(&column.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(default: &str) -> Option<Json> {
        super::default(&Column {
            name: "a".to_owned(),
            ty: Type::Text.into(),
            domain: None,
            not_null: false,
            default: ColumnDefault::Native(default.to_owned()),
            comment: None,
            native: None,
        })
    }

    #[test]
    fn constants_are_shown_as_their_values() {
        assert_eq!(shown("5"), Some(json!(5)));
        assert_eq!(shown("true"), Some(json!(true)));
        assert_eq!(shown("'it''s'::text"), Some(json!("it's")));
        assert_eq!(shown("now()"), Some(json!("now()")));
        assert_eq!(shown("nextval('a_seq'::regclass)"), Some(json!("nextval('a_seq'::regclass)")));
        assert_eq!(shown("'a'::text || 'b'::text"), Some(json!("'a'::text || 'b'::text")));
        assert_eq!(shown(""), None);
    }
}
