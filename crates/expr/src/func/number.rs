//! Arithmetic: exact where the types are, checked for overflow everywhere.

use bigdecimal::BigDecimal;
use bigdecimal::num_traits::{Signed, ToPrimitive, Zero};
use mainstay_base::{Problem, Result};

use super::Call;
use crate::cast::{finite, int_in_range};
use crate::numeric::{self, division_by_zero};
use crate::{Func, Numeric, Type, Value};

pub(super) fn compute(call: &Call<'_>) -> Result<Value> {
    match (call.func, call.values) {
        (Func::Pi, _) => Ok(Value::Float(std::f64::consts::PI)),
        (Func::Random, _) => Ok(Value::Float(random(call))),
        (Func::RoundTo | Func::TruncTo, _) => round_to(call),
        (func, [Value::Int(left), Value::Int(right)]) => integers(func, *left, *right, call.ty(0)),
        (func, [Value::Int(int)]) => integer(func, *int, call.result),
        (func, [Value::Float(left), Value::Float(right)]) => floats(func, *left, *right, call.result),
        (func, [Value::Float(only)]) => float(func, *only),
        (func, [Value::Numeric(left), Value::Numeric(right)]) => numerics(func, left, right),
        (func, [Value::Numeric(number)]) => numeric(func, number),
        _ => Err(call.misfit(0)),
    }
}

/// The sum of two numbers of one type.
pub(crate) fn add_numbers(ty: &Type, left: &Value, right: &Value) -> Result<Value> {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => integers(Func::Add, *left, *right, ty),
        (Value::Float(left), Value::Float(right)) => floats(Func::Add, *left, *right, ty),
        (Value::Numeric(left), Value::Numeric(right)) => numerics(Func::Add, left, right),
        _ => Err(Problem::internal("a sum of what are no numbers of one type")),
    }
}

/// 53 random bits as a fraction.
fn random(call: &Call<'_>) -> f64 {
    let mut bytes = [0; 8];
    call.env.random.fill(&mut bytes);
    (u64::from_le_bytes(bytes) >> 11) as f64 / (1u64 << 53) as f64
}

fn integers(func: Func, left: i64, right: i64, ty: &Type) -> Result<Value> {
    let (wide_left, wide_right) = (i128::from(left), i128::from(right));
    let bits = match ty {
        Type::Int2 => 16,
        Type::Int4 => 32,
        _ => 64,
    };
    let result = match func {
        Func::Add => wide_left + wide_right,
        Func::Subtract => wide_left - wide_right,
        Func::Multiply => wide_left * wide_right,
        Func::Divide | Func::Modulo if right == 0 => return Err(division_by_zero()),
        Func::Divide => wide_left / wide_right,
        Func::Modulo => wide_left % wide_right,
        Func::BitAnd => wide_left & wide_right,
        Func::BitOr => wide_left | wide_right,
        Func::BitXor => wide_left ^ wide_right,
        Func::ShiftLeft => return Ok(Value::Int(wrap(wide_left << right.rem_euclid(bits), ty))),
        Func::ShiftRight => wide_left >> right.rem_euclid(bits),
        _ => return Err(unexpected(func)),
    };
    int_in_range(result, ty)
}

/// The low bits of a number that a type keeps.
fn wrap(value: i128, ty: &Type) -> i64 {
    match ty {
        Type::Int2 => i64::from(value as i16),
        Type::Int4 => i64::from(value as i32),
        _ => value as i64,
    }
}

fn integer(func: Func, int: i64, ty: &Type) -> Result<Value> {
    let wide = i128::from(int);
    let result = match func {
        Func::Negate => -wide,
        Func::Plus => wide,
        Func::Abs => wide.abs(),
        Func::BitNot => !wide,
        _ => return Err(unexpected(func)),
    };
    int_in_range(result, ty)
}

