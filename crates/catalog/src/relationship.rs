//! How tables can be embedded in one another.

use mainstay_expr::TableId;

use crate::FunctionId;

/// A way from a row of one table to rows of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relationship {
    /// The table it starts at.
    pub origin: TableId,
    /// The table it leads to.
    pub target: TableId,
    /// How many rows it leads to.
    pub cardinality: Cardinality,
    /// Which columns tie the two.
    pub link: Link,
}

/// How many rows a relationship leads to, and from which side the key is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cardinality {
    /// The key is on the origin: at most one row.
    ManyToOne,
    /// The key is on the target: any number of rows.
    OneToMany,
    /// The key is on the origin and unique: at most one row.
    OneToOneFromOrigin,
    /// The key is on the target and unique: at most one row.
    OneToOneFromTarget,
    /// Through a junction table: any number of rows.
    ManyToMany,
}

/// What ties the two tables of a relationship.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// A foreign key, seen from either side: pairs of equal columns.
    Key {
        /// The foreign key constraint's name.
        constraint: String,
        /// The origin's columns.
        origin_columns: Vec<u32>,
        /// The target's columns, matching.
        target_columns: Vec<u32>,
    },
    /// Two foreign keys of a junction table.
    Junction {
        /// The junction table.
        table: TableId,
        /// The constraint from the junction to the origin.
        origin_constraint: String,
        /// The constraint from the junction to the target.
        target_constraint: String,
        /// The origin's columns.
        origin_columns: Vec<u32>,
        /// The junction's columns that equal the origin's.
        junction_origin_columns: Vec<u32>,
        /// The junction's columns that equal the target's.
        junction_target_columns: Vec<u32>,
        /// The target's columns.
        target_columns: Vec<u32>,
    },
    /// A function of the origin's row that returns rows of the target.
    Computed(FunctionId),
}

impl Cardinality {
    /// Whether it leads to at most one row.
    pub fn is_to_one(self) -> bool {
        matches!(self, Self::ManyToOne | Self::OneToOneFromOrigin | Self::OneToOneFromTarget)
    }
}
