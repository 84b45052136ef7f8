//! A migration as the statements that carry it out inside one transaction.
//!
//! Foreign keys that are in the way go first and come back last; a table that changes in more than an added column is built anew
//! and its rows are moved. Policies, rights and types follow the new schema, so that other programs of the database meet the same
//! rules.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mainstay_base::Result;
use mainstay_catalog::{Catalog, ColumnDefault, Command, ForeignKey, Policy, Privileges, Table};
use mainstay_expr::{EnumType, Role, SourceId};
use mainstay_migrate::{Change, Fill, Migration, Rebuild};

use super::ddl::{
    add_foreign_key, column, create_index, create_table, drop_constraint, drop_index, identity_sequence,
    is_labelled,
};
use super::render::{DefinerFunction, Renderer, table_name, type_name};
use super::{Sql, Statement, check_name};
use crate::sql::sql;

/// The statements of a migration, in order. What [`HOUSEHOLD`](super::HOUSEHOLD) creates must be there, and the roles too.
pub fn migration(migration: &Migration) -> Result<Vec<Statement>> {
    let mut work = Work { migration, statements: Vec::new() };
    work.schemas();
    work.drop_policies();
    let replaced = work.types();
    let keys = work.drop_foreign_keys();
    work.steps()?;
    for (table, key) in keys {
        work.run(add_foreign_key(&migration.to, table, key));
    }
    for declared in replaced {
        work.run(sql!["DROP TYPE ", set_aside(&declared)]);
    }
    work.defaults();
    work.rights()?;
    Ok(work.statements)
}

/// A role that nobody can sign in as.
pub fn create_role(name: &str) -> Statement {
    Statement::new(sql!["CREATE ROLE ", Sql::identifier(name), " NOLOGIN NOINHERIT"], Vec::new())
}

struct Work<'m> {
    migration: &'m Migration,
    statements: Vec<Statement>,
}

impl<'m> Work<'m> {
    fn run(&mut self, sql: Sql) {
        self.statements.push(Statement::new(sql, Vec::new()));
    }

    fn schemas(&mut self) {
        for name in self.migration.to.schemas.keys() {
            self.run(sql!["CREATE SCHEMA IF NOT EXISTS ", Sql::identifier(name.clone())]);
        }
    }

    fn drop_policies(&mut self) {
        for table in base_tables(&self.migration.from) {
            for policy in &table.policies {
                let name = Sql::identifier(policy.name.clone());
                self.run(sql!["DROP POLICY IF EXISTS ", name, " ON ", table_name(table)]);
            }
        }
        let from = &*self.migration.from;
        let mut functions = BTreeMap::new();
        for (table, policy) in policies(from) {
            // What could not be said was not made either.
            if let Ok((_, called)) = create_policy(from, table, policy) {
                functions.extend(called.into_iter().map(|function| (function.name.clone(), function)));
            }
        }
        for function in functions.values() {
            self.run(function.drop());
        }
    }

    /// Creates new types; those that change or go are set aside until nothing uses them any more. Answers with the latter.
    fn types(&mut self) -> Vec<Arc<EnumType>> {
        let (from, to) = (&self.migration.from.enums, &self.migration.to.enums);
        let gone: Vec<_> = from.iter().filter(|old| !to.contains(old)).cloned().collect();
        for old in &gone {
            let aside = Sql::identifier(aside_name(old));
            self.run(sql!["ALTER TYPE ", enum_name(old), " RENAME TO ", aside]);
        }
        for new in to.iter().filter(|new| !from.contains(new)) {
            let labels = Sql::join(new.labels.iter().map(|label| Sql::text(label.clone())), ", ");
            self.run(sql!["CREATE TYPE ", enum_name(new), " AS ENUM (", labels, ")"]);
        }
        gone
    }

    /// Drops the foreign keys of and to tables that are dropped or built anew. Answers with those that the new schema has there.
    fn drop_foreign_keys(&mut self) -> Vec<(&'m Table, &'m ForeignKey)> {
        let (from, to) = (&*self.migration.from, &*self.migration.to);
        let mut gone = BTreeSet::new();
        let mut made = BTreeSet::new();
        for step in &self.migration.steps {
            match &step.change {
                Change::DropTable { dropped } => _ = gone.insert(*dropped),
                Change::CreateTable(table) => _ = made.insert(*table),
                Change::RebuildTable(rebuild) => {
                    gone.insert(rebuild.from);
                    made.insert(rebuild.to);
                }
                _ => {}
            }
        }
        for table in base_tables(from) {
            let all = gone.contains(&table.id);
            for key in table.foreign_keys.iter().filter(|key| all || gone.contains(&key.target)) {
                self.run(drop_constraint(table, &key.name));
            }
        }
        let mut keys = Vec::new();
        for table in base_tables(to) {
            let all = made.contains(&table.id);
            keys.extend(
                table
                    .foreign_keys
                    .iter()
                    .filter(|key| all || made.contains(&key.target))
                    .map(|key| (table, key)),
            );
        }
        keys
    }

