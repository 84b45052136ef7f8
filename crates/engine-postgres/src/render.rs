//! Plans as statements: everything that can be worked out without a database and without a request's values.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::direct::Direct;
use mainstay_base::{Problem, Result};
use mainstay_catalog::{Catalog, Source, Table};
use mainstay_dialect::postgres::{self, Input, Restriction, Statement, identity_sequence};
use mainstay_engine::{Expect, Format, Job, Page, Shape, join_to_one};
use mainstay_expr::{
    CompareOp, Expr, ExprKind, FromItem, Input as ExprInput, Item, Select, SourceId, TableId, Tree, Type,
    Value,
};
use mainstay_plan::{
    Action, Child, Conflict, ConflictAction, DeletePlan, Enforcement, InsertPlan, NewColumn, Node, Plan,
    ReadPlan, ResultKind, Returning, RowCheck, Total, TotalKind, TransactionMode, UpdatePlan,
};

/// A plan as this engine runs it.
pub(crate) struct RenderedPlan {
    pub catalog: Arc<Catalog>,
    pub transaction: TransactionMode,
    pub action: RenderedAction,
}

pub(crate) enum RenderedAction {
    Read(RenderedRead),
    Insert(RenderedInsert),
    Update(RenderedUpdate),
    Delete(RenderedDelete),
    /// A write that the database keeps the rules of.
    Direct(Box<Direct>),
}

/// A statement of a plan, or one that was made for a job.
pub(crate) enum QueryOf<'p> {
    Plan(&'p Query),
    Job(Arc<Query>),
}

impl Deref for QueryOf<'_> {
    type Target = Query;

    fn deref(&self) -> &Query {
        match self {
            Self::Plan(query) => query,
            Self::Job(query) => query,
        }
    }
}

/// A statement, what it wants and what it yields.
#[derive(Debug)]
pub(crate) struct Query {
    /// By which connections know what they have prepared of it.
    pub id: u64,
    pub text: String,
    pub inputs: Vec<Input>,
    pub columns: Vec<Type>,
}

pub(crate) struct RenderedRead {
    pub tree: RenderedTree,
    pub total: Option<RenderedTotal>,
}

pub(crate) struct RenderedTotal {
    pub count: Counting,
    pub page: Page,
}

/// How the number of all rows is found.
pub(crate) enum Counting {
    /// This counts them.
    Exact(Query),
    /// The number of rows that the planner expects of this.
    Planned(Query),
    /// The first counts them up to one more than the limit; when there are as many, the planner's number counts, if it is greater.
    Estimated { limited: Query, all: Query, up_to: u64 },
}

/// A tree of flat reads.
pub(crate) struct RenderedTree {
    pub shape: Shape,
    /// In the shape's order.
    pub levels: Vec<RenderedLevel>,
}

pub(crate) struct RenderedLevel {
    /// All rows of a root, the rows of all parents below it.
    pub query: Query,
    /// The same with every value as text, when that differs.
    pub text: Option<Query>,
    /// Where a row of this level holds the key to its parent.
    pub key_items: Vec<u32>,
    /// For each level below, the items that tie a row of this one to it.
    pub branches: Vec<Vec<u32>>,
}

pub(crate) struct RenderedInsert {
    pub table: TableId,
    /// Where each of the table's columns stands in a new row.
    pub positions: Vec<Option<u32>>,
    /// The columns that have a sequence, and how a number of each is drawn.
    pub identities: Vec<(u32, Query)>,
    /// Whether the numbers must be known before the row is written.
    pub draws_first: bool,
    /// With every number drawn by the table.
    pub drawing: Query,
    /// With every number given.
    pub given: Query,
    /// For a row that comes alone: both ways with the checks inside, so that one statement does it all. There is none when
    /// rows that exist go another way.
    pub alone: Option<Alone>,
    pub checks: Checks,
    pub conflict: Option<RenderedConflict>,
    pub returning: Option<RenderedTree>,
}

