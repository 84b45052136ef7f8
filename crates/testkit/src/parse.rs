//! Reads a scenario file. A fence that looks like a step and is not one is an error with its line: a typing
//! mistake must never turn a test off.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Parser, Tag, TagEnd};

use crate::identity::Who;
use crate::scenario::{
    Answer, Case, Check, Diagnostic, ExpectedBody, HeaderRule, Request, Scenario, Step, WorldSpec,
};

/// A heading or a fenced block with the line it starts on.
enum Piece {
    Heading { line: usize, level: usize, text: String },
    Fence { line: usize, info: String, text: String },
}

/// One open section while reading: what it has of its own, on top of its parents.
#[derive(Default)]
struct Section {
    level: usize,
    line: usize,
    slug: String,
    world: WorldSpec,
    steps: Vec<Step>,
    diagnostics: Option<Vec<Diagnostic>>,
}

/// Reads one file.
///
/// # Errors
/// A sentence that begins with `<name>.md:<line>:`.
pub fn scenario(name: &str, text: &str) -> Result<Scenario, String> {
    let mut open: Vec<Section> = vec![Section::default()];
    let mut cases: Vec<Case> = Vec::new();
    for piece in pieces(text) {
        match piece {
            Piece::Heading { line, level, text } => {
                close(name, &mut open, level, &mut cases)?;
                let world = open.last().map(|parent| parent.world.clone()).unwrap_or_default();
                open.push(Section { level, line, slug: slug(&text), world, ..Section::default() });
            }
            Piece::Fence { line, info, text } => {
                let section = open.last_mut().expect("the root section is never closed");
                fence(section, line, &info, &text).map_err(|error| format!("{name}.md:{line}: {error}"))?;
            }
        }
    }
    close(name, &mut open, 0, &mut cases)?;
    Ok(Scenario { name: name.to_owned(), cases })
}

/// Closes every section of `level` or deeper, innermost first, and keeps those that are cases.
fn close(name: &str, open: &mut Vec<Section>, level: usize, cases: &mut Vec<Case>) -> Result<(), String> {
    let mut closed = Vec::new();
    while open.last().is_some_and(|section| section.level > 0 && section.level >= level) {
        // A section's name holds those of its parents, but for the title of the file.
        let path: Vec<&str> =
            open.iter().filter(|section| section.level > 1).map(|section| section.slug.as_str()).collect();
        let path = format!("{name}/{}", path.join("/"));
        closed.extend(open.pop().map(|section| (path, section)));
    }
    for (case_name, section) in closed.into_iter().rev() {
        let check = match (section.steps.is_empty(), section.diagnostics) {
            (true, None) => continue,
            (true, Some(diagnostics)) => Check::Diagnostics(diagnostics),
            (false, None) => Check::Requests(section.steps),
            (false, Some(_)) => {
                return Err(format!("{name}.md:{}: requests and diagnostics in one section", section.line));
            }
        };
        if cases.iter().any(|case| case.name == case_name) {
            return Err(format!("{name}.md:{}: a second section is called `{case_name}`", section.line));
        }
        if let Check::Requests(steps) = &check
            && let Some(step) = steps.iter().find(|step| step.answers.is_empty())
        {
            return Err(format!("{name}.md:{}: a request without an answer", step.request.line));
        }
        cases.push(Case { name: case_name, line: section.line, world: section.world, check });
    }
    Ok(())
}

fn pieces(text: &str) -> Vec<Piece> {
    let line_of = |offset: usize| text[..offset].matches('\n').count() + 1;
    let mut pieces = Vec::new();
    let mut current: Option<(usize, Option<String>, String)> = None;
    let mut level = 0;
    for (event, range) in Parser::new(text).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level: depth, .. }) => {
                level = heading_level(depth);
                current = Some((line_of(range.start), None, String::new()));
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                current = Some((line_of(range.start), Some(info.to_string()), String::new()));
            }
            Event::Text(part) | Event::Code(part) => {
                if let Some((_, _, text)) = &mut current {
                    text.push_str(&part);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                pieces.extend(current.take().map(|(line, _, text)| Piece::Heading { line, level, text }))
            }
            Event::End(TagEnd::CodeBlock) => pieces.extend(
                current.take().and_then(|(line, info, text)| Some(Piece::Fence { line, info: info?, text })),
            ),
            _ => {}
        }
    }
    pieces
}

fn heading_level(level: HeadingLevel) -> usize {
    level as usize
}

fn slug(text: &str) -> String {
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.join("-")
}

