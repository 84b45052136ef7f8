//! Columns and their types. Text in a key has a length, since InnoDB's keys have one: a longer value is refused when it comes.

use mainstay_base::Result;
use mainstay_catalog::{Catalog, ColumnDefault, IndexKey, Key, Table};
use mainstay_expr::{ColumnType, Expr, ExprKind, Modifier, Type};

use super::super::flavour::Flavour;
use super::super::kept::kept;
use super::super::render::MySql;
use super::super::storage::{self, Datum, Storage, encode, typed};
use super::Sql;
use crate::Constant;
use crate::render::Renderer;
use crate::sql::sql;

/// Bytes that a key has room for.
const KEY_BYTES_MAX: u32 = 3072;
/// Bytes of a character.
const CHARACTER_BYTES: u32 = 4;
/// The longest text that is kept in the row for the sake of a short declared length.
const SHORT_TEXT_MAX: u32 = 255;

/// A column's definition.
pub(in crate::mysql) fn column_definition(
    flavour: Flavour,
    catalog: &Catalog,
    table: &Table,
    position: u32,
) -> Result<Sql> {
    let column = table.column(position);
    let storage = storage::of(&column.ty);
    let dialect = MySql::new(flavour);
    let name = Sql::identifier(column.name.clone());
    let mut sql = sql![name.clone(), " ", column_type(catalog, table, position)];
    match &column.default {
        ColumnDefault::Generated(expr) => {
            if kept(catalog, table).iter().any(|kept| kept.column == Some(position)) {
                return Ok(sql.then(" NULL"));
            }
            let value = Renderer::of_row(&dialect, catalog, table).value_as(expr, &storage)?;
            return Ok(sql.then(" GENERATED ALWAYS AS (").then(value).then(") STORED"));
        }
        ColumnDefault::Expr(Expr { kind: ExprKind::Literal(value), .. }) if !value.is_null() => {
            // what cannot be stored is told when it is to be
            if let Ok(datum) = encode(&storage, value) {
                let value = match datum {
                    // MariaDB reads what it has written by the settings of whoever opens the table, for whom it may be an escape
                    Datum::Text(text) if text.contains('\\') => {
                        let bytes = Sql::constant(Datum::Blob(text.into_bytes()).into());
                        sql!["CONVERT(", bytes, " USING utf8mb4)"]
                    }
                    datum => typed(Sql::constant(datum.into()), &storage),
                };
                sql = sql.then(if column.not_null { " NOT NULL" } else { " NULL" });
                sql = sql.then(" DEFAULT (").then(value).then(")");
            }
        }
        _ => sql = sql.then(if column.not_null { " NOT NULL" } else { " NULL" }),
    }
    if let Some(check) = storage_check(&name, &column.ty) {
        sql = sql![sql, " CHECK (", check, ")"];
    }
    Ok(sql)
}

/// What every value of the column's type keeps to and its MySQL type does not say.
fn storage_check(name: &Sql, ty: &ColumnType) -> Option<Sql> {
    match (&ty.ty, ty.modifier) {
        (Type::Json | Type::Jsonb | Type::Array(_), _) => Some(sql!["JSON_VALID(", name.clone(), ")"]),
        (Type::Varchar | Type::Bpchar, Modifier::Length(length)) if length > SHORT_TEXT_MAX => {
            let length = Sql::constant(Constant::Int(i64::from(length)));
            Some(sql!["CHAR_LENGTH(", name.clone(), ") <= ", length])
        }
        _ => None,
    }
}

/// A column's type. One that refers to another has that one's type, since InnoDB compares nothing else.
fn column_type(catalog: &Catalog, table: &Table, position: u32) -> Sql {
    let ty = &referenced(catalog, table, position, 0).ty;
    let longest = key_length(table, position);
    match (&ty.ty, ty.modifier) {
        (Type::Bool, _) => Sql::from("TINYINT(1)"),
        (Type::Int2, _) => Sql::from("SMALLINT"),
        (Type::Int4, _) => Sql::from("INT"),
        (Type::Int8, _) => Sql::from("BIGINT"),
        (Type::Float4 | Type::Float8, _) => Sql::from("DOUBLE"),
        (Type::Numeric, Modifier::Precision(precision, scale))
            if matches!(storage::of(ty), Storage::Fixed(_)) =>
        {
            let precision = Sql::numbered("DECIMAL(", u64::from(precision));
            sql![precision, Sql::numbered(", ", u64::from(scale)), ")"]
        }
        // as many digits as can be compared, a sign and a point
        (Type::Numeric, _) => Sql::from("VARCHAR(70) CHARACTER SET ascii COLLATE ascii_bin"),
        (Type::Varchar | Type::Bpchar, Modifier::Length(length)) => {
            let length = longest.map_or(length, |longest| longest.min(length));
            text_type((longest.is_some() || length <= SHORT_TEXT_MAX).then_some(length))
        }
        (Type::Bytea, _) => match longest {
            Some(longest) => Sql::numbered("VARBINARY(", u64::from(longest)).then(")"),
            None => Sql::from("LONGBLOB"),
        },
        (Type::Uuid, _) => Sql::from("CHAR(36) CHARACTER SET ascii COLLATE ascii_bin"),
        (Type::Date, _) => Sql::from("DATE"),
        (Type::Time, _) => Sql::from("TIME(6)"),
        (Type::Timestamp | Type::Timestamptz, _) => Sql::from("DATETIME(6)"),
        (Type::Enum(declared), _) if declared.labels.iter().all(|label| !label.ends_with(' ')) => {
            sql!["ENUM(", Sql::join(declared.labels.iter().map(Sql::text), ", "), ")"]
        }
        _ => text_type(longest),
    }
}

