//! The files that are read: their names, their text, and where a byte lies in lines and columns.

use crate::span::{FileId, Span};

/// Files in the order in which they are to be read.
#[derive(Clone, Debug, Default)]
pub struct SourceFiles {
    files: Vec<SourceFile>,
}

/// One file.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// The name to show, as the user would type it.
    pub name: String,
    /// Its text.
    pub text: String,
    /// Offsets of the first byte of each line.
    line_starts: Vec<u32>,
}

/// A place as people count: both from 1, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location {
    /// The line.
    pub line: u32,
    /// The column, in Unicode characters.
    pub column: u32,
}

impl SourceFiles {
    /// No files.
    pub fn new() -> SourceFiles {
        SourceFiles::default()
    }

    /// A single file.
    pub fn single(name: impl Into<String>, text: impl Into<String>) -> SourceFiles {
        let mut files = SourceFiles::new();
        files.add(name, text);
        files
    }

    /// Adds a file after the others.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> FileId {
        let id = FileId(self.files.len() as u32);
        let (name, text) = (name.into(), text.into());
        let newlines =
            text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at as u32 + 1);
        let line_starts = std::iter::once(0).chain(newlines).collect();
        self.files.push(SourceFile { name, text, line_starts });
        id
    }

    /// The file of that number.
    pub fn get(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }

    /// The files with their numbers, in order.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files.iter().enumerate().map(|(at, file)| (FileId(at as u32), file))
    }

    /// The text that a span covers; empty when the span is not of these files.
    pub fn text(&self, span: Span) -> &str {
        let text = self.get(span.file).map(|file| file.text.get(span.start as usize..span.end as usize));
        text.flatten().unwrap_or("")
    }

    /// Where a span begins.
    pub fn location(&self, span: Span) -> Option<Location> {
        Some(self.get(span.file)?.location(span.start))
    }
}

impl SourceFile {
    /// The byte range of the lines from the one with `first` to the one with `last`, without its newline.
    pub(crate) fn lines_around(&self, first: u32, last: u32) -> (usize, usize) {
        let line_of = |offset: u32| self.location(offset).line as usize;
        let start = self.line_starts[line_of(first) - 1] as usize;
        let end =
            self.line_starts.get(line_of(last.max(first))).map_or(self.text.len(), |next| *next as usize - 1);
        (start, end)
    }

    /// The line and column of a byte offset; one past the last character for offsets beyond the end.
    pub fn location(&self, offset: u32) -> Location {
        let offset = (offset as usize).min(self.text.len());
        let line = self.line_starts.partition_point(|start| *start as usize <= offset);
        let start = self.line_starts[line - 1] as usize;
        let before = self.text.as_bytes().get(start..offset).unwrap_or_default();
        // Counting the bytes that are not continuation bytes counts characters, wherever the offset falls.
        let column = before.iter().filter(|byte| (**byte as i8) >= -0x40).count() as u32 + 1;
        Location { line: line as u32, column }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_count_lines_and_characters() {
        let files = SourceFiles::single("a.sql", "één\nß x\n");
        let file = files.get(FileId(0)).unwrap();
        assert_eq!(file.location(0), Location { line: 1, column: 1 });
        assert_eq!(file.location(5), Location { line: 1, column: 4 });
        assert_eq!(file.location(6), Location { line: 2, column: 1 });
        assert_eq!(file.location(9), Location { line: 2, column: 3 });
        assert_eq!(file.location(999), Location { line: 3, column: 1 });
    }
}
