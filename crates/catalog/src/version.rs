//! The catalog's version: a number that is the same for the same schema, on every machine and in every release.

use mainstay_sql::SourceFiles;

/// The version of the schema that these files are: a hash of their text, without what does not matter to it.
pub(crate) fn of(files: &SourceFiles) -> u64 {
    // FNV-1a, 64 bits: small, well known, and the same forever. Nothing here is secret.
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for (_, file) in files.iter() {
        for byte in canonical(&file.text).bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    hash
}

/// The text without blanks at the ends of lines and without empty lines.
fn canonical(text: &str) -> String {
    let lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty());
    lines.flat_map(|line| [line, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_follows_the_text_and_not_its_blanks() {
        let version = |text: &str| of(&SourceFiles::single("a.sql", text));
        assert_eq!(version("create table t (a int);"), version("create table t (a int);  \r\n\n"));
        assert_ne!(version("create table t (a int);"), version("create table t (b int);"));
        assert_eq!(version(""), 0xaf63_bd4c_8601_b7df);
    }
}