fn text_type(length: Option<u32>) -> Sql {
    match length {
        Some(length) => Sql::numbered("VARCHAR(", u64::from(length)).then(")"),
        None => Sql::from("LONGTEXT"),
    }
}

/// The column that a column's values come from in the end.
fn referenced<'c>(
    catalog: &'c Catalog,
    table: &'c Table,
    position: u32,
    depth: usize,
) -> &'c mainstay_catalog::Column {
    let target = table.foreign_keys.iter().find_map(|key| {
        let own = key.columns.iter().position(|column| *column == position)?;
        Some((key.target, key.target_columns[own]))
    });
    match target {
        // keys can refer to one another in a circle
        Some((target, column)) if depth < 16 && (target != table.id || column != position) => {
            referenced(catalog, catalog.table(target), column, depth + 1)
        }
        _ => table.column(position),
    }
}

/// Whether values of two types can be compared by a foreign key.
pub(super) fn compare_alike(one: &ColumnType, other: &ColumnType) -> bool {
    let kind = |ty: &ColumnType| match storage::of(ty) {
        Storage::Fixed(_) => Storage::Fixed(0),
        Storage::Trimmed(_) => Storage::Trimmed(0),
        storage => storage,
    };
    kind(one) == kind(other)
}

/// How long a text or binary column's values can be, in characters or bytes, for the keys that it is part of. `None` when it is
/// part of none.
pub(super) fn key_length(table: &Table, position: u32) -> Option<u32> {
    let taken = |nulls_are_equal: bool, columns: &[u32]| match nulls_are_equal {
        // whether it is NULL is a part of its own
        true => columns.len() as u32,
        false => 0,
    };
    let keys = table.primary_key.iter().chain(&table.uniques);
    let keys = keys.map(|key: &Key| (key.columns.clone(), taken(key.nulls_not_distinct, &key.columns)));
    let foreign = table.foreign_keys.iter().map(|key| (key.columns.clone(), 0));
    let indexes = table.indexes.iter().filter(|index| index.unique).map(|index| {
        let columns: Vec<u32> = index.keys.iter().filter_map(IndexKey::column).collect();
        let taken = taken(index.nulls_not_distinct, &columns);
        (columns, taken)
    });
    let all = keys.chain(foreign).chain(indexes);
    all.filter(|(columns, _)| columns.contains(&position))
        .map(|(columns, taken)| room(table, &columns, taken))
        .min()
        .map(|bytes| match table.column(position).ty.ty {
            Type::Bytea => bytes,
            _ => bytes / CHARACTER_BYTES,
        })
}

/// The bytes that each of the long columns of a key has when some are taken.
fn room(table: &Table, columns: &[u32], taken: u32) -> u32 {
    let sizes: Vec<Option<u32>> = columns.iter().map(|column| key_bytes(&table.column(*column).ty)).collect();
    let taken = taken + sizes.iter().flatten().sum::<u32>();
    let long = sizes.iter().filter(|size| size.is_none()).count() as u32;
    KEY_BYTES_MAX.saturating_sub(taken) / long.max(1)
}

/// The bytes of a short value in a key.
fn key_bytes(ty: &ColumnType) -> Option<u32> {
    match storage::of(ty) {
        Storage::Bool | Storage::Int | Storage::Float4 | Storage::Float8 => Some(8),
        Storage::Date | Storage::Time | Storage::Timestamp | Storage::Timestamptz => Some(8),
        Storage::Fixed(_) => Some(32),
        Storage::Uuid => Some(36),
        Storage::Decimal => Some(70),
        Storage::Text if matches!(ty.ty, Type::Enum(_)) => Some(2),
        _ => None,
    }
}
