//! Which casts exist and when they apply by themselves, and the categories that type resolution compares types by.

use crate::Type;

/// When a cast applies: each context includes the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CastContext {
    /// By itself, in any expression.
    Implicit,
    /// By itself, when a value is stored in a column or returned from a function.
    Assignment,
    /// Only when written: `CAST (x AS type)`, `x::type`.
    Explicit,
}

/// The narrowest context in which a value of one type becomes one of the other; `None` when it never does.
pub fn cast_allowed(from: &Type, to: &Type) -> Option<CastContext> {
    use CastContext::{Assignment, Explicit, Implicit};
    use Type::*;
    if from == to {
        return Some(Implicit);
    }
    Some(match (from, to) {
        (Void, _) | (_, Void) => return None,
        (Int2, Int4 | Int8 | Float4 | Float8 | Numeric)
        | (Int4, Int8 | Float4 | Float8 | Numeric)
        | (Int8, Float4 | Float8 | Numeric)
        | (Numeric, Float4 | Float8)
        | (Float4, Float8) => Implicit,
        (from, to) if from.is_number() && to.is_number() => Assignment,
        (Int4, Bool) | (Bool, Int4) => Explicit,
        (from, to) if from.is_text() && to.is_text() => Implicit,
        (Date, Timestamp | Timestamptz) | (Timestamp, Timestamptz) | (Time, Interval) => Implicit,
        (Timestamp, Date | Time) | (Timestamptz, Date | Time | Timestamp) | (Interval, Time) => Assignment,
        (Json, Jsonb) | (Jsonb, Json) => Assignment,
        (Jsonb, Bool) => Explicit,
        (Jsonb, to) if to.is_number() => Explicit,
        (Array(from), Array(to)) => return cast_allowed(from, to),
        (_, to) if to.is_text() => Assignment,
        (from, _) if from.is_text() => Explicit,
        _ => return None,
    })
}

/// Whether a value of one type becomes one of the other by itself.
pub(crate) fn implicit(from: &Type, to: &Type) -> bool {
    cast_allowed(from, to) == Some(CastContext::Implicit)
}

/// PostgreSQL's type categories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Category {
    Array,
    Boolean,
    DateTime,
    Enum,
    Number,
    Pseudo,
    String,
    Timespan,
    Other,
}

pub(crate) fn category(ty: &Type) -> Category {
    match ty {
        Type::Bool => Category::Boolean,
        Type::Int2 | Type::Int4 | Type::Int8 | Type::Float4 | Type::Float8 | Type::Numeric => {
            Category::Number
        }
        Type::Text | Type::Varchar | Type::Bpchar => Category::String,
        Type::Date | Type::Time | Type::Timestamp | Type::Timestamptz => Category::DateTime,
        Type::Interval => Category::Timespan,
        Type::Enum(_) => Category::Enum,
        Type::Array(_) => Category::Array,
        Type::Void => Category::Pseudo,
        Type::Uuid | Type::Json | Type::Jsonb | Type::Bytea | Type::Native(_) => Category::Other,
    }
}

/// Whether its category prefers the type over its other members.
pub(crate) fn is_preferred(ty: &Type) -> bool {
    matches!(ty, Type::Bool | Type::Float8 | Type::Text | Type::Timestamptz | Type::Interval)
}

/// The type that all of these become, as for CASE, COALESCE, UNION, ARRAY, IN and VALUES. `None` stands for a literal
/// of unknown type; only such make `text`. An error names the two types that have none in common.
pub fn common_type(types: &[Option<Type>]) -> Result<Type, (Type, Type)> {
    let mut known = types.iter().flatten();
    let Some(mut common) = known.next() else { return Ok(Type::Text) };
    for ty in known {
        if ty == common {
            continue;
        }
        if category(ty) != category(common) {
            return Err((common.clone(), ty.clone()));
        }
        if !is_preferred(common) && implicit(common, ty) && !implicit(ty, common) {
            common = ty;
        }
    }
    match types.iter().flatten().find(|ty| !implicit(ty, common)) {
        Some(stranger) => Err((common.clone(), stranger.clone())),
        None => Ok(common.clone()),
    }
}
