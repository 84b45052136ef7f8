//! Comparisons: of two values, with a list, with an array. Everything here keeps indexes usable where it can.

use mainstay_base::Result;
use mainstay_expr::{CompareOp, Expr, ExprKind, Quantifier, Type};

use super::fragment::{Fragment, Pliant};
use super::{Renderer, Sql};
use crate::Constant;
use crate::operation::Operation;
use crate::sql::sql;

impl Renderer<'_> {
    pub(super) fn compare(&mut self, op: CompareOp, left: &Expr, right: &Expr) -> Result<Fragment> {
        let (left_sql, right_sql) = (self.comparand(left)?, self.comparand(right)?);
        let nullable = left_sql.nullable || right_sql.nullable;
        let narrowed = match op {
            CompareOp::Eq => self.dialect.narrowed(&left_sql, &right_sql),
            _ => None,
        };
        let (left, right) = self.pair(op, &left.ty, left_sql, right_sql)?;
        let narrowed = narrowed.map_or_else(|| Sql::from(""), |narrowed| narrowed.then(" AND "));
        Ok(Fragment::bool(sql!["(", narrowed, left, " ", op.symbol(), " ", right, ")"]).nullable(nullable))
    }

    pub(super) fn is_distinct(&mut self, left: &Expr, right: &Expr) -> Result<Fragment> {
        let (left_sql, right_sql) = (self.comparand(left)?, self.comparand(right)?);
        let (left, right) = self.pair(CompareOp::Ne, &left.ty, left_sql, right_sql)?;
        Ok(Fragment::bool(self.dialect.is_distinct(left, right)).nullable(false))
    }

    /// A value in the form that others are compared with it.
    fn comparand(&mut self, expr: &Expr) -> Result<Fragment> {
        if !matches!(expr.ty, Type::Float4 | Type::Float8) {
            return self.expr(expr);
        }
        if let ExprKind::Literal(value) = &expr.kind
            && let Some(sql) = self.dialect.float_literal(value)?
        {
            return Ok(Fragment::new(sql, self.storage_of(&expr.ty)).nullable(value.is_null()));
        }
        let fragment = self.expr(expr)?;
        self.dialect.float_comparand(fragment)
    }

    fn pair(&mut self, op: CompareOp, ty: &Type, left: Fragment, right: Fragment) -> Result<(Sql, Sql)> {
        if left.is_numeric() || right.is_numeric() {
            return self.dialect.numeric_pair(op, left, right);
        }
        let right_sql = self.dialect.compared_with(right.sql, &right.storage)?;
        let left_sql = self.dialect.comparable(left.sql, &left.storage)?;
        Ok(match ty {
            Type::Enum(declared) if !matches!(op, CompareOp::Eq | CompareOp::Ne) => {
                (rank(left_sql, &declared.labels), rank(right_sql, &declared.labels))
            }
            _ => (left_sql, right_sql),
        })
    }

    pub(super) fn in_list(&mut self, value: &Expr, list: &[Expr]) -> Result<Fragment> {
        let value = self.comparand(value)?;
        let list = list.iter().map(|element| self.comparand(element)).collect::<Result<Vec<_>>>()?;
        let nullable = value.nullable || list.iter().any(|element| element.nullable);
        let narrowed: Option<Vec<Sql>> =
            list.iter().map(|element| self.dialect.narrowed(&value, element)).collect();
        let narrowed = match narrowed {
            Some(terms) if !terms.is_empty() => Sql::join(terms, " OR ").parenthesized().then(" AND "),
            _ => Sql::from(""),
        };
        let sql = if value.is_numeric() {
            self.dialect.numeric_in(value, list)?
        } else {
            let listed =
                list.into_iter().map(|element| self.dialect.compared_with(element.sql, &element.storage));
            let list = Sql::join(listed.collect::<Result<Vec<_>>>()?, ", ");
            let value = self.dialect.comparable(value.sql, &value.storage)?;
            sql!["(", narrowed, value, " IN (", list, "))"]
        };
        Ok(Fragment::bool(sql).nullable(nullable))
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
        Ok(negated_if(negated, Fragment::bool(self.dialect.in_input(value, bound)?)))
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

/// An enum label's place in the declared order.
pub(crate) fn rank(label: Sql, labels: &[String]) -> Sql {
    let mut sql = sql!["CASE ", label];
    for (position, label) in labels.iter().enumerate() {
        let rank = Sql::constant(Constant::Int(position as i64));
        sql = sql.then(" WHEN ").then(Sql::text(label)).then(" THEN ").then(rank);
    }
    sql.then(" END").parenthesized()
}
