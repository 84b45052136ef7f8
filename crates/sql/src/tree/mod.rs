//! The tree: what a PostgreSQL statement says, in plain public types, each node with its place.
//!
//! The tree holds exactly what Mainstay supports; a statement that says more becomes
//! [`Statement::Unsupported`] as a whole, so that nothing written in a file is ever silently left out.
//! Names are already folded to lower case where they were not quoted. Nothing is resolved.

mod access;
mod ddl;
mod expr;
mod function;
mod query;
mod script;

pub use access::*;
pub use ddl::*;
pub use expr::*;
pub use function::*;
pub use query::*;
pub use script::*;

use crate::span::Span;

/// One identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The identifier as PostgreSQL sees it: folded to lower case unless it was quoted, quotes removed.
    pub text: String,
    /// Whether it was written in double quotes. `"user"` and `user` differ where the word has a meaning of its own.
    pub quoted: bool,
    /// Where it was written.
    pub span: Span,
}

impl Name {
    /// Whether this is the given lower-case word, written without quotes.
    pub fn is_word(&self, word: &str) -> bool {
        !self.quoted && self.text == word
    }
}

/// A name with an optional schema before it: `customers`, `shop.customers`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QualifiedName {
    /// The schema, when one was written.
    pub schema: Option<Name>,
    /// The object's own name.
    pub name: Name,
    /// From the schema to the end of the name.
    pub span: Span,
}

/// A type as written: `numeric(10,2)`, `timestamp(3) with time zone`, `shop.status[]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeName {
    /// The type's name. Spellings of several words arrive as PostgreSQL's one-word names:
    /// `double precision` as `float8`, `character varying` as `varchar`, `bit varying` as `varbit`,
    /// `timestamp with time zone` as `timestamptz`, `time with time zone` as `timetz`;
    /// `without time zone` as plain `timestamp` or `time`. One-word spellings (`int`, `integer`, `serial`) stay as written.
    pub name: QualifiedName,
    /// The numbers in parentheses: precision and scale, length, or precision in digits of a second.
    pub modifiers: Vec<i32>,
    /// How many array dimensions were written (`text[][]` has 2); 0 for a plain type. Sizes are dropped, as in PostgreSQL.
    pub array_depth: u8,
    /// The whole type with modifiers and brackets.
    pub span: Span,
}

/// One statement of a file.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Statement {
    /// `CREATE SCHEMA`
    CreateSchema(CreateSchema),
    /// `CREATE TABLE`
    CreateTable(CreateTable),
    /// `CREATE TYPE … AS ENUM`
    CreateEnum(CreateEnum),
    /// `CREATE DOMAIN`
    CreateDomain(CreateDomain),
    /// `CREATE INDEX`
    CreateIndex(CreateIndex),
    /// `CREATE VIEW`
    CreateView(CreateView),
    /// `CREATE FUNCTION`
    CreateFunction(CreateFunction),
    /// `CREATE POLICY`
    CreatePolicy(CreatePolicy),
    /// `ALTER TABLE`
    AlterTable(AlterTable),
    /// `GRANT` and `REVOKE` of privileges on objects
    Grant(Grant),
    /// `COMMENT ON`
    Comment(Comment),
    /// `CREATE EXTENSION`
    CreateExtension(CreateExtension),
    /// `CREATE SEQUENCE`
    CreateSequence(CreateSequence),
    /// `ALTER SEQUENCE`
    AlterSequence(AlterSequence),
    /// `ALTER … OWNER TO` of anything but a table (tables: [`AlterTableAction::OwnerTo`])
    AlterOwner(AlterOwner),
    /// `CREATE DATABASE`, `DROP DATABASE`
    Database(Database),
    /// `DROP TABLE`, `DROP TYPE` and so on, as scripts begin with
    Drop(DropObjects),
    /// `INSERT`
    Insert(Insert),
    /// `COPY … FROM stdin` with its inline rows
    Copy(CopyFrom),
    /// A query on its own: `SELECT setval(…)`, `SELECT set_config(…)`, or any other
    Query(Query),
    /// `SET`, `RESET`
    Set(Set),
    /// `BEGIN`, `COMMIT`, `ROLLBACK`
    Transaction(Transaction),
    /// A psql command: a line that begins with a backslash
    Psql(PsqlCommand),
    /// Valid in PostgreSQL (as far as we can tell), but not part of what Mainstay understands.
    Unsupported {
        /// What it is, to be said in a message: `CREATE TRIGGER`, `window functions`, `PARTITION BY`.
        what: String,
        /// The place of just that part.
        place: Span,
        /// The whole statement.
        span: Span,
    },
}

impl Statement {
    /// The whole statement, from its first word to its last, without the semicolon.
    pub fn span(&self) -> Span {
        match self {
            Statement::CreateSchema(it) => it.span,
            Statement::CreateTable(it) => it.span,
            Statement::CreateEnum(it) => it.span,
            Statement::CreateDomain(it) => it.span,
            Statement::CreateIndex(it) => it.span,
            Statement::CreateView(it) => it.span,
            Statement::CreateFunction(it) => it.span,
            Statement::CreatePolicy(it) => it.span,
            Statement::AlterTable(it) => it.span,
            Statement::Grant(it) => it.span,
            Statement::Comment(it) => it.span,
            Statement::CreateExtension(it) => it.span,
            Statement::CreateSequence(it) => it.span,
            Statement::AlterSequence(it) => it.span,
            Statement::AlterOwner(it) => it.span,
            Statement::Database(it) => it.span,
            Statement::Drop(it) => it.span,
            Statement::Insert(it) => it.span,
            Statement::Copy(it) => it.span,
            Statement::Query(it) => it.span,
            Statement::Set(it) => it.span,
            Statement::Transaction(it) => it.span,
            Statement::Psql(it) => it.span,
            Statement::Unsupported { span, .. } => *span,
        }
    }
}
