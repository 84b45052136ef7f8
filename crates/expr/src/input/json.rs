//! JSON texts: checked for `json`, read into canonical form for `jsonb`.

use std::borrow::Cow;

use bigdecimal::BigDecimal;
use mainstay_base::{Problem, Result};

use crate::Jsonb;
use crate::numeric::{self, Parsed};

/// How deep a document may nest: as deep as SQLite reads it, and not so deep that who walks through it runs out of stack.
const MAX_DEPTH: usize = 1_000;

/// 22P02 without details.
pub(crate) fn malformed() -> Problem {
    Problem::new("22P02", "invalid input syntax for type json")
}

/// 22P05: `\u0000`, which text cannot hold.
pub(crate) fn untranslatable() -> Problem {
    Problem::new("22P05", "unsupported Unicode escape sequence")
        .with_details("\\u0000 cannot be converted to text.")
}

/// Whether a text is one JSON value.
pub(super) fn validate(text: &str) -> Result<()> {
    let mut reader = Reader { text, position: 0, decode: false };
    reader.document().map(|_| ())
}

/// The document that a text spells.
pub(crate) fn parse_jsonb(text: &str) -> Result<Jsonb> {
    Reader { text, position: 0, decode: true }.document()
}

/// Brings an object's members into jsonb's order: by length of the key, then by its bytes; of equal keys the last stays.
pub(crate) fn canonical(mut members: Vec<(String, Jsonb)>) -> Jsonb {
    members.reverse();
    members.sort_by(|left, right| key_order(&left.0, &right.0));
    members.dedup_by(|later, kept| later.0 == kept.0);
    Jsonb::Object(members)
}

pub(crate) fn key_order(left: &str, right: &str) -> std::cmp::Ordering {
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

/// Reads a document; without `decode`, only checks it and yields nulls.
struct Reader<'a> {
    text: &'a str,
    position: usize,
    decode: bool,
}

impl<'a> Reader<'a> {
    fn document(&mut self) -> Result<Jsonb> {
        let value = self.value(0)?;
        self.blanks();
        if self.position < self.text.len() {
            let token = self.token();
            return Err(self.flaw(format!("Expected end of input, but found \"{token}\".")));
        }
        Ok(value)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.position).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.position += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Result<Jsonb> {
        if depth > MAX_DEPTH {
            return Err(Problem::new("54001", "stack depth limit exceeded"));
        }
        self.blanks();
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => {
                let text = self.string()?;
                Ok(if self.decode { Jsonb::String(text.into_owned()) } else { Jsonb::Null })
            }
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b',' | b':' | b']' | b'}') => Err(self.expected("JSON value")),
            _ => self.word(),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Jsonb> {
        self.position += 1;
        let mut members = Vec::new();
        self.blanks();
        if self.peek() == Some(b'}') {
            self.position += 1;
            return Ok(Jsonb::Object(members));
        }
        loop {
            self.blanks();
            if self.peek() != Some(b'"') {
                let wanted = if members.is_empty() && !self.text[..self.position].trim_end().ends_with(',') {
                    "string or \"}\""
                } else {
                    "string"
                };
                return Err(self.expected(wanted));
            }
            let key = self.string()?;
            self.blanks();
            if self.peek() != Some(b':') {
                return Err(self.expected("\":\""));
            }
            self.position += 1;
            let value = self.value(depth + 1)?;
            if self.decode {
                members.push((key.into_owned(), value));
            }
            self.blanks();
            match self.peek() {
                Some(b',') => self.position += 1,
                Some(b'}') => {
                    self.position += 1;
                    return Ok(canonical(members));
                }
                _ => return Err(self.expected("\",\" or \"}\"")),
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Jsonb> {
        self.position += 1;
        let mut elements = Vec::new();
        self.blanks();
        if self.peek() == Some(b']') {
            self.position += 1;
            return Ok(Jsonb::Array(elements));
        }
        loop {
            let element = self.value(depth + 1)?;
            if self.decode {
                elements.push(element);
            }
            self.blanks();
            match self.peek() {
                Some(b',') => self.position += 1,
                Some(b']') => {
                    self.position += 1;
                    return Ok(Jsonb::Array(elements));
                }
                _ => return Err(self.expected("\",\" or \"]\"")),
            }
        }
    }

    fn word(&mut self) -> Result<Jsonb> {
        let token = self.token();
        let value = match token {
            "true" => Jsonb::Bool(true),
            "false" => Jsonb::Bool(false),
            "null" => Jsonb::Null,
            "" => return Err(self.flaw("The input string ended unexpectedly.".to_owned())),
            _ => return Err(self.flaw(format!("Token \"{token}\" is invalid."))),
        };
        self.position += token.len();
        Ok(value)
    }

    fn number(&mut self) -> Result<Jsonb> {
        let token = self.token();
        if !is_number(token) {
            return Err(self.flaw(format!("Token \"{token}\" is invalid.")));
        }
        self.position += token.len();
        if !self.decode {
            return Ok(Jsonb::Null);
        }
        match numeric::parse(token) {
            Parsed::Number(number) => Ok(Jsonb::Number(number)),
            Parsed::TooLarge | Parsed::Malformed => {
                Err(Problem::new("22003", "value overflows numeric format"))
            }
        }
    }

    /// A string, its quotes included in the text; escapes are checked and, when decoding, replaced.
    fn string(&mut self) -> Result<Cow<'a, str>> {
        let start = self.position + 1;
        let bytes = self.text.as_bytes();
        let mut end = start;
        let mut escaped = false;
        loop {
            match bytes.get(end) {
                None => {
                    let token = &self.text[self.position..];
                    return Err(self.flaw(format!("Token \"{token}\" is invalid.")));
                }
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    end = self.check_escape(end)?;
                }
                Some(0..0x20) => {
                    let code = bytes[end];
                    return Err(self.flaw(format!("Character with value 0x{code:02x} must be escaped.")));
                }
                Some(_) => end += 1,
            }
        }
        self.position = end + 1;
        if !escaped || !self.decode {
            return Ok(Cow::Borrowed(&self.text[start..end]));
        }
        super::unquote(&self.text[start - 1..=end]).map(|text| Cow::Owned(text.into_owned()))
    }

    /// Checks the escape at `at` and says where it ends.
    fn check_escape(&self, at: usize) -> Result<usize> {
        let bytes = self.text.as_bytes();
        match bytes.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
            Some(b'u') => {
                let digits =
                    bytes.get(at + 2..at + 6).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
                match digits {
                    Some(b"0000") if self.decode => Err(untranslatable()),
                    Some(_) => Ok(at + 6),
                    None => Err(self.flaw("\"\\u\" must be followed by four hexadecimal digits.".to_owned())),
                }
            }
            _ => {
                let character = self.text[at + 1..].chars().next().unwrap_or(' ');
                Err(self.flaw(format!("Escape sequence \"\\{character}\" is invalid.")))
            }
        }
    }

