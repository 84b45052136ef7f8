//! What functions of the database said of the response: its status and headers (PostgREST, "Transaction-Scoped Settings").

use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use mainstay_base::{Problem, Result};
use mainstay_edge::ResponseParts;
use mainstay_engine::Told;
use serde_json::{Map, Value};

/// Lays over a response what was said of it. Headers take the place of ours; one that is said twice is sent twice.
///
/// # Errors
/// `PGRST111` and `PGRST112` for what is no header and no status.
pub(crate) fn apply(response: &mut ResponseParts, told: &Told) -> Result<()> {
    if !told.status.is_empty() {
        *response.status_mut() = status(&told.status)?;
    }
    if told.headers.is_empty() {
        return Ok(());
    }
    let mut headers = headers(&told.headers)?;
    for name in headers.keys() {
        response.headers_mut().remove(name);
    }
    let mut last = None;
    for (name, value) in headers.drain() {
        last = name.or(last);
        if let Some(name) = &last {
            response.headers_mut().append(name.clone(), value);
        }
    }
    Ok(())
}

fn status(text: &str) -> Result<StatusCode> {
    let status = text.trim().parse().ok().and_then(|status| StatusCode::from_u16(status).ok());
    status.ok_or_else(|| Problem::new("PGRST112", "response.status guc must be a valid status code"))
}

fn headers(text: &str) -> Result<HeaderMap> {
    let wrong = || {
        Problem::new(
            "PGRST111",
            "response.headers guc must be a JSON array composed of objects with a single key and a string value",
        )
    };
    let objects: Vec<Map<String, Value>> = serde_json::from_str(text).map_err(|_| wrong())?;
    let mut headers = HeaderMap::new();
    for object in &objects {
        let mut pairs = object.iter();
        let (Some((name, Value::String(value))), None) = (pairs.next(), pairs.next()) else {
            return Err(wrong());
        };
        let name = HeaderName::try_from(name).map_err(|_| wrong())?;
        headers.append(name, HeaderValue::from_str(value).map_err(|_| wrong())?);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Response;

    use super::*;

    fn applied(headers: &str, status: &str) -> Result<ResponseParts> {
        let mut response = Response::new(Bytes::new());
        response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
        let told = Told { headers: headers.to_owned(), status: status.to_owned() };
        apply(&mut response, &told).map(|()| response)
    }

    #[test]
    fn headers_take_the_place_of_ours_and_may_be_said_twice() {
        let said = r#"[{"Set-Cookie": "a=1"}, {"Set-Cookie": "b=2"}, {"Content-Type": "text/html"}]"#;
        let response = applied(said, "418").unwrap();
        assert_eq!(response.status().as_u16(), 418);
        assert_eq!(response.headers()["content-type"], "text/html");
        let cookies: Vec<_> = response.headers().get_all("set-cookie").iter().collect();
        assert_eq!(cookies, ["a=1", "b=2"]);
    }

    #[test]
    fn what_is_no_header_or_status_is_refused() {
        for said in [r#"{"a": "b"}"#, r#"[{"a": "b", "c": "d"}]"#, r#"[{"a": 1}]"#, r#"[{}]"#, "x"] {
            assert_eq!(applied(said, "").unwrap_err().code(), "PGRST111", "{said}");
        }
        assert_eq!(applied("", "9000").unwrap_err().code(), "PGRST112");
    }
}