/// How a row is added that comes alone.
pub(crate) struct Alone {
    /// With every number drawn by the table.
    pub drawing: Query,
    /// With every number given.
    pub given: Query,
}

pub(crate) struct RenderedConflict {
    /// The place of the row that exists, if there is one, and what each check says of it.
    pub find: Query,
    /// The key's columns and their types.
    pub key: Vec<(u32, Type)>,
    /// What is done to it; nothing when it stays.
    pub update: Option<RowUpdate>,
}

/// The way of found rows to their new state.
pub(crate) struct RowUpdate {
    pub update: Option<Query>,
    /// What is wrong when a check does not hold.
    pub problems: Vec<Problem>,
}

pub(crate) struct RenderedUpdate {
    /// Where each of the table's columns stands in the new values.
    pub positions: Vec<Option<u32>>,
    pub identities: Vec<(u32, Query)>,
    /// The places of the rows, and what each check says of them.
    pub find: Query,
    pub row: RowUpdate,
    pub returning: Option<RenderedTree>,
}

pub(crate) struct RenderedDelete {
    pub find: Query,
    pub delete: Query,
    pub returning: Option<RenderedTree>,
}

/// Conditions on a new row.
pub(crate) struct Checks {
    pub query: Option<Query>,
    pub problems: Vec<Problem>,
}

impl RenderedPlan {
    /// Whether a job writes with one statement and asks for nothing that could fail after it.
    pub fn is_one_statement(&self, job: &Job) -> bool {
        let RenderedAction::Insert(insert) = &self.action else { return false };
        job.inputs.rows.len() == 1
            && insert.alone.is_some()
            && insert.returning.is_none()
            && job.expect == Expect::default()
            && job.inputs.session.timezone.is_none()
            && !job.rollback
    }

    pub fn new(catalog: &Arc<Catalog>, plan: &Plan) -> Result<Self> {
        let by_role = plan.transaction.enforcement == Enforcement::Role;
        let direct = |direct: Result<Direct>| direct.map(|direct| RenderedAction::Direct(Box::new(direct)));
        let action = match &plan.action {
            Action::Insert(insert) if by_role => direct(Direct::insert(catalog, insert))?,
            Action::Update(update) if by_role => direct(Direct::update(catalog, update))?,
            Action::Delete(delete) if by_role => direct(Direct::delete(catalog, delete))?,
            Action::Read(read) => RenderedAction::Read(RenderedRead::new(catalog, read)?),
            Action::Insert(insert) => RenderedAction::Insert(RenderedInsert::new(catalog, insert)?),
            Action::Update(update) => RenderedAction::Update(RenderedUpdate::new(catalog, update)?),
            Action::Delete(delete) => RenderedAction::Delete(RenderedDelete::new(catalog, delete)?),
        };
        Ok(Self { catalog: Arc::clone(catalog), transaction: plan.transaction.clone(), action })
    }

    /// The statements that it is known to run, as far as they can be sent before the answers of others.
    ///
    /// # Errors
    /// What cannot be said on PostgreSQL.
    pub fn queries(&self, job: &Job) -> Result<Vec<QueryOf<'_>>> {
        Ok(match &self.action {
            RenderedAction::Read(read) => {
                let levels = read.tree.levels.iter().map(|level| level.query_for(job.output.format));
                let total = read.total.as_ref().and_then(|total| total.count.counts());
                levels.chain(total).map(QueryOf::Plan).collect()
            }
            RenderedAction::Direct(direct) => direct.queries(&self.catalog, job)?,
            // They prepare what they need.
            RenderedAction::Insert(_) | RenderedAction::Update(_) | RenderedAction::Delete(_) => Vec::new(),
        })
    }

    /// Whether one statement does all of it.
    pub fn is_single(&self, job: &Job) -> bool {
        match &self.action {
            RenderedAction::Read(read) => read.is_one_statement(),
            RenderedAction::Direct(direct) => direct.is_single(job),
            RenderedAction::Insert(_) | RenderedAction::Update(_) | RenderedAction::Delete(_) => false,
        }
    }

    /// Whether it reads and does nothing else, so that it may run twice, and on a copy of the database.
    pub fn only_reads(&self) -> bool {
        matches!(self.action, RenderedAction::Read(_)) && self.transaction.read_only
    }

    /// Whether rows are sent back.
    pub fn answers_with_rows(&self) -> bool {
        match &self.action {
            RenderedAction::Read(_) => true,
            RenderedAction::Insert(insert) => insert.returning.is_some(),
            RenderedAction::Update(update) => update.returning.is_some(),
            RenderedAction::Delete(delete) => delete.returning.is_some(),
            RenderedAction::Direct(direct) => direct.answers_with_rows(),
        }
    }
}

