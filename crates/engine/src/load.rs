//! What is loaded all at once: the rows of a seed, an import or a copy, and where their sequences stand.

use std::sync::Arc;

use mainstay_base::Result;
use mainstay_expr::TableId;

use crate::{NewValue, Sequence};

/// Where loaded rows go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The table.
    pub table: TableId,
    /// The columns that rows have values for, by position; the others stay NULL.
    pub columns: Vec<u32>,
    /// ON CONFLICT DO NOTHING: the columns of the key meant, none for any key; `None` makes a duplicate an error.
    pub on_conflict_do_nothing: Option<Vec<u32>>,
}

/// One thing to load.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A row.
    Row {
        /// Where it goes; rows that follow each other share it.
        target: Arc<Target>,
        /// A value for each of the target's columns.
        values: Vec<NewValue>,
    },
    /// Where a column's sequence is to stand, as `setval` says. A sequence never goes back.
    Sequence(Sequence),
}

/// Everything to load, in the order in which it was written; an error ends it. It is asked on a thread that may wait.
pub type Items = Box<dyn Iterator<Item = Result<Item>> + Send>;
