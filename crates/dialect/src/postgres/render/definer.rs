//! What a policy reads with the owner's rights, as functions of the database.
//!
//! The catalog has put the bodies of SECURITY DEFINER functions into the policy, where PostgreSQL would read their tables with the
//! rights of whoever asks. So every select that reads with the owner's rights becomes a function again; what it takes from outside
//! becomes the function's arguments.

use std::collections::BTreeSet;

use mainstay_base::Result;
use mainstay_expr::visit::{self, Visitor, VisitorMut};
use mainstay_expr::{
    Expr, ExprKind, FromItem, Input as Supplied, Rights, Select, SessionValue, SourceId, TableSource, Tree,
};

use super::{Asking, Renderer, Sql, Statement, alias, table_name, type_name, unsupported};
use crate::postgres::Bound;
use crate::sql::sql;

/// A function that reads with its owner's rights.
#[derive(Debug)]
pub(in crate::postgres) struct DefinerFunction {
    pub name: String,
    pub create: Sql,
}

impl DefinerFunction {
    /// DROP FUNCTION. No other function has its name.
    pub fn drop(&self) -> Sql {
        sql!["DROP FUNCTION IF EXISTS ", qualified(&self.name)]
    }
}

impl Renderer<'_> {
    /// An expression that is a select with the owner's rights as a call; `None` for all others.
    pub(super) fn definer_call(&mut self, expr: &Expr) -> Result<Option<Sql>> {
        let (ExprKind::Exists(select)
        | ExprKind::Scalar(select)
        | ExprKind::ArrayOf(select)
        | ExprKind::InSelect(_, select)) = &expr.kind
        else {
            return Ok(None);
        };
        if self.definers.is_none() || !is_definers(select) {
            return Ok(None);
        }
        let mut body = expr.clone();
        let outside = parameterize(&mut body);
        let text = sql!["SELECT ", self.inside().expr(&body)?];
        self.call_definer(text, type_name(&expr.ty), &outside).map(Some)
    }

    /// A derived table with the owner's rights as a call; `None` for all others.
    pub(super) fn definer_rows(&mut self, source: SourceId, select: &Select) -> Result<Option<Sql>> {
        if self.definers.is_none() || !is_definers(select) {
            return Ok(None);
        }
        if select.items.is_empty() {
            return Err(unsupported("a table without columns in a policy"));
        }
        let mut body = select.clone();
        let outside = parameterize(&mut body);
        let columns =
            select.items.iter().enumerate().map(|(position, item)| {
                sql![Sql::numbered("c", position as u64), " ", type_name(&item.expr.ty)]
            });
        let returns = sql!["TABLE(", Sql::join(columns, ", "), ")"];
        let text = self.inside().derived(&body)?;
        let call = self.call_definer(text, returns, &outside)?;
        Ok(Some(sql![call, " AS ", alias(source)]))
    }

    /// A table with the owner's rights among others as a call; `None` for all others.
    pub(super) fn definer_table(&mut self, source: &TableSource) -> Result<Option<Sql>> {
        if self.definers.is_none() || source.rights != Rights::Definer {
            return Ok(None);
        }
        let name = table_name(self.base_table(source.table)?);
        let text = sql!["SELECT * FROM ", name.clone()];
        let call = self.call_definer(text, sql!["SETOF ", name], &[])?;
        Ok(Some(sql![call, " AS ", alias(source.source)]))
    }

    /// For the body of such a function.
    fn inside(&self) -> Self {
        Self::asking(self.catalog, Default::default(), Asking::Definer)
    }

    fn call_definer(&mut self, body: Sql, returns: Sql, outside: &[Expr]) -> Result<Sql> {
        let Statement { text, inputs, .. } = Statement::new(body, Vec::new());
        let mut types = Vec::new();
        let mut arguments = Vec::new();
        for input in &inputs {
            let Bound::Slot(slot) = input.value else { continue };
            let outer = &outside[slot as usize];
            types.push(type_name(&outer.ty));
            arguments.push(sql!["(", self.expr(outer)?, ")::", type_name(&outer.ty)]);
        }
        let types = Sql::join(types, ", ");
        let signature = Statement::new(sql![types.clone(), returns.clone()], Vec::new()).text;
        let name = format!("definer_{:016x}", fingerprint(&[&signature, &text]));
        let create = sql![
            "CREATE OR REPLACE FUNCTION ",
            qualified(&name),
            "(",
            types,
            ") RETURNS ",
            returns,
            " LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS ",
            Sql::text(text)
        ];
        let call = sql![qualified(&name), "(", Sql::join(arguments, ", "), ")"];
        if let Some(definers) = &mut self.definers {
            definers.push(DefinerFunction { name, create });
        }
        Ok(call)
    }
}

