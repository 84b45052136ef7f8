//! A rendered statement and the values it wants: which they are and in which form each is bound.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use bigdecimal::{BigDecimal, RoundingMode, ToPrimitive};
use mainstay_base::{Problem, Result, SystemClock, SystemRandomness};
use mainstay_expr::{Evaluator, Expr, Inputs, NoTables, Numeric, Scope, Session, SessionValue, Value};

use crate::storage::{Datum, DatumRef, Storage};

/// A statement ready to be prepared.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// The SQL text. It depends on the shape of what was asked only.
    pub text: String,
    /// What parameter `?1`, `?2` … is.
    pub inputs: Vec<Input>,
    /// How the result's columns are kept, in the order of the select's items.
    pub columns: Vec<Storage>,
}

/// A parameter: a value and the form it is bound in.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// Which value.
    pub value: Bound,
    /// In which form.
    pub form: Form,
}

/// The values that a statement can want.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Bound {
    /// The n-th value of the request.
    Slot(u32),
    /// The value of the new row's n-th column.
    New(u32),
    /// A value of the session.
    Session(SessionValue),
    /// The n-th column of the one parent's key, as it was read: the form's storage already.
    Key(u32),
    /// The keys of all parents: what [`encode_keys`] makes of them.
    Keys,
    /// The rowid of the one row in question.
    Row,
    /// The rowids of all rows in question: a list of integers.
    Rows,
    /// What the evaluator makes of values of the request and the session.
    Computed(Computed),
}

/// An expression without rows, computed before its statement runs. It is equal to itself only.
#[derive(Debug, Clone)]
pub struct Computed(Arc<Expr>);

impl Computed {
    pub(crate) fn new(expr: &Expr) -> Self {
        Self(Arc::new(expr.clone()))
    }

    /// Its value.
    ///
    /// # Errors
    /// What the evaluator says of it.
    pub fn value(&self, slots: &[Value], session: &Session) -> Result<Value> {
        let inputs = Inputs { slots, arguments: &[], new: &[], session };
        let evaluator = Evaluator::new(inputs, &NoTables, &SystemClock, &SystemRandomness)?;
        evaluator.eval(&self.0, &Scope::empty())
    }
}

impl PartialEq for Computed {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Computed {}

impl Hash for Computed {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::ptr::hash(Arc::as_ptr(&self.0), state);
    }
}

/// The form that a value is bound in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Form {
    /// As it is stored.
    Storage(Storage),
    /// A number to compare REALs with. No row holds NaN, but it may be asked about.
    Real,
    /// A number to compare scaled integers with.
    Scaled {
        /// The integers' scale.
        scale: u16,
        /// What happens to a number with more digits.
        rounding: Rounding,
    },
    /// A list, each of its elements in this form. A NULL list is the list of one NULL, which makes `IN` come out NULL.
    List(Box<Form>),
    /// The keys of all parents as one JSON text, the key's columns stored like this.
    Keys(Vec<Storage>),
    /// A row count; this number stands for NULL.
    Count(i64),
}

/// How a number that falls between two scaled integers is compared with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rounding {
    /// It equals none of them.
    Exact,
    /// The next integer below stands for it.
    Floor,
    /// The next integer above stands for it.
    Ceiling,
}

/// What is bound to a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Argument {
    /// A value.
    One(Datum),
    /// A list, for `rarray`.
    Many(Vec<Datum>),
}

impl Form {
    /// A value in this form.
    pub fn bind(&self, value: &Value) -> Result<Argument> {
        match (self, value) {
            (Self::List(_), Value::Null) => Ok(Argument::Many(vec![Datum::Null])),
            (Self::List(element), Value::Array(values)) => {
                Ok(Argument::Many(values.iter().map(|value| element.bind_one(value)).collect::<Result<_>>()?))
            }
            (Self::List(_), _) => Err(Problem::internal("a list was expected")),
            _ => self.bind_one(value).map(Argument::One),
        }
    }

    fn bind_one(&self, value: &Value) -> Result<Datum> {
        match self {
            Self::Storage(storage) => storage.encode(value),
            Self::Real => real(value),
            Self::Scaled { scale, rounding } => scaled(value, *scale, *rounding),
            Self::Count(none) => match value {
                Value::Null => Ok(Datum::Int(*none)),
                Value::Int(count) if *count < 0 => {
                    Err(Problem::new("2201W", "LIMIT and OFFSET must not be negative"))
                }
                Value::Int(count) => Ok(Datum::Int(*count)),
                _ => Err(Problem::internal("a count was expected")),
            },
            Self::List(_) | Self::Keys(_) => {
                Err(Problem::internal("a value was bound where keys are wanted"))
            }
        }
    }
}

