//! The `Prefer` header (RFC 7240) with PostgREST's preferences.

use http::HeaderMap;
use mainstay_base::{Problem, Result};
use mainstay_query::{Count, MissingAs, Resolution};

/// What a request prefers. Of each kind the first one counts; what is not known is kept for `handling=strict`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Prefer {
    pub representation: Option<Representation>,
    pub count: Option<Count>,
    pub resolution: Option<Resolution>,
    pub missing: Option<MissingAs>,
    pub handling: Option<Handling>,
    pub max_affected: Option<u64>,
    pub timezone: Option<String>,
    pub rollback: Option<bool>,
    unknown: Vec<String>,
}

/// `return=`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Representation {
    Minimal,
    HeadersOnly,
    Full,
}

/// `handling=`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Handling {
    Strict,
    Lenient,
}

impl Prefer {
    /// Reads all `Prefer` headers.
    ///
    /// # Errors
    /// `PGRST122` for unknown preferences with `handling=strict`.
    pub fn read(headers: &HeaderMap) -> Result<Self> {
        let mut prefer = Self::default();
        for value in headers.get_all("prefer") {
            for token in value.to_str().unwrap_or_default().split(',') {
                prefer.take(token.trim());
            }
        }
        if prefer.strict() && !prefer.unknown.is_empty() {
            return Err(Problem::new("PGRST122", "Invalid preferences given with handling=strict")
                .with_details(format!("Invalid preferences: {}", prefer.unknown.join(", "))));
        }
        Ok(prefer)
    }

    /// Whether unknown preferences are errors, and `max-affected` holds.
    pub fn strict(&self) -> bool {
        self.handling == Some(Handling::Strict)
    }

    fn take(&mut self, token: &str) {
        let (name, value) = token.split_once('=').unwrap_or((token, ""));
        match (name, value) {
            ("", _) => {}
            ("return", "minimal") => first(&mut self.representation, Representation::Minimal),
            ("return", "headers-only") => first(&mut self.representation, Representation::HeadersOnly),
            ("return", "representation") => first(&mut self.representation, Representation::Full),
            ("count", "exact") => first(&mut self.count, Count::Exact),
            ("count", "planned") => first(&mut self.count, Count::Planned),
            ("count", "estimated") => first(&mut self.count, Count::Estimated),
            ("resolution", "merge-duplicates") => first(&mut self.resolution, Resolution::Merge),
            ("resolution", "ignore-duplicates") => first(&mut self.resolution, Resolution::Ignore),
            ("missing", "default") => first(&mut self.missing, MissingAs::Default),
            ("missing", "null") => first(&mut self.missing, MissingAs::Null),
            ("handling", "strict") => first(&mut self.handling, Handling::Strict),
            ("handling", "lenient") => first(&mut self.handling, Handling::Lenient),
            ("tx", "commit") => first(&mut self.rollback, false),
            ("tx", "rollback") => first(&mut self.rollback, true),
            ("timezone", zone) if !zone.is_empty() => first(&mut self.timezone, zone.to_owned()),
            ("max-affected", number) => match number.parse() {
                Ok(number) => first(&mut self.max_affected, number),
                Err(_) => self.unknown.push(token.to_owned()),
            },
            _ => self.unknown.push(token.to_owned()),
        }
    }

    /// The value of `Preference-Applied`: what was honoured of this, in PostgREST's order; empty for nothing.
    pub fn applied(&self, honoured: &Honoured) -> String {
        let mut applied: Vec<String> = Vec::new();
        let mut add = |text: &str| applied.push(text.to_owned());
        match self.resolution.filter(|_| honoured.resolution) {
            Some(Resolution::Merge) => add("resolution=merge-duplicates"),
            Some(Resolution::Ignore) => add("resolution=ignore-duplicates"),
            None => {}
        }
        match self.missing.filter(|_| honoured.missing) {
            Some(MissingAs::Default) => add("missing=default"),
            Some(MissingAs::Null) => add("missing=null"),
            None => {}
        }
        match self.representation.filter(|_| honoured.representation) {
            Some(Representation::Minimal) => add("return=minimal"),
            Some(Representation::HeadersOnly) => add("return=headers-only"),
            Some(Representation::Full) => add("return=representation"),
            None => {}
        }
        match self.count {
            Some(Count::Exact) => add("count=exact"),
            Some(Count::Planned) => add("count=planned"),
            Some(Count::Estimated) => add("count=estimated"),
            None => {}
        }
        match self.rollback.filter(|_| honoured.transaction_end) {
            Some(true) => add("tx=rollback"),
            Some(false) => add("tx=commit"),
            None => {}
        }
        match self.handling {
            Some(Handling::Strict) => add("handling=strict"),
            Some(Handling::Lenient) => add("handling=lenient"),
            None => {}
        }
        if let Some(zone) = &self.timezone {
            add(&format!("timezone={zone}"));
        }
        if let Some(number) = self.max_affected.filter(|_| honoured.max_affected && self.strict()) {
            add(&format!("max-affected={number}"));
        }
        applied.join(", ")
    }
}

/// Which preferences mean something for a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Honoured {
    pub resolution: bool,
    pub missing: bool,
    pub representation: bool,
    pub transaction_end: bool,
    pub max_affected: bool,
}

fn first<T>(place: &mut Option<T>, value: T) {
    place.get_or_insert(value);
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(values: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("prefer", HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn the_first_of_a_kind_counts() {
        let prefer =
            Prefer::read(&headers(&["return=minimal, count=exact", "return=representation"])).unwrap();
        assert_eq!(prefer.representation, Some(Representation::Minimal));
        assert_eq!(prefer.count, Some(Count::Exact));
    }

    #[test]
    fn strict_refuses_what_it_does_not_know() {
        assert!(Prefer::read(&headers(&["foo, bar"])).is_ok());
        let problem = Prefer::read(&headers(&["handling=strict, foo, bar"])).unwrap_err();
        assert_eq!(problem.code(), "PGRST122");
        assert_eq!(problem.details().unwrap(), "Invalid preferences: foo, bar");
    }

    #[test]
    fn what_was_honoured_is_told_in_a_fixed_order() {
        let prefer =
            Prefer::read(&headers(&["count=exact, return=representation, resolution=merge-duplicates"]))
                .unwrap();
        let honoured = Honoured { resolution: true, representation: true, ..Honoured::default() };
        assert_eq!(
            prefer.applied(&honoured),
            "resolution=merge-duplicates, return=representation, count=exact"
        );
    }
}
