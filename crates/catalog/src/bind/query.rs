//! Queries around their selects: WITH, set operations, VALUES, ORDER BY of the whole, LIMIT and OFFSET.

use mainstay_expr::resolve::common_type;
use mainstay_expr::{ColumnType, Expr, FromItem, Item, OrderBy, Select, SetOp, SourceId, Tree, Type};
use mainstay_sql as sql;
use sql::{Diagnostic, Span};

use super::scope::{Level, Namespace};
use super::{Bind, Binder, Bound, Clause};
use crate::lineage::origins;

/// Most expressions in a view, a function's body or a WITH query, everything inlined.
const EXPRESSIONS_MAX: usize = 20_000;

/// A query that was bound.
#[derive(Debug, Clone)]
pub(crate) struct BoundQuery {
    /// The query. Items whose type is open are of type text.
    pub select: Select,
    /// Its columns, one for each item.
    pub outputs: Vec<Output>,
}

/// A column of a query's result.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    /// Its name.
    pub name: String,
    /// Whether it is a literal whose type is still open.
    pub unknown: bool,
    /// Where it was written.
    pub span: Span,
}

/// A WITH query.
#[derive(Debug, Clone)]
pub(super) struct CommonTable {
    pub name: String,
    /// Its query, copied wherever it is named; `None` while it is being bound.
    pub query: Option<BoundQuery>,
    /// How often it was named.
    pub uses: u32,
}

impl BoundQuery {
    /// The types of its columns; `None` where open.
    pub fn types(&self) -> Vec<Option<Type>> {
        let pairs = self.select.items.iter().zip(&self.outputs);
        pairs.map(|(item, output)| (!output.unknown).then(|| item.expr.ty.clone())).collect()
    }

    /// Whether its rows are sorted or cut, which a set operation around them would change.
    fn is_ordered(&self) -> bool {
        !self.select.order_by.is_empty() || self.select.limit.is_some() || self.select.offset.is_some()
    }

    /// Whether the items say more than what a row yields: which rows are equal, or what they are sorted by.
    fn has_fixed_items(&self) -> bool {
        self.select.distinct || !self.select.distinct_on.is_empty() || !self.select.set_ops.is_empty()
    }
}

