//! Random schemas, rows and requests give the same status, headers and bytes on SQLite and on the database that
//! `MAINSTAY_TEST_DATABASE` names; without one there is nothing to compare, and the test is shown as ignored.
//!
//! Every world is made of a number, so that it can be made again: `MAINSTAY_DIFFERENTIAL_WORLDS=200` tries more of them,
//! `MAINSTAY_DIFFERENTIAL_FIRST=17` begins with another. What differs is shown with the fewest requests that lead there.

mod random;
mod requests;
mod world;

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use libtest_mimic::{Arguments, Failed, Trial};
use mainstay_testkit::client::Response;
use mainstay_testkit::database;
use mainstay_testkit::project::{Server, World};
use mainstay_testkit::scenario::WorldSpec;

use random::Random;
use requests::Asked;
use world::Case;

/// Worlds that are tried when nothing else is said.
const WORLDS: u64 = 16;
/// Requests that are sent to each.
const REQUESTS: usize = 60;
/// Differences that are told of; a cause often has many.
const TOLD: usize = 3;
/// Headers that may differ.
const PASSING: [&str; 3] = ["date", "content-length", "server-timing"];

/// What MySQL says of numbers that it cannot hold.
const LIMITS: [&str; 1] = ["the number has more digits than this database can compare"];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let engine = std::env::var("MAINSTAY_TEST_DATABASE").unwrap_or_default();
    let trial = Trial::test("random_requests_are_answered_alike", || compare_all().map_err(Failed::from));
    let trial = trial.with_ignored_flag(matches!(engine.as_str(), "" | "sqlite"));
    let conclusion = libtest_mimic::run(&arguments, vec![trial]);
    database::stop();
    conclusion.exit_code()
}

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn compare_all() -> Result<(), String> {
    let first = setting("MAINSTAY_DIFFERENTIAL_FIRST", 1);
    let next = AtomicU64::new(first);
    let end = first + setting("MAINSTAY_DIFFERENTIAL_WORLDS", WORLDS);
    let (differences, statuses) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    let work = || -> Result<(), String> {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let is_enough = differences.lock().map_or(true, |found| found.len() >= TOLD);
            if number >= end || is_enough {
                return Ok(());
            }
            if let Some(difference) = compare_world(number, &statuses)? {
                differences.lock().map_err(|error| error.to_string())?.push(difference);
            }
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| "a worker died".to_owned())?)
    })?;
    let differences = differences.into_inner().map_err(|error| error.to_string())?;
    if !differences.is_empty() {
        return Err(differences.join("\n\n"));
    }
    // Requests that are refused before they reach a database compare little.
    let statuses = statuses.into_inner().map_err(|error| error.to_string())?;
    let done = statuses.iter().filter(|status| **status < 300).count();
    eprintln!("{} requests were answered alike, {done} of them with success", statuses.len());
    if done * 2 < statuses.len() { Err("most requests were refused".to_owned()) } else { Ok(()) }
}

/// The same world on both.
struct Sides<'s> {
    files: World,
    server: World,
    /// What was answered so far.
    statuses: &'s Mutex<Vec<u16>>,
}

impl<'s> Sides<'s> {
    fn new(case: &Case, statuses: &'s Mutex<Vec<u16>>) -> Self {
        let spec = || WorldSpec {
            schema: vec![("main.sql".to_owned(), case.schema.clone())],
            seed: case.seed.clone(),
            ..WorldSpec::default()
        };
        Self { files: World::in_files(spec()), server: World::new(spec()), statuses }
    }

    fn fresh(&self) -> Result<[Server; 2], String> {
        Ok([self.files.fresh()?, self.server.fresh()?])
    }

    /// Sends requests one after the other to a new pair of servers; the first that they answer differently.
    fn first_difference(&self, asked: &[&Asked]) -> Result<Option<(usize, String)>, String> {
        let servers = self.fresh()?;
        for (number, one) in asked.iter().enumerate() {
            let [left, right] =
                [&servers[0], &servers[1]].map(|server| server.client.send(&one.request, one.who));
            let (left, right) = (left?, right?);
            self.statuses.lock().map_err(|error| error.to_string())?.push(left.status);
            if let Some(what) = difference(one, &left, &right) {
                return Ok(Some((number, what)));
            }
        }
        Ok(None)
    }
}

