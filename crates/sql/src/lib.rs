//! PostgreSQL SQL text to a small tree with spans, and back; and the diagnostics that go with it.
//!
//! Owns the grammar that Mainstay understands and the places in the files where things were written.
//! Must not know what names mean: whether a table, column, type or function exists is the catalog's question.

pub mod span;
pub mod tree;

pub use span::{FileId, Span};
pub use tree::*;
