//! Types of columns: what each is in the portable language, and which types of it a column can be declared with.

use mainstay_dialect::mysql::Flavour;
use mainstay_expr::{ColumnType, Modifier, Type};
use mainstay_sql::quote_name;

use super::described::Column;
use super::queries::unescaped;

/// Digits of a BIGINT UNSIGNED.
const UNSIGNED_DIGITS: u16 = 20;

/// A type as MySQL has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Int2,
    Int4,
    Int8,
    /// BIGINT UNSIGNED and BIT(64).
    Unsigned,
    Decimal(u16, u16),
    Float4,
    Float8,
    /// With its length.
    Text(Option<u32>),
    /// CHAR.
    Fixed(u32),
    Enum(Vec<String>),
    Date,
    /// With the digits of a second's fraction.
    Time(u8),
    Datetime(u8),
    Timestamp(u8),
    /// MySQL's own JSON.
    Jsonb,
    /// MariaDB's, which is text.
    Json,
    Bytes,
    Uuid,
    /// Nothing in the portable language is like it.
    Unknown,
}

impl Kind {
    /// The kind of a column.
    pub fn of(flavour: Flavour, column: &Column) -> Self {
        let ty = column.ty.as_str();
        let (head, words) = match ty.split_once('(') {
            Some((head, rest)) => (head, rest.rsplit_once(')').map_or("", |(inside, _)| inside)),
            None => (ty.split(' ').next().unwrap_or_default(), ""),
        };
        let unsigned = ty.rsplit_once(')').map_or(ty, |(_, rest)| rest).contains("unsigned");
        let mut numbers = words.split(',').map(|word| word.trim().parse::<u32>().ok());
        let first = numbers.next().flatten();
        let second = numbers.next().flatten();
        let digits = u8::try_from(first.unwrap_or_default()).unwrap_or_default();
        match head.trim() {
            "tinyint" if first == Some(1) => Self::Bool,
            "tinyint" => Self::Int2,
            "smallint" if !unsigned => Self::Int2,
            "smallint" | "mediumint" | "year" => Self::Int4,
            "int" if !unsigned => Self::Int4,
            "int" => Self::Int8,
            "bigint" if !unsigned => Self::Int8,
            "bigint" => Self::Unsigned,
            "bit" => match first.unwrap_or(1) {
                1 => Self::Bool,
                64 => Self::Unsigned,
                _ => Self::Int8,
            },
            "decimal" => Self::Decimal(small(first, 10), small(second, 0)),
            "float" => Self::Float4,
            "double" => Self::Float8,
            "char" => Self::Fixed(first.unwrap_or(1)),
            "varchar" => Self::Text(first),
            "tinytext" | "text" | "mediumtext" | "longtext" | "set" | "inet4" | "inet6" => Self::Text(None),
            "enum" => Self::Enum(labels(words)),
            "date" => Self::Date,
            "time" => Self::Time(digits),
            "datetime" => Self::Datetime(digits),
            "timestamp" => Self::Timestamp(digits),
            "json" if flavour == Flavour::MySql => Self::Jsonb,
            "json" => Self::Json,
            "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => Self::Bytes,
            "uuid" => Self::Uuid,
            _ => Self::Unknown,
        }
    }

    /// The type in the portable language; an enum has a name of its own. There is none for what is not known there.
    pub fn declared(
        &self,
        column: &Column,
        enumerated: impl FnOnce(&[String]) -> Option<String>,
    ) -> Option<String> {
        let fraction = |word: &str, digits: &u8, rest: &str| match digits {
            6 => format!("{word}{rest}"),
            digits => format!("{word}({digits}){rest}"),
        };
        Some(match self {
            Self::Bool => "boolean".to_owned(),
            Self::Int2 => "smallint".to_owned(),
            Self::Int4 => "integer".to_owned(),
            Self::Int8 => "bigint".to_owned(),
            Self::Unsigned if column.numbers_itself => "bigint".to_owned(),
            Self::Unsigned => format!("numeric({UNSIGNED_DIGITS})"),
            Self::Decimal(precision, scale) => format!("numeric({precision},{scale})"),
            Self::Float4 => "real".to_owned(),
            Self::Float8 => "double precision".to_owned(),
            Self::Text(Some(length)) | Self::Fixed(length) if *length > 0 => format!("varchar({length})"),
            Self::Text(_) | Self::Fixed(_) => "text".to_owned(),
            Self::Enum(labels) => enumerated(labels).map_or("text".to_owned(), |name| quote_name(&name)),
            Self::Date => "date".to_owned(),
            Self::Time(digits) => fraction("time", digits, ""),
            Self::Datetime(digits) => fraction("timestamp", digits, ""),
            Self::Timestamp(digits) => fraction("timestamp", digits, " with time zone"),
            Self::Jsonb => "jsonb".to_owned(),
            Self::Json => "json".to_owned(),
            Self::Bytes => "bytea".to_owned(),
            Self::Uuid => "uuid".to_owned(),
            Self::Unknown => return None,
        })
    }

