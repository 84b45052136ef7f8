//! PostgreSQL's errors as problems. They have their codes and words already; what is ours is the loss of a connection, and what
//! hidden rows may not be told.

use mainstay_base::Problem;
use mainstay_catalog::{Catalog, Source, Table};
use mainstay_dialect::postgres::check_name;
use mainstay_engine::violation::may_tell;
use mainstay_expr::Session;
use mainstay_plan::Enforcement;
use tokio_postgres::Error;
use tokio_postgres::error::DbError;

/// What became of a statement.
pub(crate) fn plain(error: &Error) -> Problem {
    match error.as_db_error() {
        Some(error) => told(error),
        None if error.is_closed() => lost(),
        None => Problem::new("08006", format!("the database did not answer as it should: {}", chain(error))),
    }
}

fn told(error: &DbError) -> Problem {
    let mut problem = Problem::new(error.code().code().to_owned(), error.message());
    if let Some(detail) = error.detail() {
        problem = problem.with_details(detail);
    }
    match error.hint() {
        Some(hint) => problem.with_hint(hint),
        None => problem,
    }
}

/// What became of a write that we made as the owner.
pub(crate) fn of_write(error: &Error, catalog: &Catalog, session: &Session) -> Problem {
    of_plan(error, catalog, session, Enforcement::Plan)
}

/// What became of a plan. Where it keeps the rules, the server speaks to us as to the owner: values are told on only to those whom
/// row-level security could not hide them from. To a role it tells what that may know.
pub(crate) fn of_plan(
    error: &Error,
    catalog: &Catalog,
    session: &Session,
    enforcement: Enforcement,
) -> Problem {
    let Some(error) = error.as_db_error() else { return plain(error) };
    let table = error.table().and_then(|name| {
        let schema = error.schema()?;
        catalog.tables.iter().find(|table| table.schema == schema && table.name == name)
    });
    let told = match catalog.source {
        Source::Declared => of_restrict(told(error)),
        Source::Existing | Source::Adopted => told(error),
    };
    let Some(table) = table else { return told };
    let told = of_domain(error, &told, catalog, table).unwrap_or(told);
    match told.code() {
        "23505" if enforcement == Enforcement::Role => as_declared(told),
        _ if enforcement == Enforcement::Role => told,
        "23505" | "23514" | "23502" if !may_tell(table, session) => {
            Problem::new(told.code().to_owned(), told.message())
        }
        "23505" => as_declared(told),
        "23503" => of_reference(told, catalog, table, session),
        _ => told,
    }
}

/// Since version 18 PostgreSQL has words and a code of its own for ON DELETE RESTRICT; here it is as it was before.
fn of_restrict(told: Problem) -> Problem {
    if told.code() != "23001" {
        return told;
    }
    let message = told.message().replace("violates RESTRICT setting of foreign key", "violates foreign key");
    let problem = Problem::new("23503", message);
    match told.details().and_then(|details| details.as_str()) {
        Some(details) => {
            problem.with_details(details.replace(" is referenced from", " is still referenced from"))
        }
        None => problem,
    }
}

/// The key of an index over an expression, without the collations that only the database's copy of it names.
fn as_declared(told: Problem) -> Problem {
    let details = told.details().and_then(|details| details.as_str());
    let Some((key, values)) = details.and_then(|details| details.split_once(")=(")) else { return told };
    if !key.contains(" COLLATE ") {
        return told;
    }
    let key = key.replace(" COLLATE \"default\"", "").replace(" COLLATE \"C\"", "");
    Problem::new("23505", told.message()).with_details(format!("{key})=({values}"))
}

/// The checks of domains are checks of tables here.
fn of_domain(error: &DbError, told: &Problem, catalog: &Catalog, table: &Table) -> Option<Problem> {
    match error.code().code() {
        "23514" => {
            let position = (0..table.checks.len())
                .find(|at| Some(check_name(table, *at).as_str()) == error.constraint())?;
            let check = &table.checks[position];
            let domain = check.domain.as_ref()?;
            let message = format!("value for domain {domain} violates check constraint \"{}\"", check.name);
            Some(Problem::new("23514", message))
        }
        "23502" => {
            let column = table.columns.iter().find(|column| Some(column.name.as_str()) == error.column())?;
            let domain = catalog.domains.get(column.domain? as usize).filter(|domain| domain.not_null)?;
            Some(Problem::new(
                told.code().to_owned(),
                format!("domain {} does not allow null values", domain.name),
            ))
        }
        _ => None,
    }
}

/// A violated foreign key without its values, as PostgreSQL itself leaves them out: those of the row that was written, or
/// those of the row that others refer to.
fn of_reference(told: Problem, catalog: &Catalog, table: &Table, session: &Session) -> Problem {
    let is_removal = told.message().starts_with("update or delete");
    let spoken_of = match is_removal {
        true => told
            .message()
            .split('"')
            .nth(1)
            .and_then(|name| catalog.tables.iter().find(|table| !table.is_view() && table.name == name)),
        false => Some(table),
    };
    if spoken_of.is_some_and(|table| may_tell(table, session)) {
        return told;
    }
    let Some(other) = told.details().and_then(|details| details.as_str()?.rsplit('"').nth(1)) else {
        return told;
    };
    let details = match is_removal {
        true => format!("Key is still referenced from table \"{other}\"."),
        false => format!("Key is not present in table \"{other}\"."),
    };
    Problem::new("23503", told.message()).with_details(details)
}

/// The database could not be reached, or did not let us in: that is never about whoever asks us.
pub(crate) fn unreachable(error: &Error) -> Problem {
    let why = error.as_db_error().map_or_else(|| chain(error), |error| error.message().to_owned());
    let problem = Problem::new("08001", format!("could not connect to the database: {why}"));
    match is_about_encryption(error) {
        true => problem.with_hint(
            "The url may name who has signed the server's certificate (sslrootcert=FILE), or ask for less proof (sslmode).",
        ),
        false => problem,
    }
}

/// Whether a server did not encrypt or could not prove who it is. The driver says so in words only.
fn is_about_encryption(error: &Error) -> bool {
    error.to_string().contains("TLS handshake")
}

/// Whether to try again soon: nobody listens yet, or the server is starting or full.
pub(crate) fn is_passing(error: &Error) -> bool {
    match error.as_db_error() {
        Some(error) => matches!(error.code().code(), "57P03" | "53300" | "57P01" | "57P02"),
        None => !is_about_encryption(error),
    }
}

/// Whether the reason may be that a copy of the database was asked: it is away, full, or takes away rows that a read looks at.
pub(crate) fn is_of_replica(problem: &Problem) -> bool {
    let code = problem.code();
    ["08", "53"].contains(&code.get(..2).unwrap_or_default())
        || ["40001", "25006", "57P01", "57P02", "57P03"].contains(&code)
}

/// The connection was lost.
fn lost() -> Problem {
    Problem::new("08006", "the connection to the database was lost")
}

/// Nothing was heard of the database for too long.
pub(crate) fn silent() -> Problem {
    Problem::new("08006", "the database did not answer in time")
}

/// The engine was closed.
pub(crate) fn closed() -> Problem {
    Problem::new("57P01", "the database is closed")
}

/// The transaction ended before this was asked of it.
pub(crate) fn over() -> Problem {
    Problem::new("25P04", "terminating connection due to transaction timeout")
}

/// An error and what caused it, in one line.
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
