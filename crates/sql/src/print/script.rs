//! Which statement it is; rows and settings.

use super::Printer;
use crate::tree::{
    CopyFrom, DropObjects, Insert, InsertSource, ObjectRef, Overriding, QueryBody, Statement, TransactionKind,
};

impl Printer {
    pub fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::CreateSchema(it) => {
                self.push(if it.if_not_exists { "CREATE SCHEMA IF NOT EXISTS " } else { "CREATE SCHEMA " });
                self.name(&it.name);
            }
            Statement::CreateTable(it) => self.create_table(it),
            Statement::CreateEnum(it) => self.create_enum(it),
            Statement::CreateDomain(it) => self.create_domain(it),
            Statement::CreateIndex(it) => self.create_index(it),
            Statement::CreateView(it) => self.create_view(it),
            Statement::CreateFunction(it) => self.create_function(it),
            Statement::CreatePolicy(it) => self.create_policy(it),
            Statement::AlterTable(it) => self.alter_table(it),
            Statement::Grant(it) => self.grant(it),
            Statement::Comment(it) => self.comment(it),
            Statement::Insert(it) => self.insert(it),
            Statement::Query(it) => self.query_on_lines(it),
            Statement::Copy(it) => return self.copy(it),
            Statement::Psql(it) => {
                self.push(&format!("\\{} {}", it.name, it.arguments));
                self.text.truncate(self.text.trim_end().len());
                return;
            }
            Statement::Unsupported { what, .. } => {
                return self.push(&format!("-- not supported: {}", what.replace('\n', " ")));
            }
            other => self.object_statement(other),
        }
        self.push(";");
    }

    /// Statements about whole objects and the session.
    fn object_statement(&mut self, statement: &Statement) {
        match statement {
            Statement::CreateExtension(it) => {
                self.push(if it.if_not_exists {
                    "CREATE EXTENSION IF NOT EXISTS "
                } else {
                    "CREATE EXTENSION "
                });
                self.name(&it.name);
                if let Some(schema) = &it.schema {
                    self.push(" WITH SCHEMA ");
                    self.name(schema);
                }
            }
            Statement::CreateSequence(it) => {
                self.push(if it.if_not_exists {
                    "CREATE SEQUENCE IF NOT EXISTS "
                } else {
                    "CREATE SEQUENCE "
                });
                self.qualified(&it.name);
                self.sequence_options(&it.options);
            }
            Statement::AlterSequence(it) => {
                self.push(if it.if_exists { "ALTER SEQUENCE IF EXISTS " } else { "ALTER SEQUENCE " });
                self.qualified(&it.name);
                self.sequence_options(&it.options);
            }
            Statement::AlterOwner(it) => {
                self.push("ALTER ");
                self.push(kind_of(&it.object));
                self.push(" ");
                self.object_name(&it.object);
                self.push(" OWNER TO ");
                self.role(&it.owner);
            }
            Statement::Database(it) => {
                self.push(if it.drop { "DROP DATABASE " } else { "CREATE DATABASE " });
                self.name(&it.name);
            }
            Statement::Drop(it) => self.drop_objects(it),
            Statement::Set(it) => {
                let start = self.text.len();
                self.setting(&it.name, &it.values);
                if it.local {
                    self.text.insert_str(start + "SET".len(), " LOCAL");
                }
            }
            Statement::Transaction(it) => self.push(match it.kind {
                TransactionKind::Begin => "BEGIN",
                TransactionKind::Commit => "COMMIT",
                TransactionKind::Rollback => "ROLLBACK",
            }),
            _ => {}
        }
    }

    fn drop_objects(&mut self, drop: &DropObjects) {
        self.push("DROP ");
        self.push(drop.objects.first().map_or("", kind_of));
        self.push(if drop.if_exists { " IF EXISTS " } else { " " });
        self.list(&drop.objects, Self::object_name);
        self.push(if drop.cascade { " CASCADE" } else { "" });
    }

    fn object_name(&mut self, object: &ObjectRef) {
        match object {
            ObjectRef::Table(name)
            | ObjectRef::View(name)
            | ObjectRef::Sequence(name)
            | ObjectRef::Index(name) => {
                self.qualified(name);
            }
            ObjectRef::Type(name) | ObjectRef::Domain(name) => self.qualified_function(name),
            ObjectRef::Function(signature) => self.function_signature(signature),
            ObjectRef::Schema(name) | ObjectRef::Extension(name) => self.name(name),
            ObjectRef::Policy(name, table) => {
                self.name(name);
                self.push(" ON ");
                self.qualified(table);
            }
        }
    }

    fn insert(&mut self, insert: &Insert) {
        self.push("INSERT INTO ");
        self.qualified(&insert.table);
        self.columns(&insert.columns);
        self.push(match insert.overriding {
            Some(Overriding::SystemValue) => " OVERRIDING SYSTEM VALUE",
            Some(Overriding::UserValue) => " OVERRIDING USER VALUE",
            None => "",
        });
        match &insert.source {
            InsertSource::DefaultValues => self.push(" DEFAULT VALUES"),
            InsertSource::Query(query) => match &query.body {
                QueryBody::Values(values) if values.rows.len() > 1 && query.with.is_none() => {
                    self.push(" VALUES\n  ");
                    for (at, row) in values.rows.iter().enumerate() {
                        self.push(if at > 0 { "),\n  (" } else { "(" });
                        self.list(row, Self::expr);
                    }
                    self.push(")");
                    self.query_end(query);
                }
                _ => {
                    self.push(" ");
                    self.query(query);
                }
            },
        }
        if let Some(conflict) = &insert.on_conflict {
            self.push(" ON CONFLICT");
            self.columns(&conflict.columns);
            self.push(" DO NOTHING");
        }
    }

    fn copy(&mut self, copy: &CopyFrom) {
        self.push("COPY ");
        self.qualified(&copy.table);
        self.columns(&copy.columns);
        self.push(" FROM stdin;\n");
        for row in &copy.rows {
            for (at, value) in row.values.iter().enumerate() {
                self.push(if at > 0 { "\t" } else { "" });
                match value {
                    Some(text) => self.copy_field(text),
                    None => self.push("\\N"),
                }
            }
            self.push("\n");
        }
        self.push("\\.");
    }

    fn copy_field(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '\\' => self.push("\\\\"),
                '\t' => self.push("\\t"),
                '\n' => self.push("\\n"),
                '\r' => self.push("\\r"),
                other => self.text.push(other),
            }
        }
    }
}

fn kind_of(object: &ObjectRef) -> &'static str {
    match object {
        ObjectRef::Table(_) => "TABLE",
        ObjectRef::View(_) => "VIEW",
        ObjectRef::Sequence(_) => "SEQUENCE",
        ObjectRef::Index(_) => "INDEX",
        ObjectRef::Type(_) => "TYPE",
        ObjectRef::Domain(_) => "DOMAIN",
        ObjectRef::Function(_) => "FUNCTION",
        ObjectRef::Schema(_) => "SCHEMA",
        ObjectRef::Extension(_) => "EXTENSION",
        ObjectRef::Policy(..) => "POLICY",
    }
}
