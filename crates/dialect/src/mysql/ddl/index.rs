//! Keys and indexes. What InnoDB's indexes lack (conditions, expressions, NULLs that are equal) stands in hidden columns that it
//! computes; where only speed is at stake such an index is left out.

use mainstay_base::Result;
use mainstay_catalog::{Catalog, Index, Key, Table};
use mainstay_expr::{ColumnType, Expr, ExprKind, SourceId, Type};

use super::super::flavour::Flavour;
use super::super::kept::{Kept, hidden_name, unsaid_keys};
use super::super::render::MySql;
use super::super::statement::Statement;
use super::super::storage::{self, Storage};
use super::column::key_length;
use super::{Sql, constraint_name, finished, named, unsupported};
use crate::render::Renderer;
use crate::sql::sql;

/// Characters that a key has room for.
const KEY_CHARACTERS: u32 = 768;
/// Characters of a long text that a plain index looks at.
const PREFIX: u64 = 191;

/// A UNIQUE constraint as parts of CREATE TABLE.
pub(super) fn unique_key(table: &Table, key: &Key) -> Result<Vec<Sql>> {
    let name = Sql::identifier(constraint_name(&key.name));
    let mut parts = Vec::new();
    let mut keys = Vec::new();
    for (position, column) in key.columns.iter().enumerate() {
        let declared = table.column(*column);
        if key.nulls_not_distinct && !declared.not_null {
            let prefix = hidden_name(&key.name, position);
            let value = named(table, *column);
            let [is_null, filled] = nulls_equal(&prefix, value, &declared.ty, key_length(table, *column));
            keys.extend([is_null.0, filled.0]);
            parts.extend([is_null.1, filled.1]);
        } else if storage::of(&declared.ty) == Storage::Decimal {
            let (name, definition) = exact_column(&hidden_name(&key.name, position), named(table, *column));
            keys.push(name);
            parts.push(definition);
        } else {
            keys.push(named(table, *column));
        }
    }
    parts.push(sql!["UNIQUE KEY ", name, " (", Sql::join(keys, ", "), ")"]);
    Ok(parts)
}

/// CREATE INDEX on a table of that name; `None` for one that MySQL would not use.
pub(in crate::mysql) fn create_index(
    flavour: Flavour,
    catalog: &Catalog,
    table: &Table,
    index: &Index,
    on: &str,
) -> Result<Option<Statement>> {
    let name = Sql::identifier(constraint_name(&index.name));
    let unsaid = if index.unique { unsaid_keys(catalog, table, index) } else { Vec::new() };
    let mut added = Vec::new();
    let mut keys = Vec::new();
    for (position, key) in index.keys.iter().enumerate() {
        if unsaid.iter().any(|(at, _)| *at == position) && !index.nulls_not_distinct {
            // the column is there: we write it with every row
            keys.push(Sql::identifier(hidden_name(&index.name, position)));
            continue;
        }
        let direction = if key.descending { " DESC" } else { "" };
        let is_plain = index.filter.is_none() && !index.nulls_not_distinct;
        let key = match key.column() {
            Some(column) if !index.unique => plain_key(table, column),
            Some(column) if is_plain && storage::of(&table.column(column).ty) != Storage::Decimal => {
                named(table, column)
            }
            _ if !index.unique => return Ok(None),
            _ => {
                let prefix = hidden_name(&index.name, position);
                let columns = computed_key(flavour, catalog, table, index, &key.expr, &prefix)?;
                let (names, definitions): (Vec<Sql>, Vec<Sql>) = columns.into_iter().unzip();
                added.extend(definitions.into_iter().map(|definition| sql!["ADD COLUMN ", definition]));
                Sql::join(names, ", ")
            }
        };
        keys.push(key.then(direction));
    }
    let kind = if index.unique { "ADD UNIQUE KEY " } else { "ADD KEY " };
    added.push(sql![kind, name, " (", Sql::join(keys, ", "), ")"]);
    finished(sql!["ALTER TABLE ", Sql::identifier(on), " ", Sql::join(added, ", ")]).map(Some)
}

/// Removes an index and the hidden columns that it needed.
pub(in crate::mysql) fn drop_index(
    flavour: Flavour,
    catalog: &Catalog,
    table: &Table,
    index: &Index,
    on: &str,
) -> Result<Option<Statement>> {
    let Some(created) = create_index(flavour, catalog, table, index, on)? else { return Ok(None) };
    let hidden = (0..index.keys.len() * 2).map(|position| hidden_name(&index.name, position));
    let suffixes = ["", "_n"];
    let names = hidden.flat_map(|name| suffixes.map(|suffix| format!("{name}{suffix}")));
    let written: Vec<String> =
        unsaid_keys(catalog, table, index).iter().map(|(at, _)| hidden_name(&index.name, *at)).collect();
    let gone = names
        .filter(|name| written.contains(name) || created.text.contains(&format!("ADD COLUMN `{name}` ")));
    let mut parts = vec![sql!["DROP KEY ", Sql::identifier(constraint_name(&index.name))]];
    parts.extend(gone.map(|name| sql!["DROP COLUMN ", Sql::identifier(name)]));
    finished(sql!["ALTER TABLE ", Sql::identifier(on), " ", Sql::join(parts, ", ")]).map(Some)
}

