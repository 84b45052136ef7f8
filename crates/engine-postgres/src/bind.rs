//! The values of an execution as a statement's parameters, each in the text form of its type.

use bytes::{BufMut, BytesMut};
use mainstay_base::{Problem, Result};
use mainstay_catalog::Table;
use mainstay_dialect::postgres::{Bound, Input};
use mainstay_engine::NewValue;
use mainstay_expr::{Session, Type, Value, Zone, output};
use tokio_postgres::types::{Format, IsNull, ToSql, to_sql_checked};

use crate::output::push_quoted;
use crate::render::Query;

/// Where the values of one execution are found.
#[derive(Clone, Copy)]
pub(crate) struct Values<'v> {
    pub slots: &'v [Value],
    pub session: &'v Session,
    pub new: Option<NewRow<'v>>,
    /// All of the new rows, for statements that write them at once.
    pub all: Option<AllRows<'v>>,
    /// The columns of the keys of all parents, each an array in PostgreSQL's text form.
    pub keys: &'v [String],
    /// The places of the rows in question, in the same form.
    pub rows: &'v str,
}

impl<'v> Values<'v> {
    /// The values of a request alone.
    pub fn of(slots: &'v [Value], session: &'v Session) -> Self {
        Self { slots, session, new: None, all: None, keys: &[], rows: "{}" }
    }
}

/// Rows that are about to be written, all with values in the same columns.
#[derive(Clone, Copy)]
pub(crate) struct AllRows<'v> {
    pub rows: &'v [Vec<NewValue>],
    /// Where each of the table's columns stands in a row.
    pub positions: &'v [Option<u32>],
}

impl AllRows<'_> {
    /// The values of a column as an array of their texts.
    fn parameter(&self, column: u32, ty: &Type) -> Result<Parameter> {
        let mut array = String::from("{");
        for (number, values) in self.rows.iter().enumerate() {
            if number > 0 {
                array.push(',');
            }
            let row = NewRow { values, drawn: &[], positions: self.positions };
            match row.parameter(column, ty)?.0 {
                Some(text) => push_quoted(&mut array, &text),
                None => array.push_str("NULL"),
            }
        }
        array.push('}');
        Ok(Parameter::text(&array))
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
}

impl NewRow<'_> {
    /// What a column will hold, as a parameter of a type.
    fn parameter(&self, column: u32, ty: &Type) -> Result<Parameter> {
        let missing = || Problem::internal(format!("column {column} of the new row has no value"));
        let position = self.positions.get(column as usize).copied().flatten().ok_or_else(missing)?;
        match self.values.get(position as usize).ok_or_else(missing)? {
            NewValue::Value(value) => Ok(Parameter::of(ty, value)),
            NewValue::Default => Err(missing()),
            NewValue::Identity => {
                let drawn = self.drawn.iter().find(|(drawn, _)| *drawn == column).ok_or_else(missing)?;
                Ok(Parameter::of(ty, &Value::Int(drawn.1)))
            }
        }
    }

    /// Appends the values of columns as a line of COPY's text format.
    pub fn copied(&self, columns: &[u32], table: &Table, out: &mut BytesMut) -> Result<()> {
        for (number, column) in columns.iter().enumerate() {
            if number > 0 {
                out.put_u8(b'\t');
            }
            match self.parameter(*column, &table.column(*column).ty.ty)?.0 {
                Some(text) => push_copied(&text, out),
                None => out.put_slice(b"\\N"),
            }
        }
        out.put_u8(b'\n');
        Ok(())
    }

    /// The value of a column, when it is known.
    pub fn value(&self, column: u32) -> Option<&Value> {
        let position = self.positions.get(column as usize).copied().flatten()?;
        match self.values.get(position as usize)? {
            NewValue::Value(value) => Some(value),
            NewValue::Identity | NewValue::Default => None,
        }
    }
}

/// Appends a value as COPY's text format has it: what separates or escapes stands behind a backslash.
fn push_copied(text: &[u8], out: &mut BytesMut) {
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'\\' | b'\t' | b'\n' | b'\r')) {
        out.put_slice(&rest[..at]);
        let escaped = match rest[at] {
            b'\t' => b"\\t",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            _ => b"\\\\",
        };
        out.put_slice(escaped);
        rest = &rest[at + 1..];
    }
    out.put_slice(rest);
}

/// A parameter in its type's text form; `None` for NULL.
#[derive(Debug)]
pub(crate) struct Parameter(Option<Vec<u8>>);

impl Parameter {
    fn of(ty: &Type, value: &Value) -> Self {
        if value.is_null() {
            return Self(None);
        }
        let mut text = Vec::new();
        output::field(ty, value, &Zone::Utc, &mut text);
        Self(Some(text))
    }

    /// Texts as one array.
    pub fn texts(texts: &[String]) -> Self {
        let values = Value::Array(texts.iter().map(|text| Value::Text(text.clone())).collect());
        Self::of(&Type::Text.array(), &values)
    }

    /// A text.
    pub fn text(text: &str) -> Self {
        Self(Some(text.as_bytes().to_vec()))
    }
}

impl ToSql for Parameter {
    fn to_sql(
        &self,
        _: &tokio_postgres::types::Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        Ok(match &self.0 {
            Some(text) => {
                out.extend_from_slice(text);
                IsNull::No
            }
            None => IsNull::Yes,
        })
    }

    fn accepts(_: &tokio_postgres::types::Type) -> bool {
        true
    }

    fn encode_format(&self, _: &tokio_postgres::types::Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

/// The parameters of a query.
pub(crate) fn parameters(query: &Query, values: &Values<'_>) -> Result<Vec<Parameter>> {
    query.inputs.iter().map(|input| parameter(input, values)).collect()
}

fn parameter(input: &Input, values: &Values<'_>) -> Result<Parameter> {
    let missing = || Problem::internal(format!("a statement wants {:?}, which there is not", input.value));
    Ok(match &input.value {
        Bound::Slot(slot) => Parameter::of(&input.ty, values.slots.get(*slot as usize).ok_or_else(missing)?),
        Bound::All(column) => values.all.ok_or_else(missing)?.parameter(*column, &input.ty)?,
        Bound::New(column) => values.new.ok_or_else(missing)?.parameter(*column, &input.ty)?,
        Bound::Session(wanted) => Parameter::of(&input.ty, &values.session.value(wanted)?),
        Bound::Keys(column) => Parameter::text(values.keys.get(*column as usize).ok_or_else(missing)?),
        Bound::Rows => Parameter::text(values.rows),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copied_values_are_escaped() {
        let mut out = BytesMut::new();
        push_copied(b"a\\b\tc\nd\re\\", &mut out);
        assert_eq!(out.as_ref(), b"a\\\\b\\tc\\nd\\re\\\\");
    }
}
