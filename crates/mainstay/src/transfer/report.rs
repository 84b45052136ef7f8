//! How a copy is told of: a bar while a table is under way, and a line when it is done.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::progress::Progress;
use crate::words::counted;

/// Where lines go.
#[derive(Debug, Clone, Copy)]
pub enum Lines {
    /// Standard output.
    Output,
    /// Standard error: standard output has the rows.
    Error,
}

/// Tells of a copy.
pub struct Report(Lines);

/// Tells of one table.
pub struct TableReport {
    lines: Lines,
    name: String,
    present: u64,
    done: AtomicU64,
    total: u64,
    progress: Progress,
}

/// Tells how far the comparison of a table has come.
pub struct Comparison {
    progress: Progress,
}

impl Report {
    /// One that writes its lines there.
    pub fn new(lines: Lines) -> Self {
        Self(lines)
    }

    /// A line.
    pub fn say(&self, line: &str) {
        say(self.0, line);
    }

    /// A table that has so many of its rows already.
    pub fn table(&self, name: &str, present: u64, total: u64) -> TableReport {
        TableReport {
            lines: self.0,
            name: name.to_owned(),
            present,
            done: AtomicU64::new(present),
            total,
            progress: Progress::with_lines(name),
        }
    }

    /// The comparison of a table.
    pub fn comparison(&self) -> Comparison {
        Comparison { progress: Progress::new("comparing") }
    }

    /// The end.
    pub fn end(&self, verb: &str, rows: u64, tables: usize, bytes: u64, began: Instant) {
        let seconds = began.elapsed().as_secs_f64();
        let megabytes = bytes as f64 / 1e6;
        self.say(&format!(
            "{verb} {} of {} in {seconds:.1} s: {megabytes:.1} MB, {:.1} MB/s, {:.0} rows/s",
            counted(rows, "row"),
            counted(tables as u64, "table"),
            megabytes / seconds.max(0.001),
            rows as f64 / seconds.max(0.001)
        ));
    }
}

impl TableReport {
    /// The table's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// So many rows more are there.
    pub fn add(&self, rows: u64) {
        let done = self.done.fetch_add(rows, Ordering::Relaxed) + rows;
        self.progress.report(done, self.total.max(done));
    }

    /// The table is done.
    pub fn end(&self) {
        self.progress.clear();
        let rows = counted(self.done.load(Ordering::Relaxed), "row");
        match self.present {
            0 => say(self.lines, &format!("  {}: {rows}", self.name)),
            there => say(self.lines, &format!("  {}: {rows}, {there} of them from before", self.name)),
        }
    }
}

impl Comparison {
    /// So many rows were compared.
    pub fn report(&self, done: u64) {
        if done.is_multiple_of(1_024) {
            self.progress.report(done, done);
        }
    }
}

fn say(lines: Lines, line: &str) {
    match lines {
        Lines::Output => println!("{line}"),
        Lines::Error => eprintln!("{line}"),
    }
}
