//! Reads: a tree of levels, one for the target and one for each embed.

use mainstay_expr::Quantifier;

use crate::SlotId;

/// A table, view or function by name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// The schema the request speaks to.
    pub schema: String,
    /// The name.
    pub name: String,
}

/// Reading rows of a table or view.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Read {
    /// What is read.
    pub target: Target,
    /// What of it.
    pub level: Level,
    /// Whether the number of all matching rows is wanted.
    pub count: Option<Count>,
}

/// How the total is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Count {
    /// By counting.
    Exact,
    /// By the engine's estimate.
    Planned,
    /// Exact up to the row limit, the estimate above it.
    Estimated,
}

/// Most rows of a level. [`ValuesBuilder::limit`](crate::ValuesBuilder::limit) chooses which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limit {
    /// A usual number, which is part of the shape: databases choose their way by it.
    Rows(u64),
    /// Any other: an integer value.
    Slot(SlotId),
}

/// One level of a read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Level {
    /// What each row shows, in order. `select=*` is one [`SelectItem::All`].
    pub select: Vec<SelectItem>,
    /// Conditions that all must hold.
    pub filter: Vec<Condition>,
    /// The order.
    pub order: Vec<OrderTerm>,
    /// Most rows.
    pub limit: Option<Limit>,
    /// Rows to skip: an integer value.
    pub offset: Option<SlotId>,
    /// Of a root: the media type of the database that all of its rows are answered in, as one document.
    pub document: Option<String>,
}

/// An item of a select list.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SelectItem {
    /// `*`: all columns in declared order. A role that may not read one of them is refused, as in PostgreSQL.
    All,
    /// A column, computed field or JSON path.
    Field {
        /// The key in the answer, when given.
        alias: Option<String>,
        /// What is shown.
        field: Field,
        /// `::type` before the aggregate.
        cast: Option<String>,
        /// `.sum()` and its kin.
        aggregate: Option<AggregateName>,
        /// `::type` after the aggregate.
        aggregate_cast: Option<String>,
    },
    /// `count()`: the rows of the group.
    CountRows {
        /// The key in the answer; `count` when not given.
        alias: Option<String>,
        /// `::type`
        cast: Option<String>,
    },
    /// Related rows.
    Embed(Embed),
}

/// The aggregates that a select list may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AggregateName {
    /// `.sum()`
    Sum,
    /// `.avg()`
    Avg,
    /// `.count()`
    Count,
    /// `.max()`
    Max,
    /// `.min()`
    Min,
}

/// A column and the way into its JSON.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Field {
    /// The column's name.
    pub column: String,
    /// Steps into the value; empty for the value itself.
    pub path: Vec<JsonStep>,
}

/// A step into a JSON value. The last one may ask for text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum JsonStep {
    /// `->key`, `->>key`
    Key {
        /// The key.
        key: String,
        /// Whether it is `->>`.
        text: bool,
    },
    /// `->0`, `->>-1`
    Index {
        /// From 0; negative from the end.
        index: i32,
        /// Whether it is `->>`.
        text: bool,
    },
}

/// Related rows inside a row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Embed {
    /// The relation as named: a table, a foreign key column or constraint, a computed relationship.
    pub relation: String,
    /// The key in the answer, when given.
    pub alias: Option<String>,
    /// `!hint`
    pub hint: Option<String>,
    /// `!inner`, `!left`
    pub join: EmbedJoin,
    /// `...relation(…)`: lifted into the parent.
    pub spread: bool,
    /// What of it.
    pub level: Level,
}

impl Embed {
    /// The name by which filters and orders refer to it.
    pub fn name(&self) -> &str {
        self.alias.as_deref().unwrap_or(&self.relation)
    }
}

/// Whether parents without a related row are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum EmbedJoin {
    /// They are.
    #[default]
    Left,
    /// They are not.
    Inner,
}

/// A condition on the rows of a level.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Condition {
    /// All hold.
    And(Vec<Condition>),
    /// Any holds.
    Or(Vec<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
    /// A field compared with a value. `column=is.null` may also name an embed: the planner tells them apart.
    Compare {
        /// The left side.
        field: Field,
        /// The operator.
        operator: Operator,
        /// The right side; none for `is`.
        value: Option<SlotId>,
    },
}

/// Filter operators. The family's list with names and documentation is in the front end's grammar.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `eq neq gt gte lt lte`, with `(any)`/`(all)` over an array
    Compare(mainstay_expr::CompareOp, Option<Quantifier>),
    /// `like ilike match imatch` (`*` already turned into `%`), with `(any)`/`(all)` over an array
    Match(mainstay_expr::MatchOp, Option<Quantifier>),
    /// `in`: the value is a list
    In,
    /// `is`
    Is(IsValue),
    /// `isdistinct`
    IsDistinct,
    /// `cs`: `@>`
    Contains,
    /// `cd`: `<@`
    ContainedBy,
    /// `ov`: `&&`
    Overlaps,
    /// An operator that only some engines have (`fts`, `sl` …), by its name and modifier.
    Other {
        /// `fts`, `plfts`, `phfts`, `wfts`, `sl`, `sr`, `nxr`, `nxl`, `adj`
        name: String,
        /// The part in parentheses: a language.
        modifier: Option<String>,
    },
}

/// What `is` may be followed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IsValue {
    /// `null`
    Null,
    /// `not_null`
    NotNull,
    /// `true`
    True,
    /// `false`
    False,
    /// `unknown`
    Unknown,
}

/// A term of an order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OrderTerm {
    /// For `order=relation(field)`: the to-one embed whose field it is.
    pub relation: Option<String>,
    /// What is ordered by.
    pub field: Field,
    /// Descending.
    pub descending: bool,
    /// `nullsfirst`, `nullslast`; the database's default when not given.
    pub nulls_first: Option<bool>,
}
