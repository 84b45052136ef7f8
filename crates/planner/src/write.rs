//! Inserts, upserts, updates and deletes.

use std::collections::BTreeSet;

use mainstay_base::{Problem, Result};
use mainstay_catalog::{Caller, ColumnDefault, Command, Table, TableKind};
use mainstay_expr::{CompareOp, Expr, ExprKind, Input, Rights, SourceId, Tree, Type};
use mainstay_plan::{
    Conflict, ConflictAction, DeletePlan, InsertPlan, NewColumn, Otherwise, RowCheck, SlotType, UpdatePlan,
};
use mainstay_query as query;
use mainstay_query::{MissingAs, Resolution, Returning};

use crate::Planner;
use crate::embed::Scope;
use crate::error;
use crate::relation::{Relation, RelationColumn, relation_of};

/// A table to be written, possibly seen through a view.
pub(crate) struct Written<'a> {
    /// What the request named.
    pub named: &'a Table,
    /// The base table behind it.
    pub base: &'a Table,
    /// The named relation's columns, over the base table's row.
    pub relation: Relation<'a>,
    /// Which rows of the base table it shows.
    pub shown: Expr,
    /// The base table's row in the relation.
    pub source: SourceId,
    /// Whose rights apply to the base table.
    pub rights: Rights,
}

impl Written<'_> {
    /// The base table's column that one of the relation's shows unchanged.
    fn base_column(&self, column: &RelationColumn) -> Option<u32> {
        match column.expr.kind {
            ExprKind::Column(base) if base.source == self.source => Some(base.column),
            _ => None,
        }
    }

    /// The primary key as the relation shows it: its names, and the base table's columns.
    fn key(&self) -> Option<Vec<(&str, u32)>> {
        let key = self.named.primary_key.as_ref()?;
        let columns = key.columns.iter().map(|position| &self.relation.columns[*position as usize]);
        columns.map(|column| Some((column.name.as_str(), self.base_column(column)?))).collect()
    }
}

/// What a new row holds: the expression for a column that is not generated.
type NewRow<'r> = dyn Fn(u32, Type) -> Expr + 'r;

impl<'a> Planner<'a> {
    /// Plans an insert or upsert.
    pub(crate) fn insert(&mut self, insert: &query::Insert) -> Result<InsertPlan> {
        let written = self.open_written(&insert.target)?;
        let payload = payload_columns(&written, &insert.columns)?;
        self.require(written.named, Command::Insert, &named_columns(&written, &insert.columns))?;
        let columns = new_columns(written.base, &payload, insert.missing)?;
        self.require_computed(written.base, &columns)?;
        let conflict =
            insert.conflict.as_ref().map(|conflict| self.conflict(&written, conflict, &payload, &columns));
        let conflict = conflict.transpose()?.flatten();
        let reads = insert.returning != Returning::Nothing || conflict.is_some();
        let checks =
            self.new_row_checks(&written, Command::Insert, reads, &|column, ty| new_value(column, ty))?;
        let same_key = match &insert.put_key {
            Some(filters) => self.put_key(&written, filters, &columns)?,
            None => Vec::new(),
        };
        let returning = self.returning(&written, &insert.returning)?;
        Ok(InsertPlan { table: written.base.id, columns, checks, same_key, conflict, returning })
    }

    /// Plans an update.
    pub(crate) fn update(&mut self, update: &query::Update) -> Result<UpdatePlan> {
        let written = self.open_written(&update.target)?;
        let payload = payload_columns(&written, &update.columns)?;
        self.require(written.named, Command::Update, &named_columns(&written, &update.columns))?;
        let reads = !update.filter.is_empty() || update.returning != Returning::Nothing;
        let mut filter = self.written_filter(&written, Command::Update, &update.filter, reads)?;
        if payload.is_empty() {
            filter = Expr::truth(false);
        }
        let columns = assigned_columns(written.base, &payload, update.missing)?;
        self.require_computed(written.base, &columns)?;
        let source = written.source;
        let assigned: BTreeSet<u32> = payload.iter().copied().collect();
        let checks = self.new_row_checks(&written, Command::Update, reads, &|column, ty| {
            if assigned.contains(&column) { new_value(column, ty) } else { Expr::column(source, column, ty) }
        })?;
        let returning = self.returning(&written, &update.returning)?;
        Ok(UpdatePlan { table: written.base.id, source, filter, columns, checks, returning })
    }

