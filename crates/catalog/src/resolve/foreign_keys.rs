//! Foreign keys: named where they are written, resolved when every table has its keys.

use mainstay_expr::{TableId, Type, resolve};
use mainstay_sql as sql;
use sql::{Diagnostic, Span};

use super::Resolver;
use super::keys::joined;
use super::tables::ConstraintName;
use crate::bind::Bind;
use crate::{ForeignKey, ReferentialAction};

/// A foreign key whose target waits for its keys.
pub(super) struct PendingForeignKey<'t> {
    table: TableId,
    name: String,
    columns: Vec<u32>,
    references: &'t sql::References,
    deferral: sql::Deferral,
    span: Span,
}

impl<'t> Resolver<'t> {
    pub(super) fn add_foreign_key(
        &mut self,
        table: TableId,
        name: Option<&sql::Name>,
        names: &[sql::Name],
        references: &'t sql::References,
        deferral: sql::Deferral,
        span: Span,
    ) -> Bind<()> {
        let mut columns = Vec::with_capacity(names.len());
        let mut result = Ok(());
        for name in names {
            match self.referencing_column(table, name) {
                Ok(position) => columns.push(position),
                Err(reported) => result = Err(reported),
            }
        }
        result?;
        let name = match name {
            Some(name) => ConstraintName::Written(name),
            None => ConstraintName::Made(joined(names), "fkey"),
        };
        let name = self.constraint_name(table, &name)?;
        self.pending.foreign_keys.push(PendingForeignKey {
            table,
            name,
            columns,
            references,
            deferral,
            span,
        });
        Ok(())
    }

    fn referencing_column(&mut self, table: TableId, name: &sql::Name) -> Bind<u32> {
        let declared = self.catalog.table(table);
        if let Some(position) = declared.column_position(&name.text) {
            return Ok(position);
        }
        let message = format!("column \"{}\" referenced in foreign key constraint does not exist", name.text);
        let help = crate::bind::suggestion(&name.text, declared.columns.iter().map(|column| &*column.name));
        Err(self.report(Diagnostic::error("unknown-column", name.span, message).with_help_if(help)))
    }

    pub(super) fn resolve_foreign_keys(&mut self) {
        for pending in std::mem::take(&mut self.pending.foreign_keys) {
            if let Ok(key) = self.foreign_key(&pending) {
                self.table_mut(pending.table).foreign_keys.push(key);
            }
        }
    }

    fn foreign_key(&mut self, it: &PendingForeignKey<'_>) -> Bind<ForeignKey> {
        let references = it.references;
        let target = self.relation(&references.table)?;
        if self.catalog.table(target).is_view() {
            let message = format!("referenced relation \"{}\" is not a table", references.table.name.text);
            return Err(self.error("not-a-table", references.table.span, message));
        }
        let target_columns = self.target_columns(target, references)?;
        if target_columns.len() != it.columns.len() {
            let message = "number of referencing and referenced columns for foreign key disagree";
            return Err(self.error("wrong-arguments", it.span, message));
        }
        self.require_key(target, &target_columns, references)?;
        for (own, other) in it.columns.iter().zip(&target_columns) {
            self.same_type(it, *own, target, *other)?;
        }
        if references.match_full && it.columns.len() > 1 {
            let diagnostic = Diagnostic::error("unsupported", references.span, "MATCH FULL is not supported");
            return Err(
                self.report(diagnostic.with_help("leave it out, and add CHECK (num_nulls(a, b) IN (0, 2))"))
            );
        }
        let on_delete = self.action(it, &references.on_delete, "DELETE")?;
        let on_update = self.action(it, &references.on_update, "UPDATE")?;
        Ok(ForeignKey {
            name: it.name.clone(),
            columns: it.columns.clone(),
            target,
            target_columns,
            on_delete,
            on_update,
            deferrable: it.deferral != sql::Deferral::NotDeferrable,
            initially_deferred: it.deferral == sql::Deferral::Deferred,
        })
    }

