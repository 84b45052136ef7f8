//! Indexes that are no constraints.

use mainstay_expr::TableId;
use mainstay_sql as sql;
use sql::Diagnostic;

use super::Resolver;
use super::naming::free_name;
use crate::bind::{Bind, Binder, Clause, column_name};
use crate::{Index, IndexKey};

impl Resolver<'_> {
    pub(super) fn resolve_indexes(&mut self, statements: &[sql::Statement]) {
        for statement in statements {
            if let sql::Statement::CreateIndex(it) = statement {
                let _ = self.create_index(it);
            }
        }
    }

    fn create_index(&mut self, it: &sql::CreateIndex) -> Bind<()> {
        let table = self.base_table(&it.table)?;
        let schema = self.catalog.table(table).schema.clone();
        if let Some(name) = &it.name
            && it.if_not_exists
            && self.relations.contains_key(&(schema.clone(), name.text.clone()))
        {
            return Ok(());
        }
        if self.other_method(it)? {
            return Ok(());
        }
        for name in &it.include {
            self.column(table, name)?;
        }
        let keys: Vec<Bind<IndexKey>> =
            it.elements.iter().map(|element| self.index_key(table, element)).collect();
        let keys: Bind<Vec<IndexKey>> = keys.into_iter().collect();
        let filter = it.predicate.as_ref();
        let filter = filter.map(|filter| self.index_predicate(table, filter)).transpose();
        let (keys, filter) = (keys?, filter?);
        let name = self.index_name(table, it)?;
        let (unique, nulls_not_distinct) = (it.unique, it.nulls_not_distinct);
        self.table_mut(table).indexes.push(Index { name, unique, nulls_not_distinct, keys, filter });
        Ok(())
    }

    /// An index of another kind than the ordinary one only makes queries faster: it is left out, and that is said.
    fn other_method(&mut self, it: &sql::CreateIndex) -> Bind<bool> {
        let Some(method) = &it.method else { return Ok(false) };
        match &*method.text {
            "btree" | "hash" => Ok(false),
            "gin" | "gist" | "brin" | "spgist" => {
                let message = format!("an index USING {} is not supported and is left out", method.text);
                let help = "queries give the same answers without it";
                self.diagnostics.push(Diagnostic::warning("ignored", method.span, message).with_help(help));
                Ok(true)
            }
            other => {
                let message = format!("access method \"{other}\" does not exist");
                Err(self.error("unknown-method", method.span, message))
            }
        }
    }

    fn index_key(&mut self, table: TableId, element: &sql::IndexElement) -> Bind<IndexKey> {
        let mut binder = Binder::over_row(self, table, Clause::Index);
        if let Some(collation) = &element.collation {
            binder.known_collation(collation)?;
        }
        let expr = binder.value(&element.value)?;
        let called = binder.called;
        self.comparable(&expr.ty, element.value.span)?;
        self.require_immutable(&expr, called, element.value.span, Clause::Index)?;
        let nulls_first = element.nulls.map_or(element.descending, |nulls| nulls == sql::Nulls::First);
        Ok(IndexKey { expr, descending: element.descending, nulls_first })
    }

    fn index_predicate(&mut self, table: TableId, filter: &sql::Expr) -> Bind<mainstay_expr::Expr> {
        let mut binder = Binder::over_row(self, table, Clause::IndexPredicate);
        let expr = binder.condition(filter, "WHERE")?;
        let called = binder.called;
        self.require_immutable(&expr, called, filter.span, Clause::IndexPredicate)?;
        Ok(expr)
    }

    fn index_name(&mut self, table: TableId, it: &sql::CreateIndex) -> Bind<String> {
        let declared = self.catalog.table(table);
        let (schema, owner) = (declared.schema.clone(), declared.name.clone());
        let (name, span) = match &it.name {
            Some(name) => (name.text.clone(), name.span),
            None => {
                let taken = |name: &str| self.relations.contains_key(&(schema.clone(), name.to_owned()));
                (free_name(&owner, &key_names(&it.elements), "idx", taken), it.span)
            }
        };
        self.take_relation_name(&schema, &name, span)?;
        Ok(name)
    }
}

/// The keys' part of an index's name: columns by name, expressions by their function.
fn key_names(elements: &[sql::IndexElement]) -> String {
    let mut names: Vec<String> = Vec::with_capacity(elements.len());
    for element in elements {
        let name = column_name(&element.value);
        let name = if name == "?column?" { "expr".to_owned() } else { name };
        let mut unique = name.clone();
        let mut pass = 0_u32;
        while names.contains(&unique) {
            pass += 1;
            unique = format!("{name}{pass}");
        }
        names.push(unique);
    }
    names.join("_")
}
