//! Selects, expressions and the pieces of writes as PostgreSQL text.
//!
//! Aliases come from source numbers (`s1`), columns of derived tables are `c0`, `c1` ….

mod aggregate;
mod call;
mod definer;
mod direct;
mod expr;
mod from;
mod native;
mod select;
mod types;
mod write;

use std::collections::HashMap;

use mainstay_base::{Problem, Result};
use mainstay_catalog::{Catalog, Source as Origin, Table, TableKind};
use mainstay_expr::{ColumnRef, Expr, ExprKind, Func, Select, SourceId, TableId, Type};

use super::{Sql, Statement};
use crate::sql::sql;
pub(super) use definer::DefinerFunction;
pub use direct::{DirectInsert, DirectUpdate, INSERTED, direct_delete, knows_default};
use types::is_json_sent;
pub(super) use types::{column_type, type_name};
pub(super) use write::sequence;
pub use write::{
    advance_sequence, copy, delete, draw, expression_select, insert, insert_checked, last_number,
    select_rows, update,
};

/// What narrows a select to the rows that its caller is after.
#[derive(Debug, Clone, Copy)]
pub enum Restriction<'a> {
    /// All of its rows.
    None,
    /// The rows of many parents at once: those whose key, in the scope of the select, is among
    /// [`Bound::Keys`](super::Bound::Keys). LIMIT and OFFSET apply for each key.
    Keys(&'a [Expr]),
    /// The rows of the one key that `k` before it holds as `k0`, `k1` ….
    EachKey(&'a [Expr]),
    /// The rows of a base table whose places are among [`Bound::Rows`](super::Bound::Rows), in that order unless the select has
    /// one.
    Rows(SourceId),
}

/// How values of types that only the database knows are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// As JSON, where that is more than the text as a string.
    #[default]
    Json,
    /// As the type's text.
    Text,
}

/// A select as a statement.
pub fn select(catalog: &Catalog, select: &Select, restriction: Restriction<'_>) -> Result<Statement> {
    select_in(catalog, select, restriction, Form::Json)
}

/// The same select with its values as text, when that makes a difference.
pub fn select_as_text(
    catalog: &Catalog,
    select: &Select,
    restriction: Restriction<'_>,
) -> Result<Option<Statement>> {
    if !select.items.iter().any(|item| is_json_sent(&item.expr.ty)) {
        return Ok(None);
    }
    select_in(catalog, select, restriction, Form::Text).map(Some)
}

fn select_in(
    catalog: &Catalog,
    select: &Select,
    restriction: Restriction<'_>,
    form: Form,
) -> Result<Statement> {
    let mut renderer = Renderer { form, ..Renderer::new(catalog) };
    let sql = renderer.root(select, restriction)?;
    Ok(Statement::new(sql, select.items.iter().map(|item| item.expr.ty.clone()).collect()))
}

/// What a source number stands for.
#[derive(Debug, Clone, Copy)]
enum Source<'c> {
    /// A base table under its alias.
    Table(&'c Table),
    /// The row of a table's own checks and indexes: its columns stand alone.
    Row(&'c Table),
    /// The row that a policy speaks of: its columns are said with the table's name.
    PolicyRow(&'c Table),
    /// A derived table.
    Derived {
        /// Whether computing one of its columns can fail for some row.
        may_fail: bool,
    },
}

/// Where expressions get the session's values from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asking {
    /// From parameters.
    Parameters,
    /// From functions and settings of the database: what a schema keeps has no parameters.
    Database,
    /// The same inside of a function, whose arguments are slots.
    Definer,
}

/// Renders one statement.
pub(super) struct Renderer<'c> {
    catalog: &'c Catalog,
    sources: HashMap<SourceId, Source<'c>>,
    asking: Asking,
    form: Form,
    /// The source that a write of this statement returns its rows as.
    written: Option<SourceId>,
    /// The functions that read with the owner's rights, where such are made.
    definers: Option<Vec<DefinerFunction>>,
}

impl<'c> Renderer<'c> {
    pub(super) fn new(catalog: &'c Catalog) -> Self {
        Self::asking(catalog, HashMap::new(), Asking::Parameters)
    }

