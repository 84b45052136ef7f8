//! The values of an execution as a statement's parameters.

use mainstay_base::{Problem, Result};
use mainstay_dialect::mysql::storage::{Datum, Storage};
use mainstay_dialect::mysql::{self, Bound, Form, Input};
use mainstay_engine::{Keys, NewValue};
use mainstay_expr::{Session, Value};

use crate::place::Place;
use crate::render::Query;
use mainstay_dialect::storage::key;

/// Where the values of one execution are found.
#[derive(Clone, Copy)]
pub(crate) struct Values<'v> {
    pub slots: &'v [Value],
    pub session: &'v Session,
    pub new: Option<NewRow<'v>>,
    /// The keys of all parents.
    pub keys: Option<&'v Keys>,
    /// The places of the rows in question.
    pub rows: &'v [Place],
}

impl<'v> Values<'v> {
    /// The values of a request alone.
    pub fn of(slots: &'v [Value], session: &'v Session) -> Self {
        Self { slots, session, new: None, keys: None, rows: &[] }
    }
}

/// A row that is about to be written.
#[derive(Clone, Copy)]
pub(crate) struct NewRow<'v> {
    pub values: &'v [NewValue],
    /// The numbers drawn for some of its columns.
    pub drawn: &'v [(u32, i64)],
    /// Where each of the table's columns stands in `values`.
    pub positions: &'v [Option<u32>],
    /// What is kept behind the table's columns.
    pub kept: &'v [Value],
}

impl NewRow<'_> {
    /// The value of a column, when the row has one for it.
    pub fn value(&self, column: u32) -> Option<Value> {
        let position = self.positions.get(column as usize).copied().flatten()?;
        match self.values.get(position as usize)? {
            NewValue::Value(value) => Some(value.clone()),
            NewValue::Default => None,
            NewValue::Identity => {
                self.drawn.iter().find(|(drawn, _)| *drawn == column).map(|(_, number)| Value::Int(*number))
            }
        }
    }

    /// Whether a column is NULL.
    pub fn is_null(&self, column: u32) -> bool {
        let position = self.positions.get(column as usize).copied().flatten();
        let value = position.and_then(|position| self.values.get(position as usize));
        matches!(value, Some(NewValue::Value(Value::Null)))
    }

    /// The values by the table's columns; NULL where there is none.
    pub fn columns(&self) -> Vec<Value> {
        (0..self.positions.len() as u32).map(|column| self.value(column).unwrap_or(Value::Null)).collect()
    }

    fn bind(&self, column: u32, form: &Form) -> Result<mysql_async::Value> {
        let missing = || Problem::internal(format!("column {column} of the new row has no value"));
        if let Some(kept) = (column as usize).checked_sub(self.positions.len()) {
            return bound(form, self.kept.get(kept).ok_or_else(missing)?);
        }
        let position = self.positions.get(column as usize).copied().flatten().ok_or_else(missing)?;
        match self.values.get(position as usize).ok_or_else(missing)? {
            NewValue::Value(value) => bound(form, value),
            NewValue::Default => Err(left_to_database()),
            NewValue::Identity => match self.drawn.iter().find(|(drawn, _)| *drawn == column) {
                Some((_, number)) => bound(form, &Value::Int(*number)),
                // A database that was there before us numbers its rows itself where there is NULL.
                None => Ok(mysql_async::Value::NULL),
            },
        }
    }
}

/// Why a value cannot be told: it is not known before the row is written.
fn left_to_database() -> Problem {
    let message = "a column's value is wanted before the database gives the column its default";
    Problem::new("0A000", message).with_hint("Give every row a value for the column, or none.")
}

/// The parameters of a query.
pub(crate) fn parameters(query: &Query, values: &Values<'_>) -> Result<Vec<mysql_async::Value>> {
    query.inputs.iter().map(|input| parameter(input, values)).collect()
}

/// The parameters of a statement that has the same inputs for each of several new rows.
pub(crate) fn parameters_of_rows(
    query: &Query,
    values: &Values<'_>,
    rows: &[NewRow<'_>],
) -> Result<Vec<mysql_async::Value>> {
    let each = query.inputs.len() / rows.len().max(1);
    let mut parameters = Vec::with_capacity(query.inputs.len());
    for (row, inputs) in rows.iter().zip(query.inputs.chunks(each.max(1))) {
        let values = Values { new: Some(*row), ..*values };
        for input in inputs {
            parameters.push(parameter(input, &values)?);
        }
    }
    Ok(parameters)
}

fn parameter(input: &Input, values: &Values<'_>) -> Result<mysql_async::Value> {
    let missing = || Problem::internal(format!("a statement wants {:?}, which there is not", input.value));
    match &input.value {
        Bound::Slot(slot) => bound(&input.form, values.slots.get(*slot as usize).ok_or_else(missing)?),
        Bound::New(column) => values.new.ok_or_else(missing)?.bind(*column, &input.form),
        Bound::Session(wanted) => bound(&input.form, &values.session.value(wanted)?),
        Bound::Keys => {
            let storages = storages(&input.form);
            let keys = values.keys.ok_or_else(missing)?;
            mysql::encode_keys(storages, keys.iter().map(key::columns)).map(driver)
        }
        Bound::Rows => places(&input.form, values.rows),
        Bound::Computed(computed) => bound(&input.form, &computed.value(values.slots, values.session)?),
        other => Err(Problem::internal(format!("a statement wants {other:?}, which is not of this engine"))),
    }
}

/// Places as one parameter.
pub(crate) fn places(form: &Form, places: &[Place]) -> Result<mysql_async::Value> {
    let places = places.iter().map(|place| place.iter().map(Datum::as_ref));
    mysql::encode_keys(storages(form), places).map(driver)
}

fn storages(form: &Form) -> &[Storage] {
    match form {
        Form::Keys(storages) => storages,
        Form::Storage(storage) => std::slice::from_ref(storage),
        _ => &[],
    }
}

/// A value in the form that is wanted.
pub(crate) fn bound(form: &Form, value: &Value) -> Result<mysql_async::Value> {
    match (form, value) {
        (Form::Storage(_), Value::Null) => Ok(mysql_async::Value::NULL),
        (Form::Storage(Storage::Int), Value::Int(number)) => Ok(mysql_async::Value::Int(*number)),
        _ => mysql::bind(form, value).map(driver),
    }
}

/// A datum as the driver takes it.
pub(crate) fn driver(datum: Datum) -> mysql_async::Value {
    match datum {
        Datum::Null => mysql_async::Value::NULL,
        Datum::Int(number) => mysql_async::Value::Int(number),
        Datum::Real(number) => mysql_async::Value::Double(number),
        Datum::Text(text) => mysql_async::Value::Bytes(text.into_bytes()),
        Datum::Blob(bytes) => mysql_async::Value::Bytes(bytes),
    }
}
