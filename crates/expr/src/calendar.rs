//! The proleptic Gregorian calendar: days and microseconds since 1970 to and from year, month, day and time of day.
//!
//! Years are astronomical here: 0 is 1 BC. What is a valid date or timestamp is PostgreSQL's: from 4713 BC on.

/// Microseconds in a second.
pub(crate) const SECOND: i64 = 1_000_000;
/// Microseconds in a minute.
pub(crate) const MINUTE: i64 = 60 * SECOND;
/// Microseconds in an hour.
pub(crate) const HOUR: i64 = 60 * MINUTE;
/// Microseconds in a day.
pub(crate) const DAY: i64 = 24 * HOUR;

/// `infinity` as a timestamp; its negation's neighbour is `-infinity`.
pub(crate) const TIMESTAMP_INFINITY: i64 = i64::MAX;
/// `-infinity` as a timestamp.
pub(crate) const TIMESTAMP_MINUS_INFINITY: i64 = i64::MIN;
/// `infinity` as a date.
pub(crate) const DATE_INFINITY: i32 = i32::MAX;
/// `-infinity` as a date.
pub(crate) const DATE_MINUS_INFINITY: i32 = i32::MIN;

/// 4714-11-24 BC, the first day PostgreSQL knows.
const FIRST_DAY: i64 = -2_440_588;
/// 5874897-12-31, the last day of a date.
const LAST_DAY: i64 = 2_145_042_905;
/// The end of timestamps: in the year 294247, where 64 bits of microseconds end (PostgreSQL's, counted from 2000, end
/// 30 years later).
const TIMESTAMP_END: i64 = TIMESTAMP_INFINITY;

/// A date taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Civil {
    pub(crate) year: i64,
    pub(crate) month: u32,
    pub(crate) day: u32,
}

/// A time of day taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Clock {
    pub(crate) hour: u32,
    pub(crate) minute: u32,
    pub(crate) second: u32,
    pub(crate) micros: u32,
}

/// Days since 1970-01-01. The year is counted from March so that leap days come last.
pub(crate) const fn days_from_civil(year: i64, month: u32, day: u32) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month as i64 + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day as i64 - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The date that many days after 1970-01-01.
pub(crate) fn civil_from_days(days: i64) -> Civil {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * month_from_march + 2) / 5 + 1) as u32;
    let month = ((month_from_march + 2) % 12 + 1) as u32;
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    Civil { year, month, day }
}

pub(crate) fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub(crate) fn days_in_month(year: i64, month: u32) -> u32 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a date, if it exists and PostgreSQL can hold it.
pub(crate) fn date(year: i64, month: u32, day: u32) -> Option<i32> {
    if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    valid_date(days_from_civil(year, month, day))
}

/// The number of days as a date, if PostgreSQL can hold it.
pub(crate) fn valid_date(days: i64) -> Option<i32> {
    (FIRST_DAY..=LAST_DAY).contains(&days).then_some(days as i32)
}

/// Whether PostgreSQL can hold the timestamp.
pub(crate) fn is_valid_timestamp(micros: i64) -> bool {
    (FIRST_DAY * DAY..TIMESTAMP_END).contains(&micros)
}

/// The number of microseconds as a timestamp, if PostgreSQL can hold it.
pub(crate) fn valid_timestamp(micros: i128) -> Option<i64> {
    i64::try_from(micros).ok().filter(|micros| is_valid_timestamp(*micros))
}

pub(crate) fn is_infinite(timestamp: i64) -> bool {
    matches!(timestamp, TIMESTAMP_INFINITY | TIMESTAMP_MINUS_INFINITY)
}

/// A timestamp as whole days since 1970 and the microseconds of its day.
pub(crate) fn split(timestamp: i64) -> (i64, i64) {
    (timestamp.div_euclid(DAY), timestamp.rem_euclid(DAY))
}

pub(crate) fn clock(time: i64) -> Clock {
    Clock {
        hour: (time / HOUR) as u32,
        minute: (time / MINUTE % 60) as u32,
        second: (time / SECOND % 60) as u32,
        micros: (time % SECOND) as u32,
    }
}

/// The day of the week, 0 for Sunday.
pub(crate) fn weekday(days: i64) -> u32 {
    (days + 4).rem_euclid(7) as u32
}

/// The day of the year, from 1.
pub(crate) fn day_of_year(date: Civil) -> u32 {
    (days_from_civil(date.year, date.month, date.day) - days_from_civil(date.year, 1, 1) + 1) as u32
}

/// The ISO 8601 year and week of a day: weeks start on Monday, the first one has the year's first Thursday.
pub(crate) fn iso_week(days: i64) -> (i64, u32) {
    let monday = days - i64::from((weekday(days) + 6) % 7);
    let year = civil_from_days(monday + 3).year;
    (year, ((monday - iso_year_start(year)) / 7 + 1) as u32)
}

/// The Monday that an ISO 8601 year starts with.
pub(crate) fn iso_year_start(year: i64) -> i64 {
    let fourth = days_from_civil(year, 1, 4);
    fourth - i64::from((weekday(fourth) + 6) % 7)
}

/// Rounds microseconds to that many digits of a second, ties away from zero.
pub(crate) fn round_to(micros: i64, digits: u8) -> i64 {
    if digits >= 6 || is_infinite(micros) {
        return micros;
    }
    let unit = 10i64.pow(6 - u32::from(digits));
    let half = if micros < 0 { -unit / 2 } else { unit / 2 };
    micros.saturating_add(half) / unit * unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_agree_over_all_of_history() {
        for days in (FIRST_DAY..3_000_000).step_by(13).chain([LAST_DAY, 0, -1, 11_016]) {
            let date = civil_from_days(days);
            assert_eq!(days_from_civil(date.year, date.month, date.day), days);
        }
        assert_eq!(civil_from_days(0), Civil { year: 1970, month: 1, day: 1 });
        assert_eq!(civil_from_days(FIRST_DAY), Civil { year: -4713, month: 11, day: 24 });
        assert_eq!(civil_from_days(LAST_DAY), Civil { year: 5_874_897, month: 12, day: 31 });
        assert_eq!(date(2023, 2, 29), None);
        assert_eq!(date(2024, 2, 29), Some(19_782));
    }

    #[test]
    fn weeks_follow_iso_8601() {
        for (y, m, d, week) in [(2021, 1, 3, (2020, 53)), (2024, 12, 30, (2025, 1)), (2005, 1, 1, (2004, 53))]
        {
            assert_eq!(iso_week(days_from_civil(y, m, d)), week);
        }
        assert_eq!(weekday(0), 4, "1970 began on a Thursday");
    }
}
