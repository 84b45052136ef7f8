//! Selects and expressions as text, for databases that keep fewer types than PostgreSQL has.
//!
//! A [`Renderer`] walks one statement's tree; [`Fragment`]s are expressions already rendered, which know how their value is
//! stored. Aliases come from source numbers (`s1`), columns of derived tables are `c0`, `c1` …. What is said differently from one
//! database to another is asked of its [`Dialect`].

mod barrier;
mod compare;
mod expr;
mod fragment;
mod from;
mod lateral;
mod order;
mod pattern;
mod select;
mod subquery;
mod window;

use std::collections::HashMap;

use mainstay_base::{Problem, Result};
use mainstay_catalog::{Catalog, Table};
use mainstay_expr::{
    ColumnRef, ColumnType, Expr, FromItem, Rights, Select, SourceId, TableId, TableSource, Type,
};

use crate::dialect::Dialect;
use crate::sql::sql;
use crate::statement::Input;
use crate::storage::Storage;
pub(crate) use compare::rank;
pub(crate) use fragment::{Bare, Fragment, Pliant};
pub(crate) use order::is_constant;
pub(crate) use select::Rendered;

/// SQL text with its inputs.
pub type Sql = crate::Sql<Input>;

/// What narrows a select to the rows that its caller is after.
#[derive(Debug, Clone, Copy)]
pub enum Restriction<'a> {
    /// All of its rows.
    None,
    /// The rows of many parents at once: those whose key, in the scope of the select, is among
    /// [`Bound::Keys`](crate::Bound::Keys). LIMIT, OFFSET and grouping apply for each key.
    Keys(&'a [Expr]),
    /// The rows of one parent: those whose key equals [`Bound::Key`](crate::Bound::Key) 0, 1 ….
    Key(&'a [Expr]),
    /// The rows of a base table that are among [`Bound::Rows`](crate::Bound::Rows). What tells them apart comes last in the
    /// result.
    Rows(SourceId),
    /// The row of a base table that [`Bound::Row`](crate::Bound::Row) tells.
    Row(SourceId),
}

/// A column of a rendered select or derived table.
#[derive(Debug, Clone)]
pub(crate) struct ColumnForm {
    storage: Storage,
    nullable: bool,
    /// Whether computing it can fail for some row.
    may_fail: bool,
}

/// What a source number stands for.
#[derive(Debug, Clone)]
enum Source<'c> {
    /// A base table under its alias, or the row of a table's own checks and indexes, whose columns have no alias.
    Table { table: &'c Table, aliased: bool, nullable: bool },
    /// A derived table.
    Derived { columns: Vec<ColumnForm>, nullable: bool },
    /// The elements of an array.
    Elements { storage: Storage },
    /// A lateral select of at most one row: each of its columns is a scalar subquery.
    Inlined { select: Box<Select> },
    /// A lateral select whose sources stand in its place: each of its columns is its item.
    Merged { items: Vec<Expr> },
}

/// Renders one statement.
pub(crate) struct Renderer<'c> {
    pub(crate) dialect: &'c dyn Dialect,
    catalog: &'c Catalog,
    sources: HashMap<SourceId, Source<'c>>,
}

impl<'c> Renderer<'c> {
    pub(crate) fn new(dialect: &'c dyn Dialect, catalog: &'c Catalog) -> Self {
        Self { dialect, catalog, sources: HashMap::new() }
    }

    /// For a table's own expressions: [`SourceId::ROW`] is the row itself.
    pub(crate) fn of_row(dialect: &'c dyn Dialect, catalog: &'c Catalog, table: &'c Table) -> Self {
        let source = Source::Table { table, aliased: false, nullable: false };
        Self { dialect, catalog, sources: HashMap::from([(SourceId::ROW, source)]) }
    }

    /// For moving a table's rows: [`SourceId::ROW`] is a row of it under an alias.
    pub(crate) fn of_aliased_row(dialect: &'c dyn Dialect, catalog: &'c Catalog, table: &'c Table) -> Self {
        let source = Source::Table { table, aliased: true, nullable: false };
        Self { dialect, catalog, sources: HashMap::from([(SourceId::ROW, source)]) }
    }

