//! What PostgreSQL says otherwise and others say with `row_number()`: DISTINCT ON, and LIMIT for each of many parents.

use mainstay_base::{Problem, Result};
use mainstay_expr::{Expr, OrderBy, Select};

use super::fragment::Fragment;
use super::order::is_constant;
use super::select::{Body, order_clause};
use super::{Renderer, Sql};
use crate::Constant;
use crate::sql::sql;

/// Stands for "no limit" where numbers are added to it.
const UNLIMITED: i64 = 1 << 62;

impl Renderer<'_> {
    /// The first row of each group of equal `distinct_on` values, in the order of the select.
    pub(super) fn distinct_on(&mut self, select: &Select, body: Body, items: Vec<Fragment>) -> Result<Sql> {
        if select.distinct || !body.keys.is_empty() {
            return Err(self.dialect.unsupported("DISTINCT ON in this place"));
        }
        let partition = self.group_terms(&select.distinct_on)?;
        let order = self.order_terms(&select.order_by)?;
        let (outer_order, kept) = self.kept_order(&select.order_by)?;
        let width = items.len();
        let mut list = self.said_items(items, true, false)?;
        list.extend(kept);
        list.push(row_number(partition, order));
        let bounds = self.outer_bounds(select)?;
        Ok(sql![
            "SELECT ",
            columns(width),
            " FROM (SELECT ",
            Sql::join(list, ", "),
            body.sql,
            ") AS d WHERE n = 1",
            order_clause(outer_order),
            bounds
        ])
    }

    /// A select whose LIMIT and OFFSET count within each key. Rows come in order within their key.
    pub(super) fn limited_by_key(
        &mut self,
        select: &Select,
        body: Body,
        items: Vec<Fragment>,
    ) -> Result<Sql> {
        let width = items.len();
        let inner = if select.distinct {
            let (partition, order) = self.of_items(select, &items, &body.keys)?;
            let list = Sql::join(self.said_items(items, true, true)?, ", ");
            let number = row_number(partition, order);
            sql!["SELECT d.*, ", number, " FROM (SELECT DISTINCT ", list, body.sql, ") AS d"]
        } else {
            let order = self.order_terms(&select.order_by)?;
            let mut list = self.said_items(items, true, false)?;
            list.push(row_number(body.keys, order));
            sql!["SELECT ", Sql::join(list, ", "), body.sql]
        };
        let offset = match &select.offset {
            Some(offset) => self.count(offset, 0)?,
            None => Sql::constant(Constant::Int(0)),
        };
        let mut condition = sql!["n > ", offset.clone()];
        if let Some(limit) = &select.limit {
            let limit = self.count(limit, UNLIMITED)?;
            condition = condition.then(" AND n <= ").then(offset).then(" + ").then(limit);
        }
        Ok(sql!["SELECT ", columns(width), " FROM (", inner, ") AS d WHERE ", condition, " ORDER BY n"])
    }

    /// Partition and order of a DISTINCT select, said by its items.
    fn of_items(
        &mut self,
        select: &Select,
        items: &[Fragment],
        keys: &[Sql],
    ) -> Result<(Vec<Sql>, Vec<Sql>)> {
        let missing =
            || Problem::new("42P10", "for SELECT DISTINCT, ORDER BY expressions must appear in select list");
        let mut partition = Vec::new();
        for key in keys {
            let mut keys = items.iter().map(|item| self.dialect.comparable(item.sql.clone(), &item.storage));
            let position = keys.position(|item| item.as_ref() == Ok(key));
            let position = position.ok_or_else(|| Problem::internal("a key is not among the items"))?;
            partition.push(Sql::numbered("c", position as u64));
        }
        let mut order = Vec::new();
        for term in &select.order_by {
            let position = select.items.iter().position(|item| item.expr == term.expr).ok_or_else(missing)?;
            let key = Sql::numbered("c", position as u64);
            let key = self.order_key(key, &term.expr.ty, &items[position].storage)?;
            order.push(self.dialect.directed(key, term, items[position].nullable));
        }
        Ok((partition, order))
    }

    /// Order terms carried out of a derived table: how the outside says them, and the columns `o0`, `o1` … that carry them.
    fn kept_order(&mut self, terms: &[OrderBy]) -> Result<(Vec<Sql>, Vec<Sql>)> {
        let mut outer = Vec::new();
        let mut kept = Vec::new();
        for term in terms {
            if is_constant(&term.expr) {
                continue;
            }
            let fragment = self.expr(&term.expr)?;
            let name = Sql::numbered("o", kept.len() as u64);
            let key = self.order_key(name.clone(), &term.expr.ty, &fragment.storage)?;
            outer.push(self.dialect.directed(key, term, fragment.nullable));
            kept.push(sql![fragment.sql, " AS ", name]);
        }
        Ok((outer, kept))
    }

    fn outer_bounds(&mut self, select: &Select) -> Result<Sql> {
        let bound = |expr: &Option<Expr>| expr.clone();
        let only = Select { limit: bound(&select.limit), offset: bound(&select.offset), ..Select::default() };
        self.bounds(&only)
    }
}

fn row_number(partition: Vec<Sql>, order: Vec<Sql>) -> Sql {
    let partition = match partition.is_empty() {
        true => Sql::default(),
        false => sql!["PARTITION BY ", Sql::join(partition, ", ")],
    };
    sql!["row_number() OVER (", partition, order_clause(order), ") AS n"]
}

fn columns(width: usize) -> Sql {
    match width {
        0 => Sql::from("1"),
        _ => Sql::join((0..width).map(|position| Sql::numbered("c", position as u64)), ", "),
    }
}
