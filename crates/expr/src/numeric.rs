//! Exact decimals: reading, writing, rounding and the scales that PostgreSQL gives to results.

use std::cmp::Ordering;

use bigdecimal::num_bigint::{BigInt, Sign};
use bigdecimal::num_traits::{Signed, ToPrimitive, Zero};
use bigdecimal::{BigDecimal, RoundingMode};
use mainstay_base::{Problem, Result};

use crate::Numeric;

/// Digits before the point that PostgreSQL can hold.
const MAX_WEIGHT: i64 = 131_072;
/// Digits after the point that PostgreSQL can hold.
const MAX_SCALE: i64 = 16_383;
/// Significant digits that a quotient has at least.
const MIN_SIGNIFICANT: i64 = 16;
/// Digits after the point that a quotient has at most.
const MAX_RESULT_SCALE: i64 = 1_000;

/// The number that a text spells: digits, a point, an exponent; no blanks. `None` when it is no number or none that
/// PostgreSQL could hold.
pub(crate) fn parse(text: &str) -> Parsed {
    let bytes = text.as_bytes();
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return Parsed::Malformed;
    }
    let exponent = match exponent.map(parse_exponent) {
        None => 0,
        Some(Some(exponent)) => exponent,
        Some(None) => return Parsed::Malformed,
    };
    let significant = whole.trim_start_matches('0').len() as i64;
    let scale = fraction.len() as i64 - exponent;
    if significant + exponent > MAX_WEIGHT || scale > MAX_SCALE || exponent.abs() > 2 * MAX_WEIGHT {
        return Parsed::TooLarge;
    }
    let Some(unscaled) = unscaled(whole, fraction, bytes.first() == Some(&b'-')) else {
        return Parsed::Malformed;
    };
    let number = BigDecimal::new(unscaled, scale);
    Parsed::Number(if scale < 0 { number.with_scale(0) } else { number })
}

/// What [`parse`] makes of a text.
pub(crate) enum Parsed {
    Number(BigDecimal),
    Malformed,
    TooLarge,
}

fn parse_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let magnitude = digits.parse::<i64>().unwrap_or(i64::MAX / 4).min(i64::MAX / 4);
    Some(if text.starts_with('-') { -magnitude } else { magnitude })
}

fn unscaled(whole: &str, fraction: &str, negative: bool) -> Option<BigInt> {
    if whole.len() + fraction.len() <= 18 {
        let digits = whole.bytes().chain(fraction.bytes());
        let magnitude = digits.fold(0i64, |sum, digit| sum * 10 + i64::from(digit - b'0'));
        return Some(BigInt::from(if negative { -magnitude } else { magnitude }));
    }
    let magnitude = BigInt::parse_bytes(format!("{whole}{fraction}").as_bytes(), 10)?;
    Some(if negative { -magnitude } else { magnitude })
}

/// Appends the number's digits, as many after the point as its scale.
pub(crate) fn write(number: &BigDecimal, out: &mut Vec<u8>) {
    let (unscaled, scale) = number.as_bigint_and_scale();
    if scale < 0 {
        return write(&number.with_scale(0), out);
    }
    match unscaled.to_i64() {
        Some(small) => write_scaled(small, scale as u32, out),
        None => {
            if unscaled.sign() == Sign::Minus {
                out.push(b'-');
            }
            let digits = unscaled.magnitude().to_string();
            write_digits(digits.as_bytes(), scale as usize, out);
        }
    }
}

/// Appends `unscaled` divided by ten to the power of `scale`, exactly.
pub(crate) fn write_scaled(unscaled: i64, scale: u32, out: &mut Vec<u8>) {
    if unscaled < 0 {
        out.push(b'-');
    }
    let mut buffer = itoa::Buffer::new();
    write_digits(buffer.format(unscaled.unsigned_abs()).as_bytes(), scale as usize, out);
}

fn write_digits(digits: &[u8], scale: usize, out: &mut Vec<u8>) {
    if scale == 0 {
        return out.extend_from_slice(digits);
    }
    if digits.len() > scale {
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        out.extend_from_slice(whole);
        out.push(b'.');
        out.extend_from_slice(fraction);
    } else {
        out.extend_from_slice(b"0.");
        out.resize(out.len() + scale - digits.len(), b'0');
        out.extend_from_slice(digits);
    }
}

/// Digits after the point; never negative.
pub(crate) fn scale(number: &BigDecimal) -> i64 {
    number.fractional_digit_count().max(0)
}

