//! Whole schemas resolve without anything to say.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use mainstay_catalog::{Catalog, load};
use mainstay_sql::SourceFiles;

fn clean(files: &SourceFiles) -> Catalog {
    let (catalog, diagnostics) = load(files);
    assert!(diagnostics.is_empty(), "{}", diagnostics.render(files, false));
    catalog.unwrap()
}

#[test]
fn the_shop_resolves() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/shop/schema");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut files = SourceFiles::new();
    for path in paths {
        files.add(path.file_name().unwrap().to_string_lossy(), std::fs::read_to_string(&path).unwrap());
    }
    let catalog = clean(&files);
    assert!(catalog.find_table("public", "orders").is_some());
    assert!(catalog.version != 0);
}
