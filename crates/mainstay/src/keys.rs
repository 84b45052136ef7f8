//! The project's keys: the secret that tokens are signed with, and the two tokens that programs use.

use std::io::{ErrorKind, Write};
use std::path::Path;

use mainstay_edge::Tokens;
use mainstay_expr::Role;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::failure::{Doing, Failure, Result};
use crate::project::Project;

/// Bytes of a generated secret.
const SECRET_BYTES: usize = 32;
/// The shortest secret that is taken: RFC 7518, section 3.2, wants as many bytes as the hash has.
const SECRET_LENGTH_MIN: usize = 32;
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
            Ok(secret) if !secret.is_empty() => {
                long_enough(&secret)
                    .map_err(|reason| Failure::invalid(format!("MAINSTAY_JWT_SECRET {reason}")))?;
                secret
            }
            _ => stored_secret(&project.state_folder()?)?,
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

/// The stored secret. It is there whole or not at all, whoever else starts at the same time and whatever stops us.
fn stored_secret(folder: &Path) -> Result<String> {
    let file = folder.join("jwt_secret");
    let doing = || format!("write {}", file.display());
    if !file.exists() {
        let mut bytes = [0_u8; SECRET_BYTES];
        getrandom::fill(&mut bytes).doing(|| "get random bytes".to_owned())?;
        let secret: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        // Such a file is its owner's alone from the start.
        let mut created = tempfile::NamedTempFile::new_in(folder).doing(doing)?;
        created.write_all(secret.as_bytes()).doing(doing)?;
        created.as_file().sync_all().doing(doing)?;
        match created.persist_noclobber(&file) {
            // Another process was first: its secret counts.
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => {}
            done => drop(done.doing(doing)?),
        }
    }
    let secret = std::fs::read_to_string(&file).doing(|| format!("read {}", file.display()))?;
    let secret = secret.trim();
    long_enough(secret).map_err(|reason| {
        Failure::new(format!(
            "{} {reason}\n  hint: delete the file, and a new secret is made",
            file.display()
        ))
    })?;
    Ok(secret.to_owned())
}

/// A secret that can be guessed is none.
fn long_enough(secret: &str) -> std::result::Result<(), String> {
    match secret.len() {
        ..SECRET_LENGTH_MIN => {
            Err(format!("holds {} bytes; a secret has {SECRET_LENGTH_MIN} or more", secret.len()))
        }
        _ => Ok(()),
    }
}
