//! SQL functions: signatures first, bodies when first needed.

use mainstay_expr::{
    ColumnType, Expr, ExprKind, Input, Rights, Select, SessionValue, SourceIds, TableId, Tree, Type, Value,
};
use mainstay_sql as sql;
use sql::{Diagnostic, Span};

use super::{Progress, Resolver, State};
use crate::bind::{Bind, Binder, BoundQuery, Clause, NotReady, Parameters, find_relation, named_type};
use crate::{Argument, Caller, Function, FunctionBody, FunctionId, Returns, Volatility};

/// The role that owns everything: what `current_user` is where the owner's rights apply.
const OWNER: &str = "postgres";

impl<'t> Resolver<'t> {
    /// Declares the functions by their signatures.
    pub(super) fn declare_functions(&mut self, statements: &'t [sql::Statement]) {
        for statement in statements {
            if let sql::Statement::CreateFunction(it) = statement {
                let _ = self.declare_function(it);
            }
        }
    }

    fn declare_function(&mut self, it: &'t sql::CreateFunction) -> Bind<()> {
        let schema = self.schema_for(&it.name)?;
        self.body_is_query(it)?;
        let arguments = self.arguments(it);
        let returns = self.returns(it);
        self.settings(it);
        let ((arguments, row), returns) = (arguments?, returns?);
        self.function_is_new(&schema, it, &arguments, row)?;
        let id = FunctionId(self.catalog.functions.len() as u32);
        self.catalog.declare_function(Function {
            id,
            schema,
            name: it.name.name.text.clone(),
            arguments,
            row,
            returns,
            body: FunctionBody::Sql(Box::default()),
            volatility: match it.volatility {
                sql::Volatility::Immutable => Volatility::Immutable,
                sql::Volatility::Stable => Volatility::Stable,
                sql::Volatility::Volatile => Volatility::Volatile,
            },
            strict: it.strict,
            security_definer: it.security_definer,
            execute: None,
            comment: None,
        });
        self.functions.push(Progress { statement: it, state: State::Waiting });
        Ok(())
    }

    fn body_is_query(&mut self, it: &sql::CreateFunction) -> Bind<()> {
        let help = "write it as LANGUAGE sql with one SELECT";
        match &it.body {
            _ if it.language.text != "sql" => {
                let message = format!("functions in LANGUAGE {} are not supported", it.language.text);
                let trigger =
                    matches!(&it.returns, sql::FunctionReturns::Type(ty) if ty.name.name.text == "trigger");
                let help = if trigger {
                    "triggers are not supported: use a default, a CHECK or a policy"
                } else {
                    help
                };
                Err(self.report(Diagnostic::error("unsupported", it.language.span, message).with_help(help)))
            }
            sql::FunctionBody::Query(_) => Ok(()),
            sql::FunctionBody::Other { what, place, .. } => {
                let message = format!("not supported in a function: {what}");
                Err(self.report(Diagnostic::error("unsupported", *place, message).with_help(help)))
            }
            sql::FunctionBody::Text { span, .. } => Err(self.report(
                Diagnostic::error("unsupported", *span, "this body is not supported").with_help(help),
            )),
        }
    }

    fn arguments(&mut self, it: &sql::CreateFunction) -> Bind<(Vec<Argument>, Option<TableId>)> {
        if let [only] = it.arguments.as_slice()
            && let Some(row) = self.row_type(&only.type_name)
        {
            return Ok((Vec::new(), Some(row)));
        }
        let mut arguments: Vec<Argument> = Vec::with_capacity(it.arguments.len());
        let mut result = Ok(());
        for argument in &it.arguments {
            match self.argument(argument, &arguments) {
                Ok(argument) => arguments.push(argument),
                Err(reported) => result = Err(reported),
            }
        }
        result.map(|()| (arguments, None))
    }

