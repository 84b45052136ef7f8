//! Policies that would have to be applied while they are applied: PostgreSQL's 42P17, found before anybody asks.
//!
//! As in PostgreSQL, a table's policies are followed for one role at a time; a table whose policies have subqueries may not
//! come up again among the tables that those subqueries read with the asker's rights.

use mainstay_expr::{Expr, Rights, Role, TableId, Tree};
use mainstay_sql::Diagnostic;

use super::Resolver;
use crate::{Catalog, Command, Policy};

/// One step of a chain: the table, and the policy that led on from it.
#[derive(Debug, Clone)]
struct Step {
    table: TableId,
    policy: String,
}

impl Resolver<'_> {
    /// Reports each table whose policies lead back to themselves, once.
    pub(super) fn check_policy_recursion(&mut self) {
        let mut reported: Vec<TableId> = Vec::new();
        let roles = [Role::ANON, Role::AUTHENTICATED].into_iter().map(Role::new);
        let roles: Vec<Role> = roles.chain(self.catalog.roles.iter().map(|role| Role::new(role))).collect();
        let mut found = Vec::new();
        for table in self.catalog.tables.iter().filter(|table| table.row_security) {
            for (role, command) in roles.iter().flat_map(|role| COMMANDS.map(|command| (role, command))) {
                if let Some(chain) = follow(&self.catalog, role, table.id, command, &mut Vec::new()) {
                    // A chain can be entered at each of its tables.
                    let known = chain.iter().any(|step| reported.contains(&step.table));
                    reported.extend(chain.iter().map(|step| step.table));
                    found.extend((!known).then_some(chain));
                }
            }
        }
        for chain in found {
            self.report_chain(&chain);
        }
    }

    fn report_chain(&mut self, chain: &[Step]) {
        let first = &chain[0];
        let name = |table: TableId| self.catalog.table(table).name.clone();
        let message = format!("infinite recursion detected in policy for relation \"{}\"", name(first.table));
        let steps = chain.iter().map(|step| format!("\"{}\" on {}", step.policy, name(step.table)));
        let path = steps.chain([name(first.table)]).collect::<Vec<_>>().join(" reads ");
        let help =
            "ask in a function that sees all rows: CREATE FUNCTION … LANGUAGE sql STABLE SECURITY DEFINER";
        let Some(span) = self.policy_spans.get(&(first.table, first.policy.clone())) else { return };
        let diagnostic =
            Diagnostic::error("policy-recursion", *span, message).with_note(path).with_help(help);
        self.report(diagnostic);
    }
}

const COMMANDS: [Command; 4] = [Command::Select, Command::Insert, Command::Update, Command::Delete];

/// Follows a table's policies; the chain that leads back to a table that is being followed, from that table on.
fn follow(
    catalog: &Catalog,
    role: &Role,
    table: TableId,
    command: Command,
    active: &mut Vec<Step>,
) -> Option<Vec<Step>> {
    let declared = catalog.table(table);
    if !declared.row_security {
        return None;
    }
    let applies = |policy: &&Policy| {
        let for_role = policy.roles.is_empty() || policy.roles.contains(role);
        // Writing commands that read rows need SELECT's policies too.
        let for_command = policy.command.is_none_or(|own| own == command || own == Command::Select);
        for_role && for_command
    };
    let policies: Vec<&Policy> = declared.policies.iter().filter(applies).collect();
    let reads: Vec<(&Policy, Vec<TableId>)> =
        policies.iter().map(|policy| (*policy, tables_read(policy))).collect();
    if reads.iter().all(|(_, tables)| tables.is_empty()) {
        return None;
    }
    if let Some(start) = active.iter().position(|step| step.table == table) {
        return Some(active[start..].to_vec());
    }
    for (policy, tables) in reads {
        for next in tables {
            active.push(Step { table, policy: policy.name.clone() });
            let chain = follow(catalog, role, next, Command::Select, active);
            active.pop();
            if chain.is_some() {
                return chain;
            }
        }
    }
    None
}

/// The tables that a policy's subqueries read with the asker's rights.
fn tables_read(policy: &Policy) -> Vec<TableId> {
    let mut tables = Vec::new();
    for expr in policy.using.iter().chain(&policy.with_check) {
        Expr::tables(expr, |source| {
            if source.rights == Rights::Invoker && !tables.contains(&source.table) {
                tables.push(source.table);
            }
        });
    }
    tables
}
