//! What MySQL cannot work out for itself and we write with every row: generated columns and the keys of unique indexes that have
//! no SQL of the same meaning. And checks of that kind, which we ask.

use mainstay_base::Result;
use mainstay_catalog::{Catalog, Check, ColumnDefault, Index, Table};
use mainstay_expr::{ColumnRef, Expr, ExprKind, Input, SourceId, Tree, Type, Value, When};

use super::Sql;
use super::ddl::constraint_name;
use super::flavour::Flavour;
use super::native::is_adopted;
use super::render::MySql;
use super::storage::{self, Storage};
use crate::render::Renderer;

/// A column that we write ourselves with every row. As a value to bind it is [`Bound::New`](super::Bound::New) of its position.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Behind the table's own columns.
    pub position: u32,
    /// Its value, over the row ([`SourceId::ROW`]).
    pub expr: Expr,
    /// How it is kept.
    pub storage: Storage,
    /// Its name in the database.
    pub name: String,
    /// The generated column of the table that it is; without one, it is hidden.
    pub column: Option<u32>,
}

/// The columns that we write ourselves.
pub fn kept(catalog: &Catalog, table: &Table) -> Vec<Kept> {
    let mut kept = Vec::new();
    if is_adopted(table) {
        return kept;
    }
    let width = table.columns.len() as u32;
    for (position, column) in (0u32..).zip(&table.columns) {
        if let ColumnDefault::Generated(expr) = &column.default
            && !is_computed(catalog, table, expr)
        {
            kept.push(Kept {
                position: width + kept.len() as u32,
                expr: expr.clone(),
                storage: storage::of(&column.ty),
                name: column.name.clone(),
                column: Some(position),
            });
        }
    }
    for index in table.indexes.iter().filter(|index| index.unique && !index.nulls_not_distinct) {
        for (at, value) in unsaid_keys(catalog, table, index) {
            kept.push(Kept {
                position: width + kept.len() as u32,
                storage: storage::of(&mainstay_expr::ColumnType::from(value.ty.clone())),
                expr: value,
                name: hidden_name(&index.name, at),
                column: None,
            });
        }
    }
    kept
}

/// The keys of a unique index that MySQL cannot compute, by their place in it. Outside of the index's condition they are NULL.
pub(super) fn unsaid_keys(catalog: &Catalog, table: &Table, index: &Index) -> Vec<(usize, Expr)> {
    let condition = index.filter.as_ref();
    let condition_said = condition.is_none_or(|condition| is_computed(catalog, table, condition));
    let keys = index.keys.iter().enumerate().filter(|(_, key)| {
        let is_column = condition.is_none() && matches!(key.expr.kind, ExprKind::Column(_));
        !(is_column || (condition_said && is_computed(catalog, table, &key.expr)))
    });
    keys.map(|(at, key)| {
        let value = match condition {
            None => key.expr.clone(),
            Some(condition) => {
                let arm = When { condition: condition.clone(), result: key.expr.clone() };
                let nothing = Expr::literal(Value::Null, key.expr.ty.clone());
                Expr::new(ExprKind::Case(vec![arm], Some(Box::new(nothing))), key.expr.ty.clone())
            }
        };
        (at, value)
    })
    .collect()
}

/// Those of them that change when these columns of a table do.
pub(super) fn kept_with(catalog: &Catalog, table: &Table, columns: &[u32]) -> Vec<Kept> {
    let mut all = kept(catalog, table);
    all.retain(|kept| kept.expr.columns_of(SourceId::ROW).iter().any(|column| columns.contains(column)));
    all
}

/// The checks that must be asked before a row is written, over [`SourceId::ROW`].
pub fn left_checks<'t>(catalog: &Catalog, table: &'t Table) -> Vec<&'t Check> {
    if is_adopted(table) {
        return Vec::new();
    }
    table.checks.iter().filter(|check| !is_said(catalog, table, &check.expr)).collect()
}

/// An expression over a table's row, asked of a row that is about to be added: all of its columns are new values.
pub fn of_new_row(expr: &Expr) -> Expr {
    let mut expr = expr.clone();
    expr.replace_columns_by_inputs(SourceId::ROW);
    expr
}

/// An expression over a table's row, asked of the row of `source` when these columns are about to be set: they are new values.
pub fn of_changed_row(expr: &Expr, source: SourceId, columns: &[u32]) -> Expr {
    let mut expr = expr.clone();
    expr.replace_source(SourceId::ROW, |column, ty: &Type| match columns.contains(&column) {
        true => Expr::new(ExprKind::Input(Input::New(column)), ty.clone()),
        false => Expr::new(ExprKind::Column(ColumnRef { source, column }), ty.clone()),
    });
    expr
}

/// Whether MySQL can compute a generated column. Not from columns of CHAR, whose length MariaDB takes for a setting's affair.
fn is_computed(catalog: &Catalog, table: &Table, expr: &Expr) -> bool {
    let is_char = |column: u32| matches!(table.column(column).ty.ty, Type::Uuid | Type::Bpchar);
    is_said(catalog, table, expr) && !expr.columns_of(SourceId::ROW).into_iter().any(is_char)
}

/// Whether MySQL can keep an expression over a table's row. What it keeps it writes down anew and reads by the settings of whoever
/// opens the table, for whom a backslash may be an escape.
fn is_said(catalog: &Catalog, table: &Table, expr: &Expr) -> bool {
    let dialect = MySql::new(Flavour::MariaDb);
    let said: Result<Sql> = Renderer::of_row(&dialect, catalog, table).condition(expr);
    said.is_ok_and(|said| said.inputs().next().is_none() && !said.has_backslash())
}

/// The name of a hidden column that an index needs.
pub(super) fn hidden_name(index: &str, position: usize) -> String {
    constraint_name(&format!("_mainstay_{index}_{position}"))
}
