//! `[database]`: where it is, what it is made of, and how requests run there.

use std::collections::BTreeMap;

use mainstay_expr::Role;
use mainstay_plan::Enforcement;
use serde::Deserialize;

/// The settings of functions that hold for the whole transaction of a call, unless others are named.
const HOISTED: [&str; 3] =
    ["statement_timeout", "plan_filter.statement_cost_limit", "default_transaction_isolation"];

/// The database.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// `sqlite:PATH`, relative to the project's folder, `postgres://USER:PASSWORD@HOST:PORT/DATABASE`
    /// or `mysql://USER:PASSWORD@HOST:PORT/DATABASE`, which MariaDB has too.
    pub url: String,
    /// Whether the database is brought into the shape of schema/*.sql (`declared`) or served as it is (`existing`).
    pub source: SourceSetting,
    /// The role of requests without a token; empty to refuse them. Of an existing database.
    pub anon_role: String,
    /// Transactions that run at once at most.
    pub pool: usize,
    /// How long a request waits for one of them, in milliseconds.
    pub pool_timeout_ms: u64,
    /// Where an existing database notifies that it has changed.
    pub channel: String,
    /// Whether that is listened to.
    pub channel_enabled: bool,
    /// Who keeps privileges and policies: `plan` (Mainstay) or `role` (the database, under the role of whoever asks).
    pub enforcement: EnforcementSetting,
    /// A function of the database, `schema.name`, that is called first in the transaction of every request; with `role` only.
    #[serde(alias = "db-pre-request")]
    pub pre_request: Option<String>,
    /// Schemas behind the request's own on the search path; with `role` only.
    #[serde(alias = "db-extra-search-path")]
    pub extra_search_path: Vec<String>,
    /// How transactions end. Without it they are committed, and `[api] tx_rollback` says whether a client may ask otherwise.
    pub tx_end: Option<TxEndSetting>,
    /// A function of an existing database, `schema.name`, that answers at the root.
    pub root_spec: Option<String>,
    /// The settings of functions of an existing database that hold for the whole transaction of a call.
    pub hoisted_tx_settings: Vec<String>,
    /// Whether settings are read from an existing database too: those of the role that connects there.
    pub config: bool,
    /// A function of that database, `schema.name`, that is called before they are read.
    pub pre_config: Option<String>,
    /// Settings `app.settings.NAME` that functions and policies ask for, where the database keeps the rules.
    pub app_settings: BTreeMap<String, String>,
    /// Whether statements are prepared. Not behind a pooler such as PgBouncer in transaction mode.
    #[serde(alias = "db-prepared-statements")]
    pub prepared_statements: bool,
    /// Whether clients are told how the database runs their requests (`Accept: application/vnd.pgrst.plan`). PostgreSQL only.
    pub plan_enabled: bool,
    /// URLs of copies that follow the database: requests that only read go to them.
    pub replicas: Vec<String>,
    /// How old what a copy shows may be, in milliseconds. One that lags further, or is away, is not asked.
    pub replica_lag_max_ms: u64,
}

/// Where the shape of a database comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceSetting {
    /// From schema/*.sql.
    Declared,
    /// From the database, which is not changed.
    Existing,
}

impl Database {
    /// Whether the database is served as it is, and says itself what it is made of and who may do what.
    pub fn is_existing(&self) -> bool {
        self.source == SourceSetting::Existing && !self.is_mysql()
    }

    /// Whether schema/*.sql says what a database is made of that was there before, and who may do what.
    pub fn is_adopted(&self) -> bool {
        self.source == SourceSetting::Existing && self.is_mysql()
    }

    /// Whether nothing may be changed in the database but by requests.
    pub fn is_fixed(&self) -> bool {
        self.source == SourceSetting::Existing
    }

    fn is_mysql(&self) -> bool {
        self.url.starts_with("mysql:") || self.url.starts_with("mariadb:")
    }

    /// Who keeps the rules: an existing database does so itself when it can.
    pub fn enforcement(&self) -> Enforcement {
        match self.is_existing() {
            true => Enforcement::Role,
            false => self.enforcement.into(),
        }
    }
}

/// Who keeps privileges and policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EnforcementSetting {
    /// Mainstay, in the statements that it sends.
    Plan,
    /// The database, under the role of whoever asks.
    Role,
}

impl From<EnforcementSetting> for Enforcement {
    fn from(setting: EnforcementSetting) -> Self {
        match setting {
            EnforcementSetting::Plan => Self::Plan,
            EnforcementSetting::Role => Self::Role,
        }
    }
}

/// How transactions end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TxEndSetting {
    /// What was done is kept.
    Commit,
    /// It is kept unless the client asks for it to be undone.
    CommitAllowOverride,
    /// It is undone.
    Rollback,
    /// It is undone unless the client asks for it to be kept.
    RollbackAllowOverride,
}

impl From<TxEndSetting> for mainstay_rest::TxEnd {
    fn from(setting: TxEndSetting) -> Self {
        let (rolls_back, may_override) = match setting {
            TxEndSetting::Commit => (false, false),
            TxEndSetting::CommitAllowOverride => (false, true),
            TxEndSetting::Rollback => (true, false),
            TxEndSetting::RollbackAllowOverride => (true, true),
        };
        Self { rolls_back, may_override }
    }
}

impl Default for Database {
    fn default() -> Self {
        Self {
            url: "sqlite:.mainstay/data.sqlite".to_owned(),
            source: SourceSetting::Declared,
            anon_role: Role::ANON.to_owned(),
            pool: 24,
            pool_timeout_ms: 10_000,
            channel: "pgrst".to_owned(),
            channel_enabled: true,
            enforcement: EnforcementSetting::Plan,
            pre_request: None,
            extra_search_path: vec!["public".to_owned()],
            tx_end: None,
            root_spec: None,
            hoisted_tx_settings: HOISTED.map(str::to_owned).to_vec(),
            config: true,
            pre_config: None,
            app_settings: BTreeMap::new(),
            prepared_statements: true,
            plan_enabled: false,
            replicas: Vec::new(),
            replica_lag_max_ms: 1000,
        }
    }
}
