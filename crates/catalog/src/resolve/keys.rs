//! Primary keys and UNIQUE constraints.

use mainstay_expr::{TableId, Type};
use mainstay_sql as sql;
use sql::{Diagnostic, Span};

use super::Resolver;
use super::naming::free_name;
use crate::Key;
use crate::bind::Bind;

impl Resolver<'_> {
    pub(super) fn add_primary_key(
        &mut self,
        table: TableId,
        name: Option<&sql::Name>,
        columns: &[sql::Name],
        deferral: sql::Deferral,
        span: Span,
    ) -> Bind<()> {
        let declared = self.catalog.table(table);
        if declared.primary_key.is_some() {
            let message = format!("multiple primary keys for table \"{}\" are not allowed", declared.name);
            let diagnostic = Diagnostic::error("multiple-primary-keys", span, message);
            return Err(self.report(
                diagnostic.with_help("a key of several columns is written once: PRIMARY KEY (a, b)"),
            ));
        }
        let columns = self.key_columns(table, columns, "primary key")?;
        self.not_deferrable(deferral, span)?;
        let name = self.key_name(table, name, "", "pkey")?;
        let declared = self.table_mut(table);
        for column in &columns {
            declared.columns[*column as usize].not_null = true;
        }
        declared.primary_key = Some(Key { name, columns, nulls_not_distinct: false });
        Ok(())
    }

    pub(super) fn add_unique(
        &mut self,
        table: TableId,
        name: Option<&sql::Name>,
        names: &[sql::Name],
        nulls_not_distinct: bool,
        deferral: sql::Deferral,
        span: Span,
    ) -> Bind<()> {
        let columns = self.key_columns(table, names, "unique")?;
        self.not_deferrable(deferral, span)?;
        let name = self.key_name(table, name, &joined(names), "key")?;
        self.table_mut(table).uniques.push(Key { name, columns, nulls_not_distinct });
        Ok(())
    }

    fn not_deferrable(&mut self, deferral: sql::Deferral, span: Span) -> Bind<()> {
        if deferral == sql::Deferral::NotDeferrable {
            return Ok(());
        }
        let message = "DEFERRABLE keys are not supported";
        let help = "leave DEFERRABLE out: it is there for foreign keys";
        Err(self.report(Diagnostic::error("unsupported", span, message).with_help(help)))
    }

    fn key_columns(&mut self, table: TableId, names: &[sql::Name], what: &str) -> Bind<Vec<u32>> {
        let mut columns: Vec<u32> = Vec::with_capacity(names.len());
        let mut result = Ok(());
        for name in names {
            let declared = self.catalog.table(table);
            let Some(position) = declared.column_position(&name.text) else {
                let message = format!("column \"{}\" named in key does not exist", name.text);
                let known = declared.columns.iter().map(|column| &*column.name);
                let help = crate::bind::suggestion(&name.text, known);
                let diagnostic = Diagnostic::error("unknown-column", name.span, message).with_help_if(help);
                result = Err(self.report(diagnostic));
                continue;
            };
            if columns.contains(&position) {
                let message = format!("column \"{}\" appears twice in {what} constraint", name.text);
                result = Err(self.error("duplicate-name", name.span, message));
            } else if let Err(reported) = self.comparable(&declared.column(position).ty.ty.clone(), name.span)
            {
                result = Err(reported);
            }
            columns.push(position);
        }
        result.map(|()| columns)
    }

    /// Requires a type that can be a key.
    pub(super) fn comparable(&mut self, ty: &Type, span: Span) -> Bind<()> {
        if ty.is_comparable() || *ty == Type::Void {
            return Ok(());
        }
        let message = format!("data type {ty} has no default operator class for access method \"btree\"");
        Err(self.report(
            Diagnostic::error("wrong-type", span, message).with_help("use jsonb, which can be compared"),
        ))
    }

    /// Takes a name for a key: it names an index too, and shares the names of tables.
    fn key_name(
        &mut self,
        table: TableId,
        name: Option<&sql::Name>,
        columns: &str,
        label: &'static str,
    ) -> Bind<String> {
        let declared = self.catalog.table(table);
        let (schema, owner) = (declared.schema.clone(), declared.name.clone());
        let (name, span) = match name {
            Some(name) => {
                self.constraint_is_new(table, name)?;
                (name.text.clone(), name.span)
            }
            None => {
                let taken = |name: &str| {
                    self.constraints.is_taken(&schema, name)
                        || self.relations.contains_key(&(schema.clone(), name.to_owned()))
                };
                (free_name(&owner, columns, label, taken), self.origins[table.0 as usize].span)
            }
        };
        self.take_relation_name(&schema, &name, span)?;
        self.constraints.take(&schema, &name);
        self.table_constraints.insert((table, name.clone()));
        Ok(name)
    }
}

/// The names of columns as a constraint's name joins them.
pub(super) fn joined(names: &[sql::Name]) -> String {
    names.iter().map(|name| &*name.text).collect::<Vec<_>>().join("_")
}
