//! PostgREST's names of settings, which `[database]` takes as well: `db-max-rows` is `[api] max_rows`. An existing database may have
//! them too, as settings of the role that connects there: `ALTER ROLE authenticator SET pgrst.db_max_rows = '100'`.

use toml::{Table, Value};

/// A setting of PostgREST, and where ours stands.
struct Name {
    theirs: &'static str,
    section: &'static str,
    ours: &'static str,
    /// Whether the database may have it.
    in_database: bool,
}

const fn name(theirs: &'static str, section: &'static str, ours: &'static str, in_database: bool) -> Name {
    Name { theirs, section, ours, in_database }
}

const NAMES: &[Name] = &[
    name("db-uri", "database", "url", false),
    name("db-schemas", "api", "schemas", true),
    name("db-schema", "api", "schemas", false),
    name("db-anon-role", "database", "anon_role", true),
    name("db-extra-search-path", "database", "extra_search_path", true),
    name("db-max-rows", "api", "max_rows", true),
    name("db-aggregates-enabled", "api", "aggregates", true),
    name("db-pre-request", "database", "pre_request", true),
    name("db-prepared-statements", "database", "prepared_statements", true),
    name("db-plan-enabled", "database", "plan_enabled", true),
    name("db-root-spec", "database", "root_spec", true),
    name("db-hoisted-tx-settings", "database", "hoisted_tx_settings", true),
    name("db-tx-end", "database", "tx_end", true),
    name("db-config", "database", "config", false),
    name("db-pre-config", "database", "pre_config", false),
    name("db-pool", "database", "pool", false),
    name("db-pool-acquisition-timeout", "database", "pool_timeout_ms", false),
    name("db-channel", "database", "channel", false),
    name("db-channel-enabled", "database", "channel_enabled", false),
    name("openapi-mode", "api", "openapi_mode", true),
    name("server-timing-enabled", "api", "server_timing", true),
];
/// Settings that are lists, which PostgREST writes as text with commas.
const LISTS: [&str; 3] = ["schemas", "extra_search_path", "hoisted_tx_settings"];
/// What settings begin with that are for functions of the database.
const APP_SETTINGS: &str = "app.settings.";
/// What PostgREST says in seconds and we in milliseconds.
const SECONDS: &str = "pool_timeout_ms";

/// The names of settings that a database may have, as it has them: `db_max_rows`.
pub fn in_database() -> Vec<String> {
    NAMES.iter().filter(|name| name.in_database).map(|name| name.theirs.replace('-', "_")).collect()
}

/// Where ours stands of a setting that a database has: section and key.
pub fn ours(theirs: &str) -> Option<(&'static str, &'static str)> {
    let theirs = theirs.replace('_', "-");
    let name = NAMES.iter().find(|name| name.in_database && name.theirs == theirs)?;
    Some((name.section, name.ours))
}

/// The text of a setting of the database as ours: nothing bounds no rows.
pub fn value(ours: &str, text: &str) -> String {
    match (ours, text.trim()) {
        ("max_rows", "") => "0".to_owned(),
        (_, text) => text.to_owned(),
    }
}

/// Puts settings under PostgREST's names where ours stand. Says whether there were any.
pub fn rename(settings: &mut Table) -> bool {
    let mut renamed = false;
    for name in NAMES {
        let Some(value) = settings
            .get_mut("database")
            .and_then(Value::as_table_mut)
            .and_then(|section| section.remove(name.theirs))
        else {
            continue;
        };
        renamed = true;
        let value = match value {
            Value::String(text) if LISTS.contains(&name.ours) => {
                text.split(',').map(|item| item.trim().to_owned()).collect::<Vec<_>>().into()
            }
            Value::Integer(seconds) if name.ours == SECONDS => Value::Integer(seconds.saturating_mul(1000)),
            value => value,
        };
        let section = settings.entry(name.section).or_insert_with(|| Table::new().into());
        if let Some(section) = section.as_table_mut() {
            section.insert(name.ours.to_owned(), value);
        }
    }
    rename_app_settings(settings) || renamed
}

/// `"app.settings.NAME"` is `[database.app_settings] NAME`.
fn rename_app_settings(settings: &mut Table) -> bool {
    let Some(database) = settings.get_mut("database").and_then(Value::as_table_mut) else { return false };
    let theirs: Vec<String> = database.keys().filter(|key| key.starts_with(APP_SETTINGS)).cloned().collect();
    for key in &theirs {
        let Some(value) = database.remove(key) else { continue };
        let ours = database.entry("app_settings").or_insert_with(|| Table::new().into());
        if let Some(ours) = ours.as_table_mut() {
            ours.insert(key[APP_SETTINGS.len()..].to_owned(), value);
        }
    }
    !theirs.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postgrests_names_lead_to_ours() {
        let text = "[database]\ndb-schemas = \"api, public\"\ndb-max-rows = 5\ndb-tx-end = \"rollback\"\n\
            db-pool-acquisition-timeout = 3\n\"app.settings.a\" = \"b\"\nopenapi-mode = \"disabled\"";
        let mut table: Table = text.parse().unwrap();
        assert!(rename(&mut table));
        let expected: Table =
            "[api]\nschemas = [\"api\", \"public\"]\nmax_rows = 5\nopenapi_mode = \"disabled\"\n\
            [database]\ntx_end = \"rollback\"\npool_timeout_ms = 3000\napp_settings = { a = \"b\" }"
                .parse()
                .unwrap();
        assert_eq!(table, expected);
    }

    #[test]
    fn a_database_may_have_some_of_them() {
        assert_eq!(ours("db_max_rows"), Some(("api", "max_rows")));
        assert_eq!(ours("db_uri"), None);
        assert!(in_database().contains(&"db_tx_end".to_owned()));
    }
}
