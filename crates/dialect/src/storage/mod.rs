//! How values of each PostgreSQL type are kept in SQLite, and the ways in and out.
//!
//! The storage form of a type is also its working form inside expressions. Every form but those that name a
//! [`Collation`] sorts and compares as PostgreSQL does with SQLite's own comparison.

mod calendar;
mod decode;
mod encode;
pub mod key;
mod output;

use mainstay_base::{Problem, Result};
use mainstay_expr::{ColumnType, Modifier, Type};

use crate::Constant;

pub use output::{write_json, write_text};

/// A value as SQLite keeps it.
#[derive(Debug, Clone, PartialEq)]
pub enum Datum {
    /// NULL
    Null,
    /// INTEGER
    Int(i64),
    /// REAL
    Real(f64),
    /// TEXT
    Text(String),
    /// BLOB
    Blob(Vec<u8>),
}

/// A borrowed [`Datum`]. Text is UTF-8, as everything that was bound as text is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum DatumRef<'a> {
    /// NULL
    Null,
    /// INTEGER
    Int(i64),
    /// REAL
    Real(f64),
    /// TEXT
    Text(&'a [u8]),
    /// BLOB
    Blob(&'a [u8]),
}

impl Datum {
    /// The same, borrowed.
    pub fn as_ref(&self) -> DatumRef<'_> {
        match self {
            Self::Null => DatumRef::Null,
            Self::Int(value) => DatumRef::Int(*value),
            Self::Real(value) => DatumRef::Real(*value),
            Self::Text(value) => DatumRef::Text(value.as_bytes()),
            Self::Blob(value) => DatumRef::Blob(value),
        }
    }
}

impl From<Datum> for Constant {
    fn from(datum: Datum) -> Self {
        match datum {
            Datum::Null => Self::Null,
            Datum::Int(number) => Self::Int(number),
            Datum::Real(number) => Self::Real(number),
            Datum::Text(text) => Self::Text(text),
            Datum::Blob(bytes) => Self::Blob(bytes),
        }
    }
}

impl DatumRef<'_> {
    /// The same, owned.
    pub fn to_owned(self) -> Datum {
        match self {
            Self::Null => Datum::Null,
            Self::Int(value) => Datum::Int(value),
            Self::Real(value) => Datum::Real(value),
            Self::Text(bytes) => Datum::Text(String::from_utf8_lossy(bytes).into_owned()),
            Self::Blob(bytes) => Datum::Blob(bytes.to_vec()),
        }
    }
}

/// How a type's values are kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Storage {
    /// INTEGER 0 or 1
    Bool,
    /// INTEGER: smallint, integer, bigint
    Int,
    /// REAL, printed as a 32-bit number
    Float4,
    /// REAL
    Float8,
    /// INTEGER: a numeric times ten to the power of this scale, exact
    Scaled(u16),
    /// TEXT: a numeric that always has this scale; on databases that know exact decimals
    Fixed(u16),
    /// TEXT: a numeric's canonical decimal text, compared with [`Collation::Decimal`]
    Decimal,
    /// TEXT: text, varchar and the labels of enums
    Text,
    /// TEXT: char(n), padded, compared without trailing blanks
    Bpchar,
    /// TEXT: char(n) without the blanks that it is padded with to this length when shown
    Trimmed(u32),
    /// TEXT: 36 characters, lower case
    Uuid,
    /// TEXT: `YYYY-MM-DD`; see `calendar` for years that need more digits
    Date,
    /// TEXT: `HH:MM:SS.ffffff`
    Time,
    /// TEXT: `YYYY-MM-DD HH:MM:SS.ffffff`
    Timestamp,
    /// The same in UTC
    Timestamptz,
    /// TEXT: months, days and microseconds as three numbers; in expressions only
    Interval,
    /// TEXT: as it was written
    Json,
    /// TEXT: PostgreSQL's canonical text, compared with [`Collation::Jsonb`]
    Jsonb,
    /// BLOB
    Bytea,
    /// TEXT: a JSON array; its elements are what `json_each` makes their storage form of
    Array(Box<Storage>),
    /// NULL always
    Void,
}

/// How a text form is compared where its bytes do not sort as PostgreSQL sorts its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Collation {
    /// Canonical decimals, by their number.
    Decimal,
    /// Without trailing blanks (SQLite's own).
    Rtrim,
    /// jsonb documents.
    Jsonb,
    /// Intervals, by their length.
    Interval,
    /// Arrays, element by element: numbers as numbers, texts by their bytes.
    Array,
    /// Arrays of decimals.
    DecimalArray,
    /// Arrays of jsonb documents.
    JsonbArray,
}

