//! Aggregates.

use mainstay_base::Result;
use mainstay_expr::{Aggregate, AggregateFunc};

use super::select::order_clause;
use super::{Renderer, Sql};
use crate::sql::sql;

impl Renderer<'_> {
    pub(super) fn aggregate(&mut self, aggregate: &Aggregate) -> Result<Sql> {
        let is_extreme = matches!(aggregate.func, AggregateFunc::Min | AggregateFunc::Max);
        let mut args = Vec::new();
        for arg in &aggregate.args {
            args.push(if is_extreme { self.ordered(arg)? } else { self.expr(arg)? });
        }
        let args = if args.is_empty() { Sql::from("*") } else { Sql::join(args, ", ") };
        let distinct = if aggregate.distinct { "DISTINCT " } else { "" };
        let order = order_clause(self.order_terms(&aggregate.order_by)?);
        let mut sql = sql![name(aggregate.func), "(", distinct, args, order, ")"];
        if let Some(filter) = &aggregate.filter {
            sql = sql![sql, " FILTER (WHERE ", self.expr(filter)?, ")"];
        }
        Ok(sql)
    }
}

fn name(func: AggregateFunc) -> &'static str {
    match func {
        AggregateFunc::Count => "pg_catalog.count",
        AggregateFunc::Sum => "pg_catalog.sum",
        AggregateFunc::Avg => "pg_catalog.avg",
        AggregateFunc::Min => "pg_catalog.min",
        AggregateFunc::Max => "pg_catalog.max",
        AggregateFunc::BoolAnd => "pg_catalog.bool_and",
        AggregateFunc::BoolOr => "pg_catalog.bool_or",
        AggregateFunc::StringAgg => "pg_catalog.string_agg",
        AggregateFunc::ArrayAgg => "pg_catalog.array_agg",
        AggregateFunc::JsonbAgg => "pg_catalog.jsonb_agg",
        AggregateFunc::JsonAgg => "pg_catalog.json_agg",
    }
}
