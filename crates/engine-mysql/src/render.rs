//! Plans as statements: everything that can be worked out without a database and without a request's values.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mainstay_base::{Problem, Result};
use mainstay_catalog::{Catalog, Table};
use mainstay_dialect::mysql::storage::{self, Storage};
use mainstay_dialect::mysql::{self, Flavour, Input, Restriction, Statement};
use mainstay_engine::{Expect, Job, Page, Shape, join_to_one};
use mainstay_expr::{
    CompareOp, Expr, ExprKind, FromItem, Input as ExprInput, Item, Rights, Select, SourceId, TableId,
    TableSource,
};
use mainstay_plan::{
    Action, Child, Conflict, ConflictAction, DeletePlan, InsertPlan, NewColumn, Node, Otherwise, Plan,
    ReadPlan, ResultKind, Returning, RowCheck, UpdatePlan,
};

use crate::left::Left;
use crate::place::Places;
use crate::sequence::{Sequence, sequences};

/// Rows that one statement inserts, the most first. A statement has 65535 parameters at most.
const ROWS_TOGETHER: [usize; 2] = [64, 8];
pub(crate) const PARAMETERS_MAX: usize = 65_535;

/// A plan as this engine runs it.
pub(crate) struct RenderedPlan {
    pub catalog: Arc<Catalog>,
    pub action: RenderedAction,
}

pub(crate) enum RenderedAction {
    Read(RenderedRead),
    Insert(RenderedInsert),
    Update(RenderedUpdate),
    Delete(RenderedDelete),
}

/// A statement, what it wants and what it yields.
pub(crate) struct Query {
    /// By which connections know what they have prepared of it.
    pub id: u64,
    pub text: String,
    pub inputs: Vec<Input>,
    pub columns: Vec<Storage>,
    /// How its rows are computed, where the database has no words for them.
    pub rest: Option<Rest>,
}

/// What is read and what is made of it.
pub(crate) struct Rest {
    pub reads: Vec<Query>,
    pub compute: Arc<mysql::Rest>,
}

pub(crate) struct RenderedRead {
    pub tree: RenderedTree,
    pub total: Option<RenderedTotal>,
}

pub(crate) struct RenderedTotal {
    pub count: Query,
    pub page: Page,
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
    /// Where a row of this level holds the key to its parent.
    pub key_items: Vec<u32>,
    /// For each level below, the items that tie a row of this one to it.
    pub branches: Vec<Vec<u32>>,
}

pub(crate) struct RenderedInsert {
    pub table: TableId,
    pub places: Places,
    /// Where each of the table's columns stands in a new row.
    pub positions: Vec<Option<u32>>,
    pub sequences: Vec<Sequence>,
    /// For one row.
    pub insert: Query,
    /// For several at once: how many, and the statement.
    pub together: Vec<(usize, Query)>,
    /// For a row that comes alone, with the checks inside. There is none when rows that exist go another way.
    pub alone: Option<Query>,
    pub checks: Checks,
    pub left: Left,
    pub conflict: Option<RenderedConflict>,
    pub returning: Option<RenderedTree>,
}

pub(crate) struct RenderedConflict {
    /// The place of the row that exists, if there is one, and what each check says of it.
    pub find: Query,
    /// The key's columns and how their values are stored.
    pub key: Vec<(u32, Storage)>,
    /// What is done to it; nothing when it stays.
    pub update: Option<RowUpdate>,
}

/// The way of found rows to their new state.
pub(crate) struct RowUpdate {
    pub update: Option<Query>,
    /// The columns that it sets: of a new row that meets another one, not those that have only a default.
    pub columns: Vec<u32>,
    /// What is wrong when a check does not hold.
    pub problems: Vec<Problem>,
    pub left: Left,
}

pub(crate) struct RenderedUpdate {
    pub table: TableId,
    pub places: Places,
    /// Where each of the table's columns stands in the new values.
    pub positions: Vec<Option<u32>>,
    pub sequences: Vec<Sequence>,
    /// The places of the rows, and what each check says of them.
    pub find: Query,
    pub row: RowUpdate,
    pub returning: Option<RenderedTree>,
}

