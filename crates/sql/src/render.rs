//! Diagnostics as text for people and as JSON lines for programs.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde_json::{Value, json};

use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::source::{SourceFile, SourceFiles};
use crate::span::{FileId, Span};

impl Diagnostics {
    /// All of them as text: message, file:line:column, the source line with carets, help and notes, with a blank line
    /// between two. Colours are ANSI escapes.
    pub fn render(&self, files: &SourceFiles, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let texts: Vec<_> =
            self.iter().map(|diagnostic| renderer.render(&[group(diagnostic, files)])).collect();
        texts.join("\n\n")
    }

    /// All of them as JSON, one object a line: `severity`, `code`, `message`, `file`, `line`, `column`, `end_line`,
    /// `end_column` (all counted from 1, the end exclusive) and, where there are any, `label`, `help`, `notes`, `related`.
    pub fn to_json_lines(&self, files: &SourceFiles) -> String {
        self.iter().map(|diagnostic| json_of(diagnostic, files).to_string() + "\n").collect()
    }
}

impl Diagnostic {
    /// `file:line:column: error: message`, as compilers print it on one line.
    pub fn one_line(&self, files: &SourceFiles) -> String {
        let severity = self.severity.as_str();
        match files.get(self.span.file) {
            Some(file) => {
                let place = file.location(self.span.start);
                format!("{}:{}:{}: {severity}: {}", file.name, place.line, place.column, self.message)
            }
            None => format!("{severity}: {}", self.message),
        }
    }
}

fn group<'a>(diagnostic: &'a Diagnostic, files: &'a SourceFiles) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let mut group = Group::with_title(level.primary_title(diagnostic.message.as_str()).id(diagnostic.code));
    // The file of the diagnostic itself comes first, the others in the order in which they are named.
    let mut shown: Vec<FileId> = vec![diagnostic.span.file];
    for (span, _) in &diagnostic.secondary {
        if !shown.contains(&span.file) {
            shown.push(span.file);
        }
    }
    for id in shown {
        if let Some(file) = files.get(id) {
            group = group.element(snippet(diagnostic, id, file));
        }
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    group.elements(diagnostic.notes.iter().map(|note| Level::NOTE.message(note.as_str())))
}

/// The lines of one file that the diagnostic points at. Only they are handed over, since files may be large.
fn snippet<'a>(
    diagnostic: &'a Diagnostic,
    id: FileId,
    file: &'a SourceFile,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let primary = (diagnostic.span, diagnostic.label.as_deref(), AnnotationKind::Primary);
    let secondary = diagnostic
        .secondary
        .iter()
        .map(|(span, label)| (*span, Some(label.as_str()), AnnotationKind::Context));
    let places: Vec<_> =
        std::iter::once(primary).chain(secondary).filter(|(span, ..)| span.file == id).collect();
    let first = places.iter().map(|(span, ..)| span.start).min().unwrap_or(0);
    let last = places.iter().map(|(span, ..)| span.end.max(span.start)).max().unwrap_or(0);
    let (start, end) = file.lines_around(first, last);
    let line = file.location(start as u32).line as usize;
    let annotations = places.into_iter().map(|(span, label, kind)| {
        let from = boundary(&file.text, span.start as usize).clamp(start, end) - start;
        let to = boundary(&file.text, span.end as usize).clamp(start, end) - start;
        kind.span(from..to.max(from)).label(label.map(std::borrow::Cow::Borrowed))
    });
    Snippet::source(&file.text[start..end]).path(file.name.as_str()).line_start(line).annotations(annotations)
}

/// The nearest place at or before the offset that does not split a character.
fn boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

