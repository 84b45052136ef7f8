//! Definitions: schemas, tables, types, indexes, views, comments.

use super::{Expr, FunctionSignature, Name, Nulls, QualifiedName, Query, TypeName};
use crate::span::Span;

/// `CREATE SCHEMA [IF NOT EXISTS] name [AUTHORIZATION role]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateSchema {
    /// Whether IF NOT EXISTS was written.
    pub if_not_exists: bool,
    /// The schema.
    pub name: Name,
    /// The statement.
    pub span: Span,
}

/// `CREATE TABLE [IF NOT EXISTS] name (…)`
#[derive(Clone, Debug, PartialEq)]
pub struct CreateTable {
    /// Whether IF NOT EXISTS was written.
    pub if_not_exists: bool,
    /// The table.
    pub name: QualifiedName,
    /// Its columns in order; may be empty.
    pub columns: Vec<ColumnDef>,
    /// The constraints written beside the columns.
    pub constraints: Vec<TableConstraint>,
    /// The statement.
    pub span: Span,
}

/// A column of a CREATE TABLE or ADD COLUMN.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnDef {
    /// The column.
    pub name: Name,
    /// Its type; `serial` and its kin are types here.
    pub type_name: TypeName,
    /// `COLLATE`
    pub collation: Option<QualifiedName>,
    /// Everything after the type, in order. Contradictions (NULL NOT NULL, two defaults) are not resolved here.
    pub constraints: Vec<ColumnConstraint>,
    /// The definition.
    pub span: Span,
}

/// One constraint or property of a column.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnConstraint {
    /// `CONSTRAINT name`
    pub name: Option<Name>,
    /// What it says.
    pub kind: ColumnConstraintKind,
    /// `DEFERRABLE`
    pub deferral: Deferral,
    /// The constraint.
    pub span: Span,
}

/// What may be said of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum ColumnConstraintKind {
    /// `NOT NULL`
    NotNull,
    /// `NULL`
    Null,
    /// `DEFAULT …`
    Default(Expr),
    /// `GENERATED … AS IDENTITY`
    Identity(Identity),
    /// `GENERATED ALWAYS AS (…) STORED`
    Generated(Expr),
    /// `CHECK (…)`
    Check(Expr),
    /// `UNIQUE [NULLS NOT DISTINCT]`
    Unique {
        /// Whether two NULLs collide.
        nulls_not_distinct: bool,
    },
    /// `PRIMARY KEY`
    PrimaryKey,
    /// `REFERENCES …`
    References(References),
}

/// `GENERATED ALWAYS | BY DEFAULT AS IDENTITY (…)`
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    /// Whether ALWAYS was written rather than BY DEFAULT.
    pub always: bool,
    /// What was written in parentheses.
    pub sequence: Box<SequenceOptions>,
}

/// The options of a sequence or identity, `None` where nothing was written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SequenceOptions {
    /// `AS type`
    pub type_name: Option<TypeName>,
    /// `START [WITH] n`
    pub start: Option<i64>,
    /// `INCREMENT [BY] n`
    pub increment: Option<i64>,
    /// `MINVALUE n`; `NO MINVALUE` is `None`
    pub min: Option<i64>,
    /// `MAXVALUE n`; `NO MAXVALUE` is `None`
    pub max: Option<i64>,
    /// `CACHE n`
    pub cache: Option<i64>,
    /// `CYCLE` or `NO CYCLE`
    pub cycle: Option<bool>,
    /// `RESTART [WITH n]`
    pub restart: Option<Option<i64>>,
    /// `OWNED BY`
    pub owned_by: Option<SequenceOwner>,
    /// `SEQUENCE NAME name`, which pg_dump writes for identity columns
    pub name: Option<QualifiedName>,
}

/// After OWNED BY.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SequenceOwner {
    /// `NONE`
    None,
    /// A column.
    Column(ColumnPath),
}

/// A column of a named table: `shop.customers.id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnPath {
    /// The table.
    pub table: QualifiedName,
    /// The column.
    pub column: Name,
}

/// `REFERENCES table (columns) …`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct References {
    /// The referenced table.
    pub table: QualifiedName,
    /// Its columns; empty means its primary key.
    pub columns: Vec<Name>,
    /// Whether MATCH FULL was written; MATCH SIMPLE is what PostgreSQL does otherwise.
    pub match_full: bool,
    /// `ON DELETE`
    pub on_delete: ReferentialAction,
    /// `ON UPDATE`
    pub on_update: ReferentialAction,
    /// From REFERENCES to the last action.
    pub span: Span,
}