impl Query {
    pub fn new(statement: Statement) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let Statement { text, inputs, columns } = statement;
        Self { id: NEXT.fetch_add(1, Ordering::Relaxed), text, inputs, columns }
    }
}

impl RenderedLevel {
    /// The statement that answers in a format.
    pub fn query_for(&self, format: Format) -> &Query {
        match (format, &self.text) {
            (Format::Csv, Some(text)) => text,
            _ => &self.query,
        }
    }
}

impl RenderedRead {
    fn new(catalog: &Catalog, plan: &ReadPlan) -> Result<Self> {
        let total = match &plan.total {
            Some(total) => {
                Some(RenderedTotal { count: Counting::new(catalog, total)?, page: Page::of(rows_of(plan)) })
            }
            None => None,
        };
        let tree = RenderedTree::new(catalog, &plan.root, plan.result, Restriction::None)?;
        Ok(Self { tree, total })
    }

    /// Whether one statement gives the whole answer.
    pub fn is_one_statement(&self) -> bool {
        self.tree.levels.len() == 1 && self.total.is_none()
    }
}

impl Counting {
    /// Only an existing database is asked for its own numbers: of ours the same is told on every engine.
    fn new(catalog: &Catalog, total: &Total) -> Result<Self> {
        let query = |select: &Select| postgres::select(catalog, select, Restriction::None).map(Query::new);
        let row = || Item { expr: Expr::literal(Value::Int(1), Type::Int4), name: "row".to_owned() };
        let all = || Select { grouped: false, items: vec![row()], ..total.count.clone() };
        match total.kind {
            _ if catalog.source != Source::Existing => Ok(Self::Exact(query(&total.count)?)),
            TotalKind::Exact => Ok(Self::Exact(query(&total.count)?)),
            TotalKind::Planned => Ok(Self::Planned(query(&all())?)),
            TotalKind::Estimated { up_to } => {
                let most = i64::try_from(up_to).unwrap_or(i64::MAX).saturating_add(1);
                let limit = Some(Expr::literal(Value::Int(most), Type::Int8));
                let from = FromItem::Select {
                    // No planner gives so many numbers.
                    source: SourceId(u32::MAX),
                    select: Box::new(Select { limit, ..all() }),
                    lateral: false,
                };
                let items = total.count.items.clone();
                let limited = Select { from: vec![from], items, grouped: true, ..Select::default() };
                Ok(Self::Estimated { limited: query(&limited)?, all: query(&all())?, up_to })
            }
        }
    }

    /// The statement that counts, where one does.
    pub fn counts(&self) -> Option<&Query> {
        match self {
            Self::Exact(query) | Self::Estimated { limited: query, .. } => Some(query),
            Self::Planned(_) => None,
        }
    }
}

/// The select whose rows are counted: a document is made of those of another.
fn rows_of(plan: &ReadPlan) -> &Select {
    match (plan.result, plan.root.select.from.as_slice()) {
        (ResultKind::Document, [FromItem::Select { select, .. }]) => select,
        _ => &plan.root.select,
    }
}

