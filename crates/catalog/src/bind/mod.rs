//! Binding: SQL trees to typed expressions and selects. Every name is resolved, every cast inserted.
//!
//! It reads the schema through [`Schema`], so that the same code serves the resolver, which is still building the catalog,
//! and tools that bind against a finished one. It knows no engine.

mod aggregates;
mod calls;
mod coerce;
mod expr;
mod from;
mod group;
mod inline;
mod insert;
mod parameters;
mod predicates;
mod query;
mod scope;
mod select;
mod special;
mod types;

use std::collections::BTreeSet;

use mainstay_expr::{
    Expr, ExprKind, FromItem, Rights, Select, SourceId, SourceIds, TableId, Type, Value, Volatility,
};
use mainstay_sql as sql;
use sql::{Diagnostic, Diagnostics, Span, closest};

use crate::{Catalog, FunctionId};

pub(crate) use from::{find_relation, unknown_relation};
pub(crate) use insert::unknown_column;
pub use insert::{BoundInsert, InsertRows, InsertValue, bind_copy, bind_insert};
pub(crate) use parameters::Parameters;
pub(crate) use query::{BoundQuery, Output, derived};
pub(crate) use scope::{Level, Namespace, ScopeColumn, ScopeTable};
pub(crate) use select::column_name;
pub(crate) use types::named_type;

/// Something could not be bound, and the diagnostics say why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reported(());

impl Reported {
    /// It follows from something that was reported where it stands.
    pub fn earlier() -> Self {
        Self(())
    }
}

/// The result of binding.
pub(crate) type Bind<T> = std::result::Result<T, Reported>;

/// Why a view or a function cannot be used yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotReady {
    /// It is being bound right now: it refers to itself.
    Recursive,
    /// It could not be bound, which was reported.
    Broken,
}

/// What binding needs of the schema.
pub(crate) trait Schema {
    /// What is declared so far: every table, view and function is there by name.
    fn catalog(&self) -> &Catalog;
    /// Where to report.
    fn diagnostics(&mut self) -> &mut Diagnostics;
    /// Makes a view's columns and query available.
    fn require_table(&mut self, table: TableId) -> std::result::Result<(), NotReady>;
    /// Makes a function's body available.
    fn require_function(&mut self, function: FunctionId) -> std::result::Result<(), NotReady>;
}

/// A catalog that is complete.
pub(crate) struct Finished<'a> {
    /// The catalog.
    pub catalog: &'a Catalog,
    /// What was found wrong.
    pub diagnostics: Diagnostics,
}

impl Finished<'_> {
    /// What was found wrong, in the order of the text.
    pub fn into_diagnostics(mut self) -> Diagnostics {
        self.diagnostics.sort();
        self.diagnostics
    }
}

impl Schema for Finished<'_> {
    fn catalog(&self) -> &Catalog {
        self.catalog
    }

    fn diagnostics(&mut self) -> &mut Diagnostics {
        &mut self.diagnostics
    }

    fn require_table(&mut self, _: TableId) -> std::result::Result<(), NotReady> {
        Ok(())
    }

    fn require_function(&mut self, _: FunctionId) -> std::result::Result<(), NotReady> {
        Ok(())
    }
}

/// A bound expression and its place.
#[derive(Debug, Clone)]
pub(crate) struct Bound {
    /// The expression. A literal whose type is still open is of type text.
    pub expr: Expr,
    /// Whether it is a quoted literal or NULL that takes the type its surroundings ask for.
    pub unknown: bool,
    /// Its place.
    pub span: Span,
}

impl Bound {
    /// An expression whose type is known.
    pub fn typed(expr: Expr, span: Span) -> Self {
        Self { expr, unknown: false, span }
    }

    /// A quoted literal.
    pub fn text(text: &str, span: Span) -> Self {
        Self { expr: Expr::literal(Value::Text(text.to_owned()), Type::Text), unknown: true, span }
    }

    /// NULL.
    pub fn null(span: Span) -> Self {
        Self { expr: Expr::literal(Value::Null, Type::Text), unknown: true, span }
    }

