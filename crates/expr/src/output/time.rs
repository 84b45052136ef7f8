//! Dates, times and intervals as text.

use super::TimeStyle;
use crate::calendar::{self, Civil};
use crate::{Interval, Zone};

/// Appends a date (days since 1970): `2024-01-02`, `0044-03-15 BC`, `infinity`.
pub fn date(days: i32, out: &mut Vec<u8>) {
    match days {
        calendar::DATE_INFINITY => out.extend_from_slice(b"infinity"),
        calendar::DATE_MINUS_INFINITY => out.extend_from_slice(b"-infinity"),
        _ => {
            let civil = calendar::civil_from_days(i64::from(days));
            civil_date(civil, out);
            era(civil, out);
        }
    }
}

/// Appends a time of day (microseconds): `03:04:05.5`.
pub fn time(micros: i64, out: &mut Vec<u8>) {
    let clock = calendar::clock(micros);
    let [hour, minute, second] = [clock.hour, clock.minute, clock.second].map(pair);
    out.extend_from_slice(&[hour[0], hour[1], b':', minute[0], minute[1], b':', second[0], second[1]]);
    fraction(clock.micros, out);
}

/// Appends a timestamp (microseconds since 1970): `2024-01-02 03:04:05.5`.
pub fn timestamp(micros: i64, style: TimeStyle, out: &mut Vec<u8>) {
    local(micros, None, style, out);
}

/// Appends a timestamp with time zone (microseconds since 1970 UTC) as that zone's clock shows it, with the offset.
pub fn timestamptz(micros: i64, zone: &Zone, style: TimeStyle, out: &mut Vec<u8>) {
    if calendar::is_infinite(micros) {
        return local(micros, None, style, out);
    }
    let east = zone.offset_at(micros);
    local(micros + i64::from(east) * calendar::SECOND, Some(east), style, out);
}

fn local(micros: i64, east: Option<i32>, style: TimeStyle, out: &mut Vec<u8>) {
    match micros {
        calendar::TIMESTAMP_INFINITY => return out.extend_from_slice(b"infinity"),
        calendar::TIMESTAMP_MINUS_INFINITY => return out.extend_from_slice(b"-infinity"),
        _ => {}
    }
    let (days, micros) = calendar::split(micros);
    let civil = calendar::civil_from_days(days);
    civil_date(civil, out);
    out.push(if style == TimeStyle::Json { b'T' } else { b' ' });
    time(micros, out);
    if let Some(east) = east {
        offset(east, style, out);
    }
    era(civil, out);
}

fn civil_date(civil: Civil, out: &mut Vec<u8>) {
    let year = if civil.year <= 0 { 1 - civil.year } else { civil.year };
    if year < 10_000 {
        out.extend_from_slice(&pair(year as u32 / 100));
        out.extend_from_slice(&pair(year as u32 % 100));
    } else {
        super::int(year, out);
    }
    let (month, day) = (pair(civil.month), pair(civil.day));
    out.extend_from_slice(&[b'-', month[0], month[1], b'-', day[0], day[1]]);
}

fn era(civil: Civil, out: &mut Vec<u8>) {
    if civil.year <= 0 {
        out.extend_from_slice(b" BC");
    }
}

fn offset(east: i32, style: TimeStyle, out: &mut Vec<u8>) {
    out.push(if east < 0 { b'-' } else { b'+' });
    let east = east.unsigned_abs();
    two(east / 3600, out);
    let (minutes, seconds) = (east / 60 % 60, east % 60);
    if minutes != 0 || seconds != 0 || style == TimeStyle::Json {
        out.push(b':');
        two(minutes, out);
    }
    if seconds != 0 {
        out.push(b':');
        two(seconds, out);
    }
}

/// Two digits of a number below 100.
fn pair(number: u32) -> [u8; 2] {
    [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8]
}

fn two(number: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&pair(number));
}

/// The digits of a second after the point, without zeros at the end; nothing for none.
fn fraction(micros: u32, out: &mut Vec<u8>) {
    if micros == 0 {
        return;
    }
    let [first, second, third] = [micros / 10_000, micros / 100 % 100, micros % 100].map(pair);
    let digits = [b'.', first[0], first[1], second[0], second[1], third[0], third[1]];
    let zeros = digits.iter().rev().take_while(|digit| **digit == b'0').count();
    out.extend_from_slice(&digits[..digits.len() - zeros]);
}

/// Appends an interval: `1 year 2 mons -3 days +04:05:06.7`.
pub fn interval(value: &Interval, out: &mut Vec<u8>) {
    let start = out.len();
    let mut after_negative = false;
    for (amount, unit) in [(value.months / 12, "year"), (value.months % 12, "mon"), (value.days, "day")] {
        if amount == 0 {
            continue;
        }
        if out.len() > start {
            out.push(b' ');
        }
        if after_negative && amount > 0 {
            out.push(b'+');
        }
        super::int(i64::from(amount), out);
        out.push(b' ');
        out.extend_from_slice(unit.as_bytes());
        if amount != 1 {
            out.push(b's');
        }
        after_negative = amount < 0;
    }
    if value.micros == 0 && out.len() > start {
        return;
    }
    if out.len() > start {
        out.push(b' ');
    }
    if value.micros < 0 {
        out.push(b'-');
    } else if after_negative {
        out.push(b'+');
    }
    let micros = value.micros.unsigned_abs();
    let hours = micros / calendar::HOUR as u64;
    if hours < 100 {
        two(hours as u32, out);
    } else {
        super::int(hours as i64, out);
    }
    out.push(b':');
    two((micros / calendar::MINUTE as u64 % 60) as u32, out);
    out.push(b':');
    two((micros / calendar::SECOND as u64 % 60) as u32, out);
    fraction((micros % calendar::SECOND as u64) as u32, out);
}
