//! `to_char` of numbers: pictures like `FM999,990.00`.

use bigdecimal::BigDecimal;
use bigdecimal::num_traits::{Signed, Zero};
use mainstay_base::{Problem, Result};

use crate::cast::to_numeric;
use crate::{Numeric, Value, numeric};

/// One place of a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    /// `9`: a digit, a blank when it leads.
    Nine,
    /// `0`: a digit.
    Zero,
    Comma,
    Point,
    Literal(char),
    /// `S`, `MI`, `PL`, `SG` where they stand.
    Sign(SignStyle),
    Currency,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum SignStyle {
    /// `S`: `+` or `-`
    Anchored,
    /// `MI`: `-` or a blank
    Minus,
    /// `PL`: `+` or a blank
    Plus,
    /// `SG`: `+` or `-`
    Both,
}

#[derive(Default)]
struct Picture {
    places: Vec<Place>,
    /// `FM`: nothing but what is needed.
    bare: bool,
    /// `PR`: negative numbers in angle brackets.
    brackets: bool,
    /// `TH`, `th`
    ordinal: Option<bool>,
}

pub(super) fn to_char(value: &Value, template: &str) -> Result<String> {
    let picture = read(template)?;
    let Some(Numeric::Finite(number)) = to_numeric(value) else {
        let width =
            picture.places.iter().filter(|place| matches!(place, Place::Nine | Place::Zero)).count() + 1;
        return Ok("#".repeat(width));
    };
    Ok(picture.show(&number))
}

fn read(template: &str) -> Result<Picture> {
    let mut picture = Picture::default();
    let mut rest = template;
    while let Some(first) = rest.chars().next() {
        if picture.brackets && matches!(first, '9' | '0') {
            return Err(Problem::new("42601", format!("\"{first}\" must be ahead of \"PR\"")));
        }
        let upper = rest.get(..2).map(str::to_ascii_uppercase).unwrap_or_default();
        let (place, length) = match upper.as_str() {
            "FM" => {
                picture.bare = true;
                (None, 2)
            }
            "PR" => {
                picture.brackets = true;
                (None, 2)
            }
            "TH" => {
                picture.ordinal = Some(rest.starts_with('T'));
                (None, 2)
            }
            "MI" => (Some(Place::Sign(SignStyle::Minus)), 2),
            "PL" => (Some(Place::Sign(SignStyle::Plus)), 2),
            "SG" => (Some(Place::Sign(SignStyle::Both)), 2),
            "RN" | "EE" => {
                let message = "the patterns RN and EEEE of to_char are not supported";
                return Err(Problem::new("0A000", message));
            }
            _ => (Some(single(first)), first.len_utf8()),
        };
        if first == '"' {
            let inner: String = rest[1..].chars().take_while(|character| *character != '"').collect();
            picture.places.extend(inner.chars().map(Place::Literal));
            rest = rest.get(inner.len() + 2..).unwrap_or_default();
            continue;
        }
        picture.places.extend(place);
        rest = &rest[length..];
    }
    Ok(picture)
}

fn single(character: char) -> Place {
    match character {
        '9' => Place::Nine,
        '0' => Place::Zero,
        ',' | 'G' | 'g' => Place::Comma,
        '.' | 'D' | 'd' => Place::Point,
        'S' | 's' => Place::Sign(SignStyle::Anchored),
        'L' | 'l' => Place::Currency,
        other => Place::Literal(other),
    }
}

impl Picture {
    fn show(&self, number: &BigDecimal) -> String {
        let is_digit = |place: &&Place| matches!(place, Place::Nine | Place::Zero);
        let point = self.places.iter().position(|place| *place == Place::Point).unwrap_or(self.places.len());
        let before = self.places[..point].iter().filter(is_digit).count();
        let after = self.places[point..].iter().filter(is_digit).count();
        let mut digits = Vec::new();
        let rounded = numeric::round(number, after as i64);
        numeric::write(&rounded.abs(), &mut digits);
        let text = String::from_utf8_lossy(&digits).into_owned();
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        // A picture of whole numbers shows a zero, one with a point does not.
        let vanishes = whole == "0" && (point < self.places.len() || before == 0);
        let whole = if vanishes { "" } else { whole };
        let negative = number.is_negative() && !rounded.is_zero();
        if whole.len() > before {
            return self.finish(self.overflow(), negative);
        }
        let body = self.fill(whole, fraction, before, point, negative);
        self.finish(body, negative)
    }

