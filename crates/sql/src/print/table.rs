//! Tables, types, indexes and views.

use super::{Printer, quote_literal};
use crate::tree::{
    AlterTable, AlterTableAction, ColumnConstraint, ColumnConstraintKind, ColumnDef, CreateDomain,
    CreateEnum, CreateIndex, CreateTable, CreateView, Deferral, ExprKind, Identity, IndexElement, Name,
    References, ReferentialAction, RowSecurity, SequenceOptions, SequenceOwner, TableConstraint,
    TableConstraintKind,
};

impl Printer {
    pub fn create_table(&mut self, table: &CreateTable) {
        self.push("CREATE TABLE ");
        self.push(if table.if_not_exists { "IF NOT EXISTS " } else { "" });
        self.qualified(&table.name);
        self.push(" (");
        let mut first = true;
        for column in &table.columns {
            self.push(if first { "\n  " } else { ",\n  " });
            first = false;
            self.column_def(column);
        }
        for constraint in &table.constraints {
            self.push(if first { "\n  " } else { ",\n  " });
            first = false;
            self.table_constraint(constraint);
        }
        self.push(if first { ")" } else { "\n)" });
    }

    pub fn column_def(&mut self, column: &ColumnDef) {
        self.name(&column.name);
        self.push(" ");
        self.type_name(&column.type_name);
        if let Some(collation) = &column.collation {
            self.push(" COLLATE ");
            self.qualified(collation);
        }
        for constraint in &column.constraints {
            self.push(" ");
            self.column_constraint(constraint);
        }
    }

    fn constraint_name(&mut self, name: Option<&Name>) {
        if let Some(name) = name {
            self.push("CONSTRAINT ");
            self.name(name);
            self.push(" ");
        }
    }

    fn column_constraint(&mut self, constraint: &ColumnConstraint) {
        self.constraint_name(constraint.name.as_ref());
        match &constraint.kind {
            ColumnConstraintKind::NotNull => self.push("NOT NULL"),
            ColumnConstraintKind::Null => self.push("NULL"),
            ColumnConstraintKind::Default(value) => {
                self.push("DEFAULT ");
                self.restricted_expr(value);
            }
            ColumnConstraintKind::Identity(identity) => self.identity(identity),
            ColumnConstraintKind::Generated(value) => {
                self.push("GENERATED ALWAYS AS (");
                self.expr(value);
                self.push(") STORED");
            }
            ColumnConstraintKind::Check(condition) => self.check(condition),
            ColumnConstraintKind::Unique { nulls_not_distinct } => {
                self.push(if *nulls_not_distinct { "UNIQUE NULLS NOT DISTINCT" } else { "UNIQUE" });
            }
            ColumnConstraintKind::PrimaryKey => self.push("PRIMARY KEY"),
            ColumnConstraintKind::References(references) => self.references(references),
        }
        self.deferral(constraint.deferral);
    }

    pub fn check(&mut self, condition: &crate::tree::Expr) {
        self.push("CHECK (");
        self.expr(condition);
        self.push(")");
    }

    fn identity(&mut self, identity: &Identity) {
        self.push("GENERATED ");
        self.push(if identity.always { "ALWAYS" } else { "BY DEFAULT" });
        self.push(" AS IDENTITY");
        if *identity.sequence != SequenceOptions::default() {
            self.push(" (");
            self.sequence_options(&identity.sequence);
            self.push(")");
        }
    }

