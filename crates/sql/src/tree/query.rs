//! Queries: SELECT, VALUES, set operations, WITH.

use super::{Expr, FunctionCall, Name, QualifiedName, TypeName};
use crate::span::Span;

/// A query with what may stand around its body.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// `WITH …`
    pub with: Option<With>,
    /// The rows.
    pub body: QueryBody,
    /// `ORDER BY`, empty when absent.
    pub order_by: Vec<OrderItem>,
    /// `LIMIT n` (also `FETCH FIRST n ROWS ONLY`); `LIMIT ALL` is `None`.
    pub limit: Option<Expr>,
    /// `OFFSET n`
    pub offset: Option<Expr>,
    /// The query.
    pub span: Span,
}

/// Where a query's rows come from.
#[derive(Clone, Debug, PartialEq)]
pub enum QueryBody {
    /// `SELECT …`
    Select(Box<Select>),
    /// `VALUES (…), (…)`: one or more rows of the same length.
    Values(Values),
    /// `left UNION | INTERSECT | EXCEPT [ALL] right`
    Set {
        /// Which.
        operation: SetOperation,
        /// Whether ALL was written.
        all: bool,
        /// Left.
        left: Box<QueryBody>,
        /// Right.
        right: Box<QueryBody>,
        /// The operator's word.
        span: Span,
    },
    /// A query in parentheses, with an ORDER BY, LIMIT or WITH of its own.
    Nested(Box<Query>),
}

/// The set operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetOperation {
    /// `UNION`
    Union,
    /// `INTERSECT`, which binds tighter than the other two
    Intersect,
    /// `EXCEPT`
    Except,
}

/// `VALUES`
#[derive(Clone, Debug, PartialEq)]
pub struct Values {
    /// The rows, each with its values.
    pub rows: Vec<Vec<Expr>>,
    /// From VALUES to the last row.
    pub span: Span,
}

/// `WITH [RECURSIVE] …`
#[derive(Clone, Debug, PartialEq)]
pub struct With {
    /// Whether RECURSIVE was written.
    pub recursive: bool,
    /// The named queries: one or more.
    pub tables: Vec<CommonTable>,
    /// From WITH to the last of them.
    pub span: Span,
}

/// `name (columns) AS (query)`
#[derive(Clone, Debug, PartialEq)]
pub struct CommonTable {
    /// The name it can be selected from by.
    pub name: Name,
    /// New names for its first columns.
    pub columns: Vec<Name>,
    /// `MATERIALIZED` (true), `NOT MATERIALIZED` (false), or nothing.
    pub materialized: Option<bool>,
    /// The query.
    pub query: Box<Query>,
    /// All of it.
    pub span: Span,
}

/// One SELECT.
#[derive(Clone, Debug, PartialEq)]
pub struct Select {
    /// `DISTINCT`
    pub distinct: Distinct,
    /// What is selected; may be empty, as in `EXISTS (SELECT FROM t)`.
    pub items: Vec<SelectItem>,
    /// `FROM`: several mean a cross join.
    pub from: Vec<FromItem>,
    /// `WHERE`
    pub filter: Option<Expr>,
    /// `GROUP BY`
    pub group_by: Vec<Expr>,
    /// `HAVING`
    pub having: Option<Expr>,
    /// From SELECT to the end of the last clause.
    pub span: Span,
}

/// Which rows a SELECT keeps.
#[derive(Clone, Debug, PartialEq)]
pub enum Distinct {
    /// All.
    No,
    /// `DISTINCT`
    Rows,
    /// `DISTINCT ON (…)`
    On(Vec<Expr>),
}

/// One entry of the select list.
#[derive(Clone, Debug, PartialEq)]
pub enum SelectItem {
    /// `*`, `t.*`
    Wildcard {
        /// The table or alias before the dot.
        table: Option<QualifiedName>,
        /// All of it.
        span: Span,
    },
    /// An expression.
    Value {
        /// The expression.
        value: Expr,
        /// The name given to it.
        alias: Option<Name>,
    },
}

/// One entry of FROM.
#[derive(Clone, Debug, PartialEq)]
pub enum FromItem {
    /// A table, a view or the name of a WITH query.
    Table {
        /// The name.
        name: QualifiedName,
        /// `[AS] alias (columns)`
        alias: Option<TableAlias>,
    },
    /// `(SELECT …) AS alias`, `(VALUES …) AS alias`
    Subquery {
        /// Whether it may see the entries before it.
        lateral: bool,
        /// The query.
        query: Box<Query>,
        /// `[AS] alias (columns)`
        alias: Option<TableAlias>,
        /// All of it.
        span: Span,
    },
    /// `f(…) AS alias`. Functions may always see the entries before them.
    Function {
        /// The call.
        call: Box<FunctionCall>,
        /// `WITH ORDINALITY`
        with_ordinality: bool,
        /// `[AS] alias (columns)`
        alias: Option<TableAlias>,
        /// `AS alias (name type, …)`, empty when the columns have no types written.
        column_types: Vec<ColumnSpec>,
        /// All of it.
        span: Span,
    },
    /// `left JOIN right …`
    Join {
        /// Left.
        left: Box<FromItem>,
        /// Right.
        right: Box<FromItem>,
        /// INNER, LEFT, RIGHT, FULL, CROSS.
        kind: JoinKind,
        /// How rows are matched.
        condition: JoinCondition,
        /// All of it.
        span: Span,
    },
}

impl FromItem {
    /// The whole entry with its alias.
    pub fn span(&self) -> Span {
        match self {
            FromItem::Table { name, alias } => alias.as_ref().map_or(name.span, |it| name.span.to(it.span)),
            FromItem::Subquery { span, .. }
            | FromItem::Function { span, .. }
            | FromItem::Join { span, .. } => *span,
        }
    }
}

/// A column with its type, where no more than that can be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnSpec {
    /// The column.
    pub name: Name,
    /// Its type.
    pub type_name: TypeName,
    /// Both.
    pub span: Span,
}

/// `[AS] name (columns)`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableAlias {
    /// The alias.
    pub name: Name,
    /// New names for the first columns.
    pub columns: Vec<Name>,
    /// Both.
    pub span: Span,
}

/// Kinds of join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinKind {
    /// `[INNER] JOIN`
    Inner,
    /// `LEFT [OUTER] JOIN`
    Left,
    /// `RIGHT [OUTER] JOIN`
    Right,
    /// `FULL [OUTER] JOIN`
    Full,
    /// `CROSS JOIN`; its condition is [`JoinCondition::None`]
    Cross,
}

/// How a join matches rows.
#[derive(Clone, Debug, PartialEq)]
pub enum JoinCondition {
    /// `ON …`
    On(Expr),
    /// `USING (…)`
    Using(Vec<Name>),
    /// A cross join.
    None,
}

/// One entry of ORDER BY.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderItem {
    /// The sort key: an expression, an output column's name, or its position as a number literal.
    pub value: Expr,
    /// `DESC`
    pub descending: bool,
    /// `NULLS FIRST`, `NULLS LAST`; absent means last when ascending and first when descending.
    pub nulls: Option<Nulls>,
}

/// Where NULLs sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nulls {
    /// `NULLS FIRST`
    First,
    /// `NULLS LAST`
    Last,
}
