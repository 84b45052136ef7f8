//! Names of tables and columns, made and compared.

use mainstay_sql::{Expr, ExprKind, FileId, Literal, Name, QualifiedName, Span, read_expression};

/// The schema of names that are written without one.
pub const PUBLIC: &str = "public";

/// A table, sequence or other relation: schema and name.
pub type Key = (String, String);

/// What a name stands for.
pub fn key(name: &QualifiedName) -> Key {
    let schema = name.schema.as_ref().map_or(PUBLIC, |schema| &schema.text);
    (schema.to_owned(), name.name.text.clone())
}

/// The name in a text such as `'public."Items_id_seq"'::regclass`.
pub fn in_text(expr: &Expr) -> Option<Key> {
    match &expr.kind {
        ExprKind::Cast { operand, .. } => in_text(operand),
        ExprKind::Literal(Literal::String(text)) => match read_expression(text).ok()?.kind {
            // What reads as a column of a table is a name in a schema.
            ExprKind::Column(column) => {
                let schema = column.table.map_or_else(|| PUBLIC.to_owned(), |table| table.name.text);
                Some((schema, column.column.text))
            }
            _ => None,
        },
        _ => None,
    }
}

/// A name without a place, for statements of our own.
pub fn name(text: impl Into<String>) -> Name {
    Name { text: text.into(), quoted: true, span: nowhere() }
}

/// A table's name as SQL, with its schema unless that is `public`.
pub fn sql(key: &Key) -> String {
    let name = mainstay_sql::quote_name(&key.1);
    match key.0.as_str() {
        PUBLIC => name,
        schema => format!("{}.{name}", mainstay_sql::quote_name(schema)),
    }
}

/// The place of what was not written.
pub fn nowhere() -> Span {
    Span::new(FileId(0), 0, 0)
}
