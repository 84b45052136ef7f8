//! Values as the driver hands them over, as the dialect knows them: nothing is copied but times, which come as numbers.

use mainstay_base::{Problem, Result};
use mainstay_dialect::mysql::storage::{
    Datum, DatumRef, Storage, date_text, read_float, read_text, time_text,
};
use mysql_async::{BinaryProtocol, QueryResult, Row, Value};

use crate::connection::Done;

/// The rows of a query, as they are asked for.
pub(crate) enum Cursor<'c> {
    Read(QueryResult<'c, 'static, BinaryProtocol>),
    Computed(std::vec::IntoIter<Vec<Datum>>),
}

/// A row of a cursor.
pub(crate) enum FoundRow {
    Row(Row),
    Computed(Vec<Datum>),
}

impl Cursor<'_> {
    /// The next row.
    #[inline]
    pub async fn next(&mut self) -> Done<Option<FoundRow>> {
        Ok(match self {
            Self::Read(rows) => rows.next().await?.map(FoundRow::Row),
            Self::Computed(rows) => rows.next().map(FoundRow::Computed),
        })
    }
}

impl FoundRow {
    /// The same, borrowed.
    pub fn found(&self) -> Found<'_> {
        match self {
            Self::Row(row) => Found::Row(row),
            Self::Computed(row) => Found::Computed(row),
        }
    }
}

/// A row: one that was read, or one that was computed from what was read.
#[derive(Clone, Copy)]
pub(crate) enum Found<'f> {
    Row(&'f Row),
    Computed(&'f [Datum]),
}

impl Found<'_> {
    /// Whether a column is NULL.
    pub fn is_null(&self, item: u32) -> Result<bool> {
        Ok(match self {
            Self::Row(row) => matches!(cell(row, item)?, Value::NULL),
            Self::Computed(row) => matches!(computed(row, item)?, Datum::Null),
        })
    }

    /// Hands over what a column holds.
    #[inline]
    pub fn with<T>(
        &self,
        item: u32,
        storage: &Storage,
        take: impl FnOnce(DatumRef<'_>) -> Result<T>,
    ) -> Result<T> {
        let row = match self {
            Self::Row(row) => row,
            Self::Computed(row) => return take(computed(row, item)?.as_ref()),
        };
        match cell(row, item)? {
            Value::NULL => take(DatumRef::Null),
            Value::Int(number) if is_exact(storage) => take(DatumRef::Text(number.to_string().as_bytes())),
            Value::UInt(number) if is_exact(storage) => take(DatumRef::Text(number.to_string().as_bytes())),
            Value::Int(number) => take(DatumRef::Int(*number)),
            Value::UInt(number) => take(DatumRef::Int(i64::try_from(*number).map_err(|_| too_great())?)),
            Value::Float(number) => take(DatumRef::Real(read_float(f64::from(*number)))),
            Value::Double(number) => take(DatumRef::Real(read_float(*number))),
            Value::Bytes(bytes) if *storage == Storage::Bytea => take(DatumRef::Blob(bytes)),
            Value::Bytes(bytes) => take(DatumRef::Text(read_text(storage, bytes))),
            Value::Date(year, month, day, ..)
                if (*month == 0 || *day == 0) && (*year, *month, *day) != (0, 0, 0) =>
            {
                let message =
                    format!("the database holds a date that is none: {year:04}-{month:02}-{day:02}");
                Err(Problem::new("22008", message))
            }
            Value::Time(is_negative, days, hours, ..) if *is_negative || *days > 0 || *hours > 24 => {
                Err(Problem::new("22008", "the database holds a time that is not of a day"))
            }
            Value::Date(year, month, day, hour, minute, second, micros) => {
                let text = date_text(
                    storage,
                    [
                        (*year).into(),
                        (*month).into(),
                        (*day).into(),
                        (*hour).into(),
                        (*minute).into(),
                        (*second).into(),
                    ],
                    *micros,
                );
                take(DatumRef::Text(text.as_bytes()))
            }
            Value::Time(_, days, hours, minutes, seconds, micros) => {
                let hours = days * 24 + u32::from(*hours);
                let text = time_text(hours, (*minutes).into(), (*seconds).into(), *micros);
                take(DatumRef::Text(text.as_bytes()))
            }
        }
    }

    /// The whole row.
    pub fn data(&self, columns: &[Storage]) -> Result<Vec<Datum>> {
        let columns = columns.iter().zip(0u32..);
        columns.map(|(storage, item)| self.with(item, storage, |datum| Ok(datum.to_owned()))).collect()
    }

    /// Whether a column holds TRUE.
    pub fn is_true(&self, item: u32) -> Result<bool> {
        self.with(item, &Storage::Bool, |datum| Ok(datum == DatumRef::Int(1)))
    }

    /// The number in a column; 0 when it has none.
    pub fn count(&self, item: u32) -> Result<u64> {
        self.with(item, &Storage::Int, |datum| match datum {
            DatumRef::Int(number) => Ok(u64::try_from(number).unwrap_or_default()),
            _ => Err(unknown(&Storage::Int)),
        })
    }
}

fn cell(row: &Row, item: u32) -> Result<&Value> {
    row.as_ref(item as usize).ok_or_else(|| missing(item))
}

fn computed(row: &[Datum], item: u32) -> Result<&Datum> {
    row.get(item as usize).ok_or_else(|| missing(item))
}

fn missing(item: u32) -> Problem {
    Problem::internal(format!("an answer has no column {item}"))
}

/// Whether numbers of a storage are told as text.
fn is_exact(storage: &Storage) -> bool {
    matches!(storage, Storage::Fixed(_) | Storage::Decimal)
}

fn too_great() -> Problem {
    Problem::new("22003", "bigint out of range")
        .with_details("A column of the database holds a number that is greater.")
}

fn unknown(storage: &Storage) -> Problem {
    Problem::internal(format!("the database sent a value that is no {storage:?}"))
}
