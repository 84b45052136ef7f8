//! Dates and times as text of fixed width that sorts as time does.
//!
//! Years 1 to 9999 are four digits. Later years are `:` and seven digits, for dates go on to 5874897: `:` follows `9`.
//! Earlier ones are `-` and six digits counted up from the deep past, so that they sort too; `infinity` sorts last by its
//! first letter and `!infinity`, minus infinity, first. Year 0 is 1 BC.

use std::fmt::Write;

/// Microseconds in a day.
const DAY_US: i64 = 86_400_000_000;
/// What the digits of a year before 1 count up from.
const DEEP_PAST: i64 = -999_999;
const INFINITY: &str = "infinity";
const MINUS_INFINITY: &str = "!infinity";

/// The year, month and day of a day counted from 1970-01-01, in the proleptic Gregorian calendar.
pub(super) fn civil(days: i64) -> (i64, u32, u32) {
    // Eras of 400 years that begin on 1 March, so that the leap day comes last.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * month_from_march + 2) / 5 + 1) as u32;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 } as u32;
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The inverse of [`civil`].
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// A date's text; the extremes of `i32` are the infinities.
pub(super) fn date_text(days: i32) -> String {
    match days {
        i32::MAX => INFINITY.to_owned(),
        i32::MIN => MINUS_INFINITY.to_owned(),
        _ => {
            let mut text = String::with_capacity(10);
            push_date(i64::from(days), &mut text);
            text
        }
    }
}

/// A timestamp's text; the extremes of `i64` are the infinities.
pub(super) fn timestamp_text(micros: i64) -> String {
    match micros {
        i64::MAX => INFINITY.to_owned(),
        i64::MIN => MINUS_INFINITY.to_owned(),
        _ => {
            let mut text = String::with_capacity(26);
            push_date(micros.div_euclid(DAY_US), &mut text);
            text.push(' ');
            push_time(micros.rem_euclid(DAY_US), &mut text);
            text
        }
    }
}

/// A time's text.
pub(super) fn time_text(micros: i64) -> String {
    let mut text = String::with_capacity(15);
    push_time(micros, &mut text);
    text
}

fn push_date(days: i64, text: &mut String) {
    let (year, month, day) = civil(days);
    _ = match year {
        1..=9999 => write!(text, "{year:04}"),
        10_000.. => write!(text, ":{year:07}"),
        _ => write!(text, "-{:06}", year - DEEP_PAST),
    };
    _ = write!(text, "-{month:02}-{day:02}");
}

fn push_time(micros: i64, text: &mut String) {
    let seconds = micros / 1_000_000;
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    _ = write!(text, "{hour:02}:{minute:02}:{second:02}.{:06}", micros % 1_000_000);
}

/// Reads what [`date_text`] wrote.
pub(super) fn read_date(text: &str) -> Option<i32> {
    match text {
        INFINITY => Some(i32::MAX),
        MINUS_INFINITY => Some(i32::MIN),
        _ => i32::try_from(days(text)?).ok(),
    }
}

/// Reads what [`timestamp_text`] wrote.
pub(super) fn read_timestamp(text: &str) -> Option<i64> {
    match text {
        INFINITY => Some(i64::MAX),
        MINUS_INFINITY => Some(i64::MIN),
        _ => {
            let (date, time) = text.split_once(' ')?;
            days(date)?.checked_mul(DAY_US)?.checked_add(read_time(time)?)
        }
    }
}

/// Reads what [`time_text`] wrote.
pub(super) fn read_time(text: &str) -> Option<i64> {
    let (clock, fraction) = text.split_once('.')?;
    let mut parts = clock.split(':').map(|part| part.parse::<i64>().ok());
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    Some(((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction.parse::<i64>().ok()?)
}

fn days(text: &str) -> Option<i64> {
    let (year, rest) = read_year(text)?;
    let (month, day) = rest.strip_prefix('-')?.split_once('-')?;
    Some(days_from_civil(year, month.parse().ok()?, day.parse().ok()?))
}

/// The year that a stored date begins with, and what follows it.
pub(super) fn read_year(text: &str) -> Option<(i64, &str)> {
    let digits = |from: usize, to: usize| Some((text.get(from..to)?.parse::<i64>().ok()?, text.get(to..)?));
    match text.as_bytes().first()? {
        b':' => digits(1, 8),
        b'-' => digits(1, 7).map(|(year, rest)| (year + DEEP_PAST, rest)),
        _ => digits(0, 4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_reads_back_and_sorts() {
        // 4713 BC to 5874897, what PostgreSQL's dates span, in steps that meet every month and leap rule
        let mut last = date_text(i32::MIN);
        for days in (-2_440_550..2_145_031_949).step_by(9_973) {
            let text = date_text(days);
            assert_eq!(read_date(&text), Some(days), "{text}");
            assert!(last < text, "{last} {text}");
            last = text;
        }
        assert!(last < date_text(i32::MAX));
    }

    #[test]
    fn times_read_back() {
        for micros in [0, 1, -1, 1_700_000_000_123_456, i64::MAX, i64::MIN, -62_135_596_800_000_001] {
            assert_eq!(read_timestamp(&timestamp_text(micros)), Some(micros));
        }
        assert_eq!(timestamp_text(1_700_000_000_123_456), "2023-11-14 22:13:20.123456");
        assert_eq!(time_text(DAY_US), "24:00:00.000000");
    }
}
