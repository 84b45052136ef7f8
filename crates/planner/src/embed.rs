//! From one level to the next: the embeds of a level, and the selects that lead to their rows.

use mainstay_base::Result;
use mainstay_catalog::{Link, Relationship, Table};
use mainstay_expr::{CompareOp, Expr, ExprKind, FromItem, Select};
use mainstay_query::{Embed, EmbedJoin, Level, SelectItem};

use crate::Planner;
use crate::error;
use crate::relation::Relation;
use crate::search::find_relationship;

/// What names mean at a level: its relation and its embeds.
pub(crate) struct Scope<'a, 'q> {
    /// The level's rows.
    pub relation: Relation<'a>,
    /// Its embeds, in the order of the select list.
    pub embeds: Vec<Joined<'a, 'q>>,
}

/// An embed and the relationship it means.
#[derive(Clone, Copy)]
pub(crate) struct Joined<'a, 'q> {
    /// As it was asked for.
    pub embed: &'q Embed,
    /// What that means.
    pub relationship: &'a Relationship,
    /// How many levels there are above the embed's own.
    pub depth: usize,
}

/// The way from a row to its related rows.
pub(crate) struct Linked<'a> {
    /// The target, and the junction if there is one.
    pub from: Vec<FromItem>,
    /// The target's columns.
    pub relation: Relation<'a>,
    /// What ties target and junction; TRUE without a junction.
    pub on: Expr,
    /// The key in the origin's scope …
    pub origin_key: Vec<Expr>,
    /// … and in the scope of `from`: equal values of the same types.
    pub target_key: Vec<Expr>,
}

impl<'a, 'q> Scope<'a, 'q> {
    /// The embed that filters and orders call by that name.
    pub fn embed(&self, name: &str) -> Option<Joined<'a, 'q>> {
        self.embeds
            .iter()
            .find(|joined| joined.embed.name() == name)
            .or_else(|| self.embeds.iter().find(|joined| joined.embed.relation == name))
            .copied()
    }

    /// The embed of that name, unless only its relation is called so and a column is as well (`boss:manager_id(name)`).
    pub fn embed_or_column(&self, name: &str) -> Option<Joined<'a, 'q>> {
        let is_column = self.relation.columns.iter().any(|column| column.name == name);
        self.embed(name).filter(|joined| joined.embed.name() == name || !is_column)
    }
}

impl<'a> Planner<'a> {
    /// Resolves the embeds of a level.
    pub(crate) fn scope<'q>(
        &mut self,
        relation: Relation<'a>,
        level: &'q Level,
        depth: usize,
    ) -> Result<Scope<'a, 'q>> {
        if depth > self.settings.depth {
            return Err(error::too_deep(self.settings.depth));
        }
        let mut embeds = Vec::new();
        for item in &level.select {
            if let SelectItem::Embed(embed) = item {
                let relationship = self.relationship(&relation, embed)?;
                embeds.push(Joined { embed, relationship, depth: depth + 1 });
            }
        }
        Ok(Scope { relation, embeds })
    }

    fn relationship(&self, relation: &Relation<'a>, embed: &Embed) -> Result<&'a Relationship> {
        match relation.table {
            Some(table) => find_relationship(self.catalog, table, embed),
            None => Err(error::relationship_not_found(
                &relation.schema,
                &relation.name,
                &embed.relation,
                embed.hint.as_deref(),
                None,
            )),
        }
    }

    /// Opens the rows that a relationship leads to.
    pub(crate) fn link(
        &mut self,
        origin: &Relation<'a>,
        relationship: &'a Relationship,
    ) -> Result<Linked<'a>> {
        let target: &'a Table = self.catalog.table(relationship.target);
        match &relationship.link {
            Link::Key { origin_columns, target_columns, .. } => {
                let (from, relation) = self.open(target)?;
                let target_key = exprs(&relation, target_columns);
                let origin_key = aligned(exprs(origin, origin_columns), &target_key);
                Ok(Linked { from: vec![from], relation, on: Expr::truth(true), origin_key, target_key })
            }
            Link::Junction {
                table,
                origin_columns,
                junction_origin_columns,
                junction_target_columns,
                target_columns,
                ..
            } => {
                let (from, relation) = self.open(target)?;
                let (junction_from, junction) = self.open(self.catalog.table(*table))?;
                let target_side = exprs(&relation, target_columns);
                let junction_side = aligned(exprs(&junction, junction_target_columns), &target_side);
                let on = equal(junction_side, target_side);
                let target_key = exprs(&junction, junction_origin_columns);
                let origin_key = aligned(exprs(origin, origin_columns), &target_key);
                Ok(Linked { from: vec![from, junction_from], relation, on, origin_key, target_key })
            }
            Link::Computed(function) => self.computed_relationship(origin, *function),
        }
    }

    /// Whether a row has a related row that passes the embed's own conditions, within the embed's bounds.
    pub(crate) fn related_row_exists(
        &mut self,
        origin: &Relation<'a>,
        joined: Joined<'a, '_>,
    ) -> Result<Expr> {
        let linked = self.link(origin, joined.relationship)?;
        let scope = self.scope(linked.relation, &joined.embed.level, joined.depth)?;
        let own = self.level_filter(&scope, &joined.embed.level)?;
        let filter = Expr::all([equal(linked.target_key, linked.origin_key), linked.on, own]);
        let mut select = Select { from: linked.from, filter: Some(filter), ..Select::default() };
        self.bound(&mut select, &joined.embed.level);
        Ok(Expr::bool(ExprKind::Exists(Box::new(select))))
    }

    /// A level's conditions, and that every `!inner` embed has a row.
    pub(crate) fn level_filter(&mut self, scope: &Scope<'a, '_>, level: &Level) -> Result<Expr> {
        let mut terms = vec![self.conditions(scope, &level.filter)?];
        for joined in &scope.embeds {
            if joined.embed.join == EmbedJoin::Inner {
                terms.push(self.related_row_exists(&scope.relation, *joined)?);
            }
        }
        Ok(Expr::all(terms))
    }
}

fn exprs(relation: &Relation<'_>, columns: &[u32]) -> Vec<Expr> {
    columns.iter().map(|column| relation.expr(*column)).collect()
}

/// The left side, cast to the types of the right one where they differ (an integer key that refers to a bigint one).
fn aligned(left: Vec<Expr>, right: &[Expr]) -> Vec<Expr> {
    left.into_iter()
        .zip(right)
        .map(|(expr, other)| {
            if expr.ty == other.ty {
                expr
            } else {
                Expr::new(ExprKind::Cast(Box::new(expr), other.ty.clone().into()), other.ty.clone())
            }
        })
        .collect()
}

/// All pairs are equal.
pub(crate) fn equal(left: Vec<Expr>, right: Vec<Expr>) -> Expr {
    Expr::all(left.into_iter().zip(right).map(|(left, right)| Expr::compare(CompareOp::Eq, left, right)))
}
