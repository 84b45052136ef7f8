//! `to_number`, `to_date` and `to_timestamp`: texts read by a template.

use mainstay_base::{Problem, Result};

use super::Call;
use super::template::{self, Field, Piece};
use crate::calendar::{self, DAY, HOUR, MINUTE, SECOND};
use crate::input::month_by_name;
use crate::numeric::{self, Parsed};
use crate::{Func, Numeric, Value};

pub(super) fn compute(call: &Call<'_>) -> Result<Value> {
    let (text, template) = (call.text(0)?, call.text(1)?);
    if call.func == Func::ToNumber {
        return to_number(text, template);
    }
    let mut reader = Reader { text, rest: text, found: Found::default() };
    for piece in template::read(template) {
        match piece {
            Piece::Literal(literal) => reader.skip(&literal),
            Piece::Field { field, word, .. } => {
                if !reader.field(field, word)? {
                    break;
                }
            }
        }
    }
    let (date, time) = reader
        .found
        .settle()
        .ok_or_else(|| Problem::new("22008", format!("date/time field value out of range: \"{text}\"")))?;
    if call.func == Func::ToDate {
        return Ok(Value::Date(date));
    }
    let local = i64::from(date) * DAY + time;
    let moment = match reader.found.east {
        Some(east) => local - i64::from(east) * SECOND,
        None => call.env.time.zone.moment(local),
    };
    Ok(Value::Timestamptz(moment))
}

/// The digits, sign and point of a text, as far as the picture has places for them.
fn to_number(text: &str, template: &str) -> Result<Value> {
    let negative =
        text.contains('-') || (text.trim().starts_with('<') && template.to_ascii_uppercase().contains("PR"));
    let scale = template
        .rfind(['.', 'D', 'd'])
        .map_or(0, |at| template[at..].chars().filter(|place| matches!(place, '9' | '0')).count());
    let digits: String =
        text.chars().filter(|character| character.is_ascii_digit() || *character == '.').collect();
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    let fraction = &fraction[..fraction.len().min(scale)];
    match numeric::parse(&format!("{}{whole}.{fraction}", if negative { "-" } else { "" })) {
        Parsed::Number(number) => Ok(Value::Numeric(Numeric::Finite(number))),
        Parsed::Malformed | Parsed::TooLarge => {
            Err(Problem::new("22P02", format!("invalid input syntax for type numeric: \"{text}\"")))
        }
    }
}

/// What the fields said so far.
#[derive(Debug, Default)]
struct Found {
    year: Option<i64>,
    month: Option<u32>,
    day: Option<u32>,
    day_of_year: Option<i64>,
    iso: (Option<i64>, Option<i64>, Option<i64>),
    julian: Option<i64>,
    hour: i64,
    afternoon: Option<bool>,
    minute: i64,
    second: i64,
    micros: i64,
    second_of_day: Option<i64>,
    before_christ: bool,
    east: Option<i32>,
}

impl Found {
    /// The date and the time of day.
    fn settle(&self) -> Option<(i32, i64)> {
        let hour = match self.afternoon {
            None => self.hour,
            Some(_) if !(1..=12).contains(&self.hour) => return None,
            Some(afternoon) => self.hour % 12 + if afternoon { 12 } else { 0 },
        };
        if !(0..24).contains(&hour) || !(0..60).contains(&self.minute) || !(0..60).contains(&self.second) {
            return None;
        }
        let clock = hour * HOUR + self.minute * MINUTE + self.second * SECOND;
        let time = self.second_of_day.map_or(clock, |seconds| seconds * SECOND) + self.micros;
        if time >= DAY {
            return None;
        }
        Some((self.date()?, time))
    }

