//! The resolved plan of a request: types only. An engine renders it once and runs it many times.
//!
//! Plans are made of [`Select`]s with every name resolved, every type known and the policies woven in: an engine that does what a
//! plan says has enforced the rules. Nothing here knows SQL text or a database.

use mainstay_base::Problem;
use mainstay_expr::{ColumnType, Expr, Select, SourceId, TableId};

/// What a request does, and how its values are typed.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The type of each value of the request, by slot.
    pub slots: Vec<SlotType>,
    /// What is done.
    pub action: Action,
    /// The transaction that it wants.
    pub transaction: TransactionMode,
}

/// Who keeps the rules while a plan runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Enforcement {
    /// The plan: privileges were asked and policies woven in when it was made.
    #[default]
    Plan,
    /// The database: the plan has neither, and runs as the role of whoever asks.
    Role,
}

/// The transaction that a plan wants. Databases that know no roles heed nothing of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TransactionMode {
    /// Who keeps the rules.
    pub enforcement: Enforcement,
    /// Whether nothing may be written.
    pub read_only: bool,
    /// Settings of the function that is called, which hold for all of the transaction.
    pub settings: Vec<(String, String)>,
    /// Whether what runs may say with which headers and status to answer.
    pub tells: bool,
}

/// How a raw value becomes a typed one.
#[derive(Debug, Clone, PartialEq)]
pub enum SlotType {
    /// One value in the type's input form (an array type takes an array literal `{…}` or a JSON array).
    Value(ColumnType),
    /// A list of values of this element type: the slot is an array.
    List(ColumnType),
    /// LIMIT: a count, cut at this maximum, which also stands in for an absent or unreadable one (NULL without a maximum).
    Limit(Option<u64>),
    /// OFFSET: a count; other text, or a negative one, counts as 0.
    Offset,
    /// No part of the plan reads it.
    Unused,
}

/// What is done.
#[derive(Debug, Clone)]
pub enum Action {
    /// Rows are read, or a function is called.
    Read(ReadPlan),
    /// Rows are added.
    Insert(InsertPlan),
    /// Rows are changed.
    Update(UpdatePlan),
    /// Rows are removed.
    Delete(DeletePlan),
}

/// Reading.
#[derive(Debug, Clone)]
pub struct ReadPlan {
    /// The tree of flat reads.
    pub root: Node,
    /// What the answer is made of.
    pub result: ResultKind,
    /// How to find the number of all rows, ignoring limit and offset.
    pub total: Option<Total>,
}

/// What the answer is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResultKind {
    /// An array of objects (or one object when a single one is asked for).
    Rows,
    /// The first row as an object, or `null` (functions that return one row).
    Row,
    /// The only item of the only row, bare (scalar functions).
    Value,
    /// An array of the only item of each row (functions that return a set of scalars).
    Values,
    /// Nothing (void functions).
    Nothing,
    /// The first item of the only row as it is: no JSON, a document by itself. The second, if there is one, counts the rows that it
    /// was made of.
    Document,
}

/// How the number of all rows is found.
#[derive(Debug, Clone)]
pub struct Total {
    /// By counting or by an estimate.
    pub kind: TotalKind,
    /// Yields one bigint: the exact number.
    pub count: Select,
}

/// By counting or by an estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TotalKind {
    /// Counted.
    Exact,
    /// The engine's estimate.
    Planned,
    /// Counted up to this many, the estimate above it.
    Estimated {
        /// The row limit.
        up_to: u64,
    },
}

/// One flat read, the reads of its children, and how a row is written.
#[derive(Debug, Clone)]
pub struct Node {
    /// The rows. Its items are whatever `fields` and `children` refer to.
    pub select: Select,
    /// What of a row is written, in order.
    pub fields: Vec<Field>,
    /// The levels below.
    pub children: Vec<Child>,
}

/// A part of a written row.
#[derive(Debug, Clone, PartialEq)]
pub enum Field {
    /// An item of the select.
    Item {
        /// Its key.
        key: String,
        /// Its position in the select's items.
        item: u32,
    },
    /// A child: an object or `null` when it is to-one, else an array of objects.
    Embed {
        /// Its key.
        key: String,
        /// Its position in the children.
        child: u32,
    },
    /// A to-one child whose items are part of this select, because an engine has joined it: planners never make one.
    Object {
        /// Its key.
        key: String,
        /// An item that is NULL exactly when there is no row; then `null` is written.
        present: u32,
        /// Its own fields: items of this select, and further such objects.
        fields: Vec<Field>,
    },
    /// A child whose fields are lifted into this row: values of a to-one child (`null` without a row), arrays of a to-many one.
    Spread {
        /// Its position in the children.
        child: u32,
    },
}