    /// The rows of a base table that a write will touch, as far as `filter` holds for them: what tells each apart, and `items`, with
    /// the clauses from FROM on. Filter and items speak of `source`.
    pub(crate) fn rows_to_write(
        &mut self,
        table: TableId,
        source: SourceId,
        filter: &Expr,
        items: &[Expr],
    ) -> Result<(Sql, Vec<Storage>)> {
        let from = TableSource { source, table, rights: Rights::Definer, visible: None };
        let select = Select {
            from: vec![FromItem::Table(from)],
            filter: (!filter.is_true()).then(|| filter.clone()),
            ..Select::default()
        };
        let body = self.body(&select, Restriction::None)?;
        let mut columns = self.row_columns(source)?;
        for item in items {
            let fragment = self.expr(item)?;
            columns.push((fragment.sql, fragment.storage));
        }
        let (list, storages): (Vec<Sql>, Vec<Storage>) = columns.into_iter().unzip();
        Ok((sql!["SELECT ", Sql::join(list, ", "), body.sql], storages))
    }

    /// How values of a type are kept in expressions.
    fn storage_of(&self, ty: &Type) -> Storage {
        self.dialect.storage(&ColumnType::from(ty.clone()))
    }

    /// An expression and how its value is stored.
    pub(crate) fn value(&mut self, expr: &Expr) -> Result<(Sql, Storage)> {
        let fragment = self.expr(expr)?;
        Ok((fragment.sql, fragment.storage))
    }

    /// An expression whose value is to be stored in that form.
    pub(crate) fn value_as(&mut self, expr: &Expr, storage: &Storage) -> Result<Sql> {
        let value = self.expr(expr)?;
        Ok(self.dialect.assigned(value, storage)?.sql)
    }

    fn base_table(&self, id: TableId) -> Result<&'c Table> {
        let table = self.catalog.table(id);
        if table.is_view() {
            return Err(Problem::internal(format!("view {} reached the engine as a table", table.name)));
        }
        Ok(table)
    }

    /// What tells a base table's row from all others.
    fn row(&self, source: SourceId) -> Result<Sql> {
        Ok(self.dialect.row(source, self.table_of(source)?))
    }

    /// The same as columns of a select.
    fn row_columns(&self, source: SourceId) -> Result<Vec<(Sql, Storage)>> {
        Ok(self.dialect.row_columns(source, self.table_of(source)?))
    }

    fn table_of(&self, source: SourceId) -> Result<&'c Table> {
        match self.sources.get(&source) {
            Some(Source::Table { table, .. }) => Ok(table),
            _ => Err(Problem::internal("the rows of what is no base table are asked for")),
        }
    }

    fn column(&mut self, column: ColumnRef, ty: &Type) -> Result<Fragment> {
        let position = column.column as usize;
        match self.sources.get(&column.source) {
            Some(Source::Table { table, aliased, nullable }) => {
                let declared = &table.columns[position];
                let name = Sql::identifier(declared.name.clone());
                let sql = if *aliased { alias(column.source).then(".").then(name) } else { name };
                let nullable = *nullable || !declared.not_null;
                Ok(self.dialect.column(sql, declared).nullable(nullable))
            }
            Some(Source::Derived { columns, nullable }) => {
                let form =
                    columns.get(position).ok_or_else(|| Problem::internal("no such derived column"))?;
                let sql = alias(column.source).then(".").then(Sql::numbered("c", position as u64));
                Ok(Fragment::new(sql, form.storage.clone()).nullable(*nullable || form.nullable))
            }
            Some(Source::Elements { storage }) => {
                let sql = self.dialect.element(column.source, storage);
                Ok(Fragment::new(sql, storage.clone()))
            }
            Some(Source::Merged { items }) => {
                let item = items.get(position).cloned();
                self.expr(&item.ok_or_else(|| Problem::internal("no such derived column"))?)
            }
            Some(Source::Inlined { select }) => {
                let mut select = select.clone();
                select.items = vec![select.items.swap_remove(position)];
                self.scalar(&select, ty)
            }
            None => Err(self.dialect.unsupported("a LATERAL subquery of several rows")),
        }
    }
}

/// Terms that one word connects without more parentheses. SQLite, for one, counts each as a level of depth and takes 1000.
const TERMS_MAX: usize = 64;

/// Conditions connected by AND or OR, however many.
fn connected(mut terms: Vec<Sql>, word: &'static str) -> Sql {
    if terms.len() <= TERMS_MAX {
        return Sql::join(terms, word);
    }
    let others = terms.split_off(terms.len() / 2);
    let (terms, others) = (connected(terms, word), connected(others, word));
    terms.parenthesized().then(word).then(others.parenthesized())
}

pub(crate) fn alias(source: SourceId) -> Sql {
    Sql::numbered("s", u64::from(source.0))
}
