//! Reads the output of `mainstay schema check` back into diagnostics and compares them with a scenario's.

use std::sync::LazyLock;

use regex::Regex;

use crate::scenario::Diagnostic;

static HEADLINE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s*error(?:\[[\w-]+\])?: (.*)$").expect("a valid pattern"));
/// The closing line counts what was found and is no error of its own.
static SUMMARY: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^the schema has \d+ errors?$").expect("a valid pattern"));
static PLACE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"([\w-]+\.sql):(\d+):(\d+)").expect("a valid pattern"));

/// One error of the output: its message and the first place below it.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// The headline after `error:`.
    pub message: String,
    /// File, line and column.
    pub place: Option<(String, usize, usize)>,
}

/// Every `error: …` headline of the output with the first `file.sql:line:column` under it.
pub fn read(output: &str) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    for line in output.lines() {
        if let Some(headline) = HEADLINE.captures(line) {
            if SUMMARY.is_match(&headline[1]) {
                continue;
            }
            found.push(Found { message: headline[1].to_owned(), place: None });
        } else if let (Some(place), Some(last)) = (PLACE.captures(line), found.last_mut())
            && last.place.is_none()
        {
            let number = |text: &str| text.parse().unwrap_or(0);
            last.place = Some((place[1].to_owned(), number(&place[2]), number(&place[3])));
        }
    }
    found
}

/// Every way in which the output is not what was promised: each expected error once, and no other.
pub fn differences(expected: &[Diagnostic], output: &str) -> Vec<String> {
    let mut found = read(output);
    let mut wrong = Vec::new();
    for want in expected {
        let place = (want.file.clone(), want.line, want.column);
        let hit = found
            .iter()
            .position(|got| got.place.as_ref() == Some(&place) && got.message.contains(&want.fragment));
        match hit {
            Some(index) => drop(found.remove(index)),
            None => {
                wrong.push(format!("missing: {}:{}:{}: {}", want.file, want.line, want.column, want.fragment))
            }
        }
    }
    wrong.extend(found.iter().map(|got| match &got.place {
        Some((file, line, column)) => format!("unexpected: {file}:{line}:{column}: {}", got.message),
        None => format!("unexpected, without a place: {}", got.message),
    }));
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "error[unknown-type]: type \"strng\" does not exist\n  --> schema/main.sql:2:8\n   |\n\
        help: did you mean `string`?\n\nerror: 1 problem found\n\
        error: the schema has 1 error\n";

    #[test]
    fn a_headline_takes_the_first_place_below_it() {
        let found = read(OUTPUT);
        assert_eq!(found[0].place, Some(("main.sql".to_owned(), 2, 8)));
        assert_eq!(found[1].place, None);
    }

    #[test]
    fn both_missing_and_unexpected_errors_are_told() {
        let want = Diagnostic { file: "main.sql".into(), line: 2, column: 8, fragment: "\"strng\"".into() };
        assert_eq!(differences(std::slice::from_ref(&want), OUTPUT).len(), 1);
        let other = Diagnostic { line: 9, ..want };
        assert_eq!(differences(&[other], OUTPUT).len(), 3);
    }
}
