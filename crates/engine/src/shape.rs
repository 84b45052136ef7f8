//! How the rows of a read are written, worked out once when its plan is rendered.
//!
//! The tree of a plan becomes a list of levels in an order where a parent stands before its children. It knows names
//! and positions; values and their types are the engine's business, bytes that of [`Levels`](crate::Levels).

use std::sync::atomic::{AtomicUsize, Ordering};

use mainstay_plan::{Field, Node, ResultKind};

/// The levels of a read and what the answer is made of.
#[derive(Debug)]
pub struct Shape {
    pub(crate) levels: Vec<Level>,
    pub(crate) result: ResultKind,
    /// The size of the last answer, a guess at the size of the next.
    bytes_expected: AtomicUsize,
}

/// One flat read: what of its rows is kept, and how they become objects.
#[derive(Debug)]
pub struct Level {
    /// Which items are encoded, and what is written before each when a row is an object of its own.
    pub(crate) parts: Vec<Part>,
    /// The levels below: for each, its number and the items that tie a row to it.
    pub(crate) children: Vec<Branch>,
    /// What a row is written as, spreads resolved.
    pub(crate) columns: Vec<Column>,
    /// Where it hangs: the parent's number and its position in the parent's `children`.
    pub(crate) parent: Option<(usize, usize)>,
    /// Whether its rows are written as they come (JSON only): nothing of another level goes into them or takes them apart.
    pub(crate) whole: bool,
    /// Whether its items become columns of a CSV line.
    pub(crate) line: bool,
}

/// An item that is kept of every row.
#[derive(Debug)]
pub struct Part {
    /// What precedes it in a row's object: `{"key":` or `,"key":`.
    pub(crate) before: Box<[u8]>,
    /// Its position in the select's items.
    pub item: u32,
    /// For an object of further items, which is `null` when `item` is NULL: its parts.
    pub(crate) inner: Option<Box<[Part]>>,
}

/// The way from a row to the rows of a level below.
#[derive(Debug)]
pub struct Branch {
    /// The number of the level below.
    pub level: usize,
    /// Positions in this level's items.
    pub parent_items: Vec<u32>,
    /// What stands for the rows of a parent that has none.
    pub(crate) without_rows: Option<String>,
}

/// A key of the written object and where its value is found.
#[derive(Debug)]
pub(crate) struct Column {
    pub key: String,
    /// `{"key":` or `,"key":`.
    pub before: Box<[u8]>,
    /// Spreads on the way: positions in `children` of the level they start at.
    pub steps: Vec<Step>,
    pub end: End,
}

#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub child: usize,
    pub to_one: bool,
}

#[derive(Debug)]
pub(crate) enum End {
    /// A part of the level where the steps end.
    Part(usize),
    /// A child of that level, as an object or an array of them.
    Embed { child: usize, to_one: bool },
}

impl Shape {
    /// Works out how the rows of `root` are written.
    pub fn new(root: &Node, result: ResultKind) -> Self {
        let mut levels = Vec::new();
        add(&mut levels, root, None);
        mark_spreads(&mut levels, root, 0, true);
        let columns: Vec<Vec<Column>> =
            (0..levels.len()).map(|level| columns(&levels, root, level)).collect();
        for (level, columns) in levels.iter_mut().zip(columns) {
            level.columns = columns;
        }
        if matches!(result, ResultKind::Value | ResultKind::Values) {
            // The value stands bare: only the first item counts, and nothing surrounds it.
            levels[0].parts.truncate(1);
            levels[0].columns.truncate(1);
            for part in &mut levels[0].parts {
                part.before = Box::default();
            }
        }
        Self { levels, result, bytes_expected: AtomicUsize::new(256) }
    }

    /// The levels; the first is the root, and a parent stands before its children.
    pub fn levels(&self) -> &[Level] {
        &self.levels
    }

    /// What the answer is made of.
    pub fn result(&self) -> ResultKind {
        self.result
    }

    pub(crate) fn bytes_expected(&self) -> usize {
        self.bytes_expected.load(Ordering::Relaxed)
    }

