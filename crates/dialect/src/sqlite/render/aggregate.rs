//! Aggregates: native where SQLite agrees with PostgreSQL, else the registered ones.

use mainstay_base::Result;
use mainstay_expr::{Aggregate, AggregateFunc, ColumnType, Expr, Func, OrderBy, Type, Volatility};

use super::call::pg_call;
use super::{Sqlite, collated};
use crate::Constant;
use crate::dialect::Dialect;
use crate::operation::Operation;
use crate::render::{Fragment, Renderer, Sql, is_constant, rank};
use crate::sql::sql;
use crate::storage::{Collation, Storage};

pub(super) fn aggregate(renderer: &mut Renderer<'_>, aggregate: &Aggregate, ty: &Type) -> Result<Fragment> {
    let args = aggregate.args.iter().map(|arg| renderer.expr(arg)).collect::<Result<Vec<_>>>()?;
    if let Some(collected) = collected(aggregate) {
        let order_by = if aggregate.distinct { &[] } else { aggregate.order_by.as_slice() };
        let tail = tail(renderer, order_by, aggregate.filter.as_ref())?;
        return collect(aggregate, collected, args, tail, ty);
    }
    let tail = tail(renderer, &sorted(aggregate), aggregate.filter.as_ref())?;
    let call = Call { distinct: aggregate.distinct, tail };
    let mut args = args.into_iter();
    let Some(arg) = args.next() else {
        return Ok(call.said("count(", Sql::from("*"), Storage::Int).nullable(false));
    };
    match aggregate.func {
        AggregateFunc::Count => {
            let collation = arg.storage.collation();
            Ok(call.said("count(", collated(arg.sql, collation), Storage::Int).nullable(false))
        }
        AggregateFunc::Min => Ok(extreme(&call, ["min(", "pg_min_decimal("], arg, ty)),
        AggregateFunc::Max => Ok(extreme(&call, ["max(", "pg_max_decimal("], arg, ty)),
        AggregateFunc::BoolAnd => Ok(call.said("min(", arg.sql, Storage::Bool)),
        AggregateFunc::BoolOr => Ok(call.said("max(", arg.sql, Storage::Bool)),
        AggregateFunc::Sum => Ok(sum(&call, arg, ty)),
        AggregateFunc::Avg => Ok(average(&call, arg, ty)),
        AggregateFunc::StringAgg => {
            let separator = args.next().map_or_else(|| Sql::text(""), |separator| separator.sql);
            Ok(call.said("group_concat(", sql![arg.sql, ", coalesce(", separator, ", '')"], Storage::Text))
        }
        AggregateFunc::ArrayAgg => {
            let (name, arg) = array_call(arg);
            Ok(call.said(name, arg, Storage::of_type(ty)))
        }
        AggregateFunc::JsonbAgg | AggregateFunc::JsonAgg => {
            let from = &aggregate.args[0].ty;
            let func = if *ty == Type::Jsonb { Func::ToJsonb } else { Func::ToJson };
            let element = match from == ty {
                true => arg,
                false => pg_call(
                    Operation::Call(func),
                    Volatility::Stable,
                    std::slice::from_ref(from),
                    vec![arg],
                    &ColumnType::from(ty.clone()),
                ),
            };
            let collation = element.storage.collation().filter(|_| aggregate.distinct);
            Ok(call.said("pg_json_agg(", collated(element.sql, collation), Storage::of_type(ty)))
        }
    }
}

/// An aggregate that is computed from the array of all its values.
fn collect(
    aggregate: &Aggregate,
    operation: Operation,
    args: Vec<Fragment>,
    tail: Sql,
    ty: &Type,
) -> Result<Fragment> {
    if aggregate.args.iter().skip(1).any(|arg| !is_constant(arg)) {
        return Err(Sqlite.unsupported("string_agg of such values with a separator that varies"));
    }
    if aggregate.distinct && !aggregate.order_by.is_empty() {
        return Err(Sqlite.unsupported("ORDER BY in such an aggregate with DISTINCT"));
    }
    let mut types: Vec<Type> = aggregate.args.iter().map(|arg| arg.ty.clone()).collect();
    let mut args = args;
    let storage = Storage::of_type(&types[0].clone().array());
    types[0] = types[0].clone().array();
    let values = args.remove(0);
    let (name, values) = array_call(values);
    args.insert(0, Call { distinct: false, tail }.said(name, values, storage));
    Ok(pg_call(operation, Volatility::Immutable, &types, args, &ColumnType::from(ty.clone())))
}

/// What follows the arguments: ORDER BY inside the parentheses, FILTER after them.
fn tail(renderer: &mut Renderer<'_>, order_by: &[OrderBy], filter: Option<&Expr>) -> Result<Sql> {
    let mut tail = Sql::default();
    let terms = renderer.order_terms(order_by)?;
    if !terms.is_empty() {
        tail = tail.then(" ORDER BY ").then(Sql::join(terms, ", "));
    }
    tail = tail.then(")");
    if let Some(filter) = filter {
        tail = tail.then(" FILTER (WHERE ").then(renderer.condition(filter)?).then(")");
    }
    Ok(tail)
}

