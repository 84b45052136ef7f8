//! PostgreSQL: how selects, writes and DDL are said. Meaning is PostgreSQL's own, so nearly everything prints as itself.
//!
//! Text compares bytewise: columns are declared with COLLATE "C", and whatever else is ordered says so. Only where the
//! meaning of letters counts (upper and lower case, regular expressions) the database's own collation is asked.

mod ddl;
mod migration;
mod native;
mod render;
mod statement;

pub use ddl::{Deferral, check_name, defer_foreign_keys, identity_sequence};
pub use migration::{create_role, migration};
pub use native::{APPLIED, HOUSEHOLD, STORE};
pub use render::{
    DirectInsert, DirectUpdate, Form, INSERTED, Restriction, advance_sequence, copy, delete, direct_delete,
    draw, expression_select, insert, insert_checked, knows_default, last_number, select, select_as_text,
    select_rows, update,
};
pub use statement::{Bound, Input, Statement};

/// SQL text for PostgreSQL.
pub type Sql = crate::Sql<Input>;