/// A column of an index that decides nothing: long values are looked at by their beginning.
fn plain_key(table: &Table, column: u32) -> Sql {
    let ty = &table.column(column).ty;
    let is_long = match storage::of(ty) {
        Storage::Text if matches!(ty.ty, Type::Enum(_)) => false,
        Storage::Text | Storage::Trimmed(_) | Storage::Bytea => key_length(table, column).is_none(),
        Storage::Json | Storage::Jsonb | Storage::Array(_) | Storage::Interval => true,
        _ => false,
    };
    match is_long {
        true => sql![named(table, column), Sql::numbered("(", prefix_of(ty)), ")"],
        false => named(table, column),
    }
}

fn prefix_of(ty: &ColumnType) -> u64 {
    match ty.modifier {
        mainstay_expr::Modifier::Length(length) => u64::from(length).min(PREFIX),
        _ => PREFIX,
    }
}

/// The hidden columns, with their definitions, that stand for a key of a unique index.
fn computed_key(
    flavour: Flavour,
    catalog: &Catalog,
    table: &Table,
    index: &Index,
    expr: &Expr,
    prefix: &str,
) -> Result<Vec<(Sql, Sql)>> {
    let dialect = MySql::new(flavour);
    let mut renderer = Renderer::of_row(&dialect, catalog, table);
    let (mut value, storage) = renderer.value(expr)?;
    if let Some(filter) = &index.filter {
        let filter = renderer.condition(filter)?;
        value = sql!["CASE WHEN ", filter, " THEN ", value, " END"];
    }
    if value.inputs().next().is_some() {
        return Err(super::session_dependent());
    }
    let length = match expr.kind {
        ExprKind::Column(column) if column.source == SourceId::ROW => key_length(table, column.column),
        _ => Some((3072 / 4 / index.keys.len() as u32).min(255)),
    };
    if storage == Storage::Decimal {
        return Ok(vec![exact_column(prefix, value)]);
    }
    if !index.nulls_not_distinct {
        return Ok(vec![hidden_column(prefix, &storage, length, value)]);
    }
    if index.filter.is_some() {
        return Err(unsupported(&dialect, "NULLS NOT DISTINCT with WHERE"));
    }
    Ok(nulls_equal(prefix, value, &ColumnType::from(expr.ty.clone()), length).into())
}

/// Two columns under which NULLs are equal: whether it is NULL, and the value with something in its place.
fn nulls_equal(prefix: &str, value: Sql, ty: &ColumnType, length: Option<u32>) -> [(Sql, Sql); 2] {
    let storage = storage::of(ty);
    let nothing = match storage {
        Storage::Date => "DATE'2000-01-01'",
        Storage::Time => "TIME'00:00:00'",
        Storage::Timestamp | Storage::Timestamptz => "TIMESTAMP'2000-01-01 00:00:00'",
        Storage::Bool | Storage::Int | Storage::Float4 | Storage::Float8 | Storage::Fixed(_) => "0",
        _ => "''",
    };
    let is_null = sql!["(", value.clone(), " IS NULL)"];
    let value = match storage {
        Storage::Text if matches!(ty.ty, Type::Enum(_)) => sql!["CAST(", value, " AS CHAR)"],
        _ => value,
    };
    let filled = sql!["COALESCE(", value, ", ", nothing, ")"];
    [
        hidden_column(&format!("{prefix}_n"), &Storage::Bool, None, is_null),
        hidden_column(prefix, &storage, length.or(Some(255)), filled),
    ]
}

/// A hidden column that we write ourselves.
pub(in crate::mysql) fn kept_column(table: &Table, kept: &Kept) -> Option<Sql> {
    let length = (KEY_CHARACTERS / table.columns.len().max(1) as u32).clamp(191, 255);
    kept.column.is_none().then(|| {
        let name = Sql::identifier(kept.name.clone());
        sql![name, " ", hidden_type(&kept.storage, length), " NULL INVISIBLE"]
    })
}

/// A number's text as a number.
fn exact_column(name: &str, value: Sql) -> (Sql, Sql) {
    let name = Sql::identifier(name.to_owned());
    let value = sql!["CAST(", value, " AS DECIMAL(65, 30))"];
    (name.clone(), sql![name, " DECIMAL(65, 30) GENERATED ALWAYS AS (", value, ") VIRTUAL INVISIBLE"])
}

fn hidden_column(name: &str, storage: &Storage, length: Option<u32>, value: Sql) -> (Sql, Sql) {
    let name = Sql::identifier(name.to_owned());
    let ty = hidden_type(storage, length.unwrap_or(255));
    (name.clone(), sql![name, " ", ty, " GENERATED ALWAYS AS (", value, ") VIRTUAL INVISIBLE"])
}

fn hidden_type(storage: &Storage, length: u32) -> Sql {
    let length = u64::from(length);
    match storage {
        Storage::Bool => Sql::from("TINYINT"),
        Storage::Int => Sql::from("BIGINT"),
        Storage::Float4 | Storage::Float8 => Sql::from("DOUBLE"),
        Storage::Fixed(scale) => sql!["DECIMAL(65, ", Sql::numbered("", u64::from(*scale)), ")"],
        Storage::Uuid => Sql::from("CHAR(36) CHARACTER SET ascii COLLATE ascii_bin"),
        Storage::Date => Sql::from("DATE"),
        Storage::Time => Sql::from("TIME(6)"),
        Storage::Timestamp | Storage::Timestamptz => Sql::from("DATETIME(6)"),
        Storage::Bytea => Sql::numbered("VARBINARY(", length).then(")"),
        _ => Sql::numbered("VARCHAR(", length).then(")"),
    }
}
