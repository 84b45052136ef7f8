//! `seed.sql`: INSERT, COPY and setval become rows and numbers for the engine to load.

use std::sync::{Arc, Mutex, PoisonError};

use mainstay_base::{Clock, Problem, SystemClock, SystemRandomness};
use mainstay_catalog::{BoundInsert, Catalog, ColumnDefault, InsertRows, InsertValue, Table};
use mainstay_engine::{Engine, Item, NewValue, Target};
use mainstay_exec::Seams;
use mainstay_expr::{Expr, Session, TableId, Value};
use mainstay_sql::{
    Diagnostic, Diagnostics, InsertSource, Query, QueryBody, SourceFiles, Span, Statement, Values,
};

use crate::failure::{Doing, Failure, Result, diagnose};
use crate::progress::Progress;
use crate::project::Project;
use crate::setval::{self, Sequence, SetVal};

/// Rows between two reports of how far it has come.
const REPORT_EVERY: u64 = 256;

/// Adds the rows of `seed.sql`, all of them or none; the number of rows, `None` without a file.
pub async fn run(project: &Project, engine: &dyn Engine, catalog: &Arc<Catalog>) -> Result<Option<u64>> {
    let file = project.seed_file();
    if !file.exists() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(&file).doing(|| format!("read {}", file.display()))?;
    let files = SourceFiles::single("seed.sql", text);
    let (statements, diagnostics) = mainstay_sql::read(&files);
    refuse(&files, &diagnostics)?;
    let trouble = Arc::new(Mutex::new(Trouble::default()));
    let items = Items::new(catalog, statements, trouble.clone());
    let loaded = engine.load_rows(catalog, &Session::of_owner(SystemClock.now_us()), Box::new(items)).await;
    let trouble = trouble.lock().unwrap_or_else(PoisonError::into_inner);
    refuse(&files, &trouble.diagnostics)?;
    match loaded {
        Ok(rows) => Ok(Some(rows)),
        Err(problem) => Err(trouble.at(&files, problem)),
    }
}

fn refuse(files: &SourceFiles, diagnostics: &Diagnostics) -> Result<()> {
    diagnose(files, diagnostics);
    if diagnostics.has_errors() {
        return Err(Failure::invalid("the seed has errors; nothing was added"));
    }
    Ok(())
}

/// What went wrong while the rows were read, and where that was.
#[derive(Default)]
struct Trouble {
    diagnostics: Diagnostics,
    /// The row or statement that is being added; `None` when all have been.
    place: Option<Span>,
}

impl Trouble {
    /// A row's problem with its place.
    fn at(&self, files: &SourceFiles, problem: Problem) -> Failure {
        match self.place.and_then(|place| files.location(place)) {
            Some(place) => Failure::from(problem).within(&format!("seed.sql:{}", place.line)),
            None => Failure::from(problem).within("seed.sql"),
        }
    }
}

/// The rows and sequences of a seed, each made when the engine asks for it.
struct Items {
    catalog: Arc<Catalog>,
    session: Session,
    statements: std::vec::IntoIter<Statement>,
    current: Option<Rows>,
    trouble: Arc<Mutex<Trouble>>,
    progress: Progress,
    done: u64,
    total: u64,
}

/// The rows of one statement.
struct Rows {
    target: Arc<Target>,
    /// Where the value of each of the target's columns comes from.
    sources: Vec<Source>,
    rows: std::vec::IntoIter<Vec<InsertValue>>,
    /// Where each row is written.
    places: std::vec::IntoIter<Span>,
}

/// Where a column's value comes from.
struct Source {
    /// Its position in the statement's rows, when it is given there.
    cell: Option<usize>,
    /// What it gets otherwise.
    default: Default,
}

/// What a column gets when a row does not say.
enum Default {
    Null,
    Identity,
    Expr(Expr),
}

impl Items {
    fn new(catalog: &Arc<Catalog>, statements: Vec<Statement>, trouble: Arc<Mutex<Trouble>>) -> Self {
        Self {
            catalog: catalog.clone(),
            session: Session::of_owner(SystemClock.now_us()),
            total: statements.iter().map(rows_of).sum(),
            statements: statements.into_iter(),
            current: None,
            trouble,
            progress: Progress::new("adding rows"),
            done: 0,
        }
    }

