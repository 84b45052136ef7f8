//! The database's errors as problems: what it says goes into PostgreSQL's codes and words, and nothing of how it works inside
//! reaches a client. Violated constraints have a module of their own.

use std::time::{Duration, SystemTime};

use mainstay_base::Problem;
use mysql_async::{DriverError, Error, ServerError};

use crate::connection::Failed;

/// What became of a statement.
pub(crate) fn plain(error: &Error) -> Problem {
    match error {
        Error::Server(error) => told(error),
        error if is_lost(error) => lost(),
        Error::Driver(DriverError::PacketTooLarge) => too_large(),
        error => Problem::internal(format!("the database did not answer as it should: {error}")),
    }
}

fn told(error: &ServerError) -> Problem {
    let message = error.message.as_str();
    match error.code {
        1969 | 3024 => Problem::new("57014", "canceling statement due to statement timeout"),
        1317 | 1907 => Problem::new("57014", "canceling statement due to user request"),
        1213 => Problem::new("40P01", "deadlock detected"),
        1205 => Problem::new("55P03", "canceling statement due to lock timeout"),
        1020 | 1180 => Problem::new("40001", "could not serialize access due to concurrent update"),
        1040 | 1203 | 1226 => {
            Problem::new("53300", "the database has no connection left").with_hint("Try again later.")
        }
        1047 if is_not_ready(error) => {
            Problem::new("57P03", "the database cannot take requests at the moment")
                .with_hint("Try again later.")
        }
        1290 | 1792 | 1836 => Problem::new("25006", "the database takes no writes: it is read-only"),
        1021 | 1114 => disk_full(),
        1026 | 1030 if message.contains("error 28") => disk_full(),
        1062 => Problem::new("23505", "duplicate key value violates a unique constraint"),
        1216 | 1217 | 1451 | 1452 => {
            Problem::new("23503", "insert, update or delete violates a foreign key constraint")
        }
        1048 | 1364 => Problem::new("23502", "a null value violates a not-null constraint"),
        3819 | 4025 => Problem::new("23514", "new row violates a check constraint"),
        1690 if message.contains(" + 9223372036854775807") => Problem::new("22003", "integer out of range"),
        1690 => Problem::new("22003", "bigint out of range"),
        1264 | 1916 => Problem::new("22003", "a number is out of range"),
        1406 => Problem::new("22001", "value too long"),
        1365 => Problem::new("22012", "division by zero"),
        1265 => Problem::new("22P02", "a value is none of those that a column of the database takes"),
        // raised by a trigger
        1644 => Problem::new("P0001", message),
        1288 | 1348 | 1394 | 1471 => Problem::new("0A000", "cannot change rows of this view"),
        1906 | 3105 => Problem::new("428C9", "cannot insert a value into a generated column"),
        1054 => Problem::new("42703", "a column is no longer in the database").with_details(message),
        1146 => Problem::new("42P01", "a table is no longer in the database").with_details(message),
        1366 | 3854 | 3988 => Problem::new("22021", "a text holds characters that cannot be stored"),
        1292 | 1411 | 1525 => Problem::new("22007", "invalid input syntax for a date or time"),
        1139 | 3685..=3700 => Problem::new("2201B", "invalid regular expression"),
        3140..=3158 | 4037..=4044 => Problem::new("22P02", "invalid input syntax for type json"),
        1242 => Problem::new("21000", "more than one row returned by a subquery used as an expression"),
        1153 | 1301 | 1105 if message.contains("max_allowed_packet") => too_large(),
        1044 | 1045 | 1142 | 1143 | 1227 | 1370 => {
            Problem::new("42501", "the database's user may not do this").with_details(message)
        }
        _ if is_gone(error) => lost(),
        code => Problem::internal(format!("the database says {code} ({}): {message}", error.state)),
    }
}

fn is_not_ready(error: &ServerError) -> bool {
    error.code == 1047 && error.message.contains("WSREP")
}

fn disk_full() -> Problem {
    Problem::new("53100", "the database has no room left")
        .with_hint("Free space where the database keeps its files.")
}

fn too_large() -> Problem {
    Problem::new("54000", "a value is larger than the database takes")
        .with_hint("The server's max_allowed_packet bounds it.")
}

/// Whether the connection is gone, and with it what was under way.
pub(crate) fn is_lost(error: &Error) -> bool {
    match error {
        Error::Io(_) => true,
        Error::Driver(
            DriverError::ConnectionClosed
            | DriverError::PacketOutOfOrder
            | DriverError::UnexpectedPacket { .. }
            | DriverError::PoolDisconnected,
        ) => true,
        Error::Server(error) => is_gone(error),
        _ => false,
    }
}

