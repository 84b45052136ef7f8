//! Plans and migration steps to SQL, one module per SQL dialect.
//!
//! SQL is a value here ([`Sql`]): keywords, identifiers, constants and inputs have constructors of their own, and no other
//! string becomes SQL. Statement text depends on the shape of what is asked only, never on a request's values. Drivers
//! are unknown here: whoever has one binds the inputs of a [`Statement`](sqlite::Statement) and registers the functions.

mod dialect;
mod fallible;
pub mod mysql;
mod operation;
pub mod postgres;
mod render;
mod sql;
pub mod sqlite;
mod statement;
pub mod storage;

pub(crate) use render::Restriction;
pub use sql::{Constant, Quoting, Sql};
