//! PostgreSQL SQL text to a small tree with spans, and back; and the diagnostics that go with it.
//!
//! Owns the grammar that Mainstay understands and the places in the files where things were written.
//! Must not know what names mean: whether a table, column, type or function exists is the catalog's question.

mod diagnostic;
mod hints;
mod keywords;
mod lexer;
mod parser;
mod print;
mod reader;
mod render;
mod source;
pub mod span;
pub mod tree;

pub use diagnostic::{Diagnostic, Diagnostics, Severity, closest};
pub use hints::foreign_type;
pub use print::{
    print_expression, print_query, print_statement, print_statements, print_type, quote_literal, quote_name,
};
pub use reader::{read, read_expression, read_query};
pub use source::{Location, SourceFile, SourceFiles};
pub use span::{FileId, Span};
pub use tree::*;