impl RenderedTree {
    fn new(catalog: &Catalog, root: &Node, result: ResultKind, restriction: Restriction<'_>) -> Result<Self> {
        let root = join_to_one(root, None);
        let query = Query::new(postgres::select(catalog, &root.select, restriction)?);
        let text = postgres::select_as_text(catalog, &root.select, restriction)?.map(Query::new);
        let mut levels = Vec::new();
        add_level(
            catalog,
            &mut levels,
            &root,
            RenderedLevel { query, text, key_items: Vec::new(), branches: Vec::new() },
        )?;
        Ok(Self { shape: Shape::new(&root, result), levels })
    }

    /// A tree whose root is read by a statement of another kind; the items are those of `root`.
    pub fn below(catalog: &Catalog, query: Query, root: &Node, result: ResultKind) -> Result<Self> {
        let mut levels = Vec::new();
        let level = RenderedLevel { query, text: None, key_items: Vec::new(), branches: Vec::new() };
        add_level(catalog, &mut levels, root, level)?;
        Ok(Self { shape: Shape::new(root, result), levels })
    }

    /// What a write reads back of the rows in question.
    fn returning(catalog: &Catalog, returning: Option<&Returning>) -> Result<Option<Self>> {
        let tree = returning.map(|returning| {
            Self::new(catalog, &returning.node, ResultKind::Rows, Restriction::Rows(returning.source))
        });
        tree.transpose()
    }
}

/// Adds a level and those below it in the order that [`Shape`] has.
fn add_level(
    catalog: &Catalog,
    levels: &mut Vec<RenderedLevel>,
    node: &Node,
    mut level: RenderedLevel,
) -> Result<()> {
    level.branches = node.children.iter().map(|child| child.parent_items.clone()).collect();
    levels.push(level);
    for child in &node.children {
        let below = child_level(catalog, child)?;
        add_level(catalog, levels, &child.node, below)?;
    }
    Ok(())
}

fn child_level(catalog: &Catalog, child: &Child) -> Result<RenderedLevel> {
    let (select, restriction) = (&child.node.select, Restriction::Keys(&child.key));
    let query = Query::new(postgres::select(catalog, select, restriction)?);
    let text = postgres::select_as_text(catalog, select, restriction)?.map(Query::new);
    Ok(RenderedLevel { query, text, key_items: child.key_items.clone(), branches: Vec::new() })
}

impl RenderedInsert {
    fn new(catalog: &Catalog, plan: &InsertPlan) -> Result<Self> {
        let table = catalog.table(plan.table);
        let columns: Vec<u32> = plan.columns.iter().map(|column| column.column).collect();
        let identities = identities(table, &plan.columns);
        let drawn: Vec<u32> = identities.iter().map(|(column, _)| *column).collect();
        let conflict = match &plan.conflict {
            Some(conflict) => Some(RenderedConflict::new(catalog, table, conflict)?),
            None => None,
        };
        let key = plan.conflict.as_ref().map(|conflict| conflict.key.as_slice());
        let asks = |column: &u32| plan.checks.iter().any(|check| speaks_of_new(&check.expr, *column));
        let draws_first = drawn.iter().any(asks) || (conflict.is_some() && !drawn.is_empty());
        let checks: Vec<Expr> = plan.checks.iter().map(|check| check.expr.clone()).collect();
        let checked = |drawn: &[u32]| {
            postgres::insert_checked(catalog, plan.table, &columns, drawn, &checks).map(Query::new)
        };
        let alone = match conflict.is_none() && !draws_first {
            true => Some(Alone { drawing: checked(&drawn)?, given: checked(&[])? }),
            false => None,
        };
        Ok(Self {
            table: plan.table,
            positions: NewColumn::positions(&plan.columns, table.columns.len()),
            draws_first,
            alone,
            identities,
            drawing: Query::new(postgres::insert(catalog, plan.table, &columns, &drawn, key)),
            given: Query::new(postgres::insert(catalog, plan.table, &columns, &[], key)),
            checks: Checks::new(catalog, &plan.checks)?,
            conflict,
            returning: RenderedTree::returning(catalog, plan.returning.as_ref())?,
        })
    }
}

