//! The rows of the levels as an engine reads them: encoded values in one buffer per level, no allocation for a value.

use mainstay_base::{Problem, Result};
use mainstay_plan::ResultKind;

use crate::shape::{Level, Part, Shape};
use crate::{Batch, Format, Keys, Output, csv};

/// All levels of one read, filled from the root down and then written by [`Levels::finish`].
#[derive(Debug)]
pub struct Levels<'s> {
    pub(crate) shape: &'s Shape,
    pub(crate) output: Output,
    pub(crate) rows: Vec<Rows>,
    bytes_max: usize,
}

/// The rows of one level.
#[derive(Debug)]
pub(crate) struct Rows {
    pub bytes: Vec<u8>,
    /// Where each row (of a whole level) or each part of each row ends in `bytes`.
    pub ends: Vec<usize>,
    /// The number of the key that each row belongs to; not kept for the root.
    pub keys: Vec<u32>,
    /// The keys of these rows for each child.
    pub branches: Vec<Keys>,
    pub count: u32,
    /// Rows in the order of their keys, and where each key's rows start in it; filled when the level is complete.
    pub order: Vec<u32>,
    pub starts: Vec<u32>,
    pub form: Form,
}

/// What is kept of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// All of it, as JSON; rows are separated by commas, and the first is preceded by `[`.
    Whole,
    /// Its values, each as JSON.
    Json,
    /// Its values, each as a field of a CSV line.
    Line,
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueForm {
    /// As JSON.
    Json,
    /// As PostgreSQL's text form.
    Text,
}

/// Takes the rows of one level.
#[derive(Debug)]
pub struct LevelWriter<'l> {
    level: &'l Level,
    rows: &'l mut Rows,
    close: &'static [u8],
    bytes_max: usize,
    /// How many objects inside the row are open, and where the outermost began.
    depth: u32,
    object_start: usize,
}

impl<'s> Levels<'s> {
    /// Empty levels. An answer (or what is needed to make it) above `bytes_max` bytes is refused.
    pub fn new(shape: &'s Shape, output: Output, bytes_max: usize) -> Self {
        let rows = shape.levels.iter().map(|level| Rows::new(level, output)).collect();
        let mut levels = Self { shape, output, rows, bytes_max };
        levels.rows[0].bytes.reserve(shape.bytes_expected());
        if levels.rows[0].form == Form::Whole {
            levels.rows[0].bytes.push(b'[');
        }
        levels
    }

    /// The keys to fetch a level's rows by (`None` for the root), and where its rows go.
    pub fn level(&mut self, number: usize) -> (Option<&Keys>, LevelWriter<'_>) {
        let level = &self.shape.levels[number];
        let (above, below) = self.rows.split_at_mut(number);
        let keys = level.parent.map(|(parent, position)| &above[parent].branches[position]);
        let bare = number == 0 && matches!(self.shape.result, ResultKind::Value | ResultKind::Values);
        let close = match (bare, level.parts.is_empty()) {
            (true, _) => b"".as_slice(),
            (false, true) => b"{}",
            (false, false) => b"}",
        };
        let bytes_max = self.bytes_max;
        (keys, LevelWriter { level, rows: &mut below[0], close, bytes_max, depth: 0, object_start: 0 })
    }

    /// How many rows the root has.
    pub fn root_rows(&self) -> u64 {
        u64::from(self.rows[0].count)
    }

    pub(crate) fn bytes_max(&self) -> usize {
        self.bytes_max
    }
}

impl Rows {
    fn new(level: &Level, output: Output) -> Self {
        let form = match output.format {
            Format::Csv if level.line => Form::Line,
            _ if level.whole => Form::Whole,
            _ => Form::Json,
        };
        Self {
            bytes: Vec::new(),
            ends: Vec::new(),
            keys: Vec::new(),
            branches: level.children.iter().map(|_| Keys::default()).collect(),
            count: 0,
            order: Vec::new(),
            starts: Vec::new(),
            form,
        }
    }

    /// The bytes of a whole row.
    pub fn whole(&self, row: u32) -> &[u8] {
        let row = row as usize;
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        // Every row is preceded by one byte: the comma or the bracket.
        &self.bytes[start + 1..self.ends[row]]
    }

    /// The bytes of one part of a row of a level with `parts` of them.
    pub fn part(&self, row: u32, part: usize, parts: usize) -> &[u8] {
        let at = row as usize * parts + part;
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.bytes[start..self.ends[at]]
    }

    /// The rows that belong to a key.
    pub fn of_key(&self, key: u32) -> &[u32] {
        let (start, end) = (self.starts[key as usize], self.starts[key as usize + 1]);
        &self.order[start as usize..end as usize]
    }

    /// Sorts the rows by key, keeping their order within a key.
    pub fn group(&mut self, keys: usize) {
        self.starts = vec![0; keys + 1];
        for &key in &self.keys {
            self.starts[key as usize + 1] += 1;
        }
        for key in 0..keys {
            self.starts[key + 1] += self.starts[key];
        }
        let mut next = self.starts.clone();
        self.order = vec![0; self.keys.len()];
        for (row, &key) in self.keys.iter().enumerate() {
            self.order[next[key as usize] as usize] = row as u32;
            next[key as usize] += 1;
        }
    }
}

