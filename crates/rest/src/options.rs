//! `OPTIONS`: which methods a resource has. No privilege is checked.

use bytes::Bytes;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, HeaderValue};
use http::{HeaderMap, Method, Response};
use mainstay_base::Result;
use mainstay_catalog::{Catalog, Table, TableKind, Volatility};
use mainstay_edge::ResponseParts;
use mainstay_planner::{function_not_found, table_not_found};
use mainstay_query::Target;

use crate::Settings;
use crate::decode::{Path, schema};

/// The answer: an `Allow` header and no body.
pub(crate) fn respond(
    catalog: &Catalog,
    path: &Path,
    headers: &HeaderMap,
    settings: &Settings,
) -> Result<ResponseParts> {
    let (schema, _) = schema(&Method::GET, headers, settings)?;
    let target = |name: &String| Target { schema: schema.clone(), name: name.clone() };
    let allow = match path {
        Path::Root => "OPTIONS,GET,HEAD",
        Path::Table(name) => {
            let table = catalog.find_table(&schema, name);
            table_methods(table.ok_or_else(|| table_not_found(catalog, &target(name)))?)
        }
        Path::Function(name) => {
            let function = catalog.callable_functions(&schema).find(|function| function.name == *name);
            let function = function.ok_or_else(|| function_not_found(catalog, &target(name), &[], &[]))?;
            match function.volatility {
                Volatility::Volatile => "OPTIONS,POST",
                Volatility::Immutable | Volatility::Stable => "OPTIONS,GET,HEAD,POST",
            }
        }
    };
    let mut response = Response::new(Bytes::new());
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    Ok(response)
}

fn table_methods(table: &Table) -> &'static str {
    match &table.kind {
        TableKind::View(view) if view.updatable.is_none() => "OPTIONS,GET,HEAD",
        _ if table.primary_key.is_none() => "OPTIONS,GET,HEAD,POST,PATCH,DELETE",
        _ => "OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE",
    }
}