/// A level below: the rows whose `key` equals the parent row's `parent_items`.
#[derive(Debug, Clone)]
pub struct Child {
    /// Its rows. LIMIT and OFFSET apply for each parent row; so does grouping, by the key.
    pub node: Node,
    /// Positions in the parent's items.
    pub parent_items: Vec<u32>,
    /// The same values seen from the child: expressions in the scope of its select, of the same types.
    pub key: Vec<Expr>,
    /// The positions of `key` in the child's items.
    pub key_items: Vec<u32>,
    /// Whether there is at most one row for each parent.
    pub to_one: bool,
    /// The JSON object that stands for the rows of a parent that has none: an aggregate over no rows is still a row.
    pub without_rows: Option<String>,
}

/// Adding rows. Steps for each row, in order: values, checks, the write; conflicting rows go another way.
#[derive(Debug, Clone)]
pub struct InsertPlan {
    /// The base table.
    pub table: TableId,
    /// Every column that is written (all but generated ones), in table order.
    pub columns: Vec<NewColumn>,
    /// Must hold before the row is written.
    pub checks: Vec<RowCheck>,
    /// Pairs of a slot and a position in `columns` whose values must be equal, else `PGRST115` (PUT).
    pub same_key: Vec<(u32, u32)>,
    /// What happens when the row exists already; without it, a unique violation is an error.
    pub conflict: Option<Conflict>,
    /// What is read back.
    pub returning: Option<Returning>,
}

/// A column of a new row.
#[derive(Debug, Clone)]
pub struct NewColumn {
    /// Its position in the table.
    pub column: u32,
    /// Its type.
    pub ty: ColumnType,
    /// The payload's cell that holds it, when the payload has one.
    pub cell: Option<u32>,
    /// What it is without a cell, or when the cell is missing.
    pub otherwise: Otherwise,
}

impl NewColumn {
    /// For each of a table's columns, `width` in all, its position among `columns`.
    pub fn positions(columns: &[NewColumn], width: usize) -> Vec<Option<u32>> {
        let mut positions = vec![None; width];
        for (position, column) in columns.iter().enumerate() {
            positions[column.column as usize] = Some(position as u32);
        }
        positions
    }
}

/// Where a value that was not sent comes from.
#[derive(Debug, Clone)]
pub enum Otherwise {
    /// NULL.
    Null,
    /// The default: an expression without columns.
    Default(Expr),
    /// The column's sequence.
    Identity,
    /// The default that the database itself knows.
    Native,
}

/// A condition on a row that is about to be written. Columns of the new row are [`Input::New`](mainstay_expr::Input::New).
#[derive(Debug, Clone)]
pub struct RowCheck {
    /// A boolean; FALSE and NULL both fail.
    pub expr: Expr,
    /// What is answered then.
    pub problem: Problem,
}

/// An upsert's other way.
#[derive(Debug, Clone)]
pub struct Conflict {
    /// The columns whose values identify a row: a key of the table.
    pub key: Vec<u32>,
    /// What happens to an existing row.
    pub action: ConflictAction,
}

/// What happens to an existing row.
#[derive(Debug, Clone)]
pub enum ConflictAction {
    /// It stays, and is not read back.
    Ignore,
    /// It is updated: the filter finds it by `Input::New` of the key; `Input::New` elsewhere is the proposed row.
    Update(Box<UpdatePlan>),
}

/// Changing rows.
#[derive(Debug, Clone)]
pub struct UpdatePlan {
    /// The base table.
    pub table: TableId,
    /// The row that `filter`, `checks` and `assign` speak of.
    pub source: SourceId,
    /// Which rows: a boolean over `source`.
    pub filter: Expr,
    /// The columns that are set. The payload's only row holds them in this order, each as [`NewColumn`] says.
    pub columns: Vec<NewColumn>,
    /// Must hold for every such row before it is written: over `source` as it was and `Input::New` for what is set.
    pub checks: Vec<RowCheck>,
    /// What is read back.
    pub returning: Option<Returning>,
}

/// Removing rows.
#[derive(Debug, Clone)]
pub struct DeletePlan {
    /// The base table.
    pub table: TableId,
    /// The row that `filter` speaks of.
    pub source: SourceId,
    /// Which rows: a boolean over `source`.
    pub filter: Expr,
    /// What is read, before they are removed.
    pub returning: Option<Returning>,
}

/// Reading the rows that a write touched.
#[derive(Debug, Clone)]
pub struct Returning {
    /// The read. Its select has the written table as `source`; the engine restricts it to the rows in question.
    pub node: Node,
    /// What the answer is made of.
    pub result: ResultKind,
    /// The written table's source in it.
    pub source: SourceId,
}
