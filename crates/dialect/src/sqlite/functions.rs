//! The functions, aggregates and collations that statements use and SQLite lacks, as pure code: whoever has a connection
//! registers `pg_call` and `pg_call_volatile` ([`Function`]), all of [`Scalar::ALL`], [`AggregateName::ALL`] and
//! [`Collation::REGISTERED`](super::storage::Collation::REGISTERED) on it.
//!
//! Functions must be registered as innocuous, and the deterministic ones as such: they stand in checks and indexes.

use std::cmp::Ordering;

use bigdecimal::BigDecimal;
use bigdecimal::num_bigint::BigInt;
use mainstay_base::{Problem, Result};
use mainstay_expr::{Numeric, Value, output};

pub use super::evaluate::{Context, Function};
use crate::storage::{Collation, Datum, DatumRef, Storage};

/// The scalar functions besides `pg_call`, which is deterministic, and `pg_call_volatile`, which is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scalar {
    /// `pg_decimal(integer, scale)`: the canonical text of a scaled integer.
    Decimal,
    /// `pg_step(integer)`: the same; 0 is an error.
    Step,
}

impl Scalar {
    /// All of them; each is deterministic.
    pub const ALL: [Self; 2] = [Self::Decimal, Self::Step];

    /// Its name in SQL.
    pub fn name(self) -> &'static str {
        match self {
            Self::Decimal => "pg_decimal",
            Self::Step => "pg_step",
        }
    }

    /// How many arguments it takes.
    pub fn arity(self) -> usize {
        match self {
            Self::Decimal => 2,
            Self::Step => 1,
        }
    }

    /// Its value.
    pub fn call(self, args: &[DatumRef<'_>]) -> Result<Datum> {
        match (self, args) {
            (_, [DatumRef::Null, ..]) => Ok(Datum::Null),
            (Self::Decimal, [DatumRef::Int(number), DatumRef::Int(scale)]) => {
                let scale = u16::try_from(*scale).map_err(|_| wrong_arguments(self.name()))?;
                let mut out = Vec::new();
                output::scaled(*number, scale, &mut out);
                text(out)
            }
            (Self::Step, [DatumRef::Int(0)]) => Err(Problem::new("22023", "step size cannot equal zero")),
            (Self::Step, [DatumRef::Int(step)]) => Ok(Datum::Int(*step)),
            _ => Err(wrong_arguments(self.name())),
        }
    }
}

/// The aggregates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AggregateName {
    /// `pg_sum_int(integer, scale)`: the exact sum of scaled integers as a decimal's text
    SumInt,
    /// `pg_sum_decimal(text)`: the exact sum of decimals
    SumDecimal,
    /// `pg_min_decimal(text)`: of equal decimals the last one, as PostgreSQL has it
    MinDecimal,
    /// `pg_max_decimal(text)`: the same
    MaxDecimal,
    /// `pg_sum_real(real)`: added one after the other, as PostgreSQL does
    SumReal,
    /// `pg_sum_real4(real)`: the same in 32 bits
    SumReal4,
    /// `pg_array_agg(value)`: a stored array, NULLs included
    ArrayAgg,
    /// `pg_array_agg_bool(integer)`: a stored array of truth values
    ArrayAggBool,
    /// `pg_json_agg(text)`: a JSON array of documents, NULL as `null`
    JsonAgg,
    /// `pg_single(value)`: the only value; a second row is an error
    Single,
}

impl AggregateName {
    /// All of them; each is deterministic.
    pub const ALL: [Self; 10] = [
        Self::SumInt,
        Self::SumDecimal,
        Self::MinDecimal,
        Self::MaxDecimal,
        Self::SumReal,
        Self::SumReal4,
        Self::ArrayAgg,
        Self::ArrayAggBool,
        Self::JsonAgg,
        Self::Single,
    ];

    /// Its name in SQL.
    pub fn name(self) -> &'static str {
        match self {
            Self::SumInt => "pg_sum_int",
            Self::SumDecimal => "pg_sum_decimal",
            Self::MinDecimal => "pg_min_decimal",
            Self::MaxDecimal => "pg_max_decimal",
            Self::SumReal => "pg_sum_real",
            Self::SumReal4 => "pg_sum_real4",
            Self::ArrayAgg => "pg_array_agg",
            Self::ArrayAggBool => "pg_array_agg_bool",
            Self::JsonAgg => "pg_json_agg",
            Self::Single => "pg_single",
        }
    }

    /// How many arguments it takes.
    pub fn arity(self) -> usize {
        if self == Self::SumInt { 2 } else { 1 }
    }

    /// The state of one group.
    pub fn start(self) -> Accumulator {
        match self {
            Self::SumInt => Accumulator::SumInt { sum: 0, scale: None },
            Self::SumDecimal => Accumulator::SumDecimal(None),
            Self::MinDecimal => Accumulator::Extreme { found: None, replaced_by: Ordering::Less },
            Self::MaxDecimal => Accumulator::Extreme { found: None, replaced_by: Ordering::Greater },
            Self::SumReal => Accumulator::SumReal { sum: None, is_short: false },
            Self::SumReal4 => Accumulator::SumReal { sum: None, is_short: true },
            Self::ArrayAgg => Accumulator::Array { element: Storage::Text, json: Vec::new() },
            Self::ArrayAggBool => Accumulator::Array { element: Storage::Bool, json: Vec::new() },
            Self::JsonAgg => Accumulator::Json(Vec::new()),
            Self::Single => Accumulator::Single(None),
        }
    }
}