/// Whether a condition asks for a column of the new row.
fn speaks_of_new(expr: &Expr, column: u32) -> bool {
    expr.any(|part| matches!(part.kind, ExprKind::Input(ExprInput::New(asked)) if asked == column))
}

impl RenderedConflict {
    fn new(catalog: &Catalog, table: &Table, conflict: &Conflict) -> Result<Self> {
        let key = conflict.key.iter().map(|column| (*column, table.column(*column).ty.ty.clone())).collect();
        match &conflict.action {
            ConflictAction::Ignore => {
                let find = find_by_key(catalog, table, &conflict.key)?;
                Ok(Self { find, key, update: None })
            }
            ConflictAction::Update(update) => {
                let find = find(catalog, update)?;
                Ok(Self { find, key, update: Some(RowUpdate::new(catalog, update)) })
            }
        }
    }
}

/// Finds the rows of an update, and asks its checks.
fn find(catalog: &Catalog, plan: &UpdatePlan) -> Result<Query> {
    let checks: Vec<Expr> = plan.checks.iter().map(|check| check.expr.clone()).collect();
    Ok(Query::new(postgres::select_rows(catalog, plan.table, plan.source, &plan.filter, &checks)?))
}

/// Finds the row that has the new row's key.
fn find_by_key(catalog: &Catalog, table: &Table, key: &[u32]) -> Result<Query> {
    let source = SourceId(1);
    let filter = Expr::all(key.iter().map(|&column| {
        let ty = table.column(column).ty.ty.clone();
        let new = Expr::new(ExprKind::Input(ExprInput::New(column)), ty.clone());
        Expr::compare(CompareOp::Eq, Expr::column(source, column, ty), new)
    }));
    Ok(Query::new(postgres::select_rows(catalog, table.id, source, &filter, &[])?))
}

impl RowUpdate {
    fn new(catalog: &Catalog, plan: &UpdatePlan) -> Self {
        let columns: Vec<u32> = plan.columns.iter().map(|column| column.column).collect();
        let update = match columns.is_empty() {
            true => None,
            false => Some(Query::new(postgres::update(catalog, plan.table, &columns))),
        };
        Self { update, problems: plan.checks.iter().map(|check| check.problem.clone()).collect() }
    }
}

impl RenderedUpdate {
    fn new(catalog: &Catalog, plan: &UpdatePlan) -> Result<Self> {
        let table = catalog.table(plan.table);
        Ok(Self {
            positions: NewColumn::positions(&plan.columns, table.columns.len()),
            identities: identities(table, &plan.columns),
            find: find(catalog, plan)?,
            row: RowUpdate::new(catalog, plan),
            returning: RenderedTree::returning(catalog, plan.returning.as_ref())?,
        })
    }
}

impl RenderedDelete {
    fn new(catalog: &Catalog, plan: &DeletePlan) -> Result<Self> {
        let find = postgres::select_rows(catalog, plan.table, plan.source, &plan.filter, &[])?;
        Ok(Self {
            find: Query::new(find),
            delete: Query::new(postgres::delete(catalog, plan.table)),
            returning: RenderedTree::returning(catalog, plan.returning.as_ref())?,
        })
    }
}

impl Checks {
    fn new(catalog: &Catalog, checks: &[RowCheck]) -> Result<Self> {
        let asked: Vec<&RowCheck> = checks.iter().filter(|check| !check.expr.is_true()).collect();
        let exprs: Vec<Expr> = asked.iter().map(|check| check.expr.clone()).collect();
        let query = match exprs.is_empty() {
            true => None,
            false => Some(Query::new(postgres::expression_select(catalog, &exprs)?)),
        };
        Ok(Self { query, problems: asked.iter().map(|check| check.problem.clone()).collect() })
    }
}

fn identities(table: &Table, columns: &[NewColumn]) -> Vec<(u32, Query)> {
    let drawn = columns.iter().map(|column| column.column);
    let drawn = drawn.filter(|column| identity_sequence(table.column(*column)).is_some());
    drawn.map(|column| (column, Query::new(postgres::draw(table, column)))).collect()
}
