//! Values in PostgreSQL's text form, for the details of errors.

use mainstay_catalog::Table;
use mainstay_dialect::sqlite::storage::{Storage, write_text};
use mainstay_expr::{Value, Zone};

/// Bytes of a value that an error shows, as PostgreSQL does.
const SHOWN_BYTES_MAX: usize = 64;

/// `(a, b)=(1, x)`
pub(crate) fn key(table: &Table, columns: &[u32], row: &[Value]) -> String {
    let names: Vec<&str> = columns.iter().map(|column| table.column(*column).name.as_str()).collect();
    let values: Vec<String> = columns.iter().map(|&column| value(table, column, row)).collect();
    format!("({})=({})", names.join(", "), values.join(", "))
}

/// `(1, null, x)`; long values are cut.
pub(crate) fn row(table: &Table, row: &[Value]) -> String {
    let values = (0..table.columns.len() as u32).map(|column| shortened(value(table, column, row)));
    format!("({})", values.collect::<Vec<_>>().join(", "))
}

fn value(table: &Table, column: u32, row: &[Value]) -> String {
    let Some(value) = row.get(column as usize).filter(|value| !value.is_null()) else {
        return "null".to_owned();
    };
    let storage = Storage::of(&table.column(column).ty);
    let mut text = Vec::new();
    let written = storage
        .encode(value)
        .and_then(|datum| write_text(&storage, datum.as_ref(), &Zone::default(), &mut text));
    match written {
        Ok(()) => String::from_utf8_lossy(&text).into_owned(),
        Err(_) => "…".to_owned(),
    }
}

fn shortened(mut text: String) -> String {
    if text.len() > SHOWN_BYTES_MAX {
        let cut = (0..=SHOWN_BYTES_MAX).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(cut);
        text.push_str("...");
    }
    text
}
