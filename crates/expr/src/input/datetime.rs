//! Dates, times and timestamps.

use mainstay_base::{Problem, Result};

use super::TimeContext;
use super::fields::{self, Fields, Flaw, Special};
use crate::Type;
use crate::calendar::{self, DAY};

/// Days since 1970.
pub(crate) fn parse_date(text: &str, context: &TimeContext) -> Result<i32> {
    let fields = read(text, &Type::Date)?;
    match fields.special {
        Some(Special::Infinity) => Ok(calendar::DATE_INFINITY),
        Some(Special::MinusInfinity) => Ok(calendar::DATE_MINUS_INFINITY),
        Some(special) => {
            let days = calendar::split(special_local(special, context)).0;
            calendar::valid_date(days).ok_or_else(|| out_of_range(text, "date"))
        }
        None => days(&fields, text, &Type::Date),
    }
}

/// Microseconds since midnight.
pub(crate) fn parse_time(text: &str, context: &TimeContext) -> Result<i64> {
    let fields = read(text, &Type::Time)?;
    match (fields.time, fields.special) {
        (Some(time), _) => Ok(time),
        (None, Some(Special::Now)) => Ok(calendar::split(context.zone.local(context.now_us)).1),
        _ => Err(bad_format(text, &Type::Time)),
    }
}

/// Microseconds since 1970; a zone in the text is ignored.
pub(crate) fn parse_timestamp(text: &str, context: &TimeContext) -> Result<i64> {
    let fields = read(text, &Type::Timestamp)?;
    if let Some(special) = fields.special {
        return Ok(with_time(special, special_local(special, context), &fields));
    }
    let local = local(&fields, text, &Type::Timestamp)?;
    calendar::valid_timestamp(local).ok_or_else(|| out_of_range(text, "timestamp"))
}

/// Microseconds since 1970 UTC; without a zone in the text, the session's is meant.
pub(crate) fn parse_timestamptz(text: &str, context: &TimeContext) -> Result<i64> {
    let fields = read(text, &Type::Timestamptz)?;
    let zone = fields.zone.as_ref().unwrap_or(&context.zone);
    let moment = match fields.special {
        Some(Special::Now) => return Ok(context.now_us),
        Some(Special::Epoch) => return Ok(0),
        Some(special) => {
            let local = with_time(special, special_local(special, context), &fields);
            return Ok(zone.moment(local));
        }
        None => {
            let local = calendar::valid_timestamp(local(&fields, text, &Type::Timestamptz)?);
            local.map(|local| zone.moment(local))
        }
    };
    moment
        .filter(|moment| calendar::is_valid_timestamp(*moment))
        .ok_or_else(|| out_of_range(text, "timestamp"))
}

fn read(text: &str, ty: &Type) -> Result<Fields> {
    fields::read(text, *ty == Type::Time).map_err(|flaw| match flaw {
        Flaw::Format => bad_format(text, ty),
        Flaw::Field => field_out_of_range(text),
        Flaw::MonthOrDay => {
            field_out_of_range(text).with_hint("Perhaps you need a different \"datestyle\" setting.")
        }
        Flaw::Displacement => {
            Problem::new("22009", format!("time zone displacement out of range: \"{text}\""))
        }
        Flaw::Zone(name) => Problem::new("22023", format!("time zone \"{name}\" not recognized")),
    })
}

/// What a special word means by the session's clock.
fn special_local(special: Special, context: &TimeContext) -> i64 {
    let now = context.zone.local(context.now_us);
    let midnight = calendar::split(now).0 * DAY;
    match special {
        Special::Now => now,
        Special::Today => midnight,
        Special::Tomorrow => midnight + DAY,
        Special::Yesterday => midnight - DAY,
        Special::Epoch => 0,
        Special::Infinity => calendar::TIMESTAMP_INFINITY,
        Special::MinusInfinity => calendar::TIMESTAMP_MINUS_INFINITY,
    }
}

/// `today 12:00`
fn with_time(special: Special, local: i64, fields: &Fields) -> i64 {
    match (special, fields.time) {
        (Special::Today | Special::Tomorrow | Special::Yesterday, Some(time)) => local + time,
        _ => local,
    }
}

fn days(fields: &Fields, text: &str, ty: &Type) -> Result<i32> {
    let (year, month, day) = fields.date.ok_or_else(|| bad_format(text, ty))?;
    if day > calendar::days_in_month(year, month) {
        return Err(field_out_of_range(text));
    }
    calendar::date(year, month, day).ok_or_else(|| out_of_range(text, "date"))
}

fn local(fields: &Fields, text: &str, ty: &Type) -> Result<i128> {
    let (year, month, day) = fields.date.ok_or_else(|| bad_format(text, ty))?;
    if day > calendar::days_in_month(year, month) {
        return Err(field_out_of_range(text));
    }
    let days = calendar::days_from_civil(year, month, day);
    Ok(i128::from(days) * i128::from(DAY) + i128::from(fields.time.unwrap_or(0)))
}

fn bad_format(text: &str, ty: &Type) -> Problem {
    // These messages use the short names.
    let name = match ty {
        Type::Time => "time".to_owned(),
        Type::Timestamp => "timestamp".to_owned(),
        other => other.to_string(),
    };
    Problem::new("22007", format!("invalid input syntax for type {name}: \"{text}\""))
}

fn field_out_of_range(text: &str) -> Problem {
    Problem::new("22008", format!("date/time field value out of range: \"{text}\""))
}

fn out_of_range(text: &str, kind: &str) -> Problem {
    Problem::new("22008", format!("{kind} out of range: \"{text}\""))
}
