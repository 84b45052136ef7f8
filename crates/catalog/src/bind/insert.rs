//! Rows for a table, as INSERT and COPY write them: each value typed and cast to its column.
//!
//! Seeds have tens of thousands of rows, so everything that does not depend on the row is done once per statement.

use mainstay_expr::{ColumnType, Expr, Select, TableId, Type};
use mainstay_sql as sql;
use sql::{Diagnostic, Diagnostics, Span};

use super::scope::{Level, Namespace};
use super::{Bind, Binder, Bound, Clause, Finished};
use crate::{Catalog, Column, ColumnDefault, TableKind};

/// An INSERT that was bound.
#[derive(Debug, Clone, PartialEq)]
pub struct BoundInsert {
    /// The table.
    pub table: TableId,
    /// The columns that values are given for; the others take their defaults.
    pub columns: Vec<u32>,
    /// The rows.
    pub rows: InsertRows,
    /// OVERRIDING SYSTEM VALUE: values for GENERATED ALWAYS identity columns are used.
    pub overriding_system_value: bool,
    /// ON CONFLICT DO NOTHING: the columns of the key meant, none for any key; `None` without the clause.
    pub on_conflict_do_nothing: Option<Vec<u32>>,
}

/// Where the rows come from.
#[derive(Debug, Clone, PartialEq)]
pub enum InsertRows {
    /// VALUES: each row has a value for each column.
    Values(Vec<Vec<InsertValue>>),
    /// A query whose items are of the columns' types.
    Select(Box<Select>),
}

/// A value in a row.
#[derive(Debug, Clone, PartialEq)]
pub enum InsertValue {
    /// An expression of the column's type.
    Value(Expr),
    /// DEFAULT
    Default,
}

/// A column that values are given for.
struct Target {
    position: u32,
    name: String,
    ty: ColumnType,
    /// Whether only DEFAULT may be given, and PostgreSQL's reason.
    default_only: Option<&'static str>,
    identity: bool,
}

/// Errors after which the rest of a statement's rows are not looked at.
const ERRORS_MAX: usize = 20;

/// Binds an INSERT against a complete catalog.
pub fn bind_insert(catalog: &Catalog, insert: &sql::Insert) -> Result<BoundInsert, Diagnostics> {
    let mut schema = Finished { catalog, diagnostics: Diagnostics::new() };
    let bound = Binder::new(&mut schema).insert(insert);
    bound.map_err(|_| schema.into_diagnostics())
}

/// Binds the rows of a COPY … FROM stdin against a complete catalog.
pub fn bind_copy(catalog: &Catalog, copy: &sql::CopyFrom) -> Result<BoundInsert, Diagnostics> {
    let mut schema = Finished { catalog, diagnostics: Diagnostics::new() };
    let bound = Binder::new(&mut schema).copy(copy);
    bound.map_err(|_| schema.into_diagnostics())
}

