//! Cases that an engine cannot pass, each with its reason: `conformance/exceptions.toml`.

use std::collections::BTreeMap;
use std::path::Path;

/// Case name → reason, for one engine.
pub type Exceptions = BTreeMap<String, String>;

/// Reads the table of `engine`; an engine without one has no exceptions.
///
/// # Errors
/// A sentence, when the file is missing or not a table of tables of strings.
pub fn read(path: &Path, engine: &str) -> Result<Exceptions, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut tables: BTreeMap<String, Exceptions> =
        toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(tables.remove(engine).unwrap_or_default())
}
