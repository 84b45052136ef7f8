//! FROM: the rows of the sources, joined.

use std::rc::Rc;

use mainstay_base::{Problem, Result};

use super::scope::{Scope, Sources};
use super::{COMBINED_MAX, Evaluator};
use crate::{Expr, FromItem, JoinKind, SourceId, TableSource, Value};

/// Rows that a series yields at most.
const MAX_SERIES: i64 = 10_000_000;

impl Evaluator<'_> {
    /// Every combination of the sources' rows; one empty combination without sources.
    pub(super) fn combine(&self, items: &[FromItem], outer: &Scope<'_>) -> Result<Vec<Sources>> {
        let mut combined: Vec<Sources> = vec![Vec::new()];
        for item in items {
            combined = self.product(combined, item, outer)?;
        }
        Ok(combined)
    }

    fn product(&self, left: Vec<Sources>, item: &FromItem, outer: &Scope<'_>) -> Result<Vec<Sources>> {
        let shared = if is_lateral(item) { None } else { Some(self.sources(item, outer)?) };
        let mut combined = Vec::new();
        for sources in left {
            let own;
            let right = match &shared {
                Some(shared) => shared,
                None => {
                    own = self.sources(item, &Scope::inside(outer, sources.clone()))?;
                    &own
                }
            };
            self.look_at(right.len())?;
            combined.extend(right.iter().map(|right| [sources.as_slice(), right].concat()));
        }
        Ok(combined)
    }

    /// Counts combinations of rows.
    fn look_at(&self, more: usize) -> Result<()> {
        self.combined.set(self.combined.get().saturating_add(more));
        match self.combined.get() > COMBINED_MAX {
            true => Err(Problem::new("54000", "the query combines too many rows to be computed in memory")),
            false => Ok(()),
        }
    }

    /// The rows of one item of FROM. `scope` has what a lateral item may see.
    fn sources(&self, item: &FromItem, scope: &Scope<'_>) -> Result<Vec<Sources>> {
        let single = |source: &SourceId, rows: Vec<Vec<Value>>| {
            rows.into_iter().map(|row| vec![(*source, Some(Rc::from(row)))]).collect::<Vec<Sources>>()
        };
        Ok(match item {
            FromItem::Table(table) => self.table(table, scope)?,
            FromItem::Select { source, select, .. } => single(source, self.rows(select, scope)?),
            FromItem::Values { source, rows } => {
                let rows = rows.iter().map(|row| self.all(row, scope)).collect::<Result<_>>()?;
                single(source, rows)
            }
            FromItem::Unnest { source, array } => match self.eval(array, scope)? {
                Value::Array(elements) => {
                    single(source, elements.into_iter().map(|value| vec![value]).collect())
                }
                _ => Vec::new(),
            },
            FromItem::Series { source, start, stop, step } => {
                let numbers = self.series(start, stop, step, scope)?;
                single(source, numbers.into_iter().map(|number| vec![Value::Int(number)]).collect())
            }
            FromItem::Function { call, .. } => {
                return Err(Problem::internal(format!(
                    "the database's function {} reached the evaluator",
                    call.name
                )));
            }
            FromItem::Join { kind, left, right, on } => self.join(*kind, left, right, on, scope)?,
        })
    }

    fn table(&self, table: &TableSource, scope: &Scope<'_>) -> Result<Vec<Sources>> {
        let mut visible = Vec::new();
        for row in self.tables.rows(table.table)? {
            let sources: Sources = vec![(table.source, Some(Rc::from(row)))];
            let seen = match &table.visible {
                None => true,
                Some(condition) => {
                    self.truth(condition, &Scope::inside(scope, sources.clone()))? == Some(true)
                }
            };
            if seen {
                visible.push(sources);
            }
        }
        Ok(visible)
    }

    fn series(&self, start: &Expr, stop: &Expr, step: &Expr, scope: &Scope<'_>) -> Result<Vec<i64>> {
        let bounds = (self.eval(start, scope)?, self.eval(stop, scope)?, self.eval(step, scope)?);
        let (Value::Int(start), Value::Int(stop), Value::Int(step)) = bounds else { return Ok(Vec::new()) };
        if step == 0 {
            return Err(Problem::new("22023", "step size cannot equal zero"));
        }
        if (i128::from(stop) - i128::from(start)) / i128::from(step) > i128::from(MAX_SERIES) {
            return Err(Problem::new("54000", "generate_series yields too many rows"));
        }
        let inside = |number: &i64| if step > 0 { *number <= stop } else { *number >= stop };
        let numbers = std::iter::successors(Some(start), |number| number.checked_add(step));
        Ok(numbers.take_while(inside).collect())
    }

    fn join(
        &self,
        kind: JoinKind,
        left: &FromItem,
        right: &FromItem,
        on: &Expr,
        scope: &Scope<'_>,
    ) -> Result<Vec<Sources>> {
        let left_rows = self.sources(left, scope)?;
        let lateral = is_lateral(right);
        let shared = if lateral { Vec::new() } else { self.sources(right, scope)? };
        let mut matched = vec![false; shared.len()];
        let mut joined = Vec::new();
        for left_row in left_rows {
            let own;
            let candidates = if lateral {
                own = self.sources(right, &Scope::inside(scope, left_row.clone()))?;
                &own
            } else {
                &shared
            };
            self.look_at(candidates.len())?;
            let mut alone = true;
            for (position, right_row) in candidates.iter().enumerate() {
                let both = [left_row.as_slice(), right_row].concat();
                let inner = Scope::inside(scope, both);
                if self.truth(on, &inner)? == Some(true) {
                    alone = false;
                    if let Some(matched) = matched.get_mut(position) {
                        *matched = true;
                    }
                    joined.push(inner.own);
                }
            }
            if alone && matches!(kind, JoinKind::Left | JoinKind::Full) {
                joined.push([left_row, nothing(right)].concat());
            }
        }
        if matches!(kind, JoinKind::Right | JoinKind::Full) {
            let unmatched = shared.into_iter().zip(matched).filter(|(_, matched)| !matched);
            joined.extend(unmatched.map(|(right_row, _)| [nothing(left), right_row].concat()));
        }
        Ok(joined)
    }
}

/// The sources of an item, none with a row.
fn nothing(item: &FromItem) -> Sources {
    match item {
        FromItem::Join { left, right, .. } => [nothing(left), nothing(right)].concat(),
        FromItem::Table(TableSource { source, .. })
        | FromItem::Select { source, .. }
        | FromItem::Values { source, .. }
        | FromItem::Unnest { source, .. }
        | FromItem::Series { source, .. }
        | FromItem::Function { source, .. } => vec![(*source, None)],
    }
}

/// Whether an item may speak of the ones before it.
fn is_lateral(item: &FromItem) -> bool {
    match item {
        FromItem::Table(_) => false,
        FromItem::Select { lateral, .. } => *lateral,
        FromItem::Values { .. }
        | FromItem::Unnest { .. }
        | FromItem::Series { .. }
        | FromItem::Function { .. } => true,
        FromItem::Join { left, right, .. } => is_lateral(left) || is_lateral(right),
    }
}
