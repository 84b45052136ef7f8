//! What is MySQL's own in selects, expressions and the pieces of writes. Whatever fails here with `0A000` is left to
//! [`rest`](super::rest).

mod aggregate;
mod call;
mod cast;
mod write;

use std::collections::BTreeMap;

use mainstay_base::Result;
use mainstay_catalog::{Catalog, Column, Table};
use mainstay_expr::{
    Aggregate, ColumnType, CompareOp, Expr, ExprKind, Func, MatchOp, OrderBy, Select, SourceId, TableId,
    Tree, Type, Value,
};

use super::ddl::{RowKey, row_key, row_key_columns, row_storages};
use super::flavour::Flavour;
use super::statement::Statement;
use super::storage::{self, DIGITS, element, element_type, encode, typed};
use super::{native, rest, table_name};
use crate::dialect::Dialect;
use crate::operation::Operation;
use crate::render::{Bare, Fragment, Pliant, Renderer, Restriction, Sql, alias};
use crate::sql::sql;
use crate::statement::{Bound, Form, Input};
use crate::storage::{Datum, Storage};

pub(super) use write::update_hidden;
pub use write::{
    delete, expression_select, insert, insert_checked, select_rows, set_defaults, unlink, update,
};

/// A select as a statement.
///
/// # Errors
/// `0A000` for what neither MySQL nor the evaluator can be made to mean.
pub fn select(
    flavour: Flavour,
    catalog: &Catalog,
    select: &Select,
    restriction: Restriction<'_>,
) -> Result<Statement> {
    rest::statement(&MySql::new(flavour), catalog, select, restriction)
}

/// The dialect.
#[derive(Debug, Clone)]
pub(super) struct MySql {
    pub flavour: Flavour,
    /// The names of tables that are not in use yet.
    pub building: BTreeMap<TableId, String>,
}

impl MySql {
    pub fn new(flavour: Flavour) -> Self {
        Self { flavour, building: BTreeMap::new() }
    }

    /// An element of a list in JSON, which compares as its storage does whatever the database's own collation is.
    fn listed(&self, sql: Sql, storage: &Storage) -> Sql {
        let sql = element(sql, storage);
        match storage {
            Storage::Text | Storage::Bpchar | Storage::Trimmed(_) => {
                sql!["(", sql, " COLLATE ", self.flavour.collation(), ")"]
            }
            _ => sql,
        }
    }

    /// A number that compares with others, whatever their scales.
    fn number(&self, fragment: Fragment) -> Sql {
        match (&fragment.pliant, &fragment.storage) {
            (None, Storage::Fixed(_) | Storage::Int) => fragment.sql,
            _ => exact(fragment.into_decimal(self).sql),
        }
    }
}

/// Canonical decimal text as a number.
fn exact(sql: Sql) -> Sql {
    let (whole, fraction) = DIGITS;
    let precision = Sql::numbered("DECIMAL(", whole + fraction as u64);
    sql!["CAST(", sql, " AS ", precision, Sql::numbered(", ", fraction as u64), "))"]
}