pub(crate) struct RenderedDelete {
    pub table: TableId,
    pub places: Places,
    pub find: Query,
    /// What happens to rows that refer to those that go.
    pub before: Vec<Query>,
    pub delete: Query,
    /// What takes out the references among rows that go together, should they be in the way.
    pub unlink: Vec<Query>,
    pub returning: Option<RenderedTree>,
}

/// Conditions on a new row.
pub(crate) struct Checks {
    pub query: Option<Query>,
    pub problems: Vec<Problem>,
}

/// What plans are rendered with.
#[derive(Clone, Copy)]
struct Renderer<'r> {
    flavour: Flavour,
    catalog: &'r Catalog,
}

impl RenderedPlan {
    /// Whether a job writes with one statement and asks for nothing that could fail after it.
    pub fn is_one_statement(&self, job: &Job) -> bool {
        let RenderedAction::Insert(insert) = &self.action else { return false };
        job.inputs.rows.len() == 1
            && insert.alone.is_some()
            && insert.returning.is_none()
            && job.expect == Expect::default()
            && !job.rollback
    }

    pub fn new(flavour: Flavour, catalog: &Arc<Catalog>, plan: &Plan) -> Result<Self> {
        let renderer = Renderer { flavour, catalog };
        let action = match &plan.action {
            Action::Read(read) => RenderedAction::Read(renderer.read(read)?),
            Action::Insert(insert) => RenderedAction::Insert(renderer.insert(insert)?),
            Action::Update(update) => RenderedAction::Update(renderer.update(update)?),
            Action::Delete(delete) => RenderedAction::Delete(renderer.delete(delete)?),
        };
        Ok(Self { catalog: Arc::clone(catalog), action })
    }
}

impl Query {
    pub fn new(statement: Statement) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let Statement { text, inputs, columns, rest } = statement;
        let rest = rest.map(|compute| Rest {
            reads: compute.reads.iter().map(|read| Self::new(read.clone())).collect(),
            compute,
        });
        Self { id: NEXT.fetch_add(1, Ordering::Relaxed), text, inputs, columns, rest }
    }
}

impl Query {
    /// A statement of ours, whose values are at hand.
    pub fn plain(text: &str) -> Self {
        Self::new(Statement { text: text.to_owned(), inputs: Vec::new(), columns: Vec::new(), rest: None })
    }
}

impl RenderedRead {
    /// Whether one statement gives the whole answer.
    pub fn is_one_statement(&self) -> bool {
        self.tree.levels.len() == 1 && self.total.is_none() && self.tree.levels[0].query.is_one_statement()
    }

    /// The statement whose rows are the whole answer, where there is one.
    pub fn alone(&self) -> Option<&Query> {
        match self.tree.levels.as_slice() {
            [level] if self.total.is_none() && level.query.rest.is_none() => Some(&level.query),
            _ => None,
        }
    }
}

impl Query {
    fn is_one_statement(&self) -> bool {
        self.rest.as_ref().is_none_or(|rest| rest.reads.len() < 2)
    }
}

