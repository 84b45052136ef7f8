//! What of a table is copied, in which order, and how it is read.

use std::cmp::Ordering;

use mainstay_catalog::{ColumnDefault, Table};
use mainstay_expr::{
    Aggregate, AggregateFunc, ColumnType, CompareOp, Expr, ExprKind, FromItem, Item, OrderBy, Rights, Select,
    SourceIds, TableId, TableSource, Type, Value, compare,
};
use mainstay_plan::{Action, Field, Node, Plan, ReadPlan, ResultKind, SlotType, TransactionMode};

use super::Start;

/// What of a table is copied: every column that is not generated.
#[derive(Debug, Clone)]
pub struct Layout {
    /// The table.
    pub table: TableId,
    /// Its name with its schema's.
    pub name: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Positions in `columns` of what identifies a row and orders rows. Without a key of columns that are NOT NULL: all of them.
    pub key: Vec<usize>,
    /// Whether the key is one.
    pub has_key: bool,
}

/// A column that is copied.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its position in the table.
    pub position: u32,
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: ColumnType,
    /// The type that it travels as: documents travel as text, because that of `json` counts and the document `null` is not NULL.
    pub travels: Type,
}

/// Which rows are read, and what of them.
#[derive(Debug, Clone, Copy)]
pub enum Reading<'s> {
    /// Rows from a place on.
    Rows(&'s Start),
    /// The key of the last row.
    LastKey,
    /// The number of rows.
    Count,
}

impl Layout {
    /// That of a table.
    pub fn new(table: &Table) -> Self {
        let copied = (0..)
            .zip(&table.columns)
            .filter(|(_, column)| !matches!(column.default, ColumnDefault::Generated(_)));
        let columns: Vec<Column> = copied
            .map(|(position, column)| Column {
                position,
                name: column.name.clone(),
                travels: travelling(&column.ty.ty),
                ty: column.ty.clone(),
            })
            .collect();
        let whole = |key: &[u32]| -> Option<Vec<usize>> {
            let copied = |column: &u32| columns.iter().position(|it| it.position == *column);
            key.iter().map(|column| copied(column).filter(|_| table.column(*column).not_null)).collect()
        };
        let keys = table.primary_key.iter().chain(&table.uniques);
        let key = keys.filter_map(|key| whole(&key.columns)).next();
        Self {
            table: table.id,
            name: format!("{}.{}", table.schema, table.name),
            has_key: key.is_some(),
            key: key.unwrap_or_else(|| (0..columns.len()).collect()),
            columns,
        }
    }

    /// The order of two keys.
    pub fn order(&self, left: &[Value], right: &[Value]) -> Ordering {
        let keys = self.key.iter().zip(left.iter().zip(right));
        let mut orders =
            keys.map(|(at, (left, right))| compare::order(&self.columns[*at].travels, left, right));
        orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }

    /// The plan that reads it.
    pub fn plan(&self, reading: Reading<'_>) -> Plan {
        let source = SourceIds::default().fresh();
        let value = |column: &Column| {
            let value = Expr::column(source, column.position, column.ty.ty.clone());
            match column.travels == column.ty.ty {
                true => value,
                false => {
                    let ty = column.travels.clone();
                    Expr::new(ExprKind::Cast(Box::new(value), ty.clone().into()), ty)
                }
            }
        };
        let keys: Vec<&Column> = self.key.iter().map(|position| &self.columns[*position]).collect();
        let from = TableSource { source, table: self.table, rights: Rights::Definer, visible: None };
        let mut select = Select { from: vec![FromItem::Table(from)], ..Select::default() };
        let mut slots = Vec::new();
        let item = |column: &&Column| Item { expr: value(column), name: column.name.clone() };
        match reading {
            Reading::Count => {
                let count = Aggregate {
                    func: AggregateFunc::Count,
                    args: Vec::new(),
                    distinct: false,
                    filter: None,
                    order_by: Vec::new(),
                };
                let count = Expr::new(ExprKind::Aggregate(Box::new(count)), Type::Int8);
                select.items = vec![Item { expr: count, name: "count".to_owned() }];
                select.grouped = true;
            }
            Reading::LastKey => {
                select.items = keys.iter().map(item).collect();
                select.order_by = keys.iter().map(|column| ordered(value(column), true)).collect();
                select.limit = Some(Expr::literal(Value::Int(1), Type::Int8));
            }
            Reading::Rows(start) => {
                select.items = self.columns.iter().collect::<Vec<_>>().iter().map(item).collect();
                select.order_by = keys.iter().map(|column| ordered(value(column), false)).collect();
                match start {
                    Start::First => {}
                    Start::After(_) => {
                        select.filter = Some(after(&keys, &value));
                        slots = keys.iter().map(|key| SlotType::Value(key.travels.clone().into())).collect();
                    }
                    Start::Skip(rows) => {
                        let rows = i64::try_from(*rows).unwrap_or(i64::MAX);
                        select.offset = Some(Expr::literal(Value::Int(rows), Type::Int8));
                    }
                }
            }
        }
        let fields = (0..).zip(&select.items);
        let fields = fields.map(|(item, it)| Field::Item { key: it.name.clone(), item }).collect();
        let root = Node { select, fields, children: Vec::new() };
        let action = Action::Read(ReadPlan { root, result: ResultKind::Rows, total: None });
        Plan { slots, action, transaction: TransactionMode { read_only: true, ..TransactionMode::default() } }
    }
}

/// `a >= $0 AND (a > $0 OR a = $0 AND (b > $1 OR …))`: the first term is what an index can use.
fn after(keys: &[&Column], value: &dyn Fn(&Column) -> Expr) -> Expr {
    let compared =
        |op, at: usize| Expr::compare(op, value(keys[at]), Expr::slot(at as u32, keys[at].travels.clone()));
    let greater = (0..keys.len()).rev().fold(None, |rest: Option<Expr>, at| {
        let here = compared(CompareOp::Gt, at);
        Some(match rest {
            None => here,
            Some(rest) => Expr::any([here, Expr::all([compared(CompareOp::Eq, at), rest])]),
        })
    });
    let reachable = (keys.len() > 1).then(|| compared(CompareOp::Ge, 0));
    Expr::all(reachable.into_iter().chain(greater))
}

fn ordered(expr: Expr, descending: bool) -> OrderBy {
    OrderBy { expr, descending, nulls_first: descending }
}

/// What a type travels as.
fn travelling(ty: &Type) -> Type {
    match ty {
        Type::Json | Type::Jsonb => Type::Text,
        Type::Array(element) => travelling(element).array(),
        ty => ty.clone(),
    }
}
