//! Relational expressions: what stands between FROM and LIMIT, resolved and typed.

use crate::{Expr, NativeCall};

/// A table of the catalog, known here only by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableId(pub u32);

/// A source of rows (a FROM item), numbered uniquely within a whole statement, nested selects included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(pub u32);

impl SourceId {
    /// The row that a policy, a check, an index or a generated column speaks of.
    pub const ROW: Self = Self(0);
}

/// Hands out source numbers within one statement. Number 0 is never handed out: it is [`SourceId::ROW`].
#[derive(Debug, Clone)]
pub struct SourceIds(u32);

impl Default for SourceIds {
    fn default() -> Self {
        Self(1)
    }
}

impl SourceIds {
    /// Numbers greater than that one.
    pub fn after(last: SourceId) -> Self {
        Self(last.0 + 1)
    }

    /// A number that was not handed out before.
    pub fn fresh(&mut self) -> SourceId {
        let id = SourceId(self.0);
        self.0 += 1;
        id
    }
}

/// Whose rights the tables of a select are read with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Rights {
    /// Those of the role that asks: its grants and policies apply.
    #[default]
    Invoker,
    /// Those of the schema's owner: policies do not apply (SECURITY DEFINER functions, views without security_invoker).
    Definer,
}

/// A select: everything is optional but the items, which may be empty (rows without columns, as for EXISTS).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Select {
    /// The sources, cross-joined; none means one row.
    pub from: Vec<FromItem>,
    /// WHERE
    pub filter: Option<Expr>,
    /// GROUP BY
    pub group_by: Vec<Expr>,
    /// Whether it aggregates without GROUP BY or with it.
    pub grouped: bool,
    /// HAVING
    pub having: Option<Expr>,
    /// What each row yields.
    pub items: Vec<Item>,
    /// `DISTINCT` over all items.
    pub distinct: bool,
    /// `DISTINCT ON (…)`; empty for none.
    pub distinct_on: Vec<Expr>,
    /// Further selects of the same item types, joined by set operators left to right; ORDER BY, LIMIT and OFFSET then
    /// apply to the whole, and ORDER BY may only name items.
    pub set_ops: Vec<(SetOp, Select)>,
    /// ORDER BY
    pub order_by: Vec<OrderBy>,
    /// LIMIT: bigint; NULL means none.
    pub limit: Option<Expr>,
    /// OFFSET: bigint.
    pub offset: Option<Expr>,
}

impl Select {
    /// Whether it can have no rows, because its filter is constantly FALSE or NULL.
    pub fn is_never(&self) -> bool {
        !self.grouped && self.set_ops.is_empty() && self.filter.as_ref().is_some_and(Expr::is_never)
    }
}

/// A value that a select yields, and its name.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The value.
    pub expr: Expr,
    /// Its name; for people and for derived tables, never for resolution.
    pub name: String,
}

/// A set operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SetOp {
    /// `UNION`
    Union,
    /// `UNION ALL`
    UnionAll,
    /// `INTERSECT`
    Intersect,
    /// `EXCEPT`
    Except,
}

/// A term of ORDER BY.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderBy {
    /// What is ordered by.
    pub expr: Expr,
    /// `DESC`
    pub descending: bool,
    /// `NULLS FIRST`; PostgreSQL's default is last for ascending and first for descending.
    pub nulls_first: bool,
}

/// A source of rows.
#[derive(Debug, Clone, PartialEq)]
pub enum FromItem {
    /// A base table of the catalog.
    Table(TableSource),
    /// A derived table (also an inlined view or function).
    Select {
        /// Its number in the statement.
        source: SourceId,
        /// Its rows.
        select: Box<Select>,
        /// Whether it may speak of the sources before it.
        lateral: bool,
    },
    /// `(VALUES …)`: rows of expressions; at least one row.
    Values {
        /// Its number in the statement.
        source: SourceId,
        /// The rows, all of the same length and types.
        rows: Vec<Vec<Expr>>,
    },
    /// `unnest(array)`: one column, a row per element, in order.
    Unnest {
        /// Its number in the statement.
        source: SourceId,
        /// The array; it may speak of the sources before it.
        array: Expr,
    },
    /// `generate_series(start, stop, step)`: one bigint/integer column.
    Series {
        /// Its number in the statement.
        source: SourceId,
        /// The first number.
        start: Expr,
        /// The last number, included when a step hits it.
        stop: Expr,
        /// The distance between two numbers; not 0.
        step: Expr,
    },
    /// A function of an existing database, which runs there.
    Function {
        /// Its number in the statement.
        source: SourceId,
        /// The call; it may speak of the sources before it.
        call: Box<NativeCall>,
    },
    /// A join.
    Join {
        /// Which kind.
        kind: JoinKind,
        /// The left side.
        left: Box<FromItem>,
        /// The right side.
        right: Box<FromItem>,
        /// ON: a boolean.
        on: Expr,
    },
}

/// A base table in FROM.
#[derive(Debug, Clone, PartialEq)]
pub struct TableSource {
    /// Its number in the statement.
    pub source: SourceId,
    /// Which table.
    pub table: TableId,
    /// Whose rights apply.
    pub rights: Rights,
    /// The rows that exist for whoever asks: the policies, once they are woven in. It speaks of this source.
    pub visible: Option<Box<Expr>>,
}

/// The kinds of join.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JoinKind {
    /// `INNER`, `CROSS`
    Inner,
    /// `LEFT`
    Left,
    /// `RIGHT`
    Right,
    /// `FULL`
    Full,
}
