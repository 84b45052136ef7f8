//! What is where: the one place that looks at a request's path and hands it on.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use mainstay_base::{Clock, Problem, SystemClock};
use mainstay_edge::{ResponseParts, Tokens, cors, problem_response};
use mainstay_rest::Rest;
use serde_json::json;

/// All that one listener serves.
pub struct Site {
    rest: Rest,
    tokens: Tokens,
    about: Bytes,
    max_body_bytes: usize,
}

impl Site {
    /// A site over these services.
    pub fn new(rest: Rest, tokens: Tokens, anon_key: &str, url: String, max_body_bytes: usize) -> Self {
        let about = Bytes::from(json!({"url": url, "anon_key": anon_key}).to_string());
        Self { rest, tokens, about, max_body_bytes }
    }

    /// Answers a request.
    pub async fn respond(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (parts, body) = request.into_parts();
        let mut response = match cors::preflight(&parts.method, &parts.headers) {
            Some(preflight) => preflight,
            None => self.route(&parts, body).await,
        };
        cors::expose(&parts.headers, response.headers_mut());
        response.map(Full::new)
    }

    async fn route(&self, parts: &Parts, body: Incoming) -> ResponseParts {
        let path = parts.uri.path();
        if let Some(below) = path.strip_prefix("/rest/v1")
            && (below.is_empty() || below.starts_with('/'))
        {
            return self.rest(parts, below, body).await;
        }
        match path {
            "/health" => json_response(StatusCode::OK, Bytes::from_static(b"{\"status\":\"ok\"}")),
            "/mainstay.json" => json_response(StatusCode::OK, self.about.clone()),
            _ => json_response(StatusCode::NOT_FOUND, Bytes::from_static(b"{\"message\":\"not found\"}")),
        }
    }

    async fn rest(&self, parts: &Parts, path: &str, body: Incoming) -> ResponseParts {
        let caller = match self.tokens.caller(&parts.headers, SystemClock.now_us() / 1_000_000) {
            Ok(caller) => caller,
            Err(problem) => return problem_response(&problem, true),
        };
        let body = match Limited::new(body, self.max_body_bytes).collect().await {
            Ok(body) => body.to_bytes(),
            Err(_) => return problem_response(&too_large(self.max_body_bytes), caller.anonymous),
        };
        self.rest.respond(parts, path, body, &caller).await
    }
}

fn too_large(max_body_bytes: usize) -> Problem {
    Problem::new("54000", format!("the request's body is larger than {max_body_bytes} bytes, or was cut off"))
}

fn json_response(status: StatusCode, body: Bytes) -> ResponseParts {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    response
}
