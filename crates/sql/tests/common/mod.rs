//! What the tests of this crate share.

use mainstay_sql::{Diagnostics, SourceFiles, Statement, read};

#[allow(dead_code, reason = "not every test file reads statements")]
/// Reads one file called `test.sql`.
pub fn read_text(text: &str) -> (SourceFiles, Vec<Statement>, Diagnostics) {
    let files = SourceFiles::single("test.sql", text);
    let (statements, diagnostics) = read(&files);
    (files, statements, diagnostics)
}

/// A tree as text without the places, and without whether a name was quoted, which the printer may change.
#[allow(dead_code, reason = "not every test file compares trees")]
pub fn shape(tree: &impl std::fmt::Debug) -> String {
    let text = format!("{tree:?}");
    let mut shape = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find('@') {
        let (before, after) = rest.split_at(at);
        shape.push_str(before);
        let digits =
            after[1..].find(|it: char| !(it.is_ascii_digit() || it == ':' || it == '.')).unwrap_or(0) + 1;
        if digits == 1 {
            shape.push('@');
        }
        rest = &after[digits..];
    }
    shape.push_str(rest);
    shape.replace("quoted: true", "quoted: _").replace("quoted: false", "quoted: _")
}