    /// Plans a delete.
    pub(crate) fn delete(&mut self, delete: &query::Delete) -> Result<DeletePlan> {
        let written = self.open_written(&delete.target)?;
        self.require(written.named, Command::Delete, &[])?;
        let reads = !delete.filter.is_empty() || delete.returning != Returning::Nothing;
        let filter = self.written_filter(&written, Command::Delete, &delete.filter, reads)?;
        let returning = self.returning(&written, &delete.returning)?;
        Ok(DeletePlan { table: written.base.id, source: written.source, filter, returning })
    }

    /// Refuses unless the role may call what the defaults, the generated columns and the checks of a new row call.
    fn require_computed(&self, table: &Table, columns: &[NewColumn]) -> Result<()> {
        let defaults = columns.iter().filter(|new| matches!(new.otherwise, Otherwise::Default(_)));
        let generated = (0..).zip(&table.columns).filter_map(|(position, column)| {
            matches!(column.default, ColumnDefault::Generated(_)).then_some(position)
        });
        for column in defaults.map(|new| new.column).chain(generated) {
            self.require_calls(Caller::Default(table.id, column))?;
        }
        self.require_calls(Caller::Checks(table.id))
    }

    /// The table that a write names, or the one behind an updatable view.
    fn open_written(&mut self, target: &query::Target) -> Result<Written<'a>> {
        let named = self.table(target)?;
        let source = self.sources.fresh();
        let TableKind::View(view) = &named.kind else {
            return Ok(Written {
                named,
                base: named,
                relation: relation_of(named, source),
                shown: Expr::truth(true),
                source,
                rights: Rights::Invoker,
            });
        };
        let (Some((base, _)), [mainstay_expr::FromItem::Table(table)]) =
            (&view.updatable, view.select.from.as_slice())
        else {
            return Err(Problem::new("55000", format!("cannot write to view \"{}\"", named.name))
                .with_details(
                    "Views that do not select from a single table or view are not automatically updatable.",
                ));
        };
        self.takes_owners_rights |= table.rights == Rights::Definer;
        let base = self.catalog.table(*base);
        let mut over_base = |expr: &Expr| {
            let mut expr = expr.clone();
            expr.renumber(&mut self.sources);
            expr.rename_source(table.source, source);
            expr
        };
        let columns = named
            .columns
            .iter()
            .zip(&view.select.items)
            .map(|(column, item)| RelationColumn { name: column.name.clone(), expr: over_base(&item.expr) })
            .collect();
        let shown = view.select.filter.as_ref().map_or(Expr::truth(true), &mut over_base);
        let relation =
            Relation { name: named.name.clone(), schema: named.schema.clone(), columns, table: Some(named) };
        Ok(Written { named, base, relation, shown, source, rights: table.rights })
    }

    /// Which existing rows an update or delete touches.
    fn written_filter(
        &mut self,
        written: &Written<'a>,
        command: Command,
        conditions: &[query::Condition],
        reads: bool,
    ) -> Result<Expr> {
        self.require_calls(Caller::View(written.named.id))?;
        let scope = Scope { relation: written.relation.clone(), embeds: Vec::new() };
        let mut asked = Expr::all([self.conditions(&scope, conditions)?, written.shown.clone()]);
        self.secure_expr(&mut asked)?;
        if reads {
            self.require_read_columns(written, &asked)?;
        }
        let mut terms = vec![self.existing_rows(written, command)?];
        if reads {
            terms.push(self.existing_rows(written, Command::Select)?);
        }
        terms.push(asked);
        Ok(Expr::all(terms))
    }

    /// The policies on existing rows, unless the rights are those of a view's owner.
    fn existing_rows(&mut self, written: &Written<'a>, command: Command) -> Result<Expr> {
        if written.rights == Rights::Definer {
            return Ok(Expr::truth(true));
        }
        let source = written.source;
        self.policy_predicate(written.base, command, &|column, ty| Expr::column(source, column, ty))
    }

    /// What a new row must pass: the command's policies, and SELECT's when the row is read as well.
    fn new_row_checks(
        &mut self,
        written: &Written<'a>,
        command: Command,
        reads: bool,
        row: &NewRow<'_>,
    ) -> Result<Vec<RowCheck>> {
        if written.rights == Rights::Definer {
            return Ok(Vec::new());
        }
        let base = written.base;
        let row = |column: u32, ty: Type| complete(base, row, column, ty);
        let mut checks = self.policy_checks(base, command, &row)?;
        if reads {
            checks.extend(self.policy_checks(base, Command::Select, &row)?);
        }
        Ok(checks)
    }

    /// What an upsert does with a row that exists already; `None` where nothing identifies one.
    fn conflict(
        &mut self,
        written: &Written<'a>,
        conflict: &query::Conflict,
        payload: &[u32],
        columns: &[NewColumn],
    ) -> Result<Option<Conflict>> {
        let base = written.base;
        let key = match &conflict.columns {
            Some(names) => {
                let unknown =
                    |name: &&String| written.relation.columns.iter().all(|column| column.name != **name);
                if let Some(name) = names.iter().find(unknown) {
                    return Err(Problem::new("42703", format!("column \"{name}\" does not exist")));
                }
                let mut key = payload_columns(written, names)?;
                key.sort_unstable();
                key.dedup();
                if !self.is_existing() && !base.is_key(&key) {
                    return Err(Problem::new(
                        "42P10",
                        "there is no unique or exclusion constraint matching the ON CONFLICT specification",
                    ));
                }
                key
            }
            None => match written.key() {
                Some(key) => key.into_iter().map(|(_, column)| column).collect(),
                None => return Ok(None),
            },
        };
        if conflict.resolution == Resolution::Ignore || payload.is_empty() {
            return Ok(Some(Conflict { key, action: ConflictAction::Ignore }));
        }
        let source = self.sources.fresh();
        let existing = |column: u32, ty: Type| Expr::column(source, column, ty);
        let filter = Expr::all(key.iter().map(|column| {
            let ty = base.column(*column).ty.ty.clone();
            Expr::compare(CompareOp::Eq, existing(*column, ty.clone()), new_value(*column, ty))
        }));
        self.require(written.named, Command::Update, payload)?;
        let mut checks = Vec::new();
        if written.rights == Rights::Invoker {
            for command in [Command::Update, Command::Select] {
                let expr = self.policy_predicate(base, command, &existing)?;
                if !expr.is_true() {
                    checks.push(RowCheck { expr, problem: error::existing_row_policy(base) });
                }
            }
        }
        let assigned: BTreeSet<u32> = payload.iter().copied().collect();
        checks.extend(self.new_row_checks(written, Command::Update, true, &|column, ty| {
            if assigned.contains(&column) { new_value(column, ty) } else { existing(column, ty) }
        })?);
        let columns = columns.iter().filter(|new| assigned.contains(&new.column)).cloned().collect();
        let update = UpdatePlan { table: base.id, source, filter, columns, checks, returning: None };
        Ok(Some(Conflict { key, action: ConflictAction::Update(Box::new(update)) }))
    }

    /// PUT: the filters must be all and only the primary key's columns, and equal the payload's.
    fn put_key(
        &mut self,
        written: &Written<'a>,
        filters: &[(String, query::SlotId)],
        columns: &[NewColumn],
    ) -> Result<Vec<(u32, u32)>> {
        let key = written.key().unwrap_or_default();
        let mut pairs = Vec::new();
        for (name, column) in &key {
            let Some((_, slot)) = filters.iter().find(|(filter, _)| filter == name) else { break };
            let position = columns.iter().position(|new| new.column == *column);
            let Some(position) = position else { break };
            let slot = self.type_slot(*slot, SlotType::Value(columns[position].ty.clone()));
            pairs.push((slot, position as u32));
        }
        if key.is_empty() || pairs.len() != key.len() || filters.len() != key.len() {
            return Err(Problem::new(
                "PGRST105",
                "Filters must include all and only primary key columns with 'eq' operators",
            ));
        }
        Ok(pairs)
    }
}

