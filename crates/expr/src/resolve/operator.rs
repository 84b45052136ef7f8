//! Operators: built-in functions with a symbol, comparisons and patterns.

use super::candidate::{Candidate, Choice, choose};
use super::{Build, ResolveError, Resolved, common_type, spell, undetermined};
use crate::registry::{self, Shape};
use crate::{CompareOp, MatchOp, Type};

/// What an operator means between operands of these types; `left` is `None` for a prefix operator. The symbols are
/// PostgreSQL's, `LIKE` and `ILIKE` (also after `NOT`) may be written as words.
pub fn operator(op: &str, left: Option<Option<Type>>, right: Option<Type>) -> Result<Resolved, ResolveError> {
    let prefix = left.is_none();
    let operands: Vec<Option<Type>> = left.into_iter().chain([right]).collect();
    let candidates = candidates(op, operands.len());
    let choice = match assume_same_type(&candidates, &operands) {
        Some(exact) => Choice::One(exact),
        None => choose(candidates, &operands),
    };
    match choice {
        Choice::One(candidate) => {
            let (types, result) = candidate.instantiate(&operands).ok_or_else(undetermined)?;
            Ok(unify(candidate.target, types, result))
        }
        Choice::None => Err(unknown(op, prefix, &operands)),
        Choice::Ambiguous => Err(ambiguous(op, prefix, &operands)),
    }
}

fn candidates(op: &str, count: usize) -> Vec<Candidate<Build>> {
    if let Some(compare) = compare_op(op).filter(|_| count == 2) {
        return comparisons(compare);
    }
    let mut candidates = Vec::new();
    if let Some((op, negated)) = match_op(op).filter(|_| count == 2) {
        candidates.extend([Type::Text, Type::Bpchar].map(|value| Candidate {
            target: Build::Match { op, negated },
            args: vec![Shape::Exact(value), Shape::Exact(Type::Text)],
            result: Shape::Exact(Type::Bool),
        }));
    }
    if !op.starts_with(|first: char| first.is_ascii_alphabetic()) {
        let named = registry::named(op).iter();
        candidates.extend(
            named.filter_map(|signature| Candidate::expand(signature, count, Build::Call(signature.func))),
        );
    }
    candidates
}

/// A literal beside a known operand is first taken to be of the same type.
fn assume_same_type(candidates: &[Candidate<Build>], operands: &[Option<Type>]) -> Option<Candidate<Build>> {
    let ty = match operands {
        [Some(ty), None] | [None, Some(ty)] => Shape::Exact(ty.clone()),
        _ => return None,
    };
    candidates.iter().find(|candidate| candidate.args.iter().all(|shape| *shape == ty)).cloned()
}

/// Arithmetic and comparisons are between operands of one type here: the wider of the two.
fn unify(build: Build, types: Vec<Type>, result: Type) -> Resolved {
    let args = match (&build, types.as_slice()) {
        (Build::Compare(_), [left, right]) if left != right => {
            let wider = common_type(&[Some(left.clone()), Some(right.clone())]);
            wider.map_or(types, |wider| vec![wider.clone(), wider])
        }
        (Build::Call(_), [Type::Float4, Type::Float8] | [Type::Float8, Type::Float4]) => {
            vec![Type::Float8, Type::Float8]
        }
        (Build::Call(crate::Func::Concat), _) => vec![Type::Text, Type::Text],
        _ => types,
    };
    Resolved { build, args, result }
}

fn compare_op(op: &str) -> Option<CompareOp> {
    Some(match op {
        "=" => CompareOp::Eq,
        "<>" | "!=" => CompareOp::Ne,
        "<" => CompareOp::Lt,
        "<=" => CompareOp::Le,
        ">" => CompareOp::Gt,
        ">=" => CompareOp::Ge,
        _ => return None,
    })
}

fn match_op(op: &str) -> Option<(MatchOp, bool)> {
    Some(match op.to_ascii_lowercase().as_str() {
        "~~" | "like" => (MatchOp::Like, false),
        "!~~" | "not like" => (MatchOp::Like, true),
        "~~*" | "ilike" => (MatchOp::ILike, false),
        "!~~*" | "not ilike" => (MatchOp::ILike, true),
        "~" => (MatchOp::Regex, false),
        "!~" => (MatchOp::Regex, true),
        "~*" => (MatchOp::IRegex, false),
        "!~*" => (MatchOp::IRegex, true),
        _ => return None,
    })
}

fn comparisons(op: CompareOp) -> Vec<Candidate<Build>> {
    use Type::*;
    let candidate = |left: Shape, right: Shape| Candidate {
        target: Build::Compare(op),
        args: vec![left, right],
        result: Shape::Exact(Bool),
    };
    let alone = [Bool, Numeric, Text, Bpchar, Uuid, Time, Interval, Jsonb, Bytea];
    let families = [vec![Int2, Int4, Int8], vec![Float4, Float8], vec![Date, Timestamp, Timestamptz]];
    let mut candidates: Vec<_> = alone.map(|ty| candidate(Shape::Exact(ty.clone()), Shape::Exact(ty))).into();
    for family in &families {
        for left in family {
            let pairs = family.iter().map(|right| (left.clone(), right.clone()));
            candidates.extend(pairs.map(|(left, right)| candidate(Shape::Exact(left), Shape::Exact(right))));
        }
    }
    candidates.push(candidate(Shape::AnyArray, Shape::AnyArray));
    candidates.push(candidate(Shape::AnyEnum, Shape::AnyEnum));
    candidates
}

fn unknown(op: &str, prefix: bool, operands: &[Option<Type>]) -> ResolveError {
    let message = format!("operator does not exist: {}", sentence(op, prefix, operands));
    let hint = if prefix {
        "No operator matches the given name and argument type. You might need to add an explicit type cast."
    } else {
        "No operator matches the given name and argument types. You might need to add explicit type casts."
    };
    ResolveError { code: "42883", message, hint: Some(hint), similar: Vec::new() }
}

fn ambiguous(op: &str, prefix: bool, operands: &[Option<Type>]) -> ResolveError {
    let message = format!("operator is not unique: {}", sentence(op, prefix, operands));
    let hint = "Could not choose a best candidate operator. You might need to add explicit type casts.";
    ResolveError { code: "42725", message, hint: Some(hint), similar: Vec::new() }
}

fn sentence(op: &str, prefix: bool, operands: &[Option<Type>]) -> String {
    let symbol = match match_op(op) {
        Some((MatchOp::Like, negated)) => ["~~", "!~~"][usize::from(negated)],
        Some((MatchOp::ILike, negated)) => ["~~*", "!~~*"][usize::from(negated)],
        _ if op == "!=" => "<>",
        _ => op,
    };
    let first = spell(operands.first().and_then(Option::as_ref));
    match operands.get(1) {
        Some(second) if !prefix => format!("{first} {symbol} {}", spell(second.as_ref())),
        _ => format!("{symbol} {first}"),
    }
}
