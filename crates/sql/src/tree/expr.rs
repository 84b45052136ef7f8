//! Expressions.
//!
//! Spellings that mean a function call are already one: `x AT TIME ZONE z` is `timezone(z, x)`,
//! `SUBSTRING(x FROM a FOR b)` is `substring(x, a, b)`, `TRIM(BOTH c FROM x)` is `btrim(x, c)`,
//! `POSITION(a IN b)` is `strpos(b, a)`, `EXTRACT(year FROM x)` is `extract('year', x)`, as PostgreSQL itself reads them.
//! `CAST(x AS t)`, `x::t` and `t 'x'` are one node. Parentheses leave no trace but the shape of the tree.

use super::{Name, QualifiedName, Query, TypeName};
use crate::span::Span;

/// An expression and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it was written.
    pub span: Span,
}

/// The forms of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A constant.
    Literal(Literal),
    /// `column`, `table.column`, `schema.table.column`. In the CHECK of a domain, `VALUE` is the column `value`.
    Column(ColumnRef),
    /// `$1`: the number of a function's argument, counted from 1.
    Parameter(u32),
    /// `CURRENT_TIMESTAMP`, `CURRENT_DATE`, `CURRENT_USER` and their kin, with a precision in digits where one was written.
    SqlValue(SqlValue, Option<u32>),
    /// A prefix operator: `- x`, `+ x`, `@ x`, `~ x`. The minus of a number literal is one too.
    Unary {
        /// The operator.
        operator: Operator,
        /// What it is applied to.
        operand: Box<Expr>,
    },
    /// An infix operator other than AND, OR and the word operators below.
    Binary {
        /// Left of the operator.
        left: Box<Expr>,
        /// The operator; `!=` arrives as `<>`.
        operator: Operator,
        /// Right of it.
        right: Box<Expr>,
    },
    /// `a AND b AND c`: two or more.
    And(Vec<Expr>),
    /// `a OR b OR c`: two or more.
    Or(Vec<Expr>),
    /// `NOT x`
    Not(Box<Expr>),
    /// `x IS [NOT] NULL`
    IsNull {
        /// The tested value.
        operand: Box<Expr>,
        /// Whether NOT was written.
        negated: bool,
    },
    /// `x IS [NOT] TRUE | FALSE | UNKNOWN`
    IsBool {
        /// The tested value.
        operand: Box<Expr>,
        /// `Some(true)` TRUE, `Some(false)` FALSE, `None` UNKNOWN.
        value: Option<bool>,
        /// Whether NOT was written.
        negated: bool,
    },
    /// `a IS [NOT] DISTINCT FROM b`
    IsDistinct {
        /// Left.
        left: Box<Expr>,
        /// Right.
        right: Box<Expr>,
        /// Whether NOT was written: then the two are the same, NULL included.
        negated: bool,
    },
    /// `x [NOT] BETWEEN [SYMMETRIC] a AND b`
    Between {
        /// The tested value.
        operand: Box<Expr>,
        /// The lower bound.
        low: Box<Expr>,
        /// The upper bound.
        high: Box<Expr>,
        /// Whether the bounds may be in either order.
        symmetric: bool,
        /// Whether NOT was written.
        negated: bool,
    },
    /// `x [NOT] IN (a, b, …)`: one or more.
    InList {
        /// The tested value.
        operand: Box<Expr>,
        /// The values.
        list: Vec<Expr>,
        /// Whether NOT was written.
        negated: bool,
    },
    /// `x [NOT] IN (SELECT …)`
    InQuery {
        /// The tested value, or a row of values.
        operand: Box<Expr>,
        /// The query.
        query: Box<Query>,
        /// Whether NOT was written.
        negated: bool,
    },
    /// `x [NOT] LIKE | ILIKE pattern [ESCAPE e]`
    Like {
        /// The tested text.
        operand: Box<Expr>,
        /// The pattern.
        pattern: Box<Expr>,
        /// The escape character, when written; `''` means none.
        escape: Option<Box<Expr>>,
        /// Whether it is ILIKE.
        case_insensitive: bool,
        /// Whether NOT was written.
        negated: bool,
    },
    /// `x = ANY (array or query)`, `x <> ALL (…)`. `SOME` is `ANY`; LIKE ANY has the operator `~~`, ILIKE ANY `~~*`,
    /// negated with `!` before them.
    Quantified {
        /// Left of the operator.
        left: Box<Expr>,
        /// The operator.
        operator: Operator,
        /// ANY or ALL.
        quantifier: Quantifier,
        /// The values.
        right: QuantifiedSet,
    },
    /// `CASE [x] WHEN … THEN … [ELSE …] END`
    Case {
        /// The value compared with each WHEN, when written.
        operand: Option<Box<Expr>>,
        /// One or more WHEN … THEN ….
        branches: Vec<CaseBranch>,
        /// ELSE.
        otherwise: Option<Box<Expr>>,
    },
    /// `CAST(x AS t)`, `x::t`, `t 'literal'`
    Cast {
        /// The value.
        operand: Box<Expr>,
        /// The type.
        type_name: TypeName,
    },
    /// A function call. COALESCE, NULLIF, GREATEST and LEAST are calls like any other.
    Call(Box<FunctionCall>),
    /// `EXISTS (SELECT …)`
    Exists(Box<Query>),
    /// `(SELECT …)` as one value
    Subquery(Box<Query>),
    /// `ARRAY[a, b]`; inner brackets of a nested array literal are arrays again.
    Array(Vec<Expr>),
    /// `ARRAY(SELECT …)`
    ArrayQuery(Box<Query>),
    /// `(a, b)` with two or more, or `ROW(…)` with any number.
    Row(Vec<Expr>),
    /// `x[i]`
    Subscript {
        /// The array or JSON value.
        operand: Box<Expr>,
        /// The index.
        index: Box<Expr>,
    },
    /// `x COLLATE c`
    Collate {
        /// The text.
        operand: Box<Expr>,
        /// The collation.
        collation: QualifiedName,
    },
    /// `DEFAULT` in a row of an INSERT.
    Default,
}

