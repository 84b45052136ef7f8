//! Requests as they come over a connection, byte for byte.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use common::Project;

const SCHEMA: &str = r#"
create table notes (id integer primary key, data jsonb, tags text[], word text);
alter table notes enable row level security;
create policy "all" on notes using (true) with check (true);
"#;

/// A connection that is kept.
struct Connection(BufReader<TcpStream>);

impl Connection {
    fn to(base: &str) -> Self {
        Self(BufReader::new(TcpStream::connect(base.strip_prefix("http://").unwrap()).unwrap()))
    }

    /// Sends a request line and a body as they are; the status and the body of the answer.
    fn ask(&mut self, line: &str, body: &str) -> (u16, String) {
        let headers =
            format!("host: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
        self.0.get_mut().write_all(format!("{line} HTTP/1.1\r\n{headers}{body}").as_bytes()).unwrap();
        let mut read = |text: &mut String| {
            text.clear();
            self.0.read_line(text).unwrap();
        };
        let (mut text, mut length) = (String::new(), 0);
        read(&mut text);
        let status = text.split(' ').nth(1).unwrap().parse().unwrap();
        while text != "\r\n" {
            read(&mut text);
            if let Some(value) = text.strip_prefix("content-length: ") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        (status, String::from_utf8(body).unwrap())
    }
}

#[test]
fn targets_are_taken_as_they_are_typed() {
    let project = Project::new(SCHEMA);
    project.succeed(&["schema", "apply"]);
    let server = project.start(&["serve", "."]);
    let mut connection = Connection::to(&server.base);
    // What is escaped in a request line stands in the body as well, where it must not be touched.
    let word = "GET /<> HTTP/1.1";
    let row = format!(r#"{{"id": 1, "data": {{"name": "Ann"}}, "tags": ["a+b", "c"], "word": "{word}"}}"#);
    assert_eq!(connection.ask("POST /rest/v1/notes", &row).0, 201);
    for filters in [
        "",
        r#"&tags=cs.{"a%2Bb",c}"#,
        r#"&data=cs.{"name":"Ann"}"#,
        r#"&word=in.("GET+/<>+HTTP/1.1")"#,
        "&word=not.eq.größe",
        "&data->>name=eq.Ann",
    ] {
        let line = format!("GET /rest/v1/notes?select=data->>name{filters}");
        assert_eq!(connection.ask(&line, ""), (200, r#"[{"name":"Ann"}]"#.to_owned()), "{line}");
    }
}