impl Dialect for MySql {
    fn name(&self) -> &'static str {
        match self.flavour {
            Flavour::MariaDb => "MariaDB",
            Flavour::MySql => "MySQL",
        }
    }

    fn is_helped(&self) -> bool {
        true
    }

    fn storage(&self, column: &ColumnType) -> Storage {
        storage::of(column)
    }

    fn column(&self, sql: Sql, column: &Column) -> Fragment {
        native::read(self.flavour, sql, column)
    }

    fn narrowed(&self, left: &Fragment, right: &Fragment) -> Option<Sql> {
        let (bare, other) = match (&left.bare, &right.bare) {
            (Some(left), Some(right)) if left.collation == right.collation => {
                return Some(sql![left.sql.clone(), " = ", right.sql.clone()]);
            }
            (Some(bare), None) if right.pliant.is_some() => (bare, right),
            (None, Some(bare)) if left.pliant.is_some() => (bare, left),
            _ => return None,
        };
        let other = native::collated(other.sql.clone(), &bare.charset, &bare.collation);
        Some(sql![bare.sql.clone(), " = ", other])
    }

    fn table_name(&self, table: &Table) -> String {
        self.building.get(&table.id).cloned().unwrap_or_else(|| table_name(table))
    }

    fn row(&self, source: SourceId, table: &Table) -> Sql {
        let columns = self.row_columns(source, table);
        let list = Sql::join(columns.into_iter().map(|(sql, _)| sql), ", ");
        list.parenthesized()
    }

    fn row_columns(&self, source: SourceId, table: &Table) -> Vec<(Sql, Storage)> {
        let names = row_key_columns(table).into_iter();
        names
            .zip(row_storages(table))
            .map(|(name, storage)| (sql![alias(source), ".", name], storage))
            .collect()
    }

    fn encode(&self, storage: &Storage, value: &Value) -> Result<Datum> {
        // what cannot be stored can still be compared with, by the evaluator
        encode(storage, value).map_err(|_| self.unsupported("this constant"))
    }

    fn typed(&self, sql: Sql, storage: &Storage) -> Sql {
        match storage {
            // MySQL takes a text that is bound here for a number otherwise
            Storage::Time => typed(sql!["CONCAT(", sql, ")"], storage),
            _ => typed(sql, storage),
        }
    }

    fn comparable(&self, sql: Sql, storage: &Storage) -> Result<Sql> {
        match storage {
            Storage::Decimal => Ok(exact(sql)),
            Storage::Jsonb | Storage::Interval | Storage::Array(_) => {
                Err(self.unsupported("a comparison of such values"))
            }
            _ => Ok(sql),
        }
    }

    fn compared_with(&self, sql: Sql, storage: &Storage) -> Result<Sql> {
        self.comparable(sql, storage)
    }

    fn distinguished(&self, sql: Sql, storage: &Storage) -> Result<Sql> {
        match storage {
            // equal numbers can be shown differently
            Storage::Decimal => Err(self.unsupported("DISTINCT of such numbers")),
            _ => self.comparable(sql, storage),
        }
    }

    fn float_comparand(&self, fragment: Fragment) -> Result<Fragment> {
        Ok(fragment)
    }

    fn numeric_pair(&self, _: CompareOp, left: Fragment, right: Fragment) -> Result<(Sql, Sql)> {
        Ok((self.number(left), self.number(right)))
    }

    fn numeric_in(&self, value: Fragment, list: Vec<Fragment>) -> Result<Sql> {
        let list = Sql::join(list.into_iter().map(|element| self.number(element)), ", ");
        Ok(sql!["(", self.number(value), " IN (", list, "))"])
    }

    fn numeric_in_select(&self, value: Fragment, form: Storage) -> Result<(Sql, Storage)> {
        match form {
            Storage::Fixed(_) => Ok((self.number(value), form)),
            _ => Err(self.unsupported("IN of such numbers")),
        }
    }

    fn is_distinct(&self, left: Sql, right: Sql) -> Sql {
        sql!["(NOT (", left, " <=> ", right, "))"]
    }

    fn in_input(&self, value: Fragment, bound: Bound) -> Result<Sql> {
        let bare = value.bare.clone();
        let (value, stored, listed) = if value.is_numeric() {
            (self.number(value), Storage::Decimal, Storage::Fixed(DIGITS.1 as u16))
        } else {
            let storage = value.storage.clone();
            (self.comparable(value.sql, &storage)?, storage.clone(), storage)
        };
        let list = Sql::input(Input { value: bound, form: Form::List(Box::new(Form::Storage(stored))) });
        let (ty, k) = (element_type(&listed), self.listed(Sql::from("k.k0"), &listed));
        let table = sql!["JSON_TABLE(", list, ", '$[*]' COLUMNS (k0 ", ty, " PATH '$')) AS k"];
        let narrowed = narrowed_by_keys(bare.as_ref(), &k, &table);
        Ok(sql!["(", narrowed, value, " IN (SELECT ", k, " FROM ", table, "))"])
    }

    fn decimal_text(&self, sql: Sql, _: u16) -> Sql {
        sql!["CAST(", sql, " AS CHAR)"]
    }

    fn fixed(&self, scale: u16) -> Storage {
        Storage::Fixed(scale)
    }

    fn at_scale(&self, fragment: Fragment, scale: u16) -> Result<Fragment> {
        let storage = Storage::Fixed(scale);
        let sql = match &fragment.pliant {
            Some(Pliant::Literal(value)) => typed(Sql::constant(encode(&storage, value)?.into()), &storage),
            Some(Pliant::Input(_)) => return Err(self.unsupported("a number of an unknown scale")),
            None => fragment.sql,
        };
        Ok(Fragment { sql, storage, ..fragment })
    }

    fn directed(&self, sql: Sql, term: &OrderBy, nullable: bool) -> Sql {
        let direction = if term.descending { " DESC" } else { "" };
        if !nullable || term.nulls_first != term.descending {
            return sql.then(direction);
        }
        let nulls = if term.nulls_first { " IS NULL DESC, " } else { " IS NULL, " };
        sql![sql.clone(), nulls, sql, direction]
    }

    fn unlimited(&self) -> i64 {
        i64::MAX
    }

    fn computed_count(&self, _: Sql, _: i64) -> Result<Sql> {
        Err(self.unsupported("a computed LIMIT"))
    }

    fn has_full_join(&self) -> bool {
        false
    }

    fn values(&self, source: SourceId, rows: Vec<Vec<Sql>>, _: usize) -> Sql {
        let rows = rows.into_iter().map(|row| {
            let cells = row.into_iter().enumerate();
            let cells = cells.map(|(position, cell)| sql![cell, " AS ", Sql::numbered("c", position as u64)]);
            sql!["SELECT ", Sql::join(cells, ", ")]
        });
        sql!["(", Sql::join(rows, " UNION ALL "), ") AS ", alias(source)]
    }

    fn elements(&self, source: SourceId, array: Sql, storage: &Storage) -> Result<Sql> {
        match storage {
            Storage::Bool | Storage::Int | Storage::Text | Storage::Uuid | Storage::Bytea => {
                let ty = element_type(storage);
                Ok(sql![
                    "JSON_TABLE(",
                    array,
                    ", '$[*]' COLUMNS (n FOR ORDINALITY, value ",
                    ty,
                    " PATH '$')) AS ",
                    alias(source)
                ])
            }
            _ => Err(self.unsupported("unnest of such values")),
        }
    }

    fn element(&self, source: SourceId, storage: &Storage) -> Sql {
        self.listed(alias(source).then(".value"), storage)
    }

    fn series(&self, source: SourceId, terms: [&Expr; 3], said: [Sql; 3]) -> Result<Sql> {
        let speaks_of_rows = |term: &&Expr| {
            term.any(|part| {
                use ExprKind::{ArrayOf, Column, Exists, InSelect, Scalar};
                matches!(part.kind, Column(_) | Exists(_) | Scalar(_) | ArrayOf(_) | InSelect(..))
            })
        };
        let downward = match &terms[2].kind {
            ExprKind::Literal(Value::Int(step)) if *step != 0 => *step < 0,
            // a step of zero is an error
            _ => return Err(self.unsupported("generate_series with a computed step")),
        };
        if terms.iter().any(speaks_of_rows) {
            return Err(self.unsupported("generate_series of what other rows hold"));
        }
        let [start, stop, step] = said;
        let within = if downward { " >= " } else { " <= " };
        Ok(sql![
            "(WITH RECURSIVE g (c0) AS (SELECT CAST(",
            start.clone(),
            " AS SIGNED) FROM DUAL WHERE ",
            start,
            within,
            stop.clone(),
            " UNION ALL SELECT c0 + ",
            step.clone(),
            " FROM g WHERE c0",
            within,
            stop,
            " - ",
            step,
            ") SELECT c0 FROM g) AS ",
            alias(source)
        ])
    }

    fn single(&self, select: Sql) -> Sql {
        // MySQL counts the rows itself
        select.parenthesized()
    }

    fn array_of(&self, _: Sql, _: Storage) -> Result<Sql> {
        Err(self.unsupported("ARRAY(SELECT …)"))
    }

    fn in_select(&self, values: Sql, select: Sql, bounded: bool) -> Sql {
        match bounded {
            // LIMIT must not stand directly in such a subquery
            true => sql!["(", values, " IN (SELECT d.* FROM (", select, ") AS d))"],
            false => sql!["(", values, " IN (", select, "))"],
        }
    }

    fn among_keys(&self, keys: Vec<Fragment>) -> Result<Sql> {
        let storages: Vec<Storage> = keys.iter().map(|key| key.storage.clone()).collect();
        let list = keys_source(Bound::Keys, &storages, "", "k");
        let wanted = storages.iter().enumerate().map(|(position, storage)| {
            let listed = self.listed(sql!["k.", Sql::numbered("k", position as u64)], storage);
            self.compared_with(listed, storage)
        });
        let wanted = Sql::join(wanted.collect::<Result<Vec<_>>>()?, ", ");
        let narrowed = keys.iter().enumerate().map(|(position, key)| {
            let listed = sql!["k.", Sql::numbered("k", position as u64)];
            narrowed_by_keys(key.bare.as_ref(), &listed, &list)
        });
        let narrowed = Sql::join(narrowed, "");
        let keys = keys.into_iter().map(|key| self.comparable(key.sql, &key.storage));
        let keys = Sql::join(keys.collect::<Result<Vec<_>>>()?, ", ");
        Ok(sql![narrowed, "(", keys, ") IN (SELECT ", wanted, " FROM ", list, ")"])
    }

    fn among_rows(&self, source: SourceId, table: &Table, _: bool) -> Sql {
        among_rows(alias(source), table)
    }

    fn rows_source(&self, table: &Table) -> Option<Sql> {
        Some(rows_source(table))
    }

    fn call(&self, func: Func, types: &[Type], args: Vec<Fragment>, ty: &Type) -> Result<Fragment> {
        call::call(self, func, types, args, ty)
    }

    fn cast(&self, value: Fragment, from: &Type, target: &ColumnType) -> Result<Fragment> {
        cast::cast(self, value, from, target)
    }

    fn operation(&self, operation: Operation, _: &[Type], args: Vec<Fragment>, _: &Type) -> Result<Fragment> {
        match (operation, args.as_slice()) {
            (Operation::Match(MatchOp::Like, escape), [value, pattern])
                if value.storage == Storage::Text
                    && matches!(&pattern.pliant, Some(Pliant::Literal(Value::Text(text)))
                        if is_whole(text, escape.unwrap_or('\\'))) =>
            {
                let escape = Sql::text(escape.unwrap_or('\\'));
                let (value_sql, pattern) = (value.sql.clone(), pattern.sql.clone());
                let sql = sql!["(", value_sql, " LIKE ", pattern, " ESCAPE ", escape, ")"];
                Ok(Fragment::bool(sql).nullable(value.nullable))
            }
            _ => Err(self.unsupported("this operator")),
        }
    }

    fn aggregate(&self, renderer: &mut Renderer<'_>, aggregate: &Aggregate, ty: &Type) -> Result<Fragment> {
        aggregate::aggregate(self, renderer, aggregate, ty)
    }

    fn assigned(&self, value: Fragment, storage: &Storage) -> Result<Fragment> {
        match storage {
            Storage::Decimal if value.is_numeric() => Ok(value.into_decimal(self)),
            _ => Ok(value),
        }
    }
}