/// A constant as written.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `NULL`
    Null,
    /// `TRUE`, `FALSE`
    Bool(bool),
    /// A number without sign, in PostgreSQL's decimal syntax (`1`, `0.5`, `1e3`); underscores removed,
    /// hexadecimal, octal and binary numbers rewritten in decimal.
    Number(String),
    /// Text, decoded: `'it''s'`, `E'\n'`, `$$text$$`, `N'text'`.
    String(String),
    /// `B'0101'`: the digits.
    Bits(String),
    /// `X'1F'`: a bit string too in PostgreSQL, not bytes; the digits.
    HexBits(String),
}

/// A reference to a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnRef {
    /// The table or alias before the dot, when written.
    pub table: Option<QualifiedName>,
    /// The column.
    pub column: Name,
}

/// An operator by its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// `=`, `<>`, `||`, `->>`, `@>`, …
    pub text: String,
    /// Where it was written.
    pub span: Span,
}

/// ANY or ALL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantifier {
    /// `ANY`, `SOME`
    Any,
    /// `ALL`
    All,
}

/// What ANY or ALL ranges over.
#[derive(Clone, Debug, PartialEq)]
pub enum QuantifiedSet {
    /// An array value.
    Array(Box<Expr>),
    /// The rows of a query.
    Query(Box<Query>),
}

/// One WHEN of a CASE.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseBranch {
    /// After WHEN.
    pub when: Expr,
    /// After THEN.
    pub then: Expr,
}

/// The values that SQL writes as a bare word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SqlValue {
    /// `CURRENT_DATE`
    CurrentDate,
    /// `CURRENT_TIME`
    CurrentTime,
    /// `CURRENT_TIMESTAMP`
    CurrentTimestamp,
    /// `LOCALTIME`
    LocalTime,
    /// `LOCALTIMESTAMP`
    LocalTimestamp,
    /// `CURRENT_USER`, `CURRENT_ROLE`, `USER`
    CurrentUser,
    /// `SESSION_USER`
    SessionUser,
    /// `CURRENT_SCHEMA`
    CurrentSchema,
    /// `CURRENT_CATALOG`
    CurrentCatalog,
}

/// A function call.
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionCall {
    /// The function.
    pub name: QualifiedName,
    /// What is passed.
    pub arguments: CallArguments,
    /// `ORDER BY` inside the parentheses of an aggregate.
    pub order_by: Vec<super::OrderItem>,
    /// `FILTER (WHERE …)`
    pub filter: Option<Expr>,
    /// The call.
    pub span: Span,
}

/// The arguments of a call.
#[derive(Clone, Debug, PartialEq)]
pub enum CallArguments {
    /// `count(*)`
    Star,
    /// A list, possibly empty.
    List {
        /// The arguments in order.
        arguments: Vec<Argument>,
        /// Whether DISTINCT was written before them.
        distinct: bool,
    },
}

/// One argument of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// The parameter's name, in `f(name => value)`.
    pub name: Option<Name>,
    /// The value.
    pub value: Expr,
}
