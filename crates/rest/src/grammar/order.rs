//! The `order` parameter.

use mainstay_base::Result;
use mainstay_query::{Field, OrderTerm};

use super::cursor::Cursor;
use super::name::field;

/// Reads `col.desc.nullslast,relation(col)`.
pub(crate) fn order(text: &str) -> Result<Vec<OrderTerm>> {
    let mut cursor = Cursor::new(text, "order");
    let mut terms = vec![term(&mut cursor)?];
    while cursor.eat(",") {
        terms.push(term(&mut cursor)?);
    }
    if cursor.at_end() { Ok(terms) } else { Err(cursor.unexpected("\",\" or end of input")) }
}

fn term(cursor: &mut Cursor<'_>) -> Result<OrderTerm> {
    let first = field(cursor)?;
    let (relation, target) = if first.path.is_empty() && cursor.eat("(") {
        let inner = field(cursor)?;
        cursor.expect(")")?;
        (Some(first.column), inner)
    } else {
        (None, first)
    };
    modifiers(cursor, relation, target)
}

fn modifiers(cursor: &mut Cursor<'_>, relation: Option<String>, field: Field) -> Result<OrderTerm> {
    let mut term = OrderTerm { relation, field, descending: false, nulls_first: None };
    let mut direction_given = false;
    while cursor.eat(".") {
        let word = cursor.take_while(|next| next.is_ascii_alphabetic());
        match word {
            "asc" | "desc" if !direction_given && term.nulls_first.is_none() => {
                direction_given = true;
                term.descending = word == "desc";
            }
            "nullsfirst" | "nullslast" if term.nulls_first.is_none() => {
                term.nulls_first = Some(word == "nullsfirst");
            }
            _ => {
                cursor.go_back_to(cursor.position() - word.len());
                return Err(cursor.unexpected("\"asc\", \"desc\", \"nullsfirst\" or \"nullslast\""));
            }
        }
    }
    Ok(term)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_have_directions_nulls_and_relations() {
        let terms = order("a,b.desc.nullslast,directors(last_name).asc,c->>d.nullsfirst").unwrap();
        assert_eq!(terms.len(), 4);
        assert!(terms[1].descending);
        assert_eq!(terms[1].nulls_first, Some(false));
        assert_eq!(terms[2].relation.as_deref(), Some("directors"));
        assert_eq!(terms[3].nulls_first, Some(true));
    }

    #[test]
    fn mistakes_are_refused() {
        for text in ["", "a.", "a.up", "a.desc.desc", "a.nullsfirst.desc", "a,,b", "r(a"] {
            assert_eq!(order(text).unwrap_err().code(), "PGRST100", "{text}");
        }
    }
}