impl Binder<'_> {
    fn insert(&mut self, insert: &sql::Insert) -> Bind<BoundInsert> {
        let system = matches!(insert.overriding, Some(sql::Overriding::SystemValue));
        let user = matches!(insert.overriding, Some(sql::Overriding::UserValue));
        let table = self.target_table(&insert.table)?;
        let mut targets = self.targets(table, &insert.columns, system || user)?;
        let on_conflict = insert.on_conflict.as_ref();
        let on_conflict = on_conflict.map(|it| self.positions(table, &it.columns)).transpose()?;
        self.levels.push(Level::new(Namespace::default(), Clause::Values));
        let rows = match &insert.source {
            sql::InsertSource::DefaultValues => {
                targets.clear();
                InsertRows::Values(vec![Vec::new()])
            }
            sql::InsertSource::Query(query) => match (&query.body, is_plain(query)) {
                (sql::QueryBody::Values(values), true) => {
                    self.fit(
                        &mut targets,
                        values.rows.first().map_or(0, Vec::len),
                        !insert.columns.is_empty(),
                        insert,
                    )?;
                    InsertRows::Values(self.rows(&targets, values, user)?)
                }
                _ => {
                    self.levels.pop();
                    let mut query = self.query(query)?;
                    self.fit(&mut targets, query.outputs.len(), !insert.columns.is_empty(), insert)?;
                    if let Some(target) = targets.iter().find(|target| target.default_only.is_some()) {
                        return Err(self.not_default(target, insert.span));
                    }
                    let types: Vec<ColumnType> = targets.iter().map(|target| target.ty.clone()).collect();
                    self.assign_outputs(&mut query, &types, |at, ty| mismatch(&targets[at], ty))?;
                    InsertRows::Select(Box::new(query.select))
                }
            },
        };
        let columns = targets.iter().map(|target| target.position).collect();
        let (overriding_system_value, on_conflict_do_nothing) = (system, on_conflict);
        Ok(BoundInsert { table, columns, rows, overriding_system_value, on_conflict_do_nothing })
    }

    fn copy(&mut self, copy: &sql::CopyFrom) -> Bind<BoundInsert> {
        let table = self.target_table(&copy.table)?;
        // COPY stores what it is given, identity columns included.
        let targets = self.targets(table, &copy.columns, true)?;
        let rows = self.each_row(&copy.rows, |binder, row| {
            if row.values.len() != targets.len() {
                let word = if row.values.len() < targets.len() { "missing data" } else { "extra data" };
                return Err(binder.error("wrong-arguments", row.span, format!("{word} in a row of COPY")));
            }
            binder.each(targets.iter().zip(&row.values), |binder, (target, value)| {
                let bound = match value {
                    Some(text) => Bound::text(text, row.span),
                    None => Bound::null(row.span),
                };
                let value = binder.assign(bound, &target.ty, |ty| mismatch(target, ty));
                if value.is_err() {
                    // The place is that of the row.
                    let note = format!("It stands for the column \"{}\".", target.name);
                    binder.schema.diagnostics().add_note_to_last(note);
                }
                value.map(InsertValue::Value)
            })
        })?;
        let columns = targets.iter().map(|target| target.position).collect();
        Ok(BoundInsert {
            table,
            columns,
            rows: InsertRows::Values(rows),
            overriding_system_value: true,
            on_conflict_do_nothing: None,
        })
    }

    fn target_table(&mut self, name: &sql::QualifiedName) -> Bind<TableId> {
        let catalog = self.schema.catalog();
        let Some(table) = super::from::find_relation(catalog, name) else {
            let diagnostic = super::from::unknown_relation(catalog, name);
            return Err(self.fail(diagnostic));
        };
        match &catalog.table(table).kind {
            TableKind::Base | TableKind::Native(_) => Ok(table),
            TableKind::View(_) => {
                let message = format!("cannot insert into view \"{}\"", name.name.text);
                let diagnostic = Diagnostic::error("not-a-table", name.span, message);
                Err(self.fail(diagnostic.with_help("insert into its table")))
            }
        }
    }

    fn positions(&mut self, table: TableId, names: &[sql::Name]) -> Bind<Vec<u32>> {
        let mut seen: Vec<u32> = Vec::with_capacity(names.len());
        self.each(names, |binder, name| {
            let declared = binder.schema.catalog().table(table);
            let Some(position) = declared.column_position(&name.text) else {
                let diagnostic = unknown_column(declared, name);
                return Err(binder.fail(diagnostic));
            };
            if seen.contains(&position) {
                let message = format!("column \"{}\" specified more than once", name.text);
                return Err(binder.error("duplicate-name", name.span, message));
            }
            seen.push(position);
            Ok(position)
        })
    }

    fn targets(&mut self, table: TableId, names: &[sql::Name], overriding: bool) -> Bind<Vec<Target>> {
        let positions = self.positions(table, names)?;
        let declared = self.schema.catalog().table(table);
        let all = || (0..declared.columns.len() as u32).collect();
        let positions: Vec<u32> = if names.is_empty() { all() } else { positions };
        let target = |position: u32| {
            let column = declared.column(position);
            let default_only = default_only(column, overriding);
            let identity = matches!(column.default, ColumnDefault::Identity(_));
            Target { position, name: column.name.clone(), ty: column.ty.clone(), default_only, identity }
        };
        Ok(positions.into_iter().map(target).collect())
    }

    /// Requires as many columns as values; without a list of columns, the first ones are meant.
    fn fit(
        &mut self,
        targets: &mut Vec<Target>,
        width: usize,
        listed: bool,
        insert: &sql::Insert,
    ) -> Bind<()> {
        if width > targets.len() {
            let message = "INSERT has more expressions than target columns";
            return Err(self.error("wrong-arguments", insert.table.span, message));
        }
        if listed && width < targets.len() {
            let message = "INSERT has more target columns than expressions";
            return Err(self.error("wrong-arguments", insert.columns[width].span, message));
        }
        targets.truncate(width);
        Ok(())
    }

    fn rows(&mut self, targets: &[Target], values: &sql::Values, user: bool) -> Bind<Vec<Vec<InsertValue>>> {
        self.each_row(&values.rows, |binder, row| {
            if row.len() != targets.len() {
                let span = row.first().map_or(values.span, |value| value.span);
                return Err(binder.error(
                    "wrong-arguments",
                    span,
                    "VALUES lists must all be the same length",
                ));
            }
            binder.each(targets.iter().zip(row), |binder, (target, value)| {
                if matches!(value.kind, sql::ExprKind::Default) {
                    return Ok(InsertValue::Default);
                }
                if target.default_only.is_some() {
                    return Err(binder.not_default(target, value.span));
                }
                let bound = binder.expr(value)?;
                let expr = binder.assign(bound, &target.ty, |ty| mismatch(target, ty))?;
                // OVERRIDING USER VALUE: what is given for an identity column is not used.
                let ignored = user && target.identity;
                Ok(if ignored { InsertValue::Default } else { InsertValue::Value(expr) })
            })
        })
    }

    /// Binds row by row, until there are too many errors to be read.
    fn each_row<T, R>(&mut self, rows: &[T], mut bind: impl FnMut(&mut Self, &T) -> Bind<R>) -> Bind<Vec<R>> {
        let mut bound = Vec::with_capacity(rows.len());
        let mut failed = None;
        for row in rows {
            match bind(self, row) {
                Ok(row) => bound.push(row),
                Err(reported) => failed = Some(reported),
            }
            if failed.is_some() && self.schema.diagnostics().error_count() >= ERRORS_MAX {
                break;
            }
        }
        failed.map_or(Ok(bound), Err)
    }

    fn not_default(&mut self, target: &Target, span: Span) -> super::Reported {
        let message = format!("cannot insert a non-DEFAULT value into column \"{}\"", target.name);
        let help = target.default_only.unwrap_or_default();
        self.fail(Diagnostic::error("generated-column", span, message).with_help(help))
    }
}

/// Whether nothing stands around the rows of a query.
fn is_plain(query: &sql::Query) -> bool {
    query.with.is_none() && query.order_by.is_empty() && query.limit.is_none() && query.offset.is_none()
}

fn default_only(column: &Column, overriding: bool) -> Option<&'static str> {
    match &column.default {
        ColumnDefault::Generated(_) => Some("its value is computed: leave it out"),
        ColumnDefault::Identity(identity) if identity.always && !overriding => {
            Some("leave it out, or write OVERRIDING SYSTEM VALUE before VALUES")
        }
        _ => None,
    }
}

fn mismatch(target: &Target, ty: &Type) -> String {
    format!("column \"{}\" is of type {} but expression is of type {ty}", target.name, target.ty.ty)
}

/// Says that a table has no such column, and which may have been meant.
pub(crate) fn unknown_column(table: &crate::Table, name: &sql::Name) -> Diagnostic {
    let message = format!("column \"{}\" of relation \"{}\" does not exist", name.text, table.name);
    let help = super::suggestion(&name.text, table.columns.iter().map(|column| &*column.name));
    Diagnostic::error("unknown-column", name.span, message).with_help_if(help)
}
