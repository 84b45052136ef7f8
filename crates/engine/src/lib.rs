//! The trait that every database implements.
