//! Joining a further source to what a select already reads.

use mainstay_expr::{Expr, FromItem, JoinKind};

/// Joins `right` (parts that are cross-joined) to everything in `from`.
pub(crate) fn join(from: &mut Vec<FromItem>, right: Vec<FromItem>, on: Expr, inner: bool) {
    let kind = if inner { JoinKind::Inner } else { JoinKind::Left };
    let joined = match (cross(std::mem::take(from)), cross(right)) {
        (Some(left), Some(right)) => {
            FromItem::Join { kind, left: Box::new(left), right: Box::new(right), on }
        }
        (Some(only), None) | (None, Some(only)) => only,
        (None, None) => return,
    };
    from.push(joined);
}

fn cross(items: Vec<FromItem>) -> Option<FromItem> {
    items.into_iter().reduce(|left, right| FromItem::Join {
        kind: JoinKind::Inner,
        left: Box::new(left),
        right: Box::new(right),
        on: Expr::truth(true),
    })
}
