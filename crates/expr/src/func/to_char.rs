//! `to_char` of dates and times.

use mainstay_base::Result;

use super::Call;
use super::template::{self, Field, Piece};
use crate::calendar::{self, Civil, Clock, HOUR};
use crate::{Interval, Value, Zone};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const ROMAN: [&str; 12] = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"];

pub(super) fn compute(call: &Call<'_>) -> Result<Value> {
    let template = call.text(1)?;
    let zone = &call.env.time.zone;
    let moment = match call.value(0) {
        Value::Timestamp(local) | Value::Timestamptz(local) if calendar::is_infinite(*local) => {
            return Ok(Value::Null);
        }
        Value::Timestamp(local) => Moment::of_local(*local, None),
        Value::Timestamptz(moment) => {
            Moment::of_local(zone.local(*moment), Some((zone, zone.offset_at(*moment))))
        }
        Value::Interval(interval) => Moment::of_interval(interval),
        number => return super::number_format::to_char(number, template).map(Value::Text),
    };
    if template.is_empty() {
        return Ok(Value::Null);
    }
    let mut out = String::new();
    for piece in template::read(template) {
        match piece {
            Piece::Literal(text) => out.push_str(&text),
            Piece::Field { field, word, bare, ordinal } => {
                let text = moment.show(field, word, bare);
                out.push_str(&text);
                if let Some(upper) = ordinal {
                    out.push_str(ending(&text, upper));
                }
            }
        }
    }
    Ok(Value::Text(out))
}

/// A point in time as a clock and a calendar on the wall show it.
struct Moment<'a> {
    date: Civil,
    days: i64,
    hours: i64,
    clock: Clock,
    zone: Option<(&'a Zone, i32)>,
}

