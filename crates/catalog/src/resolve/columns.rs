//! Columns: their types, identities, and what is said of them beside their definition.

use mainstay_expr::{ColumnType, Modifier, TableId, Type};
use mainstay_sql as sql;
use sql::{Diagnostic, Span};

use super::Resolver;
use super::defaults::{PendingDefault, PendingGenerated};
use crate::bind::{Bind, Binder, Clause, named_type};
use crate::{Column, ColumnDefault, Identity};

/// What to do about two names that only PostgreSQL tells apart.
pub(super) const FOLDED_HELP: &str = "give one of them another name: not every database tells them apart";
const SYSTEM_COLUMNS: &[&str] = &["ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"];

impl<'t> Resolver<'t> {
    /// Adds a column. One whose type is wrong is there with type void, so that what names it is not reported too.
    pub(super) fn add_column(&mut self, table: TableId, it: &'t sql::ColumnDef) -> Bind<()> {
        let name = &it.name.text;
        let declared = self.catalog.table(table);
        if declared.column_position(name).is_some() {
            let message = format!("column \"{name}\" specified more than once");
            return Err(self.error("duplicate-name", it.name.span, message));
        }
        let folded = |other: &&Column| other.name.eq_ignore_ascii_case(name);
        if let Some(other) = declared.columns.iter().find(folded) {
            let message =
                format!("columns \"{}\" and \"{name}\" differ in upper and lower case only", other.name);
            return Err(self
                .report(Diagnostic::error("duplicate-name", it.name.span, message).with_help(FOLDED_HELP)));
        }
        if SYSTEM_COLUMNS.contains(&&**name) {
            let message = format!("column name \"{name}\" conflicts with a system column name");
            return Err(self.error("reserved-name", it.name.span, message));
        }
        let serial = serial_type(&it.type_name);
        let (ty, domain) = match &serial {
            Some(ty) => (ColumnType::from(ty.clone()), None),
            None => self.column_type(it),
        };
        if let Some(collation) = &it.collation {
            let _ = Binder::without_row(self, Clause::Check).known_collation(collation);
        }
        let not_null =
            serial.is_some() || domain.is_some_and(|domain| self.catalog.domains[domain as usize].not_null);
        let default = match serial {
            Some(_) => ColumnDefault::Identity(Identity { always: false, start: 1, increment: 1 }),
            None => ColumnDefault::None,
        };
        let column =
            Column { name: name.clone(), ty, domain, not_null, default, comment: None, native: None };
        let columns = &mut self.table_mut(table).columns;
        columns.push(column);
        let position = columns.len() as u32 - 1;
        self.column_properties(table, position, it);
        Ok(())
    }

    fn column_type(&mut self, it: &sql::ColumnDef) -> (ColumnType, Option<u32>) {
        let unknown = || (ColumnType { ty: Type::Void, modifier: Modifier::None }, None);
        match named_type(&self.catalog, &it.type_name) {
            Err(diagnostic) => {
                self.report(*diagnostic);
                unknown()
            }
            Ok(named) => match self.storable(&named.ty.ty, it.type_name.span) {
                Ok(()) => (named.ty, named.domain),
                Err(_) => unknown(),
            },
        }
    }

    /// Requires a type that columns can have.
    pub(super) fn storable(&mut self, ty: &Type, span: Span) -> Bind<()> {
        match ty.element().unwrap_or(ty) {
            Type::Interval => {
                let diagnostic =
                    Diagnostic::error("unsupported", span, "columns of type interval are not supported");
                Err(self.report(diagnostic.with_help("keep a number of seconds or days as integer")))
            }
            Type::Void => Err(self.error("wrong-type", span, "a column cannot be of type void")),
            _ => Ok(()),
        }
    }

