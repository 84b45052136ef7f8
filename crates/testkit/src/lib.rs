//! Runs the executable specification in `conformance/` against the real `mainstay` binary.
//!
//! The crate owns the format of a scenario file ([`scenario`], [`parse`]), the temporary projects and servers
//! it needs ([`project`]), the identities that speak ([`identity`]) and the comparison of an answer with what
//! the prose promises ([`compare`], [`json`]). It knows the product only from outside: its command line and
//! HTTP. The format is described for readers in `conformance/README.md`.

pub mod client;
pub mod compare;
pub mod database;
pub mod diagnostics;
pub mod exceptions;
pub mod identity;
pub mod json;
pub mod outage;
pub mod outcome;
pub mod parse;
pub mod project;
pub mod run;
pub mod scenario;
