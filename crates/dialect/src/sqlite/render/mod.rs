//! What is SQLite's own in selects, expressions and the pieces of writes.

mod aggregate;
mod call;
mod cast;
mod numbers;
mod write;

use mainstay_base::{Problem, Result};
use mainstay_catalog::{Catalog, Table};
use mainstay_expr::{Aggregate, ColumnType, CompareOp, Expr, Func, OrderBy, Select, SourceId, Type, Value};

use super::{Sql, Statement};
use crate::dialect::Dialect;
use crate::operation::Operation;
use crate::render::{Fragment, Pliant, Renderer, alias};
use crate::sql::sql;
use crate::statement::{Bound, Form, Input, real};
use crate::storage::{Collation, Datum, Storage};
use crate::{Constant, Quoting, Restriction};

pub use write::{delete, expression_select, insert, select_rows, update};

/// A select as a statement.
///
/// Fails with `0A000` for what SQLite cannot be made to mean exactly.
pub fn select(catalog: &Catalog, select: &Select, restriction: Restriction<'_>) -> Result<Statement> {
    let (sql, columns) = Renderer::new(&Sqlite, catalog).root(select, restriction)?.into_parts();
    Ok(statement(sql, columns))
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

/// The dialect.
pub(super) struct Sqlite;

impl Dialect for Sqlite {
    fn name(&self) -> &'static str {
        "SQLite"
    }

    fn storage(&self, column: &ColumnType) -> Storage {
        Storage::of(column)
    }

    fn table_name(&self, table: &Table) -> String {
        table_name(table)
    }

    fn row(&self, source: SourceId, table: &Table) -> Sql {
        alias(source).then(".").then(row_id_name(table))
    }

    fn row_columns(&self, source: SourceId, table: &Table) -> Vec<(Sql, Storage)> {
        vec![(self.row(source, table), Storage::Int)]
    }

    fn encode(&self, storage: &Storage, value: &Value) -> Result<Datum> {
        storage.encode(value)
    }

    fn comparable(&self, sql: Sql, storage: &Storage) -> Result<Sql> {
        // a collation that is named deep inside would otherwise count here too
        if storage.collation().is_none() && sql.says(" COLLATE ") {
            return Ok(sql.then(" COLLATE BINARY"));
        }
        Ok(collated(sql, storage.collation()))
    }

    fn compared_with(&self, sql: Sql, _: &Storage) -> Result<Sql> {
        Ok(sql)
    }

    fn distinguished(&self, sql: Sql, storage: &Storage) -> Result<Sql> {
        self.comparable(sql, storage)
    }

    fn float_literal(&self, value: &Value) -> Result<Option<Sql>> {
        Ok(Some(Sql::constant(real(value)?.into())))
    }

    fn float_comparand(&self, mut fragment: Fragment) -> Result<Fragment> {
        if let Some(Pliant::Input(bound)) = &fragment.pliant {
            fragment.sql = Sql::input(Input { value: bound.clone(), form: Form::Real });
        }
        Ok(fragment)
    }

    fn numeric_pair(&self, op: CompareOp, left: Fragment, right: Fragment) -> Result<(Sql, Sql)> {
        numbers::pair(op, left, right)
    }

    fn numeric_in(&self, value: Fragment, list: Vec<Fragment>) -> Result<Sql> {
        numbers::in_list(value, list)
    }

    fn numeric_in_select(&self, value: Fragment, form: Storage) -> Result<(Sql, Storage)> {
        numbers::in_select(value, form)
    }

    fn is_distinct(&self, left: Sql, right: Sql) -> Sql {
        sql!["(", left, " IS NOT ", right, ")"]
    }

    fn in_input(&self, value: Fragment, bound: Bound) -> Result<Sql> {
        let (form, collation) = numbers::list_form(&value);
        let value = match collation {
            Some(Collation::Decimal) => value.into_decimal(self).sql,
            _ => value.sql,
        };
        let list = Sql::input(Input { value: bound, form: Form::List(Box::new(form)) });
        Ok(sql!["(", collated(value, collation), " IN (SELECT value FROM rarray(", list, ")))"])
    }

    fn decimal_text(&self, sql: Sql, scale: u16) -> Sql {
        match scale {
            0 => sql!["CAST(", sql, " AS TEXT)"],
            _ => sql!["pg_decimal(", sql, ", ", Sql::constant(Constant::Int(i64::from(scale))), ")"],
        }
    }

    fn fixed(&self, scale: u16) -> Storage {
        Storage::Scaled(scale)
    }

    fn at_scale(&self, fragment: Fragment, scale: u16) -> Result<Fragment> {
        numbers::at_scale(fragment, scale)
    }

    fn directed(&self, sql: Sql, term: &OrderBy, nullable: bool) -> Sql {
        let sql = if term.descending { sql.then(" DESC") } else { sql };
        if !nullable || term.nulls_first != term.descending {
            return sql;
        }
        sql.then(if term.nulls_first { " NULLS FIRST" } else { " NULLS LAST" })
    }

    fn unlimited(&self) -> i64 {
        -1
    }

    fn computed_count(&self, sql: Sql, none: i64) -> Result<Sql> {
        Ok(sql!["coalesce(", sql, ", ", Sql::constant(Constant::Int(none)), ")"])
    }

    fn has_full_join(&self) -> bool {
        true
    }

    fn values(&self, source: SourceId, rows: Vec<Vec<Sql>>, width: usize) -> Sql {
        let rows = Sql::join(rows.into_iter().map(|row| Sql::join(row, ", ").parenthesized()), ", ");
        let names = (0..width).map(|position| {
            let number = position as u64;
            sql![Sql::numbered("column", number + 1), " AS ", Sql::numbered("c", number)]
        });
        sql!["(SELECT ", Sql::join(names, ", "), " FROM (VALUES ", rows, ")) AS ", alias(source)]
    }

    fn elements(&self, source: SourceId, array: Sql, _: &Storage) -> Result<Sql> {
        Ok(sql!["json_each(", array, ") AS ", alias(source)])
    }

    fn element(&self, source: SourceId, element: &Storage) -> Sql {
        let value = alias(source).then(".value");
        match element {
            Storage::Bytea => Sql::from("unhex(").then(value).then(")"),
            _ => value,
        }
    }

    fn series(&self, source: SourceId, _: [&Expr; 3], [start, stop, step]: [Sql; 3]) -> Result<Sql> {
        Ok(sql![
            "(WITH RECURSIVE p(a, b, d) AS (SELECT ",
            start,
            ", ",
            stop,
            ", pg_step(",
            step,
            ")), g(c0) AS (SELECT a FROM p WHERE (d > 0 AND a <= b) OR (d < 0 AND a >= b) UNION ALL \
             SELECT c0 + d FROM g, p WHERE (d > 0 AND c0 <= b - d) OR (d < 0 AND c0 >= b - d)) \
             SELECT c0 FROM g) AS ",
            alias(source)
        ])
    }

    fn single(&self, select: Sql) -> Sql {
        sql!["(SELECT pg_single(c0) FROM (", select, "))"]
    }

    fn array_of(&self, select: Sql, element: Storage) -> Result<Sql> {
        let elements = aggregate::array_agg(Fragment::new(Sql::from("c0"), element)).then(")");
        Ok(sql!["(SELECT coalesce(", elements, ", '[]') FROM (", select, "))"])
    }

    fn in_select(&self, values: Sql, select: Sql, _: bool) -> Sql {
        sql!["(", values, " IN (", select, "))"]
    }

    fn among_keys(&self, keys: Vec<Fragment>) -> Result<Sql> {
        Ok(among_keys(keys))
    }

    fn among_rows(&self, source: SourceId, table: &Table, many: bool) -> Sql {
        match many {
            true => sql![
                self.row(source, table),
                " IN (SELECT value FROM rarray(",
                Sql::input(rows_input()),
                "))"
            ],
            false => sql![self.row(source, table), " = ", Sql::input(row_input())],
        }
    }

    fn call(&self, func: Func, types: &[Type], args: Vec<Fragment>, ty: &Type) -> Result<Fragment> {
        Ok(call::call(func, types, args, ty))
    }

    fn cast(&self, value: Fragment, from: &Type, target: &ColumnType) -> Result<Fragment> {
        Ok(cast::cast(value, from, target))
    }

    fn operation(
        &self,
        operation: Operation,
        types: &[Type],
        args: Vec<Fragment>,
        ty: &Type,
    ) -> Result<Fragment> {
        let result = ColumnType::from(ty.clone());
        Ok(call::pg_call(operation, mainstay_expr::Volatility::Immutable, types, args, &result))
    }

    fn aggregate(&self, renderer: &mut Renderer<'_>, aggregate: &Aggregate, ty: &Type) -> Result<Fragment> {
        aggregate::aggregate(renderer, aggregate, ty)
    }

    fn assigned(&self, value: Fragment, storage: &Storage) -> Result<Fragment> {
        Ok(numbers::assigned(value, storage))
    }
}

