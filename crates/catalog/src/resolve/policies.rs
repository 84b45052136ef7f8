//! Row-level security policies.

use mainstay_expr::{Expr, Role, TableId};
use mainstay_sql as sql;
use sql::{Diagnostic, Span};

use super::Resolver;
use crate::bind::{Bind, Binder, Clause, suggestion};
use crate::{Caller, Command, Policy};

/// Roles of Supabase's databases that no request runs as: they may be named, and nothing follows.
const OWNERS: &[&str] =
    &["postgres", "supabase_admin", "supabase_auth_admin", "authenticator", "dashboard_user"];

/// The roles that requests run as.
const ROLES: [&str; 3] = [Role::ANON, Role::AUTHENTICATED, Role::SERVICE];

impl Resolver<'_> {
    pub(super) fn resolve_policies(&mut self, statements: &[sql::Statement]) {
        let mut places: Vec<(TableId, Span)> = Vec::new();
        for statement in statements {
            let sql::Statement::CreatePolicy(it) = statement else { continue };
            if let Ok(table) = self.create_policy(it) {
                places.push((table, it.name.span));
                self.policy_spans.insert((table, it.name.text.clone()), it.name.span);
            }
        }
        self.missing_row_security(&places);
    }

    fn create_policy(&mut self, it: &sql::CreatePolicy) -> Bind<TableId> {
        let table = self.base_table(&it.table)?;
        let declared = self.catalog.table(table);
        if declared.policies.iter().any(|other| other.name == it.name.text) {
            let message =
                format!("policy \"{}\" for table \"{}\" already exists", it.name.text, declared.name);
            return Err(self.error("duplicate-name", it.name.span, message));
        }
        let clauses = self.policy_clauses(it);
        let roles = self.policy_roles(&it.roles);
        let using = it.using.as_ref().map(|expr| self.policy_expr(table, expr, "USING")).transpose();
        let check = it.check.as_ref().map(|expr| self.policy_expr(table, expr, "WITH CHECK")).transpose();
        clauses?;
        let (roles, using, with_check) = (roles?, using?, check?);
        let command = match it.command {
            sql::PolicyCommand::All => None,
            sql::PolicyCommand::Select => Some(Command::Select),
            sql::PolicyCommand::Insert => Some(Command::Insert),
            sql::PolicyCommand::Update => Some(Command::Update),
            sql::PolicyCommand::Delete => Some(Command::Delete),
        };
        let name = it.name.text.clone();
        let policy = Policy { name, permissive: it.permissive, command, roles, using, with_check };
        self.table_mut(table).policies.push(policy);
        Ok(table)
    }

    /// Which of USING and WITH CHECK a command has.
    fn policy_clauses(&mut self, it: &sql::CreatePolicy) -> Bind<()> {
        let reads_only = matches!(it.command, sql::PolicyCommand::Select | sql::PolicyCommand::Delete);
        if let (true, Some(check)) = (reads_only, &it.check) {
            let message = "WITH CHECK cannot be applied to SELECT or DELETE";
            let help = "these commands only have USING (…)";
            return Err(self.report(Diagnostic::error("policy-clause", check.span, message).with_help(help)));
        }
        if let (sql::PolicyCommand::Insert, Some(using)) = (it.command, &it.using) {
            let message = "only WITH CHECK expression allowed for INSERT";
            let help = "there is no row before an INSERT: write WITH CHECK (…)";
            return Err(self.report(Diagnostic::error("policy-clause", using.span, message).with_help(help)));
        }
        if it.using.is_none() && it.check.is_none() {
            let message = format!("the policy \"{}\" lets no row through", it.name.text);
            let help = match it.command {
                sql::PolicyCommand::Insert => "say which rows: WITH CHECK (…)",
                _ => "say which rows: USING (…)",
            };
            self.diagnostics.push(Diagnostic::warning("empty-policy", it.name.span, message).with_help(help));
        }
        Ok(())
    }

    /// One of the expressions of the table's next policy.
    fn policy_expr(&mut self, table: TableId, expr: &sql::Expr, what: &str) -> Bind<Expr> {
        let mut binder = Binder::over_row(self, table, Clause::Policy);
        let bound = binder.condition(expr, what)?;
        let calls = binder.calls;
        let position = self.catalog.table(table).policies.len() as u32;
        self.catalog.calls.note(Caller::Policy(table, position), calls);
        Ok(bound)
    }

    /// The roles of a policy: none for everyone.
    fn policy_roles(&mut self, names: &[sql::Name]) -> Bind<Vec<Role>> {
        if names.iter().any(|name| name.is_word("public")) {
            return Ok(Vec::new());
        }
        let mut roles = Vec::with_capacity(names.len());
        let mut result = Ok(());
        for name in names {
            match self.known_role(name) {
                Ok(()) => roles.push(Role::new(&name.text)),
                Err(reported) => result = Err(reported),
            }
        }
        result.map(|()| roles)
    }

    /// Requires a role that exists.
    pub(super) fn known_role(&mut self, name: &sql::Name) -> Bind<()> {
        let text = &*name.text;
        if ROLES.contains(&text) || OWNERS.contains(&text) || self.catalog.roles.contains(text) {
            return Ok(());
        }
        let message = format!("role \"{text}\" does not exist");
        let known = ROLES.into_iter().chain(["public"]).chain(self.catalog.roles.iter().map(String::as_str));
        let help = suggestion(text, known)
            .unwrap_or_else(|| "the roles are anon, authenticated, service_role and public".to_owned());
        Err(self.report(Diagnostic::error("unknown-role", name.span, message).with_help(help)))
    }

    /// Policies without row-level security do nothing, and row-level security without policies lets nobody in.
    fn missing_row_security(&mut self, places: &[(TableId, Span)]) {
        for position in 0..self.catalog.tables.len() {
            let table = &self.catalog.tables[position];
            let (id, name) = (table.id, table.name.clone());
            match (table.row_security, places.iter().find(|(of, _)| *of == id)) {
                (false, Some((_, span))) => {
                    let message =
                        format!("row-level security is not enabled on \"{name}\": its policies do nothing");
                    let help = format!("alter table {name} enable row level security;");
                    let diagnostic = Diagnostic::warning("row-security", *span, message).with_help(help);
                    let note = "until then the table is closed to anon and authenticated";
                    self.diagnostics.push(diagnostic.with_note(note));
                }
                (true, None) if !self.diagnostics.has_errors() => {
                    let span = self.origins[position].span;
                    let message = format!(
                        "\"{name}\" has row-level security and no policy: only service_role sees its rows"
                    );
                    self.diagnostics.push(Diagnostic::note("no-policy", span, message));
                }
                _ => {}
            }
        }
    }
}
