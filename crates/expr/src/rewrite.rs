//! What the planner and the dialects ask of a tree and do to it: [`Tree`] works alike on expressions, selects and sources.

use std::collections::BTreeSet;

use crate::visit::{self, Visitor, VisitorMut};
use crate::{
    ColumnRef, Expr, ExprKind, FromItem, Input, Select, SessionValue, SourceId, SourceIds, TableSource, Type,
    Value, Volatility,
};

/// The values from outside that a tree uses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InputsUsed {
    /// Slots of the request.
    pub slots: BTreeSet<u32>,
    /// Arguments of the function whose body it is.
    pub arguments: BTreeSet<u32>,
    /// Columns of the row to be written.
    pub new: BTreeSet<u32>,
    /// Values of the session, in the order they were found.
    pub session: Vec<SessionValue>,
}

/// An expression, a select or a source, with everything nested in it.
pub trait Tree {
    /// Lets a visitor see it.
    fn accept(&self, visitor: &mut dyn Visitor);

    /// Lets a visitor change it.
    fn accept_mut(&mut self, visitor: &mut dyn VisitorMut);

    /// Calls `see` with every expression, outer ones first, nested selects included.
    fn walk(&self, mut see: impl FnMut(&Expr))
    where
        Self: Sized,
    {
        self.accept(&mut Walk(&mut see));
    }

    /// Replaces every expression by what `change` makes of it, inner ones first, nested selects included.
    fn map(&mut self, mut change: impl FnMut(Expr) -> Expr)
    where
        Self: Sized,
    {
        self.accept_mut(&mut Map(&mut change));
    }

    /// Whether any expression in it satisfies `test`.
    fn any(&self, mut test: impl FnMut(&Expr) -> bool) -> bool
    where
        Self: Sized,
    {
        let mut found = false;
        self.walk(|expr| found = found || test(expr));
        found
    }

    /// Calls `see` with every base table, in the order of the text.
    fn tables(&self, mut see: impl FnMut(&TableSource)) {
        self.accept(&mut Tables(&mut see));
    }

    /// Calls `change` with every base table; what is woven into it is visited after.
    fn tables_mut(&mut self, mut change: impl FnMut(&mut TableSource)) {
        self.accept_mut(&mut TablesMut(&mut change));
    }

    /// Gives every source that is declared inside a fresh number; references to sources outside stay. The result is
    /// numbered uniquely even where parts of it were copies of one another.
    fn renumber(&mut self, ids: &mut SourceIds) {
        self.accept_mut(&mut Renumber { ids, scope: Vec::new() });
    }

    /// Replaces every column of `source` by what `to` makes of its position and type.
    fn replace_source(&mut self, source: SourceId, mut to: impl FnMut(u32, &Type) -> Expr)
    where
        Self: Sized,
    {
        self.map(|expr| match expr.kind {
            ExprKind::Column(column) if column.source == source => to(column.column, &expr.ty),
            _ => expr,
        });
    }

    /// Lets every column of `from` be the same column of `to`.
    fn rename_source(&mut self, from: SourceId, to: SourceId)
    where
        Self: Sized,
    {
        self.replace_source(from, |column, ty| Expr::column(to, column, ty.clone()));
    }

    /// Replaces the columns of `source` by those of the row about to be written ([`Input::New`]).
    fn replace_columns_by_inputs(&mut self, source: SourceId)
    where
        Self: Sized,
    {
        self.replace_source(source, |column, ty| Expr::new(ExprKind::Input(Input::New(column)), ty.clone()));
    }

    /// Replaces the arguments of a function's body by what it is called with. An argument that holds a select is copied
    /// as it is: [`renumber`](Tree::renumber) the body afterwards. One that is missing stays.
    fn replace_arguments(&mut self, arguments: &[Expr])
    where
        Self: Sized,
    {
        self.map(|expr| match expr.kind {
            ExprKind::Input(Input::Argument(n)) => arguments.get(n as usize).cloned().unwrap_or(expr),
            _ => expr,
        });
    }

    /// Folds everything that its constants decide, and nothing that could raise an error.
    fn simplify(&mut self)
    where
        Self: Sized,
    {
        crate::simplify::simplify(self);
    }

    /// The values from outside that it uses.
    fn inputs(&self) -> InputsUsed
    where
        Self: Sized,
    {
        let mut used = InputsUsed::default();
        self.walk(|expr| {
            let ExprKind::Input(input) = &expr.kind else { return };
            match input {
                Input::Slot(n) => drop(used.slots.insert(*n)),
                Input::Argument(n) => drop(used.arguments.insert(*n)),
                Input::New(n) => drop(used.new.insert(*n)),
                Input::Session(value) if !used.session.contains(value) => used.session.push(value.clone()),
                Input::Session(_) => {}
            }
        });
        used
    }

