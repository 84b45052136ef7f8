//! The project's keys: the secret that tokens are signed with, and the two tokens that programs use.

use std::io::Write;
use std::path::Path;

use mainstay_edge::Tokens;
use mainstay_expr::Role;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::failure::{Doing, Result};
use crate::project::{Project, restrict};

/// Bytes of a generated secret.
const SECRET_BYTES: usize = 32;
/// When the two keys expire: 2100-01-01. They are revoked by changing the secret.
const EXPIRES_S: i64 = 4_102_444_800;

/// The keys of a project.
#[derive(Clone, Serialize, Deserialize)]
pub struct Keys {
    /// For browsers and apps: what anyone may do.
    pub anon_key: String,
    /// For the operator's own programs: bypasses the policies.
    pub service_role_key: String,
    /// What tokens are signed with.
    pub jwt_secret: String,
}

impl Keys {
    /// The project's keys; made on first use. `MAINSTAY_JWT_SECRET` stands in for the stored secret.
    pub fn of(project: &Project) -> Result<Self> {
        let secret = match std::env::var("MAINSTAY_JWT_SECRET") {
            Ok(secret) if !secret.is_empty() => secret,
            _ => stored_secret(&project.state_folder()?.join("jwt_secret"))?,
        };
        Self::from_secret(secret)
    }

    fn from_secret(jwt_secret: String) -> Result<Self> {
        let tokens = Tokens::new(&jwt_secret);
        let key = |role: &str| tokens.issue(&json!({"iss": "mainstay", "role": role, "exp": EXPIRES_S}));
        Ok(Self { anon_key: key(Role::ANON)?, service_role_key: key(Role::SERVICE)?, jwt_secret })
    }

    /// A token for one user, for trying things out.
    pub fn user_token(&self, user: &str, now_s: i64) -> Result<String> {
        const HOUR_S: i64 = 3600;
        let claims = json!({
            "iss": "mainstay", "role": Role::AUTHENTICATED, "aud": Role::AUTHENTICATED, "sub": user,
            "iat": now_s, "exp": now_s + 24 * HOUR_S,
        });
        Ok(Tokens::new(&self.jwt_secret).issue(&claims)?)
    }
}

fn stored_secret(file: &Path) -> Result<String> {
    if let Ok(secret) = std::fs::read_to_string(file) {
        return Ok(secret.trim().to_owned());
    }
    let mut bytes = [0_u8; SECRET_BYTES];
    getrandom::fill(&mut bytes).doing(|| "get random bytes".to_owned())?;
    let secret: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    let doing = || format!("write {}", file.display());
    match options.open(file) {
        Ok(mut created) => {
            restrict(file, 0o600)?;
            created.write_all(secret.as_bytes()).doing(doing)?;
            created.sync_all().doing(doing)?;
            Ok(secret)
        }
        // Another process was first: its secret counts.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            std::fs::read_to_string(file).map(|secret| secret.trim().to_owned()).doing(doing)
        }
        Err(error) => Err(error).doing(doing),
    }
}
