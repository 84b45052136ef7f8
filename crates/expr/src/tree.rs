//! Typed expressions. Names are resolved and types agree: whoever builds a tree has inserted every cast.

use crate::select::{Select, SourceId};
use crate::session::SessionValue;
use crate::{ColumnType, Func, Native, OrderBy, Type, Value};

/// An expression and the type of its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// The type of its value.
    pub ty: Type,
}

/// The forms of an expression. Truth values are three-valued throughout.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// A constant.
    Literal(Value),
    /// A value that is known only when the expression runs.
    Input(Input),
    /// A column of a source in an enclosing select.
    Column(ColumnRef),
    /// `left op right`, both of the same type.
    Compare(CompareOp, Box<Expr>, Box<Expr>),
    /// All hold; TRUE when empty.
    And(Vec<Expr>),
    /// Any holds; FALSE when empty.
    Or(Vec<Expr>),
    /// `NOT`
    Not(Box<Expr>),
    /// `IS NULL`
    IsNull(Box<Expr>),
    /// `IS TRUE`, `IS FALSE`, `IS UNKNOWN`
    IsTruth(Box<Expr>, Truth),
    /// `IS DISTINCT FROM`
    IsDistinct(Box<Expr>, Box<Expr>),
    /// `value LIKE pattern` and its kin: text, text, and for LIKE the escape character (`\` by default).
    Match {
        /// Which operator.
        op: MatchOp,
        /// The text.
        value: Box<Expr>,
        /// The pattern.
        pattern: Box<Expr>,
        /// `ESCAPE`: `None` for the backslash, NUL for no escape character.
        escape: Option<char>,
    },
    /// `value op ANY (array)`, `value op ALL (array)`, three-valued as in PostgreSQL.
    CompareArray {
        /// Which operator.
        op: CompareOp,
        /// `ANY` or `ALL`.
        quantifier: Quantifier,
        /// The left side, of the elements' type.
        value: Box<Expr>,
        /// The array.
        array: Box<Expr>,
    },
    /// `value LIKE ANY (array)` and its kin.
    MatchArray {
        /// Which operator.
        op: MatchOp,
        /// `ANY` or `ALL`.
        quantifier: Quantifier,
        /// The text.
        value: Box<Expr>,
        /// The array of patterns.
        array: Box<Expr>,
    },
    /// `value IN (list)`: all of the same type.
    InList(Box<Expr>, Vec<Expr>),
    /// A built-in function or operator.
    Call(Func, Vec<Expr>),
    /// A cast to another type or modifier (`Expr::ty` is `ColumnType::ty`).
    Cast(Box<Expr>, ColumnType),
    /// `CASE WHEN … THEN … ELSE … END`
    Case(Vec<When>, Option<Box<Expr>>),
    /// The first that is not NULL.
    Coalesce(Vec<Expr>),
    /// `GREATEST` (true) or `LEAST` (false): NULLs are skipped.
    Extreme(bool, Vec<Expr>),
    /// `ARRAY[…]`
    Array(Vec<Expr>),
    /// `EXISTS (select)`
    Exists(Box<Select>),
    /// `(select)`: one column, at most one row.
    Scalar(Box<Select>),
    /// `ARRAY(select)`
    ArrayOf(Box<Select>),
    /// `(a, b) IN (select)`: as many columns as values.
    InSelect(Vec<Expr>, Box<Select>),
    /// What only an existing database knows.
    Native(Box<Native>),
    /// An aggregate over the rows of a group; only in items, HAVING and ORDER BY of a grouped select.
    Aggregate(Box<Aggregate>),
}

/// A value supplied when an expression runs.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// The n-th value of the request, of the expression's type.
    Slot(u32),
    /// The n-th argument of the function whose body this is; gone once the body is inlined.
    Argument(u32),
    /// The n-th column of the row that is about to be written.
    New(u32),
    /// A value of the session.
    Session(SessionValue),
}

/// A column of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ColumnRef {
    /// The source, in this select or an enclosing one.
    pub source: SourceId,
    /// The column's position: in the table's columns, or in the items of the derived select.
    pub column: u32,
}

/// Comparison operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CompareOp {
    /// `=`
    Eq,
    /// `<>`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

impl CompareOp {
    /// As SQL writes it.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Eq => "=",
            Self::Ne => "<>",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
        }
    }
}

/// Pattern operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MatchOp {
    /// `LIKE`
    Like,
    /// `ILIKE`
    ILike,
    /// `~`
    Regex,
    /// `~*`
    IRegex,
}

