//! FROM: tables, views, subqueries, functions and joins, and the names they bring into scope.

use mainstay_expr::resolve::{self, Build};
use mainstay_expr::{Expr, ExprKind, FromItem, Item, JoinKind, Select, TableSource, Tree, Type, Value};
use mainstay_sql as sql;
use sql::{Diagnostic, Span, closest};

use super::scope::{Namespace, ScopeColumn, ScopeTable};
use super::{Bind, Binder, Bound, BoundQuery, Clause, row_of};
use crate::{Caller, Catalog, Returns, TableKind};

impl Binder<'_> {
    /// Binds a FROM list into the innermost level.
    pub(super) fn from(&mut self, written: &[sql::FromItem]) -> Bind<Vec<FromItem>> {
        self.each(written, |binder, item| {
            let (bound, names) = binder.source(item)?;
            let before = std::mem::take(&mut binder.level().names);
            let joined = binder.beside(before, names, item.span())?;
            binder.level().names = joined;
            Ok(bound)
        })
    }

    /// Both namespaces together; a name may go to one table only.
    fn beside(&mut self, left: Namespace, right: Namespace, span: Span) -> Bind<Namespace> {
        let twice = right.tables.iter().find(|table| {
            left.tables.iter().any(|other| {
                other.alias == table.alias
                    && (other.schema == table.schema || other.schema.is_none() || table.schema.is_none())
            })
        });
        if let Some(table) = twice {
            let message = format!("table name \"{}\" specified more than once", table.alias);
            let diagnostic = Diagnostic::error("duplicate-name", span, message);
            return Err(self.fail(diagnostic.with_help("give one of them an alias: … AS other")));
        }
        Ok(left.beside(right))
    }

    fn source(&mut self, item: &sql::FromItem) -> Bind<(FromItem, Namespace)> {
        match item {
            sql::FromItem::Table { name, alias } => self.table(name, alias.as_ref()),
            sql::FromItem::Subquery { lateral, query, alias, span } => {
                self.subquery(*lateral, query, alias.as_ref(), *span)
            }
            sql::FromItem::Function { call, with_ordinality, alias, column_types, span } => {
                if *with_ordinality {
                    return Err(self.unsupported(*span, "WITH ORDINALITY is", "leave it out"));
                }
                if let Some(column) = column_types.first() {
                    let what = "a column definition list is";
                    return Err(self.unsupported(column.span, what, "let the function return TABLE (…)"));
                }
                self.function(call, alias.as_ref(), *span)
            }
            sql::FromItem::Join { left, right, kind, condition, span } => {
                self.join(left, right, *kind, condition, *span)
            }
        }
    }

    fn table(
        &mut self,
        name: &sql::QualifiedName,
        alias: Option<&sql::TableAlias>,
    ) -> Bind<(FromItem, Namespace)> {
        if let Some(query) = self.common_table(name)? {
            return self.derived_table(query, &name.name, alias, false);
        }
        let Some(id) = find_relation(self.schema.catalog(), name) else {
            let diagnostic = unknown_relation(self.schema.catalog(), name);
            return Err(self.fail(diagnostic));
        };
        self.schema
            .require_table(id)
            .map_err(|why| self.not_ready(why, name.span, &format!("the view \"{}\"", name.name.text)))?;
        let source = self.ids.fresh();
        let rights = self.rights;
        let catalog = self.schema.catalog();
        let mut scope = row_of(catalog, id, source);
        let item = match &catalog.table(id).kind {
            TableKind::Base | TableKind::Native(_) => {
                FromItem::Table(TableSource { source, table: id, rights, visible: None })
            }
            TableKind::View(view) => {
                self.calls.extend(catalog.calls.of(Caller::View(id)));
                let mut select = Box::new(view.select.clone());
                select.renumber(&mut self.ids);
                FromItem::Select { source, select, lateral: false }
            }
        };
        self.apply_alias(&mut scope, alias)?;
        Ok((item, Namespace::of(scope)))
    }

    fn apply_alias(&mut self, scope: &mut ScopeTable, alias: Option<&sql::TableAlias>) -> Bind<()> {
        let Some(alias) = alias else { return Ok(()) };
        scope.alias.clone_from(&alias.name.text);
        scope.schema = None;
        if alias.columns.len() > scope.columns.len() {
            let message = format!(
                "table \"{}\" has {} columns available but {} columns specified",
                scope.alias,
                scope.columns.len(),
                alias.columns.len()
            );
            return Err(self.error("wrong-arguments", alias.columns[scope.columns.len()].span, message));
        }
        for (column, name) in scope.columns.iter_mut().zip(&alias.columns) {
            column.name.clone_from(&name.text);
        }
        Ok(())
    }

    fn subquery(
        &mut self,
        lateral: bool,
        query: &sql::Query,
        alias: Option<&sql::TableAlias>,
        span: Span,
    ) -> Bind<(FromItem, Namespace)> {
        let own = self.levels.len() - 1;
        let before = std::mem::replace(&mut self.levels[own].hidden, !lateral);
        let bound = self.query(query);
        self.levels[own].hidden = before;
        let nameless = sql::Name { text: String::new(), quoted: false, span };
        self.derived_table(bound?, &nameless, alias, lateral)
    }

    /// A query as an entry of FROM.
    fn derived_table(
        &mut self,
        query: BoundQuery,
        name: &sql::Name,
        alias: Option<&sql::TableAlias>,
        lateral: bool,
    ) -> Bind<(FromItem, Namespace)> {
        let source = self.ids.fresh();
        let columns = (0..).zip(query.select.items.iter().zip(&query.outputs)).map(|(at, (item, output))| {
            ScopeColumn { name: output.name.clone(), expr: Expr::column(source, at, item.expr.ty.clone()) }
        });
        let columns = columns.collect();
        let mut scope =
            ScopeTable { alias: name.text.clone(), schema: None, relation: None, source, columns };
        self.apply_alias(&mut scope, alias)?;
        let item = match values_of(&query.select) {
            Some(rows) => FromItem::Values { source, rows },
            None => FromItem::Select { source, select: Box::new(query.select), lateral },
        };
        Ok((item, Namespace::of(scope)))
    }

    fn function(
        &mut self,
        call: &sql::FunctionCall,
        alias: Option<&sql::TableAlias>,
        span: Span,
    ) -> Bind<(FromItem, Namespace)> {
        let name = call.name.name.text.clone();
        if let Some(rows) = self.within(Clause::From, |binder| binder.user_rows(call))? {
            let relation = rows.relation;
            let lateral = rows.lateral;
            let query = BoundQuery { select: rows.select, outputs: rows.outputs };
            let scalar = rows.scalar;
            let (item, mut names) = self.derived_table(query, &call.name.name, alias, lateral)?;
            if let (true, Some(alias)) = (scalar, alias.filter(|alias| alias.columns.is_empty())) {
                rename_only(&mut names, &alias.name.text);
            }
            names.tables[0].relation = relation;
            return Ok((item, names));
        }
        let source = self.ids.fresh();
        let (item, ty) = match self.set_function(call, source)? {
            Some(set) => set,
            None => {
                let value = self.within(Clause::From, |binder| binder.call(call))?;
                let ty = value.expr.ty.clone();
                let items = vec![Item { expr: value.expr, name: name.clone() }];
                let select = Box::new(Select { items, ..Select::default() });
                (FromItem::Select { source, select, lateral: true }, ty)
            }
        };
        let column = alias.map_or_else(|| name.clone(), |alias| alias.name.text.clone());
        let columns = vec![ScopeColumn { name: column, expr: Expr::column(source, 0, ty) }];
        let mut scope = ScopeTable { alias: name, schema: None, relation: None, source, columns };
        self.apply_alias(&mut scope, alias)?;
        let _ = span;
        Ok((item, Namespace::of(scope)))
    }

    /// A set-returning function as an item of the select list, which PostgreSQL joins to the row: `SELECT unnest(tags) FROM t`.
    pub(super) fn set_item(&mut self, call: &sql::FunctionCall) -> Bind<Option<Bound>> {
        if !self.returns_set(call) {
            return Ok(None);
        }
        if self.levels.last().is_some_and(|level| level.set.is_some()) {
            let what = "several set-returning functions in one select list are";
            return Err(self.unsupported(call.span, what, "put them into FROM"));
        }
        let (item, names) = self.function(call, None, call.span)?;
        self.level().set = Some(item);
        let [column] = names.columns.as_slice() else {
            let what = "rows of several columns in a select list are";
            let instead = format!("select from it: SELECT * FROM {}(…)", call.name.name.text);
            return Err(self.unsupported(call.span, what, &instead));
        };
        Ok(Some(Bound::typed(column.expr.clone(), call.span)))
    }

    fn returns_set(&self, call: &sql::FunctionCall) -> bool {
        let schema = call.name.schema.as_ref().map(|schema| &*schema.text);
        let name = &*call.name.name.text;
        if matches!(schema, None | Some("pg_catalog")) && matches!(name, "unnest" | "generate_series") {
            return true;
        }
        self.schema.catalog().find_functions(schema.unwrap_or("public"), name).any(|function| {
            matches!(function.returns, Returns::SetOfScalar(_) | Returns::SetOfTable(_) | Returns::Table(_))
        })
    }

    /// `unnest(array)` and `generate_series(…)`.
    fn set_function(
        &mut self,
        call: &sql::FunctionCall,
        source: mainstay_expr::SourceId,
    ) -> Bind<Option<(FromItem, Type)>> {
        let name = &*call.name.name.text;
        if !matches!(name, "unnest" | "generate_series")
            || call.name.schema.as_ref().is_some_and(|it| it.text != "pg_catalog")
        {
            return Ok(None);
        }
        let args = self.within(Clause::From, |binder| binder.plain_arguments(call))?;
        let types: Vec<_> = args.iter().map(Bound::ty).collect();
        let resolved =
            resolve::function(name, &types).map_err(|error| self.unresolved(error, call.name.span))?;
        let pairs = args.into_iter().zip(&resolved.args);
        let mut args = self.each(pairs, |binder, (arg, ty)| binder.cast_to(arg, ty))?.into_iter();
        let mut next = || args.next();
        let item = match (&resolved.build, next(), next(), next()) {
            (Build::Unnest, Some(array), ..) => FromItem::Unnest { source, array },
            (Build::Series, Some(start), Some(stop), step) => {
                let one = Expr::literal(Value::Int(1), resolved.result.clone());
                FromItem::Series { source, start, stop, step: step.unwrap_or(one) }
            }
            _ => return Ok(None),
        };
        Ok(Some((item, resolved.result)))
    }

    fn join(
        &mut self,
        left: &sql::FromItem,
        right: &sql::FromItem,
        kind: sql::JoinKind,
        condition: &sql::JoinCondition,
        span: Span,
    ) -> Bind<(FromItem, Namespace)> {
        let (left, left_names) = self.source(left)?;
        // What stands right may be LATERAL: it then sees what stands left.
        let before = self.level().names.clone();
        self.level().names = before.clone().beside(left_names.clone());
        let right = self.source(right);
        self.level().names = before;
        let (right, right_names) = right?;
        let kind = match kind {
            sql::JoinKind::Inner | sql::JoinKind::Cross => JoinKind::Inner,
            sql::JoinKind::Left => JoinKind::Left,
            sql::JoinKind::Right => JoinKind::Right,
            sql::JoinKind::Full => JoinKind::Full,
        };
        let (on, names) = match condition {
            sql::JoinCondition::None => (Expr::truth(true), self.beside(left_names, right_names, span)?),
            sql::JoinCondition::On(on) => {
                let names = self.beside(left_names, right_names, span)?;
                let before = std::mem::replace(&mut self.level().names, names);
                let on = self.within(Clause::Join, |binder| binder.condition(on, "JOIN/ON"));
                let names = std::mem::replace(&mut self.level().names, before);
                (on?, names)
            }
            sql::JoinCondition::Using(columns) => self.using(columns, left_names, right_names, kind, span)?,
        };
        Ok((FromItem::Join { kind, left: Box::new(left), right: Box::new(right), on }, names))
    }

    fn using(
        &mut self,
        columns: &[sql::Name],
        left: Namespace,
        right: Namespace,
        kind: JoinKind,
        span: Span,
    ) -> Bind<(Expr, Namespace)> {
        let mut merged = Vec::new();
        let conditions = self.each(columns, |binder, name| {
            let one = binder.common_column(&left, name, "left")?;
            let other = binder.common_column(&right, name, "right")?;
            let equals = sql::Operator { text: "=".to_owned(), span: name.span };
            let operands = vec![Bound::typed(one.clone(), name.span), Bound::typed(other.clone(), name.span)];
            let condition = binder.operate(&equals, operands, name.span)?;
            let sides = [one, other].map(|side| Bound::typed(side, name.span));
            let (mut sides, ty) = binder.cast_common(sides.into(), "JOIN/USING")?;
            let expr = match kind {
                // The two are equal: the one that needs no cast stands for both.
                JoinKind::Inner => {
                    let plain = sides.iter().position(|side| matches!(side.kind, ExprKind::Column(_)));
                    sides.swap_remove(plain.unwrap_or(0))
                }
                JoinKind::Left => sides.swap_remove(0),
                JoinKind::Right => sides.swap_remove(1),
                JoinKind::Full => Expr::new(ExprKind::Coalesce(sides), ty),
            };
            merged.push(ScopeColumn { name: name.text.clone(), expr });
            Ok(condition.expr)
        })?;
        let mut names = self.beside(left, right, span)?;
        names.columns.retain(|column| columns.iter().all(|name| name.text != column.name));
        names.columns.splice(0..0, merged);
        Ok((Expr::all(conditions), names))
    }

    fn common_column(&mut self, names: &Namespace, name: &sql::Name, side: &str) -> Bind<Expr> {
        let mut found = names.columns.iter().filter(|column| column.name == name.text);
        match (found.next(), found.next()) {
            (Some(column), None) => Ok(column.expr.clone()),
            (None, _) => {
                let message = format!(
                    "column \"{}\" specified in USING clause does not exist in {side} table",
                    name.text
                );
                let help = super::suggestion(&name.text, names.columns.iter().map(|column| &*column.name));
                Err(self.fail(Diagnostic::error("unknown-column", name.span, message).with_help_if(help)))
            }
            (Some(_), Some(_)) => {
                let message =
                    format!("common column name \"{}\" appears more than once in {side} table", name.text);
                Err(self.error("ambiguous-column", name.span, message))
            }
        }
    }
}

