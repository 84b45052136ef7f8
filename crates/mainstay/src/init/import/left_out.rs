//! What of a script was left out, why, and on which lines.

use std::collections::BTreeMap;

use mainstay_sql::{Diagnostics, Severity, SourceFiles};

/// Lines that are named one by one.
const LINES_MAX: usize = 8;

/// An account of what was left out.
#[derive(Debug, Default)]
pub struct LeftOut {
    /// The lines, by what it is and why.
    lines: BTreeMap<(String, String), Vec<u32>>,
}

impl LeftOut {
    /// Takes note of something on a line. `what` and `why` are said as they are.
    pub fn add(&mut self, what: impl Into<String>, why: impl Into<String>, line: u32) {
        self.lines.entry((what.into(), why.into())).or_default().push(line);
    }

    /// Takes note of what could not be read.
    pub fn mistakes(&mut self, files: &SourceFiles, diagnostics: &Diagnostics) {
        for diagnostic in diagnostics.iter().filter(|it| it.severity == Severity::Error) {
            let line = files.location(diagnostic.span).map_or(0, |location| location.line);
            self.add("could not be read", diagnostic.message.clone(), line);
        }
    }

    /// A line for each kind, in the order of the script.
    pub fn describe(&self) -> Vec<String> {
        let mut kinds: Vec<_> = self.lines.iter().collect();
        kinds.sort_by_key(|(_, lines)| lines.iter().min().copied());
        kinds.into_iter().map(|((what, why), lines)| format!("{what} ({}): {why}", places(lines))).collect()
    }
}

fn places(lines: &[u32]) -> String {
    let mut lines = lines.to_vec();
    lines.sort_unstable();
    lines.dedup();
    let shown: Vec<String> = lines.iter().take(LINES_MAX).map(u32::to_string).collect();
    let plural = if lines.len() == 1 { "line" } else { "lines" };
    match lines.len().checked_sub(LINES_MAX) {
        None | Some(0) => format!("{plural} {}", shown.join(", ")),
        Some(more) => format!("{plural} {} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_grouped_and_long_lists_are_cut() {
        let mut left_out = LeftOut::default();
        for line in (1..=20).rev() {
            left_out.add("SET", "settings have no effect", line);
        }
        left_out.add("CREATE TRIGGER", "there are no triggers", 7);
        assert_eq!(
            left_out.describe(),
            [
                "SET (lines 1, 2, 3, 4, 5, 6, 7, 8 and 12 more): settings have no effect",
                "CREATE TRIGGER (line 7): there are no triggers",
            ]
        );
    }
}
