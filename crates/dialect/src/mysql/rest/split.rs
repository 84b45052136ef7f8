//! Splits a select into what SQL says and what is left.

use mainstay_base::{Problem, Result};
use mainstay_catalog::Catalog;
use mainstay_expr::visit::{self, Visitor, VisitorMut};
use mainstay_expr::{
    Expr, ExprKind, FromItem, Item, JoinKind, Rights, Select, SourceId, TableId, TableSource, Tree, Type,
};

use super::{MySql, Rest};
use crate::dialect::Dialect;
use crate::mysql::ddl::{RowKey, row_key};
use crate::mysql::statement::Statement;
use crate::mysql::storage::Storage;
use crate::render::{Renderer, Restriction, Sql};
use crate::sql::sql;

/// A select whose tables keep only those policies that are SQL; the others come first in its filter. Also whether there are any.
pub(super) fn lifted(dialect: &MySql, catalog: &Catalog, select: &Select) -> (Select, bool) {
    let mut select = select.clone();
    let mut policies = Vec::new();
    for item in &mut select.from {
        lift(dialect, catalog, item, &mut policies);
    }
    let any = !policies.is_empty();
    if any {
        policies.extend(select.filter.take());
        select.filter = Some(Expr::all(policies));
    }
    (select, any)
}

/// Takes policies that are not SQL from the tables whose rows no outer join needs.
fn lift(dialect: &MySql, catalog: &Catalog, item: &mut FromItem, policies: &mut Vec<Expr>) {
    match item {
        FromItem::Table(table) => {
            let alone = [FromItem::Table(table.clone())];
            if Renderer::new(dialect, catalog).reading(&alone, false).is_err() {
                policies.extend(table.visible.take().map(|visible| *visible));
            }
        }
        FromItem::Join { kind, left, right, .. } => {
            if matches!(kind, JoinKind::Inner | JoinKind::Left) {
                lift(dialect, catalog, left, policies);
            }
            if matches!(kind, JoinKind::Inner | JoinKind::Right) {
                lift(dialect, catalog, right, policies);
            }
        }
        _ => {}
    }
}

/// The source that stands for the rows of the first read.
const ROWS: SourceId = SourceId(2_000_000);

/// A select without tables: nothing is read.
pub(super) fn computed(select: &Select) -> Result<Statement> {
    Ok(finished(Vec::new(), select.clone(), Vec::new(), &[]))
}

/// Only values are left: the rows, their order and their number are SQL.
pub(super) fn projected(
    dialect: &MySql,
    catalog: &Catalog,
    select: &Select,
    restriction: Restriction<'_>,
) -> Result<Statement> {
    if select.distinct || !select.set_ops.is_empty() {
        return Err(dialect.unsupported("DISTINCT of such values"));
    }
    let mut split = Split::of(dialect, catalog, select)?;
    split.aggregates = true;
    let items = select.items.iter().map(|item| split.item(item)).collect::<Result<Vec<_>>>()?;
    if items.iter().any(|item| item.expr.any(|part| matches!(part.kind, ExprKind::Aggregate(_)))) {
        return Err(dialect.unsupported("this aggregate"));
    }
    let leaves = split.leaves.iter().map(|leaf| Item { expr: leaf.expr.clone(), name: String::new() });
    let native = Select { items: leaves.collect(), ..select.clone() };
    let (sql, columns) = Renderer::new(dialect, catalog).root(&native, restriction)?.into_parts();
    let rest = Select { from: vec![rows_of(0)], items, ..Select::default() };
    split.reads.insert(0, Statement::new(sql, columns.clone()));
    split.finished(rest, Vec::new(), &columns)
}

