//! What every crate may use: problems, limits, clock and randomness seams, observations.
