//! Comparisons: of two values, with a list, with an array. Everything here keeps indexes usable where it can.

use mainstay_base::Result;
use mainstay_expr::{CompareOp, Expr, ExprKind, Quantifier, Type};

use super::fragment::{Fragment, Pliant};
use super::{Renderer, Sql, collated};
use crate::sql::sql;
use crate::sqlite::signature::{Operation, compare_name};
use crate::sqlite::statement::{Form, Input, Rounding, real};
use crate::sqlite::storage::{Collation, Storage};
use crate::{Constant, sqlite::Bound};

/// Two values in forms that SQLite can compare, and how.
struct Pair {
    left: Sql,
    right: Sql,
    collation: Option<Collation>,
}

impl Pair {
    fn said(self, op: &'static str) -> Sql {
        sql!["(", collated(self.left, self.collation), " ", op, " ", self.right, ")"]
    }
}

impl Renderer<'_> {
    pub(super) fn compare(&mut self, op: CompareOp, left: &Expr, right: &Expr) -> Result<Fragment> {
        let (left_sql, right_sql) = (self.comparand(left)?, self.comparand(right)?);
        let nullable = left_sql.nullable || right_sql.nullable;
        let pair = self.pair(op, &left.ty, left_sql, right_sql)?;
        Ok(Fragment::bool(pair.said(compare_name(op))).nullable(nullable))
    }

    pub(super) fn is_distinct(&mut self, left: &Expr, right: &Expr) -> Result<Fragment> {
        let (left_sql, right_sql) = (self.comparand(left)?, self.comparand(right)?);
        let pair = self.pair(CompareOp::Ne, &left.ty, left_sql, right_sql)?;
        Ok(Fragment::bool(pair.said("IS NOT")).nullable(false))
    }

    /// A value in the form that others are compared with it.
    fn comparand(&mut self, expr: &Expr) -> Result<Fragment> {
        let storage = Storage::of_type(&expr.ty);
        if let (Storage::Float4 | Storage::Float8, ExprKind::Literal(value)) = (&storage, &expr.kind) {
            let sql = Sql::constant(real(value)?.into());
            return Ok(Fragment::new(sql, storage).nullable(value.is_null()));
        }
        let mut fragment = self.expr(expr)?;
        if let (Storage::Float4 | Storage::Float8, Some(Pliant::Input(bound))) = (&storage, &fragment.pliant)
        {
            fragment.sql = Sql::input(Input { value: bound.clone(), form: Form::Real });
        }
        Ok(fragment)
    }

    fn pair(&mut self, op: CompareOp, ty: &Type, left: Fragment, right: Fragment) -> Result<Pair> {
        if left.is_numeric() || right.is_numeric() {
            return numeric_pair(op, left, right);
        }
        let (left_sql, right_sql) = match ty {
            Type::Enum(declared) if !matches!(op, CompareOp::Eq | CompareOp::Ne) => {
                (rank(left.sql, &declared.labels), rank(right.sql, &declared.labels))
            }
            _ => (left.sql, right.sql),
        };
        Ok(Pair { left: left_sql, right: right_sql, collation: left.storage.collation() })
    }

    pub(super) fn in_list(&mut self, value: &Expr, list: &[Expr]) -> Result<Fragment> {
        let value = self.comparand(value)?;
        let list = list.iter().map(|element| self.comparand(element)).collect::<Result<Vec<_>>>()?;
        let nullable = value.nullable || list.iter().any(|element| element.nullable);
        if !value.is_numeric() {
            let collation = value.storage.collation();
            let list = Sql::join(list.into_iter().map(|element| element.sql), ", ");
            return Ok(Fragment::bool(sql!["(", collated(value.sql, collation), " IN (", list, "))"])
                .nullable(nullable));
        }
        if let Storage::Scaled(scale) = value.storage {
            let exact = list.iter().map(|element| element.compared_at(scale, Rounding::Exact));
            if let Some(list) = exact.collect::<Result<Option<Vec<_>>>>()? {
                let sql = sql!["(", value.sql, " IN (", Sql::join(list, ", "), "))"];
                return Ok(Fragment::bool(sql).nullable(nullable));
            }
        }
        let value = collated(value.into_decimal().sql, Some(Collation::Decimal));
        let list = Sql::join(list.into_iter().map(|element| element.into_decimal().sql), ", ");
        Ok(Fragment::bool(sql!["(", value, " IN (", list, "))"]).nullable(nullable))
    }

    /// `= ANY` and `<> ALL` of an input or a literal are IN; everything else is computed by the evaluator.
    pub(super) fn compare_array(
        &mut self,
        op: CompareOp,
        quantifier: Quantifier,
        value: &Expr,
        array: &Expr,
    ) -> Result<Fragment> {
        let negated = match (op, quantifier) {
            (CompareOp::Eq, Quantifier::Any) => false,
            (CompareOp::Ne, Quantifier::All) => true,
            _ => return self.array_operation(op, quantifier, value, array),
        };
        if let ExprKind::Array(elements) = &array.kind {
            let found = self.in_list(value, elements)?;
            return Ok(negated_if(negated, found));
        }
        let list = self.expr(array)?;
        let Some(Pliant::Input(bound)) = list.pliant else {
            return self.array_operation(op, quantifier, value, array);
        };
        let value = self.comparand(value)?;
        Ok(negated_if(negated, in_input(value, bound)))
    }

    fn array_operation(
        &mut self,
        op: CompareOp,
        quantifier: Quantifier,
        value: &Expr,
        array: &Expr,
    ) -> Result<Fragment> {
        self.operation(Operation::CompareArray(op, quantifier), &[value, array], &Type::Bool)
    }
}

