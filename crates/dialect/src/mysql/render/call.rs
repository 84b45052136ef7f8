//! Calls: the functions that MySQL computes as PostgreSQL does.

use mainstay_base::Result;
use mainstay_expr::{Func, Type, Value};

use super::MySql;
use crate::Constant;
use crate::dialect::Dialect;
use crate::render::{Fragment, Pliant, Sql};
use crate::sql::sql;
use crate::storage::Storage;

pub(super) fn call(
    dialect: &MySql,
    func: Func,
    types: &[Type],
    args: Vec<Fragment>,
    ty: &Type,
) -> Result<Fragment> {
    let native = native(func, types, &args, ty);
    native.ok_or_else(|| dialect.unsupported(&format!("the function {}", func.name())))
}

fn native(func: Func, types: &[Type], args: &[Fragment], ty: &Type) -> Option<Fragment> {
    let text = |arg: &Fragment| arg.storage == Storage::Text;
    let nullable = args.iter().any(|arg| arg.nullable);
    let said = |sql: Sql, storage: Storage| Some(Fragment::new(sql, storage).nullable(nullable));
    match (func, args) {
        (Func::Concat, [left, right]) if text(left) && text(right) && types.iter().all(Type::is_text) => {
            said(sql!["CONCAT(", left.sql.clone(), ", ", right.sql.clone(), ")"], Storage::Text)
        }
        (Func::Length, [arg]) if text(arg) => said(sql!["CHAR_LENGTH(", arg.sql.clone(), ")"], Storage::Int),
        (Func::ByteLength, [arg]) if text(arg) || arg.storage == Storage::Bytea => {
            said(sql!["OCTET_LENGTH(", arg.sql.clone(), ")"], Storage::Int)
        }
        (Func::Add | Func::Subtract | Func::Multiply, [left, right])
            if ty.is_integer() && !computes(left) && !computes(right) =>
        {
            said(integer(func, left, right, ty), Storage::Int)
        }
        // By other numbers it may fail, which MySQL does not; minus one makes the least number too great.
        (Func::Divide | Func::Modulo, [left, right])
            if ty.is_integer() && is_literal(right, |number| !matches!(number, 0 | -1)) =>
        {
            let symbol = if func == Func::Divide { " DIV " } else { " % " };
            said(sql!["(", left.sql.clone(), symbol, right.sql.clone(), ")"], Storage::Int)
        }
        _ => None,
    }
}

fn is_literal(arg: &Fragment, test: impl Fn(i64) -> bool) -> bool {
    matches!(arg.pliant, Some(Pliant::Literal(Value::Int(number))) if test(number))
}

/// Whether a number is computed, so that it is better said once only.
fn computes(arg: &Fragment) -> bool {
    arg.sql.says("CASE WHEN ")
}

/// Arithmetic of integers. What is out of the type's range is made to be out of MySQL's own, which is an error.
fn integer(func: Func, left: &Fragment, right: &Fragment, ty: &Type) -> Sql {
    let symbol = match func {
        Func::Add => " + ",
        Func::Subtract => " - ",
        _ => " * ",
    };
    let result = sql!["(", left.sql.clone(), symbol, right.sql.clone(), ")"];
    let (least, most) = match ty {
        Type::Int2 => (i64::from(i16::MIN), i64::from(i16::MAX)),
        Type::Int4 => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => return result,
    };
    let number = |number: i64| Sql::constant(Constant::Int(number));
    sql![
        "(CASE WHEN ",
        result.clone(),
        " NOT BETWEEN ",
        number(least),
        " AND ",
        number(most),
        " THEN ABS(",
        result.clone(),
        ") + 9223372036854775807 ELSE ",
        result,
        " END)"
    ]
}