/// The rows of a select that is nothing but VALUES.
fn values_of(select: &Select) -> Option<Vec<Vec<Expr>>> {
    let [FromItem::Values { source, rows }] = select.from.as_slice() else { return None };
    let plain = Select { from: select.from.clone(), items: select.items.clone(), ..Select::default() };
    let in_order = (0..).zip(&select.items).all(|(at, item)| {
        matches!(item.expr.kind, ExprKind::Column(column) if column.source == *source && column.column == at)
    });
    (in_order && *select == plain && select.items.len() == rows[0].len()).then(|| rows.clone())
}

/// A function's single column goes by the alias of the function.
fn rename_only(names: &mut Namespace, name: &str) {
    for columns in [&mut names.columns, &mut names.tables[0].columns] {
        if let [column] = columns.as_mut_slice() {
            name.clone_into(&mut column.name);
        }
    }
}

/// The table or view that a name means; without a schema, one of `public`.
pub(crate) fn find_relation(catalog: &Catalog, name: &sql::QualifiedName) -> Option<mainstay_expr::TableId> {
    let schema = name.schema.as_ref().map_or("public", |schema| &schema.text);
    catalog.find_table(schema, &name.name.text).map(|table| table.id)
}

/// Says that there is no such table or view, and which may have been meant.
pub(crate) fn unknown_relation(catalog: &Catalog, name: &sql::QualifiedName) -> Diagnostic {
    let own = &*name.name.text;
    let schema = name.schema.as_ref().map(|schema| &*schema.text);
    let message = match schema {
        Some(schema) if crate::resolve::is_reserved_schema(schema) => {
            let message = format!("relation \"{schema}.{own}\" cannot be used here");
            let help = format!(
                "the schema {schema} belongs to Mainstay; keep what you need of it in a table of your own"
            );
            return Diagnostic::error("reserved-schema", name.span, message).with_help(help);
        }
        Some(schema) if !catalog.schemas.contains_key(schema) => {
            let help = closest(schema, catalog.schemas.keys().map(String::as_str))
                .map(|it| format!("did you mean \"{it}\"?"));
            let message = format!("schema \"{schema}\" does not exist");
            return Diagnostic::error("unknown-schema", name.span, message).with_help_if(help);
        }
        Some(schema) => format!("relation \"{schema}.{own}\" does not exist"),
        None => format!("relation \"{own}\" does not exist"),
    };
    let wanted = schema.unwrap_or("public");
    let elsewhere = catalog.tables.iter().find(|table| table.name == own && table.schema != wanted);
    let help = match elsewhere {
        Some(table) => Some(format!("did you mean {}.{own}?", table.schema)),
        None => {
            let known =
                catalog.tables.iter().filter(|table| table.schema == wanted).map(|table| &*table.name);
            super::suggestion(own, known)
        }
    };
    Diagnostic::error("unknown-table", name.span, message).with_help_if(help)
}
