//! What a request is about: what its path names, and the schema that it speaks to.

use http::{HeaderMap, Method};
use mainstay_base::{Problem, Result};

use crate::Settings;

/// What a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Path {
    /// `/`
    Root,
    /// `/films`
    Table(String),
    /// `/rpc/films_of`
    Function(String),
    /// `/`, where a function answers: its schema and name.
    RootFunction(String, String),
}

/// Reads a path.
///
/// # Errors
/// `PGRST125` for a deeper one.
pub(crate) fn path(path: &str) -> Result<Path> {
    let decode = |segment: &str| {
        percent_encoding::percent_decode_str(segment)
            .decode_utf8()
            .map(|name| name.into_owned())
            .map_err(|_| invalid())
    };
    fn invalid() -> Problem {
        Problem::new("PGRST125", "Invalid path specified in request URL")
    }
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    match segments.as_slice() {
        [] => Ok(Path::Root),
        ["rpc", name] => decode(name).map(Path::Function),
        [name] => decode(name).map(Path::Table),
        _ => Err(invalid()),
    }
}

/// The schema that a request speaks to, and the profile to answer with.
///
/// # Errors
/// `PGRST106` for one that is not exposed.
pub(crate) fn schema(
    method: &Method,
    headers: &HeaderMap,
    settings: &Settings,
) -> Result<(String, Option<String>)> {
    let reading = matches!(*method, Method::GET | Method::HEAD);
    let name = if reading { "accept-profile" } else { "content-profile" };
    let asked = headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let default = settings.schemas.first().cloned().unwrap_or_else(|| "public".to_owned());
    let schema = match asked {
        None => default,
        Some(asked) if settings.schemas.iter().any(|exposed| exposed == asked) => asked.to_owned(),
        Some(asked) => {
            return Err(Problem::new("PGRST106", format!("Invalid schema: {asked}")).with_hint(format!(
                "Only the following schemas are exposed: {}",
                settings.schemas.join(", ")
            )));
        }
    };
    let profile = (settings.schemas.len() > 1 || asked.is_some()).then(|| schema.clone());
    Ok((schema, profile))
}
