//! Arithmetic of dates, times and intervals.

use mainstay_base::{Problem, Result};

use super::Call;
use crate::calendar::{self, Civil, DAY, HOUR, SECOND};
use crate::cast::midnight;
use crate::{Func, Interval, Type, Value, Zone, output};

pub(super) fn compute(call: &Call<'_>) -> Result<Value> {
    let zone = &call.env.time.zone;
    match call.func {
        Func::TimeAdd => add(call.value(0), call.value(1), zone).unwrap_or_else(|| Err(call.misfit(0))),
        Func::TimeSubtract => {
            subtract(call.value(0), call.value(1), zone).unwrap_or_else(|| Err(call.misfit(0)))
        }
        Func::IntervalMultiply => match (call.value(0), call.value(1)) {
            (Value::Interval(interval), Value::Float(factor))
            | (Value::Float(factor), Value::Interval(interval)) => scale(interval, |part| part * factor),
            _ => Err(call.misfit(0)),
        },
        Func::IntervalDivide => {
            let divisor = call.float(1)?;
            if divisor == 0.0 {
                Err(crate::numeric::division_by_zero())
            } else {
                scale(call.interval(0)?, |part| part / divisor)
            }
        }
        Func::IntervalNegate => negate(call.interval(0)?).map(Value::Interval),
        Func::DateBin => bin(call),
        Func::Age => age(call),
        Func::MakeDate => {
            let [year, month, day] = [call.int(0)?, call.int(1)?, call.int(2)?];
            make_date(year, month, day).map(Value::Date)
        }
        Func::MakeTime => make_time(call.int(0)?, call.int(1)?, call.float(2)?).map(Value::Time),
        Func::MakeTimestamp => make_timestamp(call).map(Value::Timestamp),
        Func::MakeTimestamptz => {
            let named = if call.values.len() > 6 { Some(Zone::named(call.text(6)?)?) } else { None };
            Ok(Value::Timestamptz(named.as_ref().unwrap_or(zone).moment(make_timestamp(call)?)))
        }
        Func::MakeInterval => make_interval(call),
        Func::JustifyHours | Func::JustifyDays | Func::JustifyInterval => justify(call),
        Func::ToTimestampEpoch => from_epoch(call.float(0)?),
        Func::AtTimeZone => at_time_zone(call),
        Func::IsFinite => Ok(Value::Bool(match call.value(0) {
            Value::Date(days) => !matches!(*days, calendar::DATE_INFINITY | calendar::DATE_MINUS_INFINITY),
            Value::Timestamp(micros) | Value::Timestamptz(micros) => !calendar::is_infinite(*micros),
            _ => true,
        })),
        Func::ClockTimestamp => Ok(Value::Timestamptz(call.env.clock.now_us())),
        Func::StatementTimestamp => Ok(Value::Timestamptz(call.env.time.now_us)),
        _ => Err(call.misfit(0)),
    }
}

fn add(left: &Value, right: &Value, zone: &Zone) -> Option<Result<Value>> {
    Some(match (left, right) {
        (Value::Date(days), Value::Int(count)) | (Value::Int(count), Value::Date(days)) => {
            add_days(*days, *count)
        }
        (Value::Date(days), Value::Time(time)) | (Value::Time(time), Value::Date(days)) => midnight(*days)
            .map(|start| Value::Timestamp(if calendar::is_infinite(start) { start } else { start + time })),
        (Value::Date(days), Value::Interval(interval)) | (Value::Interval(interval), Value::Date(days)) => {
            midnight(*days).and_then(|start| shift(start, interval)).map(Value::Timestamp)
        }
        (Value::Timestamp(local), Value::Interval(interval))
        | (Value::Interval(interval), Value::Timestamp(local)) => {
            shift(*local, interval).map(Value::Timestamp)
        }
        (Value::Timestamptz(moment), Value::Interval(interval))
        | (Value::Interval(interval), Value::Timestamptz(moment)) => {
            shift_zoned(*moment, interval, zone).map(Value::Timestamptz)
        }
        (Value::Time(time), Value::Interval(interval)) | (Value::Interval(interval), Value::Time(time)) => {
            Ok(Value::Time((time + interval.micros % DAY).rem_euclid(DAY)))
        }
        (Value::Interval(left), Value::Interval(right)) => sum(left, right).map(Value::Interval),
        _ => return None,
    })
}

