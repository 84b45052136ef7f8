//! Writes that the database itself keeps the rules of: one statement each, which returns what is read back of its rows.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use mainstay_base::{Problem, Result};
use mainstay_catalog::Catalog;
use mainstay_dialect::postgres::{self, DirectInsert, DirectUpdate, Form, INSERTED, Statement};
use mainstay_engine::{Answer, Format, Job, Levels, NewValue};
use mainstay_expr::TableId;
use mainstay_plan::{
    Conflict, DeletePlan, InsertPlan, NewColumn, Otherwise, ResultKind, Returning, UpdatePlan,
};

use crate::bind::{AllRows, NewRow, Values};
use crate::connection::{Connection, Failed};
use crate::read;
use crate::render::{Query, QueryOf, RenderedTree};

type Done<T> = std::result::Result<T, Failed>;

/// A write as it is sent.
pub(crate) struct Direct {
    table: TableId,
    /// Where each of the table's columns stands in a new row.
    positions: Vec<Option<u32>>,
    /// The columns that rows may have values for.
    columns: Vec<u32>,
    verb: Verb,
    returning: Option<Returning>,
    /// What is read back, for its levels and their columns; its first statement is the write itself.
    tree: Option<RenderedTree>,
    /// How many rows were added, for writes that tell them from those that existed.
    inserted: Query,
    /// Statements by what they depend on beside the plan.
    variants: Mutex<HashMap<Variant, Arc<Query>>>,
}

enum Verb {
    Insert { conflict: Option<Conflict> },
    Update { plan: Box<UpdatePlan> },
    Delete { plan: Box<DeletePlan> },
}

/// What the text of a write depends on beside its plan.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
struct Variant {
    /// Columns that take their defaults.
    defaults: BTreeSet<u32>,
    /// Whether many rows are written at once.
    many: bool,
    /// Whether values come as text.
    as_text: bool,
    /// Whether rows are returned.
    returns: bool,
}

/// Consecutive rows that take their defaults in the same columns.
struct Run<'r> {
    defaults: BTreeSet<u32>,
    rows: &'r [Vec<NewValue>],
}

impl Direct {
    /// An insert.
    ///
    /// # Errors
    /// What cannot be said on PostgreSQL.
    pub fn insert(catalog: &Catalog, plan: &InsertPlan) -> Result<Self> {
        // What only we can compute is written even where nothing was given.
        let is_ours = |new: &&NewColumn| {
            new.cell.is_some()
                || matches!(new.otherwise, Otherwise::Default(_))
                    && !postgres::knows_default(catalog, plan.table, new.column)
        };
        let columns = plan.columns.iter().filter(is_ours).map(|new| new.column).collect();
        let verb = Verb::Insert { conflict: plan.conflict.clone() };
        Self::new(catalog, plan.table, &plan.columns, columns, verb, plan.returning.as_ref())
    }

    /// An update.
    ///
    /// # Errors
    /// What cannot be said on PostgreSQL.
    pub fn update(catalog: &Catalog, plan: &UpdatePlan) -> Result<Self> {
        let columns = plan.columns.iter().map(|new| new.column).collect();
        let verb = Verb::Update { plan: Box::new(plan.clone()) };
        Self::new(catalog, plan.table, &plan.columns, columns, verb, plan.returning.as_ref())
    }

    /// A delete.
    ///
    /// # Errors
    /// What cannot be said on PostgreSQL.
    pub fn delete(catalog: &Catalog, plan: &DeletePlan) -> Result<Self> {
        let verb = Verb::Delete { plan: Box::new(plan.clone()) };
        Self::new(catalog, plan.table, &[], Vec::new(), verb, plan.returning.as_ref())
    }

    fn new(
        catalog: &Catalog,
        table: TableId,
        new: &[NewColumn],
        columns: Vec<u32>,
        verb: Verb,
        returning: Option<&Returning>,
    ) -> Result<Self> {
        let inserted = Statement { text: INSERTED.to_owned(), inputs: Vec::new(), columns: Vec::new() };
        let mut direct = Self {
            table,
            positions: NewColumn::positions(new, catalog.table(table).columns.len()),
            columns,
            verb,
            returning: returning.cloned(),
            tree: None,
            inserted: Query::new(inserted),
            variants: Mutex::default(),
        };
        if let Some(returning) = returning {
            let write = match direct.writes_nothing() {
                true => postgres::select(catalog, &returning.node.select, postgres::Restriction::None)?,
                false => direct.statement(catalog, &Variant { returns: true, ..Variant::default() })?,
            };
            let root = Query::new(write);
            direct.tree = Some(RenderedTree::below(catalog, root, &returning.node, returning.result)?);
        }
        Ok(direct)
    }

    /// Whether rows are sent back.
    pub fn answers_with_rows(&self) -> bool {
        self.returning.is_some()
    }

    /// What is read back.
    pub fn tree(&self) -> Option<&RenderedTree> {
        self.tree.as_ref()
    }

    /// Whether rows go.
    pub fn removes(&self) -> bool {
        matches!(self.verb, Verb::Delete { .. })
    }

