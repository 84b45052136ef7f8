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

use crate::database::postgres::{as_postgres, programs};
use crate::database::process::{free_port, give, run, said};

/// How long anything may take that is waited for.
pub const LIMIT: Duration = Duration::from_secs(60);
/// Between two looks.
const POLL: Duration = Duration::from_millis(20);

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

/// A PostgreSQL server of one's own, durable as people run it. It ends with this.
#[derive(Debug)]
pub struct OwnServer {
    folder: TempDir,
    port: u16,
    child: Child,
}

impl OwnServer {
    /// Starts one whose files are in `place`, or in the usual folder for what is temporary.
    ///
    /// # Errors
    /// What it said.
    pub fn start(place: Option<&Path>) -> Result<Self, String> {
        let text = |error: io::Error| format!("starting PostgreSQL: {error}");
        let builder = || tempfile::Builder::new();
        let folder = match place {
            Some(place) => builder().prefix("own-postgres-").tempdir_in(place),
            None => builder().prefix("mainstay-own-postgres-").tempdir(),
        };
        let folder = folder.map_err(text)?;
        let data = folder.path().join("data");
        std::fs::create_dir(&data).map_err(text)?;
        give(folder.path(), "postgres")?;
        let initdb = programs().join("initdb");
        let words =
            [said(&initdb)?, "--no-sync", "--pgdata", said(&data)?, "--username=postgres", "--auth=trust"];
        let words =
            as_postgres(&[&words[..], &["--encoding=UTF8", "--locale=C.UTF-8", "--wal-segsize=1"]].concat());
        run(&words.iter().map(String::as_str).collect::<Vec<_>>())?;
        let port = free_port()?;
        let child = Self::spawn(&data, port)?;
        let mut server = Self { folder, port, child };
        server.wait_for()?;
        Ok(server)
    }

    fn spawn(data: &Path, port: u16) -> Result<Child, String> {
        let (postgres, port) = (programs().join("postgres"), port.to_string());
        let mut words = vec![said(&postgres)?, "-D", said(data)?, "-k", said(data)?, "-p", &port];
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
        let log = std::fs::OpenOptions::new().create(true).append(true).open(data.with_file_name("log"));
        let log = log.map_err(|error| error.to_string())?;
        // Should this process end without a word, so does the server.
        let words: Vec<String> = ["setpriv".to_owned(), "--pdeathsig=KILL".to_owned()]
            .into_iter()
            .chain(as_postgres(&words))
            .collect();
        let child = Command::new(&words[0])
            .args(&words[1..])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        child.map_err(|error| format!("{}: {error}", words[0]))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// The url of its only database, as someone reaches it who listens at `address` for it.
    pub fn url(&self, address: SocketAddr) -> String {
        format!("postgres://postgres@{address}/postgres?sslmode=disable")
    }

    /// Runs a statement as the owner. Answers with the rows, a line for each, their columns parted by `|`.
    ///
    /// # Errors
    /// What the server said.
    pub fn query(&self, sql: &str) -> Result<String, String> {
        let mut child = self.session(sql)?;
        let mut text = [String::new(), String::new()];
        if let (Some(out), Some(error)) = (&mut child.stdout, &mut child.stderr) {
            let read = out.read_to_string(&mut text[0]).and_then(|_| error.read_to_string(&mut text[1]));
            read.map_err(|error| error.to_string())?;
        }
        let status = child.wait().map_err(|error| error.to_string())?;
        let [out, error] = text;
        if status.success() { Ok(out.trim().to_owned()) } else { Err(error) }
    }

    /// Begins to run statements; they last as long as they take.
    ///
    /// # Errors
    /// When there is no `psql`.
    pub fn session(&self, sql: &str) -> Result<Child, String> {
        let psql = programs().join("psql");
        Command::new(&psql)
            .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1"])
            .args(["--command", sql, &format!("postgres://postgres@{}/postgres", self.address())])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", psql.display()))
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
        self.child = Self::spawn(&self.folder.path().join("data"), self.port)?;
        self.wait_for()
    }

    fn wait_for(&mut self) -> Result<(), String> {
        wait_until("PostgreSQL does not answer", || {
            let ended = self.child.try_wait().map_err(|error| error.to_string())?;
            if ended.is_some() {
                // The processes of the one that was killed had not ended yet.
                self.child = Self::spawn(&self.folder.path().join("data"), self.port)?;
            }
            self.query("SELECT 1").map(drop)
        })
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        // Nothing can be done about a server that is gone already.
        let _ = self.kill();
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
            let left = self.left.load(Ordering::SeqCst);
            let passing = count.min(usize::try_from(left).unwrap_or(usize::MAX));
            if client.write_all(&bytes[..passing]).is_err() {
                break;
            }
            if passing < count {
                self.left.store(u64::MAX, Ordering::SeqCst);
                self.cut();
                break;
            }
            if left != u64::MAX {
                self.left.fetch_sub(passing as u64, Ordering::SeqCst);
            }
        }
        // It may be closed already.
        let _ = client.shutdown(Shutdown::Both);
    }

    fn cut(&self) {
        let open = std::mem::take(&mut *self.open.lock().unwrap_or_else(PoisonError::into_inner));
        for stream in open {
            // It may be closed already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}
