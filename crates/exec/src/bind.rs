//! Raw values become typed ones, as the plan says, with PostgreSQL's errors for those that do not fit.

use mainstay_base::{Clock, Problem, Randomness, Result};
use mainstay_engine::{Inputs, NewValue};
use mainstay_expr::eval::{self, Evaluator, NoTables, Scope};
use mainstay_expr::input::{self, TimeContext};
use mainstay_expr::{ColumnType, Expr, Modifier, Representation, Session, Type, Value};
use mainstay_plan::{Action, InsertPlan, NewColumn, Otherwise, Plan, SlotType};
use mainstay_query::{Cell, Payload, RawValue, Values};

/// Where defaults get their time and randomness from.
#[derive(Clone, Copy)]
pub struct Seams<'a> {
    /// For `clock_timestamp()` and its kin.
    pub clock: &'a dyn Clock,
    /// For `gen_random_uuid()` and its kin.
    pub random: &'a dyn Randomness,
}

impl Seams<'_> {
    /// The value of an expression without columns, such as a default.
    ///
    /// # Errors
    /// What the expression itself says: division by zero, a value out of range …
    pub fn evaluate(&self, expr: &Expr, session: &Session) -> Result<Value> {
        let inputs = eval::Inputs { slots: &[], arguments: &[], new: &[], session };
        Evaluator::new(inputs, &NoTables, self.clock, self.random)?.eval(expr, &Scope::empty())
    }
}

/// All inputs of a run.
pub(crate) fn inputs(plan: &Plan, values: Values, session: Session, seams: Seams<'_>) -> Result<Inputs> {
    let context = TimeContext::of(&session)?;
    let slots = plan
        .slots
        .iter()
        .zip(&values.slots)
        .map(|(ty, raw)| slot(ty, raw, &context))
        .collect::<Result<Vec<_>>>()?;
    let rows = match &plan.action {
        Action::Insert(insert) => {
            let rows = new_rows(&insert.columns, &values.payload, &session, &context, seams)?;
            same_key(insert, &slots, &rows)?;
            rows
        }
        Action::Update(update) => new_rows(&update.columns, &values.payload, &session, &context, seams)?,
        Action::Read(_) | Action::Delete(_) => Vec::new(),
    };
    Ok(Inputs { slots, rows, session })
}

fn slot(ty: &SlotType, raw: &RawValue, context: &TimeContext) -> Result<Value> {
    match ty {
        SlotType::Unused => Ok(Value::Null),
        SlotType::Value(ty) => value(ty, raw, context),
        SlotType::List(element) => list(element, raw, context),
        SlotType::Limit(max) => {
            let asked = count(raw).unwrap_or(u64::MAX);
            let limit = max.map_or(asked, |max| asked.min(max));
            Ok(i64::try_from(limit).map_or(Value::Null, Value::Int))
        }
        SlotType::Offset => {
            Ok(Value::Int(count(raw).and_then(|count| i64::try_from(count).ok()).unwrap_or(0)))
        }
    }
}

fn count(raw: &RawValue) -> Option<u64> {
    match raw {
        RawValue::Text(text) => text.trim().parse().ok(),
        RawValue::Json(json) => json.get().parse().ok(),
        RawValue::List(_) | RawValue::Null => None,
    }
}

fn value(ty: &ColumnType, raw: &RawValue, context: &TimeContext) -> Result<Value> {
    match raw {
        RawValue::Null => Ok(Value::Null),
        RawValue::Text(text) => input::parse(ty, text, context),
        RawValue::Json(json) => input::from_json(ty, json.get(), context),
        RawValue::List(_) if ty.ty.element().is_some() => {
            let element = element_type(ty);
            list(&element, raw, context)
        }
        // A parameter that is repeated counts as its last occurrence.
        RawValue::List(texts) => match texts.last() {
            Some(text) => input::parse(ty, text, context),
            None => Ok(Value::Null),
        },
    }
}

fn list(element: &ColumnType, raw: &RawValue, context: &TimeContext) -> Result<Value> {
    match raw {
        RawValue::List(texts) => {
            let values =
                texts.iter().map(|text| input::parse(element, text, context)).collect::<Result<_>>()?;
            Ok(Value::Array(values))
        }
        other => {
            let array = ColumnType { ty: element.ty.clone().array(), modifier: element.modifier };
            value(&array, other, context)
        }
    }
}

fn element_type(array: &ColumnType) -> ColumnType {
    let ty = array.ty.element().cloned().unwrap_or(Type::Text);
    ColumnType { ty, modifier: Modifier::None }
}

/// The rows of a payload, each with a value for every column of the plan.
fn new_rows(
    columns: &[NewColumn],
    payload: &Payload,
    session: &Session,
    context: &TimeContext,
    seams: Seams<'_>,
) -> Result<Vec<Vec<NewValue>>> {
    payload
        .rows
        .iter()
        .map(|cells| columns.iter().map(|column| new_value(column, cells, session, context, seams)).collect())
        .collect()
}

/// A value of a new row. Where a function of the database makes it of JSON, a text is a JSON string.
fn given(ty: &ColumnType, raw: &RawValue, context: &TimeContext) -> Result<Value> {
    match (raw, ty.ty.representation()) {
        (RawValue::Text(text), Some(Representation { from_json: Some(_), .. })) => {
            Ok(Value::Text(Representation::json_of(text)))
        }
        _ => value(ty, raw, context),
    }
}

fn new_value(
    column: &NewColumn,
    cells: &[Cell],
    session: &Session,
    context: &TimeContext,
    seams: Seams<'_>,
) -> Result<NewValue> {
    let cell = column.cell.and_then(|cell| cells.get(cell as usize));
    match (cell, &column.otherwise) {
        (Some(Cell::Given(raw)), _) => given(&column.ty, raw, context).map(NewValue::Value),
        (_, Otherwise::Null) => Ok(NewValue::Value(Value::Null)),
        (_, Otherwise::Identity) => Ok(NewValue::Identity),
        (_, Otherwise::Native) => Ok(NewValue::Default),
        (_, Otherwise::Default(expr)) => seams.evaluate(expr, session).map(NewValue::Value),
    }
}

/// PUT: the payload must carry the key that the URL names.
fn same_key(insert: &InsertPlan, slots: &[Value], rows: &[Vec<NewValue>]) -> Result<()> {
    let same = |row: &Vec<NewValue>| {
        insert.same_key.iter().all(|(slot, column)| {
            let ty = &insert.columns[*column as usize].ty.ty;
            match (&row[*column as usize], &slots[*slot as usize]) {
                (NewValue::Value(Value::Text(json)), Value::Text(text)) if ty.representation().is_some() => {
                    json == text || *json == Representation::json_of(text)
                }
                (NewValue::Value(value), slot) => value == slot,
                _ => false,
            }
        })
    };
    if rows.iter().all(same) {
        return Ok(());
    }
    Err(Problem::new("PGRST115", "Payload values do not match URL in primary key column(s)"))
}
