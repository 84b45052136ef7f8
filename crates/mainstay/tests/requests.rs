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
        self.answer()
    }

    /// The status and the body of the next answer.
    fn answer(&mut self) -> (u16, String) {
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

/// Sends bytes as they are, and reads until the server closes the connection.
fn answer_to(base: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(base.strip_prefix("http://").unwrap()).unwrap();
    // The server may answer and close before it has read everything.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

#[test]
fn what_is_no_http_is_told_so() {
    let project = Project::new(SCHEMA);
    project.succeed(&["schema", "apply"]);
    let server = project.start(&["serve", "."]);
    let long = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(70_000));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(200));
    for (request, status) in [
        ("GET / HTTP/9.9\r\n\r\n", "400"),
        ("GET /\u{1} HTTP/1.1\r\n\r\n", "400"),
        ("POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", "400"),
        (&long, "414"),
        (&many, "431"),
    ] {
        let answer = answer_to(&server.base, request.as_bytes());
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{}: {answer}", &request[..20]);
    }
}

#[test]
fn a_second_signal_does_not_wait_for_a_request_that_never_comes_in() {
    let project = Project::new(SCHEMA);
    project.succeed(&["schema", "apply"]);
    let mut server = project.start(&["serve", "."]);
    let mut connection = Connection::to(&server.base);
    // Both are in the server's hands once the first is answered.
    let stuck = "POST /rest/v1/notes HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{";
    let first = "GET /rest/v1/notes HTTP/1.1\r\nhost: x\r\n\r\n";
    connection.0.get_mut().write_all(format!("{first}{stuck}").as_bytes()).unwrap();
    assert_eq!(connection.answer().0, 200);
    server.signal();
    server.wait_for("a second signal stops at once");
    assert_eq!(server.terminate(), 0);
}

#[test]
fn k13_nothing_that_is_nested_deep_ends_the_server() {
    let project = Project::new(&format!(
        "{SCHEMA}\ncreate function echo(value jsonb) returns jsonb language sql as $$ select value $$;"
    ));
    project.succeed(&["schema", "apply"]);
    let server = project.start(&["serve", "."]);
    // A target that is too long ends its connection.
    let ask = |line: &str, body: &str| Connection::to(&server.base).ask(line, body);
    let nested = |open: &str, inner: &str, close: &str, depth: usize| {
        format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
    };
    let path = "->a".repeat(15_000);
    let notes = "/rest/v1/notes";
    let targets = [
        format!("GET {notes}?select=data{path}"),
        format!("GET {notes}?data{path}=eq.1"),
        format!("GET {notes}?order=data{path}"),
        format!("GET {notes}?or=(data{path}.eq.1)"),
        format!("GET {notes}?and={}", nested("(and", "(id.eq.1)", ")", 9_000)),
        format!("GET {notes}?select={}", nested("a(", "id", ")", 15_000)),
        format!("GET {notes}?data=eq.{}", nested("[", "1", "]", 30_000)),
        format!("GET {notes}?data=cs.{}", nested("{\"a\":", "1", "}", 7_000)),
        format!("GET {notes}?tags=cs.{}", nested("{", "a", "}", 30_000)),
        format!("GET {notes}?word=match.{}", nested("(", "a", ")", 30_000)),
        format!("GET {notes}?word=match.{}", nested("(", "a", "*)", 15_000)),
        format!("GET {notes}?word=like.{}", "*a".repeat(30_000)),
        format!("GET {notes}?id={}eq.1", "not.".repeat(15_000)),
        format!("GET {notes}?{}id=eq.1", "a.".repeat(30_000)),
        format!("GET {notes}?order={}", vec!["id.desc"; 8_000].join(",")),
        format!("GET {notes}?select={}", vec!["id"; 20_000].join(",")),
        format!("GET {notes}?id=in.({})", vec!["1"; 30_000].join(",")),
        format!("GET {notes}?or=({})", vec!["id.eq.1"; 8_000].join(",")),
        format!("GET {notes}?{}", vec!["id=eq.1"; 8_000].join("&")),
        format!("GET /rest/v1/rpc/echo?value={}", nested("[", "1", "]", 30_000)),
    ];
    for target in &targets {
        let (status, body) = ask(target, "");
        assert!(status < 500, "{status} to {target:.60}: {body:.300}");
    }
    let deep = nested("[", "1", "]", 200_000);
    let deepest = nested("[", "1", "]", 1_000);
    assert_eq!(ask("POST /rest/v1/notes", &format!(r#"{{"id": 9, "data": {deepest}}}"#)).0, 201);
    assert_eq!(
        ask("GET /rest/v1/notes?select=data&id=eq.9", ""),
        (200, format!(r#"[{{"data":{deepest}}}]"#))
    );
    let (status, answer) = ask("POST /rest/v1/notes", &format!(r#"{{"id": 8, "data": [{deepest}]}}"#));
    assert!(status == 413 && answer.contains("54001"), "{status} {answer}");
    for (path, body) in [
        (notes, deep.clone()),
        (notes, format!(r#"{{"id": 1, "data": {deep}}}"#)),
        (notes, format!(r#"{{"id": 2, "word": {deep}}}"#)),
        (notes, format!(r#"{{"id": 3, "tags": {deep}}}"#)),
        (notes, nested("{\"id\":", "1", "}", 100_000)),
        ("/rest/v1/rpc/echo", format!(r#"{{"value": {deep}}}"#)),
    ] {
        let (status, answer) = ask(&format!("POST {path}"), &body);
        assert!(status < 500, "{status} to {body:.60}: {answer:.300}");
    }
    assert_eq!(ask("GET /health", "").0, 200);
}
