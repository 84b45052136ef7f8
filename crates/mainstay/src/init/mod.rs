//! `mainstay init`: a new project from a template, or from a script of psql or pg_dump.

mod import;
mod templates;

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::failure::{Doing, Failure, Result};
use crate::names::PUBLIC;
use crate::project::Project;
use crate::schema;
use crate::words::{counted, shell};

use import::Imported;

/// What a new project begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Template {
    /// One table with its policies, and a page that shows it.
    Blank,
    /// A whole online shop.
    Shop,
}

/// The files of a project, with their paths in it.
type Files = Vec<(String, Vec<u8>)>;

/// Makes a project from a template.
pub fn from_template(folder: &Path, template: Template) -> Result<()> {
    let files = match template {
        Template::Blank => templates::BLANK,
        Template::Shop => templates::SHOP,
    };
    let name = name(folder);
    let mut files: Files =
        files.iter().map(|(path, bytes)| ((*path).to_owned(), filled(bytes, &name))).collect();
    common(&mut files, &[PUBLIC.to_owned()]);
    write(folder, &files)?;
    say_next(folder);
    Ok(())
}

/// Makes a project from a script; says what was left out of it, and why.
///
/// # Errors
/// Beside those of reading and writing: exit code 3 when the tables that were made need a hand before they can be served.
pub fn from_sql(folder: &Path, script: &Path, public_read: bool) -> Result<()> {
    let bytes = std::fs::read(script).doing(|| format!("read {}", script.display()))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::new(format!(
            "{} is not UTF-8 text (see byte {at})\n  hint: a dump in another format becomes one with `pg_restore -f -`",
            script.display()
        ))
    })?;
    let shown =
        script.file_name().map_or_else(|| script.display().to_string(), |name| name.to_string_lossy().into());
    let imported = import::import(&shown, text, public_read)?;
    write(folder, &files(folder, &shown, &imported))?;
    report(&shown, &imported);
    // What is still wrong is shown at its place in the new files.
    schema::load_quietly(&Project::open(folder)?)?;
    if imported.counts.closed > 0 {
        anstream::println!(
            "\nClosed to everyone but the service role: {}. Policies in schema/40_policies.sql open them, and\n\
             `--public-read` writes such policies for reading.",
            counted(imported.counts.closed as u64, "table")
        );
    }
    say_next(folder);
    Ok(())
}

fn files(folder: &Path, script: &str, imported: &Imported) -> Files {
    let mut files: Files = Vec::new();
    for (file, text) in &imported.schema {
        files.push((format!("schema/{file}"), text.clone().into_bytes()));
    }
    if !imported.seed.is_empty() {
        let seed = format!("-- The rows of {script}.\n\n{}", imported.seed);
        files.push(("seed.sql".to_owned(), seed.into_bytes()));
    }
    let readme = templates::SCRIPT_README.replace("{{name}}", &name(folder)).replace("{{script}}", script);
    files.push(("README.md".to_owned(), readme.into_bytes()));
    files.push(("tests/api.test.mjs".to_owned(), templates::TEST.into()));
    common(&mut files, &imported.schemas);
    files
}

/// What every project has, unless its template has its own.
fn common(files: &mut Files, schemas: &[String]) {
    let schemas: Vec<_> = schemas.iter().map(|schema| format!("{schema:?}")).collect();
    let settings = templates::SETTINGS
        .replace("{{schemas}}", &format!("[{}]", schemas.join(", ")))
        .replace("{{aggregates}}", "false");
    for (path, text) in [(".gitignore", templates::GITIGNORE.to_owned()), ("mainstay.toml", settings)] {
        if !files.iter().any(|(known, _)| known == path) {
            files.push((path.to_owned(), text.into_bytes()));
        }
    }
}

/// The project's name: that of its folder.
fn name(folder: &Path) -> String {
    let whole = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    // `.` and `..` have no name until they are resolved.
    let whole = whole.canonicalize().unwrap_or(whole);
    whole.file_name().map_or_else(|| "project".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// A template's file with the project's name in it.
fn filled(bytes: &[u8], name: &str) -> Vec<u8> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.contains("{{name}}") => text.replace("{{name}}", name).into_bytes(),
        _ => bytes.to_vec(),
    }
}

/// Writes all files or, when one of them is there already, none.
fn write(folder: &Path, files: &Files) -> Result<()> {
    let there: Vec<PathBuf> =
        files.iter().map(|(path, _)| folder.join(path)).filter(|path| path.exists()).collect();
    if !there.is_empty() || folder.join("schema").exists() {
        let names: Vec<_> = there.iter().map(|path| path.display().to_string()).collect();
        let what =
            if names.is_empty() { folder.join("schema").display().to_string() } else { names.join(", ") };
        return Err(Failure::new(format!(
            "there is something in {} already, and nothing is overwritten: {what}\n  hint: name a new folder",
            folder.display()
        )));
    }
    for (path, bytes) in files {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).doing(|| format!("create {}", parent.display()))?;
        }
        std::fs::write(&path, bytes).doing(|| format!("write {}", path.display()))?;
    }
    Ok(())
}

fn report(script: &str, imported: &Imported) {
    let counts = &imported.counts;
    anstream::println!(
        "From {script}: {}, {}, {}, {}.",
        counted(counts.tables as u64, "table"),
        counted(counts.views as u64, "view"),
        counted(counts.functions as u64, "function"),
        counted(counts.rows as u64, "row")
    );
    let lines = imported.left_out.describe();
    if !lines.is_empty() {
        anstream::println!("\nLeft out or changed:");
        for line in lines {
            anstream::println!("  - {line}");
        }
    }
}

fn say_next(folder: &Path) {
    if folder == Path::new(".") {
        anstream::println!("\nThe project is made. Next: mainstay dev");
    } else {
        anstream::println!(
            "\nThe project is made. Next: cd {} && mainstay dev",
            shell(&folder.to_string_lossy())
        );
    }
}
