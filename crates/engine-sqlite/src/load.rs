//! Loads many rows in one transaction, without plans and policies: seeds, imports and copies of databases.

use std::sync::Arc;

use mainstay_base::Result;
use mainstay_catalog::{Catalog, Table};
use mainstay_dialect::Quoting;
use mainstay_dialect::sqlite::{self, Sql, row_id_column};
use mainstay_engine::{NewValue, Sequence, Target, violation};
use mainstay_expr::{Session, TableId};

use crate::bind::{self, NewRow, Values};
use crate::errors;
use crate::render::{IdentityColumn, Query};
use crate::violation::{Violation, proposed};
use crate::write::Failed;
use crate::writer::Writing;

/// Takes rows; foreign keys are checked when all have come, so that their order is free.
///
/// An error of any row undoes all of them.
pub struct Loader<'l, 'c> {
    writing: &'l mut Writing<'c>,
    catalog: Arc<Catalog>,
    session: Session,
    /// How rows of one form are written; the last one first, as the next row is most likely of the same.
    forms: Vec<Form>,
    rows: u64,
}

/// How rows of one target are written.
struct Form {
    target: Target,
    positions: Vec<Option<u32>>,
    identities: Vec<IdentityColumn>,
    row_id: Option<u32>,
    insert: Query,
}

impl<'l, 'c> Loader<'l, 'c> {
    pub(crate) fn begin(
        writing: &'l mut Writing<'c>,
        catalog: Arc<Catalog>,
        session: Session,
    ) -> Result<Self> {
        writing.prepare()?;
        writing.begin()?;
        let deferred = writing.statements.connection().execute_batch("PRAGMA defer_foreign_keys = ON");
        deferred.map_err(|error| errors::plain(&error))?;
        Ok(Self { writing, catalog, session, forms: Vec::new(), rows: 0 })
    }

    /// Adds a row with values for `columns` of a table; columns that are not named stay NULL.
    /// [`NewValue::Identity`] draws the next number of the column's sequence.
    pub fn insert(&mut self, table: TableId, columns: &[u32], row: &[NewValue]) -> Result<()> {
        self.add(&Target { table, columns: columns.to_vec(), on_conflict_do_nothing: None }, row)
    }

    /// The same for a target, which may say that duplicates are passed over.
    pub fn add(&mut self, target: &Target, row: &[NewValue]) -> Result<()> {
        match self.forms.iter().position(|form| form.target == *target) {
            Some(position) => self.forms.swap(0, position),
            None => self.forms.insert(0, Form::new(&self.catalog, target)),
        }
        let table = target.table;
        let form = &self.forms[0];
        let mut drawn = Vec::new();
        for identity in &form.identities {
            if row.get(identity.position) == Some(&NewValue::Identity) {
                self.writing.sequences.reserve_numbers(&mut self.writing.statements, identity, 1)?;
                drawn.push(self.writing.sequences.next(identity)?);
            }
        }
        let new = NewRow { values: row, drawn: &drawn, positions: &form.positions };
        let declared = self.catalog.table(table);
        if let Some(column) = form.row_id
            && new.rowid(declared).is_none()
        {
            let row = proposed(declared, &new, None, &self.session);
            return Err(violation::not_null(&self.catalog, declared, column, Some(&row), &self.session));
        }
        let values = Values { new: Some(new), ..Values::of(&[], &self.session) };
        let statements = &mut self.writing.statements;
        let statement = statements.get(&form.insert.sql).map_err(|error| errors::plain(&error))?;
        bind::query(statement, &form.insert, &values)?;
        let error = match statement.raw_execute() {
            Ok(added) => {
                self.rows += added as u64;
                return Ok(());
            }
            Err(error) => error,
        };
        let violation = Violation { catalog: &self.catalog, table, session: &self.session };
        Err(violation.of_new_row(statements, Failed::Sqlite(error), &new, None))
    }

    /// How many rows were added so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Moves the sequences past the greatest number in each column, so that the next number drawn is free. To be called
    /// after explicit numbers were loaded.
    pub fn advance_sequences(&mut self) -> Result<()> {
        let writing = &mut *self.writing;
        writing.sequences.advance(&writing.statements, &self.catalog)
    }

    /// A column's sequence hands out numbers after the last one from now on, unless it is beyond that already.
    pub fn advance_sequence(&mut self, sequence: Sequence) -> Result<()> {
        let table = self.catalog.table(sequence.table);
        let Some(identity) = IdentityColumn::new(table, sequence.column, 0) else { return Ok(()) };
        self.writing.sequences.advance_past(&self.writing.statements, &identity, sequence.last)
    }

    /// Checks the foreign keys and makes the rows durable.
    pub(crate) fn commit(self) -> Result<()> {
        self.writing.changes.end();
        self.writing.commit(Some((&self.catalog, &self.session)))?;
        self.writing.committed();
        Ok(())
    }

    /// Undoes everything.
    pub(crate) fn rollback(self) {
        self.writing.rollback();
    }
}

impl Form {
    fn new(catalog: &Catalog, target: &Target) -> Self {
        let declared = catalog.table(target.table);
        let mut positions = vec![None; declared.columns.len()];
        for (position, column) in target.columns.iter().enumerate() {
            positions[*column as usize] = Some(position as u32);
        }
        let identities = target.columns.iter().enumerate();
        let identities = identities
            .filter_map(|(position, column)| IdentityColumn::new(declared, *column, position))
            .collect();
        let mut insert = sqlite::insert(catalog, target.table, &target.columns);
        if let Some(key) = &target.on_conflict_do_nothing {
            insert.text.push_str(&pass_over_duplicates(declared, key));
        }
        Self {
            target: target.clone(),
            positions,
            identities,
            row_id: row_id_column(declared),
            insert: Query::new(insert),
        }
    }
}

/// `ON CONFLICT (key) DO NOTHING`; any key when none is named.
fn pass_over_duplicates(table: &Table, key: &[u32]) -> String {
    let names = key.iter().map(|column| Sql::identifier(table.column(*column).name.clone()));
    let clause = match key {
        [] => Sql::from(" ON CONFLICT"),
        _ => Sql::from(" ON CONFLICT (").then(Sql::join(names, ", ")).then(")"),
    };
    clause.then(" DO NOTHING").finish(Quoting::Double).0
}
