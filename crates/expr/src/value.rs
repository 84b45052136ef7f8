//! Values in memory.

use bigdecimal::BigDecimal;

/// A value of some [`Type`](crate::Type), or NULL. Which type it is of is known from where it stands.
#[derive(Debug, Clone)]
pub enum Value {
    /// NULL of any type.
    Null,
    /// `boolean`
    Bool(bool),
    /// `smallint`, `integer`, `bigint`
    Int(i64),
    /// `real` (exactly representable in 32 bits) and `double precision`
    Float(f64),
    /// `numeric`
    Numeric(Numeric),
    /// `text`, `varchar`, `char` (padded) and enum labels
    Text(String),
    /// `uuid`
    Uuid([u8; 16]),
    /// Days since 1970-01-01.
    Date(i32),
    /// Microseconds since midnight.
    Time(i64),
    /// Microseconds since 1970-01-01 00:00:00, no zone.
    Timestamp(i64),
    /// Microseconds since 1970-01-01 00:00:00 UTC.
    Timestamptz(i64),
    /// `interval`
    Interval(Interval),
    /// `json`: the text as it was written.
    Json(String),
    /// `jsonb`
    Jsonb(Jsonb),
    /// `bytea`
    Bytea(Vec<u8>),
    /// An array of one dimension.
    Array(Vec<Value>),
}

impl Value {
    /// Whether it is NULL.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

/// Of the same form and content; NaN is equal to itself, as in PostgreSQL.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(left), Self::Bool(right)) => left == right,
            (Self::Float(left), Self::Float(right)) => left == right || left.is_nan() && right.is_nan(),
            (Self::Numeric(left), Self::Numeric(right)) => left == right,
            (Self::Text(left), Self::Text(right)) | (Self::Json(left), Self::Json(right)) => left == right,
            (Self::Uuid(left), Self::Uuid(right)) => left == right,
            (Self::Date(left), Self::Date(right)) => left == right,
            (Self::Int(left), Self::Int(right))
            | (Self::Time(left), Self::Time(right))
            | (Self::Timestamp(left), Self::Timestamp(right))
            | (Self::Timestamptz(left), Self::Timestamptz(right)) => left == right,
            (Self::Interval(left), Self::Interval(right)) => left == right,
            (Self::Jsonb(left), Self::Jsonb(right)) => left == right,
            (Self::Bytea(left), Self::Bytea(right)) => left == right,
            (Self::Array(left), Self::Array(right)) => left == right,
            _ => false,
        }
    }
}

/// An exact decimal that remembers its scale: `1.10` stays `1.10`.
#[derive(Debug, Clone, PartialEq)]
pub enum Numeric {
    /// An ordinary number.
    Finite(BigDecimal),
    /// Not a number; equal to itself and greater than every number, as PostgreSQL has it.
    NaN,
}

/// A span of time as PostgreSQL keeps it: the three parts do not convert into one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Interval {
    /// Months, twelve to a year.
    pub months: i32,
    /// Days.
    pub days: i32,
    /// Microseconds.
    pub micros: i64,
}

/// A JSON document in PostgreSQL's canonical form.
#[derive(Debug, Clone, PartialEq)]
pub enum Jsonb {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number, exact.
    Number(BigDecimal),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Jsonb>),
    /// An object: keys unique, ordered by length and then by bytes.
    Object(Vec<(String, Jsonb)>),
}
