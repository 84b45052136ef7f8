//! Calls of the user's SQL functions: the body is inlined, and its rows are a level like any other.

use mainstay_base::{Problem, Result};
use mainstay_catalog::{Function, FunctionBody, Resource, Returns, Volatility};
use mainstay_expr::{ColumnType, Expr, ExprKind, FromItem, Select, SourceId, Tree, Value};
use mainstay_plan::{ReadPlan, ResultKind, SlotType};
use mainstay_query::{Call, Level, SelectItem, SlotId, Target};

use crate::Planner;
use crate::error;
use crate::level::some_filter;
use crate::native;
use crate::relation::{Relation, RelationColumn, relation_of};

/// A function and the slot for each of its arguments; `None` where the default stands in.
struct Chosen<'a> {
    function: &'a Function,
    slots: Vec<Option<SlotId>>,
}

impl<'a> Planner<'a> {
    /// Plans a call.
    pub(crate) fn call(&mut self, call: &Call) -> Result<ReadPlan> {
        let chosen = self.choose(call)?;
        let function = chosen.function;
        self.require_execute(function)?;
        let may_write = function.volatility == Volatility::Volatile && !call.read_only;
        self.transaction.read_only &= !may_write;
        self.transaction.tells |= may_write;
        if let FunctionBody::Native(body) = &function.body {
            self.transaction.settings.clone_from(&body.settings);
        }
        let arguments = self.arguments(&chosen);
        let (from, relation) = self.open_call(function, &arguments);
        let all = Level { select: vec![SelectItem::All], ..Level::default() };
        let (level, result) = match function.returns {
            Returns::Void => (&all, ResultKind::Nothing),
            Returns::Scalar(_) => (&all, ResultKind::Value),
            Returns::SetOfScalar(_) => (&call.level, ResultKind::Values),
            Returns::Row(_) | Returns::RowOf(_) => (&call.level, ResultKind::Row),
            Returns::SetOfTable(_) | Returns::Table(_) => (&call.level, ResultKind::Rows),
        };
        let scope = self.scope(relation, level, 0)?;
        let root = self.node(vec![from], Expr::truth(true), &scope, level, false)?;
        let total = self.total(call.count, |planner| {
            let (from, relation) = planner.open_call(function, &arguments);
            let scope = planner.scope(relation, level, 0)?;
            planner.count_select(vec![from], &scope, level)
        })?;
        let resource = Resource::Function(&call.target.schema, &call.target.name);
        let (root, result) = self.answered(root, result, &call.level, resource)?;
        self.secured(ReadPlan { root, result, total })
    }

    /// The values of the arguments that the request gives.
    fn arguments(&mut self, chosen: &Chosen<'a>) -> Vec<Option<Expr>> {
        let arguments = chosen.function.arguments.iter().zip(&chosen.slots);
        arguments
            .map(|(argument, slot)| {
                let slot = self.type_slot((*slot)?, SlotType::Value(argument.ty.clone()));
                Some(Expr::slot(slot, argument.ty.ty.clone()))
            })
            .collect()
    }

    /// A function's rows as a source.
    fn open_call(&mut self, function: &'a Function, arguments: &[Option<Expr>]) -> (FromItem, Relation<'a>) {
        let source = self.sources.fresh();
        let from = match function.inlined() {
            Some(body) => self.inlined_call(function, source, body.clone(), arguments),
            None => native::source_of_call(self.catalog, function, source, arguments),
        };
        let relation = match &function.returns {
            Returns::Row(table) | Returns::SetOfTable(table) => {
                relation_of(self.catalog.table(*table), source)
            }
            Returns::Scalar(ty) | Returns::SetOfScalar(ty) => {
                bare_relation(function, source, std::iter::once((function.name.as_str(), ty)))
            }
            Returns::Table(columns) | Returns::RowOf(columns) => {
                bare_relation(function, source, columns.iter().map(|(name, ty)| (name.as_str(), ty)))
            }
            Returns::Void => bare_relation(function, source, std::iter::empty()),
        };
        (from, relation)
    }

    fn inlined_call(
        &mut self,
        function: &Function,
        source: SourceId,
        mut body: Select,
        arguments: &[Option<Expr>],
    ) -> FromItem {
        let arguments: Vec<Expr> = function
            .arguments
            .iter()
            .zip(arguments)
            .map(|(argument, given)| given.as_ref().or(argument.default.as_ref()).cloned())
            .zip(&function.arguments)
            // Without a value and a default it is a VARIADIC one.
            .map(|(given, argument)| {
                given.unwrap_or_else(|| Expr::literal(Value::Array(Vec::new()), argument.ty.ty.clone()))
            })
            .collect();
        body.replace_arguments(&arguments);
        body.renumber(&mut self.sources);
        let body = if function.strict { self.unless_null(body, &arguments) } else { body };
        FromItem::Select { source, select: Box::new(body), lateral: false }
    }

