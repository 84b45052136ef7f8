//! What a scenario file says, as plain data. Nothing here runs anything.

use crate::identity::Who;

/// One Markdown file: a feature told in prose, with the cases that prove it.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Path below `conformance/` without the extension, such as `rest/filters-logic`.
    pub name: String,
    /// Every section that holds at least one step or one expected diagnostic.
    pub cases: Vec<Case>,
}

/// One section of a scenario file: a named test.
#[derive(Debug, Clone)]
pub struct Case {
    /// `<scenario>/<slug of the headings above it>`; unique in the whole suite.
    pub name: String,
    /// Line of the heading, counted from 1.
    pub line: usize,
    /// The database this case starts from.
    pub world: WorldSpec,
    /// What is done and what must come back.
    pub check: Check,
}

impl Case {
    /// How many different senders its requests have.
    pub fn senders(&self) -> usize {
        let Check::Requests(steps) = &self.check else { return 0 };
        let answers = steps.iter().flat_map(|step| &step.answers);
        answers.flat_map(|answer| &answer.who).collect::<std::collections::HashSet<_>>().len()
    }
}

/// The two kinds of cases.
#[derive(Debug, Clone)]
pub enum Check {
    /// Requests against a served project, in order.
    Requests(Vec<Step>),
    /// The diagnostics that `mainstay schema check` must print, and no others.
    Diagnostics(Vec<Diagnostic>),
}

/// A project as files: two cases with equal worlds share one database.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct WorldSpec {
    /// `(file name, text)` of every file of `schema/`, in order of appearance.
    pub schema: Vec<(String, String)>,
    /// A script of the database's own, run by psql: the database is then served as it is. Only PostgreSQL has such worlds.
    pub database: String,
    /// `seed.sql`.
    pub seed: String,
    /// Lines of `mainstay.toml` that replace those of the test project, by key.
    pub config: String,
}

/// One request and the answers it gets, one per identity or group of identities.
#[derive(Debug, Clone)]
pub struct Step {
    /// What is sent.
    pub request: Request,
    /// What comes back, in the order in which the requests are sent.
    pub answers: Vec<Answer>,
}

/// A request as written, with a target relative to `/rest/v1`.
#[derive(Debug, Clone)]
pub struct Request {
    /// Line of the fence, counted from 1.
    pub line: usize,
    /// HTTP method; not checked, so that unknown ones can be sent.
    pub method: String,
    /// Path and query, percent-encoded where a URL needs it.
    pub target: String,
    /// Headers in order, names as written.
    pub headers: Vec<(String, String)>,
    /// Claims that are added to the token of whoever sends the request.
    pub claims: Option<serde_json::Map<String, serde_json::Value>>,
    /// The body, without the line end before the closing fence.
    pub body: String,
}

impl Request {
    /// A request that stands in no file.
    pub fn new(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Self {
        Self {
            line: 0,
            method: method.to_owned(),
            target: target.to_owned(),
            headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            claims: None,
            body: body.to_owned(),
        }
    }

    /// Whether the method may change rows; such a case gets a database of its own.
    pub fn may_write(&self) -> bool {
        !matches!(self.method.as_str(), "GET" | "HEAD" | "OPTIONS")
    }
}

/// What must come back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Line of the fence, counted from 1.
    pub line: usize,
    /// Who sends the request; each of them gets this same answer.
    pub who: Vec<Who>,
    /// HTTP status.
    pub status: u16,
    /// Headers that must match; others are free.
    pub headers: Vec<(String, HeaderRule)>,
    /// The body.
    pub body: ExpectedBody,
}

/// What is asked of one response header.
#[derive(Debug, Clone)]
pub enum HeaderRule {
    /// The value, exactly.
    Exact(String),
    /// `~ pattern`: a regular expression that the value must match.
    Matches(regex::Regex),
    /// `(absent)`: the header must not be there.
    Absent,
}

/// The body of an answer.
#[derive(Debug, Clone)]
pub enum ExpectedBody {
    /// Not looked at.
    Any,
    /// No bytes at all.
    Empty,
    /// JSON, token by token.
    Json(String),
    /// `text/csv`, byte for byte, but for one line end at the end.
    Csv(String),
    /// Anything else, byte for byte, but for one line end at the end.
    Text(String),
}

/// One line of expected output of `mainstay schema check`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// File below `schema/`.
    pub file: String,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// A part of the message.
    pub fragment: String,
}
