//! Views: bound when first needed, so that they may name one another in any order of files.

use mainstay_expr::{ColumnType, ExprKind, FromItem, Rights, Select, TableId, Type};
use mainstay_sql as sql;
use sql::Span;

use super::{Progress, Resolver, State};
use crate::bind::{Bind, Binder, BoundQuery, NotReady, find_relation};
use crate::lineage::{inherited_foreign_keys, inherited_key, origins};
use crate::{Caller, Catalog, Column, ColumnDefault, FunctionId, TableKind, ViewDef};

/// A table that can be written to through a view, and which of its columns each of the view's columns shows.
type Updatable = Option<(TableId, Vec<Option<u32>>)>;

impl<'t> Resolver<'t> {
    /// Binds every view and function that nothing needed before.
    pub(super) fn resolve_views_and_functions(&mut self) {
        for position in 0..self.catalog.tables.len() {
            let _ = self.require_view(TableId(position as u32));
        }
        for position in 0..self.functions.len() {
            let _ = self.require_body(FunctionId(position as u32));
        }
    }

    pub(super) fn require_view(&mut self, table: TableId) -> Result<(), NotReady> {
        let Some(Progress { statement, state }) = &mut self.origins[table.0 as usize].view else {
            return Ok(());
        };
        let statement: &'t sql::CreateView = statement;
        match state {
            State::Done => return Ok(()),
            State::Broken => return Err(NotReady::Broken),
            State::Binding => return Err(NotReady::Recursive),
            State::Waiting => *state = State::Binding,
        }
        let result = self.bind_view(table, statement);
        if let Some(progress) = &mut self.origins[table.0 as usize].view {
            progress.state = if result.is_ok() { State::Done } else { State::Broken };
        }
        result.map_err(|_| NotReady::Broken)
    }

    fn bind_view(&mut self, table: TableId, it: &'t sql::CreateView) -> Bind<()> {
        let mut binder = Binder::new(self);
        binder.rights = if it.security_invoker { Rights::Invoker } else { Rights::Definer };
        let query = binder.query(&it.query)?;
        let query = binder.rename(query, &it.columns, &it.name.name)?;
        binder.bounded(&query.select, it.query.span)?;
        let calls = binder.calls;
        self.catalog.calls.note(Caller::View(table), calls);
        self.distinct_names(&query, it.query.span)?;
        let columns = columns_of(&self.catalog, &query);
        let updatable = self.updatable(it, &query.select);
        let declared = self.table_mut(table);
        declared.columns = columns;
        declared.kind = TableKind::View(ViewDef {
            select: query.select,
            security_invoker: it.security_invoker,
            updatable,
        });
        Ok(())
    }

    fn distinct_names(&mut self, query: &BoundQuery, span: Span) -> Bind<()> {
        let mut result = Ok(());
        for (position, output) in query.outputs.iter().enumerate() {
            if query.outputs[..position].iter().any(|other| other.name == output.name) {
                let message = format!("column \"{}\" specified more than once", output.name);
                let diagnostic = sql::Diagnostic::error("duplicate-name", output.span, message);
                result = Err(self.report(diagnostic.with_help("give one of them another name: … AS other")));
            }
        }
        if query.outputs.is_empty() {
            result = Err(self.error("no-columns", span, "a view must have a column"));
        }
        result
    }

    /// PostgreSQL's rule for views that can be written to: one table or such a view, and nothing that makes other rows of
    /// its rows.
    fn updatable(&self, it: &sql::CreateView, select: &Select) -> Updatable {
        let sql::QueryBody::Select(written) = &it.query.body else { return None };
        let [sql::FromItem::Table { name, .. }] = written.from.as_slice() else { return None };
        let changed = select.grouped
            || select.distinct
            || !select.distinct_on.is_empty()
            || !select.set_ops.is_empty()
            || select.limit.is_some()
            || select.offset.is_some()
            || it.query.with.is_some();
        let relation = self.catalog.table(find_relation(&self.catalog, name)?);
        let (source, base, shown) = match (select.from.as_slice(), &relation.kind) {
            ([FromItem::Table(table)], _) => {
                let all = (0..relation.columns.len() as u32).map(Some).collect();
                (table.source, table.table, all)
            }
            ([FromItem::Select { source, .. }], TableKind::View(view)) => {
                let (base, shown) = view.updatable.clone()?;
                let same_rights = view.security_invoker == it.security_invoker;
                (*source, base, same_rights.then_some(shown)?)
            }
            _ => return None,
        };
        let column = |item: &mainstay_expr::Item| match &item.expr.kind {
            ExprKind::Column(column) if column.source == source => {
                shown.get(column.column as usize).copied().flatten()
            }
            _ => None,
        };
        let columns: Vec<Option<u32>> = select.items.iter().map(column).collect();
        (!changed && columns.iter().any(Option::is_some)).then_some((base, columns))
    }

    /// Gives views the keys of the tables whose columns they show.
    pub(super) fn inherit_keys(&mut self) {
        for position in 0..self.catalog.tables.len() {
            let view = &self.catalog.tables[position];
            if view.is_view() {
                let primary_key = inherited_key(&self.catalog, view);
                let foreign_keys = inherited_foreign_keys(&self.catalog, view);
                let view = &mut self.catalog.tables[position];
                view.primary_key = primary_key;
                view.foreign_keys = foreign_keys;
            }
        }
    }
}

/// A view's columns. One that shows a table's column has its modifier too.
fn columns_of(catalog: &Catalog, query: &BoundQuery) -> Vec<Column> {
    let shown = origins(&query.select);
    let pairs = query.select.items.iter().zip(&query.outputs).zip(shown);
    let column = |((item, output), shown): ((&mainstay_expr::Item, &crate::bind::Output), Option<_>)| {
        let ty = match shown
            .map(|shown: crate::lineage::Origin| catalog.table(shown.table).column(shown.column))
        {
            Some(column) => column.ty.clone(),
            None => cast_type(&item.expr).unwrap_or_else(|| ColumnType::from(item.expr.ty.clone())),
        };
        Column {
            name: output.name.clone(),
            ty,
            domain: None,
            not_null: false,
            default: ColumnDefault::None,
            comment: None,
            native: None,
        }
    };
    debug_assert!(query.select.items.iter().all(|item| item.expr.ty != Type::Void));
    pairs.map(column).collect()
}

/// The type with its modifier that an expression was cast to last.
fn cast_type(expr: &mainstay_expr::Expr) -> Option<ColumnType> {
    match &expr.kind {
        ExprKind::Cast(_, to) => Some(to.clone()),
        _ => None,
    }
}
