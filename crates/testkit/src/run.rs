//! Finds the scenario files, and runs one case.

use std::fs;
use std::path::Path;

use crate::compare;
use crate::diagnostics;
use crate::parse;
use crate::project::{self, Server, World};
use crate::scenario::{Answer, Case, Check, Diagnostic, Scenario, Step, WorldSpec};

/// Reads every `*.md` below `root` but the README, in order of name.
///
/// # Errors
/// Every mistake in every file, one per line.
pub fn scenarios(root: &Path) -> Result<Vec<Scenario>, String> {
    let mut files = Vec::new();
    collect(root, &mut files).map_err(|error| format!("{}: {error}", root.display()))?;
    files.sort();
    let (mut read, mut wrong) = (Vec::new(), Vec::new());
    for file in files {
        let name = file.strip_prefix(root).unwrap_or(&file).with_extension("");
        let name = name.to_string_lossy().replace('\\', "/");
        match fs::read_to_string(&file).map_err(|error| error.to_string()) {
            Ok(text) => match parse::scenario(&name, &text) {
                Ok(scenario) => read.push(scenario),
                Err(error) => wrong.push(error),
            },
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    if wrong.is_empty() { Ok(read) } else { Err(wrong.join("\n")) }
}

fn collect(folder: &Path, files: &mut Vec<std::path::PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "md")
            && path.file_name().is_some_and(|name| name != "README.md")
        {
            files.push(path);
        }
    }
    Ok(())
}

/// Runs a case in its world.
///
/// # Errors
/// Everything that was not as promised, for people.
pub fn case(case: &Case, world: &World) -> Result<(), String> {
    match &case.check {
        Check::Diagnostics(expected) => schema_case(&case.world, expected),
        Check::Requests(steps) if steps.iter().any(|step| step.request.may_write()) => {
            request_case(steps, &world.fresh()?)
        }
        Check::Requests(steps) => request_case(steps, world.shared()?),
    }
}

/// Sends every request as everyone it is shown for, and goes on after a difference: one run tells all.
fn request_case(steps: &[Step], server: &Server) -> Result<(), String> {
    let mut wrong = Vec::new();
    for step in steps {
        for answer in &step.answers {
            for who in &answer.who {
                let found = match server.client.send(&step.request, *who) {
                    Ok(response) => {
                        let mut found = compare::differences(answer, &response);
                        if response.status >= 500 && !found.is_empty() {
                            found.push(format!("server log:\n{}", server.log()));
                        }
                        found
                    }
                    Err(error) => vec![error, format!("server log:\n{}", server.log())],
                };
                if !found.is_empty() {
                    wrong.push(format!("{}\n{}", title(step, answer, who.name()), found.join("\n")));
                }
            }
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

fn title(step: &Step, answer: &Answer, who: &str) -> String {
    let request = &step.request;
    format!("line {}: {} {} as {who}", answer.line, request.method, request.target)
}

fn schema_case(world: &WorldSpec, expected: &[Diagnostic]) -> Result<(), String> {
    let folder = project::write_project(world)?;
    let done = project::output(&["schema", "check"], folder.path(), None)?;
    let output =
        format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    let mut wrong = diagnostics::differences(expected, &output);
    match done.status.code() {
        Some(0) => wrong.push("exit code: expected a failure, received 0".to_owned()),
        Some(code) if code < 100 => {}
        _ => wrong.push(format!("the program died: {}", done.status)),
    }
    if wrong.is_empty() { Ok(()) } else { Err(format!("{}\noutput:\n{output}", wrong.join("\n"))) }
}
