//! Who asks: the role, the token's claims and what expressions can read of the request.

use std::sync::Arc;

/// A database role's name. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Role(Arc<str>);

impl Role {
    /// A visitor without a token of their own.
    pub const ANON: &str = "anon";
    /// A signed-in user.
    pub const AUTHENTICATED: &str = "authenticated";
    /// The operator's own programs: bypasses row-level security.
    pub const SERVICE: &str = "service_role";

    /// The role of that name.
    pub fn new(name: &str) -> Self {
        Self(Arc::from(name))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// Whether row-level security does not apply to it.
    pub fn bypasses_row_security(&self) -> bool {
        self.name() == Self::SERVICE
    }
}

/// Everything a request's expressions may ask about who sent it.
#[derive(Debug, Clone)]
pub struct Session {
    /// The role that the request runs as.
    pub role: Role,
    /// The verified claims as a JSON object, the role among them; `{"role":"anon"}` without a token.
    pub claims: Arc<serde_json::Value>,
    /// What `current_setting('request.…')` shows.
    pub request: RequestContext,
    /// The transaction's timestamp, microseconds since the epoch: `now()`.
    pub now_us: i64,
    /// The zone that `timestamptz` values are shown in, and read in when they have none.
    pub timezone: Option<Arc<str>>,
}

/// The parts of an HTTP request that policies and functions can read.
#[derive(Debug, Clone, Default)]
pub struct RequestContext {
    /// `GET`, `POST` …
    pub method: Arc<str>,
    /// `/films`, without the API's prefix.
    pub path: Arc<str>,
    /// The headers as a JSON object with lower-case names; empty when nothing asks for them.
    pub headers: Arc<str>,
}

/// A value that the session gives to an expression.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SessionValue {
    /// `now()`, `current_timestamp`, `transaction_timestamp()`: timestamptz
    Now,
    /// `auth.uid()`: uuid, the claim `sub`
    Uid,
    /// `auth.role()`: text, the claim `role`
    Role,
    /// `auth.email()`: text, the claim `email`
    Email,
    /// `auth.jwt()`: jsonb, all claims
    Jwt,
    /// `current_user`, `session_user`: text
    CurrentUser,
    /// `current_setting('name', true)`: text, NULL when unset
    Setting(String),
}