    /// Its type, unless that is still open.
    pub fn ty(&self) -> Option<Type> {
        (!self.unknown).then(|| self.expr.ty.clone())
    }
}

/// Where an expression stands; it decides what it may contain and how messages call the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clause {
    /// The select list.
    Items,
    /// FROM
    From,
    /// ON
    Join,
    /// WHERE
    Where,
    /// GROUP BY
    GroupBy,
    /// HAVING
    Having,
    /// ORDER BY
    OrderBy,
    /// DISTINCT ON
    DistinctOn,
    /// LIMIT
    Limit,
    /// OFFSET
    Offset,
    /// VALUES
    Values,
    /// CHECK
    Check,
    /// DEFAULT
    Default,
    /// GENERATED ALWAYS AS
    Generated,
    /// A key of an index.
    Index,
    /// WHERE of an index.
    IndexPredicate,
    /// USING and WITH CHECK of a policy.
    Policy,
}

impl Clause {
    /// How PostgreSQL's messages call the place.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Items => "SELECT",
            Self::From => "functions in FROM",
            Self::Join => "JOIN conditions",
            Self::Where => "WHERE",
            Self::GroupBy => "GROUP BY",
            Self::Having => "HAVING",
            Self::OrderBy => "ORDER BY",
            Self::DistinctOn => "DISTINCT ON",
            Self::Limit => "LIMIT",
            Self::Offset => "OFFSET",
            Self::Values => "VALUES",
            Self::Check => "check constraints",
            Self::Default => "DEFAULT expressions",
            Self::Generated => "column generation expressions",
            Self::Index => "index expressions",
            Self::IndexPredicate => "index predicates",
            Self::Policy => "policy expressions",
        }
    }

    /// Whether aggregates may stand there.
    fn aggregates(self) -> bool {
        matches!(self, Self::Items | Self::Having | Self::OrderBy | Self::DistinctOn)
    }

    /// The place when subqueries may not stand there, in the singular.
    fn forbids_subqueries(self) -> Option<&'static str> {
        match self {
            Self::Check => Some("check constraint"),
            Self::Default => Some("DEFAULT expression"),
            Self::Generated => Some("column generation expression"),
            Self::Index => Some("index expression"),
            Self::IndexPredicate => Some("index predicate"),
            _ => None,
        }
    }
}

/// Binds an expression over one row of a table of a complete catalog: the row is
/// [`SourceId::ROW`](mainstay_expr::SourceId::ROW).
pub fn bind_expression(catalog: &Catalog, expr: &sql::Expr, table: TableId) -> Result<Expr, Diagnostics> {
    let mut schema = Finished { catalog, diagnostics: Diagnostics::new() };
    let bound = Binder::over_row(&mut schema, table, Clause::Policy).value(expr);
    bound.map_err(|_| schema.into_diagnostics())
}

/// Binds a query against a complete catalog. Its tables are read with the asker's rights.
pub fn bind_query(catalog: &Catalog, query: &sql::Query) -> Result<Select, Diagnostics> {
    let mut schema = Finished { catalog, diagnostics: Diagnostics::new() };
    let bound = Binder::new(&mut schema).query(query);
    bound.map(|query| query.select).map_err(|_| schema.into_diagnostics())
}

/// Binds the expressions and queries of one statement.
pub(crate) struct Binder<'s> {
    /// The schema.
    pub schema: &'s mut dyn Schema,
    /// Hands out the statement's source numbers.
    pub ids: SourceIds,
    /// The enclosing selects, outermost first.
    pub levels: Vec<Level>,
    /// Whose rights the tables named directly are read with.
    pub rights: Rights,
    /// The arguments of the function whose body this is.
    pub parameters: Parameters,
    /// What the user's functions that were called are declared to depend on.
    pub called: Volatility,
    /// Those of them that whoever asks calls, and must have the right to.
    pub calls: BTreeSet<FunctionId>,
    /// The WITH queries in scope.
    ctes: Vec<query::CommonTable>,
}

