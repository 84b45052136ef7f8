//! Finding what a function name or an operator means for arguments of given types, as PostgreSQL does.
//!
//! An argument's type is `None` for a literal or a parameter whose type is not known yet. Nothing here knows names of
//! the user's schema; [`choose_signature`] lets the binder apply the same rules to its own functions.

mod aggregate;
mod candidate;
mod coerce;
mod operator;

use std::fmt;

use mainstay_base::Problem;

use crate::registry::{self, Shape};
use crate::{CompareOp, Func, MatchOp, SessionValue, Type};

pub use aggregate::{ResolvedAggregate, aggregate, is_aggregate};
use candidate::{Candidate, Choice};
pub use coerce::{CastContext, cast_allowed, common_type};
pub use operator::operator;

/// What a call or an operator stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// What to build.
    pub build: Build,
    /// The type that each argument must be cast to, operands left to right.
    pub args: Vec<Type>,
    /// The type of the result.
    pub result: Type,
}

/// The form of expression to build.
#[derive(Debug, Clone, PartialEq)]
pub enum Build {
    /// [`ExprKind::Call`](crate::ExprKind::Call)
    Call(Func),
    /// [`ExprKind::Compare`](crate::ExprKind::Compare)
    Compare(CompareOp),
    /// [`ExprKind::Match`](crate::ExprKind::Match), inside a NOT when `negated`.
    Match {
        /// The operator.
        op: MatchOp,
        /// `NOT LIKE` and its kin.
        negated: bool,
    },
    /// A value of the session; no arguments.
    Session(SessionValue),
    /// A cast of the only argument, whose own type stays, to the result's type: `date(x)`, `text(x)`.
    Cast,
    /// [`FromItem::Series`](crate::FromItem::Series); without a third argument the step is 1. Only in FROM.
    Series,
    /// [`FromItem::Unnest`](crate::FromItem::Unnest). Only in FROM.
    Unnest,
}

/// Why a call or an operator means nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct ResolveError {
    /// The SQLSTATE.
    pub code: &'static str,
    /// PostgreSQL's words.
    pub message: String,
    /// What to do about it.
    pub hint: Option<&'static str>,
    /// Names that are close to the one that is unknown, best first.
    pub similar: Vec<&'static str>,
}

impl fmt::Display for ResolveError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for ResolveError {}

impl From<ResolveError> for Problem {
    fn from(error: ResolveError) -> Self {
        let problem = Problem::new(error.code, error.message);
        match error.hint {
            Some(hint) => problem.with_hint(hint),
            None => problem,
        }
    }
}

/// What the built-in function of that name (lower case, without `pg_catalog`; those of `auth` as `auth.uid`) is for
/// arguments of these types.
pub fn function(name: &str, args: &[Option<Type>]) -> Result<Resolved, ResolveError> {
    if let Some((value, result)) = session_value(name).filter(|_| args.is_empty()) {
        return Ok(Resolved { build: Build::Session(value), args: Vec::new(), result });
    }
    let is_operator = name.starts_with(|first: char| first.is_ascii_punctuation() && first != '_');
    let mut candidates = set_functions(name, args.len());
    if !is_operator {
        let signatures = registry::named(name).iter();
        candidates.extend(
            signatures.filter_map(|signature| {
                Candidate::expand(signature, args.len(), Build::Call(signature.func))
            }),
        );
    }
    match candidate::choose(candidates, args) {
        Choice::One(candidate) => {
            let (types, result) = candidate.instantiate(args).ok_or_else(undetermined)?;
            Ok(Resolved { build: candidate.target, args: types, result })
        }
        Choice::None => cast_by_name(name, args).ok_or_else(|| unknown_function(name, args)),
        Choice::Ambiguous => Err(ambiguous_function(name, args)),
    }
}

/// Whether there is a built-in function of that name, whatever its arguments.
pub fn is_function(name: &str) -> bool {
    session_value(name).is_some()
        || matches!(name, "generate_series" | "unnest")
        || (!registry::named(name).is_empty() && name.starts_with(|first: char| first.is_ascii_alphabetic()))
}

