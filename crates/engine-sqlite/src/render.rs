//! Plans as statements: everything that can be worked out without a database and without a request's values.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use mainstay_base::{Problem, Result};
use mainstay_catalog::{Catalog, ColumnDefault, Table};
use mainstay_dialect::sqlite::storage::{DatumRef, Storage};
use mainstay_dialect::sqlite::{self, Input, Restriction, Statement, row_id_column};
use mainstay_dialect::storage::key;
use mainstay_engine::{Job, Page, Shape, join_to_one};
use mainstay_expr::{CompareOp, Expr, ExprKind, Input as ExprInput, Select, SourceId, TableId, Type};
use mainstay_plan::{
    Action, Child, ConflictAction, DeletePlan, InsertPlan, NewColumn, Node, Otherwise, Plan, ReadPlan,
    ResultKind, Returning, RowCheck, UpdatePlan,
};

use crate::functions;
use crate::statement::Sql;

/// A plan as this engine runs it.
pub(crate) struct RenderedPlan {
    pub catalog: Arc<Catalog>,
    pub action: RenderedAction,
    /// Whether a constraint that is checked at commit could fail because of it: then it shares no transaction.
    pub alone: bool,
    /// Reads left that go to a worker at once, since the last one was too long to run where it was asked.
    slow: AtomicU32,
}

/// How many reads of a plan that was slow go to a worker before it gets another chance.
const SLOW_READS: u32 = 64;

pub(crate) enum RenderedAction {
    Read(RenderedRead),
    Insert(RenderedInsert),
    Update(RenderedUpdate),
    Delete(RenderedDelete),
}

/// A statement, what it wants and what it yields.
#[derive(Debug)]
pub(crate) struct Query {
    pub sql: Sql,
    pub inputs: Vec<Input>,
    pub columns: Vec<Storage>,
    /// Whether its functions must know who asks.
    pub asks_session: bool,
}

pub(crate) struct RenderedRead {
    pub tree: RenderedTree,
    pub total: Option<RenderedTotal>,
}

/// A tree of flat reads.
pub(crate) struct RenderedTree {
    pub shape: Shape,
    /// In the shape's order.
    pub levels: Vec<RenderedLevel>,
}

pub(crate) struct RenderedLevel {
    /// All rows of a root; the rows of one parent, or of one rowid.
    pub one: Query,
    /// The rows of all parents, or of all rowids.
    pub many: Option<Query>,
    /// Whether the select says in which order its rows come, or makes new rows of those it reads.
    pub ordered: bool,
    /// Where a row of this level holds the key to its parent.
    pub key_items: Vec<u32>,
    pub key_storages: Vec<Storage>,
    /// For each level below, what ties it to a row of this one.
    pub branches: Vec<Vec<KeyColumn>>,
}

/// A column of a key, on the parent's side.
pub(crate) struct KeyColumn {
    pub item: u32,
    parent: Storage,
    child: Storage,
}

pub(crate) struct RenderedTotal {
    pub count: Query,
    pub page: Page,
}

pub(crate) struct RenderedInsert {
    pub table: TableId,
    /// Where each of the table's columns stands in a new row.
    pub positions: Vec<Option<u32>>,
    pub identities: Vec<IdentityColumn>,
    pub insert: Query,
    pub checks: Checks,
    pub conflict: Option<RenderedConflict>,
    pub returning: Option<RenderedTree>,
}

/// An identity column and its sequence.
#[derive(Debug)]
pub(crate) struct IdentityColumn {
    /// Its position in a new row.
    pub position: usize,
    /// The sequence's name in the database.
    pub sequence: Arc<str>,
    /// The sequence's name as PostgreSQL would give it.
    pub name: String,
    pub start: i64,
    pub increment: i64,
    pub min: i64,
    pub max: i64,
}

pub(crate) struct RenderedConflict {
    /// The rowid of the row that exists, if there is one.
    pub find: Query,
    /// Positions of the key's columns in the new row.
    pub key: Vec<u32>,
    /// What is done to it; nothing when it stays.
    pub update: Option<RowUpdate>,
}

/// The way of one found row to its new state.
pub(crate) struct RowUpdate {
    pub update: Option<Query>,
    /// Whether the rowid itself is set: it is the primary key.
    pub sets_rowid: bool,
    /// Yields the rowid and what each check says of the row [`Bound::Row`](mainstay_dialect::sqlite::Bound::Row).
    pub problems: Vec<Problem>,
}

pub(crate) struct RenderedUpdate {
    pub table: TableId,
    pub positions: Vec<Option<u32>>,
    pub identities: Vec<IdentityColumn>,
    /// Finds the rows: their rowid, then what each check says.
    pub find: Query,
    pub row: RowUpdate,
    pub returning: Option<RenderedTree>,
}

