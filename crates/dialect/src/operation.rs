//! Operations of the reference evaluator on values.

use mainstay_expr::{AggregateFunc, CompareOp, Func, MatchOp, Quantifier};

/// An operation of the reference evaluator on values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Operation {
    Call(Func),
    Cast,
    Match(MatchOp, Option<char>),
    CompareArray(CompareOp, Quantifier),
    MatchArray(MatchOp, Quantifier),
    Extreme(bool),
    Array,
    /// An aggregate, with DISTINCT or without, over the elements of its first argument; the others are constants.
    Aggregate(AggregateFunc, bool),
}
