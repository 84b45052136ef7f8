//! Function calls: which function a name and its arguments mean, built-in or the user's own.

use mainstay_expr::resolve::{self, ResolveError};
use mainstay_expr::{Expr, ExprKind, Type};
use mainstay_sql as sql;
use sql::{Diagnostic, Span, closest};

use super::scope::ScopeTable;
use super::{Bind, Binder, Bound};
use crate::{Argument, FunctionId};

/// An argument of a call.
pub(super) struct CallArgument {
    name: Option<sql::Name>,
    value: Bound,
}

/// A call of a user's function: its arguments in declared order, defaults filled in.
pub(super) struct UserCall {
    pub function: FunctionId,
    pub arguments: Vec<Expr>,
    /// For a function of one row: the table in scope whose row it takes.
    pub row: Option<ScopeTable>,
}

/// How a call's arguments fall on a function's.
struct Fit {
    function: FunctionId,
    /// For each argument of the call, the type it must become.
    types: Vec<Type>,
    /// For each argument of the call, the position of the function's.
    positions: Vec<usize>,
}

impl Binder<'_> {
    /// Binds a call as a value.
    pub(super) fn call(&mut self, call: &sql::FunctionCall) -> Bind<Bound> {
        let name = &*call.name.name.text;
        let schema = call.name.schema.as_ref().map(|schema| &*schema.text);
        // What Supabase's extensions bring is built in.
        let is_built_in_schema = matches!(schema, None | Some("pg_catalog" | "extensions"));
        if is_built_in_schema {
            if let Some(bound) = self.special_call(call)? {
                return Ok(bound);
            }
            if resolve::is_aggregate(name) {
                return self.aggregate(call);
            }
        }
        self.plain_call(call)?;
        if let Some(user) = self.row_call(call)? {
            return self.inline_scalar(user, call.span);
        }
        let arguments = self.arguments(call)?;
        let full_name = match schema {
            Some("auth") => format!("auth.{name}"),
            _ => name.to_owned(),
        };
        let types: Vec<_> = arguments.iter().map(|argument| argument.value.ty()).collect();
        let positional = arguments.iter().all(|argument| argument.name.is_none());
        let built_in =
            (is_built_in_schema || schema == Some("auth")).then(|| resolve::function(&full_name, &types));
        match built_in {
            Some(resolved) if positional && (resolved.is_ok() || !self.has_functions(&call.name)) => {
                if let Err(error) = resolved {
                    return Err(self.unknown_function(call, error));
                }
                let values = arguments.into_iter().map(|argument| argument.value).collect();
                self.build(resolved, values, call.name.span, call.span)
            }
            _ => {
                let user = self.user_call(call, arguments)?;
                self.inline_scalar(user, call.span)
            }
        }
    }

    /// The arguments of a call that takes neither DISTINCT nor names.
    pub(super) fn plain_arguments(&mut self, call: &sql::FunctionCall) -> Bind<Vec<Bound>> {
        self.plain_call(call)?;
        let arguments = self.arguments(call)?;
        Ok(arguments.into_iter().map(|argument| argument.value).collect())
    }

    pub(super) fn arguments(&mut self, call: &sql::FunctionCall) -> Bind<Vec<CallArgument>> {
        match &call.arguments {
            sql::CallArguments::Star => Ok(Vec::new()),
            sql::CallArguments::List { arguments, .. } => self.each(arguments, |binder, argument| {
                let value = binder.expr(&argument.value)?;
                Ok(CallArgument { name: argument.name.clone(), value })
            }),
        }
    }

    /// Whether the user has functions of that name.
    pub(super) fn has_functions(&self, name: &sql::QualifiedName) -> bool {
        let schema = name.schema.as_ref().map_or("public", |schema| &schema.text);
        self.schema.catalog().find_functions(schema, &name.name.text).next().is_some()
    }

    /// `f(t)`, where `t` is a table in scope and `f` a function of one row of it.
    pub(super) fn row_call(&mut self, call: &sql::FunctionCall) -> Bind<Option<UserCall>> {
        let sql::CallArguments::List { arguments, .. } = &call.arguments else { return Ok(None) };
        let [sql::Argument { name: None, value }] = arguments.as_slice() else { return Ok(None) };
        let sql::ExprKind::Column(sql::ColumnRef { table: None, column }) = &value.kind else {
            return Ok(None);
        };
        let is_column = self
            .levels
            .iter()
            .filter(|level| !level.hidden)
            .any(|level| level.names.columns.iter().any(|own| own.name == column.text));
        if is_column {
            return Ok(None);
        }
        let Some(table) = self.visible_tables().find(|table| table.alias == column.text).cloned() else {
            return Ok(None);
        };
        let schema = call.name.schema.as_ref().map_or("public", |schema| &schema.text);
        Ok(self.function_of_row(schema, &call.name.name.text, table))
    }

    /// `t.f`, where `f` is a function of one row of `t`.
    pub(super) fn computed_field(
        &mut self,
        table: &ScopeTable,
        name: &sql::Name,
        span: Span,
    ) -> Bind<Option<Bound>> {
        let Some(relation) = table.relation else { return Ok(None) };
        let schema = self.schema.catalog().table(relation).schema.clone();
        match self.function_of_row(&schema, &name.text, table.clone()) {
            Some(user) => self.inline_scalar(user, span).map(Some),
            None => Ok(None),
        }
    }

    fn function_of_row(&mut self, schema: &str, name: &str, table: ScopeTable) -> Option<UserCall> {
        let relation = table.relation?;
        let mut functions = self.schema.catalog().find_functions(schema, name);
        let function = functions.find(|function| function.row == Some(relation))?.id;
        Some(UserCall { function, arguments: Vec::new(), row: Some(table) })
    }

    /// Chooses among the user's functions of a name.
    pub(super) fn user_call(
        &mut self,
        call: &sql::FunctionCall,
        arguments: Vec<CallArgument>,
    ) -> Bind<UserCall> {
        let schema = call.name.schema.as_ref().map_or("public", |schema| &schema.text).to_owned();
        let name = call.name.name.text.clone();
        let types: Vec<_> = arguments.iter().map(|argument| argument.value.ty()).collect();
        let catalog = self.schema.catalog();
        let candidates = catalog.find_functions(&schema, &name).filter(|function| function.row.is_none());
        let mut fits: Vec<Fit> = candidates
            .filter_map(|function| {
                let (types, positions) = fit(&function.arguments, &arguments)?;
                Some(Fit { function: function.id, types, positions })
            })
            .collect();
        let signatures: Vec<_> = fits.iter().map(|fit| fit.types.clone()).collect();
        let fit = match resolve::choose_signature(&name, &signatures, &types) {
            Ok(position) => fits.swap_remove(position),
            Err(error) => return Err(self.unknown_function(call, error)),
        };
        self.schema
            .require_function(fit.function)
            .map_err(|why| self.not_ready(why, call.name.span, &format!("the function \"{name}\"")))?;
        let pairs = arguments.into_iter().zip(&fit.types);
        let values = self.each(pairs, |binder, (argument, ty)| binder.cast_to(argument.value, ty))?;
        let function = self.schema.catalog().function(fit.function);
        let (declared, volatility) = (function.arguments.clone(), function.volatility);
        self.called = self.called.max(volatility);
        Ok(UserCall {
            function: fit.function,
            arguments: in_order(&declared, &fit.positions, values),
            row: None,
        })
    }

    /// Says that there is no such function, and which may have been meant.
    pub(super) fn unknown_function(
        &mut self,
        call: &sql::FunctionCall,
        mut error: ResolveError,
    ) -> super::Reported {
        let name = &*call.name.name.text;
        let schema = call.name.schema.as_ref().map(|schema| &*schema.text);
        if let Some(schema) = schema.filter(|schema| {
            !self.schema.catalog().schemas.contains_key(*schema)
                && !matches!(*schema, "auth" | "pg_catalog" | "extensions")
        }) {
            let message = format!("schema \"{schema}\" does not exist");
            return self.error("unknown-schema", call.name.span, message);
        }
        if let Some(instead) = unsupported_function(name) {
            let message = format!("the function {name} is not supported");
            return self.fail(Diagnostic::error("unsupported", call.name.span, message).with_help(instead));
        }
        if schema == Some("auth") {
            let help = "there are auth.uid(), auth.role(), auth.email() and auth.jwt()";
            let diagnostic = Diagnostic::error("unknown-function", call.name.span, error.message);
            return self.fail(diagnostic.with_help(help));
        }
        let catalog = self.schema.catalog();
        let own: Vec<_> = catalog.find_functions(schema.unwrap_or("public"), name).map(signature).collect();
        if !own.is_empty() {
            let help = format!("there is {}", own.join(", "));
            return self
                .fail(Diagnostic::error("unknown-function", call.name.span, error.message).with_help(help));
        }
        let functions = catalog.functions.iter().filter(|it| it.schema == schema.unwrap_or("public"));
        if let Some(near) = closest(name, functions.map(|function| &*function.name)) {
            let help = format!("did you mean \"{near}\"?");
            return self
                .fail(Diagnostic::error("unknown-function", call.name.span, error.message).with_help(help));
        }
        if !resolve::is_function(name) && error.similar.is_empty() {
            error.hint = None;
        }
        self.unresolved(error, call.name.span)
    }
}

