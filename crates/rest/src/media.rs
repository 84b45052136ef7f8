//! Media types: what a request accepts, and in which form rows are written for it.

use std::borrow::Cow;

use http::HeaderMap;
use http::header::ACCEPT;
use mainstay_base::{Problem, Result};
use mainstay_catalog::{ANY_MEDIA, Catalog, Resource};
use mainstay_engine::{Explain, Format, Output};

/// The options of a plan, in the order in which they are told back.
const EXPLAIN_OPTIONS: [&str; 5] = ["analyze", "verbose", "settings", "buffers", "wal"];

/// Media types that are told with their character set, whoever makes documents of them.
const KNOWN: [&str; 5] = ["application/json", "application/geo+json", "text/csv", "text/plain", "text/xml"];
/// What a document is told as whose media type is any.
const BYTES: &str = "application/octet-stream";

/// A form of answer.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// One that the database makes documents of, by its name there and as it is told.
    Own(String, String),
    /// `application/vnd.pgrst.plan`: how the database would answer in another form
    Plan(Box<Media>, Explain),
}

impl Media {
    /// The value of `Content-Type`.
    pub fn content_type(&self) -> Cow<'static, str> {
        match self {
            Self::Json => "application/json; charset=utf-8".into(),
            Self::Own(_, name) if !KNOWN.contains(&name.as_str()) => name.clone().into(),
            other => format!("{}; charset=utf-8", other.name()).into(),
        }
    }

    /// The media type, with the parameters that are part of it.
    fn name(&self) -> Cow<'static, str> {
        match self {
            Self::Json => "application/json".into(),
            Self::StrippedArray => "application/vnd.pgrst.array+json;nulls=stripped".into(),
            Self::Object => "application/vnd.pgrst.object+json".into(),
            Self::StrippedObject => "application/vnd.pgrst.object+json;nulls=stripped".into(),
            Self::Csv => "text/csv".into(),
            Self::OpenApi => "application/openapi+json".into(),
            Self::Own(_, name) => name.clone().into(),
            Self::Plan(of, explain) => plan_name(of, *explain).into(),
        }
    }

    /// How an engine writes rows in this form.
    pub fn output(&self) -> Output {
        match self {
            Self::Plan(of, _) => of.output(),
            form => Output {
                format: if *form == Self::Csv { Format::Csv } else { Format::Json },
                single: matches!(form, Self::Object | Self::StrippedObject),
                strip_nulls: matches!(form, Self::StrippedArray | Self::StrippedObject),
            },
        }
    }

    /// What is told of the statements, where that is asked for instead of rows.
    pub fn explain(&self) -> Option<Explain> {
        match self {
            Self::Plan(_, explain) => Some(*explain),
            _ => None,
        }
    }

    /// The media type of the database that rows are answered in.
    pub fn document(&self) -> Option<&str> {
        match self {
            Self::Own(of, _) => Some(of),
            Self::Plan(of, _) => of.document(),
            _ => None,
        }
    }

    /// Whether exactly one row is wanted.
    pub fn is_single(&self) -> bool {
        self.explain().is_none() && self.output().single
    }
}

fn plan_name(of: &Media, explain: Explain) -> String {
    let wanted = [explain.analyze, explain.verbose, explain.settings, explain.buffers, explain.wal];
    let options: Vec<&str> = EXPLAIN_OPTIONS
        .into_iter()
        .zip(wanted)
        .filter_map(|(option, wanted)| wanted.then_some(option))
        .collect();
    let form = if explain.json { "json" } else { "text" };
    let mut name = format!("application/vnd.pgrst.plan+{form}; for=\"{}\"", of.name());
    if !options.is_empty() {
        name += &format!("; options={}", options.join("|"));
    }
    name
}

/// Where a form is asked of.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Asked<'a> {
    /// `/`
    Root,
    /// A table, view or function.
    Rows(Rows<'a>),
}

