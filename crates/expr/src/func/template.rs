//! The templates of `to_char`, `to_date` and `to_timestamp`: fields like `YYYY` among literal text.

/// A part of a template.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Piece {
    /// A field.
    Field {
        field: Field,
        /// As it was written, which decides the case of names.
        word: &'static str,
        /// `FM`: without padding.
        bare: bool,
        /// `TH`, `th`: with an ordinal's ending.
        ordinal: Option<bool>,
    },
    /// Text that stands for itself.
    Literal(String),
}

/// What a field stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// The year's last n digits; 4 for all.
    Year(u8),
    /// The year with a comma.
    YearComma,
    /// The ISO year's last n digits.
    IsoYear(u8),
    Month,
    MonthName,
    MonthShort,
    MonthRoman,
    Day,
    DayOfYear,
    IsoDayOfYear,
    WeekDay,
    IsoWeekDay,
    DayName,
    DayShort,
    WeekOfMonth,
    WeekOfYear,
    IsoWeek,
    Century,
    Julian,
    Quarter,
    Hour12,
    Hour24,
    Minute,
    Second,
    SecondOfDay,
    Millisecond,
    Microsecond,
    /// The first n digits of the fraction.
    Fraction(u8),
    Meridiem,
    Era,
    ZoneName,
    ZoneHours,
    ZoneMinutes,
    Offset,
}

/// The fields by how they are written, longer ones before their beginnings.
const FIELDS: &[(&str, Field)] = &[
    ("A.D.", Field::Era),
    ("a.d.", Field::Era),
    ("B.C.", Field::Era),
    ("b.c.", Field::Era),
    ("AD", Field::Era),
    ("ad", Field::Era),
    ("BC", Field::Era),
    ("bc", Field::Era),
    ("A.M.", Field::Meridiem),
    ("a.m.", Field::Meridiem),
    ("P.M.", Field::Meridiem),
    ("p.m.", Field::Meridiem),
    ("AM", Field::Meridiem),
    ("am", Field::Meridiem),
    ("PM", Field::Meridiem),
    ("pm", Field::Meridiem),
    ("CC", Field::Century),
    ("cc", Field::Century),
    ("DAY", Field::DayName),
    ("Day", Field::DayName),
    ("day", Field::DayName),
    ("DDD", Field::DayOfYear),
    ("ddd", Field::DayOfYear),
    ("DD", Field::Day),
    ("dd", Field::Day),
    ("DY", Field::DayShort),
    ("Dy", Field::DayShort),
    ("dy", Field::DayShort),
    ("D", Field::WeekDay),
    ("d", Field::WeekDay),
    ("FF1", Field::Fraction(1)),
    ("FF2", Field::Fraction(2)),
    ("FF3", Field::Fraction(3)),
    ("FF4", Field::Fraction(4)),
    ("FF5", Field::Fraction(5)),
    ("FF6", Field::Fraction(6)),
    ("HH24", Field::Hour24),
    ("hh24", Field::Hour24),
    ("HH12", Field::Hour12),
    ("hh12", Field::Hour12),
    ("HH", Field::Hour12),
    ("hh", Field::Hour12),
    ("IDDD", Field::IsoDayOfYear),
    ("iddd", Field::IsoDayOfYear),
    ("ID", Field::IsoWeekDay),
    ("id", Field::IsoWeekDay),
    ("IW", Field::IsoWeek),
    ("iw", Field::IsoWeek),
    ("IYYY", Field::IsoYear(4)),
    ("iyyy", Field::IsoYear(4)),
    ("IYY", Field::IsoYear(3)),
    ("iyy", Field::IsoYear(3)),
    ("IY", Field::IsoYear(2)),
    ("iy", Field::IsoYear(2)),
    ("I", Field::IsoYear(1)),
    ("i", Field::IsoYear(1)),
    ("J", Field::Julian),
    ("j", Field::Julian),
    ("MONTH", Field::MonthName),
    ("Month", Field::MonthName),
    ("month", Field::MonthName),
    ("MON", Field::MonthShort),
    ("Mon", Field::MonthShort),
    ("mon", Field::MonthShort),
    ("MI", Field::Minute),
    ("mi", Field::Minute),
    ("MM", Field::Month),
    ("mm", Field::Month),
    ("MS", Field::Millisecond),
    ("ms", Field::Millisecond),
    ("OF", Field::Offset),
    ("of", Field::Offset),
    ("Q", Field::Quarter),
    ("q", Field::Quarter),
    ("RM", Field::MonthRoman),
    ("rm", Field::MonthRoman),
    ("SSSSS", Field::SecondOfDay),
    ("sssss", Field::SecondOfDay),
    ("SSSS", Field::SecondOfDay),
    ("ssss", Field::SecondOfDay),
    ("SS", Field::Second),
    ("ss", Field::Second),
    ("TZH", Field::ZoneHours),
    ("tzh", Field::ZoneHours),
    ("TZM", Field::ZoneMinutes),
    ("tzm", Field::ZoneMinutes),
    ("TZ", Field::ZoneName),
    ("tz", Field::ZoneName),
    ("US", Field::Microsecond),
    ("us", Field::Microsecond),
    ("WW", Field::WeekOfYear),
    ("ww", Field::WeekOfYear),
    ("W", Field::WeekOfMonth),
    ("w", Field::WeekOfMonth),
    ("Y,YYY", Field::YearComma),
    ("y,yyy", Field::YearComma),
    ("YYYY", Field::Year(4)),
    ("yyyy", Field::Year(4)),
    ("YYY", Field::Year(3)),
    ("yyy", Field::Year(3)),
    ("YY", Field::Year(2)),
    ("yy", Field::Year(2)),
    ("Y", Field::Year(1)),
    ("y", Field::Year(1)),
];

/// Takes a template apart.
pub(super) fn read(template: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = template;
    let mut bare = false;
    while let Some(first) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("FM").or_else(|| rest.strip_prefix("fm")) {
            (rest, bare) = (after, true);
            continue;
        }
        if let Some(after) = ["FX", "fx", "TM", "tm"].iter().find_map(|prefix| rest.strip_prefix(prefix)) {
            rest = after;
            continue;
        }
        if let Some((word, field)) = FIELDS.iter().find(|(word, _)| rest.starts_with(word)) {
            rest = &rest[word.len()..];
            let ordinal = [("TH", true), ("th", false)]
                .iter()
                .find(|(ending, _)| rest.starts_with(ending))
                .map(|found| found.1);
            if ordinal.is_some() {
                rest = &rest[2..];
            }
            pieces.push(Piece::Field { field: *field, word, bare, ordinal });
            bare = false;
            continue;
        }
        match first {
            '"' => {
                let (text, after) = quoted(&rest[1..]);
                push_literal(&mut pieces, &text);
                rest = after;
            }
            '\\' if rest[1..].starts_with('"') => {
                push_literal(&mut pieces, "\"");
                rest = &rest[2..];
            }
            _ => {
                push_literal(&mut pieces, first.encode_utf8(&mut [0; 4]));
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    pieces
}

fn push_literal(pieces: &mut Vec<Piece>, text: &str) {
    match pieces.last_mut() {
        Some(Piece::Literal(literal)) => literal.push_str(text),
        _ => pieces.push(Piece::Literal(text.to_owned())),
    }
}

/// Text up to the next quote, and what follows it.
fn quoted(text: &str) -> (String, &str) {
    let mut out = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (out, &text[at + 1..]),
            '\\' => out.extend(characters.next().map(|(_, escaped)| escaped)),
            _ => out.push(character),
        }
    }
    (out, "")
}
