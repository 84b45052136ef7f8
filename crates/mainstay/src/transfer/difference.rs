//! The rows of a table on two sides, side by side in the order of their key.

use std::cmp::Ordering;
use std::fmt::Write;

use mainstay_base::Result;
use mainstay_engine::Batch;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use super::layout::Layout;
use super::report::Report;
use super::row::Reader;
use super::{BATCHES, Source, Start};
use crate::words::counted;

/// Differences that are told of a table; the others are counted.
const TOLD: usize = 10;

/// What a comparison found.
pub struct Found {
    /// How many rows the source has, and the copy.
    pub rows: u64,
    pub copied: u64,
    /// Their checksums: SHA-256 of the rows, each with a line break.
    checksums: [String; 2],
    /// How many rows differ.
    pub count: u64,
    told: Vec<String>,
}

/// One side's rows.
struct Side {
    batches: mpsc::Receiver<Batch>,
    current: Batch,
    at: usize,
    hash: Sha256,
    rows: u64,
}

impl Side {
    fn new(batches: mpsc::Receiver<Batch>) -> Self {
        Self { batches, current: Batch::default(), at: 0, hash: Sha256::new(), rows: 0 }
    }

    /// The row that comes next.
    async fn peek(&mut self) -> Option<&[u8]> {
        while self.at >= self.current.len() {
            self.current = self.batches.recv().await?;
            self.at = 0;
        }
        self.current.row(self.at)
    }

    /// Goes on to the row after it.
    fn advance(&mut self) {
        if let Some(row) = self.current.row(self.at) {
            self.hash.update(row);
            self.hash.update(b"\n");
            self.rows += 1;
        }
        self.at += 1;
    }
}

/// Compares a table.
pub async fn of_table(
    source: &mut dyn Source,
    copy: &mut dyn Source,
    layout: &Layout,
    report: &Report,
) -> Result<Found> {
    let ((left, lefts), (right, rights)) = (mpsc::channel(BATCHES), mpsc::channel(BATCHES));
    let reads = (source.rows(layout, &Start::First, left), copy.rows(layout, &Start::First, right));
    let compared = compare(layout, Side::new(lefts), Side::new(rights), report);
    let (left, right, compared) = futures_util::future::join3(reads.0, reads.1, compared).await;
    left?;
    right?;
    compared
}

async fn compare(layout: &Layout, mut left: Side, mut right: Side, report: &Report) -> Result<Found> {
    let reader = Reader::new(layout);
    let told = report.comparison();
    let (mut count, mut differences) = (0, Vec::new());
    loop {
        let rows = (left.peek().await, right.peek().await);
        let order = match rows {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(one), Some(other)) if one == other => {
                left.advance();
                right.advance();
                told.report(left.rows);
                continue;
            }
            (Some(one), Some(other)) => layout.order(&reader.key(one)?, &reader.key(other)?),
        };
        count += 1;
        if differences.len() < TOLD {
            differences.push(describe(layout, &reader, order, rows)?);
        }
        if order != Ordering::Greater {
            left.advance();
        }
        if order != Ordering::Less {
            right.advance();
        }
    }
    let (rows, copied) = (left.rows, right.rows);
    let checksums = [left.hash, right.hash].map(|hash| super::archive::hexadecimal(&hash.finalize()));
    Ok(Found { rows, copied, checksums, count, told: differences })
}

fn describe(
    layout: &Layout,
    reader: &Reader<'_>,
    order: Ordering,
    (left, right): (Option<&[u8]>, Option<&[u8]>),
) -> Result<String> {
    let row = if order.is_gt() { right } else { left }.unwrap_or_default();
    let key = reader.shown_key(row)?;
    Ok(match (order, left, right) {
        (Ordering::Equal, Some(left), Some(right)) => {
            format!("{key} differs in {}", reader.differing(left, right)?.join(", "))
        }
        (Ordering::Greater, ..) => format!("{key} is only in the copy"),
        _ if layout.has_key => format!("{key} is missing in the copy"),
        _ => format!("a row is missing in the copy: {key}"),
    })
}

impl Found {
    /// What differs, for people.
    pub fn describe(&self, layout: &Layout, source: &str, copy: &str) -> String {
        let mut text = format!("{}: {} in which the two differ", layout.name, counted(self.count, "row"));
        let sides = [(source, self.rows, &self.checksums[0]), (copy, self.copied, &self.checksums[1])];
        for (name, rows, checksum) in sides {
            // Writing to a string cannot fail.
            let _ = write!(text, "\n  {}, checksum {checksum}: {name}", counted(rows, "row"));
        }
        for line in &self.told {
            let _ = write!(text, "\n  {line}");
        }
        if self.count > self.told.len() as u64 {
            let _ = write!(text, "\n  and {} more", self.count - self.told.len() as u64);
        }
        text
    }
}
