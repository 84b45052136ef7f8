//! From a file and a request to a response: 200, 206, 304, 412 or 416.

use std::io::{Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use futures_util::StreamExt;
use http::header::{
    ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap,
    HeaderName, HeaderValue, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE, LAST_MODIFIED,
    VARY,
};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use http_body_util::{BodyExt, Either, Full, StreamBody};
use hyper::body::Frame;
use tokio::io::AsyncReadExt;
use tokio_util::io::ReaderStream;

use super::locate::OpenFile;
use super::negotiate::Coding;
use super::range::{self, Wanted};
use super::representation::{Representation, Representations, WHOLE_BYTES_MAX};
use super::{Body, headers};

/// Bytes that are read from a large file at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// A file ready to be sent.
pub struct Ready {
    path: PathBuf,
    modified: Option<SystemTime>,
    content: Content,
}

enum Content {
    Whole(Arc<Representation>),
    Large { file: std::fs::File, length: u64 },
}

/// Reads a file, or leaves it open when it is large. May wait for the disk.
pub fn prepare(
    file: std::io::Result<OpenFile>,
    coding: Coding,
    representations: &Representations,
) -> std::io::Result<Ready> {
    let mut file = file?;
    let modified = file.metadata.modified().ok().map(cap_std::time::SystemTime::into_std);
    let length = file.metadata.len();
    let path = file.path.clone();
    let content = if length > WHOLE_BYTES_MAX {
        Content::Large { file: file.file.into_std(), length }
    } else {
        let text = headers::is_text(&headers::media_type(&path));
        Content::Whole(representations.get(&mut file, if text { coding } else { Coding::Identity })?)
    };
    Ok(Ready { path, modified, content })
}

/// Answers a GET or HEAD request.
pub async fn respond(parts: &Parts, ready: Ready) -> Response<Body> {
    let media = headers::media_type(&ready.path);
    let tag = tag(&ready);
    let modified = ready.modified.and_then(|time| HeaderValue::try_from(httpdate::fmt_http_date(time)).ok());
    let mut response = Response::new(Either::Left(Full::default()));
    let out = response.headers_mut();
    headers::describe(out, &ready.path, &media);
    out.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    out.insert(ETAG, tag.clone());
    if let Some(modified) = &modified {
        out.insert(LAST_MODIFIED, modified.clone());
    }
    if headers::is_text(&media) {
        out.insert(VARY, headers::vary(&media));
    }
    if !is_still(&parts.headers, &tag, ready.modified) {
        out.remove(CONTENT_TYPE);
        *response.status_mut() = StatusCode::PRECONDITION_FAILED;
        return response;
    }
    if is_unchanged(&parts.headers, &tag, ready.modified) {
        out.remove(CONTENT_TYPE);
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    let length = ready.content.length();
    let wanted = range::wanted(parts, length, &tag, modified.as_ref());
    content(response, parts, ready.content, wanted).await
}

/// Puts the content, or the wanted part of it, into a response.
async fn content(
    mut response: Response<Body>,
    parts: &Parts,
    content: Content,
    wanted: Wanted,
) -> Response<Body> {
    let length = content.length();
    let out = response.headers_mut();
    let (first, count) = match wanted {
        Wanted::Whole => {
            if let Some(coding) = content.coding().name() {
                out.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
            }
            (0, length)
        }
        Wanted::Part(first, last) => {
            insert(out, CONTENT_RANGE, format!("bytes {first}-{last}/{length}"));
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            (first, last - first + 1)
        }
        Wanted::Outside => {
            out.remove(CONTENT_TYPE);
            insert(out, CONTENT_RANGE, format!("bytes */{length}"));
            *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
            return response;
        }
    };
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(count));
    if parts.method != Method::HEAD {
        *response.body_mut() = content.part(first, count);
    }
    response
}

fn insert(headers: &mut HeaderMap, name: http::HeaderName, text: String) {
    if let Ok(value) = HeaderValue::try_from(text) {
        headers.insert(name, value);
    }
}

impl Content {
    fn length(&self) -> u64 {
        match self {
            Self::Whole(representation) => representation.bytes.len() as u64,
            Self::Large { length, .. } => *length,
        }
    }

    fn coding(&self) -> Coding {
        match self {
            Self::Whole(representation) => representation.coding,
            Self::Large { .. } => Coding::Identity,
        }
    }

    /// `count` bytes from `first` on.
    fn part(self, first: u64, count: u64) -> Body {
        match self {
            Self::Whole(whole) => {
                // Both lie within the file, which is in memory.
                let (first, count) = (first as usize, count as usize);
                Either::Left(Full::new(whole.bytes.slice(first..first + count)))
            }
            Self::Large { file, .. } => Either::Right(stream(file, first, count)),
        }
    }
}

/// The bytes of a large file, read as the client takes them.
fn stream(
    file: std::fs::File,
    first: u64,
    count: u64,
) -> http_body_util::combinators::UnsyncBoxBody<Bytes, std::io::Error> {
    let mut file = file;
    if let Err(error) = file.seek(SeekFrom::Start(first)) {
        let failed = futures_util::stream::once(async move { Err(error) });
        return StreamBody::new(failed).boxed_unsync();
    }
    let reader = tokio::fs::File::from_std(file).take(count);
    StreamBody::new(ReaderStream::with_capacity(reader, CHUNK_BYTES).map(|chunk| chunk.map(Frame::data)))
        .boxed_unsync()
}

/// The entity tag: strong from the content's hash; for a large file, which is not read to be named, weak from its length
/// and time.
fn tag(ready: &Ready) -> HeaderValue {
    match &ready.content {
        Content::Whole(representation) => representation.tag.clone(),
        Content::Large { length, .. } => {
            let since =
                ready.modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
            let text = format!("W/\"{length:x}-{:x}\"", since.as_nanos());
            HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("W/\"0\""))
        }
    }
}

/// Whether the file is the one that the client means to go on with (RFC 9110, section 13.1.1 and 13.1.4).
fn is_still(headers: &HeaderMap, tag: &HeaderValue, modified: Option<SystemTime>) -> bool {
    if headers.contains_key(IF_MATCH) {
        let own = tag.to_str().ok().filter(|tag| !tag.starts_with("W/"));
        let mut listed = headers.get_all(IF_MATCH).iter().filter_map(|value| value.to_str().ok());
        return listed.any(|list| list.split(',').any(|item| item.trim() == "*" || Some(item.trim()) == own));
    }
    match (date(headers, IF_UNMODIFIED_SINCE), modified) {
        (Some(since), Some(modified)) => seconds(modified) <= seconds(since),
        _ => true,
    }
}

/// Whether the client has this file already (RFC 9110, section 13.2.2: the tag decides where both are given).
fn is_unchanged(headers: &HeaderMap, tag: &HeaderValue, modified: Option<SystemTime>) -> bool {
    if headers.contains_key(IF_NONE_MATCH) {
        let listed = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let weak = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        let own = tag.to_str().map(weak).unwrap_or_default();
        return listed.flat_map(|list| list.split(',')).any(|item| item.trim() == "*" || weak(item) == own);
    }
    match (date(headers, IF_MODIFIED_SINCE), modified) {
        (Some(since), Some(modified)) => seconds(modified) <= seconds(since),
        _ => false,
    }
}

/// A header's date; none when it cannot be read, as RFC 9110 wants.
fn date(headers: &HeaderMap, name: HeaderName) -> Option<SystemTime> {
    let text = headers.get(name)?.to_str().ok()?;
    httpdate::parse_http_date(text).ok()
}

/// Headers know whole seconds only.
fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
