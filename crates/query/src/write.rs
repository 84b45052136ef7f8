//! Writes and calls.

use crate::{Condition, Count, Level, Read, SlotId, Target};

/// A request's shape: all of it but the values. Equal shapes have equal plans.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Request {
    /// Reading rows.
    Read(Read),
    /// Adding rows.
    Insert(Insert),
    /// Changing rows.
    Update(Update),
    /// Removing rows.
    Delete(Delete),
    /// Calling a function.
    Call(Call),
}

impl Request {
    /// What it speaks to.
    pub fn target(&self) -> &Target {
        match self {
            Self::Read(read) => &read.target,
            Self::Insert(insert) => &insert.target,
            Self::Update(update) => &update.target,
            Self::Delete(delete) => &delete.target,
            Self::Call(call) => &call.target,
        }
    }
}

/// Adding rows, or changing them where they exist already.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Insert {
    /// The table.
    pub target: Target,
    /// The columns that the payload's cells belong to.
    pub columns: Vec<String>,
    /// What a missing cell of one of these columns means.
    pub missing: MissingAs,
    /// What happens to rows that exist already; `None` fails.
    pub conflict: Option<Conflict>,
    /// What is answered.
    pub returning: Returning,
    /// `PUT`: the payload's key must equal these filters (column name, value).
    pub put_key: Option<Vec<(String, SlotId)>>,
}

/// What a missing cell means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum MissingAs {
    /// NULL.
    #[default]
    Null,
    /// The column's default.
    Default,
}

/// An upsert's conflict.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Conflict {
    /// The columns that identify a row; `None` for the primary key.
    pub columns: Option<Vec<String>>,
    /// What happens then.
    pub resolution: Resolution,
}

/// What happens to a row that exists already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Resolution {
    /// It takes the payload's values.
    Merge,
    /// It stays as it is, and is not returned.
    Ignore,
}

/// Changing rows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Update {
    /// The table.
    pub target: Target,
    /// The columns that are set. The payload has one row.
    pub columns: Vec<String>,
    /// What a missing cell means.
    pub missing: MissingAs,
    /// Which rows.
    pub filter: Vec<Condition>,
    /// What is answered.
    pub returning: Returning,
}

/// Removing rows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Delete {
    /// The table.
    pub target: Target,
    /// Which rows.
    pub filter: Vec<Condition>,
    /// What is answered.
    pub returning: Returning,
}

/// Calling a function.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Call {
    /// The function.
    pub target: Target,
    /// The arguments by name, in the order given. A single unnamed argument has an empty name.
    pub arguments: Vec<(String, SlotId)>,
    /// For functions that return rows: what of them.
    pub level: Level,
    /// Whether the number of all rows is wanted.
    pub count: Option<Count>,
    /// Whether the body is one JSON document that may be meant for a single unnamed argument of such a type
    /// (`json`, `jsonb`, `text`, `bytea`, `xml`): its media type decides which, and the slot holds the whole body.
    pub body: Option<(&'static [&'static str], SlotId)>,
    /// Whether nothing may be written: GET and HEAD.
    pub read_only: bool,
}

/// What a write answers with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Returning {
    /// Nothing.
    Nothing,
    /// The primary keys of the rows that were added, for a `Location`.
    Key,
    /// The rows, as this level shows them (its filter does not apply again).
    Rows(Level),
}
