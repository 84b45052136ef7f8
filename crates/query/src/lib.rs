//! What is asked, not yet resolved: names as they were sent, values apart from the shape.
//!
//! Every front end decodes into this and nothing after decoding knows which one it was. The *shape* ([`Request`]) is
//! hashable and holds no values: it is the key under which plans are cached. The values ([`Values`]) travel beside it.

mod read;
mod values;
mod write;

pub use read::{
    AggregateName, Condition, Count, Embed, EmbedJoin, Field, IsValue, JsonStep, Level, Limit, Operator,
    OrderTerm, Read, SelectItem, Target,
};
pub use values::{Cell, Payload, RawValue, SlotId, Values, ValuesBuilder};
pub use write::{Call, Conflict, Delete, Insert, MissingAs, Request, Resolution, Returning, Update};
