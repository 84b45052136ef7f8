//! Schemas from text, and what became of their expressions as text again.

#![allow(dead_code, unused_imports, clippy::unwrap_used, reason = "tests; not every file uses all of it")]

mod show;

use mainstay_catalog::{Catalog, Table, TableKind, bind_query, load};
use mainstay_sql::{Diagnostic, SourceFiles, read_query};

pub use show::{show, show_select};

/// The catalog of a schema without mistakes. Notes are fine.
pub fn catalog(sql: &str) -> Catalog {
    let files = SourceFiles::single("schema.sql", sql);
    let (catalog, diagnostics) = load(&files);
    assert!(!diagnostics.has_errors(), "{}", diagnostics.render(&files, false));
    catalog.unwrap()
}

/// What is wrong with a schema: `line:column: severity: message | help`.
pub fn findings(sql: &str) -> Vec<String> {
    let files = SourceFiles::single("schema.sql", sql);
    let (catalog, diagnostics) = load(&files);
    assert_eq!(catalog.is_none(), diagnostics.has_errors());
    let line = |it: &Diagnostic| {
        let text = it.one_line(&files);
        let text = text.strip_prefix("schema.sql:").unwrap().to_owned();
        let help = it.help.iter().map(|help| format!(" | {help}"));
        std::iter::once(text).chain(help).collect()
    };
    diagnostics.iter().map(line).collect()
}

/// The table or view of that name in `public`.
pub fn table<'c>(catalog: &'c Catalog, name: &str) -> &'c Table {
    catalog.find_table("public", name).unwrap()
}

/// A view's query as text.
pub fn view(catalog: &Catalog, name: &str) -> String {
    match &table(catalog, name).kind {
        TableKind::View(view) => show_select(catalog, &view.select),
        TableKind::Base | TableKind::Native(_) => panic!("{name} is no view"),
    }
}

/// A query over a few tables, as text.
pub fn query(sql: &str) -> String {
    let catalog = catalog(TABLES);
    let tree = read_query(sql).unwrap_or_else(|mistakes| panic!("{sql}: {mistakes:?}"));
    match bind_query(&catalog, &tree) {
        Ok(select) => show_select(&catalog, &select),
        Err(mistakes) => panic!("{}", mistakes.render(&SourceFiles::single("query.sql", sql), false)),
    }
}

/// What is wrong with such a query: `column: message`.
pub fn query_findings(sql: &str) -> Vec<String> {
    let catalog = catalog(TABLES);
    let mistakes = read_query(sql).and_then(|tree| bind_query(&catalog, &tree).map(|_| ()));
    let place = |it: &Diagnostic| format!("{}: {}", it.span.start + 1, it.message);
    mistakes.err().iter().flatten().map(place).collect()
}

/// The tables that queries are tried on.
pub const TABLES: &str = "
create type mood as enum ('sad', 'ok', 'happy');
create table people (id int primary key, name text not null, age int, mood mood, tags text[], extra jsonb, born date,
  seen timestamptz, score numeric(8,2), boss_id int references people (id));
create table films (id bigint primary key, title text not null, director_id int references people (id), year smallint,
  rating real);
create table roles (film_id bigint references films (id), person_id int references people (id), part varchar(20),
  primary key (film_id, person_id));
";
