//! LIKE and its kin. Patterns that are constants and only fix a start, a part or a whole are comparisons, which can use an index.

use mainstay_base::Result;
use mainstay_expr::{Expr, ExprKind, MatchOp, Type, Value};

use super::fragment::Fragment;
use super::{Renderer, Sql};
use crate::operation::Operation;
use crate::sql::sql;
use crate::storage::Storage;

impl Renderer<'_> {
    pub(super) fn matches(
        &mut self,
        op: MatchOp,
        value: &Expr,
        pattern: &Expr,
        escape: Option<char>,
    ) -> Result<Fragment> {
        if op == MatchOp::Like
            && let ExprKind::Literal(Value::Text(pattern)) = &pattern.kind
            && let Some(simple) = Simple::of(pattern, escape.unwrap_or('\\'))
        {
            let value = self.expr(value)?;
            if value.storage == Storage::Text {
                let nullable = value.nullable;
                return Ok(Fragment::bool(simple.said(value.sql)).nullable(nullable));
            }
        }
        self.operation(Operation::Match(op, escape), &[value, pattern], &Type::Bool)
    }
}

/// What a LIKE pattern without inner wildcards asks for.
enum Simple {
    Whole(String),
    /// The start, and the least text after all that start with it.
    Start(String, Option<String>),
    Part(String),
}

impl Simple {
    fn of(pattern: &str, escape: char) -> Option<Self> {
        let mut literal = String::new();
        let mut rest = pattern;
        let leading = rest.starts_with('%') && escape != '%';
        if leading {
            rest = &rest[1..];
        }
        let mut characters = rest.chars();
        while let Some(character) = characters.next() {
            match character {
                _ if character == escape => literal.push(characters.next()?),
                '_' => return None,
                '%' if characters.as_str().is_empty() => {
                    return Some(if leading {
                        Self::Part(literal)
                    } else {
                        let end = after_prefix(&literal);
                        Self::Start(literal, end)
                    });
                }
                '%' => return None,
                _ => literal.push(character),
            }
        }
        (!leading).then_some(Self::Whole(literal))
    }

    fn said(self, value: Sql) -> Sql {
        match self {
            Self::Whole(text) => sql!["(", value, " = ", Sql::text(text), ")"],
            Self::Start(start, None) => sql!["(", value, " >= ", Sql::text(start), ")"],
            Self::Start(start, Some(end)) => {
                sql!["(", value.clone(), " >= ", Sql::text(start), " AND ", value, " < ", Sql::text(end), ")"]
            }
            Self::Part(part) => sql!["(instr(", value, ", ", Sql::text(part), ") > 0)"],
        }
    }
}

/// The least text that is greater than everything with that prefix: its last character that has a successor, one further.
/// `None` for the empty prefix, which everything has.
fn after_prefix(prefix: &str) -> Option<String> {
    let mut kept = prefix.to_owned();
    while let Some(last) = kept.pop() {
        // UTF-8 sorts as code points do; there are none between U+D7FF and U+E000
        let next = match last {
            '\u{d7ff}' => Some('\u{e000}'),
            _ => char::from_u32(last as u32 + 1),
        };
        if let Some(next) = next {
            kept.push(next);
            return Some(kept);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_end_where_the_next_character_begins() {
        assert_eq!(after_prefix("ab").as_deref(), Some("ac"));
        assert_eq!(after_prefix("a\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(after_prefix("\u{d7ff}").as_deref(), Some("\u{e000}"));
        assert_eq!(after_prefix("\u{10ffff}"), None);
    }
}
