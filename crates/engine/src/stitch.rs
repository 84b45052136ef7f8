//! Writes the answer of a read whose levels are all in memory: children go into their parents.

use mainstay_base::Result;
use mainstay_plan::ResultKind;

use crate::rows::{Form, too_large};
use crate::shape::{Column, End, Step};
use crate::{Format, Levels, csv, strip};

impl Levels<'_> {
    /// Writes the answer: its body, empty when nothing is answered.
    pub fn finish(mut self) -> Result<Vec<u8>> {
        self.group();
        let body = match (self.shape.result, self.output.format) {
            (ResultKind::Nothing | ResultKind::Document, _) => return Ok(Vec::new()),
            (_, Format::Csv) => self.lines()?,
            (_, Format::Json) => self.json()?,
        };
        if body.len() > self.bytes_max() {
            return Err(too_large(self.bytes_max()));
        }
        self.shape.learn_size(body.len());
        Ok(body)
    }

    fn group(&mut self) {
        for number in 1..self.rows.len() {
            let (parent, position) = self.shape.levels[number].parent.unwrap_or_default();
            let (above, below) = self.rows.split_at_mut(number);
            below[0].group(above[parent].branches[position].len());
        }
    }

    fn json(&mut self) -> Result<Vec<u8>> {
        let one = match self.shape.result {
            ResultKind::Row | ResultKind::Value => true,
            _ => self.output.single,
        };
        let mut body = if self.rows[0].form == Form::Whole {
            let rows = &mut self.rows[0];
            match (one, rows.count) {
                (false, _) => {
                    rows.bytes.push(b']');
                    std::mem::take(&mut rows.bytes)
                }
                (true, 0) => b"null".to_vec(),
                (true, _) => rows.whole(0).to_vec(),
            }
        } else {
            let mut body = Vec::with_capacity(self.shape.bytes_expected());
            match (one, self.rows[0].count) {
                (true, 0) => body.extend_from_slice(b"null"),
                (true, _) => self.object(&mut body, 0, 0)?,
                (false, count) => {
                    self.list(&mut body, 0..count, |levels, body, row| levels.object(body, 0, row))?;
                }
            }
            body
        };
        if self.output.strip_nulls {
            body = strip::nulls(&body);
        }
        Ok(body)
    }

    fn list<I: Iterator<Item = u32>>(
        &self,
        out: &mut Vec<u8>,
        rows: I,
        mut write: impl FnMut(&Self, &mut Vec<u8>, u32) -> Result<()>,
    ) -> Result<()> {
        out.push(b'[');
        for (position, row) in rows.enumerate() {
            if position > 0 {
                out.push(b',');
            }
            write(self, out, row)?;
        }
        out.push(b']');
        if out.len() > self.bytes_max() { Err(too_large(self.bytes_max())) } else { Ok(()) }
    }

    /// A row as an object.
    fn object(&self, out: &mut Vec<u8>, level: usize, row: u32) -> Result<()> {
        if self.rows[level].form == Form::Whole {
            out.extend_from_slice(self.rows[level].whole(row));
            return Ok(());
        }
        let columns = &self.shape.levels[level].columns;
        for column in columns {
            out.extend_from_slice(&column.before);
            self.column(out, level, row, column)?;
        }
        out.extend_from_slice(if columns.is_empty() { b"{}" } else { b"}" });
        Ok(())
    }

    fn column(&self, out: &mut Vec<u8>, level: usize, row: u32, column: &Column) -> Result<()> {
        self.follow(out, level, row, &column.steps, &column.end)
    }

    /// Goes through the spreads to where the value is.
    fn follow(&self, out: &mut Vec<u8>, level: usize, row: u32, steps: &[Step], end: &End) -> Result<()> {
        let Some((step, rest)) = steps.split_first() else {
            return self.value(out, level, row, end);
        };
        let (below, rows) = self.below(level, row, step.child);
        if !step.to_one {
            return self.list(out, rows.iter().copied(), |levels, out, row| {
                levels.follow(out, below, row, rest, end)
            });
        }
        match rows.first() {
            Some(&row) => self.follow(out, below, row, rest, end),
            None => {
                out.extend_from_slice(b"null");
                Ok(())
            }
        }
    }

    fn value(&self, out: &mut Vec<u8>, level: usize, row: u32, end: &End) -> Result<()> {
        match *end {
            End::Part(part) => {
                let parts = self.shape.levels[level].parts.len();
                out.extend_from_slice(self.rows[level].part(row, part, parts));
                Ok(())
            }
            End::Embed { child, to_one } => {
                let (below, rows) = self.below(level, row, child);
                match (to_one, rows.first()) {
                    (true, None) => out.extend_from_slice(b"null"),
                    (true, Some(&row)) => self.object(out, below, row)?,
                    (false, None) => {
                        out.push(b'[');
                        let stand_in = &self.shape.levels[level].children[child].without_rows;
                        out.extend_from_slice(stand_in.as_deref().unwrap_or_default().as_bytes());
                        out.push(b']');
                    }
                    (false, Some(_)) => {
                        self.list(out, rows.iter().copied(), |levels, out, row| {
                            levels.object(out, below, row)
                        })?;
                    }
                }
                Ok(())
            }
        }
    }

    /// The level below and the rows of it that belong to a row.
    fn below(&self, level: usize, row: u32, child: usize) -> (usize, &[u32]) {
        let below = self.shape.levels[level].children[child].level;
        let rows = match self.rows[level].branches[child].of_row(row) {
            Some(key) => self.rows[below].of_key(key),
            None => &[],
        };
        (below, rows)
    }

    /// A header of the keys and a line for each row.
    fn lines(&mut self) -> Result<Vec<u8>> {
        let mut out = Vec::with_capacity(self.shape.bytes_expected());
        let columns = &self.shape.levels[0].columns;
        for (position, column) in columns.iter().enumerate() {
            separate(&mut out, position);
            let start = out.len();
            out.extend_from_slice(column.key.as_bytes());
            csv::quote(&mut out, start);
        }
        let rows = match self.shape.result {
            ResultKind::Row | ResultKind::Value => self.rows[0].count.min(1),
            _ => self.rows[0].count,
        };
        for row in 0..rows {
            out.push(b'\n');
            for (position, column) in columns.iter().enumerate() {
                separate(&mut out, position);
                self.field(&mut out, row, column)?;
            }
            if out.len() > self.bytes_max() {
                return Err(too_large(self.bytes_max()));
            }
        }
        Ok(out)
    }

    /// A field of a line: the value's text, or JSON in quotes when it comes from several rows or is an object.
    fn field(&self, out: &mut Vec<u8>, row: u32, column: &Column) -> Result<()> {
        let (mut level, mut row) = (0, row);
        let mut steps = column.steps.as_slice();
        while let Some((step, rest)) = steps.split_first() {
            if !step.to_one {
                break;
            }
            let (below, rows) = self.below(level, row, step.child);
            let Some(&first) = rows.first() else { return Ok(()) };
            (level, row, steps) = (below, first, rest);
        }
        if steps.is_empty() && matches!(column.end, End::Part(_)) {
            return self.value(out, level, row, &column.end);
        }
        let start = out.len();
        self.follow(out, level, row, steps, &column.end)?;
        if &out[start..] == b"null" {
            out.truncate(start);
        } else {
            csv::quote(out, start);
        }
        Ok(())
    }
}

fn separate(out: &mut Vec<u8>, position: usize) {
    if position > 0 {
        out.push(b',');
    }
}
