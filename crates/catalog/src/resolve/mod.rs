//! From statements to a catalog, pass by pass: names first, then what they are, then the expressions that speak of them.
//!
//! Every pass goes on after a mistake, so that one run reports them all. Views and functions are bound when they are first
//! needed, so that the order of the files does not matter where PostgreSQL would not need it either.

mod alter;
mod columns;
mod comments;
mod declare;
mod defaults;
mod domains;
mod foreign_keys;
mod functions;
mod grants;
mod indexes;
mod keys;
mod names;
mod naming;
mod policies;
mod recursion;
mod script;
mod tables;
mod views;

use std::collections::{HashMap, HashSet};

use mainstay_expr::TableId;
use mainstay_sql as sql;
use sql::{Diagnostic, Diagnostics, SourceFiles, Span};

use crate::bind::{Bind, NotReady, Reported, Schema};
use crate::{Catalog, FunctionId, detect, version};
use naming::ConstraintNames;

/// Reads files of SQL and resolves them. The catalog is there when nothing is an error; warnings may be there with it.
pub fn load(files: &SourceFiles) -> (Option<Catalog>, Diagnostics) {
    let (statements, mut diagnostics) = sql::read(files);
    let (catalog, found) = resolve_all(&statements, !diagnostics.has_errors());
    diagnostics.append(found);
    diagnostics.sort();
    let catalog = catalog.filter(|_| !diagnostics.has_errors());
    (catalog, diagnostics)
}

/// Resolves statements. The catalog is there when nothing is an error.
pub fn resolve(statements: &[sql::Statement]) -> (Option<Catalog>, Diagnostics) {
    resolve_all(statements, true)
}

/// The same; `whole` says that nothing of the statements is missing because it could not be read.
fn resolve_all(statements: &[sql::Statement], whole: bool) -> (Option<Catalog>, Diagnostics) {
    let mut resolver = Resolver::default();
    resolver.run(statements);
    if whole && !resolver.diagnostics.has_errors() {
        resolver.check_column_counts();
    }
    let Resolver { mut catalog, mut diagnostics, .. } = resolver;
    diagnostics.sort();
    if diagnostics.has_errors() {
        return (None, diagnostics);
    }
    catalog.version = version::of(statements);
    catalog.relationships = detect::relationships(&catalog);
    catalog.reindex();
    (Some(catalog), diagnostics)
}

/// Whether a schema's name belongs to Mainstay, Supabase or PostgreSQL itself.
pub fn is_reserved_schema(schema: &str) -> bool {
    schema.starts_with("pg_")
        || matches!(
            schema,
            "auth"
                | "storage"
                | "realtime"
                | "functions"
                | "graphql"
                | "graphql_public"
                | "vault"
                | "extensions"
                | "information_schema"
                | "mainstay"
                | "supabase_functions"
                | "supabase_migrations"
        )
}

/// A catalog that is being built.
#[derive(Default)]
struct Resolver<'t> {
    catalog: Catalog,
    diagnostics: Diagnostics,
    /// Where each table, view, index and sequence is declared, by schema and name.
    relations: HashMap<(String, String), Span>,
    /// The same in lower case, with the name as it is written: not every database tells upper from lower case.
    folded_relations: HashMap<(String, String), (Span, String)>,
    /// The names that constraints have in each schema.
    constraints: ConstraintNames,
    /// The statement that each table or view comes from, by position in the catalog.
    origins: Vec<Origin<'t>>,
    /// The names of each table's constraints.
    table_constraints: HashSet<(TableId, String)>,
    /// Where each policy is declared.
    policy_spans: HashMap<(TableId, String), Span>,
    /// The statements of the domains, and the domain each is based on.
    domains: Vec<(&'t sql::CreateDomain, Option<u32>)>,
    /// Likewise for functions.
    functions: Vec<Progress<'t, sql::CreateFunction>>,
    sequences: HashMap<(String, String), declare::Sequence<'t>>,
    /// What waits until all columns and keys are known.
    pending: Pending<'t>,
}

/// A declared table or view.
struct Origin<'t> {
    /// Its name.
    span: Span,
    /// The number of its statement.
    statement: usize,
    /// For a view.
    view: Option<Progress<'t, sql::CreateView>>,
}

/// A statement that is bound when it is first needed.
struct Progress<'t, S> {
    statement: &'t S,
    state: State,
}

/// How far that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Binding,
    Done,
    Broken,
}

/// Expressions and references that are resolved after the columns.
#[derive(Default)]
struct Pending<'t> {
    defaults: Vec<defaults::PendingDefault<'t>>,
    generated: Vec<defaults::PendingGenerated<'t>>,
    checks: Vec<tables::PendingCheck<'t>>,
    foreign_keys: Vec<foreign_keys::PendingForeignKey<'t>>,
}

impl<'t> Resolver<'t> {
    fn run(&mut self, statements: &'t [sql::Statement]) {
        self.catalog.schemas.insert("public".to_owned(), None);
        self.declare(statements);
        self.resolve_domains(statements);
        self.resolve_tables(statements);
        self.declare_functions(statements);
        self.resolve_domain_rules();
        self.resolve_views_and_functions();
        self.resolve_defaults();
        self.resolve_checks();
        self.resolve_indexes(statements);
        self.resolve_foreign_keys();
        self.inherit_keys();
        self.resolve_policies(statements);
        self.resolve_grants(statements);
        self.resolve_comments(statements);
        if !self.diagnostics.has_errors() {
            self.check_policy_recursion();
        }
    }

    fn report(&mut self, diagnostic: Diagnostic) -> Reported {
        self.diagnostics.push(diagnostic);
        Reported::earlier()
    }

    fn error(&mut self, code: &'static str, span: Span, message: impl Into<String>) -> Reported {
        self.report(Diagnostic::error(code, span, message))
    }

    /// The table or view that a name means, or a report that there is none.
    fn relation(&mut self, name: &sql::QualifiedName) -> Bind<TableId> {
        match crate::bind::find_relation(&self.catalog, name) {
            Some(id) => Ok(id),
            None => Err(self.report(crate::bind::unknown_relation(&self.catalog, name))),
        }
    }

    /// The base table that a name means, or a report.
    fn base_table(&mut self, name: &sql::QualifiedName) -> Bind<TableId> {
        let id = self.relation(name)?;
        if self.catalog.table(id).is_view() {
            return Err(self.error(
                "not-a-table",
                name.span,
                format!("\"{}\" is not a table", name.name.text),
            ));
        }
        Ok(id)
    }

    /// The position of a table's column, or a report that there is none.
    fn column(&mut self, table: TableId, name: &sql::Name) -> Bind<u32> {
        let declared = self.catalog.table(table);
        match declared.column_position(&name.text) {
            Some(position) => Ok(position),
            None => Err(self.report(crate::bind::unknown_column(declared, name))),
        }
    }

    fn table_mut(&mut self, id: TableId) -> &mut crate::Table {
        &mut self.catalog.tables[id.0 as usize]
    }
}

impl Schema for Resolver<'_> {
    fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    fn diagnostics(&mut self) -> &mut Diagnostics {
        &mut self.diagnostics
    }

    fn require_table(&mut self, table: TableId) -> Result<(), NotReady> {
        self.require_view(table)
    }

    fn require_function(&mut self, function: FunctionId) -> Result<(), NotReady> {
        self.require_body(function)
    }
}
