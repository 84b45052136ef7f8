//! The resolved, immutable schema.
