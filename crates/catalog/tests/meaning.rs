//! Queries that are read, bound and evaluated give the rows that a real PostgreSQL gave (`meaning/record.py`).

use std::collections::HashMap;
use std::sync::Arc;

use mainstay_base::{FixedClock, FixedRandomness, Problem, Result};
use mainstay_catalog::{Catalog, bind_query, load};
use mainstay_expr::{
    Evaluator, Inputs, Role, Scope, Session, TableId, Tables, TimeContext, Tree, Value, Zone, input, output,
};
use mainstay_sql::{SourceFiles, read_query};

/// The tables' rows in memory.
struct Rows(HashMap<TableId, Vec<Vec<Value>>>);

impl Tables for Rows {
    fn rows(&self, table: TableId) -> Result<Vec<Vec<Value>>> {
        self.0.get(&table).cloned().ok_or_else(|| Problem::internal("no such table"))
    }
}

fn catalog() -> Catalog {
    let (catalog, diagnostics) = load(&SourceFiles::single("schema.sql", include_str!("meaning/schema.sql")));
    catalog.unwrap_or_else(|| panic!("{diagnostics:?}"))
}

fn rows(catalog: &Catalog) -> Rows {
    let files = [
        ("t", include_str!("meaning/t.tsv")),
        ("u", include_str!("meaning/u.tsv")),
        ("e", include_str!("meaning/e.tsv")),
    ];
    let context = TimeContext::default();
    let tables = files.map(|(name, text)| {
        let table = catalog.find_table("public", name).expect("the schema declares it");
        let row = |line: &str| {
            let fields = line.split('\t').zip(&table.columns);
            let values = fields.map(|(field, column)| match field {
                "\\N" => Ok(Value::Null),
                _ => input::parse(&column.ty, field, &context),
            });
            values.collect::<Result<Vec<_>>>().expect("the rows are valid")
        };
        (table.id, text.lines().map(row).collect())
    });
    Rows(HashMap::from(tables))
}

/// What a query yields, in the notation of `queries.txt`.
fn answer(catalog: &Catalog, tables: &Rows, query: &str, simplify: bool) -> Vec<String> {
    let tree = read_query(query).unwrap_or_else(|diagnostics| panic!("{query}: {diagnostics:?}"));
    let mut select =
        bind_query(catalog, &tree).unwrap_or_else(|diagnostics| panic!("{query}: {diagnostics:?}"));
    if simplify {
        select.simplify();
    }
    let session = Session {
        role: Role::new(Role::ANON),
        claims: Arc::new(serde_json::json!({ "role": "anon" })),
        request: Default::default(),
        now_us: 0,
        timezone: None,
    };
    let inputs = Inputs { slots: &[], arguments: &[], new: &[], session: &session };
    let random = FixedRandomness::new(1);
    let evaluator = Evaluator::new(inputs, tables, &FixedClock(0), &random).expect("UTC is known");
    match evaluator.select(&select, &Scope::empty()) {
        Ok(rows) => {
            let shown = |row: &Vec<Value>| {
                let values = row.iter().zip(&select.items).map(|(value, item)| match value {
                    Value::Null => "\\N".to_owned(),
                    _ => output::to_field(&item.expr.ty, value, &Zone::Utc),
                });
                format!("= {}", values.collect::<Vec<_>>().join("|"))
            };
            rows.iter().map(shown).collect()
        }
        Err(problem) => vec![format!("! {}: {}", problem.code(), problem.message())],
    }
}

#[test]
fn queries_mean_what_they_mean_in_postgresql() {
    let catalog = catalog();
    let tables = rows(&catalog);
    let mut cases: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in
        include_str!("meaning/queries.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        if line.starts_with("= ") || line.starts_with("! ") {
            cases.last_mut().expect("an expectation follows a query").1.push(line);
        } else {
            cases.push((line, Vec::new()));
        }
    }
    for (query, expected) in &cases {
        for simplify in [false, true] {
            assert_eq!(
                &answer(&catalog, &tables, query, simplify),
                expected,
                "{query} (simplified: {simplify})"
            );
        }
    }
}