    fn argument(&mut self, it: &sql::FunctionArgument, before: &[Argument]) -> Bind<Argument> {
        if matches!(it.mode, sql::ArgumentMode::Out | sql::ArgumentMode::InOut) {
            let diagnostic = Diagnostic::error("unsupported", it.span, "OUT arguments are not supported");
            return Err(self.report(diagnostic.with_help("write RETURNS TABLE (…), or RETURNS and a type")));
        }
        if self.row_type(&it.type_name).is_some() {
            let message = "a row beside other arguments is not supported";
            let help = "pass the row's key, or make the row the only argument";
            return Err(
                self.report(Diagnostic::error("unsupported", it.type_name.span, message).with_help(help))
            );
        }
        let ty = Binder::without_row(self, Clause::Default).cast_type(&it.type_name)?;
        let variadic = it.mode == sql::ArgumentMode::Variadic;
        if variadic && ty.ty.element().is_none() {
            return Err(self.error("wrong-type", it.type_name.span, "VARIADIC parameter must be an array"));
        }
        let name = it.name.as_ref().map(|name| name.text.clone()).unwrap_or_default();
        if !name.is_empty() && before.iter().any(|other| other.name == name) {
            let message = format!("parameter name \"{name}\" used more than once");
            return Err(self.error("duplicate-name", it.span, message));
        }
        if it.default.is_none() && !variadic && before.iter().any(|other| other.default.is_some()) {
            let message = "input parameters after one with a default value must also have defaults";
            return Err(self.error("wrong-arguments", it.span, message));
        }
        // The default's place is held until the functions that it may call are declared.
        let default = it.default.as_ref().map(|_| Expr::literal(Value::Null, ty.ty.clone()));
        Ok(Argument { name, ty, default, native_default: false, variadic })
    }

    /// The table or view whose row a type name means, unless it is a type of its own.
    fn row_type(&self, written: &sql::TypeName) -> Option<TableId> {
        if written.array_depth > 0 || named_type(&self.catalog, written).is_ok() {
            return None;
        }
        find_relation(&self.catalog, &written.name)
    }

    fn returns(&mut self, it: &sql::CreateFunction) -> Bind<Returns> {
        match &it.returns {
            sql::FunctionReturns::Void(_) => Ok(Returns::Void),
            sql::FunctionReturns::Type(ty) if ty.name.name.text == "void" => Ok(Returns::Void),
            sql::FunctionReturns::Type(ty) => match self.row_type(ty) {
                Some(table) => Ok(Returns::Row(table)),
                None => self.plain_type(ty).map(Returns::Scalar),
            },
            sql::FunctionReturns::SetOf(ty) => match self.row_type(ty) {
                Some(table) => Ok(Returns::SetOfTable(table)),
                None => self.plain_type(ty).map(Returns::SetOfScalar),
            },
            sql::FunctionReturns::Table(columns) => {
                let mut list: Vec<(String, ColumnType)> = Vec::with_capacity(columns.len());
                for column in columns {
                    let ty = self.plain_type(&column.type_name)?;
                    if list.iter().any(|(name, _)| *name == column.name.text) {
                        let message = format!("parameter name \"{}\" used more than once", column.name.text);
                        return Err(self.error("duplicate-name", column.name.span, message));
                    }
                    list.push((column.name.text.clone(), ty));
                }
                Ok(Returns::Table(list))
            }
            sql::FunctionReturns::Arguments => {
                let diagnostic =
                    Diagnostic::error("unsupported", it.name.span, "a function must say what it returns");
                Err(self.report(diagnostic.with_help("write RETURNS and a type")))
            }
        }
    }

    fn plain_type(&mut self, written: &sql::TypeName) -> Bind<ColumnType> {
        Binder::without_row(self, Clause::Default).cast_type(written)
    }

    /// Settings of a function: an empty or plain search path changes nothing here; anything else has no effect.
    fn settings(&mut self, it: &sql::CreateFunction) {
        let plain = |schema: &String| {
            matches!(&**schema, "" | "public" | "pg_catalog" | "pg_temp" | "$user" | "extensions" | "auth")
        };
        for setting in &it.settings {
            if setting.name != "search_path" || !setting.values.iter().all(plain) {
                let message = format!("SET {} of a function has no effect", setting.name);
                let diagnostic = Diagnostic::warning("ignored", setting.span, message);
                self.diagnostics.push(diagnostic.with_help("write the schema before each name"));
            }
        }
    }

