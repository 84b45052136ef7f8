//! Binds the values of an execution to a statement's parameters.

use std::rc::Rc;

use mainstay_base::{Problem, Result};
use mainstay_catalog::Table;
use mainstay_dialect::sqlite::storage::{Datum, DatumRef, Storage};
use mainstay_dialect::sqlite::{Argument, Bound, Form, Input, encode_keys, row_id_column};
use mainstay_dialect::storage::key;
use mainstay_engine::{Keys, NewValue};
use mainstay_expr::{Session, Value};
use rusqlite::Statement;
use rusqlite::types::{ToSqlOutput, Value as Owned, ValueRef};

use crate::render::Query;
use crate::{errors, functions};

/// Where the values of one execution are found.
#[derive(Clone, Copy)]
pub(crate) struct Values<'v> {
    pub slots: &'v [Value],
    pub session: &'v Session,
    pub new: Option<NewRow<'v>>,
    /// The key of the one parent.
    pub key: &'v [u8],
    /// The keys of all parents.
    pub keys: Option<&'v Keys>,
    /// The rowids of the rows in question.
    pub rows: &'v [i64],
}

/// A row that is about to be written.
#[derive(Clone, Copy)]
pub(crate) struct NewRow<'v> {
    pub values: &'v [NewValue],
    /// The numbers drawn for the row's [`NewValue::Identity`]s, in order.
    pub drawn: &'v [i64],
    /// Where each of the table's columns stands in `values`.
    pub positions: &'v [Option<u32>],
}

impl NewRow<'_> {
    fn get(&self, column: u32) -> Result<NewCell<'_>> {
        let position = self.positions.get(column as usize).copied().flatten();
        let missing = || Problem::internal(format!("column {column} of the new row has no value"));
        let position = position.ok_or_else(missing)? as usize;
        match self.values.get(position).ok_or_else(missing)? {
            NewValue::Value(value) => Ok(NewCell::Value(value)),
            NewValue::Default => Err(missing()),
            NewValue::Identity => {
                let before =
                    self.values[..position].iter().filter(|value| **value == NewValue::Identity).count();
                self.drawn.get(before).map(|number| NewCell::Drawn(*number)).ok_or_else(missing)
            }
        }
    }
}

impl NewRow<'_> {
    /// The value of a column, when the row has one for it.
    pub fn value(&self, column: u32) -> Option<Value> {
        match self.get(column).ok()? {
            NewCell::Value(value) => Some(value.clone()),
            NewCell::Drawn(number) => Some(Value::Int(number)),
        }
    }

    /// The rowid that the row will have, when it says so: its primary key is one.
    pub fn rowid(&self, table: &Table) -> Option<i64> {
        let column = row_id_column(table)?;
        match self.get(column).ok()? {
            NewCell::Value(Value::Int(number)) => Some(*number),
            NewCell::Drawn(number) => Some(number),
            NewCell::Value(_) => None,
        }
    }
}

enum NewCell<'v> {
    Value(&'v Value),
    Drawn(i64),
}

impl<'v> Values<'v> {
    /// The values of a request alone.
    pub fn of(slots: &'v [Value], session: &'v Session) -> Self {
        Self { slots, session, new: None, key: &[], keys: None, rows: &[] }
    }
}

/// Binds every parameter of a rendered statement, and tells its functions who asks.
#[inline]
pub(crate) fn query(statement: &mut Statement<'_>, query: &Query, values: &Values<'_>) -> Result<()> {
    if query.asks_session {
        functions::ask_as(values.session)?;
    }
    all(statement, &query.inputs, values)
}

/// Binds every parameter of `statement`.
pub(crate) fn all(statement: &mut Statement<'_>, inputs: &[Input], values: &Values<'_>) -> Result<()> {
    for (position, input) in inputs.iter().enumerate() {
        one(statement, position + 1, input, values)?;
    }
    Ok(())
}

