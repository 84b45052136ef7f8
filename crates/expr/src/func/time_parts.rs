//! `extract`, `date_part` and `date_trunc`.

use bigdecimal::BigDecimal;
use bigdecimal::num_bigint::BigInt;
use mainstay_base::{Problem, Result};

use super::Call;
use crate::calendar::{self, Civil, DAY, HOUR, MINUTE, SECOND};
use crate::cast::finite;
use crate::{Func, Interval, Numeric, Type, Value, Zone, numeric};

pub(super) fn compute(call: &Call<'_>) -> Result<Value> {
    let name = call.text(0)?;
    // date_part knows dates as timestamps, extract knows them as they are.
    let as_timestamp = call.func == Func::DatePart && call.ty(1) == &Type::Date;
    let ty = if as_timestamp { &Type::Timestamp } else { call.ty(1) };
    let unit = Unit::named(name).ok_or_else(|| unknown(name, ty))?;
    if call.func == Func::DateTrunc {
        return truncate(call, unit).transpose().unwrap_or_else(|| Err(cannot_truncate(name, unit, ty)));
    }
    let part = match call.value(1) {
        Value::Date(days) if as_timestamp => of_local(unit, i64::from(*days) * DAY, None),
        Value::Date(_) if unit.is_within_a_day() => None,
        Value::Date(days) => of_local(unit, i64::from(*days) * DAY, None),
        Value::Timestamp(local) | Value::Timestamptz(local) if calendar::is_infinite(*local) => {
            return Ok(Value::Null);
        }
        Value::Timestamp(local) => of_local(unit, *local, None),
        Value::Timestamptz(moment) => {
            of_local(unit, call.env.time.zone.local(*moment), Some((*moment, &call.env.time.zone)))
        }
        Value::Time(time) => of_time(unit, *time),
        Value::Interval(interval) => of_interval(unit, interval),
        _ => return Err(call.misfit(1)),
    };
    let Some((unscaled, scale)) = part else { return Err(unsupported(name, ty)) };
    // A date's epoch is a whole number of seconds.
    let (unscaled, scale) = match call.value(1) {
        Value::Date(_) if unit == Unit::Epoch && !as_timestamp => (unscaled / i128::from(SECOND), 0),
        _ => (unscaled, scale),
    };
    let exact = BigDecimal::new(BigInt::from(unscaled), scale);
    Ok(match call.func {
        Func::DatePart => Value::Float(numeric::to_f64(&Numeric::Finite(exact))),
        _ => finite(exact),
    })
}

fn unknown(unit: &str, ty: &Type) -> Problem {
    Problem::new("22023", format!("unit \"{unit}\" not recognized for type {ty}"))
}

fn unsupported(unit: &str, ty: &Type) -> Problem {
    Problem::new("0A000", format!("unit \"{unit}\" not supported for type {ty}"))
}

