//! What is where: the one place that looks at a request's path and hands it on.

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body_util::{Either, Full};
use mainstay_base::{Clock, Problem, SystemClock, SystemRandomness};
use mainstay_catalog::Catalog;
use mainstay_edge::{Caller, ResponseParts, Tokens, Untold, cors, problem_response};
use mainstay_engine::Engine;
use mainstay_exec::Exec;
use mainstay_rest::Rest;
use serde_json::json;

use crate::body::{self, Refused};
use crate::failure;
use crate::keys::Keys;
use crate::project::Project;
use crate::ready::{Readiness, Ready};
use crate::request_log::{self, RequestLog};
use crate::request_target::RequestBody;
use crate::static_files::{Body, StaticFiles};

/// Where the REST API answers.
const REST: &str = "/rest/v1";
/// Where services answer or will: a path below one of these is never a file, nor a page of the application.
const SERVICES: &[&str] = &[REST, "/graphql/v1", "/auth/v1", "/storage/v1", "/realtime/v1", "/functions/v1"];

/// A request with what it carries.
pub struct Received {
    parts: Parts,
    body: Result<Bytes, Refused>,
    /// When it began to come in, if that is going to be told.
    started: Option<Instant>,
}

/// All that one listener serves.
pub struct Site {
    rest: Rest,
    exec: Arc<Exec>,
    /// The default schema.
    schema: String,
    tokens: Tokens,
    files: StaticFiles,
    about: Bytes,
    readiness: Readiness,
    max_body_bytes: usize,
    log: Option<RequestLog>,
    /// Why the REST API answers nothing at the moment.
    closed: RwLock<Option<Problem>>,
}

