//! Queries.

use super::Printer;
use crate::tree::{
    Distinct, FromItem, JoinCondition, JoinKind, Query, QueryBody, Select, SelectItem, SetOperation,
    TableAlias,
};

impl Printer {
    /// A query on one line.
    pub fn query(&mut self, query: &Query) {
        let spread = std::mem::take(&mut self.spread);
        self.query_clauses(query);
        self.spread = spread;
    }

    /// A query with each clause on a line of its own.
    pub fn query_on_lines(&mut self, query: &Query) {
        self.spread = true;
        self.query_clauses(query);
        self.spread = false;
    }

    /// What stands between two clauses.
    fn clause(&mut self, word: &str) {
        self.push(if self.spread { "\n" } else { " " });
        self.push(word);
        self.push(" ");
    }

    fn query_clauses(&mut self, query: &Query) {
        if let Some(with) = &query.with {
            self.push(if with.recursive { "WITH RECURSIVE " } else { "WITH " });
            self.list(&with.tables, |printer, table| {
                printer.name(&table.name);
                printer.columns(&table.columns);
                printer.push(match table.materialized {
                    Some(true) => " AS MATERIALIZED (",
                    Some(false) => " AS NOT MATERIALIZED (",
                    None => " AS (",
                });
                printer.query(&table.query);
                printer.push(")");
            });
            self.push(if self.spread { "\n" } else { " " });
        }
        self.query_body(&query.body);
        self.query_end(query);
    }

    /// What stands behind the rows.
    pub fn query_end(&mut self, query: &Query) {
        if !query.order_by.is_empty() {
            self.push(if self.spread { "\n" } else { " " });
            self.order_by(&query.order_by);
        }
        if let Some(limit) = &query.limit {
            self.clause("LIMIT");
            self.expr(limit);
        }
        if let Some(offset) = &query.offset {
            self.clause("OFFSET");
            self.expr(offset);
        }
    }

    fn query_body(&mut self, body: &QueryBody) {
        match body {
            QueryBody::Select(select) => self.select(select),
            QueryBody::Values(values) => {
                self.push("VALUES ");
                self.list(&values.rows, |printer, row| {
                    printer.push("(");
                    printer.list(row, Self::expr);
                    printer.push(")");
                });
            }
            QueryBody::Nested(query) => {
                self.push("(");
                self.query(query);
                self.push(")");
            }
            QueryBody::Set { operation, all, left, right, .. } => {
                let level = body_strength(body);
                self.query_body_above(left, level);
                self.push(if self.spread { "\n" } else { " " });
                self.push(match operation {
                    SetOperation::Union => "UNION",
                    SetOperation::Intersect => "INTERSECT",
                    SetOperation::Except => "EXCEPT",
                });
                self.push(if *all { " ALL" } else { "" });
                self.push(if self.spread { "\n" } else { " " });
                self.query_body_above(right, level + 1);
            }
        }
    }

    fn query_body_above(&mut self, body: &QueryBody, least: u8) {
        if body_strength(body) >= least {
            return self.query_body(body);
        }
        self.push("(");
        let spread = std::mem::take(&mut self.spread);
        self.query_body(body);
        self.spread = spread;
        self.push(")");
    }

    fn select(&mut self, select: &Select) {
        self.push("SELECT");
        match &select.distinct {
            Distinct::No => {}
            Distinct::Rows => self.push(" DISTINCT"),
            Distinct::On(keys) => {
                self.push(" DISTINCT ON (");
                self.list(keys, Self::expr);
                self.push(")");
            }
        }
        if !select.items.is_empty() {
            self.push(" ");
            self.list(&select.items, Self::select_item);
        }
        if !select.from.is_empty() {
            self.clause("FROM");
            self.list(&select.from, Self::relation);
        }
        if let Some(filter) = &select.filter {
            self.clause("WHERE");
            self.expr(filter);
        }
        if !select.group_by.is_empty() {
            self.clause("GROUP BY");
            self.list(&select.group_by, Self::expr);
        }
        if let Some(having) = &select.having {
            self.clause("HAVING");
            self.expr(having);
        }
    }

    fn select_item(&mut self, item: &SelectItem) {
        match item {
            SelectItem::Wildcard { table, .. } => {
                if let Some(table) = table {
                    self.qualified(table);
                    self.push(".");
                }
                self.push("*");
            }
            SelectItem::Value { value, alias } => {
                self.expr(value);
                if let Some(alias) = alias {
                    self.push(" AS ");
                    self.name(alias);
                }
            }
        }
    }

    fn relation(&mut self, item: &FromItem) {
        match item {
            FromItem::Table { name, alias } => {
                self.qualified(name);
                self.alias(alias.as_ref());
            }
            FromItem::Subquery { lateral, query, alias, .. } => {
                self.push(if *lateral { "LATERAL (" } else { "(" });
                self.query(query);
                self.push(")");
                self.alias(alias.as_ref());
            }
            FromItem::Function { call, with_ordinality, alias, column_types, .. } => {
                self.call(call);
                self.push(if *with_ordinality { " WITH ORDINALITY" } else { "" });
                self.alias(alias.as_ref());
                if !column_types.is_empty() {
                    self.push("(");
                    self.list(column_types, Self::column_spec);
                    self.push(")");
                }
            }
            FromItem::Join { left, right, kind, condition, .. } => self.join(left, right, *kind, condition),
        }
    }

    pub fn column_spec(&mut self, column: &crate::tree::ColumnSpec) {
        self.name(&column.name);
        self.push(" ");
        self.type_name(&column.type_name);
    }

    fn join(&mut self, left: &FromItem, right: &FromItem, kind: JoinKind, condition: &JoinCondition) {
        self.relation(left);
        self.clause(match kind {
            JoinKind::Inner => "JOIN",
            JoinKind::Left => "LEFT JOIN",
            JoinKind::Right => "RIGHT JOIN",
            JoinKind::Full => "FULL JOIN",
            JoinKind::Cross => "CROSS JOIN",
        });
        let enclosed = matches!(right, FromItem::Join { .. });
        self.push(if enclosed { "(" } else { "" });
        let spread = self.spread;
        self.spread = spread && !enclosed;
        self.relation(right);
        self.spread = spread;
        self.push(if enclosed { ")" } else { "" });
        match condition {
            JoinCondition::On(condition) => {
                self.push(" ON ");
                self.expr(condition);
            }
            JoinCondition::Using(columns) => {
                self.push(" USING");
                self.columns(columns);
            }
            JoinCondition::None => {}
        }
    }

    fn alias(&mut self, alias: Option<&TableAlias>) {
        if let Some(alias) = alias {
            self.push(" AS ");
            self.name(&alias.name);
            self.columns(&alias.columns);
        }
    }
}

fn body_strength(body: &QueryBody) -> u8 {
    match body {
        QueryBody::Set { operation: SetOperation::Intersect, .. } => 2,
        QueryBody::Set { .. } => 1,
        _ => 3,
    }
}
