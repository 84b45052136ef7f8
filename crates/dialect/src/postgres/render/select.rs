//! A whole SELECT: clauses in order, set operators, LIMIT, and the rows of many parents at once.

use mainstay_base::{Problem, Result};
use mainstay_expr::{Expr, ExprKind, Item, OrderBy, Select, SetOp, SourceId, Type};

use super::expr::parameter;
use super::native::qualified;
use super::types::{is_json_sent, type_name};
use super::{Form, Renderer, Restriction, Sql, alias, is_collated};
use crate::postgres::{Bound, Input};
use crate::sql::sql;

/// How a select's items are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Items {
    /// As a result, each in the form that it is sent in.
    Answer(Form),
    /// As columns `c0`, `c1` … of a derived table.
    Named,
    /// As they are.
    Plain,
}

impl Renderer<'_> {
    pub(super) fn root(&mut self, select: &Select, restriction: Restriction<'_>) -> Result<Sql> {
        match restriction {
            Restriction::Keys(keys) if select.limit.is_some() || select.offset.is_some() => {
                self.for_each_key(select, keys)
            }
            _ => self.select_as(select, Items::Answer(self.form), restriction),
        }
    }

    /// A subquery of an expression.
    pub(super) fn nested(&mut self, select: &Select) -> Result<Sql> {
        self.select_as(select, Items::Plain, Restriction::None)
    }

    /// A select whose columns are `c0`, `c1` ….
    pub(super) fn derived(&mut self, select: &Select) -> Result<Sql> {
        self.select_as(select, Items::Named, Restriction::None)
    }

    fn select_as(&mut self, select: &Select, items: Items, restriction: Restriction<'_>) -> Result<Sql> {
        if !select.set_ops.is_empty() {
            if !matches!(restriction, Restriction::None) {
                return Err(Problem::internal("set operators stand where rows are fetched by key"));
            }
            return self.compound(select, items);
        }
        if select.distinct && !select.order_by.is_empty() {
            let terms = Select { order_by: Vec::new(), limit: None, offset: None, ..select.clone() };
            let inner = self.select_as(&terms, Items::Named, restriction)?;
            return self.around(inner, select, items);
        }
        let body = self.body(select, restriction)?;
        let opening = if select.distinct { sql!["SELECT DISTINCT "] } else { self.opening(select)? };
        let mut list = Vec::new();
        for (position, item) in select.items.iter().enumerate() {
            let value = self.expr(&item.expr)?;
            list.push(said(value, &item.expr.ty, items, position));
        }
        let mut order = self.order_terms(&select.order_by)?;
        if let Restriction::Rows(_) = restriction
            && order.is_empty()
            && !select.grouped
            && !select.distinct
            && select.distinct_on.is_empty()
        {
            order.push(Sql::from("r.n"));
        }
        Ok(sql![opening, Sql::join(list, ", "), body, order_clause(order), self.bounds(select)?])
    }

    fn opening(&mut self, select: &Select) -> Result<Sql> {
        if select.distinct_on.is_empty() {
            return Ok(Sql::from("SELECT "));
        }
        let terms = select.distinct_on.iter().map(|term| self.ordered(term)).collect::<Result<Vec<_>>>()?;
        Ok(sql!["SELECT DISTINCT ON (", Sql::join(terms, ", "), ") "])
    }

    /// FROM to HAVING.
    pub(super) fn body(&mut self, select: &Select, restriction: Restriction<'_>) -> Result<Sql> {
        let terms = match &select.filter {
            Some(Expr { kind: ExprKind::And(terms), .. }) => terms.as_slice(),
            Some(filter) => std::slice::from_ref(filter),
            None => &[],
        };
        let mut from = self.reading(&select.from, false)?;
        if terms.iter().any(|term| self.may_fail(term)) {
            from = self.reading(&select.from, true)?;
        }
        let (source, mut conditions) = self.restriction(restriction)?;
        for term in terms {
            let said = self.expr(term)?;
            let hidden = self.may_fail(term) && !from.conditions.is_empty();
            conditions.push(if hidden { behind(&from.conditions, said) } else { said });
        }
        conditions.extend(from.conditions);
        let parts: Vec<Sql> = source.into_iter().chain(from.parts).collect();
        let mut sql = Sql::default();
        if !parts.is_empty() {
            sql = sql.then(" FROM ").then(Sql::join(parts, ", "));
        }
        if !conditions.is_empty() {
            sql = sql.then(" WHERE ").then(Sql::join(conditions, " AND "));
        }
        if select.grouped && !select.group_by.is_empty() {
            let mut terms = Vec::new();
            for term in &select.group_by {
                let said = self.expr(term)?;
                // a constant with a type is no position in the list
                terms.push(match term.kind {
                    ExprKind::Literal(_) => sql!["(", said, ")::", type_name(&term.ty)],
                    _ => said,
                });
            }
            sql = sql.then(" GROUP BY ").then(Sql::join(terms, ", "));
        }
        if let Some(having) = &select.having {
            sql = sql.then(" HAVING ").then(self.expr(having)?);
        }
        Ok(sql)
    }

    /// What a restriction adds to FROM, and its conditions.
    fn restriction(&mut self, restriction: Restriction<'_>) -> Result<(Option<Sql>, Vec<Sql>)> {
        match restriction {
            Restriction::None => Ok((None, Vec::new())),
            Restriction::Rows(source) => {
                let rows = sql!["unnest(", rows(), ") WITH ORDINALITY AS r(id, n)"];
                Ok((Some(rows), vec![sql![place(source), " = r.id"]]))
            }
            Restriction::EachKey(keys) => {
                let mut conditions = Vec::new();
                for (position, key) in keys.iter().enumerate() {
                    let name = Sql::numbered("k", position as u64);
                    conditions.push(sql![self.expr(key)?, " = k.", name]);
                }
                Ok((None, conditions))
            }
            Restriction::Keys(keys) => {
                let said = keys.iter().map(|key| self.expr(key)).collect::<Result<Vec<_>>>()?;
                let condition = match said.as_slice() {
                    [only] => sql![only.clone(), " = ANY (", key_array(0, &keys[0].ty), ")"],
                    _ => {
                        let said = Sql::join(said, ", ");
                        sql!["(", said, ") IN (SELECT * FROM unnest(", key_arrays(keys), "))"]
                    }
                };
                Ok((None, vec![condition]))
            }
        }
    }

    /// The select once for every key, so that LIMIT and OFFSET count within each.
    fn for_each_key(&mut self, select: &Select, keys: &[Expr]) -> Result<Sql> {
        let names = (0..keys.len()).map(|at| Sql::numbered("k", at as u64));
        let names = Sql::join(names, ", ");
        let inner = self.select_as(select, Items::Named, Restriction::EachKey(keys))?;
        let list = select.items.iter().enumerate().map(|(position, item)| {
            let column = sql!["d.", Sql::numbered("c", position as u64)];
            said(column, &item.expr.ty, Items::Answer(self.form), position)
        });
        let list = Sql::join(list, ", ");
        let keys = key_arrays(keys);
        Ok(sql![
            "SELECT ",
            list,
            " FROM unnest(",
            keys,
            ") AS k(",
            names,
            ") CROSS JOIN LATERAL (",
            inner,
            ") AS d"
        ])
    }

    /// Set operators: the members one after the other, ORDER BY and LIMIT around them.
    fn compound(&mut self, select: &Select, items: Items) -> Result<Sql> {
        let head =
            Select { set_ops: Vec::new(), order_by: Vec::new(), limit: None, offset: None, ..select.clone() };
        let mut sql = self.select_as(&head, Items::Named, Restriction::None)?.parenthesized();
        for (op, member) in &select.set_ops {
            let member = self.select_as(member, Items::Named, Restriction::None)?;
            sql = sql![sql, set_word(*op), member.parenthesized()].parenthesized();
        }
        self.around(sql, select, items)
    }

    /// Orders and cuts the rows of a select that is complete; the terms are items.
    fn around(&mut self, inner: Sql, select: &Select, items: Items) -> Result<Sql> {
        let column = |position: usize| sql!["d.", Sql::numbered("c", position as u64)];
        let list = select
            .items
            .iter()
            .enumerate()
            .map(|(position, item)| said(column(position), &item.expr.ty, items, position));
        let list = Sql::join(list, ", ");
        let mut order = Vec::new();
        for term in &select.order_by {
            let position = item_position(&select.items, term)?;
            let key = match is_collated(&term.expr.ty) {
                true => column(position).then(" COLLATE \"C\""),
                false => column(position),
            };
            order.push(directed(key, term));
        }
        Ok(sql!["SELECT ", list, " FROM (", inner, ") AS d", order_clause(order), self.bounds(select)?])
    }

    /// LIMIT and OFFSET. NULL is none, as PostgreSQL has it.
    fn bounds(&mut self, select: &Select) -> Result<Sql> {
        let mut sql = Sql::default();
        if let Some(limit) = &select.limit {
            sql = sql.then(" LIMIT ").then(self.expr(limit)?.parenthesized());
        }
        if let Some(offset) = &select.offset {
            sql = sql.then(" OFFSET ").then(self.expr(offset)?.parenthesized());
        }
        Ok(sql)
    }

    /// The terms of ORDER BY; constants order nothing and are left out.
    pub(super) fn order_terms(&mut self, terms: &[OrderBy]) -> Result<Vec<Sql>> {
        let mut rendered = Vec::new();
        for term in terms.iter().filter(|term| !matches!(term.expr.kind, ExprKind::Literal(_))) {
            let key = self.ordered(&term.expr)?;
            rendered.push(directed(key, term));
        }
        Ok(rendered)
    }
}

