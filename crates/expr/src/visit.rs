//! Walking and rewriting trees: expressions, the selects inside them and their sources.
//!
//! What the walks are used for stands in `rewrite` and `simplify`; here is only the order: what is nested comes in the
//! order of SQL's text, sources before what speaks of them.

use crate::{Expr, ExprKind, FromItem, Select};

/// Sees every node of a tree. A method that is not overridden goes on into the node.
pub trait Visitor {
    /// An expression.
    fn expr(&mut self, expr: &Expr) {
        walk_expr(self, expr);
    }
    /// A select.
    fn select(&mut self, select: &Select) {
        walk_select(self, select);
    }
    /// A source.
    fn source(&mut self, item: &FromItem) {
        walk_source(self, item);
    }
}

/// May change every node of a tree. A method that is not overridden goes on into the node.
pub trait VisitorMut {
    /// An expression.
    fn expr(&mut self, expr: &mut Expr) {
        walk_expr_mut(self, expr);
    }
    /// A select.
    fn select(&mut self, select: &mut Select) {
        walk_select_mut(self, select);
    }
    /// A source.
    fn source(&mut self, item: &mut FromItem) {
        walk_source_mut(self, item);
    }
}

macro_rules! walks {
    ($visitor:ident, $expr:ident, $select:ident, $source:ident, $iter:ident, $($mutable:tt)?) => {
        /// Visits what an expression is made of.
        pub fn $expr<V: $visitor + ?Sized>(visitor: &mut V, expr: &$($mutable)? Expr) {
            match &$($mutable)? expr.kind {
                ExprKind::Literal(_) | ExprKind::Input(_) | ExprKind::Column(_) => {}
                ExprKind::Not(inner)
                | ExprKind::IsNull(inner)
                | ExprKind::IsTruth(inner, _)
                | ExprKind::Cast(inner, _) => visitor.expr(inner),
                ExprKind::Compare(_, left, right)
                | ExprKind::IsDistinct(left, right)
                | ExprKind::Match { value: left, pattern: right, .. }
                | ExprKind::CompareArray { value: left, array: right, .. }
                | ExprKind::MatchArray { value: left, array: right, .. } => {
                    visitor.expr(left);
                    visitor.expr(right);
                }
                ExprKind::And(terms)
                | ExprKind::Or(terms)
                | ExprKind::Call(_, terms)
                | ExprKind::Coalesce(terms)
                | ExprKind::Extreme(_, terms)
                | ExprKind::Array(terms) => terms.$iter().for_each(|term| visitor.expr(term)),
                ExprKind::Native(native) => native.args.$iter().for_each(|arg| visitor.expr(arg)),
                ExprKind::InList(value, list) => {
                    visitor.expr(value);
                    list.$iter().for_each(|element| visitor.expr(element));
                }
                ExprKind::Case(arms, otherwise) => {
                    for arm in arms {
                        visitor.expr(&$($mutable)? arm.condition);
                        visitor.expr(&$($mutable)? arm.result);
                    }
                    otherwise.$iter().for_each(|otherwise| visitor.expr(otherwise));
                }
                ExprKind::Exists(select) | ExprKind::Scalar(select) | ExprKind::ArrayOf(select) => {
                    visitor.select(select);
                }
                ExprKind::InSelect(values, select) => {
                    values.$iter().for_each(|value| visitor.expr(value));
                    visitor.select(select);
                }
                ExprKind::Aggregate(aggregate) => {
                    aggregate.args.$iter().for_each(|arg| visitor.expr(arg));
                    aggregate.order_by.$iter().for_each(|term| visitor.expr(&$($mutable)? term.expr));
                    aggregate.filter.$iter().for_each(|filter| visitor.expr(filter));
                }
            }
        }

        /// Visits what a select is made of.
        pub fn $select<V: $visitor + ?Sized>(visitor: &mut V, select: &$($mutable)? Select) {
            select.from.$iter().for_each(|item| visitor.source(item));
            select.filter.$iter().for_each(|filter| visitor.expr(filter));
            select.group_by.$iter().for_each(|key| visitor.expr(key));
            select.having.$iter().for_each(|having| visitor.expr(having));
            select.items.$iter().for_each(|item| visitor.expr(&$($mutable)? item.expr));
            select.distinct_on.$iter().for_each(|key| visitor.expr(key));
            select.set_ops.$iter().for_each(|(_, next)| visitor.select(next));
            select.order_by.$iter().for_each(|term| visitor.expr(&$($mutable)? term.expr));
            select.limit.$iter().for_each(|limit| visitor.expr(limit));
            select.offset.$iter().for_each(|offset| visitor.expr(offset));
        }

        /// Visits what a source is made of.
        pub fn $source<V: $visitor + ?Sized>(visitor: &mut V, item: &$($mutable)? FromItem) {
            match item {
                FromItem::Table(table) => table.visible.$iter().for_each(|visible| visitor.expr(visible)),
                FromItem::Select { select, .. } => visitor.select(select),
                FromItem::Values { rows, .. } => {
                    rows.$iter().flatten().for_each(|value| visitor.expr(value));
                }
                FromItem::Unnest { array, .. } => visitor.expr(array),
                FromItem::Series { start, stop, step, .. } => {
                    visitor.expr(start);
                    visitor.expr(stop);
                    visitor.expr(step);
                }
                FromItem::Function { call, .. } => call.args.$iter().for_each(|arg| visitor.expr(arg)),
                FromItem::Join { left, right, on, .. } => {
                    visitor.source(left);
                    visitor.source(right);
                    visitor.expr(on);
                }
            }
        }
    };
}

walks!(Visitor, walk_expr, walk_select, walk_source, iter,);
walks!(VisitorMut, walk_expr_mut, walk_select_mut, walk_source_mut, iter_mut, mut);
