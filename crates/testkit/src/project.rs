//! Temporary projects and the servers that run on them.
//!
//! A world is applied and seeded once, as a template that is never served; every server runs on a copy of it,
//! so a case that writes starts from the same rows as all others without applying anything again.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{OnceLock, mpsc};
use std::time::Duration;

use tempfile::TempDir;

use crate::client::Client;
use crate::database::TestDatabase;
use crate::identity::Keys;
use crate::scenario::WorldSpec;

/// Settings of every test project; a scenario's `toml config` block may replace a key.
const SETTINGS: &str =
    "[api]\nschemas = [\"public\"]\naggregates = true\nmax_rows = 1000\ntx_rollback = true\n";

/// Settings of a project whose database is served as it is; where that is comes from the environment.
const EXISTING: &str = "[database]\nsource = \"existing\"\nurl = \"postgres:\"\n";

/// The roles that requests run as, which belong to the whole server: other tests may create them at the same moment.
const ROLES: &str = "DO $do$ DECLARE wanted text; BEGIN
    FOREACH wanted IN ARRAY ARRAY['anon', 'authenticated', 'service_role'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', wanted);
                IF wanted = 'service_role' THEN ALTER ROLE service_role BYPASSRLS; END IF;
            EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
            END;
        END IF;
    END LOOP;
END $do$";

/// How long a server may take until it says its address.
const START_LIMIT: Duration = Duration::from_secs(20);

/// The binary under test: `MAINSTAY_BIN`, else the newest build of this workspace.
///
/// # Errors
/// A sentence that says how to build it.
pub fn binary() -> Result<PathBuf, String> {
    if let Some(path) = std::env::var_os("MAINSTAY_BIN") {
        return Ok(PathBuf::from(path));
    }
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from);
    let newest = ["debug", "release"]
        .iter()
        .map(|profile| target.join(profile).join("mainstay"))
        .filter_map(|path| Some((fs::metadata(&path).ok()?.modified().ok()?, path)))
        .max();
    newest
        .map(|(_, path)| path)
        .ok_or_else(|| format!("no mainstay binary in {}: run `cargo build -p mainstay`", target.display()))
}

/// The root of this workspace: where cargo runs the test, not where it was built, for builds may be shared.
pub fn workspace() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&here).join("../..")
}

/// One world: the template and, once a case that only reads asks for it, the server that such cases share.
pub struct World {
    spec: WorldSpec,
    /// Whether its database is a file of the project, whatever server there is.
    in_files: bool,
    template: OnceLock<Result<Template, String>>,
    shared: OnceLock<Result<Server, String>>,
}

impl World {
    /// A world of which nothing exists yet.
    pub fn new(spec: WorldSpec) -> World {
        World { spec, in_files: false, template: OnceLock::new(), shared: OnceLock::new() }
    }

    /// The same, in SQLite's files whatever server the tests are run with.
    pub fn in_files(spec: WorldSpec) -> World {
        World { in_files: true, ..World::new(spec) }
    }

    /// The server that all cases of this world which only read share.
    ///
    /// # Errors
    /// What the binary said when the project could not be made or served.
    pub fn shared(&self) -> Result<&Server, String> {
        self.shared.get_or_init(|| self.fresh()).as_ref().map_err(Clone::clone)
    }

    /// A server of its own, on freshly seeded rows.
    ///
    /// # Errors
    /// As for [`World::shared`].
    pub fn fresh(&self) -> Result<Server, String> {
        self.template
            .get_or_init(|| Template::build(&self.spec, self.in_files))
            .as_ref()
            .map_err(Clone::clone)?
            .serve()
    }
}

struct Template {
    folder: TempDir,
    database: Option<TestDatabase>,
    keys: Keys,
}

impl Template {
    fn build(spec: &WorldSpec, in_files: bool) -> Result<Template, String> {
        Self::build_in(spec, if in_files { None } else { TestDatabase::create(None)? })
    }

    fn build_in(spec: &WorldSpec, database: Option<TestDatabase>) -> Result<Template, String> {
        let folder = write_project(spec)?;
        let run = |arguments: &[&str]| mainstay(arguments, folder.path(), database.as_ref());
        if !spec.database.is_empty() {
            let own = database.as_ref().ok_or("a world with a database of its own needs PostgreSQL")?;
            own.query(ROLES)?;
            own.query(&spec.database)?;
        } else {
            run(&["schema", "apply"])?;
        }
        if !spec.seed.trim().is_empty() {
            run(&["db", "seed"])?;
        }
        let keys = Keys::from_json(&run(&["keys", "--json"])?)?;
        Ok(Template { folder, database, keys })
    }

