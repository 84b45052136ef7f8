//! `mainstay.toml`, and the environment over it: `MAINSTAY_API_MAX_ROWS` overrides `[api] max_rows`.

mod database;
mod postgrest;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use http::HeaderValue;
use mainstay_base::Limits;
use serde::Deserialize;

use crate::failure::{Doing, Failure, Result};
use crate::static_files::DEFAULT_CONTENT_SECURITY_POLICY;
pub use database::Database;
pub use postgrest::in_database;

/// What an address to listen on looks like.
pub const NO_ADDRESS: &str =
    "expected an IP address with a port, such as 127.0.0.1:8000, or 0.0.0.0:8000 for all of the machine's";
const WHOLE_NUMBER: &str = "expected a whole number, 0 or more";

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
    /// What the document at the root shows.
    pub openapi_mode: OpenApiSetting,
    /// Whether `Server-Timing` is sent.
    pub server_timing: bool,
    /// How long the statements of one request may run, in milliseconds.
    pub statement_timeout_ms: u64,
}

/// What the document at the root shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OpenApiSetting {
    /// What the asking role may use.
    FollowPrivileges,
    /// All of it.
    IgnorePrivileges,
    /// Nothing: there is none.
    Disabled,
}

impl From<OpenApiSetting> for mainstay_rest::OpenApiMode {
    fn from(setting: OpenApiSetting) -> Self {
        match setting {
            OpenApiSetting::FollowPrivileges => Self::FollowPrivileges,
            OpenApiSetting::IgnorePrivileges => Self::IgnorePrivileges,
            OpenApiSetting::Disabled => Self::Disabled,
        }
    }
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
            openapi_mode: OpenApiSetting::FollowPrivileges,
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

impl Settings {
    /// Reads the file, if it is there, and the environment.
    pub fn load(file: &Path) -> Result<Self> {
        Self::load_under(file, &[])
    }

    /// The same under settings that the database has itself, by PostgREST's names.
    pub fn load_under(file: &Path, in_database: &[(String, String)]) -> Result<Self> {
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error).doing(|| format!("read {}", file.display())),
        };
        let environment: Vec<Override> =
            std::env::vars().filter_map(|(name, value)| Override::of(&name, &value)).collect();
        let own: Vec<Override> =
            in_database.iter().filter_map(|(name, value)| Override::in_database(name, value)).collect();
        let overrides: Vec<&Override> = environment.iter().chain(&own).collect();
        Self::read(&text, &overrides).map_err(|reason| {
            // What is sound by itself is not what is wrong.
            let names =
                |them: &[Override]| them.iter().map(|it| it.variable.as_str()).collect::<Vec<_>>().join(", ");
            let environment_only: Vec<&Override> = environment.iter().collect();
            let place = match (Self::read(&text, &[]), Self::read(&text, &environment_only)) {
                (Err(_), _) => file.display().to_string(),
                (_, Err(_)) => format!("the environment ({})", names(&environment)),
                _ => format!("the settings of the database's role ({})", names(&own)),
            };
            Failure::invalid(format!("{place}: {}", reason.trim_end()))
        })
    }

    fn read(text: &str, overrides: &[&Override]) -> std::result::Result<Self, String> {
        let mut table: toml::Table = text.parse().map_err(|error| in_plain_words(&error))?;
        let renamed = postgrest::rename(&mut table);
        for it in overrides {
            let section = table.entry(it.section.clone()).or_insert_with(|| toml::Table::new().into());
            if let Some(section) = section.as_table_mut() {
                section.insert(it.key.clone(), it.value());
            }
        }
        // What was not overridden is read from the text, so that a mistake is shown at its place.
        let settings: std::result::Result<Self, toml::de::Error> =
            if overrides.is_empty() && !renamed { toml::from_str(text) } else { table.try_into() };
        let settings = settings.map_err(|error| in_plain_words(&error))?;
        settings.check()?;
        Ok(settings)
    }

    /// What the types of the values do not say.
    fn check(&self) -> std::result::Result<(), String> {
        if self.database.is_existing() && !self.database.url.starts_with("postgres") {
            return Err("[database] source = \"existing\" is for PostgreSQL, MySQL and MariaDB\n  \
                hint: write url = \"postgres://USER:PASSWORD@HOST:PORT/DATABASE\" or \"mysql://…\""
                .to_owned());
        }
        if self.database.pool == 0 {
            return Err("[database] pool must be at least 1".to_owned());
        }
        if self.api.schemas.is_empty() {
            return Err("[api] schemas must name at least one schema".to_owned());
        }
        let is_web = |url: &str| {
            let url = url.parse::<http::Uri>().ok();
            url.is_some_and(|url| matches!(url.scheme_str(), Some("http" | "https")) && url.host().is_some())
        };
        if let Some(url) = self.server.public_url.as_ref().filter(|url| !is_web(url)) {
            return Err(format!(
                "[server] public_url = {url:?} is no address of the web\n  hint: write it with its scheme: https://example.org"
            ));
        }
        if HeaderValue::try_from(self.site.content_security_policy.trim()).is_err() {
            return Err("[site] content_security_policy is no value of a header: it is one line of visible characters"
                .to_owned());
        }
        Ok(())
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
            enforcement: self.database.enforcement(),
            ..mainstay_planner::Settings::default()
        }
    }

    /// How transactions end.
    pub fn tx_end(&self) -> mainstay_rest::TxEnd {
        let otherwise = mainstay_rest::TxEnd { rolls_back: false, may_override: self.api.tx_rollback };
        self.database.tx_end.map_or(otherwise, Into::into)
    }

    /// The function that answers at the root: its schema and name.
    pub fn root_spec(&self) -> Option<(String, String)> {
        let function = self.database.root_spec.as_deref().filter(|_| self.database.is_existing())?;
        let (schema, name) = match function.split_once('.') {
            Some((schema, name)) => (schema, name),
            None => (self.api.schemas.first()?.as_str(), function),
        };
        Some((schema.to_owned(), name.to_owned()))
    }

    fn max_rows(&self) -> Option<u64> {
        Some(self.api.max_rows).filter(|rows| *rows > 0)
    }
}

