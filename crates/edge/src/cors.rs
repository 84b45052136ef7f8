//! Cross-origin requests: the API is open to pages of any origin, because a browser adds no credentials to it by itself.

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderValue, ORIGIN,
};
use http::{Method, Response, StatusCode};

use crate::ResponseParts;

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD");
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Location, Server, Transfer-Encoding, Range-Unit",
);
const MAX_AGE_S: HeaderValue = HeaderValue::from_static("86400");
const ANY: HeaderValue = HeaderValue::from_static("*");

/// The answer to a preflight request; `None` when it is not one.
pub fn preflight(method: &Method, headers: &HeaderMap) -> Option<ResponseParts> {
    if method != Method::OPTIONS
        || !headers.contains_key(ORIGIN)
        || !headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
    {
        return None;
    }
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::OK;
    let out = response.headers_mut();
    out.insert(ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
    out.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    out.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE_S);
    let wanted = headers.get(ACCESS_CONTROL_REQUEST_HEADERS).and_then(|value| value.to_str().ok());
    let allowed = match wanted {
        Some(wanted) if !wanted.is_empty() => format!("Authorization, {wanted}"),
        _ => "Authorization".to_owned(),
    };
    if let Ok(value) = HeaderValue::try_from(allowed) {
        out.insert(ACCESS_CONTROL_ALLOW_HEADERS, value);
    }
    Some(response)
}

/// Lets a page of another origin read the answer.
pub fn expose(request: &HeaderMap, response: &mut HeaderMap) {
    if request.contains_key(ORIGIN) {
        response.insert(ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
        response.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
}
