//! What names mean inside a query: the tables in scope and their columns, level by level.

use mainstay_expr::{ColumnRef, Expr, ExprKind, FromItem, SourceId, TableId};
use mainstay_sql as sql;
use sql::{Diagnostic, Span};

use super::{Bind, Binder, Bound, Clause, Reported, suggestion};

/// A column that can be named.
#[derive(Debug, Clone)]
pub(crate) struct ScopeColumn {
    /// Its name here, after aliases.
    pub name: String,
    /// What it stands for.
    pub expr: Expr,
}

/// A table, view, subquery or function in FROM.
#[derive(Debug, Clone)]
pub(crate) struct ScopeTable {
    /// The name it goes by.
    pub alias: String,
    /// Its schema, when it goes by its own name.
    pub schema: Option<String>,
    /// The table or view it is, for its computed fields and its key.
    pub relation: Option<TableId>,
    /// Its source.
    pub source: SourceId,
    /// Its columns.
    pub columns: Vec<ScopeColumn>,
}

/// The tables of a FROM clause, and the columns that may be named without one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Namespace {
    /// The tables, left to right.
    pub tables: Vec<ScopeTable>,
    /// The columns as `*` lists them: those that USING joins are there once.
    pub columns: Vec<ScopeColumn>,
}

impl Namespace {
    /// One table.
    pub fn of(table: ScopeTable) -> Self {
        let columns = table.columns.clone();
        Self { tables: vec![table], columns }
    }

    /// Both, side by side.
    pub fn beside(mut self, other: Self) -> Self {
        self.tables.extend(other.tables);
        self.columns.extend(other.columns);
        self
    }

    /// The table that goes by a name.
    pub fn table(&self, name: &sql::QualifiedName) -> Option<&ScopeTable> {
        self.tables.iter().find(|table| {
            table.alias == name.name.text
                && name.schema.as_ref().is_none_or(|schema| table.schema.as_ref() == Some(&schema.text))
        })
    }
}

/// One select that is being bound, or the row that an expression speaks of.
#[derive(Debug)]
pub(crate) struct Level {
    /// What can be named.
    pub names: Namespace,
    /// Which clause is being bound.
    pub clause: Clause,
    /// Whether names may not be found here for now: subqueries in FROM that are not LATERAL.
    pub hidden: bool,
    /// Whether the arguments of an aggregate are being bound.
    pub in_aggregate: bool,
    /// Whether an aggregate was met.
    pub aggregated: bool,
    /// The set-returning function of the select list: it is one more source.
    pub set: Option<FromItem>,
    /// Where columns of this level were named, to point at them later.
    pub seen: Vec<(ColumnRef, Span, String)>,
}

impl Level {
    /// A level with these names.
    pub fn new(names: Namespace, clause: Clause) -> Self {
        Self {
            names,
            clause,
            hidden: false,
            in_aggregate: false,
            aggregated: false,
            set: None,
            seen: Vec::new(),
        }
    }
}

/// What was found under a name.
enum Found {
    /// This.
    One(Bound),
    /// Several columns of that name.
    Ambiguous,
    /// Nothing.
    Nothing,
}

