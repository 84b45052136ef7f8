//! FROM: tables, derived tables, joins. Who may see which rows of a table is part of what is read here.

use mainstay_base::Result;
use mainstay_expr::{
    ColumnRef, Expr, ExprKind, FromItem, JoinKind, Select, SourceId, TableSource, Tree, Type,
};

use super::barrier::behind;
use super::lateral;
use super::{ColumnForm, Renderer, Source, Sql, alias, connected};
use crate::Constant;
use crate::fallible::hides_rows;
use crate::sql::sql;
use crate::storage::Storage;

/// A rendered source, and the conditions on its rows that whoever reads it must add: to WHERE, or to ON where the source
/// is on the side of an outer join that can be missing.
#[derive(Default)]
pub(crate) struct Reading {
    /// `None` when nothing is to be read for it.
    pub sql: Option<Sql>,
    pub conditions: Vec<Sql>,
}

/// What is known while the sources of one FROM are rendered.
#[derive(Default)]
pub(super) struct Clause {
    /// The sources before this one: only lateral ones may speak of them, and not all databases have LATERAL.
    pub before: Vec<SourceId>,
    /// Below a FULL JOIN conditions have no place but the source itself.
    pub isolated: bool,
    barrier: bool,
}

impl<'c> Renderer<'c> {
    /// All of FROM. With `barrier` nothing outside reaches into a derived table whose rows policies choose.
    pub(crate) fn reading(&mut self, items: &[FromItem], barrier: bool) -> Result<Reading> {
        let mut clause = Clause { barrier, ..Clause::default() };
        let mut parts = Vec::new();
        let mut conditions = Vec::new();
        for (position, item) in items.iter().enumerate() {
            let from = self.source(item, &mut clause)?;
            conditions.extend(from.conditions);
            // a comma binds as tightly as JOIN
            let outer =
                position > 0 && matches!(item, FromItem::Join { kind: JoinKind::Right | JoinKind::Full, .. });
            parts.extend(from.sql.map(|sql| if outer { sql.parenthesized() } else { sql }));
        }
        let sql = (!parts.is_empty()).then(|| Sql::join(parts, ", "));
        Ok(Reading { sql, conditions })
    }

    pub(super) fn source(&mut self, item: &FromItem, clause: &mut Clause) -> Result<Reading> {
        match item {
            FromItem::Table(source) => self.table(source, clause),
            FromItem::Select { source, select, lateral } => {
                let from = if *lateral && speaks_of(select.as_ref(), &clause.before) {
                    self.lateral(*source, select, clause)?
                } else {
                    self.derived_source(*source, select, clause)?
                };
                clause.before.push(*source);
                Ok(from)
            }
            FromItem::Values { source, rows } => self.values(*source, rows, clause),
            FromItem::Unnest { source, array } => self.unnest(*source, array, clause),
            FromItem::Series { source, start, stop, step } => {
                self.series(*source, [start, stop, step], clause)
            }
            FromItem::Function { .. } => Err(self.dialect.unsupported("a function of an existing database")),
            FromItem::Join { kind, left, right, on } => self.join(*kind, left, right, on, clause),
        }
    }

    fn table(&mut self, source: &TableSource, clause: &mut Clause) -> Result<Reading> {
        let table = self.base_table(source.table)?;
        let known = Source::Table { table, aliased: true, nullable: false };
        self.sources.insert(source.source, known);
        let name = Sql::identifier(self.dialect.table_name(table));
        let named = sql![name, " AS ", alias(source.source)];
        let visible = source.visible.as_deref().filter(|visible| !visible.is_true());
        let condition = visible.map(|visible| self.condition(visible)).transpose()?;
        clause.before.push(source.source);
        Ok(match condition {
            Some(condition) if clause.isolated => {
                let inner =
                    sql!["(SELECT * FROM ", named, " WHERE ", condition, ") AS ", alias(source.source)];
                Reading { sql: Some(inner), conditions: Vec::new() }
            }
            condition => Reading { sql: Some(named), conditions: condition.into_iter().collect() },
        })
    }