    fn function_is_new(
        &mut self,
        schema: &str,
        it: &sql::CreateFunction,
        arguments: &[Argument],
        row: Option<TableId>,
    ) -> Bind<()> {
        let same = |other: &Function| {
            other.row == row
                && other.arguments.len() == arguments.len()
                && other.arguments.iter().zip(arguments).all(|(one, other)| one.ty.ty == other.ty.ty)
        };
        let first = self.catalog.find_functions(schema, &it.name.name.text).find(|other| same(other));
        let Some(first) = first.map(|first| self.functions[first.id.0 as usize].statement.name.span) else {
            return Ok(());
        };
        let message = format!("function \"{}\" already exists with same argument types", it.name.name.text);
        let diagnostic = Diagnostic::error("duplicate-name", it.name.span, message);
        Err(self.report(diagnostic.with_place(first, "first declared here")))
    }

    pub(super) fn require_body(&mut self, id: FunctionId) -> Result<(), NotReady> {
        let progress = &mut self.functions[id.0 as usize];
        let statement = progress.statement;
        match progress.state {
            State::Done => return Ok(()),
            State::Broken => return Err(NotReady::Broken),
            State::Binding => return Err(NotReady::Recursive),
            State::Waiting => progress.state = State::Binding,
        }
        let defaults = self.bind_argument_defaults(id, statement);
        let body = self.bind_body(id, statement);
        let result = defaults.and(body);
        self.functions[id.0 as usize].state = if result.is_ok() { State::Done } else { State::Broken };
        result.map_err(|_| NotReady::Broken)
    }

    fn bind_argument_defaults(&mut self, id: FunctionId, it: &sql::CreateFunction) -> Bind<()> {
        for position in 0..self.catalog.function(id).arguments.len() {
            let Some(default) = &it.arguments[position].default else { continue };
            let ty = self.catalog.function(id).arguments[position].ty.clone();
            let mut binder = Binder::without_row(self, Clause::Default);
            let bound = binder.expr(default)?;
            let expr = binder.assign(bound, &ty, |actual| {
                format!("argument of DEFAULT must be type {}, not type {actual}", ty.ty)
            })?;
            let calls = binder.calls;
            self.catalog.calls.note(Caller::Function(id), calls);
            self.catalog.functions[id.0 as usize].arguments[position].default = Some(expr);
        }
        Ok(())
    }

    fn bind_body(&mut self, id: FunctionId, it: &'t sql::CreateFunction) -> Bind<()> {
        let sql::FunctionBody::Query(query) = &it.body else { return Ok(()) };
        let function = self.catalog.function(id);
        let (returns, row, definer) = (function.returns.clone(), function.row, function.security_definer);
        let list =
            function.arguments.iter().map(|argument| (argument.name.clone(), argument.ty.clone())).collect();
        let row_name =
            || it.arguments[0].name.as_ref().map_or_else(|| "$1".to_owned(), |name| name.text.clone());
        let parameters = Parameters {
            function: it.name.name.text.clone(),
            list,
            row: row.map(|table| (row_name(), table)),
        };
        for table in row.into_iter().chain(returned_table(&returns)) {
            self.require_view(table).map_err(|_| crate::bind::Reported::earlier())?;
        }
        let columns = self.result_columns(&returns);
        let mut binder = Binder::new(self);
        binder.parameters = parameters;
        binder.rights = if definer { Rights::Definer } else { Rights::Invoker };
        let mut bound = binder.query(query)?;
        binder.bounded(&bound.select, query.span)?;
        match columns {
            Some(columns) => {
                let declared = declared_type(&returns, binder.schema.catalog());
                return_columns(&mut binder, &mut bound, &columns, &declared, query.span)?;
            }
            None => {
                let source = binder.ids.fresh();
                let body = std::mem::take(&mut bound.select);
                bound.select = only_rows(body, source);
            }
        }
        let mut body = match returns {
            Returns::Scalar(_) | Returns::Row(_) => one_row(bound.select, &mut binder.ids),
            _ => bound.select,
        };
        let calls = binder.calls;
        if definer {
            with_owners_rights(&mut body);
        } else {
            self.catalog.calls.note(Caller::Function(id), calls);
        }
        self.catalog.functions[id.0 as usize].body = FunctionBody::Sql(Box::new(body));
        Ok(())
    }

