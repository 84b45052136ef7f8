//! Answers that a function of the database makes of all rows at once, for media types of its own: the level is then one statement,
//! embeds included.

use mainstay_base::{Problem, Result};
use mainstay_catalog::{Handled, MediaHandler, Resource};
use mainstay_expr::{
    AggregateFunc, Expr, ExprKind, FromItem, Item, Native, NativeOp, NativeType, Select, Type, Value,
};
use mainstay_plan::{Child, Field, Node, ResultKind};
use mainstay_query::{Level, SelectItem, Target};

use crate::Planner;
use crate::embed::equal;
use crate::level::aggregate_expr;

/// A read whose rows are the columns of a source.
struct Rows {
    from: FromItem,
    names: Vec<String>,
    values: Vec<Expr>,
}

impl Planner<'_> {
    /// A read as its level wants it answered: by its rows, which `result` says more of, or by the document that is made of them.
    pub(crate) fn answered(
        &mut self,
        root: Node,
        result: ResultKind,
        level: &Level,
        resource: Resource<'_>,
    ) -> Result<(Node, ResultKind)> {
        let Some(media_type) = &level.document else { return Ok((root, result)) };
        let is_whole = level.select == [SelectItem::All];
        let handler = self.catalog.media_handler(resource, media_type, is_whole).ok_or_else(|| {
            // It was there when the request was read.
            Problem::new("PGRST107", format!("None of these media types are available: {media_type}"))
        })?;
        if handler.of == Handled::Value {
            return Ok((root, ResultKind::Document));
        }
        let handler = handler.clone();
        Ok((self.document(root, &handler)?, ResultKind::Document))
    }

    /// One row: the document, and the number of rows that it was made of.
    fn document(&mut self, node: Node, handler: &MediaHandler) -> Result<Node> {
        let rows = self.rows(node)?;
        let op = match &handler.of {
            Handled::Features => NativeOp::Features(handler.schema.clone()),
            _ => NativeOp::Function(handler.schema.clone(), handler.name.clone()),
        };
        let row = match &handler.of {
            Handled::RowsOf(schema, name) => {
                let ty = NativeType::plain(schema.clone(), name.clone(), true);
                native(NativeOp::Row(schema.clone(), name.clone()), rows.values, ty)
            }
            _ => record(rows.names, rows.values),
        };
        let items = vec![
            Item { expr: native(op, vec![row], handler.ty.clone()), name: "document".to_owned() },
            Item {
                expr: aggregate_expr(AggregateFunc::Count, Vec::new(), Type::Int8),
                name: "count".to_owned(),
            },
        ];
        let select = Select { from: vec![rows.from], items, grouped: true, ..Select::default() };
        let fields = vec![Field::Item { key: "document".to_owned(), item: 0 }];
        Ok(Node { select, fields, children: Vec::new() })
    }

    /// A read as a source of rows with one value for each field: what is embedded is JSON.
    fn rows(&mut self, node: Node) -> Result<Rows> {
        let source = self.sources.fresh();
        let item = |position: u32| {
            let ty = node.select.items[position as usize].expr.ty.clone();
            Expr::column(source, position, ty)
        };
        let (mut names, mut values) = (Vec::new(), Vec::new());
        for field in &node.fields {
            let (key, value) = match field {
                Field::Item { key, item: position } => (key, item(*position)),
                Field::Embed { key, child } => {
                    let child = &node.children[*child as usize];
                    let parent = child.parent_items.iter().map(|position| item(*position)).collect();
                    (key, self.embedded(child.clone(), parent)?)
                }
                Field::Object { .. } | Field::Spread { .. } => {
                    return Err(Problem::new("PGRST127", "Feature not implemented")
                        .with_details("Spreads are not implemented for media types of the database."));
                }
            };
            names.push(key.clone());
            values.push(value);
        }
        let from = FromItem::Select { source, select: Box::new(node.select), lateral: false };
        Ok(Rows { from, names, values })
    }

    /// The rows of a child for one row of its parent, as JSON.
    fn embedded(&mut self, child: Child, parent: Vec<Expr>) -> Result<Expr> {
        let Child { mut node, key, to_one, .. } = child;
        let own = node.select.filter.take();
        node.select.filter = Some(Expr::all(own.into_iter().chain([equal(key, parent)])));
        let rows = self.rows(node)?;
        let function = if to_one { "row_to_json" } else { "json_agg" };
        let json = native(
            NativeOp::Function("pg_catalog".to_owned(), function.to_owned()),
            vec![record(rows.names, rows.values)],
            Type::Json,
        );
        let item = Item { expr: json, name: "json".to_owned() };
        let select =
            Select { from: vec![rows.from], items: vec![item], grouped: !to_one, ..Select::default() };
        let json = Expr::new(ExprKind::Scalar(Box::new(select)), Type::Json);
        if to_one {
            return Ok(json);
        }
        let none = Expr::literal(Value::Json("[]".to_owned()), Type::Json);
        Ok(Expr::new(ExprKind::Coalesce(vec![json, none]), Type::Json))
    }
}

/// The resource that a target of a table is.
pub(crate) fn table(target: &Target) -> Resource<'_> {
    Resource::Table(&target.schema, &target.name)
}

fn record(names: Vec<String>, values: Vec<Expr>) -> Expr {
    native(NativeOp::Record(names), values, NativeType::plain("pg_catalog", "record", true))
}

fn native(op: NativeOp, args: Vec<Expr>, ty: Type) -> Expr {
    Expr::new(ExprKind::Native(Box::new(Native { op, args })), ty)
}