/// A mistake with its place, in words that do not speak of the program's own types, and with what was likely meant.
fn in_plain_words(error: &toml::de::Error) -> String {
    let message = error.message();
    let said = message
        .replace("expected u64", WHOLE_NUMBER)
        .replace("expected usize", WHOLE_NUMBER)
        .replace("invalid socket address syntax", NO_ADDRESS);
    let hint = unknown_field(message).map(|meant| format!("\n  hint: did you mean `{meant}`?"));
    error.to_string().trim_end().replace(message, &said) + &hint.unwrap_or_default()
}

/// What was likely meant, where the message is about a name that is not known and lists those that are.
fn unknown_field(message: &str) -> Option<&str> {
    let mut names = message.strip_prefix("unknown field `")?.split('`');
    let unknown = names.next()?;
    // What stands between the names is every other part.
    mainstay_sql::closest(unknown, names.skip(1).step_by(2))
}

/// A variable of the environment that overrides a setting.
#[derive(Debug)]
struct Override {
    variable: String,
    section: String,
    key: String,
    text: String,
}

impl Override {
    /// What a variable overrides: `MAINSTAY_API_MAX_ROWS` → `api`, `max_rows`. Those of other sections are not ours.
    fn of(variable: &str, text: &str) -> Option<Self> {
        let (section, key) = variable.strip_prefix("MAINSTAY_")?.split_once('_')?;
        let (section, key) = (section.to_ascii_lowercase(), key.to_ascii_lowercase());
        let ours = ["server", "api", "database", "site"].contains(&section.as_str());
        ours.then(|| Self { variable: variable.to_owned(), section, key, text: text.to_owned() })
    }

    /// What a setting of the database overrides; nothing when it is not one of those.
    fn in_database(name: &str, text: &str) -> Option<Self> {
        let (section, key) = postgrest::ours(name)?;
        let text = postgrest::value(key, text);
        Some(Self {
            variable: format!("pgrst.{}", name.replace('-', "_")),
            section: section.to_owned(),
            key: key.to_owned(),
            text,
        })
    }

