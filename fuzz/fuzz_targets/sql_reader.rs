//! Any text at all goes through the SQL reader, and what it understood through the printer and back.
//!
//! Found wrong are: a panic, a stack overflow, an endless loop, a place outside of the file, and a statement that does
//! not read back from its own printed text.

#![no_main]

#[path = "../../crates/sql/tests/common/mod.rs"]
mod common;

use common::shape;
use libfuzzer_sys::fuzz_target;
use mainstay_sql::{SourceFiles, Statement, print_expression, print_statement, read, read_expression};

fuzz_target!(|text: &str| {
    let files = SourceFiles::single("fuzz.sql", text);
    let (statements, diagnostics) = read(&files);
    for diagnostic in &diagnostics {
        assert!(
            text.get(diagnostic.span.start as usize..diagnostic.span.end as usize).is_some(),
            "{diagnostic:?}"
        );
    }
    diagnostics.render(&files, true);
    diagnostics.to_json_lines(&files);
    for statement in &statements {
        let span = statement.span();
        assert!(text.get(span.start as usize..span.end as usize).is_some(), "{statement:?}");
    }
    reads_back(&statements);
    if let Ok(expr) = read_expression(text) {
        let printed = print_expression(&expr);
        let again = read_expression(&printed).unwrap_or_else(|it| panic!("{printed}\n{it:?}"));
        assert_eq!(shape(&again), shape(&expr), "{printed}");
    }
});

fn reads_back(statements: &[Statement]) {
    for statement in statements.iter().filter(|it| !matches!(it, Statement::Unsupported { .. })) {
        let printed = print_statement(statement);
        let files = SourceFiles::single("printed.sql", printed.as_str());
        let (again, diagnostics) = read(&files);
        assert!(diagnostics.is_empty(), "{}", diagnostics.render(&files, false));
        assert_eq!(again.len(), 1, "{printed}");
        assert_eq!(shape(&again[0]), shape(statement), "{printed}");
    }
}
