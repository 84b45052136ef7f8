//! Which rows of a read are wanted: `limit` and `offset`, narrowed by the `Range` header.

use mainstay_base::{Problem, Result};
use mainstay_query::{Level, RawValue, ValuesBuilder};

/// A window on the rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Range {
    /// Rows that are skipped.
    pub offset: u64,
    /// Most rows; `None` for all that the limits allow.
    pub limit: Option<u64>,
}

impl Range {
    /// Combines the parameters and the header (`0-24`, `10-`). A malformed header is ignored.
    ///
    /// # Errors
    /// `PGRST103` for a header whose end is before its start.
    pub fn of(limit: Option<u64>, offset: Option<u64>, header: Option<&str>) -> Result<Self> {
        let own = Self { offset: offset.unwrap_or(0), limit };
        match header.and_then(parse) {
            None => Ok(own),
            Some((first, last)) => own.narrowed(first, last),
        }
    }

    fn narrowed(self, first: u64, last: Option<u64>) -> Result<Self> {
        if last.is_some_and(|last| last < first) {
            return Err(unsatisfiable().with_details(
                "The lower boundary must be lower than or equal to the upper boundary in the Range header.",
            ));
        }
        let offset = self.offset.max(first);
        let own_end = self.limit.map(|limit| self.offset.saturating_add(limit));
        let header_end = last.map(|last| last.saturating_add(1));
        let end = [own_end, header_end].into_iter().flatten().min();
        Ok(Self { offset, limit: end.map(|end| end.saturating_sub(offset)) })
    }

    /// Puts the window on a level.
    pub fn bound(&self, level: &mut Level, values: &mut ValuesBuilder) {
        if let Some(limit) = self.limit {
            level.limit = Some(values.limit(limit));
        }
        if self.offset > 0 {
            level.offset = Some(values.push(RawValue::Text(self.offset.to_string())));
        }
    }
}

/// The problem of a window outside of the rows.
pub(crate) fn unsatisfiable() -> Problem {
    Problem::new("PGRST103", "Requested range not satisfiable")
}

fn parse(header: &str) -> Option<(u64, Option<u64>)> {
    let header = header.trim();
    let header = header.strip_prefix("items=").unwrap_or(header);
    let (first, last) = header.split_once('-')?;
    let first = first.trim().parse().ok()?;
    match last.trim() {
        "" => Some((first, None)),
        last => Some((first, Some(last.parse().ok()?))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_narrows_the_parameters() {
        let range = |limit, offset, header| Range::of(limit, offset, header).unwrap();
        assert_eq!(range(None, None, Some("0-24")), Range { offset: 0, limit: Some(25) });
        assert_eq!(range(None, None, Some("10-")), Range { offset: 10, limit: None });
        assert_eq!(range(Some(5), Some(3), Some("4-20")), Range { offset: 4, limit: Some(4) });
        assert_eq!(range(Some(5), None, Some("a-b")), Range { offset: 0, limit: Some(5) });
        assert_eq!(Range::of(None, None, Some("5-2")).unwrap_err().code(), "PGRST103");
    }
}
