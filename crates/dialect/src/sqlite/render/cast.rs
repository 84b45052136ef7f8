//! Casts: nothing to do where both types are stored alike, native where SQLite agrees, else the evaluator.

use mainstay_expr::{ColumnType, Modifier, Type, Volatility};

use super::Sqlite;
use super::call::pg_call;
use crate::operation::Operation;
use crate::render::Fragment;
use crate::sql::sql;
use crate::storage::Storage;

pub(super) fn cast(fragment: Fragment, from: &Type, target: &ColumnType) -> Fragment {
    if target.modifier == Modifier::None
        && let Some(native) = native(&fragment, from, &target.ty)
    {
        return native;
    }
    let volatility = if depends_on_zone(from) != depends_on_zone(&target.ty) {
        Volatility::Stable
    } else {
        Volatility::Immutable
    };
    pg_call(Operation::Cast, volatility, std::slice::from_ref(from), vec![fragment], target)
}

/// Casts between these types and others read or show a time in the session's zone.
fn depends_on_zone(ty: &Type) -> bool {
    match ty {
        Type::Timestamptz => true,
        Type::Array(element) => depends_on_zone(element),
        _ => false,
    }
}

/// The cast when it is free or SQLite's own; no modifier is to be applied.
fn native(fragment: &Fragment, from: &Type, to: &Type) -> Option<Fragment> {
    let kept = |storage: Storage| Some(Fragment { storage, pliant: None, ..fragment.clone() });
    let said = |sql, storage| Some(Fragment::new(sql, storage).nullable(fragment.nullable));
    match (from, to) {
        (from, to) if from == to => Some(fragment.clone()),
        (Type::Int2, Type::Int4 | Type::Int8) | (Type::Int4, Type::Int8) => Some(fragment.clone()),
        // TRUE after IS NOT would be an operator
        (Type::Bool, Type::Int4) => said(sql!["(", fragment.sql.clone(), " + 0)"], Storage::Int),
        (Type::Float4, Type::Float8) => kept(Storage::Float8),
        (Type::Text | Type::Varchar | Type::Enum(_), Type::Text | Type::Varchar)
        | (Type::Uuid | Type::Json, Type::Text) => kept(Storage::Text),
        (Type::Jsonb, Type::Text) => Some(as_text(fragment.clone())),
        (Type::Bpchar, Type::Text | Type::Varchar) => {
            said(sql!["rtrim(", fragment.sql.clone(), ", ' ')"], Storage::Text)
        }
        (Type::Int2 | Type::Int4 | Type::Int8, Type::Numeric) => {
            // an integer's value can still take any form of a number
            Some(Fragment { storage: Storage::Scaled(0), ..fragment.clone() })
        }
        (Type::Int2 | Type::Int4 | Type::Int8, Type::Float8) => {
            said(sql!["CAST(", fragment.sql.clone(), " AS REAL)"], Storage::Float8)
        }
        (Type::Int2 | Type::Int4 | Type::Int8, Type::Text | Type::Varchar) => {
            said(sql!["CAST(", fragment.sql.clone(), " AS TEXT)"], Storage::Text)
        }
        (Type::Numeric, Type::Text | Type::Varchar) => Some(as_text(fragment.clone().into_decimal(&Sqlite))),
        _ => None,
    }
}

/// Stored text as a text. A column keeps its own collation whatever becomes of it, unless another is named.
fn as_text(fragment: Fragment) -> Fragment {
    Fragment::new(sql!["(", fragment.sql, " COLLATE BINARY)"], Storage::Text).nullable(fragment.nullable)
}