fn subtract(left: &Value, right: &Value, zone: &Zone) -> Option<Result<Value>> {
    Some(match (left, right) {
        (Value::Date(left), Value::Date(right)) => Ok(Value::Int(i64::from(*left) - i64::from(*right))),
        (Value::Date(days), Value::Int(count)) => add_days(*days, count.saturating_neg()),
        (Value::Timestamp(left), Value::Timestamp(right))
        | (Value::Timestamptz(left), Value::Timestamptz(right)) => difference(*left, *right),
        (Value::Time(left), Value::Time(right)) => {
            Ok(Value::Interval(Interval { micros: left - right, ..Interval::default() }))
        }
        (_, Value::Interval(interval)) => {
            let negated = negate(interval).map(Value::Interval);
            return negated.map_or_else(|problem| Some(Err(problem)), |negated| add(left, &negated, zone));
        }
        _ => return None,
    })
}

fn add_days(days: i32, count: i64) -> Result<Value> {
    if matches!(days, calendar::DATE_INFINITY | calendar::DATE_MINUS_INFINITY) {
        return Ok(Value::Date(days));
    }
    let sum = calendar::valid_date(i64::from(days).saturating_add(count));
    sum.map(Value::Date).ok_or_else(|| Problem::new("22008", "date out of range"))
}

fn interval_out_of_range() -> Problem {
    Problem::new("22008", "interval out of range")
}

fn timestamp_out_of_range() -> Problem {
    Problem::new("22008", "timestamp out of range")
}

/// The sum of two intervals, part by part.
pub(crate) fn sum(left: &Interval, right: &Interval) -> Result<Interval> {
    let parts = || {
        Some(Interval {
            months: left.months.checked_add(right.months)?,
            days: left.days.checked_add(right.days)?,
            micros: left.micros.checked_add(right.micros)?,
        })
    };
    parts().ok_or_else(interval_out_of_range)
}

fn negate(interval: &Interval) -> Result<Interval> {
    let parts = || {
        Some(Interval {
            months: interval.months.checked_neg()?,
            days: interval.days.checked_neg()?,
            micros: interval.micros.checked_neg()?,
        })
    };
    parts().ok_or_else(interval_out_of_range)
}

/// Months first, keeping the day where the month has it, then days, then time.
fn shift(local: i64, interval: &Interval) -> Result<i64> {
    if calendar::is_infinite(local) {
        return Ok(local);
    }
    let shifted = shift_calendar(local, interval)?;
    calendar::valid_timestamp(i128::from(shifted) + i128::from(interval.micros))
        .ok_or_else(timestamp_out_of_range)
}

fn shift_calendar(local: i64, interval: &Interval) -> Result<i64> {
    if interval.months == 0 && interval.days == 0 {
        return Ok(local);
    }
    let (mut days, time) = calendar::split(local);
    if interval.months != 0 {
        let Civil { year, month, day } = calendar::civil_from_days(days);
        let months = year * 12 + i64::from(month) - 1 + i64::from(interval.months);
        let (year, month) = (months.div_euclid(12), months.rem_euclid(12) as u32 + 1);
        days = calendar::days_from_civil(year, month, day.min(calendar::days_in_month(year, month)));
    }
    let days = i128::from(days) + i128::from(interval.days);
    calendar::valid_timestamp(days * i128::from(DAY) + i128::from(time)).ok_or_else(timestamp_out_of_range)
}

/// Months and days by the zone's clock, time by the moment.
fn shift_zoned(moment: i64, interval: &Interval, zone: &Zone) -> Result<i64> {
    if calendar::is_infinite(moment) {
        return Ok(moment);
    }
    let start = if interval.months == 0 && interval.days == 0 {
        moment
    } else {
        zone.moment(shift_calendar(zone.local(moment), interval)?)
    };
    calendar::valid_timestamp(i128::from(start) + i128::from(interval.micros))
        .ok_or_else(timestamp_out_of_range)
}

/// Days and time between two timestamps.
fn difference(left: i64, right: i64) -> Result<Value> {
    if calendar::is_infinite(left) || calendar::is_infinite(right) {
        return Err(Problem::new("22008", "cannot subtract infinite timestamps"));
    }
    let micros = left.checked_sub(right).ok_or_else(interval_out_of_range)?;
    Ok(Value::Interval(Interval { months: 0, days: (micros / DAY) as i32, micros: micros % DAY }))
}

