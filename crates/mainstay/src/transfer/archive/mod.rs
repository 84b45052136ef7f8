//! One file that holds a database: its schema, and its rows as JSON lines.
//!
//! A line that begins with `[` is about the archive, one that begins with `{` is a row of the table named last:
//!
//! ```text
//! ["mainstay archive",{"version":1,"program":"0.1.0","source":"sqlite:shop.db"}]
//! ["schema","CREATE TABLE …"]
//! ["table",{"schema":"public","name":"customers","columns":["id","name"]}]
//! {"id":1,"name":"Ann"}
//! ["rows",{"count":1,"sha256":"…"}]
//! ["sequence",{"schema":"public","table":"customers","column":"id","last":1}]
//! ["end",{"tables":1,"rows":1,"sha256":"…"}]
//! ```
//!
//! Values are written as the API writes them, but for `json` and `jsonb`, which stand as strings: their text. Columns that are
//! generated are left out. Tables come in an order in which each stands behind those it refers to, rows in that of their key.
//! The checksum of a table is that of its rows' lines, the last one that of all lines before it. A name that ends in `.gz` makes
//! the file gzip's; reading finds out by itself.

mod read;
mod write;

use std::fmt::Write;

use serde::{Deserialize, Serialize};

pub use read::Archive;
pub use write::ArchiveWriter;

/// The first word of an archive.
const MAGIC: &str = "mainstay archive";
/// The only version so far.
const VERSION: u32 = 1;

/// What the first line says.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    version: u32,
    program: String,
    source: String,
}

/// What stands before a table's rows.
#[derive(Debug, Serialize, Deserialize)]
struct TableLine {
    schema: String,
    name: String,
    columns: Vec<String>,
}

/// What stands after them.
#[derive(Debug, Serialize, Deserialize, PartialEq, Eq)]
struct RowsLine {
    count: u64,
    sha256: String,
}

/// Where a sequence stands.
#[derive(Debug, Serialize, Deserialize)]
struct SequenceLine {
    schema: String,
    table: String,
    column: String,
    last: i64,
}

/// The last line.
#[derive(Debug, Serialize, Deserialize)]
struct EndLine {
    tables: u64,
    rows: u64,
    sha256: String,
}

/// Bytes as hexadecimal digits.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
