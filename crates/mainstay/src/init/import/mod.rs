//! From a script of psql or pg_dump to a project: the schema as canonical SQL in a few files, the rows as they were written,
//! and an account of what was left out.

mod left_out;
mod public_read;
mod reserved;
mod sequences;
mod sort;
mod sound;

use mainstay_sql::{SourceFiles, Statement};

use crate::failure::{Failure, Result, diagnose};
use crate::names::{self, PUBLIC};

pub use left_out::LeftOut;

/// A script as a project.
pub struct Imported {
    /// The files of `schema/` with their names, in name order; none is empty.
    pub schema: Vec<(&'static str, String)>,
    /// The schemas that have tables, `public` first.
    pub schemas: Vec<String>,
    /// `seed.sql`; empty when the script has no rows.
    pub seed: String,
    /// What is in it.
    pub counts: Counts,
    /// What was left out, and why.
    pub left_out: LeftOut,
}

/// How much there is of everything.
#[derive(Debug, Default)]
pub struct Counts {
    /// CREATE TABLE
    pub tables: usize,
    /// CREATE VIEW
    pub views: usize,
    /// CREATE FUNCTION
    pub functions: usize,
    /// Rows of INSERT and COPY.
    pub rows: usize,
    /// Tables that nobody may read yet.
    pub closed: usize,
}

/// The parts of a schema, in the order in which they build on each other.
#[derive(Debug, Default)]
pub struct Parts {
    /// Schemas, enums and domains.
    pub types: Vec<Part>,
    /// Tables with what belongs to one table alone.
    pub tables: Vec<Part>,
    /// Foreign keys and indexes.
    pub constraints: Vec<Part>,
    /// Functions and views.
    pub views: Vec<Part>,
    /// Row-level security and grants.
    pub policies: Vec<Part>,
    /// COMMENT ON
    pub comments: Vec<Part>,
}

/// A statement of the new schema, and the line of the script that it comes from.
#[derive(Debug)]
pub struct Part {
    /// The statement.
    pub statement: Statement,
    /// Where it was, counted from 1.
    pub line: u32,
}

impl Parts {
    /// The parts with the names of their files.
    pub fn files(&self) -> [(&'static str, &Vec<Part>); 6] {
        [
            ("00_types.sql", &self.types),
            ("10_tables.sql", &self.tables),
            ("20_constraints.sql", &self.constraints),
            ("30_views.sql", &self.views),
            ("40_policies.sql", &self.policies),
            ("50_comments.sql", &self.comments),
        ]
    }

    fn files_mut(&mut self) -> [&mut Vec<Part>; 6] {
        [
            &mut self.types,
            &mut self.tables,
            &mut self.constraints,
            &mut self.views,
            &mut self.policies,
            &mut self.comments,
        ]
    }
}

/// Reads a script. With `public_read`, tables without policies of their own may be read by everyone.
///
/// # Errors
/// When the script defines no table, or it cannot be read at all; what is wrong has been shown.
pub fn import(name: &str, text: String, public_read: bool) -> Result<Imported> {
    let files = SourceFiles::single(name, text);
    let (statements, diagnostics) = mainstay_sql::read(&files);
    let mut left_out = LeftOut::default();
    left_out.mistakes(&files, &diagnostics);
    let mut sorted = sort::sort(&files, statements, &mut left_out);
    if sorted.parts.tables.is_empty() {
        diagnose(&files, &diagnostics);
        return Err(Failure::invalid(format!("{name} creates no table that Mainstay can take")));
    }
    let closed = public_read::secure(&mut sorted.parts, public_read);
    sound::leave_out_what_is_not(&mut sorted.parts, &mut left_out);
    let counts = Counts {
        tables: count(&sorted.parts.tables, |it| matches!(it, Statement::CreateTable(_))),
        views: count(&sorted.parts.views, |it| matches!(it, Statement::CreateView(_))),
        functions: count(&sorted.parts.views, |it| matches!(it, Statement::CreateFunction(_))),
        rows: sorted.rows,
        closed,
    };
    let schema = sorted.parts.files().into_iter().filter(|(_, parts)| !parts.is_empty());
    let schema = schema.map(|(file, parts)| (file, print(parts))).collect();
    let schemas = schemas(&sorted.parts.tables);
    Ok(Imported { schema, schemas, seed: sorted.seed, counts, left_out })
}

/// A file's text.
pub fn print(parts: &[Part]) -> String {
    mainstay_sql::print_statements(parts.iter().map(|part| &part.statement))
}

/// The schemas of the tables, `public` first.
fn schemas(tables: &[Part]) -> Vec<String> {
    let mut schemas: Vec<String> = Vec::new();
    for part in tables {
        let Statement::CreateTable(table) = &part.statement else { continue };
        let (schema, _) = names::key(&table.name);
        if !schemas.contains(&schema) {
            schemas.push(schema);
        }
    }
    schemas.sort_by_key(|schema| schema != PUBLIC);
    schemas
}

fn count(parts: &[Part], is: impl Fn(&Statement) -> bool) -> usize {
    parts.iter().filter(|part| is(&part.statement)).count()
}
