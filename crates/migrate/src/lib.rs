//! The difference of two catalogs as ordered steps, each with its safety.

use std::sync::Arc;

use mainstay_catalog::Catalog;
use mainstay_expr::TableId;

/// How to get from one schema to another.
#[derive(Debug, Clone)]
pub struct Migration {
    /// The schema that the database has.
    pub from: Arc<Catalog>,
    /// The schema that it shall have.
    pub to: Arc<Catalog>,
    /// What to do, in order, inside one transaction.
    pub steps: Vec<Step>,
}

/// One change.
#[derive(Debug, Clone)]
pub struct Step {
    /// What changes.
    pub change: Change,
    /// What it does to rows.
    pub safety: Safety,
}

/// What changes. Table numbers belong to the old catalog in `from`/`dropped` positions and to the new one elsewhere.
#[derive(Debug, Clone)]
pub enum Change {
    /// A new table with its constraints and indexes.
    CreateTable(TableId),
    /// A table goes, with its rows.
    DropTable {
        /// In the old catalog.
        dropped: TableId,
    },
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
