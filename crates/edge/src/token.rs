//! JSON Web Tokens: from the headers of a request to who is calling.
//!
//! A token is verified once and then remembered until it expires, so that a signature is not checked on every request. Texts and
//! codes are PostgREST's ("Authentication").

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as URL_SAFE_NO_PAD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use mainstay_base::{Problem, Result};
use mainstay_expr::Role;
use serde_json::{Map, Value as Json, json};

/// How far clocks may differ, in seconds.
const SKEW_S: i64 = 30;
/// How many verified tokens are remembered.
const REMEMBERED_MAX: usize = 10_000;

/// Who sent a request.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The role that the request runs as.
    pub role: Role,
    /// The token's claims; `{"role":"anon"}` without a token.
    pub claims: Arc<Json>,
    /// Whether the request carries no token of a user or program: only the public key, or nothing.
    pub anonymous: bool,
}

/// Verifies and issues tokens with the project's secret (HS256).
pub struct Tokens {
    decoding: DecodingKey,
    encoding: EncodingKey,
    validation: Validation,
    nobody: Caller,
    /// The role of requests without a token, if there is one.
    anonymous: Option<Role>,
    remembered: RwLock<HashMap<Box<str>, Verified>>,
}

#[derive(Clone)]
struct Verified {
    caller: Caller,
    window: Window,
}

/// When a token is valid, in seconds since the epoch.
#[derive(Clone, Copy, Default)]
struct Window {
    expires: Option<i64>,
    not_before: Option<i64>,
    issued: Option<i64>,
}

impl Tokens {
    /// Tokens signed with `secret`.
    pub fn new(secret: &str) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        // Times and the audience are checked here, with PostgREST's words; the library checks the signature.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        let nobody = Caller {
            role: Role::new(Role::ANON),
            claims: Arc::new(json!({"role": Role::ANON})),
            anonymous: true,
        };
        Self {
            decoding: DecodingKey::from_secret(secret.as_bytes()),
            encoding: EncodingKey::from_secret(secret.as_bytes()),
            validation,
            anonymous: Some(nobody.role.clone()),
            nobody,
            remembered: RwLock::default(),
        }
    }

    /// The same, with another role for requests without a token; an empty one refuses them.
    #[must_use]
    pub fn with_anonymous(mut self, role: &str) -> Self {
        self.anonymous = Some(Role::new(role)).filter(|role| !role.name().is_empty());
        if let Some(role) = &self.anonymous {
            let claims = Arc::new(json!({"role": role.name()}));
            self.nobody = Caller { role: role.clone(), claims, anonymous: true };
        }
        self
    }

    /// Who sent these headers: the bearer token, else the `apikey`, else nobody.
    ///
    /// # Errors
    /// `PGRST301` for a token that is none or not ours, `PGRST303` for one whose claims do not hold (expired …).
    pub fn caller(&self, headers: &HeaderMap, now_s: i64) -> Result<Caller> {
        match bearer(headers)? {
            Some(token) => self.verify(token, now_s),
            None if self.anonymous.is_none() => Err(no_anonymous()),
            None => Ok(self.nobody.clone()),
        }
    }

    /// A signed token with these claims.
    ///
    /// # Errors
    /// An internal problem if signing fails.
    pub fn issue(&self, claims: &Json) -> Result<String> {
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &self.encoding)
            .map_err(|error| Problem::internal(format!("a token could not be signed: {error}")))
    }

    fn verify(&self, token: &str, now_s: i64) -> Result<Caller> {
        let remembered = self.remembered.read().ok().and_then(|tokens| tokens.get(token).cloned());
        let verified = match remembered {
            Some(verified) => verified,
            None => {
                let verified = self.decode(token)?;
                if let Ok(mut tokens) = self.remembered.write() {
                    if tokens.len() >= REMEMBERED_MAX {
                        tokens.clear();
                    }
                    tokens.insert(token.into(), verified.clone());
                }
                verified
            }
        };
        verified.window.check(now_s)?;
        Ok(verified.caller)
    }

    fn decode(&self, token: &str) -> Result<Verified> {
        let parts = token.split('.').count();
        if parts != 3 {
            return Err(Problem::new("PGRST301", format!("Expected 3 parts in JWT; got {parts}")));
        }
        if algorithm(token).is_some_and(|name| name != "HS256") {
            return Err(wrong_algorithm());
        }
        let decoded = jsonwebtoken::decode::<Map<String, Json>>(token, &self.decoding, &self.validation)
            .map_err(|error| signature_problem(error.kind()))?;
        // What a token calls critical must be understood (RFC 7515, section 4.1.11), and none of it is.
        if decoded.header.crit.is_some() {
            return Err(signature_problem(&ErrorKind::InvalidToken));
        }
        let claims = decoded.claims;
        let window = Window::of(&claims)?;
        let role = match (claims.get("role").and_then(Json::as_str), &self.anonymous) {
            (Some(role), _) => Role::new(role),
            (None, Some(anonymous)) => anonymous.clone(),
            (None, None) => return Err(no_anonymous()),
        };
        let anonymous = self.anonymous.as_ref() == Some(&role);
        let claims = match claims.contains_key("role") {
            true => claims,
            false => claims.into_iter().chain([("role".to_owned(), json!(role.name()))]).collect(),
        };
        Ok(Verified { caller: Caller { role, claims: Arc::new(Json::Object(claims)), anonymous }, window })
    }
}