    /// NOT NULL, DEFAULT, IDENTITY and GENERATED; keys, checks and references come when all columns are there.
    fn column_properties(&mut self, table: TableId, position: u32, it: &'t sql::ColumnDef) {
        let mut nullable: Option<bool> = None;
        let mut has_default = false;
        let name = &it.name.text;
        let owner = self.catalog.table(table).name.clone();
        for constraint in &it.constraints {
            match &constraint.kind {
                sql::ColumnConstraintKind::NotNull | sql::ColumnConstraintKind::Null => {
                    let null = matches!(constraint.kind, sql::ColumnConstraintKind::Null);
                    if nullable.is_some_and(|before| before != null) {
                        let message = format!(
                            "conflicting NULL/NOT NULL declarations for column \"{name}\" of table \"{owner}\""
                        );
                        self.error("contradiction", constraint.span, message);
                    }
                    nullable = Some(null);
                }
                sql::ColumnConstraintKind::Default(value) => {
                    let first =
                        self.one_default(&mut has_default, table, position, constraint.span, "default");
                    let default = PendingDefault { table, column: position, value };
                    self.pending.defaults.extend(first.then_some(default));
                }
                sql::ColumnConstraintKind::Generated(value) => {
                    let what = "generation expression";
                    let first = self.one_default(&mut has_default, table, position, constraint.span, what);
                    let generated = PendingGenerated { table, column: position, value };
                    self.pending.generated.extend(first.then_some(generated));
                }
                sql::ColumnConstraintKind::Identity(identity) => {
                    if self.one_default(&mut has_default, table, position, constraint.span, "identity") {
                        let _ = self.make_identity(table, position, identity, constraint.span);
                    }
                    if nullable == Some(true) {
                        let message = format!(
                            "conflicting NULL/NOT NULL declarations for column \"{name}\" of table \"{owner}\""
                        );
                        self.error("contradiction", constraint.span, message);
                    }
                }
                _ => {}
            }
        }
        if nullable == Some(false) {
            self.table_mut(table).columns[position as usize].not_null = true;
        }
    }

    /// A column has one default, identity or generation expression.
    fn one_default(
        &mut self,
        seen: &mut bool,
        table: TableId,
        position: u32,
        span: Span,
        what: &str,
    ) -> bool {
        let declared = self.catalog.table(table);
        let column = declared.column(position);
        if *seen || !matches!(column.default, ColumnDefault::None) {
            let message = format!(
                "multiple default values specified for column \"{}\" of table \"{}\"",
                column.name, declared.name
            );
            let diagnostic = Diagnostic::error("contradiction", span, message);
            self.report(diagnostic.with_help(format!("remove this {what}, or the one before it")));
            return false;
        }
        *seen = true;
        true
    }

    /// Lets a column number itself.
    pub(super) fn make_identity(
        &mut self,
        table: TableId,
        position: u32,
        it: &sql::Identity,
        span: Span,
    ) -> Bind<()> {
        let column = self.catalog.table(table).column(position);
        if column.ty.ty == Type::Void {
            return Ok(());
        }
        if !column.ty.ty.is_integer() {
            let message = "identity column type must be smallint, integer, or bigint";
            return Err(self.error("wrong-type", span, message));
        }
        let identity = self.sequence_options(&it.sequence, it.always, span)?;
        let column = &mut self.table_mut(table).columns[position as usize];
        column.default = ColumnDefault::Identity(identity);
        column.not_null = true;
        Ok(())
    }

    /// What a sequence's options say; those that would change which numbers come are refused.
    pub(super) fn sequence_options(
        &mut self,
        options: &sql::SequenceOptions,
        always: bool,
        span: Span,
    ) -> Bind<Identity> {
        let increment = options.increment.unwrap_or(1);
        if increment == 0 {
            return Err(self.error("wrong-arguments", span, "INCREMENT must not be zero"));
        }
        if options.cycle == Some(true) {
            let diagnostic = Diagnostic::error("unsupported", span, "CYCLE is not supported");
            return Err(self.report(diagnostic.with_help("use bigint: it does not run out")));
        }
        let start = options.start.unwrap_or(match increment {
            1.. => options.min.unwrap_or(1),
            _ => options.max.unwrap_or(-1),
        });
        if options.min.is_some_and(|min| start < min) {
            let message = format!("START value ({start}) cannot be less than MINVALUE");
            return Err(self.error("wrong-arguments", span, message));
        }
        if options.max.is_some_and(|max| start > max) {
            let message = format!("START value ({start}) cannot be greater than MAXVALUE");
            return Err(self.error("wrong-arguments", span, message));
        }
        Ok(Identity { always, start, increment })
    }
}

/// The integer type behind `serial` and its kin.
fn serial_type(written: &sql::TypeName) -> Option<Type> {
    if written.name.schema.is_some() || written.array_depth > 0 || !written.modifiers.is_empty() {
        return None;
    }
    Some(match &*written.name.name.text {
        "smallserial" | "serial2" => Type::Int2,
        "serial" | "serial4" => Type::Int4,
        "bigserial" | "serial8" => Type::Int8,
        _ => return None,
    })
}
