//! Leaves out the keys of objects whose value is null, at every depth, as PostgreSQL's `json_strip_nulls` does.

/// A copy of `json`, which must be valid, without such keys and without white space between tokens.
pub(crate) fn nulls(json: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(json.len());
    // The containers that are open, innermost last.
    let mut open: Vec<u8> = Vec::new();
    let mut key_start = None;
    let mut at = 0;
    while at < json.len() {
        let in_object = open.last() == Some(&b'{');
        match json[at] {
            b' ' | b'\t' | b'\n' | b'\r' => {}
            byte @ (b'{' | b'[') => {
                open.push(byte);
                out.push(byte);
                key_start = None;
            }
            byte @ (b'}' | b']') => {
                open.pop();
                out.push(byte);
                key_start = None;
            }
            // Between members a comma is written when the next one is, so that none is left alone.
            b',' if in_object => key_start = None,
            b'"' => {
                if in_object && key_start.is_none() {
                    key_start = Some(out.len());
                    if out.last() != Some(&b'{') {
                        out.push(b',');
                    }
                }
                let end = string_end(json, at);
                out.extend_from_slice(&json[at..end]);
                at = end;
                continue;
            }
            b'n' if in_object && key_start.is_some() => {
                out.truncate(key_start.unwrap_or_default());
                at += b"null".len();
                continue;
            }
            byte => out.push(byte),
        }
        at += 1;
    }
    out
}

/// The position after the string that starts at `start`.
fn string_end(json: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < json.len() {
        match json[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use super::nulls;

    #[test]
    fn null_members_go_and_everything_else_stays() {
        for (json, stripped) in [
            (r#"[{"a":1,"b":null},{"a":null,"b":null}]"#, r#"[{"a":1},{}]"#),
            (r#"{"a":null,"b":2,"c":null,"d":[null,{"e":null}]}"#, r#"{"b":2,"d":[null,{}]}"#),
            (r#"{ "n" : "null" , "q\"\\" : { "x" : null } }"#, r#"{"n":"null","q\"\\":{}}"#),
            (r#"null"#, "null"),
            (r#"{"a":{"b":1},"c":null,"d":true}"#, r#"{"a":{"b":1},"d":true}"#),
        ] {
            assert_eq!(String::from_utf8(nulls(json.as_bytes())).unwrap(), stripped);
        }
    }
}