impl<'s> Binder<'s> {
    /// A binder with nothing in scope.
    pub fn new(schema: &'s mut dyn Schema) -> Self {
        Self {
            schema,
            ids: SourceIds::default(),
            levels: Vec::new(),
            rights: Rights::Invoker,
            parameters: Parameters::default(),
            called: Volatility::Immutable,
            calls: BTreeSet::new(),
            ctes: Vec::new(),
        }
    }

    /// A binder for expressions over one row of a table.
    pub fn over_row(schema: &'s mut dyn Schema, table: TableId, clause: Clause) -> Self {
        let names = Namespace::of(row_of(schema.catalog(), table, SourceId::ROW));
        let mut binder = Self::new(schema);
        binder.levels.push(Level::new(names, clause));
        binder
    }

    /// A binder for expressions that see no row.
    pub fn without_row(schema: &'s mut dyn Schema, clause: Clause) -> Self {
        let mut binder = Self::new(schema);
        binder.levels.push(Level::new(Namespace::default(), clause));
        binder
    }

    /// Reports an error.
    pub fn fail(&mut self, diagnostic: Diagnostic) -> Reported {
        self.schema.diagnostics().push(diagnostic);
        Reported(())
    }

    /// Reports an error without advice.
    pub fn error(&mut self, code: &'static str, span: Span, message: impl Into<String>) -> Reported {
        self.fail(Diagnostic::error(code, span, message))
    }

    /// Reports something that PostgreSQL has and Mainstay does not.
    pub fn unsupported(&mut self, span: Span, what: &str, instead: &str) -> Reported {
        let diagnostic = Diagnostic::error("unsupported", span, format!("{what} not supported"));
        self.fail(diagnostic.with_help(instead))
    }

    /// The clause being bound.
    pub fn clause(&self) -> Clause {
        self.levels.last().map_or(Clause::Values, |level| level.clause)
    }

    /// The innermost select.
    fn level(&mut self) -> &mut Level {
        if self.levels.is_empty() {
            self.levels.push(Level::new(Namespace::default(), Clause::Values));
        }
        self.levels.last_mut().expect("a level was pushed above")
    }

    /// Says that a view or function that is not ready cannot be used at `span`.
    fn not_ready(&mut self, why: NotReady, span: Span, what: &str) -> Reported {
        match why {
            NotReady::Broken => Reported(()),
            NotReady::Recursive => self.error(
                "recursion",
                span,
                format!("infinite recursion detected in {what}: it refers to itself"),
            ),
        }
    }
}

/// `did you mean "…"?`, when a candidate comes near. Between names of one letter that says nothing.
pub(crate) fn suggestion<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let near = closest(name, known).filter(|_| name.chars().nth(1).is_some());
    near.map(|it| format!("did you mean \"{it}\"?"))
}

/// A table as a scope sees one row of it.
pub(crate) fn row_of(catalog: &Catalog, table: TableId, source: SourceId) -> ScopeTable {
    let table = catalog.table(table);
    let columns = (0..).zip(&table.columns).map(|(position, column)| ScopeColumn {
        name: column.name.clone(),
        expr: Expr::column(source, position, column.ty.ty.clone()),
    });
    ScopeTable {
        alias: table.name.clone(),
        schema: Some(table.schema.clone()),
        relation: Some(table.id),
        source,
        columns: columns.collect(),
    }
}

/// The sources of a FROM item at its own level: subqueries count as one.
pub(crate) fn sources_of(from: &FromItem, into: &mut Vec<SourceId>) {
    match from {
        FromItem::Table(table) => into.push(table.source),
        FromItem::Select { source, .. }
        | FromItem::Values { source, .. }
        | FromItem::Unnest { source, .. }
        | FromItem::Series { source, .. }
        | FromItem::Function { source, .. } => into.push(*source),
        FromItem::Join { left, right, .. } => {
            sources_of(left, into);
            sources_of(right, into);
        }
    }
}

/// Whether it is a literal, a column or an input: free to repeat.
pub(crate) fn is_simple(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Literal(_) | ExprKind::Column(_) | ExprKind::Input(_) => true,
        ExprKind::Cast(inner, _) => is_simple(inner),
        _ => false,
    }
}
