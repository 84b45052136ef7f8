//! The one error that reaches a client: a stable code, a message, details and a hint.

use std::borrow::Cow;
use std::fmt;

use serde_json::Value as Json;

/// The result of anything that can fail with a [`Problem`].
pub type Result<T> = std::result::Result<T, Problem>;

/// An error as PostgreSQL and PostgREST report it: `code` is a SQLSTATE (`23505`) or a PostgREST code (`PGRST205`).
///
/// The HTTP status is not part of it: it is derived from the code, and only at the edge.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem(Box<Fields>);

#[derive(Debug, Clone, PartialEq)]
struct Fields {
    code: Cow<'static, str>,
    message: String,
    details: Option<Json>,
    hint: Option<String>,
}

impl Problem {
    /// A problem with a code and a message, and neither details nor hint.
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self(Box::new(Fields { code: code.into(), message: message.into(), details: None, hint: None }))
    }

    /// The same problem with details, usually a text, a list for ambiguous relationships.
    #[must_use]
    pub fn with_details(mut self, details: impl Into<Json>) -> Self {
        self.0.details = Some(details.into());
        self
    }

    /// The same problem with a hint: what to do instead.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// An internal fault. `what` is for the log; a client sees only that something went wrong.
    pub fn internal(what: impl Into<String>) -> Self {
        Self::new("XX000", what)
    }

    /// The SQLSTATE or PostgREST code.
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// One sentence, lower case, as PostgreSQL words it.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// More about this occurrence: text or a list.
    pub fn details(&self) -> Option<&Json> {
        self.0.details.as_ref()
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} ({})", self.0.message, self.0.code)
    }
}

impl std::error::Error for Problem {}