/// The sources are SQL, and as much of the filter as can be said.
pub(super) fn filtered(
    dialect: &MySql,
    catalog: &Catalog,
    select: &Select,
    restriction: Restriction<'_>,
) -> Result<Statement> {
    if !select.set_ops.is_empty() {
        return Err(dialect.unsupported("a set operator"));
    }
    let (select, has_policies) = lifted(dialect, catalog, select);
    let select = &select;
    let mut split = Split::of(dialect, catalog, select)?;
    let (native, left) = split.filter(select.filter.as_ref(), has_policies);
    let bounded = select.limit.is_some() || select.offset.is_some();
    let each = match restriction {
        Restriction::Keys(keys) if bounded => {
            keys.iter().map(|key| split.leaf_position(key)).collect::<Result<Vec<_>>>()?
        }
        _ => Vec::new(),
    };
    let rest = split.rest(select, left)?;
    let body = Select { from: select.from.clone(), filter: native, ..Select::default() };
    let body = split.renderer.body(&body, restriction)?;
    let order = match restriction {
        Restriction::Rows(_) => " ORDER BY r.n",
        _ => "",
    };
    let (list, columns) = split.leaves_said();
    split.reads.insert(0, Statement::new(sql!["SELECT ", list, body.sql, order], columns.clone()));
    split.finished(rest, each, &columns)
}

/// Everything is left: the tables are read with the rows that policies show, as far as policies are SQL.
pub(super) fn in_memory(
    dialect: &MySql,
    catalog: &Catalog,
    select: &Select,
    restriction: Restriction<'_>,
) -> Result<Statement> {
    if !matches!(restriction, Restriction::None) {
        return Err(dialect.unsupported("such a select below another"));
    }
    let mut split = Split::new(dialect, catalog, Vec::new());
    let mut select = select.clone();
    split.load(&mut select)?;
    Ok(finished(split.reads, select, Vec::new(), &[]))
}

/// The rows that a write will touch, locked: what tells each apart, then `items`.
pub(super) fn locked(
    dialect: &MySql,
    catalog: &Catalog,
    (table, source): (TableId, SourceId),
    filter: &Expr,
    items: &[Expr],
) -> Result<Statement> {
    let from = TableSource { source, table, rights: Rights::Definer, visible: None };
    let item = |expr: Expr| Item { expr, name: String::new() };
    let select = Select {
        from: vec![FromItem::Table(from)],
        filter: (!filter.is_true()).then(|| filter.clone()),
        items: items.iter().cloned().map(item).collect(),
        ..Select::default()
    };
    let mut split = Split::of(dialect, catalog, &select)?;
    let declared = catalog.table(table);
    let key = match row_key(declared) {
        RowKey::Columns(columns) => columns
            .into_iter()
            .map(|column| split.leaf(&Expr::column(source, column, declared.column(column).ty.ty.clone())))
            .collect::<Result<Vec<_>>>()?,
        RowKey::Hidden => {
            let (sql, storage) = dialect.row_columns(source, declared).remove(0);
            vec![split.add(Expr::column(source, u32::MAX, Type::Int8), sql, storage)]
        }
    };
    let (native, left) = split.filter(select.filter.as_ref(), true);
    let mut rest = split.rest(&select, left)?;
    rest.items.splice(0..0, key.into_iter().map(item));
    let body = Select { from: select.from.clone(), filter: native, ..Select::default() };
    let body = split.renderer.body(&body, Restriction::None)?;
    let (list, columns) = split.leaves_said();
    split.reads.insert(0, Statement::new(sql!["SELECT ", list, body.sql, " FOR UPDATE"], columns.clone()));
    split.finished(rest, Vec::new(), &columns)
}

/// The rows of a read.
fn rows_of(read: u32) -> FromItem {
    FromItem::Table(TableSource {
        source: ROWS,
        table: TableId(read),
        rights: Rights::Definer,
        visible: None,
    })
}

fn finished(reads: Vec<Statement>, select: Select, each: Vec<usize>, leaves: &[Storage]) -> Statement {
    let columns: Vec<Storage> = select
        .items
        .iter()
        .map(|item| match &item.expr.kind {
            ExprKind::Column(column) if column.source == ROWS => leaves[column.column as usize].clone(),
            _ => Storage::of_type(&item.expr.ty),
        })
        .collect();
    Statement::of_rest(Rest { reads, select, each, columns: columns.clone() }, columns)
}

/// Something that SQL computes for each row.
struct Leaf {
    expr: Expr,
    sql: Sql,
    storage: Storage,
}

struct Split<'s> {
    dialect: &'s MySql,
    catalog: &'s Catalog,
    renderer: Renderer<'s>,
    /// The sources whose rows the first read has.
    own: Vec<SourceId>,
    leaves: Vec<Leaf>,
    /// The reads of tables.
    reads: Vec<Statement>,
    /// How many reads will come before them.
    first: u32,
    /// Whether the first read has groups, so that its columns can be aggregates.
    aggregates: bool,
    /// Whether the first read has rows that what is left of the filter takes away: what can fail must not meet them.
    guarded: bool,
    failed: Option<Problem>,
}