fn json_of(diagnostic: &Diagnostic, files: &SourceFiles) -> Value {
    let mut object = json!({
        "severity": diagnostic.severity.as_str(),
        "code": diagnostic.code,
        "message": diagnostic.message,
    });
    place_json(&mut object, diagnostic.span, files);
    if let Some(label) = &diagnostic.label {
        object["label"] = json!(label);
    }
    if let Some(help) = &diagnostic.help {
        object["help"] = json!(help);
    }
    if !diagnostic.notes.is_empty() {
        object["notes"] = json!(diagnostic.notes);
    }
    if !diagnostic.secondary.is_empty() {
        let related = diagnostic.secondary.iter().map(|(span, label)| {
            let mut place = json!({ "message": label });
            place_json(&mut place, *span, files);
            place
        });
        object["related"] = related.collect();
    }
    object
}

fn place_json(object: &mut Value, span: Span, files: &SourceFiles) {
    let Some(file) = files.get(span.file) else { return };
    let (start, end) = (file.location(span.start), file.location(span.end));
    object["file"] = json!(file.name);
    object["line"] = json!(start.line);
    object["column"] = json!(start.column);
    object["end_line"] = json!(end.line);
    object["end_column"] = json!(end.column);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> (SourceFiles, Diagnostics) {
        let mut files = SourceFiles::single("schema/one.sql", "CREATE TABLE a (\n  id int,\n  né txet\n);\n");
        let two = files.add("schema/two.sql", "CREATE TABLE a ();\n");
        let mut diagnostics = Diagnostics::new();
        diagnostics.push(
            Diagnostic::error("unknown-type", Span::new(FileId(0), 33, 37), "type \"txet\" does not exist")
                .with_label("unknown")
                .with_help("did you mean `text`?")
                .with_note("types are those of PostgreSQL"),
        );
        diagnostics.push(
            Diagnostic::warning("duplicate-table", Span::new(two, 13, 14), "table \"a\" is there already")
                .with_place(Span::new(FileId(0), 13, 14), "first defined here"),
        );
        (files, diagnostics)
    }

    #[test]
    fn text_shows_place_line_caret_and_help() {
        let (files, diagnostics) = sample();
        let expected = "\
error[unknown-type]: type \"txet\" does not exist
 --> schema/one.sql:3:6
  |
3 |   né txet
  |      ^^^^ unknown
  |
  = help: did you mean `text`?
  = note: types are those of PostgreSQL

warning[duplicate-table]: table \"a\" is there already
 --> schema/two.sql:1:14
  |
1 | CREATE TABLE a ();
  |              ^
  |
 ::: schema/one.sql:1:14
  |
1 | CREATE TABLE a (
  |              - first defined here";
        assert_eq!(diagnostics.render(&files, false), expected);
        assert!(diagnostics.render(&files, true).contains("\u{1b}["));
    }

    #[test]
    fn json_holds_the_same() {
        let (files, diagnostics) = sample();
        let lines = diagnostics.to_json_lines(&files);
        let values: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(values[0]["line"], 3);
        assert_eq!(values[0]["column"], 6);
        assert_eq!(values[0]["end_column"], 10);
        assert_eq!(values[0]["help"], "did you mean `text`?");
        assert_eq!(values[1]["related"][0]["file"], "schema/one.sql");
    }

    #[test]
    fn one_line_is_what_editors_understand() {
        let (files, diagnostics) = sample();
        let first = diagnostics.iter().next().unwrap();
        assert_eq!(first.one_line(&files), "schema/one.sql:3:6: error: type \"txet\" does not exist");
    }

    #[test]
    fn places_outside_the_files_do_no_harm() {
        let files = SourceFiles::single("a.sql", "é");
        let mut diagnostics = Diagnostics::new();
        diagnostics.push(Diagnostic::error("x", Span::new(FileId(7), 1, 2), "elsewhere"));
        diagnostics.push(Diagnostic::error(
            "x",
            Span::new(FileId(0), 1, 90),
            "inside a character, beyond the end",
        ));
        assert!(diagnostics.render(&files, false).contains("elsewhere"));
        assert_eq!(diagnostics.to_json_lines(&files).lines().count(), 2);
    }
}
