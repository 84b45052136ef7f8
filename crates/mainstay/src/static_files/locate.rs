//! Which file a path means. The folder is opened as a capability, so that neither a name nor a symbolic link can lead out
//! of it, whatever the path says.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, Metadata};

use super::path::RequestPath;

const INDEX: &str = "index.html";

/// What to look for.
pub struct Lookup {
    /// The path.
    pub path: RequestPath,
    /// Whether the client would take a page, as a browser's address bar does.
    pub page_wanted: bool,
}

/// What a path means.
pub enum Found<F> {
    /// This file.
    File(F),
    /// A folder with an index; its path wants a slash at its end.
    Folder,
}

/// A file of the folder.
pub struct OpenFile {
    /// Its path below the folder.
    pub path: PathBuf,
    /// To read from.
    pub file: File,
    /// Its length and times when it was opened.
    pub metadata: Metadata,
}

/// Finds the file of a path: itself, a folder's index, or, for a page that is no file, the application's own page, which
/// shows the right thing by the path (a "single-page application").
pub fn locate(folder: &Path, lookup: &Lookup) -> Option<Found<std::io::Result<OpenFile>>> {
    let root = Dir::open_ambient_dir(folder, ambient_authority()).ok()?;
    let path = &lookup.path;
    let index = path.file.join(INDEX);
    if path.folder {
        if let Some(file) = open(&root, index) {
            return Some(Found::File(file));
        }
    } else if let Some(file) = open(&root, path.file.clone()) {
        return Some(Found::File(file));
    } else if is_file(&root, &index) {
        return Some(Found::Folder);
    }
    if lookup.page_wanted && !path.has_extension() {
        return open(&root, PathBuf::from(INDEX)).map(Found::File);
    }
    None
}

fn is_file(root: &Dir, path: &Path) -> bool {
    root.metadata(path).is_ok_and(|metadata| metadata.is_file())
}

/// Opens a regular file; `None` when there is none. A name that leads nowhere, out of the folder, or is too long is no file.
fn open(root: &Dir, path: PathBuf) -> Option<std::io::Result<OpenFile>> {
    // A pipe would wait for a writer when opened, so the kind is looked at first.
    if !is_file(root, &path) {
        return None;
    }
    let opened = root.open(&path).and_then(|file| Ok((file.metadata()?, file)));
    match opened {
        Ok((metadata, _)) if !metadata.is_file() => None,
        Ok((metadata, file)) => Some(Ok(OpenFile { path, file, metadata })),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => Some(Err(error)),
    }
}
