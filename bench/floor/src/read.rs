//! The three reads: one post by key, twenty posts of a status, the same with their authors.
//! It writes rows straight from SQLite's buffers into JSON and knows no HTTP.

use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Row, Statement};

use crate::json;

const BY_KEY: &str = "SELECT id, author_id, title, body, status, score, created_at FROM posts WHERE id = ?1";
const LIST: &str = "SELECT id, author_id, title, body, status, score, created_at FROM posts \
    WHERE status = ?1 ORDER BY created_at DESC LIMIT 20";
const WITH_AUTHOR: &str = "SELECT p.id, p.title, a.id, a.name FROM posts p LEFT JOIN authors a ON a.id = p.author_id \
    WHERE p.status = ?1 ORDER BY p.created_at DESC LIMIT 20";

/// What precedes each column's value in a post, in the order of the statements above.
const POST: [&[u8]; 7] = [
    br#"{"id":"#,
    br#","author_id":"#,
    br#","title":"#,
    br#","body":"#,
    br#","status":"#,
    br#","score":"#,
    br#","created_at":"#,
];

/// One worker's prepared statements.
pub struct Reads {
    by_key: Statement<'static>,
    list: Statement<'static>,
    with_author: Statement<'static>,
}

impl Reads {
    /// Opens a read-only connection; each worker has its own, so SQLite needs no mutex.
    pub fn open(database: &Path) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(database, flags)?;
        connection.execute_batch("PRAGMA cache_size = -16384; PRAGMA mmap_size = 268435456;")?;
        Ok(connection)
    }

    /// Prepares the statements once.
    pub fn prepare(connection: &'static Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            by_key: connection.prepare(BY_KEY)?,
            list: connection.prepare(LIST)?,
            with_author: connection.prepare(WITH_AUTHOR)?,
        })
    }

    /// An array of the post with this key, or an empty one.
    pub fn by_key(&mut self, id: i64) -> rusqlite::Result<Vec<u8>> {
        array(&mut self.by_key, id, 640, post)
    }

    /// The latest twenty posts of a status.
    pub fn list(&mut self, status: &str) -> rusqlite::Result<Vec<u8>> {
        array(&mut self.list, status, 12 * 1024, post)
    }

    /// The latest twenty posts of a status, each with its author as an object.
    pub fn with_author(&mut self, status: &str) -> rusqlite::Result<Vec<u8>> {
        array(&mut self.with_author, status, 4 * 1024, post_with_author)
    }
}

fn array(
    statement: &mut Statement<'static>,
    parameter: impl rusqlite::ToSql,
    expected_bytes: usize,
    write: impl Fn(&mut Vec<u8>, &Row<'_>) -> rusqlite::Result<()>,
) -> rusqlite::Result<Vec<u8>> {
    let mut out = Vec::with_capacity(expected_bytes);
    let mut rows = statement.query([parameter])?;
    out.push(b'[');
    while let Some(row) = rows.next()? {
        if out.len() > 1 {
            out.push(b',');
        }
        write(&mut out, row)?;
    }
    out.push(b']');
    Ok(out)
}

fn post(out: &mut Vec<u8>, row: &Row<'_>) -> rusqlite::Result<()> {
    for (index, key) in POST.iter().enumerate() {
        out.extend_from_slice(key);
        value(out, row, index)?;
    }
    out.push(b'}');
    Ok(())
}

fn post_with_author(out: &mut Vec<u8>, row: &Row<'_>) -> rusqlite::Result<()> {
    out.extend_from_slice(br#"{"id":"#);
    value(out, row, 0)?;
    out.extend_from_slice(br#","title":"#);
    value(out, row, 1)?;
    out.extend_from_slice(br#","author":"#);
    if row.get_ref(2)? == ValueRef::Null {
        out.extend_from_slice(b"null}");
        return Ok(());
    }
    out.extend_from_slice(br#"{"id":"#);
    value(out, row, 2)?;
    out.extend_from_slice(br#","name":"#);
    value(out, row, 3)?;
    out.extend_from_slice(b"}}");
    Ok(())
}

fn value(out: &mut Vec<u8>, row: &Row<'_>, index: usize) -> rusqlite::Result<()> {
    match row.get_ref(index)? {
        ValueRef::Integer(number) => json::integer(out, number),
        ValueRef::Text(text) => json::string(out, text),
        // The tables are STRICT and have no other types.
        ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => out.extend_from_slice(b"null"),
    }
    Ok(())
}
