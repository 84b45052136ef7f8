//! A rendered statement and the values it wants.

use mainstay_expr::{SessionValue, Type};

use super::Sql;
use crate::Quoting;

/// A statement ready to be prepared.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// The SQL text. It depends on the shape of what was asked only.
    pub text: String,
    /// What parameter `$1`, `$2` … is.
    pub inputs: Vec<Input>,
    /// The types of the result's columns, in the order of the select's items. Enumerated types come as text.
    pub columns: Vec<Type>,
}

/// A parameter: which value, and of which type it is. All are bound in the type's text form.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// Which value.
    pub value: Bound,
    /// Its type; for [`Bound::Keys`] that of the array.
    pub ty: Type,
}

/// The values that a statement can want.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Bound {
    /// The n-th value of the request.
    Slot(u32),
    /// The value of the new row's n-th column.
    New(u32),
    /// The values of the n-th column of all new rows, as an array of texts.
    All(u32),
    /// A value of the session.
    Session(SessionValue),
    /// The n-th columns of the keys of all parents, as an array.
    Keys(u32),
    /// The places (`ctid`) of all rows in question, as an array.
    Rows,
}

impl Statement {
    pub(super) fn new(sql: Sql, columns: Vec<Type>) -> Self {
        let (text, inputs) = sql.finish_with(Quoting::Double, '$');
        Self { text, inputs, columns }
    }
}