impl MatchOp {
    /// The operator behind the keyword, as PostgreSQL's messages show it.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Like => "~~",
            Self::ILike => "~~*",
            Self::Regex => "~",
            Self::IRegex => "~*",
        }
    }
}

/// Over an array: any element or all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Quantifier {
    /// `ANY`
    Any,
    /// `ALL`
    All,
}

/// The three truth values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Truth {
    /// TRUE
    True,
    /// FALSE
    False,
    /// NULL as a boolean
    Unknown,
}

/// One arm of a CASE.
#[derive(Debug, Clone, PartialEq)]
pub struct When {
    /// A boolean.
    pub condition: Expr,
    /// The value when it is TRUE.
    pub result: Expr,
}

/// A call of an aggregate function.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregate {
    /// Which.
    pub func: AggregateFunc,
    /// Its arguments; none for `count(*)`.
    pub args: Vec<Expr>,
    /// `DISTINCT`
    pub distinct: bool,
    /// `FILTER (WHERE …)`
    pub filter: Option<Expr>,
    /// `ORDER BY` inside the call.
    pub order_by: Vec<OrderBy>,
}

/// Aggregate functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AggregateFunc {
    /// `count(*)` without, `count(x)` with an argument: bigint
    Count,
    /// `sum`: bigint of smaller integers, numeric of bigint and numeric, the float's own type
    Sum,
    /// `avg`: numeric of integers and numeric, double precision of floats
    Avg,
    /// `min`
    Min,
    /// `max`
    Max,
    /// `bool_and`, `every`
    BoolAnd,
    /// `bool_or`
    BoolOr,
    /// `string_agg(text, separator)`
    StringAgg,
    /// `array_agg`
    ArrayAgg,
    /// `jsonb_agg`
    JsonbAgg,
    /// `json_agg`
    JsonAgg,
}

impl Expr {
    /// An expression of that form and type.
    pub fn new(kind: ExprKind, ty: Type) -> Self {
        Self { kind, ty }
    }

    /// A boolean expression of that form.
    pub fn bool(kind: ExprKind) -> Self {
        Self::new(kind, Type::Bool)
    }

    /// A constant.
    pub fn literal(value: Value, ty: Type) -> Self {
        Self::new(ExprKind::Literal(value), ty)
    }

    /// TRUE or FALSE.
    pub fn truth(value: bool) -> Self {
        Self::literal(Value::Bool(value), Type::Bool)
    }

    /// A column of a source.
    pub fn column(source: SourceId, column: u32, ty: Type) -> Self {
        Self::new(ExprKind::Column(ColumnRef { source, column }), ty)
    }

    /// The n-th value of the request.
    pub fn slot(slot: u32, ty: Type) -> Self {
        Self::new(ExprKind::Input(Input::Slot(slot)), ty)
    }

    /// `left op right`
    pub fn compare(op: CompareOp, left: Expr, right: Expr) -> Self {
        Self::bool(ExprKind::Compare(op, Box::new(left), Box::new(right)))
    }

    /// `NOT self`
    pub fn negate(self) -> Self {
        Self::bool(ExprKind::Not(Box::new(self)))
    }

    /// All of them, flattened; the only one when there is one, TRUE when there is none.
    pub fn all(terms: impl IntoIterator<Item = Expr>) -> Self {
        let mut flat = Vec::new();
        for term in terms {
            match term.kind {
                ExprKind::And(inner) => flat.extend(inner),
                ExprKind::Literal(Value::Bool(true)) => {}
                _ => flat.push(term),
            }
        }
        match flat.len() {
            0 => Self::truth(true),
            1 => flat.remove(0),
            _ => Self::bool(ExprKind::And(flat)),
        }
    }

    /// Any of them, flattened; the only one when there is one, FALSE when there is none.
    pub fn any(terms: impl IntoIterator<Item = Expr>) -> Self {
        let mut flat = Vec::new();
        for term in terms {
            match term.kind {
                ExprKind::Or(inner) => flat.extend(inner),
                ExprKind::Literal(Value::Bool(false)) => {}
                _ => flat.push(term),
            }
        }
        match flat.len() {
            0 => Self::truth(false),
            1 => flat.remove(0),
            _ => Self::bool(ExprKind::Or(flat)),
        }
    }

    /// Whether it is the constant TRUE.
    pub fn is_true(&self) -> bool {
        matches!(self.kind, ExprKind::Literal(Value::Bool(true)))
    }

    /// Whether it is the constant FALSE or NULL, so that no row can pass it.
    pub fn is_never(&self) -> bool {
        matches!(self.kind, ExprKind::Literal(Value::Bool(false) | Value::Null))
    }
}