    /// The referenced columns: those named, or the primary key.
    fn target_columns(&mut self, target: TableId, references: &sql::References) -> Bind<Vec<u32>> {
        let declared = self.catalog.table(target);
        if references.columns.is_empty() {
            let key = declared.primary_key.as_ref().map(|key| key.columns.clone());
            return key.ok_or_else(|| {
                let message = format!(
                    "there is no primary key for referenced table \"{}\"",
                    self.catalog.table(target).name
                );
                self.error("no-key", references.table.span, message)
            });
        }
        let mut columns = Vec::with_capacity(references.columns.len());
        let mut result = Ok(());
        for name in &references.columns {
            match self.referencing_column(target, name) {
                Ok(position) => columns.push(position),
                Err(reported) => result = Err(reported),
            }
        }
        result.map(|()| columns)
    }

    fn require_key(&mut self, target: TableId, columns: &[u32], references: &sql::References) -> Bind<()> {
        let declared = self.catalog.table(target);
        if declared.is_key(columns) {
            return Ok(());
        }
        let message = format!(
            "there is no unique constraint matching given keys for referenced table \"{}\"",
            declared.name
        );
        let names: Vec<&str> = columns.iter().map(|column| &*declared.column(*column).name).collect();
        let help = format!("make them unique there: UNIQUE ({})", names.join(", "));
        Err(self.report(Diagnostic::error("no-key", references.span, message).with_help(help)))
    }

    fn same_type(&mut self, it: &PendingForeignKey<'_>, own: u32, target: TableId, other: u32) -> Bind<()> {
        let (own, other) =
            (self.catalog.table(it.table).column(own), self.catalog.table(target).column(other));
        let (one, two) = (&own.ty.ty, &other.ty.ty);
        let family = one == two || (one.is_integer() && two.is_integer()) || (one.is_text() && two.is_text());
        if family || *one == Type::Void || *two == Type::Void {
            return Ok(());
        }
        let message = format!("foreign key constraint \"{}\" cannot be implemented", it.name);
        let comparable = resolve::operator("=", Some(Some(two.clone())), Some(one.clone())).is_ok();
        let relation = if comparable { "different" } else { "incompatible" };
        let note = format!(
            "Key columns \"{}\" and \"{}\" are of {relation} types: {one} and {two}.",
            own.name, other.name
        );
        let help = format!("declare \"{}\" as {}", own.name, other.ty);
        let diagnostic = Diagnostic::error("wrong-type", it.span, message).with_note(note).with_help(help);
        Err(self.report(diagnostic))
    }

    fn action(
        &mut self,
        it: &PendingForeignKey<'_>,
        action: &sql::ReferentialAction,
        event: &str,
    ) -> Bind<ReferentialAction> {
        Ok(match action {
            sql::ReferentialAction::NoAction => ReferentialAction::NoAction,
            sql::ReferentialAction::Restrict => ReferentialAction::Restrict,
            sql::ReferentialAction::Cascade => ReferentialAction::Cascade,
            sql::ReferentialAction::SetNull(columns) => {
                self.all_columns(it, columns)?;
                let declared = self.catalog.table(it.table);
                if let Some(column) = it.columns.iter().find(|column| declared.column(**column).not_null) {
                    let name = &declared.column(*column).name;
                    let message = format!("ON {event} SET NULL will fail: column \"{name}\" is NOT NULL");
                    self.diagnostics.push(Diagnostic::warning("set-null", it.references.span, message));
                }
                ReferentialAction::SetNull
            }
            sql::ReferentialAction::SetDefault(columns) => {
                self.all_columns(it, columns)?;
                ReferentialAction::SetDefault
            }
        })
    }

    /// SET NULL and SET DEFAULT apply to all columns of the key.
    fn all_columns(&mut self, it: &PendingForeignKey<'_>, names: &[sql::Name]) -> Bind<()> {
        let mut named = Vec::with_capacity(names.len());
        for name in names {
            named.push(self.referencing_column(it.table, name)?);
        }
        if let Some(name) = names.first()
            && it.columns.iter().any(|column| !named.contains(column))
        {
            let message = "SET NULL and SET DEFAULT of some columns only are not supported";
            let help = "leave the list of columns out";
            return Err(self.report(Diagnostic::error("unsupported", name.span, message).with_help(help)));
        }
        Ok(())
    }
}
