//! Whole schemas resolve without anything to say.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use mainstay_catalog::{Catalog, InsertRows, bind_insert, load, resolve};
use mainstay_sql::{SourceFiles, Statement, read};

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

#[test]
fn a_published_database_resolves_with_its_rows() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/chinook/chinook.sql");
    let files = SourceFiles::single("chinook.sql", std::fs::read_to_string(path).unwrap());
    let (statements, diagnostics) = read(&files);
    assert!(diagnostics.is_empty(), "{}", diagnostics.render(&files, false));
    let is_row = |statement: &Statement| matches!(statement, Statement::Insert(_));
    // Scripts for psql begin by making a database and connecting to it.
    let defines = |it: &Statement| !is_row(it) && !matches!(it, Statement::Database(_) | Statement::Psql(_));
    let definitions: Vec<Statement> = statements.iter().filter(|it| defines(it)).cloned().collect();
    let (catalog, diagnostics) = resolve(&definitions);
    assert!(diagnostics.is_empty(), "{}", diagnostics.render(&files, false));
    let catalog = catalog.unwrap();
    let mut rows = 0;
    for statement in &statements {
        let Statement::Insert(insert) = statement else { continue };
        let bound = bind_insert(&catalog, insert).unwrap_or_else(|it| panic!("{}", it.render(&files, false)));
        if let InsertRows::Values(values) = bound.rows {
            rows += values.len();
        }
    }
    assert_eq!(rows, 15_607);
    let employee = catalog.find_table("public", "employee").unwrap();
    assert_eq!(catalog.relationships_of(employee.id).count(), 3);
}
