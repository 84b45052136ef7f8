//! The user's SQL functions, inlined where they are called: a value becomes a scalar subquery (or the bare expression), a set
//! of rows a derived table. Nothing that runs a query ever calls a function.

use mainstay_expr::{Expr, ExprKind, FromItem, Item, Select, SourceId, Tree, Value, When};
use mainstay_sql as sql;
use sql::Span;

use super::calls::UserCall;
use super::query::{Output, derived};
use super::{Bind, Binder, Bound, is_simple};
use crate::{Caller, Function, FunctionId, Returns};

/// A function in FROM.
pub(super) struct FunctionRows {
    pub select: Select,
    pub outputs: Vec<Output>,
    /// The table whose rows it returns.
    pub relation: Option<mainstay_expr::TableId>,
    /// Whether its arguments see other entries of FROM.
    pub lateral: bool,
    /// Whether its rows are plain values.
    pub scalar: bool,
}

impl Binder<'_> {
    /// A function's value.
    pub(super) fn inline_scalar(&mut self, call: UserCall, span: Span) -> Bind<Bound> {
        self.ready(call.function, span)?;
        let function = self.schema.catalog().function(call.function);
        let (name, strict) = (function.name.clone(), function.strict);
        let ty = match &function.returns {
            Returns::Scalar(ty) => ty.ty.clone(),
            Returns::Void => {
                return Err(self.error(
                    "wrong-type",
                    span,
                    format!("the function \"{name}\" returns nothing to use here"),
                ));
            }
            _ => {
                let instead = format!("put it into FROM: (SELECT … FROM {name}(…))");
                return Err(self.unsupported(span, "a function that returns rows as a value is", &instead));
            }
        };
        let function = function.clone();
        let body = self.inlined(&function, span)?;
        let arguments = call.arguments.clone();
        let body = self.instantiate(body, call);
        let value = if is_bare(&body) {
            body.items
                .into_iter()
                .next()
                .map_or_else(|| Expr::literal(Value::Null, ty.clone()), |item| item.expr)
        } else {
            Expr::new(ExprKind::Scalar(Box::new(body)), ty.clone())
        };
        let mut value = if strict { null_on_null(value, &arguments) } else { value };
        if strict && arguments.iter().any(holds_select) {
            value.renumber(&mut self.ids);
        }
        Ok(Bound::typed(value, span))
    }

    /// A copy of a function's body. One that an existing database runs has none.
    fn inlined(&mut self, function: &Function, span: Span) -> Bind<Select> {
        match function.inlined() {
            Some(body) => Ok(body.clone()),
            None => {
                let message = format!("the function \"{}\" runs in its own database only", function.name);
                Err(self.error("unsupported", span, message))
            }
        }
    }

    fn ready(&mut self, function: FunctionId, span: Span) -> Bind<()> {
        self.schema.require_function(function).map_err(|why| {
            let name = self.schema.catalog().function(function).name.clone();
            self.not_ready(why, span, &format!("the function \"{name}\""))
        })
    }

    /// The rows of a user's function in FROM; `None` when the name is not one.
    pub(super) fn user_rows(&mut self, call: &sql::FunctionCall) -> Bind<Option<FunctionRows>> {
        if !self.has_functions(&call.name) {
            return Ok(None);
        }
        self.plain_call(call)?;
        let user = match self.row_call(call)? {
            Some(user) => user,
            None => {
                let arguments = self.arguments(call)?;
                self.user_call(call, arguments)?
            }
        };
        self.ready(user.function, call.name.span)?;
        let function = self.schema.catalog().function(user.function).clone();
        let catalog = self.schema.catalog();
        let (names, relation): (Vec<String>, _) = match &function.returns {
            Returns::Scalar(_) | Returns::SetOfScalar(_) => (vec![function.name.clone()], None),
            Returns::Row(table) | Returns::SetOfTable(table) => (
                catalog.table(*table).columns.iter().map(|column| column.name.clone()).collect(),
                Some(*table),
            ),
            Returns::Table(columns) | Returns::RowOf(columns) => {
                (columns.iter().map(|(name, _)| name.clone()).collect(), None)
            }
            Returns::Void => {
                let message = format!("the function \"{}\" returns nothing to select from", function.name);
                return Err(self.error("wrong-type", call.name.span, message));
            }
        };
        let scalar = matches!(function.returns, Returns::Scalar(_) | Returns::SetOfScalar(_));
        let row = user.row.iter().flat_map(|row| row.columns.iter().map(|column| &column.expr));
        let lateral = row.chain(&user.arguments).any(|argument| self.sees_siblings(argument));
        let arguments = user.arguments.clone();
        let body = self.inlined(&function, call.name.span)?;
        let mut select = self.instantiate(body, user);
        if function.strict && !arguments.is_empty() {
            select = derived(select, self.ids.fresh());
            select.filter = Some(Expr::all(arguments.iter().map(|argument| is_null(argument).negate())));
            select.renumber(&mut self.ids);
        }
        for (item, name) in select.items.iter_mut().zip(&names) {
            item.name.clone_from(name);
        }
        let span = call.span;
        let outputs = names.into_iter().map(|name| Output { name, unknown: false, span }).collect();
        Ok(Some(FunctionRows { select, outputs, relation, lateral, scalar }))
    }

    fn sees_siblings(&self, argument: &Expr) -> bool {
        let siblings = self.levels.last().into_iter().flat_map(|level| &level.names.tables);
        let siblings: Vec<SourceId> = siblings.map(|table| table.source).collect();
        argument
            .any(|expr| matches!(&expr.kind, ExprKind::Column(column) if siblings.contains(&column.source)))
    }

    /// A copy of a function's body with its arguments in place.
    fn instantiate(&mut self, mut body: Select, call: UserCall) -> Select {
        self.calls.insert(call.function);
        self.calls.extend(self.schema.catalog().calls.of(Caller::Function(call.function)));
        body.renumber(&mut self.ids);
        if let Some(row) = &call.row {
            body.replace_source(SourceId::ROW, |column, ty| match row.columns.get(column as usize) {
                Some(own) => own.expr.clone(),
                None => Expr::literal(Value::Null, ty.clone()),
            });
        }
        let repeated = |position: u32| uses(&body, position) > 1;
        let volatile = |(position, argument): (usize, &Expr)| {
            !is_simple(argument) && argument.is_volatile() && repeated(position as u32)
        };
        if call.arguments.iter().enumerate().any(volatile) {
            return self.bind_once(body, call.arguments);
        }
        body.replace_arguments(&call.arguments);
        if call.arguments.iter().any(holds_select) {
            // Each use is a copy: its sources get numbers of their own.
            body.renumber(&mut self.ids);
        }
        body
    }

    /// Computes the arguments once, in a row beside the body: a volatile one must not be computed wherever it is named.
    fn bind_once(&mut self, mut body: Select, arguments: Vec<Expr>) -> Select {
        let row = self.ids.fresh();
        let columns: Vec<Expr> =
            (0..).zip(&arguments).map(|(at, argument)| Expr::column(row, at, argument.ty.clone())).collect();
        let items = arguments.into_iter().map(|expr| Item { expr, name: "argument".to_owned() }).collect();
        let select = Box::new(Select { items, ..Select::default() });
        let row = FromItem::Select { source: row, select, lateral: false };
        body.replace_arguments(&columns);
        let source = self.ids.fresh();
        let mut outer = derived(body, source);
        for item in &mut outer.from {
            if let FromItem::Select { lateral, .. } = item {
                *lateral = true;
            }
        }
        outer.from.insert(0, row);
        outer
    }
}

