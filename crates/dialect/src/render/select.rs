//! A whole SELECT: clauses in order, set operators, LIMIT.

use mainstay_base::{Problem, Result};
use mainstay_expr::{CompareOp, Expr, ExprKind, FromItem, Item, Select, SetOp, SourceId, Value};

use super::barrier::behind;
use super::fragment::{Fragment, Pliant};
use super::{ColumnForm, Renderer, Restriction, Sql, connected};
use crate::Constant;
use crate::sql::sql;
use crate::statement::{Bound, Form, Input};
use crate::storage::Storage;

/// A rendered select and what its columns are.
pub(crate) struct Rendered {
    pub sql: Sql,
    pub columns: Vec<ColumnForm>,
}

impl Rendered {
    /// Its text, and how its columns are kept.
    pub fn into_parts(self) -> (Sql, Vec<Storage>) {
        (self.sql, self.columns.into_iter().map(|column| column.storage).collect())
    }
}

/// The clauses between the items and ORDER BY.
pub(crate) struct Body {
    /// ` FROM … WHERE … GROUP BY … HAVING …`
    pub sql: Sql,
    pub keys: Vec<Sql>,
}

impl Renderer<'_> {
    pub(crate) fn root(&mut self, select: &Select, restriction: Restriction<'_>) -> Result<Rendered> {
        self.select_as(select, None, false, restriction)
    }

    /// A select whose columns need no names.
    pub(super) fn select(&mut self, select: &Select) -> Result<Rendered> {
        self.select_as(select, None, false, Restriction::None)
    }

    /// A select whose columns are `c0`, `c1` ….
    pub(crate) fn derived(&mut self, select: &Select) -> Result<Rendered> {
        self.select_as(select, None, true, Restriction::None)
    }

    /// How a select's items are stored.
    pub(super) fn item_storages(&mut self, select: &Select) -> Result<Vec<Storage>> {
        Ok(self.select(select)?.into_parts().1)
    }

    pub(super) fn select_as(
        &mut self,
        select: &Select,
        wanted: Option<&[Storage]>,
        named: bool,
        restriction: Restriction<'_>,
    ) -> Result<Rendered> {
        if !select.set_ops.is_empty() {
            if !matches!(restriction, Restriction::None) {
                return Err(Problem::internal("set operators stand where rows are fetched by key"));
            }
            return self.compound(select, wanted);
        }
        let body = self.body(select, restriction)?;
        let items = self.items(&select.items, wanted)?;
        let columns = self.column_forms(&select.items, &items);
        if !select.distinct_on.is_empty() {
            let sql = self.distinct_on(select, body, items)?;
            return Ok(Rendered { sql, columns });
        }
        let bounded = select.limit.is_some() || select.offset.is_some();
        if bounded && matches!(restriction, Restriction::Keys(_)) {
            let sql = self.limited_by_key(select, body, items)?;
            return Ok(Rendered { sql, columns });
        }
        let opening = if select.distinct { "SELECT DISTINCT " } else { "SELECT " };
        let mut list = self.said_items(items, named, select.distinct || wanted.is_some())?;
        if let Restriction::Rows(source) = restriction
            && !select.grouped
            && !select.distinct
            && self.dialect.rows_source(self.table_of(source)?).is_none()
        {
            list.extend(self.row_columns(source)?.into_iter().map(|(sql, _)| sql));
        }
        let list = if list.is_empty() { Sql::from("1") } else { Sql::join(list, ", ") };
        let mut order = self.order_terms(&select.order_by)?;
        if let Restriction::Rows(source) = restriction
            && order.is_empty()
            && !select.grouped
            && !select.distinct
            && self.dialect.rows_source(self.table_of(source)?).is_some()
        {
            order.push(Sql::from("r.n"));
        }
        let sql = sql![opening, list, body.sql, order_clause(order), self.bounds(select)?];
        Ok(Rendered { sql, columns })
    }

    /// FROM to HAVING.
    pub(crate) fn body(&mut self, select: &Select, restriction: Restriction<'_>) -> Result<Body> {
        let terms = match &select.filter {
            Some(Expr { kind: ExprKind::And(terms), .. }) => terms.as_slice(),
            Some(filter) => std::slice::from_ref(filter),
            None => &[],
        };
        let mut from = self.reading(&select.from, false)?;
        if terms.iter().any(|term| self.may_fail(term)) {
            from = self.reading(&select.from, true)?;
        }
        let (mut conditions, keys) = self.restriction(restriction)?;
        for term in terms {
            let said = self.condition(term)?;
            conditions.push(if self.may_fail(term) { behind(&from.conditions, said) } else { said });
        }
        conditions.extend(from.conditions);
        let mut sql = Sql::default();
        if let Restriction::Rows(source) = restriction
            && let Some(rows) = self.dialect.rows_source(self.table_of(source)?)
        {
            let all = from.sql.take().unwrap_or_else(|| Sql::from("DUAL")).parenthesized();
            from.sql = Some(sql![rows, " STRAIGHT_JOIN ", all]);
        }
        if let Some(from) = from.sql {
            sql = sql.then(" FROM ").then(from);
        }
        if !conditions.is_empty() {
            sql = sql.then(" WHERE ").then(connected(conditions, " AND "));
        }
        if select.grouped && !select.group_by.is_empty() {
            let mut terms = self.group_terms(&select.group_by)?;
            if terms.is_empty() {
                // grouped by constants only: one group when there are rows
                terms.push(Sql::from("NULL"));
            }
            sql = sql.then(" GROUP BY ").then(Sql::join(terms, ", "));
        }
        if let Some(having) = &select.having {
            sql = sql.then(" HAVING ").then(self.condition(having)?);
        }
        Ok(Body { sql, keys })
    }

    /// The conditions that a restriction adds, and the keys it speaks of.
    fn restriction(&mut self, restriction: Restriction<'_>) -> Result<(Vec<Sql>, Vec<Sql>)> {
        match restriction {
            Restriction::None => Ok((Vec::new(), Vec::new())),
            Restriction::Row(source) => Ok((vec![self.among_rows(source, false)?], Vec::new())),
            Restriction::Rows(source) => Ok((vec![self.among_rows(source, true)?], Vec::new())),
            Restriction::Key(keys) => {
                let keys = self.keys(keys)?;
                let conditions = keys.iter().enumerate().map(|(position, key)| {
                    let value = Bound::Key(position as u32);
                    let input = Sql::input(Input { value, form: Form::Storage(key.storage.clone()) });
                    let input = self.dialect.compared_with(input, &key.storage)?;
                    Ok(sql![self.dialect.comparable(key.sql.clone(), &key.storage)?, " = ", input])
                });
                Ok((conditions.collect::<Result<_>>()?, Vec::new()))
            }
            Restriction::Keys(keys) => {
                let keys = self.keys(keys)?;
                let partition = keys.iter().map(|key| self.dialect.comparable(key.sql.clone(), &key.storage));
                let partition = partition.collect::<Result<_>>()?;
                Ok((vec![self.dialect.among_keys(keys)?], partition))
            }
        }
    }

    fn keys(&mut self, keys: &[Expr]) -> Result<Vec<Fragment>> {
        keys.iter().map(|key| self.expr(key)).collect()
    }

    fn items(&mut self, items: &[Item], wanted: Option<&[Storage]>) -> Result<Vec<Fragment>> {
        let mut fragments = Vec::new();
        for (position, item) in items.iter().enumerate() {
            let fragment = self.expr(&item.expr)?;
            fragments.push(match wanted.and_then(|wanted| wanted.get(position)) {
                Some(storage) => self.stored(fragment, storage)?,
                None => fragment,
            });
        }
        Ok(fragments)
    }

    fn column_forms(&self, items: &[Item], fragments: &[Fragment]) -> Vec<ColumnForm> {
        let form = |(item, fragment): (&Item, &Fragment)| ColumnForm {
            storage: fragment.storage.clone(),
            nullable: fragment.nullable,
            may_fail: self.may_fail(&item.expr),
        };
        items.iter().zip(fragments).map(form).collect()
    }

    /// Set operators: the members one after the other, ORDER BY and LIMIT around them.
    fn compound(&mut self, select: &Select, wanted: Option<&[Storage]>) -> Result<Rendered> {
        let head =
            Select { set_ops: Vec::new(), order_by: Vec::new(), limit: None, offset: None, ..select.clone() };
        let members: Vec<&Select> =
            std::iter::once(&head).chain(select.set_ops.iter().map(|(_, member)| member)).collect();
        let common = match wanted {
            Some(wanted) => wanted.to_vec(),
            None => self.common_storages(&members)?,
        };
        let mut sql = Sql::default();
        let mut columns: Vec<ColumnForm> = Vec::new();
        for (position, member) in members.iter().enumerate() {
            let rendered = self.select_as(member, Some(&common), true, Restriction::None)?;
            if let Some((op, _)) = position.checked_sub(1).and_then(|before| select.set_ops.get(before)) {
                sql.push(set_word(*op));
            }
            let is_simple = member.set_ops.is_empty()
                && member.order_by.is_empty()
                && member.limit.is_none()
                && member.offset.is_none();
            match is_simple {
                true => sql.push(rendered.sql),
                false => sql.push(sql!["SELECT * FROM (", rendered.sql, ") AS d"]),
            }
            for (at, column) in rendered.columns.into_iter().enumerate() {
                match columns.get_mut(at) {
                    Some(known) => {
                        known.nullable |= column.nullable;
                        known.may_fail |= column.may_fail;
                    }
                    None => columns.push(column),
                }
            }
        }
        let order = self.positions_order(&select.order_by, &head.items, &columns)?;
        if !order.is_empty() {
            sql = sql!["SELECT * FROM (", sql, ") AS d", order_clause(order)];
        }
        Ok(Rendered { sql: sql.then(self.bounds(select)?), columns })
    }

    fn common_storages(&mut self, members: &[&Select]) -> Result<Vec<Storage>> {
        let mut common: Vec<Storage> = Vec::new();
        for member in members {
            for (position, storage) in self.item_storages(member)?.into_iter().enumerate() {
                match common.get_mut(position) {
                    None => common.push(storage),
                    Some(known @ Storage::Trimmed(_)) if *known != storage => *known = Storage::Trimmed(0),
                    Some(known) if *known != storage => *known = Storage::Decimal,
                    Some(_) => {}
                }
            }
        }
        Ok(common)
    }

    /// ORDER BY of a compound: its terms are items.
    fn positions_order(
        &mut self,
        terms: &[mainstay_expr::OrderBy],
        items: &[Item],
        columns: &[ColumnForm],
    ) -> Result<Vec<Sql>> {
        let mut rendered = Vec::new();
        for term in terms {
            let position = items.iter().position(|item| item.expr == term.expr).ok_or_else(|| {
                Problem::new(
                    "0A000",
                    "ORDER BY on a UNION/INTERSECT/EXCEPT result must be on one of its columns",
                )
            })?;
            let column = &columns[position];
            let key = Sql::numbered("c", position as u64);
            let key = self.order_key(key, &term.expr.ty, &column.storage)?;
            rendered.push(self.dialect.directed(key, term, column.nullable));
        }
        Ok(rendered)
    }

    /// LIMIT and OFFSET.
    pub(super) fn bounds(&mut self, select: &Select) -> Result<Sql> {
        let mut sql = Sql::default();
        if select.limit.is_none() && select.offset.is_none() {
            return Ok(sql);
        }
        let limit = match &select.limit {
            Some(limit) => self.count(limit, self.dialect.unlimited())?,
            None => Sql::constant(Constant::Int(self.dialect.unlimited())),
        };
        sql = sql.then(" LIMIT ").then(limit);
        if let Some(offset) = &select.offset {
            sql = sql.then(" OFFSET ").then(self.count(offset, 0)?);
        }
        Ok(sql)
    }

    /// A row count; `none` stands for NULL.
    pub(super) fn count(&mut self, expr: &Expr, none: i64) -> Result<Sql> {
        let count = self.expr(expr)?;
        Ok(match count.pliant {
            Some(Pliant::Input(value)) => Sql::input(Input { value, form: Form::Count(none) }),
            Some(Pliant::Literal(Value::Null)) => Sql::constant(Constant::Int(none)),
            Some(Pliant::Literal(_)) => count.sql,
            None => self.dialect.computed_count(count.sql, none)?,
        })
    }

    fn among_rows(&self, source: SourceId, many: bool) -> Result<Sql> {
        Ok(self.dialect.among_rows(source, self.table_of(source)?, many))
    }

    /// The select list. Where rows are compared, values that are not compared bytewise say so.
    pub(super) fn said_items(&self, items: Vec<Fragment>, named: bool, compared: bool) -> Result<Vec<Sql>> {
        let said = items.into_iter().enumerate().map(|(position, item)| {
            let sql = match compared {
                true => self.dialect.distinguished(item.sql, &item.storage)?,
                false => item.sql,
            };
            let name = || sql![" AS ", Sql::numbered("c", position as u64)];
            Ok(if named { sql.then(name()) } else { sql })
        });
        said.collect()
    }

    /// Whether a select reads one table by values for all columns of a key.
    pub(super) fn is_key_lookup(&self, select: &Select) -> bool {
        let [FromItem::Table(source)] = select.from.as_slice() else { return false };
        let Some(filter) = &select.filter else { return false };
        let terms = match &filter.kind {
            ExprKind::And(terms) => terms.as_slice(),
            _ => std::slice::from_ref(filter),
        };
        let fixed: Vec<u32> = terms.iter().filter_map(|term| fixed_column(term, source.source)).collect();
        let table = self.catalog.table(source.table);
        let mut keys = table.primary_key.iter().chain(&table.uniques);
        keys.any(|key| key.columns.iter().all(|column| fixed.contains(column)))
    }
}

/// The column of `source` that a term sets equal to something that does not depend on it.
fn fixed_column(term: &Expr, source: SourceId) -> Option<u32> {
    let ExprKind::Compare(CompareOp::Eq, left, right) = &term.kind else { return None };
    let own = |expr: &Expr| match expr.kind {
        ExprKind::Column(column) if column.source == source => Some(column.column),
        _ => None,
    };
    let is_free = |expr: &Expr| match &expr.kind {
        ExprKind::Column(column) => column.source != source,
        ExprKind::Input(_) | ExprKind::Literal(_) => true,
        _ => false,
    };
    own(left).filter(|_| is_free(right)).or_else(|| own(right).filter(|_| is_free(left)))
}

pub(crate) fn order_clause(terms: Vec<Sql>) -> Sql {
    if terms.is_empty() { Sql::default() } else { Sql::from(" ORDER BY ").then(Sql::join(terms, ", ")) }
}

fn set_word(op: SetOp) -> &'static str {
    match op {
        SetOp::Union => " UNION ",
        SetOp::UnionAll => " UNION ALL ",
        SetOp::Intersect => " INTERSECT ",
        SetOp::Except => " EXCEPT ",
    }
}
