//! Names that are unique in all of a schema, as PostgreSQL wants them: in MySQL each table has indexes of its own.

use std::collections::HashSet;

/// The names that are taken.
#[derive(Debug, Default)]
pub(super) struct Names(HashSet<String>);

impl Names {
    /// Takes a name for an object of a table: its own, or else with the table's name before it, or with a number behind.
    pub fn take(&mut self, table: &str, name: &str) -> String {
        let long = of_table(table, name);
        let candidates = [name.to_owned(), long.clone()].into_iter();
        let mut all = candidates.chain((2_u64..).map(|number| format!("{long}_{number}")));
        let free = all.find(|candidate| !self.0.contains(candidate)).unwrap_or(long);
        self.0.insert(free.clone());
        free
    }
}

/// A name with its table's before it.
pub(crate) fn of_table(table: &str, name: &str) -> String {
    format!("{table}_{name}")
}
