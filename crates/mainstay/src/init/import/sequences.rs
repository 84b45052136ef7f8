//! Sequences: those that belong to a column become its identity.

use std::collections::HashMap;

use mainstay_sql::{
    ColumnConstraint, ColumnConstraintKind, ColumnDef, CreateTable, Deferral, Expr, Identity,
    SequenceOptions, SequenceOwner, Statement,
};

use crate::names::{self, Key};
use crate::setval::{self, SetVal};

use super::left_out::LeftOut;

/// The sequences of a script.
#[derive(Debug, Default)]
pub struct Sequences {
    known: HashMap<Key, Sequence>,
    /// The column that each sequence numbers.
    columns: HashMap<Key, (Key, String)>,
}

#[derive(Debug)]
struct Sequence {
    options: SequenceOptions,
    line: u32,
}

impl Sequences {
    /// Takes note of a sequence.
    pub fn declare(&mut self, statement: &Statement, line: u32) {
        match statement {
            Statement::CreateSequence(it) => {
                self.known.insert(names::key(&it.name), Sequence { options: it.options.clone(), line });
            }
            Statement::AlterSequence(it) => {
                if let Some(SequenceOwner::Column(path)) = &it.options.owned_by {
                    self.belongs(names::key(&it.name), names::key(&path.table), &path.column.text);
                }
            }
            _ => {}
        }
    }

    /// A sequence numbers a column.
    pub fn belongs(&mut self, sequence: Key, table: Key, column: &str) {
        self.columns.insert(sequence, (table, column.to_owned()));
    }

    /// The identity that stands for `DEFAULT nextval(…)`; `None` for any other default.
    pub fn identity(&mut self, default: &Expr, table: &Key, column: &str) -> Option<ColumnConstraint> {
        let [sequence] = setval::arguments(default, "nextval")? else { return None };
        let sequence = names::in_text(&sequence.value)?;
        let options = self.known.get(&sequence).map(|it| it.options.clone()).unwrap_or_default();
        self.belongs(sequence, table.clone(), column);
        Some(identity(false, &options))
    }

    /// Turns the defaults of a table's columns into identities, where they draw from a sequence.
    pub fn convert(&mut self, table: &mut CreateTable) {
        let key = names::key(&table.name);
        for column in &mut table.columns {
            self.convert_column(&key, column);
        }
    }

    /// The same for one column.
    pub fn convert_column(&mut self, table: &Key, column: &mut ColumnDef) {
        for constraint in &mut column.constraints {
            if let ColumnConstraintKind::Default(value) = &constraint.kind
                && let Some(identity) = self.identity(value, table, &column.name.text)
            {
                *constraint = identity;
            }
        }
    }

    /// `SELECT setval(…)` as a statement that names the column and not the sequence, which no longer has a name of its own.
    pub fn print(&self, set: &SetVal, tables: &[&CreateTable]) -> Option<String> {
        let (table, column) = match &set.sequence {
            setval::Sequence::Of(table, column) => (table.clone(), column.clone()),
            setval::Sequence::Named(name) => match self.columns.get(name) {
                Some(known) => known.clone(),
                None => tables.iter().find_map(|table| implied(table, name))?,
            },
        };
        let called = if set.called { "" } else { ", false" };
        let (table, column) =
            (mainstay_sql::quote_literal(&names::sql(&table)), mainstay_sql::quote_literal(&column));
        Some(format!("select setval(pg_get_serial_sequence({table}, {column}), {}{called});\n", set.value))
    }

    /// Takes note of the sequences that number no column.
    pub fn leave_out_the_rest(&self, left_out: &mut LeftOut) {
        for (key, sequence) in &self.known {
            if !self.columns.contains_key(key) {
                left_out.add(
                    "CREATE SEQUENCE",
                    "sequences belong to columns: GENERATED … AS IDENTITY",
                    sequence.line,
                );
            }
        }
    }
}

/// The sequence's options that mean something to an identity: where it begins and its step, unless they are the usual ones.
pub fn kept(options: &SequenceOptions) -> SequenceOptions {
    SequenceOptions {
        start: options.start.filter(|start| *start != 1),
        increment: options.increment.filter(|increment| *increment != 1),
        ..SequenceOptions::default()
    }
}

/// `GENERATED … AS IDENTITY`
pub fn identity(always: bool, options: &SequenceOptions) -> ColumnConstraint {
    let kind = ColumnConstraintKind::Identity(Identity { always, sequence: Box::new(kept(options)) });
    ColumnConstraint { name: None, kind, deferral: Deferral::NotDeferrable, span: names::nowhere() }
}

/// The column of a table that a sequence of this name numbers by PostgreSQL's custom: `table_column_seq`.
fn implied(table: &CreateTable, sequence: &Key) -> Option<(Key, String)> {
    let key = names::key(&table.name);
    let column = table.columns.iter().find(|column| {
        let numbered = column.type_name.name.name.text.contains("serial")
            || column.constraints.iter().any(|it| matches!(it.kind, ColumnConstraintKind::Identity(_)));
        numbered && setval::usual_name(&key.1, &column.name.text) == sequence.1
    })?;
    (key.0 == sequence.0).then(|| (key, column.name.text.clone()))
}
