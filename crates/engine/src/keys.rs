//! The distinct keys by which rows of one level find those of another.
//!
//! Keys are opaque bytes: an engine encodes its values so that equal keys have equal bytes, and reads its own bytes back.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

/// Stands for a key with a NULL in it, which equals nothing.
pub(crate) const NO_KEY: u32 = u32::MAX;

/// The distinct keys of a parent level's rows, numbered from 0 in the order they came.
#[derive(Debug, Default)]
pub struct Keys {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    numbers: HashTable<u32>,
    hasher: RandomState,
    /// The key's number for each row of the parent.
    of_row: Vec<u32>,
}

impl Keys {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether no row has a key, so that there is nothing to fetch.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The bytes of the key with that number.
    pub fn get(&self, number: u32) -> &[u8] {
        let at = number as usize;
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.bytes[start..self.ends[at]]
    }

    /// All keys in order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.ends.len()).map(|number| self.get(number as u32))
    }

    /// The number of a key.
    pub fn find(&self, key: &[u8]) -> Option<u32> {
        let hash = self.hasher.hash_one(key);
        self.numbers.find(hash, |&number| self.get(number) == key).copied()
    }

    /// Notes the key of the parent's next row. `write` appends its bytes, or returns `false` when a part of it is NULL.
    pub fn push(&mut self, write: impl FnOnce(&mut Vec<u8>) -> bool) {
        let start = self.bytes.len();
        if !write(&mut self.bytes) {
            self.bytes.truncate(start);
            self.of_row.push(NO_KEY);
            return;
        }
        let number = match self.find(&self.bytes[start..]) {
            Some(number) => {
                self.bytes.truncate(start);
                number
            }
            None => self.add(start),
        };
        self.of_row.push(number);
    }

    /// The key's number for a row of the parent; `None` when it has a NULL.
    pub(crate) fn of_row(&self, row: u32) -> Option<u32> {
        self.of_row.get(row as usize).copied().filter(|&number| number != NO_KEY)
    }

    fn add(&mut self, start: usize) -> u32 {
        let number = self.ends.len() as u32;
        let hash = self.hasher.hash_one(&self.bytes[start..]);
        self.ends.push(self.bytes.len());
        let (bytes, ends, hasher) = (&self.bytes, &self.ends, &self.hasher);
        self.numbers.insert_unique(hash, number, |&number| {
            let at = number as usize;
            let start = if at == 0 { 0 } else { ends[at - 1] };
            hasher.hash_one(&bytes[start..ends[at]])
        });
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(keys: &mut Keys, key: &[u8]) {
        keys.push(|bytes| {
            bytes.extend_from_slice(key);
            true
        });
    }

    #[test]
    fn equal_keys_share_a_number_and_null_has_none() {
        let mut keys = Keys::default();
        push(&mut keys, b"a");
        push(&mut keys, b"bc");
        keys.push(|bytes| {
            bytes.push(1);
            false
        });
        push(&mut keys, b"a");
        push(&mut keys, b"");
        assert_eq!(keys.iter().collect::<Vec<_>>(), [b"a".as_slice(), b"bc", b""]);
        assert_eq!(
            (0..5).map(|row| keys.of_row(row)).collect::<Vec<_>>(),
            [Some(0), Some(1), None, Some(0), Some(2)]
        );
        assert_eq!(keys.find(b"bc"), Some(1));
        assert_eq!(keys.find(b"b"), None);
    }

    #[test]
    fn many_keys_are_found_again() {
        let mut keys = Keys::default();
        for number in 0..10_000u32 {
            push(&mut keys, &number.to_le_bytes());
        }
        assert_eq!(keys.len(), 10_000);
        assert!((0..10_000u32).all(|number| keys.find(&number.to_le_bytes()) == Some(number)));
    }
}
