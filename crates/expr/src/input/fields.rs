//! The parts of a date or time as people write it: read in any order, as PostgreSQL accepts them (month before day).

use crate::calendar::{DAY, HOUR, MINUTE, SECOND};
use crate::zone::{self, Zone};

/// What a text of a date or time says.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Fields {
    pub(super) date: Option<(i64, u32, u32)>,
    /// Microseconds since midnight; 24 hours is possible.
    pub(super) time: Option<i64>,
    pub(super) zone: Option<Zone>,
    pub(super) special: Option<Special>,
}

/// Words that stand for a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Special {
    Now,
    Today,
    Tomorrow,
    Yesterday,
    Epoch,
    Infinity,
    MinusInfinity,
}

/// Why a text is no date or time.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    Format,
    /// A field out of range.
    Field,
    /// A month or day out of range: perhaps they stand in another order.
    MonthOrDay,
    /// An offset out of range.
    Displacement,
    /// A name that could be a zone's but is not.
    Zone(String),
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

/// The number of a month by its English name or its first three letters.
pub(crate) fn month_by_name(word: &str) -> Option<u32> {
    let word = word.to_ascii_lowercase();
    let found = MONTHS.iter().position(|month| {
        *month == word || (month[..3] == word) || (word == "sept" && *month == "september")
    });
    found.map(|position| position as u32 + 1)
}

fn is_weekday(word: &str) -> bool {
    let short = ["tues", "wednes", "thur", "thurs"];
    WEEKDAYS.iter().any(|day| *day == word || day[..3] == *word) || short.contains(&word)
}

/// Reads all parts of a text; with `time_only`, bare digits are a time.
pub(super) fn read(text: &str, time_only: bool) -> Result<Fields, Flaw> {
    if let Some(fields) = iso_timestamp(text.as_bytes()) {
        return Ok(fields);
    }
    let mut reader = Reader { rest: text, time_only, ..Reader::default() };
    while reader.step()? {}
    reader.finish()
}

/// The form that programs write, `2024-01-02T03:04:05.678+01:00`, read without taking words apart; `None` for anything
/// else, or when a part of it is out of range.
fn iso_timestamp(text: &[u8]) -> Option<Fields> {
    let two = |at: usize| match text.get(at..at + 2)? {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => {
            Some(u32::from(tens - b'0') * 10 + u32::from(ones - b'0'))
        }
        _ => None,
    };
    let is = |at: usize, wanted: &[u8]| text.get(at).is_some_and(|byte| wanted.contains(byte));
    if !(is(4, b"-") && is(7, b"-") && is(10, b"T ") && is(13, b":") && is(16, b":")) {
        return None;
    }
    let (year, month, day) = (i64::from(two(0)? * 100 + two(2)?), two(5)?, two(8)?);
    let (hour, minute, second) = (two(11)?, two(14)?, two(17)?);
    let mut end = 19;
    let mut micros = 0;
    if is(end, b".") {
        let digits = text[end + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=6).contains(&digits) {
            return None;
        }
        let fraction =
            text[end + 1..end + 1 + digits].iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
        micros = fraction * 10i64.pow(6 - digits as u32);
        end += 1 + digits;
    }
    let zone = match &text[end..] {
        [] => None,
        b"Z" => Some(Zone::Utc),
        rest => {
            let minutes = match rest.len() {
                3 => 0,
                6 if is(end + 3, b":") => two(end + 4)?,
                _ => return None,
            };
            let hours = two(end + 1)?;
            let east = (hours < 16 && minutes < 60).then_some((hours * 60 + minutes) as i32 * 60)?;
            match rest[0] {
                b'+' => Some(Zone::fixed(east)),
                b'-' => Some(Zone::fixed(-east)),
                _ => return None,
            }
        }
    };
    if year == 0 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let micros = micros + i64::from(second) * SECOND;
    let time = time_of(i64::from(hour), i64::from(minute), micros).ok()?;
    Some(Fields { date: Some((year, month, day)), time: Some(time), zone, special: None })
}