    /// The columns of `source` that it speaks of.
    fn columns_of(&self, source: SourceId) -> BTreeSet<u32>
    where
        Self: Sized,
    {
        let mut columns = BTreeSet::new();
        self.walk(|expr| {
            if let ExprKind::Column(column) = expr.kind
                && column.source == source
            {
                columns.insert(column.column);
            }
        });
        columns
    }

    /// What its value depends on: the most variable function in it; the session's values and tables make it stable.
    fn volatility(&self) -> Volatility
    where
        Self: Sized,
    {
        let mut volatility = Volatility::Immutable;
        self.walk(|expr| volatility = volatility.max(own_volatility(expr)));
        volatility
    }

    /// Whether two evaluations on the same row may differ.
    fn is_volatile(&self) -> bool
    where
        Self: Sized,
    {
        self.volatility() == Volatility::Volatile
    }
}

fn own_volatility(expr: &Expr) -> Volatility {
    match &expr.kind {
        ExprKind::Call(func, args) => {
            let types: Vec<Type> = args.iter().map(|arg| arg.ty.clone()).collect();
            func.volatility(&types)
        }
        ExprKind::Input(Input::Session(_))
        | ExprKind::Exists(_)
        | ExprKind::Scalar(_)
        | ExprKind::ArrayOf(_)
        | ExprKind::InSelect(..) => Volatility::Stable,
        ExprKind::Native(_) => Volatility::Volatile,
        ExprKind::Cast(inner, to) if depends_on_session(&inner.ty, &to.ty) => Volatility::Stable,
        _ => Volatility::Immutable,
    }
}

/// Whether a cast looks at the session: its time zone, its clock (`'today'`) or its style of dates.
fn depends_on_session(from: &Type, to: &Type) -> bool {
    use Type::{Date, Interval, Time, Timestamp, Timestamptz};
    let from = from.element().unwrap_or(from);
    let to = to.element().unwrap_or(to);
    match (from, to) {
        (Timestamptz, to) => *to != Timestamptz,
        (_, Timestamptz) => true,
        (Date | Timestamp, to) => to.is_text(),
        (from, Date | Time | Timestamp | Interval) => from.is_text(),
        _ => false,
    }
}

macro_rules! tree {
    ($($ty:ty, $method:ident;)*) => { $(
        impl Tree for $ty {
            fn accept(&self, visitor: &mut dyn Visitor) {
                visitor.$method(self);
            }
            fn accept_mut(&mut self, visitor: &mut dyn VisitorMut) {
                visitor.$method(self);
            }
        }
    )* };
}

tree! {
    Expr, expr;
    Select, select;
    FromItem, source;
}

struct Walk<'a>(&'a mut dyn FnMut(&Expr));

impl Visitor for Walk<'_> {
    fn expr(&mut self, expr: &Expr) {
        (self.0)(expr);
        visit::walk_expr(self, expr);
    }
}

struct Map<'a>(&'a mut dyn FnMut(Expr) -> Expr);

impl VisitorMut for Map<'_> {
    fn expr(&mut self, expr: &mut Expr) {
        visit::walk_expr_mut(self, expr);
        let own = std::mem::replace(expr, Expr::literal(Value::Null, Type::Void));
        *expr = (self.0)(own);
    }
}

struct Tables<'a>(&'a mut dyn FnMut(&TableSource));

impl Visitor for Tables<'_> {
    fn source(&mut self, item: &FromItem) {
        if let FromItem::Table(table) = item {
            (self.0)(table);
        }
        visit::walk_source(self, item);
    }
}

struct TablesMut<'a>(&'a mut dyn FnMut(&mut TableSource));

impl VisitorMut for TablesMut<'_> {
    fn source(&mut self, item: &mut FromItem) {
        if let FromItem::Table(table) = item {
            (self.0)(table);
        }
        visit::walk_source_mut(self, item);
    }
}

struct Renumber<'a> {
    ids: &'a mut SourceIds,
    /// Old and new numbers of the sources in sight, inner ones last.
    scope: Vec<(SourceId, SourceId)>,
}