    /// The statements that a job runs.
    ///
    /// # Errors
    /// What cannot be said on PostgreSQL.
    pub fn queries<'d>(&'d self, catalog: &Catalog, job: &Job) -> Result<Vec<QueryOf<'d>>> {
        let writes = self.statements(catalog, job, self.returning.is_some())?;
        let mut queries: Vec<QueryOf<'d>> =
            writes.into_iter().map(|(query, _)| QueryOf::Job(query)).collect();
        if self.is_counted() {
            queries.push(QueryOf::Plan(&self.inserted));
        }
        let below = self.tree.iter().flat_map(|tree| tree.levels.iter().skip(1));
        queries.extend(below.map(|level| QueryOf::Plan(level.query_for(job.output.format))));
        Ok(queries)
    }

    /// Whether one statement does all of it.
    pub fn is_single(&self, job: &Job) -> bool {
        !self.writes_nothing()
            && !self.is_counted()
            && self.tree.as_ref().is_none_or(|tree| tree.levels.len() == 1)
            && match self.verb {
                Verb::Insert { .. } => self.runs(&job.inputs.rows).len() == 1,
                Verb::Update { .. } | Verb::Delete { .. } => true,
            }
    }

    /// The values of a run of rows, of which there is one at least.
    fn values_of<'r>(&'r self, job: &'r Job, rows: &'r [Vec<NewValue>]) -> Values<'r> {
        let positions = &self.positions;
        let new = rows.first().map(|values| NewRow { values, drawn: &[], positions });
        Values { new, all: Some(AllRows { rows, positions }), ..values(job) }
    }

    /// The statements of the write, with their values.
    fn statements<'r>(
        &'r self,
        catalog: &Catalog,
        job: &'r Job,
        returns: bool,
    ) -> Result<Vec<(Arc<Query>, Values<'r>)>> {
        let as_text = job.output.format == Format::Csv;
        let variant = |defaults, many| self.variant(catalog, Variant { defaults, many, as_text, returns });
        let rows = match self.verb {
            _ if self.writes_nothing() => return Ok(Vec::new()),
            Verb::Delete { .. } => return Ok(vec![(variant(BTreeSet::new(), false)?, values(job))]),
            // Of several rows any one may be taken.
            Verb::Update { .. } => job.inputs.rows.get(..1).unwrap_or_default(),
            Verb::Insert { .. } => job.inputs.rows.as_slice(),
        };
        let runs = self.runs(rows).into_iter();
        runs.map(|run| Ok((variant(run.defaults, run.rows.len() > 1)?, self.values_of(job, run.rows))))
            .collect()
    }

    /// Whether there is nothing that an update could set.
    fn writes_nothing(&self) -> bool {
        matches!(self.verb, Verb::Update { .. }) && self.columns.is_empty()
    }

    fn is_counted(&self) -> bool {
        match &self.verb {
            Verb::Insert { conflict } => self.as_insert(conflict, &self.columns, false).is_counted(),
            Verb::Update { .. } | Verb::Delete { .. } => false,
        }
    }

    fn as_insert<'a>(
        &self,
        conflict: &'a Option<Conflict>,
        columns: &'a [u32],
        many: bool,
    ) -> DirectInsert<'a> {
        DirectInsert { table: self.table, columns, many, conflict: conflict.as_ref() }
    }

    fn statement(&self, catalog: &Catalog, variant: &Variant) -> Result<Statement> {
        let form = if variant.as_text { Form::Text } else { Form::Json };
        let returning = self.returning.as_ref().filter(|_| variant.returns);
        let given = self.columns.iter().copied().filter(|column| !variant.defaults.contains(column));
        let (given, defaults): (Vec<u32>, Vec<u32>) =
            (given.collect(), variant.defaults.iter().copied().collect());
        match &self.verb {
            Verb::Insert { conflict } => {
                self.as_insert(conflict, &given, variant.many).statement(catalog, returning, form)
            }
            Verb::Update { plan } => {
                let update = DirectUpdate {
                    table: self.table,
                    source: plan.source,
                    filter: &plan.filter,
                    columns: &self.columns,
                    defaults: &defaults,
                };
                update.statement(catalog, returning, form)
            }
            Verb::Delete { plan } => {
                postgres::direct_delete(catalog, self.table, plan.source, &plan.filter, returning, form)
            }
        }
    }

    fn variant(&self, catalog: &Catalog, variant: Variant) -> Result<Arc<Query>> {
        let known = self.variants.lock().unwrap_or_else(PoisonError::into_inner).get(&variant).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let query = Arc::new(Query::new(self.statement(catalog, &variant)?));
        let mut known = self.variants.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(known.entry(variant).or_insert(query)))
    }

    /// The new rows, parted where the columns that take their defaults change.
    fn runs<'r>(&self, rows: &'r [Vec<NewValue>]) -> Vec<Run<'r>> {
        let defaults = |row: &Vec<NewValue>| -> BTreeSet<u32> {
            let position = |column: &u32| self.positions.get(*column as usize).copied().flatten();
            let is_default = |column: &u32| {
                let value = position(column).and_then(|position| row.get(position as usize));
                matches!(value, Some(NewValue::Identity | NewValue::Default))
            };
            self.columns.iter().copied().filter(is_default).collect()
        };
        let mut runs: Vec<Run<'r>> = Vec::new();
        let mut start = 0;
        for (position, row) in rows.iter().enumerate() {
            let wanted = defaults(row);
            // Rows without a single value are added one by one: there is no statement for many.
            let is_bare = wanted.len() == self.columns.len();
            match runs.last_mut() {
                Some(last) if last.defaults == wanted && !is_bare => last.rows = &rows[start..=position],
                _ => {
                    start = position;
                    runs.push(Run { defaults: wanted, rows: &rows[position..=position] });
                }
            }
        }
        runs
    }
}