fn item_position(items: &[Item], term: &OrderBy) -> Result<usize> {
    items.iter().position(|item| item.expr == term.expr).ok_or_else(|| {
        Problem::new("42P10", "for SELECT DISTINCT, ORDER BY expressions must appear in select list")
    })
}

fn said(value: Sql, ty: &Type, items: Items, position: usize) -> Sql {
    match items {
        Items::Plain => value,
        Items::Named => sql![value, " AS ", Sql::numbered("c", position as u64)],
        Items::Answer(Form::Json) if is_json_sent(ty) => {
            let shown = ty.representation().and_then(|it| it.to_json.as_ref());
            let shown = shown.map_or(Sql::from("to_json"), |(schema, name)| qualified(schema, name));
            sql![shown, "(", value, ")::text"]
        }
        // A cast to text may show more than the type's own form.
        Items::Answer(_) if matches!(ty, Type::Native(native) if !native.has_json) => {
            sql!["(to_json(", value, ") #>> '{}')"]
        }
        Items::Answer(_) => match super::types::sent_as(ty) {
            Some(text) => sql!["(", value, ")", text],
            None => value,
        },
    }
}

/// A term that is evaluated for rows only that the conditions let through.
pub(super) fn behind(conditions: &[Sql], term: Sql) -> Sql {
    let conditions = Sql::join(conditions.iter().cloned(), " AND ");
    sql!["CASE WHEN ", conditions, " THEN ", term, " END"]
}

