//! Makes the result of what the reads have found.

use std::collections::HashMap;

use mainstay_base::{Problem, Result};
use mainstay_expr::{Evaluator, Inputs, Scope, TableId, Tables, Value};

use super::{Rest, Supplied};
use crate::mysql::storage::{Datum, Storage};

type Row = Vec<Value>;

/// The rows of the reads, by their positions.
struct Loaded(Vec<Vec<Row>>);

impl Tables for Loaded {
    fn rows(&self, table: TableId) -> Result<Vec<Row>> {
        let missing = || Problem::internal("the evaluator asks for a table that was not read");
        self.0.get(table.0 as usize).cloned().ok_or_else(missing)
    }
}

impl Rest {
    /// The result's rows, from the rows of each read.
    pub fn finish(&self, rows: Vec<Vec<Vec<Datum>>>, supplied: &Supplied<'_>) -> Result<Vec<Vec<Datum>>> {
        if rows.len() != self.reads.len() {
            return Err(Problem::internal("the evaluator was given the rows of other reads"));
        }
        if self.each.is_empty() {
            return self.evaluate(rows, supplied);
        }
        let mut rows = rows.into_iter();
        let first = rows.next().unwrap_or_default();
        let others: Vec<_> = rows.collect();
        let mut finished = Vec::new();
        for part in self.parts(first)? {
            let rows = std::iter::once(part).chain(others.iter().cloned()).collect();
            finished.extend(self.evaluate(rows, supplied)?);
        }
        Ok(finished)
    }

    /// The rows of the first read by their keys.
    fn parts(&self, rows: Vec<Vec<Datum>>) -> Result<Vec<Vec<Vec<Datum>>>> {
        let mut positions: HashMap<Vec<u8>, usize> = HashMap::new();
        let mut parts: Vec<Vec<Vec<Datum>>> = Vec::new();
        for row in rows {
            let mut key = Vec::new();
            for position in &self.each {
                let datum = row.get(*position).ok_or_else(|| Problem::internal("a key is missing"))?;
                self.reads[0].columns[*position].push_element(datum.as_ref(), &mut key)?;
                key.push(b',');
            }
            let position = *positions.entry(key).or_insert(parts.len());
            match parts.get_mut(position) {
                Some(part) => part.push(row),
                None => parts.push(vec![row]),
            }
        }
        Ok(parts)
    }

    fn evaluate(&self, rows: Vec<Vec<Vec<Datum>>>, supplied: &Supplied<'_>) -> Result<Vec<Vec<Datum>>> {
        let mut loaded = Vec::with_capacity(rows.len());
        for (read, rows) in self.reads.iter().zip(rows) {
            let rows = rows.iter().map(|row| decoded(&read.columns, row)).collect::<Result<Vec<_>>>()?;
            loaded.push(rows);
        }
        let tables = Loaded(loaded);
        let inputs =
            Inputs { slots: supplied.slots, arguments: &[], new: supplied.new, session: supplied.session };
        let evaluator = Evaluator::new(inputs, &tables, supplied.clock, supplied.random)?;
        let rows = evaluator.select(&self.select, &Scope::empty())?;
        rows.iter().map(|row| encoded(&self.columns, row)).collect()
    }
}

fn decoded(storages: &[Storage], row: &[Datum]) -> Result<Row> {
    storages.iter().zip(row).map(|(storage, datum)| storage.decode(datum.as_ref())).collect()
}

/// Values as if MySQL had answered with them.
fn encoded(storages: &[Storage], row: &[Value]) -> Result<Vec<Datum>> {
    let encode = |(storage, value): (&Storage, &Value)| match (storage, value) {
        // what is shown needs not be stored
        (_, Value::Float(number)) => Ok(Datum::Real(*number)),
        (Storage::Trimmed(_), Value::Text(text)) => Ok(Datum::Text(text.trim_end_matches(' ').to_owned())),
        _ => storage.encode(value),
    };
    storages.iter().zip(row).map(encode).collect()
}
