//! What a level reads: a table, a view's query or a function's rows, as columns with the expressions they stand for.

use mainstay_base::Result;
use mainstay_catalog::{Caller, Command, Table, TableKind};
use mainstay_expr::{Expr, FromItem, Rights, SourceId, TableSource, Tree};
use mainstay_query::Target;

use crate::Planner;
use crate::error;

/// The rows of a level.
#[derive(Debug, Clone)]
pub(crate) struct Relation<'a> {
    /// What messages call it.
    pub name: String,
    /// The schema that its embeds are looked up in.
    pub schema: String,
    /// The columns in order.
    pub columns: Vec<RelationColumn>,
    /// The table or view whose row type it has: its relationships can be embedded.
    pub table: Option<&'a Table>,
}

/// A column of a relation.
#[derive(Debug, Clone)]
pub(crate) struct RelationColumn {
    /// Its name.
    pub name: String,
    /// What it is in the scope of the level's select.
    pub expr: Expr,
}

impl Relation<'_> {
    /// The column at a position of the row type.
    pub fn expr(&self, position: u32) -> Expr {
        self.columns[position as usize].expr.clone()
    }
}

impl<'a> Planner<'a> {
    /// The table or view that a request names.
    pub(crate) fn table(&self, target: &Target) -> Result<&'a Table> {
        let catalog: &'a mainstay_catalog::Catalog = self.catalog;
        catalog
            .find_table(&target.schema, &target.name)
            .ok_or_else(|| error::table_not_found(catalog, target))
    }

    /// A table or view as a source of rows, read with the asking role's rights.
    ///
    /// # Errors
    /// `42501` for a view that the role may not read; of tables that is found out when the select is secured.
    pub(crate) fn open(&mut self, table: &'a Table) -> Result<(FromItem, Relation<'a>)> {
        let source = self.sources.fresh();
        let from = match &table.kind {
            TableKind::Base | TableKind::Native(_) => FromItem::Table(TableSource {
                source,
                table: table.id,
                rights: Rights::Invoker,
                visible: None,
            }),
            TableKind::View(view) => {
                self.require(table, Command::Select, &[])?;
                self.require_calls(Caller::View(table.id))?;
                self.views.push((source, table.id));
                let mut select = view.select.clone();
                select.renumber(&mut self.sources);
                FromItem::Select { source, select: Box::new(select), lateral: false }
            }
        };
        Ok((from, relation_of(table, source)))
    }
}

/// A table's row type over a source.
pub(crate) fn relation_of(table: &Table, source: SourceId) -> Relation<'_> {
    let columns = table
        .columns
        .iter()
        .enumerate()
        .map(|(position, column)| RelationColumn {
            name: column.name.clone(),
            expr: Expr::column(source, position as u32, column.ty.ty.clone()),
        })
        .collect();
    Relation { name: table.name.clone(), schema: table.schema.clone(), columns, table: Some(table) }
}
