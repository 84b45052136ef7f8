//! `mainstay schema pull`: schema/*.sql from the tables of a database that exists already.

pub mod postgres;

use crate::database;
use crate::failure::{Doing, Failure, Result};
use crate::project::Project;

/// What a database is taken over as.
#[derive(Debug, Default)]
pub struct Pulled {
    /// The files of `schema/`: their names and texts.
    pub files: Vec<(String, String)>,
    /// What was left out, and why; the files have it as comments.
    pub left_out: Vec<String>,
}

/// Writes the files. Those that are there stay, unless they may be overwritten.
pub async fn run(project: &Project, overwrite: bool) -> Result<()> {
    let Pulled { files, left_out } = database::pull(project).await?;
    let folder = project.schema_folder();
    let paths: Vec<_> = files.iter().map(|(name, _)| folder.join(name)).collect();
    if let Some(taken) = paths.iter().find(|path| path.exists() && !overwrite) {
        return Err(Failure::new(format!(
            "{} is there already\n  hint: `--overwrite` writes it anew",
            taken.display()
        )));
    }
    std::fs::create_dir_all(&folder).doing(|| format!("create {}", folder.display()))?;
    for (path, (_, text)) in paths.iter().zip(&files) {
        std::fs::write(path, text).doing(|| format!("write {}", path.display()))?;
        println!("{} written", path.display());
    }
    if !left_out.is_empty() {
        println!("left out, and kept there as comments:\n  - {}", left_out.join("\n  - "));
    }
    Ok(())
}