/// What is left of a month goes into days, what is left of a day into time.
pub(crate) fn scale(interval: &Interval, change: impl Fn(f64) -> f64) -> Result<Value> {
    let seconds = |value: f64| (value * SECOND as f64).round_ties_even() / SECOND as f64;
    let (months, days) = (change(f64::from(interval.months)), change(f64::from(interval.days)));
    let fits = |value: f64| value.is_finite() && value.abs() < f64::from(i32::MAX);
    if !fits(months) || !fits(days) {
        return Err(interval_out_of_range());
    }
    let month_rest = seconds((months - months.trunc()) * 30.0);
    let mut rest = seconds((days - days.trunc() + month_rest - month_rest.trunc()) * 86_400.0);
    let mut whole_days = days.trunc() as i64;
    if rest.abs() >= 86_400.0 {
        whole_days += (rest / 86_400.0) as i64;
        rest -= (rest / 86_400.0).trunc() * 86_400.0;
    }
    whole_days += month_rest as i64;
    let micros = (change(interval.micros as f64) + rest * SECOND as f64).round_ties_even();
    if micros.abs() >= i64::MAX as f64 {
        return Err(interval_out_of_range());
    }
    let days = i32::try_from(whole_days).map_err(|_| interval_out_of_range())?;
    Ok(Value::Interval(Interval { months: months.trunc() as i32, days, micros: micros as i64 }))
}

fn bin(call: &Call<'_>) -> Result<Value> {
    let stride = call.interval(0)?;
    if stride.months != 0 {
        let message = "timestamps cannot be binned into intervals containing months or years";
        return Err(Problem::new("0A000", message));
    }
    let width = i128::from(stride.days) * i128::from(DAY) + i128::from(stride.micros);
    if width <= 0 {
        return Err(Problem::new("22008", "stride must be greater than zero"));
    }
    let start = |time: i64, origin: i64| {
        let since = i128::from(time) - i128::from(origin);
        calendar::valid_timestamp(i128::from(origin) + since.div_euclid(width) * width)
            .ok_or_else(timestamp_out_of_range)
    };
    match (call.value(1), call.value(2)) {
        (Value::Timestamp(time), Value::Timestamp(origin)) => start(*time, *origin).map(Value::Timestamp),
        (Value::Timestamptz(time), Value::Timestamptz(origin)) => {
            start(*time, *origin).map(Value::Timestamptz)
        }
        _ => Err(call.misfit(1)),
    }
}

fn age(call: &Call<'_>) -> Result<Value> {
    let context = call.env.time;
    let local = |value: &Value| match value {
        Value::Timestamp(local) => Ok(*local),
        Value::Timestamptz(moment) => Ok(context.zone.local(*moment)),
        _ => Err(call.misfit(0)),
    };
    let (later, earlier) = match call.values {
        [value] => (calendar::split(context.zone.local(context.now_us)).0 * DAY, local(value)?),
        [later, earlier] => (local(later)?, local(earlier)?),
        _ => return Err(call.misfit(0)),
    };
    if calendar::is_infinite(later) || calendar::is_infinite(earlier) {
        return Err(Problem::new("22008", "cannot subtract infinite timestamps"));
    }
    let interval = if later >= earlier {
        between(earlier, later)
    } else {
        let Interval { months, days, micros } = between(later, earlier);
        Interval { months: -months, days: -days, micros: -micros }
    };
    Ok(Value::Interval(interval))
}

/// Years, months and days by the calendar, as people count an age. Missing days are borrowed from the earlier month.
fn between(from: i64, to: i64) -> Interval {
    let ((from_days, from_time), (to_days, to_time)) = (calendar::split(from), calendar::split(to));
    let (start, end) = (calendar::civil_from_days(from_days), calendar::civil_from_days(to_days));
    let mut micros = to_time - from_time;
    let mut days = i64::from(end.day) - i64::from(start.day);
    let mut months = (end.year - start.year) * 12 + i64::from(end.month) - i64::from(start.month);
    if micros < 0 {
        micros += DAY;
        days -= 1;
    }
    while days < 0 {
        days += i64::from(calendar::days_in_month(start.year, start.month));
        months -= 1;
    }
    Interval { months: months as i32, days: days as i32, micros }
}

fn make_date(year: i64, month: i64, day: i64) -> Result<i32> {
    let astronomical = if year < 0 { year + 1 } else { year };
    let parts = u32::try_from(month).ok().zip(u32::try_from(day).ok()).filter(|_| year != 0);
    parts.and_then(|(month, day)| calendar::date(astronomical, month, day)).ok_or_else(|| {
        Problem::new("22008", format!("date field value out of range: {year}-{month:02}-{day:02}"))
    })
}

