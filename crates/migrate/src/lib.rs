//! The difference of two catalogs as ordered steps, each with its safety; and pictures of a catalog.
//!
//! Steps say what changes, not how a database does it: an engine knows what it can do in place and what it must rebuild.

mod columns;
mod describe;
pub mod diagram;
mod diff;
mod meaning;
mod script;
mod tables;

use std::sync::Arc;

use mainstay_catalog::{Catalog, Identity, Table};
use mainstay_expr::{Expr, TableId};

pub use describe::describe;
pub use diff::diff;
pub use script::{expression, script};

/// How to get from one schema to another.
#[derive(Debug, Clone)]
pub struct Migration {
    /// The schema that the database has.
    pub from: Arc<Catalog>,
    /// The schema that it shall have.
    pub to: Arc<Catalog>,
    /// What to do, in order, inside one transaction. Foreign keys are checked when all is done, not between the steps.
    pub steps: Vec<Step>,
}

/// One change.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What changes.
    pub change: Change,
    /// What it does to rows.
    pub safety: Safety,
}

/// What changes. Table numbers belong to the old catalog in `from` and `dropped` positions and to the new one elsewhere.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A new table with its constraints and indexes.
    CreateTable(TableId),
    /// A table goes, with its rows and indexes.
    DropTable {
        /// In the old catalog.
        dropped: TableId,
    },
    /// A column at the end of a table that changes in nothing else but its indexes. What it holds in the rows there are is a
    /// constant or NULL.
    AddColumn {
        /// In the new catalog.
        table: TableId,
        /// Its position there.
        column: u32,
    },
    /// A table changes in more than that: its rows move into the new shape.
    RebuildTable(Rebuild),
    /// An index that is no constraint, of a table that is neither new nor rebuilt.
    CreateIndex {
        /// In the new catalog.
        table: TableId,
        /// Its position among the table's indexes.
        index: u32,
    },
    /// The same, gone or about to be created anew.
    DropIndex {
        /// In the old catalog.
        dropped: TableId,
        /// Its position among that table's indexes.
        index: u32,
    },
    /// Something that is part of the schema's meaning only, such as a policy: nothing is to be done in the database.
    Meaning(String),
}

/// A table's way into a new shape.
#[derive(Debug, Clone, PartialEq)]
pub struct Rebuild {
    /// In the old catalog.
    pub from: TableId,
    /// In the new one. Its name can be another.
    pub to: TableId,
    /// What each column that is not generated holds in the rows there are: its position in the new table, and whence.
    pub fills: Vec<(u32, Fill)>,
    /// What changes, in people's words.
    pub why: Vec<String>,
}

/// Where a column's value comes from when rows move.
#[derive(Debug, Clone, PartialEq)]
pub enum Fill {
    /// An expression over the old row ([`SourceId::ROW`](mainstay_expr::SourceId::ROW), columns of the old table).
    Expr(Expr),
    /// The next number of the column's new sequence.
    Identity(Identity),
}

/// What a step does to rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Safety {
    /// Nothing.
    Safe,
    /// Some may not fit: it can fail, and then nothing has changed.
    MayFail(String),
    /// Values are lost: it needs to be allowed.
    LosesData(String),
}

impl Migration {
    /// What would be lost, in people's words; empty when nothing is.
    pub fn losses(&self) -> Vec<&str> {
        let losses = self.steps.iter().filter_map(|step| match &step.safety {
            Safety::LosesData(what) => Some(what.as_str()),
            Safety::Safe | Safety::MayFail(_) => None,
        });
        losses.collect()
    }

    /// Whether something comes where something of its kind goes, which can be the same under another name.
    pub fn may_rename(&self) -> bool {
        let any = |is: fn(&Change) -> bool| self.steps.iter().any(|step| is(&step.change));
        let tables = any(|it| matches!(it, Change::DropTable { .. }))
            && any(|it| matches!(it, Change::CreateTable(_)));
        tables
            || self.steps.iter().any(|step| match &step.change {
                Change::RebuildTable(rebuild) => self.swaps_columns(rebuild),
                _ => false,
            })
    }

    fn swaps_columns(&self, rebuild: &Rebuild) -> bool {
        let (old, new) = (self.from.table(rebuild.from), self.to.table(rebuild.to));
        let lacks = |one: &Table, other: &Table| {
            one.columns.iter().any(|column| other.column_position(&column.name).is_none())
        };
        lacks(old, new) && lacks(new, old)
    }

    /// Whether nothing is to be done in the database.
    pub fn is_empty(&self) -> bool {
        self.steps.iter().all(|step| matches!(step.change, Change::Meaning(_)))
    }
}
