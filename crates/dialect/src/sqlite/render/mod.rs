//! Selects, expressions and the pieces of writes as SQLite text.
//!
//! A [`Renderer`] walks one statement's tree; [`Fragment`]s are expressions already rendered, which know how their value is
//! stored. Aliases come from source numbers (`s1`), columns of derived tables are `c0`, `c1` ….

mod aggregate;
mod assign;
mod barrier;
mod call;
mod cast;
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
mod write;

use std::collections::HashMap;

use mainstay_base::{Problem, Result};
use mainstay_catalog::{Catalog, Table};
use mainstay_expr::{ColumnRef, Expr, Select, SourceId, TableId, Type};

use super::storage::{Collation, Storage};
use super::{Sql, Statement};
use crate::Quoting;
use assign::assigned;
use fragment::Fragment;

pub use write::{delete, expression_select, insert, select_rows, update};

/// What narrows a select to the rows that its caller is after.
#[derive(Debug, Clone, Copy)]
pub enum Restriction<'a> {
    /// All of its rows.
    None,
    /// The rows of many parents at once: those whose key, in the scope of the select, is among
    /// [`Bound::Keys`](super::Bound::Keys). LIMIT, OFFSET and grouping apply for each key.
    Keys(&'a [Expr]),
    /// The rows of one parent: those whose key equals [`Bound::Key`](super::Bound::Key) 0, 1 ….
    Key(&'a [Expr]),
    /// The rows of a base table whose rowids are among [`Bound::Rows`](super::Bound::Rows). The result has one more
    /// column, the rowid, last.
    Rows(SourceId),
    /// The row of a base table whose rowid is [`Bound::Row`](super::Bound::Row).
    Row(SourceId),
}

/// A select as a statement.
///
/// Fails with `0A000` for what SQLite cannot be made to mean exactly.
pub fn select(catalog: &Catalog, select: &Select, restriction: Restriction<'_>) -> Result<Statement> {
    let mut renderer = Renderer::new(catalog);
    let rendered = renderer.root(select, restriction)?;
    Ok(statement(rendered.sql, rendered.columns.into_iter().map(|column| column.storage).collect()))
}

/// A table's name in the database: that of the table in schema `public`, else `schema.name`.
///
/// SQLite has one namespace and reserves the prefix `sqlite_`, and we `_mainstay_`; names that could be taken for another's
/// are written in full.
pub fn table_name(table: &Table) -> String {
    qualified(&table.schema, &table.name)
}

/// An index's name in the database.
pub fn index_name(table: &Table, index: &str) -> String {
    qualified(&table.schema, index)
}

fn qualified(schema: &str, name: &str) -> String {
    let begins =
        |prefix: &str| name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    let reserved = begins("sqlite_") || begins("_mainstay_");
    if schema == "public" && !name.contains('.') && !reserved {
        name.to_owned()
    } else {
        format!("{schema}.{name}")
    }
}

pub(super) fn statement(sql: Sql, columns: Vec<Storage>) -> Statement {
    let (text, inputs) = sql.finish(Quoting::Double);
    Statement { text, inputs, columns }
}

/// What SQLite calls the row number of a table: the first of its names that no column has.
pub fn row_id_name(table: &Table) -> &'static str {
    let is_free = |name: &&str| !table.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name));
    ["rowid", "_rowid_", "oid"].into_iter().find(is_free).unwrap_or("rowid")
}

fn unsupported(what: &str) -> Problem {
    Problem::new("0A000", format!("{what} cannot be used on SQLite"))
}

/// A column of a rendered select or derived table.
#[derive(Debug, Clone)]
struct ColumnForm {
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
pub(super) struct Renderer<'c> {
    catalog: &'c Catalog,
    sources: HashMap<SourceId, Source<'c>>,
}

impl<'c> Renderer<'c> {
    pub(super) fn new(catalog: &'c Catalog) -> Self {
        Self { catalog, sources: HashMap::new() }
    }

    /// For a table's own expressions: [`SourceId::ROW`] is the row itself.
    pub(super) fn of_row(catalog: &'c Catalog, table: &'c Table) -> Self {
        let mut renderer = Self::new(catalog);
        renderer.sources.insert(SourceId::ROW, Source::Table { table, aliased: false, nullable: false });
        renderer
    }

    /// For moving a table's rows: [`SourceId::ROW`] is a row of it under an alias.
    pub(super) fn of_aliased_row(catalog: &'c Catalog, table: &'c Table) -> Self {
        let mut renderer = Self::new(catalog);
        renderer.sources.insert(SourceId::ROW, Source::Table { table, aliased: true, nullable: false });
        renderer
    }

    /// An expression and how its value is stored.
    pub(super) fn value(&mut self, expr: &Expr) -> Result<(Sql, Storage)> {
        let fragment = self.expr(expr)?;
        Ok((fragment.sql, fragment.storage))
    }

    /// An expression whose value is to be stored in that form.
    pub(super) fn value_as(&mut self, expr: &Expr, storage: &Storage) -> Result<Sql> {
        Ok(assigned(self.expr(expr)?, storage)?.sql)
    }

    fn base_table(&self, id: TableId) -> Result<&'c Table> {
        let table = self.catalog.table(id);
        if table.is_view() {
            return Err(Problem::internal(format!("view {} reached the engine as a table", table.name)));
        }
        Ok(table)
    }

    /// The row number of a base table's row.
    fn row_id(&self, source: SourceId) -> Result<Sql> {
        match self.sources.get(&source) {
            Some(Source::Table { table, .. }) => Ok(alias(source).then(".").then(row_id_name(table))),
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
                Ok(Fragment::new(sql, Storage::of(&declared.ty)).nullable(nullable))
            }
            Some(Source::Derived { columns, nullable }) => {
                let form =
                    columns.get(position).ok_or_else(|| Problem::internal("no such derived column"))?;
                let sql = alias(column.source).then(".").then(Sql::numbered("c", position as u64));
                Ok(Fragment::new(sql, form.storage.clone()).nullable(*nullable || form.nullable))
            }
            Some(Source::Elements { storage }) => {
                let value = alias(column.source).then(".value");
                let sql = match storage {
                    Storage::Bytea => Sql::from("unhex(").then(value).then(")"),
                    _ => value,
                };
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
            None => Err(unsupported("a LATERAL subquery of several rows")),
        }
    }
}

/// Terms that one word connects without more parentheses. SQLite counts each as a level of depth and takes 1000.
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

pub(super) fn alias(source: SourceId) -> Sql {
    Sql::numbered("s", u64::from(source.0))
}

/// `sql COLLATE name`, when the storage needs it.
fn collated(sql: Sql, collation: Option<Collation>) -> Sql {
    match collation {
        Some(collation) => sql.then(" COLLATE ").then(collation.name()),
        None => sql,
    }
}
