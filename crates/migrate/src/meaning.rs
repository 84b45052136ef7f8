//! Changes that no database is told of, because they are part of every plan instead: policies, views, functions, grants,
//! defaults, comments.

use std::collections::BTreeMap;

use mainstay_catalog::{Catalog, ColumnDefault, FunctionBody, Table, TableKind};
use mainstay_expr::{Expr, Select, TableId, Tree};

use crate::diff::{Pairs, full_name};

/// Each of them in people's words.
pub(crate) fn changes(from: &Catalog, to: &Catalog, pairs: &Pairs) -> Vec<String> {
    let mut said = Vec::new();
    let names = Names::of(from, to);
    for (old, new) in &pairs.kept {
        kept_table(&mut said, &names, from.table(TableId(*old)), to.table(TableId(*new)));
    }
    views(&mut said, &names, from, to);
    functions(&mut said, &names, from, to);
    types(&mut said, from, to);
    said
}

/// The new catalog's number for each of the old one's tables: expressions are compared with the tables they mean.
struct Names(BTreeMap<u32, u32>);

impl Names {
    fn of(from: &Catalog, to: &Catalog) -> Self {
        let by_name: BTreeMap<String, u32> =
            to.tables.iter().map(|table| (full_name(table), table.id.0)).collect();
        let pairs = from.tables.iter().filter_map(|old| Some((old.id.0, *by_name.get(&full_name(old))?)));
        Self(pairs.collect())
    }

    fn renumber(&self, tree: &mut impl Tree) {
        tree.tables_mut(|source| {
            source.table = TableId(self.0.get(&source.table.0).copied().unwrap_or(u32::MAX));
        });
    }

    fn expr(&self, expr: &Option<Expr>) -> Option<Expr> {
        let mut expr = expr.clone()?;
        self.renumber(&mut expr);
        Some(expr)
    }

    fn select(&self, select: &Select) -> Select {
        let mut select = select.clone();
        self.renumber(&mut select);
        select
    }
}

fn kept_table(said: &mut Vec<String>, names: &Names, old: &Table, new: &Table) {
    let table = full_name(new);
    match (old.row_security, new.row_security) {
        (false, true) => said.push(format!("row-level security is enabled on {table}")),
        (true, false) => {
            said.push(format!("row-level security is disabled on {table}: it is closed to clients"))
        }
        _ => {}
    }
    for policy in &old.policies {
        match new.policies.iter().find(|other| other.name == policy.name) {
            None => said.push(format!("policy \"{}\" on {table} is dropped", policy.name)),
            Some(other) => {
                let mut moved = policy.clone();
                moved.using = names.expr(&policy.using);
                moved.with_check = names.expr(&policy.with_check);
                if moved != *other {
                    said.push(format!("policy \"{}\" on {table} changes", policy.name));
                }
            }
        }
    }
    let is_new = |name: &str| !old.policies.iter().any(|policy| policy.name == name);
    for policy in new.policies.iter().filter(|policy| is_new(&policy.name)) {
        said.push(format!("policy \"{}\" on {table} is added", policy.name));
    }
    if old.grants != new.grants {
        said.push(format!("grants on {table} change"));
    }
    if old.comment != new.comment {
        said.push(format!("the comment on {table} changes"));
    }
    columns(said, &table, old, new);
}

fn columns(said: &mut Vec<String>, table: &str, old: &Table, new: &Table) {
    for column in &new.columns {
        let Some(was) = old.columns.iter().find(|other| other.name == column.name) else { continue };
        if was.comment != column.comment {
            said.push(format!("the comment on {table}.{} changes", column.name));
        }
        let is_generated = |default: &ColumnDefault| matches!(default, ColumnDefault::Generated(_));
        if was.default != column.default && !is_generated(&was.default) && !is_generated(&column.default) {
            said.push(format!("the default of {table}.{} changes", column.name));
        }
    }
}

fn views(said: &mut Vec<String>, names: &Names, from: &Catalog, to: &Catalog) {
    let find = |catalog: &Catalog, view: &Table| {
        let found =
            catalog.tables.iter().find(|other| full_name(other) == full_name(view) && other.is_view());
        found.cloned()
    };
    for old in from.tables.iter().filter(|table| table.is_view()) {
        let name = full_name(old);
        match find(to, old) {
            None => said.push(format!("view {name} is dropped")),
            Some(new) => {
                if let (TableKind::View(was), TableKind::View(is)) = (&old.kind, &new.kind)
                    && (names.select(&was.select) != is.select || was.security_invoker != is.security_invoker)
                {
                    said.push(format!("view {name} changes"));
                }
                if old.grants != new.grants {
                    said.push(format!("grants on {name} change"));
                }
            }
        }
    }
    let added = to.tables.iter().filter(|table| table.is_view() && find(from, table).is_none());
    said.extend(added.map(|view| format!("view {} is added", full_name(view))));
}

fn functions(said: &mut Vec<String>, names: &Names, from: &Catalog, to: &Catalog) {
    let signature = |function: &mainstay_catalog::Function| {
        let arguments: Vec<String> =
            function.arguments.iter().map(|argument| argument.ty.to_string()).collect();
        format!("{}.{}({})", function.schema, function.name, arguments.join(", "))
    };
    for old in &from.functions {
        match to.functions.iter().find(|new| signature(new) == signature(old)) {
            None => said.push(format!("function {} is dropped", signature(old))),
            Some(new) => {
                let mut moved = old.clone();
                moved.id = new.id;
                if let Some(body) = old.inlined() {
                    moved.body = FunctionBody::Sql(Box::new(names.select(body)));
                }
                moved.row = new.row;
                moved.returns = new.returns.clone();
                if moved != *new {
                    said.push(format!("function {} changes", signature(old)));
                }
            }
        }
    }
    let is_new = |new: &&mainstay_catalog::Function| {
        !from.functions.iter().any(|old| signature(old) == signature(new))
    };
    said.extend(
        to.functions.iter().filter(is_new).map(|new| format!("function {} is added", signature(new))),
    );
}

fn types(said: &mut Vec<String>, from: &Catalog, to: &Catalog) {
    for new in &to.enums {
        let old = from.enums.iter().find(|old| old.schema == new.schema && old.name == new.name);
        match old {
            None => said.push(format!("type {}.{} is added", new.schema, new.name)),
            Some(old) if old.labels != new.labels => {
                said.push(format!(
                    "type {}.{} changes from ({}) to ({})",
                    new.schema,
                    new.name,
                    old.labels.join(", "),
                    new.labels.join(", ")
                ));
            }
            Some(_) => {}
        }
    }
    let is_gone = |old: &&std::sync::Arc<mainstay_expr::EnumType>| {
        !to.enums.iter().any(|new| old.schema == new.schema && old.name == new.name)
    };
    let gone = from.enums.iter().filter(is_gone);
    said.extend(gone.map(|old| format!("type {}.{} is dropped", old.schema, old.name)));
}
