//! The value of a horizontal filter: `[not.]op[(modifier)].value`.

use mainstay_base::Result;
use mainstay_expr::{CompareOp, MatchOp, Quantifier};
use mainstay_query::{Condition, Field, IsValue, Operator, RawValue, ValuesBuilder};

use super::cursor::Cursor;

/// An operator with its value, negated or not.
#[derive(Debug, Clone)]
pub(crate) struct FilterValue {
    /// `not.`
    pub negated: bool,
    /// The operator.
    pub operator: Operator,
    /// Its value; none for `is`.
    pub value: Option<RawValue>,
}

impl FilterValue {
    /// The condition that a field passes this filter.
    pub fn on(self, field: Field, values: &mut ValuesBuilder) -> Condition {
        let value = self.value.map(|value| values.push(value));
        let condition = Condition::Compare { field, operator: self.operator, value };
        if self.negated { Condition::Not(Box::new(condition)) } else { condition }
    }
}

/// Which operators there are: name in URLs, meaning, and whether it takes `(any)` and `(all)`.
fn operator(name: &str) -> Option<(Operator, bool)> {
    let compare = |op| Some((Operator::Compare(op, None), true));
    let pattern = |op| Some((Operator::Match(op, None), true));
    let plain = |operator| Some((operator, false));
    match name {
        "eq" => compare(CompareOp::Eq),
        "neq" => plain(Operator::Compare(CompareOp::Ne, None)),
        "gt" => compare(CompareOp::Gt),
        "gte" => compare(CompareOp::Ge),
        "lt" => compare(CompareOp::Lt),
        "lte" => compare(CompareOp::Le),
        "like" => pattern(MatchOp::Like),
        "ilike" => pattern(MatchOp::ILike),
        "match" => pattern(MatchOp::Regex),
        "imatch" => pattern(MatchOp::IRegex),
        "in" => plain(Operator::In),
        "is" => plain(Operator::Is(IsValue::Null)),
        "isdistinct" => plain(Operator::IsDistinct),
        "cs" => plain(Operator::Contains),
        "cd" => plain(Operator::ContainedBy),
        "ov" => plain(Operator::Overlaps),
        "fts" | "plfts" | "phfts" | "wfts" | "sl" | "sr" | "nxr" | "nxl" | "adj" => {
            plain(Operator::Other { name: name.to_owned(), modifier: None })
        }
        _ => None,
    }
}

/// Reads the value of a filter parameter.
pub(crate) fn filter_value(text: &str) -> Result<FilterValue> {
    let mut cursor = Cursor::new(text, "filter");
    let (negated, operator) = operator_prefix(&mut cursor)?;
    let rest = cursor.rest();
    let (operator, value) = match operator {
        Operator::In => {
            let list = list(&mut cursor)?;
            if !cursor.at_end() {
                return Err(cursor.unexpected("end of input"));
            }
            (Operator::In, Some(RawValue::List(list)))
        }
        Operator::Is(_) => (Operator::Is(is_value(&mut cursor, rest)?), None),
        other => {
            let value = RawValue::Text(pattern(&other, rest));
            (other, Some(value))
        }
    };
    Ok(FilterValue { negated, operator, value })
}

/// `[not.]op[(modifier)].`
pub(super) fn operator_prefix(cursor: &mut Cursor<'_>) -> Result<(bool, Operator)> {
    let negated = cursor.eat("not.");
    let start = cursor.position();
    let word = cursor.take_while(|next| next.is_ascii_alphabetic());
    let Some((operator, quantifiable)) = operator(word) else {
        cursor.go_back_to(start);
        let also = if negated { "" } else { "\"not\" or " };
        return Err(cursor.unexpected(&format!("{also}operator (eq, gt, ...)")));
    };
    let operator = modified(cursor, operator, quantifiable)?;
    cursor.expect(".")?;
    Ok((negated, operator))
}