/// The server is going away, or has ended this connection.
fn is_gone(error: &ServerError) -> bool {
    matches!(error.code, 1053 | 1077 | 1079 | 1080 | 1152 | 1158..=1161 | 1184 | 1927 | 2006 | 2013 | 4031)
}

/// Whether other transactions were in the way, so that the same transaction can be tried again: all of it was undone. Nodes of
/// a cluster say this when a commit is not certified.
pub(crate) fn is_conflict(failed: &Failed) -> bool {
    let Failed::MySql(Error::Server(error)) = failed else { return false };
    match error.code {
        1020 | 1205 | 1213 | 1317 => true,
        // the commit met a lock that another node's commit holds
        1180 => error.message.contains("149"),
        _ => is_not_ready(error),
    }
}

/// Whether a statement that changes a table found its work done: what it makes is there, what it drops is not.
pub(crate) fn is_done_already(code: u16) -> bool {
    matches!(code, 1050 | 1051 | 1060 | 1061 | 1068 | 1091 | 1146 | 1826 | 3822)
}

/// Waits a little before something is tried again, longer each time and never as long as others do.
pub(crate) async fn pause(tries: u32) {
    let most = 4_u64 << tries.min(6);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let random = u64::from(now.subsec_micros()) % most;
    tokio::time::sleep(Duration::from_millis(most / 2 + random)).await;
}

/// The database could not be reached, or did not let us in: that is never about whoever asks us.
pub(crate) fn unreachable(error: &Error) -> Problem {
    let why = match error {
        Error::Server(error) => error.message.clone(),
        error => root(error),
    };
    Problem::new("08001", format!("could not connect to the database: {why}"))
}

/// Nobody answered.
pub(crate) fn unreached() -> Problem {
    Problem::new("08001", "could not connect to the database: it did not answer in time")
}

/// Whether to try again soon: nobody listens yet, or the server is starting, stopping or full.
pub(crate) fn is_passing(error: &Error) -> bool {
    match error {
        Error::Server(error) => matches!(error.code, 1040 | 1053 | 1203) || is_not_ready(error),
        Error::Io(mysql_async::IoError::Tls(_)) => false,
        error => is_lost(error),
    }
}

/// The connection was lost.
pub(crate) fn lost() -> Problem {
    Problem::new("08006", "the connection to the database was lost")
}

/// The connection was lost while the database made something durable: it has happened or it has not.
pub(crate) fn unknown_outcome() -> Problem {
    Problem::new("08007", "the connection to the database was lost during the commit")
        .with_details("The change either was made as a whole or not at all.")
        .with_hint("Read the rows before the request is sent again.")
}

/// A statement took longer than it may.
pub(crate) fn timeout() -> Problem {
    Problem::new("57014", "canceling statement due to statement timeout")
}

/// The engine was closed.
pub(crate) fn closed() -> Problem {
    Problem::new("57P01", "the database is closed")
}

/// The transaction ended before this was asked of it.
pub(crate) fn over() -> Problem {
    Problem::new("25P04", "terminating connection due to transaction timeout")
}

/// What an error comes from in the end; what is around it says where it was met only.
fn root(error: &Error) -> String {
    let mut root: &dyn std::error::Error = error;
    while let Some(cause) = root.source() {
        root = cause;
    }
    root.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(code: u16, message: &str) -> Error {
        Error::Server(ServerError { code, message: message.to_owned(), state: "HY000".to_owned() })
    }

    #[test]
    fn what_is_unknown_stays_inside() {
        let problem = plain(&server(1105, "internal secret"));
        assert_eq!(problem.code(), "XX000");
        assert_eq!(
            plain(&server(1153, "Got a packet bigger than 'max_allowed_packet' bytes")).code(),
            "54000"
        );
    }

    #[test]
    fn conflicts_are_told_from_other_failures() {
        let is_conflict = |code, message| super::is_conflict(&Failed::MySql(server(code, message)));
        assert!(is_conflict(1213, "Deadlock found when trying to get lock; try restarting transaction"));
        assert!(is_conflict(1180, "Got error 149 \"Lock deadlock; Retry transaction\" during COMMIT"));
        assert!(is_conflict(1047, "WSREP has not yet prepared node for application use"));
        assert!(!is_conflict(1180, "Got error 28 during COMMIT"));
        assert!(!is_conflict(1062, "Duplicate entry"));
    }

    #[test]
    fn a_node_that_waits_for_its_cluster_is_not_a_fault_of_ours() {
        assert_eq!(
            plain(&server(1047, "WSREP has not yet prepared node for application use")).code(),
            "57P03"
        );
        assert_eq!(plain(&server(1047, "Unknown command")).code(), "XX000");
    }
}
