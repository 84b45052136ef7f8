//! Where the database is and how safe the way to it has to be: the URL as the driver's options.
//!
//! A way that leaves this machine is encrypted, and the server has to prove who it is, unless the URL says otherwise.

use std::path::{Path, PathBuf};
use std::time::Duration;

use mainstay_base::{Problem, Result};
use mysql_async::{Opts, OptsBuilder, SslOpts};

/// How long a host may be silent until it is asked whether it is still there.
const KEEPALIVE: Duration = Duration::from_secs(20);
/// The certificates that a Debian system trusts.
const SYSTEM_ROOTS: &str = "/etc/ssl/certs/ca-certificates.crt";

/// What a connection promises about whom it talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Nothing is encrypted.
    Disable,
    /// It is encrypted, whoever answers.
    Require,
    /// A trusted authority knows the server by its name.
    VerifyFull,
}

/// Parameters of a URL.
#[derive(Default)]
struct Parameters {
    mode: Option<Mode>,
    roots: Option<PathBuf>,
    /// The server's name in its certificate, where it is not that in the URL.
    name: Option<String>,
    socket: Option<String>,
}

/// The driver's options for a URL. Fails with `08001` for one that cannot be read.
pub(crate) fn options(url: &str, statements_max: usize) -> Result<Opts> {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let base = match base.split_once("://") {
        Some(("mysql" | "mariadb", place)) => format!("mysql://{place}"),
        _ => return Err(unreadable("it begins with neither mysql:// nor mariadb://")),
    };
    let opts = Opts::from_url(&base).map_err(|error| unreadable(&error.to_string()))?;
    if opts.db_name().is_none_or(str::is_empty) {
        return Err(unreadable("it names no database"));
    }
    let parameters = Parameters::read(query)?;
    let is_local = parameters.socket.is_some() || is_loopback(opts.ip_or_hostname());
    let mode = parameters.mode.unwrap_or(if is_local { Mode::Disable } else { Mode::VerifyFull });
    let builder = OptsBuilder::from_opts(opts)
        .prefer_socket(false)
        .socket(parameters.socket)
        .tcp_keepalive(Some(KEEPALIVE))
        .tcp_nodelay(true)
        // Rows that are set to what they are count as changed, as in PostgreSQL.
        .client_found_rows(true)
        .stmt_cache_size(statements_max)
        .ssl_opts(tls(mode, parameters.roots.as_deref(), parameters.name));
    Ok(builder.into())
}

fn tls(mode: Mode, roots: Option<&Path>, name: Option<String>) -> Option<SslOpts> {
    let system = Path::new(SYSTEM_ROOTS);
    let trusted = match roots {
        Some(path) => vec![path.to_owned().into()],
        None if system.exists() => vec![system.to_owned().into()],
        None => Vec::new(),
    };
    let options = SslOpts::default().with_root_certs(trusted).with_disable_built_in_roots(roots.is_some());
    match mode {
        Mode::Disable => None,
        Mode::Require => Some(options.with_danger_accept_invalid_certs(true)),
        Mode::VerifyFull => Some(options.with_danger_tls_hostname_override(name)),
    }
}

impl Parameters {
    fn read(query: &str) -> Result<Self> {
        let mut parameters = Self::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = decoded(value);
            match name.to_ascii_lowercase().replace('_', "-").as_str() {
                "sslmode" | "ssl-mode" => parameters.mode = Some(Mode::read(&value)?),
                "sslrootcert" | "ssl-ca" => parameters.roots = Some(PathBuf::from(value)),
                "sslhostname" | "ssl-hostname" => parameters.name = Some(value),
                "socket" => parameters.socket = Some(value),
                _ => return Err(unreadable(&format!("there is no parameter \"{name}\""))),
            }
        }
        Ok(parameters)
    }
}

impl Mode {
    /// Reads the names of PostgreSQL and of MySQL.
    fn read(text: &str) -> Result<Self> {
        match text.to_ascii_lowercase().replace('_', "-").as_str() {
            "disable" | "disabled" => Ok(Self::Disable),
            "require" | "required" => Ok(Self::Require),
            "verify-full" | "verify-identity" => Ok(Self::VerifyFull),
            // The driver cannot: it holds the certificate of another name for an invalid one.
            "verify-ca" => Err(unreadable("there is no verifying of the authority alone").with_hint(
                "Write sslmode=verify-full, with sslhostname=NAME where the certificate has another name than the host.",
            )),
            _ => Err(Problem::new("08001", format!("the database's url has an unknown sslmode \"{text}\""))
                .with_hint("Write disable, require or verify-full.")),
        }
    }
}

fn is_loopback(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "::1" | "[::1]")
}

fn unreadable(why: &str) -> Problem {
    Problem::new("08001", format!("the database's url cannot be read: {why}"))
        .with_hint("Write mysql://USER:PASSWORD@HOST:PORT/DATABASE.")
}

/// A value without its percent signs.
fn decoded(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Opts {
        options(url, 8).unwrap()
    }

    #[test]
    fn what_leaves_the_machine_is_encrypted_and_verified() {
        assert!(read("mysql://me@127.0.0.1/shop").ssl_opts().is_none());
        let remote = read("mariadb://me:secret@db.example:3307/shop");
        let tls = remote.ssl_opts().unwrap();
        assert!(!tls.accept_invalid_certs() && !tls.skip_domain_validation());
        assert_eq!((remote.tcp_port(), remote.db_name()), (3307, Some("shop")));
        assert!(read("mysql://me@db.example/shop?sslmode=disable").ssl_opts().is_none());
        assert!(
            read("mysql://me@db.example/shop?ssl-mode=REQUIRED").ssl_opts().unwrap().accept_invalid_certs()
        );
        let own = read("mysql://me@db.example/shop?ssl-ca=/etc/own%20ca.pem&sslhostname=other");
        let tls = own.ssl_opts().unwrap();
        assert!(tls.disable_built_in_roots() && tls.root_certs().len() == 1);
        assert_eq!(tls.tls_hostname_override(), Some("other"));
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        for url in [
            "http://me@x/y",
            "mysql://me@x",
            "mysql://me@x/y?sslmode=maybe",
            "mysql://me@x/y?ssl-mode=VERIFY_CA",
            "mysql://me@x/y?pool_min=3",
            "mysql://me@x:port/y",
        ] {
            let problem = options(url, 8).unwrap_err();
            assert_eq!(problem.code(), "08001");
            assert!(problem.message().starts_with("the database's url"), "{problem}");
        }
    }
}
