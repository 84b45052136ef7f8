//! What SQLite and MySQL say differently in selects that are otherwise said alike: both keep fewer types than PostgreSQL has, and
//! sort NULL first. `render` walks the trees and asks here.

use mainstay_base::{Problem, Result};
use mainstay_catalog::{Column, Table};
use mainstay_expr::{Aggregate, ColumnType, CompareOp, Expr, Func, OrderBy, SourceId, Type, Value};

use crate::operation::Operation;
use crate::render::{Fragment, Renderer, Sql};
use crate::statement::Bound;
use crate::storage::{Datum, Storage};

/// A dialect of the shared renderer.
pub(crate) trait Dialect: Sync {
    /// What the database is called, for people.
    fn name(&self) -> &'static str;

    /// How values of a type are kept, in a column and in expressions.
    fn storage(&self, column: &ColumnType) -> Storage;

    /// Whether what it cannot say of values alone is computed before the statement runs.
    fn is_helped(&self) -> bool {
        false
    }

    /// The value of a table's column.
    fn column(&self, sql: Sql, column: &Column) -> Fragment {
        Fragment::new(sql, self.storage(&column.ty))
    }

    /// What equal values are equal by at least, when that finds them sooner.
    fn narrowed(&self, left: &Fragment, right: &Fragment) -> Option<Sql> {
        _ = (left, right);
        None
    }

    /// A table's name in the database.
    fn table_name(&self, table: &Table) -> String;

    /// What tells a row of a base table from all others: one value or a list of several in parentheses.
    fn row(&self, source: SourceId, table: &Table) -> Sql;

    /// The same as columns of a select.
    fn row_columns(&self, source: SourceId, table: &Table) -> Vec<(Sql, Storage)>;

    /// The storage form of a constant.
    fn encode(&self, storage: &Storage, value: &Value) -> Result<Datum>;

    /// A parameter or constant as a value of that storage.
    fn typed(&self, sql: Sql, storage: &Storage) -> Sql {
        _ = storage;
        sql
    }

    /// A value in the form that compares, sorts and groups as PostgreSQL's does.
    fn comparable(&self, sql: Sql, storage: &Storage) -> Result<Sql>;

    /// The same for the other side of a comparison.
    fn compared_with(&self, sql: Sql, storage: &Storage) -> Result<Sql>;

    /// The same for a value that is also shown: it must not change.
    fn distinguished(&self, sql: Sql, storage: &Storage) -> Result<Sql>;

    /// A constant of a floating-point type as others are compared with it, where that is not as it is stored: there may be none to
    /// store, but it may be asked about.
    fn float_literal(&self, _: &Value) -> Result<Option<Sql>> {
        Ok(None)
    }

    /// A float that is compared.
    fn float_comparand(&self, fragment: Fragment) -> Result<Fragment>;

    /// Two numbers of which one at least can be exact at more than one scale, ready to be compared.
    fn numeric_pair(&self, op: CompareOp, left: Fragment, right: Fragment) -> Result<(Sql, Sql)>;

    /// `value IN (list)` of such numbers.
    fn numeric_in(&self, value: Fragment, list: Vec<Fragment>) -> Result<Sql>;

    /// A number whose columns a subquery is asked for: how both sides are to be kept.
    fn numeric_in_select(&self, value: Fragment, form: Storage) -> Result<(Sql, Storage)>;

    /// Two equal values, or two NULLs, are not distinct.
    fn is_distinct(&self, left: Sql, right: Sql) -> Sql;

    /// `value IN` the elements of an input, with the NULLs of `= ANY`.
    fn in_input(&self, value: Fragment, bound: Bound) -> Result<Sql>;

    /// A number at a fixed scale as canonical text.
    fn decimal_text(&self, sql: Sql, scale: u16) -> Sql;

    /// The storage of numbers that all have a scale.
    fn fixed(&self, scale: u16) -> Storage;

    /// A number of that scale in that storage.
    fn at_scale(&self, fragment: Fragment, scale: u16) -> Result<Fragment>;

    /// A term of ORDER BY with its direction. The database has NULLs smallest.
    fn directed(&self, sql: Sql, term: &OrderBy, nullable: bool) -> Sql;

    /// Stands for LIMIT where there is none.
    fn unlimited(&self) -> i64;

    /// LIMIT or OFFSET that is no constant and no input; the number stands for NULL.
    fn computed_count(&self, sql: Sql, none: i64) -> Result<Sql>;

    /// Whether FULL JOIN is known.
    fn has_full_join(&self) -> bool;

    /// `(VALUES …) AS alias` with columns `c0`, `c1` …
    fn values(&self, source: SourceId, rows: Vec<Vec<Sql>>, width: usize) -> Sql;

    /// The elements of an array as a source.
    fn elements(&self, source: SourceId, array: Sql, element: &Storage) -> Result<Sql>;

    /// An element of such a source.
    fn element(&self, source: SourceId, element: &Storage) -> Sql;

    /// `generate_series` of integers, with a column `c0`: from, to and by what, and how that is said.
    fn series(&self, source: SourceId, terms: [&Expr; 3], said: [Sql; 3]) -> Result<Sql>;

    /// A subquery of one column `c0` that must not have a second row.
    fn single(&self, select: Sql) -> Sql;

    /// `ARRAY(select)`, its column `c0` kept like this.
    fn array_of(&self, select: Sql, element: Storage) -> Result<Sql>;

    /// `IN (select)`, which may have a LIMIT.
    fn in_select(&self, values: Sql, select: Sql, bounded: bool) -> Sql;

    /// The condition that rows' keys are among [`Bound::Keys`].
    fn among_keys(&self, keys: Vec<Fragment>) -> Result<Sql>;

    /// The condition that a base table's row is the one, or among those, in question.
    fn among_rows(&self, source: SourceId, table: &Table, many: bool) -> Sql;

    /// The rows in question as a source that comes first and gives them their order `r.n`, when the database needs one.
    fn rows_source(&self, table: &Table) -> Option<Sql> {
        _ = table;
        None
    }

    /// A call of a function.
    fn call(&self, func: Func, types: &[Type], args: Vec<Fragment>, ty: &Type) -> Result<Fragment>;

    /// A cast.
    fn cast(&self, value: Fragment, from: &Type, target: &ColumnType) -> Result<Fragment>;

    /// Another operation of the evaluator.
    fn operation(
        &self,
        operation: Operation,
        types: &[Type],
        args: Vec<Fragment>,
        ty: &Type,
    ) -> Result<Fragment>;

    /// An aggregate.
    fn aggregate(&self, renderer: &mut Renderer<'_>, aggregate: &Aggregate, ty: &Type) -> Result<Fragment>;

    /// A value as a column of that storage keeps it.
    fn assigned(&self, value: Fragment, storage: &Storage) -> Result<Fragment>;

    /// What the database cannot be made to mean exactly.
    fn unsupported(&self, what: &str) -> Problem {
        Problem::new("0A000", format!("{what} cannot be used on {}", self.name()))
    }
}
