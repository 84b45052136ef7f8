//! The OpenAPI document of the root: what the asking role may do, in OpenAPI 3.0, or 2.0 where PostgREST's clients expect it.
//!
//! It is derived from the catalog on each request; nothing of it is written by hand, so it cannot disagree with the schema.

mod parameters;
mod paths;
mod schemas;
mod swagger;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Response};
use mainstay_base::{Problem, Result};
use mainstay_catalog::{Catalog, Column, Command, Function, Source, Table};
use mainstay_edge::{Caller, ResponseParts};
use mainstay_expr::Role;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value as Json, json};

use crate::media::{Asked, negotiate};
use crate::target::schema;
use crate::{OpenApiMode, Settings};

/// Answers a request for the document.
pub(crate) fn respond(
    catalog: &Catalog,
    parts: &Parts,
    settings: &Settings,
    caller: &Caller,
) -> Result<ResponseParts> {
    if !matches!(parts.method, Method::GET | Method::HEAD) {
        return Err(Problem::new("PGRST117", format!("Unsupported HTTP method: {}", parts.method)));
    }
    if settings.openapi_mode == OpenApiMode::Disabled {
        return Err(Problem::new("PGRST126", "Root endpoint metadata is disabled"));
    }
    negotiate(&parts.headers, Asked::Root)?;
    let (schema, profile) = schema(&parts.method, &parts.headers, settings)?;
    let role = Some(&caller.role).filter(|_| settings.openapi_mode == OpenApiMode::FollowPrivileges);
    let shown = Shown { catalog, schema: &schema, role };
    let document = match catalog.source {
        Source::Existing => swagger::document(&shown, settings),
        Source::Declared | Source::Adopted => document(&shown, settings),
    };
    let body = Bytes::from(document.to_string());
    let length = body.len();
    let mut response = Response::new(if parts.method == Method::HEAD { Bytes::new() } else { body });
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/openapi+json; charset=utf-8"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    if let Some(Ok(profile)) = profile.map(HeaderValue::try_from) {
        headers.insert(HeaderName::from_static("content-profile"), profile);
    }
    Ok(response)
}

/// What of the catalog the document speaks of: a schema as a role sees it.
pub(crate) struct Shown<'a> {
    pub catalog: &'a Catalog,
    pub schema: &'a str,
    /// Without one, everything is shown.
    pub role: Option<&'a Role>,
}

impl<'a> Shown<'a> {
    /// The tables and views that the role may use in some way.
    fn tables(&self) -> impl Iterator<Item = &'a Table> {
        self.catalog.tables.iter().filter(|table| self.shows(table))
    }

    /// Whether the document speaks of a table or view.
    fn shows(&self, table: &Table) -> bool {
        table.schema == self.schema && self.commands(table).next().is_some()
    }

    /// What the role may do with a table or view.
    fn commands(&self, table: &Table) -> impl Iterator<Item = Command> {
        [Command::Select, Command::Insert, Command::Update, Command::Delete]
            .into_iter()
            .filter(|command| table.takes(*command))
            .filter(|command| self.role.is_none_or(|role| mainstay_planner::may_use(table, *command, role)))
    }

    /// The columns that the role may read or write, with their positions.
    fn columns<'t>(&self, table: &'t Table) -> impl Iterator<Item = (u32, &'t Column)> {
        (0..).zip(&table.columns).filter(|(position, _)| {
            [Command::Select, Command::Insert, Command::Update]
                .iter()
                .any(|command| self.allows_column(table, *command, *position))
        })
    }

    /// The columns that the role may filter by.
    fn readable<'t>(&self, table: &'t Table) -> impl Iterator<Item = &'t Column> {
        (0..)
            .zip(&table.columns)
            .filter(|(position, _)| self.allows_column(table, Command::Select, *position))
            .map(|(_, column)| column)
    }

    /// The functions that the role may call.
    fn functions(&self) -> impl Iterator<Item = &'a Function> {
        let callable = self.catalog.callable_functions(self.schema);
        callable.filter(|function| self.role.is_none_or(|role| mainstay_planner::may_execute(function, role)))
    }

    fn allows_column(&self, table: &Table, command: Command, position: u32) -> bool {
        self.role.is_none_or(|role| table.grants.allows_column(role, command, position))
    }
}

/// A name as a key of the document's components and a part of `operationId`: letters, digits, `-` and `_` stand for
/// themselves, every other byte for a dot and two hexadecimal digits. Different names so have different keys, and keys
/// need no escaping in a `$ref`.
fn key(name: &str) -> String {
    const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');
    utf8_percent_encode(name, ESCAPED).to_string().replace('%', ".")
}

fn document(shown: &Shown<'_>, settings: &Settings) -> Json {
    let comment = shown.catalog.schemas.get(shown.schema).and_then(Option::as_deref);
    json!({
        "openapi": "3.0.3",
        "info": {
            "title": "Mainstay REST API",
            "description": comment.unwrap_or("Tables, views and functions of this schema, as this role may use them."),
            "version": env!("CARGO_PKG_VERSION"),
        },
        "servers": [{"url": settings.public_url}],
        "security": [{}, {"apikey": []}, {"bearer": []}],
        "paths": paths::paths(shown),
        "components": {
            "securitySchemes": {
                "apikey": {"type": "apiKey", "in": "header", "name": "apikey"},
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            },
            "parameters": parameters::shared(),
            "responses": {"problem": {
                "description": "Something is wrong with the request.",
                "content": {"application/json": {"schema": schemas::problem()}},
            }},
            "schemas": schemas::schemas(shown),
        },
    })
}

/// An object from pairs, in their order.
fn object(pairs: impl IntoIterator<Item = (String, Json)>) -> Json {
    Json::Object(pairs.into_iter().collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use super::key;

    #[test]
    fn different_names_have_different_keys() {
        let names =
            ["films", "film s", "film.20s", "film.s", "film/s", "film%s", "film\"s", "filmés", "FILMS"];
        let keys: Vec<String> = names.iter().map(|name| key(name)).collect();
        let distinct: std::collections::BTreeSet<&String> = keys.iter().collect();
        assert_eq!(distinct.len(), names.len());
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        assert!(keys.iter().all(|key| key.bytes().all(plain)), "{keys:?}");
        assert_eq!(key("film s"), "film.20s");
    }
}
