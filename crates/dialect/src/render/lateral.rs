//! LATERAL, which not all databases have: selects that speak of the sources before them are said without it where that is exact.

use mainstay_base::{Problem, Result};
use mainstay_expr::{Expr, ExprKind, FromItem, Select, SourceId, SourceIds, Tree, Value};

use super::from::{Clause, Reading};
use super::select::order_clause;
use super::{Renderer, Source, Sql};
use crate::sql::sql;

/// Copies of sources have numbers that no statement's own sources reach.
const COPIES: SourceId = SourceId(1_000_000);

impl Renderer<'_> {
    /// Such a select in an inner position, or on the right of a LEFT JOIN whose ON its conditions join.
    pub(super) fn lateral(
        &mut self,
        source: SourceId,
        select: &Select,
        clause: &mut Clause,
    ) -> Result<Reading> {
        if is_plain(select) {
            return self.merged(source, select, clause);
        }
        if self.inlined(source, select) {
            let is_one = row_count(select) == RowCount::One;
            let conditions = if is_one { Vec::new() } else { vec![self.exists(select)?.sql] };
            return Ok(Reading { sql: None, conditions });
        }
        match select.from.as_slice() {
            [FromItem::Table(_)] if only_picks(select) => self.picked(source, select, clause),
            _ => Err(self.dialect.unsupported("a LATERAL subquery of this form")),
        }
    }

    /// A select of one row at most becomes a scalar subquery wherever a column of it stands: of a missing row they are
    /// NULL, as after LEFT JOIN.
    pub(super) fn inlined(&mut self, source: SourceId, select: &Select) -> bool {
        let fits = row_count(select) != RowCount::Any;
        if fits {
            self.sources.insert(source, Source::Inlined { select: Box::new(select.clone()) });
        }
        fits
    }

    /// A select that only filters and computes: its sources stand in its place.
    fn merged(&mut self, source: SourceId, select: &Select, clause: &mut Clause) -> Result<Reading> {
        let mut reading = Reading::default();
        let mut parts = Vec::new();
        for item in &select.from {
            let part = self.source(item, clause)?;
            reading.conditions.extend(part.conditions);
            parts.extend(part.sql);
        }
        if let Some(filter) = &select.filter {
            reading.conditions.push(self.condition(filter)?);
        }
        reading.sql = (!parts.is_empty()).then(|| Sql::join(parts, ", "));
        self.merge(source, select);
        Ok(reading)
    }

    /// A select that picks rows of one table by order and limit: the table, as far as its rows are among those picked.
    fn picked(&mut self, source: SourceId, select: &Select, clause: &mut Clause) -> Result<Reading> {
        let [FromItem::Table(read)] = select.from.as_slice() else {
            return Err(Problem::internal("rows of more than one table are picked"));
        };
        let mut copy = Select { items: Vec::new(), ..select.clone() };
        copy.renumber(&mut SourceIds::after(SourceId(COPIES.0 + read.source.0)));
        let [FromItem::Table(copied)] = copy.from.as_slice() else {
            return Err(Problem::internal("a copy is of another form"));
        };
        let copied = copied.source;
        let body = self.body(&copy, super::Restriction::None)?;
        let order = order_clause(self.order_terms(&copy.order_by)?);
        let bounds = self.bounds(&copy)?;
        // the copy has filtered already
        let mut table = read.clone();
        table.visible = None;
        let reading = self.source(&FromItem::Table(table), clause)?;
        let picked = sql!["SELECT ", self.row(copied)?, body.sql, order, bounds];
        let condition = sql![self.row(read.source)?, " IN (", picked, ")"];
        self.merge(source, select);
        Ok(Reading { conditions: vec![condition], ..reading })
    }

    fn merge(&mut self, source: SourceId, select: &Select) {
        let items = select.items.iter().map(|item| item.expr.clone()).collect();
        self.sources.insert(source, Source::Merged { items });
    }
}

/// Whether a select only filters and computes.
fn is_plain(select: &Select) -> bool {
    only_picks(select) && select.limit.is_none() && select.offset.is_none()
}

/// Whether each of a select's rows is one of its sources' rows.
fn only_picks(select: &Select) -> bool {
    !select.grouped && !select.distinct && select.distinct_on.is_empty() && select.set_ops.is_empty()
}

/// Whether all items are columns, which are NULL where an outer join finds no row. Computed items need not be.
pub(super) fn shows_columns_only(select: &Select) -> bool {
    select.items.iter().all(|item| matches!(item.expr.kind, ExprKind::Column(_)))
}

#[derive(PartialEq)]
enum RowCount {
    One,
    AtMostOne,
    Any,
}

fn row_count(select: &Select) -> RowCount {
    if !select.set_ops.is_empty() {
        return RowCount::Any;
    }
    let is_one = |expr: &Expr| matches!(expr.kind, ExprKind::Literal(Value::Int(1)));
    if select.grouped && select.group_by.is_empty() && select.having.is_none() && select.limit.is_none() {
        RowCount::One
    } else if select.limit.as_ref().is_some_and(is_one) {
        RowCount::AtMostOne
    } else {
        RowCount::Any
    }
}
