//! The names that PostgreSQL makes up for constraints and indexes.

use std::collections::HashSet;

/// Longest name in bytes (NAMEDATALEN - 1).
const NAME_BYTES: usize = 63;

/// The names of constraints, by schema.
#[derive(Debug, Default)]
pub(super) struct ConstraintNames(HashSet<(String, String)>);

impl ConstraintNames {
    /// Takes a name; FALSE when it was taken before.
    pub fn take(&mut self, schema: &str, name: &str) -> bool {
        self.0.insert((schema.to_owned(), name.to_owned()))
    }

    /// Whether a name is taken.
    pub fn is_taken(&self, schema: &str, name: &str) -> bool {
        self.0.contains(&(schema.to_owned(), name.to_owned()))
    }
}

/// `first_second_label`, shortened to what fits into a name: the longer of the two is cut first.
pub(super) fn object_name(first: &str, second: &str, label: &str) -> String {
    let underscores = usize::from(!second.is_empty()) + usize::from(!label.is_empty());
    let available = NAME_BYTES.saturating_sub(label.len() + underscores);
    let (mut one, mut other) = (first.len(), second.len());
    while one + other > available {
        if one > other {
            one -= 1;
        } else {
            other -= 1;
        }
    }
    let parts = [clip(first, one), clip(second, other), label];
    parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join("_")
}

/// The first such name that is not taken: `label`, `label1`, `label2` …
pub(super) fn free_name(first: &str, second: &str, label: &str, taken: impl Fn(&str) -> bool) -> String {
    let mut name = object_name(first, second, label);
    let mut pass = 0_u32;
    while taken(&name) {
        pass += 1;
        name = object_name(first, second, &format!("{label}{pass}"));
    }
    name
}

/// At most so many bytes, whole characters only.
fn clip(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_like_postgresql_makes_them() {
        assert_eq!(object_name("orders", "", "pkey"), "orders_pkey");
        assert_eq!(object_name("orders", "customer_id", "fkey"), "orders_customer_id_fkey");
        let long = "a".repeat(50);
        assert_eq!(object_name(&long, &long, "key").len(), 63);
        assert_eq!(object_name(&long, "b", "key").len(), 56);
    }

    #[test]
    fn clashes_are_numbered() {
        let taken = ["t_a_check", "t_a_check1"];
        assert_eq!(free_name("t", "a", "check", |name| taken.contains(&name)), "t_a_check2");
    }

    #[test]
    fn characters_are_not_cut_in_half() {
        let name = object_name(&"é".repeat(40), "x", "key");
        assert!(name.len() <= 63 && name.ends_with("_x_key"));
    }
}
