//! How values of each PostgreSQL type are kept in MySQL: the types that MySQL has where they hold the same values, else text.
//!
//! What MySQL's types lack has the place of an extreme value that nothing else needs, and that cannot be stored as itself. Times are
//! DATETIME(6) in UTC, which knows the years 0 to 9999: its first moment stands for `-infinity`, its last one for `infinity`. The
//! greatest floats stand for NaN and the infinities, and the greatest number that all exact numbers compare with for their NaN, so
//! that everything sorts as in PostgreSQL. Floats are DOUBLE always: FLOAT loses digits wherever it is shown.

use bigdecimal::{BigDecimal, RoundingMode};
use mainstay_base::{Problem, Result};
use mainstay_expr::{ColumnType, Modifier, Numeric, Type, Value};

use crate::render::Sql;
use crate::sql::sql;
pub use crate::storage::{Datum, DatumRef, Storage, write_json, write_text};

/// Digits before and behind the point that every exact number may have.
pub(super) const DIGITS: (u64, i64) = (35, 30);
/// Precision and scale of DECIMAL columns.
const PRECISION_MAX: u16 = 65;
const SCALE_MAX: u16 = 30;

/// NaN of numeric: [`DIGITS`] nines.
const NAN: &str = "99999999999999999999999999999999999.999999999999999999999999999999";
/// The greatest floats make room: from above they are kept as NaN, infinity and the greatest float itself.
const ABOVE: [f64; 3] = [f64::MAX, f64::MAX.next_down(), f64::MAX.next_down().next_down()];
/// The same at the other end, where there is no NaN: minus infinity and the least float itself.
const BELOW: [f64; 2] = [f64::MIN, f64::MIN.next_up()];

const FIRST: &str = "0000-01-01 00:00:00.000000";
const LAST: &str = "9999-12-31 23:59:59.999999";
const FIRST_DAY: &str = "0000-01-01";

/// The storage of a column.
pub fn of(column: &ColumnType) -> Storage {
    match (&column.ty, column.modifier) {
        (Type::Numeric, Modifier::Precision(precision, scale))
            if precision <= PRECISION_MAX && scale <= SCALE_MAX && scale <= precision =>
        {
            Storage::Fixed(scale)
        }
        (Type::Bpchar, Modifier::Length(length)) => Storage::Trimmed(length),
        (Type::Bpchar, _) => Storage::Trimmed(0),
        (ty, _) => Storage::of_type(ty),
    }
}

/// The storage form of a value.
///
/// # Errors
/// `22003` and `22008` for a value that MySQL cannot hold.
pub fn encode(storage: &Storage, value: &Value) -> Result<Datum> {
    match (storage, value) {
        (Storage::Float4 | Storage::Float8, Value::Float(number)) => match number {
            number if ABOVE[1..].contains(number) || *number == BELOW[1] => {
                Err(Problem::new("22003", "the number cannot be told from infinity in this database"))
            }
            number => Ok(Datum::Real(stored_float(*number))),
        },
        (Storage::Fixed(scale), Value::Int(number)) => fixed(&BigDecimal::from(*number), *scale),
        (Storage::Fixed(scale), Value::Numeric(Numeric::Finite(number))) => fixed(number, *scale),
        (Storage::Decimal, Value::Numeric(Numeric::NaN)) => Ok(Datum::Text(NAN.to_owned())),
        (Storage::Fixed(_), Value::Numeric(Numeric::NaN)) => {
            Err(Problem::new("22003", "NaN cannot be stored in this column")
                .with_hint("A column of type numeric without precision can hold NaN."))
        }
        (Storage::Decimal, Value::Numeric(Numeric::Finite(number))) if is_too_long(number) => {
            let (whole, fraction) = DIGITS;
            let message = "the number has more digits than this database can compare";
            Err(Problem::new("22003", message).with_details(format!(
                "At most {whole} digits before the decimal point and {fraction} behind it can be kept."
            )))
        }
        (Storage::Trimmed(_) | Storage::Bpchar, Value::Text(text)) => {
            Ok(Datum::Text(text.trim_end_matches(' ').to_owned()))
        }
        (Storage::Date | Storage::Timestamp | Storage::Timestamptz, Value::Null) => Ok(Datum::Null),
        (Storage::Date | Storage::Timestamp | Storage::Timestamptz, _) => match storage.encode(value)? {
            Datum::Text(text) => moment(storage, text).map(Datum::Text),
            other => Ok(other),
        },
        _ => storage.encode(value),
    }
}

fn fixed(number: &BigDecimal, scale: u16) -> Result<Datum> {
    let rounded = number.with_scale_round(i64::from(scale), RoundingMode::HalfUp);
    Storage::Decimal.encode(&Value::Numeric(Numeric::Finite(rounded)))
}

fn is_too_long(number: &BigDecimal) -> bool {
    let whole = number.digits() as i64 - number.fractional_digit_count();
    whole > DIGITS.0 as i64 || number.fractional_digit_count() > DIGITS.1 || number.to_plain_string() == NAN
}

