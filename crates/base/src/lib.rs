//! What every crate may use: the problem type, limits, and the seams for the clock and for randomness.
//!
//! This crate knows nothing of the domain: no tables, no SQL, no HTTP.

mod clock;
mod limits;
mod problem;

pub use clock::{Clock, FixedClock, FixedRandomness, Randomness, SystemClock, SystemRandomness};
pub use limits::Limits;
pub use problem::{Problem, Result};
