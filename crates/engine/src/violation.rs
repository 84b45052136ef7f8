//! Violated constraints in PostgreSQL's words, for engines whose databases word them otherwise.
//!
//! As in PostgreSQL, values are told only to those whom row-level security could not hide them from.

use mainstay_base::{Problem, SystemClock, SystemRandomness};
use mainstay_catalog::{Catalog, Check, ForeignKey, Index, Table};
use mainstay_expr::{Evaluator, Inputs, NoTables, Scope, Session, SourceId, Value, Zone, output};

/// Bytes of a value that an error shows, as PostgreSQL does.
const SHOWN_BYTES_MAX: usize = 64;

/// Whether row-level security could hide nothing of the table from whoever asks.
pub fn may_tell(table: &Table, session: &Session) -> bool {
    session.role.bypasses_row_security() || !table.row_security
}

/// A NULL where none may be; `row` is the row as it would have become, by column.
pub fn not_null(
    catalog: &Catalog,
    table: &Table,
    column: u32,
    row: Option<&[Value]>,
    session: &Session,
) -> Problem {
    let declared = table.column(column);
    let domain = declared.domain.and_then(|number| catalog.domains.get(number as usize));
    if let Some(domain) = domain.filter(|domain| domain.not_null) {
        return Problem::new("23502", format!("domain {} does not allow null values", domain.name));
    }
    let message = format!(
        "null value in column \"{}\" of relation \"{}\" violates not-null constraint",
        declared.name, table.name
    );
    with_failing_row(Problem::new("23502", message), table, row, session)
}

/// A check that does not hold for `row`.
pub fn check(table: &Table, check: &Check, row: Option<&[Value]>, session: &Session) -> Problem {
    let name = &check.name;
    match &check.domain {
        Some(domain) => {
            Problem::new("23514", format!("value for domain {domain} violates check constraint \"{name}\""))
        }
        None => {
            let message =
                format!("new row for relation \"{}\" violates check constraint \"{name}\"", table.name);
            with_failing_row(Problem::new("23514", message), table, row, session)
        }
    }
}

/// A key that another row has; `key` is what [`key_text`] or [`index_key_text`] make of it, if the row is known.
pub fn duplicate(table: &Table, name: &str, key: Option<String>, session: &Session) -> Problem {
    let message = format!("duplicate key value violates unique constraint \"{name}\"");
    let problem = Problem::new("23505", message);
    match key.filter(|_| may_tell(table, session)) {
        Some(key) => problem.with_details(format!("Key {key} already exists.")),
        None => problem,
    }
}

/// A foreign key of `row` that leads nowhere.
pub fn missing_target(
    catalog: &Catalog,
    table: &Table,
    key: &ForeignKey,
    row: Option<&[Value]>,
    session: &Session,
) -> Problem {
    let target = &catalog.table(key.target).name;
    let message = format!(
        "insert or update on table \"{}\" violates foreign key constraint \"{}\"",
        table.name, key.name
    );
    let details = match row.filter(|_| may_tell(table, session)) {
        Some(row) => {
            format!("Key {} is not present in table \"{target}\".", key_text(table, &key.columns, row))
        }
        None => format!("Key is not present in table \"{target}\"."),
    };
    Problem::new("23503", message).with_details(details)
}

/// A foreign key of a row of `other` that leads to `row` of `table`, which was to go or to change.
pub fn still_referenced(
    table: &Table,
    other: &Table,
    key: &ForeignKey,
    row: Option<&[Value]>,
    session: &Session,
) -> Problem {
    let message = format!(
        "update or delete on table \"{}\" violates foreign key constraint \"{}\" on table \"{}\"",
        table.name, key.name, other.name
    );
    let details = match row.filter(|_| may_tell(table, session)) {
        Some(row) => {
            let key = key_text(table, &key.target_columns, row);
            format!("Key {key} is still referenced from table \"{}\".", other.name)
        }
        None => format!("Key is still referenced from table \"{}\".", other.name),
    };
    Problem::new("23503", message).with_details(details)
}

fn with_failing_row(problem: Problem, table: &Table, row: Option<&[Value]>, session: &Session) -> Problem {
    match row.filter(|_| may_tell(table, session)) {
        Some(row) => problem.with_details(format!("Failing row contains {}.", row_text(table, row))),
        None => problem,
    }
}

/// `(a, b)=(1, x)`
pub fn key_text(table: &Table, columns: &[u32], row: &[Value]) -> String {
    let names: Vec<&str> = columns.iter().map(|column| table.column(*column).name.as_str()).collect();
    let values: Vec<String> = columns.iter().map(|&column| value(table, column, row)).collect();
    format!("({})=({})", names.join(", "), values.join(", "))
}

/// `(lower(a), b)=(1, x)`; none when an expression has no value for the row.
pub fn index_key_text(table: &Table, index: &Index, row: &[Value], session: &Session) -> Option<String> {
    let inputs = Inputs { slots: &[], arguments: &[], new: &[], session };
    let evaluator = Evaluator::new(inputs, &NoTables, &SystemClock, &SystemRandomness).ok()?;
    let scope = Scope::row(SourceId::ROW, row);
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for key in &index.keys {
        names.push(mainstay_migrate::expression(table, &key.expr));
        values.push(match evaluator.eval(&key.expr, &scope).ok()? {
            Value::Null => "null".to_owned(),
            value => output::to_field(&key.expr.ty, &value, &Zone::default()),
        });
    }
    Some(format!("({})=({})", names.join(", "), values.join(", ")))
}

/// `(1, null, x)`; long values are cut.
fn row_text(table: &Table, row: &[Value]) -> String {
    let values = (0..table.columns.len() as u32).map(|column| shortened(value(table, column, row)));
    format!("({})", values.collect::<Vec<_>>().join(", "))
}

fn value(table: &Table, column: u32, row: &[Value]) -> String {
    match row.get(column as usize).filter(|value| !value.is_null()) {
        Some(value) => output::to_field(&table.column(column).ty.ty, value, &Zone::default()),
        None => "null".to_owned(),
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