fn floats(func: Func, left: f64, right: f64, ty: &Type) -> Result<Value> {
    let result = match func {
        Func::Add => left + right,
        Func::Subtract => left - right,
        Func::Multiply => left * right,
        Func::Divide if right == 0.0 && !left.is_nan() => return Err(division_by_zero()),
        Func::Divide => left / right,
        Func::Power => power(left, right)?,
        Func::Atan2 => left.atan2(right),
        _ => return Err(unexpected(func)),
    };
    let result = if *ty == Type::Float4 { f64::from(result as f32) } else { result };
    if result.is_infinite() && left.is_finite() && right.is_finite() {
        return Err(Problem::new("22003", "value out of range: overflow"));
    }
    let may_vanish = match func {
        Func::Multiply => left != 0.0 && right != 0.0,
        Func::Divide => left != 0.0 && right.is_finite(),
        Func::Power => left != 0.0 && left.is_finite() && right.is_finite(),
        _ => false,
    };
    if result == 0.0 && may_vanish {
        return Err(Problem::new("22003", "value out of range: underflow"));
    }
    Ok(Value::Float(result))
}

fn power(base: f64, exponent: f64) -> Result<f64> {
    if base == 0.0 && exponent < 0.0 {
        return Err(Problem::new("2201F", "zero raised to a negative power is undefined"));
    }
    if base < 0.0 && base.is_finite() && exponent.is_finite() && exponent.fract() != 0.0 {
        let message = "a negative number raised to a non-integer power yields a complex result";
        return Err(Problem::new("2201F", message));
    }
    Ok(base.powf(exponent))
}

fn float(func: Func, float: f64) -> Result<Value> {
    let out_of_range = || Err(Problem::new("22003", "input is out of range"));
    Ok(Value::Float(match func {
        Func::Negate => -float,
        Func::Plus => float,
        Func::Abs => float.abs(),
        Func::Sign if float == 0.0 || float.is_nan() => float,
        Func::Sign => float.signum(),
        Func::Round => float.round_ties_even(),
        Func::Ceil => float.ceil(),
        Func::Floor => float.floor(),
        Func::Trunc => float.trunc(),
        Func::Sqrt if float < 0.0 => {
            return Err(Problem::new("2201F", "cannot take square root of a negative number"));
        }
        Func::Sqrt => float.sqrt(),
        Func::Cbrt => float.cbrt(),
        Func::Exp => {
            let result = float.exp();
            if result.is_infinite() && float.is_finite() {
                return Err(Problem::new("22003", "value out of range: overflow"));
            }
            result
        }
        Func::Ln | Func::Log10 => {
            check_logarithm(float == 0.0, float < 0.0)?;
            if func == Func::Ln { float.ln() } else { float.log10() }
        }
        Func::Degrees => float.to_degrees(),
        Func::Radians => float.to_radians(),
        Func::Sin | Func::Cos | Func::Tan if float.is_infinite() => return out_of_range(),
        Func::Sin => float.sin(),
        Func::Cos => float.cos(),
        Func::Tan => float.tan(),
        Func::Asin | Func::Acos if float.abs() > 1.0 => return out_of_range(),
        Func::Asin => float.asin(),
        Func::Acos => float.acos(),
        Func::Atan => float.atan(),
        _ => return Err(unexpected(func)),
    }))
}

fn check_logarithm(zero: bool, negative: bool) -> Result<()> {
    match (zero, negative) {
        (true, _) => Err(Problem::new("2201E", "cannot take logarithm of zero")),
        (_, true) => Err(Problem::new("2201E", "cannot take logarithm of a negative number")),
        _ => Ok(()),
    }
}

fn numerics(func: Func, left: &Numeric, right: &Numeric) -> Result<Value> {
    let (Numeric::Finite(left), Numeric::Finite(right)) = (left, right) else {
        return Ok(Value::Numeric(Numeric::NaN));
    };
    Ok(finite(match func {
        Func::Add => numeric::checked(left + right)?,
        Func::Subtract => numeric::checked(left - right)?,
        Func::Multiply => numeric::multiply(left, right)?,
        Func::Divide => numeric::divide(left, right)?,
        Func::Modulo => numeric::remainder(left, right)?,
        Func::IntegerQuotient => numeric::integer_quotient(left, right)?,
        Func::Power => exact_power(left, right)?,
        _ => return Err(unexpected(func)),
    }))
}

