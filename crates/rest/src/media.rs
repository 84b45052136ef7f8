//! Media types: what a request accepts, and in which form rows are written for it.

use http::HeaderMap;
use http::header::ACCEPT;
use mainstay_base::{Problem, Result};
use mainstay_engine::{Format, Output};

/// A form of answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Media {
    /// `application/json`
    Json,
    /// `application/vnd.pgrst.array+json;nulls=stripped`
    StrippedArray,
    /// `application/vnd.pgrst.object+json`
    Object,
    /// `application/vnd.pgrst.object+json;nulls=stripped`
    StrippedObject,
    /// `text/csv`
    Csv,
    /// `application/openapi+json`: only of the root
    OpenApi,
}

impl Media {
    /// The value of `Content-Type`.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json; charset=utf-8",
            Self::StrippedArray => "application/vnd.pgrst.array+json;nulls=stripped; charset=utf-8",
            Self::Object => "application/vnd.pgrst.object+json; charset=utf-8",
            Self::StrippedObject => "application/vnd.pgrst.object+json;nulls=stripped; charset=utf-8",
            Self::Csv => "text/csv; charset=utf-8",
            Self::OpenApi => "application/openapi+json; charset=utf-8",
        }
    }

    /// How an engine writes rows in this form.
    pub fn output(self) -> Output {
        Output {
            format: if self == Self::Csv { Format::Csv } else { Format::Json },
            single: matches!(self, Self::Object | Self::StrippedObject),
            strip_nulls: matches!(self, Self::StrippedArray | Self::StrippedObject),
        }
    }
}

/// Where a form is asked of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resource {
    /// `/`
    Root,
    /// A table, view or function.
    Rows,
}

/// The first form that the request accepts and the resource has.
///
/// # Errors
/// `PGRST107` when there is none.
pub(crate) fn negotiate(headers: &HeaderMap, resource: Resource) -> Result<Media> {
    let default = match resource {
        Resource::Root => Media::OpenApi,
        Resource::Rows => Media::Json,
    };
    let mut accepted: Vec<(f32, String)> = Vec::new();
    for value in headers.get_all(ACCEPT) {
        for range in
            value.to_str().unwrap_or_default().split(',').map(str::trim).filter(|range| !range.is_empty())
        {
            accepted.push(weighted(range));
        }
    }
    if accepted.is_empty() {
        return Ok(default);
    }
    // The sort is stable: of equally good ranges the one that was named first comes first.
    accepted.sort_by(|left, right| right.0.total_cmp(&left.0));
    accepted
        .iter()
        .filter(|(weight, _)| *weight > 0.0)
        .find_map(|(_, range)| form(range, resource, default))
        .ok_or_else(|| {
            let ranges: Vec<_> = accepted.iter().map(|(_, range)| range.as_str()).collect();
            Problem::new(
                "PGRST107",
                format!("None of these media types are available: {}", ranges.join(", ")),
            )
        })
}

/// A range and its quality, which is taken out of its parameters.
fn weighted(range: &str) -> (f32, String) {
    let mut weight = 1.0;
    let mut kept = Vec::new();
    for part in range.split(';').map(str::trim) {
        match part.strip_prefix("q=").map(str::parse) {
            Some(Ok(quality)) => weight = quality,
            _ => kept.push(part),
        }
    }
    (weight, kept.join(";"))
}

fn form(range: &str, resource: Resource, default: Media) -> Option<Media> {
    let mut parts = range.split(';');
    let name = parts.next().unwrap_or_default();
    let stripped = parts.any(|parameter| parameter == "nulls=stripped");
    let rows = resource == Resource::Rows;
    match name {
        "*/*" | "application/*" => Some(default),
        "application/json" => Some(if rows { Media::Json } else { Media::OpenApi }),
        "application/openapi+json" if !rows => Some(Media::OpenApi),
        "application/vnd.pgrst.object+json" | "application/vnd.pgrst.object" if rows => {
            Some(if stripped { Media::StrippedObject } else { Media::Object })
        }
        "application/vnd.pgrst.array+json" | "application/vnd.pgrst.array" if rows => {
            Some(if stripped { Media::StrippedArray } else { Media::Json })
        }
        "text/csv" if rows => Some(Media::Csv),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn rows(accept: &'static str) -> Result<Media> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        negotiate(&headers, Resource::Rows)
    }

    #[test]
    fn quality_decides_and_then_the_order() {
        assert_eq!(rows("text/csv;q=0.5, application/json").unwrap(), Media::Json);
        assert_eq!(rows("text/csv, application/json").unwrap(), Media::Csv);
        assert_eq!(rows("unknown/unknown, */*;q=0.1").unwrap(), Media::Json);
        assert_eq!(rows("application/vnd.pgrst.object+json;nulls=stripped").unwrap(), Media::StrippedObject);
        assert_eq!(rows("application/vnd.pgrst.object").unwrap(), Media::Object);
        assert_eq!(negotiate(&HeaderMap::new(), Resource::Root).unwrap(), Media::OpenApi);
    }

    #[test]
    fn what_is_not_there_is_refused() {
        let problem = rows("unknown/unknown").unwrap_err();
        assert_eq!(problem.code(), "PGRST107");
        assert_eq!(problem.message(), "None of these media types are available: unknown/unknown");
        assert_eq!(rows("text/csv;q=0").unwrap_err().code(), "PGRST107");
    }
}
