//! Privileges and policies: the one gate between what is asked and what is planned.
//!
//! Every finished select passes through [`Planner::secure`], whatever made it: each base table in it that is read with the
//! asking role's rights is checked against the grants and gets the role's policies as its `visible` predicate, the tables
//! inside those policies included. Rules are PostgreSQL's (CREATE POLICY, "Row Security Policies"), with one addition: a
//! table without row-level security is closed to every role that does not bypass it, and so is a view that reads with its
//! owner's rights unless the role was granted it.
//!
//! Where the database keeps the rules ([`Enforcement::Role`]) only what it does not know is asked here: views and functions, which
//! the catalog alone has.

use std::collections::{BTreeSet, HashMap};

use mainstay_base::{Problem, Result};
use mainstay_catalog::{Caller, Command, Function, Policy, Table, TableKind};
use mainstay_expr::{Expr, Rights, Role, SourceId, TableId, Tree, Type};
use mainstay_plan::{Enforcement, Node, ReadPlan, RowCheck};

use crate::Planner;
use crate::error;
use crate::write::Written;

/// How deep policies may lead from table to table before it must be a circle.
const POLICY_DEPTH_MAX: usize = 16;

/// A row as expressions: what its columns are where a policy is put.
type Row<'r> = dyn Fn(u32, Type) -> Expr + 'r;

impl<'a> Planner<'a> {
    /// Secures every select of a read.
    pub(crate) fn secured(&mut self, mut plan: ReadPlan) -> Result<ReadPlan> {
        self.secure_node(&mut plan.root)?;
        if let Some(total) = &mut plan.total {
            self.secure(&mut total.count)?;
        }
        Ok(plan)
    }

    /// Secures a node and those below it.
    pub(crate) fn secure_node(&mut self, node: &mut Node) -> Result<()> {
        self.secure(&mut node.select)?;
        node.children.iter_mut().try_for_each(|child| self.secure_node(&mut child.node))
    }

    /// Secures an expression that stands in no select, such as a write's filter.
    pub(crate) fn secure_expr(&mut self, expr: &mut Expr) -> Result<()> {
        self.secure(expr)
    }

    fn secure(&mut self, tree: &mut impl Tree) -> Result<()> {
        self.require_columns(tree)?;
        tree.tables(|source| self.takes_owners_rights |= source.rights == Rights::Definer);
        self.weave(tree, 0)
    }

    /// Whether the database asks for a table's privileges and policies itself.
    fn is_kept_by_role(&self, table: &Table) -> bool {
        self.enforcement == Enforcement::Role && !matches!(table.kind, TableKind::View(_))
    }

    /// Whether the database keeps the policies. They are looked at here all the same, since it does not know which of the
    /// catalog's functions they call.
    fn leaves_policies(&self) -> bool {
        self.enforcement == Enforcement::Role
    }

    /// Refuses unless the role may use `command` on the table and on each of these columns.
    pub(crate) fn require(&self, table: &Table, command: Command, columns: &[u32]) -> Result<()> {
        let allowed = self.is_kept_by_role(table)
            || may_use(table, command, self.role)
                && columns.iter().all(|column| table.grants.allows_column(self.role, command, *column));
        if allowed { Ok(()) } else { Err(denied(table)) }
    }

    /// Refuses unless the role may read the columns of the written table that a condition speaks of.
    pub(crate) fn require_read_columns(&self, written: &Written<'a>, condition: &Expr) -> Result<()> {
        let columns: Vec<u32> = if written.named.id == written.base.id {
            condition.columns_of(written.source).into_iter().collect()
        } else {
            Vec::new()
        };
        self.require(written.named, Command::Select, &columns)
    }

    /// Refuses unless the role may call the function, and what it calls with the role's rights. A database asks that of its own
    /// functions itself.
    pub(crate) fn require_execute(&self, function: &Function) -> Result<()> {
        if function.inlined().is_some() && !may_execute(function, self.role) {
            return Err(error::permission_denied("function", &function.name));
        }
        self.require_calls(Caller::Function(function.id))
    }

    /// Refuses unless the role may call every function that something calls. They are inlined there, and so their own calls
    /// are among them.
    pub(crate) fn require_calls(&self, caller: Caller) -> Result<()> {
        let mut called = self.catalog.calls.of(caller).map(|function| self.catalog.function(function));
        match called.find(|function| !may_execute(function, self.role)) {
            None => Ok(()),
            Some(function) => Err(error::permission_denied("function", &function.name)),
        }
    }

    /// Checks the tables and columns that a tree reads with the role's own rights. It runs before policies are woven in: what
    /// a policy looks at in its own row needs no privilege.
    fn require_columns(&self, tree: &impl Tree) -> Result<()> {
        let mut sources: HashMap<SourceId, TableId> = self.views.iter().copied().collect();
        let mut outcome = Ok(());
        tree.tables(|source| {
            if source.rights == Rights::Invoker {
                sources.insert(source.source, source.table);
                let table = self.catalog.table(source.table);
                if outcome.is_ok() {
                    outcome = self.require(table, Command::Select, &[]);
                }
            }
        });
        outcome?;
        let mut refused = None;
        tree.walk(|expr| {
            if let mainstay_expr::ExprKind::Column(column) = expr.kind
                && let Some(table) = sources.get(&column.source)
            {
                let table = self.catalog.table(*table);
                if !self.is_kept_by_role(table)
                    && !table.grants.allows_column(self.role, Command::Select, column.column)
                {
                    refused.get_or_insert_with(|| denied(table));
                }
            }
        });
        refused.map_or(Ok(()), Err)
    }