/// What happens to a row whose referenced row goes or changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ReferentialAction {
    /// `NO ACTION`, the default
    #[default]
    NoAction,
    /// `RESTRICT`
    Restrict,
    /// `CASCADE`
    Cascade,
    /// `SET NULL [(columns)]`: empty means all referencing columns
    SetNull(Vec<Name>),
    /// `SET DEFAULT [(columns)]`: empty means all referencing columns
    SetDefault(Vec<Name>),
}

/// `[NOT] DEFERRABLE`, `INITIALLY DEFERRED | IMMEDIATE`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Deferral {
    /// `NOT DEFERRABLE`, the default
    #[default]
    NotDeferrable,
    /// `DEFERRABLE INITIALLY IMMEDIATE`
    Immediate,
    /// `DEFERRABLE INITIALLY DEFERRED`
    Deferred,
}

/// A constraint of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct TableConstraint {
    /// `CONSTRAINT name`
    pub name: Option<Name>,
    /// What it says.
    pub kind: TableConstraintKind,
    /// `DEFERRABLE`
    pub deferral: Deferral,
    /// The constraint.
    pub span: Span,
}

/// Kinds of table constraint.
#[derive(Clone, Debug, PartialEq)]
pub enum TableConstraintKind {
    /// `PRIMARY KEY (…)`
    PrimaryKey {
        /// The columns in order.
        columns: Vec<Name>,
    },
    /// `UNIQUE [NULLS NOT DISTINCT] (…)`
    Unique {
        /// The columns in order.
        columns: Vec<Name>,
        /// Whether two NULLs collide.
        nulls_not_distinct: bool,
    },
    /// `CHECK (…)`
    Check(Expr),
    /// `FOREIGN KEY (…) REFERENCES …`
    ForeignKey {
        /// The referencing columns in order.
        columns: Vec<Name>,
        /// What they reference.
        references: References,
    },
}

/// `CREATE TYPE name AS ENUM (…)`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateEnum {
    /// The type.
    pub name: QualifiedName,
    /// Its labels in order.
    pub labels: Vec<EnumLabel>,
    /// The statement.
    pub span: Span,
}

/// One label of an enum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnumLabel {
    /// The label, decoded.
    pub text: String,
    /// Where it was written, quotes included.
    pub span: Span,
}

/// `CREATE DOMAIN name AS type …`
#[derive(Clone, Debug, PartialEq)]
pub struct CreateDomain {
    /// The domain.
    pub name: QualifiedName,
    /// What it is based on.
    pub type_name: TypeName,
    /// `COLLATE`
    pub collation: Option<QualifiedName>,
    /// `DEFAULT …`
    pub default: Option<Expr>,
    /// `NOT NULL`
    pub not_null: bool,
    /// `CHECK (…)`, in which the column `value` is the value itself.
    pub checks: Vec<DomainCheck>,
    /// The statement.
    pub span: Span,
}

/// `[CONSTRAINT name] CHECK (…)` of a domain.
#[derive(Clone, Debug, PartialEq)]
pub struct DomainCheck {
    /// `CONSTRAINT name`
    pub name: Option<Name>,
    /// The condition.
    pub condition: Expr,
    /// All of it.
    pub span: Span,
}

/// `CREATE [UNIQUE] INDEX [CONCURRENTLY] [IF NOT EXISTS] [name] ON table …`
#[derive(Clone, Debug, PartialEq)]
pub struct CreateIndex {
    /// `UNIQUE`
    pub unique: bool,
    /// Whether IF NOT EXISTS was written.
    pub if_not_exists: bool,
    /// The index; PostgreSQL makes one up when absent. It lives in its table's schema.
    pub name: Option<Name>,
    /// The table.
    pub table: QualifiedName,
    /// `USING method`
    pub method: Option<Name>,
    /// The keys in order.
    pub elements: Vec<IndexElement>,
    /// `INCLUDE (…)`
    pub include: Vec<Name>,
    /// `NULLS NOT DISTINCT`
    pub nulls_not_distinct: bool,
    /// `WHERE …`
    pub predicate: Option<Expr>,
    /// The statement.
    pub span: Span,
}

