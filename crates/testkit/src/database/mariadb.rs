//! MariaDB, as Debian has it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use tempfile::TempDir;

use super::process::{self, Kept, run, said};
use super::{Kind, Server, TestDatabase};

/// The user whom the tests' projects connect as, and how a server comes to know it.
const USER: &str = "CREATE USER IF NOT EXISTS 'mainstay'@'%' IDENTIFIED BY 'it is: mainstay';\n\
    GRANT ALL ON *.* TO 'mainstay'@'%' WITH GRANT OPTION;\n";
const USER_IN_URL: &str = "mainstay:it%20is%3A%20mainstay";

/// Makes a database and runs statements in it.
pub(super) fn create(server: &Server, name: &str, fill: Option<&str>) -> Result<(), String> {
    let create = format!("CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;");
    let fill = fill.map_or_else(String::new, |fill| format!("USE {name};\n{fill}"));
    feed(server, "", &format!("{create}\n{fill}")).map(drop)
}

/// Statements that make another database the same. Rows go from one to the other as they are: as text, numbers would be rounded.
pub(super) fn copied(server: &Server, name: &str) -> Result<String, String> {
    let mut command = Command::new("mariadb-dump");
    connect(&mut command, server);
    command.args(["--skip-comments", "--skip-add-drop-table", "--skip-add-locks", "--no-data", name]);
    let tables = told(command.output(), "mariadb-dump", name)?;
    let rows = format!(
        "SET SESSION group_concat_max_len = 1000000; \
         SELECT concat('INSERT INTO `', table_name, '` (', columns, ') SELECT ', columns, ' FROM `{name}`.`', \
         table_name, '`;') FROM (SELECT table_name, group_concat(concat('`', column_name, '`')) AS columns \
         FROM information_schema.columns WHERE table_schema = '{name}' AND extra NOT LIKE '%GENERATED%' \
         GROUP BY table_name) AS tables"
    );
    Ok(format!("SET SESSION foreign_key_checks = 0;\n{tables}\n{}", feed(server, "", &rows)?))
}

/// Runs statements in a database.
pub(super) fn query(server: &Server, database: &str, sql: &str) -> Result<String, String> {
    feed(server, database, sql).map(|said| said.trim_end().replace('\t', "|"))
}

