//! The catalog's version: a number that is the same for the same schema, on every machine and in every release.

use mainstay_sql::{Statement, print_statements};

/// The version of the schema that these statements are: a hash of their canonical text, which comments, blanks and the
/// case of words do not change.
pub(crate) fn of(statements: &[Statement]) -> u64 {
    fnv1a(print_statements(statements).bytes())
}

/// FNV-1a, 64 bits: small, well known, and the same forever. Nothing here is secret.
fn fnv1a(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use mainstay_sql::{SourceFiles, read};

    use super::*;

    #[test]
    fn the_hash_is_the_published_one() {
        assert_eq!(fnv1a(b"".iter().copied()), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"foobar".iter().copied()), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn the_version_follows_the_meaning_and_not_the_spelling() {
        let version = |text: &str| of(&read(&SourceFiles::single("a.sql", text)).0);
        assert_eq!(version("create table t (a int);"), version("CREATE TABLE t -- a table\n  (a int)"));
        assert_ne!(version("create table t (a int);"), version("create table t (b int);"));
    }
}