fn numeric(func: Func, number: &Numeric) -> Result<Value> {
    let Numeric::Finite(number) = number else {
        return Ok(if func == Func::Scale { Value::Null } else { Value::Numeric(Numeric::NaN) });
    };
    Ok(finite(match func {
        Func::Negate => -number.clone(),
        Func::Plus => number.clone(),
        Func::Abs => number.abs(),
        Func::Sign => BigDecimal::from(i64::from(number.is_positive()) - i64::from(number.is_negative())),
        Func::Round => numeric::round(number, 0),
        Func::Trunc => numeric::truncate(number, 0),
        Func::Ceil => numeric::to_integer(number, true),
        Func::Floor => numeric::to_integer(number, false),
        Func::Sqrt => numeric::sqrt(number)?,
        Func::Exp => {
            let exponent = numeric::to_f64(&Numeric::Finite(number.clone()));
            if exponent > 6_000.0 {
                return Err(Problem::new("22003", "value overflows numeric format"));
            }
            let scale = (16 - (exponent * std::f64::consts::LOG10_E) as i64)
                .max(numeric::scale(number))
                .clamp(0, 1000);
            approximate(exponent.exp(), scale)?
        }
        Func::Ln | Func::Log10 => {
            check_logarithm(number.is_zero(), number.is_negative())?;
            let argument = numeric::to_f64(&Numeric::Finite(number.clone()));
            let result = if func == Func::Ln { argument.ln() } else { argument.log10() };
            approximate(result, numeric::scale(number).max(16))?
        }
        Func::Scale => return Ok(Value::Int(numeric::scale(number))),
        Func::TrimScale => {
            let trimmed = number.normalized();
            if numeric::scale(&trimmed) == 0 { trimmed.with_scale(0) } else { trimmed }
        }
        _ => return Err(unexpected(func)),
    }))
}

/// A result that is computed in floating point, with a scale.
fn approximate(float: f64, scale: i64) -> Result<BigDecimal> {
    match numeric::from_f64(float, 17)? {
        Numeric::Finite(number) => Ok(numeric::round(&number, scale)),
        Numeric::NaN => Ok(BigDecimal::zero()),
    }
}

/// Exact for whole exponents; others are computed in floating point.
fn exact_power(base: &BigDecimal, exponent: &BigDecimal) -> Result<BigDecimal> {
    if base.is_zero() && exponent.is_negative() {
        return Err(Problem::new("2201F", "zero raised to a negative power is undefined"));
    }
    let scale = numeric::scale(base).max(numeric::scale(exponent)).clamp(16, 1000);
    let whole =
        exponent.is_integer().then(|| exponent.to_i64()).flatten().filter(|whole| whole.abs() <= 100_000);
    let Some(whole) = whole else {
        if base.is_negative() {
            let message = "a negative number raised to a non-integer power yields a complex result";
            return Err(Problem::new("2201F", message));
        }
        let [base, exponent] =
            [base, exponent].map(|number| numeric::to_f64(&Numeric::Finite(number.clone())));
        return approximate(base.powf(exponent), scale);
    };
    let mut result = BigDecimal::from(1);
    let mut square = base.clone();
    let mut rest = whole.unsigned_abs();
    let digits_of_result = base.digits().saturating_mul(rest);
    if digits_of_result > 200_000 {
        return Err(Problem::new("22003", "value overflows numeric format"));
    }
    while rest > 0 {
        if rest & 1 == 1 {
            result *= &square;
        }
        rest >>= 1;
        if rest > 0 {
            square = square.square();
        }
    }
    if whole < 0 {
        result = numeric::divide(&BigDecimal::from(1), &result)?;
    }
    numeric::checked(numeric::round(&result, scale))
}

fn round_to(call: &Call<'_>) -> Result<Value> {
    let digits = call.int(1)?.clamp(-2_000, 2_000);
    let Numeric::Finite(number) = call.numeric(0)? else { return Ok(Value::Numeric(Numeric::NaN)) };
    let rounded = match call.func {
        Func::TruncTo => numeric::truncate(number, digits),
        _ => numeric::round(number, digits),
    };
    Ok(finite(rounded))
}

fn unexpected(func: Func) -> Problem {
    Problem::internal(format!("{func:?} is not for these arguments"))
}
