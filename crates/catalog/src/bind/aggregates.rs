//! Calls of aggregate functions.

use mainstay_expr::{Aggregate, Expr, ExprKind, Tree, Type, resolve};
use mainstay_sql as sql;

use super::{Bind, Binder, Bound};

impl Binder<'_> {
    /// Binds a call of an aggregate function.
    pub(super) fn aggregate(&mut self, call: &sql::FunctionCall) -> Bind<Bound> {
        let clause = self.clause();
        if self.levels.last().is_some_and(|level| level.in_aggregate) {
            let message = "aggregate function calls cannot be nested";
            return Err(self.error("misplaced-aggregate", call.span, message));
        }
        if !clause.aggregates() {
            let message = format!("aggregate functions are not allowed in {}", clause.noun());
            return Err(self.error("misplaced-aggregate", call.span, message));
        }
        self.level().in_aggregate = true;
        let bound = self.aggregate_parts(call);
        let level = self.level();
        level.in_aggregate = false;
        level.aggregated = true;
        let (aggregate, ty) = bound?;
        self.check_owner(&aggregate, call.span)?;
        if aggregate.distinct {
            self.check_distinct_aggregate(&aggregate, call.name.span)?;
        }
        Ok(Bound::typed(Expr::new(ExprKind::Aggregate(Box::new(aggregate)), ty), call.span))
    }

    fn aggregate_parts(&mut self, call: &sql::FunctionCall) -> Bind<(Aggregate, Type)> {
        let (arguments, distinct) = match &call.arguments {
            sql::CallArguments::Star => (Vec::new(), false),
            sql::CallArguments::List { arguments, distinct } => {
                (self.each(arguments, |binder, argument| binder.expr(&argument.value))?, *distinct)
            }
        };
        let types: Vec<_> = arguments.iter().map(Bound::ty).collect();
        if matches!(call.arguments, sql::CallArguments::List { .. }) && types.is_empty() {
            let message = format!("{}() must be called with an argument", call.name.name.text);
            return Err(self.error("wrong-arguments", call.span, message));
        }
        let resolved = resolve::aggregate(&call.name.name.text, &types);
        let resolved = resolved.map_err(|error| self.unresolved(error, call.name.span))?;
        let pairs = arguments.into_iter().zip(&resolved.args);
        let args = self.each(pairs, |binder, (arg, ty)| binder.cast_to(arg, ty))?;
        let order_by = self.each(&call.order_by, |binder, term| {
            let key = binder.value(&term.value)?;
            binder.order_term(key, term)
        });
        let filter = call.filter.as_ref();
        let filter = filter.map(|filter| self.condition(filter, "FILTER")).transpose();
        let (order_by, filter) = (order_by?, filter?);
        Ok((Aggregate { func: resolved.func, args, distinct, filter, order_by }, resolved.result))
    }

    fn check_distinct_aggregate(&mut self, aggregate: &Aggregate, span: sql::Span) -> Bind<()> {
        if let Some(arg) = aggregate.args.iter().find(|arg| !arg.ty.is_comparable()) {
            let message = format!("could not identify an equality operator for type {}", arg.ty);
            return Err(self.error("wrong-type", span, message));
        }
        if aggregate.order_by.iter().any(|term| !aggregate.args.contains(&term.expr)) {
            let message = "in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list";
            return Err(self.error("invalid-order", span, message));
        }
        Ok(())
    }

    /// An aggregate belongs to the select whose columns it sees; one that sees only those of an outer select belongs
    /// there in PostgreSQL, which is not supported.
    fn check_owner(&mut self, aggregate: &Aggregate, span: sql::Span) -> Bind<()> {
        let own = self.levels.len() - 1;
        let sources: Vec<_> = self.levels[own].names.tables.iter().map(|table| table.source).collect();
        let outer: Vec<_> = self.levels[..own]
            .iter()
            .flat_map(|level| level.names.tables.iter().map(|table| table.source))
            .collect();
        let mut inside = false;
        let mut outside = false;
        for arg in &aggregate.args {
            arg.walk(|expr| {
                if let ExprKind::Column(column) = &expr.kind {
                    inside |= sources.contains(&column.source);
                    outside |= outer.contains(&column.source);
                }
            });
        }
        if outside && !inside {
            let what = "an aggregate over columns of an outer query is";
            return Err(self.unsupported(span, what, "aggregate in the outer query"));
        }
        Ok(())
    }

    /// Refuses what only aggregates can be called with.
    pub(super) fn plain_call(&mut self, call: &sql::FunctionCall) -> Bind<()> {
        let name = &call.name.name.text;
        let distinct = matches!(call.arguments, sql::CallArguments::List { distinct: true, .. });
        let what = if call.filter.is_some() {
            "FILTER"
        } else if distinct {
            "DISTINCT"
        } else if !call.order_by.is_empty() {
            "ORDER BY"
        } else if matches!(call.arguments, sql::CallArguments::Star) {
            "(*)"
        } else {
            return Ok(());
        };
        let message = format!("{what} specified, but {name} is not an aggregate function");
        Err(self.error("wrong-arguments", call.span, message))
    }
}
