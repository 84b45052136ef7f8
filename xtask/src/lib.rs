//! Chores of the repository that are no part of the product: its rules, read from the files themselves.
//!
//! The tests of this crate hold the rules up; see `tests/`.

pub mod manifest;
pub mod sources;

use std::path::{Path, PathBuf};

/// The root of the workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
