//! The `and` and `or` parameters: trees of conditions.

use mainstay_base::Result;
use mainstay_query::{Condition, Operator, RawValue, ValuesBuilder};

use super::cursor::Cursor;
use super::filter::{FilterValue, is_value, list, operator_prefix, pattern};
use super::name::field;

/// Deepest nesting of groups.
const DEPTH_MAX: usize = 64;

/// Reads `(a.eq.1,b.gt.2,and(…))` as a group of the kind that the parameter's name says.
pub(crate) fn logic_tree(
    group: &str,
    negated: bool,
    text: &str,
    values: &mut ValuesBuilder,
) -> Result<Condition> {
    let mut cursor = Cursor::new(text, "logic tree");
    let terms = terms(&mut cursor, values, 0)?;
    if !cursor.at_end() {
        return Err(cursor.unexpected("end of input"));
    }
    Ok(grouped(group == "and", negated, terms))
}

fn grouped(all: bool, negated: bool, terms: Vec<Condition>) -> Condition {
    let group = if all { Condition::And(terms) } else { Condition::Or(terms) };
    if negated { Condition::Not(Box::new(group)) } else { group }
}

fn terms(cursor: &mut Cursor<'_>, values: &mut ValuesBuilder, depth: usize) -> Result<Vec<Condition>> {
    if depth > DEPTH_MAX {
        return Err(cursor.problem("groups are nested too deeply"));
    }
    cursor.expect("(")?;
    let mut terms = Vec::new();
    loop {
        cursor.take_while(|next| next == ' ');
        terms.push(term(cursor, values, depth)?);
        cursor.take_while(|next| next == ' ');
        if cursor.eat(")") {
            return Ok(terms);
        }
        if !cursor.eat(",") {
            return Err(cursor.unexpected("\",\" or \")\""));
        }
    }
}

fn term(cursor: &mut Cursor<'_>, values: &mut ValuesBuilder, depth: usize) -> Result<Condition> {
    let start = cursor.position();
    let negated = cursor.eat("not.");
    for (word, all) in [("and", true), ("or", false)] {
        if cursor.rest().starts_with(word) && cursor.rest()[word.len()..].starts_with('(') {
            cursor.expect(word)?;
            return Ok(grouped(all, negated, terms(cursor, values, depth + 1)?));
        }
    }
    cursor.go_back_to(start);
    let field = field(cursor)?;
    cursor.expect(".")?;
    let (negated, operator) = operator_prefix(cursor)?;
    Ok(value(cursor, negated, operator)?.on(field, values))
}

/// A value inside a tree ends at a comma or parenthesis unless it is quoted, an array literal or a list.
fn value(cursor: &mut Cursor<'_>, negated: bool, operator: Operator) -> Result<FilterValue> {
    let (operator, value) = match operator {
        Operator::In => (Operator::In, Some(RawValue::List(list(cursor)?))),
        Operator::Is(_) => {
            let word = cursor.take_while(|next| next.is_ascii_alphabetic() || next == '_');
            (Operator::Is(is_value(cursor, word)?), None)
        }
        other => {
            let text = scalar(cursor)?;
            let value = RawValue::Text(pattern(&other, &text));
            (other, Some(value))
        }
    };
    Ok(FilterValue { negated, operator, value })
}

fn scalar(cursor: &mut Cursor<'_>) -> Result<String> {
    match cursor.peek() {
        Some('"') => {
            let start = cursor.position();
            let text = cursor.quoted()?;
            if cursor.at_end() || matches!(cursor.peek(), Some(',' | ')' | ' ')) {
                return Ok(text);
            }
            cursor.go_back_to(start);
            Ok(cursor.take_while(|next| !matches!(next, ',' | ')')).to_owned())
        }
        Some('{') => array_literal(cursor),
        _ => Ok(cursor.take_while(|next| !matches!(next, ',' | ')')).to_owned()),
    }
}

/// `{…}` with everything in it: an array or a JSON object.
fn array_literal(cursor: &mut Cursor<'_>) -> Result<String> {
    let start = cursor.position();
    let rest = cursor.rest();
    let mut depth = 0_usize;
    let mut quoted = false;
    while let Some(next) = cursor.bump() {
        match next {
            '\\' if quoted => {
                cursor.bump();
            }
            '"' => quoted = !quoted,
            '{' if !quoted => depth += 1,
            '}' if !quoted => {
                depth -= 1;
                if depth == 0 {
                    return Ok(rest[..cursor.position() - start].to_owned());
                }
            }
            _ => {}
        }
    }
    Err(cursor.unexpected("\"}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Condition> {
        logic_tree("or", false, text, &mut ValuesBuilder::default())
    }

    #[test]
    fn trees_nest_and_values_may_be_quoted() {
        let mut values = ValuesBuilder::default();
        let text = "(a.eq.1,and(b.is.null,not.or(c.eq.\"x,y)\",d.in.(1,2))),e.cs.{a,b},f->>g.like.*z*)";
        let tree = logic_tree("or", true, text, &mut values).unwrap();
        let Condition::Not(inner) = tree else { panic!() };
        let Condition::Or(terms) = *inner else { panic!() };
        assert_eq!(terms.len(), 4);
        let values = values.finish(Default::default()).slots;
        assert!(matches!(&values[1], RawValue::Text(text) if text == "x,y)"));
        assert!(matches!(&values[3], RawValue::Text(text) if text == "{a,b}"));
        assert!(matches!(&values[4], RawValue::Text(text) if text == "%z%"));
    }

    #[test]
    fn mistakes_are_refused() {
        let deep = "(and".repeat(100);
        for text in
            ["", "()", "(a)", "(a.eq.1", "(a.eq.1,)", "a.eq.1", "(a.foo.1)", "(a.eq.1)x", "(a.cs.{1)", &deep]
        {
            assert_eq!(parse(text).unwrap_err().code(), "PGRST100", "{text}");
        }
    }
}