    /// The word or punctuation at the current position, for numbers, literals and messages.
    fn token(&self) -> &'a str {
        let rest = &self.text[self.position..];
        let word = |character: char| {
            character.is_alphanumeric() || matches!(character, '_' | '-' | '+' | '.') || !character.is_ascii()
        };
        let length = rest.find(|character| !word(character)).unwrap_or(rest.len());
        match rest.chars().next() {
            Some(first) if length == 0 => &rest[..first.len_utf8()],
            _ => &rest[..length],
        }
    }

    fn expected(&self, wanted: &str) -> Problem {
        match self.token() {
            "" => self.flaw("The input string ended unexpectedly.".to_owned()),
            token if is_stray(token) => self.flaw(format!("Token \"{token}\" is invalid.")),
            token => self.flaw(format!("Expected {wanted}, but found \"{token}\".")),
        }
    }

    fn flaw(&self, details: String) -> Problem {
        malformed().with_details(details)
    }
}

/// Whether a token is a word that JSON does not have.
fn is_stray(token: &str) -> bool {
    token.starts_with(char::is_alphanumeric)
        && !matches!(token, "true" | "false" | "null")
        && !is_number(token)
}

fn is_number(token: &str) -> bool {
    let unsigned = token.strip_prefix('-').unwrap_or(token);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|text| digits(text.strip_prefix(['+', '-']).unwrap_or(text)))
}

impl Jsonb {
    /// A number.
    pub fn int(value: i64) -> Self {
        Self::Number(BigDecimal::from(value))
    }

    /// The document of a JSON value.
    pub fn from_json(value: &serde_json::Value) -> Result<Self> {
        parse_jsonb(&value.to_string())
    }

    /// The member of an object with that key.
    pub fn get(&self, key: &str) -> Option<&Jsonb> {
        let Self::Object(members) = self else { return None };
        members.binary_search_by(|(own, _)| key_order(own, key)).ok().map(|found| &members[found].1)
    }
}
