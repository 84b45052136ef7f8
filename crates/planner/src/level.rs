//! A level becomes a plan node: one flat select, what its rows show, and the nodes below.

use mainstay_base::{Problem, Result};
use mainstay_expr::{Aggregate, AggregateFunc, Expr, ExprKind, FromItem, Item, OrderBy, Select, Type, Value};
use mainstay_plan::{Child, Field, Node, ReadPlan, ResultKind, SlotType, Total, TotalKind};
use mainstay_query::{Count, EmbedJoin, Level, Limit, OrderTerm, Read, SelectItem};

use crate::Planner;
use crate::document;
use crate::embed::{Joined, Linked, Scope, equal};
use crate::error;
use crate::field::field_key;

/// A node under construction.
#[derive(Default)]
pub(crate) struct Builder {
    pub select: Select,
    pub fields: Vec<Field>,
    pub children: Vec<Child>,
}

impl Builder {
    /// The position of an item with that value, added when it is not there yet.
    pub fn item(&mut self, expr: Expr, name: &str) -> u32 {
        if let Some(position) = self.select.items.iter().position(|item| item.expr == expr) {
            return position as u32;
        }
        self.select.items.push(Item { expr, name: name.to_owned() });
        (self.select.items.len() - 1) as u32
    }

    /// Shows a value under a key.
    fn show(&mut self, key: &str, expr: Expr) {
        let item = self.item(expr, key);
        self.fields.push(Field::Item { key: key.to_owned(), item });
    }

    /// Makes a value a key of the groups, when rows are grouped.
    fn group(&mut self, expr: &Expr) {
        if self.select.grouped && !self.select.group_by.contains(expr) {
            self.select.group_by.push(expr.clone());
        }
    }
}

impl<'a> Planner<'a> {
    /// Plans a read of a table or view.
    pub(crate) fn read(&mut self, read: &Read) -> Result<ReadPlan> {
        let table = self.table(&read.target)?;
        let (from, relation) = self.open(table)?;
        let scope = self.scope(relation, &read.level, 0)?;
        let root = self.node(vec![from], Expr::truth(true), &scope, &read.level, false)?;
        let total = self.total(read.count, |planner| {
            let (from, relation) = planner.open(table)?;
            let scope = planner.scope(relation, &read.level, 0)?;
            planner.count_select(vec![from], &scope, &read.level)
        })?;
        let (root, result) =
            self.answered(root, ResultKind::Rows, &read.level, document::table(&read.target))?;
        self.secured(ReadPlan { root, result, total })
    }

    /// How to count the rows of a read, when that is asked for.
    pub(crate) fn total(
        &mut self,
        count: Option<Count>,
        select: impl FnOnce(&mut Self) -> Result<Select>,
    ) -> Result<Option<Total>> {
        let Some(count) = count else { return Ok(None) };
        let kind = match (count, self.settings.max_rows) {
            (Count::Exact, _) | (Count::Estimated, None) => TotalKind::Exact,
            (Count::Planned, _) => TotalKind::Planned,
            (Count::Estimated, Some(up_to)) => TotalKind::Estimated { up_to },
        };
        Ok(Some(Total { kind, count: select(self)? }))
    }

    /// A select that yields the number of a level's rows.
    pub(crate) fn count_select(
        &mut self,
        from: Vec<FromItem>,
        scope: &Scope<'a, '_>,
        level: &Level,
    ) -> Result<Select> {
        let mut counted = if aggregates(level) {
            let mut groups = self.node(from, Expr::truth(true), scope, level, true)?.select;
            groups.order_by.clear();
            let source = self.sources.fresh();
            Select {
                from: vec![FromItem::Select { source, select: Box::new(groups), lateral: false }],
                ..Select::default()
            }
        } else {
            Select { from, filter: some_filter(self.level_filter(scope, level)?), ..Select::default() }
        };
        let count = aggregate_expr(AggregateFunc::Count, Vec::new(), Type::Int8);
        counted.grouped = true;
        counted.items = vec![Item { expr: count, name: "count".to_owned() }];
        Ok(counted)
    }

    /// Plans a level over `from`; `on` is what ties the parts of `from`. A to-one level is limited only where it is asked for.
    pub(crate) fn node(
        &mut self,
        from: Vec<FromItem>,
        on: Expr,
        scope: &Scope<'a, '_>,
        level: &Level,
        to_one: bool,
    ) -> Result<Node> {
        let mut builder = Builder::default();
        builder.select.grouped = aggregates(level);
        if builder.select.grouped && !self.settings.aggregates {
            return Err(error::aggregates_disabled());
        }
        builder.select.from = from;
        let filter = Expr::all([on, self.level_filter(scope, level)?]);
        builder.select.filter = some_filter(filter);
        self.select_items(&mut builder, scope, level)?;
        builder.select.order_by = self.order(scope, &level.order, &builder)?;
        self.bound(&mut builder.select, level);
        if !to_one && builder.select.limit.is_none() {
            builder.select.limit = self.settings.max_rows.map(rows);
        }
        Ok(Node { select: builder.select, fields: builder.fields, children: builder.children })
    }