/// The types and positions of a function's arguments that a call's fall on; `None` when they do not fit in number or name.
fn fit(declared: &[Argument], given: &[CallArgument]) -> Option<(Vec<Type>, Vec<usize>)> {
    let variadic = declared.last().is_some_and(|last| last.variadic);
    let mut positions = Vec::with_capacity(given.len());
    for (at, argument) in given.iter().enumerate() {
        let position = match &argument.name {
            Some(name) => declared.iter().position(|own| own.name == name.text)?,
            None if variadic => at.min(declared.len() - 1),
            None => at,
        };
        let spread = variadic && position == declared.len() - 1 && argument.name.is_none();
        if position >= declared.len() || (positions.contains(&position) && !spread) {
            return None;
        }
        positions.push(position);
    }
    let given_all = (0..declared.len()).all(|at| positions.contains(&at) || declared[at].default.is_some());
    if !given_all {
        return None;
    }
    let types = positions.iter().zip(given).map(|(position, argument)| {
        let ty = &declared[*position].ty.ty;
        let element = ty.element().filter(|_| declared[*position].variadic && argument.name.is_none());
        element.unwrap_or(ty).clone()
    });
    Some((types.collect(), positions))
}

/// The values in the order in which the function declares them; what is missing takes its default.
fn in_order(declared: &[Argument], positions: &[usize], values: Vec<Expr>) -> Vec<Expr> {
    let mut given: Vec<Vec<Expr>> = vec![Vec::new(); declared.len()];
    for (position, value) in positions.iter().zip(values) {
        given[*position].push(value);
    }
    let pairs = declared.iter().zip(given);
    pairs
        .map(|(argument, mut given)| {
            let is_array = given.len() == 1 && given[0].ty == argument.ty.ty;
            match given.len() {
                0 => argument
                    .default
                    .clone()
                    .unwrap_or_else(|| Expr::literal(mainstay_expr::Value::Null, argument.ty.ty.clone())),
                1 if !argument.variadic || is_array => given.remove(0),
                _ => Expr::new(ExprKind::Array(given), argument.ty.ty.clone()),
            }
        })
        .collect()
}

