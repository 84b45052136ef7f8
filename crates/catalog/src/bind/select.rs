//! One SELECT: its items, grouping, DISTINCT and ORDER BY.

use mainstay_expr::{Expr, ExprKind, Item, OrderBy, Select, Tree, Type};
use mainstay_sql as sql;
use sql::{Diagnostic, Span};

use super::query::Output;
use super::scope::{Level, Namespace, ScopeColumn};
use super::{Bind, Binder, Bound, BoundQuery, Clause, Reported, sources_of};

impl Binder<'_> {
    /// Binds a SELECT with the ORDER BY that belongs to it.
    pub(super) fn select(&mut self, select: &sql::Select, order_by: &[sql::OrderItem]) -> Bind<BoundQuery> {
        self.levels.push(Level::new(Namespace::default(), Clause::From));
        let bound = self.select_clauses(select, order_by);
        self.levels.pop();
        bound
    }

    fn select_clauses(&mut self, written: &sql::Select, order_by: &[sql::OrderItem]) -> Bind<BoundQuery> {
        let mut from = self.from(&written.from)?;
        let filter = written.filter.as_ref();
        let filter = self.within(Clause::Where, |binder| {
            filter.map(|filter| binder.condition(filter, "WHERE")).transpose()
        });
        let items = self.within(Clause::Items, |binder| binder.items(&written.items));
        let (filter, (items, outputs)) = (filter?, items?);
        let group_by = self.within(Clause::GroupBy, |binder| {
            binder.each(&written.group_by, |binder, key| binder.group_key(key, &items, &outputs))
        });
        let having = written.having.as_ref();
        let having = self.within(Clause::Having, |binder| {
            having.map(|having| binder.condition(having, "HAVING")).transpose()
        });
        let distinct_on =
            self.within(Clause::DistinctOn, |binder| binder.distinct_on(written, &items, &outputs));
        let order_by = self.within(Clause::OrderBy, |binder| {
            binder.each(order_by, |binder, term| {
                let key = binder.sort_key(&term.value, &items, &outputs, "ORDER BY")?;
                Ok((binder.order_term(key, term)?, term.value.span))
            })
        });
        let (group_by, having, distinct_on, order_by) = (group_by?, having?, distinct_on?, order_by?);
        let distinct = matches!(written.distinct, sql::Distinct::Rows);
        self.check_distinct(distinct, &items, &outputs, &distinct_on, &order_by)?;
        from.extend(self.level().set.take());
        let aggregated = self.levels.last().is_some_and(|level| level.aggregated);
        let mut select = Select {
            from,
            filter,
            grouped: aggregated || having.is_some() || !group_by.is_empty(),
            group_by,
            having,
            items,
            distinct,
            distinct_on,
            order_by: order_by.into_iter().map(|(term, _)| term).collect(),
            ..Select::default()
        };
        if select.grouped {
            if select.from.len() > written.from.len() {
                let what = "a set-returning function in the select list of a grouped query is";
                return Err(self.unsupported(written.span, what, "put it into FROM"));
            }
            self.check_grouping(&mut select)?;
        }
        Ok(BoundQuery { select, outputs })
    }

    /// Does something with the innermost select at that clause.
    pub(super) fn within<R>(&mut self, clause: Clause, bind: impl FnOnce(&mut Self) -> R) -> R {
        let before = std::mem::replace(&mut self.level().clause, clause);
        let result = bind(self);
        self.level().clause = before;
        result
    }

    fn items(&mut self, written: &[sql::SelectItem]) -> Bind<(Vec<Item>, Vec<Output>)> {
        let lists = self.each(written, |binder, item| match item {
            sql::SelectItem::Wildcard { table, span } => binder.wildcard(table.as_ref(), *span),
            sql::SelectItem::Value { value, alias } => {
                let set = match &value.kind {
                    sql::ExprKind::Call(call) => binder.set_item(call)?,
                    _ => None,
                };
                let bound = set.map_or_else(|| binder.expr(value), Ok)?;
                if bound.expr.ty == Type::Void {
                    return Err(binder.error(
                        "wrong-type",
                        value.span,
                        "a void function has no value to select",
                    ));
                }
                let name = alias.as_ref().map_or_else(|| column_name(value), |alias| alias.text.clone());
                Ok(vec![(name, bound)])
            }
        })?;
        let flat = lists.into_iter().flatten();
        let pair = |(name, bound): (String, Bound)| {
            let output = Output { name: name.clone(), unknown: bound.unknown, span: bound.span };
            (Item { expr: bound.expr, name }, output)
        };
        Ok(flat.map(pair).unzip())
    }

    fn wildcard(&mut self, table: Option<&sql::QualifiedName>, span: Span) -> Bind<Vec<(String, Bound)>> {
        let columns: Vec<ScopeColumn> = match table {
            None => {
                let level = self.level();
                if level.names.tables.is_empty() {
                    let message = "SELECT * with no tables specified is not valid";
                    return Err(self.error("unknown-table", span, message));
                }
                level.names.columns.clone()
            }
            Some(name) => {
                let visible = self.levels.iter().rev().filter(|level| !level.hidden);
                let found = visible.filter_map(|level| level.names.table(name)).next();
                let Some(found) = found.map(|table| table.columns.clone()) else {
                    let message = format!("missing FROM-clause entry for table \"{}\"", name.name.text);
                    let known = self.visible_tables().map(|table| &*table.alias);
                    let help = super::suggestion(&name.name.text, known);
                    return Err(
                        self.fail(Diagnostic::error("unknown-table", span, message).with_help_if(help))
                    );
                };
                found
            }
        };
        if columns.iter().any(|column| column.expr.ty == Type::Void) {
            return Err(Reported::earlier());
        }
        let level = self.level();
        for column in &columns {
            if let ExprKind::Column(reference) = column.expr.kind {
                level.seen.push((reference, span, column.name.clone()));
            }
        }
        Ok(columns.into_iter().map(|column| (column.name, Bound::typed(column.expr, span))).collect())
    }

    /// A key of GROUP BY: a position, a column of FROM, the name of an item, or an expression.
    fn group_key(&mut self, key: &sql::Expr, items: &[Item], outputs: &[Output]) -> Bind<Expr> {
        let is_column = match &key.kind {
            sql::ExprKind::Column(sql::ColumnRef { table: None, column }) => {
                self.level().names.columns.iter().any(|own| own.name == column.text)
            }
            _ => false,
        };
        let expr = if is_column { self.value(key)? } else { self.sort_key(key, items, outputs, "GROUP BY")? };
        if expr.any(|inner| matches!(inner.kind, ExprKind::Aggregate(_))) {
            return Err(self.error(
                "misplaced-aggregate",
                key.span,
                "aggregate functions are not allowed in GROUP BY",
            ));
        }
        if !expr.ty.is_comparable() {
            let message = format!("could not identify an equality operator for type {}", expr.ty);
            return Err(self.error("wrong-type", key.span, message));
        }
        Ok(expr)
    }

    /// A key of ORDER BY: a position, the name of an item, or an expression.
    fn sort_key(&mut self, key: &sql::Expr, items: &[Item], outputs: &[Output], clause: &str) -> Bind<Expr> {
        match self.output_position(key, outputs, clause)? {
            Some(position) => {
                if let sql::ExprKind::Column(reference) = &key.kind
                    && outputs[position + 1..].iter().zip(&items[position + 1..]).any(|(output, item)| {
                        output.name == reference.column.text && item.expr != items[position].expr
                    })
                {
                    let message = format!("{clause} \"{}\" is ambiguous", reference.column.text);
                    return Err(self.error("ambiguous-column", key.span, message));
                }
                Ok(items[position].expr.clone())
            }
            None => self.value(key),
        }
    }

    fn distinct_on(&mut self, written: &sql::Select, items: &[Item], outputs: &[Output]) -> Bind<Vec<Expr>> {
        match &written.distinct {
            sql::Distinct::On(keys) => {
                self.each(keys, |binder, key| binder.sort_key(key, items, outputs, "SELECT DISTINCT ON"))
            }
            _ => Ok(Vec::new()),
        }
    }

    fn check_distinct(
        &mut self,
        distinct: bool,
        items: &[Item],
        outputs: &[Output],
        on: &[Expr],
        order_by: &[(OrderBy, Span)],
    ) -> Bind<()> {
        if distinct {
            if let Some(position) = items.iter().position(|item| !item.expr.ty.is_comparable()) {
                let ty = &items[position].expr.ty;
                let message = format!("could not identify an equality operator for type {ty}");
                return Err(self.error("wrong-type", outputs[position].span, message));
            }
            let stranger = order_by.iter().find(|(term, _)| items.iter().all(|item| item.expr != term.expr));
            if let Some((_, span)) = stranger {
                let message = "for SELECT DISTINCT, ORDER BY expressions must appear in select list";
                return Err(self.error("invalid-order", *span, message));
            }
        }
        let initial = order_by.iter().take(on.len());
        if let Some((_, span)) = initial.clone().find(|(term, _)| !on.contains(&term.expr)) {
            let message = "SELECT DISTINCT ON expressions must match initial ORDER BY expressions";
            return Err(self.error("invalid-order", *span, message));
        }
        Ok(())
    }

    /// The sources of the select at its own level.
    pub(super) fn own_sources(select: &Select) -> Vec<mainstay_expr::SourceId> {
        let mut sources = Vec::new();
        select.from.iter().for_each(|item| sources_of(item, &mut sources));
        sources
    }
}

