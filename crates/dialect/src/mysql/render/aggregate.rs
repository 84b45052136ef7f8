//! Aggregates that MySQL computes as PostgreSQL does.

use mainstay_base::Result;
use mainstay_expr::{Aggregate, AggregateFunc, Type};

use super::MySql;
use crate::dialect::Dialect;
use crate::render::{Fragment, Renderer, Sql};
use crate::sql::sql;
use crate::storage::Storage;

pub(super) fn aggregate(
    dialect: &MySql,
    renderer: &mut Renderer<'_>,
    aggregate: &Aggregate,
    ty: &Type,
) -> Result<Fragment> {
    let unsupported = || dialect.unsupported("this aggregate");
    let condition = match &aggregate.filter {
        Some(filter) => Some(renderer.condition(filter)?),
        None => None,
    };
    let said = |name: &'static str, arg: Sql| {
        let distinct = if aggregate.distinct { "DISTINCT " } else { "" };
        let arg = match &condition {
            Some(condition) => sql!["CASE WHEN ", condition.clone(), " THEN ", arg, " END"],
            None => arg,
        };
        sql![name, distinct, arg, ")"]
    };
    let arg = match aggregate.args.as_slice() {
        [] if aggregate.func == AggregateFunc::Count => {
            return Ok(Fragment::new(said("COUNT(", Sql::from("1")), Storage::Int).nullable(false));
        }
        [arg] => renderer.expr(arg)?,
        _ => return Err(unsupported()),
    };
    let storage = arg.storage.clone();
    match (aggregate.func, &storage) {
        (AggregateFunc::Count, _) => {
            let arg = dialect.comparable(arg.sql, &storage)?;
            Ok(Fragment::new(said("COUNT(", arg), Storage::Int).nullable(false))
        }
        (AggregateFunc::BoolAnd, _) => Ok(Fragment::new(said("MIN(", arg.sql), Storage::Bool)),
        (AggregateFunc::BoolOr, _) => Ok(Fragment::new(said("MAX(", arg.sql), Storage::Bool)),
        (AggregateFunc::Sum, Storage::Int) if *ty == Type::Int8 => {
            Ok(Fragment::new(sql!["CAST(", said("SUM(", arg.sql), " AS SIGNED)"], Storage::Int))
        }
        (AggregateFunc::Sum, Storage::Fixed(scale)) if arg.pliant.is_none() => {
            Ok(Fragment::new(said("SUM(", arg.sql), Storage::Fixed(*scale)))
        }
        (
            AggregateFunc::Min | AggregateFunc::Max,
            Storage::Int
            | Storage::Fixed(_)
            | Storage::Float4
            | Storage::Float8
            | Storage::Date
            | Storage::Time
            | Storage::Timestamp
            | Storage::Timestamptz
            | Storage::Text,
        ) if !matches!(ty, Type::Enum(_)) && arg.pliant.is_none() => {
            let name = if aggregate.func == AggregateFunc::Min { "MIN(" } else { "MAX(" };
            Ok(Fragment::new(said(name, arg.sql), storage))
        }
        _ => Err(unsupported()),
    }
}
