//! The tables of a database as statements of PostgreSQL. What those cannot say is told in comments, with the reason.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use mainstay_dialect::mysql::Flavour;
use mainstay_sql::{SourceFiles, quote_literal, quote_name};

use super::described::{Column, Default, ForeignKey, Index, PRIMARY, Table};
use super::expression::translated;
use super::kind::Kind;
use super::names::Names;

const INDENT: &str = "  ";

struct Writer<'t> {
    flavour: Flavour,
    /// The columns, with their tables, that number themselves, and those that refer to them.
    numbers: HashSet<(&'t str, &'t str)>,
    out: String,
    names: Names,
    /// The names of enums by their labels.
    enums: HashMap<Vec<String>, String>,
    /// The statements that made them.
    enums_said: String,
    /// Constraints and comments, which come after the tables.
    after: String,
}

/// A table as far as it can be said.
struct Said<'t> {
    table: &'t Table,
    /// Its columns and their types.
    columns: Vec<(&'t Column, String)>,
    remarks: Vec<String>,
}

/// The statements.
pub(super) fn script(flavour: Flavour, tables: &[Table]) -> String {
    let mut writer = Writer {
        flavour,
        numbers: numbers(tables),
        out: String::new(),
        names: Names::default(),
        enums: HashMap::new(),
        enums_said: String::new(),
        after: String::new(),
    };
    for table in tables {
        writer.names.take(&table.name, &table.name);
    }
    let said: Vec<Said<'_>> = tables.iter().map(|table| writer.types(table)).collect();
    for table in &said {
        writer.table(table);
    }
    for table in &said {
        writer.references(table, &said);
    }
    let Writer { out, enums_said, after, .. } = writer;
    let parts = [enums_said, out, after];
    let parts: Vec<&str> = parts.iter().map(|part| part.trim_end()).filter(|part| !part.is_empty()).collect();
    parts.join("\n\n") + "\n"
}

