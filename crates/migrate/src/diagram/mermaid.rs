//! Mermaid's `erDiagram` notation.

use std::fmt::Write;

use super::model::{Edge, Model, Row};

pub(super) fn draw(model: &Model) -> String {
    let mut text = String::from("erDiagram\n");
    for entity in &model.entities {
        _ = writeln!(text, "    {} {{", quoted(&entity.name));
        for row in &entity.rows {
            _ = writeln!(text, "        {}", attribute(row));
        }
        text.push_str("    }\n");
    }
    for edge in &model.edges {
        let (child, parent) = (&model.entities[edge.child].name, &model.entities[edge.parent].name);
        let (child, parent) = (quoted(child), quoted(parent));
        _ = writeln!(text, "    {child} {} {parent} : {}", line(edge), quoted(&edge.name));
    }
    text
}

fn line(edge: &Edge) -> &'static str {
    match (edge.one_child, edge.optional_parent) {
        (false, false) => "}o--||",
        (false, true) => "}o--o|",
        (true, false) => "|o--||",
        (true, true) => "|o--o|",
    }
}

fn attribute(row: &Row) -> String {
    let mut text = format!("{} {}", word(&row.ty), word(&row.name));
    if !row.keys.is_empty() {
        _ = write!(text, " {}", row.keys.join(", "));
    }
    if !row.not_null {
        text.push_str(" \"nullable\"");
    }
    text
}

/// Mermaid's types and attribute names are single words.
fn word(text: &str) -> String {
    let allowed = |character: char| character.is_alphanumeric() || "_-()[]".contains(character);
    let word: String = text.chars().map(|c| if allowed(c) { c } else { '_' }).collect();
    match word.chars().next() {
        Some(first) if first.is_alphabetic() || first == '_' => word,
        _ => format!("_{word}"),
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace(['"', '\n', '\r'], "'"))
}