fn fence(section: &mut Section, line: usize, info: &str, text: &str) -> Result<(), String> {
    let words: Vec<&str> = info.split_whitespace().collect();
    match words.as_slice() {
        ["sql", "schema"] => add_schema(section, "main.sql", text),
        ["sql", "schema", file] => add_schema(section, file, text),
        ["sql", "database"] => section.world.database.push_str(text),
        ["sql", "seed"] => section.world.seed.push_str(text),
        ["toml", "config"] => section.world.config.push_str(text),
        ["text", "errors"] => section.diagnostics = Some(diagnostics(text)?),
        ["http"] => section.steps.push(Step { request: request(line, text)?, answers: Vec::new() }),
        [language @ ("http" | "json" | "csv" | "text"), status, who @ ..] => {
            let status = status.parse().map_err(|_| format!("`{status}` is not an HTTP status"))?;
            let answer = answer(line, language, status, who, text)?;
            let step = section.steps.last_mut().ok_or("an answer without a request above it")?;
            step.answers.push(answer);
        }
        [language @ ("sql" | "json" | "csv" | "toml"), ..] => {
            return Err(format!("a `{language}` block must say what it is: see conformance/README.md"));
        }
        _ => {}
    }
    Ok(())
}

/// A nested section adds to the file of the same name that its parents wrote.
fn add_schema(section: &mut Section, file: &str, text: &str) {
    match section.world.schema.iter_mut().find(|(name, _)| name == file) {
        Some((_, present)) => present.push_str(text),
        None => section.world.schema.push((file.to_owned(), text.to_owned())),
    }
}

fn request(line: usize, text: &str) -> Result<Request, String> {
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    let (method, target) = first.split_once(' ').ok_or("a request begins with `METHOD /path`")?;
    let mut request = Request {
        line,
        method: method.to_owned(),
        target: target.trim().to_owned(),
        headers: Vec::new(),
        claims: None,
        body: String::new(),
    };
    let mut lines = lines.peekable();
    while let Some(more) =
        lines.next_if(|line| line.starts_with(char::is_whitespace) && !line.trim().is_empty())
    {
        request.target.push_str(more.trim());
    }
    for (name, value) in headers(&mut lines)? {
        if name == "claims" {
            let claims = serde_json::from_str(&value).map_err(|error| format!("claims: {error}"))?;
            request.claims = Some(claims);
        } else {
            request.headers.push((name, value));
        }
    }
    request.body = lines.collect::<Vec<_>>().join("\n");
    request.target = encode_target(&request.target);
    Ok(request)
}

/// Takes `Name: value` lines up to the first empty line, which it takes too.
fn headers<'a>(lines: &mut impl Iterator<Item = &'a str>) -> Result<Vec<(String, String)>, String> {
    let mut headers = Vec::new();
    for line in lines.by_ref() {
        if line.trim().is_empty() {
            break;
        }
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| format!("`{line}` is not a header; a body follows an empty line"))?;
        headers.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    Ok(headers)
}

/// Percent-encodes what a URL cannot hold as it is and leaves `%`, `+` and `&` to the writer.
fn encode_target(target: &str) -> String {
    let mut out = String::new();
    for byte in target.bytes() {
        match byte {
            b' '
            | b'"'
            | b'#'
            | b'<'
            | b'>'
            | b'\\'
            | b'^'
            | b'`'
            | b'{'
            | b'|'
            | b'}'
            | 0x00..=0x1f
            | 0x7f.. => {
                out.push_str(&format!("%{byte:02X}"));
            }
            _ => out.push(char::from(byte)),
        }
    }
    out
}

fn answer(line: usize, language: &str, status: u16, who: &[&str], text: &str) -> Result<Answer, String> {
    let who = match who {
        [] => vec![Who::Anon],
        ["as", names @ ..] if !names.is_empty() => names
            .iter()
            .map(|name| name.trim_end_matches(','))
            .map(|name| Who::parse(name).ok_or_else(|| format!("`{name}` is nobody that the suite knows")))
            .collect::<Result<_, _>>()?,
        _ => return Err("after the status only `as NAME, NAME` may follow".to_owned()),
    };
    let text = text.strip_suffix('\n').unwrap_or(text);
    let (headers, body) = match language {
        "http" => http_answer(text)?,
        "csv" => (Vec::new(), ExpectedBody::Csv(text.to_owned())),
        "text" => (Vec::new(), ExpectedBody::Text(text.to_owned())),
        _ => (Vec::new(), ExpectedBody::Json(text.to_owned())),
    };
    Ok(Answer { line, who, status, headers, body })
}

