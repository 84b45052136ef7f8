//! The templates that are part of the program. They are put there when it is built; see `build.rs`.

include!(concat!(env!("OUT_DIR"), "/templates.rs"));

/// What every project leaves out of Git.
pub const GITIGNORE: &str = include_str!("../../templates/gitignore");
/// The settings; `{{schemas}}` and `{{aggregates}}` are to be filled in.
pub const SETTINGS: &str = include_str!("../../templates/mainstay.toml");
/// A first test.
pub const TEST: &str = include_str!("../../templates/api.test.mjs");
/// What is to be read first in a project made from a script; `{{name}}` and `{{script}}` are to be filled in.
pub const SCRIPT_README: &str = include_str!("../../templates/sql/README.md");
