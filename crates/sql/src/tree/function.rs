//! Functions.

use super::{ColumnSpec, Expr, Name, QualifiedName, Query, TypeName};
use crate::span::Span;

/// `CREATE [OR REPLACE] FUNCTION name (arguments) RETURNS … …`
#[derive(Clone, Debug, PartialEq)]
pub struct CreateFunction {
    /// Whether OR REPLACE was written.
    pub or_replace: bool,
    /// The function.
    pub name: QualifiedName,
    /// Its arguments in order.
    pub arguments: Vec<FunctionArgument>,
    /// `RETURNS …`
    pub returns: FunctionReturns,
    /// `LANGUAGE`, in lower case; `sql` when none was written beside a body without quotes.
    pub language: Name,
    /// `IMMUTABLE`, `STABLE`, `VOLATILE`
    pub volatility: Volatility,
    /// `STRICT`, `RETURNS NULL ON NULL INPUT`
    pub strict: bool,
    /// `SECURITY DEFINER`
    pub security_definer: bool,
    /// `SET name = value`, in order; `search_path` is the usual one.
    pub settings: Vec<FunctionSetting>,
    /// What it does.
    pub body: FunctionBody,
    /// The statement.
    pub span: Span,
}

/// `SET name TO values` of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionSetting {
    /// The setting, in lower case, dotted when it was.
    pub name: String,
    /// Its values, decoded; empty for `FROM CURRENT` and `DEFAULT`.
    pub values: Vec<String>,
    /// All of it.
    pub span: Span,
}

/// One argument of a function.
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionArgument {
    /// `IN` unless written otherwise.
    pub mode: ArgumentMode,
    /// The name, when it has one.
    pub name: Option<Name>,
    /// The type.
    pub type_name: TypeName,
    /// `DEFAULT …`, `= …`
    pub default: Option<Expr>,
    /// All of it.
    pub span: Span,
}

/// Modes of an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgumentMode {
    /// `IN`
    In,
    /// `OUT`
    Out,
    /// `INOUT`
    InOut,
    /// `VARIADIC`
    Variadic,
}

/// What a function returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FunctionReturns {
    /// Nothing was written: its OUT arguments say it.
    Arguments,
    /// `RETURNS void`
    Void(Span),
    /// One value.
    Type(TypeName),
    /// `RETURNS SETOF type`
    SetOf(TypeName),
    /// `RETURNS TABLE (…)`
    Table(Vec<ColumnSpec>),
}

/// How a function's result may change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Volatility {
    /// `IMMUTABLE`
    Immutable,
    /// `STABLE`
    Stable,
    /// `VOLATILE`, the default
    #[default]
    Volatile,
}

/// What a function does.
#[derive(Clone, Debug, PartialEq)]
pub enum FunctionBody {
    /// LANGUAGE sql with one query: from `$$SELECT …$$`, `'SELECT …'`, `BEGIN ATOMIC SELECT …; END` or `RETURN …`
    /// (which arrives as the SELECT of that one value). Spans point into the file.
    Query(Box<Query>),
    /// LANGUAGE sql with something else than one query.
    Other {
        /// What it is, to be said in a message: `several statements`, `INSERT`.
        what: String,
        /// The place of just that.
        place: Span,
        /// The body as text, decoded.
        text: String,
    },
    /// Another language.
    Text {
        /// The body, decoded.
        text: String,
        /// Where it was written, quotes included.
        span: Span,
    },
}

/// A function named by its argument types: `f(int, text)`, or `f` alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionSignature {
    /// The function.
    pub name: QualifiedName,
    /// The types of its arguments (OUT arguments left out); `None` when no parentheses were written.
    pub arguments: Option<Vec<TypeName>>,
    /// All of it.
    pub span: Span,
}