#[derive(Default)]
struct Reader<'a> {
    rest: &'a str,
    fields: Fields,
    /// Parts of a date that stand alone: `8`, `Jan`, `1999`.
    month: Option<u32>,
    numbers: Vec<(i64, usize)>,
    afternoon: Option<bool>,
    before_christ: bool,
    /// A `T` before the time.
    time_follows: bool,
    /// Digits without separators are a time.
    time_only: bool,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    fn span(&self, accept: impl Fn(char) -> bool) -> usize {
        self.rest.find(|character| !accept(character)).unwrap_or(self.rest.len())
    }

    /// Reads one part; false at the end.
    fn step(&mut self) -> Result<bool, Flaw> {
        self.rest = self.rest.trim_start_matches(|character| super::is_space(character) || character == ',');
        let Some(first) = self.rest.chars().next() else { return Ok(false) };
        match first {
            '0'..='9' => self.number()?,
            '+' | '-' if self.fields.time.is_some() || self.fields.date.is_some() => self.offset()?,
            '-' if self.rest[1..].trim().eq_ignore_ascii_case("infinity") => {
                self.fields.special = Some(Special::MinusInfinity);
                self.rest = "";
            }
            first if first.is_ascii_alphabetic() => self.word()?,
            _ => return Err(Flaw::Format),
        }
        Ok(true)
    }

    fn number(&mut self) -> Result<(), Flaw> {
        let digits = self.span(|character| character.is_ascii_digit());
        let after = self.rest[digits..].chars().next();
        let next = self.rest[digits..].chars().nth(1);
        match (after, next) {
            (Some(':'), _) => self.time(),
            (Some('-' | '/' | '.'), Some(next)) if next.is_ascii_alphanumeric() && !self.time_follows => {
                self.date()
            }
            _ if self.time_follows
                || (self.fields.date.is_some() && self.fields.time.is_none() && digits >= 4) =>
            {
                self.time_without_colons(digits)
            }
            _ if self.time_only && matches!(digits, 4 | 6) && self.fields.time.is_none() => {
                self.time_without_colons(digits)
            }
            _ if digits == 8 && self.month.is_none() => {
                let text = self.take(8);
                let parts = (&text[..4], &text[4..6], &text[6..]);
                self.set_date(int(parts.0)?, int(parts.1)? as u32, int(parts.2)? as u32)
            }
            _ if digits == 6 && self.month.is_none() => {
                let text = self.take(6);
                let year = two_digit_year(int(&text[..2])?);
                self.set_date(year, int(&text[2..4])? as u32, int(&text[4..])? as u32)
            }
            _ if digits <= 7 => {
                let text = self.take(digits);
                self.numbers.push((int(text)?, digits));
                let ordinal = self.span(|character| character.is_ascii_alphabetic());
                if ["st", "nd", "rd", "th"].contains(&self.rest[..ordinal].to_ascii_lowercase().as_str()) {
                    self.take(ordinal);
                }
                Ok(())
            }
            _ => Err(Flaw::Format),
        }
    }

    /// Three parts with the same separator between them.
    fn date(&mut self) -> Result<(), Flaw> {
        let length =
            self.span(|character| character.is_ascii_alphanumeric() || matches!(character, '-' | '/' | '.'));
        let first = self.span(|character| character.is_ascii_digit());
        let separator = self.rest[first..].chars().next().ok_or(Flaw::Format)?;
        let group = &self.rest[..length];
        let mut parts = group.splitn(3, separator);
        let (one, two) = (parts.next().ok_or(Flaw::Format)?, parts.next().ok_or(Flaw::Format)?);
        let three = parts.next().ok_or(Flaw::Format)?;
        let digits = three.find(|character: char| !character.is_ascii_digit()).unwrap_or(three.len());
        let three = &three[..digits];
        if three.is_empty() {
            return Err(Flaw::Format);
        }
        self.take(one.len() + two.len() + three.len() + 2);
        if let Some(month) = month_by_name(two) {
            return if one.len() > 2 {
                self.set_date(int(one)?, month, int(three)? as u32)
            } else {
                self.set_date(year_of(three)?, month, int(one)? as u32)
            };
        }
        if one.len() > 2 {
            self.set_date(int(one)?, int(two)? as u32, int(three)? as u32)
        } else {
            self.set_date(year_of(three)?, int(one)? as u32, int(two)? as u32)
        }
    }

    fn set_date(&mut self, year: i64, month: u32, day: u32) -> Result<(), Flaw> {
        if self.fields.date.is_some() {
            return Err(Flaw::Format);
        }
        self.fields.date = Some((year, month, day));
        Ok(())
    }

    fn set_time(&mut self, time: i64) -> Result<(), Flaw> {
        if self.fields.time.is_some() {
            return Err(Flaw::Format);
        }
        self.time_follows = false;
        self.fields.time = Some(time);
        Ok(())
    }

    /// `h:m`, `h:m:s`, `h:m:s.f`
    fn time(&mut self) -> Result<(), Flaw> {
        let length = self.span(|character| character.is_ascii_digit() || matches!(character, ':' | '.'));
        let text = self.take(length);
        let mut parts = text.split(':');
        let hour = int(parts.next().unwrap_or_default())?;
        let minute = int(parts.next().unwrap_or_default())?;
        let seconds = parts.next().map_or(Ok(0), micros)?;
        if parts.next().is_some() {
            return Err(Flaw::Format);
        }
        self.set_time(time_of(hour, minute, seconds)?)
    }

    /// `hhmm`, `hhmmss`, `hhmmss.f`
    fn time_without_colons(&mut self, digits: usize) -> Result<(), Flaw> {
        let length = self.span(|character| character.is_ascii_digit() || character == '.');
        let text = self.take(length);
        let seconds = match digits {
            2 | 4 if length == digits => 0,
            6 => micros(&text[4..])?,
            _ => return Err(Flaw::Format),
        };
        let minute = if digits == 2 { 0 } else { int(&text[2..4])? };
        self.set_time(time_of(int(&text[..2])?, minute, seconds)?)
    }

    fn offset(&mut self) -> Result<(), Flaw> {
        let length = 1 + self.rest[1..]
            .find(|character: char| !character.is_ascii_digit() && character != ':')
            .unwrap_or(self.rest.len() - 1);
        let text = self.take(length);
        if text.len() < 2 || self.fields.zone.is_some() {
            return Err(Flaw::Format);
        }
        let east = zone::parse_offset(text).ok_or(Flaw::Displacement)?;
        self.fields.zone = Some(Zone::fixed(east));
        Ok(())
    }

    fn word(&mut self) -> Result<(), Flaw> {
        let letters = self.span(|character| character.is_ascii_alphabetic());
        let word = self.rest[..letters].to_ascii_lowercase();
        if word == "t" && (self.fields.date.is_some() || self.fields.time.is_none()) {
            self.take(1);
            self.time_follows = true;
            return Ok(());
        }
        if self.keyword(&word) {
            self.take(letters);
            // `Jan-08-1999`
            if self.month.is_some() && self.numbers.is_empty() {
                let separators: &[char] = &['-', '/', '.'];
                let group = self.rest.strip_prefix(separators).map(|rest| rest.split(separators));
                if let Some([day, year]) = group.map(Iterator::collect::<Vec<_>>).as_deref() {
                    let digits =
                        year.find(|character: char| !character.is_ascii_digit()).unwrap_or(year.len());
                    self.numbers = vec![(int(day)?, day.len()), (int(&year[..digits])?, digits)];
                    self.take(day.len() + digits + 2);
                }
            }
            return Ok(());
        }
        let length = self.span(|character| {
            character.is_ascii_alphanumeric() || matches!(character, '/' | '_' | '-' | '+')
        });
        let name = self.take(length);
        match Zone::in_text(name) {
            Some(zone) if self.fields.zone.is_none() => self.fields.zone = Some(zone),
            Some(_) => return Err(Flaw::Format),
            None if name.contains('/') => return Err(Flaw::Zone(name.to_ascii_lowercase())),
            None => return Err(Flaw::Format),
        }
        Ok(())
    }

    fn keyword(&mut self, word: &str) -> bool {
        if let Some(month) = month_by_name(word).filter(|_| self.month.is_none()) {
            self.month = Some(month);
            return true;
        }
        let special = match word {
            "now" => Some(Special::Now),
            "today" => Some(Special::Today),
            "tomorrow" => Some(Special::Tomorrow),
            "yesterday" => Some(Special::Yesterday),
            "epoch" => Some(Special::Epoch),
            "infinity" => Some(Special::Infinity),
            _ => None,
        };
        match word {
            "am" => self.afternoon = Some(false),
            "pm" => self.afternoon = Some(true),
            "bc" => self.before_christ = true,
            "ad" | "at" | "on" => {}
            "allballs" => self.fields.time = Some(0),
            _ if special.is_some() => self.fields.special = special,
            _ => return is_weekday(word),
        }
        true
    }

    fn finish(mut self) -> Result<Fields, Flaw> {
        self.settle_date()?;
        if self.time_follows {
            return Err(Flaw::Format);
        }
        if let Some(afternoon) = self.afternoon {
            let time = self.fields.time.ok_or(Flaw::Format)?;
            let hour = time / HOUR;
            if hour > 12 || time > 12 * HOUR + 59 * MINUTE + 60 * SECOND {
                return Err(Flaw::Field);
            }
            let noon = if hour == 12 { time - 12 * HOUR } else { time };
            self.fields.time = Some(if afternoon { noon + 12 * HOUR } else { noon });
        }
        if let Some((year, month, day)) = &mut self.fields.date {
            if self.before_christ {
                if *year <= 0 {
                    return Err(Flaw::Field);
                }
                *year = 1 - *year;
            } else if *year == 0 {
                return Err(Flaw::Field);
            }
            if !(1..=12).contains(month) || !(1..=31).contains(day) {
                return Err(Flaw::MonthOrDay);
            }
        } else if self.before_christ {
            return Err(Flaw::Format);
        }
        let nothing =
            self.fields.date.is_none() && self.fields.time.is_none() && self.fields.special.is_none();
        if nothing { Err(Flaw::Format) } else { Ok(self.fields) }
    }

    /// `Jan 8, 1999`, `8 Jan 1999`, `1999 Jan 8`
    fn settle_date(&mut self) -> Result<(), Flaw> {
        let Some(month) = self.month else {
            return if self.numbers.is_empty() { Ok(()) } else { Err(Flaw::Format) };
        };
        let [first, second] = self.numbers[..] else { return Err(Flaw::Format) };
        let (year, day) = if first.1 > 2 { (first, second) } else { (second, first) };
        let full = if year.1 > 2 { year.0 } else { two_digit_year(year.0) };
        self.set_date(full, month, day.0 as u32)
    }
}

