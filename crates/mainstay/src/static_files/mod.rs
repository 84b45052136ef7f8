//! The front end's files: `public/` over HTTP.
//!
//! Owns everything about them: which file a path means, conditional and partial requests (RFC 9110, sections 13 and 14),
//! compression, caching and the headers that keep a page safe. It must not know what else the server answers.

mod headers;
mod locate;
mod negotiate;
mod path;
mod range;
mod representation;
mod send;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{ALLOW, HeaderValue, LOCATION};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{Either, Full};

use locate::{Found, Lookup};
use representation::Representations;

/// A response's body: known whole, or read from a file while it is sent.
pub type Body = Either<Full<Bytes>, UnsyncBoxBody<Bytes, std::io::Error>>;

/// The policy that pages are sent with unless the project sets another: scripts, styles and connections of the page's
/// own origin; images also from `data:` and `https:`; nothing may frame it but itself.
pub const DEFAULT_CONTENT_SECURITY_POLICY: &str = "default-src 'self'; connect-src 'self'; img-src 'self' data: https:; \
     style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'";

/// A folder of files to serve.
pub struct StaticFiles {
    folder: Arc<PathBuf>,
    content_security_policy: Option<HeaderValue>,
    representations: Arc<Representations>,
}

impl StaticFiles {
    /// The files of `folder`, which need not exist yet.
    pub fn new(folder: PathBuf, content_security_policy: Option<HeaderValue>) -> Self {
        Self {
            folder: Arc::new(folder),
            content_security_policy,
            representations: Arc::new(Representations::default()),
        }
    }

    /// The answer for a path; `None` when no file belongs to it.
    pub async fn respond(&self, parts: &Parts) -> Option<Response<Body>> {
        let lookup = Lookup {
            path: path::decode(parts.uri.path())?,
            page_wanted: negotiate::accepts_page(&parts.headers),
        };
        let found = self.find(lookup, negotiate::coding(parts)).await?;
        if !matches!(parts.method, Method::GET | Method::HEAD) {
            return Some(not_allowed());
        }
        Some(match found {
            Ok(Found::Folder) => to_folder(parts),
            Ok(Found::File(file)) => {
                let mut response = send::respond(parts, file).await;
                headers::protect(response.headers_mut(), self.content_security_policy.as_ref());
                response
            }
            Err(error) => unreadable(parts, &error),
        })
    }

    /// Looks a file up and makes it ready, on a thread that may wait for the disk.
    async fn find(
        &self,
        lookup: Lookup,
        coding: negotiate::Coding,
    ) -> Option<std::io::Result<Found<send::Ready>>> {
        let (folder, representations) = (self.folder.clone(), self.representations.clone());
        let work = move || match locate::locate(&folder, &lookup)? {
            Found::Folder => Some(Ok(Found::Folder)),
            Found::File(file) => Some(send::prepare(file, coding, &representations).map(Found::File)),
        };
        let failed = |error| Some(Err(std::io::Error::other(error)));
        tokio::task::spawn_blocking(work).await.unwrap_or_else(failed)
    }
}

/// `/docs` becomes `/docs/`, so that the page's relative links work. The path is one that `path::decode` has taken, so it
/// begins with one slash and cannot lead to another host.
fn to_folder(parts: &Parts) -> Response<Body> {
    let query = parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut response = empty(StatusCode::MOVED_PERMANENTLY);
    if let Ok(location) = HeaderValue::try_from(format!("{}/{query}", parts.uri.path())) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

fn not_allowed() -> Response<Body> {
    let mut response = empty(StatusCode::METHOD_NOT_ALLOWED);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

/// A file that is there and cannot be read is the operator's to mend: the log says which.
fn unreadable(parts: &Parts, error: &std::io::Error) -> Response<Body> {
    anstream::eprintln!("could not read the file for {}: {error}", parts.uri.path());
    empty(StatusCode::INTERNAL_SERVER_ERROR)
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Either::Left(Full::default()));
    *response.status_mut() = status;
    response
}
