//! Any body is inserted and undone: as JSON, and when it does not look like that as CSV and as a form too.
//!
//! Found wrong are: a panic, a hang, an answer that is no JSON, and an error that is internal or not documented.

#![no_main]

mod support;

use std::sync::LazyLock;

use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, HeaderName, StatusCode};
use libfuzzer_sys::fuzz_target;
use support::Api;

static API: LazyLock<Api> = LazyLock::new(|| {
    let api = Api::open();
    let author = r#"{"id":1,"name":"ann"}"#.as_bytes();
    assert_eq!(api.send("service_role", "POST", "/people", HeaderMap::new(), author), StatusCode::CREATED);
    api
});

fn insert(media: &'static str, body: &[u8]) {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    let prefer = HeaderValue::from_static("return=representation, missing=default, tx=rollback");
    headers.insert(HeaderName::from_static("prefer"), prefer);
    API.send("service_role", "POST", "/posts", headers, body);
}

fuzz_target!(|body: &[u8]| {
    insert("application/json", body);
    if !matches!(body.trim_ascii_start().first(), Some(b'{' | b'[')) {
        insert("text/csv", body);
        insert("application/x-www-form-urlencoded", body);
    }
});
