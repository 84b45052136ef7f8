//! The portable types: what a column may hold and an expression may yield.

use std::fmt;
use std::sync::Arc;

use crate::{NativeType, Representation};

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
    /// A type that only an existing database knows
    Native(Arc<NativeType>),
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
    /// How its values are shown and given, where that is another form than its own.
    pub fn representation(&self) -> Option<&Representation> {
        match self {
            Self::Native(native) => native.representation(),
            _ => None,
        }
    }

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

impl Type {
    /// The built-in type of that name: SQL's names and aliases (`integer`, `int`, `int4`), no arrays, no enums.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "bool" | "boolean" => Self::Bool,
            "int2" | "smallint" => Self::Int2,
            "int4" | "integer" | "int" => Self::Int4,
            "int8" | "bigint" => Self::Int8,
            "float4" | "real" => Self::Float4,
            "float8" | "double precision" | "float" => Self::Float8,
            "numeric" | "decimal" | "dec" => Self::Numeric,
            "text" => Self::Text,
            "varchar" | "character varying" | "char varying" => Self::Varchar,
            "bpchar" | "character" | "char" => Self::Bpchar,
            "uuid" => Self::Uuid,
            "date" => Self::Date,
            "time" | "time without time zone" => Self::Time,
            "timestamp" | "timestamp without time zone" => Self::Timestamp,
            "timestamptz" | "timestamp with time zone" => Self::Timestamptz,
            "interval" => Self::Interval,
            "json" => Self::Json,
            "jsonb" => Self::Jsonb,
            "bytea" => Self::Bytea,
            "void" => Self::Void,
            _ => return None,
        })
    }

    /// Whether values of the type can be ordered and compared for equality: `json` cannot.
    pub fn is_comparable(&self) -> bool {
        match self {
            Self::Json | Self::Void => false,
            Self::Array(element) => element.is_comparable(),
            _ => true,
        }
    }
}

/// The name that PostgreSQL's messages give the type: `integer`, `character varying`, `text[]`.
impl fmt::Display for Type {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Bool => "boolean",
            Self::Int2 => "smallint",
            Self::Int4 => "integer",
            Self::Int8 => "bigint",
            Self::Float4 => "real",
            Self::Float8 => "double precision",
            Self::Numeric => "numeric",
            Self::Text => "text",
            Self::Varchar => "character varying",
            Self::Bpchar => "character",
            Self::Uuid => "uuid",
            Self::Date => "date",
            Self::Time => "time without time zone",
            Self::Timestamp => "timestamp without time zone",
            Self::Timestamptz => "timestamp with time zone",
            Self::Interval => "interval",
            Self::Json => "json",
            Self::Jsonb => "jsonb",
            Self::Bytea => "bytea",
            Self::Void => "void",
            Self::Enum(declared) if declared.schema == "public" => &declared.name,
            Self::Enum(declared) => return write!(out, "{}.{}", declared.schema, declared.name),
            Self::Array(element) => return write!(out, "{element}[]"),
            Self::Native(native) => return native.fmt(out),
        })
    }
}

/// The type with its modifier: `numeric(10,2)`, `timestamp(3) with time zone`, `character varying(20)[]`.
impl fmt::Display for ColumnType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (element, brackets) = match &self.ty {
            Type::Array(element) => (&**element, "[]"),
            ty => (ty, ""),
        };
        match self.modifier {
            Modifier::None => write!(out, "{element}"),
            Modifier::Length(length) => write!(out, "{element}({length})"),
            Modifier::Precision(precision, scale) => write!(out, "{element}({precision},{scale})"),
            Modifier::Seconds(digits) => {
                let name = element.to_string();
                let (word, rest) =
                    name.split_once(' ').map_or((&*name, None), |(word, rest)| (word, Some(rest)));
                match rest {
                    Some(rest) => write!(out, "{word}({digits}) {rest}"),
                    None => write!(out, "{word}({digits})"),
                }
            }
        }?;
        out.write_str(brackets)
    }
}

impl From<Type> for ColumnType {
    fn from(ty: Type) -> Self {
        Self { ty, modifier: Modifier::None }
    }
}