/// Which of several signatures a call with these arguments means, by the same rules as for built-in functions: a
/// position in `signatures`. Each must have as many types as there are arguments (defaults already left out).
pub fn choose_signature(
    name: &str,
    signatures: &[Vec<Type>],
    args: &[Option<Type>],
) -> Result<usize, ResolveError> {
    let candidates = signatures.iter().enumerate().filter(|(_, types)| types.len() == args.len());
    let candidates = candidates.map(|(position, types)| Candidate {
        target: position,
        args: types.iter().cloned().map(Shape::Exact).collect(),
        result: Shape::Any,
    });
    match candidate::choose(candidates.collect(), args) {
        Choice::One(candidate) => Ok(candidate.target),
        Choice::None => Err(unknown_function(name, args)),
        Choice::Ambiguous => Err(ambiguous_function(name, args)),
    }
}

fn session_value(name: &str) -> Option<(SessionValue, Type)> {
    Some(match name {
        "now" | "transaction_timestamp" | "current_timestamp" => (SessionValue::Now, Type::Timestamptz),
        "auth.uid" => (SessionValue::Uid, Type::Uuid),
        "auth.role" => (SessionValue::Role, Type::Text),
        "auth.email" => (SessionValue::Email, Type::Text),
        "auth.jwt" => (SessionValue::Jwt, Type::Jsonb),
        "current_user" | "session_user" | "current_role" | "user" => (SessionValue::CurrentUser, Type::Text),
        _ => return None,
    })
}

fn set_functions(name: &str, count: usize) -> Vec<Candidate<Build>> {
    let series = |ty: Type| Candidate {
        target: Build::Series,
        args: vec![Shape::Exact(ty.clone()); count],
        result: Shape::Exact(ty),
    };
    match (name, count) {
        ("generate_series", 2 | 3) => vec![series(Type::Int4), series(Type::Int8)],
        ("unnest", 1) => {
            vec![Candidate { target: Build::Unnest, args: vec![Shape::AnyArray], result: Shape::AnyElement }]
        }
        _ => Vec::new(),
    }
}

/// `type(x)` is a cast when no function fits.
fn cast_by_name(name: &str, args: &[Option<Type>]) -> Option<Resolved> {
    let [arg] = args else { return None };
    let result = Type::named(name).filter(|ty| *ty != Type::Void)?;
    let arg = arg.clone().unwrap_or(Type::Text);
    cast_allowed(&arg, &result)?;
    Some(Resolved { build: Build::Cast, args: vec![arg], result })
}

fn undetermined() -> ResolveError {
    ResolveError {
        code: "42804",
        message: "could not determine polymorphic type because input has type unknown".to_owned(),
        hint: None,
        similar: Vec::new(),
    }
}

fn unknown_function(name: &str, args: &[Option<Type>]) -> ResolveError {
    ResolveError {
        code: "42883",
        message: format!("function {name}({}) does not exist", list(args)),
        hint: Some(
            "No function matches the given name and argument types. You might need to add explicit type casts.",
        ),
        similar: if is_function(name) { Vec::new() } else { similar_functions(name) },
    }
}

fn ambiguous_function(name: &str, args: &[Option<Type>]) -> ResolveError {
    ResolveError {
        code: "42725",
        message: format!("function {name}({}) is not unique", list(args)),
        hint: Some("Could not choose a best candidate function. You might need to add explicit type casts."),
        similar: Vec::new(),
    }
}

/// Built-in functions whose names are close to this one, best first; at most three.
pub fn similar_functions(name: &str) -> Vec<&'static str> {
    let named =
        registry::names().filter(|known| known.starts_with(|first: char| first.is_ascii_alphabetic()));
    let mut close: Vec<(f64, &str)> = named
        .chain(aggregate::NAMES.iter().copied())
        .map(|known| (strsim::jaro_winkler(name, known), known))
        .filter(|(likeness, _)| *likeness > 0.85)
        .collect();
    close.sort_by(|left, right| right.0.total_cmp(&left.0).then(left.1.cmp(right.1)));
    close.into_iter().take(3).map(|(_, known)| known).collect()
}

fn list(args: &[Option<Type>]) -> String {
    args.iter().map(|arg| spell(arg.as_ref())).collect::<Vec<_>>().join(", ")
}

fn spell(ty: Option<&Type>) -> String {
    ty.map_or_else(|| "unknown".to_owned(), Type::to_string)
}
