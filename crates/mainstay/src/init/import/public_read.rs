//! Row-level security for tables whose script knows nothing of it: closed, or open for reading.

use std::collections::HashSet;

use mainstay_sql::{
    AlterTable, AlterTableAction, CreatePolicy, Expr, ExprKind, Literal, PolicyCommand, QualifiedName,
    RowSecurity, Statement,
};

use crate::names::{self, Key};

use super::{Part, Parts};

/// The policy's name.
const POLICY: &str = "everyone may read";
/// Who reads.
const ROLES: [&str; 2] = ["anon", "authenticated"];

/// Enables row-level security on every table that has none, with a policy for reading when `public_read`. The number of
/// tables that are closed to everyone.
pub fn secure(parts: &mut Parts, public_read: bool) -> usize {
    let secured: HashSet<Key> = parts.policies.iter().filter_map(secured).collect();
    let mut added = Vec::new();
    let mut closed = 0;
    for part in &parts.tables {
        let Statement::CreateTable(table) = &part.statement else { continue };
        if secured.contains(&names::key(&table.name)) {
            continue;
        }
        added.push(Part { statement: enable(&table.name), line: part.line });
        if public_read {
            added.push(Part { statement: policy(&table.name), line: part.line });
        } else {
            closed += 1;
        }
    }
    parts.policies.splice(0..0, added);
    closed
}

/// The table that a statement enables row-level security on.
fn secured(part: &Part) -> Option<Key> {
    match &part.statement {
        Statement::AlterTable(it)
            if it.actions.contains(&AlterTableAction::RowSecurity(RowSecurity::Enable)) =>
        {
            Some(names::key(&it.name))
        }
        _ => None,
    }
}

fn enable(table: &QualifiedName) -> Statement {
    let actions = vec![AlterTableAction::RowSecurity(RowSecurity::Enable)];
    Statement::AlterTable(AlterTable {
        if_exists: false,
        name: table.clone(),
        actions,
        span: names::nowhere(),
    })
}

fn policy(table: &QualifiedName) -> Statement {
    let everything = Expr { kind: ExprKind::Literal(Literal::Bool(true)), span: names::nowhere() };
    Statement::CreatePolicy(CreatePolicy {
        name: names::name(POLICY),
        table: table.clone(),
        permissive: true,
        command: PolicyCommand::Select,
        roles: ROLES.map(names::name).to_vec(),
        using: Some(everything),
        check: None,
        span: names::nowhere(),
    })
}
