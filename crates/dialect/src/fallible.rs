//! What can fail for some row, so that it must not see a row which policies hide: who asks could learn from the error that the
//! row is there.

use mainstay_expr::{ColumnType, Func, Modifier, Select, Tree, Type};

/// Whether policies hide rows from a select.
pub(crate) fn hides_rows(select: &Select) -> bool {
    let mut hides = false;
    select.tables(|source| hides |= source.visible.as_ref().is_some_and(|visible| !visible.is_true()));
    hides
}

/// Whether a function has a value for all arguments.
pub(crate) fn never_fails(function: Func) -> bool {
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

/// Whether a cast has a value for all values: every value has a text, and wider numbers hold narrower ones.
pub(crate) fn cast_never_fails(from: &Type, to: &ColumnType) -> bool {
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
