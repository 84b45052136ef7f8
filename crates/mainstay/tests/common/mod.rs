//! Projects in temporary folders, and the program run on them.

#![allow(dead_code, reason = "each test file uses what it needs")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use tempfile::TempDir;

/// How long the program may take for anything.
const LIMIT: Duration = Duration::from_secs(60);

/// A project.
pub struct Project {
    folder: TempDir,
}

impl Project {
    /// An empty folder.
    pub fn empty() -> Project {
        Project { folder: tempfile::tempdir().unwrap() }
    }

    /// A project with this schema.
    pub fn new(schema: &str) -> Project {
        let project = Project::empty();
        project.write("mainstay.toml", "[server]\nlisten = \"127.0.0.1:0\"\n");
        project.write("schema/tables.sql", schema);
        project
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, with its folder.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.file(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Runs a command in the folder.
    pub fn run(&self, arguments: &[&str]) -> Done {
        Done::of(self.command(arguments).output().unwrap())
    }

    /// The same with variables in its environment.
    pub fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Done {
        Done::of(self.command(arguments).envs(variables.iter().copied()).output().unwrap())
    }

    /// Runs a command that must succeed.
    pub fn succeed(&self, arguments: &[&str]) -> String {
        let done = self.run(arguments);
        assert_eq!(done.code, 0, "{arguments:?}\n{}{}", done.stdout, done.stderr);
        done.stdout
    }

    /// Starts a server, and waits for its address.
    pub fn start(&self, arguments: &[&str]) -> Server {
        let mut command = self.command(arguments);
        // One pipe for both streams, so that lines come in the order in which they were written.
        let (said, say) = std::io::pipe().unwrap();
        let child = command.stdout(say.try_clone().unwrap()).stderr(say).spawn().unwrap();
        drop(command);
        let (tell, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(said).lines().map_while(Result::ok) {
                // The test may be over.
                let _ = tell.send(line);
            }
        });
        let mut server = Server { child, lines, base: String::new(), started: String::new() };
        server.started = server.said_until("http://127.0.0.1:");
        let line = server.started.lines().last().unwrap();
        let at = line.find("http://").unwrap();
        let rest = &line[at + "http://".len()..];
        let end = rest.find(['/', ' ']).unwrap_or(rest.len());
        server.base = format!("http://{}", &rest[..end]);
        server
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mainstay"));
        command.args(arguments).current_dir(self.path()).stdin(Stdio::null());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("MAINSTAY_")) {
            command.env_remove(name);
        }
        command
    }
}

/// What a command said, and how it ended.
pub struct Done {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Done {
    fn of(output: Output) -> Done {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Done {
            code: output.status.code().unwrap_or(-1),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

/// A running server; it is stopped when dropped.
pub struct Server {
    child: Child,
    lines: Receiver<String>,
    /// Such as `http://127.0.0.1:41234`.
    pub base: String,
    /// What was said until the line with the address.
    pub started: String,
}

impl Server {
    /// Waits for a line that contains `text`, and gives everything that was said until then.
    pub fn said_until(&mut self, text: &str) -> String {
        let mut seen = String::new();
        loop {
            let line =
                self.lines.recv_timeout(LIMIT).unwrap_or_else(|_| panic!("`{text}` was not said:\n{seen}"));
            seen = format!("{seen}{line}\n");
            if line.contains(text) {
                return seen;
            }
        }
    }

    /// Waits for a line that contains `text`.
    pub fn wait_for(&mut self, text: &str) -> String {
        self.said_until(text).lines().last().unwrap().to_owned()
    }

    /// GET; the status and the body.
    pub fn get(&self, path: &str) -> (u16, String) {
        get(&format!("{}{path}", self.base))
    }

    /// GET with a key.
    pub fn get_as(&self, key: &str, path: &str) -> (u16, String) {
        read(agent().get(format!("{}{path}", self.base)).header("apikey", key).call(), path)
    }

    /// POST of JSON that is answered with the new row.
    pub fn post(&self, path: &str, body: &str) -> (u16, String) {
        let request = agent().post(format!("{}{path}", self.base)).header("prefer", "return=representation");
        read(request.header("content-type", "application/json").send(body), path)
    }

    /// The same with a key.
    pub fn post_as(&self, key: &str, path: &str, body: &str) -> (u16, String) {
        let request = agent().post(format!("{}{path}", self.base)).header("prefer", "return=representation");
        read(request.header("apikey", key).header("content-type", "application/json").send(body), path)
    }

    /// Asks the server to end.
    pub fn signal(&self) {
        let done = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(done.success());
    }

    /// Asks the server to end, and waits until it has; its exit code.
    pub fn terminate(mut self) -> i32 {
        self.signal();
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// GET; the status and the body.
pub fn get(url: &str) -> (u16, String) {
    read(agent().get(url).call(), url)
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(LIMIT));
    config.build().into()
}

fn read(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>, what: &str) -> (u16, String) {
    let mut response = answer.unwrap_or_else(|error| panic!("{what}: {error}"));
    (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
}
