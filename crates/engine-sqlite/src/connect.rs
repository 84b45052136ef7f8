//! Opening connections: the settings each kind has, and the functions and collations that all of them know.

use rusqlite::{Connection, OpenFlags};

use crate::{Options, functions};

/// A connection's page cache, in KiB. Readers have one each.
const READER_CACHE_KIB: u32 = 8 * 1024;
const WRITER_CACHE_KIB: u32 = 16 * 1024;
/// How much of the file a reader may map instead of copying pages. Mapped pages are the system's to take back, but they count as
/// the process's memory for each reader that has touched them.
const READER_MAP_BYTES: u64 = 16 << 20;
/// What is left of the log's file after it was started anew.
const LOG_FILE_BYTES_MAX: u64 = 64 << 20;

/// The connection that writes: durable when a commit returns, foreign keys enforced, the log copied by
/// [`wal`](crate::wal) only.
pub(crate) fn writer(options: &Options) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let connection = Connection::open_with_flags(&options.path, flags)?;
    connection.busy_timeout(options.busy_timeout)?;
    connection.execute_batch(&format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
         PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = {LOG_FILE_BYTES_MAX};
         PRAGMA temp_store = MEMORY; PRAGMA cache_size = -{WRITER_CACHE_KIB};"
    ))?;
    functions::register(&connection)?;
    Ok(connection)
}

/// A connection that reads only.
pub(crate) fn reader(options: &Options) -> rusqlite::Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let connection = Connection::open_with_flags(&options.path, flags)?;
    connection.busy_timeout(options.busy_timeout)?;
    connection.execute_batch(&format!(
        "PRAGMA query_only = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -{READER_CACHE_KIB};
         PRAGMA mmap_size = {READER_MAP_BYTES};"
    ))?;
    functions::register(&connection)?;
    Ok(connection)
}

/// The connection that copies the log into the file.
pub(crate) fn copier(options: &Options) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let connection = Connection::open_with_flags(&options.path, flags)?;
    connection.execute_batch(&format!(
        "PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = {LOG_FILE_BYTES_MAX};"
    ))?;
    // Before its first read a connection does not know that there is a log, and its checkpoints silently do nothing.
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(connection)
}
