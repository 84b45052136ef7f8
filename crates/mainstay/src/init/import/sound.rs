//! What the catalog does not take is left out with its reason, so that a script needs no hand to be served.

use std::collections::HashMap;

use mainstay_sql::{AlterTableAction, Severity, SourceFiles, Statement};

use super::Parts;
use super::left_out::LeftOut;

/// Leaves out every view, function, index, policy and the like that has an error, and what rests on it in turn. Tables and types
/// stay: rows belong to them, and what is wrong with them is for people to decide.
pub fn leave_out_what_is_not(parts: &mut Parts, left_out: &mut LeftOut) {
    loop {
        let errors = errors(parts);
        let mut removed = false;
        let mut number = 0;
        for file in parts.files_mut() {
            file.retain(|part| {
                let error = errors.get(&number).filter(|_| may_go(&part.statement));
                number += 1;
                if let Some(error) = error {
                    left_out.add(what(&part.statement), error.as_str(), part.line);
                    removed = true;
                }
                error.is_none()
            });
        }
        if !removed {
            return;
        }
    }
}

/// The first error of each statement, by its number.
fn errors(parts: &Parts) -> HashMap<u32, String> {
    let mut files = SourceFiles::new();
    for part in parts.files().into_iter().flat_map(|(_, parts)| parts) {
        files.add("", mainstay_sql::print_statement(&part.statement));
    }
    let (_, diagnostics) = mainstay_catalog::load(&files);
    let mut errors = HashMap::new();
    for diagnostic in diagnostics.iter().filter(|it| it.severity == Severity::Error) {
        errors.entry(diagnostic.span.file.0).or_insert_with(|| diagnostic.message.clone());
    }
    errors
}

fn may_go(statement: &Statement) -> bool {
    !matches!(
        statement,
        Statement::CreateTable(_)
            | Statement::CreateSchema(_)
            | Statement::CreateEnum(_)
            | Statement::CreateDomain(_)
    )
}

fn what(statement: &Statement) -> &'static str {
    match statement {
        Statement::CreateIndex(_) => "CREATE INDEX",
        Statement::CreateView(_) => "CREATE VIEW",
        Statement::CreateFunction(_) => "CREATE FUNCTION",
        Statement::CreatePolicy(_) => "CREATE POLICY",
        Statement::Grant(_) => "GRANT, REVOKE",
        Statement::Comment(_) => "COMMENT ON",
        Statement::AlterTable(it)
            if matches!(it.actions.as_slice(), [AlterTableAction::AddConstraint(_)]) =>
        {
            "ADD CONSTRAINT"
        }
        _ => "ALTER TABLE",
    }
}
