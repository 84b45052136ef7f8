//! An engine's answer becomes an HTTP response.

use std::borrow::Cow;

use bytes::{BufMut, Bytes, BytesMut};
use http::header::{
    CONTENT_LENGTH, CONTENT_LOCATION, CONTENT_RANGE, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, VARY,
};
use http::{HeaderMap, Response, StatusCode};
use mainstay_base::Problem;
use mainstay_edge::ResponseParts;
use mainstay_engine::Answer;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::decode::{AnswerShape, Verb};
use crate::prefer::Representation;
use crate::range::unsatisfiable;

/// What need not be escaped in any part of a URL (RFC 3986, 2.3).
pub(crate) const UNRESERVED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The longest query string that `Content-Location` repeats. Escaped it is up to three times as long, and clients refuse
/// answers whose headers are too large: Node.js above 16 KiB.
const LOCATED_QUERY_BYTES_MAX: usize = 2048;

/// How many parameters a list has room for before it grows.
const PARAMETERS_USUAL: usize = 8;

/// The window of a read lies beyond the rows: `PGRST103`, and the `Content-Range` that says where they end.
pub(crate) struct Beyond {
    pub problem: Problem,
    pub range: Option<HeaderValue>,
}

/// The response of a request that succeeded; `query` is its raw query string.
///
/// # Errors
/// When the window lies beyond the rows.
pub(crate) fn respond(shape: &AnswerShape, query: &str, answer: Answer) -> Result<ResponseParts, Beyond> {
    if shape.media.explain().is_some() {
        return Ok(plan(shape, answer));
    }
    let mut headers = HeaderMap::with_capacity(8);
    let range = content_range(shape, &answer);
    let status = match status(shape, &answer) {
        Ok(status) => status,
        Err(problem) => return Err(Beyond { problem, range }),
    };
    if let Some(range) = range {
        headers.insert(CONTENT_RANGE, range);
    }
    let represented = shape.prefer.representation == Some(Representation::Full);
    let reading = matches!(shape.verb, Verb::Read | Verb::Call);
    let has_content = status != StatusCode::NO_CONTENT && (reading || represented);
    if has_content {
        headers.insert(CONTENT_TYPE, content_type(shape));
    }
    if shape.verb == Verb::Read && query.len() <= LOCATED_QUERY_BYTES_MAX {
        let location = Bytes::from(content_location(&shape.path, query));
        if let Ok(location) = HeaderValue::from_maybe_shared(location) {
            headers.insert(CONTENT_LOCATION, location);
        }
    }
    if let Verb::Insert { .. } = shape.verb
        && shape.prefer.representation == Some(Representation::HeadersOnly)
        && let Some(location) = location(&shape.path, &answer)
    {
        put(&mut headers, LOCATION, &location);
    }
    let applied = shape.prefer.applied(&shape.honoured);
    if !applied.is_empty() {
        put(&mut headers, HeaderName::from_static("preference-applied"), &applied);
    }
    if let Some(profile) = &shape.profile {
        put(&mut headers, HeaderName::from_static("content-profile"), profile);
    }
    headers.insert(VARY, HeaderValue::from_static("Accept, Prefer, Range"));
    let body = if has_content { Bytes::from(answer.body) } else { Bytes::new() };
    if status != StatusCode::NO_CONTENT {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    }
    let mut response = Response::new(if shape.with_body { body } else { Bytes::new() });
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}

