//! What the system catalogs say of a database, as the queries of this folder answer it. Objects are known by their numbers.

use serde::Deserialize;

/// A number of the system catalogs.
pub type Oid = u32;

/// A type.
#[derive(Debug, Clone, Deserialize)]
pub struct Type {
    pub oid: Oid,
    pub schema: String,
    pub name: String,
    /// `b` base, `c` composite, `d` domain, `e` enum, `m` multirange, `p` pseudo, `r` range.
    pub kind: char,
    /// For an array: the type of its elements; else 0.
    pub element: Oid,
    /// For a domain: what it narrows, and by which modifier.
    pub base: Oid,
    pub modifier: i32,
    /// For a composite type: its relation, and whether that is a table or view.
    pub relation: Oid,
    pub is_row: bool,
    #[serde(default)]
    pub labels: Vec<String>,
    #[serde(default)]
    pub attributes: Vec<Attribute>,
    /// Whether a cast of its own makes json of it.
    pub has_json: bool,
    /// Of a domain: the functions, by schema and name, of implicit casts to and from other forms.
    pub to_json: Option<(String, String)>,
    pub from_json: Option<(String, String)>,
    pub from_text: Option<(String, String)>,
}

/// An attribute of a composite type that is no table.
#[derive(Debug, Clone, Deserialize)]
pub struct Attribute {
    pub name: String,
    pub ty: Oid,
}

/// A table, view, materialized view or foreign table.
#[derive(Debug, Clone, Deserialize)]
pub struct Relation {
    pub oid: Oid,
    pub schema: String,
    pub name: String,
    /// As `pg_class.relkind` has it.
    pub kind: char,
    pub comment: Option<String>,
    /// The bits of `pg_relation_is_updatable`.
    pub writable: i32,
    pub row_security: bool,
    #[serde(default)]
    pub columns: Vec<Column>,
    #[serde(default)]
    pub keys: Vec<Key>,
    #[serde(default)]
    pub foreign_keys: Vec<ForeignKey>,
    /// A view's query as the server keeps it (`pg_rewrite.ev_action`).
    pub query: Option<String>,
}

/// A column.
#[derive(Debug, Clone, Deserialize)]
pub struct Column {
    pub number: i16,
    pub name: String,
    pub ty: Oid,
    pub modifier: i32,
    /// How many dimensions an array was declared with; the type does not say.
    pub dimensions: i16,
    pub not_null: bool,
    /// The text of its default, or of what it is generated from.
    pub default: Option<String>,
    pub is_identity: bool,
    pub comment: Option<String>,
}

/// A primary key or a UNIQUE constraint.
#[derive(Debug, Clone, Deserialize)]
pub struct Key {
    pub name: String,
    pub is_primary: bool,
    pub columns: Vec<i16>,
}

/// A foreign key.
#[derive(Debug, Clone, Deserialize)]
pub struct ForeignKey {
    pub name: String,
    pub columns: Vec<i16>,
    pub target: Oid,
    pub target_columns: Vec<i16>,
    pub on_delete: char,
    pub on_update: char,
    pub is_deferrable: bool,
    pub is_deferred: bool,
}

/// A function.
#[derive(Debug, Clone, Deserialize)]
pub struct Function {
    pub schema: String,
    pub name: String,
    pub comment: Option<String>,
    /// `i`, `s`, `v`
    pub volatility: char,
    pub is_strict: bool,
    pub is_definer: bool,
    pub is_set: bool,
    /// The estimate of ROWS.
    pub rows: f32,
    pub returns: Oid,
    /// Every argument in order, results among them: `i`, `o`, `b` (INOUT), `v` (VARIADIC), `t` (TABLE).
    #[serde(default)]
    pub arguments: Vec<Argument>,
    /// How many of the last arguments that are given have defaults.
    pub defaults: usize,
    /// SET clauses: `name=value`.
    #[serde(default)]
    pub settings: Vec<String>,
    /// Roles that may call it.
    #[serde(default)]
    pub callers: Vec<String>,
}

/// An argument.
#[derive(Debug, Clone, Deserialize)]
pub struct Argument {
    pub name: Option<String>,
    pub mode: char,
    pub ty: Oid,
}

/// What a role may do with a relation.
#[derive(Debug, Clone, Deserialize)]
pub struct Privilege {
    pub relation: Oid,
    pub role: String,
    /// `SELECT`, `INSERT`, `UPDATE`, `DELETE`
    pub verb: String,
    /// The columns, unless it is all of them.
    pub columns: Option<Vec<i16>>,
}

/// A function that makes a document of a media type.
#[derive(Debug, Clone, Deserialize)]
pub struct MediaHandler {
    pub media_type: String,
    /// What the domain narrows that is named like the media type.
    pub base: Oid,
    pub schema: String,
    pub name: String,
    /// `a` an aggregate, `f` a function, `g` PostGIS.
    pub kind: char,
    /// The type of an aggregate's argument, else 0.
    pub argument: Oid,
}

/// A schema.
#[derive(Debug, Clone, Deserialize)]
pub struct Schema {
    pub name: String,
    pub comment: Option<String>,
}

/// All of it.
#[derive(Debug, Clone, Default)]
pub struct Description {
    pub schemas: Vec<Schema>,
    pub types: Vec<Type>,
    pub relations: Vec<Relation>,
    pub functions: Vec<Function>,
    pub privileges: Vec<Privilege>,
    pub roles: Vec<String>,
    pub media_handlers: Vec<MediaHandler>,
}
