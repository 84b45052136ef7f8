//! `OPTIONS`: which methods a resource has. No privilege is checked.

use bytes::Bytes;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, HeaderValue};
use http::{HeaderMap, Method, Response};
use mainstay_base::{Problem, Result};
use mainstay_catalog::{Catalog, Command, Table, Volatility};
use mainstay_edge::ResponseParts;
use mainstay_planner::{function_not_found, table_not_found};
use mainstay_query::Target;

use crate::Settings;
use crate::target::{Path, schema};

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
        Path::Root | Path::RootFunction(..) => "OPTIONS,GET,HEAD".to_owned(),
        Path::Table(name) => {
            let table = catalog.find_table(&schema, name);
            table_methods(table.ok_or_else(|| table_not_found(catalog, &target(name)))?)
        }
        Path::Function(name) => {
            let function = catalog.callable_functions(&schema).find(|function| function.name == *name);
            let function = function.ok_or_else(|| function_not_found(catalog, &target(name), &[], &[]))?;
            match function.volatility {
                Volatility::Volatile => "OPTIONS,POST".to_owned(),
                Volatility::Immutable | Volatility::Stable => "OPTIONS,GET,HEAD,POST".to_owned(),
            }
        }
    };
    let mut response = Response::new(Bytes::new());
    let allow = HeaderValue::try_from(allow).map_err(|_| Problem::internal("a method is no text"))?;
    response.headers_mut().insert(ALLOW, allow);
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    Ok(response)
}

fn table_methods(table: &Table) -> String {
    let [add, change, remove] =
        [Command::Insert, Command::Update, Command::Delete].map(|command| table.takes(command));
    let methods = [
        ("OPTIONS", true),
        ("GET", true),
        ("HEAD", true),
        ("POST", add),
        ("PUT", add && change && table.primary_key.is_some()),
        ("PATCH", change),
        ("DELETE", remove),
    ];
    let methods: Vec<&str> = methods.iter().filter(|(_, has)| *has).map(|(method, _)| *method).collect();
    methods.join(",")
}
