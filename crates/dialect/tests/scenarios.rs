//! The schemas of the conformance scenarios and of the shop: SQLite takes their tables and seeds, and their views,
//! functions and policies mean what the evaluator says.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::path::{Path, PathBuf};

use mainstay_catalog::{Catalog, Policy, Table, TableKind, load};
use mainstay_dialect::sqlite::{self, Restriction};
use mainstay_expr::eval::Scope;
use mainstay_expr::{Expr, Select, SourceId, Tree, Type, Value};
use mainstay_sql::SourceFiles;
use support::{Database, show};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|own| own == extension));
    paths.sort();
    paths
}

/// The schemas of a scenario file, each with the seed that follows it. A section has what the sections around it have.
fn schemas(markdown: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut sections: Vec<(usize, String, String)> = vec![(0, String::new(), String::new())];
    let mut block: Option<(String, String)> = None;
    for line in markdown.lines() {
        match (&mut block, line.strip_prefix("```")) {
            (None, Some(kind)) => block = Some((kind.trim().to_owned(), String::new())),
            (Some(_), Some(_)) => {
                let (kind, text) = block.take().unwrap();
                match kind.as_str() {
                    "sql schema" => {
                        sections.last_mut().unwrap().1 += &text;
                        let schema = sections.iter().map(|(_, own, _)| own.as_str()).collect();
                        let seed = sections.iter().map(|(_, _, own)| own.as_str()).collect();
                        found.push((schema, seed));
                    }
                    "sql seed" => {
                        sections.last_mut().unwrap().2 += &text;
                        found.last_mut().unwrap().1 += &text;
                    }
                    _ => {}
                }
            }
            (Some((_, text)), None) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) if line.starts_with('#') => {
                let depth = line.bytes().take_while(|byte| *byte == b'#').count();
                sections.retain(|(other, ..)| *other < depth);
                sections.push((depth, String::new(), String::new()));
            }
            (None, None) => {}
        }
    }
    found
}

/// What of a select's rows is different in SQLite; the same error on both sides is no difference.
fn difference(database: &Database, select: &Select, slots: &[Value]) -> Option<String> {
    let types: Vec<Type> = select.items.iter().map(|item| item.expr.ty.clone()).collect();
    let shown = |rows: mainstay_base::Result<Vec<Vec<Value>>>| match rows {
        Ok(rows) => {
            let mut rows: Vec<String> = rows.iter().map(|row| show(&types, row)).collect();
            rows.sort();
            rows
        }
        Err(problem) => vec![problem.to_string()],
    };
    let (found, expected) = (shown(database.sqlite(select, slots)), shown(database.reference(select, slots)));
    (found != expected).then(|| format!("found {found:#?}\nexpected {expected:#?}"))
}

fn check_views(database: &Database, wrong: &mut Vec<String>) {
    for table in &database.catalog.tables {
        if let TableKind::View(view) = &table.kind {
            let found = difference(database, &view.select, &[]);
            wrong.extend(found.map(|what| format!("view {}: {what}", table.name)));
        }
    }
}

/// Calls every function without arguments of its own choice: NULL for each.
fn check_functions(database: &Database, wrong: &mut Vec<String>) {
    for function in database.catalog.functions.iter().filter(|function| function.row.is_none()) {
        let mut body = function.inlined().unwrap().clone();
        let types: Vec<Type> = function.arguments.iter().map(|argument| argument.ty.ty.clone()).collect();
        let arguments: Vec<Expr> = (0..).zip(types).map(|(slot, ty)| Expr::slot(slot, ty)).collect();
        body.replace_arguments(&arguments);
        if body.is_volatile() {
            continue;
        }
        let found = difference(database, &body, &vec![Value::Null; arguments.len()]);
        wrong.extend(found.map(|what| format!("function {}: {what}", function.name)));
    }
}