/// What an aggregate has seen of its group. Without a row it comes out NULL.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "one state per aggregate, told by its name")]
pub enum Accumulator {
    SumInt { sum: i128, scale: Option<i64> },
    SumDecimal(Option<Numeric>),
    SumReal { sum: Option<f64>, is_short: bool },
    Extreme { found: Option<String>, replaced_by: Ordering },
    Array { element: Storage, json: Vec<u8> },
    Json(Vec<u8>),
    Single(Option<Datum>),
}

impl Accumulator {
    /// One row.
    pub fn step(&mut self, args: &[DatumRef<'_>]) -> Result<()> {
        match (self, args) {
            (
                Self::SumInt { .. } | Self::SumDecimal(_) | Self::SumReal { .. } | Self::Extreme { .. },
                [DatumRef::Null, ..],
            ) => {}
            (Self::Extreme { found, replaced_by }, [DatumRef::Text(decimal)]) => {
                let decimal = std::str::from_utf8(decimal).map_err(|_| wrong_arguments("an extreme"))?;
                let is_kept = found
                    .as_ref()
                    .is_some_and(|found| Collation::Decimal.compare(decimal, found) == replaced_by.reverse());
                if !is_kept {
                    *found = Some(decimal.to_owned());
                }
            }
            (Self::SumInt { sum, scale }, [DatumRef::Int(number), DatumRef::Int(digits)]) => {
                // the sum of 2^63 bigints still fits
                *sum += i128::from(*number);
                *scale = Some(*digits);
            }
            (Self::SumDecimal(sum), [datum @ DatumRef::Text(_)]) => {
                let Value::Numeric(number) = Storage::Decimal.decode(*datum)? else {
                    return Err(wrong_arguments("pg_sum_decimal"));
                };
                *sum = Some(match (sum.take(), number) {
                    (None, number) => number,
                    (Some(Numeric::Finite(sum)), Numeric::Finite(number)) => Numeric::Finite(sum + number),
                    _ => Numeric::NaN,
                });
            }
            (Self::SumReal { sum, is_short }, [DatumRef::Real(number)]) => {
                *sum = Some(add(*sum, *number, *is_short)?);
            }
            (Self::SumReal { sum, is_short }, [DatumRef::Int(number)]) => {
                *sum = Some(add(*sum, *number as f64, *is_short)?);
            }
            (Self::Array { element, json }, [datum]) => {
                json.push(if json.is_empty() { b'[' } else { b',' });
                element.push_element(*datum, json)?;
            }
            (Self::Json(json), [datum]) => {
                json.extend_from_slice(if json.is_empty() { b"[".as_slice() } else { b", " });
                json.extend_from_slice(match datum {
                    DatumRef::Text(text) => text,
                    _ => b"null",
                });
            }
            (Self::Single(only), [datum]) => {
                if only.is_some() {
                    let message = "more than one row returned by a subquery used as an expression";
                    return Err(Problem::new("21000", message));
                }
                *only = Some((*datum).to_owned());
            }
            _ => return Err(wrong_arguments("an aggregate")),
        }
        Ok(())
    }

    /// The aggregate's value.
    pub fn finish(self) -> Result<Datum> {
        match self {
            Self::SumInt { scale: None, .. }
            | Self::SumDecimal(None)
            | Self::SumReal { sum: None, .. }
            | Self::Extreme { found: None, .. }
            | Self::Single(None) => Ok(Datum::Null),
            Self::Extreme { found: Some(found), .. } => Ok(Datum::Text(found)),
            Self::SumInt { sum, scale: Some(scale) } => {
                let sum = BigDecimal::new(BigInt::from(sum), scale);
                Storage::Decimal.encode(&Value::Numeric(Numeric::Finite(sum)))
            }
            Self::SumDecimal(Some(sum)) => Storage::Decimal.encode(&Value::Numeric(sum)),
            Self::SumReal { sum: Some(sum), .. } => Ok(Datum::Real(sum)),
            Self::Array { mut json, .. } | Self::Json(mut json) => {
                if json.is_empty() {
                    return Ok(Datum::Null);
                }
                json.push(b']');
                text(json)
            }
            Self::Single(Some(only)) => Ok(only),
        }
    }
}

/// A float added to what there is, in 32 or 64 bits.
fn add(sum: Option<f64>, number: f64, is_short: bool) -> Result<f64> {
    let Some(sum) = sum else { return Ok(number) };
    let total = if is_short { f64::from(sum as f32 + number as f32) } else { sum + number };
    if total.is_infinite() && sum.is_finite() && number.is_finite() {
        return Err(Problem::new("22003", "value out of range: overflow"));
    }
    if total.is_nan() {
        return Err(Problem::new("22003", "the sum is NaN, which SQLite cannot hold"));
    }
    Ok(total)
}

fn text(bytes: Vec<u8>) -> Result<Datum> {
    String::from_utf8(bytes).map(Datum::Text).map_err(|_| Problem::internal("text is not UTF-8"))
}

fn wrong_arguments(name: &str) -> Problem {
    Problem::internal(format!("{name} was called with arguments of other kinds"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_exact() {
        let mut sum = AggregateName::SumInt.start();
        for _ in 0..3 {
            sum.step(&[DatumRef::Int(i64::MAX), DatumRef::Int(2)]).unwrap();
        }
        sum.step(&[DatumRef::Null, DatumRef::Int(2)]).unwrap();
        assert_eq!(sum.finish(), Ok(Datum::Text("276701161105643274.21".to_owned())));
        assert_eq!(AggregateName::SumInt.start().finish(), Ok(Datum::Null));
    }
}