impl Site {
    /// A project's site over a database that is in the shape of `catalog`.
    ///
    /// # Errors
    /// When the project's keys cannot be read.
    pub fn new(
        project: &Project,
        engine: Arc<dyn Engine>,
        catalog: Arc<Catalog>,
        address: SocketAddr,
        log: Option<RequestLog>,
    ) -> failure::Result<Self> {
        let settings = &project.settings;
        let keys = Keys::of(project)?;
        let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandomness));
        let exec = Exec::new(engine, catalog, clock, random, settings.planner(), settings.limits());
        let exec = Arc::new(exec);
        let url = project.url(address);
        let rest = mainstay_rest::Settings {
            schemas: settings.api.schemas.clone(),
            tx_end: settings.tx_end(),
            root_spec: settings.root_spec(),
            openapi_mode: settings.api.openapi_mode.into(),
            plan_enabled: settings.database.plan_enabled,
            server_timing: settings.api.server_timing,
            public_url: format!("{url}/rest/v1"),
        };
        Ok(Self {
            rest: Rest::new(exec.clone(), rest),
            exec,
            schema: settings.api.schemas.first().cloned().unwrap_or_default(),
            tokens: Tokens::new(&keys.jwt_secret).with_anonymous(&settings.database.anon_role),
            files: StaticFiles::new(project.public_folder(), settings.site.content_security_policy()),
            about: Bytes::from(json!({"url": url, "anon_key": keys.anon_key}).to_string()),
            readiness: Readiness::default(),
            max_body_bytes: settings.server.max_body_bytes,
            log,
            closed: RwLock::default(),
        })
    }

    /// Reads what a request carries, if anybody is going to look at it. Nothing is answered yet and no database is asked: this
    /// takes as long as the client likes.
    pub async fn receive(&self, request: Request<RequestBody>) -> Received {
        let started = self.log.as_ref().map(|_| Instant::now());
        let (parts, body) = request.into_parts();
        let body = match below(parts.uri.path(), REST) {
            Some(_) => body::read(body, self.max_body_bytes).await,
            None => Ok(Bytes::new()),
        };
        Received { parts, body, started }
    }

    /// Answers a request that has come in.
    pub async fn answer(&self, received: Received) -> Response<Body> {
        let Received { parts, body, started } = received;
        let mut response = match cors::preflight(&parts.method, &parts.headers) {
            Some(preflight) => whole(preflight),
            None => self.route(&parts, body).await,
        };
        cors::expose(&parts.headers, response.headers_mut());
        if let Some(Untold(problem)) = response.extensions().get() {
            request_log::write_untold(&parts, problem);
        }
        if let (Some(log), Some(started)) = (&self.log, started) {
            log.write(&parts, &response, started.elapsed());
        }
        response
    }

    /// What runs its requests.
    pub fn exec(&self) -> &Arc<Exec> {
        &self.exec
    }

    /// Has requests to the REST API answered with a problem, until they can be answered as they should.
    pub fn close_rest(&self, why: Option<Problem>) {
        *self.closed.write().unwrap_or_else(PoisonError::into_inner) = why;
    }

    /// To be called by a thread that has no request to answer for now.
    pub fn idle(&self) {
        self.exec.engine().idle();
    }

    /// A table of the default schema that a visitor may read, one with rows if there is one: found by asking.
    pub async fn readable_table(&self) -> Option<String> {
        let mut empty = None;
        for name in self.tables() {
            let request = Request::get(format!("/{name}?limit=1")).body(()).ok()?;
            let (parts, ()) = request.into_parts();
            let visitor = self.tokens.caller(&parts.headers, SystemClock.now_us() / 1_000_000).ok()?;
            let path = parts.uri.path();
            let response = self.rest.respond(&parts, path, Bytes::new(), &visitor).await;
            if response.status() == StatusCode::OK {
                if response.body().len() > b"[]".len() {
                    return Some(name);
                }
                empty.get_or_insert(name);
            }
        }
        empty
    }

    /// The first table of the default schema.
    pub fn first_table(&self) -> Option<String> {
        self.tables().into_iter().next()
    }

    /// The tables and views of the default schema whose names need no encoding.
    fn tables(&self) -> Vec<String> {
        let plain = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let catalog = self.exec.catalog();
        let tables = catalog.tables.iter().filter(|table| table.schema == self.schema && plain(&table.name));
        tables.map(|table| table.name.clone()).collect()
    }

    async fn route(&self, parts: &Parts, body: Result<Bytes, Refused>) -> Response<Body> {
        let path = parts.uri.path();
        if let Some(below) = below(path, REST) {
            return whole(self.rest(parts, below, body).await);
        }
        match path {
            "/health" => whole(json_response(StatusCode::OK, b"{\"status\":\"ok\"}".as_slice())),
            "/ready" => whole(self.ready().await),
            "/mainstay.json" => whole(json_response(StatusCode::OK, self.about.clone())),
            _ if SERVICES.iter().any(|service| below(path, service).is_some()) => not_found(),
            _ => match self.files.respond(parts).await {
                Some(response) => response,
                None => not_found(),
            },
        }
    }

    async fn rest(&self, parts: &Parts, path: &str, body: Result<Bytes, Refused>) -> ResponseParts {
        if let Some(why) = &*self.closed.read().unwrap_or_else(PoisonError::into_inner) {
            return problem_response(why, true);
        }
        let caller = match self.tokens.caller(&parts.headers, SystemClock.now_us() / 1_000_000) {
            Ok(caller) => caller,
            Err(problem) => return problem_response(&problem, true),
        };
        let body = match body {
            Ok(body) => body,
            Err(Refused::TooSlow | Refused::CutOff) => return too_slow(),
            Err(Refused::TooLarge) => {
                return problem_response(&too_large(self.max_body_bytes), caller.anonymous);
            }
        };
        let mut response = self.rest.respond(parts, path, body, &caller).await;
        self.note_role(&mut response, &caller);
        response
    }

    /// The role goes into the log's line, if there is a log.
    fn note_role(&self, response: &mut ResponseParts, caller: &Caller) {
        if self.log.is_some() {
            response.extensions_mut().insert(caller.role.clone());
        }
    }

    /// Whether requests can be answered: asked by who decides where they are sent.
    async fn ready(&self) -> ResponseParts {
        let is_closed = self.closed.read().unwrap_or_else(PoisonError::into_inner).is_some();
        if is_closed {
            return json_response(StatusCode::SERVICE_UNAVAILABLE, "{\"status\":\"unavailable\"}");
        }
        let (status, body) = match self.readiness.ask(&self.exec).await {
            Ready::Yes => (StatusCode::OK, "{\"status\":\"ready\"}"),
            Ready::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "{\"status\":\"unavailable\"}"),
            Ready::Outdated => (StatusCode::SERVICE_UNAVAILABLE, "{\"status\":\"outdated\"}"),
        };
        json_response(status, body)
    }
}

/// What follows a service's prefix; `None` for the path of another.
fn below<'a>(path: &'a str, service: &str) -> Option<&'a str> {
    path.strip_prefix(service).filter(|below| below.is_empty() || below.starts_with('/'))
}

fn whole(response: ResponseParts) -> Response<Body> {
    response.map(|bytes| Either::Left(Full::new(bytes)))
}

fn too_large(max_body_bytes: usize) -> Problem {
    Problem::new("54000", format!("the request's body is larger than {max_body_bytes} bytes"))
}

/// The rest of the body may still come, so the connection can carry no other request.
fn too_slow() -> ResponseParts {
    let message = b"{\"message\":\"the request's body did not come in time\"}".as_slice();
    let mut response = json_response(StatusCode::REQUEST_TIMEOUT, message);
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

fn not_found() -> Response<Body> {
    whole(json_response(StatusCode::NOT_FOUND, b"{\"message\":\"not found\"}".as_slice()))
}

fn json_response(status: StatusCode, body: impl Into<Bytes>) -> ResponseParts {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    response
}