    fn serve(&self) -> Result<Server, String> {
        let folder = tempdir()?;
        copy(self.folder.path(), folder.path()).map_err(|error| format!("copying a project: {error}"))?;
        let database = match &self.database {
            Some(database) => TestDatabase::create(Some(database))?,
            None => None,
        };
        Server::start("serve", folder, database, self.keys.clone())
    }
}

/// Several servers of one project, each with a way of its own to the same rows.
///
/// # Errors
/// What the binary said when the project could not be made or served.
pub fn serve_together(spec: &WorldSpec, ways: Vec<TestDatabase>) -> Result<Vec<Server>, String> {
    let mut ways = ways.into_iter();
    let template = Template::build_in(spec, ways.next())?;
    let (folder, keys) = (template.folder, template.keys);
    let mut servers = Vec::new();
    for way in template.database.into_iter().chain(ways) {
        let own = tempdir()?;
        copy(folder.path(), own.path()).map_err(|error| format!("copying a project: {error}"))?;
        servers.push(Server::start("serve", own, Some(way), keys.clone())?);
    }
    Ok(servers)
}

/// Serves a project as it stands: nothing is applied or seeded.
///
/// # Errors
/// What the binary said when it could not be served.
pub fn serve(folder: TempDir, database: impl Into<Option<TestDatabase>>) -> Result<Server, String> {
    run_as("serve", folder, database.into())
}

/// The same with `mainstay dev`, which follows the project's files.
///
/// # Errors
/// What the binary said when it could not be served.
pub fn develop(folder: TempDir, database: impl Into<Option<TestDatabase>>) -> Result<Server, String> {
    run_as("dev", folder, database.into())
}

fn run_as(command: &'static str, folder: TempDir, database: Option<TestDatabase>) -> Result<Server, String> {
    let keys = Keys::from_json(&mainstay(&["keys", "--json"], folder.path(), database.as_ref())?)?;
    Server::start(command, folder, database, keys)
}

fn tempdir() -> Result<TempDir, String> {
    tempfile::Builder::new().prefix("mainstay-test-").tempdir().map_err(|error| error.to_string())
}

/// Writes `mainstay.toml`, `schema/*.sql` and `seed.sql`.
///
/// # Errors
/// A sentence, when a file cannot be written or the settings are not TOML.
pub fn write_project(spec: &WorldSpec) -> Result<TempDir, String> {
    let folder = tempdir()?;
    let write = |name: &str, text: &str| {
        fs::write(folder.path().join(name), text).map_err(|error| format!("{name}: {error}"))
    };
    fs::create_dir(folder.path().join("schema")).map_err(|error| error.to_string())?;
    let source = if spec.database.is_empty() { "" } else { EXISTING };
    write("mainstay.toml", &settings(&[source, &spec.config])?)?;
    write("seed.sql", &spec.seed)?;
    for (name, text) in &spec.schema {
        write(&format!("schema/{name}"), text)?;
    }
    Ok(folder)
}

