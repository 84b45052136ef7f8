//! Numbers: as integers of one scale when one side is such a column and the other can follow, else as decimals.

use mainstay_base::Result;
use mainstay_expr::{ColumnType, CompareOp, Modifier, Type, Volatility};

use super::call::pg_call;
use super::{Sqlite, collated, not_scaled};
use crate::operation::Operation;
use crate::render::{Fragment, Sql};
use crate::sql::sql;
use crate::statement::{Form, Rounding};
use crate::storage::{Collation, Storage};

/// Two numbers ready to be compared.
pub(super) fn pair(op: CompareOp, left: Fragment, right: Fragment) -> Result<(Sql, Sql)> {
    if let (Storage::Scaled(scale), None) = (&left.storage, &left.pliant)
        && let Some(right) = right.compared_at(*scale, Rounding::of(op))?
    {
        return Ok((left.sql, right));
    }
    if let (Storage::Scaled(scale), None) = (&right.storage, &right.pliant)
        && let Some(left) = left.compared_at(*scale, Rounding::of(flipped(op)))?
    {
        return Ok((left, right.sql));
    }
    Ok((decimal(left), right.into_decimal(&Sqlite).sql))
}

fn decimal(value: Fragment) -> Sql {
    collated(value.into_decimal(&Sqlite).sql, Some(Collation::Decimal))
}

fn flipped(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Lt => CompareOp::Gt,
        CompareOp::Le => CompareOp::Ge,
        CompareOp::Gt => CompareOp::Lt,
        CompareOp::Ge => CompareOp::Le,
        same => same,
    }
}

/// `value IN (list)`.
pub(super) fn in_list(value: Fragment, list: Vec<Fragment>) -> Result<Sql> {
    if let Storage::Scaled(scale) = value.storage {
        let exact = list.iter().map(|element| element.compared_at(scale, Rounding::Exact));
        if let Some(list) = exact.collect::<Result<Option<Vec<_>>>>()? {
            return Ok(sql!["(", value.sql, " IN (", Sql::join(list, ", "), "))"]);
        }
    }
    let list = Sql::join(list.into_iter().map(|element| element.into_decimal(&Sqlite).sql), ", ");
    Ok(sql!["(", decimal(value), " IN (", list, "))"])
}

/// A value that is looked for in a column of a subquery, and how that column is to be kept.
pub(super) fn in_select(value: Fragment, form: Storage) -> Result<(Sql, Storage)> {
    if let Storage::Scaled(scale) = form
        && let Some(exact) = value.compared_at(scale, Rounding::Exact)?
    {
        return Ok((exact, form));
    }
    Ok((decimal(value), Storage::Decimal))
}

/// The form of the elements of a list that a value is looked for in, and how they are compared.
pub(super) fn list_form(value: &Fragment) -> (Form, Option<Collation>) {
    match value.storage {
        Storage::Scaled(scale) if value.pliant.is_none() => {
            (Form::Scaled { scale, rounding: Rounding::Exact }, None)
        }
        Storage::Float4 | Storage::Float8 => (Form::Real, None),
        _ if value.is_numeric() => (Form::Storage(Storage::Decimal), Some(Collation::Decimal)),
        _ => (Form::Storage(value.storage.clone()), value.storage.collation()),
    }
}

/// A number as a scaled integer.
pub(super) fn at_scale(fragment: Fragment, scale: u16) -> Result<Fragment> {
    let sql = fragment.compared_at(scale, Rounding::Exact)?.ok_or_else(not_scaled)?;
    Ok(Fragment { sql, storage: Storage::Scaled(scale), ..fragment })
}

/// A value as a column of that storage keeps it. Numbers of another scale are rounded as an assignment rounds them.
pub(super) fn assigned(value: Fragment, storage: &Storage) -> Fragment {
    if value.storage == *storage && value.pliant.is_none() {
        return value;
    }
    match storage {
        Storage::Decimal if value.is_numeric() => value.into_decimal(&Sqlite),
        Storage::Scaled(scale) if value.is_numeric() => {
            let modifier = Modifier::Precision(18.max(*scale), *scale);
            let target = ColumnType { ty: Type::Numeric, modifier };
            pg_call(Operation::Cast, Volatility::Immutable, &[Type::Numeric], vec![value], &target)
        }
        _ => value,
    }
}
