//! Calls: the few functions that SQLite computes as PostgreSQL does, and `pg_call` for all others.

use mainstay_expr::{ColumnType, Func, Type, Volatility};

use super::Sqlite;
use crate::operation::Operation;
use crate::render::{Fragment, Sql};
use crate::sql::sql;
use crate::sqlite::signature::{Signature, stored_as};
use crate::storage::Storage;

pub(super) fn call(func: Func, types: &[Type], args: Vec<Fragment>, ty: &Type) -> Fragment {
    if let Some(native) = native(func, &args) {
        return native;
    }
    pg_call(Operation::Call(func), func.volatility(types), types, args, &ColumnType::from(ty.clone()))
}

/// A call of the registered function. Only immutable ones may be computed once for a whole statement, or stand in an index.
pub(super) fn pg_call(
    operation: Operation,
    volatility: Volatility,
    types: &[Type],
    args: Vec<Fragment>,
    result: &ColumnType,
) -> Fragment {
    let name = match volatility {
        Volatility::Immutable => "pg_call(",
        Volatility::Stable | Volatility::Volatile => "pg_call_volatile(",
    };
    let arg_types = types.iter().zip(&args).map(|(ty, arg)| match arg.pliant {
        // inputs and constants are said in the type's own storage
        Some(_) => stored_as(ty, &Storage::of_type(ty)),
        None => stored_as(ty, &arg.storage),
    });
    let signature = Signature { operation, args: arg_types.collect(), result: result.clone() };
    let mut sql = Sql::from(name).then(Sql::text(signature.to_text()));
    for arg in args {
        sql = sql.then(", ").then(own_storage(arg).sql);
    }
    Fragment::new(sql.then(")"), Storage::of(result))
}

fn own_storage(arg: Fragment) -> Fragment {
    if arg.pliant.is_some() && arg.is_numeric() { arg.into_decimal(&Sqlite) } else { arg }
}

fn native(func: Func, args: &[Fragment]) -> Option<Fragment> {
    let text = |arg: &Fragment| arg.storage == Storage::Text;
    let nullable = args.iter().any(|arg| arg.nullable);
    match (func, args) {
        (Func::Concat, [left, right]) if text(left) && text(right) => {
            let sql = sql!["(", left.sql.clone(), " || ", right.sql.clone(), ")"];
            Some(Fragment::new(sql, Storage::Text).nullable(nullable))
        }
        (Func::Length, [arg]) if text(arg) => {
            Some(Fragment::new(sql!["length(", arg.sql.clone(), ")"], Storage::Int).nullable(nullable))
        }
        _ => None,
    }
}