/// `f(a integer, b text)`, for messages.
fn signature(function: &crate::Function) -> String {
    let arguments = function.arguments.iter().map(|argument| match argument.name.as_str() {
        "" => argument.ty.to_string(),
        name => format!("{name} {}", argument.ty),
    });
    format!("{}({})", function.name, arguments.collect::<Vec<_>>().join(", "))
}

/// PostgreSQL's functions that Mainstay does not have, and what to write instead.
fn unsupported_function(name: &str) -> Option<&'static str> {
    Some(match name {
        "nextval" | "currval" | "setval" | "lastval" => {
            "number a column by itself: bigint generated by default as identity"
        }
        "row_number" | "rank" | "dense_rank" | "lag" | "lead" | "ntile" | "first_value" | "last_value" => {
            "window functions are not supported: use GROUP BY, DISTINCT ON or a subquery"
        }
        "to_tsvector" | "to_tsquery" | "plainto_tsquery" | "websearch_to_tsquery" | "ts_rank" => {
            "use ILIKE or a regular expression"
        }
        "uuid_generate_v1" | "uuid_generate_v1mc" => "use gen_random_uuid() or uuidv7()",
        "pg_sleep" | "pg_notify" | "set_config" => "a function may read, and nothing else",
        "crypt" | "gen_salt" | "digest" | "hmac" => {
            "keep passwords and signatures out of the schema: sign in through /auth/v1"
        }
        "jsonb_array_elements"
        | "json_array_elements"
        | "jsonb_each"
        | "jsonb_object_keys"
        | "jsonb_array_elements_text"
        | "json_each"
        | "jsonb_each_text" => "keep the elements as rows of a table, or as an array with unnest(…)",
        _ => return None,
    })
}
