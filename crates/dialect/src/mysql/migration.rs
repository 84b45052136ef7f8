//! A migration in three stages, since DDL cannot be rolled back here: everything that can be undone is prepared beside the tables
//! in use, one RENAME TABLE switches to it, and what is left over is cleared away, which can be repeated until it is done.

use std::collections::BTreeMap;

use mainstay_base::{Problem, Result};
use mainstay_catalog::{Catalog, ForeignKey, Identity, Index, Table};
use mainstay_expr::{
    Expr, FromItem, Item, Rights, Select, SourceId, TableId, TableSource, Tree, Type, Value,
};
use mainstay_migrate::{Change, Fill, Migration, Rebuild};

use super::ddl::{
    Build, HIDDEN_KEY, add_foreign_key, column_definition, create_index, create_table, drop_foreign_key,
    drop_index, finished, kept_column, table_name, unreferenced_in,
};
use super::flavour::Flavour;
use super::kept::{Kept, hidden_name, kept, unsaid_keys};
use super::render::{MySql, update_hidden};
use super::statement::Statement;
use super::storage::{self, Storage};
use super::{Restriction, Sql, rest};
use crate::Constant;
use crate::render::{Renderer, alias};
use crate::sql::sql;
use crate::statement::{Bound, Form, Input};

/// What a migration does.
#[derive(Debug, Default)]
pub struct MigrationSql {
    /// First, in order: nothing that is in use changes its meaning, and each can be undone.
    pub prepare: Vec<Prepare>,
    /// Then these must find no row.
    pub checks: Vec<Check>,
    /// Then one RENAME TABLE: old names and new ones, in order.
    pub switch: Vec<(String, String)>,
    /// Last, with foreign keys unchecked. It can be repeated.
    pub finish: Vec<Finish>,
}

/// Something that is prepared.
#[derive(Debug)]
pub struct Prepare {
    /// What is done.
    pub action: Action,
    /// What undoes it.
    pub undo: Option<String>,
    /// The step of the migration that it belongs to.
    pub step: usize,
}

/// A part of the preparation.
#[derive(Debug)]
pub enum Action {
    /// DDL.
    Run(String),
    /// One statement moves all rows of the table of that name.
    Copy {
        /// The table's name in the database.
        table: String,
        /// The statement.
        statement: Statement,
    },
    /// The rows of a statement: what tells a row apart ([`Bound::Rows`] with this row alone), and last the value [`Bound::New`] 0 of
    /// `update`, as it was read.
    Fill {
        /// The table's name in the database.
        table: String,
        /// Reads the rows.
        read: Statement,
        /// Changes one.
        update: Statement,
    },
    /// The rows of a statement are added one by one: the n-th value of each is [`Bound::New`] n of `insert`, as it was read.
    Move {
        /// The name in the database of the table that rows come from.
        table: String,
        /// Reads the rows.
        read: Statement,
        /// Adds one.
        insert: Statement,
    },
}

/// A statement that must find nothing.
#[derive(Debug)]
pub struct Check {
    /// The statement.
    pub find: Statement,
    /// What is wrong when it finds something.
    pub problem: Problem,
}

/// Something that is cleared away.
#[derive(Debug)]
pub struct Finish {
    /// DDL.
    pub text: String,
    /// Whether the error 1091, that there is nothing to drop, means that it has been done before.
    pub drops: bool,
}

/// What a migration does; its name is one that no other has had.
///
/// # Errors
/// `0A000` for a table that MySQL cannot keep.
pub fn migration(flavour: Flavour, name: &str, migration: &Migration) -> Result<MigrationSql> {
    let mut work = Work {
        flavour,
        name,
        from: &migration.from,
        to: &migration.to,
        building: BTreeMap::new(),
        gone: Vec::new(),
        done: MigrationSql::default(),
    };
    for (step, change) in migration.steps.iter().enumerate() {
        match &change.change {
            Change::CreateTable(table) => _ = work.building.insert(*table, format!("_mainstay_new_{step}")),
            Change::RebuildTable(rebuild) => {
                work.building.insert(rebuild.to, format!("_mainstay_new_{step}"));
            }
            _ => {}
        }
    }
    for (step, change) in migration.steps.iter().enumerate() {
        work.step(step, &change.change)?;
    }
    work.foreign_keys()?;
    Ok(work.done)
}

