//! The portable types: what a column may hold and an expression may yield.

use std::sync::Arc;

/// A PostgreSQL type without its modifier.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Type {
    /// `boolean`
    Bool,
    /// `smallint`
    Int2,
    /// `integer`
    Int4,
    /// `bigint`
    Int8,
    /// `real`
    Float4,
    /// `double precision`
    Float8,
    /// `numeric`, exact
    Numeric,
    /// `text`
    Text,
    /// `character varying`
    Varchar,
    /// `character`, padded with blanks
    Bpchar,
    /// `uuid`
    Uuid,
    /// `date`
    Date,
    /// `time without time zone`
    Time,
    /// `timestamp without time zone`
    Timestamp,
    /// `timestamp with time zone`
    Timestamptz,
    /// `interval`: in expressions only, not in columns
    Interval,
    /// `json`: text as it was written
    Json,
    /// `jsonb`: canonical
    Jsonb,
    /// `bytea`
    Bytea,
    /// An enumerated type
    Enum(Arc<EnumType>),
    /// An array of any of the above
    Array(Arc<Type>),
    /// `void`: the result of a function that returns nothing
    Void,
}

/// An enumerated type and its labels in their declared order, which is their sort order.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct EnumType {
    /// The schema it is declared in.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Its labels, first to last.
    pub labels: Vec<String>,
}

/// What narrows a type: the part in parentheses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Modifier {
    /// No parentheses.
    #[default]
    None,
    /// `varchar(n)`, `char(n)`: characters.
    Length(u32),
    /// `numeric(precision, scale)`: digits in all, digits after the point.
    Precision(u16, u16),
    /// `time(p)`, `timestamp(p)`: digits of the fraction of a second, 0 to 6.
    Seconds(u8),
}

/// A type with its modifier, as a column or a cast names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ColumnType {
    /// The type.
    pub ty: Type,
    /// Its modifier; for an array, that of the elements.
    pub modifier: Modifier,
}

impl Type {
    /// The array of this type.
    pub fn array(self) -> Self {
        Self::Array(Arc::new(self))
    }

    /// The type of an array's elements.
    pub fn element(&self) -> Option<&Type> {
        match self {
            Self::Array(element) => Some(element),
            _ => None,
        }
    }

    /// Whether it is one of the three integers.
    pub fn is_integer(&self) -> bool {
        matches!(self, Self::Int2 | Self::Int4 | Self::Int8)
    }

    /// Whether it is a number of any kind.
    pub fn is_number(&self) -> bool {
        self.is_integer() || matches!(self, Self::Float4 | Self::Float8 | Self::Numeric)
    }

    /// Whether it is `text`, `varchar` or `char`.
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text | Self::Varchar | Self::Bpchar)
    }
}

impl From<Type> for ColumnType {
    fn from(ty: Type) -> Self {
        Self { ty, modifier: Modifier::None }
    }
}
