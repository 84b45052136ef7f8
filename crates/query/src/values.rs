//! The values of a request, apart from its shape.

use crate::Limit;

/// The position of a value in [`Values`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SlotId(pub u32);

/// A value as it was sent; its type is known once the shape is planned.
#[derive(Debug, Clone)]
pub enum RawValue {
    /// Text in PostgreSQL's input form: from a URL or a form.
    Text(String),
    /// Several such texts: `in.(a,b)`, a repeated variadic argument.
    List(Vec<String>),
    /// A JSON value: from a body or a GraphQL variable.
    Json(Box<serde_json::value::RawValue>),
    /// NULL.
    Null,
}

/// All values of a request.
#[derive(Debug, Clone, Default)]
pub struct Values {
    /// By slot.
    pub slots: Vec<RawValue>,
    /// The rows of a write; empty otherwise.
    pub payload: Payload,
}

/// The rows that a write carries.
#[derive(Debug, Clone, Default)]
pub struct Payload {
    /// Each row has a cell for each of the write's columns, in their order.
    pub rows: Vec<Vec<Cell>>,
}

/// A value in a row of a payload.
#[derive(Debug, Clone)]
pub enum Cell {
    /// The key was not there.
    Missing,
    /// A value.
    Given(RawValue),
}

/// Collects values while a front end decodes, and numbers them.
#[derive(Debug, Default)]
pub struct ValuesBuilder {
    slots: Vec<RawValue>,
}

impl ValuesBuilder {
    /// Takes a value and says where it will stand.
    pub fn push(&mut self, value: RawValue) -> SlotId {
        self.slots.push(value);
        SlotId((self.slots.len() - 1) as u32)
    }

    /// Most rows of a level. Usual numbers are few, so that a shape has few variants of itself.
    pub fn limit(&mut self, rows: u64) -> Limit {
        let is_usual = rows <= 100 || (rows <= 1000 && rows.is_multiple_of(50));
        if is_usual { Limit::Rows(rows) } else { Limit::Slot(self.push(RawValue::Text(rows.to_string()))) }
    }

    /// All values in order, with the rows of a write.
    pub fn finish(self, payload: Payload) -> Values {
        Values { slots: self.slots, payload }
    }
}