/// The place of a base table's row.
pub(super) fn place(source: SourceId) -> Sql {
    alias(source).then(".ctid")
}

/// The places of the rows in question.
pub(super) fn rows() -> Sql {
    Sql::input(Input { value: Bound::Rows, ty: Type::Text.array() }).then("::tid[]")
}

fn key_array(position: usize, ty: &Type) -> Sql {
    parameter(Bound::Keys(position as u32), &ty.clone().array())
}

fn key_arrays(keys: &[Expr]) -> Sql {
    Sql::join(keys.iter().enumerate().map(|(position, key)| key_array(position, &key.ty)), ", ")
}

pub(super) fn order_clause(terms: Vec<Sql>) -> Sql {
    match terms.is_empty() {
        true => Sql::default(),
        false => sql![" ORDER BY ", Sql::join(terms, ", ")],
    }
}

/// A term with its direction. Where NULLs go is said only when PostgreSQL would put them elsewhere: it has them greatest.
fn directed(sql: Sql, term: &OrderBy) -> Sql {
    let sql = if term.descending { sql.then(" DESC") } else { sql };
    match (term.descending, term.nulls_first) {
        (false, true) => sql.then(" NULLS FIRST"),
        (true, false) => sql.then(" NULLS LAST"),
        _ => sql,
    }
}

fn set_word(op: SetOp) -> &'static str {
    match op {
        SetOp::Union => " UNION ",
        SetOp::UnionAll => " UNION ALL ",
        SetOp::Intersect => " INTERSECT ",
        SetOp::Except => " EXCEPT ",
    }
}