    fn overflow(&self) -> String {
        let shown = self.places.iter().filter_map(|place| match place {
            Place::Nine | Place::Zero => Some('#'),
            Place::Point => Some('.'),
            Place::Comma => Some(','),
            Place::Literal(character) => Some(*character),
            Place::Sign(_) => Some(' '),
            Place::Currency => None,
        });
        shown.collect()
    }

    /// The picture with its digits; the places before the first digit are blanks, or missing when bare.
    fn fill(&self, whole: &str, fraction: &str, before: usize, point: usize, negative: bool) -> String {
        let first_zero = self.places[..point]
            .iter()
            .filter(|place| matches!(place, Place::Nine | Place::Zero))
            .position(|place| *place == Place::Zero);
        let shown = whole.len().max(first_zero.map_or(0, |zero| before - zero));
        let decimals = self.places[point..].iter().filter(|place| matches!(place, Place::Nine | Place::Zero));
        let last_zero =
            decimals.enumerate().filter(|(_, place)| **place == Place::Zero).map(|(at, _)| at).last();
        let kept = fraction.trim_end_matches('0').len().max(last_zero.map_or(0, |zero| zero + 1));
        let (mut out, mut position, mut decimal, mut started) = (String::new(), 0, 0, false);
        let mut digits = std::iter::repeat_n('0', shown.saturating_sub(whole.len())).chain(whole.chars());
        for (at, place) in self.places.iter().enumerate() {
            match place {
                Place::Nine | Place::Zero if at < point => {
                    position += 1;
                    if before - position < shown {
                        started = true;
                        out.extend(digits.next());
                    } else if !self.bare {
                        out.push(' ');
                    }
                }
                Place::Nine | Place::Zero => {
                    if !self.bare || decimal < kept {
                        out.extend(fraction.chars().nth(decimal));
                    }
                    decimal += 1;
                }
                Place::Comma if started => out.push(','),
                Place::Comma if !self.bare => out.push(' '),
                Place::Comma => {}
                Place::Point => {
                    // Without padding, nothing at all would be left of a zero.
                    if self.bare && shown == 0 && before > 0 && kept == 0 {
                        out.push('0');
                    }
                    out.push('.');
                }
                Place::Literal(character) => out.push(*character),
                Place::Sign(style) => out.extend(sign(*style, negative, self.bare)),
                Place::Currency if self.bare => {}
                Place::Currency => out.push(' '),
            }
        }
        out
    }

    /// The sign in front, where no place is set for it.
    fn finish(&self, body: String, negative: bool) -> String {
        let placed =
            self.places.iter().any(|place| matches!(place, Place::Sign(style) if *style != SignStyle::Plus));
        let ordinal = match (self.ordinal, negative) {
            (Some(upper), false) => super::to_char::ending(body.trim_end(), upper),
            _ => "",
        };
        if placed {
            return self.anchor(body, negative) + ordinal;
        }
        if self.brackets {
            let inner = body.trim_start();
            let blanks = " ".repeat(body.len() - inner.len());
            return match (negative, self.bare) {
                (true, _) => format!("{blanks}<{inner}>"),
                (false, true) => body,
                (false, false) => format!("{blanks} {inner} "),
            };
        }
        let literals = self.places.iter().take_while(|place| matches!(place, Place::Literal(_))).count();
        let at = body.char_indices().nth(literals).map_or(body.len(), |(at, _)| at);
        let (literals, body) = body.split_at(at);
        let inner = body.trim_start();
        let blanks = &body[..body.len() - inner.len()];
        let sign = match (negative, self.bare) {
            (true, _) => "-",
            (false, true) => "",
            (false, false) => " ",
        };
        format!("{literals}{blanks}{sign}{inner}{ordinal}")
    }

    /// Moves a leading `S`'s sign to the first digit.
    fn anchor(&self, body: String, negative: bool) -> String {
        if self.places.first() != Some(&Place::Sign(SignStyle::Anchored)) {
            return body;
        }
        let rest = &body[1..];
        let inner = rest.trim_start();
        let blanks = &rest[..rest.len() - inner.len()];
        format!("{blanks}{}{inner}", if negative { '-' } else { '+' })
    }
}

fn sign(style: SignStyle, negative: bool, bare: bool) -> Option<char> {
    match (style, negative) {
        (SignStyle::Anchored | SignStyle::Both | SignStyle::Minus, true) => Some('-'),
        (SignStyle::Anchored | SignStyle::Both | SignStyle::Plus, false) => Some('+'),
        _ => (!bare).then_some(' '),
    }
}
