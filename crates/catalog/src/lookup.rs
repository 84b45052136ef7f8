//! Finding things in a catalog by name, in constant time.
//!
//! The maps follow from the public fields; whoever changes those by hand calls [`Catalog::reindex`].

use std::collections::HashMap;
use std::ops::Range;

use mainstay_expr::TableId;

use crate::lineage::inherited_key;
use crate::{Catalog, Function, FunctionId, Relationship, Table, detect};

/// What a name of a schema leads to, per kind of object.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    tables: Scoped<TableId>,
    functions: Scoped<Vec<FunctionId>>,
    types: Scoped<UserType>,
    /// By origin: where its relationships lie in the catalog's list.
    relationships: HashMap<TableId, Range<usize>>,
}

/// A type of the user's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UserType {
    /// Position in [`Catalog::enums`].
    Enum(u32),
    /// Position in [`Catalog::domains`].
    Domain(u32),
}

/// Names by schema. Two levels, so that a lookup borrows both parts.
#[derive(Debug, Clone)]
struct Scoped<T>(HashMap<String, HashMap<String, T>>);

impl<T> Default for Scoped<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T> Scoped<T> {
    fn get(&self, schema: &str, name: &str) -> Option<&T> {
        self.0.get(schema)?.get(name)
    }

    fn entry(&mut self, schema: &str, name: &str) -> std::collections::hash_map::Entry<'_, String, T> {
        self.0.entry(schema.to_owned()).or_default().entry(name.to_owned())
    }
}

impl Catalog {
    /// Rebuilds the maps behind the lookups from the public fields.
    pub fn reindex(&mut self) {
        let mut names = Names::default();
        for table in &self.tables {
            names.tables.entry(&table.schema, &table.name).or_insert(table.id);
        }
        for function in &self.functions {
            names.functions.entry(&function.schema, &function.name).or_default().push(function.id);
        }
        for (position, it) in (0..).zip(&self.enums) {
            names.types.entry(&it.schema, &it.name).or_insert(UserType::Enum(position));
        }
        for (position, it) in (0..).zip(&self.domains) {
            names.types.entry(&it.schema, &it.name).or_insert(UserType::Domain(position));
        }
        for (position, relationship) in self.relationships.iter().enumerate() {
            let range = names.relationships.entry(relationship.origin).or_insert(position..position);
            range.end = position + 1;
        }
        self.names = names;
    }

    /// Completes a catalog whose tables, views and functions are there: the keys that views inherit, relationships and names.
    pub fn relate(&mut self) {
        let views = self.tables.iter().filter(|table| table.is_view() && table.primary_key.is_none());
        let keys: Vec<_> = views.filter_map(|view| Some((view.id, inherited_key(self, view)?))).collect();
        for (view, key) in keys {
            self.tables[view.0 as usize].primary_key = Some(key);
        }
        self.relationships = detect::relationships(self);
        self.reindex();
    }

    /// The table or view of that schema and name.
    pub fn find_table(&self, schema: &str, name: &str) -> Option<&Table> {
        self.names.tables.get(schema, name).map(|id| self.table(*id))
    }

    /// All functions of that schema and name.
    pub fn find_functions<'a>(&'a self, schema: &str, name: &str) -> impl Iterator<Item = &'a Function> {
        self.names.functions.get(schema, name).into_iter().flatten().map(|id| self.function(*id))
    }

    /// The functions of a schema that can be called by their names and arguments: those of a row are fields of its table.
    pub fn callable_functions<'a>(&'a self, schema: &str) -> impl Iterator<Item = &'a Function> {
        self.functions.iter().filter(move |function| function.schema == schema && function.row.is_none())
    }

    /// The relationships that start at a table.
    pub fn relationships_of(&self, origin: TableId) -> impl Iterator<Item = &Relationship> {
        let range = self.names.relationships.get(&origin).cloned().unwrap_or(0..0);
        self.relationships[range].iter()
    }

    /// The enum or domain of that schema and name.
    pub(crate) fn find_type(&self, schema: &str, name: &str) -> Option<UserType> {
        self.names.types.get(schema, name).copied()
    }

    /// Adds a table under its name; the first of a name keeps it.
    pub(crate) fn declare_table(&mut self, table: Table) {
        self.names.tables.entry(&table.schema, &table.name).or_insert(table.id);
        self.tables.push(table);
    }

    /// Adds a function under its name.
    pub(crate) fn declare_function(&mut self, function: Function) {
        self.names.functions.entry(&function.schema, &function.name).or_default().push(function.id);
        self.functions.push(function);
    }

    /// Gives a name to a type that was just pushed.
    pub(crate) fn declare_type(&mut self, schema: &str, name: &str, to: UserType) {
        self.names.types.entry(schema, name).or_insert(to);
    }
}