    /// The text as the kind of value that the setting has; lists are parted by commas.
    fn value(&self) -> toml::Value {
        let text = self.text.as_str();
        match (self.section.as_str(), self.key.as_str()) {
            ("api", "schemas") | ("database", "extra_search_path" | "hoisted_tx_settings" | "replicas") => {
                text.split(',').map(|item| item.trim().to_owned()).collect::<Vec<_>>().into()
            }
            ("server", "listen" | "public_url") | ("site", _) => text.into(),
            ("api", "openapi_mode") => text.into(),
            (
                "database",
                "url" | "pre_request" | "pre_config" | "root_spec" | "tx_end" | "anon_role" | "channel",
            ) => text.into(),
            _ => match (text.parse::<i64>(), text.parse::<bool>()) {
                (Ok(number), _) => number.into(),
                (_, Ok(truth)) => truth.into(),
                _ => text.into(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, environment: &[(&str, &str)]) -> std::result::Result<Settings, String> {
        let overrides: Vec<_> =
            environment.iter().filter_map(|(name, value)| Override::of(name, value)).collect();
        Settings::read(text, &overrides.iter().collect::<Vec<_>>())
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
        assert_eq!(read("", &[("MAINSTAY_API_SCHEMAS", "shop")]).unwrap().api.schemas, ["shop"]);
        let policy = "default-src 'self', https://a.example";
        let site = read("", &[("MAINSTAY_SITE_CONTENT_SECURITY_POLICY", policy)]).unwrap().site;
        assert_eq!(site.content_security_policy, policy);
        assert_eq!(read("", &[("MAINSTAY_BIN", "x"), ("OTHER", "y")]).unwrap(), Settings::default());
    }

    #[test]
    fn the_database_goes_over_the_environment() {
        let environment = [Override::of("MAINSTAY_API_MAX_ROWS", "7").unwrap()];
        let own: Vec<Override> = [("db_max_rows", "3"), ("db_schemas", "one, two"), ("db_uri", "x")]
            .iter()
            .filter_map(|(name, value)| Override::in_database(name, value))
            .collect();
        let settings = Settings::read("", &environment.iter().chain(&own).collect::<Vec<_>>()).unwrap();
        assert_eq!(settings.api.max_rows, 3);
        assert_eq!(settings.api.schemas, ["one", "two"]);
    }

    #[test]
    fn unknown_settings_are_refused() {
        assert!(read("[api]\nmax_row = 5", &[]).unwrap_err().contains("max_row"));
        assert!(read("", &[("MAINSTAY_API_MAX_ROW", "5")]).unwrap_err().contains("max_row"));
        assert!(read("", &[("MAINSTAY_API_MAX_ROWS", "many")]).is_err());
        for (text, meant) in
            [("[api]\nmax_row = 5", "max_rows"), ("[servr]\n", "server"), ("[server]\nlisen = 1", "listen")]
        {
            let said = read(text, &[]).unwrap_err();
            assert!(said.ends_with(&format!("hint: did you mean `{meant}`?")), "{said}");
        }
        assert!(!read("[zebra]\n", &[]).unwrap_err().contains("hint"));
    }

    #[test]
    fn values_that_cannot_work_are_refused_in_words_for_people() {
        for (text, part) in [
            ("[api]\nmax_rows = -1", "expected a whole number, 0 or more"),
            ("[server]\nmax_body_bytes = \"x\"", "expected a whole number, 0 or more"),
            ("[server]\nlisten = \"localhost:8000\"", "expected an IP address with a port"),
            ("[server]\npublic_url = \"example.org\"", "hint: write it with its scheme"),
            (
                "[site]\ncontent_security_policy = \"a\\nb\"",
                "content_security_policy is no value of a header",
            ),
        ] {
            let said = read(text, &[]).unwrap_err();
            assert!(said.contains(part), "{said}");
        }
        assert!(read("[server]\npublic_url = \"https://example.org/shop\"", &[]).is_ok());
        assert!(read("[site]\ncontent_security_policy = \"\"", &[]).is_ok());
    }
}