    /// The options with blanks between them, and one before the first unless it stands behind a parenthesis.
    pub fn sequence_options(&mut self, options: &SequenceOptions) {
        if let Some(name) = &options.name {
            self.word("SEQUENCE NAME ");
            self.qualified(name);
        }
        if let Some(type_name) = &options.type_name {
            self.word("AS ");
            self.type_name(type_name);
        }
        let numbers = [
            ("START WITH", options.start),
            ("INCREMENT BY", options.increment),
            ("MINVALUE", options.min),
            ("MAXVALUE", options.max),
            ("CACHE", options.cache),
        ];
        for (word, number) in numbers {
            if let Some(number) = number {
                self.word(&format!("{word} {number}"));
            }
        }
        match options.cycle {
            Some(true) => self.word("CYCLE"),
            Some(false) => self.word("NO CYCLE"),
            None => {}
        }
        match options.restart {
            Some(Some(number)) => self.word(&format!("RESTART WITH {number}")),
            Some(None) => self.word("RESTART"),
            None => {}
        }
        match &options.owned_by {
            Some(SequenceOwner::None) => self.word("OWNED BY NONE"),
            Some(SequenceOwner::Column(path)) => {
                self.word("OWNED BY ");
                self.column_path(path);
            }
            None => {}
        }
    }

    pub fn column_path(&mut self, path: &crate::tree::ColumnPath) {
        self.qualified(&path.table);
        self.push(".");
        self.name(&path.column);
    }

    fn references(&mut self, references: &References) {
        self.push("REFERENCES ");
        self.qualified(&references.table);
        self.columns(&references.columns);
        self.push(if references.match_full { " MATCH FULL" } else { "" });
        for (word, action) in [("DELETE", &references.on_delete), ("UPDATE", &references.on_update)] {
            let (text, columns): (_, &[Name]) = match action {
                ReferentialAction::NoAction => continue,
                ReferentialAction::Restrict => ("RESTRICT", &[]),
                ReferentialAction::Cascade => ("CASCADE", &[]),
                ReferentialAction::SetNull(columns) => ("SET NULL", columns),
                ReferentialAction::SetDefault(columns) => ("SET DEFAULT", columns),
            };
            self.push(&format!(" ON {word} {text}"));
            self.columns(columns);
        }
    }

    fn deferral(&mut self, deferral: Deferral) {
        self.push(match deferral {
            Deferral::NotDeferrable => "",
            Deferral::Immediate => " DEFERRABLE",
            Deferral::Deferred => " DEFERRABLE INITIALLY DEFERRED",
        });
    }

    fn table_constraint(&mut self, constraint: &TableConstraint) {
        self.constraint_name(constraint.name.as_ref());
        match &constraint.kind {
            TableConstraintKind::PrimaryKey { columns } => {
                self.push("PRIMARY KEY");
                self.columns(columns);
            }
            TableConstraintKind::Unique { columns, nulls_not_distinct } => {
                self.push(if *nulls_not_distinct { "UNIQUE NULLS NOT DISTINCT" } else { "UNIQUE" });
                self.columns(columns);
            }
            TableConstraintKind::Check(condition) => self.check(condition),
            TableConstraintKind::ForeignKey { columns, references } => {
                self.push("FOREIGN KEY");
                self.columns(columns);
                self.push(" ");
                self.references(references);
            }
        }
        self.deferral(constraint.deferral);
    }

    pub fn create_enum(&mut self, create: &CreateEnum) {
        self.push("CREATE TYPE ");
        self.qualified_function(&create.name);
        self.push(" AS ENUM (");
        self.list(&create.labels, |printer, label| printer.push(&quote_literal(&label.text)));
        self.push(")");
    }

    pub fn create_domain(&mut self, domain: &CreateDomain) {
        self.push("CREATE DOMAIN ");
        self.qualified_function(&domain.name);
        self.push(" AS ");
        self.type_name(&domain.type_name);
        if let Some(collation) = &domain.collation {
            self.push(" COLLATE ");
            self.qualified(collation);
        }
        if let Some(default) = &domain.default {
            self.push(" DEFAULT ");
            self.restricted_expr(default);
        }
        self.push(if domain.not_null { " NOT NULL" } else { "" });
        for check in &domain.checks {
            self.push("\n  ");
            self.constraint_name(check.name.as_ref());
            self.check(&check.condition);
        }
    }

