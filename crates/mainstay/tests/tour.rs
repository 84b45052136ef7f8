//! The README's tour, pasted.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use common::Project;

fn readme() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md")).unwrap()
}

/// The blocks of a language in the tour.
fn blocks(language: &str) -> Vec<String> {
    let readme = readme();
    let (_, tour) = readme.split_once("## Five minutes").unwrap();
    let tour = tour.split("\n## ").next().unwrap();
    let fence = format!("```{language}\n");
    tour.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn the_tour_works_when_it_is_pasted() {
    let place = Project::empty();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let until_ready = format!("until curl -sf -o /dev/null http://{address}/ready; do :; done");
    let script = blocks("sh")
        .concat()
        .replace("127.0.0.1:8000", &address)
        .replace("cargo install --path crates/mainstay\n", "")
        .replace("sleep 1", &until_ready)
        .replace("curl ", "curl -sS ");
    // The program is found as after its installation.
    let program = Path::new(env!("CARGO_BIN_EXE_mainstay"));
    let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let done = Command::new("bash")
        .args(["-ec", &format!("{script}\nwait\n")])
        .current_dir(place.path())
        .env("PATH", path)
        .env("MAINSTAY_SERVER_LISTEN", &address)
        .output()
        .unwrap();
    let (said, errors) = (String::from_utf8(done.stdout).unwrap(), String::from_utf8(done.stderr).unwrap());
    assert!(done.status.success(), "{script}\n{said}{errors}");
    assert!(
        said.contains(
            r#"[{"id":1,"title":"for me"},{"id":2,"title":"for all"}][{"id":2,"title":"for all"}]"#
        ),
        "{said}"
    );
    assert!(said.contains("42501"), "{said}");
    // What the project brings fits what the tour shows.
    assert!(place.succeed(&["db", "seed", "notes"]).contains("2 rows added"));
    let schema = place.read("notes/schema/notes.sql");
    for statement in blocks("sql").concat().split("\n\n") {
        assert!(schema.contains(statement.trim()), "{statement}\nis not in\n{schema}");
    }
}