    fn steps(&mut self) -> Result<()> {
        let (from, to) = (&*self.migration.from, &*self.migration.to);
        for step in &self.migration.steps {
            match &step.change {
                Change::CreateTable(table) => self.create(to.table(*table))?,
                Change::DropTable { dropped } => {
                    self.run(sql!["DROP TABLE ", table_name(from.table(*dropped))]);
                }
                Change::AddColumn { table, column: position } => {
                    let table = to.table(*table);
                    let added = column(to, table, table.column(*position))?;
                    self.run(sql!["ALTER TABLE ", table_name(table), " ADD COLUMN ", added]);
                }
                Change::RebuildTable(rebuild) => self.rebuild(rebuild)?,
                Change::CreateIndex { table, index } => {
                    let table = to.table(*table);
                    self.run(create_index(to, table, &table.indexes[*index as usize])?);
                }
                Change::DropIndex { dropped, index } => {
                    let table = from.table(*dropped);
                    self.run(drop_index(table, &table.indexes[*index as usize]));
                }
                Change::Meaning(_) => {}
            }
        }
        Ok(())
    }

    fn create(&mut self, table: &Table) -> Result<()> {
        let to = &*self.migration.to;
        self.run(create_table(to, table)?);
        for index in &table.indexes {
            self.run(create_index(to, table, index)?);
        }
        Ok(())
    }

    /// Sets the old table aside, with none of the names that the new one may want, and moves its rows.
    fn rebuild(&mut self, rebuild: &Rebuild) -> Result<()> {
        let (from, to) = (&*self.migration.from, &*self.migration.to);
        let (old, new) = (from.table(rebuild.from), to.table(rebuild.to));
        for index in &old.indexes {
            self.run(drop_index(old, index));
        }
        for key in old.primary_key.iter().chain(&old.uniques) {
            self.run(drop_constraint(old, &key.name));
        }
        for position in 0..old.checks.len() {
            self.run(drop_constraint(old, &check_name(old, position)));
        }
        let mut aside = old.clone();
        aside.name = format!("_mainstay_old_{}", rebuild.from.0);
        self.run(sql!["ALTER TABLE ", table_name(old), " RENAME TO ", Sql::identifier(aside.name.clone())]);
        self.create(new)?;
        self.move_rows(rebuild, &aside, new)?;
        self.move_sequences(rebuild, &aside, new);
        self.run(sql!["DROP TABLE ", table_name(&aside)]);
        Ok(())
    }

    fn move_rows(&mut self, rebuild: &Rebuild, old: &Table, new: &Table) -> Result<()> {
        let mut renderer = Renderer::of_old_row(&self.migration.from, old);
        let (mut names, mut values) = (Vec::new(), Vec::new());
        for (position, fill) in &rebuild.fills {
            // numbers are drawn by the table itself
            let Fill::Expr(expr) = fill else { continue };
            let own = new.column(*position);
            let value = renderer.expr(expr)?;
            names.push(Sql::identifier(own.name.clone()));
            values.push(match is_labelled(&own.ty.ty) {
                true => {
                    let text = if own.ty.ty.element().is_some() { "::text[]::" } else { "::text::" };
                    sql!["(", value, ")", text, type_name(&own.ty.ty)]
                }
                false => value,
            });
        }
        let rows = sql![" FROM ", table_name(old), " AS ", Sql::numbered("s", u64::from(SourceId::ROW.0))];
        let (names, values) = (Sql::join(names, ", "), Sql::join(values, ", "));
        self.run(sql![
            "INSERT INTO ",
            table_name(new),
            " (",
            names,
            ") OVERRIDING SYSTEM VALUE SELECT ",
            values,
            rows
        ]);
        Ok(())
    }

    /// Sequences go with their columns.
    fn move_sequences(&mut self, rebuild: &Rebuild, old: &Table, new: &Table) {
        for (position, fill) in &rebuild.fills {
            let Fill::Expr(expr) = fill else { continue };
            let mainstay_expr::ExprKind::Column(source) = expr.kind else { continue };
            let (was, is) = (old.column(source.column), new.column(*position));
            if identity_sequence(was).is_none() || identity_sequence(is).is_none() {
                continue;
            }
            let (was, is) =
                (super::render::sequence(old, source.column), super::render::sequence(new, *position));
            self.run(sql![
                "SELECT setval(",
                is,
                "::regclass, pg_sequence_last_value(",
                was.clone(),
                "::regclass)) WHERE pg_sequence_last_value(",
                was,
                "::regclass) IS NOT NULL"
            ]);
        }
    }

    /// Defaults of columns that are kept as they are. They are for other programs: we compute our own.
    fn defaults(&mut self) {
        let (from, to) = (&*self.migration.from, &*self.migration.to);
        for table in base_tables(to) {
            let named = |old: &&Table| old.schema == table.schema && old.name == table.name;
            let Some(old) = base_tables(from).find(named) else { continue };
            for own in &table.columns {
                let was = old.columns.iter().find(|was| was.name == own.name).map(|was| &was.default);
                let set = match (was, &own.default) {
                    (Some(was), is) if was == is => continue,
                    (Some(ColumnDefault::Expr(_)), ColumnDefault::None) => Sql::from("DROP DEFAULT"),
                    (Some(ColumnDefault::None | ColumnDefault::Expr(_)), ColumnDefault::Expr(expr)) => {
                        match Renderer::of_row(to, table).expr(expr) {
                            Ok(expr) => sql!["SET DEFAULT ", expr],
                            Err(_) => Sql::from("DROP DEFAULT"),
                        }
                    }
                    _ => continue,
                };
                let column = Sql::identifier(own.name.clone());
                self.run(sql!["ALTER TABLE ", table_name(table), " ALTER COLUMN ", column, " ", set]);
            }
        }
    }

