//! The binary: settings, wiring, listeners, shutdown and the command line.

fn main() {}
