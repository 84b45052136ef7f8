//! Writes as one statement each, for a database that keeps the rules itself: rows are written where they are found, triggers,
//! policies and privileges are asked on the way, and what is read back is what the statement returns.

use mainstay_base::Result;
use mainstay_catalog::{Catalog, ColumnDefault, Table};
use mainstay_expr::{SourceId, TableId, Tree, Type};
use mainstay_plan::{Conflict, ConflictAction, Returning};

use super::expr::{given, parameter};
use super::{Form, Renderer, Restriction, Source, Sql, Statement, alias, table_name};
use crate::postgres::{Bound, Input};
use crate::sql::sql;

/// Counts a row that is proposed …
const PROPOSED: &str = "set_config('mainstay.inserted', (coalesce(nullif(current_setting('mainstay.inserted', true), ''), '0')\
    ::int4 + 1)::text, true) <> '0'";
/// … and takes one back that exists already.
const EXISTED: &str = "set_config('mainstay.inserted', (coalesce(nullif(current_setting('mainstay.inserted', true), ''), '0')\
    ::int4 - 1)::text, true) <> '-1'";
/// How many rows the last insert of this transaction has added, where that is counted ([`DirectInsert::is_counted`]). The count
/// begins anew.
pub const INSERTED: &str = "SELECT nullif(current_setting('mainstay.inserted', true), ''), set_config('mainstay.inserted', '', true)";

/// An insert.
#[derive(Debug, Clone, Copy)]
pub struct DirectInsert<'a> {
    /// The table.
    pub table: TableId,
    /// The columns that rows have values for; the others take their defaults.
    pub columns: &'a [u32],
    /// Whether it takes any number of rows, as [`Bound::All`] of each column, or one, as [`Bound::New`].
    pub many: bool,
    /// What happens to rows that exist already.
    pub conflict: Option<&'a Conflict>,
}

/// An update of the rows that a filter finds.
#[derive(Debug, Clone, Copy)]
pub struct DirectUpdate<'a> {
    /// The table.
    pub table: TableId,
    /// The row that the filter speaks of.
    pub source: SourceId,
    /// Which rows.
    pub filter: &'a mainstay_expr::Expr,
    /// The columns that are set, at least one: to [`Bound::New`], or to their defaults.
    pub columns: &'a [u32],
    /// Those of them that take their defaults.
    pub defaults: &'a [u32],
}

impl DirectInsert<'_> {
    /// Whether new rows are told from those that existed.
    pub fn is_counted(&self) -> bool {
        self.updates().is_some() && !self.columns.is_empty()
    }

    /// The columns that an existing row takes over.
    fn updates(&self) -> Option<Vec<u32>> {
        match &self.conflict?.action {
            ConflictAction::Ignore => None,
            ConflictAction::Update(update) => {
                let columns = update.columns.iter().map(|new| new.column);
                Some(columns.filter(|column| self.columns.contains(column)).collect())
            }
        }
    }

    /// The statement.
    ///
    /// # Errors
    /// What cannot be said on PostgreSQL.
    pub fn statement(
        &self,
        catalog: &Catalog,
        returning: Option<&Returning>,
        form: Form,
    ) -> Result<Statement> {
        let table = catalog.table(self.table);
        let write =
            sql!["INSERT INTO ", table_name(table), self.target(table, returning), self.on_conflict(table)];
        answered(Renderer { form, ..Renderer::new(catalog) }, table, write, returning)
    }

    fn target(&self, table: &Table, returning: Option<&Returning>) -> Sql {
        let known_as = match returning {
            Some(returning) => sql![" AS ", alias(returning.source)],
            None => Sql::default(),
        };
        if self.columns.is_empty() {
            return known_as.then(" DEFAULT VALUES");
        }
        let names = self.columns.iter().map(|column| column_name(table, *column));
        let names = Sql::join(names, ", ");
        let counted = if self.is_counted() { sql![" WHERE ", PROPOSED] } else { Sql::default() };
        if !self.many {
            let values = self.columns.iter().map(|column| new_value(table, *column));
            let values = Sql::join(values, ", ");
            return sql![known_as, " (", names, ") SELECT ", values, counted];
        }
        let cells = (0..).zip(self.columns).map(|(cell, column)| {
            given(sql!["r.", Sql::numbered("c", cell)], &table.column(*column).ty.ty, true)
        });
        let arrays = self.columns.iter().map(|column| {
            Sql::input(Input { value: Bound::All(*column), ty: Type::Text.array() }).then("::text[]")
        });
        let cell_names = (0..self.columns.len()).map(|cell| Sql::numbered("c", cell as u64));
        let (cells, arrays) = (Sql::join(cells, ", "), Sql::join(arrays, ", "));
        let rows = sql!["unnest(", arrays, ") WITH ORDINALITY AS r(", Sql::join(cell_names, ", "), ", n)"];
        sql![known_as, " (", names, ") SELECT ", cells, " FROM ", rows, counted, " ORDER BY r.n"]
    }

    fn on_conflict(&self, table: &Table) -> Sql {
        let Some(conflict) = self.conflict else { return Sql::default() };
        let key = Sql::join(conflict.key.iter().map(|column| column_name(table, *column)), ", ");
        let updates = self.updates().unwrap_or_default();
        if updates.is_empty() {
            return sql![" ON CONFLICT (", key, ") DO NOTHING"];
        }
        let set = updates.iter().map(|column| {
            let name = column_name(table, *column);
            sql![name.clone(), " = EXCLUDED.", name]
        });
        sql![" ON CONFLICT (", key, ") DO UPDATE SET ", Sql::join(set, ", "), " WHERE ", EXISTED]
    }
}