    fn derived_source(&mut self, source: SourceId, select: &Select, clause: &Clause) -> Result<Reading> {
        let rendered = self.without(&clause.before, |renderer| renderer.derived(select))?;
        // no condition is moved into a select with a limit
        let is_barrier =
            clause.barrier && hides_rows(select) && select.limit.is_none() && select.offset.is_none();
        let unlimited = || sql![" LIMIT ", Sql::constant(Constant::Int(self.dialect.unlimited()))];
        let barrier = if is_barrier { unlimited() } else { Sql::default() };
        let sql = sql!["(", rendered.sql, barrier, ") AS ", alias(source)];
        self.sources.insert(source, Source::Derived { columns: rendered.columns, nullable: false });
        Ok(Reading { sql: Some(sql), conditions: Vec::new() })
    }

    fn join(
        &mut self,
        kind: JoinKind,
        left: &FromItem,
        right: &FromItem,
        on: &Expr,
        clause: &mut Clause,
    ) -> Result<Reading> {
        if kind == JoinKind::Full && !self.dialect.has_full_join() {
            return Err(self.dialect.unsupported("FULL JOIN"));
        }
        let was_isolated = clause.isolated;
        clause.isolated |= kind == JoinKind::Full;
        let first = clause.before.len();
        let left_from = self.source(left, clause)?;
        let middle = clause.before.len();
        let was_merged = matches!(right, FromItem::Select { select, lateral: true, .. }
            if speaks_of(select, &clause.before));
        if kind == JoinKind::Left
            && was_merged
            && let FromItem::Select { source, select, .. } = right
        {
            if on.is_true() && self.inlined(*source, select) {
                clause.before.push(*source);
                clause.isolated = was_isolated;
                return Ok(left_from);
            }
            if !lateral::shows_columns_only(select) {
                return Err(self
                    .dialect
                    .unsupported("LEFT JOIN LATERAL of computed columns of several rows"));
            }
        }
        let right_from = self.source(right, clause)?;
        clause.isolated = was_isolated;
        let on = self.joined_on(on, &left_from, &right_from)?;
        let (left_nullable, right_nullable) = match kind {
            JoinKind::Inner => (false, false),
            JoinKind::Left => (false, true),
            JoinKind::Right => (true, false),
            JoinKind::Full => (true, true),
        };
        if left_nullable {
            self.make_nullable(&clause.before[first..middle]);
        }
        if right_nullable {
            self.make_nullable(&clause.before[middle..]);
        }
        let (Some(left_sql), Some(right_sql)) = (left_from.sql.clone(), right_from.sql.clone()) else {
            return self.one_sided(kind, left_from, right_from, on);
        };
        let right_sql = if joins(right, was_merged) { right_sql.parenthesized() } else { right_sql };
        let (word, mut inner, outer) = match kind {
            JoinKind::Inner => {
                let all = left_from.conditions.into_iter().chain(right_from.conditions).collect();
                (" JOIN ", Vec::new(), all)
            }
            JoinKind::Left => (" LEFT JOIN ", right_from.conditions, left_from.conditions),
            JoinKind::Right => (" RIGHT JOIN ", left_from.conditions, right_from.conditions),
            // both sides are isolated: they have no conditions left
            JoinKind::Full => (" FULL JOIN ", Vec::new(), Vec::new()),
        };
        inner.extend(on);
        let on = if inner.is_empty() { Sql::from("TRUE") } else { connected(inner, " AND ") };
        Ok(Reading { sql: Some(sql![left_sql, word, right_sql, " ON ", on]), conditions: outer })
    }

    fn joined_on(&mut self, on: &Expr, left: &Reading, right: &Reading) -> Result<Option<Sql>> {
        if on.is_true() {
            return Ok(None);
        }
        let said = self.condition(on)?;
        if !self.may_fail(on) {
            return Ok(Some(said));
        }
        let conditions: Vec<Sql> = left.conditions.iter().chain(&right.conditions).cloned().collect();
        Ok(Some(behind(&conditions, said)))
    }