/// The value of a column of the row that is about to be written.
fn new_value(column: u32, ty: Type) -> Expr {
    Expr::new(ExprKind::Input(Input::New(column)), ty)
}

/// A column of a new row: what `row` says, or for a generated column what it is computed from.
fn complete(table: &Table, row: &NewRow<'_>, column: u32, ty: Type) -> Expr {
    match &table.column(column).default {
        ColumnDefault::Generated(expr) => {
            let mut expr = expr.clone();
            expr.replace_source(SourceId::ROW, |column, ty| complete(table, row, column, ty.clone()));
            expr
        }
        _ => row(column, ty),
    }
}

/// The base table's columns that the payload's names stand for.
fn payload_columns(written: &Written<'_>, names: &[String]) -> Result<Vec<u32>> {
    names
        .iter()
        .map(|name| {
            let column = written.relation.columns.iter().find(|column| column.name == *name);
            let column = column.ok_or_else(|| error::payload_column_not_found(&written.named.name, name))?;
            written.base_column(column).ok_or_else(|| {
                let message = format!("cannot write to column \"{name}\" of view \"{}\"", written.named.name);
                Problem::new("0A000", message).with_details(
                    "View columns that are not columns of their base relation are not updatable.",
                )
            })
        })
        .collect()
}

/// The named relation's own positions of the payload's columns, for its privileges.
fn named_columns(written: &Written<'_>, names: &[String]) -> Vec<u32> {
    names.iter().filter_map(|name| written.named.column_position(name)).collect()
}

