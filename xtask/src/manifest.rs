//! What the crates say of themselves in their manifests: level and dependencies.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The prefix of our packages' names.
const PREFIX: &str = "mainstay-";
/// Drivers of databases; each belongs in its engine's crate only.
const DRIVERS: &[&str] = &[
    "rusqlite",
    "libsqlite3-sys",
    "tokio-postgres",
    "postgres",
    "sqlx",
    "diesel",
    "mysql",
    "mysql_async",
    "mongodb",
];
/// HTTP servers and their parts. The types of the `http` crate are free for all.
const HTTP_FRAMEWORKS: &[&str] =
    &["hyper", "hyper-util", "axum", "axum-core", "tower", "tower-http", "actix-web", "warp", "rocket"];
/// The lowest level that may name an HTTP framework, beside `mainstay-edge`.
const HTTP_LEVEL_MIN: u32 = 6;

/// A crate of the workspace.
#[derive(Debug)]
pub struct Crate {
    /// The package's name.
    pub name: String,
    /// Its level.
    pub level: u32,
    /// The packages that it is built from. Those of its tests may be any: they are no part of the product.
    pub dependencies: BTreeSet<String>,
}

impl Crate {
    /// Reads a manifest.
    ///
    /// # Errors
    /// A sentence, when it is no manifest or has no level.
    pub fn read(text: &str) -> Result<Self, String> {
        let manifest: toml::Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
        let package = table(&manifest, "package")?;
        let name = package.get("name").and_then(|name| name.as_str()).ok_or("no name")?.to_owned();
        let level = package
            .get("metadata")
            .and_then(|metadata| metadata.get("mainstay")?.get("level")?.as_integer())
            .and_then(|level| u32::try_from(level).ok())
            .ok_or_else(|| format!("{name}: no level in [package.metadata.mainstay]"))?;
        let mut dependencies = names(&manifest, "dependencies");
        dependencies.extend(names(&manifest, "build-dependencies"));
        for target in manifest.get("target").and_then(|target| target.as_table()).into_iter().flatten() {
            dependencies.extend(target.1.as_table().map(|it| names(it, "dependencies")).unwrap_or_default());
        }
        Ok(Self { name, level, dependencies })
    }

    fn is_engine(&self) -> bool {
        self.name.starts_with("mainstay-engine-")
    }
}

fn table<'a>(manifest: &'a toml::Table, name: &str) -> Result<&'a toml::Table, String> {
    manifest.get(name).and_then(|it| it.as_table()).ok_or_else(|| format!("no [{name}]"))
}

/// The packages of a section; a renamed one by its own name.
fn names(manifest: &toml::Table, section: &str) -> BTreeSet<String> {
    let entries = manifest.get(section).and_then(|it| it.as_table()).into_iter().flatten();
    entries
        .map(|(key, value)| value.get("package").and_then(|it| it.as_str()).unwrap_or(key).to_owned())
        .collect()
}

/// Every crate in `crates/` and `xtask`.
///
/// # Errors
/// A sentence, when a manifest cannot be read.
pub fn crates(workspace: &Path) -> Result<Vec<Crate>, String> {
    let folder = workspace.join("crates");
    let entries = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut manifests: Vec<_> = entries.flatten().map(|entry| entry.path().join("Cargo.toml")).collect();
    manifests.retain(|path| path.is_file());
    manifests.push(workspace.join("xtask/Cargo.toml"));
    manifests.sort();
    let read = |path: &std::path::PathBuf| {
        let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Crate::read(&text).map_err(|error| format!("{}: {error}", path.display()))
    };
    manifests.iter().map(read).collect()
}

/// What breaks the rules of the crates, one sentence each:
/// a crate is built only from those of a lower level; a database's driver is named only by an engine; an HTTP framework
/// only by the edge and from its level up; an engine only by the binary.
pub fn violations(crates: &[Crate]) -> Vec<String> {
    let levels: BTreeMap<&str, u32> = crates.iter().map(|it| (it.name.as_str(), it.level)).collect();
    let mut found = Vec::new();
    for it in crates {
        for dependency in &it.dependencies {
            let name = &it.name;
            match levels.get(dependency.as_str()) {
                Some(level) if *level >= it.level => {
                    found.push(format!("{name} (level {}) names {dependency} (level {level})", it.level));
                }
                None if dependency.starts_with(PREFIX) => {
                    found.push(format!("{name} names {dependency}: no such crate"))
                }
                _ => {}
            }
            if dependency.starts_with("mainstay-engine-") && it.level < 8 {
                found.push(format!("{name} names {dependency}: only the binary knows the engines"));
            }
            if DRIVERS.contains(&dependency.as_str()) && !it.is_engine() {
                found.push(format!("{name} names the driver {dependency}: only engines do"));
            }
            let http = it.name == "mainstay-edge" || it.level >= HTTP_LEVEL_MIN;
            if HTTP_FRAMEWORKS.contains(&dependency.as_str()) && !http {
                found.push(format!(
                    "{name} names {dependency}: only the edge and level {HTTP_LEVEL_MIN} up speak HTTP"
                ));
            }
        }
    }
    found
}
