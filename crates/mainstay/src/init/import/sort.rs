//! Where each statement of a script belongs: into a part of the schema, into the seed, or nowhere.

use std::collections::{HashMap, HashSet};

use mainstay_sql::{
    AlterTable, AlterTableAction, ColumnConstraint, ColumnConstraintKind, CommentTarget, CreateTable,
    Deferral, Expr, ExprKind, FunctionBody, GrantObjects, InsertSource, PsqlCommand, QualifiedName, Query,
    QueryBody, SelectItem, Set, SourceFiles, Statement, TableConstraintKind,
};

use crate::names::{self, Key, PUBLIC};
use crate::setval::{self, SetVal};

use super::left_out::LeftOut;
use super::sequences::{self, Sequences};
use super::{Part, Parts, reserved};

/// Why SET is left out.
const SETTING: &str = "settings of a session have no effect here";

/// A script in its parts.
pub struct Sorted {
    /// The schema.
    pub parts: Parts,
    /// The rows, as they were written.
    pub seed: String,
    /// How many.
    pub rows: usize,
}

/// Sorts the statements of a script, which is the only one of `files`.
pub fn sort(files: &SourceFiles, statements: Vec<Statement>, left_out: &mut LeftOut) -> Sorted {
    let line = |statement: &Statement| files.location(statement.span()).map_or(0, |location| location.line);
    let mut sorter = Sorter {
        files,
        left_out,
        sequences: Sequences::default(),
        parts: Parts::default(),
        tables: Vec::new(),
        positions: HashMap::new(),
        rows: Vec::new(),
    };
    for statement in &statements {
        sorter.sequences.declare(statement, line(statement));
    }
    for statement in statements {
        let line = line(&statement);
        sorter.take(statement, line);
    }
    sorter.finish()
}

struct Sorter<'s> {
    files: &'s SourceFiles,
    left_out: &'s mut LeftOut,
    sequences: Sequences,
    parts: Parts,
    tables: Vec<(CreateTable, u32)>,
    positions: HashMap<Key, usize>,
    rows: Vec<(Rows, u32)>,
}

/// What goes into the seed.
enum Rows {
    /// Rows of a table, as text.
    Of { table: Key, text: String, count: usize },
    /// Where a sequence stands.
    Sequence(SetVal),
}

