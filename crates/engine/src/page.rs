//! What a page of rows tells of how many there are in all.

use mainstay_expr::{Expr, ExprKind, Input, Select, Value};

/// The bounds of a read's page.
#[derive(Debug)]
pub struct Page {
    limit: Bound,
    offset: Bound,
}

#[derive(Debug)]
enum Bound {
    None,
    Known(i64),
    Slot(u32),
    Unknown,
}

impl Page {
    /// The bounds of a select.
    pub fn of(select: &Select) -> Self {
        Self { limit: Bound::of(select.limit.as_ref()), offset: Bound::of(select.offset.as_ref()) }
    }

    /// The number of all rows, when a page of `rows` rows tells it.
    pub fn known(&self, slots: &[Value], rows: u64) -> Option<u64> {
        let limit = self.limit.value(slots)?;
        let offset = self.offset.value(slots)?.unwrap_or(0);
        let not_full = limit.is_none_or(|limit| rows < limit);
        (not_full && (rows > 0 || offset == 0)).then_some(offset + rows)
    }
}

impl Bound {
    fn of(expr: Option<&Expr>) -> Self {
        match expr.map(|expr| &expr.kind) {
            None => Self::None,
            Some(ExprKind::Literal(Value::Int(count))) => Self::Known(*count),
            Some(ExprKind::Input(Input::Slot(slot))) => Self::Slot(*slot),
            Some(_) => Self::Unknown,
        }
    }

    /// Outer `None` when it is not known without asking the database, inner `None` when there is no bound.
    fn value(&self, slots: &[Value]) -> Option<Option<u64>> {
        let count = match self {
            Self::None => return Some(None),
            Self::Known(count) => *count,
            Self::Slot(slot) => match slots.get(*slot as usize)? {
                Value::Null => return Some(None),
                Value::Int(count) => *count,
                _ => return None,
            },
            Self::Unknown => return None,
        };
        u64::try_from(count).ok().map(Some)
    }
}
