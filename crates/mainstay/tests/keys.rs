//! The project's secret: who may read it, and that there is one and only one.

mod common;

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;

use common::Project;

const NOTES: &str =
    "create table notes (id integer primary key);\nalter table notes enable row level security;\n";

#[test]
fn secrets_and_rows_are_their_owners_alone() {
    let project = Project::new(NOTES);
    project.succeed(&["schema", "apply"]);
    project.succeed(&["keys"]);
    for (name, mode) in [("", 0o700), ("/jwt_secret", 0o600), ("/data.sqlite", 0o600)] {
        let found =
            std::fs::metadata(project.file(&format!(".mainstay{name}"))).unwrap().permissions().mode();
        assert_eq!(found & 0o777, mode, "{name}");
    }
}

#[test]
fn programs_that_start_together_have_one_secret() {
    for _ in 0..5 {
        let project = Project::new(NOTES);
        let said: BTreeSet<String> = std::thread::scope(|scope| {
            let asked: Vec<_> =
                (0..8).map(|_| scope.spawn(|| project.succeed(&["keys", "--json"]))).collect();
            asked.into_iter().map(|asked| asked.join().unwrap()).collect()
        });
        assert_eq!(said.len(), 1, "{said:?}");
    }
}

#[test]
fn a_secret_that_can_be_guessed_is_refused() {
    let project = Project::new(NOTES);
    for secret in ["", "\n", "short"] {
        project.write(".mainstay/jwt_secret", secret);
        let done = project.run(&["keys"]);
        assert_eq!(done.code, 1, "{}", done.stdout);
        assert!(done.stderr.contains("jwt_secret holds") && done.stderr.contains("32"), "{}", done.stderr);
    }
    let done = project.run_with(&["keys"], &[("MAINSTAY_JWT_SECRET", "short")]);
    assert_eq!(done.code, 3, "{}", done.stdout);
    assert!(done.stderr.contains("MAINSTAY_JWT_SECRET holds 5 bytes"), "{}", done.stderr);
    assert!(!done.stderr.contains("short"), "{}", done.stderr);
    let long = "x".repeat(32);
    let done = project.run_with(&["keys"], &[("MAINSTAY_JWT_SECRET", &long)]);
    assert!(done.code == 0 && done.stdout.contains(&long), "{}", done.stderr);
}

#[test]
fn a_token_is_signed_for_a_uuid() {
    let project = Project::new(NOTES);
    let token = project.succeed(&["keys", "--user", "00000000-0000-4000-8000-00000000000A"]);
    assert_eq!(token.matches('.').count(), 2, "{token}");
    for user in ["alice", "", "00000000-0000-4000-8000-00000000000g", "00000000000040008000000000000001"] {
        let done = project.run(&["keys", "--user", user]);
        assert!(done.code == 2 && done.stderr.contains("expected a uuid"), "{user}: {}", done.stderr);
    }
}