impl<'s> Split<'s> {
    fn new(dialect: &'s MySql, catalog: &'s Catalog, own: Vec<SourceId>) -> Self {
        let renderer = Renderer::new(dialect, catalog);
        Self {
            dialect,
            catalog,
            renderer,
            own,
            leaves: Vec::new(),
            reads: Vec::new(),
            first: 0,
            aggregates: false,
            guarded: false,
            failed: None,
        }
    }

    /// With the sources of a select at hand.
    fn of(dialect: &'s MySql, catalog: &'s Catalog, select: &Select) -> Result<Self> {
        let mut split = Self::new(dialect, catalog, Vec::new());
        split.first = 1;
        split.renderer.reading(&select.from, false)?;
        select.from.iter().for_each(|item| declared(item, &mut split.own));
        Ok(split)
    }

    /// The terms of a filter that are SQL, and the others. With `guarded` the others may hide rows, of which no error must tell.
    fn filter(&mut self, filter: Option<&Expr>, guarded: bool) -> (Option<Expr>, Vec<Expr>) {
        let terms = match filter {
            Some(Expr { kind: ExprKind::And(terms), .. }) => terms.as_slice(),
            Some(filter) => std::slice::from_ref(filter),
            None => &[],
        };
        let (native, left): (Vec<Expr>, Vec<Expr>) = terms.iter().cloned().partition(|term| {
            self.renderer.condition(term).is_ok() && !(guarded && self.renderer.may_fail(term))
        });
        self.guarded = !left.is_empty();
        ((!native.is_empty()).then(|| Expr::all(native)), left)
    }

    /// The select that is left, over the rows of the first read.
    fn rest(&mut self, select: &Select, filter: Vec<Expr>) -> Result<Select> {
        let mut rest = Select {
            from: vec![rows_of(0)],
            filter: (!filter.is_empty()).then(|| Expr::all(filter)),
            ..select.clone()
        };
        let mut from = std::mem::take(&mut rest.from);
        visit::walk_select_mut(self, &mut rest);
        rest.from.append(&mut from);
        self.failed.take().map_or(Ok(rest), Err)
    }

    fn item(&mut self, item: &Item) -> Result<Item> {
        let mut item = item.clone();
        VisitorMut::expr(self, &mut item.expr);
        self.failed.take().map_or(Ok(item), Err)
    }

    /// A column of the first read that holds an expression's value.
    fn leaf(&mut self, expr: &Expr) -> Result<Expr> {
        if !self.aggregates && aggregates(expr) {
            return Err(self.dialect.unsupported("this aggregate"));
        }
        if self.guarded && self.renderer.may_fail(expr) {
            return Err(self.dialect.unsupported("what can fail"));
        }
        let fragment = self.renderer.expr(expr)?;
        if fragment.storage == Storage::Trimmed(0) {
            return Err(self.dialect.unsupported("a text of unknown length"));
        }
        Ok(self.add(expr.clone(), fragment.sql, fragment.storage))
    }

    fn leaf_position(&mut self, expr: &Expr) -> Result<usize> {
        match self.leaf(expr)?.kind {
            ExprKind::Column(column) => Ok(column.column as usize),
            _ => Err(Problem::internal("a leaf is a column")),
        }
    }

    fn add(&mut self, expr: Expr, sql: Sql, storage: Storage) -> Expr {
        let ty = expr.ty.clone();
        let known = self.leaves.iter().position(|leaf| leaf.expr == expr);
        let position = known.unwrap_or_else(|| {
            self.leaves.push(Leaf { expr, sql, storage });
            self.leaves.len() - 1
        });
        Expr::column(ROWS, position as u32, ty)
    }

    fn leaves_said(&self) -> (Sql, Vec<Storage>) {
        if self.leaves.is_empty() {
            return (Sql::from("1"), vec![Storage::Int]);
        }
        let list = Sql::join(self.leaves.iter().map(|leaf| leaf.sql.clone()), ", ");
        (list, self.leaves.iter().map(|leaf| leaf.storage.clone()).collect())
    }