impl Sorter<'_> {
    fn take(&mut self, statement: Statement, line: u32) {
        if let Some(schema) = reserved::schema(&statement) {
            return self.left_out.add(format!("what is in the schema {schema}"), reserved::WHY, line);
        }
        match statement {
            Statement::CreateSchema(it) if it.name.text == PUBLIC => {}
            Statement::CreateSchema(_) | Statement::CreateEnum(_) | Statement::CreateDomain(_) => {
                self.parts.types.push(Part { statement, line });
            }
            Statement::CreateTable(table) => self.table(table, line),
            Statement::AlterTable(alter) => {
                for action in alter.actions {
                    self.alter(&alter.name, action, line);
                }
            }
            Statement::CreateIndex(ref index) => match index.method.as_ref().map_or("btree", |it| &it.text) {
                "btree" | "hash" => self.parts.constraints.push(Part { statement, line }),
                method => {
                    let why = "answers are the same without it";
                    self.left_out.add(format!("CREATE INDEX … USING {method}"), why, line);
                }
            },
            Statement::CreateView(mut view) => {
                if !view.security_invoker {
                    let why = "made to read with the rights of who asks, so that it shows nobody more than its tables do";
                    self.left_out.add("CREATE VIEW", why, line);
                }
                (view.security_invoker, view.or_replace) = (true, false);
                self.parts.views.push(Part { statement: Statement::CreateView(view), line });
            }
            Statement::CreateFunction(ref function) => match &function.body {
                FunctionBody::Query(_) => self.parts.views.push(Part { statement, line }),
                _ => {
                    let what = format!("CREATE FUNCTION … LANGUAGE {}", function.language.text);
                    self.left_out.add(what, "functions are written in SQL, as one query", line);
                }
            },
            Statement::CreatePolicy(_) => self.parts.policies.push(Part { statement, line }),
            Statement::Grant(ref grant) => match grant.objects {
                GrantObjects::Tables(_)
                | GrantObjects::AllTablesIn(_)
                | GrantObjects::Functions(_)
                | GrantObjects::AllFunctionsIn(_) => self.parts.policies.push(Part { statement, line }),
                _ => self.left_out.add(
                    "GRANT, REVOKE",
                    "only tables and functions have rights of their own",
                    line,
                ),
            },
            Statement::Comment(ref comment) => match comment.target {
                CommentTarget::Table(_)
                | CommentTarget::View(_)
                | CommentTarget::Column(_)
                | CommentTarget::Function(_)
                | CommentTarget::Type(_)
                | CommentTarget::Domain(_) => self.parts.comments.push(Part { statement, line }),
                _ => self.left_out.add(
                    "COMMENT ON",
                    "only tables, columns, views, functions and types have one",
                    line,
                ),
            },
            Statement::Insert(_) | Statement::Copy(_) | Statement::Query(_) => self.rows(statement, line),
            other => self.nothing(&other, line),
        }
    }

    fn table(&mut self, mut table: CreateTable, line: u32) {
        table.if_not_exists = false;
        self.sequences.convert(&mut table);
        reserved::drop_references(&mut table, self.left_out, line);
        for column in &mut table.columns {
            column.constraints.iter_mut().for_each(built_in_default);
        }
        self.positions.insert(names::key(&table.name), self.tables.len());
        self.tables.push((table, line));
    }

    /// An action of ALTER TABLE becomes part of the table where it can.
    fn alter(&mut self, name: &QualifiedName, action: AlterTableAction, line: u32) {
        let key = names::key(name);
        let Some(position) = self.positions.get(&key).copied() else {
            return match action {
                AlterTableAction::OwnerTo(_) => self.owner(line),
                _ => self.left_out.add("ALTER TABLE", "its table was left out", line),
            };
        };
        let table = &mut self.tables[position].0;
        match action {
            AlterTableAction::AddConstraint(constraint) => match constraint.kind {
                TableConstraintKind::ForeignKey { .. } => {
                    let action = AlterTableAction::AddConstraint(constraint);
                    self.parts.constraints.push(altered(name, action, line));
                }
                _ => table.constraints.push(constraint),
            },
            AlterTableAction::AddColumn { mut column, .. } => {
                self.sequences.convert_column(&key, &mut column);
                column.constraints.iter_mut().for_each(built_in_default);
                table.columns.push(column);
            }
            AlterTableAction::RowSecurity(_) => self.parts.policies.push(altered(name, action, line)),
            AlterTableAction::OwnerTo(_) => self.owner(line),
            AlterTableAction::SetDefault { column, value } => {
                let identity = self.sequences.identity(&value, &key, &column.text);
                let constraint = identity.unwrap_or_else(|| said(ColumnConstraintKind::Default(value)));
                put(table, &column.text, constraint);
            }
            AlterTableAction::SetNotNull { column } => {
                put(table, &column.text, said(ColumnConstraintKind::NotNull))
            }
            AlterTableAction::AddIdentity { column, identity } => {
                if let Some(sequence) = &identity.sequence.name {
                    self.sequences.belongs(names::key(sequence), key, &column.text);
                }
                put(table, &column.text, sequences::identity(identity.always, &identity.sequence));
            }
            AlterTableAction::DropDefault { column } => {
                remove(table, &column.text, |it| matches!(it, ColumnConstraintKind::Default(_)));
            }
            AlterTableAction::DropNotNull { column } => {
                remove(table, &column.text, |it| matches!(it, ColumnConstraintKind::NotNull));
            }
        }
    }

    fn owner(&mut self, line: u32) {
        self.left_out.add("OWNER TO", "the schema has one owner", line);
    }

    fn rows(&mut self, statement: Statement, line: u32) {
        let rows = match &statement {
            Statement::Insert(insert) => {
                let count = match &insert.source {
                    InsertSource::Query(query) => match &query.body {
                        QueryBody::Values(values) => values.rows.len(),
                        _ => 1,
                    },
                    InsertSource::DefaultValues => 1,
                };
                let text = format!("{};\n", self.files.text(insert.span));
                Rows::Of { table: names::key(&insert.table), text, count }
            }
            Statement::Copy(copy) => {
                let mut text = self.files.text(copy.span).trim_end_matches(['\n', '\r']).to_owned();
                if !text.ends_with("\\.") {
                    text.push_str("\n\\.");
                }
                text.push_str("\n\n");
                Rows::Of { table: names::key(&copy.table), text, count: copy.rows.len() }
            }
            Statement::Query(query) => match SetVal::read(query) {
                Some(set) => Rows::Sequence(set),
                None => return self.query(query, line),
            },
            _ => return,
        };
        self.rows.push((rows, line));
    }

    /// A query that is not followed by its rows.
    fn query(&mut self, query: &Query, line: u32) {
        let calls = |function: &str| match &query.body {
            QueryBody::Select(select) => match select.items.as_slice() {
                [SelectItem::Value { value, .. }] => setval::arguments(value, function).is_some(),
                _ => false,
            },
            _ => false,
        };
        if calls("set_config") {
            self.left_out.add("SET", SETTING, line);
        } else if calls("setval") {
            self.left_out.add(
                "setval",
                "a sequence stands after the greatest number in its column anyway",
                line,
            );
        } else {
            self.left_out.add("SELECT", "a query on its own leaves nothing behind", line);
        }
    }

    /// What has no place in a project.
    fn nothing(&mut self, statement: &Statement, line: u32) {
        let (what, why) = match statement {
            Statement::CreateSequence(_) | Statement::AlterSequence(_) => return,
            Statement::CreateExtension(it) => match it.name.text.as_str() {
                "plpgsql" => return,
                "pgcrypto" | "uuid-ossp" => {
                    (format!("CREATE EXTENSION {}", it.name.text), "what it is used for is built in")
                }
                name => (format!("CREATE EXTENSION {name}"), "there are no extensions"),
            },
            Statement::AlterOwner(_) => return self.owner(line),
            Statement::Database(it) if it.drop => ("DROP DATABASE".to_owned(), "a project has one database"),
            Statement::Database(_) => ("CREATE DATABASE".to_owned(), "a project has one database"),
            Statement::Drop(_) => ("DROP".to_owned(), "a schema says only what there is"),
            Statement::Set(set) => setting(set),
            Statement::Transaction(_) => {
                ("BEGIN, COMMIT".to_owned(), "everything is applied in one transaction anyway")
            }
            Statement::Psql(PsqlCommand { name, .. }) => {
                (format!("\\{name}"), "it is a command of psql and not SQL")
            }
            Statement::Unsupported { what, .. } => (what.clone(), "it is not supported"),
            _ => ("a statement".to_owned(), "it is not supported"),
        };
        self.left_out.add(what, why, line);
    }

    fn finish(mut self) -> Sorted {
        let tables: Vec<&CreateTable> = self.tables.iter().map(|(table, _)| table).collect();
        let (mut seed, mut rows, mut missing) = (String::new(), 0, HashSet::new());
        for (item, line) in &self.rows {
            match item {
                Rows::Of { table, text, count } if self.positions.contains_key(table) => {
                    seed.push_str(text);
                    rows += count;
                }
                Rows::Of { table, .. } => {
                    missing.insert((format!("rows of {}", names::sql(table)), *line));
                }
                Rows::Sequence(set) => seed.push_str(&self.sequences.print(set, &tables).unwrap_or_default()),
            }
        }
        for (what, line) in missing {
            self.left_out.add(what, "the table was left out", line);
        }
        self.sequences.leave_out_the_rest(self.left_out);
        let part = |(table, line)| Part { statement: Statement::CreateTable(table), line };
        self.parts.tables = self.tables.into_iter().map(part).collect();
        Sorted { parts: self.parts, seed, rows }
    }
}

