//! The conformance suite as tests: one per section of `conformance/**/*.md`, named by file and heading.
//!
//! `cargo test -p mainstay-testkit --test conformance -- rest/filters` runs a part of it. The database is
//! chosen by `MAINSTAY_TEST_DATABASE` (default `sqlite`), the binary by `MAINSTAY_BIN`.

use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use mainstay_testkit::database;
use mainstay_testkit::exceptions::{self, Exceptions};
use mainstay_testkit::project::{self, World};
use mainstay_testkit::run;
use mainstay_testkit::scenario::{Case, Scenario};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    match trials() {
        Ok(trials) => {
            let conclusion = libtest_mimic::run(&arguments, trials);
            database::stop();
            conclusion.exit_code()
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn trials() -> Result<Vec<Trial>, String> {
    let root = project::workspace().join("conformance");
    let engine = std::env::var("MAINSTAY_TEST_DATABASE").unwrap_or_else(|_| "sqlite".to_owned());
    let exceptions = exceptions::read(&root.join("exceptions.toml"), engine_name(&engine))?;
    let scenarios = run::scenarios(&root)?;
    known(&exceptions, &scenarios)?;
    let mut trials = vec![senders(&scenarios)];
    let mut worlds = HashMap::new();
    let cases = scenarios.into_iter().flat_map(|scenario| scenario.cases);
    trials.extend(cases.map(|case| {
        let world =
            worlds.entry(case.world.clone()).or_insert_with(|| Arc::new(World::new(case.world.clone())));
        trial(case, Arc::clone(world), &exceptions)
    }));
    Ok(trials)
}

/// A rule of the suite itself: what one role may do says nothing unless another role is shown beside it.
fn senders(scenarios: &[Scenario]) -> Trial {
    let lonely: Vec<String> = scenarios
        .iter()
        .flat_map(|scenario| &scenario.cases)
        .filter(|case| case.senders() == 1)
        .map(|case| format!("{} (line {}) is shown for one role only", case.name, case.line))
        .collect();
    Trial::test("suite/every-request-is-shown-for-two-roles", move || {
        if lonely.is_empty() { Ok(()) } else { Err(Failed::from(lonely.join("\n"))) }
    })
}

fn trial(case: Case, world: Arc<World>, exceptions: &Exceptions) -> Trial {
    let ignored = exceptions.contains_key(&case.name) || !case.world.database.is_empty() && !is_postgres();
    let name = case.name.clone();
    Trial::test(name, move || run::case(&case, &world).map_err(Failed::from)).with_ignored_flag(ignored)
}

/// Whether the tests run on PostgreSQL, which alone has databases of its own to be served as they are.
fn is_postgres() -> bool {
    std::env::var("MAINSTAY_TEST_DATABASE").is_ok_and(|engine| engine_name(&engine).starts_with("postgres"))
}

/// `sqlite`, or the scheme of a database URL; the versions of a database are one engine.
fn engine_name(database: &str) -> &str {
    let name = database.split(':').next().unwrap_or(database);
    name.trim_end_matches(|character: char| character.is_ascii_digit())
}

/// An exception for a case that does not exist hides a renamed case.
fn known(exceptions: &Exceptions, scenarios: &[Scenario]) -> Result<(), String> {
    let exists =
        |name: &str| scenarios.iter().flat_map(|scenario| &scenario.cases).any(|case| case.name == name);
    match exceptions.keys().find(|name| !exists(name)) {
        Some(name) => Err(format!("conformance/exceptions.toml: no case is called `{name}`")),
        None => Ok(()),
    }
}
