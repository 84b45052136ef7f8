//! What has no SQL of the same meaning: statements read what it is made of, and the reference evaluator makes the rest.
//!
//! As much as can be said stays SQL. At best only values are computed here, row by row; else the filter, the groups and the order
//! too, over the rows that the rest of the filter lets through; and where not even the sources can be said, over their tables.

mod finish;
mod split;

use mainstay_base::{Clock, Problem, Randomness, Result};
use mainstay_catalog::Catalog;
use mainstay_expr::{Expr, Select, Session, SourceId, TableId, Tree, Value};

use super::render::MySql;
use super::statement::Statement;
use super::storage::Storage;
use crate::dialect::Dialect;
use crate::render::{Rendered, Renderer, Restriction};

/// Work for the evaluator.
#[derive(Debug)]
pub struct Rest {
    /// The statements to run first, in this order and in one snapshot. There can be none.
    pub reads: Vec<Statement>,
    /// Over the rows of the reads: the table of each read has its position as number.
    select: Select,
    /// Columns of the first read; the select is evaluated for each of their values by itself.
    each: Vec<usize>,
    /// How the result's columns are kept.
    columns: Vec<Storage>,
}

/// The values from outside that the evaluator needs.
#[derive(Clone, Copy)]
pub struct Supplied<'a> {
    /// The values of the request.
    pub slots: &'a [Value],
    /// The row about to be written, by the table's columns.
    pub new: &'a [Value],
    /// Who asks.
    pub session: &'a Session,
    /// For `clock_timestamp()` and `uuidv7()`.
    pub clock: &'a dyn Clock,
    /// For `random()` and uuids.
    pub random: &'a dyn Randomness,
}

/// A select as a statement: SQL as far as it goes.
pub(super) fn statement(
    dialect: &MySql,
    catalog: &Catalog,
    select: &Select,
    restriction: Restriction<'_>,
) -> Result<Statement> {
    if select.from.is_empty() && matches!(restriction, Restriction::None) && !asks_tables(select) {
        // no database is needed to compute it
        return split::computed(select);
    }
    let native = Renderer::new(dialect, catalog).root(select, restriction);
    let problem = match native.map(Rendered::into_parts) {
        // how far such a text is padded is known to the evaluator
        Ok((_, columns)) if columns.contains(&Storage::Trimmed(0)) => dialect.unsupported("such a text"),
        Ok((sql, columns)) => return Ok(Statement::new(sql, columns)),
        Err(problem) if is_unsaid(&problem) => problem,
        Err(problem) => return Err(problem),
    };
    split::projected(dialect, catalog, select, restriction)
        .or_else(|_| split::filtered(dialect, catalog, select, restriction))
        .or_else(|_| split::in_memory(dialect, catalog, select, restriction))
        .map_err(|_| problem)
}

/// The rows that a write will touch, found with the evaluator's help.
pub(super) fn rows(
    dialect: &MySql,
    catalog: &Catalog,
    row: (TableId, SourceId),
    filter: &Expr,
    items: &[Expr],
    problem: Problem,
) -> Result<Statement> {
    match is_unsaid(&problem) {
        true => split::locked(dialect, catalog, row, filter, items).map_err(|_| problem),
        false => Err(problem),
    }
}

/// All rows of a table: what tells each apart, then `items`.
pub(super) fn rows_with(
    dialect: &MySql,
    catalog: &Catalog,
    row: (TableId, SourceId),
    items: &[Expr],
) -> Result<Statement> {
    split::locked(dialect, catalog, row, &Expr::truth(true), items)
}

/// Whether a problem is that something has no SQL.
fn is_unsaid(problem: &Problem) -> bool {
    problem.code() == "0A000"
}

fn asks_tables(select: &Select) -> bool {
    let mut asks = false;
    select.tables(|_| asks = true);
    asks
}
