//! Why a command failed: what people are told, and the exit code.

use std::process::ExitCode;

use mainstay_base::Problem;
use mainstay_sql::{Diagnostics, SourceFiles};

/// The result of a command.
pub type Result<T> = std::result::Result<T, Failure>;

/// A command's failure.
#[derive(Debug)]
pub struct Failure {
    text: String,
    code: u8,
}

impl Failure {
    /// Something about the machine or the project is wrong: exit code 1.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), code: 1 }
    }

    /// The schema, the seed or the settings are wrong, and it has been said where: exit code 3.
    pub fn invalid(text: impl Into<String>) -> Self {
        Self { text: text.into(), code: 3 }
    }

    /// Data would be lost, and that was not allowed: exit code 4.
    pub fn loses_data(text: impl Into<String>) -> Self {
        Self { text: text.into(), code: 4 }
    }

    /// The database is not in the shape of the schema: exit code 5.
    pub fn out_of_date(text: impl Into<String>) -> Self {
        Self { text: text.into(), code: 5 }
    }

    /// The same, said of a place.
    pub fn within(self, place: &str) -> Self {
        Self { text: format!("{place}: {}", self.text), ..self }
    }

    /// Tells the user.
    pub fn show(&self) {
        anstream::eprintln!("\u{1b}[1;31merror\u{1b}[0m: {}", self.text);
    }

    /// Tells the user, and gives the exit code.
    pub fn report(self) -> ExitCode {
        self.show();
        ExitCode::from(self.code)
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let mut text = problem.to_string();
        if let Some(details) = problem.details().and_then(|details| details.as_str()) {
            text.push_str("\n  ");
            text.push_str(details);
        }
        if let Some(hint) = problem.hint() {
            text.push_str("\n  hint: ");
            text.push_str(hint);
        }
        Self::new(text)
    }
}

/// Shows what is wrong in a text, each at its place.
pub fn diagnose(files: &SourceFiles, diagnostics: &Diagnostics) {
    if !diagnostics.is_empty() {
        anstream::eprintln!("{}\n", diagnostics.render(files, true).trim_end());
    }
}

/// Says what was being done when an operation on a file or socket failed.
pub trait Doing<T> {
    /// `what` completes "could not …".
    fn doing(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: std::fmt::Display> Doing<T> for std::result::Result<T, E> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| Failure::new(format!("could not {}: {error}", what())))
    }
}