    fn make_nullable(&mut self, sources: &[SourceId]) {
        for source in sources {
            if let Some(Source::Table { nullable, .. } | Source::Derived { nullable, .. }) =
                self.sources.get_mut(source)
            {
                *nullable = true;
            }
        }
    }

    fn values(&mut self, source: SourceId, rows: &[Vec<Expr>], clause: &mut Clause) -> Result<Reading> {
        let width = rows.first().map_or(0, Vec::len);
        let mut cells = Vec::new();
        for row in rows {
            cells.push(row.iter().map(|cell| self.expr(cell)).collect::<Result<Vec<_>>>()?);
        }
        let mut columns = Vec::new();
        let mut selects = vec![Vec::new(); rows.len()];
        for position in 0..width {
            let column: Vec<_> = cells.iter().map(|row| row[position].clone()).collect();
            let nullable = column.iter().any(|cell| cell.nullable);
            let (column, storage) = self.unify(column)?;
            columns.push(ColumnForm { storage, nullable, may_fail: false });
            for (select, cell) in selects.iter_mut().zip(column) {
                select.push(cell.sql);
            }
        }
        let sql = self.dialect.values(source, selects, width);
        self.sources.insert(source, Source::Derived { columns, nullable: false });
        clause.before.push(source);
        Ok(Reading { sql: Some(sql), conditions: Vec::new() })
    }

    /// A table-valued function may speak of the sources before it.
    fn unnest(&mut self, source: SourceId, array: &Expr, clause: &mut Clause) -> Result<Reading> {
        let element = array.ty.element().cloned().unwrap_or(Type::Void);
        let array = self.expr(array)?;
        let storage = self.storage_of(&element);
        let sql = self.dialect.elements(source, array.sql, &storage)?;
        self.sources.insert(source, Source::Elements { storage });
        clause.before.push(source);
        Ok(Reading { sql: Some(sql), conditions: Vec::new() })
    }

    fn series(&mut self, source: SourceId, terms: [&Expr; 3], clause: &mut Clause) -> Result<Reading> {
        let before = clause.before.clone();
        let [start, stop, step] = self.without(&before, |renderer| {
            Ok([renderer.expr(terms[0])?, renderer.expr(terms[1])?, renderer.expr(terms[2])?])
        })?;
        if terms.iter().any(|term| !term.ty.is_integer()) {
            return Err(self.dialect.unsupported("generate_series of other than integers"));
        }
        let sql = self.dialect.series(source, terms, [start.sql, stop.sql, step.sql])?;
        let column = ColumnForm { storage: Storage::Int, nullable: false, may_fail: false };
        self.sources.insert(source, Source::Derived { columns: vec![column], nullable: false });
        clause.before.push(source);
        Ok(Reading { sql: Some(sql), conditions: Vec::new() })
    }

    /// A join of which one side reads nothing.
    fn one_sided(&self, kind: JoinKind, left: Reading, right: Reading, on: Option<Sql>) -> Result<Reading> {
        if kind != JoinKind::Inner {
            return Err(self.dialect.unsupported("an outer join with a LATERAL subquery"));
        }
        let conditions = left.conditions.into_iter().chain(right.conditions).chain(on).collect();
        Ok(Reading { sql: left.sql.or(right.sql), conditions })
    }

    /// Renders what must not speak of those sources.
    fn without<T>(&mut self, hidden: &[SourceId], render: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let taken: Vec<_> = hidden
            .iter()
            .filter_map(|source| self.sources.remove(source).map(|known| (*source, known)))
            .collect();
        let result = render(self);
        self.sources.extend(taken);
        result
    }
}

/// Whether a source is said as more than one.
fn joins(item: &FromItem, was_merged: bool) -> bool {
    match item {
        FromItem::Join { .. } => true,
        FromItem::Select { select, .. } if was_merged => match select.from.as_slice() {
            [only] => matches!(only, FromItem::Join { .. }),
            _ => true,
        },
        _ => false,
    }
}

fn speaks_of(select: &Select, sources: &[SourceId]) -> bool {
    select.any(
        |expr| matches!(expr.kind, ExprKind::Column(ColumnRef { source, .. }) if sources.contains(&source)),
    )
}
