//! Rows as JSON Schema.

use mainstay_catalog::{Column, ColumnDefault, Table};
use mainstay_expr::{ColumnType, ExprKind, Modifier, Type, Value};
use serde_json::{Map, Value as Json, json};

use super::{Shown, key, object};

/// The rows of all tables and views.
pub(super) fn schemas(shown: &Shown<'_>) -> Json {
    object(shown.tables().map(|table| (key(&table.name), row(shown, table))))
}

/// A problem. It stands where it is used and not among the rows, where a table could be called so.
pub(super) fn problem() -> Json {
    json!({
        "type": "object",
        "required": ["code", "message"],
        "properties": {
            "code": {"type": "string"},
            "message": {"type": "string"},
            "details": {},
            "hint": {"type": "string", "nullable": true},
        },
    })
}

fn row(shown: &Shown<'_>, table: &Table) -> Json {
    let properties = shown
        .columns(table)
        .map(|(position, declared)| (declared.name.clone(), column(shown, table, position, declared)));
    let required: Vec<&str> = shown
        .columns(table)
        .filter(|(_, column)| is_required(column))
        .map(|(_, column)| column.name.as_str())
        .collect();
    let mut schema = json!({"type": "object", "properties": object(properties)});
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    if let Some(comment) = &table.comment {
        schema["description"] = json!(comment);
    }
    schema
}

fn is_required(column: &Column) -> bool {
    column.not_null && column.default == ColumnDefault::None
}

fn column(shown: &Shown<'_>, table: &Table, position: u32, declared: &Column) -> Json {
    let mut schema = value(&declared.ty);
    if let Some(constant) = constant(&declared.default) {
        schema.insert("default".to_owned(), constant);
    }
    if !declared.not_null {
        allow_null(&mut schema);
    }
    let description = description(shown, table, position, declared);
    if !description.is_empty() {
        schema.insert("description".to_owned(), json!(description));
    }
    Json::Object(schema)
}

/// A schema without a type takes null anyway; an enumeration has to list it.
fn allow_null(schema: &mut Map<String, Json>) {
    if schema.contains_key("type") {
        schema.insert("nullable".to_owned(), json!(true));
    }
    if let Some(Json::Array(labels)) = schema.get_mut("enum") {
        labels.push(Json::Null);
    }
}

/// A default that is a constant with an obvious JSON form.
fn constant(default: &ColumnDefault) -> Option<Json> {
    let ColumnDefault::Expr(expr) = default else { return None };
    match &expr.kind {
        ExprKind::Literal(Value::Bool(value)) => Some(json!(value)),
        ExprKind::Literal(Value::Int(value)) => Some(json!(value)),
        ExprKind::Literal(Value::Text(value)) => Some(json!(value)),
        _ => None,
    }
}

/// The comment, and PostgREST's notes about keys, which its clients read.
pub(super) fn description(shown: &Shown<'_>, table: &Table, position: u32, declared: &Column) -> String {
    let mut notes = Vec::new();
    if table.primary_key.as_ref().is_some_and(|key| key.columns.contains(&position)) {
        notes.push("This is a Primary Key.<pk/>".to_owned());
    }
    for key in &table.foreign_keys {
        if let ([column], [target_column]) = (key.columns.as_slice(), key.target_columns.as_slice())
            && *column == position
            && let target = shown.catalog.table(key.target)
            && shown.shows(target)
            && shown.columns(target).any(|(position, _)| position == *target_column)
        {
            let name = &target.column(*target_column).name;
            notes.push(format!(
                "This is a Foreign Key to `{}.{name}`.<fk table='{}' column='{name}'/>",
                target.name, target.name
            ));
        }
    }
    let notes = if notes.is_empty() { String::new() } else { format!("Note:\n{}", notes.join("\n")) };
    match (&declared.comment, notes.is_empty()) {
        (Some(comment), true) => comment.clone(),
        (Some(comment), false) => format!("{comment}\n\n{notes}"),
        (None, _) => notes,
    }
}

/// The schema of a value of a type.
pub(super) fn value(ty: &ColumnType) -> Map<String, Json> {
    let mut schema = Map::new();
    let mut put = |key: &str, value: Json| {
        schema.insert(key.to_owned(), value);
    };
    match &ty.ty {
        Type::Bool => put("type", json!("boolean")),
        Type::Int2 | Type::Int4 => {
            put("type", json!("integer"));
            put("format", json!("int32"));
        }
        Type::Int8 => {
            put("type", json!("integer"));
            put("format", json!("int64"));
        }
        Type::Float4 => {
            put("type", json!("number"));
            put("format", json!("float"));
        }
        Type::Float8 => {
            put("type", json!("number"));
            put("format", json!("double"));
        }
        Type::Numeric => {
            put("type", json!("number"));
            put("format", json!("numeric"));
        }
        Type::Json | Type::Jsonb | Type::Void => {}
        // Whatever JSON the database makes of it.
        Type::Native(native) if native.has_json => put("format", json!(native.to_string())),
        Type::Array(element) => {
            put("type", json!("array"));
            put("items", Json::Object(value(&ColumnType { ty: (**element).clone(), modifier: ty.modifier })));
        }
        Type::Enum(declared) => {
            put("type", json!("string"));
            put("enum", json!(declared.labels));
        }
        other => {
            put("type", json!("string"));
            put("format", json!(format_of(other)));
            if let Modifier::Length(length) = ty.modifier {
                put("maxLength", json!(length));
            }
        }
    }
    schema
}

/// JSON Schema's format where there is one, else PostgreSQL's name of the type.
fn format_of(ty: &Type) -> String {
    match ty {
        Type::Timestamptz => "date-time".to_owned(),
        other => other.to_string(),
    }
}