/// The columns that number themselves, and those that refer to them in the end.
fn numbers(tables: &[Table]) -> HashSet<(&str, &str)> {
    let mut found = HashSet::new();
    for table in tables {
        let own = table.columns.iter().filter(|column| column.numbers_itself);
        found.extend(own.map(|column| (table.name.as_str(), column.name.as_str())));
    }
    loop {
        let before = found.len();
        for (table, key) in
            tables.iter().flat_map(|table| table.foreign_keys.iter().map(move |key| (table, key)))
        {
            let Some(target) = key.target.as_deref() else { continue };
            for (own, other) in key.columns.iter().zip(&key.target_columns) {
                if found.contains(&(target, other.as_str())) {
                    found.insert((table.name.as_str(), own.as_str()));
                }
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

impl Writer<'_> {
    /// What can be said of a table's columns.
    fn types<'t>(&mut self, table: &'t Table) -> Said<'t> {
        let mut said = Said { table, columns: Vec::new(), remarks: Vec::new() };
        for column in &table.columns {
            let kind = Kind::of(self.flavour, column);
            let declared = match self.numbers.contains(&(table.name.as_str(), column.name.as_str())) {
                true if kind == Kind::Unsigned => Some("bigint".to_owned()),
                _ => kind.declared(column, |labels| self.enumerated(table, column, labels)),
            };
            let name = quote_name(&column.name);
            match declared {
                None => said.remarks.push(format!(
                    "column {name} is left out: nothing in this language is like {}",
                    one_line(&column.ty)
                )),
                Some(ty) => match problem(&format!("{}CREATE TABLE t ({name} {ty});", self.enums_said)) {
                    Some(problem) => said.remarks.push(format!("column {name} is left out: {problem}")),
                    None => said.columns.push((column, ty)),
                },
            }
        }
        said
    }

    /// The name of the enum that has these labels.
    fn enumerated(&mut self, table: &Table, column: &Column, labels: &[String]) -> Option<String> {
        if let Some(known) = self.enums.get(labels) {
            return Some(known.clone());
        }
        let list = labels.iter().map(|label| quote_literal(label)).collect::<Vec<_>>().join(", ");
        if problem(&format!("CREATE TYPE t AS ENUM ({list});")).is_some() {
            return None;
        }
        let name = self.names.take(&table.name, &format!("{}_{}", table.name, column.name));
        let statement = format!("CREATE TYPE {} AS ENUM ({list});\n", quote_name(&name));
        self.enums_said += &statement;
        self.enums.insert(labels.to_vec(), name.clone());
        Some(name)
    }

    fn table(&mut self, said: &Said<'_>) {
        let Said { table, columns, remarks } = said;
        let mut remarks = remarks.clone();
        let name = quote_name(&table.name);
        let mut lines: Vec<String> = columns
            .iter()
            .map(|(column, ty)| match table.is_view {
                true => format!("{} {ty}", quote_name(&column.name)),
                false => line(column, ty),
            })
            .collect();
        let has = |wanted: &str| columns.iter().any(|(column, _)| column.name == wanted);
        for ((column, _), place) in columns.iter().zip(0..) {
            let tail = match self.tail(said, place, &lines) {
                Ok(tail) => tail,
                Err(remark) => {
                    remarks.push(format!("column {}: {remark}", quote_name(&column.name)));
                    String::new()
                }
            };
            lines[place] += &tail;
        }
        if let Some(key) = table.primary_key() {
            match key.columns().filter(|columns| columns.iter().all(|column| has(column))) {
                Some(columns) => lines.push(format!("PRIMARY KEY {}", list(&columns))),
                None => remarks.push("its primary key is left out".to_owned()),
            }
        }
        for index in table.indexes.iter().filter(|index| index.unique && index.name != PRIMARY) {
            match index.columns().filter(|columns| columns.iter().all(|column| has(column))) {
                Some(columns) => {
                    let name = quote_name(&self.names.take(&table.name, &index.name));
                    lines.push(format!("CONSTRAINT {name} UNIQUE {}", list(&columns)));
                }
                None => {
                    remarks.push(format!("the unique key {} {}", one_line(&index.name), not_whole(index)))
                }
            }
        }
        for check in &table.checks {
            let condition = translated(&check.condition)
                .map(|condition| format!("CONSTRAINT {} CHECK ({condition})", quote_name(&check.name)));
            match condition.filter(|line| self.is_sound(&name, &lines, line)) {
                Some(line) => lines.push(line),
                None => remarks.push(format!(
                    "the check {} has no like in this language: {}",
                    one_line(&check.name),
                    one_line(&check.condition)
                )),
            }
        }
        if table.is_view {
            remarks.insert(0, "a view of the database: rows can be read".to_owned());
        } else if table.primary_key().is_none() {
            remarks
                .insert(0, "without a primary key rows can be read and added, and nothing else".to_owned());
        }
        for remark in &remarks {
            _ = writeln!(self.out, "-- {}: {remark}.", one_line(&table.name));
        }
        if columns.is_empty() {
            self.out.push('\n');
            return;
        }
        let body = lines.join(&format!(",\n{INDENT}"));
        _ = writeln!(self.out, "CREATE TABLE {name} (\n{INDENT}{body}\n);");
        self.comments(said);
        self.indexes(said);
        self.out.push('\n');
    }

    /// What comes after a column's type, or why that cannot be said.
    fn tail(&self, said: &Said<'_>, place: usize, lines: &[String]) -> Result<String, String> {
        let (column, ty) = &said.columns[place];
        let name = quote_name(&said.table.name);
        let (tail, foreign) = if column.numbers_itself {
            (Some(" GENERATED BY DEFAULT AS IDENTITY".to_owned()), "the database numbers it".to_owned())
        } else if let Some(generated) = &column.generated {
            let tail = translated(generated).map(|said| format!(" GENERATED ALWAYS AS ({said}) STORED"));
            (tail, format!("the database computes it: {}", one_line(generated)))
        } else if let Some(default) = column.default.as_ref().filter(|_| !said.table.is_view) {
            let (Default::Literal(text) | Default::Expression(text)) = default;
            let tail = default_of(ty, default).map(|said| format!(" DEFAULT {said}"));
            (tail, format!("the database has a default for it: {}", one_line(text)))
        } else {
            return Ok(String::new());
        };
        let is_sound = |tail: &String| {
            let mut lines = lines.to_vec();
            lines[place] += tail;
            self.is_sound(&name, &lines, "")
        };
        tail.filter(is_sound).ok_or(foreign)
    }

    fn is_sound(&self, name: &str, lines: &[String], line: &str) -> bool {
        let line = if line.is_empty() { String::new() } else { format!(", {line}") };
        problem(&format!("{}CREATE TABLE {name} ({}{line});", self.enums_said, lines.join(", "))).is_none()
    }

    fn comments(&mut self, said: &Said<'_>) {
        let table = quote_name(&said.table.name);
        if !said.table.comment.is_empty() {
            let comment = quote_literal(&said.table.comment);
            _ = writeln!(self.out, "COMMENT ON TABLE {table} IS {comment};");
        }
        for (column, _) in said.columns.iter().filter(|(column, _)| !column.comment.is_empty()) {
            let (name, comment) = (quote_name(&column.name), quote_literal(&column.comment));
            _ = writeln!(self.out, "COMMENT ON COLUMN {table}.{name} IS {comment};");
        }
    }

    fn indexes(&mut self, said: &Said<'_>) {
        let Said { table, columns, .. } = said;
        let has = |wanted: &str| columns.iter().any(|(column, _)| column.name == wanted);
        for index in table.indexes.iter().filter(|index| !index.unique) {
            let whole = index.columns().filter(|columns| columns.iter().all(|column| has(column)));
            if whole.is_none() || index.method != "BTREE" {
                let (name, method) = (one_line(&index.name), &index.method);
                _ = writeln!(
                    self.out,
                    "-- {}: the index {name} ({method}) {}.",
                    table.name,
                    not_whole(index)
                );
                continue;
            }
            let keys = index.parts.iter().filter_map(|part| {
                let direction = if part.descending { " DESC" } else { "" };
                Some(format!("{}{direction}", quote_name(part.column.as_deref()?)))
            });
            let keys = keys.collect::<Vec<_>>().join(", ");
            let name = quote_name(&self.names.take(&table.name, &index.name));
            _ = writeln!(self.out, "CREATE INDEX {name} ON {} ({keys});", quote_name(&table.name));
        }
    }

    /// The foreign keys of a table, when all tables are there.
    fn references(&mut self, said: &Said<'_>, all: &[Said<'_>]) {
        for key in &said.table.foreign_keys {
            match self.reference(said, key, all) {
                Ok(statement) => _ = writeln!(self.after, "{statement}"),
                Err(why) => {
                    let name = one_line(&key.name);
                    _ = writeln!(
                        self.after,
                        "-- {}: the foreign key {name} is left out: {why}.",
                        said.table.name
                    );
                }
            }
        }
    }

    fn reference(&self, said: &Said<'_>, key: &ForeignKey, all: &[Said<'_>]) -> Result<String, String> {
        let target = key.target.as_deref().ok_or("it refers to another database")?;
        let target = all.iter().find(|said| said.table.name == target);
        let target = target.ok_or("the user of the database does not see the other table")?;
        let typed = |said: &Said<'_>, name: &String| {
            let column = said.columns.iter().find(|(column, _)| column.name == *name);
            column.map(|(column, ty)| line(column, ty)).ok_or("one of its columns is left out")
        };
        let own: Vec<String> = key.columns.iter().map(|name| typed(said, name)).collect::<Result<_, _>>()?;
        let others: Vec<String> =
            key.target_columns.iter().map(|name| typed(target, name)).collect::<Result<_, _>>()?;
        let is_key = |index: &&Index| {
            index.unique
                && index.columns().is_some_and(|columns| {
                    columns.len() == key.target_columns.len()
                        && key.target_columns.iter().all(|column| columns.contains(&column.as_str()))
                })
        };
        if !target.table.indexes.iter().any(|index| is_key(&index)) {
            return Err("the columns that it refers to are no unique key".to_owned());
        }
        let clause = format!(
            "FOREIGN KEY {} REFERENCES {{}} {}{}{}",
            list(&key.columns),
            list(&key.target_columns),
            action("DELETE", &key.on_delete),
            action("UPDATE", &key.on_update)
        );
        let sketch = format!(
            "{}CREATE TABLE a ({}, UNIQUE {}); CREATE TABLE b ({}, {});",
            self.enums_said,
            others.join(", "),
            list(&key.target_columns),
            own.join(", "),
            clause.replace("{}", "a")
        );
        match problem(&sketch) {
            Some(problem) => Err(problem),
            None => Ok(format!(
                "ALTER TABLE {} ADD CONSTRAINT {} {};",
                quote_name(&said.table.name),
                quote_name(&key.name),
                clause.replacen("{}", &quote_name(&target.table.name), 1)
            )),
        }
    }
}

