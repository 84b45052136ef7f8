//! Types, values and typed expressions with PostgreSQL's meaning, and the evaluator that defines that meaning.
//!
//! Expressions and the selects inside them are one tree ([`Expr`], [`Select`]). Policies, views, functions, checks,
//! defaults and the plans of requests are all made of it; the dialects print it as SQL and the evaluator runs it over rows in
//! memory. Tables are known here only as numbers ([`TableId`]); what they are is the catalog's business.

mod calendar;
pub mod cast;
pub mod compare;
pub mod eval;
pub mod func;
mod function;
pub mod input;
pub mod like;
mod native;
mod numeric;
pub mod output;
mod regex;
mod registry;
pub mod resolve;
mod rewrite;
mod select;
mod session;
mod simplify;
mod tree;
mod types;
mod value;
pub mod visit;
mod zone;

pub use eval::{Evaluator, Inputs, NoTables, Scope, Tables};
pub use function::Func;
pub use input::TimeContext;
pub use native::{Native, NativeCall, NativeKind, NativeOp, NativeType, Representation};
pub use registry::{Entry, Volatility};
pub use rewrite::{InputsUsed, Tree};
pub use select::{
    FromItem, Item, JoinKind, OrderBy, Rights, Select, SetOp, SourceId, SourceIds, TableId, TableSource,
};
pub use session::{RequestContext, Role, Session, SessionValue};
pub use tree::{
    Aggregate, AggregateFunc, ColumnRef, CompareOp, Expr, ExprKind, Input, MatchOp, Quantifier, Truth, When,
};
pub use types::{ColumnType, EnumType, Modifier, Type};
pub use value::{Interval, Jsonb, Numeric, Value};
pub use zone::Zone;
