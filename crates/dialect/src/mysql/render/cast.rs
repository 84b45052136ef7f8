//! Casts: nothing to do where both types are stored alike, native where MySQL agrees.

use mainstay_base::Result;
use mainstay_expr::{ColumnType, Modifier, Type};

use super::MySql;
use crate::dialect::Dialect;
use crate::render::Fragment;
use crate::sql::sql;
use crate::storage::Storage;

pub(super) fn cast(
    dialect: &MySql,
    fragment: Fragment,
    from: &Type,
    target: &ColumnType,
) -> Result<Fragment> {
    let native = (target.modifier == Modifier::None).then(|| native(dialect, &fragment, from, &target.ty));
    native.flatten().ok_or_else(|| dialect.unsupported("this cast"))
}

/// The cast when it is free or MySQL's own; no modifier is to be applied.
fn native(dialect: &MySql, fragment: &Fragment, from: &Type, to: &Type) -> Option<Fragment> {
    let kept = |storage: Storage| Some(Fragment { storage, pliant: None, ..fragment.clone() });
    let said = |sql, storage| Some(Fragment::new(sql, storage).nullable(fragment.nullable));
    let as_char = || sql!["CAST(", fragment.sql.clone(), " AS CHAR)"];
    match (from, to) {
        (from, to) if from == to => Some(fragment.clone()),
        (Type::Int2, Type::Int4 | Type::Int8) | (Type::Int4, Type::Int8) => Some(fragment.clone()),
        (Type::Bool, Type::Int4) => kept(Storage::Int),
        (Type::Float4, Type::Float8) => kept(Storage::Float8),
        (Type::Text | Type::Varchar, Type::Text | Type::Varchar) => kept(Storage::Text),
        (Type::Bpchar, Type::Text | Type::Varchar) => kept(Storage::Text),
        (Type::Enum(_), Type::Text | Type::Varchar)
        | (Type::Uuid | Type::Json | Type::Jsonb, Type::Text)
        | (Type::Int2 | Type::Int4 | Type::Int8, Type::Text | Type::Varchar) => {
            said(as_char(), Storage::Text)
        }
        // an integer's value can still take any form of a number
        (Type::Int2 | Type::Int4 | Type::Int8, Type::Numeric) => {
            Some(Fragment { storage: Storage::Fixed(0), ..fragment.clone() })
        }
        (Type::Int2 | Type::Int4 | Type::Int8, Type::Float8) => {
            said(sql!["(", fragment.sql.clone(), " + 0e0)"], Storage::Float8)
        }
        (Type::Numeric, Type::Text | Type::Varchar) => {
            said(fragment.clone().into_decimal(dialect).sql, Storage::Text)
        }
        (Type::Date, Type::Timestamp) => {
            said(sql!["CAST(", fragment.sql.clone(), " AS DATETIME(6))"], Storage::Timestamp)
        }
        _ => None,
    }
}
