//! The place of a row: the values by which its table finds it, which are those of its primary key, or of a hidden one.

use mainstay_base::Result;
use mainstay_catalog::{Column, ColumnDefault, Table};
use mainstay_dialect::mysql::storage::{self, Datum, Storage};
use mainstay_dialect::mysql::{RowKey, is_adopted, row_key, row_storages};
use mainstay_expr::Value;

use crate::bind::NewRow;
use crate::output::Found;

/// The values of a row's key, as they are stored.
pub(crate) type Place = Vec<Datum>;

/// How the rows of a table are found again.
pub(crate) struct Places {
    key: RowKey,
    storages: Vec<Storage>,
    /// The column that the database numbers when a row is added.
    numbered: Option<u32>,
}

impl Places {
    pub fn of(table: &Table) -> Self {
        let is_numbered = |column: &Column| matches!(column.default, ColumnDefault::Identity(_));
        let numbered = match is_adopted(table) {
            true => table.columns.iter().zip(0..).find(|(column, _)| is_numbered(column)),
            false => None,
        };
        Self {
            key: row_key(table),
            storages: row_storages(table),
            numbered: numbered.map(|(_, position)| position),
        }
    }

    /// How many of a row's columns are its place.
    pub fn width(&self) -> u32 {
        self.storages.len() as u32
    }

    /// The place that stands in the first columns of a row.
    pub fn read(&self, row: Found<'_>) -> Result<Place> {
        row.data(&self.storages)
    }

    /// Whether a new row's place is known before it is written.
    pub fn is_known(&self) -> bool {
        matches!(&self.key, RowKey::Columns(columns) if !columns.iter().any(|column| self.numbered == Some(*column)))
    }

    /// The column that the database numbers when a row is added.
    pub fn numbered(&self) -> Option<u32> {
        self.numbered
    }

    /// The place of a new row; `generated` is its number where the database gave it one. What it gave otherwise is not known, and
    /// NULL stands for it.
    pub fn of_new(&self, new: &NewRow<'_>, generated: i64) -> Result<Place> {
        let RowKey::Columns(columns) = &self.key else { return Ok(vec![Datum::Int(generated)]) };
        let columns = columns.iter().zip(&self.storages);
        columns
            .map(|(column, storage)| match new.value(*column) {
                Some(value) => storage::encode(storage, &value),
                None if self.numbered == Some(*column) => storage::encode(storage, &Value::Int(generated)),
                None => Ok(Datum::Null),
            })
            .collect()
    }

    /// The place of a row after some of its columns were set.
    pub fn moved(&self, place: &Place, new: &NewRow<'_>) -> Result<Place> {
        let RowKey::Columns(columns) = &self.key else { return Ok(place.clone()) };
        let mut moved = place.clone();
        for ((datum, column), storage) in moved.iter_mut().zip(columns).zip(&self.storages) {
            if let Some(value) = new.value(*column) {
                *datum = storage::encode(storage, &value)?;
            }
        }
        Ok(moved)
    }
}
