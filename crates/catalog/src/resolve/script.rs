//! Statements that define nothing: what may stand in schema files anyway, and what to write instead of the rest.

use mainstay_sql as sql;
use sql::{Diagnostic, Span};

use super::Resolver;

impl<'t> Resolver<'t> {
    /// Looks at a statement that declares nothing.
    pub(super) fn other_statement(&mut self, statement: &'t sql::Statement) {
        let span = statement.span();
        match statement {
            sql::Statement::Insert(insert) => self.misplaced_rows(insert.table.span, "INSERT"),
            sql::Statement::Copy(copy) => self.misplaced_rows(copy.table.span, "COPY"),
            sql::Statement::Query(query) => self.lone_query(query),
            sql::Statement::Set(set) => self.setting(set),
            sql::Statement::Database(_) | sql::Statement::Psql(_) => {
                let message = "this has no meaning in a schema and is ignored";
                let help = "schema files only say what there is: remove it";
                self.diagnostics.push(Diagnostic::warning("ignored", span, message).with_help(help));
            }
            sql::Statement::Drop(drop) => self.dropped(drop),
            sql::Statement::CreateExtension(extension) => self.extension(extension),
            sql::Statement::Unsupported { what, place, .. } => {
                self.report(unsupported(what, *place));
            }
            _ => {}
        }
    }

    fn misplaced_rows(&mut self, span: Span, what: &str) {
        let message = format!("{what} does not belong in a schema");
        let help = "rows go into seed.sql, and are loaded with `mainstay db seed`";
        self.report(Diagnostic::error("misplaced-statement", span, message).with_help(help));
    }

    /// Dumps set the search path and their sequences by queries; nothing else does anything here.
    fn lone_query(&mut self, query: &sql::Query) {
        if let sql::QueryBody::Select(select) = &query.body
            && let [sql::SelectItem::Value { value, .. }] = select.items.as_slice()
            && let sql::ExprKind::Call(call) = &value.kind
            && matches!(&*call.name.name.text, "set_config" | "setval")
        {
            return;
        }
        let message = "a query does not belong in a schema";
        let help = "give it a name: CREATE VIEW … AS SELECT …, or CREATE FUNCTION …";
        self.report(Diagnostic::error("misplaced-statement", query.span, message).with_help(help));
    }

    fn setting(&mut self, set: &sql::Set) {
        let plain = |schema: &String| {
            matches!(&**schema, "" | "public" | "pg_catalog" | "\"$user\"" | "$user" | "extensions")
        };
        if set.name == "search_path" && !set.values.iter().all(plain) {
            let message = "SET search_path has no effect here: names without a schema are those of public";
            let help = "write the schema before the name: shop.orders";
            self.report(Diagnostic::error("search-path", set.span, message).with_help(help));
        }
    }

    fn extension(&mut self, extension: &sql::CreateExtension) {
        let name = &*extension.name.text;
        let help = match name {
            // What people create these for is built in.
            "pgcrypto" | "uuid-ossp" | "plpgsql" => return,
            "citext" => "use text, and lower(…) where case must not matter",
            "postgis" => "keep coordinates in two columns of type double precision",
            "vector" => "keep the numbers in a column of type real[]",
            "hstore" => "use jsonb",
            "pg_trgm" | "unaccent" => "use ILIKE or a regular expression",
            _ => "leave it out, and write what you need of it in SQL",
        };
        let message = format!("the extension \"{name}\" is not supported");
        self.report(Diagnostic::error("unsupported", extension.name.span, message).with_help(help));
    }

    /// `DROP … IF EXISTS` of something that is not there yet does nothing, as scripts begin with.
    fn dropped(&mut self, drop: &sql::DropObjects) {
        for object in &drop.objects {
            let (name, known) = match object {
                sql::ObjectRef::Table(name) | sql::ObjectRef::View(name) => {
                    let schema = name.schema.as_ref().map_or("public", |schema| &schema.text);
                    let key = (schema.to_owned(), name.name.text.clone());
                    (name, self.relations.get(&key).is_some_and(|declared| precedes(*declared, drop.span)))
                }
                sql::ObjectRef::Type(name) | sql::ObjectRef::Domain(name) => (name, false),
                _ => continue,
            };
            if known || !drop.if_exists {
                let message = format!("\"{}\" is dropped here", name.name.text);
                let help = "schema files only say what there is: remove the definition, and this statement";
                self.report(Diagnostic::error("misplaced-statement", name.span, message).with_help(help));
            }
        }
    }
}

fn precedes(one: Span, other: Span) -> bool {
    (one.file, one.start) < (other.file, other.start)
}

/// Says that something of PostgreSQL is not there, and what to write instead.
fn unsupported(what: &str, place: Span) -> Diagnostic {
    let verb = if what.ends_with('s') { "are" } else { "is" };
    let diagnostic = Diagnostic::error("unsupported", place, format!("{what} {verb} not supported"));
    diagnostic.with_help_if(instead_of(&what.to_uppercase()))
}

fn instead_of(what: &str) -> Option<&'static str> {
    const INSTEAD: &[(&str, &str)] = &[
        ("ALTER TABLE … DROP", "schema files only say what there is: remove it where it is declared"),
        (
            "ALTER TABLE … RENAME",
            "rename it where it is declared, and comment on it with '@renamed-from old_name'",
        ),
        ("ALTER COLUMN … TYPE", "change the type where the column is declared"),
        ("ALTER COLUMN … SET DATA", "change the type where the column is declared"),
        ("… ENABLE ROW", "did you mean ENABLE ROW LEVEL SECURITY?"),
        ("TRIGGER", "use a default, a generated column, a CHECK or a policy"),
        ("PROCEDURE", "write a function: CREATE FUNCTION … LANGUAGE sql AS $$ SELECT … $$"),
        ("MATERIALIZED", "create a plain view"),
        ("ROLE", "there are anon, authenticated and service_role"),
        ("USER", "there are anon, authenticated and service_role"),
        ("RULE", "use a policy"),
        ("PARTITION", "create one table"),
        ("INHERITS", "repeat the columns"),
        ("EXCLU", "use UNIQUE, or check it in a policy"),
        ("WINDOW", "use GROUP BY, DISTINCT ON or a subquery"),
        ("COMPOSITE", "use columns of their own, or jsonb"),
        ("AGGREGATE", "use the built-in aggregates"),
        ("LIKE", "repeat the columns"),
        ("DEFAULT PRIVILEGES", "GRANT and REVOKE name their tables: ON ALL TABLES IN SCHEMA public"),
    ];
    INSTEAD.iter().find(|(word, _)| what.contains(word)).map(|(_, instead)| *instead)
}