    /// STRICT: no row at all once an argument is NULL.
    fn unless_null(&mut self, body: Select, arguments: &[Expr]) -> Select {
        let source = self.sources.fresh();
        let items = body
            .items
            .iter()
            .enumerate()
            .map(|(position, item)| mainstay_expr::Item {
                expr: Expr::column(source, position as u32, item.expr.ty.clone()),
                name: item.name.clone(),
            })
            .collect();
        let given = arguments
            .iter()
            .map(|argument| Expr::bool(ExprKind::IsNull(Box::new(argument.clone()))).negate());
        Select {
            from: vec![FromItem::Select { source, select: Box::new(body), lateral: false }],
            filter: some_filter(Expr::all(given)),
            items,
            ..Select::default()
        }
    }

    /// The overload that the names of the arguments fit; failing that, one with a single unnamed argument that takes the body.
    fn choose(&self, call: &Call) -> Result<Chosen<'a>> {
        let catalog: &'a mainstay_catalog::Catalog = self.catalog;
        let Target { schema, name } = &call.target;
        let overloads = || catalog.find_functions(schema, name).filter(|function| function.row.is_none());
        let named: Vec<Chosen<'a>> =
            overloads().filter_map(|function| fit(function, &call.arguments)).collect();
        match named.len() {
            1 => return Ok(named.into_iter().next().expect("there is one")),
            0 => {}
            _ => return Err(ambiguous(call, &named)),
        }
        if let Some((types, slot)) = call.body {
            let taking = overloads().find(|function| {
                matches!(function.arguments.as_slice(), [only] if only.name.is_empty()
                    && types.contains(&only.ty.ty.to_string().as_str()))
            });
            if let Some(function) = taking {
                return Ok(Chosen { function, slots: vec![Some(slot)] });
            }
        }
        let names: Vec<&str> = call.arguments.iter().map(|(name, _)| name.as_str()).collect();
        let body = call.body.map_or(&[][..], |(types, _)| types);
        Err(error::function_not_found(catalog, &call.target, &names, body))
    }
}

/// Whether the given names fit a function: all it requires, and none that it does not know.
fn fit<'a>(function: &'a Function, given: &[(String, SlotId)]) -> Option<Chosen<'a>> {
    let known =
        |name: &str| function.arguments.iter().any(|argument| !name.is_empty() && argument.name == name);
    if !given.iter().all(|(name, _)| known(name)) {
        return None;
    }
    let slots = function
        .arguments
        .iter()
        .map(|argument| {
            let slot = given.iter().find(|(name, _)| *name == argument.name).map(|(_, slot)| *slot);
            match slot {
                Some(slot) => Some(Some(slot)),
                None if argument.is_optional() => Some(None),
                None => None,
            }
        })
        .collect::<Option<Vec<_>>>()?;
    Some(Chosen { function, slots })
}

fn ambiguous(call: &Call, candidates: &[Chosen<'_>]) -> Problem {
    let list: Vec<_> = candidates
        .iter()
        .map(|chosen| {
            let arguments: Vec<_> = chosen
                .function
                .arguments
                .iter()
                .map(|argument| format!("{} => {}", argument.name, argument.ty.ty))
                .collect();
            format!("{}.{}({})", call.target.schema, call.target.name, arguments.join(", "))
        })
        .collect();
    Problem::new(
        "PGRST203",
        format!("Could not choose the best candidate function between: {}", list.join(", ")),
    )
    .with_hint(
        "Try renaming the parameters or the function itself in the database so function overloading can be resolved",
    )
}

/// The row type of a function that returns no table's rows.
fn bare_relation<'a, 'c>(
    function: &Function,
    source: SourceId,
    columns: impl Iterator<Item = (&'c str, &'c ColumnType)>,
) -> Relation<'a> {
    let columns = columns
        .enumerate()
        .map(|(position, (name, ty))| RelationColumn {
            name: name.to_owned(),
            expr: Expr::column(source, position as u32, ty.ty.clone()),
        })
        .collect();
    Relation { name: function.name.clone(), schema: function.schema.clone(), columns, table: None }
}
