//! What the database cannot do by itself for a table: checks that have no SQL of the same meaning are asked of every row before it
//! is written, and columns that it cannot compute are computed.

use mainstay_base::{Problem, Result, SystemClock, SystemRandomness};
use mainstay_catalog::{Catalog, ColumnDefault, Table};
use mainstay_dialect::mysql::{self, Bound, Kept};
use mainstay_engine::violation;
use mainstay_expr::{Evaluator, Inputs, NoTables, Scope, Session, SourceId, Value};

use crate::render::Query;

/// What is left to us when rows of a table are written.
pub(crate) struct Left {
    /// Positions of checks.
    checks: Vec<usize>,
    kept: Vec<Kept>,
}

impl Left {
    pub fn of(catalog: &Catalog, table: &Table) -> Self {
        let left = mysql::left_checks(catalog, table);
        let is_left =
            |position: &usize| left.iter().any(|check| std::ptr::eq(*check, &table.checks[*position]));
        Self { checks: (0..table.checks.len()).filter(is_left).collect(), kept: mysql::kept(catalog, table) }
    }

    /// Whether the database does everything itself.
    pub fn is_empty(&self) -> bool {
        self.checks.is_empty() && self.kept.is_empty()
    }

    /// Whether a statement for several rows cannot say what becomes of each.
    pub fn differs_by_row(&self, table: &Table, statement: &Query) -> bool {
        let width = table.columns.len() as u32;
        statement.inputs.iter().any(|input| matches!(input.value, Bound::New(position) if position >= width))
    }

    /// Computes what is kept beside a row's own columns. Fails with `23514` for a row that a check refuses.
    pub fn work_out(&self, table: &Table, mut row: Vec<Value>, session: &Session) -> Result<Vec<Value>> {
        if self.is_empty() {
            return Ok(Vec::new());
        }
        let inputs = Inputs { slots: &[], arguments: &[], new: &[], session };
        let evaluator = Evaluator::new(inputs, &NoTables, &SystemClock, &SystemRandomness)?;
        for (column, position) in table.columns.iter().zip(0..) {
            if let ColumnDefault::Generated(expr) = &column.default {
                let value = evaluator.eval(expr, &Scope::row(SourceId::ROW, &row))?;
                row[position] = value;
            }
        }
        let scope = Scope::row(SourceId::ROW, &row);
        for position in &self.checks {
            let check = &table.checks[*position];
            if evaluator.truth(&check.expr, &scope)? == Some(false) {
                return Err(violation::check(table, check, Some(&row), session));
            }
        }
        let mut values = Vec::with_capacity(self.kept.len());
        for (kept, position) in self.kept.iter().zip(table.columns.len() as u32..) {
            if kept.position != position {
                return Err(Problem::internal("the columns that are kept are out of order"));
            }
            values.push(evaluator.eval(&kept.expr, &scope)?);
        }
        Ok(values)
    }
}
