//! Time zones: fixed offsets and the named zones of the IANA database.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone, TimeZoneDatabase};
use mainstay_base::Problem;
use std::sync::LazyLock;

use crate::calendar::{self, SECOND};

static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A time zone. Offsets are seconds east of Greenwich.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Zone {
    /// UTC
    #[default]
    Utc,
    /// The same offset at all times.
    Fixed(i32),
    /// A zone with a history.
    Named(TimeZone),
}

/// Abbreviations that PostgreSQL reads by default, those in common use, with their offsets in minutes.
const ABBREVIATIONS: &[(&str, i32)] = &[
    ("ACST", 570),
    ("AEDT", 660),
    ("AEST", 600),
    ("AKDT", -480),
    ("AKST", -540),
    ("AST", -240),
    ("AWST", 480),
    ("BRT", -180),
    ("BST", 60),
    ("CDT", -300),
    ("CEST", 120),
    ("CET", 60),
    ("CST", -360),
    ("EDT", -240),
    ("EEST", 180),
    ("EET", 120),
    ("EST", -300),
    ("GMT", 0),
    ("HKT", 480),
    ("HST", -600),
    ("IST", 120),
    ("JST", 540),
    ("KST", 540),
    ("MDT", -360),
    ("MSK", 180),
    ("MST", -420),
    ("NZDT", 780),
    ("NZST", 720),
    ("PDT", -420),
    ("PST", -480),
    ("SGT", 480),
    ("UCT", 0),
    ("UT", 0),
    ("UTC", 0),
    ("WET", 0),
    ("WEST", 60),
    ("Z", 0),
    ("ZULU", 0),
];

impl Zone {
    /// The zone of a setting (`SET timezone`, the `timezone` preference): a name, or hours east (`+5:30`, `-3`).
    pub fn setting(name: &str) -> Result<Self, Problem> {
        let name = name.trim();
        let signed = name.strip_prefix(['+', '-']).unwrap_or(name);
        if signed.starts_with(|first: char| first.is_ascii_digit()) {
            return parse_offset(name).map(Self::fixed).ok_or_else(|| invalid_setting(name));
        }
        Self::lookup(name).ok_or_else(|| invalid_setting(name))
    }

    /// The zone of `AT TIME ZONE name`. An offset there is POSIX's: hours west.
    pub fn named(name: &str) -> Result<Self, Problem> {
        let unknown = || Problem::new("22023", format!("time zone \"{name}\" not recognized"));
        if name.starts_with(['+', '-']) || name.starts_with(|first: char| first.is_ascii_digit()) {
            return parse_offset(name).map(|east| Self::fixed(-east)).ok_or_else(unknown);
        }
        Self::abbreviation(name).or_else(|| Self::lookup(name)).ok_or_else(unknown)
    }

    /// The zone of a timestamp's text: an abbreviation or a name.
    pub(crate) fn in_text(name: &str) -> Option<Self> {
        Self::abbreviation(name).or_else(|| Self::lookup(name))
    }

    /// The zone with this offset, in seconds east.
    pub fn fixed(east: i32) -> Self {
        if east == 0 { Self::Utc } else { Self::Fixed(east) }
    }

    fn abbreviation(name: &str) -> Option<Self> {
        let found = ABBREVIATIONS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(Self::fixed(found.1 * 60))
    }

    fn lookup(name: &str) -> Option<Self> {
        if ["utc", "etc/utc", "gmt", "z", "zulu", "uct"].iter().any(|utc| utc.eq_ignore_ascii_case(name)) {
            return Some(Self::Utc);
        }
        let zone = DATABASE.get(name).ok()?;
        Some(match zone.to_fixed_offset() {
            Ok(offset) => Self::fixed(offset.seconds()),
            Err(_) => Self::Named(zone),
        })
    }

    /// The offset at a moment (microseconds since 1970 UTC), in seconds east.
    pub fn offset_at(&self, utc: i64) -> i32 {
        match self {
            Self::Utc => 0,
            Self::Fixed(east) => *east,
            Self::Named(zone) => {
                let second = utc.div_euclid(SECOND);
                let moment = Timestamp::from_second(second).unwrap_or(if second < 0 {
                    Timestamp::MIN
                } else {
                    Timestamp::MAX
                });
                zone.to_offset(moment).seconds()
            }
        }
    }

