//! Several rows in one statement.

use crate::bind::{NewRow, Values, parameters_of_rows};
use crate::connection::{Connection, Done};
use crate::render::Query;
use crate::violation;

/// Inserts rows with a statement that is made for as many. Answers with `false`, and nothing has changed, when one of them
/// violates a constraint: the database does not say which.
pub(crate) async fn insert(
    connection: &mut Connection,
    query: &Query,
    values: &Values<'_>,
    rows: &[NewRow<'_>],
) -> Done<bool> {
    let parameters = parameters_of_rows(query, values, rows)?;
    match connection.write_with(query, parameters).await {
        Ok(_) => Ok(true),
        Err(failed) if violation::constraint(&failed).is_some() => Ok(false),
        Err(failed) => Err(failed),
    }
}
