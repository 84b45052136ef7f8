//! `mainstay dev`, as who writes a schema sees it.

mod common;

use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use common::Project;

const NOTES: &str = "create table notes (id integer primary key, body text not null);
alter table notes enable row level security;
create policy everyone on notes for select using (true);
";
const ROWS: &str = "insert into notes values (1, 'one'), (2, 'two');\n";

fn project() -> Project {
    let project = Project::new(NOTES);
    project.write("seed.sql", ROWS);
    project
}

#[test]
fn the_first_start_makes_the_database_and_tells_a_request_that_works() {
    let project = project();
    let mut server = project.start(&["dev"]);
    let said = server.said_until("curl");
    let url = said.split('\'').find(|part| part.starts_with("http://")).unwrap();
    assert!(url.ends_with("/rest/v1/notes?limit=3"), "{said}");
    assert_eq!(
        common::get(url),
        (200, r#"[{"id":1,"body":"one"},{"id":2,"body":"two"}]"#.to_owned()),
        "{said}"
    );
    assert_eq!(server.terminate(), 0);
}

#[test]
fn rows_are_added_once() {
    let project = project();
    drop(project.start(&["dev"]));
    let mut server = project.start(&["dev"]);
    server.wait_for("curl");
    assert_eq!(server.get("/rest/v1/notes?select=id").1.matches("id").count(), 2);
}

#[test]
fn a_saved_schema_is_in_force_and_no_request_fails_meanwhile() {
    let project = project();
    let mut server = project.start(&["dev"]);
    server.wait_for("curl");
    let stop = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..2)
        .map(|_| {
            let (stop, url) = (stop.clone(), format!("{}/rest/v1/notes?select=id,body", server.base));
            std::thread::spawn(move || {
                let mut asked = 0;
                while !stop.load(Ordering::Relaxed) {
                    let (status, body) = common::get(&url);
                    assert_eq!(status, 200, "{body}");
                    asked += 1;
                }
                asked
            })
        })
        .collect();
    for (definition, column) in [("c text", "c"), ("c text default 'x', add column d integer", "d")] {
        project.write("schema/tables.sql", &format!("{NOTES}alter table notes add column {definition};\n"));
        server.wait_for("the schema is in force");
        assert_eq!(server.get(&format!("/rest/v1/notes?select=id,{column}")).0, 200);
    }
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        assert!(client.join().unwrap() > 0);
    }
}

#[test]
fn a_request_that_never_comes_in_holds_nobody_up() {
    let project = project();
    let mut server = project.start(&["dev"]);
    server.wait_for("curl");
    let mut stuck = TcpStream::connect(server.base.strip_prefix("http://").unwrap()).unwrap();
    stuck.write_all(b"POST /rest/v1/notes HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{").unwrap();
    // The server has seen it before the next request, which comes later and on the same listener.
    assert_eq!(server.get("/rest/v1/notes?select=id").0, 200);
    project.write("schema/tables.sql", &format!("{NOTES}alter table notes add column c text;\n"));
    server.wait_for("the schema is in force");
    assert_eq!(server.get("/rest/v1/notes?select=id,c").0, 200);
}

#[test]
fn a_broken_schema_is_told_and_the_old_one_goes_on() {
    let project = project();
    let mut server = project.start(&["dev"]);
    server.wait_for("curl");
    project.write("schema/tables.sql", &NOTES.replace("text not null", "txet not null"));
    let said = server.said_until("goes on as before");
    assert!(said.contains("schema/tables.sql:1:") && said.contains("txet"), "{said}");
    assert_eq!(server.get("/rest/v1/notes?select=body").0, 200);
    project.write("schema/tables.sql", &format!("{NOTES}comment on table notes is 'mended';\n"));
    server.wait_for("the schema is in force");
}

#[test]
fn values_are_not_lost_unless_that_is_allowed() {
    let project = project();
    drop(project.start(&["dev"]));
    let without_body = NOTES.replace(", body text not null", "");
    project.write("schema/tables.sql", &without_body);
    let mut server = project.start(&["dev"]);
    server.wait_for("curl");
    assert_eq!(server.get("/rest/v1/notes?select=body").0, 200);
    project.write("schema/more.sql", "create table more (id integer primary key);\n");
    let said = server.said_until("goes on as before");
    assert!(said.contains("lose data") && said.contains("--allow-data-loss"), "{said}");
    drop(server);
    let mut server = project.start(&["dev", "--allow-data-loss"]);
    server.wait_for("curl");
    assert_eq!(server.get("/rest/v1/notes?select=body").0, 400);
}

#[test]
fn settings_are_read_again() {
    let project = project();
    let mut server = project.start(&["dev"]);
    server.wait_for("curl");
    project.write("mainstay.toml", "[server]\nlisten = \"127.0.0.1:0\"\n[api]\nmax_rows = 1\n");
    server.wait_for("is in force");
    assert_eq!(server.get("/rest/v1/notes?select=id").1, r#"[{"id":1}]"#);
    project.write("mainstay.toml", "[api]\nmax_row = 1\n");
    let said = server.said_until("goes on as before");
    assert!(said.contains("max_row"), "{said}");
}

#[test]
fn a_seed_with_a_mistake_is_added_when_it_is_mended() {
    let project = project();
    project.write("seed.sql", "insert into notse values (1, 'one');\n");
    let mut server = project.start(&["dev"]);
    assert!(server.started.contains("notse"), "{}", server.started);
    project.write("seed.sql", ROWS);
    server.wait_for("2 rows added");
    assert!(server.get("/rest/v1/notes?select=id").1.contains('2'));
}

#[test]
fn the_log_has_a_line_for_each_request_and_no_key() {
    let project = project();
    let mut server = project.start(&["dev"]);
    server.wait_for("curl");
    server.get("/rest/v1/notes?select=id");
    let line = server.wait_for("/rest/v1/notes?select=id");
    assert!(line.contains("GET") && line.contains("200") && line.contains("anon"), "{line}");
    assert!(!line.contains('\u{1b}'), "{line}");
    server.get("/rest/v1/notes?apikey=SECRET");
    let line = server.wait_for("/rest/v1/notes?apikey");
    assert!(!line.contains("SECRET"), "{line}");
}

#[test]
fn a_mistake_that_is_taken_back_is_told_to_be_gone() {
    let project = project();
    let mut server = project.start(&["dev"]);
    server.wait_for("curl");
    project.write("schema/more.sql", "creat table more (id integer);\n");
    server.wait_for("goes on as before");
    std::fs::remove_file(project.file("schema/more.sql")).unwrap();
    server.wait_for("what is served is what the files say again");
}
