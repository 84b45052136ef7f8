//! The built-in scalar functions and operators that are not forms of [`ExprKind`](crate::ExprKind) of their own.

/// A built-in function or operator. The arguments' types are those of the argument expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Func {
    /// `+` of numbers of the same type
    Add,
    /// `-` of numbers of the same type
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`, `mod`
    Modulo,
    /// unary `-`
    Negate,
    /// `||` of text
    Concat,
    /// `lower`
    Lower,
    /// `upper`
    Upper,
    /// `length` of text, in characters
    Length,
    /// `->` with a text key
    JsonGetKey,
    /// `->` with an integer index
    JsonGetIndex,
    /// `->>` with a text key
    JsonGetKeyText,
    /// `->>` with an integer index
    JsonGetIndexText,
    /// `@>` of jsonb or arrays of one type
    Contains,
    /// `<@`
    ContainedBy,
    /// `&&` of arrays
    Overlaps,
    /// `gen_random_uuid()`
    GenRandomUuid,
    /// `uuidv7()`
    UuidV7,
}