    fn date(&self) -> Option<i32> {
        if let Some(julian) = self.julian {
            return calendar::valid_date(julian - 2_440_588);
        }
        if let (Some(year), week, day) = self.iso {
            let start = calendar::iso_year_start(year);
            return calendar::valid_date(start + (week.unwrap_or(1) - 1) * 7 + day.unwrap_or(1) - 1);
        }
        // Without a year, it is 1 BC.
        let year = match self.year {
            Some(year) if self.before_christ => 1 - year,
            Some(year) => year,
            None => 0,
        };
        match self.day_of_year {
            Some(day)
                if self.month.is_none() && (1..=365 + i64::from(calendar::is_leap(year))).contains(&day) =>
            {
                calendar::valid_date(calendar::days_from_civil(year, 1, 1) + day - 1)
            }
            Some(_) if self.month.is_none() => None,
            _ => calendar::date(year, self.month.unwrap_or(1), self.day.unwrap_or(1)),
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
    found: Found,
}

impl<'a> Reader<'a> {
    /// Skips as many characters as the literal has; separators match any separators, or none.
    fn skip(&mut self, literal: &str) {
        for wanted in literal.chars() {
            if wanted.is_ascii_alphanumeric() {
                let mut characters = self.rest.chars();
                characters.next();
                self.rest = characters.as_str();
            } else {
                let separator =
                    |character: char| !character.is_ascii_alphanumeric() && !matches!(character, '+' | '-');
                if self.rest.starts_with(separator) || self.rest.starts_with(wanted) {
                    let mut characters = self.rest.chars();
                    characters.next();
                    self.rest = characters.as_str();
                }
            }
        }
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    fn number(&mut self, word: &str, width: usize) -> Result<(i64, usize)> {
        self.rest = self.rest.trim_start();
        let signed = usize::from(self.rest.starts_with(['+', '-']));
        let digits = self.rest[signed..].bytes().take(width).take_while(u8::is_ascii_digit).count();
        let taken = self.take(signed + digits);
        match taken.parse() {
            Ok(number) => Ok((number, digits)),
            Err(_) => {
                let message = format!(
                    "invalid value \"{}\" for \"{word}\"",
                    taken.to_owned() + self.rest.split(' ').next().unwrap_or_default()
                );
                Err(Problem::new("22007", message).with_details("Value must be an integer."))
            }
        }
    }

    /// Reads one field; false when the text has ended.
    fn field(&mut self, field: Field, word: &str) -> Result<bool> {
        if self.rest.trim_start().is_empty() {
            return Ok(false);
        }
        match field {
            Field::Year(digits) => {
                let width = if digits == 4 { 6 } else { usize::from(digits) };
                let next_is_digit = self.rest.bytes().take_while(u8::is_ascii_digit).count() > 6;
                let (year, length) =
                    self.number(word, if next_is_digit { usize::from(digits) } else { width })?;
                self.found.year =
                    Some(if digits < 4 || length < 3 { adjust_year(year, length) } else { year });
            }
            Field::YearComma => {
                let (thousands, _) = self.number(word, 3)?;
                self.skip(",");
                self.found.year = Some(thousands * 1000 + self.number(word, 3)?.0);
            }
            Field::Month => self.found.month = Some(self.number(word, 2)?.0 as u32),
            Field::MonthName | Field::MonthShort => self.month_name(word)?,
            Field::Day => self.found.day = Some(self.number(word, 2)?.0 as u32),
            Field::DayOfYear => self.found.day_of_year = Some(self.number(word, 3)?.0),
            Field::IsoYear(_) => self.found.iso.0 = Some(self.number(word, 4)?.0),
            Field::IsoWeek => self.found.iso.1 = Some(self.number(word, 2)?.0),
            Field::IsoWeekDay => self.found.iso.2 = Some(self.number(word, 1)?.0),
            Field::Julian => self.found.julian = Some(self.number(word, 9)?.0),
            Field::Hour12 | Field::Hour24 => self.found.hour = self.number(word, 2)?.0,
            Field::Minute => self.found.minute = self.number(word, 2)?.0,
            Field::Second => self.found.second = self.number(word, 2)?.0,
            Field::SecondOfDay => self.found.second_of_day = Some(self.number(word, 5)?.0),
            Field::Millisecond => self.fraction(word, 3)?,
            Field::Microsecond => self.fraction(word, 6)?,
            Field::Fraction(digits) => self.fraction(word, usize::from(digits))?,
            Field::Meridiem => {
                let letters = self.word();
                self.found.afternoon = Some(letters.starts_with(['p', 'P']));
            }
            Field::Era => self.found.before_christ = self.word().starts_with(['b', 'B']),
            Field::ZoneHours => {
                let negative = self.rest.starts_with('-');
                let hours = self.number(word, 2)?.0.abs() as i32 * 3600;
                self.found.east = Some(if negative { -hours } else { hours });
            }
            Field::ZoneMinutes => {
                let minutes = self.number(word, 2)?.0 as i32 * 60;
                let hours = self.found.east.unwrap_or(0);
                self.found.east = Some(if hours < 0 { hours - minutes } else { hours + minutes });
            }
            Field::DayName | Field::DayShort => drop(self.word()),
            Field::Quarter | Field::WeekDay | Field::WeekOfMonth => drop(self.number(word, 1)?),
            Field::WeekOfYear | Field::Century => drop(self.number(word, 2)?),
            Field::ZoneName | Field::Offset | Field::MonthRoman | Field::IsoDayOfYear => {
                let message = format!("formatting field \"{word}\" is only supported in to_char");
                return Err(Problem::new("0A000", message));
            }
        }
        Ok(true)
    }

    fn word(&mut self) -> &'a str {
        self.rest = self.rest.trim_start();
        let length = self
            .rest
            .find(|character: char| !character.is_alphabetic() && character != '.')
            .unwrap_or(self.rest.len());
        self.take(length)
    }

    fn month_name(&mut self, word: &str) -> Result<()> {
        let name = self.word();
        let month = month_by_name(name).ok_or_else(|| {
            Problem::new(
                "22007",
                format!(
                    "invalid value \"{}\" for \"{word}\"",
                    if name.is_empty() { self.text } else { name }
                ),
            )
            .with_details("The given value did not match any of the allowed values for this field.")
        })?;
        self.found.month = Some(month);
        Ok(())
    }

    fn fraction(&mut self, word: &str, width: usize) -> Result<()> {
        let (number, digits) = self.number(word, width)?;
        self.found.micros = number * 10i64.pow(6u32.saturating_sub(digits as u32));
        Ok(())
    }
}

/// A year of fewer than four digits is the one nearest to 2020.
fn adjust_year(year: i64, digits: usize) -> i64 {
    match (digits, year) {
        (..=2, ..70) => year + 2000,
        (..=2, _) => year + 1900,
        (3, ..520) => year + 2000,
        (3, _) => year + 1000,
        _ => year,
    }
}