    /// Notes what is wrong, and goes on to find the rest of it.
    fn report(&self, found: Diagnostics) {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).diagnostics.append(found);
    }

    fn enter(&self, place: Option<Span>) {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).place = place;
    }

    fn has_errors(&self) -> bool {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).diagnostics.has_errors()
    }

    /// Begins with a statement; a sequence is an item of its own.
    fn begin(&mut self, statement: &Statement) -> Option<Item> {
        self.enter(Some(statement.span()));
        let bound = match statement {
            Statement::Insert(insert) => mainstay_catalog::bind_insert(&self.catalog, insert),
            Statement::Copy(copy) => mainstay_catalog::bind_copy(&self.catalog, copy),
            Statement::Query(query) => return self.sequence(query),
            _ => return None,
        };
        match bound {
            Ok(insert) => self.current = self.rows(insert, statement),
            Err(found) => self.report(found),
        }
        None
    }

    fn rows(&self, insert: BoundInsert, statement: &Statement) -> Option<Rows> {
        let InsertRows::Values(rows) = insert.rows else {
            let message = "INSERT … SELECT is not supported in a seed";
            let mut found = Diagnostics::new();
            found.push(
                Diagnostic::error("unsupported", statement.span(), message)
                    .with_help("write the rows: VALUES (…), (…)"),
            );
            self.report(found);
            return None;
        };
        let table = self.catalog.table(insert.table);
        let (columns, sources) = sources(table, &insert.columns);
        let target =
            Target { table: table.id, columns, on_conflict_do_nothing: insert.on_conflict_do_nothing };
        let places = places(statement).into_iter();
        Some(Rows { target: Arc::new(target), sources, rows: rows.into_iter(), places })
    }

    /// `SELECT setval(…)`. Any other query leaves nothing behind, and a number that is computed is what the sequence gets anyway:
    /// the greatest of its column.
    fn sequence(&self, query: &Query) -> Option<Item> {
        let set = SetVal::read(query)?;
        let Some((table, column, increment)) = self.identity(&set.sequence) else {
            let message = "this is the sequence of no column";
            let mut found = Diagnostics::new();
            found.push(Diagnostic::warning("unknown-sequence", query.span, message));
            self.report(found);
            return None;
        };
        let last = if set.called { set.value } else { set.value.saturating_sub(increment) };
        Some(Item::Sequence(mainstay_engine::Sequence { table, column, last }))
    }

    /// The column of a sequence, and its step.
    fn identity(&self, sequence: &Sequence) -> Option<(TableId, u32, i64)> {
        let named = |table: &Table, column: &str| match sequence {
            Sequence::Of((schema, name), of) => {
                table.schema == *schema && table.name == *name && column == of
            }
            Sequence::Named((schema, name)) => {
                table.schema == *schema && setval::usual_name(&table.name, column) == *name
            }
        };
        self.catalog.tables.iter().find_map(|table| {
            table.columns.iter().enumerate().find_map(|(position, column)| match &column.default {
                ColumnDefault::Identity(identity) if named(table, &column.name) => {
                    Some((table.id, position as u32, identity.increment))
                }
                _ => None,
            })
        })
    }

    /// The next row of the statement.
    fn row(&mut self) -> Option<mainstay_base::Result<Item>> {
        let current = self.current.as_mut()?;
        let Some(cells) = current.rows.next() else {
            self.current = None;
            return None;
        };
        let place = current.places.next();
        self.done += 1;
        if self.done.is_multiple_of(REPORT_EVERY) || self.done == self.total {
            self.progress.report(self.done, self.total);
        }
        if place.is_some() {
            self.enter(place);
        }
        let current = self.current.as_ref()?;
        let value = |source: &Source| value(source, &cells, &self.session);
        let values = current.sources.iter().map(value).collect::<mainstay_base::Result<Vec<_>>>();
        let target = current.target.clone();
        Some(values.map(|values| Item::Row { target, values }))
    }
}

impl Iterator for Items {
    type Item = mainstay_base::Result<Item>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            // After a mistake the rest is only looked at.
            if self.has_errors() {
                self.current = None;
            }
            if let Some(row) = self.row() {
                return Some(row);
            }
            match self.statements.next() {
                Some(statement) => {
                    if let Some(item) = self.begin(&statement) {
                        return Some(Ok(item));
                    }
                }
                None if self.has_errors() => return Some(Err(Problem::new("42601", "the seed has errors"))),
                None => {
                    self.enter(None);
                    return None;
                }
            }
        }
    }
}

/// How many rows a statement adds, as far as can be seen.
fn rows_of(statement: &Statement) -> u64 {
    match (statement, values(statement)) {
        (_, Some(values)) => values.rows.len() as u64,
        (Statement::Insert(_), None) => 1,
        (Statement::Copy(copy), _) => copy.rows.len() as u64,
        _ => 0,
    }
}

fn values(statement: &Statement) -> Option<&Values> {
    let Statement::Insert(insert) = statement else { return None };
    let InsertSource::Query(query) = &insert.source else { return None };
    match &query.body {
        QueryBody::Values(values) => Some(values),
        _ => None,
    }
}

/// Where each row of a statement begins.
fn places(statement: &Statement) -> Vec<Span> {
    match (statement, values(statement)) {
        (Statement::Copy(copy), _) => copy.rows.iter().map(|row| row.span).collect(),
        (_, Some(values)) => {
            let first = |row: &Vec<mainstay_sql::Expr>| row.first().map_or(values.span, |value| value.span);
            values.rows.iter().map(first).collect()
        }
        _ => vec![statement.span()],
    }
}

/// Every column of the table that is not generated, and where its values come from.
fn sources(table: &Table, given: &[u32]) -> (Vec<u32>, Vec<Source>) {
    let columns = (0..).zip(&table.columns);
    columns
        .filter_map(|(position, column)| {
            let default = match &column.default {
                ColumnDefault::Generated(_) => return None,
                // An existing database gets no rows from us.
                ColumnDefault::None | ColumnDefault::Native(_) => Default::Null,
                ColumnDefault::Expr(expr) => Default::Expr(expr.clone()),
                ColumnDefault::Identity(_) => Default::Identity,
            };
            let cell = given.iter().position(|it| *it == position);
            Some((position, Source { cell, default }))
        })
        .unzip()
}

fn value(source: &Source, cells: &[InsertValue], session: &Session) -> mainstay_base::Result<NewValue> {
    match (source.cell.and_then(|cell| cells.get(cell)), &source.default) {
        (Some(InsertValue::Value(expr)), _) | (_, Default::Expr(expr)) => evaluate(expr, session),
        (_, Default::Null) => Ok(NewValue::Value(Value::Null)),
        (_, Default::Identity) => Ok(NewValue::Identity),
    }
}

fn evaluate(expr: &Expr, session: &Session) -> mainstay_base::Result<NewValue> {
    let seams = Seams { clock: &SystemClock, random: &SystemRandomness };
    seams.evaluate(expr, session).map(NewValue::Value)
}