    /// Whether a column can be declared with a type: every value that it has is one of that type.
    pub fn fits(&self, ty: &ColumnType) -> bool {
        let is_text = matches!(ty.ty, Type::Text | Type::Varchar);
        match self {
            Self::Bool => matches!(ty.ty, Type::Bool | Type::Int2 | Type::Int4 | Type::Int8),
            Self::Int2 => matches!(ty.ty, Type::Int2 | Type::Int4 | Type::Int8),
            Self::Int4 => matches!(ty.ty, Type::Int4 | Type::Int8),
            Self::Int8 => ty.ty == Type::Int8,
            // a number that a bigint cannot hold is refused when it comes
            Self::Unsigned => match ty.modifier {
                Modifier::Precision(precision, 0) => ty.ty == Type::Numeric && precision >= UNSIGNED_DIGITS,
                _ => ty.ty == Type::Int8,
            },
            Self::Decimal(precision, scale) => {
                ty.ty == Type::Numeric && ty.modifier == Modifier::Precision(*precision, *scale)
            }
            Self::Float4 => matches!(ty.ty, Type::Float4 | Type::Float8),
            Self::Float8 => ty.ty == Type::Float8,
            Self::Text(_) => is_text,
            Self::Fixed(length) => {
                is_text || (ty.ty == Type::Bpchar && ty.modifier == Modifier::Length(*length))
            }
            Self::Enum(labels) => match &ty.ty {
                Type::Enum(declared) => declared.labels == *labels,
                _ => is_text,
            },
            Self::Date => ty.ty == Type::Date,
            Self::Time(_) => ty.ty == Type::Time,
            Self::Datetime(_) | Self::Timestamp(_) => matches!(ty.ty, Type::Timestamp | Type::Timestamptz),
            Self::Jsonb => matches!(ty.ty, Type::Jsonb | Type::Json),
            Self::Json => matches!(ty.ty, Type::Json | Type::Text),
            Self::Bytes => ty.ty == Type::Bytea,
            Self::Uuid => matches!(ty.ty, Type::Uuid | Type::Text),
            Self::Unknown => false,
        }
    }
}

fn small(number: Option<u32>, otherwise: u16) -> u16 {
    number.and_then(|number| u16::try_from(number).ok()).unwrap_or(otherwise)
}

/// The labels of an enum: literals with commas between.
fn labels(words: &str) -> Vec<String> {
    let mut labels = Vec::new();
    let mut rest = words;
    while let Some(after) = rest.strip_prefix('\'') {
        let mut end = 0;
        let bytes = after.as_bytes();
        while end < bytes.len() {
            match bytes[end] {
                b'\'' if bytes.get(end + 1) == Some(&b'\'') => end += 2,
                b'\'' => break,
                b'\\' => end += 2,
                _ => end += 1,
            }
        }
        let end = end.min(after.len());
        labels.push(unescaped(&after[..end]));
        rest = after.get(end + 1..).unwrap_or_default().trim_start_matches(',');
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(ty: &str) -> Kind {
        let column = Column {
            name: "c".to_owned(),
            ty: ty.to_owned(),
            text: None,
            not_null: false,
            default: None,
            numbers_itself: false,
            generated: None,
            comment: String::new(),
        };
        Kind::of(Flavour::MariaDb, &column)
    }

    #[test]
    fn types_are_known_by_their_words() {
        assert_eq!(kind("tinyint(1)"), Kind::Bool);
        assert_eq!(kind("tinyint(3) unsigned"), Kind::Int2);
        assert_eq!(kind("int(10) unsigned zerofill"), Kind::Int8);
        assert_eq!(kind("int unsigned"), Kind::Int8);
        assert_eq!(kind("bigint(20) unsigned"), Kind::Unsigned);
        assert_eq!(kind("decimal(10,2)"), Kind::Decimal(10, 2));
        assert_eq!(kind("datetime(3)"), Kind::Datetime(3));
        assert_eq!(kind("bit(1)"), Kind::Bool);
        assert_eq!(kind("point"), Kind::Unknown);
        let labels = ["it's".to_owned(), "a,b".to_owned(), String::new(), ") unsigned".to_owned()];
        assert_eq!(kind("enum('it''s','a,b','',') unsigned')"), Kind::Enum(labels.to_vec()));
    }
}