    /// For a table's checks, indexes, defaults and generated columns: [`SourceId::ROW`] is the row itself.
    pub(super) fn of_row(catalog: &'c Catalog, table: &'c Table) -> Self {
        let sources = HashMap::from([(SourceId::ROW, Source::Row(table))]);
        Self::asking(catalog, sources, Asking::Database)
    }

    /// For moving a table's rows: [`SourceId::ROW`] is a row of it under its alias.
    pub(super) fn of_old_row(catalog: &'c Catalog, table: &'c Table) -> Self {
        let sources = HashMap::from([(SourceId::ROW, Source::Table(table))]);
        Self::asking(catalog, sources, Asking::Database)
    }

    /// For a table's policies.
    pub(super) fn of_policy(catalog: &'c Catalog, table: &'c Table) -> Self {
        let sources = HashMap::from([(SourceId::ROW, Source::PolicyRow(table))]);
        Self { definers: Some(Vec::new()), ..Self::asking(catalog, sources, Asking::Database) }
    }

    fn asking(catalog: &'c Catalog, sources: HashMap<SourceId, Source<'c>>, asking: Asking) -> Self {
        Self { catalog, sources, asking, form: Form::Json, written: None, definers: None }
    }

    /// The functions that what was rendered calls.
    pub(super) fn into_definers(self) -> Vec<DefinerFunction> {
        self.definers.unwrap_or_default()
    }

    fn base_table(&self, id: TableId) -> Result<&'c Table> {
        let table = self.catalog.table(id);
        if matches!(table.kind, TableKind::View(_)) {
            return Err(Problem::internal(format!("view {} reached the engine as a table", table.name)));
        }
        Ok(table)
    }

    fn column(&self, column: ColumnRef) -> Result<Sql> {
        let name = |table: &Table| Sql::identifier(table.column(column.column).name.clone());
        Ok(match self.sources.get(&column.source) {
            Some(Source::Table(table)) => sql![alias(column.source), ".", name(table)],
            Some(Source::Row(table)) => name(table),
            Some(Source::PolicyRow(table)) => {
                sql![Sql::identifier(table.name.clone()), ".", name(table)]
            }
            Some(Source::Derived { .. }) => {
                sql![alias(column.source), ".", Sql::numbered("c", u64::from(column.column))]
            }
            None => return Err(Problem::internal(format!("source {} is unknown", column.source.0))),
        })
    }

    /// Whether the database has its own collations, which are to be left as they are.
    fn is_existing(&self) -> bool {
        self.catalog.source == Origin::Existing
    }

    /// Whether an expression is a column of a base table, which has the collation "C" if it has any.
    fn is_base_column(&self, expr: &Expr) -> bool {
        matches!(&expr.kind, ExprKind::Column(column)
            if !matches!(self.sources.get(&column.source), Some(Source::Derived { .. }) | None))
    }

    /// An expression by which rows are ordered: text bytewise.
    fn ordered(&mut self, expr: &Expr) -> Result<Sql> {
        let sql = self.expr(expr)?;
        let is_lettered = matches!(expr.kind, ExprKind::Call(Func::Lower | Func::Upper | Func::Initcap, _));
        let is_said =
            !is_collated(&expr.ty) || is_lettered || self.is_base_column(expr) || self.is_existing();
        Ok(if is_said { sql } else { sql!["(", sql, " COLLATE \"C\")"] })
    }
}

/// Whether values of a type have a collation.
fn is_collated(ty: &Type) -> bool {
    match ty {
        Type::Array(element) => is_collated(element),
        ty => ty.is_text(),
    }
}

/// A table's name with its schema.
pub(super) fn table_name(table: &Table) -> Sql {
    sql![Sql::identifier(table.schema.clone()), ".", Sql::identifier(table.name.clone())]
}

fn alias(source: SourceId) -> Sql {
    Sql::numbered("s", u64::from(source.0))
}

pub(super) fn unsupported(what: &str) -> Problem {
    Problem::new("0A000", format!("{what} cannot be used on PostgreSQL"))
}
