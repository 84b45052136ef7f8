//! The rules of the repository, held up by its own files; and that each rule would notice.

use std::path::PathBuf;

use xtask::manifest::{self, Crate};
use xtask::sources::{self, LINES_MAX, Source};
use xtask::workspace;

#[test]
fn the_crates_depend_downward_only() {
    let crates = manifest::crates(&workspace()).unwrap();
    assert!(crates.len() > 10, "only {} crates were found", crates.len());
    let found = manifest::violations(&crates);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_source_files_are_small_and_say_what_they_own() {
    let sources = sources::sources(&workspace()).unwrap();
    assert!(sources.len() > 100, "only {} files were found", sources.len());
    let found = sources::violations(&sources);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

fn krate(name: &str, level: u32, dependencies: &str) -> Crate {
    let text = format!(
        "[package]\nname = \"{name}\"\n[package.metadata.mainstay]\nlevel = {level}\n[dependencies]\n{dependencies}"
    );
    Crate::read(&text).expect("a manifest says what the rules need")
}

#[test]
fn each_rule_of_the_crates_notices() {
    let base = || krate("mainstay-base", 0, "");
    for (broken, expected) in [
        (
            krate("mainstay-low", 0, "mainstay-base.workspace = true"),
            "mainstay-low (level 0) names mainstay-base (level 0)",
        ),
        (krate("mainstay-low", 3, "mainstay-gone = \"1\""), "no such crate"),
        (krate("mainstay-exec", 5, "rusqlite = \"1\""), "only engines do"),
        (
            krate("mainstay-exec", 5, "driver = { package = \"rusqlite\", version = \"1\" }"),
            "only engines do",
        ),
        (krate("mainstay-exec", 5, "hyper = \"1\""), "speak HTTP"),
        (krate("mainstay-rest", 6, "mainstay-engine-sqlite = \"1\""), "only the binary knows"),
    ] {
        let found = manifest::violations(&[base(), broken]).join("\n");
        assert!(found.contains(expected), "{found}");
    }
    let sound = [
        base(),
        krate("mainstay-engine-sqlite", 5, "rusqlite = \"1\"\nmainstay-base.workspace = true"),
        krate("mainstay-edge", 5, "hyper = \"1\""),
        krate("mainstay", 8, "mainstay-engine-sqlite = \"1\"\nhyper = \"1\""),
    ];
    assert_eq!(manifest::violations(&sound), Vec::<String>::new());
    assert!(Crate::read("[package]\nname = \"x\"").unwrap_err().contains("no level"));
}

#[test]
fn each_rule_of_the_files_notices() {
    let source = |text: String| [Source { path: PathBuf::from("a.rs"), text }];
    assert!(sources::violations(&source("//! A.\n".repeat(LINES_MAX))).is_empty());
    assert!(sources::violations(&source("//! A.\n".repeat(LINES_MAX + 1)))[0].contains("split it"));
    assert!(sources::violations(&source("fn main() {}\n".to_owned()))[0].contains("what it owns"));
}
