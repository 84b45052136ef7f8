//! Puts the templates of `mainstay init` into the program: those beside this file, and the shop from `examples/`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or(io::ErrorKind::NotFound)?);
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    let mut code = String::new();
    for (name, folder) in
        [("BLANK", here.join("templates/blank")), ("SHOP", here.join("../../examples/shop"))]
    {
        let folder = folder.canonicalize()?;
        println!("cargo::rerun-if-changed={}", folder.display());
        let mut files = Vec::new();
        collect(&folder, &folder, &mut files)?;
        files.sort();
        let _ = writeln!(
            code,
            "/// The files of a template with their paths.\npub static {name}: &[(&str, &[u8])] = &["
        );
        for (path, file) in files {
            let _ = writeln!(code, "    ({path:?}, include_bytes!({:?})),", file.display().to_string());
        }
        code.push_str("];\n");
    }
    fs::write(out.join("templates.rs"), code)
}

/// Every file that is part of a project: what a server has put there, and what Git keeps, is not.
fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() {
            if !name.starts_with('.') && name != "node_modules" {
                collect(root, &path, files)?;
            }
        } else if !name.ends_with(['~', '#']) {
            let below = path.strip_prefix(root).map_err(io::Error::other)?;
            let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
            files.push((parts.join("/"), path.clone()));
        }
    }
    Ok(())
}
