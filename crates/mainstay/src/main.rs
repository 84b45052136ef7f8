//! The binary: settings, wiring, listeners, shutdown and the command line. It alone names the engine crates.

mod body;
mod cli;
mod database;
mod db;
mod dev;
mod existing;
mod failure;
mod init;
mod keys;
mod names;
mod progress;
mod project;
mod pull;
mod ready;
mod request_log;
mod request_target;
mod schema;
mod seed;
mod serve;
mod settings;
mod setval;
mod site;
mod static_files;
mod transfer;
mod words;
mod workers;

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;

/// Requests allocate much that is small and short-lived, on several threads.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let arguments = cli::Arguments::parse();
    match arguments.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
