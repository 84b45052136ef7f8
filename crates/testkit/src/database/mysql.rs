//! Servers of MariaDB, as Debian has it, and of MySQL 8, as `scripts/mysql8.sh` fetches it.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::process::{self, Kept, as_user, said};
use super::{Kind, Server};

/// The user whom the tests' projects connect as, and how a server comes to know it.
const USER: &str = "CREATE USER IF NOT EXISTS 'mainstay'@'%' IDENTIFIED BY 'it is: mainstay';\n\
    GRANT ALL ON *.* TO 'mainstay'@'%' WITH GRANT OPTION;\n";
pub(crate) const USER_IN_URL: &str = "mainstay:it%20is%3A%20mainstay";

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Product {
    MariaDb,
    MySql8,
}

impl Product {
    /// The user that it runs as when root starts it.
    pub(crate) fn user(self) -> &'static str {
        match self {
            Self::MariaDb => "mysql",
            // It is in the home of whoever fetched it, where nobody else may look.
            Self::MySql8 => "root",
        }
    }

    /// The program, and the argument that it wants first.
    fn program(self) -> Result<(PathBuf, &'static str), String> {
        match self {
            Self::MariaDb => {
                let places = ["/usr/sbin/mariadbd", "mariadbd"].map(PathBuf::from);
                let [_, on_path] = &places;
                let found = places.iter().find(|place| place.exists()).unwrap_or(on_path);
                Ok((found.clone(), "--no-defaults"))
            }
            Self::MySql8 => {
                let cache = match std::env::var_os("XDG_CACHE_HOME") {
                    Some(cache) => PathBuf::from(cache),
                    None => PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache"),
                };
                let program = cache.join("mainstay/mysql-8.0/mysqld");
                match program.exists() {
                    // Its file there gives it --no-defaults.
                    true if process::is_root() => Ok((program, "--user=root")),
                    true => Ok((program, "--skip-symbolic-links")),
                    false => Err(format!("{}: run scripts/mysql8.sh", program.display())),
                }
            }
        }
    }

    /// Starts one. What it has committed survives its own death, though not that of the machine.
    pub(super) fn start(self) -> Result<(Server, Kept), String> {
        let folder = self.folder(None)?;
        let port = process::free_port()?;
        let mut words = self.words(folder.path(), port)?;
        words.extend(
            [
                &self.install(folder.path())?,
                "--innodb-flush-log-at-trx-commit=2",
                "--innodb-flush-method=nosync",
                "--innodb-doublewrite=0",
                "--innodb-file-per-table=0",
                "--innodb-buffer-pool-size=128M",
            ]
            .map(str::to_owned),
        );
        // Nobody wants the files in order: it need not tidy up.
        let kept = Kept::start(folder, self.user(), "KILL", words)?;
        Ok((server(self, port), kept))
    }

    /// A folder that a server may have its files in, below `place` or with what else is temporary.
    pub(crate) fn folder(self, place: Option<&Path>) -> Result<TempDir, String> {
        let text = |error: std::io::Error| format!("starting MySQL: {error}");
        let place = place.map_or_else(std::env::temp_dir, Path::to_owned);
        let folder = tempfile::Builder::new().prefix("mainstay-mysql-").tempdir_in(place).map_err(text)?;
        for name in ["data", "temporary"] {
            std::fs::create_dir(folder.path().join(name)).map_err(text)?;
        }
        std::fs::write(folder.path().join("users.sql"), USER).map_err(text)?;
        process::give(folder.path(), self.user())?;
        Ok(folder)
    }

    /// The argument that keeps its log small.
    pub(crate) fn small_log(self) -> &'static str {
        match self {
            Self::MariaDb => "--innodb-log-file-size=8M",
            Self::MySql8 => "--innodb-redo-log-capacity=8M",
        }
    }

    /// Fills a folder with a server's files. Answers with the argument that makes the user known to it.
    pub(crate) fn install(self, folder: &Path) -> Result<String, String> {
        let datadir = format!("--datadir={}", said(&folder.join("data"))?);
        // Two that share a folder for temporary files meet there.
        let temporary = format!("TMPDIR={}", said(&folder.join("temporary"))?);
        let (program, first) = self.program()?;
        let program = said(&program)?;
        let words: &[&str] = match self {
            Self::MariaDb => &[
                "mariadb-install-db",
                first,
                &datadir,
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
            ],
            Self::MySql8 => &[program, first, &datadir, "--initialize-insecure", self.small_log()],
        };
        let words = as_user(self.user(), &[&["env", &temporary], words].concat());
        process::run(&words.iter().map(String::as_str).collect::<Vec<_>>())?;
        Ok(format!("--init-file={}", said(&folder.join("users.sql"))?))
    }

    /// The command that runs a server in a folder.
    pub(crate) fn words(self, folder: &Path, port: u16) -> Result<Vec<String>, String> {
        let data = folder.join("data");
        let data = said(&data)?;
        let (program, first) = self.program()?;
        let words = [
            said(&program)?,
            first,
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
}

/// A server on a port, and who may do everything there.
pub(super) fn server(product: Product, port: u16) -> Server {
    let url = format!("mysql://{USER_IN_URL}@127.0.0.1:{port}");
    Server { kind: Kind::MySql(product), url }
}
