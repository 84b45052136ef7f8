//! Selects: filtering, grouping, set operators, DISTINCT, ORDER BY and LIMIT.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use mainstay_base::{Problem, Result};

use super::Evaluator;
use super::scope::{Scope, Sources};
use crate::{Expr, OrderBy, Select, SetOp, Type, Value, compare};

/// A row of a result with what it is ordered and made distinct by.
struct Output {
    items: Vec<Value>,
    order: Vec<Value>,
    distinct_on: Vec<Value>,
}

/// Values that are ordered by their types.
struct Key<'a> {
    types: &'a [&'a Type],
    values: Vec<Value>,
}

impl Ord for Key<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        order_rows(self.types, &self.values, &other.values)
    }
}

impl PartialOrd for Key<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Key<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Key<'_> {}

fn order_rows(types: &[&Type], left: &[Value], right: &[Value]) -> Ordering {
    let pairs = types.iter().zip(left.iter().zip(right));
    pairs
        .map(|(ty, (left, right))| compare::order(ty, left, right))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

fn types(exprs: &[Expr]) -> Vec<&Type> {
    exprs.iter().map(|expr| &expr.ty).collect()
}

impl Evaluator<'_> {
    pub(super) fn rows(&self, select: &Select, outer: &Scope<'_>) -> Result<Vec<Vec<Value>>> {
        let item_types: Vec<&Type> = select.items.iter().map(|item| &item.expr.ty).collect();
        let mut outputs = self.outputs(select, outer)?;
        if select.distinct {
            outputs = distinct_by(outputs, |output| Key { types: &item_types, values: output.items.clone() });
        }
        for (op, next) in &select.set_ops {
            let right = self.rows(next, outer)?;
            let left = outputs.into_iter().map(|output| output.items).collect();
            outputs = combine(*op, &item_types, left, right).into_iter().map(bare).collect();
        }
        if !select.set_ops.is_empty() {
            order_by_items(select, &mut outputs)?;
        }
        sort(&select.order_by, &mut outputs);
        if !select.distinct_on.is_empty() {
            let types = types(&select.distinct_on);
            outputs =
                distinct_by(outputs, |output| Key { types: &types, values: output.distinct_on.clone() });
        }
        let offset =
            self.bound(select.offset.as_ref(), outer, ("2201X", "OFFSET must not be negative"))?.unwrap_or(0);
        let limit = self.bound(select.limit.as_ref(), outer, ("2201W", "LIMIT must not be negative"))?;
        let rows = outputs.into_iter().map(|output| output.items);
        Ok(rows.skip(offset).take(limit.unwrap_or(usize::MAX)).collect())
    }

    /// A row count; `None` when there is none or it is NULL.
    fn bound(
        &self,
        expr: Option<&Expr>,
        scope: &Scope<'_>,
        negative: (&'static str, &str),
    ) -> Result<Option<usize>> {
        match expr.map(|expr| self.eval(expr, scope)).transpose()? {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Int(count)) => {
                usize::try_from(count).map(Some).map_err(|_| Problem::new(negative.0, negative.1))
            }
            Some(other) => Err(Problem::internal(format!("a row count is {other:?}"))),
        }
    }

    /// The rows before set operators, DISTINCT and ORDER BY.
    fn outputs(&self, select: &Select, outer: &Scope<'_>) -> Result<Vec<Output>> {
        let mut kept = Vec::new();
        for sources in self.combine(&select.from, outer)? {
            let scope = Scope::inside(outer, sources);
            let passes = match &select.filter {
                None => true,
                Some(filter) => self.truth(filter, &scope)? == Some(true),
            };
            if passes {
                kept.push(scope.own);
            }
        }
        if !select.grouped {
            let outputs = kept.into_iter().map(|sources| self.output(select, &Scope::inside(outer, sources)));
            return outputs.collect();
        }
        let mut outputs = Vec::new();
        for group in self.groups(select, kept, outer)? {
            let own = group.first().cloned().unwrap_or_default();
            let scope = Scope { own, outer: Some(outer), group: Some(&group) };
            let passes = match &select.having {
                None => true,
                Some(having) => self.truth(having, &scope)? == Some(true),
            };
            if passes {
                outputs.push(self.output(select, &scope)?);
            }
        }
        Ok(outputs)
    }

    fn output(&self, select: &Select, scope: &Scope<'_>) -> Result<Output> {
        let items = select.items.iter().map(|item| self.eval(&item.expr, scope));
        let items = items.collect::<Result<_>>()?;
        let order = if select.set_ops.is_empty() {
            select.order_by.iter().map(|term| self.eval(&term.expr, scope)).collect::<Result<_>>()?
        } else {
            Vec::new()
        };
        Ok(Output { items, order, distinct_on: self.all(&select.distinct_on, scope)? })
    }

    /// The rows by equal keys, groups in the order they began; without keys, one group even of no rows.
    fn groups(&self, select: &Select, rows: Vec<Sources>, outer: &Scope<'_>) -> Result<Vec<Vec<Sources>>> {
        if select.group_by.is_empty() {
            return Ok(vec![rows]);
        }
        let types = types(&select.group_by);
        let mut positions: BTreeMap<Key<'_>, usize> = BTreeMap::new();
        let mut groups: Vec<Vec<Sources>> = Vec::new();
        for sources in rows {
            let scope = Scope::inside(outer, sources);
            let values = self.all(&select.group_by, &scope)?;
            let position = *positions.entry(Key { types: &types, values }).or_insert(groups.len());
            match groups.get_mut(position) {
                Some(group) => group.push(scope.own),
                None => groups.push(vec![scope.own]),
            }
        }
        Ok(groups)
    }
}

