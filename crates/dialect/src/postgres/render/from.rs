//! FROM: tables with the rows that exist for whoever asks, derived tables, joins.

use mainstay_base::Result;
use mainstay_expr::{Expr, ExprKind, FromItem, JoinKind, Select, SourceId, TableSource, Tree};

use super::select::behind;
use super::{Renderer, Source, Sql, alias, table_name};
use crate::fallible::{cast_never_fails, hides_rows, never_fails};
use crate::sql::sql;

/// What stands after FROM, and the conditions that are left for WHERE.
pub(super) struct Reading {
    pub parts: Vec<Sql>,
    pub conditions: Vec<Sql>,
}

/// How sources are to be said.
#[derive(Clone, Copy)]
struct Manner {
    /// Whether nothing outside may reach into what policies choose from.
    barrier: bool,
    /// Whether a table's policies must stay with it, as on the nullable side of a join.
    isolated: bool,
}

impl Renderer<'_> {
    /// All of FROM.
    pub(super) fn reading(&mut self, items: &[FromItem], barrier: bool) -> Result<Reading> {
        let mut reading = Reading { parts: Vec::new(), conditions: Vec::new() };
        for item in items {
            let manner = Manner { barrier, isolated: false };
            let sql = self.source(item, manner, &mut reading.conditions)?;
            reading.parts.push(sql);
        }
        Ok(reading)
    }

    fn source(&mut self, item: &FromItem, manner: Manner, conditions: &mut Vec<Sql>) -> Result<Sql> {
        match item {
            FromItem::Table(source) => self.table(source, manner, conditions),
            FromItem::Select { source, select, lateral } => {
                if let Some(rows) = self.definer_rows(*source, select)? {
                    self.sources.insert(*source, Source::Derived { may_fail: false });
                    return Ok(rows);
                }
                let inner = self.derived(select)?;
                let may_fail = select.items.iter().any(|item| self.may_fail(&item.expr));
                let bounded = select.limit.is_some() || select.offset.is_some();
                let is_barrier = (manner.barrier || may_fail) && hides_rows(select) && !bounded;
                self.sources.insert(*source, Source::Derived { may_fail });
                let word = if *lateral { "LATERAL (" } else { "(" };
                Ok(sql![word, inner, if is_barrier { " OFFSET 0) AS " } else { ") AS " }, alias(*source)])
            }
            FromItem::Values { source, rows } => {
                let width = rows.first().map_or(0, Vec::len);
                let rows = rows.iter().map(|row| Ok(self.list(row)?.parenthesized()));
                let rows = Sql::join(rows.collect::<Result<Vec<_>>>()?, ", ");
                self.sources.insert(*source, Source::Derived { may_fail: false });
                Ok(sql!["(VALUES ", rows, ") AS ", named(*source, width)])
            }
            FromItem::Unnest { source, array } => {
                let array = self.expr(array)?;
                self.sources.insert(*source, Source::Derived { may_fail: false });
                Ok(sql!["LATERAL unnest(", array, ") AS ", named(*source, 1)])
            }
            FromItem::Series { source, start, stop, step } => {
                let bounds = [start, stop, step].map(|term| self.expr(term));
                let bounds = bounds.into_iter().collect::<Result<Vec<_>>>()?;
                self.sources.insert(*source, Source::Derived { may_fail: false });
                Ok(sql!["LATERAL generate_series(", Sql::join(bounds, ", "), ") AS ", named(*source, 1)])
            }
            FromItem::Function { source, call } => self.function(*source, call),
            FromItem::Join { kind, left, right, on } => self.join(*kind, left, right, on, manner, conditions),
        }
    }

    fn table(&mut self, source: &TableSource, manner: Manner, conditions: &mut Vec<Sql>) -> Result<Sql> {
        let table = self.base_table(source.table)?;
        self.sources.insert(source.source, Source::Table(table));
        if self.written == Some(source.source) {
            return Ok(alias(source.source));
        }
        if let Some(rows) = self.definer_table(source)? {
            return Ok(rows);
        }
        let named = sql![table_name(table), " AS ", alias(source.source)];
        let Some(visible) = source.visible.as_ref().filter(|visible| !visible.is_true()) else {
            return Ok(named);
        };
        let condition = self.expr(visible)?;
        if !manner.isolated {
            conditions.push(condition);
            return Ok(named);
        }
        let end = if manner.barrier { " OFFSET 0) AS " } else { ") AS " };
        Ok(sql!["(SELECT * FROM ", named, " WHERE ", condition, end, alias(source.source)])
    }

    fn join(
        &mut self,
        kind: JoinKind,
        left: &FromItem,
        right: &FromItem,
        on: &Expr,
        manner: Manner,
        conditions: &mut Vec<Sql>,
    ) -> Result<Sql> {
        let (left_stays, right_stays) = match kind {
            JoinKind::Inner => (false, false),
            JoinKind::Left => (false, true),
            JoinKind::Right => (true, false),
            JoinKind::Full => (true, true),
        };
        let stays = |stays: bool| Manner { isolated: manner.isolated || stays, ..manner };
        let mut visible = Vec::new();
        let left_sql = self.source(left, stays(left_stays), &mut visible)?;
        let right_sql = self.source(right, stays(right_stays), &mut visible)?;
        let may_fail = self.may_fail(on);
        if may_fail && !manner.barrier {
            let manner = Manner { barrier: true, ..manner };
            return self.join(kind, left, right, on, manner, conditions);
        }
        let mut said = self.expr(on)?;
        if may_fail && !visible.is_empty() {
            said = behind(&visible, said);
        }
        conditions.extend(visible);
        let word = match kind {
            JoinKind::Inner => " JOIN ",
            JoinKind::Left => " LEFT JOIN ",
            JoinKind::Right => " RIGHT JOIN ",
            JoinKind::Full => " FULL JOIN ",
        };
        let right_sql = match right {
            FromItem::Join { .. } => right_sql.parenthesized(),
            _ => right_sql,
        };
        Ok(sql![left_sql, word, right_sql, " ON ", said])
    }

    /// Whether an expression can fail for some row.
    pub(super) fn may_fail(&self, expr: &Expr) -> bool {
        expr.any(|part| match &part.kind {
            ExprKind::Call(function, _) => !never_fails(*function),
            ExprKind::Cast(inner, target) => !cast_never_fails(&inner.ty, target),
            ExprKind::Match { pattern, .. } => !matches!(pattern.kind, ExprKind::Literal(_)),
            ExprKind::MatchArray { .. } => true,
            ExprKind::Scalar(select) => !is_one_row(select),
            ExprKind::Column(column) => {
                matches!(self.sources.get(&column.source), Some(Source::Derived { may_fail: true }))
            }
            _ => false,
        })
    }
}

/// Whether a subquery has one row for certain, so that it cannot have too many.
fn is_one_row(select: &Select) -> bool {
    let counted = select.grouped && select.group_by.is_empty();
    let literal = |limit: &Expr| matches!(limit.kind, ExprKind::Literal(mainstay_expr::Value::Int(0 | 1)));
    select.set_ops.is_empty() && (counted || select.limit.as_ref().is_some_and(literal))
}

/// An alias with names for its columns.
fn named(source: SourceId, width: usize) -> Sql {
    let names = (0..width).map(|position| Sql::numbered("c", position as u64));
    sql![alias(source), "(", Sql::join(names, ", "), ")"]
}