impl Renderer<'_> {
    fn select(&self, select: &Select, restriction: Restriction<'_>) -> Result<Query> {
        mysql::select(self.flavour, self.catalog, select, restriction).map(Query::new)
    }

    fn read(&self, plan: &ReadPlan) -> Result<RenderedRead> {
        let total = match &plan.total {
            Some(total) => Some(RenderedTotal {
                count: self.select(&total.count, Restriction::None)?,
                page: Page::of(&plan.root.select),
            }),
            None => None,
        };
        Ok(RenderedRead { tree: self.tree(&plan.root, plan.result, Restriction::None)?, total })
    }

    fn tree(&self, root: &Node, result: ResultKind, restriction: Restriction<'_>) -> Result<RenderedTree> {
        match self.levels(&join_to_one(root, None), result, restriction) {
            // What a joined table hides can be worked out where the table is a level of its own.
            Err(problem) if problem.code() == "0A000" => self.levels(root, result, restriction),
            tree => tree,
        }
    }

    fn levels(&self, root: &Node, result: ResultKind, restriction: Restriction<'_>) -> Result<RenderedTree> {
        let query = self.select(&root.select, restriction)?;
        let mut levels = Vec::new();
        let level = RenderedLevel { query, key_items: Vec::new(), branches: Vec::new() };
        self.add_level(&mut levels, root, level)?;
        Ok(RenderedTree { shape: Shape::new(root, result), levels })
    }

    /// What a write reads back of the rows in question.
    fn returning(&self, returning: Option<&Returning>) -> Result<Option<RenderedTree>> {
        let tree = returning.map(|returning| {
            self.tree(&returning.node, ResultKind::Rows, Restriction::Rows(returning.source))
        });
        tree.transpose()
    }

    /// Adds a level and those below it in the order that [`Shape`] has.
    fn add_level(
        &self,
        levels: &mut Vec<RenderedLevel>,
        node: &Node,
        mut level: RenderedLevel,
    ) -> Result<()> {
        level.branches = node.children.iter().map(|child| child.parent_items.clone()).collect();
        levels.push(level);
        for child in &node.children {
            let below = self.child_level(child)?;
            self.add_level(levels, &child.node, below)?;
        }
        Ok(())
    }

    fn child_level(&self, child: &Child) -> Result<RenderedLevel> {
        let query = self.select(&child.node.select, Restriction::Keys(&child.key))?;
        Ok(RenderedLevel { query, key_items: child.key_items.clone(), branches: Vec::new() })
    }

    fn insert(&self, plan: &InsertPlan) -> Result<RenderedInsert> {
        let Self { flavour, catalog } = *self;
        let table = catalog.table(plan.table);
        if plan.returning.is_some() || plan.conflict.is_some() {
            addressed(table, "read back new rows of")?;
        }
        // what is left to the database for every row is not said
        let is_said =
            |column: &&NewColumn| column.cell.is_some() || !matches!(column.otherwise, Otherwise::Native);
        let columns: Vec<u32> = plan.columns.iter().filter(is_said).map(|column| column.column).collect();
        let insert = |rows| Query::new(mysql::insert(catalog, plan.table, &columns, rows));
        let places = Places::of(table);
        let left = Left::of(catalog, table);
        let mut together = Vec::new();
        if plan.conflict.is_none() && places.is_known() {
            for rows in ROWS_TOGETHER.into_iter().filter(|rows| rows * columns.len() <= PARAMETERS_MAX) {
                together.push((rows, insert(rows)));
            }
        }
        let checks: Vec<Expr> = plan.checks.iter().map(|check| check.expr.clone()).collect();
        let alone = match &plan.conflict {
            None if left.is_empty() => {
                mysql::insert_checked(flavour, catalog, plan.table, &columns, &checks).map(Query::new)
            }
            _ => None,
        };
        Ok(RenderedInsert {
            table: plan.table,
            places,
            positions: NewColumn::positions(&plan.columns, table.columns.len()),
            sequences: sequences(table, columns.iter().copied()),
            insert: insert(1),
            together,
            alone,
            checks: self.checks(&plan.checks)?,
            left,
            conflict: plan.conflict.as_ref().map(|conflict| self.conflict(table, conflict)).transpose()?,
            returning: self.returning(plan.returning.as_ref())?,
        })
    }

    fn conflict(&self, table: &Table, conflict: &Conflict) -> Result<RenderedConflict> {
        let key = conflict.key.iter().map(|column| (*column, storage::of(&table.column(*column).ty)));
        let key = key.collect();
        Ok(match &conflict.action {
            ConflictAction::Ignore => {
                let find = self.find_by_key(table, &conflict.key)?;
                RenderedConflict { find, key, update: None }
            }
            ConflictAction::Update(update) => {
                let find = self.find(update)?;
                RenderedConflict { find, key, update: Some(self.row_update(update)) }
            }
        })
    }

    /// Finds the rows of an update, and asks its checks.
    fn find(&self, plan: &UpdatePlan) -> Result<Query> {
        let checks: Vec<Expr> = plan.checks.iter().map(|check| check.expr.clone()).collect();
        self.select_rows(plan.table, plan.source, &plan.filter, &checks)
    }

    /// Finds the row that has the new row's key.
    fn find_by_key(&self, table: &Table, key: &[u32]) -> Result<Query> {
        let source = SourceId(1);
        let filter = Expr::all(key.iter().map(|&column| {
            let ty = table.column(column).ty.ty.clone();
            let new = Expr::new(ExprKind::Input(ExprInput::New(column)), ty.clone());
            Expr::compare(CompareOp::Eq, Expr::column(source, column, ty), new)
        }));
        self.select_rows(table.id, source, &filter, &[])
    }

    fn select_rows(&self, table: TableId, source: SourceId, filter: &Expr, checks: &[Expr]) -> Result<Query> {
        mysql::select_rows(self.flavour, self.catalog, table, source, filter, checks).map(Query::new)
    }

    fn row_update(&self, plan: &UpdatePlan) -> RowUpdate {
        let columns: Vec<u32> = plan.columns.iter().map(|column| column.column).collect();
        let update = match columns.is_empty() {
            true => None,
            false => Some(Query::new(mysql::update(self.catalog, plan.table, &columns))),
        };
        let left = Left::of(self.catalog, self.catalog.table(plan.table));
        let problems = plan.checks.iter().map(|check| check.problem.clone()).collect();
        RowUpdate { update, columns, problems, left }
    }

    fn update(&self, plan: &UpdatePlan) -> Result<RenderedUpdate> {
        let table = self.catalog.table(plan.table);
        addressed(table, "update")?;
        Ok(RenderedUpdate {
            table: plan.table,
            places: Places::of(table),
            positions: NewColumn::positions(&plan.columns, table.columns.len()),
            sequences: sequences(table, plan.columns.iter().map(|column| column.column)),
            find: self.find(plan)?,
            row: self.row_update(plan),
            returning: self.returning(plan.returning.as_ref())?,
        })
    }

    fn delete(&self, plan: &DeletePlan) -> Result<RenderedDelete> {
        addressed(self.catalog.table(plan.table), "delete from")?;
        let before = mysql::set_defaults(self.flavour, self.catalog, plan.table)?;
        Ok(RenderedDelete {
            table: plan.table,
            places: Places::of(self.catalog.table(plan.table)),
            find: self.select_rows(plan.table, plan.source, &plan.filter, &[])?,
            before: before.into_iter().map(Query::new).collect(),
            delete: Query::new(mysql::delete(self.catalog, plan.table)),
            unlink: mysql::unlink(self.catalog, plan.table).into_iter().map(Query::new).collect(),
            returning: self.returning(plan.returning.as_ref())?,
        })
    }

    fn checks(&self, checks: &[RowCheck]) -> Result<Checks> {
        let asked: Vec<&RowCheck> = checks.iter().filter(|check| !check.expr.is_true()).collect();
        let exprs: Vec<Expr> = asked.iter().map(|check| check.expr.clone()).collect();
        let query = match exprs.is_empty() {
            true => None,
            false => Some(Query::new(mysql::expression_select(self.flavour, self.catalog, &exprs)?)),
        };
        Ok(Checks { query, problems: asked.iter().map(|check| check.problem.clone()).collect() })
    }
}

/// Refuses to touch single rows of a table that has no way to tell them apart.
fn addressed(table: &Table, what: &str) -> Result<()> {
    if table.primary_key.is_some() || !mysql::is_adopted(table) {
        return Ok(());
    }
    let message = format!("cannot {what} table \"{}\" because it has no primary key", table.name);
    Err(Problem::new("0A000", message).with_details("Nothing tells the rows of the table apart."))
}

/// Reads whole rows by their places, for what errors tell of them.
pub(crate) fn whole_rows(flavour: Flavour, catalog: &Catalog, table: &Table) -> Result<Query> {
    let source = SourceId(1);
    let items = table.columns.iter().zip(0u32..).map(|(column, position)| Item {
        expr: Expr::column(source, position, column.ty.ty.clone()),
        name: column.name.clone(),
    });
    let from = TableSource { source, table: table.id, rights: Rights::Definer, visible: None };
    let select = Select { from: vec![FromItem::Table(from)], items: items.collect(), ..Select::default() };
    mysql::select(flavour, catalog, &select, Restriction::Rows(source)).map(Query::new)
}