struct Work<'m> {
    flavour: Flavour,
    /// The migration's name, which no other has.
    name: &'m str,
    from: &'m Catalog,
    to: &'m Catalog,
    /// The names of tables that are not in use yet.
    building: BTreeMap<TableId, String>,
    /// Tables of the old catalog that go.
    gone: Vec<TableId>,
    done: MigrationSql,
}

impl Work<'_> {
    fn prepare(&mut self, step: usize, run: String, undo: Option<String>) {
        self.done.prepare.push(Prepare { action: Action::Run(run), undo, step });
    }

    fn finish(&mut self, text: String) {
        self.done.finish.push(Finish { text, drops: false });
    }

    fn step(&mut self, step: usize, change: &Change) -> Result<()> {
        match change {
            Change::CreateTable(table) => {
                self.create(step, *table)?;
                self.indexes(step, *table)
            }
            Change::RebuildTable(rebuild) => {
                self.set_aside(step, rebuild.from);
                self.create(step, rebuild.to)?;
                let action = self.copied(rebuild)?;
                self.done.prepare.push(Prepare { action, undo: None, step });
                self.indexes(step, rebuild.to)
            }
            Change::DropTable { dropped } => {
                self.set_aside(step, *dropped);
                Ok(())
            }
            Change::AddColumn { table, column } => self.add_column(step, self.to.table(*table), *column),
            Change::CreateIndex { table, index } => {
                let table = self.to.table(*table);
                let index = &table.indexes[*index as usize];
                self.fit_columns(table, index, |work, run, undo| work.prepare(step, run, Some(undo)))?;
                let name = table_name(table);
                self.fill_kept(step, table, index)?;
                let created = create_index(self.flavour, self.to, table, index, &name)?;
                let dropped = drop_index(self.flavour, self.to, table, index, &name)?;
                if let Some(created) = created {
                    self.prepare(step, created.text, dropped.map(|dropped| dropped.text));
                }
                Ok(())
            }
            Change::DropIndex { dropped, index } => {
                let table = self.from.table(*dropped);
                let index = &table.indexes[*index as usize];
                let name = table_name(table);
                if let Some(dropped) = drop_index(self.flavour, self.from, table, index, &name)? {
                    self.done.finish.push(Finish { text: dropped.text, drops: true });
                }
                Ok(())
            }
            Change::Meaning(_) => Ok(()),
        }
    }

    /// A new table under a name of its own.
    fn create(&mut self, step: usize, table: TableId) -> Result<()> {
        let name = self.building.get(&table).cloned().unwrap_or_default();
        let table = self.to.table(table);
        let created =
            create_table(self.flavour, self.to, table, Build { table: &name, migration: self.name })?;
        let dropped = finished(sql!["DROP TABLE IF EXISTS ", Sql::identifier(name.clone())])?;
        self.prepare(step, created.text, Some(dropped.text));
        self.done.switch.push((name, table_name(table)));
        Ok(())
    }

    fn indexes(&mut self, step: usize, table: TableId) -> Result<()> {
        let name = self.building.get(&table).cloned().unwrap_or_default();
        let table = self.to.table(table);
        for index in &table.indexes {
            if let Some(created) = create_index(self.flavour, self.to, table, index, &name)? {
                self.prepare(step, created.text, None);
            }
        }
        Ok(())
    }

    /// A table goes by another name, and then for good.
    fn set_aside(&mut self, step: usize, table: TableId) {
        self.gone.push(table);
        let aside = format!("_mainstay_old_{step}");
        self.done.switch.insert(0, (table_name(self.from.table(table)), aside.clone()));
        self.finish(format!("DROP TABLE IF EXISTS `{aside}`"));
    }

    fn add_column(&mut self, step: usize, table: &Table, column: u32) -> Result<()> {
        let name = Sql::identifier(table_name(table));
        let definition = column_definition(self.flavour, self.to, table, column)?;
        let added = finished(sql!["ALTER TABLE ", name.clone(), " ADD COLUMN ", definition])?;
        let column = Sql::identifier(table.column(column).name.clone());
        let dropped = finished(sql!["ALTER TABLE ", name, " DROP COLUMN ", column])?;
        self.prepare(step, added.text, Some(dropped.text));
        Ok(())
    }

    /// Columns that were of any length and are to be part of a unique key.
    fn fit_columns(
        &mut self,
        table: &Table,
        index: &Index,
        mut run: impl FnMut(&mut Self, String, String),
    ) -> Result<()> {
        let old = self.from.tables.iter().find(|old| old.schema == table.schema && old.name == table.name);
        let Some(old) = old.filter(|_| index.unique) else { return Ok(()) };
        for (position, column) in (0u32..).zip(&table.columns) {
            let Some(before) = old.column_position(&column.name) else { continue };
            let modify = |definition: Sql| {
                finished(sql![
                    "ALTER TABLE ",
                    Sql::identifier(table_name(table)),
                    " MODIFY COLUMN ",
                    definition
                ])
            };
            let new = modify(column_definition(self.flavour, self.to, table, position)?)?.text;
            let old = modify(column_definition(self.flavour, self.from, old, before)?)?.text;
            if new != old {
                run(self, new, old);
            }
        }
        Ok(())
    }

    /// The columns that we write for a new index, with their values in the rows there are.
    fn fill_kept(&mut self, step: usize, table: &Table, index: &Index) -> Result<()> {
        let unsaid = unsaid_keys(self.to, table, index);
        let kept = kept(self.to, table);
        let name = table_name(table);
        for (at, expr) in unsaid {
            let hidden = hidden_name(&index.name, at);
            let Some(kept) = kept.iter().find(|kept| kept.name == hidden) else { continue };
            let Some(definition) = kept_column(table, kept) else { continue };
            let added =
                finished(sql!["ALTER TABLE ", Sql::identifier(name.clone()), " ADD COLUMN ", definition])?;
            let column = Sql::identifier(hidden.clone());
            let dropped =
                finished(sql!["ALTER TABLE ", Sql::identifier(name.clone()), " DROP COLUMN ", column])?;
            self.prepare(step, added.text, Some(dropped.text));
            let dialect = MySql::new(self.flavour);
            let read = rest::rows_with(&dialect, self.to, (table.id, SourceId::ROW), &[expr])?;
            let update = update_hidden(table, &hidden, &kept.storage);
            let action = Action::Fill { table: name.clone(), read, update };
            self.done.prepare.push(Prepare { action, undo: None, step });
        }
        Ok(())
    }

    /// The rows' way into a table that is being built.
    fn copied(&self, rebuild: &Rebuild) -> Result<Action> {
        let (old, new) = (self.from.table(rebuild.from), self.to.table(rebuild.to));
        let into = self.building.get(&rebuild.to).cloned().unwrap_or_default();
        let names =
            rebuild.fills.iter().map(|(position, _)| Sql::identifier(new.column(*position).name.clone()));
        let insert = sql!["INSERT INTO ", Sql::identifier(into), " (", Sql::join(names, ", "), ") "];
        let table = table_name(old);
        let kept = kept(self.to, new);
        if kept.is_empty()
            && let Ok(values) = self.copied_values(old, new, rebuild)
        {
            let row = sql![Sql::identifier(table.clone()), " AS ", alias(SourceId::ROW)];
            let select = sql![insert, "SELECT ", Sql::join(values, ", "), " FROM ", row];
            let select = sql![select, " ORDER BY ", order_of(old)];
            return Ok(Action::Copy { table, statement: Statement::new(select, Vec::new()) });
        }
        self.moved(old, new, rebuild, &kept, table)
    }

    fn copied_values(&self, old: &Table, new: &Table, rebuild: &Rebuild) -> Result<Vec<Sql>> {
        let dialect = MySql::new(self.flavour);
        let mut renderer = Renderer::of_aliased_row(&dialect, self.from, old);
        let mut values = Vec::new();
        for (position, fill) in &rebuild.fills {
            values.push(match fill {
                Fill::Expr(expr) => renderer.value_as(expr, &storage::of(&new.column(*position).ty))?,
                Fill::Identity(identity) => next_of(old, identity),
            });
        }
        Ok(values)
    }

    /// Values that are not SQL are computed on the way.
    fn moved(
        &self,
        old: &Table,
        new: &Table,
        rebuild: &Rebuild,
        kept: &[Kept],
        table: String,
    ) -> Result<Action> {
        let into = self.building.get(&rebuild.to).cloned().unwrap_or_default();
        let dialect = MySql::new(self.flavour);
        let source =
            TableSource { source: SourceId::ROW, table: old.id, rights: Rights::Definer, visible: None };
        let mut items = Vec::new();
        for (_, fill) in &rebuild.fills {
            match fill {
                Fill::Expr(expr) => items.push(Item { expr: expr.clone(), name: String::new() }),
                Fill::Identity(_) => {
                    let message = "a table cannot get numbered rows and computed values at once";
                    return Err(Problem::new("0A000", message)
                        .with_hint("Change the one first, and the other with the next migration."));
                }
            }
        }
        let mut columns: Vec<(String, Storage)> = Vec::new();
        for (column, _) in &rebuild.fills {
            let column = new.column(*column);
            columns.push((column.name.clone(), storage::of(&column.ty)));
        }
        for kept in kept {
            items.push(Item { expr: filled(&kept.expr, rebuild), name: String::new() });
            columns.push((kept.name.clone(), kept.storage.clone()));
        }
        let select = Select { from: vec![FromItem::Table(source)], items, ..Select::default() };
        let read = rest::statement(&dialect, self.from, &select, Restriction::None)?;
        let insert = insert_read(&into, columns);
        Ok(Action::Move { table, read, insert: Statement::new(insert, Vec::new()) })
    }

    /// Foreign keys of and to new tables: their rows are checked before, and the keys come after.
    fn foreign_keys(&mut self) -> Result<()> {
        let mut keys: Vec<(&Table, &ForeignKey)> = Vec::new();
        for table in self.to.tables.iter().filter(|table| !table.is_view()) {
            let is_new = self.building.contains_key(&table.id);
            let wanted =
                table.foreign_keys.iter().filter(|key| is_new || self.building.contains_key(&key.target));
            keys.extend(wanted.map(|key| (table, key)));
        }
        let mut dialect = MySql::new(self.flavour);
        dialect.building.clone_from(&self.building);
        let mut dropped = Vec::new();
        for (table, key) in &keys {
            let find = unreferenced_in(&dialect, self.to, table, key)?;
            let message = format!(
                "insert or update on table \"{}\" violates foreign key constraint \"{}\"",
                table.name, key.name
            );
            self.done.checks.push(Check { find, problem: Problem::new("23503", message) });
            let text = drop_foreign_key(table, key)?.text;
            dropped.push(Finish { text, drops: true });
        }
        self.done.finish.splice(0..0, dropped);
        for (table, key) in keys {
            self.finish(add_foreign_key(self.to, table, key)?.text);
        }
        Ok(())
    }
}

