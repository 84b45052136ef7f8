//! The evaluator: what every expression and select means, over rows in memory.
//!
//! It is the reference that the engines are held against, so it is plain rather than fast: joins are nested loops. Where
//! one row is checked at a time, as by WITH CHECK and by the change feed, that costs nothing.

mod aggregate;
mod from;
mod scope;
mod select;

use std::cell::Cell;

use mainstay_base::{Clock, Problem, Randomness, Result};

use crate::func::{self, Env};
use crate::{
    CompareOp, Expr, ExprKind, Input, MatchOp, Quantifier, Select, Session, TableId, TimeContext, Truth,
    Type, Value, cast, compare, like,
};

pub use scope::Scope;

/// The values from outside.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// The request's values.
    pub slots: &'a [Value],
    /// The arguments of the function whose body is evaluated.
    pub arguments: &'a [Value],
    /// The row about to be written.
    pub new: &'a [Value],
    /// Who asks.
    pub session: &'a Session,
}

/// Where the rows of base tables come from.
pub trait Tables {
    /// All rows of a table, each with all its columns.
    fn rows(&self, table: TableId) -> Result<Vec<Vec<Value>>>;
}

/// No tables: for expressions that are known to have no selects.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoTables;

impl Tables for NoTables {
    fn rows(&self, _: TableId) -> Result<Vec<Vec<Value>>> {
        Err(Problem::internal("an expression without tables reads a table"))
    }
}

/// Evaluates expressions and selects with given inputs.
pub struct Evaluator<'a> {
    inputs: Inputs<'a>,
    tables: &'a dyn Tables,
    time: TimeContext,
    clock: &'a dyn Clock,
    random: &'a dyn Randomness,
    /// Combinations of rows that were looked at.
    combined: Cell<usize>,
}

/// Combinations of rows that are looked at most: whoever waits for more would wait too long, and they have to be kept.
const COMBINED_MAX: usize = 10_000_000;

impl<'a> Evaluator<'a> {
    /// An evaluator; fails when the session's time zone is unknown.
    pub fn new(
        inputs: Inputs<'a>,
        tables: &'a dyn Tables,
        clock: &'a dyn Clock,
        random: &'a dyn Randomness,
    ) -> Result<Self> {
        Ok(Self {
            inputs,
            tables,
            time: TimeContext::of(inputs.session)?,
            clock,
            random,
            combined: Cell::default(),
        })
    }

