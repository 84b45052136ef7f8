//! Intervals: `1 year 2 mons 3 days 04:05:06`, `@ 1 day ago`, `P1Y2M3DT4H5M6S`, `1-2`.

use mainstay_base::{Problem, Result};

use crate::Interval;
use crate::calendar::{DAY, HOUR, MINUTE, SECOND};

/// The interval that a text spells.
pub(crate) fn parse_interval(text: &str) -> Result<Interval> {
    let trimmed = text.trim_matches(super::is_space);
    let sum = if trimmed.starts_with(['P', 'p']) { iso(&trimmed[1..]) } else { verbose(trimmed) };
    let invalid = || Problem::new("22007", format!("invalid input syntax for type interval: \"{text}\""));
    let sum = sum.ok_or_else(invalid)?;
    sum.finish()
        .ok_or_else(|| Problem::new("22015", format!("interval field value out of range: \"{text}\"")))
}

/// Months, days and microseconds while they are added up.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Sum {
    months: i128,
    days: i128,
    micros: i128,
    /// The units so far: none may be said twice.
    said: u16,
}

impl Sum {
    pub(crate) fn finish(self) -> Option<Interval> {
        Some(Interval {
            months: i32::try_from(self.months).ok()?,
            days: i32::try_from(self.days).ok()?,
            micros: i64::try_from(self.micros).ok()?,
        })
    }

    /// Adds a number of units; fractions of a unit go into smaller ones, a month having 30 days.
    fn add(&mut self, amount: Amount, unit: &str) -> Option<()> {
        let unit = unit.to_ascii_lowercase();
        let months = match unit.as_str() {
            "mon" | "mons" | "month" | "months" => 1,
            "y" | "yr" | "yrs" | "year" | "years" => 12,
            "dec" | "decs" | "decade" | "decades" => 120,
            "c" | "cent" | "century" | "centuries" => 1_200,
            "mil" | "mils" | "millennium" | "millennia" => 12_000,
            _ => 0,
        };
        if months > 0 {
            self.say(match months {
                1 => 0,
                12 => 1,
                120 => 2,
                1_200 => 3,
                _ => 4,
            })?;
            self.months += amount.whole * months;
            if months == 1 {
                self.add_days(amount.fraction * 30.0);
            } else {
                self.months += (amount.fraction * months as f64).round_ties_even() as i128;
            }
            return Some(());
        }
        let micros = match unit.as_str() {
            "d" | "day" | "days" => {
                self.say(5)?;
                self.days += amount.whole;
                self.micros += round(amount.fraction * DAY as f64);
                return Some(());
            }
            "w" | "week" | "weeks" => {
                self.say(6)?;
                self.days += amount.whole * 7;
                self.add_days(amount.fraction * 7.0);
                return Some(());
            }
            "h" | "hr" | "hrs" | "hour" | "hours" => HOUR,
            "m" | "min" | "mins" | "minute" | "minutes" => MINUTE,
            "s" | "sec" | "secs" | "second" | "seconds" => SECOND,
            "ms" | "msec" | "msecs" | "millisecond" | "milliseconds" => 1_000,
            "us" | "usec" | "usecs" | "microsecond" | "microseconds" => 1,
            _ => return None,
        };
        self.say(match micros {
            HOUR => 7,
            MINUTE => 8,
            SECOND => 9,
            1_000 => 10,
            _ => 11,
        })?;
        self.micros += amount.whole * i128::from(micros) + round(amount.fraction * micros as f64);
        Some(())
    }

    /// Notes a unit by its place among all units; `None` when it was said before.
    fn say(&mut self, unit: u16) -> Option<()> {
        let bit = 1 << unit;
        let new = self.said & bit == 0;
        self.said |= bit;
        new.then_some(())
    }

    fn add_days(&mut self, days: f64) {
        self.days += days.trunc() as i128;
        self.micros += round(days.fract() * DAY as f64);
    }
}

fn round(micros: f64) -> i128 {
    micros.round_ties_even() as i128
}

/// A signed number: what is before the point and what is after it.
#[derive(Clone, Copy)]
struct Amount {
    whole: i128,
    fraction: f64,
}

impl Amount {
    fn read(text: &str) -> Option<Self> {
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole)
            || !digits(fraction)
            || (whole.is_empty() && fraction.is_empty())
            || whole.len() > 19
        {
            return None;
        }
        let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
        let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        let fraction: f64 = if fraction.is_empty() { 0.0 } else { format!("0.{fraction}").parse().ok()? };
        Some(Self { whole: whole * sign as i128, fraction: fraction * sign })
    }
}