/// The number with that many digits after the point, ties away from zero; a negative count rounds before the point.
pub(crate) fn round(number: &BigDecimal, digits: i64) -> BigDecimal {
    number.with_scale_round(digits, RoundingMode::HalfUp).with_scale(digits.max(0))
}

/// As [`round`], towards zero.
pub(crate) fn truncate(number: &BigDecimal, digits: i64) -> BigDecimal {
    number.with_scale_round(digits, RoundingMode::Down).with_scale(digits.max(0))
}

/// The least integer that is not below (or with `up` false: the greatest not above) the number.
pub(crate) fn to_integer(number: &BigDecimal, up: bool) -> BigDecimal {
    let mode = if up { RoundingMode::Ceiling } else { RoundingMode::Floor };
    number.with_scale_round(0, mode)
}

/// Rounds to `numeric(precision, scale)`.
pub(crate) fn fit(number: &Numeric, precision: u16, scale: u16) -> Result<Numeric> {
    let Numeric::Finite(number) = number else { return Ok(Numeric::NaN) };
    let rounded = round(number, i64::from(scale));
    let digits = if rounded.is_zero() { 0 } else { rounded.digits() as i64 };
    if digits > i64::from(precision) {
        let whole = i32::from(precision) - i32::from(scale);
        let bound = if whole == 0 { "1".to_owned() } else { format!("10^{whole}") };
        return Err(Problem::new("22003", "numeric field overflow").with_details(format!(
            "A field with precision {precision}, scale {scale} must round to an absolute value less than {bound}."
        )));
    }
    Ok(Numeric::Finite(rounded))
}

/// The number, unless PostgreSQL could not hold it.
pub(crate) fn checked(number: BigDecimal) -> Result<BigDecimal> {
    let digits = number.digits() as i64 - number.fractional_digit_count();
    if digits > MAX_WEIGHT && !number.is_zero() {
        return Err(Problem::new("22003", "value overflows numeric format"));
    }
    Ok(if scale(&number) > MAX_SCALE { round(&number, MAX_SCALE) } else { number })
}

/// The power of ten thousand of the number's first non-zero base-10000 digit, and that digit.
fn leading(number: &BigDecimal) -> (i64, i64) {
    if number.is_zero() {
        return (0, 0);
    }
    let exponent = number.digits() as i64 - number.fractional_digit_count() - 1;
    let weight = exponent.div_euclid(4);
    let digit = number.abs().with_scale_round(-4 * weight, RoundingMode::Down);
    let (unscaled, scale) = digit.as_bigint_and_scale();
    debug_assert_eq!(scale, -4 * weight);
    (weight, unscaled.to_i64().unwrap_or(0))
}

/// The quotient, with the scale that PostgreSQL chooses: at least 16 significant digits and the operands' scales.
pub(crate) fn divide(left: &BigDecimal, right: &BigDecimal) -> Result<BigDecimal> {
    if right.is_zero() {
        return Err(division_by_zero());
    }
    let (weight, first) = leading(left);
    let (right_weight, right_first) = leading(right);
    let quotient_weight = weight - right_weight - i64::from(first <= right_first);
    let wanted = MIN_SIGNIFICANT - quotient_weight * 4;
    let scale = wanted.max(scale(left)).max(scale(right)).clamp(0, MAX_RESULT_SCALE);
    checked(quotient(left, right, scale))
}

/// The quotient rounded to a scale, exactly.
fn quotient(left: &BigDecimal, right: &BigDecimal, scale: i64) -> BigDecimal {
    let (dividend, left_scale) = left.as_bigint_and_scale();
    let (divisor, right_scale) = right.as_bigint_and_scale();
    let shift = scale + right_scale - left_scale;
    let ten = |power: i64| BigInt::from(10u8).pow(power as u32);
    let (dividend, divisor) = if shift >= 0 {
        (dividend.as_ref() * ten(shift), divisor.into_owned())
    } else {
        (dividend.into_owned(), divisor.as_ref() * ten(-shift))
    };
    let whole: BigInt = &dividend / &divisor;
    let rest = (&dividend - &whole * &divisor).abs();
    let away = rest * 2u8 >= divisor.abs();
    let negative = (dividend.sign() == Sign::Minus) != (divisor.sign() == Sign::Minus);
    let rounded = match (away, negative) {
        (false, _) => whole,
        (true, false) => whole + 1u8,
        (true, true) => whole - 1u8,
    };
    BigDecimal::new(rounded, scale)
}