    /// Gives a select the limit and the offset that its level asks for.
    pub(crate) fn bound(&mut self, select: &mut Select, level: &Level) {
        let max = self.settings.max_rows;
        let mut slot = |slot, ty| Expr::slot(self.type_slot(slot, ty), Type::Int8);
        select.limit = level.limit.map(|limit| match limit {
            Limit::Rows(asked) => rows(max.map_or(asked, |max| asked.min(max))),
            Limit::Slot(asked) => slot(asked, SlotType::Limit(max)),
        });
        select.offset = level.offset.map(|offset| slot(offset, SlotType::Offset));
    }

    /// Adds what the select list shows. Of a to-one spread in a grouped level the fields belong to this level.
    fn select_items(&mut self, builder: &mut Builder, scope: &Scope<'a, '_>, level: &Level) -> Result<()> {
        let mut embeds = scope.embeds.iter();
        for item in &level.select {
            match item {
                SelectItem::All => {
                    for column in &scope.relation.columns {
                        builder.group(&column.expr);
                        builder.show(&column.name, column.expr.clone());
                    }
                }
                SelectItem::Field { alias, field, cast, aggregate, aggregate_cast } => {
                    let mut expr = self.field(&scope.relation, field)?;
                    if let Some(cast) = cast {
                        expr = self.cast(expr, cast)?;
                    }
                    let key = match aggregate {
                        None => {
                            builder.group(&expr);
                            field_key(field)
                        }
                        Some(aggregate) => {
                            expr = crate::aggregate::aggregate(*aggregate, expr)?;
                            if let Some(cast) = aggregate_cast {
                                expr = self.cast(expr, cast)?;
                            }
                            crate::aggregate::name(*aggregate)
                        }
                    };
                    builder.show(alias.as_deref().unwrap_or(key), expr);
                }
                SelectItem::CountRows { alias, cast } => {
                    let mut expr = aggregate_expr(AggregateFunc::Count, Vec::new(), Type::Int8);
                    if let Some(cast) = cast {
                        expr = self.cast(expr, cast)?;
                    }
                    builder.show(alias.as_deref().unwrap_or("count"), expr);
                }
                SelectItem::Embed(_) => {
                    let joined = *embeds.next().expect("every embed of the list was resolved into the scope");
                    self.embed(builder, scope, joined)?;
                }
            }
        }
        Ok(())
    }

    fn embed(&mut self, builder: &mut Builder, scope: &Scope<'a, '_>, joined: Joined<'a, '_>) -> Result<()> {
        let embed = joined.embed;
        let to_one = joined.relationship.cardinality.is_to_one();
        if embed.spread && !to_one && aggregates(&embed.level) {
            return Err(error::aggregates_in_to_many_spread());
        }
        if embed.spread && to_one && builder.select.grouped {
            return self.join_spread(builder, scope, joined);
        }
        if embed.level.select.is_empty() {
            return Ok(());
        }
        let linked = self.link(&scope.relation, joined.relationship)?;
        let child = self.child(builder, linked, joined, to_one)?;
        builder.children.push(child);
        let child = (builder.children.len() - 1) as u32;
        builder.fields.push(if embed.spread {
            Field::Spread { child }
        } else {
            Field::Embed { key: embed.name().to_owned(), child }
        });
        Ok(())
    }

    fn child(
        &mut self,
        builder: &mut Builder,
        linked: Linked<'a>,
        joined: Joined<'a, '_>,
        to_one: bool,
    ) -> Result<Child> {
        let level = &joined.embed.level;
        let scope = self.scope(linked.relation, level, joined.depth)?;
        let node = self.node(linked.from, linked.on, &scope, level, to_one)?;
        let mut below = Builder { select: node.select, fields: node.fields, children: node.children };
        let target_key: Vec<Expr> = linked.target_key.into_iter().map(as_kept).collect();
        let key_items = target_key
            .iter()
            .map(|expr| {
                below.group(expr);
                below.item(expr.clone(), "key")
            })
            .collect();
        let parent_items = linked
            .origin_key
            .into_iter()
            .map(as_kept)
            .map(|expr| {
                builder.group(&expr);
                builder.item(expr, "key")
            })
            .collect();
        let without_rows = crate::aggregate::over_no_rows(&below.select, &below.fields, target_key.len());
        let node = Node { select: below.select, fields: below.fields, children: below.children };
        Ok(Child { node, parent_items, key: target_key, key_items, to_one, without_rows })
    }

