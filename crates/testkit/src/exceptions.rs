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

#[cfg(test)]
mod tests {
    use super::*;

    /// A row of the documentation's table for each, and no row besides.
    #[test]
    fn the_documentation_lists_them() -> Result<(), String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance");
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).map_err(|error| error.to_string());
        let declared: BTreeMap<String, Exceptions> =
            toml::from_str(&read("exceptions.toml")?).map_err(|error| error.to_string())?;
        let documented = read("README.md")?;
        let (_, table) =
            documented.split_once("## What an engine cannot\n").ok_or("there is no such section")?;
        let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| ")).skip(2).collect();
        let expected = declared.iter().flat_map(|(engine, cases)| {
            cases.iter().map(move |(case, reason)| format!("| {engine} | `{case}` | {reason} |"))
        });
        assert_eq!(rows, expected.collect::<Vec<_>>());
        Ok(())
    }
}
