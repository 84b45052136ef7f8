//! Expressions: which form is said how. Families of forms have files of their own beside this one.

use mainstay_base::{Problem, Result};
use mainstay_expr::{
    ColumnType, Expr, ExprKind, Func, Input as Supplied, SessionValue, Tree, Truth, Type, Value, When,
};

use super::fragment::Fragment;
use super::{Renderer, Sql, connected};
use crate::operation::Operation;
use crate::sql::sql;
use crate::statement::{Bound, Computed};
use crate::storage::Storage;

impl Renderer<'_> {
    pub(crate) fn expr(&mut self, expr: &Expr) -> Result<Fragment> {
        match self.said(expr) {
            Err(problem) if problem.code() == "0A000" && self.dialect.is_helped() && is_given(expr) => {
                Ok(self.bound(Bound::Computed(Computed::new(expr)), self.storage_of(&expr.ty)))
            }
            said => said,
        }
    }

    fn said(&mut self, expr: &Expr) -> Result<Fragment> {
        match &expr.kind {
            ExprKind::Literal(value) => self.literal(value, &expr.ty),
            ExprKind::Input(input) => self.input(input, &expr.ty),
            ExprKind::Column(column) => self.column(*column, &expr.ty),
            ExprKind::Compare(op, left, right) => self.compare(*op, left, right),
            ExprKind::And(terms) => self.connective(terms, " AND ", "TRUE"),
            ExprKind::Or(terms) => self.connective(terms, " OR ", "FALSE"),
            ExprKind::Not(inner) => self.not(inner),
            ExprKind::IsNull(inner) => self.is_null(inner, " IS NULL)"),
            ExprKind::IsTruth(inner, truth) => {
                let inner = self.expr(inner)?;
                let test = match truth {
                    Truth::True => " IS TRUE)",
                    Truth::False => " IS FALSE)",
                    Truth::Unknown => " IS NULL)",
                };
                Ok(Fragment::bool(sql!["(", inner.sql, test]).nullable(false))
            }
            ExprKind::IsDistinct(left, right) => self.is_distinct(left, right),
            ExprKind::Match { op, value, pattern, escape } => self.matches(*op, value, pattern, *escape),
            ExprKind::CompareArray { op, quantifier, value, array } => {
                self.compare_array(*op, *quantifier, value, array)
            }
            ExprKind::MatchArray { op, quantifier, value, array } => {
                self.operation(Operation::MatchArray(*op, *quantifier), &[value, array], &expr.ty)
            }
            ExprKind::InList(value, list) => self.in_list(value, list),
            ExprKind::Call(func, args) => self.call(*func, args, &expr.ty),
            ExprKind::Cast(inner, target) => self.cast(inner, target),
            ExprKind::Case(arms, otherwise) => self.case(arms, otherwise.as_deref(), &expr.ty),
            ExprKind::Coalesce(terms) => self.coalesce(terms),
            ExprKind::Extreme(greatest, terms) => {
                let terms: Vec<&Expr> = terms.iter().collect();
                self.operation(Operation::Extreme(*greatest), &terms, &expr.ty)
            }
            ExprKind::Array(elements) => {
                let elements: Vec<&Expr> = elements.iter().collect();
                self.operation(Operation::Array, &elements, &expr.ty)
            }
            ExprKind::Exists(select) => self.exists(select),
            ExprKind::Scalar(select) => self.scalar(select, &expr.ty),
            ExprKind::ArrayOf(select) => self.array_of(select, &expr.ty),
            ExprKind::InSelect(values, select) => self.in_select(values, select),
            ExprKind::Native(_) => Err(self.dialect.unsupported("what an existing database knows")),
            ExprKind::Aggregate(aggregate) => self.dialect.aggregate(self, aggregate, &expr.ty),
        }
    }

    /// A boolean as a condition.
    pub(crate) fn condition(&mut self, expr: &Expr) -> Result<Sql> {
        Ok(self.expr(expr)?.sql)
    }

    fn literal(&mut self, value: &Value, ty: &Type) -> Result<Fragment> {
        match value {
            Value::Bool(true) => Ok(Fragment::bool(Sql::from("TRUE")).nullable(false)),
            Value::Bool(false) => Ok(Fragment::bool(Sql::from("FALSE")).nullable(false)),
            _ => self.constant(value, self.storage_of(ty)),
        }
    }

    fn connective(&mut self, terms: &[Expr], word: &'static str, empty: &'static str) -> Result<Fragment> {
        let terms = terms.iter().map(|term| self.expr(term)).collect::<Result<Vec<_>>>()?;
        let nullable = terms.iter().any(|term| term.nullable);
        let sql = match terms.len() {
            0 => Sql::from(empty),
            _ => connected(terms.into_iter().map(|term| term.sql).collect(), word).parenthesized(),
        };
        Ok(Fragment::bool(sql).nullable(nullable))
    }

    fn not(&mut self, inner: &Expr) -> Result<Fragment> {
        match &inner.kind {
            ExprKind::IsNull(value) => self.is_null(value, " IS NOT NULL)"),
            _ => {
                let inner = self.expr(inner)?;
                Ok(Fragment::bool(sql!["(NOT ", inner.sql, ")"]).nullable(inner.nullable))
            }
        }
    }

    fn is_null(&mut self, value: &Expr, test: &'static str) -> Result<Fragment> {
        let value = self.expr(value)?;
        Ok(Fragment::bool(sql!["(", value.sql, test]).nullable(false))
    }

    fn case(&mut self, arms: &[When], otherwise: Option<&Expr>, ty: &Type) -> Result<Fragment> {
        let conditions = arms.iter().map(|arm| self.condition(&arm.condition)).collect::<Result<Vec<_>>>()?;
        let mut results = arms.iter().map(|arm| self.expr(&arm.result)).collect::<Result<Vec<_>>>()?;
        results.push(match otherwise {
            Some(otherwise) => self.expr(otherwise)?,
            None => self.literal(&Value::Null, ty)?,
        });
        let nullable = results.iter().any(|result| result.nullable);
        let (mut results, storage) = self.unify(results)?;
        let Some(otherwise) = results.pop() else { return Err(Problem::internal("CASE without an arm")) };
        let mut sql = Sql::from("CASE");
        for (condition, result) in conditions.into_iter().zip(results) {
            sql = sql.then(" WHEN ").then(condition).then(" THEN ").then(result.sql);
        }
        let sql = sql.then(" ELSE ").then(otherwise.sql).then(" END").parenthesized();
        Ok(Fragment::new(sql, storage).nullable(nullable))
    }

    fn coalesce(&mut self, terms: &[Expr]) -> Result<Fragment> {
        // some want two arguments at least
        if let [only] = terms {
            return self.expr(only);
        }
        let terms = terms.iter().map(|term| self.expr(term)).collect::<Result<Vec<_>>>()?;
        let nullable = terms.iter().all(|term| term.nullable);
        let (terms, storage) = self.unify(terms)?;
        let sql = sql!["coalesce(", Sql::join(terms.into_iter().map(|term| term.sql), ", "), ")"];
        Ok(Fragment::new(sql, storage).nullable(nullable))
    }

    fn input(&self, input: &Supplied, ty: &Type) -> Result<Fragment> {
        let storage = self.storage_of(ty);
        Ok(match input {
            Supplied::Slot(slot) => self.bound(Bound::Slot(*slot), storage),
            Supplied::New(column) => self.bound(Bound::New(*column), storage),
            Supplied::Session(value) => {
                let nullable = !matches!(value, SessionValue::Now | SessionValue::CurrentUser);
                self.bound(Bound::Session(value.clone()), storage).nullable(nullable)
            }
            Supplied::Argument(_) => {
                return Err(Problem::internal("a function's argument reached the engine"));
            }
        })
    }

    fn bound(&self, value: Bound, storage: Storage) -> Fragment {
        let fragment = Fragment::input(value, storage);
        Fragment { sql: self.dialect.typed(fragment.sql, &fragment.storage), ..fragment }
    }

    fn call(&mut self, func: Func, args: &[Expr], ty: &Type) -> Result<Fragment> {
        let fragments = args.iter().map(|arg| self.expr(arg)).collect::<Result<Vec<_>>>()?;
        let types: Vec<Type> = args.iter().map(|arg| arg.ty.clone()).collect();
        self.dialect.call(func, &types, fragments, ty)
    }

    /// An operation of the evaluator on rendered arguments.
    pub(super) fn operation(&mut self, operation: Operation, args: &[&Expr], ty: &Type) -> Result<Fragment> {
        let fragments = args.iter().map(|arg| self.expr(arg)).collect::<Result<Vec<_>>>()?;
        let types: Vec<Type> = args.iter().map(|arg| arg.ty.clone()).collect();
        self.dialect.operation(operation, &types, fragments, ty)
    }

    fn cast(&mut self, inner: &Expr, target: &ColumnType) -> Result<Fragment> {
        let fragment = self.expr(inner)?;
        match fragment.is_null() {
            true => self.constant(&Value::Null, self.dialect.storage(target)),
            false => self.dialect.cast(fragment, &inner.ty, target),
        }
    }
}

/// Whether an expression is made of values of the request and the session alone, always the same during it.
fn is_given(expr: &Expr) -> bool {
    let asks_more = |part: &Expr| {
        use ExprKind::{Aggregate, ArrayOf, Column, Exists, InSelect, Input, Native, Scalar};
        matches!(
            part.kind,
            Column(_)
                | Input(Supplied::New(_))
                | Exists(_)
                | Scalar(_)
                | ArrayOf(_)
                | InSelect(..)
                | Native(_)
                | Aggregate(_)
        )
    };
    !expr.any(asks_more) && !expr.is_volatile()
}