    /// Gives every table that is read with the role's rights its policies.
    fn weave(&mut self, tree: &mut impl Tree, depth: usize) -> Result<()> {
        if self.role.bypasses_row_security() {
            return Ok(());
        }
        let leaves = self.leaves_policies();
        let mut outcome = Ok(());
        tree.tables_mut(|source| {
            if outcome.is_err() || source.rights == Rights::Definer || source.visible.is_some() {
                return;
            }
            let table = self.catalog.table(source.table);
            let row = source.source;
            let visible =
                self.predicate(table, Command::Select, depth, &|column, ty| Expr::column(row, column, ty));
            match visible {
                Ok(visible) if visible.is_true() || leaves => {}
                Ok(visible) => source.visible = Some(Box::new(visible)),
                Err(problem) => outcome = Err(problem),
            }
        });
        outcome
    }

    /// Which existing rows of a table a command may touch, over `row`.
    pub(crate) fn policy_predicate(
        &mut self,
        table: &Table,
        command: Command,
        row: &Row<'_>,
    ) -> Result<Expr> {
        if self.role.bypasses_row_security() {
            return Ok(Expr::truth(true));
        }
        let predicate = self.predicate(table, command, 0, row)?;
        Ok(if self.leaves_policies() { Expr::truth(true) } else { predicate })
    }

    /// Any permissive policy, and every restrictive one.
    fn predicate(&mut self, table: &Table, command: Command, depth: usize, row: &Row<'_>) -> Result<Expr> {
        if depth > POLICY_DEPTH_MAX {
            let message = format!("infinite recursion detected in policy for relation \"{}\"", table.name);
            return Err(Problem::new("42P17", message));
        }
        let mut permissive = Vec::new();
        let mut terms = Vec::new();
        for (position, policy) in self.policies(table, command) {
            self.require_calls(Caller::Policy(table.id, position))?;
            let rule = match &policy.using {
                Some(using) => self.rule(using, depth, row)?,
                None => Expr::truth(true),
            };
            if policy.permissive {
                permissive.push(rule);
            } else {
                terms.push(rule);
            }
        }
        terms.insert(0, any_or_true(permissive));
        Ok(Expr::all(terms))
    }

    /// What a new row must pass: any permissive policy, and every restrictive one by its own name.
    pub(crate) fn policy_checks(
        &mut self,
        table: &Table,
        command: Command,
        row: &Row<'_>,
    ) -> Result<Vec<RowCheck>> {
        if self.role.bypasses_row_security() {
            return Ok(Vec::new());
        }
        let mut permissive = Vec::new();
        let mut checks = Vec::new();
        for (position, policy) in self.policies(table, command) {
            self.require_calls(Caller::Policy(table.id, position))?;
            let rule = match policy
                .with_check
                .as_ref()
                .filter(|_| command != Command::Select)
                .or(policy.using.as_ref())
            {
                Some(rule) => self.rule(rule, 0, row)?,
                None => Expr::truth(true),
            };
            if policy.permissive {
                permissive.push(rule);
            } else {
                checks.push(RowCheck { expr: rule, problem: error::row_policy(table, Some(&policy.name)) });
            }
        }
        let expr = any_or_true(permissive);
        checks.insert(0, RowCheck { expr, problem: error::row_policy(table, None) });
        checks.retain(|check| !check.expr.is_true() && !self.leaves_policies());
        Ok(checks)
    }

    /// The policies for a command that are the role's, with their positions.
    fn policies<'t>(&self, table: &'t Table, command: Command) -> Vec<(u32, &'t Policy)> {
        let applies = |(_, policy): &(u32, &Policy)| {
            policy.command.is_none_or(|of| of == command)
                && (policy.roles.is_empty() || policy.roles.contains(self.role))
        };
        (0..).zip(&table.policies).filter(applies).collect()
    }

    /// A policy's expression over `row`, its own selects secured.
    fn rule(&mut self, rule: &Expr, depth: usize, row: &Row<'_>) -> Result<Expr> {
        let mut rule = rule.clone();
        rule.renumber(&mut self.sources);
        self.require_columns(&rule)?;
        self.weave(&mut rule, depth + 1)?;
        rule.replace_source(SourceId::ROW, |column, ty| row(column, ty.clone()));
        Ok(rule)
    }
}

/// Whether a role may use a command on a table at all; its policies decide about the rows.
pub fn may_use(table: &Table, command: Command, role: &Role) -> bool {
    opened(table, role) && table.grants.allows(role, command)
}

/// Whether a role may call a function.
pub fn may_execute(function: &Function, role: &Role) -> bool {
    let allowed = |roles: &BTreeSet<String>| roles.contains(role.name());
    role.bypasses_row_security() || function.execute.as_ref().is_none_or(allowed)
}

/// Whether anything of the table may be shown to the role at all.
fn opened(table: &Table, role: &Role) -> bool {
    if role.bypasses_row_security() {
        return true;
    }
    match &table.kind {
        TableKind::Base => table.row_security,
        TableKind::Native(_) => true,
        TableKind::View(view) => view.security_invoker || table.grants.0.contains_key(role.name()),
    }
}

/// Any of the permissive policies: TRUE as soon as one is, FALSE when there is none.
fn any_or_true(permissive: Vec<Expr>) -> Expr {
    if permissive.iter().any(Expr::is_true) { Expr::truth(true) } else { Expr::any(permissive) }
}

fn denied(table: &Table) -> Problem {
    error::permission_denied(if table.is_view() { "view" } else { "table" }, &table.name)
}