    /// Policies and rights as the new schema has them.
    fn rights(&mut self) -> Result<()> {
        let to = &*self.migration.to;
        let roles = all_roles(to);
        let names = Sql::join(roles.iter().map(|role| Sql::identifier(role.name())), ", ");
        for schema in to.schemas.keys() {
            self.run(sql!["GRANT USAGE ON SCHEMA ", Sql::identifier(schema.clone()), " TO ", names.clone()]);
        }
        for table in base_tables(to) {
            let security = if table.row_security { " ENABLE" } else { " DISABLE" };
            self.run(sql!["ALTER TABLE ", table_name(table), security, " ROW LEVEL SECURITY"]);
            for policy in &table.policies {
                let (create, called) = create_policy(to, table, policy)?;
                called.into_iter().for_each(|function| self.run(function.create));
                self.run(create);
            }
            self.run(sql!["REVOKE ALL ON ", table_name(table), " FROM PUBLIC, ", names.clone()]);
            for role in &roles {
                self.grant(table, role);
            }
        }
        Ok(())
    }

    /// Without row-level security a table is closed to all who do not pass by it.
    fn grant(&mut self, table: &Table, role: &Role) {
        if !table.row_security && !role.bypasses_row_security() {
            return;
        }
        let rights = match table.grants.0.get(role.name()) {
            None => vec![Sql::from("SELECT, INSERT, UPDATE, DELETE")],
            Some(Privileges(privileges)) => privileges
                .iter()
                .map(|(command, columns)| match columns {
                    None => Sql::from(word(*command)),
                    Some(columns) => {
                        let name = |column: &u32| Sql::identifier(table.column(*column).name.clone());
                        sql![word(*command), " (", Sql::join(columns.iter().map(name), ", "), ")"]
                    }
                })
                .collect(),
        };
        if !rights.is_empty() {
            let (rights, role) = (Sql::join(rights, ", "), Sql::identifier(role.name()));
            self.run(sql!["GRANT ", rights, " ON ", table_name(table), " TO ", role]);
        }
    }
}

/// CREATE POLICY, and the functions that it calls.
fn create_policy(catalog: &Catalog, table: &Table, policy: &Policy) -> Result<(Sql, Vec<DefinerFunction>)> {
    let kind = if policy.permissive { " AS PERMISSIVE FOR " } else { " AS RESTRICTIVE FOR " };
    let roles = match policy.roles.is_empty() {
        true => Sql::from("PUBLIC"),
        false => Sql::join(policy.roles.iter().map(|role| Sql::identifier(role.name())), ", "),
    };
    let name = Sql::identifier(policy.name.clone());
    let command = policy.command.map_or("ALL", word);
    let mut sql = sql!["CREATE POLICY ", name, " ON ", table_name(table), kind, command, " TO ", roles];
    let mut renderer = Renderer::of_policy(catalog, table);
    if let Some(using) = &policy.using {
        sql = sql![sql, " USING (", renderer.expr(using)?, ")"];
    }
    if let Some(check) = &policy.with_check {
        sql = sql![sql, " WITH CHECK (", renderer.expr(check)?, ")"];
    }
    Ok((sql, renderer.into_definers()))
}

fn policies(catalog: &Catalog) -> impl Iterator<Item = (&Table, &Policy)> {
    base_tables(catalog).flat_map(|table| table.policies.iter().map(move |policy| (table, policy)))
}

/// The three roles that always exist and those that the schema names.
fn all_roles(catalog: &Catalog) -> Vec<Role> {
    let named = catalog.roles.iter().map(String::as_str);
    [Role::ANON, Role::AUTHENTICATED, Role::SERVICE].into_iter().chain(named).map(Role::new).collect()
}

fn word(command: Command) -> &'static str {
    match command {
        Command::Select => "SELECT",
        Command::Insert => "INSERT",
        Command::Update => "UPDATE",
        Command::Delete => "DELETE",
    }
}

fn base_tables(catalog: &Catalog) -> impl Iterator<Item = &Table> {
    catalog.tables.iter().filter(|table| !table.is_view())
}

fn enum_name(declared: &EnumType) -> Sql {
    sql![Sql::identifier(declared.schema.clone()), ".", Sql::identifier(declared.name.clone())]
}

fn aside_name(declared: &EnumType) -> String {
    format!("_mainstay_old_{}", declared.name)
}

fn set_aside(declared: &EnumType) -> Sql {
    sql![Sql::identifier(declared.schema.clone()), ".", Sql::identifier(aside_name(declared))]
}
