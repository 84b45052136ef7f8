//! A database server of a test's own that may be killed and started again, and a wire between it and Mainstay that may be cut.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::database::mysql::{Product, USER_IN_URL};
use crate::database::postgres::programs;
use crate::database::process::{as_user, free_port, give, run, said};
use crate::database::{self, Kind, Server};

/// How long anything may take that is waited for.
pub const LIMIT: Duration = Duration::from_secs(60);
/// Between two looks.
const POLL: Duration = Duration::from_millis(20);
/// The only database of a server of one's own.
const DATABASE: &str = "own";

/// Looks until there is what is waited for.
///
/// # Errors
/// What was found last, when the time is over.
pub fn wait_until<T>(what: &str, mut look: impl FnMut() -> Result<T, String>) -> Result<T, String> {
    let end = Instant::now() + LIMIT;
    loop {
        match look() {
            Ok(found) => return Ok(found),
            Err(error) if Instant::now() > end => return Err(format!("{what}: {error}")),
            // A condition of another process can only be looked at.
            Err(_) => thread::sleep(POLL),
        }
    }
}

/// A server of one's own, of the kind that the tests run on, durable as people run it. It ends with this.
#[derive(Debug)]
pub struct OwnServer {
    kind: Kind,
    folder: TempDir,
    port: u16,
    /// The command that runs it.
    words: Vec<String>,
    child: Child,
}

impl OwnServer {
    /// Starts one whose files are in `place`, or in the usual folder for what is temporary. 30 connections are the most it takes.
    ///
    /// # Errors
    /// What it said.
    pub fn start(place: Option<&Path>) -> Result<Self, String> {
        Self::start_with(place, &[])
    }