    /// The value of an expression, with the rows in `scope` for its sources.
    pub fn eval(&self, expr: &Expr, scope: &Scope<'_>) -> Result<Value> {
        match &expr.kind {
            ExprKind::Literal(value) => Ok(value.clone()),
            ExprKind::Input(input) => self.input(input),
            ExprKind::Column(column) => scope.column(*column),
            ExprKind::Compare(op, left, right) => {
                let values = (self.eval(left, scope)?, self.eval(right, scope)?);
                Ok(truth(compare::compare(*op, &left.ty, &values.0, &values.1)))
            }
            ExprKind::And(terms) => self.connective(terms, scope, false),
            ExprKind::Or(terms) => self.connective(terms, scope, true),
            ExprKind::Not(inner) => Ok(truth(self.truth(inner, scope)?.map(|truth| !truth))),
            ExprKind::IsNull(inner) => Ok(Value::Bool(self.eval(inner, scope)?.is_null())),
            ExprKind::IsTruth(inner, wanted) => {
                let wanted = match wanted {
                    Truth::True => Some(true),
                    Truth::False => Some(false),
                    Truth::Unknown => None,
                };
                Ok(Value::Bool(self.truth(inner, scope)? == wanted))
            }
            ExprKind::IsDistinct(left, right) => {
                let values = (self.eval(left, scope)?, self.eval(right, scope)?);
                Ok(Value::Bool(!compare::equal(&left.ty, &values.0, &values.1)))
            }
            ExprKind::Match { op, value, pattern, escape } => {
                let (value, pattern) = (self.eval(value, scope)?, self.eval(pattern, scope)?);
                matches(*op, &value, &pattern, *escape).map(truth)
            }
            ExprKind::CompareArray { op, quantifier, value, array } => {
                let (value_ty, value) = (&value.ty, self.eval(value, scope)?);
                quantified(*quantifier, &self.eval(array, scope)?, |element| {
                    Ok(compare::compare(*op, value_ty, &value, element))
                })
            }
            ExprKind::MatchArray { op, quantifier, value, array } => {
                let value = self.eval(value, scope)?;
                quantified(*quantifier, &self.eval(array, scope)?, |pattern| {
                    matches(*op, &value, pattern, None)
                })
            }
            ExprKind::InList(value, list) => self.in_list(value, list, scope),
            ExprKind::Call(func, args) => {
                let values = self.all(args, scope)?;
                let types: Vec<Type> = args.iter().map(|arg| arg.ty.clone()).collect();
                func::call(*func, &types, &expr.ty, &values, &self.env())
            }
            ExprKind::Cast(inner, to) => cast::cast(&inner.ty, &self.eval(inner, scope)?, to, &self.time),
            ExprKind::Case(arms, otherwise) => {
                for arm in arms {
                    if self.truth(&arm.condition, scope)? == Some(true) {
                        return self.eval(&arm.result, scope);
                    }
                }
                otherwise.as_ref().map_or(Ok(Value::Null), |otherwise| self.eval(otherwise, scope))
            }
            ExprKind::Coalesce(terms) => {
                for term in terms {
                    let value = self.eval(term, scope)?;
                    if !value.is_null() {
                        return Ok(value);
                    }
                }
                Ok(Value::Null)
            }
            ExprKind::Extreme(greatest, terms) => self.extreme(*greatest, &expr.ty, terms, scope),
            ExprKind::Array(elements) => Ok(Value::Array(self.all(elements, scope)?)),
            ExprKind::Exists(select) => Ok(Value::Bool(!self.rows(select, scope)?.is_empty())),
            ExprKind::Scalar(select) => self.scalar(select, scope),
            ExprKind::ArrayOf(select) => {
                let rows = self.rows(select, scope)?;
                Ok(Value::Array(rows.into_iter().filter_map(|row| row.into_iter().next()).collect()))
            }
            ExprKind::InSelect(values, select) => self.in_select(values, select, scope),
            ExprKind::Native(_) => Err(Problem::internal("what only a database knows reached the evaluator")),
            ExprKind::Aggregate(aggregate) => self.aggregate(aggregate, scope),
        }
    }

    /// A condition: `None` is unknown.
    pub fn truth(&self, expr: &Expr, scope: &Scope<'_>) -> Result<Option<bool>> {
        match self.eval(expr, scope)? {
            Value::Bool(truth) => Ok(Some(truth)),
            Value::Null => Ok(None),
            other => Err(Problem::internal(format!("a condition is {other:?}"))),
        }
    }

    /// The rows of a select, a value for each of its items. `scope` has the rows of enclosing selects.
    pub fn select(&self, select: &Select, scope: &Scope<'_>) -> Result<Vec<Vec<Value>>> {
        self.rows(select, scope)
    }