/// Rows that are asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows<'a> {
    /// Whether it is told how they are found.
    pub explains: bool,
    /// Which media types the database has itself.
    pub catalog: &'a Catalog,
    /// Whose they are.
    pub resource: Resource<'a>,
    /// Whether they are asked for as they are.
    pub is_whole: bool,
    /// Whether they are the document at the root.
    pub is_root: bool,
}

impl Rows<'_> {
    /// A media type that the database makes documents of.
    fn own(&self, media_type: &str) -> Option<Media> {
        let media_type = media_type.to_ascii_lowercase();
        let handler = self.catalog.media_handler(self.resource, &media_type, self.is_whole)?;
        let told = if handler.media_type == ANY_MEDIA { BYTES } else { &handler.media_type };
        Some(Media::Own(media_type, told.to_owned()))
    }
}

/// The first form that the request accepts and the resource has.
///
/// # Errors
/// `PGRST107` when there is none.
pub(crate) fn negotiate(headers: &HeaderMap, asked: Asked<'_>) -> Result<Media> {
    let mut accepted: Vec<(f32, String)> = Vec::new();
    for value in headers.get_all(ACCEPT) {
        let ranges = unquoted(value.to_str().unwrap_or_default(), ',');
        accepted.extend(ranges.filter(|range| !range.is_empty()).map(weighted));
    }
    if accepted.is_empty() {
        accepted.push(weighted(ANY_MEDIA));
    }
    // The sort is stable: of equally good ranges the one that was named first comes first.
    accepted.sort_by(|left, right| right.0.total_cmp(&left.0));
    accepted.iter().filter(|(weight, _)| *weight > 0.0).find_map(|(_, range)| form(range, asked)).ok_or_else(
        || {
            let ranges: Vec<_> = accepted.iter().map(|(_, range)| range.as_str()).collect();
            Problem::new(
                "PGRST107",
                format!("None of these media types are available: {}", ranges.join(", ")),
            )
        },
    )
}

/// The parts of a header's value between separators that do not stand in double quotes.
fn unquoted(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    let is_end = move |character: char| {
        is_quoted ^= character == '"';
        !is_quoted && character == separator
    };
    text.split(is_end).map(str::trim)
}

/// A range and its quality, which is taken out of its parameters.
fn weighted(range: &str) -> (f32, String) {
    let mut weight = 1.0;
    let mut kept = Vec::new();
    for part in unquoted(range, ';') {
        match part.strip_prefix("q=").map(str::parse) {
            Some(Ok(quality)) => weight = quality,
            _ => kept.push(part),
        }
    }
    (weight, kept.join(";"))
}

fn form(range: &str, asked: Asked<'_>) -> Option<Media> {
    match asked {
        Asked::Root => {
            let name = range.split(';').next().unwrap_or_default();
            let known = ["*/*", "application/*", "application/json", "application/openapi+json"];
            known.contains(&name).then_some(Media::OpenApi)
        }
        Asked::Rows(rows) => rows_form(range, rows),
    }
}

fn rows_form(range: &str, rows: Rows<'_>) -> Option<Media> {
    let mut parts = unquoted(range, ';');
    let name = parts.next().unwrap_or_default();
    let parameters: Vec<&str> = parts.collect();
    let stripped = parameters.contains(&"nulls=stripped");
    Some(match name {
        "application/vnd.pgrst.object+json" | "application/vnd.pgrst.object" if stripped => {
            Media::StrippedObject
        }
        "application/vnd.pgrst.object+json" | "application/vnd.pgrst.object" => Media::Object,
        "application/vnd.pgrst.array+json" | "application/vnd.pgrst.array" if stripped => {
            Media::StrippedArray
        }
        "application/vnd.pgrst.array+json" | "application/vnd.pgrst.array" => Media::Json,
        "application/vnd.pgrst.plan" | "application/vnd.pgrst.plan+text" if rows.explains => {
            plan(&parameters, false, rows)?
        }
        "application/vnd.pgrst.plan+json" if rows.explains => plan(&parameters, true, rows)?,
        // All others the database may make itself.
        other => match (rows.own(other), other) {
            (Some(own), _) => own,
            (None, "*/*" | "application/*" | "application/json") => Media::Json,
            (None, "application/openapi+json") if rows.is_root => Media::OpenApi,
            (None, "text/csv") => Media::Csv,
            _ => return None,
        },
    })
}