/// A value over a new row as one over the old row that it comes from.
fn filled(expr: &Expr, rebuild: &Rebuild) -> Expr {
    let mut expr = expr.clone();
    expr.replace_source(SourceId::ROW, |column, ty: &Type| {
        let fill = rebuild.fills.iter().find(|(position, _)| *position == column);
        match fill {
            Some((_, Fill::Expr(expr))) => expr.clone(),
            _ => Expr::literal(Value::Null, ty.clone()),
        }
    });
    expr
}

/// INSERT of a row as it was read: its n-th value is [`Bound::New`] n.
fn insert_read(into: &str, columns: Vec<(String, Storage)>) -> Sql {
    let (names, storages): (Vec<String>, Vec<Storage>) = columns.into_iter().unzip();
    let names = Sql::join(names.into_iter().map(Sql::identifier), ", ");
    let values = storages.into_iter().enumerate().map(|(position, storage)| {
        let form = Form::Storage(storage);
        Sql::input(Input { value: Bound::New(position as u32), form })
    });
    sql!["INSERT INTO ", Sql::identifier(into), " (", names, ") VALUES (", Sql::join(values, ", "), ")"]
}

/// What keeps the rows of a table in the order in which they came, as far as it is known.
fn order_of(table: &Table) -> Sql {
    let own = |name: Sql| sql![alias(SourceId::ROW), ".", name];
    match &table.primary_key {
        Some(key) => {
            let columns = key.columns.iter().map(|column| table.column(*column).name.clone());
            Sql::join(columns.map(|name| own(Sql::identifier(name))), ", ")
        }
        None => own(Sql::from(HIDDEN_KEY)),
    }
}

/// The number that a row gets from a new sequence, by its place among the rows.
fn next_of(old: &Table, identity: &Identity) -> Sql {
    let number = |number| Sql::constant(Constant::Int(number));
    let place = sql!["(ROW_NUMBER() OVER (ORDER BY ", order_of(old), ") - 1)"];
    sql!["(", number(identity.start), " + ", place, " * ", number(identity.increment), ")"]
}
