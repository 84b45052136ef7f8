//! Policies, grants, comments.

use super::{Parsed, Parser};
use crate::lexer::TokenKind;
use crate::span::Span;
use crate::tree::{
    Comment, CommentTarget, CreatePolicy, Grant, GrantAction, GrantObjects, GrantedPrivilege, Name,
    PolicyCommand, Privilege, Privileges, Statement,
};

impl Parser<'_> {
    /// Behind CREATE POLICY.
    pub fn create_policy(&mut self, start: Span) -> Parsed<Statement> {
        let name = self.name("a policy name")?;
        self.expect_word("on")?;
        let table = self.qualified_name("a table name")?;
        let mut permissive = true;
        if self.eat_word("as") {
            permissive = self.eat_word("permissive");
            if !permissive && !self.eat_word("restrictive") {
                return Err(self.expected("PERMISSIVE or RESTRICTIVE"));
            }
        }
        let command = if self.eat_word("for") { self.policy_command()? } else { PolicyCommand::All };
        let roles = if self.eat_word("to") { self.list(|parser| parser.role("a role"))? } else { Vec::new() };
        let using = if self.eat_word("using") { Some(self.policy_condition()?) } else { None };
        let check = if self.eat_words(&["with", "check"]) { Some(self.policy_condition()?) } else { None };
        if !self.is_end() {
            return Err(
                self.expected("AS, FOR, TO, USING, WITH CHECK (in this order) or the end of the statement")
            );
        }
        let span = self.since(start);
        Ok(Statement::CreatePolicy(CreatePolicy {
            name,
            table,
            permissive,
            command,
            roles,
            using,
            check,
            span,
        }))
    }

    fn policy_condition(&mut self) -> Parsed<crate::tree::Expr> {
        if !self.at(TokenKind::OpenParen) {
            return Err(self.expected("`(` and a condition"));
        }
        self.check_condition()
    }

    fn policy_command(&mut self) -> Parsed<PolicyCommand> {
        let commands = [
            ("all", PolicyCommand::All),
            ("select", PolicyCommand::Select),
            ("insert", PolicyCommand::Insert),
            ("update", PolicyCommand::Update),
            ("delete", PolicyCommand::Delete),
        ];
        for (word, command) in commands {
            if self.eat_word(word) {
                return Ok(command);
            }
        }
        Err(self.expected("ALL, SELECT, INSERT, UPDATE or DELETE"))
    }

    /// A role; CURRENT_USER and its kin are reserved words that may stand for one.
    pub fn role(&mut self, what: &str) -> Parsed<Name> {
        let special = ["current_user", "current_role", "session_user"];
        if self.at_any_word(&special) { self.label(what) } else { self.name(what) }
    }

    /// From GRANT or REVOKE on.
    pub fn grant(&mut self, start: Span) -> Parsed<Statement> {
        let action = if self.eat_word("grant") { GrantAction::Grant } else { GrantAction::Revoke };
        if action == GrantAction::Revoke {
            self.expect_word("revoke")?;
        }
        let mut grant_option = action == GrantAction::Revoke && self.eat_words(&["grant", "option", "for"]);
        let privileges = self.privileges(start)?;
        self.expect_word("on")?;
        let objects = self.grant_objects()?;
        self.expect_word(if action == GrantAction::Grant { "to" } else { "from" })?;
        let roles = self.list(|parser| {
            parser.eat_word("group");
            parser.role("a role")
        })?;
        grant_option |= self.eat_words(&["with", "grant", "option"]);
        if self.eat_words(&["granted", "by"]) {
            self.role("a role")?;
        }
        // Revoking from those to whom it was passed on: there are none that we keep apart.
        if !self.eat_word("cascade") {
            self.eat_word("restrict");
        }
        Ok(Statement::Grant(Grant {
            action,
            privileges,
            objects,
            roles,
            grant_option,
            span: self.since(start),
        }))
    }

    fn privileges(&mut self, start: Span) -> Parsed<Privileges> {
        if self.eat_word("all") {
            self.eat_word("privileges");
            return Ok(Privileges::All { columns: self.optional_column_names()? });
        }
        let list = self.list(|parser| {
            let place = parser.here();
            let Some(privilege) = parser.privilege() else {
                return Err(if parser.grants_a_role() {
                    parser.unsupported("membership in roles", start)
                } else {
                    parser.expected("a privilege such as SELECT or INSERT")
                });
            };
            parser.advance();
            let columns = parser.optional_column_names()?;
            Ok(GrantedPrivilege { privilege, columns, span: parser.since(place) })
        })?;
        Ok(Privileges::List(list))
    }

    /// Whether it is `GRANT role TO role`: there is no ON.
    fn grants_a_role(&self) -> bool {
        !self.tokens.iter().any(|token| self.is_word(*token, "on"))
    }

    fn privilege(&self) -> Option<Privilege> {
        let word = self.token_text(self.peek()).to_ascii_lowercase();
        Some(match word.as_str() {
            "select" => Privilege::Select,
            "insert" => Privilege::Insert,
            "update" => Privilege::Update,
            "delete" => Privilege::Delete,
            "truncate" => Privilege::Truncate,
            "references" => Privilege::References,
            "trigger" => Privilege::Trigger,
            "maintain" => Privilege::Maintain,
            "usage" => Privilege::Usage,
            "execute" => Privilege::Execute,
            "create" => Privilege::Create,
            "connect" => Privilege::Connect,
            "temporary" | "temp" => Privilege::Temporary,
            _ => return None,
        })
    }

    fn grant_objects(&mut self) -> Parsed<GrantObjects> {
        let schemas = |parser: &mut Self| parser.list(|parser| parser.name("a schema name"));
        if self.eat_words(&["all", "tables", "in", "schema"]) {
            return Ok(GrantObjects::AllTablesIn(schemas(self)?));
        }
        if self.eat_words(&["all", "sequences", "in", "schema"]) {
            return Ok(GrantObjects::AllSequencesIn(schemas(self)?));
        }
        for word in ["functions", "routines", "procedures"] {
            if self.eat_words(&["all", word, "in", "schema"]) {
                return Ok(GrantObjects::AllFunctionsIn(schemas(self)?));
            }
        }
        if self.eat_word("schema") {
            return Ok(GrantObjects::Schemas(schemas(self)?));
        }
        if self.eat_word("sequence") {
            return Ok(GrantObjects::Sequences(
                self.list(|parser| parser.qualified_name("a sequence name"))?,
            ));
        }
        if self.eat_word("function") || self.eat_word("routine") || self.eat_word("procedure") {
            return Ok(GrantObjects::Functions(self.list(Self::function_signature)?));
        }
        if self.eat_word("type") || self.eat_word("domain") {
            return Ok(GrantObjects::Types(
                self.list(|parser| parser.qualified_function_name("a type name"))?,
            ));
        }
        if self.eat_word("database") {
            return Ok(GrantObjects::Databases(self.list(|parser| parser.name("a database name"))?));
        }
        if self.at_any_word(&["foreign", "language", "large", "parameter", "tablespace"]) {
            let what = format!("privileges on {}", self.token_text(self.peek()).to_ascii_uppercase());
            return Err(self.unsupported(what, self.here()));
        }
        self.eat_word("table");
        Ok(GrantObjects::Tables(self.list(|parser| parser.qualified_name("a table name"))?))
    }

    /// From COMMENT on.
    pub fn comment(&mut self, start: Span) -> Parsed<Statement> {
        self.expect_words(&["comment", "on"])?;
        let target = self.comment_target(start)?;
        self.expect_word("is")?;
        let text = if self.eat_word("null") { None } else { Some(self.string("a text in single quotes")?) };
        Ok(Statement::Comment(Comment { target, text, span: self.since(start) }))
    }

    fn comment_target(&mut self, start: Span) -> Parsed<CommentTarget> {
        let target = if self.eat_word("table") {
            CommentTarget::Table(self.qualified_name("a table name")?)
        } else if self.eat_word("view") {
            CommentTarget::View(self.qualified_name("a view name")?)
        } else if self.eat_word("column") {
            CommentTarget::Column(self.column_path()?)
        } else if self.eat_word("function") {
            CommentTarget::Function(self.function_signature()?)
        } else if self.eat_word("type") {
            CommentTarget::Type(self.qualified_function_name("a type name")?)
        } else if self.eat_word("domain") {
            CommentTarget::Domain(self.qualified_function_name("a domain name")?)
        } else if self.eat_word("schema") {
            CommentTarget::Schema(self.name("a schema name")?)
        } else if self.eat_word("index") {
            CommentTarget::Index(self.qualified_name("an index name")?)
        } else if self.eat_word("sequence") {
            CommentTarget::Sequence(self.qualified_name("a sequence name")?)
        } else if self.eat_word("extension") {
            CommentTarget::Extension(self.name("an extension")?)
        } else if self.eat_word("database") {
            CommentTarget::Database(self.name("a database name")?)
        } else if self.eat_word("constraint") {
            let name = self.name("a constraint name")?;
            self.expect_word("on")?;
            if self.at_word("domain")
                && matches!(self.peek_at(1).kind, TokenKind::Word | TokenKind::QuotedName)
            {
                return Err(self.unsupported("comments on constraints of domains", self.here()));
            }
            CommentTarget::Constraint { name, table: self.qualified_name("a table name")? }
        } else if self.eat_word("policy") {
            let name = self.name("a policy name")?;
            self.expect_word("on")?;
            CommentTarget::Policy { name, table: self.qualified_name("a table name")? }
        } else {
            return Err(self.other_object("COMMENT ON", start));
        };
        Ok(target)
    }
}
