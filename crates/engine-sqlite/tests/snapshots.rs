//! A thread that says when it is idle keeps its state of the database for several reads, and yet never shows an old one.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};

use common::*;
use mainstay_engine::{Engine, NewValue};
use rusqlite::Connection;

/// Another program's connection.
fn other_program(database: &Database) -> Connection {
    Connection::open(database.folder.path().join("test.db")).unwrap()
}

async fn count(database: &Database) -> usize {
    let answer = database.run(&read_all(&database.catalog, AUTHORS), inputs(vec![])).await.unwrap();
    usize::try_from(answer.rows).unwrap()
}

/// Whether a reader holds up another program that wants to empty the log.
fn is_kept(other: &Connection) -> bool {
    let busy: i64 = other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).unwrap();
    busy == 1
}

#[tokio::test]
async fn an_idle_thread_keeps_nothing() {
    let database = Database::new();
    let other = other_program(&database);
    database.engine.idle();
    other.execute("INSERT INTO authors (id, name) VALUES (1, 'ann')", []).unwrap();
    assert_eq!(count(&database).await, 1);
    assert!(is_kept(&other), "the state is kept for the next read");
    other.execute("INSERT INTO authors (id, name) VALUES (2, 'bob')", []).unwrap();
    database.engine.idle();
    assert!(!is_kept(&other));
    assert_eq!(count(&database).await, 2);
}

#[tokio::test]
async fn another_programs_commits_are_seen_soon() {
    let database = Database::new();
    let other = other_program(&database);
    database.engine.idle();
    assert_eq!(count(&database).await, 0);
    other.execute("INSERT INTO authors (id, name) VALUES (1, 'ann')", []).unwrap();
    // The thread is never idle from here on, and yet this ends.
    while count(&database).await == 0 {}
}

#[tokio::test]
async fn a_committed_row_is_seen_by_every_read_that_begins_later() {
    let database = Database::new();
    let insert = insert(insert_plan(&database.catalog, AUTHORS));
    let acknowledged = AtomicUsize::new(0);
    let runtime = || tokio::runtime::Builder::new_current_thread().build().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                database.engine.idle();
                let mut newest = 0;
                while newest < 300 {
                    let before = acknowledged.load(Ordering::SeqCst);
                    let found = runtime().block_on(count(&database));
                    assert!(
                        found >= before.max(newest),
                        "{found} rows, but there were {before} and {newest}"
                    );
                    newest = found;
                }
            });
        }
        scope.spawn(|| {
            for number in 0..300 {
                let row = vec![NewValue::Identity, text(&format!("author {number}"))];
                runtime().block_on(database.run(&insert, new_rows(vec![row]))).unwrap();
                acknowledged.fetch_add(1, Ordering::SeqCst);
            }
        });
    });
}
