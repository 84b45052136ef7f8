//! JSON strings and jsonb documents.

use std::str::Utf8Error;

use crate::Jsonb;

/// Appends bytes that should be UTF-8 as a JSON string. Plain ASCII, which most texts are, is looked at once.
///
/// # Errors
/// When it is not UTF-8.
pub fn json_utf8(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Utf8Error> {
    if is_plain(bytes) {
        out.reserve(bytes.len() + 2);
        out.push(b'"');
        out.extend_from_slice(bytes);
        out.push(b'"');
    } else {
        json_str(std::str::from_utf8(bytes)?, out);
    }
    Ok(())
}

/// Whether all bytes are ASCII that a JSON string need not escape.
fn is_plain(bytes: &[u8]) -> bool {
    match bytes.len() {
        32.. => is_plain_by::<32>(bytes),
        8.. => is_plain_by::<8>(bytes),
        _ => bytes.iter().all(|byte| !(must_escape(*byte) | !byte.is_ascii())),
    }
}

/// The same in blocks of `N`, the last of which may overlap the one before. The compiler tests a block with vector instructions.
fn is_plain_by<const N: usize>(bytes: &[u8]) -> bool {
    let plain = |block: &[u8; N]| {
        !block.iter().fold(false, |found, byte| found | must_escape(*byte) | !byte.is_ascii())
    };
    let (blocks, _) = bytes.as_chunks::<N>();
    blocks.iter().all(plain) && bytes.last_chunk::<N>().is_none_or(plain)
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

/// The first byte from `start` on that a JSON string must escape. Blocks are tested as a whole, which the compiler does
/// with vector instructions.
fn next_escaped(bytes: &[u8], start: usize) -> Option<usize> {
    let mut position = start;
    while let Some(block) = bytes[position..].first_chunk::<32>() {
        if block.iter().fold(false, |found, byte| found | must_escape(*byte)) {
            break;
        }
        position += block.len();
    }
    bytes[position..].iter().position(|byte| must_escape(*byte)).map(|found| position + found)
}

fn must_escape(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
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
    fn bytes_become_what_their_text_becomes() {
        for length in [0, 1, 7, 8, 9, 31, 32, 33, 70] {
            let plain = "x".repeat(length);
            let spoilt = (0..length).flat_map(|at| {
                ["\"", "\\", "\n", "é"].map(|other| format!("{}{other}{}", &plain[..at], &plain[at + 1..]))
            });
            for text in spoilt.chain([plain.clone()]) {
                let (mut from_bytes, mut from_text) = (Vec::new(), Vec::new());
                json_utf8(text.as_bytes(), &mut from_bytes).unwrap();
                json_str(&text, &mut from_text);
                assert_eq!(from_bytes, from_text, "{text}");
            }
        }
        assert!(json_utf8(b"\xff", &mut Vec::new()).is_err());
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