    fn env(&self) -> Env<'_> {
        Env { time: &self.time, clock: self.clock, random: self.random }
    }

    fn all(&self, exprs: &[Expr], scope: &Scope<'_>) -> Result<Vec<Value>> {
        exprs.iter().map(|expr| self.eval(expr, scope)).collect()
    }

    fn input(&self, input: &Input) -> Result<Value> {
        let (values, position) = match input {
            Input::Slot(n) => (self.inputs.slots, n),
            Input::Argument(n) => (self.inputs.arguments, n),
            Input::New(n) => (self.inputs.new, n),
            Input::Session(wanted) => return self.inputs.session.value(wanted),
        };
        let missing = || Problem::internal(format!("{input:?} has no value"));
        values.get(*position as usize).cloned().ok_or_else(missing)
    }

    /// AND (`decisive` false) or OR (`decisive` true): one decisive term decides.
    fn connective(&self, terms: &[Expr], scope: &Scope<'_>, decisive: bool) -> Result<Value> {
        let mut result = Some(!decisive);
        for term in terms {
            match self.truth(term, scope)? {
                Some(truth) if truth == decisive => return Ok(Value::Bool(decisive)),
                Some(_) => {}
                None => result = None,
            }
        }
        Ok(truth(result))
    }

    fn in_list(&self, value: &Expr, list: &[Expr], scope: &Scope<'_>) -> Result<Value> {
        let ty = &value.ty;
        let value = self.eval(value, scope)?;
        let mut result = Some(false);
        for element in list {
            match compare::compare(CompareOp::Eq, ty, &value, &self.eval(element, scope)?) {
                Some(true) => return Ok(Value::Bool(true)),
                Some(false) => {}
                None => result = None,
            }
        }
        Ok(truth(result))
    }

    fn in_select(&self, values: &[Expr], select: &Select, scope: &Scope<'_>) -> Result<Value> {
        let types: Vec<&Type> = values.iter().map(|value| &value.ty).collect();
        let values = self.all(values, scope)?;
        let mut result = Some(false);
        for row in self.rows(select, scope)? {
            let mut same = Some(true);
            for ((ty, value), other) in types.iter().zip(&values).zip(&row) {
                match compare::compare(CompareOp::Eq, ty, value, other) {
                    Some(true) => {}
                    Some(false) => same = Some(false),
                    None if same == Some(true) => same = None,
                    None => {}
                }
            }
            match same {
                Some(true) => return Ok(Value::Bool(true)),
                Some(false) => {}
                None => result = None,
            }
        }
        Ok(truth(result))
    }

    fn extreme(&self, greatest: bool, ty: &Type, terms: &[Expr], scope: &Scope<'_>) -> Result<Value> {
        let mut best = Value::Null;
        for term in terms {
            let value = self.eval(term, scope)?;
            if value.is_null() {
                continue;
            }
            let order = compare::order(ty, &value, &best);
            if best.is_null() || (greatest && order.is_gt()) || (!greatest && order.is_lt()) {
                best = value;
            }
        }
        Ok(best)
    }

    fn scalar(&self, select: &Select, scope: &Scope<'_>) -> Result<Value> {
        let mut rows = self.rows(select, scope)?.into_iter();
        let value = rows.next().and_then(|row| row.into_iter().next()).unwrap_or(Value::Null);
        match rows.next() {
            None => Ok(value),
            Some(_) => {
                Err(Problem::new("21000", "more than one row returned by a subquery used as an expression"))
            }
        }
    }
}

fn truth(truth: Option<bool>) -> Value {
    truth.map_or(Value::Null, Value::Bool)
}

fn matches(op: MatchOp, value: &Value, pattern: &Value, escape: Option<char>) -> Result<Option<bool>> {
    match (value, pattern) {
        (Value::Text(value), Value::Text(pattern)) => like::matches(op, value, pattern, escape).map(Some),
        _ => Ok(None),
    }
}

/// ANY or ALL over an array's elements: NULL when the array is, or when only unknown elements could decide.
fn quantified(
    quantifier: Quantifier,
    array: &Value,
    test: impl Fn(&Value) -> Result<Option<bool>>,
) -> Result<Value> {
    let Value::Array(elements) = array else { return Ok(Value::Null) };
    let decisive = quantifier == Quantifier::Any;
    let mut result = Some(!decisive);
    for element in elements {
        match test(element)? {
            Some(truth) if truth == decisive => return Ok(Value::Bool(decisive)),
            Some(_) => {}
            None => result = None,
        }
    }
    Ok(truth(result))
}
