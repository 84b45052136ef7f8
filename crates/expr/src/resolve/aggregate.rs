//! Aggregate functions by name.

use super::candidate::{Candidate, Choice, choose};
use super::{ResolveError, ambiguous_function, undetermined, unknown_function};
use crate::registry::Shape;
use crate::{AggregateFunc, Type};

/// An aggregate call.
#[derive(Debug, Clone, PartialEq)]
pub struct ResolvedAggregate {
    /// Which.
    pub func: AggregateFunc,
    /// The type that each argument must be cast to.
    pub args: Vec<Type>,
    /// The type of the result.
    pub result: Type,
}

pub(super) const NAMES: &[&str] = &[
    "count",
    "sum",
    "avg",
    "min",
    "max",
    "bool_and",
    "every",
    "bool_or",
    "string_agg",
    "array_agg",
    "jsonb_agg",
    "json_agg",
];

/// Whether there is an aggregate function of that name.
pub fn is_aggregate(name: &str) -> bool {
    NAMES.contains(&name)
}

/// What the aggregate of that name is for arguments of these types; none for `count(*)`.
pub fn aggregate(name: &str, args: &[Option<Type>]) -> Result<ResolvedAggregate, ResolveError> {
    let (func, signatures) = signatures(name).ok_or_else(|| unknown_function(name, args))?;
    let candidates = signatures.into_iter().filter(|(types, _)| types.len() == args.len());
    let candidates = candidates.map(|(types, result)| Candidate { target: func, args: types, result });
    match choose(candidates.collect(), args) {
        Choice::One(candidate) => {
            let (args, result) = candidate.instantiate(args).ok_or_else(undetermined)?;
            Ok(ResolvedAggregate { func, args, result })
        }
        Choice::None => Err(unknown_function(name, args)),
        Choice::Ambiguous => Err(ambiguous_function(name, args)),
    }
}

type Signatures = Vec<(Vec<Shape>, Shape)>;

fn signatures(name: &str) -> Option<(AggregateFunc, Signatures)> {
    use Type::*;
    let exact = |args: &[Type], result: Type| {
        (args.iter().cloned().map(Shape::Exact).collect::<Vec<_>>(), Shape::Exact(result))
    };
    let unary = |pairs: &[(Type, Type)]| {
        pairs.iter().map(|(arg, result)| exact(std::slice::from_ref(arg), result.clone())).collect::<Vec<_>>()
    };
    Some(match name {
        "count" => {
            let any = (vec![Shape::Any], Shape::Exact(Int8));
            (AggregateFunc::Count, vec![exact(&[], Int8), any])
        }
        "sum" => {
            let smaller = [(Int2, Int8), (Int4, Int8), (Int8, Numeric), (Numeric, Numeric)];
            let mut all = unary(&smaller);
            all.extend(unary(&[(Float4, Float4), (Float8, Float8), (Interval, Interval)]));
            (AggregateFunc::Sum, all)
        }
        "avg" => {
            let mut all = unary(&[(Int2, Numeric), (Int4, Numeric), (Int8, Numeric), (Numeric, Numeric)]);
            all.extend(unary(&[(Float4, Float8), (Float8, Float8), (Interval, Interval)]));
            (AggregateFunc::Avg, all)
        }
        "min" => (AggregateFunc::Min, extremes()),
        "max" => (AggregateFunc::Max, extremes()),
        "bool_and" | "every" => (AggregateFunc::BoolAnd, unary(&[(Bool, Bool)])),
        "bool_or" => (AggregateFunc::BoolOr, unary(&[(Bool, Bool)])),
        "string_agg" => {
            (AggregateFunc::StringAgg, vec![exact(&[Text, Text], Text), exact(&[Bytea, Bytea], Bytea)])
        }
        "array_agg" => (AggregateFunc::ArrayAgg, vec![(vec![Shape::AnyNonArray], Shape::AnyArray)]),
        "jsonb_agg" => (AggregateFunc::JsonbAgg, vec![(vec![Shape::AnyElement], Shape::Exact(Jsonb))]),
        "json_agg" => (AggregateFunc::JsonAgg, vec![(vec![Shape::AnyElement], Shape::Exact(Json))]),
        _ => return None,
    })
}

/// `min` and `max` keep the type of what they compare.
fn extremes() -> Signatures {
    use Type::*;
    let plain = [
        Int2,
        Int4,
        Int8,
        Float4,
        Float8,
        Numeric,
        Text,
        Bpchar,
        Date,
        Time,
        Timestamp,
        Timestamptz,
        Interval,
    ];
    let mut all: Signatures = plain.map(|ty| (vec![Shape::Exact(ty.clone())], Shape::Exact(ty))).into();
    all.push((vec![Shape::AnyArray], Shape::AnyArray));
    all.push((vec![Shape::AnyEnum], Shape::AnyEnum));
    all
}