impl Collation {
    /// Its name in SQL.
    pub fn name(self) -> &'static str {
        match self {
            Self::Decimal => "pg_decimal",
            Self::Rtrim => "RTRIM",
            Self::Jsonb => "pg_jsonb",
            Self::Interval => "pg_interval",
            Self::Array => "pg_array",
            Self::DecimalArray => "pg_array_decimal",
            Self::JsonbArray => "pg_array_jsonb",
        }
    }
}

/// The digits that an INTEGER holds for any numeric of that precision.
const DIGITS_SCALED_MAX: u16 = 18;

impl Storage {
    /// The storage of a column.
    pub fn of(column: &ColumnType) -> Self {
        match (&column.ty, column.modifier) {
            (Type::Numeric, Modifier::Precision(precision, scale))
                if precision <= DIGITS_SCALED_MAX && scale <= precision =>
            {
                Self::Scaled(scale)
            }
            (ty, _) => Self::of_type(ty),
        }
    }

    /// The storage of a type without a modifier: what an expression of the type yields unless it knows better.
    pub fn of_type(ty: &Type) -> Self {
        match ty {
            Type::Bool => Self::Bool,
            Type::Int2 | Type::Int4 | Type::Int8 => Self::Int,
            Type::Float4 => Self::Float4,
            Type::Float8 => Self::Float8,
            Type::Numeric => Self::Decimal,
            // A native type does not come here: whatever uses one is refused. Its values are text.
            Type::Text | Type::Varchar | Type::Enum(_) | Type::Native(_) => Self::Text,
            Type::Bpchar => Self::Bpchar,
            Type::Uuid => Self::Uuid,
            Type::Date => Self::Date,
            Type::Time => Self::Time,
            Type::Timestamp => Self::Timestamp,
            Type::Timestamptz => Self::Timestamptz,
            Type::Interval => Self::Interval,
            Type::Json => Self::Json,
            Type::Jsonb => Self::Jsonb,
            Type::Bytea => Self::Bytea,
            Type::Array(element) => Self::Array(Box::new(Self::of_type(element))),
            Type::Void => Self::Void,
        }
    }

    /// A type whose values are stored and shown this way.
    fn value_type(&self) -> Type {
        match self {
            Self::Bool => Type::Bool,
            Self::Int => Type::Int8,
            Self::Float4 => Type::Float4,
            Self::Float8 => Type::Float8,
            Self::Scaled(_) | Self::Fixed(_) | Self::Decimal => Type::Numeric,
            Self::Text => Type::Text,
            Self::Bpchar | Self::Trimmed(_) => Type::Bpchar,
            Self::Uuid => Type::Uuid,
            Self::Date => Type::Date,
            Self::Time => Type::Time,
            Self::Timestamp => Type::Timestamp,
            Self::Timestamptz => Type::Timestamptz,
            Self::Interval => Type::Interval,
            Self::Json => Type::Json,
            Self::Jsonb => Type::Jsonb,
            Self::Bytea => Type::Bytea,
            Self::Array(element) => element.value_type().array(),
            Self::Void => Type::Void,
        }
    }

    /// The column type in a STRICT table.
    pub fn declared(&self) -> &'static str {
        match self {
            Self::Bool | Self::Int | Self::Scaled(_) => "INTEGER",
            Self::Float4 | Self::Float8 => "REAL",
            Self::Bytea => "BLOB",
            _ => "TEXT",
        }
    }

    /// What decides whether two stored values can be equal: the kind of datum with its scale, and the collation.
    pub(crate) fn collated(&self) -> (&'static str, Option<u16>, Option<Collation>) {
        let scale = match self {
            Self::Scaled(scale) => Some(*scale),
            Self::Int | Self::Bool => Some(0),
            _ => None,
        };
        (self.declared(), scale, self.collation())
    }

    /// The collation that comparisons, ORDER BY, GROUP BY and unique indexes need.
    pub fn collation(&self) -> Option<Collation> {
        match self {
            Self::Decimal => Some(Collation::Decimal),
            Self::Bpchar => Some(Collation::Rtrim),
            Self::Jsonb => Some(Collation::Jsonb),
            Self::Interval => Some(Collation::Interval),
            Self::Array(element) => Some(match **element {
                Self::Decimal => Collation::DecimalArray,
                Self::Jsonb => Collation::JsonbArray,
                _ => Collation::Array,
            }),
            _ => None,
        }
    }
}

/// Stored text. What we stored is UTF-8.
pub(crate) fn utf8(text: &[u8]) -> Result<&str> {
    std::str::from_utf8(text).map_err(|_| invalid_utf8())
}

fn invalid_utf8() -> Problem {
    Problem::new("22021", "invalid byte sequence for encoding \"UTF8\"")
}
