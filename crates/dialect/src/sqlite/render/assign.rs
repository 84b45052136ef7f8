//! Values on their way into a column.

use mainstay_base::Result;
use mainstay_expr::{ColumnType, Modifier, Type, Volatility};

use super::call::pg_call;
use super::fragment::Fragment;
use crate::sqlite::signature::Operation;
use crate::sqlite::storage::Storage;

/// A value as a column of that storage keeps it. Numbers of another scale are rounded as an assignment rounds them.
pub(super) fn assigned(value: Fragment, storage: &Storage) -> Result<Fragment> {
    if value.storage == *storage && value.pliant.is_none() {
        return Ok(value);
    }
    match storage {
        Storage::Decimal if value.is_numeric() => Ok(value.into_decimal()),
        Storage::Scaled(scale) if value.is_numeric() => {
            let modifier = Modifier::Precision(18.max(*scale), *scale);
            let target = ColumnType { ty: Type::Numeric, modifier };
            Ok(pg_call(Operation::Cast, Volatility::Immutable, &[Type::Numeric], vec![value], &target))
        }
        _ => Ok(value),
    }
}