    pub fn create_index(&mut self, index: &CreateIndex) {
        self.push(if index.unique { "CREATE UNIQUE INDEX " } else { "CREATE INDEX " });
        self.push(if index.if_not_exists { "IF NOT EXISTS " } else { "" });
        if let Some(name) = &index.name {
            self.name(name);
            self.push(" ");
        }
        self.push("ON ");
        self.qualified(&index.table);
        if let Some(method) = &index.method {
            self.push(" USING ");
            self.name(method);
        }
        self.push(" (");
        self.list(&index.elements, Self::index_element);
        self.push(")");
        if !index.include.is_empty() {
            self.push(" INCLUDE");
            self.columns(&index.include);
        }
        self.push(if index.nulls_not_distinct { " NULLS NOT DISTINCT" } else { "" });
        if let Some(predicate) = &index.predicate {
            self.push(" WHERE ");
            self.expr(predicate);
        }
    }

    fn index_element(&mut self, element: &IndexElement) {
        let bare = matches!(&element.value.kind, ExprKind::Column(_) | ExprKind::Call(_));
        self.push(if bare { "" } else { "(" });
        self.expr(&element.value);
        self.push(if bare { "" } else { ")" });
        if let Some(collation) = &element.collation {
            self.push(" COLLATE ");
            self.qualified(collation);
        }
        if let Some(class) = &element.operator_class {
            self.push(" ");
            self.qualified(class);
        }
        self.sort_order(element.descending, element.nulls);
    }

    pub fn create_view(&mut self, view: &CreateView) {
        self.push(if view.or_replace { "CREATE OR REPLACE VIEW " } else { "CREATE VIEW " });
        self.qualified(&view.name);
        self.columns(&view.columns);
        self.push(if view.security_invoker { " WITH (security_invoker = true)" } else { "" });
        self.push(" AS\n");
        self.query_on_lines(&view.query);
    }

    pub fn alter_table(&mut self, alter: &AlterTable) {
        self.push("ALTER TABLE ");
        self.push(if alter.if_exists { "IF EXISTS " } else { "" });
        self.qualified(&alter.name);
        for (at, action) in alter.actions.iter().enumerate() {
            self.push(if at > 0 { ",\n  " } else { " " });
            self.alter_table_action(action);
        }
    }

    fn alter_table_action(&mut self, action: &AlterTableAction) {
        match action {
            AlterTableAction::AddColumn { if_not_exists, column } => {
                self.push(if *if_not_exists { "ADD COLUMN IF NOT EXISTS " } else { "ADD COLUMN " });
                self.column_def(column);
            }
            AlterTableAction::AddConstraint(constraint) => {
                self.push("ADD ");
                self.table_constraint(constraint);
            }
            AlterTableAction::SetDefault { column, value } => {
                self.alter_column(column, " SET DEFAULT ");
                self.expr(value);
            }
            AlterTableAction::DropDefault { column } => self.alter_column(column, " DROP DEFAULT"),
            AlterTableAction::SetNotNull { column } => self.alter_column(column, " SET NOT NULL"),
            AlterTableAction::DropNotNull { column } => self.alter_column(column, " DROP NOT NULL"),
            AlterTableAction::AddIdentity { column, identity } => {
                self.alter_column(column, " ADD ");
                self.identity(identity);
            }
            AlterTableAction::RowSecurity(security) => self.push(match security {
                RowSecurity::Enable => "ENABLE ROW LEVEL SECURITY",
                RowSecurity::Disable => "DISABLE ROW LEVEL SECURITY",
                RowSecurity::Force => "FORCE ROW LEVEL SECURITY",
                RowSecurity::NoForce => "NO FORCE ROW LEVEL SECURITY",
            }),
            AlterTableAction::OwnerTo(owner) => {
                self.push("OWNER TO ");
                self.role(owner);
            }
        }
    }

    fn alter_column(&mut self, column: &Name, action: &str) {
        self.push("ALTER COLUMN ");
        self.name(column);
        self.push(action);
    }
}
