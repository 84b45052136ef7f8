//! Names, JSON paths and the paths of embeds.

use std::borrow::Cow;

use mainstay_base::Result;
use mainstay_query::{Field, JsonStep};

use super::cursor::Cursor;

/// Most steps of a JSON path: each becomes a level of an expression.
const STEPS_MAX: usize = 64;

/// A key of the query string: the embeds that it leads through, and the field at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TreePath {
    /// The names of embeds, outermost first.
    pub embeds: Vec<String>,
    /// The last part.
    pub field: Field,
}

/// Reads `embed.embed.column->path`.
pub(crate) fn tree_path(text: &str) -> Result<TreePath> {
    let mut cursor = Cursor::new(text, "tree path");
    let mut embeds = Vec::new();
    let mut column = name(&mut cursor)?;
    while cursor.eat(".") {
        embeds.push(column);
        column = name(&mut cursor)?;
    }
    let path = json_path(&mut cursor)?;
    if !cursor.at_end() {
        return Err(cursor.unexpected("\".\", \"->\" or end of input"));
    }
    Ok(TreePath { embeds, field: Field { column, path } })
}

/// Reads the `columns` and `on_conflict` parameters: names parted by commas.
pub(crate) fn columns(text: &str, context: &'static str) -> Result<Vec<String>> {
    let mut cursor = Cursor::new(text, context);
    let mut names = vec![name(&mut cursor)?];
    while cursor.eat(",") {
        names.push(name(&mut cursor)?);
    }
    if cursor.at_end() { Ok(names) } else { Err(cursor.unexpected("\",\" or end of input")) }
}

/// A name as it is written in a key of the query string: in quotes where it would not read back as itself, or where
/// `reserved` says that the bare word means something else.
pub(crate) fn written(text: &str, reserved: impl Fn(&str) -> bool) -> Cow<'_, str> {
    let mut cursor = Cursor::new(text, "tree path");
    let reads_back = name(&mut cursor).is_ok_and(|read| read == text) && cursor.at_end();
    if reads_back && !reserved(text) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

/// A field: a name and a JSON path.
pub(super) fn field(cursor: &mut Cursor<'_>) -> Result<Field> {
    let column = name(cursor)?;
    let path = json_path(cursor)?;
    Ok(Field { column, path })
}

/// A name: quoted, or letters, digits, `_`, `$`, blanks and dashes inside.
pub(super) fn name(cursor: &mut Cursor<'_>) -> Result<String> {
    if cursor.peek() == Some('"') {
        return cursor.quoted();
    }
    let start = cursor.position();
    let mut end = start;
    loop {
        let part = cursor.take_while(is_name_character);
        if part.is_empty() {
            break;
        }
        end = cursor.position();
        // A dash belongs to the name unless it starts an arrow.
        if cursor.rest().starts_with('-') && !cursor.rest().starts_with("->") {
            cursor.bump();
        } else {
            break;
        }
    }
    cursor.go_back_to(start);
    let text = cursor.rest()[..end - start].trim();
    if text.is_empty() {
        return Err(cursor.unexpected("field name (* or [a..z0..9_$])"));
    }
    cursor.go_back_to(end);
    Ok(text.to_owned())
}

fn is_name_character(next: char) -> bool {
    next.is_alphanumeric() || matches!(next, '_' | '$' | ' ')
}

/// `->key`, `->>key`, `->0`, chained; empty when there is none.
pub(super) fn json_path(cursor: &mut Cursor<'_>) -> Result<Vec<JsonStep>> {
    let mut path = Vec::new();
    loop {
        let text = if cursor.eat("->>") {
            true
        } else if cursor.eat("->") {
            false
        } else {
            return Ok(path);
        };
        if path.len() == STEPS_MAX {
            return Err(cursor.problem("the path has too many steps"));
        }
        path.push(json_step(cursor, text)?);
    }
}

fn json_step(cursor: &mut Cursor<'_>, text: bool) -> Result<JsonStep> {
    if cursor.peek() == Some('"') {
        return Ok(JsonStep::Key { key: cursor.quoted()?, text });
    }
    let start = cursor.position();
    let negative = cursor.eat("-");
    let digits = cursor.take_while(|next| next.is_ascii_digit());
    if !digits.is_empty()
        && ends_step(cursor)
        && let Ok(index) = digits.parse::<i32>()
    {
        return Ok(JsonStep::Index { index: if negative { -index } else { index }, text });
    }
    cursor.go_back_to(start);
    let key = json_key(cursor);
    if key.is_empty() {
        return Err(cursor.unexpected("json key or index"));
    }
    Ok(JsonStep::Key { key, text })
}

fn ends_step(cursor: &Cursor<'_>) -> bool {
    let rest = cursor.rest();
    rest.is_empty() || rest.starts_with("->") || rest.starts_with(['.', ',', ')', ':', '('])
}

/// Any characters but those that end a key; a dash belongs to it unless it starts an arrow.
fn json_key(cursor: &mut Cursor<'_>) -> String {
    let mut key = String::new();
    while let Some(next) = cursor.peek() {
        let arrow = cursor.rest().starts_with("->");
        if arrow || matches!(next, '(' | ':' | '.' | ',' | '>' | ')') {
            break;
        }
        key.push(next);
        cursor.bump();
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(key: &str, text: bool) -> JsonStep {
        JsonStep::Key { key: key.into(), text }
    }

    #[test]
    fn paths_lead_through_embeds_to_a_field() {
        let path = tree_path("roles.actors.data->a-b->>2").unwrap();
        assert_eq!(path.embeds, ["roles", "actors"]);
        assert_eq!(path.field.column, "data");
        assert_eq!(path.field.path, [key("a-b", false), JsonStep::Index { index: 2, text: true }]);
        assert_eq!(tree_path("data->-1").unwrap().field.path, [JsonStep::Index { index: -1, text: false }]);
    }

    #[test]
    fn a_path_has_so_many_steps() {
        let steps = |number| format!("data{}", "->a".repeat(number));
        assert_eq!(tree_path(&steps(STEPS_MAX)).unwrap().field.path.len(), STEPS_MAX);
        assert_eq!(tree_path(&steps(STEPS_MAX + 1)).unwrap_err().code(), "PGRST100");
    }

    #[test]
    fn names_may_be_quoted_and_hold_dashes_and_blanks() {
        assert_eq!(tree_path("\"information.cpe\"").unwrap().field.column, "information.cpe");
        assert_eq!(tree_path("full name").unwrap().field.column, "full name");
        assert_eq!(tree_path("first-name").unwrap().field.column, "first-name");
        assert_eq!(tree_path("Größe").unwrap().field.column, "Größe");
        assert_eq!(columns("\"a\",b", "columns parameter").unwrap(), ["a", "b"]);
    }

    #[test]
    fn every_name_reads_back_as_it_was_written() {
        let reserved = |word: &str| word == "select";
        assert_eq!(written("full name", reserved), "full name");
        assert_eq!(written("select", reserved), "\"select\"");
        let odd = [
            "select", "a.b", " a", "a\"b", "a\\", "\"", "a->b", "a-", "50%", "a/b", "{x}", "é", "名前", "(",
            "a,b",
        ];
        for name in odd {
            assert_eq!(tree_path(&written(name, reserved)).unwrap().field.column, name);
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in ["", ".", "a.", "a->", "(a)", "\"open"] {
            assert_eq!(tree_path(text).unwrap_err().code(), "PGRST100", "{text}");
        }
    }
}
