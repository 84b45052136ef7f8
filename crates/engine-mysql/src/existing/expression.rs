//! Conditions and generated columns as PostgreSQL says them: those whose words mean the same there. All others are left out of a
//! schema, and stay the database's own.

use mainstay_sql::{quote_literal, quote_name};

use super::queries::unescaped;

/// Words that both languages have.
const WORDS: [&str; 11] =
    ["and", "or", "not", "is", "null", "in", "between", "like", "true", "false", "case"];
const CASE_WORDS: [&str; 4] = ["when", "then", "else", "end"];
/// Functions by their names here and there.
const FUNCTIONS: [(&str, &str); 8] = [
    ("char_length", "char_length"),
    ("character_length", "char_length"),
    ("octet_length", "octet_length"),
    ("length", "octet_length"),
    ("coalesce", "coalesce"),
    ("ifnull", "coalesce"),
    ("nullif", "nullif"),
    ("abs", "abs"),
];
const OPERATORS: [&str; 13] = ["<>", "!=", "<=", ">=", "<", ">", "=", "+", "-", "*", "(", ")", ","];
/// Not to be taken for their beginnings.
const UNLIKE: [&str; 4] = ["<=>", "<<", ">>", "->"];

/// An expression in PostgreSQL's words.
pub(super) fn translated(expression: &str) -> Option<String> {
    let mut said = Vec::new();
    let mut rest = expression.trim_start();
    while let Some(first) = rest.chars().next() {
        let (word, after) = match first {
            '`' => {
                let (name, after) = quoted(rest, '`')?;
                (quote_name(&name.replace("``", "`")), after)
            }
            '\'' => {
                let (text, after) = quoted(rest, '\'')?;
                (quote_literal(&unescaped(text)), after)
            }
            '0'..='9' => {
                let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
                (rest[..end].to_owned(), &rest[end..])
            }
            'a'..='z' | 'A'..='Z' | '_' => {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
                let (word, after) = (rest[..end].to_lowercase(), rest[end..].trim_start());
                // the character set of the literal after it
                let is_introducer = word.starts_with("_utf8") && after.starts_with('\'');
                let word = if is_introducer { String::new() } else { known(&word, after)? };
                (word, after)
            }
            _ => {
                if UNLIKE.iter().any(|operator| rest.starts_with(operator)) {
                    return None;
                }
                let operator = OPERATORS.iter().find(|operator| rest.starts_with(**operator))?;
                ((*operator).to_owned(), &rest[operator.len()..])
            }
        };
        if !word.is_empty() {
            said.push(word);
        }
        rest = after.trim_start();
    }
    // MySQL puts the whole in parentheses, which stand around it here anyway
    let mut said = &said[..];
    while let [first, inner @ .., last] = said
        && (first.as_str(), last.as_str()) == ("(", ")")
        && is_balanced(inner)
    {
        said = inner;
    }
    Some(said.join(" ").replace("( ", "(").replace(" )", ")").replace(" ,", ","))
}

/// Whether every parenthesis is closed by one after it.
fn is_balanced(words: &[String]) -> bool {
    let mut open = 0;
    let depths = words.iter().map(|word| {
        open += i32::from(word == "(") - i32::from(word == ")");
        open
    });
    depths.min().is_none_or(|least| least >= 0)
}

fn known(word: &str, after: &str) -> Option<String> {
    if after.starts_with('(')
        && let Some((_, there)) = FUNCTIONS.iter().find(|(here, _)| *here == word)
    {
        return Some((*there).to_owned());
    }
    (WORDS.contains(&word) || CASE_WORDS.contains(&word)).then(|| word.to_uppercase())
}

/// What stands between the first quote and the one that closes it, and what comes after.
fn quoted(text: &str, quote: char) -> Option<(&str, &str)> {
    let inside = &text[1..];
    let mut characters = inside.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        if character == '\\' && quote == '\'' {
            characters.next();
        } else if character == quote {
            if characters.peek().is_some_and(|(_, next)| *next == quote) {
                characters.next();
            } else {
                return Some((&inside[..at], &inside[at + 1..]));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::translated;

    #[test]
    fn what_means_the_same_is_said() {
        for (there, here) in [
            ("`price` >= 0 and `kind` in ('a','it''s')", "price >= 0 AND kind IN ('a', 'it''s')"),
            ("char_length(`Name`) > 2", "char_length (\"Name\") > 2"),
            ("(`a` = _utf8mb4'x')", "a = 'x'"),
            ("((`a` > 1) or (`b` > 1))", "(a > 1) OR (b > 1)"),
            ("case when `a` is null then 1 else `a` * 2 end", "CASE WHEN a IS NULL THEN 1 ELSE a * 2 END"),
        ] {
            assert_eq!(translated(there).as_deref(), Some(here), "{there}");
        }
        for foreign in
            ["`a` / 2 > 1", "`a` regexp 'x'", "`a` <=> `b`", "concat(`a`,`b`)", "`a` || `b`", "'open"]
        {
            assert_eq!(translated(foreign), None, "{foreign}");
        }
    }
}
