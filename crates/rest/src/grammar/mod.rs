//! The grammar of PostgREST's URLs: pure functions from text to the request model. Nothing here knows HTTP or a schema.

mod cursor;
mod filter;
mod logic;
mod name;
mod order;
mod select;

pub(crate) use filter::filter_value;
pub(crate) use logic::logic_tree;
pub(crate) use name::{columns, tree_path, written};
pub(crate) use order::order;
pub(crate) use select::select;
