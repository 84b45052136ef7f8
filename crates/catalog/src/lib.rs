//! The resolved, immutable schema: what `schema/*.sql` means once every name is known and every expression typed.
//!
//! It knows no engine. Everything refers to everything by number, so that it can be shared and compared cheaply.

mod model;
mod relationship;

pub use model::{
    Argument, Catalog, Check, Column, ColumnDefault, Command, Constraint, DomainType, ForeignKey, Function,
    FunctionId, Grants, Identity, Index, IndexKey, Key, Policy, Privileges, ReferentialAction, Returns,
    Table, TableKind, ViewDef, Volatility,
};
pub use relationship::{Cardinality, Link, Relationship};