pub(crate) struct RenderedDelete {
    pub table: TableId,
    /// Finds the rows: their rowid.
    pub find: Query,
    pub delete: Query,
    pub returning: Option<RenderedTree>,
}

/// Conditions on a new row.
pub(crate) struct Checks {
    /// Yields what each says; absent when there is nothing to ask.
    pub query: Option<Query>,
    pub problems: Vec<Problem>,
}

impl RenderedPlan {
    /// Renders a plan.
    pub fn new(catalog: &Arc<Catalog>, plan: &Plan) -> Result<Self> {
        let (action, table) = match &plan.action {
            Action::Read(plan) => (RenderedAction::Read(RenderedRead::new(catalog, plan)?), None),
            Action::Insert(plan) => {
                (RenderedAction::Insert(RenderedInsert::new(catalog, plan)?), Some(plan.table))
            }
            Action::Update(plan) => {
                (RenderedAction::Update(RenderedUpdate::new(catalog, plan)?), Some(plan.table))
            }
            Action::Delete(plan) => {
                (RenderedAction::Delete(RenderedDelete::new(catalog, plan)?), Some(plan.table))
            }
        };
        let alone = table.is_some_and(|table| may_be_deferred(catalog, table));
        Ok(Self { catalog: Arc::clone(catalog), action, alone, slow: AtomicU32::new(0) })
    }

    /// Whether a job writes with one statement and asks for nothing that could fail after it.
    pub fn is_one_statement(&self, job: &Job) -> bool {
        let RenderedAction::Insert(insert) = &self.action else { return false };
        job.inputs.rows.len() == 1
            && insert.conflict.is_none()
            && insert.returning.is_none()
            && job.expect.max_affected.is_none()
            && !job.rollback
    }

    /// Whether to expect that a read takes long.
    pub fn is_slow(&self) -> bool {
        let left = self.slow.load(Ordering::Relaxed);
        if left > 0 {
            self.slow.store(left - 1, Ordering::Relaxed);
        }
        left > 0
    }

    /// Notes that a read took long.
    pub fn was_slow(&self) {
        self.slow.store(SLOW_READS, Ordering::Relaxed);
    }

    /// The identity columns that it may draw numbers for.
    pub fn identities(&self) -> &[IdentityColumn] {
        match &self.action {
            RenderedAction::Insert(insert) => &insert.identities,
            RenderedAction::Update(update) => &update.identities,
            RenderedAction::Read(_) | RenderedAction::Delete(_) => &[],
        }
    }
}

/// Whether a write to the table can violate a constraint that is checked at commit. What cascades reach counts too, and since
/// deferred constraints are rare, any in the schema that names a table which cascades could reach does.
fn may_be_deferred(catalog: &Catalog, table: TableId) -> bool {
    let mut reached = vec![table];
    let mut next = 0;
    while let Some(&table) = reached.get(next) {
        next += 1;
        if catalog.table(table).foreign_keys.iter().any(|key| key.initially_deferred) {
            return true;
        }
        for other in &catalog.tables {
            for key in other.foreign_keys.iter().filter(|key| key.target == table) {
                if key.initially_deferred {
                    return true;
                }
                if !reached.contains(&other.id) {
                    reached.push(other.id);
                }
            }
        }
    }
    false
}

impl Query {
    pub fn new(statement: Statement) -> Self {
        let asks_session = functions::depends_on_session(&statement.text);
        let Statement { text, inputs, columns } = statement;
        Self { sql: Sql::new(text), inputs, columns, asks_session }
    }
}

/// The source of a derived table that plans know nothing of.
const OUTER: SourceId = SourceId(u32::MAX);

impl RenderedRead {
    fn new(catalog: &Catalog, plan: &ReadPlan) -> Result<Self> {
        let root = join_to_one(&plan.root, Some(OUTER));
        let one = sqlite::select(catalog, &root.select, Restriction::None)?;
        let tree = RenderedTree::new(catalog, &root, plan.result, one, None)?;
        let total = match &plan.total {
            Some(total) => Some(RenderedTotal {
                count: Query::new(sqlite::select(catalog, &total.count, Restriction::None)?),
                page: Page::of(&plan.root.select),
            }),
            None => None,
        };
        Ok(Self { tree, total })
    }
}

impl RenderedTree {
    fn new(
        catalog: &Catalog,
        root: &Node,
        result: ResultKind,
        one: Statement,
        many: Option<Statement>,
    ) -> Result<Self> {
        let shape = Shape::new(root, result);
        let mut levels = Vec::with_capacity(shape.levels().len());
        let level = RenderedLevel {
            one: Query::new(one),
            many: many.map(Query::new),
            ordered: is_ordered(&root.select),
            key_items: Vec::new(),
            key_storages: Vec::new(),
            branches: Vec::new(),
        };
        add_level(catalog, &mut levels, root, level)?;
        Ok(Self { shape, levels })
    }

