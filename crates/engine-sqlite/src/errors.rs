//! SQLite's errors as PostgreSQL reports them, where no schema is needed to do so. Violated constraints are the business of
//! [`violation`](crate::violation).

use mainstay_base::Problem;
use rusqlite::{Error, ErrorCode};

use crate::{Options, functions};

/// What became of a statement, for a problem of which only SQLite's own words are known.
pub(crate) fn plain(error: &Error) -> Problem {
    let Error::SqliteFailure(failure, message) = error else {
        return Problem::internal(error.to_string());
    };
    let message = message.as_deref().unwrap_or_default();
    if let Some(problem) = functions::take_failure().filter(|problem| problem.to_string() == message) {
        return problem;
    }
    match failure.code {
        ErrorCode::OperationInterrupted | ErrorCode::OperationAborted => timeout(),
        ErrorCode::DiskFull => {
            Problem::new("53100", "could not write to the database: no space left on device")
        }
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed => {
            Problem::new("55P03", "the database is locked by another program")
        }
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
            Problem::new("XX001", "the database file is damaged").with_hint("Restore it from a backup.")
        }
        ErrorCode::ReadOnly => Problem::new("25006", "cannot write to a read-only database"),
        ErrorCode::SystemIoFailure => Problem::new("58030", "could not read or write the database file"),
        ErrorCode::OutOfMemory => Problem::new("53200", "out of memory"),
        ErrorCode::TooBig => Problem::new("54000", "a value or a statement is too large"),
        ErrorCode::ConstraintViolation => {
            Problem::new("23000", format!("integrity constraint violation: {message}"))
        }
        _ if is_too_complex(message) => Problem::new("54000", "the request is too complex")
            .with_hint("Ask for fewer columns, conditions, orders or embeds at once."),
        _ => Problem::internal(format!("SQLite: {message} ({})", failure.extended_code)),
    }
}

/// Whether a statement is over one of the bounds that SQLite sets to what a statement may hold. It has no code of its own for
/// them; see <https://www.sqlite.org/limits.html>.
fn is_too_complex(message: &str) -> bool {
    const BOUNDS: &[&str] = &[
        "too many terms in ",
        "too many columns in ",
        "too many SQL variables",
        "too many arguments ",
        "too many FROM clause terms",
        "Expression tree is too large",
        "parser stack overflow",
        "at most 64 tables in a join",
    ];
    BOUNDS.iter().any(|bound| message.contains(bound))
}

/// Whether a problem is one of the whole database, so that other writes will meet it too.
pub(crate) fn is_fatal(problem: &Problem) -> bool {
    matches!(problem.code(), "53100" | "53200" | "55P03" | "58030" | "25006" | "XX001")
}

/// The database could not be opened.
pub(crate) fn opening(error: &Error, options: &Options) -> Problem {
    let path = options.path.display();
    match error.sqlite_error_code() {
        Some(ErrorCode::CannotOpen) => {
            Problem::new("58P01", format!("could not open the database file {path}"))
                .with_hint("Its folder must exist and be writable.")
        }
        Some(ErrorCode::NotADatabase) => Problem::new("XX001", format!("{path} is not a SQLite database")),
        _ => plain(error).with_details(format!("While opening {path}.")),
    }
}

/// The statement took too long, or nobody waited for it any more.
pub(crate) fn timeout() -> Problem {
    Problem::new("57014", "canceling statement due to statement timeout")
}

/// The database was closed.
pub(crate) fn closed() -> Problem {
    Problem::new("57P01", "the database is closed")
}

/// Whether a statement was stopped by its watch.
pub(crate) fn is_interrupted(problem: &Problem) -> bool {
    problem.code() == "57014"
}
