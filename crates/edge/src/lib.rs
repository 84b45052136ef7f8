//! What all HTTP surfaces share: tokens become callers, problems become responses, and cross-origin rules.
//!
//! No query is known here, and no database.

pub mod cors;
mod raised;
mod response;
mod status;
mod token;

pub use response::{ResponseParts, Untold, problem_response};
pub use status::status_of;
pub use token::{Caller, Tokens};