    fn is_one_statement(&self) -> bool {
        self.levels.len() == 1
    }

    /// What a write reads back, found by rowid.
    fn returning(catalog: &Catalog, returning: &Returning) -> Result<Self> {
        let node = &join_to_one(&returning.node, Some(OUTER));
        let one = sqlite::select(catalog, &node.select, Restriction::Row(returning.source))?;
        let many = sqlite::select(catalog, &node.select, Restriction::Rows(returning.source))?;
        Self::new(catalog, node, ResultKind::Rows, one, Some(many))
    }
}

impl RenderedRead {
    /// Whether one statement gives the whole answer.
    pub fn is_one_statement(&self) -> bool {
        self.tree.is_one_statement() && self.total.is_none()
    }
}

fn is_ordered(select: &Select) -> bool {
    !select.order_by.is_empty() || select.grouped || select.distinct || !select.distinct_on.is_empty()
}

/// Adds a level and those below it in the order that [`Shape`] has.
fn add_level(
    catalog: &Catalog,
    levels: &mut Vec<RenderedLevel>,
    node: &Node,
    level: RenderedLevel,
) -> Result<()> {
    let number = levels.len();
    levels.push(level);
    for child in &node.children {
        let below = child_level(catalog, child)?;
        let parents = &levels[number].one.columns;
        let columns = child.parent_items.iter().zip(&below.key_storages);
        let branch = columns.map(|(&item, storage)| KeyColumn {
            item,
            parent: parents[item as usize].clone(),
            child: storage.clone(),
        });
        let branch = branch.collect();
        levels[number].branches.push(branch);
        add_level(catalog, levels, &child.node, below)?;
    }
    Ok(())
}

fn child_level(catalog: &Catalog, child: &Child) -> Result<RenderedLevel> {
    let select = &child.node.select;
    let one = Query::new(sqlite::select(catalog, select, Restriction::Key(&child.key))?);
    // An aggregate over no rows is a row too, which only a statement for each parent gives.
    let row_without_rows = select.grouped && select.group_by.is_empty();
    let many = match row_without_rows {
        true => None,
        false => Some(Query::new(sqlite::select(catalog, select, Restriction::Keys(&child.key))?)),
    };
    let key_storages = child.key_items.iter().map(|&item| one.columns[item as usize].clone()).collect();
    Ok(RenderedLevel {
        one,
        many,
        ordered: is_ordered(select),
        key_items: child.key_items.clone(),
        key_storages,
        branches: Vec::new(),
    })
}

impl KeyColumn {
    /// Appends the column of a parent's row as the child stores it; `false` when it is NULL.
    pub fn push(&self, bytes: &mut Vec<u8>, datum: DatumRef<'_>) -> bool {
        if self.parent == self.child {
            return key::push(bytes, &self.child, datum);
        }
        let converted = self.parent.decode(datum).and_then(|value| self.child.encode(&value));
        converted.is_ok_and(|datum| key::push(bytes, &self.child, datum.as_ref()))
    }
}

impl RenderedInsert {
    fn new(catalog: &Catalog, plan: &InsertPlan) -> Result<Self> {
        let table = catalog.table(plan.table);
        let columns: Vec<u32> = plan.columns.iter().map(|column| column.column).collect();
        let conflict = match &plan.conflict {
            Some(conflict) => Some(RenderedConflict::new(catalog, table, plan, conflict)?),
            None => None,
        };
        Ok(Self {
            table: plan.table,
            positions: NewColumn::positions(&plan.columns, table.columns.len()),
            identities: identities(table, &plan.columns),
            insert: Query::new(sqlite::insert(catalog, plan.table, &columns)),
            checks: Checks::new(catalog, &plan.checks)?,
            conflict,
            returning: returning(catalog, plan.returning.as_ref())?,
        })
    }
}

fn returning(catalog: &Catalog, returning: Option<&Returning>) -> Result<Option<RenderedTree>> {
    returning.map(|returning| RenderedTree::returning(catalog, returning)).transpose()
}

impl RenderedConflict {
    fn new(
        catalog: &Catalog,
        table: &Table,
        plan: &InsertPlan,
        conflict: &mainstay_plan::Conflict,
    ) -> Result<Self> {
        let positions = NewColumn::positions(&plan.columns, table.columns.len());
        let key = conflict.key.iter().filter_map(|column| positions[*column as usize]).collect();
        match &conflict.action {
            ConflictAction::Ignore => {
                let find = find_by_key(catalog, table, &conflict.key)?;
                Ok(Self { find, key, update: None })
            }
            ConflictAction::Update(update) => {
                let checks: Vec<Expr> = update.checks.iter().map(|check| check.expr.clone()).collect();
                let find = sqlite::select_rows(catalog, table.id, update.source, &update.filter, &checks)?;
                Ok(Self { find: Query::new(find), key, update: Some(RowUpdate::new(catalog, update)) })
            }
        }
    }
}

