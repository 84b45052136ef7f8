//! Aggregate functions over the rows of a group.

use bigdecimal::BigDecimal;
use mainstay_base::{Problem, Result};

use super::Evaluator;
use super::scope::{Scope, Sources};
use super::select::order_by;
use crate::func::{self, add_numbers};
use crate::{Aggregate, AggregateFunc, Interval, Jsonb, Numeric, Type, Value, cast, compare, numeric};

impl Evaluator<'_> {
    pub(super) fn aggregate(&self, aggregate: &Aggregate, scope: &Scope<'_>) -> Result<Value> {
        let (group, outer) = enclosing_group(scope)?;
        let mut rows = Vec::new();
        for sources in group {
            let inner = Scope { own: sources.clone(), outer, group: None };
            let counts = match &aggregate.filter {
                None => true,
                Some(filter) => self.truth(filter, &inner)? == Some(true),
            };
            if counts {
                let order = aggregate.order_by.iter().map(|term| self.eval(&term.expr, &inner));
                rows.push((self.all(&aggregate.args, &inner)?, order.collect::<Result<Vec<_>>>()?));
            }
        }
        rows.sort_by(|left, right| order_by(&aggregate.order_by, &left.1, &right.1));
        let mut args: Vec<Vec<Value>> = rows.into_iter().map(|(args, _)| args).collect();
        if aggregate.distinct {
            make_distinct(aggregate, &mut args);
        }
        self.fold(aggregate, args)
    }

    fn fold(&self, aggregate: &Aggregate, rows: Vec<Vec<Value>>) -> Result<Value> {
        let Some(ty) = aggregate.args.first().map(|arg| &arg.ty) else {
            return Ok(Value::Int(rows.len() as i64));
        };
        if aggregate.func == AggregateFunc::StringAgg {
            return join(&rows);
        }
        let values: Vec<Value> = rows.into_iter().filter_map(|row| row.into_iter().next()).collect();
        match aggregate.func {
            AggregateFunc::ArrayAgg if values.is_empty() => return Ok(Value::Null),
            AggregateFunc::ArrayAgg => return Ok(Value::Array(values)),
            AggregateFunc::JsonAgg | AggregateFunc::JsonbAgg if values.is_empty() => return Ok(Value::Null),
            AggregateFunc::JsonAgg => {
                let typed: Vec<_> = values.iter().map(|value| (ty, value)).collect();
                return Ok(Value::Json(func::build_array(&typed, &self.time.zone)));
            }
            AggregateFunc::JsonbAgg => {
                let elements = values.iter().map(|value| func::to_jsonb(ty, value, &self.time));
                return Ok(Value::Jsonb(Jsonb::Array(elements.collect::<Result<_>>()?)));
            }
            _ => {}
        }
        let mut values = values.into_iter().filter(|value| !value.is_null());
        match aggregate.func {
            AggregateFunc::Count => Ok(Value::Int(values.count() as i64)),
            AggregateFunc::Sum => sum(ty, values),
            AggregateFunc::Avg => average(ty, values),
            AggregateFunc::Min => {
                Ok(values.min_by(|left, right| compare::order(ty, left, right)).unwrap_or(Value::Null))
            }
            AggregateFunc::Max => {
                Ok(values.max_by(|left, right| compare::order(ty, left, right)).unwrap_or(Value::Null))
            }
            AggregateFunc::BoolAnd => Ok(every(&mut values, true)),
            AggregateFunc::BoolOr => Ok(every(&mut values, false)),
            other => Err(Problem::internal(format!("{other:?} was folded"))),
        }
    }
}

/// The rows of the nearest grouped select, and what is outside it.
fn enclosing_group<'a>(scope: &'a Scope<'a>) -> Result<(&'a [Sources], Option<&'a Scope<'a>>)> {
    match (scope.group, scope.outer) {
        (Some(group), outer) => Ok((group, outer)),
        (None, Some(outer)) => enclosing_group(outer),
        (None, None) => Err(Problem::internal("an aggregate stands outside a grouped select")),
    }
}