    /// Everything is known; the first read is in place.
    fn finished(self, rest: Select, each: Vec<usize>, leaves: &[Storage]) -> Result<Statement> {
        Ok(finished(self.reads, rest, each, leaves))
    }

    /// Puts reads in the place of the tables of a select, and leaves in that of columns from outside.
    fn load(&mut self, select: &mut Select) -> Result<()> {
        let own = std::mem::take(&mut self.own);
        let mut outer = Vec::new();
        select.walk(|expr| {
            if let ExprKind::Column(column) = expr.kind
                && own.contains(&column.source)
            {
                outer.push(expr.clone());
            }
        });
        for column in outer {
            let leaf = self.leaf(&column)?;
            select.map(|expr| if expr == column { leaf.clone() } else { expr });
        }
        self.own = own;
        let mut failed = None;
        select.tables_mut(|table| {
            let position = self.table(table);
            match position {
                Ok(position) => table.table = TableId(self.first + position),
                Err(problem) => failed = Some(problem),
            }
        });
        failed.map_or(Ok(()), Err)
    }

    /// The read of a table. Policies that are SQL are part of it; others stay.
    fn table(&mut self, table: &mut TableSource) -> Result<u32> {
        let declared = self.catalog.table(table.table);
        let columns = (0u32..).zip(&declared.columns);
        let items = columns.map(|(position, column)| Item {
            expr: Expr::column(table.source, position, column.ty.ty.clone()),
            name: String::new(),
        });
        let mut select = Select {
            from: vec![FromItem::Table(table.clone())],
            items: items.collect(),
            ..Select::default()
        };
        let root =
            |select: &Select| Renderer::new(self.dialect, self.catalog).root(select, Restriction::None);
        let rendered = match root(&select) {
            Ok(rendered) => {
                table.visible = None;
                rendered
            }
            Err(_) => {
                select.tables_mut(|table| table.visible = None);
                root(&select)?
            }
        };
        let (sql, columns) = rendered.into_parts();
        let read = Statement::new(sql, columns);
        let known =
            self.reads.iter().position(|other| other.text == read.text && other.inputs == read.inputs);
        Ok(known.unwrap_or_else(|| {
            self.reads.push(read);
            self.reads.len() - 1
        }) as u32)
    }
}

impl VisitorMut for Split<'_> {
    /// The greatest parts that are SQL become columns of the first read.
    fn expr(&mut self, expr: &mut Expr) {
        let is_own = |part: &Expr| match &part.kind {
            ExprKind::Column(column) => self.own.contains(&column.source),
            ExprKind::Exists(_)
            | ExprKind::Scalar(_)
            | ExprKind::ArrayOf(_)
            | ExprKind::InSelect(..)
            | ExprKind::Aggregate(_) => true,
            _ => false,
        };
        if !expr.any(is_own) {
            return;
        }
        match self.leaf(expr) {
            Ok(leaf) => *expr = leaf,
            Err(_) => visit::walk_expr_mut(self, expr),
        }
    }

    fn select(&mut self, select: &mut Select) {
        if let Err(problem) = self.load(select) {
            self.failed = Some(problem);
        }
    }
}

/// Whether an aggregate of the select that an expression stands in is part of it.
fn aggregates(expr: &Expr) -> bool {
    struct Found(bool);
    impl Visitor for Found {
        fn expr(&mut self, expr: &Expr) {
            self.0 |= matches!(expr.kind, ExprKind::Aggregate(_));
            visit::walk_expr(self, expr);
        }
        fn select(&mut self, _: &Select) {}
    }
    let mut found = Found(false);
    found.expr(expr);
    found.0
}

/// The sources that an item of FROM declares.
fn declared(item: &FromItem, sources: &mut Vec<SourceId>) {
    match item {
        FromItem::Join { left, right, .. } => {
            declared(left, sources);
            declared(right, sources);
        }
        FromItem::Table(TableSource { source, .. })
        | FromItem::Select { source, .. }
        | FromItem::Values { source, .. }
        | FromItem::Unnest { source, .. }
        | FromItem::Series { source, .. }
        | FromItem::Function { source, .. } => sources.push(*source),
    }
}