fn compare_world(number: u64, statuses: &Mutex<Vec<u16>>) -> Result<Option<String>, String> {
    let mut random = Random::new(number);
    let case = world::case(&mut random);
    let asked: Vec<Asked> = (0..REQUESTS).map(|_| requests::request(&mut random, &case)).collect();
    let sides = Sides::new(&case, statuses);
    let all: Vec<&Asked> = asked.iter().collect();
    let found = sides
        .first_difference(&all)
        .map_err(|error| format!("world {number}: {error}\n{}{}", case.schema, case.seed))?;
    let Some((at, mut what)) = found else { return Ok(None) };
    // What came before matters only where it wrote something.
    let writes = |one: &&&Asked| one.request.may_write();
    let mut needed: Vec<&Asked> = all[..at].iter().filter(writes).copied().collect();
    needed.push(all[at]);
    let mut position = 0;
    while position + 1 < needed.len() {
        let mut fewer = needed.clone();
        fewer.remove(position);
        match sides.first_difference(&fewer)? {
            Some((at, other)) if at + 1 == fewer.len() => {
                needed = fewer;
                what = other;
            }
            _ => position += 1,
        }
    }
    let requests: Vec<String> = needed.iter().map(|one| one.describe()).collect();
    Ok(Some(format!(
        "world {number} differs:\n{}{}\n{}\n{what}",
        case.schema,
        case.seed,
        requests.join("\n")
    )))
}

/// What differs in two answers.
fn difference(asked: &Asked, files: &Response, server: &Response) -> Option<String> {
    let headers = |response: &Response| -> Vec<(String, String)> {
        let mut headers = response.headers.clone();
        headers.retain(|(name, _)| !PASSING.contains(&name.as_str()));
        headers.sort();
        headers
    };
    let same = files.status == server.status
        && headers(files) == headers(server)
        && body(asked, files) == body(asked, server);
    // A number that a database cannot hold is refused by it even where it is only compared with.
    let is_other_rule = changes_rows(asked) && breaks_a_rule(files) && breaks_a_rule(server);
    let is_limit = files.status < 300 && LIMITS.iter().any(|limit| server.body.contains(limit));
    if (same && files.status != 500) || is_limit || is_other_rule {
        return None;
    }
    let show =
        |response: &Response| format!("{} {:?}\n{}", response.status, headers(response), response.body);
    Some(format!("-- SQLite\n{}\n-- the server\n{}", show(files), show(server)))
}

/// Whether rows that are there may change: of several rules that they would break any may be told of.
fn changes_rows(asked: &Asked) -> bool {
    asked.request.method == "PATCH" || asked.request.target.contains("on_conflict=")
}

fn breaks_a_rule(response: &Response) -> bool {
    code(response).starts_with("\"23")
}

fn code(response: &Response) -> String {
    let told: serde_json::Value = serde_json::from_str(&response.body).unwrap_or_default();
    told["code"].to_string()
}

/// A body to be compared: the rows that a write returns or refuses have no order.
fn body(asked: &Asked, response: &Response) -> String {
    if !asked.request.may_write() || asked.request.target.starts_with("/rpc") {
        return response.body.clone();
    }
    // Of several rows that are refused, and of several reasons, any may be the one that is told of.
    if response.status >= 400 && matches!(asked.request.method.as_str(), "PATCH" | "DELETE") {
        return code(response);
    }
    match serde_json::from_str::<Vec<Box<serde_json::value::RawValue>>>(&response.body) {
        Ok(rows) => {
            let mut rows: Vec<String> = rows.iter().map(|row| row.get().to_owned()).collect();
            rows.sort();
            rows.join("\n")
        }
        Err(_) => response.body.clone(),
    }
}