fn setting(set: &Set) -> (String, &'static str) {
    let elsewhere =
        |schema: &String| !matches!(schema.as_str(), "" | PUBLIC | "pg_catalog" | "$user" | "\"$user\"");
    match set.name.as_str() {
        "search_path" if set.values.iter().any(elsewhere) => (
            "SET search_path".to_owned(),
            "it has no effect here: names without a schema are those of public",
        ),
        _ => ("SET".to_owned(), SETTING),
    }
}

fn altered(name: &QualifiedName, action: AlterTableAction, line: u32) -> Part {
    let alter =
        AlterTable { if_exists: false, name: name.clone(), actions: vec![action], span: names::nowhere() };
    Part { statement: Statement::AlterTable(alter), line }
}

fn said(kind: ColumnConstraintKind) -> ColumnConstraint {
    let mut constraint =
        ColumnConstraint { name: None, kind, deferral: Deferral::NotDeferrable, span: names::nowhere() };
    built_in_default(&mut constraint);
    constraint
}

/// Gives a column a property, in place of one of the same kind.
fn put(table: &mut CreateTable, column: &str, constraint: ColumnConstraint) {
    let kind = std::mem::discriminant(&constraint.kind);
    if let Some(column) = table.columns.iter_mut().find(|it| it.name.text == column) {
        column.constraints.retain(|it| std::mem::discriminant(&it.kind) != kind);
        column.constraints.push(constraint);
    }
}

fn remove(table: &mut CreateTable, column: &str, is: impl Fn(&ColumnConstraintKind) -> bool) {
    if let Some(column) = table.columns.iter_mut().find(|it| it.name.text == column) {
        column.constraints.retain(|it| !is(&it.kind));
    }
}

/// `uuid_generate_v4()` of the extension uuid-ossp is the built-in `gen_random_uuid()`.
fn built_in_default(constraint: &mut ColumnConstraint) {
    if let ColumnConstraintKind::Default(Expr { kind: ExprKind::Call(call), .. }) = &mut constraint.kind
        && call.name.name.text == "uuid_generate_v4"
    {
        call.name.schema = None;
        call.name.name.text = "gen_random_uuid".to_owned();
    }
}
