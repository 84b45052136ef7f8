//! PostgREST's names of settings, which `[database]` takes as well: `db-max-rows` is `[api] max_rows`.

use toml::{Table, Value};

/// What PostgREST calls a setting, and where ours stands.
const NAMES: &[(&str, &str, &str)] = &[
    ("db-uri", "database", "url"),
    ("db-schemas", "api", "schemas"),
    ("db-schema", "api", "schemas"),
    ("db-anon-role", "database", "anon_role"),
    ("db-extra-search-path", "database", "extra_search_path"),
    ("db-max-rows", "api", "max_rows"),
    ("db-aggregates-enabled", "api", "aggregates"),
    ("db-pre-request", "database", "pre_request"),
    ("db-prepared-statements", "database", "prepared_statements"),
    ("db-plan-enabled", "database", "plan_enabled"),
    ("db-pool", "database", "pool"),
    ("db-channel", "database", "channel"),
    ("db-channel-enabled", "database", "channel_enabled"),
    ("db-tx-end", "api", "tx_rollback"),
];
/// Settings that are lists, which PostgREST writes as text with commas.
const LISTS: [&str; 2] = ["schemas", "extra_search_path"];

/// Puts settings under PostgREST's names where ours stand. Says whether there were any.
///
/// # Errors
/// A value that cannot be had here.
pub fn rename(settings: &mut Table) -> Result<bool, String> {
    let mut renamed = false;
    for (theirs, section, ours) in NAMES {
        let Some(value) =
            settings.get_mut("database").and_then(Value::as_table_mut).and_then(|it| it.remove(*theirs))
        else {
            continue;
        };
        renamed = true;
        let value = match (*theirs, value) {
            ("db-tx-end", value) => Value::Boolean(may_roll_back(&value)?),
            (_, Value::String(text)) if LISTS.contains(ours) => {
                text.split(',').map(|item| item.trim().to_owned()).collect::<Vec<_>>().into()
            }
            (_, value) => value,
        };
        let section = settings.entry(*section).or_insert_with(|| Table::new().into());
        if let Some(section) = section.as_table_mut() {
            section.insert((*ours).to_owned(), value);
        }
    }
    Ok(renamed)
}

/// Whether a client may ask for its transaction to be undone.
fn may_roll_back(value: &Value) -> Result<bool, String> {
    match value.as_str() {
        Some("commit") => Ok(false),
        Some("commit-allow-override") => Ok(true),
        _ => Err("[database] db-tx-end is \"commit\" or \"commit-allow-override\": requests are never undone unless \
            they ask for it"
            .to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postgrests_names_lead_to_ours() {
        let text = "[database]\ndb-schemas = \"api, public\"\ndb-max-rows = 5\ndb-tx-end = \"commit-allow-override\"";
        let mut table: Table = text.parse().unwrap();
        assert_eq!(rename(&mut table), Ok(true));
        let expected: Table =
            "[api]\nschemas = [\"api\", \"public\"]\nmax_rows = 5\ntx_rollback = true\n[database]"
                .parse()
                .unwrap();
        assert_eq!(table, expected);
        let mut table: Table = "[database]\ndb-tx-end = \"rollback\"".parse().unwrap();
        assert!(rename(&mut table).is_err());
    }
}