fn cannot_truncate(name: &str, unit: Unit, ty: &Type) -> Problem {
    match unit {
        Unit::IsoYear | Unit::WeekDay | Unit::IsoWeekDay | Unit::DayOfYear | Unit::Epoch | Unit::Julian => {
            unknown(name, ty)
        }
        Unit::Week => unsupported(name, ty).with_details("Months usually have fractional weeks."),
        _ => unsupported(name, ty),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Microseconds,
    Milliseconds,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
    Decade,
    Century,
    Millennium,
    IsoYear,
    WeekDay,
    IsoWeekDay,
    DayOfYear,
    Epoch,
    Julian,
    Zone,
    ZoneHour,
    ZoneMinute,
}

impl Unit {
    fn named(name: &str) -> Option<Self> {
        Some(match name.trim().to_ascii_lowercase().as_str() {
            "microsecond" | "microseconds" | "us" | "usec" | "usecs" => Self::Microseconds,
            "millisecond" | "milliseconds" | "ms" | "msec" | "msecs" => Self::Milliseconds,
            "second" | "seconds" | "s" | "sec" | "secs" => Self::Second,
            "minute" | "minutes" | "m" | "min" | "mins" => Self::Minute,
            "hour" | "hours" | "h" | "hr" | "hrs" => Self::Hour,
            "day" | "days" | "d" => Self::Day,
            "week" | "weeks" | "w" => Self::Week,
            "month" | "months" | "mon" | "mons" => Self::Month,
            "quarter" | "qtr" => Self::Quarter,
            "year" | "years" | "y" | "yr" | "yrs" => Self::Year,
            "decade" | "decades" | "dec" | "decs" => Self::Decade,
            "century" | "centuries" | "c" | "cent" => Self::Century,
            "millennium" | "millennia" | "mil" | "mils" => Self::Millennium,
            "isoyear" => Self::IsoYear,
            "dow" => Self::WeekDay,
            "isodow" => Self::IsoWeekDay,
            "doy" => Self::DayOfYear,
            "epoch" => Self::Epoch,
            "julian" | "j" | "jd" => Self::Julian,
            "timezone" => Self::Zone,
            "timezone_hour" => Self::ZoneHour,
            "timezone_minute" => Self::ZoneMinute,
            _ => return None,
        })
    }

    fn is_within_a_day(self) -> bool {
        matches!(
            self,
            Self::Microseconds
                | Self::Milliseconds
                | Self::Second
                | Self::Minute
                | Self::Hour
                | Self::Zone
                | Self::ZoneHour
                | Self::ZoneMinute
        )
    }
}

/// A part as a decimal: its digits and how many of them stand after the point.
type Part = (i128, i64);

fn whole(value: i64) -> Option<Part> {
    Some((i128::from(value), 0))
}

fn of_time(unit: Unit, time: i64) -> Option<Part> {
    match unit {
        Unit::Microseconds => whole(time % MINUTE),
        Unit::Milliseconds => Some((i128::from(time % MINUTE), 3)),
        Unit::Second => Some((i128::from(time % MINUTE), 6)),
        Unit::Minute => whole(time / MINUTE % 60),
        Unit::Hour => whole(time / HOUR),
        Unit::Epoch => Some((i128::from(time), 6)),
        _ => None,
    }
}

fn of_local(unit: Unit, local: i64, zoned: Option<(i64, &Zone)>) -> Option<Part> {
    let (days, time) = calendar::split(local);
    let date = calendar::civil_from_days(days);
    let shown_year = if date.year > 0 { date.year } else { date.year - 1 };
    match unit {
        Unit::Day => whole(i64::from(date.day)),
        Unit::Week => whole(i64::from(calendar::iso_week(days).1)),
        Unit::Month => whole(i64::from(date.month)),
        Unit::Quarter => whole(i64::from(date.month - 1) / 3 + 1),
        Unit::Year => whole(shown_year),
        Unit::Decade => whole(date.year.div_euclid(10)),
        Unit::Century => whole(period(date.year, 100)),
        Unit::Millennium => whole(period(date.year, 1000)),
        Unit::IsoYear => {
            let year = calendar::iso_week(days).0;
            whole(if year > 0 { year } else { year - 1 })
        }
        Unit::WeekDay => whole(i64::from(calendar::weekday(days))),
        Unit::IsoWeekDay => whole(i64::from((calendar::weekday(days) + 6) % 7 + 1)),
        Unit::DayOfYear => whole(i64::from(calendar::day_of_year(date))),
        Unit::Julian => {
            let day = i128::from(days) + 2_440_588;
            if time == 0 {
                return Some((day, 0));
            }
            let fraction = BigDecimal::from(time) / BigDecimal::from(DAY);
            let digits = numeric::round(&fraction, 20).with_scale(20).as_bigint_and_scale().0.to_string();
            Some((day * 10i128.pow(20) + digits.parse::<i128>().ok()?, 20))
        }
        Unit::Epoch => Some((i128::from(zoned.map_or(local, |(moment, _)| moment)), 6)),
        Unit::Zone | Unit::ZoneHour | Unit::ZoneMinute => {
            let (moment, zone) = zoned?;
            let east = i64::from(zone.offset_at(moment));
            whole(match unit {
                Unit::Zone => east,
                Unit::ZoneHour => east / 3600,
                _ => east / 60 % 60,
            })
        }
        _ => of_time(unit, time),
    }
}

/// The century or millennium of an astronomical year; there is none numbered 0.
fn period(year: i64, length: i64) -> i64 {
    if year > 0 { (year + length - 1) / length } else { -((length - (year - 1)) / length) }
}

fn of_interval(unit: Unit, interval: &Interval) -> Option<Part> {
    let years = i64::from(interval.months / 12);
    match unit {
        Unit::Day => whole(i64::from(interval.days)),
        Unit::Month => whole(i64::from(interval.months % 12)),
        Unit::Quarter => whole(i64::from(interval.months % 12) / 3 + 1),
        Unit::Year => whole(years),
        Unit::Decade => whole(years / 10),
        Unit::Century => whole(years / 100),
        Unit::Millennium => whole(years / 1000),
        Unit::Epoch => {
            let months = i128::from(interval.months);
            // A year counts 365.25 days and the months left over 30 each.
            let seconds =
                months / 12 * 31_557_600 + months % 12 * 2_592_000 + i128::from(interval.days) * 86_400;
            Some((seconds * i128::from(SECOND) + i128::from(interval.micros), 6))
        }
        _ => of_time(unit, interval.micros),
    }
}

fn truncate(call: &Call<'_>, unit: Unit) -> Result<Option<Value>> {
    Ok(match call.value(1) {
        Value::Timestamp(local) | Value::Timestamptz(local) if calendar::is_infinite(*local) => {
            Some(call.value(1).clone())
        }
        Value::Timestamp(local) => truncate_local(unit, *local).map(Value::Timestamp),
        Value::Timestamptz(moment) => {
            let named = if call.values.len() > 2 { Some(Zone::named(call.text(2)?)?) } else { None };
            let zone = named.as_ref().unwrap_or(&call.env.time.zone);
            let local = zone.local(*moment);
            let truncated = truncate_local(unit, local);
            truncated.map(|start| {
                // Parts of a day keep the offset they had; a longer unit starts when the clock says so.
                let start =
                    if unit.is_within_a_day() { moment - (local - start) } else { zone.moment(start) };
                Value::Timestamptz(start)
            })
        }
        Value::Interval(interval) => truncate_interval(unit, interval).map(Value::Interval),
        _ => return Err(call.misfit(1)),
    })
}

fn truncate_local(unit: Unit, local: i64) -> Option<i64> {
    let (days, time) = calendar::split(local);
    let Civil { year, month, .. } = calendar::civil_from_days(days);
    let start_of = |year: i64, month: u32| calendar::days_from_civil(year, month, 1) * DAY;
    let step = |unit: i64| days * DAY + time / unit * unit;
    Some(match unit {
        Unit::Microseconds => local,
        Unit::Milliseconds => step(1_000),
        Unit::Second => step(SECOND),
        Unit::Minute => step(MINUTE),
        Unit::Hour => step(HOUR),
        Unit::Day => days * DAY,
        Unit::Week => (days - i64::from((calendar::weekday(days) + 6) % 7)) * DAY,
        Unit::Month => start_of(year, month),
        Unit::Quarter => start_of(year, (month - 1) / 3 * 3 + 1),
        Unit::Year => start_of(year, 1),
        Unit::Decade => start_of(year.div_euclid(10) * 10, 1),
        Unit::Century => start_of((year - 1).div_euclid(100) * 100 + 1, 1),
        Unit::Millennium => start_of((year - 1).div_euclid(1000) * 1000 + 1, 1),
        _ => return None,
    })
}

fn truncate_interval(unit: Unit, interval: &Interval) -> Option<Interval> {
    let Interval { months, days, micros } = *interval;
    let time = |unit: i64| Interval { months, days, micros: micros / unit * unit };
    let whole_months = |unit: i32| Interval { months: months / unit * unit, days: 0, micros: 0 };
    Some(match unit {
        Unit::Microseconds => *interval,
        Unit::Milliseconds => time(1_000),
        Unit::Second => time(SECOND),
        Unit::Minute => time(MINUTE),
        Unit::Hour => time(HOUR),
        Unit::Day => Interval { months, days, micros: 0 },
        Unit::Month => whole_months(1),
        Unit::Quarter => whole_months(3),
        Unit::Year => whole_months(12),
        Unit::Decade => whole_months(120),
        Unit::Century => whole_months(1_200),
        Unit::Millennium => whole_months(12_000),
        _ => return None,
    })
}