    /// The columns that the body must yield; `None` for a function that returns nothing.
    fn result_columns(&self, returns: &Returns) -> Option<Vec<ColumnType>> {
        Some(match returns {
            Returns::Void => return None,
            Returns::Scalar(ty) | Returns::SetOfScalar(ty) => vec![ty.clone()],
            Returns::Row(table) | Returns::SetOfTable(table) => {
                self.catalog.table(*table).columns.iter().map(|column| column.ty.clone()).collect()
            }
            Returns::Table(columns) | Returns::RowOf(columns) => {
                columns.iter().map(|(_, ty)| ty.clone()).collect()
            }
        })
    }
}

fn returned_table(returns: &Returns) -> Option<TableId> {
    match returns {
        Returns::Row(table) | Returns::SetOfTable(table) => Some(*table),
        _ => None,
    }
}

/// What a function returns, for messages.
fn declared_type(returns: &Returns, catalog: &crate::Catalog) -> String {
    match returns {
        Returns::Void => "void".to_owned(),
        Returns::Scalar(ty) | Returns::SetOfScalar(ty) => ty.ty.to_string(),
        Returns::Row(table) | Returns::SetOfTable(table) => catalog.table(*table).name.clone(),
        Returns::Table(_) | Returns::RowOf(_) => "record".to_owned(),
    }
}

fn return_columns(
    binder: &mut Binder<'_>,
    bound: &mut BoundQuery,
    columns: &[ColumnType],
    declared: &str,
    span: Span,
) -> Bind<()> {
    let mismatch = format!("return type mismatch in function declared to return {declared}");
    if bound.outputs.len() != columns.len() {
        let (given, wanted) = (bound.outputs.len(), columns.len());
        let note = format!("The body returns {given} columns where {wanted} are declared.");
        return Err(binder.fail(Diagnostic::error("wrong-type", span, mismatch).with_note(note)));
    }
    if columns.iter().any(|column| column.ty == Type::Void) {
        return Err(crate::bind::Reported::earlier());
    }
    binder.assign_outputs(bound, columns, |at, ty| {
        let wanted = &columns[at].ty;
        format!("{mismatch}: column {} is of type {ty} instead of {wanted}", at + 1)
    })
}

/// The rows of a select without their values.
fn only_rows(body: Select, source: mainstay_expr::SourceId) -> Select {
    let from = vec![mainstay_expr::FromItem::Select { source, select: Box::new(body), lateral: false }];
    Select { from, ..Select::default() }
}

/// At most one row: a function that returns no set returns the first.
fn one_row(mut body: Select, ids: &mut SourceIds) -> Select {
    let no_sources = body.from.is_empty();
    let one_group = body.grouped && body.group_by.is_empty();
    let literal =
        |limit: &Option<Expr>| matches!(limit, Some(Expr { kind: ExprKind::Literal(Value::Int(0 | 1)), .. }));
    if body.set_ops.is_empty() && (no_sources || one_group) || literal(&body.limit) {
        return body;
    }
    if body.limit.is_some() {
        body = crate::bind::derived(body, ids.fresh());
    }
    body.limit = Some(Expr::literal(Value::Int(1), Type::Int8));
    body
}

/// SECURITY DEFINER: everything inside runs as the owner, views and functions that were inlined included.
fn with_owners_rights(body: &mut Select) {
    body.tables_mut(|table| table.rights = Rights::Definer);
    body.map(|expr| match expr.kind {
        ExprKind::Input(Input::Session(SessionValue::CurrentUser)) => {
            Expr::literal(Value::Text(OWNER.to_owned()), Type::Text)
        }
        _ => expr,
    });
}