fn verbose(text: &str) -> Option<Sum> {
    let mut sum = Sum::default();
    let mut words = text.strip_prefix('@').unwrap_or(text).split_whitespace().peekable();
    let mut ago = false;
    words.peek()?;
    while let Some(word) = words.next() {
        if word.eq_ignore_ascii_case("ago") {
            ago = words.next().is_none();
            if !ago {
                return None;
            }
            break;
        }
        let numeric = word.find(|character: char| {
            !character.is_ascii_digit() && !matches!(character, '+' | '-' | '.' | ':')
        });
        if word.contains(':') && numeric.is_none() {
            clock(word, &mut sum)?;
        } else if let Some(at) = numeric {
            sum.add(Amount::read(&word[..at])?, &word[at..])?;
        } else if word[1..].contains('-') {
            years_and_months(word, &mut sum)?;
        } else {
            let amount = Amount::read(word)?;
            let unit = words.next_if(|next| {
                next.starts_with(|first: char| first.is_ascii_alphabetic())
                    && !next.eq_ignore_ascii_case("ago")
            });
            let clock_follows = words.peek().is_some_and(|next| next.contains(':'));
            sum.add(amount, unit.unwrap_or(if clock_follows { "days" } else { "seconds" }))?;
        }
    }
    if ago {
        sum = Sum { months: -sum.months, days: -sum.days, micros: -sum.micros, said: sum.said };
    }
    Some(sum)
}

/// `04:05`, `04:05:06.7`, `-04:05:06`
fn clock(text: &str, sum: &mut Sum) -> Option<()> {
    let negative = text.starts_with('-');
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let mut parts = unsigned.split(':');
    let hours: i128 = parts.next()?.parse().ok()?;
    let minutes = parts.next()?;
    let (minutes, seconds) = match parts.next() {
        Some(seconds) => (minutes.parse::<i128>().ok()?, seconds),
        // Two parts with a fraction are minutes and seconds.
        None if minutes.contains('.') => {
            return clock(&format!("{}00:{unsigned}", if negative { "-" } else { "" }), sum);
        }
        None => (minutes.parse().ok()?, "0"),
    };
    if parts.next().is_some() || !(0..60).contains(&minutes) || hours > i128::from(i64::MAX / HOUR) {
        return None;
    }
    for unit in 7..10 {
        sum.say(unit)?;
    }
    let seconds = super::fields::micros(seconds).ok().filter(|micros| *micros <= 60 * SECOND)?;
    let micros = hours * i128::from(HOUR) + minutes * i128::from(MINUTE) + i128::from(seconds);
    sum.micros += if negative { -micros } else { micros };
    Some(())
}

/// `1-2`: a year and two months.
fn years_and_months(text: &str, sum: &mut Sum) -> Option<()> {
    let negative = text.starts_with('-');
    let (years, months) = text.strip_prefix(['+', '-']).unwrap_or(text).split_once('-')?;
    let months = months.parse::<u32>().ok().filter(|months| *months < 12)?;
    sum.say(0)?;
    sum.say(1)?;
    let total = years.parse::<i128>().ok()? * 12 + i128::from(months);
    sum.months += if negative { -total } else { total };
    Some(())
}

/// What follows the `P`: `1Y2M3DT4H5M6S`, `2W`.
fn iso(text: &str) -> Option<Sum> {
    let mut sum = Sum::default();
    let mut rest = text;
    let mut in_time = false;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        if let Some(time) = rest.strip_prefix(['T', 't']) {
            (rest, in_time) = (time, true);
            continue;
        }
        let at = rest.find(|character: char| character.is_ascii_alphabetic())?;
        let amount = Amount::read(&rest[..at])?;
        let unit = match (rest.as_bytes()[at].to_ascii_uppercase(), in_time) {
            (b'Y', false) => "years",
            (b'M', false) => "months",
            (b'W', false) => "weeks",
            (b'D', false) => "days",
            (b'H', true) => "hours",
            (b'M', true) => "minutes",
            (b'S', true) => "seconds",
            _ => return None,
        };
        sum.add(amount, unit)?;
        rest = &rest[at + 1..];
    }
    Some(sum)
}