/// Finds the row that has the new row's key.
fn find_by_key(catalog: &Catalog, table: &Table, key: &[u32]) -> Result<Query> {
    let source = SourceId(1);
    let filter = Expr::all(key.iter().map(|&column| {
        let ty = table.column(column).ty.ty.clone();
        let new = Expr::new(ExprKind::Input(ExprInput::New(column)), ty.clone());
        Expr::compare(CompareOp::Eq, Expr::column(source, column, ty), new)
    }));
    Ok(Query::new(sqlite::select_rows(catalog, table.id, source, &filter, &[])?))
}

impl RowUpdate {
    fn new(catalog: &Catalog, plan: &UpdatePlan) -> Self {
        let columns: Vec<u32> = plan.columns.iter().map(|column| column.column).collect();
        let update = match columns.is_empty() {
            true => None,
            false => Some(Query::new(sqlite::update(catalog, plan.table, &columns))),
        };
        let problems = plan.checks.iter().map(|check| check.problem.clone()).collect();
        let rowid = row_id_column(catalog.table(plan.table));
        Self { update, sets_rowid: rowid.is_some_and(|rowid| columns.contains(&rowid)), problems }
    }
}

impl RenderedUpdate {
    fn new(catalog: &Catalog, plan: &UpdatePlan) -> Result<Self> {
        let table = catalog.table(plan.table);
        let checks: Vec<Expr> = plan.checks.iter().map(|check| check.expr.clone()).collect();
        let find = sqlite::select_rows(catalog, plan.table, plan.source, &plan.filter, &checks)?;
        Ok(Self {
            table: plan.table,
            positions: NewColumn::positions(&plan.columns, table.columns.len()),
            identities: identities(table, &plan.columns),
            find: Query::new(find),
            row: RowUpdate::new(catalog, plan),
            returning: returning(catalog, plan.returning.as_ref())?,
        })
    }
}

impl RenderedDelete {
    fn new(catalog: &Catalog, plan: &DeletePlan) -> Result<Self> {
        let find = sqlite::select_rows(catalog, plan.table, plan.source, &plan.filter, &[])?;
        Ok(Self {
            table: plan.table,
            find: Query::new(find),
            delete: Query::new(sqlite::delete(catalog, plan.table)),
            returning: returning(catalog, plan.returning.as_ref())?,
        })
    }
}

impl Checks {
    fn new(catalog: &Catalog, checks: &[RowCheck]) -> Result<Self> {
        let asked: Vec<&RowCheck> = checks.iter().filter(|check| !check.expr.is_true()).collect();
        let exprs: Vec<Expr> = asked.iter().map(|check| check.expr.clone()).collect();
        let query = match exprs.is_empty() {
            true => None,
            false => Some(Query::new(sqlite::expression_select(catalog, &exprs)?)),
        };
        Ok(Self { query, problems: asked.iter().map(|check| check.problem.clone()).collect() })
    }
}

fn identities(table: &Table, columns: &[NewColumn]) -> Vec<IdentityColumn> {
    columns
        .iter()
        .enumerate()
        .filter(|(_, column)| matches!(column.otherwise, Otherwise::Identity))
        .filter_map(|(position, column)| IdentityColumn::new(table, column.column, position))
        .collect()
}

impl IdentityColumn {
    /// The sequence of a table's column; `None` when it has none.
    pub fn new(table: &Table, column: u32, position: usize) -> Option<Self> {
        let declared = table.column(column);
        let ColumnDefault::Identity(identity) = &declared.default else { return None };
        let (min, max) = match declared.ty.ty {
            Type::Int2 => (i64::from(i16::MIN), i64::from(i16::MAX)),
            Type::Int4 => (i64::from(i32::MIN), i64::from(i32::MAX)),
            _ => (i64::MIN, i64::MAX),
        };
        // A sequence that rises starts at 1 at least, one that falls at -1 at most.
        let (min, max) =
            if identity.increment > 0 { (1.min(identity.start), max) } else { (min, identity.start.max(-1)) };
        Some(Self {
            position,
            sequence: Arc::from(sequence_name(table, &declared.name)),
            name: format!("{}_{}_seq", table.name, declared.name),
            start: identity.start,
            increment: identity.increment,
            min,
            max,
        })
    }
}

/// The name under which a column's sequence is stored. A line break stands between the parts: it is what names do not have.
pub(crate) fn sequence_name(table: &Table, column: &str) -> String {
    format!("{}\n{column}", sqlite::table_name(table))
}