    /// The zone's abbreviation at about a time of its clock (`CET`), or the offset where it has none.
    pub(crate) fn abbreviation_at(&self, local: i64, east: i32) -> String {
        let second = local.div_euclid(SECOND) - i64::from(east);
        match (self, Timestamp::from_second(second)) {
            (Self::Utc, _) => "UTC".to_owned(),
            (Self::Named(zone), Ok(moment)) => zone.to_offset_info(moment).abbreviation().to_owned(),
            _ => {
                let sign = if east < 0 { '-' } else { '+' };
                format!("{sign}{:02}", east.abs() / 3600)
            }
        }
    }

    /// The zone's clock at a moment: microseconds since 1970-01-01 00:00 there.
    pub fn local(&self, utc: i64) -> i64 {
        if calendar::is_infinite(utc) { utc } else { utc + i64::from(self.offset_at(utc)) * SECOND }
    }

    /// The moment at which the zone's clock shows a time. A time that the clock skips counts from before the gap; of
    /// two moments with the same time the later is meant.
    pub fn moment(&self, local: i64) -> i64 {
        if calendar::is_infinite(local) {
            return local;
        }
        let east = match self {
            Self::Utc => 0,
            Self::Fixed(east) => *east,
            Self::Named(zone) => ambiguous_offset(zone, local).seconds(),
        };
        local - i64::from(east) * SECOND
    }
}

fn ambiguous_offset(zone: &TimeZone, local: i64) -> Offset {
    let (days, time) = calendar::split(local);
    let date = calendar::civil_from_days(days);
    let time = calendar::clock(time);
    // The database's rules end in 9999; farther years are taken as the nearest it knows.
    let year = date.year.clamp(-9998, 9998) as i16;
    let day = date.day.min(calendar::days_in_month(i64::from(year), date.month)) as i8;
    let civil = Date::new(year, date.month as i8, day)
        .map(|civil| civil.at(time.hour as i8, time.minute as i8, time.second as i8, 0))
        .unwrap_or(DateTime::MIN);
    match zone.to_ambiguous_timestamp(civil).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset,
        AmbiguousOffset::Gap { before, .. } => before,
        AmbiguousOffset::Fold { after, .. } => after,
    }
}

fn invalid_setting(name: &str) -> Problem {
    Problem::new("22023", format!("invalid value for parameter \"TimeZone\": \"{name}\""))
}

/// `+2`, `-0330`, `+05:30`, `+05:30:15`: seconds, positive for `+`. At most 15:59:59.
pub(crate) fn parse_offset(text: &str) -> Option<i32> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    let parts: Vec<&str> = digits.split(':').collect();
    let (hours, minutes, seconds) = match parts.as_slice() {
        [hours] if hours.len() <= 2 => (*hours, "0", "0"),
        [joined] if joined.len() <= 4 && joined.is_ascii() => {
            (&joined[..joined.len() - 2], &joined[joined.len() - 2..], "0")
        }
        [hours, minutes] => (*hours, *minutes, "0"),
        [hours, minutes, seconds] => (*hours, *minutes, *seconds),
        _ => return None,
    };
    let number = |text: &str| {
        let digits = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        if digits { text.parse::<i32>().ok() } else { None }
    };
    let (hours, minutes, seconds) = (number(hours)?, number(minutes)?, number(seconds)?);
    (hours < 16 && minutes < 60 && seconds < 60).then_some(sign * (hours * 3600 + minutes * 60 + seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::{DAY, HOUR, days_from_civil};

    #[test]
    fn names_and_offsets_are_understood() {
        assert_eq!(Zone::setting("Europe/Berlin").map(|zone| zone.offset_at(0)), Ok(3600));
        assert_eq!(Zone::setting("+05:30"), Ok(Zone::Fixed(19_800)));
        assert_eq!(Zone::named("+02"), Ok(Zone::Fixed(-7_200)));
        assert_eq!(Zone::named("est"), Ok(Zone::Fixed(-18_000)));
        assert_eq!(Zone::setting("utc"), Ok(Zone::Utc));
        assert_eq!(Zone::named("Mars/Base").unwrap_err().message(), "time zone \"Mars/Base\" not recognized");
    }

    #[test]
    fn skipped_and_repeated_hours_follow_postgresql() {
        let zone = Zone::setting("America/New_York").unwrap();
        let at = |month, day, hour| days_from_civil(2024, month, day) * DAY + hour * HOUR + HOUR / 2;
        assert_eq!(zone.moment(at(3, 10, 2)), at(3, 10, 7), "skipped: counted from standard time");
        assert_eq!(zone.moment(at(11, 3, 1)), at(11, 3, 6), "repeated: the second one");
        assert_eq!(zone.local(at(7, 1, 12)), at(7, 1, 8));
    }
}
