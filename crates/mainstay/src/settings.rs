//! `mainstay.toml`, and the environment over it: `MAINSTAY_API_MAX_ROWS` overrides `[api] max_rows`.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use http::HeaderValue;
use mainstay_base::Limits;
use serde::Deserialize;

use crate::failure::{Doing, Failure, Result};
use crate::static_files::DEFAULT_CONTENT_SECURITY_POLICY;

/// All settings, with their defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// `[server]`
    pub server: Server,
    /// `[api]`
    pub api: Api,
    /// `[database]`
    pub database: Database,
    /// `[site]`
    pub site: Site,
}

/// Where and how the server listens.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// The address.
    pub listen: SocketAddr,
    /// Where the world reaches it; the address when not given.
    pub public_url: Option<String>,
    /// Largest request body, in bytes.
    pub max_body_bytes: usize,
    /// How long requests may take to finish at shutdown, in seconds.
    pub shutdown_seconds: u64,
}

/// The front end's files.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Site {
    /// The `Content-Security-Policy` that pages are sent with; empty for none.
    pub content_security_policy: String,
}

/// What the API shows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Api {
    /// The exposed schemas; the first is the default.
    pub schemas: Vec<String>,
    /// Most rows that a read, a function or an embed returns; 0 for no bound.
    pub max_rows: u64,
    /// Whether select lists may aggregate.
    pub aggregates: bool,
    /// Whether `Prefer: tx=rollback` is honoured.
    pub tx_rollback: bool,
    /// Whether `Server-Timing` is sent.
    pub server_timing: bool,
    /// How long the statements of one request may run, in milliseconds.
    pub statement_timeout_ms: u64,
}

/// The database.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// `sqlite:PATH`, relative to the project's folder.
    pub url: String,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8000)),
            public_url: None,
            max_body_bytes: 10 * 1024 * 1024,
            shutdown_seconds: 30,
        }
    }
}

impl Default for Api {
    fn default() -> Self {
        Self {
            schemas: vec!["public".to_owned()],
            max_rows: 1000,
            aggregates: false,
            tx_rollback: false,
            server_timing: false,
            statement_timeout_ms: 8000,
        }
    }
}

impl Default for Site {
    fn default() -> Self {
        Self { content_security_policy: DEFAULT_CONTENT_SECURITY_POLICY.to_owned() }
    }
}

impl Site {
    /// The header, unless it is turned off.
    pub fn content_security_policy(&self) -> Option<HeaderValue> {
        let policy = self.content_security_policy.trim();
        HeaderValue::try_from(policy).ok().filter(|_| !policy.is_empty())
    }
}

impl Server {
    /// How long requests may take to finish at shutdown.
    pub fn drain(&self) -> Duration {
        Duration::from_secs(self.shutdown_seconds)
    }
}

impl Default for Database {
    fn default() -> Self {
        Self { url: "sqlite:.mainstay/data.sqlite".to_owned() }
    }
}

impl Settings {
    /// Reads the file, if it is there, and the environment.
    pub fn load(file: &Path) -> Result<Self> {
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error).doing(|| format!("read {}", file.display())),
        };
        Self::read(&text, std::env::vars())
            .map_err(|reason| Failure::invalid(format!("{}: {reason}", file.display())))
    }

    fn read(
        text: &str,
        environment: impl Iterator<Item = (String, String)>,
    ) -> std::result::Result<Self, String> {
        let mut table: toml::Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
        for (name, value) in environment {
            if let Some((section, key)) = variable(&name) {
                let section = table.entry(section).or_insert_with(|| toml::Table::new().into());
                if let Some(section) = section.as_table_mut() {
                    section.insert(key, toml_value(&value));
                }
            }
        }
        let settings: Self = table.try_into().map_err(|error: toml::de::Error| error.to_string())?;
        if settings.api.schemas.is_empty() {
            return Err("[api] schemas must name at least one schema".to_owned());
        }
        Ok(settings)
    }

    /// The limits that requests run under.
    pub fn limits(&self) -> Limits {
        Limits {
            body_bytes: self.server.max_body_bytes,
            max_rows: self.max_rows(),
            statement_timeout: Duration::from_millis(self.api.statement_timeout_ms),
            ..Limits::default()
        }
    }

    /// What the planner is to do.
    pub fn planner(&self) -> mainstay_planner::Settings {
        mainstay_planner::Settings {
            max_rows: self.max_rows(),
            aggregates: self.api.aggregates,
            ..mainstay_planner::Settings::default()
        }
    }

    fn max_rows(&self) -> Option<u64> {
        Some(self.api.max_rows).filter(|rows| *rows > 0)
    }
}

/// The section and key that a variable overrides: `MAINSTAY_API_MAX_ROWS` → `api`, `max_rows`.
fn variable(name: &str) -> Option<(String, String)> {
    let rest = name.strip_prefix("MAINSTAY_")?;
    let (section, key) = rest.split_once('_')?;
    let section = section.to_ascii_lowercase();
    ["server", "api", "database", "site"]
        .contains(&section.as_str())
        .then(|| (section, key.to_ascii_lowercase()))
}

/// A variable's text as the kind of value that it looks like; lists are parted by commas.
fn toml_value(text: &str) -> toml::Value {
    if let Ok(number) = text.parse::<i64>() {
        return number.into();
    }
    match text {
        "true" => true.into(),
        "false" => false.into(),
        _ if text.contains(',') => {
            text.split(',').map(|item| item.trim().to_owned()).collect::<Vec<_>>().into()
        }
        _ => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, environment: &[(&str, &str)]) -> std::result::Result<Settings, String> {
        Settings::read(
            text,
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        )
    }

    #[test]
    fn the_environment_goes_over_the_file_and_the_file_over_the_defaults() {
        let settings =
            read("[api]\nmax_rows = 5\naggregates = true", &[("MAINSTAY_API_MAX_ROWS", "7")]).unwrap();
        assert_eq!(settings.api.max_rows, 7);
        assert!(settings.api.aggregates);
        assert_eq!(settings.server.listen.port(), 8000);
        let schemas = read("", &[("MAINSTAY_API_SCHEMAS", "public,shop")]).unwrap().api.schemas;
        assert_eq!(schemas, ["public", "shop"]);
    }

    #[test]
    fn unknown_settings_are_refused() {
        assert!(read("[api]\nmax_row = 5", &[]).unwrap_err().contains("max_row"));
    }
}
