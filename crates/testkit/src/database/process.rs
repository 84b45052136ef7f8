//! A server's process: it runs in a folder of its own, as a user it accepts, and ends with the tests.

use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a server may take until it answers.
const START_LIMIT: Duration = Duration::from_secs(30);
const START_POLL: Duration = Duration::from_millis(50);

/// Starts a server and stops it by a signal when its own input ends, which it does however the tests end.
const KEEPER: &str = "signal=$1; shift; \"$@\" & server=$!; read -r _; kill -s $signal $server; wait $server";

/// A server that was started; dropping it stops it and removes its files.
#[derive(Debug)]
pub(super) struct Kept {
    keeper: Child,
    /// There until it is stopped.
    folder: Option<TempDir>,
}

impl Kept {
    /// Starts a server by its command line, as a user; `signal` stops it. What it says goes to `log` in its folder.
    pub fn start(folder: TempDir, user: &str, signal: &str, words: Vec<String>) -> Result<Kept, String> {
        let words = as_user(user, &words.iter().map(String::as_str).collect::<Vec<_>>());
        let text = |error: std::io::Error| format!("{}: {error}", words.join(" "));
        let log = std::fs::File::create(folder.path().join("log")).map_err(text)?;
        let keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper", signal])
            .args(&words)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(text)?;
        Ok(Kept { keeper, folder: Some(folder) })
    }

    /// Stops it and leaves its files.
    pub fn stop(mut self) -> Option<TempDir> {
        self.folder.take()
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        // It ends when the server has.
        let _ = self.keeper.wait();
    }
}

/// Whether the tests run as root, whom servers of databases refuse.
pub(super) fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// A command that runs as a user when root starts it: servers of databases refuse root.
pub(crate) fn as_user(user: &str, words: &[&str]) -> Vec<String> {
    let names = [format!("--reuid={user}"), format!("--regid={user}")];
    let change = ["setpriv", &names[0], &names[1], "--init-groups"];
    let change = if is_root() && user != "root" { &change[..] } else { &[] };
    change.iter().chain(words).map(|word| (*word).to_owned()).collect()
}

/// Gives a folder to a user, when that is possible and needed.
pub(crate) fn give(folder: &Path, user: &str) -> Result<(), String> {
    if is_root() { run(&["chown", "-R", user, said(folder)?]) } else { Ok(()) }
}

/// A port of the loopback address that nobody listens on.
pub(crate) fn free_port() -> Result<u16, String> {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
    free.map(|address| address.port()).map_err(|error| format!("a free port: {error}"))
}

/// Asks until there is an answer: there is no other sign that a server is ready.
pub(super) fn wait_for(ask: impl Fn() -> Result<String, String>) -> Result<(), String> {
    let end = Instant::now() + START_LIMIT;
    loop {
        match ask() {
            Ok(_) => return Ok(()),
            Err(error) if Instant::now() > end => return Err(error),
            Err(_) => thread::sleep(START_POLL),
        }
    }
}

/// Ends a server in the middle of whatever it does; the file has its number.
pub(super) fn kill(pid_file: &Path) -> Result<(), String> {
    let pid = std::fs::read_to_string(pid_file).map_err(|error| format!("the server's pid: {error}"))?;
    run(&["kill", "-s", "KILL", pid.trim()])
}

/// Runs a command to its end.
pub(crate) fn run(words: &[&str]) -> Result<(), String> {
    let done = Command::new(words[0])
        .args(&words[1..])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{}: {error}", words[0]))?;
    match done.status.success() {
        true => Ok(()),
        false => Err(format!("{}: {}", words.join(" "), String::from_utf8_lossy(&done.stderr))),
    }
}

/// A path as an argument.
pub(crate) fn said(path: &Path) -> Result<&str, String> {
    path.to_str().ok_or_else(|| format!("{}: not UTF-8", path.display()))
}