/// `sql COLLATE name`, when the storage needs it.
fn collated(sql: Sql, collation: Option<Collation>) -> Sql {
    match collation {
        Some(collation) => sql.then(" COLLATE ").then(collation.name()),
        None => sql,
    }
}

fn row_input() -> Input {
    Input { value: Bound::Row, form: Form::Storage(Storage::Int) }
}

fn rows_input() -> Input {
    Input { value: Bound::Rows, form: Form::List(Box::new(Form::Storage(Storage::Int))) }
}

fn among_keys(mut keys: Vec<Fragment>) -> Sql {
    if keys.len() == 1 {
        let key = keys.remove(0);
        let collation = key.storage.collation();
        let form = Form::List(Box::new(Form::Storage(key.storage)));
        let list = Sql::input(Input { value: Bound::Keys, form });
        return sql![collated(key.sql, collation), " IN (SELECT value FROM rarray(", list, "))"];
    }
    let storages: Vec<Storage> = keys.iter().map(|key| key.storage.clone()).collect();
    let parts = storages.iter().enumerate().map(|(position, storage)| {
        let path = Sql::text(format!("$[{position}]"));
        match storage {
            Storage::Bytea => sql!["unhex(json_extract(value, ", path, "))"],
            _ => sql!["json_extract(value, ", path, ")"],
        }
    });
    let parts = Sql::join(parts, ", ");
    let list = Sql::input(Input { value: Bound::Keys, form: Form::Keys(storages) });
    let left = keys.into_iter().map(|key| {
        let collation = key.storage.collation();
        collated(key.sql, collation)
    });
    sql!["(", Sql::join(left, ", "), ") IN (SELECT ", parts, " FROM json_each(", list, "))"]
}

/// The number that stands where a list of numbers was wanted at a scale it has not.
fn not_scaled() -> Problem {
    Problem::internal("a decimal stands where an integer is wanted")
}