/// Runs a write on a connection with an open transaction.
pub(crate) async fn run(
    connection: &Connection,
    direct: &Direct,
    catalog: &Catalog,
    job: &Job,
    bytes_max: usize,
) -> Done<Answer> {
    let work = Work { connection, direct, catalog, job };
    let Some(tree) = &direct.tree else { return work.silently().await };
    if tree.shape.result() == ResultKind::Document {
        return work.write_document().await;
    }
    let mut levels = Levels::new(&tree.shape, job.output, bytes_max);
    match &direct.verb {
        // Rows below are to be read as they were before the rows went.
        Verb::Delete { .. } if tree.levels.len() > 1 => {
            connection.control("SAVEPOINT direct").await?;
            work.write(tree, &mut levels).await?;
            connection.control("ROLLBACK TO direct; RELEASE direct").await?;
            read::below(connection, tree, &work.values(), job.output, &mut levels).await?;
            if work.remove().await? != levels.root_rows() {
                return Err(
                    Problem::new("40001", "could not serialize access due to concurrent delete").into()
                );
            }
        }
        _ => {
            work.write(tree, &mut levels).await?;
            read::below(connection, tree, &work.values(), job.output, &mut levels).await?;
        }
    }
    let rows = levels.root_rows();
    let inserted = work.inserted(rows).await?;
    Ok(Answer { body: levels.finish()?, rows, affected: rows, inserted, ..Answer::default() })
}

/// The values of a job, without those of new rows.
fn values(job: &Job) -> Values<'_> {
    Values::of(&job.inputs.slots, &job.inputs.session)
}

/// A write with its values.
pub(crate) struct Work<'w> {
    pub connection: &'w Connection,
    pub direct: &'w Direct,
    pub catalog: &'w Catalog,
    pub job: &'w Job,
}

impl<'w> Work<'w> {
    fn values(&self) -> Values<'w> {
        values(self.job)
    }

    /// Its statements, which return rows or do not.
    pub fn statements(&self, returns: bool) -> Result<Vec<(Arc<Query>, Values<'w>)>> {
        self.direct.statements(self.catalog, self.job, returns)
    }

    /// Writes, and takes the rows that are returned.
    pub async fn write(&self, tree: &RenderedTree, levels: &mut Levels<'_>) -> Done<()> {
        for (query, values) in self.statements(true)? {
            read::root(self.connection, &query, &tree.levels[0], &values, levels).await?;
        }
        Ok(())
    }

    /// Writes, and takes the document that is made of the rows.
    async fn write_document(&self) -> Done<Answer> {
        let (body, rows) = match self.statements(true)?.as_slice() {
            [] => (Vec::new(), 0),
            [(query, values)] => read::document(self.connection, query, values).await?,
            _ => {
                return Err(Problem::new("PGRST127", "Feature not implemented")
                    .with_details(
                        "Rows with defaults in different columns cannot be answered in this media type.",
                    )
                    .into());
            }
        };
        let inserted = self.inserted(rows).await?;
        Ok(Answer { body, rows, affected: rows, inserted, ..Answer::default() })
    }

    /// Writes without having anything returned, which needs no right to read.
    async fn silently(&self) -> Done<Answer> {
        let mut affected = 0;
        for (query, values) in self.statements(false)? {
            affected += self.connection.execute(&query, &values).await?;
        }
        let inserted = self.inserted(affected).await?;
        Ok(Answer { rows: affected, affected, inserted, ..Answer::default() })
    }

    /// Removes the rows, and says how many there were.
    async fn remove(&self) -> Done<u64> {
        let mut removed = 0;
        for (query, values) in self.statements(false)? {
            removed += self.connection.execute(&query, &values).await?;
        }
        Ok(removed)
    }

    /// How many of the written rows are new.
    async fn inserted(&self, affected: u64) -> Done<u64> {
        match &self.direct.verb {
            Verb::Insert { .. } if self.direct.is_counted() => {
                let rows = self.connection.all(&self.direct.inserted, &self.values()).await?;
                let counted: Option<String> = rows.first().and_then(|row| row.try_get(0).ok()).flatten();
                Ok(counted.and_then(|counted| counted.parse().ok()).unwrap_or(0))
            }
            Verb::Insert { .. } => Ok(affected),
            Verb::Update { .. } | Verb::Delete { .. } => Ok(0),
        }
    }
}
