//! Asks a database what its tables are. Both servers have the views of the SQL standard, with columns of their own.

use std::collections::BTreeMap;

use mainstay_dialect::mysql::Flavour;

use super::described::{Check, Column, Default, ForeignKey, Index, Part, Table};
use crate::connection::{Connection, Done};

const TABLES: &str = "SELECT table_name, table_type, table_comment FROM information_schema.tables \
    WHERE table_schema = database() AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED', 'VIEW') ORDER BY table_name";
const COLUMNS: &str = "SELECT table_name, column_name, column_type, character_set_name, collation_name, is_nullable, \
    column_default, extra, generation_expression, column_comment FROM information_schema.columns \
    WHERE table_schema = database() ORDER BY table_name, ordinal_position";
const INDEXES: &str = "SELECT table_name, index_name, non_unique, column_name, sub_part, collation, index_type \
    FROM information_schema.statistics WHERE table_schema = database() ORDER BY table_name, index_name, seq_in_index";
const FOREIGN_KEYS: &str = "SELECT k.table_name, k.constraint_name, k.column_name, \
    CASE WHEN k.referenced_table_schema = database() THEN k.referenced_table_name END, k.referenced_column_name, \
    r.delete_rule, r.update_rule FROM information_schema.key_column_usage k \
    JOIN information_schema.referential_constraints r ON r.constraint_schema = k.constraint_schema \
    AND r.constraint_name = k.constraint_name AND r.table_name = k.table_name \
    WHERE k.table_schema = database() AND k.referenced_table_name IS NOT NULL \
    ORDER BY k.table_name, k.constraint_name, k.ordinal_position";
const CHECKS_OF_MARIADB: &str = "SELECT table_name, constraint_name, check_clause \
    FROM information_schema.check_constraints WHERE constraint_schema = database() ORDER BY table_name, constraint_name";
const CHECKS_OF_MYSQL: &str = "SELECT t.table_name, c.constraint_name, c.check_clause \
    FROM information_schema.check_constraints c JOIN information_schema.table_constraints t \
    ON t.constraint_schema = c.constraint_schema AND t.constraint_name = c.constraint_name \
    WHERE c.constraint_schema = database() AND t.constraint_type = 'CHECK' ORDER BY t.table_name, c.constraint_name";
/// Tables of ours, in a database that we have made.
const OURS: &str = "_mainstay_";

/// A row of an answer.
struct Row(std::vec::IntoIter<Option<String>>);

impl Row {
    fn maybe(&mut self) -> Option<String> {
        self.0.next().flatten()
    }

    fn text(&mut self) -> String {
        self.maybe().unwrap_or_default()
    }
}

/// All tables and views of the database, by their names.
pub(super) async fn describe(connection: &mut Connection) -> Done<Vec<Table>> {
    let mut tables = BTreeMap::new();
    for mut row in rows(connection, TABLES).await? {
        let (name, kind, comment) = (row.text(), row.text(), row.text());
        let is_view = kind == "VIEW";
        if !name.starts_with(OURS) {
            // of a view it says VIEW there
            let comment = if is_view { String::new() } else { comment };
            tables.insert(name.clone(), Table { name, is_view, comment, ..Table::default() });
        }
    }
    let flavour = connection.flavour;
    for mut row in rows(connection, COLUMNS).await? {
        if let Some(table) = tables.get_mut(&row.text()) {
            table.columns.push(column(flavour, row));
        }
    }
    for mut row in rows(connection, INDEXES).await? {
        if let Some(table) = tables.get_mut(&row.text()) {
            add_part(&mut table.indexes, row);
        }
    }
    for mut row in rows(connection, FOREIGN_KEYS).await? {
        if let Some(table) = tables.get_mut(&row.text()) {
            add_pair(&mut table.foreign_keys, row);
        }
    }
    let checks = match flavour {
        Flavour::MariaDb => CHECKS_OF_MARIADB,
        Flavour::MySql => CHECKS_OF_MYSQL,
    };
    for mut row in rows(connection, checks).await? {
        if let Some(table) = tables.get_mut(&row.text()) {
            add_check(table, Check { name: row.text(), condition: shown(flavour, row.text()) });
        }
    }
    Ok(tables.into_values().collect())
}

async fn rows(connection: &mut Connection, sql: &str) -> Done<Vec<Row>> {
    let rows = connection.texts(sql).await?;
    Ok(rows.into_iter().map(|row| Row(row.into_iter())).collect())
}

