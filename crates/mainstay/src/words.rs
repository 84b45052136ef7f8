//! Words for people: counts with their nouns, and text that a shell reads as it stands.

/// `1 row`, `2 rows`: a number with a noun that forms its plural with an s.
pub fn counted(number: impl Into<u64>, noun: &str) -> String {
    match number.into() {
        1 => format!("1 {noun}"),
        number => format!("{number} {noun}s"),
    }
}

/// How many tables and views there are; views are told only where there are some.
pub fn tables_and_views(tables: &[mainstay_catalog::Table]) -> String {
    let views = tables.iter().filter(|table| table.is_view()).count() as u64;
    let said = counted(tables.len() as u64 - views, "table");
    if views == 0 { said } else { format!("{said} and {}", counted(views, "view")) }
}

/// A word as a shell wants it: in quotes, where it holds more than letters, figures and what paths are made of.
pub fn shell(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+:@%".contains(&byte);
    match !word.is_empty() && word.bytes().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_no_plural() {
        assert_eq!(counted(1_u64, "row"), "1 row");
        assert_eq!([counted(0_u64, "row"), counted(2_u64, "row")], ["0 rows", "2 rows"]);
    }

    #[test]
    fn a_shell_reads_what_was_meant() {
        assert_eq!(shell("a/b-c.d"), "a/b-c.d");
        assert_eq!(shell("my project"), "'my project'");
        assert_eq!(shell("it's $HOME"), r"'it'\''s $HOME'");
    }
}
