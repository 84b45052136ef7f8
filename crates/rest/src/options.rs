//! `OPTIONS`: which methods a resource has. No privilege is checked.

use bytes::Bytes;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, HeaderValue};
use http::{HeaderMap, Method, Response};
use mainstay_base::{Problem, Result};
use mainstay_catalog::{Catalog, Table, TableKind, Volatility};
use mainstay_edge::ResponseParts;

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
    let allow = match path {
        Path::Root => "OPTIONS,GET,HEAD",
        Path::Table(name) => table_methods(catalog.find_table(&schema, name).ok_or_else(|| {
            Problem::new(
                "PGRST205",
                format!("Could not find the table '{schema}.{name}' in the schema cache"),
            )
        })?),
        Path::Function(name) => {
            let function = catalog.find_functions(&schema, name).next().ok_or_else(|| {
                Problem::new(
                    "PGRST202",
                    format!("Could not find the function {schema}.{name} in the schema cache"),
                )
            })?;
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
