//! SQLite: how values are kept, how selects and writes are said, and the functions that SQLite lacks.
//!
//! SQLite computes what it computes exactly as PostgreSQL does; everything else is a call of a registered function
//! ([`functions`]) that runs the reference evaluator on converted values.

mod collation;
mod ddl;
mod evaluate;
pub mod functions;
mod migration;
mod render;
mod signature;

pub use ddl::{
    STORAGE_CHECK, add_column, check, create_index, create_table, drop_index, drop_table, row_id_column,
};
pub use migration::{Action, building_name, migration};
pub use render::{
    delete, expression_select, index_name, insert, row_id_name, select, select_rows, table_name, update,
};

pub use crate::render::{Restriction, Sql};
pub use crate::statement::{Argument, Bound, Form, Input, Rounding, Statement, encode_keys};
pub use crate::storage;
