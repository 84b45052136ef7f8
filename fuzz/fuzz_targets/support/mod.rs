//! A small API over a database of its own, for targets that send requests to it.
//!
//! The database lives in a temporary folder that stays behind: the fuzzing engine ends the process without returning.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use mainstay_base::{FixedClock, FixedRandomness, Limits};
use mainstay_catalog::Catalog;
use mainstay_edge::Caller;
use mainstay_engine::Engine;
use mainstay_engine_sqlite::{Options, Sqlite};
use mainstay_exec::Exec;
use mainstay_expr::Role;
use mainstay_planner::Settings as Planning;
use mainstay_rest::{Rest, Settings};
use mainstay_sql::SourceFiles;
use serde_json::{Value as Json, json};

const SCHEMA: &str = include_str!("schema.sql");

/// The API, and what its futures run on.
pub struct Api {
    rest: Rest,
    runtime: tokio::runtime::Runtime,
}

impl Api {
    /// An API over an empty database in the shape of `schema.sql`.
    pub fn open() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime starts");
        let folder = tempfile::tempdir().expect("there is a temporary folder").keep();
        let engine = Sqlite::open(Options::new(folder.join("fuzz.db"))).expect("the database opens");
        let files = SourceFiles::single("schema.sql", SCHEMA);
        let (catalog, diagnostics) = mainstay_catalog::load(&files);
        let catalog = Arc::new(catalog.unwrap_or_else(|| panic!("{}", diagnostics.render(&files, false))));
        let migration = mainstay_migrate::diff(&Arc::new(Catalog::default()), &catalog);
        runtime.block_on(engine.migrate(&migration, SCHEMA, &|_, _| {})).expect("the schema is applied");
        let limits = Limits { statement_timeout: Duration::from_secs(2), ..Limits::default() };
        let exec = Exec::new(
            Arc::new(engine),
            catalog,
            Arc::new(FixedClock(0)),
            Arc::new(FixedRandomness::new(1)),
            Planning { aggregates: true, ..Planning::default() },
            limits,
        );
        let settings = Settings {
            schemas: vec!["public".to_owned()],
            tx_rollback: true,
            server_timing: false,
            public_url: "http://localhost".to_owned(),
        };
        Self { rest: Rest::new(Arc::new(exec), settings), runtime }
    }

    /// Sends a request and checks what must hold of every answer.
    pub fn send(
        &self,
        role: &str,
        method: &str,
        target: &str,
        headers: HeaderMap,
        body: &[u8],
    ) -> StatusCode {
        // What no HTTP server would hand over is not our business.
        let Ok(mut request) = Request::builder().method(method).uri(target).body(()) else {
            return StatusCode::BAD_REQUEST;
        };
        *request.headers_mut() = headers;
        let (parts, ()) = request.into_parts();
        let claims = Arc::new(json!({ "role": role, "sub": "00000000-0000-0000-0000-000000000001" }));
        let caller = Caller { role: Role::new(role), claims, anonymous: false };
        let path = parts.uri.path();
        let answer =
            self.runtime.block_on(self.rest.respond(&parts, path, Bytes::copy_from_slice(body), &caller));
        check(&answer);
        answer.status()
    }
}

/// A body is JSON, and an error is one that is documented.
fn check(answer: &Response<Bytes>) {
    if answer.body().is_empty() {
        return;
    }
    let body: Json = serde_json::from_slice(answer.body())
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(answer.body())));
    if answer.status().is_client_error() || answer.status().is_server_error() {
        let code = body["code"].as_str().expect("an error has a code");
        assert!(is_documented(code), "{body}");
    }
}

/// PostgREST's codes for requests and schemas, and PostgreSQL's for values, names, rights and constraints; 57014 is a statement
/// that took too long and 54… one that is too large.
fn is_documented(code: &str) -> bool {
    let classes = ["PGRST1", "PGRST2", "0A", "21", "22", "23", "42", "54"];
    code == "57014" || classes.iter().any(|class| code.starts_with(class))
}
