//! What PostgreSQL's documentation says of policies (CREATE POLICY, table "Policies Applied by Command Type"), row by row
//! over rows in memory. It shares the meaning of single expressions with the product, and nothing of its planning.

use std::cell::RefCell;
use std::collections::HashMap;

use mainstay_base::{FixedClock, FixedRandomness, Result};
use mainstay_catalog::{Catalog, Command, Policy, Table};
use mainstay_expr::{
    Evaluator, Expr, Inputs, Rights, Scope, Session, SourceId, TableId, Tables, Tree, Value,
};

/// Added to the number of a table that is read with the owner's rights.
const OWNER: u32 = 1000;

pub type Row = Vec<Value>;

/// The rows of all tables, as someone sees them.
pub struct World<'w> {
    pub catalog: &'w Catalog,
    pub rows: &'w [Vec<Row>],
    pub session: &'w Session,
    seen: RefCell<HashMap<TableId, Vec<Row>>>,
}

impl Tables for World<'_> {
    fn rows(&self, table: TableId) -> Result<Vec<Row>> {
        match table.0.checked_sub(OWNER) {
            Some(own) => Ok(self.rows[own as usize].clone()),
            None => Ok(self.visible(table)),
        }
    }
}

impl<'w> World<'w> {
    pub fn new(catalog: &'w Catalog, rows: &'w [Vec<Row>], session: &'w Session) -> Self {
        Self { catalog, rows, session, seen: RefCell::default() }
    }

    /// The rows of a table that SELECT may see.
    pub fn visible(&self, table: TableId) -> Vec<Row> {
        if let Some(seen) = self.seen.borrow().get(&table) {
            return seen.clone();
        }
        let rows = self.rows[table.0 as usize].iter();
        let seen: Vec<Row> =
            rows.filter(|row| self.may_touch(table, Command::Select, row)).cloned().collect();
        self.seen.borrow_mut().insert(table, seen.clone());
        seen
    }

    /// Whether a command may touch an existing row.
    pub fn may_touch(&self, table: TableId, command: Command, row: &Row) -> bool {
        self.passes(self.catalog.table(table), command, row, |policy| policy.using.as_ref())
    }

    /// Whether a command may leave a row like that behind.
    pub fn may_write(&self, table: TableId, command: Command, row: &Row) -> bool {
        let rule = |policy: &'w Policy| policy.with_check.as_ref().or(policy.using.as_ref());
        self.passes(self.catalog.table(table), command, row, rule)
    }

    fn passes(
        &self,
        table: &'w Table,
        command: Command,
        row: &Row,
        rule: impl Fn(&'w Policy) -> Option<&'w Expr>,
    ) -> bool {
        if self.session.role.name() == "service_role" {
            return true;
        }
        let mut permitted = false;
        for policy in &table.policies {
            let for_command = policy.command.is_none() || policy.command == Some(command);
            let for_role = policy.roles.is_empty() || policy.roles.contains(&self.session.role);
            if !for_command || !for_role {
                continue;
            }
            let holds = rule(policy).is_none_or(|rule| self.holds(rule, row));
            if policy.permissive {
                permitted |= holds;
            } else if !holds {
                return false;
            }
        }
        permitted
    }

    /// Whether an expression over a row is TRUE.
    pub fn holds(&self, expr: &Expr, row: &Row) -> bool {
        let mut expr = expr.clone();
        expr.tables_mut(|source| {
            if source.rights == Rights::Definer {
                source.table.0 += OWNER;
            }
        });
        let random = FixedRandomness::new(1);
        let inputs = Inputs { slots: &[], arguments: &[], new: &[], session: self.session };
        let evaluator = Evaluator::new(inputs, self, &FixedClock(0), &random).unwrap();
        evaluator.truth(&expr, &Scope::row(SourceId::ROW, row)).unwrap() == Some(true)
    }
}
