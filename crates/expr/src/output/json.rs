//! JSON strings and jsonb documents.

use simdutf8::basic::Utf8Error;

use crate::Jsonb;

/// Appends bytes that should be UTF-8 as a JSON string.
///
/// # Errors
/// When they are not.
pub fn json_utf8(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Utf8Error> {
    json_str(simdutf8::basic::from_utf8(bytes)?, out);
    Ok(())
}

/// Appends a JSON string: only `"`, `\` and control characters are escaped, the rest stays as it is.
pub fn json_str(text: &str, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    out.reserve(bytes.len() + 2);
    out.push(b'"');
    let mut plain = 0;
    let mut position = 0;
    while let Some(found) = next_escaped(bytes, position) {
        out.extend_from_slice(&bytes[plain..found]);
        escape(bytes[found], out);
        position = found + 1;
        plain = position;
    }
    out.extend_from_slice(&bytes[plain..]);
    out.push(b'"');
}

/// The first byte from `start` on that a JSON string must escape.
fn next_escaped(bytes: &[u8], start: usize) -> Option<usize> {
    let mut position = start;
    // Blocks are tested as a whole, which the compiler does with vector instructions.
    while let Some(block) = bytes.get(position..).and_then(<[u8]>::first_chunk::<16>) {
        if block.iter().fold(false, |found, byte| found | must_escape(*byte)) {
            break;
        }
        position += block.len();
    }
    while let Some(word) = bytes.get(position..).and_then(<[u8]>::first_chunk) {
        match to_escape(u64::from_le_bytes(*word)) {
            0 => position += word.len(),
            found => return Some(position + found.trailing_zeros() as usize / 8),
        }
    }
    let rest = bytes.get(position..).unwrap_or_default();
    let mut word = [b' '; 8];
    word[..rest.len()].copy_from_slice(rest);
    match to_escape(u64::from_le_bytes(word)) {
        0 => None,
        found => Some(position + found.trailing_zeros() as usize / 8),
    }
}

fn must_escape(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

/// The top bit of each of eight bytes that must be escaped: controls, the quote and the backslash. Bits above the lowest
/// one set may be wrong, because a subtraction borrows from the next byte.
fn to_escape(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    const TOPS: u64 = ONES * 0x80;
    let below = |word: u64, bound: u64| word.wrapping_sub(ONES * bound) & !word;
    let equal = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    (below(word, 0x20) | equal(b'"') | equal(b'\\')) & TOPS
}

fn escape(byte: u8, out: &mut Vec<u8>) {
    match byte {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        8 => out.extend_from_slice(b"\\b"),
        12 => out.extend_from_slice(b"\\f"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        _ => {
            out.extend_from_slice(b"\\u00");
            super::hex(&[byte], out);
        }
    }
}

/// Appends a jsonb document as PostgreSQL writes it, with `": "` and `", "`.
pub fn jsonb(value: &Jsonb, out: &mut Vec<u8>) {
    match value {
        Jsonb::Array(elements) => {
            out.push(b'[');
            for (position, element) in elements.iter().enumerate() {
                if position > 0 {
                    out.extend_from_slice(b", ");
                }
                jsonb(element, out);
            }
            out.push(b']');
        }
        Jsonb::Object(fields) => {
            out.push(b'{');
            for (position, (key, value)) in fields.iter().enumerate() {
                if position > 0 {
                    out.extend_from_slice(b", ");
                }
                json_str(key, out);
                out.extend_from_slice(b": ");
                jsonb(value, out);
            }
            out.push(b'}');
        }
        scalar => jsonb_scalar(scalar, out),
    }
}

/// Appends a jsonb document as `jsonb_pretty` does: a line per member, indented by four blanks.
pub fn jsonb_pretty(value: &Jsonb, out: &mut Vec<u8>) {
    pretty(value, 0, out);
}

fn pretty(value: &Jsonb, depth: usize, out: &mut Vec<u8>) {
    let line = |depth: usize, out: &mut Vec<u8>| {
        out.push(b'\n');
        out.resize(out.len() + depth * 4, b' ');
    };
    match value {
        Jsonb::Array(elements) => {
            out.push(b'[');
            for (position, element) in elements.iter().enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                line(depth + 1, out);
                pretty(element, depth + 1, out);
            }
            line(depth, out);
            out.push(b']');
        }
        Jsonb::Object(fields) => {
            out.push(b'{');
            for (position, (key, value)) in fields.iter().enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                line(depth + 1, out);
                json_str(key, out);
                out.extend_from_slice(b": ");
                pretty(value, depth + 1, out);
            }
            line(depth, out);
            out.push(b'}');
        }
        scalar => jsonb_scalar(scalar, out),
    }
}

fn jsonb_scalar(value: &Jsonb, out: &mut Vec<u8>) {
    match value {
        Jsonb::Bool(true) => out.extend_from_slice(b"true"),
        Jsonb::Bool(false) => out.extend_from_slice(b"false"),
        Jsonb::Number(number) => crate::numeric::write(number, out),
        Jsonb::String(text) => json_str(text, out),
        Jsonb::Null | Jsonb::Array(_) | Jsonb::Object(_) => out.extend_from_slice(b"null"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_must_be_escaped_is_found_wherever_it_stands() {
        for filler in ["x", "é", "!", "\u{7f}"] {
            for byte in 0..0x80 {
                for at in 0..20 {
                    let text = format!("{}{}{}", filler.repeat(at), char::from(byte), filler.repeat(9));
                    let expected = text.bytes().position(must_escape);
                    assert_eq!(next_escaped(text.as_bytes(), 0), expected, "{text:?}");
                    if let Some(found) = expected {
                        assert_eq!(next_escaped(text.as_bytes(), found + 1), None, "{text:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        assert!(json_utf8(b"a\xff", &mut Vec::new()).is_err());
    }

    #[test]
    fn strings_escape_only_what_they_must() {
        for (text, json) in [
            ("", r#""""#),
            ("plain / text, longer than eight: äöü €", r#""plain / text, longer than eight: äöü €""#),
            ("a\"b\\c", r#""a\"b\\c""#),
            ("12345678\n\t\r\u{8}\u{c}", r#""12345678\n\t\r\b\f""#),
            ("\u{1}\u{1f}\u{7f}", "\"\\u0001\\u001f\u{7f}\""),
        ] {
            let mut out = Vec::new();
            json_str(text, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), json);
        }
    }
}