    /// Joins the target of a to-one spread, so that its fields can be grouped by and aggregated with this level's.
    fn join_spread(
        &mut self,
        builder: &mut Builder,
        scope: &Scope<'a, '_>,
        joined: Joined<'a, '_>,
    ) -> Result<()> {
        let linked = self.link(&scope.relation, joined.relationship)?;
        let level = &joined.embed.level;
        let below = self.scope(linked.relation, level, joined.depth)?;
        let own = self.level_filter(&below, level)?;
        let on = Expr::all([equal(linked.target_key, linked.origin_key), linked.on, own]);
        let inner = joined.embed.join == EmbedJoin::Inner;
        crate::join::join(&mut builder.select.from, linked.from, on, inner);
        self.select_items(builder, &below, level)
    }

    fn order(
        &mut self,
        scope: &Scope<'a, '_>,
        terms: &[OrderTerm],
        builder: &Builder,
    ) -> Result<Vec<OrderBy>> {
        terms.iter().map(|term| self.order_term(scope, term, builder)).collect()
    }

    fn order_term(&mut self, scope: &Scope<'a, '_>, term: &OrderTerm, builder: &Builder) -> Result<OrderBy> {
        let expr = match &term.relation {
            None => self.field(&scope.relation, &term.field)?,
            Some(name) => self.related_field(scope, name, term)?,
        };
        let select = &builder.select;
        if select.grouped && !select.group_by.contains(&expr) {
            let message = format!(
                "column \"{}.{}\" must appear in the GROUP BY clause or be used in an aggregate function",
                scope.relation.name, term.field.column
            );
            return Err(Problem::new("42803", message));
        }
        if !expr.ty.is_comparable() {
            let message = format!("could not identify an ordering operator for type {}", expr.ty);
            return Err(Problem::new("42883", message)
                .with_hint("Use an explicit ordering operator or modify the query."));
        }
        let nulls_first = term.nulls_first.unwrap_or(term.descending);
        Ok(OrderBy { expr, descending: term.descending, nulls_first })
    }

    /// A field of a to-one embed, as a value of this level's rows.
    fn related_field(&mut self, scope: &Scope<'a, '_>, name: &str, term: &OrderTerm) -> Result<Expr> {
        let joined = scope.embed(name).ok_or_else(|| error::not_embedded(name))?;
        if !joined.relationship.cardinality.is_to_one() {
            return Err(error::related_order_impossible(&scope.relation.name, name));
        }
        let linked = self.link(&scope.relation, joined.relationship)?;
        let below = self.scope(linked.relation, &joined.embed.level, joined.depth)?;
        let own = self.level_filter(&below, &joined.embed.level)?;
        let expr = self.field(&below.relation, &term.field)?;
        let ty = expr.ty.clone();
        let filter = Expr::all([equal(linked.target_key, linked.origin_key), linked.on, own]);
        let mut select = Select {
            from: linked.from,
            filter: Some(filter),
            items: vec![Item { expr, name: term.field.column.clone() }],
            ..Select::default()
        };
        self.bound(&mut select, &joined.embed.level);
        Ok(Expr::new(ExprKind::Scalar(Box::new(select)), ty))
    }
}

/// A key that ties levels together: as the database keeps it, however it is shown.
fn as_kept(key: Expr) -> Expr {
    match key.ty.representation() {
        None => key,
        Some(representation) => {
            let base = representation.base.clone();
            Expr::new(ExprKind::Cast(Box::new(key), base.clone().into()), base)
        }
    }
}

/// Whether a level groups its rows: it aggregates itself, or a to-one spread lifts an aggregate into it.
pub(crate) fn aggregates(level: &Level) -> bool {
    level.select.iter().any(|item| match item {
        SelectItem::All => false,
        SelectItem::Field { aggregate, .. } => aggregate.is_some(),
        SelectItem::CountRows { .. } => true,
        SelectItem::Embed(embed) => embed.spread && aggregates(&embed.level),
    })
}

/// A call of an aggregate without DISTINCT, FILTER or ORDER BY.
pub(crate) fn aggregate_expr(func: AggregateFunc, args: Vec<Expr>, ty: Type) -> Expr {
    let call = Aggregate { func, args, distinct: false, filter: None, order_by: Vec::new() };
    Expr::new(ExprKind::Aggregate(Box::new(call)), ty)
}

/// A number of rows that is known.
fn rows(count: u64) -> Expr {
    Expr::literal(Value::Int(i64::try_from(count).unwrap_or(i64::MAX)), Type::Int8)
}

/// `None` for the constant TRUE.
pub(crate) fn some_filter(filter: Expr) -> Option<Expr> {
    (!filter.is_true()).then_some(filter)
}
