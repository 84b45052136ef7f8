//! Policies, grants, comments.

use super::{Printer, quote_literal};
use crate::tree::{
    Comment, CommentTarget, CreatePolicy, Grant, GrantAction, GrantObjects, Name, PolicyCommand, Privilege,
    Privileges,
};

impl Printer {
    pub fn create_policy(&mut self, policy: &CreatePolicy) {
        self.push("CREATE POLICY ");
        self.name(&policy.name);
        self.push(" ON ");
        self.qualified(&policy.table);
        self.push(if policy.permissive { "" } else { " AS RESTRICTIVE" });
        self.push(match policy.command {
            PolicyCommand::All => "",
            PolicyCommand::Select => " FOR SELECT",
            PolicyCommand::Insert => " FOR INSERT",
            PolicyCommand::Update => " FOR UPDATE",
            PolicyCommand::Delete => " FOR DELETE",
        });
        if !policy.roles.is_empty() {
            self.push(" TO ");
            self.list(&policy.roles, Self::role);
        }
        for (word, condition) in [("USING", &policy.using), ("WITH CHECK", &policy.check)] {
            if let Some(condition) = condition {
                self.push(&format!("\n  {word} ("));
                self.expr(condition);
                self.push(")");
            }
        }
    }

    /// A role, or one of the words that stand for one.
    pub fn role(&mut self, role: &Name) {
        let special = ["current_user", "current_role", "session_user"];
        if !role.quoted && special.contains(&role.text.as_str()) {
            self.push(&role.text);
        } else {
            self.name(role);
        }
    }

    pub fn grant(&mut self, grant: &Grant) {
        let granting = grant.action == GrantAction::Grant;
        self.push(if granting { "GRANT " } else { "REVOKE " });
        self.push(if !granting && grant.grant_option { "GRANT OPTION FOR " } else { "" });
        match &grant.privileges {
            Privileges::All { columns } => {
                self.push("ALL");
                self.columns(columns);
            }
            Privileges::List(list) => self.list(list, |printer, it| {
                printer.push(privilege(it.privilege));
                printer.columns(&it.columns);
            }),
        }
        self.push(" ON ");
        self.grant_objects(&grant.objects);
        self.push(if granting { " TO " } else { " FROM " });
        self.list(&grant.roles, Self::role);
        self.push(if granting && grant.grant_option { " WITH GRANT OPTION" } else { "" });
    }

    fn grant_objects(&mut self, objects: &GrantObjects) {
        let (word, names): (_, &[Name]) = match objects {
            GrantObjects::Tables(tables) => {
                self.push("TABLE ");
                return self.list(tables, Self::qualified);
            }
            GrantObjects::Sequences(sequences) => {
                self.push("SEQUENCE ");
                return self.list(sequences, Self::qualified);
            }
            GrantObjects::Types(types) => {
                self.push("TYPE ");
                return self.list(types, Self::qualified_function);
            }
            GrantObjects::Functions(functions) => {
                self.push("FUNCTION ");
                return self.list(functions, Self::function_signature);
            }
            GrantObjects::AllTablesIn(schemas) => ("ALL TABLES IN SCHEMA ", schemas),
            GrantObjects::AllSequencesIn(schemas) => ("ALL SEQUENCES IN SCHEMA ", schemas),
            GrantObjects::AllFunctionsIn(schemas) => ("ALL FUNCTIONS IN SCHEMA ", schemas),
            GrantObjects::Schemas(schemas) => ("SCHEMA ", schemas),
            GrantObjects::Databases(databases) => ("DATABASE ", databases),
        };
        self.push(word);
        self.names(names);
    }

    pub fn comment(&mut self, comment: &Comment) {
        self.push("COMMENT ON ");
        match &comment.target {
            CommentTarget::Table(name) => self.object("TABLE ", |it| it.qualified(name)),
            CommentTarget::View(name) => self.object("VIEW ", |it| it.qualified(name)),
            CommentTarget::Column(path) => self.object("COLUMN ", |it| it.column_path(path)),
            CommentTarget::Function(signature) => {
                self.object("FUNCTION ", |it| it.function_signature(signature))
            }
            CommentTarget::Type(name) => self.object("TYPE ", |it| it.qualified_function(name)),
            CommentTarget::Domain(name) => self.object("DOMAIN ", |it| it.qualified_function(name)),
            CommentTarget::Schema(name) => self.object("SCHEMA ", |it| it.name(name)),
            CommentTarget::Index(name) => self.object("INDEX ", |it| it.qualified(name)),
            CommentTarget::Sequence(name) => self.object("SEQUENCE ", |it| it.qualified(name)),
            CommentTarget::Extension(name) => self.object("EXTENSION ", |it| it.name(name)),
            CommentTarget::Database(name) => self.object("DATABASE ", |it| it.name(name)),
            CommentTarget::Constraint { name, table } => self.object("CONSTRAINT ", |it| {
                it.name(name);
                it.push(" ON ");
                it.qualified(table);
            }),
            CommentTarget::Policy { name, table } => self.object("POLICY ", |it| {
                it.name(name);
                it.push(" ON ");
                it.qualified(table);
            }),
        }
        self.push(" IS ");
        match &comment.text {
            Some(text) => self.push(&quote_literal(text)),
            None => self.push("NULL"),
        }
    }

    pub fn object(&mut self, kind: &str, name: impl FnOnce(&mut Self)) {
        self.push(kind);
        name(self);
    }
}

fn privilege(privilege: Privilege) -> &'static str {
    match privilege {
        Privilege::Select => "SELECT",
        Privilege::Insert => "INSERT",
        Privilege::Update => "UPDATE",
        Privilege::Delete => "DELETE",
        Privilege::Truncate => "TRUNCATE",
        Privilege::References => "REFERENCES",
        Privilege::Trigger => "TRIGGER",
        Privilege::Maintain => "MAINTAIN",
        Privilege::Usage => "USAGE",
        Privilege::Execute => "EXECUTE",
        Privilege::Create => "CREATE",
        Privilege::Connect => "CONNECT",
        Privilege::Temporary => "TEMPORARY",
    }
}