impl Binder<'_> {
    /// Binds a column reference: columns of the nearest level first, then the function's arguments.
    pub(super) fn column(&mut self, reference: &sql::ColumnRef, span: Span) -> Bind<Bound> {
        let bound = match &reference.table {
            Some(table) => self.qualified_column(table, &reference.column, span)?,
            None => self.plain_column(&reference.column, span)?,
        };
        if bound.expr.ty == mainstay_expr::Type::Void && matches!(bound.expr.kind, ExprKind::Column(_)) {
            // The column's own type is wrong; that was said where it is declared.
            return Err(Reported::earlier());
        }
        Ok(bound)
    }

    fn plain_column(&mut self, name: &sql::Name, span: Span) -> Bind<Bound> {
        for position in (0..self.levels.len()).rev() {
            match self.find_plain(position, &name.text, span) {
                Found::One(bound) => return Ok(bound),
                Found::Ambiguous => {
                    let message = format!("column reference \"{}\" is ambiguous", name.text);
                    let tables: Vec<String> = self.levels[position]
                        .names
                        .tables
                        .iter()
                        .filter(|table| table.columns.iter().any(|column| column.name == name.text))
                        .map(|table| format!("{}.{}", table.alias, name.text))
                        .collect();
                    let diagnostic = Diagnostic::error("ambiguous-column", span, message);
                    return Err(self.fail(diagnostic.with_help(format!("write {}", tables.join(" or ")))));
                }
                Found::Nothing => {}
            }
        }
        if let Some(argument) = self.argument_named(&name.text, span) {
            return Ok(argument);
        }
        Err(self.unknown_column(name, span))
    }

    fn find_plain(&mut self, position: usize, name: &str, span: Span) -> Found {
        let level = &mut self.levels[position];
        if level.hidden {
            return Found::Nothing;
        }
        let mut matches = level.names.columns.iter().filter(|column| column.name == name);
        let Some(column) = matches.next() else { return Found::Nothing };
        if matches.next().is_some() {
            return Found::Ambiguous;
        }
        let expr = column.expr.clone();
        note(level, &expr, span, name);
        Found::One(Bound::typed(expr, span))
    }

    fn qualified_column(&mut self, table: &sql::QualifiedName, name: &sql::Name, span: Span) -> Bind<Bound> {
        for position in (0..self.levels.len()).rev() {
            if self.levels[position].hidden {
                continue;
            }
            let Some(found) = self.levels[position].names.table(table) else { continue };
            let Some(column) = found.columns.iter().find(|column| column.name == name.text) else {
                let found = found.clone();
                if let Some(computed) = self.computed_field(&found, name, span)? {
                    return Ok(computed);
                }
                let message = format!("column {}.{} does not exist", table.name.text, name.text);
                let help = suggestion(&name.text, found.columns.iter().map(|column| &*column.name));
                return Err(
                    self.fail(Diagnostic::error("unknown-column", name.span, message).with_help_if(help))
                );
            };
            let expr = column.expr.clone();
            let full = format!("{}.{}", table.name.text, name.text);
            note(&mut self.levels[position], &expr, span, &full);
            return Ok(Bound::typed(expr, span));
        }
        if let Some(argument) = self.argument_qualified(table, name, span)? {
            return Ok(argument);
        }
        let word = table.name.text.as_str();
        let message = format!("missing FROM-clause entry for table \"{word}\"");
        let help = match word {
            "new" | "old" | "excluded" => {
                Some("the row has no such name here: name its columns directly".to_owned())
            }
            _ => suggestion(word, self.visible_tables().map(|table| &*table.alias)),
        };
        Err(self.fail(Diagnostic::error("unknown-table", table.span, message).with_help_if(help)))
    }

    fn unknown_column(&mut self, name: &sql::Name, span: Span) -> Reported {
        if self.clause() == Clause::Default && self.levels.len() == 1 {
            let message = "cannot use column reference in DEFAULT expression";
            let help =
                "a value computed from other columns is GENERATED ALWAYS AS (…) STORED; text is written '…'";
            return self.fail(Diagnostic::error("column-in-default", span, message).with_help(help));
        }
        if self.visible_tables().any(|table| table.alias == name.text) {
            let message =
                format!("\"{}\" is a whole row here, and a row as a value is not supported", name.text);
            return self.fail(
                Diagnostic::error("unsupported", span, message).with_help("name the columns you need"),
            );
        }
        let columns = self.levels.iter().filter(|level| !level.hidden).flat_map(|level| &level.names.columns);
        let known = columns.map(|column| &*column.name).chain(self.parameters.names());
        let help = suggestion(&name.text, known);
        let message = format!("column \"{}\" does not exist", name.text);
        self.fail(Diagnostic::error("unknown-column", span, message).with_help_if(help))
    }

    /// The tables that can be named, nearest first.
    pub(super) fn visible_tables(&self) -> impl Iterator<Item = &ScopeTable> {
        self.levels.iter().rev().filter(|level| !level.hidden).flat_map(|level| &level.names.tables)
    }
}

fn note(level: &mut Level, expr: &Expr, span: Span, name: &str) {
    if let ExprKind::Column(column) = &expr.kind
        && !level.in_aggregate
    {
        level.seen.push((*column, span, name.to_owned()));
    }
}