impl Renumber<'_> {
    fn declare(&mut self, item: &FromItem) {
        match item {
            FromItem::Join { left, right, .. } => {
                self.declare(left);
                self.declare(right);
            }
            FromItem::Table(TableSource { source, .. })
            | FromItem::Select { source, .. }
            | FromItem::Values { source, .. }
            | FromItem::Unnest { source, .. }
            | FromItem::Series { source, .. }
            | FromItem::Function { source, .. } => self.scope.push((*source, self.ids.fresh())),
        }
    }

    fn rename(&self, source: &mut SourceId) {
        if let Some((_, new)) = self.scope.iter().rev().find(|(old, _)| old == source) {
            *source = *new;
        }
    }
}

impl VisitorMut for Renumber<'_> {
    fn expr(&mut self, expr: &mut Expr) {
        match &mut expr.kind {
            ExprKind::Column(ColumnRef { source, .. }) => self.rename(source),
            _ => visit::walk_expr_mut(self, expr),
        }
    }

    fn select(&mut self, select: &mut Select) {
        let outer = self.scope.len();
        select.from.iter().for_each(|item| self.declare(item));
        visit::walk_select_mut(self, select);
        self.scope.truncate(outer);
    }

    fn source(&mut self, item: &mut FromItem) {
        match item {
            FromItem::Join { .. } => {}
            FromItem::Table(TableSource { source, .. })
            | FromItem::Select { source, .. }
            | FromItem::Values { source, .. }
            | FromItem::Unnest { source, .. }
            | FromItem::Series { source, .. }
            | FromItem::Function { source, .. } => self.rename(source),
        }
        visit::walk_source_mut(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CompareOp, Func, Item, Rights, TableId};

    fn table(source: u32) -> FromItem {
        FromItem::Table(TableSource {
            source: SourceId(source),
            table: TableId(7),
            rights: Rights::Invoker,
            visible: Some(Box::new(Expr::column(SourceId(source), 9, Type::Bool))),
        })
    }

    fn exists(source: u32, outer: u32) -> Expr {
        let columns = [SourceId(source), SourceId(outer)].map(|source| Expr::column(source, 1, Type::Int4));
        let [inner, outer] = columns;
        Expr::bool(ExprKind::Exists(Box::new(Select {
            from: vec![table(source)],
            filter: Some(Expr::compare(CompareOp::Eq, inner, outer)),
            items: vec![Item { expr: Expr::truth(true), name: "t".into() }],
            ..Select::default()
        })))
    }

    #[test]
    fn renumbering_keeps_references_to_the_outside_and_parts_copies() {
        let mut twice = Expr::bool(ExprKind::And(vec![exists(5, 0), exists(5, 0)]));
        let mut ids = SourceIds::default();
        ids.fresh();
        twice.renumber(&mut ids);
        assert_eq!(twice, Expr::bool(ExprKind::And(vec![exists(2, 0), exists(3, 0)])));
    }

    #[test]
    fn sources_are_replaced_inside_nested_selects() {
        let mut expr = exists(5, 0);
        assert_eq!(expr.columns_of(SourceId::ROW), BTreeSet::from([1]));
        expr.replace_columns_by_inputs(SourceId::ROW);
        assert_eq!(expr.inputs().new, BTreeSet::from([1]));
        assert!(expr.columns_of(SourceId::ROW).is_empty());
    }

    #[test]
    fn arguments_take_their_place() {
        let argument = |n| Expr::new(ExprKind::Input(Input::Argument(n)), Type::Int4);
        let mut sum = Expr::new(ExprKind::Call(Func::Add, vec![argument(0), argument(1)]), Type::Int4);
        sum.replace_arguments(&[Expr::slot(3, Type::Int4), Expr::slot(4, Type::Int4)]);
        assert_eq!(sum.inputs().slots, BTreeSet::from([3, 4]));
        assert!(sum.inputs().arguments.is_empty());
    }

    #[test]
    fn volatility_is_the_greatest_inside() {
        assert_eq!(exists(5, 0).volatility(), Volatility::Stable);
        let uuid = Expr::new(ExprKind::Call(Func::GenRandomUuid, vec![]), Type::Uuid);
        assert!(uuid.is_volatile());
        assert_eq!(Expr::truth(true).volatility(), Volatility::Immutable);
    }

    #[test]
    fn tables_are_found_in_policies_woven_into_tables() {
        let mut expr = exists(5, 0);
        expr.tables_mut(|table| {
            if table.source == SourceId(5) {
                table.visible = Some(Box::new(exists(6, 5)));
            }
        });
        let mut seen = Vec::new();
        expr.tables(|table| seen.push(table.source.0));
        assert_eq!(seen, [5, 6]);
    }
}