fn make_time(hour: i64, minute: i64, second: f64) -> Result<i64> {
    let micros = (second * SECOND as f64).round_ties_even();
    let time = hour
        .saturating_mul(HOUR)
        .saturating_add(minute.saturating_mul(calendar::MINUTE))
        .saturating_add(micros as i64);
    let valid = (0..=24).contains(&hour)
        && (0..60).contains(&minute)
        && (0.0..=60.0).contains(&second)
        && time <= DAY;
    if valid {
        return Ok(time);
    }
    let message = format!("time field value out of range: {hour}:{minute:02}:{second:02}");
    Err(Problem::new("22008", message))
}

fn make_timestamp(call: &Call<'_>) -> Result<i64> {
    let date = make_date(call.int(0)?, call.int(1)?, call.int(2)?)?;
    let time = make_time(call.int(3)?, call.int(4)?, call.float(5)?)?;
    let micros = i128::from(date) * i128::from(DAY) + i128::from(time);
    calendar::valid_timestamp(micros).ok_or_else(timestamp_out_of_range)
}

fn make_interval(call: &Call<'_>) -> Result<Value> {
    let part = |position: usize| {
        if call.values.len() > position { call.int(position).map(i128::from) } else { Ok(0) }
    };
    let seconds = if call.values.len() > 6 { call.float(6)? } else { 0.0 };
    if !seconds.is_finite() {
        return Err(interval_out_of_range());
    }
    let micros = part(4)? * i128::from(HOUR)
        + part(5)? * i128::from(calendar::MINUTE)
        + (seconds * SECOND as f64).round_ties_even() as i128;
    let months = i32::try_from(part(0)? * 12 + part(1)?);
    let days = i32::try_from(part(2)? * 7 + part(3)?);
    match (months, days, i64::try_from(micros)) {
        (Ok(months), Ok(days), Ok(micros)) => Ok(Value::Interval(Interval { months, days, micros })),
        _ => Err(interval_out_of_range()),
    }
}

fn justify(call: &Call<'_>) -> Result<Value> {
    let Interval { months, days, micros } = *call.interval(0)?;
    let (mut months, mut days, mut micros) = (i64::from(months), i64::from(days), micros);
    if call.func != Func::JustifyDays {
        days += micros / DAY;
        micros %= DAY;
    }
    if call.func != Func::JustifyHours {
        months += days / 30;
        days %= 30;
        // A month is also broken for time alone.
        let lesser = if days == 0 && call.func == Func::JustifyInterval { micros } else { days };
        if months.signum() * lesser.signum() < 0 {
            days += 30 * months.signum();
            months -= months.signum();
        }
    }
    if call.func != Func::JustifyDays && days.signum() * micros.signum() < 0 {
        micros += DAY * days.signum();
        days -= days.signum();
    }
    match (i32::try_from(months), i32::try_from(days)) {
        (Ok(months), Ok(days)) => Ok(Value::Interval(Interval { months, days, micros })),
        _ => Err(interval_out_of_range()),
    }
}

fn from_epoch(seconds: f64) -> Result<Value> {
    if seconds.is_nan() {
        return Err(Problem::new("22008", "timestamp cannot be NaN"));
    }
    if seconds.is_infinite() {
        let infinity =
            if seconds > 0.0 { calendar::TIMESTAMP_INFINITY } else { calendar::TIMESTAMP_MINUS_INFINITY };
        return Ok(Value::Timestamptz(infinity));
    }
    let micros = (seconds * SECOND as f64).round_ties_even();
    let valid = (micros.abs() < 1e20).then(|| calendar::valid_timestamp(micros as i128)).flatten();
    valid.map(Value::Timestamptz).ok_or_else(|| {
        let mut text = Vec::new();
        output::float8(seconds, &mut text);
        Problem::new("22008", format!("timestamp out of range: \"{}\"", output::into_string(text)))
    })
}

fn at_time_zone(call: &Call<'_>) -> Result<Value> {
    let zone = match call.value(0) {
        Value::Interval(interval) if interval.months != 0 || interval.days != 0 => {
            let text = output::to_text(&Type::Interval, call.value(0), &Zone::Utc);
            let message = format!("interval time zone \"{text}\" must not include months or days");
            return Err(Problem::new("22023", message));
        }
        Value::Interval(interval) => Zone::fixed((interval.micros / SECOND) as i32),
        _ => Zone::named(call.text(0)?)?,
    };
    match call.value(1) {
        Value::Timestamp(local) => Ok(Value::Timestamptz(zone.moment(*local))),
        Value::Timestamptz(moment) => Ok(Value::Timestamp(zone.local(*moment))),
        _ => Err(call.misfit(1)),
    }
}