fn int(text: &str) -> Result<i64, Flaw> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits {
        return Err(Flaw::Format);
    }
    if text.len() > 9 { Err(Flaw::Field) } else { text.parse().map_err(|_| Flaw::Field) }
}

fn year_of(text: &str) -> Result<i64, Flaw> {
    let year = int(text)?;
    Ok(if text.len() > 2 { year } else { two_digit_year(year) })
}

fn two_digit_year(year: i64) -> i64 {
    if year < 70 { year + 2000 } else { year + 1900 }
}

/// Seconds with a fraction, in microseconds, rounded.
pub(super) fn micros(text: &str) -> Result<i64, Flaw> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Flaw::Format);
    }
    let whole = if whole.is_empty() && !fraction.is_empty() { 0 } else { int(whole)? };
    let fraction = if fraction.is_empty() {
        0.0
    } else {
        format!("0.{fraction}").parse::<f64>().map_err(|_| Flaw::Format)?
    };
    Ok(whole * SECOND + (fraction * SECOND as f64).round_ties_even() as i64)
}

fn time_of(hour: i64, minute: i64, micros: i64) -> Result<i64, Flaw> {
    let time = hour * HOUR + minute * MINUTE + micros;
    if hour > 24 || minute > 59 || micros > 60 * SECOND || time > DAY { Err(Flaw::Field) } else { Ok(time) }
}