fn feed(server: &Server, database: &str, sql: &str) -> Result<String, String> {
    let mut command = Command::new(&server.client);
    connect(&mut command, server);
    command.args(["--batch", "--skip-column-names", "--binary-mode", database]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let text = |error: std::io::Error| format!("{}: {error}", server.client.display());
    let mut client = command.spawn().map_err(text)?;
    let input = client.stdin.take();
    // The client reads everything before it answers at any length.
    let written = input.ok_or("no input").map(|mut input| input.write_all(sql.as_bytes()));
    let done = told(client.wait_with_output(), "mariadb", sql);
    match written? {
        Err(error) if done.is_ok() => Err(text(error)),
        _ => done,
    }
}

fn told(done: std::io::Result<std::process::Output>, program: &str, about: &str) -> Result<String, String> {
    let done = done.map_err(|error| format!("{program}: {error}"))?;
    match done.status.success() {
        true => Ok(String::from_utf8_lossy(&done.stdout).into_owned()),
        false => Err(format!("{about}: {}", String::from_utf8_lossy(&done.stderr))),
    }
}

/// Names a server to one of its programs, which take no URL.
fn connect(command: &mut Command, server: &Server) {
    command.arg("--no-defaults").arg("--default-character-set=utf8mb4");
    let place = server.url.split_once("://").map_or("", |(_, place)| place);
    let (who, place) = place.rsplit_once('@').unwrap_or(("root", place));
    let (user, password) = who.split_once(':').unwrap_or((who, ""));
    let (host, port) = place.rsplit_once(':').unwrap_or((place, "3306"));
    command.env("MYSQL_PWD", decoded(password));
    command.args(["--protocol=tcp", "--host", host, "--port", port, "--user", &decoded(user)]);
}

/// A part of a URL without its percent signs.
fn decoded(part: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = part.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| *first == b'%');
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Starts one. What it has committed survives its own death, though not that of the machine.
pub(super) fn start() -> Result<(Server, Kept), String> {
    let folder = folder()?;
    install(folder.path())?;
    let port = process::free_port()?;
    let mut words = words(folder.path(), port)?;
    words.extend(
        [
            &format!("--init-file={}", said(&users(folder.path()))?),
            "--innodb-flush-log-at-trx-commit=2",
            "--innodb-flush-method=nosync",
            "--innodb-doublewrite=0",
            "--innodb-file-per-table=0",
            "--innodb-buffer-pool-size=128M",
        ]
        .map(str::to_owned),
    );
    // Nobody wants the files in order: it need not tidy up.
    let kept = Kept::start(folder, "KILL", words)?;
    Ok((server(port), kept))
}

/// A server for one test, which may kill it. What it has committed is as durable as it is elsewhere.
#[derive(Debug)]
pub struct OwnServer {
    server: Arc<Server>,
    words: Vec<String>,
    pid_file: PathBuf,
    kept: Option<Kept>,
}

impl OwnServer {
    /// Starts one.
    ///
    /// # Errors
    /// What the server or a program said.
    pub fn start() -> Result<OwnServer, String> {
        let folder = folder()?;
        install(folder.path())?;
        let port = process::free_port()?;
        let mut words = words(folder.path(), port)?;
        words.push(format!("--init-file={}", said(&users(folder.path()))?));
        let pid_file = folder.path().join("data/pid");
        let kept = Some(Kept::start(folder, "KILL", words.clone())?);
        let own = OwnServer { server: Arc::new(server(port)), words, pid_file, kept };
        process::wait_for(|| own.server.query("", "SELECT 1"))?;
        own.server.query("", "CREATE DATABASE own")?;
        Ok(own)
    }

    /// Its only database.
    pub fn database(&self) -> TestDatabase {
        TestDatabase::existing(Arc::clone(&self.server), "own")
    }

    /// Ends it in the middle of whatever it does.
    ///
    /// # Errors
    /// A sentence, when it does not run.
    pub fn kill(&self) -> Result<(), String> {
        process::kill(&self.pid_file)
    }

    /// Starts it again after it was killed.
    ///
    /// # Errors
    /// What the server said.
    pub fn restart(&mut self) -> Result<(), String> {
        let folder = self.kept.take().and_then(Kept::stop).ok_or("the server has no files")?;
        self.kept = Some(Kept::start(folder, "KILL", self.words.clone())?);
        process::wait_for(|| self.server.query("", "SELECT 1")).map(drop)
    }
}

/// A server on a port, and who may do everything there.
pub(super) fn server(port: u16) -> Server {
    let url = format!("mysql://{USER_IN_URL}@127.0.0.1:{port}");
    Server { kind: Kind::MariaDb, url, client: PathBuf::from("mariadb") }
}

/// A folder that a server may have its files in.
pub(super) fn folder() -> Result<TempDir, String> {
    let text = |error: std::io::Error| format!("starting MariaDB: {error}");
    let folder = tempfile::Builder::new().prefix("mainstay-mariadb-").tempdir().map_err(text)?;
    for name in ["data", "temporary"] {
        std::fs::create_dir(folder.path().join(name)).map_err(text)?;
    }
    std::fs::write(users(folder.path()), USER).map_err(text)?;
    process::give(folder.path(), "mysql")?;
    Ok(folder)
}

/// The statements that make the user.
pub(super) fn users(folder: &Path) -> PathBuf {
    folder.join("users.sql")
}

/// Fills a folder with a server's files.
pub(super) fn install(folder: &Path) -> Result<(), String> {
    let datadir = format!("--datadir={}", said(&folder.join("data"))?);
    let options = ["--no-defaults", &datadir, "--auth-root-authentication-method=normal", "--skip-test-db"];
    // Two that share a folder for temporary files meet there.
    let temporary = format!("TMPDIR={}", said(&folder.join("temporary"))?);
    run(&[&["env", &temporary, "mariadb-install-db"], &options[..], &[user()]].concat())
}

/// It refuses to run as root.
fn user() -> &'static str {
    if process::is_root() { "--user=mysql" } else { "--skip-symbolic-links" }
}

/// The command that runs a server in a folder.
pub(super) fn words(folder: &Path, port: u16) -> Result<Vec<String>, String> {
    let program = ["/usr/sbin/mariadbd", "mariadbd"].into_iter().find(|path| Path::new(path).exists());
    let data = folder.join("data");
    let data = said(&data)?;
    let words = [
        program.unwrap_or("mariadbd"),
        "--no-defaults",
        user(),
        &format!("--datadir={data}"),
        &format!("--tmpdir={}", said(&folder.join("temporary"))?),
        &format!("--port={port}"),
        "--bind-address=127.0.0.1",
        &format!("--socket={data}/socket"),
        &format!("--pid-file={data}/pid"),
        "--skip-name-resolve",
        "--performance-schema=0",
        "--skip-log-bin",
        "--max-connections=400",
    ];
    Ok(words.map(str::to_owned).into())
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn percent_signs_are_undone() {
        assert_eq!(decoded("it%20is%3A%25%"), "it is:%%");
    }
}