/// The name that PostgreSQL gives a column of a result when none is written.
pub(crate) fn column_name(expr: &sql::Expr) -> String {
    named(expr).unwrap_or_else(|| "?column?".to_owned())
}

fn named(expr: &sql::Expr) -> Option<String> {
    Some(match &expr.kind {
        sql::ExprKind::Column(reference) => reference.column.text.clone(),
        sql::ExprKind::Call(call) => call.name.name.text.clone(),
        sql::ExprKind::Cast { operand, type_name } => {
            named(operand).unwrap_or_else(|| type_name.name.name.text.clone())
        }
        sql::ExprKind::Case { otherwise, .. } => {
            otherwise.as_ref().and_then(|otherwise| named(otherwise)).unwrap_or_else(|| "case".to_owned())
        }
        sql::ExprKind::Exists(_) => "exists".to_owned(),
        sql::ExprKind::Array(_) | sql::ExprKind::ArrayQuery(_) => "array".to_owned(),
        sql::ExprKind::Collate { operand, .. } | sql::ExprKind::Subscript { operand, .. } => named(operand)?,
        sql::ExprKind::Literal(sql::Literal::Bool(_)) => "bool".to_owned(),
        sql::ExprKind::SqlValue(value, _) => value_name(*value).to_owned(),
        sql::ExprKind::Subquery(query) => match &query.body {
            sql::QueryBody::Select(select) => match select.items.first()? {
                sql::SelectItem::Value { alias: Some(alias), .. } => alias.text.clone(),
                sql::SelectItem::Value { value, alias: None } => named(value)?,
                sql::SelectItem::Wildcard { .. } => return None,
            },
            _ => return None,
        },
        _ => return None,
    })
}

fn value_name(value: sql::SqlValue) -> &'static str {
    match value {
        sql::SqlValue::CurrentDate => "current_date",
        sql::SqlValue::CurrentTime => "current_time",
        sql::SqlValue::CurrentTimestamp => "current_timestamp",
        sql::SqlValue::LocalTime => "localtime",
        sql::SqlValue::LocalTimestamp => "localtimestamp",
        sql::SqlValue::CurrentUser => "current_user",
        sql::SqlValue::SessionUser => "session_user",
        sql::SqlValue::CurrentSchema => "current_schema",
        sql::SqlValue::CurrentCatalog => "current_catalog",
    }
}