/// What was told of the statements.
fn plan(shape: &AnswerShape, answer: Answer) -> ResponseParts {
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert(CONTENT_TYPE, content_type(shape));
    if let Some(profile) = &shape.profile {
        put(&mut headers, HeaderName::from_static("content-profile"), profile);
    }
    headers.insert(VARY, HeaderValue::from_static("Accept, Prefer, Range"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(answer.body.len()));
    let mut response = Response::new(if shape.with_body { Bytes::from(answer.body) } else { Bytes::new() });
    *response.headers_mut() = headers;
    response
}

fn content_type(shape: &AnswerShape) -> HeaderValue {
    match shape.media.content_type() {
        Cow::Borrowed(known) => HeaderValue::from_static(known),
        // A media type comes from what was asked for, which is visible text.
        Cow::Owned(said) => {
            HeaderValue::try_from(said).unwrap_or(HeaderValue::from_static("application/octet-stream"))
        }
    }
}

/// Headers take visible ASCII; whatever else came in from a request is left out rather than sent.
fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn status(shape: &AnswerShape, answer: &Answer) -> Result<StatusCode, Problem> {
    let represented = shape.prefer.representation == Some(Representation::Full);
    let written = if represented { StatusCode::OK } else { StatusCode::NO_CONTENT };
    Ok(match shape.verb {
        Verb::Call if answer.body.is_empty() && shape.media.document().is_none() => StatusCode::NO_CONTENT,
        Verb::Read | Verb::Call => match answer.total {
            Some(total) if shape.range.offset > total => return Err(beyond(shape.range.offset, total)),
            Some(total) if answer.rows < total => StatusCode::PARTIAL_CONTENT,
            _ => StatusCode::OK,
        },
        Verb::Insert { merge: true } if answer.inserted == 0 && answer.affected > 0 => StatusCode::OK,
        Verb::Insert { .. } => StatusCode::CREATED,
        Verb::Replace if answer.inserted > 0 => StatusCode::CREATED,
        Verb::Replace | Verb::Update | Verb::Delete => written,
    })
}

fn beyond(offset: u64, total: u64) -> Problem {
    unsatisfiable()
        .with_details(format!("An offset of {offset} was requested, but there are only {total} rows."))
}

/// `Content-Range`: which rows these are, of how many.
fn content_range(shape: &AnswerShape, answer: &Answer) -> Option<HeaderValue> {
    let counted = shape.prefer.count.map(|_| answer.affected);
    let (first, rows, total) = match shape.verb {
        Verb::Read | Verb::Call => (shape.range.offset, answer.rows, answer.total),
        Verb::Insert { .. } | Verb::Delete => (0, 0, counted),
        Verb::Update => (0, answer.affected, counted),
        Verb::Replace => return None,
    };
    let mut text = BytesMut::with_capacity(24);
    let mut digits = itoa::Buffer::new();
    match rows {
        0 => text.put_u8(b'*'),
        rows => {
            text.put_slice(digits.format(first).as_bytes());
            text.put_u8(b'-');
            text.put_slice(digits.format(first + rows - 1).as_bytes());
        }
    }
    text.put_u8(b'/');
    text.put_slice(total.map_or("*", |total| digits.format(total)).as_bytes());
    HeaderValue::from_maybe_shared(text.freeze()).ok()
}

/// The path with its parameters sorted by name: one name for equal requests.
fn content_location(path: &str, query: &str) -> String {
    let mut pairs = Vec::with_capacity(PARAMETERS_USUAL);
    pairs.extend(form_urlencoded::parse(query.as_bytes()));
    pairs.sort_unstable();
    let mut location = String::with_capacity(path.len() + query.len() * 2);
    location.push('/');
    location.extend(utf8_percent_encode(path, UNRESERVED));
    for (position, (key, value)) in pairs.iter().enumerate() {
        location.push(if position == 0 { '?' } else { '&' });
        location.extend(utf8_percent_encode(key, UNRESERVED));
        location.push('=');
        location.extend(utf8_percent_encode(value, UNRESERVED));
    }
    location
}

/// Where the row that was added can be read, when there is one: its primary key as filters.
fn location(path: &str, answer: &Answer) -> Option<String> {
    let rows: Vec<serde_json::Map<String, serde_json::Value>> = serde_json::from_slice(&answer.body).ok()?;
    let [row] = rows.as_slice() else { return None };
    if row.is_empty() {
        return None;
    }
    let filters: Vec<String> = row
        .iter()
        .map(|(column, value)| {
            let value = value.as_str().unwrap_or_default();
            format!(
                "{}=eq.{}",
                utf8_percent_encode(column, UNRESERVED),
                utf8_percent_encode(value, UNRESERVED)
            )
        })
        .collect();
    Some(format!("/{}?{}", utf8_percent_encode(path, UNRESERVED), filters.join("&")))
}