fn modified(cursor: &mut Cursor<'_>, operator: Operator, quantifiable: bool) -> Result<Operator> {
    if cursor.peek() != Some('(') {
        return Ok(operator);
    }
    let quantifier = |cursor: &mut Cursor<'_>| {
        if cursor.eat("(any)") {
            Some(Quantifier::Any)
        } else if cursor.eat("(all)") {
            Some(Quantifier::All)
        } else {
            None
        }
    };
    match operator {
        Operator::Compare(op, _) if quantifiable => match quantifier(cursor) {
            Some(quantifier) => Ok(Operator::Compare(op, Some(quantifier))),
            None => Err(cursor.unexpected("\"(any)\" or \"(all)\"")),
        },
        Operator::Match(op, _) if quantifiable => match quantifier(cursor) {
            Some(quantifier) => Ok(Operator::Match(op, Some(quantifier))),
            None => Err(cursor.unexpected("\"(any)\" or \"(all)\"")),
        },
        Operator::Other { name, .. } => {
            cursor.expect("(")?;
            let modifier = cursor.take_while(|next| next.is_alphanumeric() || next == '_').to_owned();
            cursor.expect(")")?;
            Ok(Operator::Other { name, modifier: Some(modifier) })
        }
        _ => Err(cursor.unexpected("\".\"")),
    }
}

/// `*` stands for `%` in LIKE patterns.
pub(super) fn pattern(operator: &Operator, text: &str) -> String {
    match operator {
        Operator::Match(MatchOp::Like | MatchOp::ILike, _) => text.replace('*', "%"),
        _ => text.to_owned(),
    }
}

pub(super) fn is_value(cursor: &mut Cursor<'_>, word: &str) -> Result<IsValue> {
    match word {
        "null" | "NULL" => Ok(IsValue::Null),
        "not_null" | "NOT_NULL" => Ok(IsValue::NotNull),
        "true" | "TRUE" => Ok(IsValue::True),
        "false" | "FALSE" => Ok(IsValue::False),
        "unknown" | "UNKNOWN" => Ok(IsValue::Unknown),
        _ => Err(cursor.unexpected("isVal: (null, not_null, true, false, unknown)")),
    }
}

/// `(a,b,"c,d")`; empty for `()`.
pub(super) fn list(cursor: &mut Cursor<'_>) -> Result<Vec<String>> {
    cursor.expect("(")?;
    let mut items = Vec::new();
    if cursor.eat(")") {
        return Ok(items);
    }
    loop {
        items.push(if cursor.peek() == Some('"') {
            cursor.quoted()?
        } else {
            cursor.take_while(|next| !matches!(next, ',' | ')')).to_owned()
        });
        if cursor.eat(")") {
            return Ok(items);
        }
        if !cursor.eat(",") {
            return Err(cursor.unexpected("\",\" or \")\""));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(filter: &FilterValue) -> &str {
        match &filter.value {
            Some(RawValue::Text(text)) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn values_keep_their_dots_and_stars_become_percents_only_in_patterns() {
        assert_eq!(text(&filter_value("eq.a.b*").unwrap()), "a.b*");
        assert_eq!(text(&filter_value("like.*a*").unwrap()), "%a%");
        assert_eq!(text(&filter_value("like(any).{O*,P*}").unwrap()), "{O%,P%}");
        assert_eq!(text(&filter_value("eq.").unwrap()), "");
        assert!(filter_value("not.eq.1").unwrap().negated);
    }

    #[test]
    fn lists_may_hold_quoted_items() {
        let filter = filter_value("in.(a,\"b,c\",\"d\\\"e\",)").unwrap();
        let Some(RawValue::List(items)) = filter.value else { panic!() };
        assert_eq!(items, ["a", "b,c", "d\"e", ""]);
        let Some(RawValue::List(none)) = filter_value("in.()").unwrap().value else { panic!() };
        assert!(none.is_empty());
    }

    #[test]
    fn the_documented_error() {
        let problem = filter_value("0").unwrap_err();
        assert_eq!(problem.message(), "\"failed to parse filter (0)\" (line 1, column 1)");
        let details = problem.details().unwrap();
        assert_eq!(details, "unexpected \"0\" expecting \"not\" or operator (eq, gt, ...)");
    }

    #[test]
    fn mistakes_are_refused() {
        for text in
            ["", "eq", "foo.1", "in.1", "in.(1", "is.nil", "not.", "neq(any).{1}", "eq(some).1", "in.(1)x"]
        {
            assert_eq!(filter_value(text).unwrap_err().code(), "PGRST100", "{text}");
        }
    }
}
