//! The bytes of a key that ties the rows of two levels: equal keys have equal bytes, and the values can be read back.

use super::{DatumRef, Storage};

const INT: u8 = 1;
const REAL: u8 = 2;
const TEXT: u8 = 3;
const BLOB: u8 = 4;

/// Appends one column of a key; `false` when it is NULL.
pub fn push(bytes: &mut Vec<u8>, storage: &Storage, datum: DatumRef<'_>) -> bool {
    match datum {
        DatumRef::Null => return false,
        DatumRef::Int(number) => {
            bytes.push(INT);
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        DatumRef::Real(number) => {
            // Both zeros are equal.
            let number = if number == 0.0 { 0.0 } else { number };
            bytes.push(REAL);
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        DatumRef::Text(text) => push_sized(bytes, TEXT, canonical(storage, text)),
        DatumRef::Blob(blob) => push_sized(bytes, BLOB, blob),
    }
    true
}

fn push_sized(bytes: &mut Vec<u8>, tag: u8, content: &[u8]) {
    bytes.push(tag);
    bytes.extend_from_slice(&(content.len() as u64).to_le_bytes());
    bytes.extend_from_slice(content);
}

/// Texts that the storage's collation holds equal, as one of them.
fn canonical<'t>(storage: &Storage, text: &'t [u8]) -> &'t [u8] {
    match storage {
        Storage::Bpchar => text.trim_ascii_end(),
        Storage::Decimal if text.contains(&b'.') => {
            let zeros = text.iter().rev().take_while(|byte| **byte == b'0').count();
            let digits = &text[..text.len() - zeros];
            digits.strip_suffix(b".").unwrap_or(digits)
        }
        _ => text,
    }
}

/// The columns of a key, in order.
pub fn columns(mut bytes: &[u8]) -> impl Iterator<Item = DatumRef<'_>> {
    std::iter::from_fn(move || {
        let (&tag, rest) = bytes.split_first()?;
        let (word, rest) = rest.split_first_chunk::<8>()?;
        bytes = rest;
        let number = u64::from_le_bytes(*word);
        match tag {
            INT => Some(DatumRef::Int(number as i64)),
            REAL => Some(DatumRef::Real(f64::from_bits(number))),
            _ => {
                let (content, rest) = bytes.split_at_checked(number as usize)?;
                bytes = rest;
                Some(if tag == TEXT { DatumRef::Text(content) } else { DatumRef::Blob(content) })
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_read_back_as_they_were() {
        let parts = [
            (Storage::Int, DatumRef::Int(-7)),
            (Storage::Float8, DatumRef::Real(1.5)),
            (Storage::Text, DatumRef::Text(b"a\0b")),
            (Storage::Text, DatumRef::Text(b"")),
            (Storage::Bytea, DatumRef::Blob(&[1, 2])),
        ];
        let mut bytes = Vec::new();
        for (storage, datum) in &parts {
            assert!(push(&mut bytes, storage, *datum));
        }
        assert_eq!(columns(&bytes).collect::<Vec<_>>(), parts.map(|(_, datum)| datum));
        assert!(!push(&mut bytes, &Storage::Int, DatumRef::Null));
    }

    #[test]
    fn what_the_database_holds_equal_has_equal_bytes() {
        for (storage, left, right) in [
            (Storage::Decimal, "1.10", "1.1"),
            (Storage::Decimal, "100.00", "100"),
            (Storage::Bpchar, "a  ", "a"),
        ] {
            let (mut one, mut other) = (Vec::new(), Vec::new());
            push(&mut one, &storage, DatumRef::Text(left.as_bytes()));
            push(&mut other, &storage, DatumRef::Text(right.as_bytes()));
            assert_eq!(one, other);
        }
        let mut hundred = Vec::new();
        push(&mut hundred, &Storage::Decimal, DatumRef::Text(b"100"));
        assert_eq!(columns(&hundred).next(), Some(DatumRef::Text(b"100")));
    }
}