fn negated_if(negated: bool, found: Fragment) -> Fragment {
    match negated {
        true => Fragment::bool(sql!["(NOT ", found.sql, ")"]).nullable(found.nullable),
        false => found,
    }
}

/// `value IN` the elements of an input, with the NULLs of `= ANY`.
fn in_input(value: Fragment, bound: Bound) -> Fragment {
    let (form, collation) = match value.storage {
        Storage::Scaled(scale) if value.pliant.is_none() => {
            (Form::Scaled { scale, rounding: Rounding::Exact }, None)
        }
        Storage::Float4 | Storage::Float8 => (Form::Real, None),
        _ if value.is_numeric() => (Form::Storage(Storage::Decimal), Some(Collation::Decimal)),
        _ => (Form::Storage(value.storage.clone()), value.storage.collation()),
    };
    let value = match collation {
        Some(Collation::Decimal) => value.into_decimal().sql,
        _ => value.sql,
    };
    let list = Sql::input(Input { value: bound, form: Form::List(Box::new(form)) });
    Fragment::bool(sql!["(", collated(value, collation), " IN (SELECT value FROM rarray(", list, ")))"])
}

/// Numbers: as integers of one scale when one side is such a column and the other can follow, else as decimals.
fn numeric_pair(op: CompareOp, left: Fragment, right: Fragment) -> Result<Pair> {
    if let (Storage::Scaled(scale), None) = (&left.storage, &left.pliant)
        && let Some(right) = right.compared_at(*scale, Rounding::of(op))?
    {
        return Ok(Pair { left: left.sql, right, collation: None });
    }
    if let (Storage::Scaled(scale), None) = (&right.storage, &right.pliant)
        && let Some(left) = left.compared_at(*scale, Rounding::of(flipped(op)))?
    {
        return Ok(Pair { left, right: right.sql, collation: None });
    }
    let collation = Some(Collation::Decimal);
    Ok(Pair { left: left.into_decimal().sql, right: right.into_decimal().sql, collation })
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

/// An enum label's place in the declared order.
pub(super) fn rank(label: Sql, labels: &[String]) -> Sql {
    let mut sql = sql!["CASE ", label];
    for (position, label) in labels.iter().enumerate() {
        let rank = Sql::constant(Constant::Int(position as i64));
        sql = sql.then(" WHEN ").then(Sql::text(label)).then(" THEN ").then(rank);
    }
    sql.then(" END").parenthesized()
}