fn one(statement: &mut Statement<'_>, at: usize, input: &Input, values: &Values<'_>) -> Result<()> {
    match &input.value {
        Bound::Slot(slot) => {
            let value = values.slots.get(*slot as usize);
            value_in(statement, at, &input.form, value.ok_or_else(|| missing("slot", *slot))?)
        }
        Bound::New(column) => match values.new.as_ref().map(|row| row.get(*column)) {
            Some(Ok(NewCell::Value(value))) => value_in(statement, at, &input.form, value),
            Some(Ok(NewCell::Drawn(number))) => value_in(statement, at, &input.form, &Value::Int(number)),
            Some(Err(problem)) => Err(problem),
            None => Err(missing("new column", *column)),
        },
        Bound::Computed(computed) => {
            value_in(statement, at, &input.form, &computed.value(values.slots, values.session)?)
        }
        Bound::Session(name) => value_in(statement, at, &input.form, &values.session.value(name)?),
        Bound::Key(column) => match key::columns(values.key).nth(*column as usize) {
            Some(datum) => raw(statement, at, borrowed(datum)),
            None => Err(missing("key column", *column)),
        },
        Bound::Keys => {
            let keys = values.keys.ok_or_else(|| missing("keys", 0))?;
            let storages = match &input.form {
                Form::Keys(storages) => storages.as_slice(),
                Form::List(element) => match &**element {
                    Form::Storage(storage) => std::slice::from_ref(storage),
                    _ => &[],
                },
                _ => &[],
            };
            argument(statement, at, parents(storages, keys)?)
        }
        Bound::Row => match values.rows.first() {
            Some(row) => raw(statement, at, ValueRef::Integer(*row)),
            None => Err(missing("row", 0)),
        },
        Bound::Rows => {
            let rows = values.rows.iter().map(|row| Owned::Integer(*row)).collect();
            list(statement, at, rows)
        }
    }
}

fn parents(storages: &[Storage], keys: &Keys) -> Result<Argument> {
    encode_keys(storages, keys.iter().map(key::columns))
}

/// A value in the form that is wanted. The forms of the most common types are bound without a copy of ours.
fn value_in(statement: &mut Statement<'_>, at: usize, form: &Form, value: &Value) -> Result<()> {
    match (form, value) {
        (Form::Storage(_), Value::Null) => raw(statement, at, ValueRef::Null),
        (Form::Storage(Storage::Int), Value::Int(number)) => raw(statement, at, ValueRef::Integer(*number)),
        (Form::Storage(Storage::Text), Value::Text(text)) => {
            raw(statement, at, ValueRef::Text(text.as_bytes()))
        }
        _ => argument(statement, at, form.bind(value)?),
    }
}

fn argument(statement: &mut Statement<'_>, at: usize, argument: Argument) -> Result<()> {
    match argument {
        Argument::One(datum) => raw(statement, at, borrowed(datum.as_ref())),
        Argument::Many(data) => list(statement, at, data.into_iter().map(owned).collect()),
    }
}

fn raw(statement: &mut Statement<'_>, at: usize, value: ValueRef<'_>) -> Result<()> {
    statement.raw_bind_parameter(at, ToSqlOutput::Borrowed(value)).map_err(|error| errors::plain(&error))
}

fn list(statement: &mut Statement<'_>, at: usize, values: Vec<Owned>) -> Result<()> {
    statement.raw_bind_parameter(at, Rc::new(values)).map_err(|error| errors::plain(&error))
}

fn borrowed(datum: DatumRef<'_>) -> ValueRef<'_> {
    match datum {
        DatumRef::Null => ValueRef::Null,
        DatumRef::Int(number) => ValueRef::Integer(number),
        DatumRef::Real(number) => ValueRef::Real(number),
        DatumRef::Text(text) => ValueRef::Text(text),
        DatumRef::Blob(bytes) => ValueRef::Blob(bytes),
    }
}

fn owned(datum: Datum) -> Owned {
    match datum {
        Datum::Null => Owned::Null,
        Datum::Int(number) => Owned::Integer(number),
        Datum::Real(number) => Owned::Real(number),
        Datum::Text(text) => Owned::Text(text),
        Datum::Blob(bytes) => Owned::Blob(bytes),
    }
}

/// What SQLite holds, as the dialect names it.
pub(crate) fn datum(value: ValueRef<'_>) -> DatumRef<'_> {
    match value {
        ValueRef::Null => DatumRef::Null,
        ValueRef::Integer(number) => DatumRef::Int(number),
        ValueRef::Real(number) => DatumRef::Real(number),
        ValueRef::Text(text) => DatumRef::Text(text),
        ValueRef::Blob(bytes) => DatumRef::Blob(bytes),
    }
}

fn missing(what: &str, number: u32) -> Problem {
    Problem::internal(format!("a statement wants {what} {number}, which the execution does not have"))
}
