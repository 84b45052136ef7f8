//! A rendered statement, and the way of values into it.

use std::sync::Arc;

use mainstay_base::{Problem, Result};
use mainstay_expr::Value;

use super::rest::Rest;
use super::storage::{Datum, DatumRef, Storage, encode, stored};
use crate::Quoting;
use crate::render::Sql;
use crate::statement::{Form, Input};

/// A statement ready to be prepared.
#[derive(Debug, Clone)]
pub struct Statement {
    /// The SQL text. It depends on the shape of what was asked only.
    pub text: String,
    /// What each `?` is, in order.
    pub inputs: Vec<Input>,
    /// How the result's columns are kept, in the order of the select's items.
    pub columns: Vec<Storage>,
    /// What SQL cannot say of it. When it is there, its reads are run instead of the text, and its rows are the result.
    pub rest: Option<Arc<Rest>>,
}

impl Statement {
    pub(super) fn new(sql: Sql, columns: Vec<Storage>) -> Self {
        let (text, inputs) = sql.finish_each(Quoting::Backtick);
        Self { text, inputs, columns, rest: None }
    }

    pub(super) fn of_rest(rest: Rest, columns: Vec<Storage>) -> Self {
        Self { text: String::new(), inputs: Vec::new(), columns, rest: Some(Arc::new(rest)) }
    }
}

/// A value in the form that a parameter wants.
///
/// # Errors
/// `22003`, `22008` for what MySQL cannot hold, such as NaN; `2201W` for a negative count.
pub fn bind(form: &Form, value: &Value) -> Result<Datum> {
    match (form, value) {
        (Form::List(_), Value::Null) => Ok(Datum::Text("[null]".to_owned())),
        (Form::List(element), Value::Array(values)) => {
            let Form::Storage(storage) = &**element else {
                return Err(Problem::internal("a list of other than stored values"));
            };
            let values = values.iter().map(|value| encode(storage, value)).collect::<Result<Vec<_>>>()?;
            list(values.iter().map(|value| [(storage, value.as_ref())]), false)
        }
        (Form::Storage(storage), _) => encode(storage, value),
        (Form::Count(none), Value::Null) => Ok(Datum::Int(*none)),
        (Form::Count(_), Value::Int(count)) if *count < 0 => {
            Err(Problem::new("2201W", "LIMIT and OFFSET must not be negative"))
        }
        (Form::Count(_), Value::Int(count)) => Ok(Datum::Int(*count)),
        _ => Err(Problem::internal(format!("a value was bound as {form:?}"))),
    }
}

/// What [`Bound::Keys`](super::Bound::Keys) and [`Bound::Rows`](super::Bound::Rows) are bound to: one JSON text. `rows` are keys as
/// they were read, each as long as `storages`.
pub fn encode_keys<'a, Row>(storages: &[Storage], rows: impl IntoIterator<Item = Row>) -> Result<Datum>
where
    Row: IntoIterator<Item = DatumRef<'a>>,
{
    list(rows.into_iter().map(|row| storages.iter().zip(row)), true)
}

fn list<'a, 's, Row>(rows: impl IntoIterator<Item = Row>, nested: bool) -> Result<Datum>
where
    Row: IntoIterator<Item = (&'s Storage, DatumRef<'a>)>,
{
    let mut json = vec![b'['];
    for row in rows {
        if json.len() > 1 {
            json.push(b',');
        }
        if nested {
            json.push(b'[');
        }
        for (position, (storage, datum)) in row.into_iter().enumerate() {
            if position > 0 {
                json.push(b',');
            }
            // Keys are as they were read; values were encoded.
            let datum = if nested { stored(storage, datum) } else { datum };
            match datum {
                // read as a string it is exact: MySQL's reader of JSON misses the nearest float by a little
                DatumRef::Real(number) => json.extend_from_slice(format!("\"{number:?}\"").as_bytes()),
                datum => storage.push_element(datum, &mut json)?,
            }
        }
        if nested {
            json.push(b']');
        }
    }
    json.push(b']');
    String::from_utf8(json).map(Datum::Text).map_err(|_| Problem::internal("keys are not UTF-8"))
}
