//! MySQL and MariaDB are two databases by now.

/// Which of the two a text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flavour {
    /// MariaDB, 10.6 or later.
    MariaDb,
    /// MySQL, 8.0.31 or later.
    MySql,
}

impl Flavour {
    /// The collation under which text compares by its bytes, trailing blanks included.
    pub fn collation(self) -> &'static str {
        match self {
            Self::MariaDb => "utf8mb4_nopad_bin",
            Self::MySql => "utf8mb4_0900_bin",
        }
    }
}
