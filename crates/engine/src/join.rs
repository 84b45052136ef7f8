//! To-one children read with their parents, for databases where one statement costs less than two: the child becomes a LEFT
//! JOIN of the parent's select, and an object inside its row.

use mainstay_expr::{CompareOp, Expr, FromItem, Item, JoinKind, Select, SourceId};
use mainstay_plan::{Child, Field, Node};

/// The same tree with fewer levels: to-one children that are plain rows of a table are joined into the level above.
///
/// Where the root's rows are sorted and cut, the join is made with the rows that are left, as a derived table that becomes source
/// `outer`, which the tree does not use; with `None` the joined rows are sorted and cut, for databases that join no more rows than
/// they need and keep no order of a derived table.
pub fn join_to_one(node: &Node, outer: Option<SourceId>) -> Node {
    let is_cut = !node.select.order_by.is_empty() && node.select.limit.is_some();
    let mut node = joined_below(node);
    let joins = joinable(&node);
    if joins.is_empty() {
        return node;
    }
    if let Some(outer) = outer.filter(|_| is_cut) {
        node.select = derived(node.select, outer);
    }
    join(node, &joins)
}

/// Joins in every level; a level whose rows are cut for each parent is left as it is.
fn joined_below(node: &Node) -> Node {
    let mut node = node.clone();
    for child in &mut node.children {
        let below = joined_below(&child.node);
        let joins = joinable(&below);
        let is_cut = !below.select.order_by.is_empty() && below.select.limit.is_some();
        child.node = if joins.is_empty() || is_cut { below } else { join(below, &joins) };
    }
    node
}

/// The positions of the children that can be joined into a level.
fn joinable(node: &Node) -> Vec<usize> {
    let select = &node.select;
    let takes_joins = select.set_ops.is_empty()
        && !select.grouped
        && !select.distinct
        && select.distinct_on.is_empty()
        && select.from.len() == 1;
    if !takes_joins {
        return Vec::new();
    }
    let is_embedded_once = |position: usize| {
        let uses = node.fields.iter().filter(|field| match field {
            Field::Embed { child, .. } | Field::Spread { child } => *child as usize == position,
            Field::Item { .. } | Field::Object { .. } => false,
        });
        let uses: Vec<_> = uses.collect();
        matches!(uses.as_slice(), [Field::Embed { .. }])
    };
    let positions = 0..node.children.len();
    positions.filter(|&position| is_plain(&node.children[position]) && is_embedded_once(position)).collect()
}

/// Whether a child is at most one row of a table, without levels below.
fn is_plain(child: &Child) -> bool {
    let select = &child.node.select;
    child.to_one
        && child.node.children.is_empty()
        && !child.key.is_empty()
        && select.set_ops.is_empty()
        && !select.grouped
        && !select.distinct
        && select.distinct_on.is_empty()
        && select.limit.is_none()
        && select.offset.is_none()
        && matches!(select.from.as_slice(), [from] if is_chain(from))
}

/// A table, or one with further tables joined to it by [`join`].
fn is_chain(from: &FromItem) -> bool {
    match from {
        FromItem::Table(_) => true,
        FromItem::Join { kind: JoinKind::Left, left, right, .. } => {
            is_chain(left) && matches!(**right, FromItem::Table(_))
        }
        _ => false,
    }
}

/// The rows of a select as a derived table.
fn derived(select: Select, source: SourceId) -> Select {
    let items = select
        .items
        .iter()
        .enumerate()
        .map(|(position, item)| Item {
            expr: Expr::column(source, position as u32, item.expr.ty.clone()),
            name: item.name.clone(),
        })
        .collect();
    let from = FromItem::Select { source, select: Box::new(select), lateral: false };
    Select { from: vec![from], items, ..Select::default() }
}

fn join(mut node: Node, joins: &[usize]) -> Node {
    let mut kept = Vec::new();
    let mut numbers = vec![None; node.children.len()];
    let mut objects: Vec<Option<(u32, Vec<Field>)>> = Vec::new();
    for (position, child) in std::mem::take(&mut node.children).into_iter().enumerate() {
        if joins.contains(&position) {
            objects.push(Some(join_one(&mut node.select, child)));
        } else {
            numbers[position] = Some(kept.len() as u32);
            kept.push(child);
            objects.push(None);
        }
    }
    for field in &mut node.fields {
        let (Field::Embed { child, .. } | Field::Spread { child }) = &*field else { continue };
        let position = *child as usize;
        match (objects[position].take(), field) {
            (Some((present, fields)), field) => {
                let Field::Embed { key, .. } = field else { continue };
                let key = std::mem::take(key);
                *field = Field::Object { key, present, fields };
            }
            (None, Field::Embed { child, .. } | Field::Spread { child }) => {
                *child = numbers[position].unwrap_or(*child);
            }
            (None, _) => {}
        }
    }
    node.children = kept;
    node
}

/// Adds a child to a select; returns the item that tells whether there is a row, and the child's fields.
fn join_one(select: &mut Select, child: Child) -> (u32, Vec<Field>) {
    let offset = select.items.len() as u32;
    let parent_keys = child.parent_items.iter().map(|&item| select.items[item as usize].expr.clone());
    let equal = parent_keys
        .zip(child.key)
        .map(|(parent, key)| Expr::compare(CompareOp::Eq, key, parent))
        .collect::<Vec<_>>();
    let below = child.node.select;
    let on = Expr::all(equal.into_iter().chain(below.filter));
    let mut chain = Vec::new();
    if let Some(from) = below.from.into_iter().next() {
        unchain(from, on, &mut chain);
    }
    for (right, on) in chain {
        if let Some(left) = select.from.pop() {
            let (left, right) = (Box::new(left), Box::new(right));
            select.from.push(FromItem::Join { kind: JoinKind::Left, left, right, on });
        }
    }
    select.items.extend(below.items);
    let present = offset + child.key_items.first().copied().unwrap_or_default();
    (present, child.node.fields.into_iter().map(|field| shifted(field, offset)).collect())
}

/// The tables of a chain of joins, each with what ties it to those before; `on` ties the first.
fn unchain(from: FromItem, on: Expr, chain: &mut Vec<(FromItem, Expr)>) {
    match from {
        FromItem::Join { left, right, on: tie, .. } => {
            unchain(*left, on, chain);
            chain.push((*right, tie));
        }
        table => chain.push((table, on)),
    }
}

fn shifted(field: Field, offset: u32) -> Field {
    match field {
        Field::Item { key, item } => Field::Item { key, item: item + offset },
        Field::Object { key, present, fields } => {
            let fields = fields.into_iter().map(|field| shifted(field, offset)).collect();
            Field::Object { key, present: present + offset, fields }
        }
        other => other,
    }
}
