//! Keeps errors from telling about rows that are hidden.
//!
//! SQLite evaluates the terms of WHERE in an order of its own. A term that can fail must not see a row before the policies
//! have let it through: who asks could learn from the error that the row is there.

use mainstay_expr::{ColumnType, Expr, ExprKind, Func, Modifier, Select, Tree, Type};

use super::{Renderer, Source, Sql};
use crate::sql::sql;

/// A term that is evaluated for rows only that the conditions let through.
pub(super) fn behind(conditions: &[Sql], term: Sql) -> Sql {
    if conditions.is_empty() {
        return term;
    }
    let conditions = Sql::join(conditions.iter().cloned(), " AND ");
    sql!["CASE WHEN ", conditions, " THEN ", term, " END"]
}

/// Whether policies hide rows from a select.
pub(super) fn hides_rows(select: &Select) -> bool {
    let mut hides = false;
    select.tables(|source| hides |= source.visible.as_ref().is_some_and(|visible| !visible.is_true()));
    hides
}

impl Renderer<'_> {
    /// Whether an expression can fail for some row.
    pub(super) fn may_fail(&self, expr: &Expr) -> bool {
        expr.any(|part| match &part.kind {
            ExprKind::Call(function, _) => !never_fails(*function),
            ExprKind::Cast(inner, target) => !cast_never_fails(&inner.ty, target),
            ExprKind::Match { pattern, .. } => !matches!(pattern.kind, ExprKind::Literal(_)),
            ExprKind::MatchArray { .. } => true,
            ExprKind::Scalar(select) => !self.yields_one_row_at_most(select),
            ExprKind::Column(column) => match self.sources.get(&column.source) {
                Some(Source::Derived { columns, .. }) => {
                    columns.get(column.column as usize).is_some_and(|form| form.may_fail)
                }
                Some(Source::Merged { items }) => {
                    items.get(column.column as usize).is_some_and(|item| self.may_fail(item))
                }
                Some(Source::Inlined { .. }) => true,
                _ => false,
            },
            _ => false,
        })
    }
}

fn never_fails(function: Func) -> bool {
    use Func::*;
    matches!(
        function,
        Concat
            | ConcatAll
            | ConcatWs
            | Lower
            | Upper
            | Initcap
            | Length
            | ByteLength
            | Trim
            | TrimStart
            | TrimEnd
            | Left
            | Right
            | Replace
            | Position
            | StartsWith
            | Reverse
            | Md5
            | JsonGetKey
            | JsonGetIndex
            | JsonGetKeyText
            | JsonGetIndexText
            | JsonGetPath
            | JsonGetPathText
            | HasKey
            | HasAnyKey
            | HasAllKeys
            | JsonTypeof
            | ToJson
            | ToJsonb
            | Contains
            | ContainedBy
            | Overlaps
            | Cardinality
            | NumNulls
            | NumNonNulls
            | IsFinite
            | GenRandomUuid
            | UuidV7
    )
}

/// Every value has a text, and wider numbers hold narrower ones.
fn cast_never_fails(from: &Type, to: &ColumnType) -> bool {
    let widens = |to: &Type| {
        matches!(
            (from, to),
            (Type::Int2, Type::Int4 | Type::Int8)
                | (Type::Int4, Type::Int8)
                | (Type::Int2 | Type::Int4 | Type::Int8, Type::Numeric | Type::Float8)
                | (Type::Float4, Type::Float8)
        )
    };
    to.ty.is_text() || (to.modifier == Modifier::None && (*from == to.ty || widens(&to.ty)))
}
