//! What changes in a project's folder, told when it has been quiet for a moment: editors save in several steps.

use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::failure::{Doing, Result};
use crate::project::Project;

/// How long nothing may happen before a change counts as finished.
const QUIET: Duration = Duration::from_millis(80);
/// The longest wait for that.
const QUIET_LIMIT: Duration = Duration::from_secs(2);

/// What has changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changed {
    /// `mainstay.toml`
    pub settings: bool,
    /// A file of `schema/`
    pub schema: bool,
    /// `seed.sql`
    pub seed: bool,
}

impl Changed {
    fn any(self) -> bool {
        self.settings || self.schema || self.seed
    }

    /// Takes note of a path below `folder`.
    fn note(&mut self, folder: &Path, path: &Path) {
        let Ok(below) = path.strip_prefix(folder) else { return };
        match below.iter().next().and_then(|name| name.to_str()) {
            Some("mainstay.toml") => self.settings = true,
            Some("seed.sql") => self.seed = true,
            // The folder itself, when it comes or goes, or one of its files.
            Some("schema") if below.iter().count() == 1 || is_sql(below) => self.schema = true,
            _ => {}
        }
    }
}

fn is_sql(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "sql")
}

/// Watches a project. The files of `public/` need no watching: each request looks at the disk.
pub struct Watch {
    folder: PathBuf,
    schema: PathBuf,
    paths: UnboundedReceiver<PathBuf>,
    watcher: RecommendedWatcher,
}

impl Watch {
    /// Begins.
    pub fn new(project: &Project) -> Result<Self> {
        let doing = || format!("watch {}", project.folder.display());
        let folder = project.folder.canonicalize().doing(doing)?;
        let (tell, paths) = unbounded_channel();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Reading is no change; and a reader that has gone has no use for what is told.
            let event = event.ok().filter(|event| !event.kind.is_access());
            for path in event.into_iter().flat_map(|event| event.paths) {
                let _ = tell.send(path);
            }
        });
        let schema = folder.join("schema");
        let mut watch = Self { folder, schema, paths, watcher: watcher.doing(doing)? };
        watch.watcher.watch(&watch.folder, RecursiveMode::NonRecursive).doing(doing)?;
        watch.watch_schema();
        Ok(watch)
    }

    /// The next change, when it is finished. Never, when the system tells no more.
    pub async fn changed(&mut self) -> Changed {
        let mut changed = Changed::default();
        while !changed.any() {
            match self.paths.recv().await {
                Some(path) => changed.note(&self.folder, &path),
                None => std::future::pending().await,
            }
        }
        // A steady stream of changes is told all the same, now and then.
        let _ = tokio::time::timeout(QUIET_LIMIT, async {
            while let Ok(Some(path)) = tokio::time::timeout(QUIET, self.paths.recv()).await {
                changed.note(&self.folder, &path);
            }
        })
        .await;
        self.watch_schema();
        changed
    }

    /// The folder may have been put in place, or replaced by another of that name.
    fn watch_schema(&mut self) {
        // When it is not there, its coming is told by the folder above it.
        let _ = self.watcher.watch(&self.schema, RecursiveMode::NonRecursive);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn only_what_the_program_reads_counts() {
        let note = |path: &str| {
            let mut changed = Changed::default();
            changed.note(Path::new("/shop"), &Path::new("/shop").join(path));
            (changed.settings, changed.schema, changed.seed)
        };
        assert_eq!(note("mainstay.toml"), (true, false, false));
        assert_eq!(note("schema/10_people.sql"), (false, true, false));
        assert_eq!(note("schema"), (false, true, false));
        assert_eq!(note("seed.sql"), (false, false, true));
        for other in [
            "schema/.10_people.sql.swp",
            ".mainstay/data.sqlite",
            "README.md",
            "public/index.html",
            "data.db",
        ] {
            assert_eq!(note(other), (false, false, false), "{other}");
        }
    }

    #[tokio::test]
    async fn a_folder_that_is_replaced_is_watched_again() {
        let folder = tempfile::tempdir().unwrap();
        let schema = folder.path().join("schema");
        fs::create_dir(&schema).unwrap();
        let project = Project { folder: folder.path().to_owned(), settings: Default::default() };
        let mut watch = Watch::new(&project).unwrap();
        fs::write(schema.join("a.sql"), "1").unwrap();
        assert!(watch.changed().await.schema);
        fs::remove_dir_all(&schema).unwrap();
        assert!(watch.changed().await.schema);
        fs::create_dir(&schema).unwrap();
        assert!(watch.changed().await.schema);
        fs::write(schema.join("b.sql"), "2").unwrap();
        assert!(watch.changed().await.schema);
        fs::write(folder.path().join("mainstay.toml"), "").unwrap();
        assert!(watch.changed().await.settings);
    }
}
