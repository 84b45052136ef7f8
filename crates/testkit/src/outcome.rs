//! What tests that are no scenarios have in common: how one ends, and on which databases it runs.

use std::fmt::Debug;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

/// How a test ends: well, or with a sentence.
pub type Outcome = Result<(), String>;

/// A test's name and what it does.
pub type Test = (&'static str, fn() -> Outcome);

/// That two values are equal.
///
/// # Errors
/// Both of them.
pub fn equal<T: PartialEq + Debug>(found: T, expected: T) -> Outcome {
    if found == expected { Ok(()) } else { Err(format!("expected {expected:?}, found {found:?}")) }
}

/// Runs tests where `MAINSTAY_TEST_DATABASE` begins with one of these kinds, and shows them as ignored otherwise. The server that
/// was started for them ends with them.
pub fn run_on(kinds: &[&str], tests: impl IntoIterator<Item = Test>) -> ExitCode {
    let arguments = Arguments::from_args();
    let named = std::env::var("MAINSTAY_TEST_DATABASE").unwrap_or_default();
    let is_ignored = !kinds.iter().any(|kind| named.starts_with(kind));
    let trial = |(name, run): Test| {
        Trial::test(name, move || run().map_err(Failed::from)).with_ignored_flag(is_ignored)
    };
    let conclusion = libtest_mimic::run(&arguments, tests.into_iter().map(trial).collect());
    crate::database::stop();
    conclusion.exit_code()
}