impl Rounding {
    /// The rounding that keeps `integer op number` exact. The fraction decides nothing but on which side the integer is.
    pub(crate) fn of(op: mainstay_expr::CompareOp) -> Self {
        use mainstay_expr::CompareOp::{Eq, Ge, Gt, Le, Lt, Ne};
        match op {
            Eq | Ne => Self::Exact,
            Lt | Ge => Self::Ceiling,
            Le | Gt => Self::Floor,
        }
    }
}

/// A number as REALs are compared with it. NaN is a text, which SQLite puts behind all numbers, and which equals itself.
pub(crate) fn real(value: &Value) -> Result<Datum> {
    match value {
        Value::Float(number) if number.is_nan() => Ok(Datum::Text("NaN".to_owned())),
        _ => Storage::Float8.encode(value),
    }
}

/// A number as scaled integers are compared with it. What no integer equals is a REAL: SQLite compares the two exactly.
pub(crate) fn scaled(value: &Value, scale: u16, rounding: Rounding) -> Result<Datum> {
    let number = match value {
        Value::Null => return Ok(Datum::Null),
        Value::Int(number) => BigDecimal::from(*number),
        Value::Numeric(Numeric::Finite(number)) => number.clone(),
        // greater than every number
        Value::Numeric(Numeric::NaN) => return Ok(Datum::Real(f64::INFINITY)),
        _ => return Err(Problem::internal("a number was expected")),
    };
    let mode = match rounding {
        Rounding::Exact | Rounding::Floor => RoundingMode::Floor,
        Rounding::Ceiling => RoundingMode::Ceiling,
    };
    let rounded = number.with_scale_round(i64::from(scale), mode);
    if rounding == Rounding::Exact && rounded != number {
        return Ok(Datum::Real(0.5));
    }
    let (digits, _) = rounded.into_bigint_and_scale();
    Ok(match digits.to_i64() {
        Some(integer) => Datum::Int(integer),
        None if digits.sign() == bigdecimal::num_bigint::Sign::Minus => Datum::Real(f64::NEG_INFINITY),
        None => Datum::Real(f64::INFINITY),
    })
}

/// What [`Bound::Keys`] is bound to: `rows` are the parents' keys as they were read, each as long as `storages`.
///
/// One column makes a list, several one JSON text.
pub fn encode_keys<'a, Row>(storages: &[Storage], rows: impl IntoIterator<Item = Row>) -> Result<Argument>
where
    Row: IntoIterator<Item = DatumRef<'a>>,
{
    if storages.len() == 1 {
        let keys = rows.into_iter().filter_map(|row| row.into_iter().next().map(DatumRef::to_owned));
        return Ok(Argument::Many(keys.collect()));
    }
    let mut json = vec![b'['];
    for row in rows {
        json.extend_from_slice(if json.len() > 1 { b",[".as_slice() } else { b"[" });
        for (position, (storage, datum)) in storages.iter().zip(row).enumerate() {
            if position > 0 {
                json.push(b',');
            }
            storage.push_element(datum, &mut json)?;
        }
        json.push(b']');
    }
    json.push(b']');
    let json = String::from_utf8(json).map_err(|_| Problem::internal("keys are not UTF-8"))?;
    Ok(Argument::One(Datum::Text(json)))
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use super::*;

    fn number(text: &str) -> Value {
        Value::Numeric(Numeric::Finite(BigDecimal::from_str(text).unwrap()))
    }

    #[test]
    fn numbers_between_two_integers_go_to_the_right_side() {
        assert_eq!(scaled(&number("1.5"), 2, Rounding::Exact), Ok(Datum::Int(150)));
        assert_eq!(scaled(&number("1.505"), 2, Rounding::Exact), Ok(Datum::Real(0.5)));
        assert_eq!(scaled(&number("1.505"), 2, Rounding::Floor), Ok(Datum::Int(150)));
        assert_eq!(scaled(&number("-1.505"), 2, Rounding::Floor), Ok(Datum::Int(-151)));
        assert_eq!(scaled(&number("-1.505"), 2, Rounding::Ceiling), Ok(Datum::Int(-150)));
        assert_eq!(scaled(&number("1e30"), 2, Rounding::Floor), Ok(Datum::Real(f64::INFINITY)));
    }

    #[test]
    fn composite_keys_are_one_json_text() {
        let rows = [[DatumRef::Int(1), DatumRef::Text(b"a\"b")], [DatumRef::Int(2), DatumRef::Null]];
        let keys = encode_keys(&[Storage::Int, Storage::Text], rows);
        assert_eq!(keys, Ok(Argument::One(Datum::Text(r#"[[1,"a\"b"],[2,null]]"#.to_owned()))));
    }
}