/// What happens to the rows of a foreign key; nothing has to be said where they are in the way.
fn action(event: &str, action: &str) -> String {
    match action {
        "RESTRICT" | "NO ACTION" => String::new(),
        action => format!(" ON {event} {action}"),
    }
}

/// A column with its type.
fn line(column: &Column, ty: &str) -> String {
    let not_null = if column.not_null { " NOT NULL" } else { "" };
    format!("{} {ty}{not_null}", quote_name(&column.name))
}

fn list(columns: &[impl AsRef<str>]) -> String {
    let names: Vec<String> = columns.iter().map(|column| quote_name(column.as_ref())).collect();
    format!("({})", names.join(", "))
}

/// A default in PostgreSQL's words.
fn default_of(ty: &str, default: &Default) -> Option<String> {
    match default {
        Default::Expression(text) => {
            let word = text.split('(').next().unwrap_or_default().to_lowercase();
            let is_now =
                matches!(word.as_str(), "current_timestamp" | "now" | "localtimestamp" | "localtime");
            is_now.then(|| "now()".to_owned())
        }
        Default::Literal(text) if ty == "boolean" => match text.trim_matches(['b', '\'']) {
            "0" => Some("false".to_owned()),
            "1" => Some("true".to_owned()),
            _ => None,
        },
        // MySQL tells this one so where it is no expression
        Default::Literal(text) if text.to_lowercase().starts_with("current_timestamp") => {
            Some("now()".to_owned())
        }
        Default::Literal(text) if is_number(ty) => text.parse::<f64>().is_ok().then(|| text.clone()),
        Default::Literal(text) if ty == "bytea" => text.is_empty().then(|| "''".to_owned()),
        Default::Literal(text) => Some(quote_literal(text)),
    }
}

fn is_number(ty: &str) -> bool {
    matches!(ty, "smallint" | "integer" | "bigint" | "real" | "double precision") || ty.starts_with("numeric")
}

fn not_whole(index: &Index) -> String {
    match index.parts.iter().any(|part| part.column.is_none()) {
        true => "is made of expressions and is left out".to_owned(),
        false => "is not made of whole columns and is left out".to_owned(),
    }
}

/// What is wrong with statements.
fn problem(script: &str) -> Option<String> {
    let files = SourceFiles::single("", script);
    let (catalog, diagnostics) = mainstay_catalog::load(&files);
    let error = diagnostics.iter().find(|diagnostic| diagnostic.severity == mainstay_sql::Severity::Error);
    match (error, catalog) {
        (Some(error), _) => Some(one_line(&error.message)),
        (None, None) => Some("it cannot be read".to_owned()),
        (None, Some(_)) => None,
    }
}

/// A text that may stand in a comment.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