    /// The same with more words for its command.
    ///
    /// # Errors
    /// What it said.
    pub fn start_with(place: Option<&Path>, more: &[String]) -> Result<Self, String> {
        let (kind, port) = (database::kind()?.ok_or("SQLite has no server")?, free_port()?);
        let (folder, mut words) = match kind {
            Kind::Postgres => postgres(place, port)?,
            Kind::MySql(product) => mysql(product, place, port)?,
        };
        words.extend_from_slice(more);
        let child = spawn(kind, &folder, &words)?;
        let mut server = Self { kind, folder, port, words, child };
        let first = if kind == Kind::Postgres { "postgres" } else { "" };
        server.wait_for(first)?;
        server.run(first, &format!("CREATE DATABASE {DATABASE}"))?;
        Ok(server)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// The url of its only database, as someone reaches it who listens at `address` for it.
    pub fn url(&self, address: SocketAddr) -> String {
        format!("{}/{DATABASE}?sslmode=disable", self.server(address).url)
    }

    fn server(&self, address: SocketAddr) -> Server {
        let (scheme, user) = match self.kind {
            Kind::Postgres => ("postgres", "postgres"),
            Kind::MySql(_) => ("mysql", USER_IN_URL),
        };
        Server { kind: self.kind, url: format!("{scheme}://{user}@{address}") }
    }

    /// Runs statements as the owner. Answers with the rows, a line for each, their columns parted by `|`.
    ///
    /// # Errors
    /// What the server said.
    pub fn query(&self, sql: &str) -> Result<String, String> {
        self.run(DATABASE, sql)
    }

    fn run(&self, database: &str, sql: &str) -> Result<String, String> {
        self.server(self.address()).query(database, sql)
    }

    /// Connects, runs statements, and does nothing more until it ends.
    ///
    /// # Errors
    /// When there is no program to do it.
    pub fn session(&self, sql: &str) -> Result<Session, String> {
        let mut command = self.server(self.address()).client(DATABASE);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().map_err(|error| format!("{:?}: {error}", command.get_program()))?;
        let mut session = Session(child);
        if let Some(input) = &mut session.0.stdin {
            // One that is refused reads nothing any more.
            let _ = input.write_all(format!("{sql};\n").as_bytes());
        }
        Ok(session)
    }

    /// Ends it without a warning: what was not durable is lost.
    ///
    /// # Errors
    /// When it is gone already.
    pub fn kill(&mut self) -> Result<(), String> {
        self.child.kill().and_then(|()| self.child.wait()).map(drop).map_err(|error| error.to_string())
    }

    /// Starts it again after [`OwnServer::kill`], on what is left.
    ///
    /// # Errors
    /// What it said, when it does not come back.
    pub fn start_again(&mut self) -> Result<(), String> {
        self.child = spawn(self.kind, &self.folder, &self.words)?;
        self.wait_for(DATABASE)
    }

    fn wait_for(&mut self, database: &str) -> Result<(), String> {
        wait_until("the server does not answer", || {
            let ended = self.child.try_wait().map_err(|error| error.to_string())?;
            if ended.is_some() {
                // The processes of the one that was killed had not ended yet.
                self.child = spawn(self.kind, &self.folder, &self.words)?;
            }
            self.run(database, "SELECT 1").map(drop)
        })
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        // Nothing can be done about a server that is gone already.
        let _ = self.kill();
    }
}

/// The files of PostgreSQL, and the command that runs it.
fn postgres(place: Option<&Path>, port: u16) -> Result<(TempDir, Vec<String>), String> {
    let text = |error: io::Error| format!("starting PostgreSQL: {error}");
    let place = place.map_or_else(std::env::temp_dir, Path::to_owned);
    let folder = tempfile::Builder::new().prefix("mainstay-own-postgres-").tempdir_in(place).map_err(text)?;
    let data = folder.path().join("data");
    std::fs::create_dir(&data).map_err(text)?;
    give(folder.path(), "postgres")?;
    let (initdb, data) = (programs().join("initdb"), said(&data)?.to_owned());
    let words = [said(&initdb)?, "--no-sync", "--pgdata", &data, "--username=postgres", "--auth=trust"];
    let words = [&words[..], &["--encoding=UTF8", "--locale=C.UTF-8", "--wal-segsize=1"]].concat();
    let words = as_user("postgres", &words);
    run(&words.iter().map(String::as_str).collect::<Vec<_>>())?;
    let (postgres, port) = (programs().join("postgres"), port.to_string());
    let mut words = vec![said(&postgres)?, "-D", &data, "-k", &data, "-p", &port];
    for setting in [
        "listen_addresses=127.0.0.1",
        "max_connections=30",
        "superuser_reserved_connections=3",
        // What a client that is gone had begun ends soon, and frees its place.
        "client_connection_check_interval=500ms",
        "shared_buffers=16MB",
        "max_wal_size=8MB",
        "min_wal_size=2MB",
    ] {
        words.extend(["-c", setting]);
    }
    let words = words.into_iter().map(str::to_owned).collect();
    Ok((folder, words))
}

/// The files of MariaDB or MySQL, and the command that runs it.
fn mysql(product: Product, place: Option<&Path>, port: u16) -> Result<(TempDir, Vec<String>), String> {
    let folder = product.folder(place)?;
    let known = product.install(folder.path())?;
    let mut words = product.words(folder.path(), port)?;
    let small = ["--max-connections=30", "--innodb-buffer-pool-size=16M", product.small_log()];
    words.extend(small.map(str::to_owned));
    words.push(known);
    Ok((folder, words))
}

fn spawn(kind: Kind, folder: &TempDir, words: &[String]) -> Result<Child, String> {
    let log = std::fs::OpenOptions::new().create(true).append(true).open(folder.path().join("log"));
    let log = log.map_err(|error| error.to_string())?;
    let user = match kind {
        Kind::Postgres => "postgres",
        Kind::MySql(product) => product.user(),
    };
    // Should this process end without a word, so does the server. Whoever becomes another user forgets that.
    let words: Vec<&str> =
        ["setpriv", "--pdeathsig=KILL"].into_iter().chain(words.iter().map(String::as_str)).collect();
    let words = as_user(user, &words);
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    command.spawn().map_err(|error| format!("{}: {error}", words[0]))
}

/// A connection of somebody else's. It ends with this.
#[derive(Debug)]
pub struct Session(Child);

impl Session {
    /// Whether it was refused, or is over.
    pub fn is_over(&mut self) -> bool {
        self.0.try_wait().is_ok_and(|status| status.is_some())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A wire: whatever connects to it is connected to a server, until it is cut.
pub struct Wire {
    address: SocketAddr,
    state: Arc<WireState>,
}

struct WireState {
    target: SocketAddr,
    /// Bytes from the server that still pass before every connection is cut.
    left: AtomicU64,
    is_down: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

impl Wire {
    /// A wire to a server.
    ///
    /// # Errors
    /// When there is no free port.
    pub fn to(target: SocketAddr) -> Result<Self, String> {
        let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let state = Arc::new(WireState {
            target,
            left: AtomicU64::new(u64::MAX),
            is_down: AtomicBool::new(false),
            open: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // Whoever cannot be connected finds that the connection is closed.
                let _ = shared.connect(client);
            }
        });
        Ok(Self { address, state })
    }

    /// Where it begins.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// After so many bytes more of the server's answers, all connections are cut at once; later ones are whole again.
    pub fn cut_after(&self, bytes: u64) {
        self.state.left.store(bytes, Ordering::SeqCst);
    }

    /// Whether the cut that was asked for last has happened.
    pub fn was_cut(&self) -> bool {
        self.state.left.load(Ordering::SeqCst) == u64::MAX
    }

    /// Cuts all connections, and lets none come about.
    pub fn take_down(&self) {
        self.state.is_down.store(true, Ordering::SeqCst);
        self.state.cut();
    }

    /// Lets connections come about again.
    pub fn put_up(&self) {
        self.state.is_down.store(false, Ordering::SeqCst);
    }
}

impl WireState {
    fn connect(self: &Arc<Self>, client: TcpStream) -> io::Result<()> {
        if self.is_down.load(Ordering::SeqCst) {
            return client.shutdown(Shutdown::Both);
        }
        let server = TcpStream::connect(self.target)?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.extend([client.try_clone()?, server.try_clone()?]);
        drop(open);
        let (mut asking, mut asked) = (client.try_clone()?, server.try_clone()?);
        thread::spawn(move || {
            // Either side may close the connection at any time.
            let _ = io::copy(&mut asking, &mut asked);
            let _ = asked.shutdown(Shutdown::Write);
        });
        let state = Arc::clone(self);
        thread::spawn(move || state.answer(server, client));
        Ok(())
    }

    fn answer(&self, mut server: TcpStream, mut client: TcpStream) {
        let mut bytes = [0; 4_096];
        while let Ok(count @ 1..) = server.read(&mut bytes) {
            let passing = self.pass(count as u64) as usize;
            if client.write_all(&bytes[..passing]).is_err() {
                break;
            }
            if passing < count {
                self.cut();
                break;
            }
        }
        // It may be closed already.
        let _ = client.shutdown(Shutdown::Both);
    }

    /// How many of some bytes still pass. Connections are answered at once: each byte that is left passes for one of them.
    fn pass(&self, count: u64) -> u64 {
        let taken = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| match left {
            u64::MAX => None,
            // The cut that was asked for.
            left if left < count => Some(u64::MAX),
            left => Some(left - count),
        });
        taken.map_or(count, |left| left.min(count))
    }

    fn cut(&self) {
        let open = std::mem::take(&mut *self.open.lock().unwrap_or_else(PoisonError::into_inner));
        for stream in open {
            // It may be closed already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}
