//! Writes JSON into a byte buffer. It knows values, not rows or tables.

/// Bytes that JSON wants escaped inside a string: controls, the quote and the backslash.
const ESCAPED: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = true;
        byte += 1;
    }
    table[b'"' as usize] = true;
    table[b'\\' as usize] = true;
    table
};

/// Appends `text`, which must be UTF-8, as a JSON string; runs without escapes are copied whole.
pub fn string(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    let mut copied = 0;
    for (at, &byte) in text.iter().enumerate() {
        if ESCAPED[usize::from(byte)] {
            out.extend_from_slice(&text[copied..at]);
            escape(out, byte);
            copied = at + 1;
        }
    }
    out.extend_from_slice(&text[copied..]);
    out.push(b'"');
}

fn escape(out: &mut Vec<u8>, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    match byte {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        _ => {
            out.extend_from_slice(b"\\u00");
            out.push(HEX[usize::from(byte >> 4)]);
            out.push(HEX[usize::from(byte & 15)]);
        }
    }
}

/// Appends an integer in decimal.
pub fn integer(out: &mut Vec<u8>, value: i64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut rest = value.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn strings_read_back_as_they_were() {
        for text in ["", "plain", "a \"quote\"", "back\\slash", "line\nfeed\ttab\r", "\u{1}\u{1f}", "é €"]
        {
            let json = written(|out| string(out, text.as_bytes()));
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text, "{json}");
        }
    }

    #[test]
    fn integers_are_written_in_decimal() {
        for value in [0, 7, -1, 10, i64::MAX, i64::MIN] {
            assert_eq!(written(|out| integer(out, value)), value.to_string());
        }
    }
}
