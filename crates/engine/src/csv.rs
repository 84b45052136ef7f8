//! Fields of CSV lines, written as PostgreSQL writes the fields of a row's text (and PostgREST takes them over): whatever holds a
//! quote, backslash, comma, parenthesis or white space is quoted, an empty text is `""`, and NULL is nothing.

/// Quotes what was appended to `bytes` since `start`, if it needs to be.
pub(crate) fn quote(bytes: &mut Vec<u8>, start: usize) {
    let plain = |byte: &u8| !matches!(byte, b',' | b'"' | b'\\' | b'(' | b')' | b' ' | b'\t'..=b'\r');
    if bytes.len() > start && bytes[start..].iter().all(plain) {
        return;
    }
    let text = bytes.split_off(start);
    bytes.reserve(text.len() + 2);
    bytes.push(b'"');
    for byte in text {
        if matches!(byte, b'"' | b'\\') {
            bytes.push(byte);
        }
        bytes.push(byte);
    }
    bytes.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn fields_are_quoted_when_they_need_it() {
        for (text, field) in [
            ("plain", "plain"),
            ("a text", "\"a text\""),
            ("a\\b", "\"a\\\\b\""),
            ("", "\"\""),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("two\nlines", "\"two\nlines\""),
        ] {
            let mut bytes = b"x,".to_vec();
            bytes.extend_from_slice(text.as_bytes());
            quote(&mut bytes, 2);
            assert_eq!(String::from_utf8(bytes).unwrap(), format!("x,{field}"));
        }
    }
}
