//! The first pass: what there is, by name. Schemas, enums, tables, views and sequences.

use std::sync::Arc;

use mainstay_expr::{EnumType, TableId};
use mainstay_sql as sql;
use sql::{Diagnostic, Span};

use super::columns::FOLDED_HELP;
use super::{Origin, Progress, Resolver, State, is_reserved_schema};
use crate::bind::Bind;
use crate::lookup::UserType;
use crate::{Grants, Table, TableKind, ViewDef};

/// A sequence, for the columns that it numbers.
pub(super) struct Sequence<'t> {
    pub options: &'t sql::SequenceOptions,
    pub span: Span,
    /// Whether a column takes its numbers from it.
    pub used: bool,
}

impl<'t> Resolver<'t> {
    /// Declares everything that has a name of its own.
    pub(super) fn declare(&mut self, statements: &'t [sql::Statement]) {
        for statement in statements {
            if let sql::Statement::CreateSchema(schema) = statement {
                self.declare_schema(schema);
            }
        }
        for (number, statement) in statements.iter().enumerate() {
            match statement {
                sql::Statement::CreateEnum(it) => {
                    let _ = self.declare_enum(it);
                }
                sql::Statement::CreateTable(it) => {
                    let _ = self.declare_relation(&it.name, it.if_not_exists, number, None);
                }
                sql::Statement::CreateView(it) => {
                    let _ = self.declare_relation(&it.name, false, number, Some(it));
                }
                sql::Statement::CreateSequence(it) => {
                    let _ = self.declare_sequence(it);
                }
                other => self.other_statement(other),
            }
        }
    }

    fn declare_schema(&mut self, schema: &sql::CreateSchema) {
        let name = &schema.name.text;
        if is_reserved_schema(name) {
            let message = format!("the schema name \"{name}\" is reserved");
            let diagnostic = Diagnostic::error("reserved-schema", schema.name.span, message);
            self.report(diagnostic.with_help("choose another name"));
        } else if self.catalog.schemas.insert(name.clone(), None).is_some()
            && !schema.if_not_exists
            && name != "public"
        {
            self.error("duplicate-name", schema.name.span, format!("schema \"{name}\" already exists"));
        }
    }

    /// The schema that a new object goes into.
    pub(super) fn schema_for(&mut self, name: &sql::QualifiedName) -> Bind<String> {
        let Some(schema) = &name.schema else { return Ok("public".to_owned()) };
        if is_reserved_schema(&schema.text) {
            let message = format!("nothing can be created in the schema \"{}\"", schema.text);
            let help = "it belongs to Mainstay: use public, or a schema of your own";
            return Err(
                self.report(Diagnostic::error("reserved-schema", schema.span, message).with_help(help))
            );
        }
        if !self.catalog.schemas.contains_key(&schema.text) {
            let message = format!("schema \"{}\" does not exist", schema.text);
            let known = self.catalog.schemas.keys().map(String::as_str);
            let help = crate::bind::suggestion(&schema.text, known)
                .unwrap_or_else(|| format!("create it first: CREATE SCHEMA {};", schema.text));
            return Err(
                self.report(Diagnostic::error("unknown-schema", schema.span, message).with_help(help))
            );
        }
        Ok(schema.text.clone())
    }

    fn declare_enum(&mut self, it: &sql::CreateEnum) -> Bind<()> {
        let schema = self.schema_for(&it.name)?;
        self.type_is_new(&schema, &it.name)?;
        let mut labels: Vec<String> = Vec::with_capacity(it.labels.len());
        for label in &it.labels {
            if labels.contains(&label.text) {
                let message = format!("the label '{}' is there twice", label.text);
                self.error("duplicate-name", label.span, message);
            }
            labels.push(label.text.clone());
        }
        let name = it.name.name.text.clone();
        let position = self.catalog.enums.len() as u32;
        self.catalog.declare_type(&schema, &name, UserType::Enum(position));
        self.catalog.enums.push(Arc::new(EnumType { schema, name, labels }));
        Ok(())
    }

    /// Requires that no type goes by that name.
    pub(super) fn type_is_new(&mut self, schema: &str, name: &sql::QualifiedName) -> Bind<()> {
        if self.catalog.find_type(schema, &name.name.text).is_some() {
            let message = format!("type \"{}\" already exists", name.name.text);
            return Err(self.error("duplicate-name", name.span, message));
        }
        Ok(())
    }

    /// Takes a name among tables, views, indexes and sequences, which share theirs.
    pub(super) fn take_relation_name(&mut self, schema: &str, name: &str, span: Span) -> Bind<()> {
        let key = (schema.to_owned(), name.to_owned());
        if let Some(first) = self.relations.get(&key) {
            let message = format!("relation \"{name}\" already exists");
            let diagnostic =
                Diagnostic::error("duplicate-name", span, message).with_place(*first, "first declared here");
            return Err(self.report(diagnostic));
        }
        let folded = (schema.to_ascii_lowercase(), name.to_ascii_lowercase());
        if let Some((first, other)) = self.folded_relations.get(&folded) {
            let message = format!("relations \"{other}\" and \"{name}\" differ in upper and lower case only");
            let diagnostic = Diagnostic::error("duplicate-name", span, message)
                .with_place(*first, "first declared here")
                .with_help(FOLDED_HELP);
            return Err(self.report(diagnostic));
        }
        self.folded_relations.insert(folded, (span, name.to_owned()));
        self.relations.insert(key, span);
        Ok(())
    }

    fn declare_relation(
        &mut self,
        name: &sql::QualifiedName,
        if_not_exists: bool,
        statement: usize,
        view: Option<&'t sql::CreateView>,
    ) -> Bind<()> {
        let schema = self.schema_for(name)?;
        let key = (schema.clone(), name.name.text.clone());
        if if_not_exists && self.relations.contains_key(&key) {
            return Ok(());
        }
        self.take_relation_name(&schema, &name.name.text, name.span)?;
        if self.catalog.find_type(&schema, &name.name.text).is_some() {
            let message = format!("type \"{}\" already exists", name.name.text);
            let help = "a table is a type too, and needs a name of its own";
            self.report(Diagnostic::error("duplicate-name", name.span, message).with_help(help));
        }
        let kind = match view {
            None => TableKind::Base,
            Some(view) => TableKind::View(ViewDef {
                select: mainstay_expr::Select::default(),
                security_invoker: view.security_invoker,
                updatable: None,
            }),
        };
        let id = TableId(self.catalog.tables.len() as u32);
        self.catalog.declare_table(Table {
            id,
            schema,
            name: name.name.text.clone(),
            kind,
            columns: Vec::new(),
            primary_key: None,
            uniques: Vec::new(),
            checks: Vec::new(),
            foreign_keys: Vec::new(),
            indexes: Vec::new(),
            row_security: false,
            policies: Vec::new(),
            grants: Grants::default(),
            comment: None,
        });
        let view = view.map(|statement| Progress { statement, state: State::Waiting });
        self.origins.push(Origin { span: name.span, statement, view });
        Ok(())
    }

    fn declare_sequence(&mut self, it: &'t sql::CreateSequence) -> Bind<()> {
        let schema = self.schema_for(&it.name)?;
        let key = (schema.clone(), it.name.name.text.clone());
        if it.if_not_exists && self.relations.contains_key(&key) {
            return Ok(());
        }
        self.take_relation_name(&schema, &it.name.name.text, it.name.span)?;
        self.sequences.insert(key, Sequence { options: &it.options, span: it.name.span, used: false });
        Ok(())
    }
}
