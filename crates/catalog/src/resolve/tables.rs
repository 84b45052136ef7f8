//! Tables: their columns, then what constrains them, statement by statement as PostgreSQL would run them.

use mainstay_expr::{Expr, SourceId, TableId, Tree, Volatility};
use mainstay_sql as sql;
use sql::{Diagnostic, Span};

use super::Resolver;
use super::naming::free_name;
use crate::bind::{Bind, Binder, Clause};
use crate::{Caller, Check, Column, ColumnDefault};

/// As many columns as PostgreSQL's tables have room for.
const COLUMNS_MAX: usize = 1600;

/// A CHECK whose expression waits for functions.
pub(super) struct PendingCheck<'t> {
    pub table: TableId,
    pub name: String,
    pub condition: &'t sql::Expr,
}

/// A constraint's name as it was written, or what to make one from.
pub(super) enum ConstraintName<'n> {
    Written(&'n sql::Name),
    /// The columns' part and the label: `customer_id`, `fkey`.
    Made(String, &'static str),
}

impl<'t> Resolver<'t> {
    /// Adds columns and keys in the order of the statements.
    pub(super) fn resolve_tables(&mut self, statements: &'t [sql::Statement]) {
        for (number, statement) in statements.iter().enumerate() {
            match statement {
                sql::Statement::CreateTable(it) => {
                    let table = self.origins.iter().position(|origin| origin.statement == number);
                    if let Some(table) = table {
                        self.create_table(TableId(table as u32), it);
                    }
                }
                sql::Statement::AlterTable(it) => self.alter_table(it),
                _ => {}
            }
        }
    }

    fn create_table(&mut self, table: TableId, it: &'t sql::CreateTable) {
        for column in &it.columns {
            let _ = self.add_column(table, column);
        }
        for column in &it.columns {
            self.column_constraints(table, column);
        }
        for constraint in &it.constraints {
            let _ = self.add_constraint(table, constraint);
        }
    }

    /// A table has room for so many columns, and needs one that holds something.
    pub(super) fn check_column_counts(&mut self) {
        for table in 0..self.catalog.tables.len() {
            let (span, declared) = (self.origins[table].span, &self.catalog.tables[table]);
            if declared.is_view() {
                continue;
            }
            let is_stored = |column: &Column| !matches!(column.default, ColumnDefault::Generated(_));
            if declared.columns.len() > COLUMNS_MAX {
                let message = format!("tables can have at most {COLUMNS_MAX} columns");
                self.error("too-many-columns", span, message);
            } else if !declared.columns.iter().any(is_stored) {
                let message = format!("table \"{}\" has no column that holds a value", declared.name);
                self.report(
                    Diagnostic::error("unsupported", span, message)
                        .with_help("add one that is not generated"),
                );
            }
        }
    }

    /// The constraints that are written beside a column.
    pub(super) fn column_constraints(&mut self, table: TableId, column: &'t sql::ColumnDef) {
        let names = std::slice::from_ref(&column.name);
        for it in &column.constraints {
            let name = it.name.as_ref();
            let _ = match &it.kind {
                sql::ColumnConstraintKind::PrimaryKey => {
                    self.add_primary_key(table, name, names, it.deferral, it.span)
                }
                sql::ColumnConstraintKind::Unique { nulls_not_distinct } => {
                    self.add_unique(table, name, names, *nulls_not_distinct, it.deferral, it.span)
                }
                sql::ColumnConstraintKind::Check(condition) => self.add_check(table, name, condition),
                sql::ColumnConstraintKind::References(references) => {
                    self.add_foreign_key(table, name, names, references, it.deferral, it.span)
                }
                _ => Ok(()),
            };
        }
    }

    /// A constraint of a table.
    pub(super) fn add_constraint(&mut self, table: TableId, it: &'t sql::TableConstraint) -> Bind<()> {
        let name = it.name.as_ref();
        match &it.kind {
            sql::TableConstraintKind::PrimaryKey { columns } => {
                self.add_primary_key(table, name, columns, it.deferral, it.span)
            }
            sql::TableConstraintKind::Unique { columns, nulls_not_distinct } => {
                self.add_unique(table, name, columns, *nulls_not_distinct, it.deferral, it.span)
            }
            sql::TableConstraintKind::Check(condition) => self.add_check(table, name, condition),
            sql::TableConstraintKind::ForeignKey { columns, references } => {
                self.add_foreign_key(table, name, columns, references, it.deferral, it.span)
            }
        }
    }

    fn add_check(&mut self, table: TableId, name: Option<&sql::Name>, condition: &'t sql::Expr) -> Bind<()> {
        let name = match name {
            Some(name) => ConstraintName::Written(name),
            None => ConstraintName::Made(self.only_column(table, condition), "check"),
        };
        let name = self.constraint_name(table, &name)?;
        self.pending.checks.push(PendingCheck { table, name, condition });
        Ok(())
    }

    /// The column that a condition speaks of, when it is one alone: PostgreSQL names the check after it.
    fn only_column(&self, table: TableId, condition: &sql::Expr) -> String {
        let mut names = Vec::new();
        super::names::columns_of(condition, &mut names);
        let declared = self.catalog.table(table);
        names.retain(|name| declared.column_position(name).is_some());
        names.dedup();
        match names.as_slice() {
            [first, rest @ ..] if rest.iter().all(|other| other == first) => first.clone(),
            _ => String::new(),
        }
    }

    /// Takes a name for a constraint that is no index: unique in its table, and made unique in its schema.
    pub(super) fn constraint_name(&mut self, table: TableId, name: &ConstraintName<'_>) -> Bind<String> {
        let declared = self.catalog.table(table);
        let (schema, owner) = (declared.schema.clone(), declared.name.clone());
        let chosen = match name {
            ConstraintName::Made(columns, label) => {
                free_name(&owner, columns, label, |name| self.constraints.is_taken(&schema, name))
            }
            ConstraintName::Written(name) => {
                self.constraint_is_new(table, name)?;
                name.text.clone()
            }
        };
        self.constraints.take(&schema, &chosen);
        self.table_constraints.insert((table, chosen.clone()));
        Ok(chosen)
    }

    /// Requires that the table has no constraint of that name.
    pub(super) fn constraint_is_new(&mut self, table: TableId, name: &sql::Name) -> Bind<()> {
        if !self.table_constraints.contains(&(table, name.text.clone())) {
            return Ok(());
        }
        let owner = &self.catalog.table(table).name;
        let message = format!("constraint \"{}\" for relation \"{owner}\" already exists", name.text);
        Err(self.error("duplicate-name", name.span, message))
    }

    /// Binds the checks, those of the columns' domains included. They stand in the order in which PostgreSQL tells them:
    /// the domains' column by column, then the table's own by name.
    pub(super) fn resolve_checks(&mut self) {
        for position in 0..self.catalog.tables.len() {
            self.copy_domain_checks(TableId(position as u32));
        }
        let mut checks = std::mem::take(&mut self.pending.checks);
        checks.sort_by(|one, other| one.name.cmp(&other.name));
        for check in checks {
            let mut binder = Binder::over_row(self, check.table, Clause::Check);
            let Ok(expr) = binder.condition(check.condition, "CHECK") else { continue };
            let calls = binder.calls;
            self.catalog.calls.note(Caller::Checks(check.table), calls);
            if self
                .require_immutable(&expr, Volatility::Immutable, check.condition.span, Clause::Check)
                .is_ok()
            {
                self.table_mut(check.table).checks.push(Check { name: check.name, expr, domain: None });
            }
        }
    }

    fn copy_domain_checks(&mut self, table: TableId) {
        let declared = self.catalog.table(table);
        if declared.is_view() {
            return;
        }
        let mut checks = Vec::new();
        for (position, column) in (0..).zip(&declared.columns) {
            let Some(domain) = column.domain else { continue };
            for check in &self.catalog.domains[domain as usize].checks {
                let mut check = check.clone();
                check
                    .expr
                    .replace_source(SourceId::ROW, |_, ty| Expr::column(SourceId::ROW, position, ty.clone()));
                checks.push(check);
            }
        }
        self.table_mut(table).checks.extend(checks);
    }

    /// Requires an expression that depends on its row alone. `called` is what the functions in it are declared to be, where
    /// PostgreSQL asks for that.
    pub(super) fn require_immutable(
        &mut self,
        expr: &Expr,
        called: Volatility,
        span: Span,
        clause: Clause,
    ) -> Bind<()> {
        if expr.volatility().max(called) == Volatility::Immutable {
            return Ok(());
        }
        let (message, help) = match clause {
            Clause::Generated => (
                "generation expression is not immutable",
                "it may depend on the row alone, not on the time or on who asks",
            ),
            Clause::Index => (
                "functions in index expression must be marked IMMUTABLE",
                "an index may depend on the row alone",
            ),
            Clause::IndexPredicate => (
                "functions in index predicate must be marked IMMUTABLE",
                "an index may depend on the row alone",
            ),
            _ => (
                "functions in check constraint must be immutable",
                "what depends on the time or on who asks belongs in a policy: WITH CHECK (…)",
            ),
        };
        Err(self.report(Diagnostic::error("not-immutable", span, message).with_help(help)))
    }
}
