//! Columns of tables that were there before us. They are read as if they were kept as ours are; what that costs an index is given
//! back where equal values are looked for.

use mainstay_catalog::{Column, Table};
use mainstay_expr::Type;

use super::Sql;
use super::flavour::Flavour;
use super::storage;
use crate::render::{Bare, Fragment};
use crate::sql::sql;

/// How the database keeps a column, as far as that matters to what is said.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Native {
    /// As we would.
    Plain,
    /// A number that is true unless it is 0.
    Truth,
    /// A number that compares with numbers in a way of its own.
    Number,
    /// Bits that are written as a number.
    Bits,
    /// Text in a character set, under a collation.
    Text { charset: String, collation: String },
}

/// Whether a table was there before us and is kept in the database's own way.
pub fn is_adopted(table: &Table) -> bool {
    table.columns.iter().any(|column| column.native.is_some())
}

/// The text in which a column's native type is told: its type, and for text its character set and collation.
pub fn native_text(ty: &str, text: Option<(&str, &str)>) -> String {
    match text {
        Some((charset, collation)) => format!("{ty} character set {charset} collate {collation}"),
        None => ty.to_owned(),
    }
}

impl Native {
    fn of(column: &Column) -> Option<Self> {
        let native = column.native.as_deref()?;
        let name = native.split(['(', ' ']).next().unwrap_or_default();
        let is_truth = column.ty.ty == Type::Bool;
        Some(match name {
            _ if is_truth => Self::Truth,
            "bit" => Self::Bits,
            "year" => Self::Number,
            "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" | "enum" | "set" => {
                // labels can hold anything, so it is looked for from the end
                let words = native.rsplit_once(" character set ");
                match words.and_then(|(_, words)| words.split_once(" collate ")) {
                    Some((charset, collation)) => {
                        Self::Text { charset: charset.to_owned(), collation: collation.to_owned() }
                    }
                    None => Self::Plain,
                }
            }
            _ => Self::Plain,
        })
    }
}

/// A column's value as ours would be.
pub(super) fn read(flavour: Flavour, sql: Sql, column: &Column) -> Fragment {
    let storage = storage::of(&column.ty);
    match Native::of(column) {
        None | Some(Native::Plain) => Fragment::new(sql, storage),
        Some(Native::Truth) => Fragment::new(sql!["(", sql, " <> 0)"], storage),
        Some(Native::Number | Native::Bits) => Fragment::new(sql!["(", sql, " + 0)"], storage),
        Some(Native::Text { charset, collation }) => {
            if collation == flavour.collation() {
                return Fragment::new(sql, storage);
            }
            let bytewise = sql!["CONVERT(", sql.clone(), " USING utf8mb4) COLLATE ", flavour.collation()];
            let bare = Bare { sql, charset, collation };
            Fragment { bare: Some(bare), ..Fragment::new(bytewise.parenthesized(), storage) }
        }
    }
}

/// A new value as the column takes it.
pub(super) fn written(value: Sql, column: &Column) -> Sql {
    match Native::of(column) {
        Some(Native::Bits) => sql!["CAST(", value, " AS UNSIGNED)"],
        _ => value,
    }
}

/// A value that was read from a key's column, in the form that finds it there by its index.
pub(super) fn sought(value: Sql, column: &Column) -> Sql {
    match Native::of(column) {
        Some(Native::Text { charset, collation }) => collated(value, &charset, &collation),
        _ => value,
    }
}

/// A text as the text of such columns is: what their character set does not have becomes something else, which finds nothing more.
pub(super) fn collated(value: Sql, charset: &str, collation: &str) -> Sql {
    let (charset, collation) = (Sql::identifier(charset), Sql::identifier(collation));
    sql!["(CONVERT(", value, " USING ", charset, ") COLLATE ", collation, ")"]
}

#[cfg(test)]
mod tests {
    use mainstay_catalog::ColumnDefault;
    use mainstay_expr::ColumnType;

    use super::*;
    use crate::Quoting;

    fn column(native: &str, ty: Type) -> Column {
        Column {
            name: "c".to_owned(),
            ty: ColumnType::from(ty),
            domain: None,
            not_null: false,
            default: ColumnDefault::None,
            comment: None,
            native: Some(native.to_owned()),
        }
    }

    fn said(native: &str, ty: Type) -> String {
        let read = read(Flavour::MariaDb, Sql::identifier("c"), &column(native, ty));
        read.sql.finish(Quoting::Backtick).0
    }

    #[test]
    fn columns_are_read_as_ours_are() {
        assert_eq!(said("int(10) unsigned", Type::Int8), "`c`");
        assert_eq!(said("tinyint(1)", Type::Bool), "(`c` <> 0)");
        assert_eq!(said("year(4)", Type::Int2), "(`c` + 0)");
        let native = native_text("enum('a',' character set b')", Some(("latin1", "latin1_swedish_ci")));
        assert_eq!(said(&native, Type::Text), "(CONVERT(`c` USING utf8mb4) COLLATE utf8mb4_nopad_bin)");
        let ours = native_text("varchar(9)", Some(("utf8mb4", "utf8mb4_nopad_bin")));
        assert_eq!(said(&ours, Type::Text), "`c`");
    }

    #[test]
    fn keys_are_sought_under_their_own_collation() {
        let native = native_text("char(3)", Some(("latin1", "latin1_swedish_ci")));
        let sought = sought(Sql::from("k"), &column(&native, Type::Varchar));
        let text = sought.finish(Quoting::Backtick).0;
        assert_eq!(text, "(CONVERT(k USING `latin1`) COLLATE `latin1_swedish_ci`)");
    }
}
