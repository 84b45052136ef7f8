//! A project's folder: where its parts are.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::failure::{Doing, Failure, Result};
use crate::settings::Settings;

/// A project.
#[derive(Debug, Clone)]
pub struct Project {
    /// Its folder.
    pub folder: PathBuf,
    /// Its settings.
    pub settings: Settings,
}

impl Project {
    /// The project in a folder.
    ///
    /// # Errors
    /// When the folder holds neither `mainstay.toml` nor `schema/`, or the settings are wrong.
    pub fn open(folder: &Path) -> Result<Self> {
        let file = folder.join("mainstay.toml");
        if !file.exists() && !folder.join("schema").is_dir() {
            let place = folder.display();
            return Err(Failure::new(format!(
                "there is no project in {place}: neither mainstay.toml nor schema/ is there\n  \
                 hint: `mainstay init {place}` makes one"
            )));
        }
        let settings = Settings::load(&file)?;
        Ok(Self { folder: folder.to_owned(), settings })
    }

    /// `schema/`: the tables and rules.
    pub fn schema_folder(&self) -> PathBuf {
        self.folder.join("schema")
    }

    /// `seed.sql`: rows for development and tests.
    pub fn seed_file(&self) -> PathBuf {
        self.folder.join("seed.sql")
    }

    /// `public/`: the front end.
    pub fn public_folder(&self) -> PathBuf {
        self.folder.join("public")
    }

    /// Its name: that of its folder.
    pub fn name(&self) -> String {
        let folder = self.folder.canonicalize().unwrap_or_else(|_| self.folder.clone());
        let name = folder.file_name().unwrap_or(folder.as_os_str());
        name.to_string_lossy().into_owned()
    }

    /// Where the world reaches the project, without a slash at the end.
    pub fn url(&self, address: SocketAddr) -> String {
        match &self.settings.server.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("http://{address}"),
        }
    }

    /// `.mainstay/`: what is not in Git. It is created, readable by its owner only.
    pub fn state_folder(&self) -> Result<PathBuf> {
        let folder = self.folder.join(".mainstay");
        if !folder.is_dir() {
            std::fs::create_dir_all(&folder).doing(|| format!("create {}", folder.display()))?;
            restrict(&folder, 0o700)?;
        }
        Ok(folder)
    }
}

/// Lets only the owner use a file or folder.
#[cfg(unix)]
pub fn restrict(path: &Path, mode: u32) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
        .doing(|| format!("restrict {}", path.display()))
}

/// Lets only the owner use a file or folder: other systems do so by the folder it is in.
#[cfg(not(unix))]
pub fn restrict(_path: &Path, _mode: u32) -> Result<()> {
    Ok(())
}