/// The token that the headers carry. The API key of Supabase's clients is a token as well; the bearer goes before it.
/// A request without a role of its own, where nobody may come without one.
fn no_anonymous() -> Problem {
    Problem::new("PGRST302", "Anonymous access is disabled")
}

fn bearer(headers: &HeaderMap) -> Result<Option<&str>> {
    if let Some(value) = headers.get(AUTHORIZATION) {
        let text = value.to_str().unwrap_or_default();
        if let Some((scheme, token)) = text.split_once(' ')
            && scheme.eq_ignore_ascii_case("bearer")
        {
            let token = token.trim();
            return match token {
                "" => Err(Problem::new("PGRST301", "Empty JWT is sent in Authorization header")),
                token => Ok(Some(token)),
            };
        }
    }
    Ok(headers.get("apikey").and_then(|value| value.to_str().ok()).filter(|key| !key.is_empty()))
}

/// The algorithm that a token's header names. The library knows only some names and calls a token with another one broken.
fn algorithm(token: &str) -> Option<String> {
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next()?).ok()?;
    let header: Json = serde_json::from_slice(&header).ok()?;
    Some(header.get("alg")?.as_str()?.to_owned())
}

fn wrong_algorithm() -> Problem {
    Problem::new("PGRST301", "Wrong or unsupported encoding algorithm")
        .with_details("JWT is signed with an algorithm other than HS256")
}

fn signature_problem(kind: &ErrorKind) -> Problem {
    match kind {
        ErrorKind::InvalidSignature => Problem::new("PGRST301", "No suitable key or wrong key type")
            .with_details("None of the keys was able to decode the JWT"),
        ErrorKind::InvalidAlgorithm
        | ErrorKind::InvalidAlgorithmName
        | ErrorKind::MissingAlgorithm
        | ErrorKind::UnsupportedAlgorithm => wrong_algorithm(),
        _ => Problem::new("PGRST301", "JWT cryptographic operation failed"),
    }
}

