//! The sizes of the source files, and how they begin.

use std::fs;
use std::path::{Path, PathBuf};

/// No source file has more lines than this.
pub const LINES_MAX: usize = 600;

/// A source file.
#[derive(Debug)]
pub struct Source {
    /// Its path, from the root of the workspace.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
}

/// Every Rust file of the repository that is ours.
///
/// # Errors
/// A sentence, when a folder or file cannot be read.
pub fn sources(workspace: &Path) -> Result<Vec<Source>, String> {
    let mut found = Vec::new();
    for folder in ["crates", "xtask", "bench", "fuzz"] {
        let folder = workspace.join(folder);
        if folder.is_dir() {
            collect(&folder, workspace, &mut found)?;
        }
    }
    Ok(found)
}

fn collect(folder: &Path, workspace: &Path, found: &mut Vec<Source>) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() {
            if !matches!(name, "target" | "node_modules" | "corpus" | "artifacts") {
                collect(&path, workspace, found)?;
            }
        } else if name.ends_with(".rs") {
            let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            let path = path.strip_prefix(workspace).unwrap_or(&path).to_owned();
            found.push(Source { path, text });
        }
    }
    Ok(())
}

/// What breaks the rules of the files, one sentence each.
pub fn violations(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for Source { path, text } in sources {
        let lines = text.lines().count();
        if lines > LINES_MAX {
            found.push(format!("{} has {lines} lines; the most is {LINES_MAX}: split it", path.display()));
        }
        let opens = text.starts_with("//!") || text.starts_with("#![no_main]\n//!");
        if !opens {
            found.push(format!("{} does not open by saying what it owns (`//!`)", path.display()));
        }
    }
    found
}
