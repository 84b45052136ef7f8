//! The rows that an expression's columns refer to.

use std::rc::Rc;

use mainstay_base::{Problem, Result};

use crate::{ColumnRef, SourceId, Value};

/// A source's row; `None` where an outer join found no partner.
pub(super) type Row = Option<Rc<[Value]>>;

/// The rows of all sources of a select, for one of its result rows before grouping.
pub(super) type Sources = Vec<(SourceId, Row)>;

/// The rows in sight: those of a select and, outside it, of the selects that enclose it.
#[derive(Debug, Default, Clone)]
pub struct Scope<'a> {
    pub(super) own: Sources,
    pub(super) outer: Option<&'a Scope<'a>>,
    /// In a grouped select, the rows of the group.
    pub(super) group: Option<&'a [Sources]>,
}

impl<'a> Scope<'a> {
    /// No rows.
    pub fn empty() -> Self {
        Self::default()
    }

    /// One row of one source: for policies and checks that is [`SourceId::ROW`].
    pub fn row(source: SourceId, values: &[Value]) -> Self {
        Self { own: vec![(source, Some(Rc::from(values)))], outer: None, group: None }
    }

    pub(super) fn inside(outer: &'a Scope<'a>, own: Sources) -> Self {
        Self { own, outer: Some(outer), group: None }
    }

    pub(super) fn column(&self, column: ColumnRef) -> Result<Value> {
        let found = self.own.iter().find(|(source, _)| *source == column.source);
        match (found, self.outer) {
            (Some((_, Some(row))), _) => row.get(column.column as usize).cloned().ok_or_else(|| {
                Problem::internal(format!("source {} has no column {}", column.source.0, column.column))
            }),
            (Some((_, None)), _) => Ok(Value::Null),
            // A group without rows has nothing but NULLs.
            (None, _) if self.group.is_some_and(<[Sources]>::is_empty) => Ok(Value::Null),
            (None, Some(outer)) => outer.column(column),
            (None, None) => Err(Problem::internal(format!("source {} is not in scope", column.source.0))),
        }
    }
}
