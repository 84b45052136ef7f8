//! MySQL and MariaDB: how values are kept, how selects and writes are said, tables and migrations.
//!
//! What they compute exactly as PostgreSQL does is SQL; everything else is left to the reference evaluator, on the rows that the
//! SQL yields ([`Rest`]).

mod ddl;
mod flavour;
mod kept;
mod migration;
mod native;
mod render;
mod rest;
mod statement;
pub mod storage;

pub use ddl::{
    HIDDEN_KEY, RowKey, check, constraint_name, is_check, row_key, row_storages, table_name, unreferenced,
};
pub use flavour::Flavour;
pub use kept::{Kept, kept, left_checks, of_changed_row, of_new_row};
pub use migration::{Action, Check, Finish, MigrationSql, Prepare, migration};
pub use native::{is_adopted, native_text};
pub use render::{
    delete, expression_select, insert, insert_checked, select, select_rows, set_defaults, unlink, update,
};
pub use rest::{Rest, Supplied};
pub use statement::{Statement, bind, encode_keys};

pub use crate::render::{Restriction, Sql};
pub use crate::statement::{Bound, Form, Input};
