//! What can go wrong outside of the schema: one clear message each, and the exit code that scripts rely on.

mod common;

use std::net::TcpListener;

use common::{Done, Project};

const NOTES: &str =
    "create table notes (id integer primary key);\nalter table notes enable row level security;\n";

/// One failure: its exit code, and what it says.
fn fails(done: &Done, code: i32, parts: &[&str]) {
    assert_eq!(done.code, code, "{}", done.stderr);
    for part in parts {
        assert!(done.stderr.contains(part), "{part} in\n{}", done.stderr);
    }
    assert_eq!(done.stderr.matches("error: ").count(), 1, "{}", done.stderr);
    for internal in ["panicked", "RUST_BACKTRACE", "src/"] {
        assert!(!done.stderr.contains(internal), "{}", done.stderr);
    }
}

#[test]
fn a_port_that_is_in_use() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    let project = Project::new(NOTES);
    project.succeed(&["schema", "apply"]);
    for command in ["serve", "dev"] {
        let done = project.run(&[command, "--listen", &address]);
        fails(&done, 1, &[&format!("could not listen on {address}"), "another program listens there"]);
    }
}

#[test]
fn an_address_of_another_machine() {
    let project = Project::new(NOTES);
    project.succeed(&["schema", "apply"]);
    fails(&project.run(&["serve", "--listen", "192.0.2.1:0"]), 1, &["this machine has no such address"]);
    for address in ["localhost", "localhost:8000", ":8000"] {
        let done = project.run(&["serve", "--listen", address]);
        assert_eq!(done.code, 2);
        assert!(done.stderr.contains("expected an IP address with a port"), "{}", done.stderr);
    }
}

#[test]
fn a_folder_without_a_project() {
    let place = Project::empty();
    for arguments in
        [vec!["serve", "missing"], vec!["dev", "missing"], vec!["schema", "check"], vec!["keys", "missing"]]
    {
        fails(&place.run(&arguments), 1, &["there is no project in", "mainstay init"]);
    }
    place.write("file", "");
    fails(&place.run(&["dev", "file"]), 1, &["there is no project in file"]);
}

#[test]
fn files_that_cannot_be_read() {
    let project = Project::new(NOTES);
    std::fs::write(project.file("schema/bad.sql"), b"create table \xff").unwrap();
    fails(&project.run(&["schema", "check"]), 1, &["could not read", "schema/bad.sql", "UTF-8"]);
    std::fs::remove_file(project.file("schema/bad.sql")).unwrap();
    std::fs::create_dir(project.file("schema/folder.sql")).unwrap();
    fails(&project.run(&["schema", "check"]), 1, &["could not read", "schema/folder.sql"]);
}

#[test]
fn a_database_that_is_none() {
    let project = Project::new(NOTES);
    project.write(".mainstay/data.sqlite", &"this is no database, but some text\n".repeat(100));
    for arguments in [["schema", "apply"], ["db", "seed"]] {
        fails(&project.run(&arguments), 1, &["data.sqlite is not a SQLite database"]);
    }
    for command in ["serve", "dev"] {
        fails(&project.run(&[command]), 1, &["data.sqlite is not a SQLite database"]);
    }
}

#[test]
fn a_database_cut_short() {
    let project = Project::new(NOTES);
    project.succeed(&["schema", "apply"]);
    let file = std::fs::OpenOptions::new().write(true).open(project.file(".mainstay/data.sqlite")).unwrap();
    file.set_len(5000).unwrap();
    fails(&project.run(&["serve"]), 1, &["data.sqlite", "damaged"]);
}

#[test]
fn settings_that_are_wrong() {
    let project = Project::new(NOTES);
    for (settings, parts) in [
        ("[api]\nmax_row = 5\n", ["mainstay.toml", "max_row"]),
        ("[api]\nmax_rows = \"five\"\n", ["mainstay.toml", "max_rows"]),
        ("[api]\nmax_rows = -5\n", ["mainstay.toml", "max_rows"]),
        ("[api\n", ["mainstay.toml", "line 1"]),
        ("[server]\nlisten = \"localhost\"\n", ["mainstay.toml", "listen"]),
        ("[api]\nschemas = []\n", ["mainstay.toml", "at least one schema"]),
        ("[colour]\n", ["mainstay.toml", "colour"]),
        ("[api]\nschemas = [\"publik\"]\n", ["names \"publik\"", "did you mean \"public\"?"]),
        ("[api]\nschemas = [\"shop\"]\n", ["names \"shop\"", "CREATE SCHEMA shop creates it"]),
    ] {
        project.write("mainstay.toml", settings);
        fails(&project.run(&["schema", "check"]), 3, &parts);
    }
    project.write("mainstay.toml", "[database]\nurl = \"oracle:/x\"\n");
    fails(&project.run(&["schema", "apply"]), 3, &["oracle:/x", "sqlite:PATH"]);
}

#[test]
fn a_variable_of_the_environment_that_is_wrong() {
    let project = Project::new(NOTES);
    let done = project.run_with(&["schema", "check"], &[("MAINSTAY_API_MAX_ROWS", "many")]);
    fails(&done, 3, &["the environment (MAINSTAY_API_MAX_ROWS)"]);
}

#[test]
fn a_database_that_is_behind_its_schema() {
    let project = Project::new(NOTES);
    fails(
        &project.run(&["serve"]),
        5,
        &["not in the shape of schema/*.sql", "notes", "mainstay schema apply"],
    );
}

#[test]
fn a_schema_with_mistakes() {
    let project = Project::new("create table a (b txet);\ncreate table a (c int);\n");
    let done = project.run(&["schema", "check"]);
    assert_eq!(done.code, 3);
    for part in ["schema/tables.sql:1:19", "schema/tables.sql:2:", "the schema has 2 errors"] {
        assert!(done.stderr.contains(part), "{part} in\n{}", done.stderr);
    }
}

#[test]
fn help_shows_examples_for_every_command() {
    let place = Project::empty();
    let commands = [
        vec!["init"],
        vec!["dev"],
        vec!["serve"],
        vec!["keys"],
        vec!["completions"],
        vec!["schema", "check"],
        vec!["schema", "diff"],
        vec!["schema", "apply"],
        vec!["schema", "diagram"],
        vec!["db", "seed"],
        vec!["db", "reset"],
    ];
    for command in commands {
        let help = place.succeed(&[command.as_slice(), &["--help"]].concat());
        assert!(
            help.contains("Examples:") && help.contains(&format!("mainstay {}", command.join(" "))),
            "{help}"
        );
    }
    let help = place.succeed(&["--help"]);
    assert!(help.contains("Exit codes:") && help.contains("NO_COLOR"), "{help}");
}

#[test]
fn completions_are_scripts_of_the_shell() {
    let place = Project::empty();
    for (shell, part) in
        [("bash", "complete -F"), ("zsh", "#compdef mainstay"), ("fish", "complete -c mainstay")]
    {
        assert!(place.succeed(&["completions", shell]).contains(part), "{shell}");
    }
}

#[test]
fn a_diagram_is_drawn_where_it_is_wanted() {
    let project = Project::new(NOTES);
    assert!(project.succeed(&["schema", "diagram"]).starts_with("erDiagram"));
    assert_eq!(project.succeed(&["schema", "diagram", "--svg", "a.svg", "--mermaid", "a.mmd"]), "");
    assert!(project.read("a.svg").starts_with("<svg") && project.read("a.mmd").starts_with("erDiagram"));
}