/// Keeps the first of equal arguments; they come out sorted unless an order was asked for.
fn make_distinct(aggregate: &Aggregate, rows: &mut Vec<Vec<Value>>) {
    let order = |left: &Vec<Value>, right: &Vec<Value>| {
        let pairs = aggregate.args.iter().zip(left.iter().zip(right));
        let mut orders = pairs.map(|(arg, (left, right))| compare::order(&arg.ty, left, right));
        orders.find(|order| order.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
    };
    if aggregate.order_by.is_empty() {
        rows.sort_by(order);
        rows.dedup_by(|later, kept| order(later, kept).is_eq());
        return;
    }
    let mut kept: Vec<Vec<Value>> = Vec::new();
    for row in rows.drain(..) {
        if !kept.iter().any(|other| order(other, &row).is_eq()) {
            kept.push(row);
        }
    }
    *rows = kept;
}

fn every(values: &mut dyn Iterator<Item = Value>, all: bool) -> Value {
    let truths: Vec<bool> =
        values.filter_map(|value| if let Value::Bool(truth) = value { Some(truth) } else { None }).collect();
    match truths.as_slice() {
        [] => Value::Null,
        truths if all => Value::Bool(truths.iter().all(|truth| *truth)),
        truths => Value::Bool(truths.iter().any(|truth| *truth)),
    }
}

/// Small integers add up to a bigint, bigints to a numeric.
fn sum(ty: &Type, values: impl Iterator<Item = Value>) -> Result<Value> {
    let (ty, widen) = match ty {
        Type::Int2 | Type::Int4 => (Type::Int8, false),
        Type::Int8 => (Type::Numeric, true),
        other => (other.clone(), false),
    };
    let mut total = Value::Null;
    for value in values {
        let value = match cast::to_numeric(&value) {
            Some(number) if widen => Value::Numeric(number),
            _ => value,
        };
        total = match (&total, &value) {
            (Value::Null, _) => value,
            (Value::Interval(left), Value::Interval(right)) => {
                Value::Interval(func::sum_intervals(left, right)?)
            }
            _ => add_numbers(&ty, &total, &value)?,
        };
    }
    Ok(total)
}

fn average(ty: &Type, values: impl Iterator<Item = Value>) -> Result<Value> {
    let values: Vec<Value> = values.collect();
    if values.is_empty() {
        return Ok(Value::Null);
    }
    let count = values.len();
    let exact = |value: Value| {
        if ty.is_integer() { cast::to_numeric(&value).map_or(value, Value::Numeric) } else { value }
    };
    let sum_type = match ty {
        Type::Int2 | Type::Int4 | Type::Int8 => Type::Numeric,
        Type::Float4 => Type::Float8,
        other => other.clone(),
    };
    match sum(&sum_type, values.into_iter().map(exact))? {
        Value::Float(total) => Ok(Value::Float(total / count as f64)),
        Value::Numeric(Numeric::Finite(total)) => {
            numeric::divide(&total, &BigDecimal::from(count as u64)).map(cast::finite)
        }
        Value::Interval(total) => divide_interval(&total, count),
        other => Ok(other),
    }
}

fn divide_interval(total: &Interval, count: usize) -> Result<Value> {
    func::scale_interval(total, |part| part / count as f64)
}

/// `string_agg`: the separator before a value is that value's own.
fn join(rows: &[Vec<Value>]) -> Result<Value> {
    let mut joined = Value::Null;
    for row in rows {
        match (&mut joined, row.as_slice()) {
            (_, [Value::Null, ..]) => {}
            (Value::Text(text), [Value::Text(value), separator]) => {
                if let Value::Text(separator) = separator {
                    text.push_str(separator);
                }
                text.push_str(value);
            }
            (Value::Bytea(bytes), [Value::Bytea(value), separator]) => {
                if let Value::Bytea(separator) = separator {
                    bytes.extend_from_slice(separator);
                }
                bytes.extend_from_slice(value);
            }
            (Value::Null, [value, _]) => joined = value.clone(),
            _ => return Err(Problem::internal("string_agg of what is neither text nor bytea")),
        }
    }
    Ok(joined)
}