/// The rows that each expression of each policy lets through.
fn check_policies(database: &Database, wrong: &mut Vec<String>) {
    for table in &database.catalog.tables {
        for policy in &table.policies {
            let exprs = [&policy.using, &policy.with_check];
            for expr in exprs.into_iter().flatten() {
                let found = policy_difference(database, table, policy, expr);
                wrong.extend(found.map(|what| format!("policy {} on {}: {what}", policy.name, table.name)));
            }
        }
    }
}

fn policy_difference(database: &Database, table: &Table, _: &Policy, expr: &Expr) -> Option<String> {
    let source = SourceId(1000);
    let mut moved = expr.clone();
    moved.rename_source(SourceId::ROW, source);
    let statement =
        match sqlite::select_rows(&database.catalog, table.id, source, &Expr::truth(true), &[moved]) {
            Ok(statement) => statement,
            Err(problem) => return Some(problem.to_string()),
        };
    let found = database
        .run(&statement, &[], &[])
        .map(|rows| rows.into_iter().map(|mut row| row.remove(1)).collect::<Vec<_>>());
    let rows = database.rows.borrow()[table.id.0 as usize].clone();
    let expected: mainstay_base::Result<Vec<Value>> =
        rows.iter().map(|row| database.try_eval(expr, &Scope::row(SourceId::ROW, row))).collect();
    (found != expected).then(|| format!("found {found:?}\nexpected {expected:?}\n{}", statement.text))
}

fn check(schema: &str, seed: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let Some(catalog): Option<Catalog> = load(&SourceFiles::single("schema.sql", schema)).0 else {
        return wrong;
    };
    let unkeepable = sqlite::check(&catalog);
    if !unkeepable.is_empty() {
        return unkeepable.iter().map(|(_, problem)| format!("{problem} {:?}", problem.details())).collect();
    }
    let database = Database::new(schema);
    database.seed(seed);
    check_views(&database, &mut wrong);
    check_functions(&database, &mut wrong);
    check_policies(&database, &mut wrong);
    wrong
}

#[test]
fn scenarios_mean_the_same() {
    let mut wrong = Vec::new();
    for path in files(&root().join("conformance/rest"), "md") {
        for (schema, seed) in schemas(&std::fs::read_to_string(&path).unwrap()) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            wrong.extend(check(&schema, &seed).into_iter().map(|what| format!("{name}: {what}")));
        }
    }
    assert!(wrong.is_empty(), "{} differences\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_shop_is_said_in_full() {
    let texts: Vec<String> = files(&root().join("examples/shop/schema"), "sql")
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    let catalog = load(&SourceFiles::single("schema.sql", texts.join("\n"))).0.unwrap();
    assert_eq!(sqlite::check(&catalog), []);
    let connection = support::connection();
    for table in catalog.tables.iter().filter(|table| !table.is_view()) {
        for statement in sqlite::create_table(&catalog, table).unwrap() {
            connection
                .execute(&statement.text, [])
                .unwrap_or_else(|error| panic!("{error}: {}", statement.text));
        }
    }
    let prepared = |text: &str| {
        connection.prepare(text).map(|_| ()).unwrap_or_else(|error| panic!("{error}: {text}"));
    };
    for table in &catalog.tables {
        if let TableKind::View(view) = &table.kind {
            prepared(&sqlite::select(&catalog, &view.select, Restriction::None).unwrap().text);
        }
        for expr in table.policies.iter().flat_map(|policy| [&policy.using, &policy.with_check]).flatten() {
            let mut filter = expr.clone();
            filter.rename_source(SourceId::ROW, SourceId(1000));
            prepared(&sqlite::select_rows(&catalog, table.id, SourceId(1000), &filter, &[]).unwrap().text);
        }
    }
    for function in &catalog.functions {
        let mut body = function.inlined().unwrap().clone();
        let types = function.arguments.iter().map(|argument| argument.ty.ty.clone());
        body.replace_arguments(&(0..).zip(types).map(|(slot, ty)| Expr::slot(slot, ty)).collect::<Vec<_>>());
        if function.row.is_none() {
            prepared(&sqlite::select(&catalog, &body, Restriction::None).unwrap().text);
        }
    }
}
