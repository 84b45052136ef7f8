//! Problems as responses.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use http::{Response, StatusCode};
use mainstay_base::Problem;
use serde_json::json;

use crate::raised::raised;
use crate::status_of;

/// A response whose body is known whole.
pub type ResponseParts = Response<Bytes>;

/// What the client of a response is not told, in the response's extensions: it belongs in the log.
#[derive(Debug, Clone)]
pub struct Untold(pub Problem);

/// The error body and headers of PostgREST's protocol. What is internal is not told: it goes with the response as [`Untold`].
pub fn problem_response(problem: &Problem, anonymous: bool) -> ResponseParts {
    match raised(problem) {
        None => respond(problem, status_of(problem, anonymous)),
        Some(Err(malformed)) => respond(&malformed, status_of(&malformed, anonymous)),
        Some(Ok(raised)) => {
            let mut response = respond(&raised.problem, raised.status);
            response.headers_mut().extend(raised.headers);
            response
        }
    }
}

fn respond(problem: &Problem, status: StatusCode) -> ResponseParts {
    let internal = problem.code() == "XX000";
    let body = json!({
        "code": problem.code(),
        "details": problem.details().filter(|_| !internal),
        "hint": problem.hint().filter(|_| !internal),
        "message": if internal { "internal error; the server's log says more" } else { problem.message() },
    });
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    if internal {
        response.extensions_mut().insert(Untold(problem.clone()));
    }
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    if let Ok(value) = HeaderValue::try_from(format!("PostgREST; error={}", problem.code())) {
        headers.insert(HeaderName::from_static("proxy-status"), value);
    }
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, challenge(problem));
    }
    response
}

/// RFC 6750: what was wrong with the token, if there was one.
fn challenge(problem: &Problem) -> HeaderValue {
    let bare = HeaderValue::from_static("Bearer");
    match problem.code() {
        "PGRST301" | "PGRST303" => {
            let text = format!("Bearer error=\"invalid_token\", error_description=\"{}\"", problem.message());
            HeaderValue::try_from(text).unwrap_or(bare)
        }
        _ => bare,
    }
}