impl Binder<'_> {
    /// Binds a query.
    pub fn query(&mut self, query: &sql::Query) -> Bind<BoundQuery> {
        let outside = self.ctes.len();
        let with = query.with.as_ref().map_or(Ok(()), |with| self.with(with));
        let bound = with.and_then(|()| self.query_rows(query));
        self.ctes.truncate(outside);
        bound
    }

    fn with(&mut self, with: &sql::With) -> Bind<()> {
        let mut result = Ok(());
        for table in &with.tables {
            let own = self.ctes.len();
            if with.recursive {
                // The name leads nowhere while its own query is bound: that is how a recursive one is told.
                self.ctes.push(CommonTable { name: table.name.text.clone(), query: None, uses: 0 });
            }
            let bound = self.query(&table.query);
            let bound = bound.and_then(|query| self.rename(query, &table.columns, &table.name));
            let bound = bound.and_then(|query| self.bounded(&query.select, table.span).map(|()| query));
            self.ctes.truncate(own);
            match bound {
                Ok(query) => {
                    self.ctes.push(CommonTable {
                        name: table.name.text.clone(),
                        query: Some(query),
                        uses: 0,
                    });
                }
                Err(reported) => result = Err(reported),
            }
        }
        result
    }

    /// Refuses a query that inlining has made too large: what is named twice is there twice, and so is all that it names.
    pub fn bounded(&mut self, select: &Select, span: Span) -> Bind<()> {
        let mut count = 0_usize;
        select.walk(|_| count += 1);
        if count <= EXPRESSIONS_MAX {
            return Ok(());
        }
        let message = "this is too large once the views, functions and queries it names are put in place";
        let help = "name each of them once, or keep the result in a table";
        Err(self.fail(Diagnostic::error("too-large", span, message).with_help(help)))
    }

    /// Gives new names to a query's first columns.
    pub fn rename(&mut self, mut query: BoundQuery, names: &[sql::Name], of: &sql::Name) -> Bind<BoundQuery> {
        if names.len() > query.outputs.len() {
            let message = format!(
                "table \"{}\" has {} columns available but {} columns specified",
                of.text,
                query.outputs.len(),
                names.len()
            );
            return Err(self.error("wrong-arguments", names[query.outputs.len()].span, message));
        }
        for (position, name) in names.iter().enumerate() {
            query.outputs[position].name.clone_from(&name.text);
            query.select.items[position].name.clone_from(&name.text);
        }
        Ok(query)
    }

    fn query_rows(&mut self, query: &sql::Query) -> Bind<BoundQuery> {
        let mut bound = match &query.body {
            sql::QueryBody::Select(select) => self.select(select, &query.order_by),
            body => self.body(body).and_then(|bound| self.order_outputs(bound, &query.order_by)),
        };
        let limit = self.limit(query.limit.as_ref(), Clause::Limit, "LIMIT");
        let offset = self.limit(query.offset.as_ref(), Clause::Offset, "OFFSET");
        if let Ok(bound) = &mut bound {
            bound.select.limit = limit?;
            bound.select.offset = offset?;
        }
        bound
    }

    fn body(&mut self, body: &sql::QueryBody) -> Bind<BoundQuery> {
        match body {
            sql::QueryBody::Select(select) => self.select(select, &[]),
            sql::QueryBody::Values(values) => self.values(values),
            sql::QueryBody::Nested(query) => self.query(query),
            sql::QueryBody::Set { operation, all, left, right, span } => {
                let left = self.body(left);
                let right = self.body(right);
                self.set_operation(*operation, *all, left?, right?, *span)
            }
        }
    }

    fn set_operation(
        &mut self,
        operation: sql::SetOperation,
        all: bool,
        mut left: BoundQuery,
        mut right: BoundQuery,
        span: Span,
    ) -> Bind<BoundQuery> {
        let (op, word) = match (operation, all) {
            (sql::SetOperation::Union, false) => (SetOp::Union, "UNION"),
            (sql::SetOperation::Union, true) => (SetOp::UnionAll, "UNION"),
            (sql::SetOperation::Intersect, false) => (SetOp::Intersect, "INTERSECT"),
            (sql::SetOperation::Except, false) => (SetOp::Except, "EXCEPT"),
            (_, true) => {
                return Err(self.unsupported(
                    span,
                    "INTERSECT ALL and EXCEPT ALL are",
                    "use them without ALL",
                ));
            }
        };
        if left.outputs.len() != right.outputs.len() {
            let message = format!("each {word} query must have the same number of columns");
            return Err(self.error("wrong-arguments", span, message));
        }
        let pairs = left.types().into_iter().zip(right.types()).zip(&right.outputs);
        let types: Vec<_> =
            pairs.map(|((left, right), output)| (common_type(&[left, right]), output.span)).collect();
        let types = self.each(types, |binder, (common, at)| {
            common.map_err(|(one, other)| {
                binder.error("wrong-type", at, format!("{word} types {one} and {other} cannot be matched"))
            })
        })?;
        if op != SetOp::UnionAll
            && let Some(position) = types.iter().position(|ty| !ty.is_comparable())
        {
            let message = format!("could not identify an equality operator for type {}", types[position]);
            return Err(self.error("wrong-type", left.outputs[position].span, message));
        }
        self.cast_outputs(&mut left, &types)?;
        self.cast_outputs(&mut right, &types)?;
        if left.is_ordered() {
            left = self.derive(left);
        }
        if right.is_ordered() || !right.select.set_ops.is_empty() {
            right = self.derive(right);
        }
        left.select.set_ops.push((op, right.select));
        Ok(left)
    }

    /// The query as a derived table, all of whose columns are selected.
    pub(super) fn derive(&mut self, query: BoundQuery) -> BoundQuery {
        let source = self.ids.fresh();
        let select = derived(query.select, source);
        let outputs = query.outputs.into_iter().map(|output| Output { unknown: false, ..output }).collect();
        BoundQuery { select, outputs }
    }

    fn values(&mut self, values: &sql::Values) -> Bind<BoundQuery> {
        let width = values.rows.first().map_or(0, Vec::len);
        if let Some(row) = values.rows.iter().find(|row| row.len() != width) {
            let at = row.first().map_or(values.span, |value| value.span);
            return Err(self.error("wrong-arguments", at, "VALUES lists must all be the same length"));
        }
        self.levels.push(Level::new(Namespace::default(), Clause::Values));
        let rows =
            self.each(&values.rows, |binder, row| binder.each(row, |binder, value| binder.expr(value)));
        self.levels.pop();
        let mut rows = rows?;
        let name = |position: usize| format!("column{}", position + 1);
        if let [row] = rows.as_mut_slice() {
            let row: Vec<Bound> = std::mem::take(row);
            let outputs = row.iter().enumerate();
            let outputs =
                outputs.map(|(at, it)| Output { name: name(at), unknown: it.unknown, span: it.span });
            let outputs = outputs.collect();
            let items = row.into_iter().enumerate();
            let items = items.map(|(at, it)| Item { expr: it.expr, name: name(at) }).collect();
            return Ok(BoundQuery { select: Select { items, ..Select::default() }, outputs });
        }
        let spans: Vec<Span> = rows[0].iter().map(|value| value.span).collect();
        let mut typed: Vec<Vec<Expr>> = rows.iter().map(|_| Vec::with_capacity(width)).collect();
        for position in (0..width).rev() {
            let column: Vec<Bound> = rows.iter_mut().filter_map(Vec::pop).collect();
            let (column, _) = self.cast_common(column, "VALUES")?;
            for (row, value) in typed.iter_mut().zip(column) {
                row.push(value);
            }
            debug_assert_eq!(typed[0].len(), width - position);
        }
        typed.iter_mut().for_each(|row| row.reverse());
        let source = self.ids.fresh();
        let items = typed[0].iter().enumerate().map(|(at, value)| Item {
            expr: Expr::column(source, at as u32, value.ty.clone()),
            name: name(at),
        });
        let items = items.collect();
        let outputs = spans.into_iter().enumerate();
        let outputs = outputs.map(|(at, span)| Output { name: name(at), unknown: false, span }).collect();
        let from = vec![FromItem::Values { source, rows: typed }];
        Ok(BoundQuery { select: Select { from, items, ..Select::default() }, outputs })
    }

    /// ORDER BY after a set operation or VALUES: names and positions of columns only.
    fn order_outputs(&mut self, mut query: BoundQuery, order_by: &[sql::OrderItem]) -> Bind<BoundQuery> {
        if order_by.is_empty() {
            return Ok(query);
        }
        let items = &query.select.items;
        let twice = items
            .iter()
            .enumerate()
            .any(|(at, item)| items[..at].iter().any(|other| other.expr == item.expr));
        // A term is known by the item it equals, so the items must differ.
        if query.is_ordered() || (twice && !query.select.set_ops.is_empty()) {
            query = self.derive(query);
        }
        let terms = self.each(order_by, |binder, term| {
            let position = binder.output_position(&term.value, &query.outputs, "ORDER BY")?;
            let Some(position) = position else {
                let message = "invalid UNION/INTERSECT/EXCEPT ORDER BY clause";
                let diagnostic = Diagnostic::error("invalid-order", term.value.span, message);
                return Err(
                    binder.fail(diagnostic.with_help("only the names of result columns can be used here"))
                );
            };
            binder.order_term(query.select.items[position].expr.clone(), term)
        })?;
        query.select.order_by = terms;
        Ok(query)
    }

    /// The output column that a sort or group key names by its name or position, if it does.
    pub(super) fn output_position(
        &mut self,
        key: &sql::Expr,
        outputs: &[Output],
        clause: &str,
    ) -> Bind<Option<usize>> {
        match &key.kind {
            sql::ExprKind::Literal(sql::Literal::Number(number)) => match number.parse::<usize>() {
                Ok(position) if (1..=outputs.len()).contains(&position) => Ok(Some(position - 1)),
                Ok(_) => {
                    let message = format!("{clause} position {number} is not in select list");
                    Err(self.error("unknown-column", key.span, message))
                }
                Err(_) => {
                    Err(self.error("invalid-order", key.span, format!("non-integer constant in {clause}")))
                }
            },
            sql::ExprKind::Literal(_) => {
                Err(self.error("invalid-order", key.span, format!("non-integer constant in {clause}")))
            }
            sql::ExprKind::Column(sql::ColumnRef { table: None, column }) => {
                Ok(outputs.iter().position(|output| output.name == column.text))
            }
            _ => Ok(None),
        }
    }

    /// A term of ORDER BY.
    pub(super) fn order_term(&mut self, expr: Expr, term: &sql::OrderItem) -> Bind<OrderBy> {
        if !expr.ty.is_comparable() {
            let message = format!("could not identify an ordering operator for type {}", expr.ty);
            return Err(self.error("wrong-type", term.value.span, message));
        }
        let nulls_first = term.nulls.map_or(term.descending, |nulls| nulls == sql::Nulls::First);
        Ok(OrderBy { expr, descending: term.descending, nulls_first })
    }

    fn limit(&mut self, expr: Option<&sql::Expr>, clause: Clause, word: &str) -> Bind<Option<Expr>> {
        let Some(expr) = expr else { return Ok(None) };
        self.levels.push(Level::new(Namespace::default(), clause));
        let bound = self.expr(expr);
        self.levels.pop();
        let bound = bound?;
        if !bound.unknown && !bound.expr.ty.is_integer() {
            let message = format!("argument of {word} must be type bigint, not type {}", bound.expr.ty);
            return Err(self.error("wrong-type", bound.span, message));
        }
        self.cast_to(bound, &Type::Int8).map(Some)
    }

    /// Casts a query's columns to types that resolution has found they can take.
    pub(super) fn cast_outputs(&mut self, query: &mut BoundQuery, types: &[Type]) -> Bind<()> {
        self.map_outputs(query, |binder, position, bound| binder.cast_to(bound, &types[position]))
    }

    /// Casts a query's columns as storing or returning them does; `mismatch` words what is wrong with the n-th.
    pub fn assign_outputs(
        &mut self,
        query: &mut BoundQuery,
        types: &[ColumnType],
        mismatch: impl Fn(usize, &Type) -> String,
    ) -> Bind<()> {
        // A table's column that is stored or returned as what it is needs no cast.
        let catalog = self.schema.catalog();
        let kept = origins(&query.select).into_iter().zip(types).map(|(origin, ty)| {
            origin.is_some_and(|origin| catalog.table(origin.table).column(origin.column).ty == *ty)
        });
        let kept: Vec<bool> = kept.collect();
        self.map_outputs(query, |binder, position, bound| match kept[position] {
            true => Ok(bound.expr),
            false => binder.assign(bound, &types[position], |ty| mismatch(position, ty)),
        })
    }

    fn map_outputs(
        &mut self,
        query: &mut BoundQuery,
        mut map: impl FnMut(&mut Self, usize, Bound) -> Bind<Expr>,
    ) -> Bind<()> {
        let take = |query: &BoundQuery, position: usize| Bound {
            expr: query.select.items[position].expr.clone(),
            unknown: query.outputs[position].unknown,
            span: query.outputs[position].span,
        };
        let positions = 0..query.outputs.len();
        let mut mapped = self.each(positions.clone(), |binder, at| map(binder, at, take(query, at)))?;
        let changes = |at: &usize| mapped[*at] != query.select.items[*at].expr && !query.outputs[*at].unknown;
        if query.has_fixed_items() && positions.clone().any(|at| changes(&at)) {
            // DISTINCT and set operations speak of the items as they are: the casts go around them.
            for at in positions.clone().filter(|at| query.outputs[*at].unknown) {
                query.select.items[at].expr = mapped[at].clone();
            }
            *query = self.derive(query.clone());
            let unchanged: Vec<bool> = positions.clone().map(|at| !query.outputs[at].unknown).collect();
            mapped = self.each(positions, |binder, at| {
                debug_assert!(unchanged[at]);
                map(binder, at, take(query, at))
            })?;
        }
        for ((item, output), expr) in query.select.items.iter_mut().zip(&mut query.outputs).zip(mapped) {
            item.expr = expr;
            output.unknown = false;
        }
        Ok(())
    }

    /// The rows of a WITH query, as often as it is named.
    pub(super) fn common_table(&mut self, name: &sql::QualifiedName) -> Bind<Option<BoundQuery>> {
        if name.schema.is_some() {
            return Ok(None);
        }
        let Some(table) = self.ctes.iter_mut().rev().find(|table| table.name == name.name.text) else {
            return Ok(None);
        };
        table.uses += 1;
        let uses = table.uses;
        let Some(mut query) = table.query.clone() else {
            return Err(self.unsupported(
                name.span,
                "recursive queries are",
                "store the path or the depth with each row",
            ));
        };
        if uses > 1 && query.select.is_volatile() {
            let what = "a volatile WITH query that is named more than once is";
            return Err(self.unsupported(name.span, what, "name it once, or leave out what is volatile"));
        }
        query.select.renumber(&mut self.ids);
        Ok(Some(query))
    }
}

/// All columns of a select as a derived table.
pub(crate) fn derived(select: Select, source: SourceId) -> Select {
    let items = (0..).zip(&select.items).map(|(position, item)| Item {
        expr: Expr::column(source, position, item.expr.ty.clone()),
        name: item.name.clone(),
    });
    let items = items.collect();
    Select {
        from: vec![FromItem::Select { source, select: Box::new(select), lateral: false }],
        items,
        ..Select::default()
    }
}