fn column(flavour: Flavour, mut row: Row) -> Column {
    let name = row.text();
    let ty = row.text();
    let text = row.maybe().zip(row.maybe());
    let not_null = row.text() == "NO";
    let default = row.maybe();
    let extra = row.text().to_lowercase();
    let generated = row.maybe().filter(|expression| !expression.is_empty());
    let generated = generated.map(|expression| shown(flavour, expression));
    let default = match (flavour, default) {
        (_, None) => None,
        _ if generated.is_some() => None,
        (Flavour::MariaDb, Some(text)) => maria_default(&text),
        (Flavour::MySql, Some(text)) if extra.contains("default_generated") => {
            Some(Default::Expression(shown(flavour, text)))
        }
        (Flavour::MySql, Some(text)) => Some(Default::Literal(text)),
    };
    let numbers_itself = extra.contains("auto_increment");
    Column { name, ty, text, not_null, default, numbers_itself, generated, comment: row.text() }
}

/// An expression as its server takes it: MySQL escapes it as a whole where it shows it.
fn shown(flavour: Flavour, expression: String) -> String {
    match flavour {
        Flavour::MariaDb => expression,
        Flavour::MySql => unescaped(&expression),
    }
}

/// MariaDB tells defaults as expressions.
fn maria_default(text: &str) -> Option<Default> {
    if text.eq_ignore_ascii_case("null") {
        return None;
    }
    let quoted = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
    if let Some(quoted) = quoted {
        return Some(Default::Literal(unescaped(quoted)));
    }
    let is_number = text.parse::<f64>().is_ok() && text.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    Some(match is_number {
        true => Default::Literal(text.to_owned()),
        false => Default::Expression(text.to_owned()),
    })
}

/// What stands between the quotes of a literal.
pub(super) fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        plain.push(match character {
            '\\' => match characters.next().unwrap_or('\\') {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                '0' => '\0',
                'Z' => '\u{1a}',
                other => other,
            },
            '\'' => {
                // it is doubled
                _ = characters.next();
                '\''
            }
            other => other,
        });
    }
    plain
}

fn add_part(indexes: &mut Vec<Index>, mut row: Row) {
    let (name, unique) = (row.text(), row.text() == "0");
    let (column, is_prefix) = (row.maybe(), row.maybe().is_some());
    let (descending, method) = (row.maybe().as_deref() == Some("D"), row.text());
    if indexes.last().is_none_or(|last| last.name != name) {
        indexes.push(Index { name, unique, method, parts: Vec::new() });
    }
    if let Some(last) = indexes.last_mut() {
        last.parts.push(Part { column, is_prefix, descending });
    }
}

fn add_pair(keys: &mut Vec<ForeignKey>, mut row: Row) {
    let (name, column) = (row.text(), row.text());
    let (target, target_column) = (row.maybe(), row.text());
    if keys.last().is_none_or(|last| last.name != name) {
        let (on_delete, on_update) = (row.text(), row.text());
        let (columns, target_columns) = (Vec::new(), Vec::new());
        keys.push(ForeignKey { name, columns, target, target_columns, on_delete, on_update });
    }
    if let Some(last) = keys.last_mut() {
        last.columns.push(column);
        last.target_columns.push(target_column);
    }
}

/// MariaDB keeps JSON as text with a check.
fn add_check(table: &mut Table, check: Check) {
    let json = check.condition.strip_prefix("json_valid(`").and_then(|rest| rest.strip_suffix("`)"));
    if let Some(column) = table.columns.iter_mut().find(|column| Some(column.name.as_str()) == json)
        && column.ty == "longtext"
    {
        "json".clone_into(&mut column.ty);
        return;
    }
    table.checks.push(check);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_literals_or_expressions() {
        let literal = |text: &str| Some(Default::Literal(text.to_owned()));
        assert_eq!(maria_default("NULL"), None);
        assert_eq!(maria_default("'it''s'"), literal("it's"));
        assert_eq!(maria_default(r"'a\nb\\'"), literal("a\nb\\"));
        assert_eq!(maria_default("-1.50"), literal("-1.50"));
        assert_eq!(maria_default("''"), literal(""));
        let expression = Default::Expression("current_timestamp()".to_owned());
        assert_eq!(maria_default("current_timestamp()"), Some(expression));
    }
}