impl<'l> LevelWriter<'l> {
    /// Starts a row of the root, which has no key.
    pub fn begin_root(&mut self) {
        if self.rows.form == Form::Whole && self.rows.count > 0 {
            self.rows.bytes.push(b',');
        }
    }

    /// Starts a row that belongs to a key.
    pub fn begin(&mut self, key: u32) {
        self.rows.keys.push(key);
        if self.rows.form == Form::Whole {
            self.rows.bytes.push(b',');
        }
    }

    /// The values to be given for every row, in this order.
    pub fn parts(&self) -> &'l [Part] {
        &self.level.parts
    }

    /// The next value is NULL.
    pub fn null(&mut self, part: &Part) {
        match self.form() {
            Form::Whole => {
                self.rows.bytes.extend_from_slice(&part.before);
                self.rows.bytes.extend_from_slice(b"null");
            }
            Form::Json => {
                self.rows.bytes.extend_from_slice(b"null");
                self.rows.ends.push(self.rows.bytes.len());
            }
            Form::Line => self.rows.ends.push(self.rows.bytes.len()),
        }
    }

    /// The next value: `write` appends it in the form it is told.
    #[inline]
    pub fn value(
        &mut self,
        part: &Part,
        write: impl FnOnce(&mut Vec<u8>, ValueForm) -> Result<()>,
    ) -> Result<()> {
        let form = self.form();
        let bytes = &mut self.rows.bytes;
        match form {
            Form::Whole => {
                bytes.extend_from_slice(&part.before);
                return write(bytes, ValueForm::Json);
            }
            Form::Json => write(bytes, ValueForm::Json)?,
            Form::Line => {
                let start = bytes.len();
                write(bytes, ValueForm::Text)?;
                csv::quote(bytes, start);
            }
        }
        self.rows.ends.push(self.rows.bytes.len());
        Ok(())
    }

    /// The next value is an object: the values of its parts follow, and then [`LevelWriter::close`].
    pub fn open(&mut self, part: &Part) {
        match self.form() {
            Form::Whole => self.rows.bytes.extend_from_slice(&part.before),
            Form::Json | Form::Line => self.object_start = self.rows.bytes.len(),
        }
        self.depth += 1;
    }

    /// Ends the object that was opened last.
    pub fn close(&mut self, part: &Part) {
        let is_empty = part.inner().is_none_or(<[Part]>::is_empty);
        self.rows.bytes.extend_from_slice(if is_empty { b"{}" } else { b"}" });
        self.depth -= 1;
        match self.form() {
            Form::Whole => return,
            Form::Json => {}
            Form::Line => csv::quote(&mut self.rows.bytes, self.object_start),
        }
        self.rows.ends.push(self.rows.bytes.len());
    }

    /// How the next value is kept: inside of an object as part of it.
    #[inline]
    fn form(&self) -> Form {
        if self.depth > 0 { Form::Whole } else { self.rows.form }
    }

    /// Takes out the rows so far, once they are worth handing over or when no more are to come; for levels of whole rows.
    pub fn take_batch(&mut self, is_last: bool) -> Option<Batch> {
        let wanted = if is_last { self.rows.count > 0 } else { self.rows.bytes.len() >= Batch::BYTES };
        if !wanted || self.rows.form != Form::Whole {
            return None;
        }
        let mut bytes = Vec::with_capacity(self.rows.bytes.len());
        // What precedes the first row of a batch, as of an answer.
        bytes.push(b'[');
        let bytes = std::mem::replace(&mut self.rows.bytes, bytes);
        let ends = Vec::with_capacity(self.rows.ends.len());
        self.rows.count = 0;
        Some(Batch { bytes, ends: std::mem::replace(&mut self.rows.ends, ends) })
    }

    /// Ends a row. `key` appends the key to the `n`-th child, or returns `false` when a part of it is NULL.
    #[inline]
    pub fn end(&mut self, mut key: impl FnMut(usize, &mut Vec<u8>) -> bool) -> Result<()> {
        if self.rows.form == Form::Whole {
            self.rows.bytes.extend_from_slice(self.close);
            self.rows.ends.push(self.rows.bytes.len());
        }
        for (position, keys) in self.rows.branches.iter_mut().enumerate() {
            keys.push(|bytes| key(position, bytes));
        }
        self.rows.count += 1;
        if self.rows.bytes.len() > self.bytes_max {
            return Err(too_large(self.bytes_max));
        }
        Ok(())
    }
}

pub(crate) fn too_large(bytes_max: usize) -> Problem {
    Problem::new("54000", "the answer is too large")
        .with_details(format!("An answer may need {bytes_max} bytes at most."))
        .with_hint("Ask for fewer rows or columns, with a limit or a narrower filter.")
}
