//! Types as SQL names them: built-in ones without a schema by the names that nothing can shadow, enumerated ones in full.

use mainstay_expr::{ColumnType, Modifier, Type};

use super::Sql;
use super::native::qualified;
use crate::sql::sql;

/// A type without a modifier.
pub(crate) fn type_name(ty: &Type) -> Sql {
    match ty {
        Type::Array(element) => type_name(element).then("[]"),
        Type::Enum(declared) => {
            sql![Sql::identifier(declared.schema.clone()), ".", Sql::identifier(declared.name.clone())]
        }
        Type::Native(native) => qualified(&native.schema, &native.name),
        ty => Sql::from(word(ty)),
    }
}

/// A type with its modifier.
pub(crate) fn column_type(column: &ColumnType) -> Sql {
    let (element, brackets) = match &column.ty {
        Type::Array(element) => (&**element, "[]"),
        ty => (ty, ""),
    };
    let modifier = match column.modifier {
        Modifier::None => Sql::default(),
        Modifier::Length(length) => Sql::numbered("(", u64::from(length)).then(")"),
        Modifier::Precision(precision, scale) => {
            let precision = Sql::numbered("(", u64::from(precision));
            precision.then(Sql::numbered(", ", u64::from(scale))).then(")")
        }
        Modifier::Seconds(digits) => Sql::numbered("(", u64::from(digits)).then(")"),
    };
    type_name(element).then(modifier).then(brackets)
}

/// The type that a parameter is sent as: enumerated types are read by casts from text, since their numbers differ between
/// databases.
pub(super) fn sent_as(ty: &Type) -> Option<&'static str> {
    match ty {
        Type::Enum(_) | Type::Native(_) => Some("::text"),
        Type::Array(element) if matches!(**element, Type::Native(_)) => Some("::text"),
        Type::Array(element) if matches!(**element, Type::Enum(_)) => Some("::text[]"),
        _ => None,
    }
}

/// Whether an answer holds what `to_json` makes of a value, because that is more than its text as a string.
pub(super) fn is_json_sent(ty: &Type) -> bool {
    match ty {
        Type::Native(native) => native.has_json,
        Type::Array(element) => matches!(**element, Type::Native(_)),
        _ => false,
    }
}

fn word(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "bool",
        Type::Int2 => "int2",
        Type::Int4 => "int4",
        Type::Int8 => "int8",
        Type::Float4 => "float4",
        Type::Float8 => "float8",
        Type::Numeric => "numeric",
        Type::Varchar => "varchar",
        Type::Bpchar => "bpchar",
        Type::Uuid => "uuid",
        Type::Date => "date",
        Type::Time => "time",
        Type::Timestamp => "timestamp",
        Type::Timestamptz => "timestamptz",
        Type::Interval => "interval",
        Type::Json => "json",
        Type::Jsonb => "jsonb",
        Type::Bytea => "bytea",
        // nothing is what NULL of text is
        Type::Text | Type::Void | Type::Enum(_) | Type::Array(_) | Type::Native(_) => "text",
    }
}