/// A float as it is kept.
fn stored_float(number: f64) -> f64 {
    match number {
        number if number.is_nan() => ABOVE[0],
        f64::INFINITY => ABOVE[1],
        f64::MAX => ABOVE[2],
        f64::NEG_INFINITY => BELOW[0],
        f64::MIN => BELOW[1],
        number => number,
    }
}

/// A float that was read.
#[inline]
pub fn read_float(stored: f64) -> f64 {
    match stored {
        number if number == ABOVE[0] => f64::NAN,
        number if number == ABOVE[1] => f64::INFINITY,
        number if number == ABOVE[2] => f64::MAX,
        number if number == BELOW[0] => f64::NEG_INFINITY,
        number if number == BELOW[1] => f64::MIN,
        number => number,
    }
}

/// A text that was read.
#[inline]
pub fn read_text<'t>(storage: &Storage, stored: &'t [u8]) -> &'t [u8] {
    if *storage == Storage::Decimal && stored == NAN.as_bytes() { b"NaN" } else { stored }
}

/// A datum that was read, as it is kept.
pub(super) fn stored<'d>(storage: &Storage, datum: DatumRef<'d>) -> DatumRef<'d> {
    match datum {
        DatumRef::Real(number) => DatumRef::Real(stored_float(number)),
        DatumRef::Text(b"NaN") if *storage == Storage::Decimal => DatumRef::Text(NAN.as_bytes()),
        other => other,
    }
}

/// A date or time as MySQL takes it, from the text that sorts.
fn moment(storage: &Storage, text: String) -> Result<String> {
    let is_date = *storage == Storage::Date;
    let out_of_range = || {
        let what = if is_date { "date" } else { "timestamp" };
        Problem::new("22008", format!("{what} out of range"))
            .with_details("This database keeps the years 1 to 9999.")
    };
    match text.as_str() {
        "infinity" if is_date => Err(out_of_range()),
        "infinity" => Ok(LAST.to_owned()),
        "!infinity" if is_date => Ok(FIRST_DAY.to_owned()),
        "!infinity" => Ok(FIRST.to_owned()),
        LAST => Err(out_of_range()),
        _ if text.starts_with(|first: char| first.is_ascii_digit()) => Ok(text),
        _ => Err(out_of_range()),
    }
}

/// The stored text of a DATE or DATETIME as drivers give them: year, month, day, hour, minute, second, microsecond.
pub fn date_text(
    storage: &Storage,
    [year, month, day, hour, minute, second]: [u32; 6],
    micro: u32,
) -> String {
    if (year, month, day) == (0, 0, 0) {
        // the zero date of databases that we did not make: before all others, and not NULL
        return "!infinity".to_owned();
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    if *storage == Storage::Date {
        return if date == FIRST_DAY { "!infinity".to_owned() } else { date };
    }
    let text = format!("{date} {hour:02}:{minute:02}:{second:02}.{micro:06}");
    match text.as_str() {
        FIRST => "!infinity".to_owned(),
        LAST => "infinity".to_owned(),
        _ => text,
    }
}

/// The stored text of a TIME.
pub fn time_text(hour: u32, minute: u32, second: u32, micro: u32) -> String {
    format!("{hour:02}:{minute:02}:{second:02}.{micro:06}")
}

/// A text parameter, constant or JSON element as a value of that storage.
pub(super) fn typed(sql: Sql, storage: &Storage) -> Sql {
    match storage {
        Storage::Date => sql!["CAST(", sql, " AS DATE)"],
        Storage::Time => sql!["CAST(", sql, " AS TIME(6))"],
        Storage::Timestamp | Storage::Timestamptz => sql!["CAST(", sql, " AS DATETIME(6))"],
        Storage::Fixed(scale) => {
            sql!["CAST(", sql, " AS DECIMAL(65, ", Sql::numbered("", u64::from(*scale)), "))"]
        }
        _ => sql,
    }
}

/// The type of a column of JSON_TABLE that holds elements of that storage. Bytes come as hexadecimal digits.
pub(super) fn element_type(storage: &Storage) -> Sql {
    Sql::from(match storage {
        Storage::Bool => "TINYINT",
        Storage::Int => "BIGINT",
        Storage::Float4 | Storage::Float8 => "DOUBLE",
        Storage::Fixed(scale) => return sql!["DECIMAL(65, ", Sql::numbered("", u64::from(*scale)), ")"],
        Storage::Uuid => "CHAR(36) CHARACTER SET ascii",
        Storage::Date => "DATE",
        Storage::Time => "TIME(6)",
        Storage::Timestamp | Storage::Timestamptz => "DATETIME(6)",
        // a database that we did not make has a character set of its own
        _ => "LONGTEXT CHARACTER SET utf8mb4",
    })
}

/// An element as its storage has it.
pub(super) fn element(sql: Sql, storage: &Storage) -> Sql {
    match storage {
        Storage::Bytea => sql!["UNHEX(", sql, ")"],
        _ => sql,
    }
}
