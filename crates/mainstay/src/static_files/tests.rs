//! A folder as clients see it.

use std::fs;
use std::io::Read;
use std::path::Path;

use http::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    IF_RANGE, IF_UNMODIFIED_SINCE, LAST_MODIFIED, LOCATION, RANGE, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue, Request, StatusCode};
use http_body_util::BodyExt;
use tempfile::TempDir;

use super::representation::WHOLE_BYTES_MAX;
use super::*;

struct Site {
    files: StaticFiles,
    folder: TempDir,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: HeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

fn site() -> Site {
    let folder = tempfile::tempdir().unwrap();
    let public = folder.path().join("public");
    fs::create_dir_all(public.join("docs")).unwrap();
    fs::write(public.join("index.html"), "<!doctype html><title>home</title>").unwrap();
    fs::write(public.join("docs/index.html"), "<!doctype html><title>docs</title>").unwrap();
    fs::write(public.join("app.js"), "export const answer = 42;\n".repeat(200)).unwrap();
    fs::write(public.join("app.3f2a9c1b.js"), "1").unwrap();
    fs::write(public.join("photo.jpg"), [7_u8; 5000]).unwrap();
    fs::write(public.join(".env"), "SECRET=1").unwrap();
    fs::write(folder.path().join("secret.txt"), "not for you").unwrap();
    let policy = HeaderValue::from_static(DEFAULT_CONTENT_SECURITY_POLICY);
    Site { files: StaticFiles::new(public, Some(policy)), folder }
}

impl Site {
    fn public(&self) -> std::path::PathBuf {
        self.folder.path().join("public")
    }

    async fn send(&self, method: &str, path: &str, headers: &[(HeaderName, &str)]) -> Option<Answer> {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let response = self.files.respond(&parts).await?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Some(Answer { status: parts.status, headers: parts.headers, body })
    }

    async fn get(&self, path: &str, headers: &[(HeaderName, &str)]) -> Answer {
        self.send("GET", path, headers).await.unwrap()
    }

    fn js(&self) -> Vec<u8> {
        fs::read(self.public().join("app.js")).unwrap()
    }
}

#[tokio::test]
async fn a_file_comes_with_its_type_its_tag_and_what_keeps_it_safe() {
    let site = site();
    let page = site.get("/", &[]).await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.header(CONTENT_TYPE), "text/html; charset=utf-8");
    assert_eq!(page.header(X_CONTENT_TYPE_OPTIONS), "nosniff");
    assert_eq!(page.header(CACHE_CONTROL), "no-cache");
    assert_eq!(page.header(CONTENT_SECURITY_POLICY), DEFAULT_CONTENT_SECURITY_POLICY);
    assert!(page.header(ETAG).starts_with('"'));
    assert!(!page.header(LAST_MODIFIED).is_empty());
    let script = site.get("/app.js", &[]).await;
    assert_eq!(script.body, site.js());
    assert_eq!(script.header(CONTENT_SECURITY_POLICY), "");
    let hashed = site.get("/app.3f2a9c1b.js", &[]).await;
    assert_eq!(hashed.header(CACHE_CONTROL), "public, max-age=31536000, immutable");
}

#[tokio::test]
async fn who_has_the_file_is_told_so() {
    let site = site();
    let first = site.get("/app.js", &[]).await;
    let (tag, modified) = (first.header(ETAG), first.header(LAST_MODIFIED));
    let weak = format!("\"other\", W/{tag}");
    for header in [
        (IF_NONE_MATCH, tag),
        (IF_NONE_MATCH, weak.as_str()),
        (IF_NONE_MATCH, "*"),
        (IF_MODIFIED_SINCE, modified),
        (IF_MODIFIED_SINCE, "Fri, 01 Jan 2100 00:00:00 GMT"),
    ] {
        let answer = site.get("/app.js", std::slice::from_ref(&header)).await;
        assert_eq!(answer.status, StatusCode::NOT_MODIFIED, "{header:?}");
        assert_eq!((answer.body.len(), answer.header(ETAG)), (0, tag));
    }
    for headers in [
        vec![(IF_NONE_MATCH, "\"other\"")],
        vec![(IF_MODIFIED_SINCE, "Thu, 01 Jan 1970 00:00:00 GMT")],
        vec![(IF_MODIFIED_SINCE, "yesterday")],
        // The tag decides where both are given.
        vec![(IF_NONE_MATCH, "\"other\""), (IF_MODIFIED_SINCE, modified)],
    ] {
        assert_eq!(site.get("/app.js", &headers).await.status, StatusCode::OK, "{headers:?}");
    }
}

