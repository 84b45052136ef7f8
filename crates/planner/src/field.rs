//! Fields: a column or computed field, the way into its JSON, and casts.

use mainstay_base::{Problem, Result};
use mainstay_expr::{ColumnType, Expr, ExprKind, Func, Modifier, Type, Value};
use mainstay_query::{Field, JsonStep};

use crate::Planner;
use crate::native::is_native;
use crate::relation::Relation;

impl<'a> Planner<'a> {
    /// What a field is in a relation.
    pub(crate) fn field(&mut self, relation: &Relation<'a>, field: &Field) -> Result<Expr> {
        let base = match relation.columns.iter().find(|column| column.name == field.column) {
            Some(column) => column.expr.clone(),
            None => self.computed_field(relation, &field.column)?,
        };
        json_path(base, &field.path)
    }

    /// The type that a `::cast` names: built in, an enum or a domain, with `[]` for arrays.
    pub(crate) fn cast(&self, expr: Expr, name: &str) -> Result<Expr> {
        let to = match self.cast_type(name) {
            Ok(to) if !is_native(&expr.ty) => to,
            Ok(to) => {
                let ty = to.ty.clone();
                return Ok(Expr::new(ExprKind::Cast(Box::new(expr), to), ty));
            }
            Err(_) if self.is_existing() => return Ok(self.native_cast(expr, name)),
            Err(problem) => return Err(problem),
        };
        if to.ty == expr.ty && to.modifier == Modifier::None {
            return Ok(expr);
        }
        if mainstay_expr::resolve::cast_allowed(&expr.ty, &to.ty).is_none() {
            return Err(Problem::new("42846", format!("cannot cast type {} to {}", expr.ty, to.ty)));
        }
        let ty = to.ty.clone();
        Ok(Expr::new(ExprKind::Cast(Box::new(expr), to), ty))
    }

    fn cast_type(&self, name: &str) -> Result<ColumnType> {
        let name = name.trim();
        if let Some(element) = name.strip_suffix("[]") {
            return Ok(self.cast_type(element)?.ty.array().into());
        }
        if let Some(ty) = Type::named(&name.to_ascii_lowercase()) {
            return Ok(ty.into());
        }
        if let Some(found) = self.catalog.enums.iter().find(|found| found.name == name) {
            return Ok(Type::Enum(found.clone()).into());
        }
        if let Some(domain) = self.catalog.domains.iter().find(|domain| domain.name == name) {
            return Ok(domain.base.clone());
        }
        Err(Problem::new("42704", format!("type \"{name}\" does not exist")))
    }
}

/// Steps into a JSON value; a value of another type is made JSON first.
fn json_path(base: Expr, path: &[JsonStep]) -> Result<Expr> {
    if path.is_empty() {
        return Ok(base);
    }
    let mut value = match base.ty {
        Type::Json | Type::Jsonb => base,
        _ => Expr::new(ExprKind::Call(Func::ToJsonb, vec![base]), Type::Jsonb),
    };
    for step in path {
        let json = value.ty.clone();
        if !matches!(json, Type::Json | Type::Jsonb) {
            return Err(Problem::new("42883", format!("operator does not exist: {json} -> unknown")));
        }
        let (func, operand, ty) = match step {
            JsonStep::Key { key, text } => {
                let func = if *text { Func::JsonGetKeyText } else { Func::JsonGetKey };
                (func, Expr::literal(Value::Text(key.clone()), Type::Text), *text)
            }
            JsonStep::Index { index, text } => {
                let func = if *text { Func::JsonGetIndexText } else { Func::JsonGetIndex };
                (func, Expr::literal(Value::Int(i64::from(*index)), Type::Int4), *text)
            }
        };
        let ty = if ty { Type::Text } else { json };
        value = Expr::new(ExprKind::Call(func, vec![value, operand]), ty);
    }
    Ok(value)
}

/// The key of a field in the answer: its last JSON key (an index takes the key before it), else its column's name.
pub(crate) fn field_key(field: &Field) -> &str {
    field
        .path
        .iter()
        .rev()
        .find_map(|step| match step {
            JsonStep::Key { key, .. } => Some(key.as_str()),
            JsonStep::Index { .. } => None,
        })
        .unwrap_or(&field.column)
}
