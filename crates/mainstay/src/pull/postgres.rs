//! An existing PostgreSQL database taken over into schema/*.sql. What the schema language does not have stands there as a comment,
//! with the reason.
//!
//! Whether something can be taken is not guessed: everything is read by the same reader as the files will be, and what it refuses
//! is said in a weaker form or left out, together with what rests on it.

use std::collections::HashMap;
use std::fmt::Write;

use mainstay_engine_postgres::{Definition, DefinitionKind};
use mainstay_sql::{Severity, SourceFiles};

use super::Pulled;

/// The files of a pulled schema, in the order in which their contents build on each other.
const FILES: [(DefinitionKind, &str); 6] = [
    (DefinitionKind::Types, "00_types.sql"),
    (DefinitionKind::Tables, "10_tables.sql"),
    (DefinitionKind::Constraints, "20_constraints.sql"),
    (DefinitionKind::Views, "30_views.sql"),
    (DefinitionKind::Policies, "40_policies.sql"),
    (DefinitionKind::Comments, "50_comments.sql"),
];

/// The files of a schema that says what the definitions say.
pub fn files(definitions: Vec<(DefinitionKind, Definition)>) -> Pulled {
    let mut pull = Pull::new(definitions);
    pull.settle();
    pull.print_all()
}

/// A definition on its way into a file.
struct Unit {
    kind: DefinitionKind,
    definition: Definition,
    /// The form that each element has at the moment; beyond its last form it is left out.
    forms: Vec<usize>,
    /// Why elements say less than they did, by their number.
    weakened: HashMap<usize, String>,
    /// Why all of it is left out.
    refused: Option<String>,
}

struct Pull {
    units: Vec<Unit>,
}

impl Unit {
    /// The statement as it is tried, and where each element that is in it begins and ends.
    fn text(&self) -> (String, Vec<(usize, std::ops::Range<usize>)>) {
        let mut text = self.definition.head.clone();
        let mut places = Vec::new();
        if !self.definition.elements.is_empty() {
            text.push_str(" (");
            let mut is_first = true;
            for (number, forms) in self.definition.elements.iter().enumerate() {
                let Some(form) = forms.get(self.forms[number]) else { continue };
                text.push_str(if is_first { "\n    " } else { ",\n    " });
                is_first = false;
                let start = text.len();
                text.push_str(form);
                places.push((number, start..text.len()));
            }
            text.push_str("\n)");
        }
        text.push_str(&self.definition.tail);
        text.push(';');
        (text, places)
    }

    /// Takes note of what is wrong at a place: the element there says less from now on, or all of it is left out.
    fn weaken(&mut self, offset: usize, why: &str) {
        let (_, places) = self.text();
        match places.into_iter().find(|(_, place)| place.contains(&offset)) {
            Some((number, _)) => {
                self.forms[number] += 1;
                self.weakened.entry(number).or_insert_with(|| why.to_owned());
            }
            None => self.refused = Some(why.to_owned()),
        }
    }
}

impl Pull {
    fn new(definitions: Vec<(DefinitionKind, Definition)>) -> Self {
        let unit = |(kind, definition): (DefinitionKind, Definition)| Unit {
            kind,
            forms: vec![0; definition.elements.len()],
            weakened: HashMap::new(),
            refused: definition.refused.clone(),
            definition,
        };
        Self { units: definitions.into_iter().map(unit).collect() }
    }

    /// Has everything read until nothing is refused any more.
    fn settle(&mut self) {
        loop {
            let mut files = SourceFiles::new();
            let tried: Vec<usize> =
                (0..self.units.len()).filter(|number| self.units[*number].refused.is_none()).collect();
            for number in &tried {
                files.add("", self.units[*number].text().0);
            }
            let (_, diagnostics) = mainstay_catalog::load(&files);
            let mut wrong: HashMap<usize, (usize, String)> = HashMap::new();
            for diagnostic in diagnostics.iter().filter(|it| it.severity == Severity::Error) {
                let Some(unit) = tried.get(diagnostic.span.file.0 as usize) else { continue };
                let found = (diagnostic.span.start as usize, diagnostic.message.clone());
                wrong.entry(*unit).or_insert(found);
            }
            if wrong.is_empty() {
                return;
            }
            for (unit, (offset, why)) in wrong {
                self.units[unit].weaken(offset, &why);
            }
        }
    }

    fn print_all(&self) -> Pulled {
        let mut pulled = Pulled::default();
        for (kind, name) in FILES {
            let mut text = String::new();
            for unit in self.units.iter().filter(|unit| unit.kind == kind) {
                print(unit, &mut text, &mut pulled.left_out);
            }
            if !text.is_empty() {
                pulled.files.push((name.to_owned(), text));
            }
        }
        pulled
    }
}

/// Appends a definition: what is said, and as comments what could not be said.
fn print(unit: &Unit, text: &mut String, left_out: &mut Vec<String>) {
    if !text.is_empty() {
        text.push('\n');
    }
    let name = &unit.definition.name;
    if let Some(remark) = &unit.definition.remark {
        let _ = writeln!(text, "-- {remark}");
    }
    if let Some(why) = &unit.refused {
        let _ = writeln!(text, "-- Left out: {}.", one_line(why));
        comment(&unit.text().0, text);
        left_out.push(format!("{name}: {}", one_line(why)));
        return;
    }
    let mut weakened: Vec<_> = unit.weakened.iter().collect();
    weakened.sort();
    for (number, why) in weakened {
        let _ = writeln!(text, "-- Left out of {name}: {}.", one_line(why));
        comment(&unit.definition.elements[*number][0], text);
        left_out.push(format!("{name}: {}", one_line(why)));
    }
    let said = SourceFiles::single("", unit.text().0);
    let (statements, _) = mainstay_sql::read(&said);
    text.push_str(&mainstay_sql::print_statements(&statements));
    if !text.ends_with('\n') {
        text.push('\n');
    }
}

fn comment(statement: &str, text: &mut String) {
    for line in statement.trim_end().lines() {
        let _ = writeln!(text, "--     {line}");
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
