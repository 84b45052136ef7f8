//! The resolved, immutable schema: what `schema/*.sql` means once every name is known and every expression typed.
//!
//! It knows no engine. Everything refers to everything by number, so that it can be shared and compared cheaply.

mod bind;
mod calls;
mod detect;
mod lineage;
mod lookup;
mod media;
mod model;
mod relationship;
mod resolve;
mod version;

pub use bind::{BoundInsert, InsertRows, InsertValue, bind_copy, bind_expression, bind_insert, bind_query};
pub use calls::{Caller, Calls};
pub use lineage::Projection;
pub use mainstay_expr::Volatility;
pub use media::{ANY_MEDIA, Handled, MediaHandler, Resource};
pub use model::{
    Argument, Catalog, Check, Column, ColumnDefault, Command, Constraint, DomainType, ForeignKey, Function,
    FunctionBody, FunctionId, Grants, Identity, Index, IndexKey, Key, NativeBody, NativeTable,
    NativeTableKind, Policy, Privileges, ReferentialAction, Returns, Source, Table, TableKind, ViewDef,
};
pub use relationship::{Cardinality, Link, Relationship};
pub use resolve::{is_reserved_schema, load, resolve};