    pub(crate) fn learn_size(&self, bytes: usize) {
        self.bytes_expected.store(bytes.clamp(64, 1 << 20), Ordering::Relaxed);
    }
}

impl Part {
    /// For an object of further items, which is `null` when its item is NULL: its parts.
    pub fn inner(&self) -> Option<&[Part]> {
        self.inner.as_deref()
    }
}

impl Level {
    /// Which items an engine encodes for every row, in this order.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The levels below.
    pub fn children(&self) -> &[Branch] {
        &self.children
    }

    /// The level above, by number.
    pub fn parent(&self) -> Option<usize> {
        self.parent.map(|(level, _)| level)
    }
}

/// What of a row is kept for these fields.
fn parts(fields: &[Field]) -> Vec<Part> {
    let mut parts = Vec::new();
    for field in fields {
        let (key, item, inner) = match field {
            Field::Item { key, item } => (key, *item, None),
            Field::Object { key, present, fields } => (key, *present, Some(self::parts(fields).into())),
            Field::Embed { .. } | Field::Spread { .. } => continue,
        };
        parts.push(Part { before: before(parts.len(), key), item, inner });
    }
    parts
}

/// Adds `node` and what is below it; returns its number.
fn add(levels: &mut Vec<Level>, node: &Node, parent: Option<(usize, usize)>) -> usize {
    let number = levels.len();
    levels.push(Level {
        parts: parts(&node.fields),
        children: Vec::new(),
        columns: Vec::new(),
        parent,
        whole: node.children.is_empty(),
        line: false,
    });
    for (position, child) in node.children.iter().enumerate() {
        let level = add(levels, &child.node, Some((number, position)));
        levels[number].children.push(Branch {
            level,
            parent_items: child.parent_items.clone(),
            without_rows: child.without_rows.clone(),
        });
    }
    number
}

/// A level that is spread is taken apart; `line` says whether its items are columns of the root's line.
fn mark_spreads(levels: &mut [Level], node: &Node, number: usize, line: bool) {
    levels[number].line = line;
    for field in &node.fields {
        if let Field::Spread { child } = field {
            let below = &node.children[*child as usize];
            let level = levels[number].children[*child as usize].level;
            levels[level].whole = false;
            mark_spreads(levels, &below.node, level, line && below.to_one);
        }
    }
    for field in &node.fields {
        if let Field::Embed { child, .. } = field {
            let level = levels[number].children[*child as usize].level;
            mark_spreads(levels, &node.children[*child as usize].node, level, false);
        }
    }
}

/// What a row of a level is written as.
fn columns(levels: &[Level], root: &Node, number: usize) -> Vec<Column> {
    let mut found = Vec::new();
    collect(node_of(levels, root, number), &mut Vec::new(), &mut found);
    found
        .into_iter()
        .enumerate()
        .map(|(position, (key, steps, end))| Column { before: before(position, &key), key, steps, end })
        .collect()
}

fn node_of<'n>(levels: &[Level], root: &'n Node, number: usize) -> &'n Node {
    match levels[number].parent {
        None => root,
        Some((parent, position)) => &node_of(levels, root, parent).children[position].node,
    }
}

fn collect(node: &Node, steps: &mut Vec<Step>, found: &mut Vec<(String, Vec<Step>, End)>) {
    let mut part = 0;
    for field in &node.fields {
        match field {
            Field::Item { key, .. } | Field::Object { key, .. } => {
                found.push((key.clone(), steps.clone(), End::Part(part)));
                part += 1;
            }
            Field::Embed { key, child } => {
                let to_one = node.children[*child as usize].to_one;
                let end = End::Embed { child: *child as usize, to_one };
                found.push((key.clone(), steps.clone(), end));
            }
            Field::Spread { child } => {
                let below = &node.children[*child as usize];
                steps.push(Step { child: *child as usize, to_one: below.to_one });
                collect(&below.node, steps, found);
                steps.pop();
            }
        }
    }
}

/// What stands before the value of the `position`-th key of an object.
fn before(position: usize, key: &str) -> Box<[u8]> {
    let open = if position == 0 { '{' } else { ',' };
    format!("{open}{}:", serde_json::Value::from(key)).into_bytes().into()
}
