//! How servers are reached: encrypted, on several hosts of which one may go away, and through a pooler.
//!
//! These tests start servers of their own. They run when `MAINSTAY_TEST_DATABASE` names the kind of server that they are about, and
//! are shown as ignored otherwise.

mod certificates;
mod encryption;
mod hosts;
mod mysql;
mod pooler;
mod world;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

type Outcome = Result<(), String>;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let engine = std::env::var("MAINSTAY_TEST_DATABASE").unwrap_or_default();
    let on = |kind: &str, name: &str, run: fn() -> Outcome| {
        let trial = Trial::test(format!("{kind}/{name}"), move || run().map_err(Failed::from));
        trial.with_ignored_flag(!engine.starts_with(kind))
    };
    let test = |name: &str, run: fn() -> Outcome| on("postgres", name, run);
    let trials = vec![
        test("a_server_must_prove_who_it_is", encryption::a_server_must_prove_who_it_is),
        test(
            "a_server_that_does_not_encrypt_is_refused",
            encryption::a_server_that_does_not_encrypt_is_refused,
        ),
        test("writes_go_on_after_a_failover", hosts::writes_go_on_after_a_failover),
        test("reads_go_to_a_copy_that_follows", hosts::reads_go_to_a_copy_that_follows),
        on("mysql", "a_server_must_prove_who_it_is", mysql::a_server_must_prove_who_it_is),
        test("a_pooler_keeps_nothing_of_a_request", pooler::a_pooler_keeps_nothing_of_a_request),
        test("what_waits_behind_a_pooler_is_ended", pooler::what_waits_behind_a_pooler_is_ended),
    ];
    libtest_mimic::run(&arguments, trials).exit_code()
}
