//! Calls: the functions that MySQL computes as PostgreSQL does.

use mainstay_base::Result;
use mainstay_expr::{Func, Type};

use super::MySql;
use crate::dialect::Dialect;
use crate::render::Fragment;
use crate::sql::sql;
use crate::storage::Storage;

pub(super) fn call(
    dialect: &MySql,
    func: Func,
    _: &[Type],
    args: Vec<Fragment>,
    _: &Type,
) -> Result<Fragment> {
    let text = |arg: &Fragment| arg.storage == Storage::Text;
    let nullable = args.iter().any(|arg| arg.nullable);
    match (func, args.as_slice()) {
        (Func::Concat, [left, right]) if text(left) && text(right) => {
            let sql = sql!["CONCAT(", left.sql.clone(), ", ", right.sql.clone(), ")"];
            Ok(Fragment::new(sql, Storage::Text).nullable(nullable))
        }
        (Func::Length, [arg]) if text(arg) => {
            let sql = sql!["CHAR_LENGTH(", arg.sql.clone(), ")"];
            Ok(Fragment::new(sql, Storage::Int).nullable(nullable))
        }
        _ => Err(dialect.unsupported("this function")),
    }
}