impl<'a> Moment<'a> {
    fn of_local(local: i64, zone: Option<(&'a Zone, i32)>) -> Self {
        let (days, time) = calendar::split(local);
        let clock = calendar::clock(time);
        Self { date: calendar::civil_from_days(days), days, hours: i64::from(clock.hour), clock, zone }
    }

    fn of_interval(interval: &Interval) -> Self {
        let date = Civil {
            year: i64::from(interval.months / 12),
            month: (interval.months % 12).unsigned_abs(),
            day: interval.days.unsigned_abs(),
        };
        let time = interval.micros.unsigned_abs() as i64;
        Self { date, days: 0, hours: interval.micros / HOUR, clock: calendar::clock(time), zone: None }
    }

    fn shown_year(&self) -> i64 {
        if self.date.year <= 0 && self.days != 0 { 1 - self.date.year } else { self.date.year }
    }

    fn show(&self, field: Field, word: &str, bare: bool) -> String {
        let padded = |number: i64, width: usize| {
            let width = if bare { 0 } else { width };
            if number < 0 { format!("-{:0width$}", -number) } else { format!("{number:0width$}") }
        };
        let name = |name: &str, width: usize| {
            let name = in_case_of(word, name);
            if bare { name } else { format!("{name:width$}") }
        };
        let weekday = calendar::weekday(self.days);
        let (iso_year, iso_week) = calendar::iso_week(self.days);
        let month = self.date.month;
        let month_name = MONTHS[(month.max(1) as usize - 1).min(11)];
        let day_of_year =
            i64::from(if self.days == 0 && month == 0 { 0 } else { calendar::day_of_year(self.date) });
        let hour12 = if self.hours % 12 == 0 { 12 } else { self.hours % 12 };
        match field {
            Field::Year(4) => padded(self.shown_year(), 4),
            Field::Year(digits) => {
                padded(self.shown_year() % 10i64.pow(u32::from(digits)), usize::from(digits))
            }
            Field::YearComma => format!("{},{:03}", self.shown_year() / 1000, self.shown_year() % 1000),
            Field::IsoYear(4) => padded(iso_year, 4),
            Field::IsoYear(digits) => padded(iso_year % 10i64.pow(u32::from(digits)), usize::from(digits)),
            Field::Month => padded(i64::from(month), 2),
            Field::MonthName => name(month_name, 9),
            Field::MonthShort => in_case_of(word, &month_name[..3]),
            Field::MonthRoman => name(ROMAN[(month.max(1) as usize - 1).min(11)], 4),
            Field::Day => padded(i64::from(self.date.day), 2),
            Field::DayOfYear => padded(day_of_year, 3),
            Field::IsoDayOfYear => padded(self.days - calendar::iso_year_start(iso_year) + 1, 3),
            Field::WeekDay => (weekday + 1).to_string(),
            Field::IsoWeekDay => ((weekday + 6) % 7 + 1).to_string(),
            Field::DayName => name(WEEKDAYS[weekday as usize], 9),
            Field::DayShort => in_case_of(word, &WEEKDAYS[weekday as usize][..3]),
            Field::WeekOfMonth => ((self.date.day.max(1) - 1) / 7 + 1).to_string(),
            Field::WeekOfYear => padded((day_of_year.max(1) - 1) / 7 + 1, 2),
            Field::IsoWeek => padded(i64::from(iso_week), 2),
            Field::Century => {
                let year = self.date.year;
                padded(if year > 0 { (year - 1) / 100 + 1 } else { (year - 100) / 100 }, 2)
            }
            Field::Julian => (self.days + 2_440_588).to_string(),
            Field::Quarter => ((month.max(1) - 1) / 3 + 1).to_string(),
            Field::Hour12 => padded(hour12, 2),
            Field::Hour24 => padded(self.hours, 2),
            Field::Minute => padded(i64::from(self.clock.minute), 2),
            Field::Second => padded(i64::from(self.clock.second), 2),
            Field::SecondOfDay => {
                (self.hours * 3600 + i64::from(self.clock.minute) * 60 + i64::from(self.clock.second))
                    .to_string()
            }
            Field::Millisecond => padded(i64::from(self.clock.micros / 1000), 3),
            Field::Microsecond => padded(i64::from(self.clock.micros), 6),
            Field::Fraction(digits) => {
                let digits = u32::from(digits);
                padded(i64::from(self.clock.micros / 10u32.pow(6 - digits)), digits as usize)
            }
            Field::Meridiem => {
                let dotted = word.contains('.');
                let text = if self.hours.rem_euclid(24) < 12 { ["am", "a.m."] } else { ["pm", "p.m."] };
                in_case_of(word, text[usize::from(dotted)])
            }
            Field::Era => {
                let dotted = word.contains('.');
                let text = if self.date.year <= 0 { ["bc", "b.c."] } else { ["ad", "a.d."] };
                in_case_of(word, text[usize::from(dotted)])
            }
            Field::ZoneName | Field::ZoneHours | Field::ZoneMinutes | Field::Offset => {
                self.show_zone(field, word)
            }
        }
    }

    fn show_zone(&self, field: Field, word: &str) -> String {
        let Some((zone, east)) = self.zone else {
            return match field {
                Field::ZoneName => "",
                Field::ZoneMinutes => "00",
                _ => "+00",
            }
            .to_owned();
        };
        let sign = if east < 0 { '-' } else { '+' };
        let (hours, minutes) = (east.abs() / 3600, east.abs() / 60 % 60);
        match field {
            Field::ZoneHours => format!("{sign}{hours:02}"),
            Field::ZoneMinutes => format!("{minutes:02}"),
            Field::Offset if minutes != 0 => format!("{sign}{hours:02}:{minutes:02}"),
            Field::Offset => format!("{sign}{hours:02}"),
            _ => in_case_of(word, &zone.abbreviation_at(self.days * calendar::DAY + self.hours * HOUR, east)),
        }
    }
}

/// `MONTH`, `Month`, `month`: the case that the field was written in.
fn in_case_of(word: &str, name: &str) -> String {
    let mut letters = word.chars().filter(char::is_ascii_alphabetic);
    match (letters.next(), letters.next()) {
        (Some(first), _) if first.is_lowercase() => name.to_lowercase(),
        (Some(_), Some(second)) if second.is_lowercase() => name.to_owned(),
        _ => name.to_uppercase(),
    }
}

/// The ending of an ordinal number.
pub(super) fn ending(number: &str, upper: bool) -> &'static str {
    let digits = number.as_bytes();
    let teen = digits.len() > 1 && digits[digits.len() - 2] == b'1';
    match (digits.last(), teen, upper) {
        (Some(b'1'), false, true) => "ST",
        (Some(b'1'), false, false) => "st",
        (Some(b'2'), false, true) => "ND",
        (Some(b'2'), false, false) => "nd",
        (Some(b'3'), false, true) => "RD",
        (Some(b'3'), false, false) => "rd",
        (_, _, true) => "TH",
        (_, _, false) => "th",
    }
}
