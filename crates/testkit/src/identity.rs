//! Who sends a request: the two keys of a project, users with fixed ids, or nobody at all.
//!
//! Tokens are minted here with the project's own secret, so the binary under test verifies what a real client
//! would send. It must not know what a request asks for.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value, json};

/// 2100-01-01: no token of the suite ends before its time.
const FAR_FUTURE: u64 = 4_102_444_800;

/// Users that scenarios may name, with the uuid in their token's `sub`.
pub const USERS: [(&str, &str); 3] = [
    ("alice", "a11ce000-0000-4000-8000-000000000001"),
    ("bob", "b0b00000-0000-4000-8000-000000000002"),
    ("carol", "ca401000-0000-4000-8000-000000000003"),
];

/// The sender of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Who {
    /// No key and no token: the request has no identity headers but those it writes itself.
    Nobody,
    /// The project's anonymous key.
    Anon,
    /// The project's service key, which passes by every policy.
    Service,
    /// A signed-in user, by the place in [`USERS`].
    User(usize),
}

impl Who {
    /// Reads the name that a scenario uses.
    pub fn parse(name: &str) -> Option<Who> {
        match name {
            "nobody" => Some(Who::Nobody),
            "anon" => Some(Who::Anon),
            "service" => Some(Who::Service),
            _ => USERS.iter().position(|(user, _)| *user == name).map(Who::User),
        }
    }

    /// The name that a scenario uses.
    pub fn name(self) -> &'static str {
        match self {
            Who::Nobody => "nobody",
            Who::Anon => "anon",
            Who::Service => "service",
            Who::User(index) => USERS[index].0,
        }
    }
}

/// What `mainstay keys --json` prints.
#[derive(Debug, Clone)]
pub struct Keys {
    /// JWT with the role `anon`.
    pub anon: String,
    /// JWT with the role `service_role`.
    pub service: String,
    /// The HS256 secret, used as its UTF-8 bytes.
    pub secret: String,
}

impl Keys {
    /// Reads the output of `mainstay keys --json`.
    pub fn from_json(text: &str) -> Result<Keys, String> {
        let value: Value =
            serde_json::from_str(text).map_err(|error| format!("keys --json: {error}: {text}"))?;
        let field = |name: &str| {
            value[name]
                .as_str()
                .map(str::to_owned)
                .ok_or_else(|| format!("keys --json has no `{name}`: {text}"))
        };
        Ok(Keys {
            anon: field("anon_key")?,
            service: field("service_role_key")?,
            secret: field("jwt_secret")?,
        })
    }

    /// The headers that a client library would send for `who`, with `extra` claims laid over the usual ones
    /// (a `null` takes a claim away).
    pub fn headers(&self, who: Who, extra: Option<&Map<String, Value>>) -> Vec<(String, String)> {
        let key = match who {
            Who::Nobody => return Vec::new(),
            Who::Service => &self.service,
            Who::Anon | Who::User(_) => &self.anon,
        };
        let token = match (who, extra) {
            (Who::Anon | Who::Service, None) => key.clone(),
            _ => self.mint(&claims(who, extra)),
        };
        vec![("apikey".into(), key.clone()), ("Authorization".into(), format!("Bearer {token}"))]
    }

    fn mint(&self, claims: &Map<String, Value>) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let head = part(&json!({"alg": "HS256", "typ": "JWT"}));
        let signed = format!("{head}.{}", part(&Value::Object(claims.clone())));
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(self.secret.as_bytes())
            .expect("HMAC takes a key of any length");
        mac.update(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }
}

fn claims(who: Who, extra: Option<&Map<String, Value>>) -> Map<String, Value> {
    let mut claims = Map::new();
    match who {
        Who::User(index) => {
            let (name, id) = USERS[index];
            claims.insert("sub".into(), json!(id));
            claims.insert("role".into(), json!("authenticated"));
            claims.insert("aud".into(), json!("authenticated"));
            claims.insert("email".into(), json!(format!("{name}@example.com")));
        }
        Who::Service => drop(claims.insert("role".into(), json!("service_role"))),
        Who::Anon | Who::Nobody => drop(claims.insert("role".into(), json!("anon"))),
    }
    claims.insert("exp".into(), json!(FAR_FUTURE));
    for (name, value) in extra.into_iter().flatten() {
        if value.is_null() {
            claims.remove(name);
        } else {
            claims.insert(name.clone(), value.clone());
        }
    }
    claims
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Keys {
        Keys { anon: "a".into(), service: "s".into(), secret: "secret".into() }
    }

    #[test]
    fn a_user_sends_the_anonymous_key_and_a_token_of_his_own() {
        let headers = keys().headers(Who::parse("alice").unwrap(), None);
        assert_eq!(headers[0], ("apikey".to_owned(), "a".to_owned()));
        let token = headers[1].1.strip_prefix("Bearer ").unwrap();
        let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims["sub"], USERS[0].1);
        assert_eq!(claims["role"], "authenticated");
    }

    #[test]
    fn a_null_takes_a_claim_away() {
        let extra = json!({"sub": null, "org": 7});
        let claims = claims(Who::User(0), extra.as_object());
        assert!(!claims.contains_key("sub"));
        assert_eq!(claims["org"], 7);
    }
}