/// Whether a LIKE pattern means the same to MySQL: it does not end in the middle of an escape, and there is an escape character.
fn is_whole(pattern: &str, escape: char) -> bool {
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        if character == escape && characters.next().is_none() {
            return false;
        }
    }
    escape != '\0'
}

/// A list of keys as a table with columns `k0`, `k1` …; `first` is a column before them.
fn keys_source(list: Bound, storages: &[Storage], first: &'static str, name: &'static str) -> Sql {
    let columns = storages.iter().enumerate().map(|(position, storage)| {
        let number = Sql::numbered("k", position as u64);
        sql![number, " ", element_type(storage), " PATH ", Sql::text(format!("$[{position}]"))]
    });
    let columns = Sql::join(columns, ", ");
    let list = Sql::input(Input { value: list, form: Form::Keys(storages.to_vec()) });
    sql!["JSON_TABLE(", list, ", '$[*]' COLUMNS (", first, columns, ")) AS ", name]
}

/// The condition that a column is among keys under its own collation, for the sake of its index; nothing without such a column.
fn narrowed_by_keys(bare: Option<&Bare>, key: &Sql, keys: &Sql) -> Sql {
    let Some(bare) = bare else { return Sql::from("") };
    let key = native::collated(key.clone(), &bare.charset, &bare.collation);
    sql![bare.sql.clone(), " IN (SELECT ", key, " FROM ", keys.clone(), ") AND "]
}

/// The rows in question as a table `r`, numbered by `r.n`.
fn rows_source(table: &Table) -> Sql {
    keys_source(Bound::Rows, &row_storages(table), "n FOR ORDINALITY, ", "r")
}

/// The condition that ties a row to [`rows_source`].
fn among_rows(alias: Sql, table: &Table) -> Sql {
    let own = match row_key(table) {
        RowKey::Columns(columns) => columns,
        RowKey::Hidden => Vec::new(),
    };
    let columns = row_key_columns(table).into_iter().zip(row_storages(table)).enumerate();
    let terms = columns.map(|(position, (name, storage))| {
        let key = element(sql!["r.", Sql::numbered("k", position as u64)], &storage);
        let key = match own.get(position) {
            Some(column) => native::sought(key, table.column(*column)),
            None => key,
        };
        sql![alias.clone(), ".", name, " = ", key]
    });
    Sql::join(terms, " AND ")
}