fn qualified(name: &str) -> Sql {
    sql!["_mainstay.", Sql::identifier(name.to_owned())]
}

/// FNV-1a: a name for a text, the same for ever.
fn fingerprint(texts: &[&str]) -> u64 {
    let bytes = texts.iter().flat_map(|text| text.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Whether a select reads tables, and all of them with the owner's rights. Selects in its expressions are not looked at.
fn is_definers(select: &Select) -> bool {
    let mut rights = BTreeSet::new();
    rights_of(select, &mut rights);
    rights.into_iter().eq([true])
}

/// Whether the tables of a select's sources are read with the owner's rights.
fn rights_of(select: &Select, rights: &mut BTreeSet<bool>) {
    select.from.iter().for_each(|item| rights_of_item(item, rights));
    select.set_ops.iter().for_each(|(_, member)| rights_of(member, rights));
}

fn rights_of_item(item: &FromItem, rights: &mut BTreeSet<bool>) {
    match item {
        FromItem::Table(table) => _ = rights.insert(table.rights == Rights::Definer),
        FromItem::Select { select, .. } => rights_of(select, rights),
        FromItem::Join { left, right, .. } => {
            rights_of_item(left, rights);
            rights_of_item(right, rights);
        }
        FromItem::Values { .. }
        | FromItem::Unnest { .. }
        | FromItem::Series { .. }
        | FromItem::Function { .. } => {}
    }
}

/// Replaces what a tree takes from outside by slots; answers with what they stand for. That are columns of other sources, selects
/// with the rights of whoever asks, and who that is.
fn parameterize(tree: &mut impl Tree) -> Vec<Expr> {
    let mut own = Own(BTreeSet::new());
    tree.accept(&mut own);
    let mut outside = Outside { own: own.0, found: Vec::new() };
    tree.accept_mut(&mut outside);
    outside.found
}

/// The sources that are declared inside.
struct Own(BTreeSet<SourceId>);

impl Visitor for Own {
    fn source(&mut self, item: &FromItem) {
        match item {
            FromItem::Table(TableSource { source, .. })
            | FromItem::Select { source, .. }
            | FromItem::Values { source, .. }
            | FromItem::Unnest { source, .. }
            | FromItem::Series { source, .. }
            | FromItem::Function { source, .. } => _ = self.0.insert(*source),
            FromItem::Join { .. } => {}
        }
        visit::walk_source(self, item);
    }
}

struct Outside {
    own: BTreeSet<SourceId>,
    found: Vec<Expr>,
}

impl VisitorMut for Outside {
    fn expr(&mut self, expr: &mut Expr) {
        let is_outside = match &expr.kind {
            ExprKind::Column(column) => !self.own.contains(&column.source),
            ExprKind::Input(Supplied::Session(SessionValue::CurrentUser)) => true,
            ExprKind::Exists(select) | ExprKind::Scalar(select) | ExprKind::ArrayOf(select) => {
                is_askers(select) && !self.speaks_of_own(expr)
            }
            ExprKind::InSelect(_, select) => is_askers(select) && !self.speaks_of_own(expr),
            _ => false,
        };
        if !is_outside {
            return visit::walk_expr_mut(self, expr);
        }
        let slot = match self.found.iter().position(|found| found == expr) {
            Some(slot) => slot,
            None => {
                self.found.push(expr.clone());
                self.found.len() - 1
            }
        };
        *expr = Expr::new(ExprKind::Input(Supplied::Slot(slot as u32)), expr.ty.clone());
    }
}

impl Outside {
    /// Whether an expression speaks of a source that is declared around it.
    fn speaks_of_own(&self, expr: &Expr) -> bool {
        let mut inner = Own(BTreeSet::new());
        expr.accept(&mut inner);
        let around = |source: &SourceId| self.own.contains(source) && !inner.0.contains(source);
        expr.any(|part| matches!(part.kind, ExprKind::Column(column) if around(&column.source)))
    }
}

/// Whether a select reads a table with the rights of whoever asks.
fn is_askers(select: &Select) -> bool {
    let mut rights = BTreeSet::new();
    rights_of(select, &mut rights);
    rights.contains(&false)
}
