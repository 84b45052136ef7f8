//! The part of a file that a request asks for (RFC 9110, section 14).

use http::Method;
use http::header::{HeaderMap, HeaderValue, IF_RANGE, RANGE};
use http::request::Parts;
use http_range_header::{RangeUnsatisfiableError, parse_range_header};

/// What to send of a file.
#[derive(Debug, PartialEq, Eq)]
pub enum Wanted {
    /// All of it.
    Whole,
    /// From the first to the last byte, both included.
    Part(u64, u64),
    /// Nothing: the part lies outside of the file.
    Outside,
}

/// The part that a request asks for. Several parts at once, and what is no range of bytes, are answered with the whole.
pub fn wanted(parts: &Parts, length: u64, tag: &HeaderValue, modified: Option<&HeaderValue>) -> Wanted {
    let Some(range) = parts.headers.get(RANGE).and_then(|range| range.to_str().ok()) else {
        return Wanted::Whole;
    };
    if parts.method != Method::GET || !is_still_the_same(&parts.headers, tag, modified) {
        return Wanted::Whole;
    }
    match parse_range_header(range).and_then(|ranges| ranges.validate(length)) {
        Ok(ranges) => match ranges.as_slice() {
            [range] => Wanted::Part(*range.start(), *range.end()),
            _ => Wanted::Whole,
        },
        Err(RangeUnsatisfiableError::Unsatisfiable) => Wanted::Outside,
        Err(_) => Wanted::Whole,
    }
}

/// `If-Range`: a part is of use only when the file is the one that the client has the rest of. A weak tag never proves that.
fn is_still_the_same(headers: &HeaderMap, tag: &HeaderValue, modified: Option<&HeaderValue>) -> bool {
    let Some(condition) = headers.get(IF_RANGE) else { return true };
    let strong = !tag.as_bytes().starts_with(b"W/");
    (strong && condition == tag) || modified.is_some_and(|modified| condition == modified)
}