/// The test project's settings with those of a scenario laid over them, section by section.
fn settings(over: &[&str]) -> Result<String, String> {
    let parse = |text: &str| text.parse::<toml::Table>().map_err(|error| format!("config: {error}"));
    let mut settings = parse(SETTINGS)?;
    for over in over {
        for (section, values) in parse(over)? {
            match (settings.get_mut(&section), values) {
                (Some(toml::Value::Table(present)), toml::Value::Table(values)) => present.extend(values),
                (_, values) => drop(settings.insert(section, values)),
            }
        }
    }
    Ok(settings.to_string())
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Runs the binary on a project folder and returns everything it said, without colour.
///
/// # Errors
/// A sentence, when it cannot be started.
pub fn output(arguments: &[&str], folder: &Path, database: Option<&TestDatabase>) -> Result<Output, String> {
    let mut command = Command::new(binary()?);
    command.args(arguments).arg(folder).env("NO_COLOR", "1").stdin(Stdio::null());
    if let Some(database) = database {
        command.env("MAINSTAY_DATABASE_URL", database.url()?);
    }
    command.output().map_err(|error| format!("mainstay {}: {error}", arguments.join(" ")))
}

/// Runs the binary on a project folder; says whether it succeeded, and what it said.
///
/// # Errors
/// A sentence, when it cannot be started.
pub fn said(
    arguments: &[&str],
    folder: &Path,
    database: Option<&TestDatabase>,
) -> Result<(bool, String), String> {
    let done = output(arguments, folder, database)?;
    let said = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    Ok((done.status.success(), said))
}

/// The same for one that has to succeed.
///
/// # Errors
/// What it said, when it does not.
pub fn succeeds(
    arguments: &[&str],
    folder: &Path,
    database: Option<&TestDatabase>,
) -> Result<String, String> {
    match said(arguments, folder, database)? {
        (true, said) => Ok(said),
        (false, said) => Err(format!("{arguments:?}: {said}")),
    }
}

fn mainstay(arguments: &[&str], folder: &Path, database: Option<&TestDatabase>) -> Result<String, String> {
    let done = output(arguments, folder, database)?;
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    if !done.status.success() {
        return Err(format!("mainstay {} ({}):\n{out}{err}", arguments.join(" "), done.status));
    }
    Ok(out.into_owned())
}

/// A running `mainstay serve` or `dev`; stopped when dropped.
pub struct Server {
    command: &'static str,
    /// Speaks to it.
    pub client: Client,
    child: Child,
    folder: TempDir,
    /// Dropped when the server has ended.
    database: Option<TestDatabase>,
}

impl Server {
    fn start(
        command: &'static str,
        folder: TempDir,
        database: Option<TestDatabase>,
        keys: Keys,
    ) -> Result<Server, String> {
        let (child, address) = Self::spawn(command, folder.path(), database.as_ref())?;
        // From here on the child is stopped by `Drop`, whatever happens.
        let mut server = Server { command, client: Client::new("", keys.clone()), child, folder, database };
        match address {
            Ok(base) => server.client = Client::new(&base, keys),
            Err(error) => return Err(format!("{error}\n{}", server.log())),
        }
        Ok(server)
    }

    /// Starts the program, and waits for its address.
    fn spawn(
        word: &str,
        folder: &Path,
        database: Option<&TestDatabase>,
    ) -> Result<(Child, Result<String, String>), String> {
        let log = fs::File::create(folder.join("stderr.log")).map_err(|error| error.to_string())?;
        let mut command = Command::new(binary()?);
        if let Some(database) = database {
            command.env("MAINSTAY_DATABASE_URL", database.url()?);
        }
        let mut child = command
            .arg(word)
            .arg(folder)
            .args(["--listen", "127.0.0.1:0"])
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(|error| format!("mainstay {word}: {error}"))?;
        let address = child.stdout.take().ok_or(format!("mainstay {word} has no stdout")).and_then(address);
        Ok((child, address))
    }

    /// The number of its process.
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Ends the program without a warning, as the system does when memory is short.
    ///
    /// # Errors
    /// When it is gone already.
    pub fn kill(&mut self) -> Result<(), String> {
        self.child.kill().and_then(|()| self.child.wait()).map(drop).map_err(|error| error.to_string())
    }

    /// Starts the program again after [`Server::kill`].
    ///
    /// # Errors
    /// What it said when it could not be started.
    pub fn start_again(&mut self) -> Result<(), String> {
        let (child, address) = Self::spawn(self.command, self.folder.path(), self.database.as_ref())?;
        self.child = child;
        self.client = self.client.at(&address?);
        Ok(())
    }

    /// Its database, where it is not a file of the project.
    pub fn database(&self) -> Option<&TestDatabase> {
        self.database.as_ref()
    }

    /// The project's folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What the server wrote to its standard error.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("stderr.log")).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing can be done about a child that is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads the address the server prints, and goes on reading so that its output never blocks it.
fn address(stdout: std::process::ChildStdout) -> Result<String, String> {
    let (said, heard) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some(found) = find_address(&line) {
                // The receiver is gone after the first address; later lines are only drained.
                let _ = said.send(found);
            }
        }
    });
    heard
        .recv_timeout(START_LIMIT)
        .map_err(|_| format!("mainstay serve printed no address within {} s", START_LIMIT.as_secs()))
}

fn find_address(line: &str) -> Option<String> {
    let start = line.find("http://127.0.0.1:")?;
    let port: String =
        line[start + "http://127.0.0.1:".len()..].chars().take_while(char::is_ascii_digit).collect();
    (!port.is_empty()).then(|| format!("http://127.0.0.1:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_found_in_a_decorated_line() {
        let line = "  ➜ REST   http://127.0.0.1:41233/rest/v1";
        assert_eq!(find_address(line).as_deref(), Some("http://127.0.0.1:41233"));
        assert_eq!(find_address("nothing"), None);
    }

    #[test]
    fn a_setting_of_a_scenario_replaces_the_usual_one_and_keeps_the_others() {
        let text = settings(&["[api]\nmax_rows = 3\n"]).unwrap();
        let table: toml::Table = text.parse().unwrap();
        assert_eq!(table["api"]["max_rows"].as_integer(), Some(3));
        assert_eq!(table["api"]["aggregates"].as_bool(), Some(true));
    }
}
