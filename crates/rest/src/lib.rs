//! PostgREST's protocol: a request over HTTP becomes a [`mainstay_query::Request`], an engine's answer a response.
//!
//! The way through is one function, [`Rest::respond`]: decode, run, encode. Nothing here knows an engine.

mod body;
mod context;
mod decode;
mod grammar;
mod media;
mod openapi;
mod options;
mod params;
mod prefer;
mod range;
mod respond;
mod target;
mod told;

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_RANGE, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Response};
use mainstay_base::{Problem, Result};
use mainstay_catalog::Source;
use mainstay_edge::{Caller, ResponseParts, problem_response};
use mainstay_exec::{Exec, Timings};
use mainstay_expr::{RequestContext, Session};

use context::Shown;
use decode::Decoded;
use respond::Beyond;
use target::Path;

/// What the operator has decided about the API.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The schemas that are exposed; the first is the default.
    pub schemas: Vec<String>,
    /// How transactions end.
    pub tx_end: TxEnd,
    /// The function that answers at the root, in place of the document: its schema and name.
    pub root_spec: Option<(String, String)>,
    /// What the document at the root shows.
    pub openapi_mode: OpenApiMode,
    /// Whether it is told how the database answers a request, where the engine says so.
    pub plan_enabled: bool,
    /// Whether `Server-Timing` is sent.
    pub server_timing: bool,
    /// Where the API is reached, for the OpenAPI document.
    pub public_url: String,
}

/// How transactions end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TxEnd {
    /// Whether what was done is undone, unless something else is preferred.
    pub rolls_back: bool,
    /// Whether `Prefer: tx=` is honoured.
    pub may_override: bool,
}

/// What the document at the root shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OpenApiMode {
    /// What the asking role may use.
    #[default]
    FollowPrivileges,
    /// All of it.
    IgnorePrivileges,
    /// Nothing: there is none.
    Disabled,
}

/// The REST API.
pub struct Rest {
    exec: Arc<Exec>,
    settings: Settings,
}

impl Rest {
    /// The API over `exec`.
    pub fn new(exec: Arc<Exec>, mut settings: Settings) -> Self {
        settings.plan_enabled &= exec.engine().capabilities().explains;
        Self { exec, settings }
    }

    /// Answers a request. `path` is the path below the API's prefix.
    pub async fn respond(&self, parts: &Parts, path: &str, body: Bytes, caller: &Caller) -> ResponseParts {
        match self.try_respond(parts, path, &body, caller).await {
            Ok(response) => response,
            Err(problem) => problem_response(&self.as_postgrest_says(problem), caller.anonymous),
        }
    }

    /// What PostgREST itself says of a database that is away: its clients know that of an existing database.
    fn as_postgrest_says(&self, problem: Problem) -> Problem {
        let away = match problem.code() {
            _ if self.exec.catalog().source != Source::Existing => return problem,
            "08001" => ("PGRST000", "Database connection error. Retrying the connection."),
            "08006" => ("PGRST001", "Database client error. Retrying the connection."),
            "53300" => ("PGRST003", "Timed out acquiring connection from connection pool."),
            _ => return problem,
        };
        Problem::new(away.0, away.1).with_details(problem.message())
    }

    async fn try_respond(
        &self,
        parts: &Parts,
        path: &str,
        body: &[u8],
        caller: &Caller,
    ) -> Result<ResponseParts> {
        let path = target::path(path)?;
        if parts.method == Method::OPTIONS {
            return options::respond(&self.exec.catalog(), &path, &parts.headers, &self.settings);
        }
        let path = match (path, &self.settings.root_spec) {
            (Path::Root, Some((schema, name))) => Path::RootFunction(schema.clone(), name.clone()),
            (Path::Root, None) => {
                return openapi::respond(&self.exec.catalog(), parts, &self.settings, caller);
            }
            (path, _) => path,
        };
        let decoded = decode::decode(parts, &path, body, &self.settings, &self.exec.catalog())?;
        let session = self.session(parts, &path, &decoded, caller);
        let mut outcome = self.exec.run(session, &decoded.request, decoded.values, decoded.execution).await?;
        let told = outcome.answer.told.take();
        let query = parts.uri.query().unwrap_or_default();
        let mut response = match respond::respond(&decoded.answer, query, outcome.answer) {
            Ok(response) => response,
            Err(Beyond { problem, range }) => unsatisfiable(&problem, caller, range),
        };
        if let Some(told) = told {
            told::apply(&mut response, &told)?;
        }
        if self.settings.server_timing {
            add_timing(&mut response, outcome.timings);
        }
        Ok(response)
    }

    fn session(&self, parts: &Parts, path: &Path, decoded: &Decoded, caller: &Caller) -> Session {
        let request = match self.exec.reads_request() {
            true => {
                let shown = match self.exec.catalog().source {
                    Source::Existing => Shown::Everything,
                    Source::Declared | Source::Adopted => Shown::NoSecrets,
                };
                context::of(parts, path, &decoded.request.target().schema, shown)
            }
            false => RequestContext::default(),
        };
        Session {
            role: caller.role.clone(),
            claims: caller.claims.clone(),
            request,
            now_us: self.exec.now_us(),
            timezone: decoded.answer.prefer.timezone.as_deref().map(Arc::from),
        }
    }
}

/// A page beyond the rows is told where the rows end.
fn unsatisfiable(problem: &Problem, caller: &Caller, range: Option<HeaderValue>) -> ResponseParts {
    let mut response: Response<Bytes> = problem_response(problem, caller.anonymous);
    if let Some(range) = range {
        response.headers_mut().insert(CONTENT_RANGE, range);
    }
    response
}

fn add_timing(response: &mut ResponseParts, timings: Timings) {
    let ms = |duration: std::time::Duration| duration.as_secs_f64() * 1000.0;
    let value = format!(
        "plan;dur={:.3}, bind;dur={:.3}, run;dur={:.3}",
        ms(timings.plan),
        ms(timings.bind),
        ms(timings.run)
    );
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().insert(HeaderName::from_static("server-timing"), value);
    }
}