#[tokio::test]
async fn a_file_that_changes_has_another_tag() {
    let site = site();
    let before = site.get("/app.js", &[]).await;
    fs::write(site.public().join("app.js"), "changed").unwrap();
    let after = site.get("/app.js", &[(IF_NONE_MATCH, before.header(ETAG))]).await;
    assert_eq!((after.status, after.body.as_slice()), (StatusCode::OK, b"changed".as_slice()));
}

#[tokio::test]
async fn text_is_compressed_as_the_client_likes_and_each_form_has_its_tag() {
    let site = site();
    let plain = site.get("/app.js", &[]).await;
    let gzip = site.get("/app.js", &[(ACCEPT_ENCODING, "gzip")]).await;
    let brotli = site.get("/app.js", &[(ACCEPT_ENCODING, "gzip, br")]).await;
    assert_eq!(gzip.header(CONTENT_ENCODING), "gzip");
    assert_eq!(brotli.header(CONTENT_ENCODING), "br");
    for answer in [&plain, &gzip, &brotli] {
        assert_eq!(answer.header(VARY), "accept-encoding");
        assert_eq!(answer.header(CONTENT_LENGTH), answer.body.len().to_string());
    }
    assert!(plain.header(ETAG) != gzip.header(ETAG) && gzip.header(ETAG) != brotli.header(ETAG));
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(gzip.body.as_slice()).read_to_end(&mut text).unwrap();
    assert_eq!(text, site.js());
    text.clear();
    brotli::Decompressor::new(brotli.body.as_slice(), 4096).read_to_end(&mut text).unwrap();
    assert_eq!(text, site.js());
    let again = site.get("/app.js", &[(ACCEPT_ENCODING, "br"), (IF_NONE_MATCH, brotli.header(ETAG))]).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn what_gains_nothing_is_sent_as_it_is() {
    let site = site();
    for path in ["/photo.jpg", "/app.3f2a9c1b.js"] {
        let answer = site.get(path, &[(ACCEPT_ENCODING, "br, gzip")]).await;
        assert_eq!(answer.header(CONTENT_ENCODING), "", "{path}");
    }
}

#[tokio::test]
async fn parts_of_a_file() {
    let site = site();
    let whole = site.js();
    let length = whole.len();
    for (range, first, last) in [
        ("bytes=0-9", 0, 9),
        ("bytes=5190-", 5190, length - 1),
        ("bytes=-10", length - 10, length - 1),
        ("bytes=5000-99999", 5000, length - 1),
    ] {
        let answer = site.get("/app.js", &[(RANGE, range), (ACCEPT_ENCODING, "br")]).await;
        assert_eq!(answer.status, StatusCode::PARTIAL_CONTENT, "{range}");
        assert_eq!(answer.header(CONTENT_RANGE), format!("bytes {first}-{last}/{length}"));
        assert_eq!(answer.body, whole[first..=last]);
    }
    let outside = site.get("/app.js", &[(RANGE, "bytes=99999-")]).await;
    assert_eq!(outside.status, StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(outside.header(CONTENT_RANGE), format!("bytes */{length}"));
    for range in ["bytes=0-1,4-5", "lines=1-2", "bytes=9-2", "nonsense"] {
        let answer = site.get("/app.js", &[(RANGE, range)]).await;
        assert_eq!((answer.status, answer.body.len()), (StatusCode::OK, length), "{range}");
    }
}

#[tokio::test]
async fn a_part_is_sent_only_of_the_file_that_the_client_knows() {
    let site = site();
    let first = site.get("/app.js", &[]).await;
    for (condition, expected) in [
        (first.header(ETAG), StatusCode::PARTIAL_CONTENT),
        (first.header(LAST_MODIFIED), StatusCode::PARTIAL_CONTENT),
        ("\"other\"", StatusCode::OK),
        ("Thu, 01 Jan 1970 00:00:00 GMT", StatusCode::OK),
    ] {
        let answer = site.get("/app.js", &[(RANGE, "bytes=0-3"), (IF_RANGE, condition)]).await;
        assert_eq!(answer.status, expected, "{condition}");
    }
}

#[tokio::test]
async fn who_goes_on_with_a_file_gets_that_file_or_nothing() {
    let site = site();
    let first = site.get("/app.js", &[]).await;
    let (ok, failed) = (StatusCode::OK, StatusCode::PRECONDITION_FAILED);
    for (header, condition, expected) in [
        (IF_MATCH, first.header(ETAG), ok),
        (IF_MATCH, "\"other\", *", ok),
        (IF_MATCH, "\"other\"", failed),
        (IF_UNMODIFIED_SINCE, first.header(LAST_MODIFIED), ok),
        (IF_UNMODIFIED_SINCE, "Thu, 01 Jan 1970 00:00:00 GMT", failed),
        (IF_UNMODIFIED_SINCE, "nonsense", ok),
    ] {
        let answer = site.get("/app.js", &[(header, condition)]).await;
        assert_eq!((answer.status, answer.body.is_empty()), (expected, expected == failed), "{condition}");
    }
}

#[tokio::test]
async fn a_large_file_is_read_while_it_is_sent() {
    let site = site();
    let length = WHOLE_BYTES_MAX as usize + 100_000;
    let bytes: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
    fs::write(site.public().join("film.mp4"), &bytes).unwrap();
    let whole = site.get("/film.mp4", &[]).await;
    assert!(whole.header(ETAG).starts_with("W/"));
    assert_eq!(whole.header(CONTENT_LENGTH), length.to_string());
    assert!(whole.body == bytes);
    let part = site.get("/film.mp4", &[(RANGE, "bytes=4100000-4199999")]).await;
    assert_eq!(part.status, StatusCode::PARTIAL_CONTENT);
    assert!(part.body == bytes[4_100_000..4_200_000]);
}

#[tokio::test]
async fn head_has_the_headers_and_no_body() {
    let site = site();
    let get = site.get("/app.js", &[]).await;
    let head = site.send("HEAD", "/app.js", &[(RANGE, "bytes=0-3")]).await.unwrap();
    assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
    assert_eq!(head.header(CONTENT_LENGTH), get.header(CONTENT_LENGTH));
    assert_eq!(head.header(ETAG), get.header(ETAG));
}

#[tokio::test]
async fn other_methods_are_for_services() {
    let site = site();
    let refused = site.send("POST", "/app.js", &[]).await.unwrap();
    assert_eq!(refused.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(site.send("POST", "/auth/v1/token", &[]).await.is_none());
}

#[tokio::test]
async fn folders_have_an_index_and_a_slash() {
    let site = site();
    assert!(site.get("/docs/", &[]).await.body.ends_with(b"<title>docs</title>"));
    let moved = site.get("/docs?page=2", &[]).await;
    assert_eq!((moved.status, moved.header(LOCATION)), (StatusCode::MOVED_PERMANENTLY, "/docs/?page=2"));
}

#[tokio::test]
async fn a_place_inside_an_application_is_its_page_and_a_missing_file_is_missing() {
    let site = site();
    let page = [(ACCEPT, "text/html,*/*;q=0.8")];
    assert!(site.get("/orders/17", &page).await.body.ends_with(b"<title>home</title>"));
    assert!(site.send("GET", "/orders/17", &[(ACCEPT, "application/json")]).await.is_none());
    assert!(site.send("GET", "/missing.js", &page).await.is_none());
    let long = format!("/{}", "a".repeat(5000));
    assert!(site.send("GET", &long, &[]).await.is_none());
}

#[tokio::test]
async fn k11_nothing_outside_of_the_folder_and_nothing_hidden_is_served() {
    let site = site();
    for path in [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/docs/../../secret.txt",
        "/docs/%2e%2e/%2e%2e/secret.txt",
        "//secret.txt",
        "/secret.txt%00.html",
        "/.env",
        "/%2eenv",
    ] {
        assert!(site.send("GET", path, &[(ACCEPT, "*/*")]).await.is_none(), "{path}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn k11_a_link_that_leads_out_is_not_followed_and_one_that_stays_is() {
    use std::os::unix::fs::symlink;
    let site = site();
    let outside = site.folder.path();
    symlink(outside.join("secret.txt"), site.public().join("absolute.txt")).unwrap();
    symlink(Path::new("../secret.txt"), site.public().join("relative.txt")).unwrap();
    symlink(outside, site.public().join("folder")).unwrap();
    symlink(Path::new("app.js"), site.public().join("alias.js")).unwrap();
    for path in ["/absolute.txt", "/relative.txt", "/folder/secret.txt"] {
        assert!(site.send("GET", path, &[]).await.is_none(), "{path}");
    }
    assert_eq!(site.get("/alias.js", &[]).await.body, site.js());
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_no_regular_file_is_not_opened() {
    let site = site();
    let socket = site.public().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    assert!(site.send("GET", "/socket", &[]).await.is_none());
}

#[tokio::test]
async fn without_a_folder_there_are_no_files_and_it_may_come_later() {
    let folder = tempfile::tempdir().unwrap();
    let public = folder.path().join("public");
    let site = Site { files: StaticFiles::new(public.clone(), None), folder };
    assert!(site.send("GET", "/", &[]).await.is_none());
    fs::create_dir(&public).unwrap();
    fs::write(public.join("index.html"), "hello").unwrap();
    assert_eq!(site.get("/", &[]).await.body, b"hello");
}
