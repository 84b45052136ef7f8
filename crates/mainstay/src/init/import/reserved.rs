//! What a script has in schemas that no project can have: those of PostgreSQL and Supabase, whose part Mainstay plays itself.

use mainstay_catalog::is_reserved_schema;
use mainstay_sql::{ColumnConstraintKind, CreateTable, References, Statement, TableConstraintKind};

use super::left_out::LeftOut;

/// Why nothing of a reserved schema is taken.
pub const WHY: &str = "the schema's name is reserved";

/// The reserved schema that a statement makes, or makes something in.
pub fn schema(statement: &Statement) -> Option<&str> {
    let name = match statement {
        Statement::CreateSchema(it) => {
            return Some(it.name.text.as_str()).filter(|it| is_reserved_schema(it));
        }
        Statement::CreateTable(it) => &it.name,
        Statement::CreateEnum(it) => &it.name,
        Statement::CreateDomain(it) => &it.name,
        Statement::CreateView(it) => &it.name,
        Statement::CreateFunction(it) => &it.name,
        Statement::CreateIndex(it) => &it.table,
        Statement::CreatePolicy(it) => &it.table,
        _ => return None,
    };
    let schema = name.schema.as_ref()?.text.as_str();
    is_reserved_schema(schema).then_some(schema)
}

/// Takes away a table's references to tables that are left out; the columns keep their values.
pub fn drop_references(table: &mut CreateTable, left_out: &mut LeftOut, line: u32) {
    let mut keeps = |references: &References| {
        let Some(schema) = references.table.schema.as_ref().filter(|it| is_reserved_schema(&it.text)) else {
            return true;
        };
        left_out.add(format!("REFERENCES {}.{}", schema.text, references.table.name.text), WHY, line);
        false
    };
    for column in &mut table.columns {
        column.constraints.retain(|it| match &it.kind {
            ColumnConstraintKind::References(references) => keeps(references),
            _ => true,
        });
    }
    table.constraints.retain(|it| match &it.kind {
        TableConstraintKind::ForeignKey { references, .. } => keeps(references),
        _ => true,
    });
}
