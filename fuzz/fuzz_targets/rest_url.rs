//! Any path and query is decoded, planned under policies, and run over a few rows.
//!
//! Found wrong are: a panic, a hang, a body that is no JSON, and an error that is internal or not documented.

#![no_main]

mod support;

use std::sync::LazyLock;

use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, HeaderName, StatusCode};
use libfuzzer_sys::fuzz_target;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use support::Api;

/// What a client escapes at least: the rest is sent as it is, so that the engine can write queries as people do.
const ESCAPED: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'\\').add(b'^').add(b'`');

static API: LazyLock<Api> = LazyLock::new(|| {
    let api = Api::open();
    fill(
        &api,
        "people",
        r#"[{"id":1,"owner":"00000000-0000-0000-0000-000000000001","name":"ann","boss":null},
        {"id":2,"owner":"00000000-0000-0000-0000-000000000002","name":"bob","boss":1},
        {"id":3,"owner":null,"name":"cid","boss":2}]"#,
    );
    fill(
        &api,
        "posts",
        r#"[{"id":1,"author":1,"title":"a","price":1.5,"data":{"a":{"b":[1,"x"]}},"tags":["x","y"],"numbers":[1,2],
        "day":"2024-02-29","shown":true},{"id":2,"author":2,"title":"b","price":null,"data":[1,null],"tags":[],
        "numbers":null,"day":null,"shown":false}]"#,
    );
    fill(&api, "tags", r#"[{"id":1,"name":"x"},{"id":2,"name":null}]"#);
    fill(&api, "posts_tags", r#"[{"post":1,"tag":1},{"post":1,"tag":2},{"post":2,"tag":2}]"#);
    api
});

fn fill(api: &Api, table: &str, rows: &str) {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let status = api.send("service_role", "POST", &format!("/{table}"), headers, rows.as_bytes());
    assert_eq!(status, StatusCode::CREATED, "{table}");
}

fuzz_target!(|text: &str| {
    let target = format!("/{}", utf8_percent_encode(text.trim_start_matches('/'), ESCAPED));
    let mut headers = HeaderMap::new();
    headers.insert(HeaderName::from_static("prefer"), HeaderValue::from_static("count=exact"));
    API.send("authenticated", "GET", &target, headers, b"");
});