fn bare(items: Vec<Value>) -> Output {
    Output { items, order: Vec::new(), distinct_on: Vec::new() }
}

/// The first output of each key.
fn distinct_by<'a>(outputs: Vec<Output>, key: impl Fn(&Output) -> Key<'a>) -> Vec<Output> {
    let mut seen = BTreeMap::new();
    outputs.into_iter().filter(|output| seen.insert(key(output), ()).is_none()).collect()
}

fn combine(op: SetOp, types: &[&Type], left: Vec<Vec<Value>>, right: Vec<Vec<Value>>) -> Vec<Vec<Value>> {
    let key = |values: &Vec<Value>| Key { types, values: values.clone() };
    let unique = |rows: Vec<Vec<Value>>| {
        let mut seen = BTreeMap::new();
        rows.into_iter().filter(|row| seen.insert(key(row), ()).is_none()).collect::<Vec<_>>()
    };
    let others: BTreeMap<Key<'_>, ()> = right.iter().map(|row| (key(row), ())).collect();
    match op {
        SetOp::UnionAll => [left, right].concat(),
        SetOp::Union => unique([left, right].concat()),
        SetOp::Intersect => unique(left).into_iter().filter(|row| others.contains_key(&key(row))).collect(),
        SetOp::Except => unique(left).into_iter().filter(|row| !others.contains_key(&key(row))).collect(),
    }
}

/// After a set operator ORDER BY can only name items: each term is the expression of one.
fn order_by_items(select: &Select, outputs: &mut [Output]) -> Result<()> {
    let position = |term: &OrderBy| {
        let found = select.items.iter().position(|item| item.expr == term.expr);
        found.ok_or_else(|| Problem::internal("ORDER BY after a set operator names no item"))
    };
    let positions = select.order_by.iter().map(position).collect::<Result<Vec<_>>>()?;
    for output in outputs {
        output.order = positions.iter().map(|position| output.items[*position].clone()).collect();
    }
    Ok(())
}

fn sort(terms: &[OrderBy], outputs: &mut [Output]) {
    outputs.sort_by(|left, right| order_by(terms, &left.order, &right.order));
}

/// The order of two rows of sort keys.
pub(super) fn order_by(terms: &[OrderBy], left: &[Value], right: &[Value]) -> Ordering {
    let pairs = terms.iter().zip(left.iter().zip(right));
    let orders = pairs.map(|(term, (left, right))| match (left.is_null(), right.is_null()) {
        (true, true) => Ordering::Equal,
        (true, false) if term.nulls_first => Ordering::Less,
        (true, false) => Ordering::Greater,
        (false, true) if term.nulls_first => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => {
            let order = compare::order(&term.expr.ty, left, right);
            if term.descending { order.reverse() } else { order }
        }
    });
    orders.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}
