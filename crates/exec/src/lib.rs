//! Where planner and engine meet.
