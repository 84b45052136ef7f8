//! ALTER TABLE: what dumps write after the tables, and what people add to them.

use mainstay_expr::TableId;
use mainstay_sql as sql;
use sql::{Diagnostic, Span};

use super::Resolver;
use super::defaults::PendingDefault;
use crate::bind::Bind;
use crate::{ColumnDefault, TableKind};

impl<'t> Resolver<'t> {
    pub(super) fn alter_table(&mut self, it: &'t sql::AlterTable) {
        let is_view = |action: &sql::AlterTableAction| matches!(action, sql::AlterTableAction::OwnerTo(_));
        let found = crate::bind::find_relation(&self.catalog, &it.name);
        if found.is_none() && (it.if_exists || self.sequence_of(&it.name)) {
            return;
        }
        let table = match it.actions.iter().all(is_view) {
            true => self.relation(&it.name),
            false => self.base_table(&it.name),
        };
        let Ok(table) = table else { return };
        for action in &it.actions {
            let _ = self.alter(table, action, it.name.span);
        }
    }

    /// pg_dump alters the owners of sequences with ALTER TABLE too.
    fn sequence_of(&self, name: &sql::QualifiedName) -> bool {
        let schema = name.schema.as_ref().map_or("public", |schema| &schema.text);
        self.sequences.contains_key(&(schema.to_owned(), name.name.text.clone()))
    }

    fn alter(&mut self, table: TableId, action: &'t sql::AlterTableAction, span: Span) -> Bind<()> {
        match action {
            sql::AlterTableAction::AddColumn { if_not_exists, column } => {
                let exists = self.catalog.table(table).column_position(&column.name.text).is_some();
                if !(exists && *if_not_exists) {
                    self.add_column(table, column)?;
                    self.column_constraints(table, column);
                }
            }
            sql::AlterTableAction::AddConstraint(constraint) => self.add_constraint(table, constraint)?,
            sql::AlterTableAction::SetDefault { column, value } => {
                let position = self.column(table, column)?;
                self.plain_default(table, position, column)?;
                self.drop_default(table, position);
                self.pending.defaults.push(PendingDefault { table, column: position, value });
            }
            sql::AlterTableAction::DropDefault { column } => {
                let position = self.column(table, column)?;
                self.plain_default(table, position, column)?;
                self.drop_default(table, position);
            }
            sql::AlterTableAction::SetNotNull { column } => {
                let position = self.column(table, column)?;
                self.table_mut(table).columns[position as usize].not_null = true;
            }
            sql::AlterTableAction::DropNotNull { column } => self.drop_not_null(table, column)?,
            sql::AlterTableAction::AddIdentity { column, identity } => {
                let position = self.column(table, column)?;
                let declared = self.catalog.table(table);
                if !declared.column(position).not_null {
                    let message = format!(
                        "column \"{}\" of relation \"{}\" must be declared NOT NULL before identity can be added",
                        column.text, declared.name
                    );
                    return Err(self.error("contradiction", column.span, message));
                }
                self.make_identity(table, position, identity, column.span)?;
            }
            sql::AlterTableAction::RowSecurity(security) => self.row_security(table, *security, span)?,
            sql::AlterTableAction::OwnerTo(_) => {}
        }
        Ok(())
    }

    fn row_security(&mut self, table: TableId, security: sql::RowSecurity, span: Span) -> Bind<()> {
        match security {
            sql::RowSecurity::Enable | sql::RowSecurity::Disable => {
                self.table_mut(table).row_security = security == sql::RowSecurity::Enable;
                Ok(())
            }
            sql::RowSecurity::NoForce => Ok(()),
            sql::RowSecurity::Force => {
                let message = "FORCE ROW LEVEL SECURITY is not supported";
                let help = "ENABLE is enough: policies apply to every role but service_role, and not inside views and \
                            functions with their owner's rights";
                Err(self.report(Diagnostic::error("unsupported", span, message).with_help(help)))
            }
        }
    }

    /// Refuses to change the default of a column that has a value of its own.
    fn plain_default(&mut self, table: TableId, position: u32, name: &sql::Name) -> Bind<()> {
        let generated = self.pending.generated.iter().any(|it| it.table == table && it.column == position);
        if !generated {
            return Ok(());
        }
        let owner = &self.catalog.table(table).name;
        let message = format!("column \"{}\" of relation \"{owner}\" is a generated column", name.text);
        Err(self.error("contradiction", name.span, message))
    }

    fn drop_default(&mut self, table: TableId, position: u32) {
        self.pending.defaults.retain(|it| it.table != table || it.column != position);
        self.table_mut(table).columns[position as usize].default = ColumnDefault::None;
    }

    fn drop_not_null(&mut self, table: TableId, name: &sql::Name) -> Bind<()> {
        let position = self.column(table, name)?;
        let declared = self.catalog.table(table);
        debug_assert!(matches!(declared.kind, TableKind::Base));
        if declared.primary_key.as_ref().is_some_and(|key| key.columns.contains(&position)) {
            let message = format!("column \"{}\" is in a primary key", name.text);
            return Err(self.error("contradiction", name.span, message));
        }
        self.table_mut(table).columns[position as usize].not_null = false;
        Ok(())
    }
}