/// One key of an index.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexElement {
    /// A column reference without table, or an expression.
    pub value: Expr,
    /// `COLLATE`
    pub collation: Option<QualifiedName>,
    /// The operator class, as in `text_pattern_ops`.
    pub operator_class: Option<QualifiedName>,
    /// `DESC`
    pub descending: bool,
    /// `NULLS FIRST`, `NULLS LAST`
    pub nulls: Option<Nulls>,
    /// All of it.
    pub span: Span,
}

/// `CREATE [OR REPLACE] VIEW name (columns) WITH (security_invoker = …) AS query`
#[derive(Clone, Debug, PartialEq)]
pub struct CreateView {
    /// Whether OR REPLACE was written.
    pub or_replace: bool,
    /// The view.
    pub name: QualifiedName,
    /// New names for its first columns.
    pub columns: Vec<Name>,
    /// Whether it reads with the rights of who asks rather than of its owner.
    pub security_invoker: bool,
    /// The query.
    pub query: Box<Query>,
    /// The statement.
    pub span: Span,
}

/// `ALTER TABLE [IF EXISTS] [ONLY] name action, …`
#[derive(Clone, Debug, PartialEq)]
pub struct AlterTable {
    /// Whether IF EXISTS was written.
    pub if_exists: bool,
    /// The table.
    pub name: QualifiedName,
    /// The actions in order: one or more.
    pub actions: Vec<AlterTableAction>,
    /// The statement.
    pub span: Span,
}

/// One action of an ALTER TABLE.
#[derive(Clone, Debug, PartialEq)]
pub enum AlterTableAction {
    /// `ADD [COLUMN] [IF NOT EXISTS] …`
    AddColumn {
        /// Whether IF NOT EXISTS was written.
        if_not_exists: bool,
        /// The column.
        column: ColumnDef,
    },
    /// `ADD [CONSTRAINT name] …`
    AddConstraint(TableConstraint),
    /// `ALTER COLUMN … SET DEFAULT …`
    SetDefault {
        /// The column.
        column: Name,
        /// The default.
        value: Expr,
    },
    /// `ALTER COLUMN … DROP DEFAULT`
    DropDefault {
        /// The column.
        column: Name,
    },
    /// `ALTER COLUMN … SET NOT NULL`
    SetNotNull {
        /// The column.
        column: Name,
    },
    /// `ALTER COLUMN … DROP NOT NULL`
    DropNotNull {
        /// The column.
        column: Name,
    },
    /// `ALTER COLUMN … ADD GENERATED … AS IDENTITY`
    AddIdentity {
        /// The column.
        column: Name,
        /// The identity.
        identity: Identity,
    },
    /// `ENABLE | DISABLE | FORCE | NO FORCE ROW LEVEL SECURITY`
    RowSecurity(RowSecurity),
    /// `OWNER TO role`
    OwnerTo(Name),
}

/// What an ALTER TABLE says of row-level security.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowSecurity {
    /// `ENABLE`
    Enable,
    /// `DISABLE`
    Disable,
    /// `FORCE`
    Force,
    /// `NO FORCE`
    NoForce,
}

/// `COMMENT ON … IS …`
#[derive(Clone, Debug, PartialEq)]
pub struct Comment {
    /// On what.
    pub target: CommentTarget,
    /// The text; `None` for `IS NULL`.
    pub text: Option<String>,
    /// The statement.
    pub span: Span,
}

/// What a comment is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommentTarget {
    /// `TABLE`
    Table(QualifiedName),
    /// `VIEW`
    View(QualifiedName),
    /// `COLUMN table.column`
    Column(ColumnPath),
    /// `FUNCTION f(…)`
    Function(FunctionSignature),
    /// `TYPE`
    Type(QualifiedName),
    /// `DOMAIN`
    Domain(QualifiedName),
    /// `SCHEMA`
    Schema(Name),
    /// `INDEX`
    Index(QualifiedName),
    /// `SEQUENCE`
    Sequence(QualifiedName),
    /// `EXTENSION`
    Extension(Name),
    /// `DATABASE`
    Database(Name),
    /// `CONSTRAINT name ON table`
    Constraint {
        /// The constraint.
        name: Name,
        /// Its table.
        table: QualifiedName,
    },
    /// `POLICY name ON table`
    Policy {
        /// The policy.
        name: Name,
        /// Its table.
        table: QualifiedName,
    },
}
