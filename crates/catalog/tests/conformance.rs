//! The schemas and seeds of the conformance scenarios resolve, and those with mistakes have the mistakes they promise.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};

use mainstay_catalog::{Catalog, bind_copy, bind_insert, load};
use mainstay_sql::{Severity, SourceFiles, Statement, read};

/// A fenced block: what stands behind the fence, its text, its line, and the text of the same kind in the sections around it.
struct Block {
    kind: String,
    text: String,
    line: usize,
    around: String,
}

/// The blocks of a scenario file. A section has what the sections around it have.
fn blocks(markdown: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    // The headings that are open: their depth, and where their blocks begin.
    let mut sections: Vec<(usize, Vec<usize>)> = vec![(0, Vec::new())];
    let mut open = false;
    for (number, line) in markdown.lines().enumerate() {
        if let Some(kind) = line.strip_prefix("```") {
            open = !open;
            if open {
                let kind = kind.trim().to_owned();
                let inside = sections.iter().flat_map(|(_, own)| own).map(|at| &blocks[*at]);
                let around = inside.filter(|block| block.kind == kind).map(|block| &*block.text).collect();
                sections.last_mut().unwrap().1.push(blocks.len());
                blocks.push(Block { kind, text: String::new(), line: number + 1, around });
            }
        } else if open {
            let block = blocks.last_mut().unwrap();
            block.text += line;
            block.text.push('\n');
        } else if line.starts_with('#') {
            let depth = line.bytes().take_while(|byte| *byte == b'#').count();
            sections.retain(|(other, _)| *other < depth);
            sections.push((depth, Vec::new()));
        }
    }
    blocks
}

fn scenarios(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance").join(folder);
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    paths.sort();
    paths
}

/// `line:column: message` of each error.
fn errors(sql: &str) -> (Option<Catalog>, Vec<String>) {
    let files = SourceFiles::single("schema.sql", sql);
    let (catalog, diagnostics) = load(&files);
    let errors = diagnostics.iter().filter(|it| it.severity == Severity::Error);
    let line = |it: &mainstay_sql::Diagnostic| {
        let place = files.location(it.span).unwrap();
        format!("{}:{}: {}", place.line, place.column, it.message)
    };
    (catalog, errors.map(line).collect())
}

fn seed_errors(catalog: &Catalog, sql: &str) -> Vec<String> {
    let files = SourceFiles::single("seed.sql", sql);
    let (statements, mut diagnostics) = read(&files);
    for statement in &statements {
        let bound = match statement {
            Statement::Insert(insert) => bind_insert(catalog, insert),
            Statement::Copy(copy) => bind_copy(catalog, copy),
            _ => continue,
        };
        diagnostics.append(bound.err().unwrap_or_default());
    }
    diagnostics.iter().map(|it| it.one_line(&files)).collect()
}

#[test]
fn schemas_and_seeds_of_scenarios_resolve() {
    let mut wrong = Vec::new();
    for path in scenarios("rest") {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let mut catalog = None;
        for block in blocks(&std::fs::read_to_string(&path).unwrap()) {
            let found = match (block.kind.as_str(), &catalog) {
                ("sql schema", _) => {
                    let (resolved, found) = errors(&format!("{}{}", block.around, block.text));
                    catalog = resolved;
                    found
                }
                ("sql seed", Some(catalog)) => seed_errors(catalog, &block.text),
                _ => continue,
            };
            wrong.extend(found.iter().map(|found| format!("{name}:{}: {found}", block.line)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn mistakes_of_scenarios_are_found() {
    let mut wrong = Vec::new();
    for path in scenarios("schema") {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let mut schema = String::new();
        for block in blocks(&std::fs::read_to_string(&path).unwrap()) {
            match block.kind.as_str() {
                "sql schema" => schema = block.text,
                "text errors" => {
                    let (_, found) = errors(&schema);
                    let same = |(found, expected): (&String, &str)| {
                        let (place, message) = expected.split_once(": ").unwrap_or((expected, ""));
                        found.starts_with(&format!("{place}: ")) && found.contains(message)
                    };
                    let expected: Vec<&str> = block.text.lines().collect();
                    let all = found.len() == expected.len();
                    if !all || !found.iter().zip(expected.iter().copied()).all(same) {
                        wrong.push(format!(
                            "{name}:{}\n  expected {expected:#?}\n  found    {found:#?}",
                            block.line
                        ));
                    }
                }
                _ => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