impl Window {
    fn of(claims: &Map<String, Json>) -> Result<Self> {
        let seconds = |claim: &str| match claims.get(claim) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::Number(number)) => {
                Ok(number.as_i64().or_else(|| number.as_f64().map(|seconds| seconds.floor() as i64)))
            }
            Some(_) => Err(Problem::new("PGRST303", format!("The JWT '{claim}' claim must be a number"))),
        };
        Ok(Self { expires: seconds("exp")?, not_before: seconds("nbf")?, issued: seconds("iat")? })
    }

    fn check(self, now_s: i64) -> Result<()> {
        if self.expires.is_some_and(|expires| now_s > expires.saturating_add(SKEW_S)) {
            return Err(Problem::new("PGRST303", "JWT expired"));
        }
        if self.not_before.is_some_and(|start| now_s < start.saturating_sub(SKEW_S)) {
            return Err(Problem::new("PGRST303", "JWT not yet valid"));
        }
        if self.issued.is_some_and(|issued| now_s < issued.saturating_sub(SKEW_S)) {
            return Err(Problem::new("PGRST303", "JWT issued at future"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const SECRET: &str = "a-secret-of-at-least-thirty-two-bytes!";
    const NOW_S: i64 = 1_700_000_000;

    fn headers(token: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::try_from(format!("Bearer {token}")).unwrap());
        headers
    }

    #[test]
    fn no_token_is_anon() {
        let caller = Tokens::new(SECRET).caller(&HeaderMap::new(), NOW_S).unwrap();
        assert_eq!((caller.role.name(), caller.anonymous), ("anon", true));
    }

    #[test]
    fn a_signed_token_gives_role_and_claims() {
        let tokens = Tokens::new(SECRET);
        let token = tokens.issue(&json!({"role": "authenticated", "sub": "u1", "exp": NOW_S + 60})).unwrap();
        for _ in 0..2 {
            let caller = tokens.caller(&headers(&token), NOW_S).unwrap();
            assert_eq!(caller.role.name(), "authenticated");
            assert_eq!(caller.claims["sub"], "u1");
            assert!(!caller.anonymous);
        }
    }

    #[test]
    fn k2_tokens_of_others_and_changed_tokens_are_refused() {
        let tokens = Tokens::new(SECRET);
        let own = tokens.issue(&json!({"role": "authenticated"})).unwrap();
        let foreign = Tokens::new("another-secret-of-thirty-two-bytes!!")
            .issue(&json!({"role": "service_role"}))
            .unwrap();
        let unsigned = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.";
        let mut parts: Vec<&str> = own.split('.').collect();
        let stolen = foreign.split('.').nth(1).unwrap().to_owned();
        parts[1] = &stolen;
        let swapped = parts.join(".");
        for token in [foreign.as_str(), unsigned, swapped.as_str(), "a.b", "a.b.c", &own[..own.len() - 2]] {
            let problem = tokens.caller(&headers(token), NOW_S).unwrap_err();
            assert_eq!(problem.code(), "PGRST301", "{token}: {problem}");
        }
    }

    #[test]
    fn k2_a_token_with_critical_extensions_is_refused() {
        let tokens = Tokens::new(SECRET);
        let mut header = Header::new(Algorithm::HS256);
        header.crit = Some(vec!["b64".to_owned()]);
        let token =
            jsonwebtoken::encode(&header, &json!({"role": "authenticated"}), &tokens.encoding).unwrap();
        assert_eq!(tokens.caller(&headers(&token), NOW_S).unwrap_err().code(), "PGRST301");
    }

    #[test]
    fn times_are_checked_with_skew() {
        let tokens = Tokens::new(SECRET);
        let message = |claims: Json| {
            let token = tokens.issue(&claims).unwrap();
            tokens.caller(&headers(&token), NOW_S).map(|_| ()).map_err(|problem| problem.message().to_owned())
        };
        assert_eq!(message(json!({"exp": NOW_S - 29})), Ok(()));
        assert_eq!(message(json!({"exp": NOW_S - 31})), Err("JWT expired".into()));
        assert_eq!(message(json!({"nbf": NOW_S + 31})), Err("JWT not yet valid".into()));
        assert_eq!(message(json!({"iat": NOW_S + 31})), Err("JWT issued at future".into()));
        assert_eq!(message(json!({"exp": "soon"})), Err("The JWT 'exp' claim must be a number".into()));
    }
}