/// Header lines, then after an empty line the body: JSON where it looks like JSON. No body line at all means
/// that the body is not looked at, the line `(empty)` that there is none.
fn http_answer(text: &str) -> Result<(Vec<(String, HeaderRule)>, ExpectedBody), String> {
    let mut lines = text.lines();
    let mut rules = Vec::new();
    for (name, value) in headers(&mut lines)? {
        let rule = match value.strip_prefix("~ ") {
            Some(pattern) => {
                HeaderRule::Matches(regex::Regex::new(pattern).map_err(|error| error.to_string())?)
            }
            None if value == "(absent)" => HeaderRule::Absent,
            None => HeaderRule::Exact(value),
        };
        rules.push((name, rule));
    }
    let body = lines.collect::<Vec<_>>().join("\n");
    let body = match body.trim() {
        "" => ExpectedBody::Any,
        "(empty)" => ExpectedBody::Empty,
        trimmed if trimmed.starts_with(['[', '{', '"']) => ExpectedBody::Json(body),
        _ => ExpectedBody::Text(body),
    };
    Ok((rules, body))
}

fn diagnostics(text: &str) -> Result<Vec<Diagnostic>, String> {
    text.lines().filter(|line| !line.trim().is_empty()).map(diagnostic).collect()
}

/// `[file:]line:column: part of the message`
fn diagnostic(line: &str) -> Result<Diagnostic, String> {
    let wrong = || format!("`{line}` is not `[file.sql:]line:column: message`");
    let (place, fragment) = line.split_once(": ").ok_or_else(wrong)?;
    let mut parts: Vec<&str> = place.split(':').collect();
    let column = parts.pop().and_then(|text| text.parse().ok()).ok_or_else(wrong)?;
    let row = parts.pop().and_then(|text| text.parse().ok()).ok_or_else(wrong)?;
    let file = parts.pop().unwrap_or("main.sql").to_owned();
    Ok(Diagnostic { file, line: row, column, fragment: fragment.trim().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# Title\n\n```sql schema\ncreate table t (id int);\n```\n\n## Two roles\n\nProse.\n\n\
        ```http\nGET /t?a=eq.x y\n   &b=is.null\nPrefer: count=exact\n```\n\n```json 200 as anon, alice\n[]\n```\n\n\
        ```http 206 as bob\nContent-Range: 0-1/3\nDate: ~ .\n\n[1]\n```\n\n### More\n\n```sql schema\nselect 1;\n```\n\n\
        ```http\nPOST /t\n\n{}\n```\n\n```http 201\n```\n";

    fn read(text: &str) -> Result<Scenario, String> {
        scenario("rest/x", text)
    }

    #[test]
    fn sections_with_steps_are_cases_and_inherit_the_world() {
        let cases = read(FILE).unwrap().cases;
        let names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
        assert_eq!(names, ["rest/x/two-roles", "rest/x/two-roles/more"]);
        assert_eq!(cases[0].world.schema[0].1, "create table t (id int);\n");
        assert_eq!(cases[1].world.schema[0].1, "create table t (id int);\nselect 1;\n");
    }

    #[test]
    fn a_request_spans_lines_and_its_answers_name_who_asks() {
        let cases = read(FILE).unwrap().cases;
        let Check::Requests(steps) = &cases[0].check else { panic!("requests") };
        assert_eq!(steps[0].request.target, "/t?a=eq.x%20y&b=is.null");
        assert_eq!(steps[0].answers[0].who, [Who::Anon, Who::User(0)]);
        assert_eq!(steps[0].answers[1].status, 206);
        assert_eq!(steps[0].answers[1].headers.len(), 2);
        assert!(!steps[0].request.may_write());
    }

    #[test]
    fn what_looks_like_a_step_and_is_none_is_an_error() {
        assert!(read("# T\n\n## C\n\n```json\n[]\n```\n").unwrap_err().contains("rest/x.md:5"));
        assert!(read("# T\n\n## C\n\n```json 200\n[]\n```\n").unwrap_err().contains("without a request"));
        assert!(read("# T\n\n## C\n\n```http\nGET /t\n```\n").unwrap_err().contains("without an answer"));
        assert!(read("# T\n\n## C\n\n```http\nGET /t\n```\n```json 200 as eve\n```\n").is_err());
    }

    #[test]
    fn diagnostics_name_a_place_and_a_part_of_the_message() {
        let found = diagnostics("3:8: type \"x\": no\n20.sql:1:2: y\n").unwrap();
        assert_eq!((found[0].line, found[0].column, found[0].fragment.as_str()), (3, 8, "type \"x\": no"));
        assert_eq!((found[0].file.as_str(), found[1].file.as_str()), ("main.sql", "20.sql"));
    }
}
