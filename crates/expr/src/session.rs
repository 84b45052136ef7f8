//! Who asks: the role, the token's claims and what expressions can read of the request.

use std::sync::Arc;

use mainstay_base::Result;

use crate::{Jsonb, TimeContext, Type, Value, Zone, input};

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
    /// The cookies as a JSON object.
    pub cookies: Arc<str>,
    /// The schema that the request speaks to.
    pub schema: Arc<str>,
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

impl Session {
    /// The schema's owner, to whom no policy applies. `now_us` is the time, in microseconds since the epoch.
    pub fn of_owner(now_us: i64) -> Self {
        Self {
            role: Role::new(Role::SERVICE),
            claims: Arc::new(serde_json::json!({ "role": Role::SERVICE })),
            request: RequestContext::default(),
            now_us,
            timezone: None,
        }
    }

    /// The zone in which times are shown; UTC unless another one is preferred. Fails with `22023` for one that does not exist.
    pub fn zone(&self) -> Result<Zone> {
        match self.timezone {
            None => Ok(Zone::default()),
            Some(_) => TimeContext::of(self).map(|context| context.zone),
        }
    }

    /// What an expression sees of the session. A claim that is missing is NULL; a `sub` that is no uuid is an error.
    pub fn value(&self, wanted: &SessionValue) -> Result<Value> {
        let text = |text: Option<String>| text.map_or(Value::Null, Value::Text);
        Ok(match wanted {
            SessionValue::Now => Value::Timestamptz(self.now_us),
            SessionValue::Uid => match self.claim("sub").filter(|sub| !sub.is_empty()) {
                Some(sub) => input::parse_plain(&Type::Uuid, &sub, &TimeContext::default())?,
                None => Value::Null,
            },
            SessionValue::Role => text(self.claim("role")),
            SessionValue::Email => text(self.claim("email")),
            SessionValue::Jwt => Value::Jsonb(Jsonb::from_json(&self.claims)?),
            SessionValue::CurrentUser => Value::Text(self.role.name().to_owned()),
            SessionValue::Setting(name) => text(self.setting(name)),
        })
    }

    /// A claim of the token, as `->>` shows it.
    fn claim(&self, name: &str) -> Option<String> {
        match self.claims.get(name)? {
            serde_json::Value::Null => None,
            serde_json::Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }

    fn setting(&self, name: &str) -> Option<String> {
        let shared = |text: &Arc<str>| (!text.is_empty()).then(|| text.to_string());
        match name.to_ascii_lowercase().as_str() {
            "request.jwt.claims" => Some(self.claims.to_string()),
            "request.method" => shared(&self.request.method),
            "request.path" => shared(&self.request.path),
            "request.headers" => shared(&self.request.headers),
            "request.cookies" => shared(&self.request.cookies),
            "role" => Some(self.role.name().to_owned()),
            "timezone" => Some(self.timezone.as_deref().unwrap_or("UTC").to_owned()),
            lower => self.claim(lower.strip_prefix("request.jwt.claim.")?),
        }
    }
}
