//! Reading much from one state of a database: what copies, dumps and comparisons do.

use std::sync::Arc;

use mainstay_catalog::Catalog;
use mainstay_expr::TableId;
use tokio::sync::mpsc;

use crate::{Inputs, Prepared, Running};

/// One state of the database: all that is read from it agrees, however long it takes and whatever is written meanwhile.
pub trait Snapshot: Send {
    /// Runs a read without embeds or a total, and hands its rows over as they are read: memory holds a few batches, however many
    /// there are. It takes as long as it takes, and ends early when nobody takes batches any more.
    fn stream<'a>(
        &'a mut self,
        read: &'a Prepared,
        inputs: Inputs,
        batches: mpsc::Sender<Batch>,
    ) -> Running<'a, ()>;

    /// Where the sequences of a schema's columns stand; those that have handed out nothing yet are left out.
    fn sequences<'a>(&'a mut self, catalog: &'a Arc<Catalog>) -> Running<'a, Vec<Sequence>>;
}

/// Where the sequence of a column stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sequence {
    /// The table.
    pub table: TableId,
    /// The identity or serial column.
    pub column: u32,
    /// The number that was handed out last.
    pub last: i64,
}

/// Some rows, each a JSON object as an answer shows it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Every row is preceded by one byte.
    pub(crate) bytes: Vec<u8>,
    /// Where each ends.
    pub(crate) ends: Vec<usize>,
}

impl Batch {
    /// Bytes that are worth handing over.
    pub const BYTES: usize = 128 * 1024;

    /// Adds a row: a JSON object without line breaks.
    pub fn push(&mut self, row: &[u8]) {
        self.bytes.push(b',');
        self.bytes.extend_from_slice(row);
        self.ends.push(self.bytes.len());
    }

    /// Its rows.
    pub fn rows(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.bytes[start + 1..*end])
    }

    /// The row at a position.
    pub fn row(&self, position: usize) -> Option<&[u8]> {
        let start = match position.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        Some(&self.bytes[start + 1..*self.ends.get(position)?])
    }

    /// How many rows it holds.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// How much memory its rows take, in bytes.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }
}
