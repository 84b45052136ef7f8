//! `mainstay schema pull`: schema/*.sql from the tables of a database that exists already.

use crate::database;
use crate::failure::{Doing, Failure, Result};
use crate::project::Project;

/// Writes the files. Those that are there stay, unless they may be overwritten.
pub async fn run(project: &Project, overwrite: bool) -> Result<()> {
    let files = database::pull(project).await?;
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
    Ok(())
}
