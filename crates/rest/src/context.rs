//! What a request shows of itself to policies and functions: `current_setting('request.…')`.

use std::sync::Arc;

use http::HeaderMap;
use http::request::Parts;
use mainstay_expr::RequestContext;
use serde_json::{Map, Value};

use crate::target::Path;

/// Which headers are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// All of them, as PostgREST does: functions of an existing database may ask for any.
    Everything,
    /// Without the API key and the token: policies have the claims.
    NoSecrets,
}

/// The request's method, path, headers and cookies, and the schema that it speaks to.
pub(crate) fn of(parts: &Parts, path: &Path, schema: &str, shown: Shown) -> RequestContext {
    RequestContext {
        method: Arc::from(parts.method.as_str()),
        path: match path {
            Path::Root | Path::RootFunction(..) => Arc::from("/"),
            Path::Table(name) => Arc::from(format!("/{name}")),
            Path::Function(name) => Arc::from(format!("/rpc/{name}")),
        },
        headers: headers(&parts.headers, shown),
        cookies: cookies(&parts.headers),
        schema: Arc::from(schema),
    }
}

/// The headers as a JSON object with lower-case names; cookies have an object of their own.
fn headers(headers: &HeaderMap, shown: Shown) -> Arc<str> {
    let is_hidden = |name: &str| match name {
        "cookie" => true,
        "authorization" | "apikey" => shown == Shown::NoSecrets,
        _ => false,
    };
    let mut object = Map::new();
    for (name, value) in headers.iter().filter(|(name, _)| !is_hidden(name.as_str())) {
        if let Ok(value) = value.to_str() {
            object.insert(name.as_str().to_owned(), value.into());
        }
    }
    Arc::from(Value::Object(object).to_string())
}

/// The cookies as a JSON object (RFC 6265, 4.2.1). Values may stand in double quotes, which belong to them.
fn cookies(headers: &HeaderMap) -> Arc<str> {
    let mut object = Map::new();
    for header in headers.get_all(http::header::COOKIE) {
        let text = String::from_utf8_lossy(header.as_bytes());
        for pair in text.split(';') {
            if let Some((name, value)) = pair.split_once('=') {
                object.insert(name.trim().to_owned(), value.trim().into());
            }
        }
    }
    Arc::from(Value::Object(object).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn cookies_have_an_object_of_their_own() {
        let mut map = HeaderMap::new();
        map.append("cookie", HeaderValue::from_static("a=1; b=x=y;c=\"q\"; broken"));
        map.append("x-colour", HeaderValue::from_static("red"));
        map.append("authorization", HeaderValue::from_static("Bearer x"));
        assert_eq!(&*cookies(&map), r#"{"a":"1","b":"x=y","c":"\"q\""}"#);
        assert_eq!(&*super::headers(&map, Shown::NoSecrets), r#"{"x-colour":"red"}"#);
        let all: Value = serde_json::from_str(&super::headers(&map, Shown::Everything)).unwrap();
        assert_eq!(all, serde_json::json!({"authorization": "Bearer x", "x-colour": "red"}));
    }
}
