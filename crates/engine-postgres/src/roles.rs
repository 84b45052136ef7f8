//! What the database says of its roles: the settings that come with each, and whether we may become them.

use std::collections::HashMap;
use std::sync::Arc;

use mainstay_base::{Problem, Result};
use mainstay_catalog::Catalog;
use mainstay_expr::Role;
use tokio_postgres::Error;

use crate::connection::Connection;
use crate::errors;

/// Settings of roles, those for this database over those for all. What we could not set ourselves is left out, and so is what
/// belongs to the session rather than to a request.
const SETTINGS: &str = "\
SELECT r.rolname::text, split_part(c.setting, '=', 1), substr(c.setting, strpos(c.setting, '=') + 1) \
FROM pg_catalog.pg_db_role_setting AS d \
JOIN pg_catalog.pg_roles AS r ON r.oid = d.setrole \
CROSS JOIN LATERAL unnest(d.setconfig) AS c(setting) \
LEFT JOIN pg_catalog.pg_settings AS s ON s.name = lower(split_part(c.setting, '=', 1)) \
WHERE d.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())) \
AND pg_catalog.pg_has_role(current_user, r.oid, 'MEMBER') \
AND (s.name IS NULL OR s.context = 'user' OR (s.context = 'superuser' AND current_setting('is_superuser') = 'on')) \
ORDER BY d.setdatabase";

/// Settings that a request has of its own.
const OWN: &[&str] = &["role", "session_authorization", "search_path", "default_transaction_read_only"];
/// What a role may say of the isolation of its transactions.
const ISOLATION: &str = "default_transaction_isolation";

/// What comes with a role.
#[derive(Debug, Default)]
pub(crate) struct RoleSettings {
    pub isolation: Isolation,
    /// Names and values.
    pub settings: Vec<(String, String)>,
}

/// By role.
pub(crate) type AllRoleSettings = Arc<HashMap<String, RoleSettings>>;

/// Isolation levels, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Isolation {
    #[default]
    ReadCommitted,
    RepeatableRead,
    Serializable,
}

impl Isolation {
    /// The level of that name, in PostgreSQL's words.
    pub fn named(name: &str) -> Self {
        match name.to_ascii_lowercase().as_str() {
            "serializable" => Self::Serializable,
            "repeatable read" => Self::RepeatableRead,
            _ => Self::ReadCommitted,
        }
    }

    /// Whether a setting speaks of it.
    pub fn is_said_by(setting: &str) -> bool {
        setting.eq_ignore_ascii_case(ISOLATION)
    }
}

/// Reads the settings of all roles that we may become.
pub(crate) async fn settings(connection: &Connection) -> std::result::Result<AllRoleSettings, Error> {
    let mut roles: HashMap<String, RoleSettings> = HashMap::new();
    for row in connection.texts(SETTINGS, &[]).await? {
        let [Some(role), Some(name), Some(value)] = row.as_slice() else { continue };
        if OWN.iter().any(|own| own.eq_ignore_ascii_case(name)) || name.starts_with("pgrst.") {
            continue;
        }
        let of = roles.entry(role.clone()).or_default();
        match Isolation::is_said_by(name) {
            true => of.isolation = Isolation::named(value),
            false => {
                of.settings.retain(|(other, _)| other != name);
                of.settings.push((name.clone(), value.clone()));
            }
        }
    }
    Ok(Arc::new(roles))
}

/// The roles that a schema speaks of.
pub(crate) fn of(catalog: &Catalog) -> Vec<&str> {
    let named = catalog.roles.iter().map(String::as_str);
    [Role::ANON, Role::AUTHENTICATED, Role::SERVICE].into_iter().chain(named).collect()
}

/// Refuses unless we may become each of these roles.
pub(crate) async fn require_membership(connection: &Connection, roles: &[&str]) -> Result<()> {
    const MISSING: &str = "SELECT r.rolname::text, current_user::text FROM pg_catalog.pg_roles AS r \
        WHERE r.rolname = ANY (string_to_array($1::text, E'\\n')) \
        AND NOT pg_catalog.pg_has_role(current_user, r.oid, 'MEMBER') ORDER BY 1";
    let wanted = roles.join("\n");
    let missing = connection.texts(MISSING, &[&wanted]).await.map_err(|error| errors::plain(&error))?;
    let names: Vec<&str> = missing.iter().filter_map(|row| row[0].as_deref()).collect();
    let Some(we) = missing.first().and_then(|row| row[1].as_deref()) else { return Ok(()) };
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let list = names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
    Err(Problem::new("42501", format!("the database's user {} may not become {list}", quoted(we)))
        .with_hint(format!("GRANT {list} TO {};", quoted(we))))
}

/// Refuses unless row-level security lets us see all rows of the tables, as a plan that has the policies in itself must.
pub(crate) async fn require_all_rows(connection: &Connection, catalog: &Catalog) -> Result<()> {
    const HIDDEN: &str = "SELECT c.oid::regclass::text, current_user::text FROM pg_catalog.pg_class AS c \
        JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
        JOIN pg_catalog.pg_roles AS r ON r.rolname = current_user \
        WHERE c.relrowsecurity AND NOT (r.rolsuper OR r.rolbypassrls) \
        AND (c.relforcerowsecurity OR NOT pg_catalog.pg_has_role(current_user, c.relowner, 'USAGE')) \
        AND (n.nspname || E'\\n' || c.relname) = ANY (string_to_array($1::text, E'\\n\\n')) ORDER BY 1";
    let tables = catalog.tables.iter().filter(|table| !table.is_view() && table.row_security);
    let names: Vec<String> = tables.map(|table| format!("{}\n{}", table.schema, table.name)).collect();
    let hidden = connection.texts(HIDDEN, &[&names.join("\n\n")]).await;
    let hidden = hidden.map_err(|error| errors::plain(&error))?;
    let Some([Some(table), Some(we)]) = hidden.first().map(Vec::as_slice) else { return Ok(()) };
    let message = format!("row-level security hides rows of {table} from the database's user \"{we}\"");
    Err(Problem::new("42501", message).with_hint(format!(
        "let the tables belong to \"{we}\", or ALTER ROLE \"{we}\" BYPASSRLS, or say [database] enforcement = \"role\""
    )))
}