/// The quotient truncated to an integer.
pub(crate) fn integer_quotient(left: &BigDecimal, right: &BigDecimal) -> Result<BigDecimal> {
    if right.is_zero() {
        return Err(division_by_zero());
    }
    let scale = scale(left).max(scale(right));
    let (dividend, divisor) = (left.with_scale(scale), right.with_scale(scale));
    let whole = dividend.as_bigint_and_scale().0.as_ref() / divisor.as_bigint_and_scale().0.as_ref();
    Ok(BigDecimal::new(whole, 0))
}

/// The remainder, with the sign of the dividend.
pub(crate) fn remainder(left: &BigDecimal, right: &BigDecimal) -> Result<BigDecimal> {
    let whole = integer_quotient(left, right)?;
    let scale = scale(left).max(scale(right));
    Ok((left - whole * right).with_scale(scale))
}

/// The product; its scale is the sum of the scales.
pub(crate) fn multiply(left: &BigDecimal, right: &BigDecimal) -> Result<BigDecimal> {
    checked(left * right)
}

pub(crate) fn division_by_zero() -> Problem {
    Problem::new("22012", "division by zero")
}

/// The square root, with at least 16 significant digits.
pub(crate) fn sqrt(number: &BigDecimal) -> Result<BigDecimal> {
    if number.is_negative() && !number.is_zero() {
        return Err(Problem::new("2201F", "cannot take square root of a negative number"));
    }
    let result_weight = leading(number).0 * 2 + 1;
    let wanted = (MIN_SIGNIFICANT - result_weight).max(scale(number)).clamp(0, MAX_RESULT_SCALE);
    let scaled = number.with_scale(2 * wanted + 2);
    let (unscaled, _) = scaled.as_bigint_and_scale();
    Ok(round(&BigDecimal::new(unscaled.sqrt(), wanted + 1), wanted))
}

/// The nearest double.
pub(crate) fn to_f64(number: &Numeric) -> f64 {
    match number {
        Numeric::NaN => f64::NAN,
        Numeric::Finite(number) => {
            let mut text = Vec::new();
            write(number, &mut text);
            String::from_utf8_lossy(&text).parse().unwrap_or(f64::NAN)
        }
    }
}

/// The decimal that a float is taken for: 15 significant digits of a double, 6 of a real.
pub(crate) fn from_f64(float: f64, digits: usize) -> Result<Numeric> {
    if float.is_nan() {
        return Ok(Numeric::NaN);
    }
    if float.is_infinite() {
        return Err(Problem::new("0A000", "cannot convert infinity to numeric"));
    }
    let text = format!("{float:.precision$e}", precision = digits - 1);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let mantissa =
        if mantissa.contains('.') { mantissa.trim_end_matches('0').trim_end_matches('.') } else { mantissa };
    match parse(&format!("{mantissa}e{exponent}")) {
        Parsed::Number(number) => Ok(Numeric::Finite(number)),
        Parsed::Malformed | Parsed::TooLarge => Err(Problem::new("22003", "value overflows numeric format")),
    }
}

/// The nearest integer, ties away from zero; `None` beyond 64 bits.
pub(crate) fn to_i64(number: &BigDecimal) -> Option<i64> {
    round(number, 0).to_i64()
}

/// NaN equals itself and is greater than every number.
pub(crate) fn order(left: &Numeric, right: &Numeric) -> Ordering {
    match (left, right) {
        (Numeric::Finite(left), Numeric::Finite(right)) => left.cmp(right),
        (Numeric::NaN, Numeric::NaN) => Ordering::Equal,
        (Numeric::NaN, _) => Ordering::Greater,
        (_, Numeric::NaN) => Ordering::Less,
    }
}

impl Numeric {
    /// An integer.
    pub fn from_int(value: i64) -> Self {
        Self::Finite(BigDecimal::from(value))
    }

    /// `unscaled` divided by ten to the power of `scale`: a stored decimal.
    pub fn from_scaled(unscaled: i64, scale: u16) -> Self {
        Self::Finite(BigDecimal::new(BigInt::from(unscaled), i64::from(scale)))
    }

    /// The number times ten to the power of `scale`, rounded to an integer, if that fits 64 bits; `None` for NaN.
    pub fn to_scaled(&self, scale: u16) -> Option<i64> {
        match self {
            Self::Finite(number) => round(number, i64::from(scale)).as_bigint_and_scale().0.to_i64(),
            Self::NaN => None,
        }
    }
}