/// Whether a select is one row of expressions and nothing else.
pub(super) fn is_bare(select: &Select) -> bool {
    let plain = Select { items: select.items.clone(), ..Select::default() };
    *select == plain && select.items.len() == 1
}

/// How often the n-th argument is named.
fn uses(body: &Select, position: u32) -> usize {
    let mut count = 0;
    body.walk(|expr| {
        if matches!(expr.kind, ExprKind::Input(mainstay_expr::Input::Argument(own)) if own == position) {
            count += 1;
        }
    });
    count
}

fn holds_select(expr: &Expr) -> bool {
    expr.any(|inner| {
        matches!(
            inner.kind,
            ExprKind::Exists(_) | ExprKind::Scalar(_) | ExprKind::ArrayOf(_) | ExprKind::InSelect(..)
        )
    })
}

fn is_null(argument: &Expr) -> Expr {
    Expr::bool(ExprKind::IsNull(Box::new(argument.clone())))
}

/// NULL as soon as an argument is NULL, else the value.
fn null_on_null(value: Expr, arguments: &[Expr]) -> Expr {
    let open = arguments
        .iter()
        .filter(|argument| !matches!(&argument.kind, ExprKind::Literal(value) if !value.is_null()));
    let condition = Expr::any(open.map(is_null));
    if condition.is_never() {
        return value;
    }
    let ty = value.ty.clone();
    let result = Expr::literal(Value::Null, ty.clone());
    Expr::new(ExprKind::Case(vec![When { condition, result }], Some(Box::new(value))), ty)
}