/// For an aggregate that neither SQLite nor a registered one computes, the evaluator's.
fn collected(aggregate: &Aggregate) -> Option<Operation> {
    let of = &aggregate.args.first()?.ty;
    let is_collected = match aggregate.func {
        AggregateFunc::Sum | AggregateFunc::Avg => *of == Type::Interval,
        AggregateFunc::StringAgg => aggregate.distinct || *of == Type::Bytea,
        _ => false,
    };
    is_collected.then_some(Operation::Aggregate(aggregate.func, aggregate.distinct))
}

/// The order of an aggregate's values: with DISTINCT they come out sorted unless another order is asked for.
fn sorted(aggregate: &Aggregate) -> Vec<OrderBy> {
    let keeps_order =
        matches!(aggregate.func, AggregateFunc::ArrayAgg | AggregateFunc::JsonAgg | AggregateFunc::JsonbAgg);
    if !(keeps_order && aggregate.distinct && aggregate.order_by.is_empty()) {
        return aggregate.order_by.clone();
    }
    let term = |arg: &Expr| OrderBy { expr: arg.clone(), descending: false, nulls_first: false };
    aggregate.args.iter().map(term).collect()
}

/// How an aggregate is called, whichever it is.
struct Call {
    distinct: bool,
    tail: Sql,
}

impl Call {
    /// `opening` is the function's name with its parenthesis.
    fn said(&self, opening: &'static str, args: Sql, storage: Storage) -> Fragment {
        let distinct = if self.distinct { "DISTINCT " } else { "" };
        Fragment::new(sql![opening, distinct, args, self.tail.clone()], storage)
    }
}

/// `names` are SQLite's aggregate and the one for decimals.
fn extreme(call: &Call, names: [&'static str; 2], arg: Fragment, ty: &Type) -> Fragment {
    let [name, of_decimals] = names;
    if let Type::Enum(declared) = ty {
        // the extreme of the ranks, and back to its label
        let mut sql = sql!["CASE ", call.said(name, rank(arg.sql, &declared.labels), Storage::Int).sql];
        for (position, label) in declared.labels.iter().enumerate() {
            let rank = Sql::constant(Constant::Int(position as i64));
            sql = sql.then(" WHEN ").then(rank).then(" THEN ").then(Sql::text(label));
        }
        return Fragment::new(sql.then(" END").parenthesized(), Storage::Text);
    }
    if arg.is_numeric() && (arg.pliant.is_some() || arg.storage == Storage::Decimal) {
        return call.said(of_decimals, arg.into_decimal(&Sqlite).sql, Storage::Decimal);
    }
    let collation = arg.storage.collation();
    call.said(name, collated(arg.sql, collation), arg.storage)
}

/// Sums of smallint and integer fit a bigint and SQLite's own sum; everything else needs more digits or plain addition.
fn sum(call: &Call, arg: Fragment, ty: &Type) -> Fragment {
    match (&arg.storage, ty) {
        (Storage::Int, Type::Int8) => call.said("sum(", arg.sql, Storage::Int),
        (Storage::Float4, Type::Float4) => call.said("pg_sum_real4(", arg.sql, Storage::Float4),
        (Storage::Float4 | Storage::Float8, _) => call.said("pg_sum_real(", arg.sql, Storage::of_type(ty)),
        _ => decimal_sum(call, arg),
    }
}

/// The exact sum as canonical decimal text.
fn decimal_sum(call: &Call, arg: Fragment) -> Fragment {
    let arg = as_numeric(arg);
    match (&arg.pliant, &arg.storage) {
        (None, Storage::Scaled(scale)) if !call.distinct => {
            let scale = Sql::constant(Constant::Int(i64::from(*scale)));
            call.said("pg_sum_int(", sql![arg.sql, ", ", scale], Storage::Decimal)
        }
        _ => {
            let arg =
                collated(arg.into_decimal(&Sqlite).sql, Some(Collation::Decimal).filter(|_| call.distinct));
            call.said("pg_sum_decimal(", arg, Storage::Decimal)
        }
    }
}

fn as_numeric(arg: Fragment) -> Fragment {
    if arg.storage == Storage::Int { Fragment { storage: Storage::Scaled(0), ..arg } } else { arg }
}

/// PostgreSQL's numeric division decides how many digits an average has.
fn average(call: &Call, arg: Fragment, ty: &Type) -> Fragment {
    let counted = collated(arg.sql.clone(), arg.storage.collation());
    let count = call.said("count(", counted, Storage::Int).nullable(false);
    if let Storage::Float4 | Storage::Float8 = arg.storage {
        let total = call.said("pg_sum_real(", arg.sql, Storage::Float8);
        return Fragment::new(sql!["(", total.sql, " / ", count.sql, ")"], Storage::Float8);
    }
    let count = Fragment { storage: Storage::Scaled(0), ..count };
    let args = vec![decimal_sum(call, arg), count];
    let types = [Type::Numeric, Type::Numeric];
    pg_call(Operation::Call(Func::Divide), Volatility::Immutable, &types, args, &ColumnType::from(ty.clone()))
}

/// The aggregate that collects values into a stored array, with its argument; the parenthesis is not closed.
pub(super) fn array_agg(arg: Fragment) -> Sql {
    let (name, arg) = array_call(arg);
    Sql::from(name).then(arg)
}

fn array_call(arg: Fragment) -> (&'static str, Sql) {
    match arg.storage {
        Storage::Bool => ("pg_array_agg_bool(", arg.sql),
        Storage::Scaled(_) => ("pg_array_agg(", arg.into_decimal(&Sqlite).sql),
        _ => ("pg_array_agg(", arg.sql),
    }
}