/// Every column that an insert writes.
fn new_columns(table: &Table, payload: &[u32], missing: MissingAs) -> Result<Vec<NewColumn>> {
    (0..table.columns.len() as u32)
        .filter_map(|column| new_column(table, column, payload, missing).map_err(Problem::from).transpose())
        .collect()
}

/// The columns that an update sets.
fn assigned_columns(table: &Table, payload: &[u32], missing: MissingAs) -> Result<Vec<NewColumn>> {
    payload
        .iter()
        .filter_map(|column| new_column(table, *column, payload, missing).map_err(only_default).transpose())
        .collect()
}

/// An update words the refusal of a generated value in its own way.
fn only_default(refused: Refused) -> Problem {
    let problem =
        Problem::new("428C9", format!("column \"{}\" can only be updated to DEFAULT", refused.column));
    problem.with_details(refused.details)
}

/// A column that takes no value from outside.
struct Refused {
    column: String,
    details: String,
    hint: Option<&'static str>,
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let message = format!("cannot insert a non-DEFAULT value into column \"{}\"", refused.column);
        let problem = Problem::new("428C9", message).with_details(refused.details);
        match refused.hint {
            Some(hint) => problem.with_hint(hint),
            None => problem,
        }
    }
}

fn new_column(
    table: &Table,
    column: u32,
    payload: &[u32],
    missing: MissingAs,
) -> std::result::Result<Option<NewColumn>, Refused> {
    let declared = table.column(column);
    let cell = payload.iter().position(|given| *given == column).map(|cell| cell as u32);
    let refused = |details: String, hint| Refused { column: declared.name.clone(), details, hint };
    let default = match &declared.default {
        ColumnDefault::None => Otherwise::Null,
        ColumnDefault::Expr(expr) => Otherwise::Default(expr.clone()),
        ColumnDefault::Identity(identity) => {
            if identity.always && cell.is_some() {
                let details = format!(
                    "Column \"{}\" is an identity column defined as GENERATED ALWAYS.",
                    declared.name
                );
                return Err(refused(details, Some("Use OVERRIDING SYSTEM VALUE to override.")));
            }
            Otherwise::Identity
        }
        ColumnDefault::Native(_) => Otherwise::Native,
        ColumnDefault::Generated(_) => {
            return match cell {
                Some(_) => Err(refused(format!("Column \"{}\" is a generated column.", declared.name), None)),
                None => Ok(None),
            };
        }
    };
    let otherwise = if cell.is_some() && missing == MissingAs::Null { Otherwise::Null } else { default };
    Ok(Some(NewColumn { column, ty: declared.ty.clone(), cell, otherwise }))
}
