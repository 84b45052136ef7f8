//! A migration as a PostgreSQL script: what a person reads before saying yes, and what psql would run.
//!
//! Changes of meaning only, and what has no place in such statements, are comments.

mod expr;
mod table;

use mainstay_catalog::{Index, Table};
use mainstay_expr::{Expr, Modifier};
use mainstay_sql::quote_name;

use crate::{Change, Migration, Safety, Step};
use expr::{Names, print};

/// An expression over a table's row as PostgreSQL shows it: `lower(email)`, `(a % 10)`.
pub fn expression(table: &Table, expr: &Expr) -> String {
    print(&Names::of(table), expr)
}

/// The script: a statement or comment for each step, in order.
pub fn script(migration: &Migration) -> String {
    let mut out = String::new();
    for step in &migration.steps {
        match &step.safety {
            Safety::Safe => {}
            Safety::MayFail(why) => comment(&mut out, &format!("may fail: {why}")),
            Safety::LosesData(what) => comment(&mut out, &format!("loses data: {what}")),
        }
        for statement in statements(migration, step) {
            out.push_str(&statement);
            out.push('\n');
        }
    }
    out
}

fn comment(out: &mut String, text: &str) {
    for line in text.lines() {
        out.push_str("-- ");
        out.push_str(line);
        out.push('\n');
    }
}

fn statements(migration: &Migration, step: &Step) -> Vec<String> {
    let (from, to) = (&migration.from, &migration.to);
    match &step.change {
        Change::CreateTable(table) => {
            let table = to.table(*table);
            let mut statements = vec![table::create(to, table)];
            statements.extend(table.indexes.iter().map(|index| create_index(table, index)));
            statements
        }
        Change::DropTable { dropped } => vec![format!("DROP TABLE {};", name(from.table(*dropped)))],
        Change::AddColumn { table, column } => {
            let table = to.table(*table);
            let column = table::column(table, table.column(*column));
            vec![format!("ALTER TABLE {} ADD COLUMN {column};", name(table))]
        }
        Change::RebuildTable(rebuild) => table::alter(from, to, rebuild),
        Change::CreateIndex { table, index } => {
            let table = to.table(*table);
            vec![create_index(table, &table.indexes[*index as usize])]
        }
        Change::DropIndex { dropped, index } => {
            let table = from.table(*dropped);
            let index = &table.indexes[*index as usize].name;
            vec![format!("DROP INDEX {}.{};", quote_name(&table.schema), quote_name(index))]
        }
        Change::Meaning(what) => {
            let mut out = String::new();
            comment(&mut out, what);
            vec![out.trim_end().to_owned()]
        }
    }
}

fn create_index(table: &Table, index: &Index) -> String {
    let names = Names::of(table);
    let keys: Vec<String> = index
        .keys
        .iter()
        .map(|key| {
            let direction = if key.descending { " DESC" } else { "" };
            let nulls = match (key.descending, key.nulls_first) {
                (false, true) => " NULLS FIRST",
                (true, false) => " NULLS LAST",
                _ => "",
            };
            let value = print(&names, &key.expr);
            let value = if expr::is_column(&key.expr) { value } else { format!("({value})") };
            format!("{value}{direction}{nulls}")
        })
        .collect();
    let unique = if index.unique { "UNIQUE " } else { "" };
    let nulls = if index.nulls_not_distinct { " NULLS NOT DISTINCT" } else { "" };
    let filter =
        index.filter.as_ref().map_or(String::new(), |filter| format!(" WHERE {}", print(&names, filter)));
    format!(
        "CREATE {unique}INDEX {} ON {} ({}){nulls}{filter};",
        quote_name(&index.name),
        name(table),
        keys.join(", ")
    )
}

/// A table's name with its schema, quoted where that is needed.
fn name(table: &Table) -> String {
    format!("{}.{}", quote_name(&table.schema), quote_name(&table.name))
}

/// A type as SQL names it.
fn type_name(ty: &mainstay_expr::ColumnType) -> String {
    use mainstay_expr::Type;
    let (element, brackets) = match &ty.ty {
        Type::Array(element) => (&**element, "[]"),
        element => (element, ""),
    };
    match element {
        Type::Enum(declared) => {
            format!("{}.{}{brackets}", quote_name(&declared.schema), quote_name(&declared.name))
        }
        // a type named character without a length has one of 1
        Type::Bpchar if ty.modifier == Modifier::None => format!("bpchar{brackets}"),
        _ => ty.to_string(),
    }
}