/// `for="…"; options=analyze|verbose`
fn plan(parameters: &[&str], json: bool, rows: Rows<'_>) -> Option<Media> {
    let parameter = |name: &str| parameters.iter().find_map(|parameter| parameter.strip_prefix(name));
    let of = match parameter("for=") {
        Some(name) => rows_form(name.trim_matches('"'), Rows { explains: false, ..rows })?,
        None => Media::Json,
    };
    let options: Vec<&str> = parameter("options=").unwrap_or_default().split('|').collect();
    let [analyze, verbose, settings, buffers, wal] = EXPLAIN_OPTIONS.map(|option| options.contains(&option));
    Some(Media::Plan(Box::new(of), Explain { json, analyze, verbose, settings, buffers, wal }))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use mainstay_catalog::{Handled, MediaHandler};
    use mainstay_expr::Type;

    use super::*;

    fn rows(accept: &'static str) -> Result<Media> {
        let mut catalog = Catalog::default();
        let handler = |media_type: &str, of, name: &str| MediaHandler {
            media_type: media_type.to_owned(),
            of,
            schema: "public".to_owned(),
            name: name.to_owned(),
            ty: Type::Text,
        };
        catalog.media_handlers = vec![
            handler("text/tab-separated-values", Handled::Rows, "tabs"),
            handler("image/png", Handled::RowsOf("public".to_owned(), "pictures".to_owned()), "draw"),
        ];
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        let resource = Resource::Table("public", "films");
        negotiate(
            &headers,
            Asked::Rows(Rows { explains: true, catalog: &catalog, resource, is_whole: true, is_root: false }),
        )
    }

    #[test]
    fn quality_decides_and_then_the_order() {
        assert_eq!(rows("text/csv;q=0.5, application/json").unwrap(), Media::Json);
        assert_eq!(rows("text/csv, application/json").unwrap(), Media::Csv);
        assert_eq!(rows("unknown/unknown, */*;q=0.1").unwrap(), Media::Json);
        assert_eq!(rows("application/vnd.pgrst.object+json;nulls=stripped").unwrap(), Media::StrippedObject);
        assert_eq!(rows("application/vnd.pgrst.object").unwrap(), Media::Object);
        assert_eq!(negotiate(&HeaderMap::new(), Asked::Root).unwrap(), Media::OpenApi);
    }

    #[test]
    fn plans_repeat_what_they_are_of() {
        for (accept, content_type) in [
            (
                "application/vnd.pgrst.plan",
                "application/vnd.pgrst.plan+text; for=\"application/json\"; charset=utf-8",
            ),
            (
                "application/vnd.pgrst.plan+json; for=\"application/vnd.pgrst.object+json;nulls=stripped\"; options=wal|analyze;",
                "application/vnd.pgrst.plan+json; for=\"application/vnd.pgrst.object+json;nulls=stripped\"; options=analyze|wal; charset=utf-8",
            ),
        ] {
            assert_eq!(rows(accept).unwrap().content_type(), content_type);
        }
        assert_eq!(rows("application/vnd.pgrst.plan; for=\"x/y\"").unwrap_err().code(), "PGRST107");
    }

    #[test]
    fn the_database_has_media_types_of_its_own() {
        let own = rows("image/png, text/Tab-Separated-Values").unwrap();
        assert_eq!(own.document(), Some("text/tab-separated-values"));
        assert_eq!(own.content_type(), "text/tab-separated-values");
    }

    #[test]
    fn what_is_not_there_is_refused() {
        let problem = rows("unknown/unknown").unwrap_err();
        assert_eq!(problem.code(), "PGRST107");
        assert_eq!(problem.message(), "None of these media types are available: unknown/unknown");
        assert_eq!(rows("text/csv;q=0").unwrap_err().code(), "PGRST107");
    }
}
