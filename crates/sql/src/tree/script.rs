//! What seed scripts and dumps hold beside definitions: rows, settings, psql commands, and objects that are read only
//! to be recognised.

use super::{FunctionSignature, Name, QualifiedName, Query, SequenceOptions};
use crate::span::Span;

/// `INSERT INTO table (columns) …`
#[derive(Clone, Debug, PartialEq)]
pub struct Insert {
    /// The table.
    pub table: QualifiedName,
    /// The columns; empty means all, in order.
    pub columns: Vec<Name>,
    /// `OVERRIDING SYSTEM VALUE | USER VALUE`
    pub overriding: Option<Overriding>,
    /// The rows.
    pub source: InsertSource,
    /// `ON CONFLICT [(columns)] DO NOTHING`
    pub on_conflict: Option<OnConflictNothing>,
    /// The statement.
    pub span: Span,
}

/// What INSERT does with values given for identity columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overriding {
    /// Use them.
    SystemValue,
    /// Ignore them.
    UserValue,
}

/// The rows of an INSERT.
#[derive(Clone, Debug, PartialEq)]
pub enum InsertSource {
    /// `VALUES …` or `SELECT …`
    Query(Box<Query>),
    /// `DEFAULT VALUES`
    DefaultValues,
}

/// `ON CONFLICT [(columns)] DO NOTHING`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnConflictNothing {
    /// The columns of the unique constraint meant; empty means any.
    pub columns: Vec<Name>,
    /// All of it.
    pub span: Span,
}

/// `COPY table (columns) FROM stdin;` and the lines up to `\.`, in the text format of pg_dump.
#[derive(Clone, Debug, PartialEq)]
pub struct CopyFrom {
    /// The table.
    pub table: QualifiedName,
    /// The columns; empty means all, in order.
    pub columns: Vec<Name>,
    /// The rows.
    pub rows: Vec<CopyRow>,
    /// The statement with its data.
    pub span: Span,
}

/// One line of COPY data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyRow {
    /// The fields, decoded; `None` for `\N`.
    pub values: Vec<Option<String>>,
    /// The line.
    pub span: Span,
}

/// `SET [SESSION | LOCAL] name TO values`, `RESET name`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    /// The setting, in lower case, dotted when it was; `SET TIME ZONE` is `timezone`.
    pub name: String,
    /// Its values, decoded; empty for `DEFAULT` and `RESET`.
    pub values: Vec<String>,
    /// Whether LOCAL was written.
    pub local: bool,
    /// The statement.
    pub span: Span,
}

/// `BEGIN`, `COMMIT`, `ROLLBACK` in their spellings
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// Which.
    pub kind: TransactionKind,
    /// The statement.
    pub span: Span,
}

/// Where a transaction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionKind {
    /// `BEGIN`, `START TRANSACTION`
    Begin,
    /// `COMMIT`, `END`
    Commit,
    /// `ROLLBACK`, `ABORT`
    Rollback,
}

/// A psql command: `\connect shop`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PsqlCommand {
    /// The word after the backslash.
    pub name: String,
    /// The rest of the line, trimmed.
    pub arguments: String,
    /// The line.
    pub span: Span,
}

/// `CREATE DATABASE`, `DROP DATABASE`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// CREATE (false) or DROP (true).
    pub drop: bool,
    /// The database.
    pub name: Name,
    /// The statement.
    pub span: Span,
}

/// `CREATE EXTENSION [IF NOT EXISTS] name [WITH SCHEMA s]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateExtension {
    /// Whether IF NOT EXISTS was written.
    pub if_not_exists: bool,
    /// The extension.
    pub name: Name,
    /// The schema it goes into.
    pub schema: Option<Name>,
    /// The statement.
    pub span: Span,
}

/// `CREATE SEQUENCE [IF NOT EXISTS] name …`
#[derive(Clone, Debug, PartialEq)]
pub struct CreateSequence {
    /// Whether IF NOT EXISTS was written.
    pub if_not_exists: bool,
    /// The sequence.
    pub name: QualifiedName,
    /// Its options.
    pub options: SequenceOptions,
    /// The statement.
    pub span: Span,
}

/// `ALTER SEQUENCE [IF EXISTS] name …`
#[derive(Clone, Debug, PartialEq)]
pub struct AlterSequence {
    /// Whether IF EXISTS was written.
    pub if_exists: bool,
    /// The sequence.
    pub name: QualifiedName,
    /// What changes; `OWNED BY` is the usual one.
    pub options: SequenceOptions,
    /// The statement.
    pub span: Span,
}

/// `ALTER kind name OWNER TO role`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlterOwner {
    /// The object.
    pub object: ObjectRef,
    /// The new owner.
    pub owner: Name,
    /// The statement.
    pub span: Span,
}

/// `DROP kind [IF EXISTS] a, b [CASCADE]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DropObjects {
    /// Whether IF EXISTS was written.
    pub if_exists: bool,
    /// The objects, all of one kind: one or more.
    pub objects: Vec<ObjectRef>,
    /// `CASCADE`
    pub cascade: bool,
    /// The statement.
    pub span: Span,
}

/// An object of any kind, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ObjectRef {
    /// A table.
    Table(QualifiedName),
    /// A view.
    View(QualifiedName),
    /// A sequence.
    Sequence(QualifiedName),
    /// An index.
    Index(QualifiedName),
    /// A type.
    Type(QualifiedName),
    /// A domain.
    Domain(QualifiedName),
    /// A function.
    Function(FunctionSignature),
    /// A schema.
    Schema(Name),
    /// An extension.
    Extension(Name),
    /// A policy and its table.
    Policy(Name, QualifiedName),
}
