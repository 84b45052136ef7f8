//! Pictures of schemas.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use mainstay_catalog::{Catalog, load};
use mainstay_migrate::diagram;
use mainstay_sql::SourceFiles;

fn catalog(files: &SourceFiles) -> Catalog {
    let (catalog, diagnostics) = load(files);
    let Some(catalog) = catalog else { panic!("{}", diagnostics.render(files, false)) };
    catalog
}

fn shop() -> Catalog {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/shop/schema");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut files = SourceFiles::new();
    for path in paths {
        files.add(path.file_name().unwrap().to_string_lossy(), std::fs::read_to_string(&path).unwrap());
    }
    catalog(&files)
}

#[test]
fn mermaid_shows_columns_keys_and_cardinalities() {
    let files = SourceFiles::single(
        "schema.sql",
        "create table people (id int primary key, boss int references people, name varchar(20) not null unique);
         create table badges (person int primary key references people, price numeric(10,2)[]);",
    );
    let expected = r#"erDiagram
    "people" {
        integer id PK
        integer boss FK "nullable"
        varchar(20) name UK
    }
    "badges" {
        integer person PK, FK
        numeric(10_2)[] price "nullable"
    }
    "people" }o--o| "people" : "people_boss_fkey"
    "badges" |o--|| "people" : "badges_person_fkey"
"#;
    assert_eq!(diagram::mermaid(&catalog(&files)), expected);
}

/// The numbers of an attribute's values, in the order of the text.
fn numbers<'t>(svg: &'t str, element: &'t str, attribute: &'t str) -> impl Iterator<Item = f64> + 't {
    svg.split(element).skip(1).map(move |rest| {
        let (_, value) = rest.split_once(&format!(" {attribute}=\"")).unwrap();
        value.split_once('"').unwrap().0.parse().unwrap()
    })
}

#[test]
fn the_shop_is_drawn_without_boxes_over_one_another() {
    let catalog = shop();
    let svg = diagram::svg(&catalog);
    let boxes: Vec<[f64; 4]> = {
        let of = |attribute| numbers(&svg, "<rect class=\"box\"", attribute);
        of("x").zip(of("y")).zip(of("width").zip(of("height"))).map(|((x, y), (w, h))| [x, y, w, h]).collect()
    };
    let tables = || catalog.tables.iter().filter(|table| !table.is_view());
    assert_eq!(boxes.len(), tables().count());
    let apart = |a: &[f64; 4], b: &[f64; 4]| {
        a[0] + a[2] <= b[0] || b[0] + b[2] <= a[0] || a[1] + a[3] <= b[1] || b[1] + b[3] <= a[1]
    };
    for (position, one) in boxes.iter().enumerate() {
        assert!(boxes[..position].iter().all(|other| apart(one, other)), "{one:?}");
    }
    let keys: usize = tables().map(|table| table.foreign_keys.len()).sum();
    assert_eq!(svg.matches("<polyline").count(), keys);
    assert_eq!(svg, diagram::svg(&catalog), "the same schema is drawn the same");
}