impl DirectUpdate<'_> {
    /// The statement.
    ///
    /// # Errors
    /// What cannot be said on PostgreSQL.
    pub fn statement(
        &self,
        catalog: &Catalog,
        returning: Option<&Returning>,
        form: Form,
    ) -> Result<Statement> {
        let table = catalog.table(self.table);
        let mut renderer = Renderer { form, ..Renderer::new(catalog) };
        let set = self.columns.iter().map(|column| {
            let value = match self.defaults.contains(column) {
                true => Sql::from("DEFAULT"),
                false => new_value(table, *column),
            };
            sql![column_name(table, *column), " = ", value]
        });
        let set = Sql::join(set, ", ");
        let found = renderer.found(table, self.source, self.filter)?;
        let write = sql!["UPDATE ", table_name(table), " AS ", alias(self.source), " SET ", set, found];
        answered(renderer, table, write, returning)
    }
}

/// `DELETE` of the rows that a filter finds.
///
/// # Errors
/// What cannot be said on PostgreSQL.
pub fn direct_delete(
    catalog: &Catalog,
    table: TableId,
    source: SourceId,
    filter: &mainstay_expr::Expr,
    returning: Option<&Returning>,
    form: Form,
) -> Result<Statement> {
    let table = catalog.table(table);
    let mut renderer = Renderer { form, ..Renderer::new(catalog) };
    let found = renderer.found(table, source, filter)?;
    let write = sql!["DELETE FROM ", table_name(table), " AS ", alias(source), found];
    answered(renderer, table, write, returning)
}

/// Whether the database itself puts a column's default where nothing is given: what only we can compute it does not know.
pub fn knows_default(catalog: &Catalog, table: TableId, column: u32) -> bool {
    let table = catalog.table(table);
    match &table.column(column).default {
        ColumnDefault::Expr(expr) => Renderer::of_row(catalog, table).expr(expr).is_ok(),
        _ => true,
    }
}

impl<'c> Renderer<'c> {
    fn found(&mut self, table: &'c Table, source: SourceId, filter: &mainstay_expr::Expr) -> Result<Sql> {
        self.sources.insert(source, Source::Table(table));
        if filter.is_true() {
            return Ok(Sql::default());
        }
        Ok(sql![" WHERE ", self.expr(filter)?])
    }
}

/// A write and what is read of the rows that it returns: of those columns only that are asked for, since reading more asks for
/// more privileges.
fn answered<'c>(
    mut renderer: Renderer<'c>,
    table: &'c Table,
    write: Sql,
    returning: Option<&Returning>,
) -> Result<Statement> {
    let Some(Returning { node, source, .. }) = returning else {
        return Ok(Statement::new(write, Vec::new()));
    };
    let columns = node.select.columns_of(*source);
    let mut list: Vec<Sql> =
        columns.iter().map(|column| sql![alias(*source), ".", column_name(table, *column)]).collect();
    if list.is_empty() {
        list.push(Sql::from("1"));
    }
    renderer.sources.insert(*source, Source::Table(table));
    renderer.written = Some(*source);
    let read = renderer.root(&node.select, Restriction::None)?;
    let sql = sql!["WITH ", alias(*source), " AS (", write, " RETURNING ", Sql::join(list, ", "), ") ", read];
    Ok(Statement::new(sql, node.select.items.iter().map(|item| item.expr.ty.clone()).collect()))
}

fn column_name(table: &Table, column: u32) -> Sql {
    Sql::identifier(table.column(column).name.clone())
}

fn new_value(table: &Table, column: u32) -> Sql {
    parameter(Bound::New(column), &table.column(column).ty.ty)
}
