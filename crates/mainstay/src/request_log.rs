//! One readable line for each request: when, method, path, status, milliseconds, role.
//!
//! No header, no body and no key is ever written; of the query string, only what filters, and only while developing.

use std::io::Write;
use std::time::Duration;

use http::Response;
use http::request::Parts;
use mainstay_base::{Clock, Problem, SystemClock};
use mainstay_expr::Role;

/// Parameters that carry a secret where a client cannot send headers.
const SECRETS: &[&str] =
    &["apikey", "token", "access_token", "refresh_token", "key", "secret", "password", "code"];
/// Bytes of a path and query that are shown.
const SHOWN_BYTES_MAX: usize = 300;

/// What a line shows.
#[derive(Debug, Clone, Copy)]
pub enum RequestLog {
    /// Paths: query strings of real users hold what they look for.
    Paths,
    /// Paths with what follows the question mark, keys left out.
    Queries,
}

impl RequestLog {
    /// Writes a request's line.
    pub fn write<B>(&self, parts: &Parts, response: &Response<B>, took: Duration) {
        let line = self.line(parts, response, took, SystemClock.now_us());
        // A log that cannot be written is no reason to answer anything else.
        let _ = writeln!(anstream::stdout(), "{line}");
    }

    fn line<B>(&self, parts: &Parts, response: &Response<B>, took: Duration, now_us: i64) -> String {
        let status = response.status().as_u16();
        let role = response.extensions().get::<Role>().map_or("-", Role::name);
        format!(
            "\u{1b}[2m{}\u{1b}[0m {:<7} {}{status}\u{1b}[0m {:>8.1} ms  {role:<13} {}",
            time(now_us),
            parts.method.as_str(),
            colour(status),
            took.as_secs_f64() * 1000.0,
            self.target(parts),
        )
    }

    fn target(&self, parts: &Parts) -> String {
        let mut target = parts.uri.path().to_owned();
        if let (Self::Queries, Some(query)) = (self, parts.uri.query()) {
            target.push('?');
            target.push_str(&without_secrets(query));
        }
        // A URI is ASCII, so any byte is a boundary.
        if target.len() > SHOWN_BYTES_MAX {
            target.truncate(SHOWN_BYTES_MAX);
            target.push('…');
        }
        target
    }
}

/// Writes what a client was not told, whether requests are logged or not: it is for the operator to mend.
pub fn write_untold(parts: &Parts, problem: &Problem) {
    let details = problem.details().map(|details| format!(" ({details})")).unwrap_or_default();
    anstream::eprintln!("internal error in {} {}: {problem}{details}", parts.method, parts.uri.path());
}

fn without_secrets(query: &str) -> String {
    let shown = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if SECRETS.contains(&name.to_ascii_lowercase().as_str()) => format!("{name}=…"),
        _ => pair.to_owned(),
    });
    shown.collect::<Vec<_>>().join("&")
}

/// Green for what went well, cyan for what is elsewhere or known, yellow for the client's mistakes, red for ours.
fn colour(status: u16) -> &'static str {
    match status {
        ..300 => "\u{1b}[32m",
        300..400 => "\u{1b}[36m",
        400..500 => "\u{1b}[33m",
        _ => "\u{1b}[1;31m",
    }
}

/// The time of day in UTC.
fn time(now_us: i64) -> String {
    let seconds = now_us.div_euclid(1_000_000).rem_euclid(86_400);
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn line(log: RequestLog, uri: &str, status: u16, role: Option<&str>) -> String {
        let (parts, ()) = Request::builder().uri(uri).header("apikey", "KEY").body(()).unwrap().into_parts();
        let mut response = Response::builder().status(status).body(()).unwrap();
        if let Some(role) = role {
            response.extensions_mut().insert(Role::new(role));
        }
        let line = log.line(&parts, &response, Duration::from_micros(1540), 45_296_000_000);
        anstream::adapter::strip_str(&line).to_string()
    }

    #[test]
    fn a_line_says_when_what_how_long_and_who() {
        assert_eq!(
            line(RequestLog::Queries, "/rest/v1/products?select=name&limit=3", 200, Some("anon")),
            "12:34:56 GET     200      1.5 ms  anon          /rest/v1/products?select=name&limit=3"
        );
        assert_eq!(
            line(RequestLog::Paths, "/rest/v1/people?email=eq.a@b.example", 404, None),
            "12:34:56 GET     404      1.5 ms  -             /rest/v1/people"
        );
    }

    #[test]
    fn k16_no_key_is_written() {
        let line =
            line(RequestLog::Queries, "/rest/v1/?apikey=KEY&Token=KEY&limit=1&access_token=KEY", 200, None);
        assert!(line.ends_with("/rest/v1/?apikey=…&Token=…&limit=1&access_token=…"), "{line}");
    }

    #[test]
    fn a_long_path_is_cut() {
        let line = line(RequestLog::Paths, &format!("/{}", "a".repeat(5000)), 404, None);
        assert!(line.len() < 400 && line.ends_with('…'));
    }
}
