//! What only an existing database knows itself: types, operators and functions that a catalog found there.
//!
//! The engine that the catalog came from says them by name; every other engine, and the evaluator, refuses them. Values of such
//! a type are their text form ([`Value::Text`](crate::Value::Text)), which the database reads by a cast.

use std::fmt;
use std::sync::Arc;

use crate::{Expr, Type};

/// A type of an existing database.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct NativeType {
    /// Its schema; empty where the database is to look the name up.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// What is known of it.
    pub kind: NativeKind,
    /// Whether `to_json` gives more than its text as a string: composites, and types with a cast to json.
    pub has_json: bool,
}

/// What is known of a native type.
#[derive(Debug, PartialEq, Eq, Hash)]
pub enum NativeKind {
    /// Nothing but its text form.
    Plain,
    /// A row: its attributes in order. JSON objects become rows by them.
    Composite(Vec<(String, Type)>),
    /// Arrays of several dimensions of this type: JSON arrays in arrays become them.
    Nested(Type),
    /// `tsvector`: full-text operators need no conversion.
    TextSearch,
    /// A domain whose values requests show and give in another form than the database keeps them in.
    Represented(Box<Representation>),
}

/// How values of a domain are shown and given: functions by schema and name (PostgREST, "Domain Representations").
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Representation {
    /// What the domain narrows.
    pub base: Type,
    /// Makes JSON of a value.
    pub to_json: Option<(String, String)>,
    /// Makes a value of JSON, for rows that are written.
    pub from_json: Option<(String, String)>,
    /// Makes a value of a text, for filters.
    pub from_text: Option<(String, String)>,
}

impl Representation {
    /// The JSON that stands for a text.
    pub fn json_of(text: &str) -> String {
        serde_json::Value::from(text).to_string()
    }
}

impl NativeType {
    /// A type without attributes.
    pub fn plain(schema: impl Into<String>, name: impl Into<String>, has_json: bool) -> Type {
        Type::Native(Arc::new(Self {
            schema: schema.into(),
            name: name.into(),
            kind: NativeKind::Plain,
            has_json,
        }))
    }

    /// How its values are shown and given, where that is another form than its own.
    pub fn representation(&self) -> Option<&Representation> {
        match &self.kind {
            NativeKind::Represented(representation) => Some(representation),
            _ => None,
        }
    }
}

/// As PostgreSQL's messages call it: with its schema unless everybody finds it.
impl fmt::Display for NativeType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let NativeKind::Nested(element) = &self.kind {
            return write!(out, "{element}[]");
        }
        match self.schema.as_str() {
            "" | "pg_catalog" | "public" => out.write_str(&self.name),
            schema => write!(out, "{schema}.{}", self.name),
        }
    }
}

/// A use of a native operator, function or type.
#[derive(Debug, Clone, PartialEq)]
pub struct Native {
    /// Which.
    pub op: NativeOp,
    /// What it is applied to.
    pub args: Vec<Expr>,
}

/// The native things that expressions use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NativeOp {
    /// `left op right`, as the database resolves it.
    Operator(&'static str),
    /// A function of the database by its schema and name.
    Function(String, String),
    /// A row of these values, of a composite type: `ROW(…)::schema.name`.
    Row(String, String),
    /// A row of these values, of no declared type, under these names.
    Record(Vec<String>),
    /// A GeoJSON feature collection of all rows, by the functions of PostGIS in that schema.
    Features(String),
}

/// A function of the database as a source of rows.
#[derive(Debug, Clone, PartialEq)]
pub struct NativeCall {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// The names of its arguments, where they are given by name.
    pub names: Vec<Option<String>>,
    /// The arguments that are given.
    pub args: Vec<Expr>,
    /// Whether the last one is the array of a VARIADIC argument.
    pub variadic: bool,
    /// How many columns it yields; `None` for rows of no declared type, which are one value each.
    pub columns: Option<u32>,
}
