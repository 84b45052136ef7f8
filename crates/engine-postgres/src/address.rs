//! Where a database is, and how it is reached: the URL, with the parameters of libpq that say how a connection is encrypted.

use std::time::Duration;

use mainstay_base::{Problem, Result};
use percent_encoding::percent_decode_str;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, Connection, Error, Socket};

use crate::Options;
use crate::cancel::Canceller;
use crate::tls::{Encrypted, Files, Proof, Tls};

/// How long a host may be silent until it is asked whether it is still there, and how long it may take to answer.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(20);

/// A connection that nobody drives yet.
pub(crate) type Driven = Connection<Socket, Encrypted<Socket>>;

/// A database's hosts and the way to them.
#[derive(Clone)]
pub(crate) struct Address {
    config: Config,
    tls: Tls,
    /// Whether an encrypted connection is tried when the server refuses a plain one.
    encrypts_second: bool,
}

/// The parameters that are ours and not the driver's.
#[derive(Debug, Default, PartialEq, Eq)]
struct Encryption {
    mode: Option<String>,
    files: Files,
}

impl Address {
    /// Reads a URL.
    pub fn read(url: &str, options: &Options) -> Result<Self> {
        let (url, asked) = take_encryption(url);
        let mut config: Config = url.parse().map_err(|error: Error| {
            let why = std::error::Error::source(&error).map_or(error.to_string(), ToString::to_string);
            unreadable(&why)
        })?;
        let is_local = |host: &Host| match host {
            Host::Tcp(name) => matches!(name.as_str(), "localhost" | "127.0.0.1" | "::1"),
            #[cfg(unix)]
            Host::Unix(_) => true,
        };
        let all_local = config.get_hosts().iter().all(is_local);
        let mode = asked.mode.as_deref().unwrap_or(if all_local { "allow" } else { "verify-full" });
        let has_authorities = asked.files.authorities.is_some();
        let (ssl_mode, proof) = match mode {
            "disable" | "allow" => (SslMode::Disable, Proof::None),
            "prefer" => (SslMode::Prefer, Proof::None),
            "require" if !has_authorities => (SslMode::Require, Proof::None),
            "require" | "verify-ca" => (SslMode::Require, Proof::Authority),
            "verify-full" => (SslMode::Require, Proof::Name),
            _ => return Err(unreadable(&format!("sslmode={mode} is none of libpq's"))),
        };
        config.ssl_mode(ssl_mode);
        if config.get_application_name().is_none() {
            config.application_name("mainstay");
        }
        config.connect_timeout(options.connect_timeout);
        // A host that is gone without a word is noticed; statements that take long are not.
        config.keepalives_idle(KEEPALIVE_IDLE).tcp_user_timeout(KEEPALIVE_IDLE);
        Ok(Self { config, tls: Tls::new(proof, &asked.files)?, encrypts_second: mode == "allow" })
    }

    /// How a server there is asked to end a statement.
    pub fn canceller(&self) -> Canceller {
        Canceller::new(&self.config, self.tls.clone())
    }

    /// Connects, and lets the connection be driven by this thread.
    pub async fn connect(&self) -> std::result::Result<Client, Error> {
        let (client, connection) = self.open().await?;
        // It ends with the client; what goes wrong is told to whoever waits for an answer.
        tokio::spawn(connection);
        Ok(client)
    }

    /// Connects to the first host that answers and is of the kind that is wanted. Somebody must drive the connection.
    pub async fn open(&self) -> std::result::Result<(Client, Driven), Error> {
        match self.try_connect(&self.config).await {
            Err(error) if self.encrypts_second && is_refused(&error) => {
                let mut encrypted = self.config.clone();
                encrypted.ssl_mode(SslMode::Require);
                // The first reason is the better one where the server does not encrypt.
                self.try_connect(&encrypted).await.map_err(|_| error)
            }
            connected => connected,
        }
    }

    async fn try_connect(&self, config: &Config) -> std::result::Result<(Client, Driven), Error> {
        config.connect(self.tls.clone()).await
    }
}

/// Whether a server would not have us as we came.
fn is_refused(error: &Error) -> bool {
    error.code() == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION)
}

fn unreadable(why: &str) -> Problem {
    Problem::new("08001", format!("the database's url cannot be read: {why}"))
        .with_hint("Write postgres://USER:PASSWORD@HOST:PORT/DATABASE.")
}

/// A URL without the parameters about encryption, and those.
fn take_encryption(url: &str) -> (String, Encryption) {
    let mut asked = Encryption::default();
    let Some((place, query)) = url.split_once('?') else { return (url.to_owned(), asked) };
    let mut rest = Vec::new();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = || Some(percent_decode_str(value).decode_utf8_lossy().into_owned());
        match name {
            "sslmode" => asked.mode = value(),
            "sslrootcert" => asked.files.authorities = value(),
            "sslcert" => asked.files.certificate = value(),
            "sslkey" => asked.files.key = value(),
            _ => rest.push(pair),
        }
    }
    match rest.is_empty() {
        true => (place.to_owned(), asked),
        false => (format!("{place}?{}", rest.join("&")), asked),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<Address> {
        Address::read(url, &Options::new(url))
    }

    #[test]
    fn hosts_that_are_not_this_machine_must_prove_who_they_are() {
        let mode = |url: &str| read(url).unwrap().config.get_ssl_mode();
        assert_eq!(mode("postgres://me@localhost/x"), SslMode::Disable);
        assert_eq!(mode("postgres://me@%2Ftmp/x"), SslMode::Disable);
        assert_eq!(mode("postgres://me@db.example/x?sslmode=disable"), SslMode::Disable);
        assert_eq!(mode("postgres://me@localhost,db.example/x"), SslMode::Require);
        assert_eq!(mode("postgres://me@localhost/x?sslmode=prefer"), SslMode::Prefer);
    }

    #[test]
    fn parameters_about_encryption_are_ours_and_the_others_the_drivers() {
        let (url, asked) = take_encryption(
            "postgres://a,b/x?sslmode=verify-ca&target_session_attrs=read-write&sslrootcert=%2Fca.pem",
        );
        assert_eq!(url, "postgres://a,b/x?target_session_attrs=read-write");
        assert_eq!(asked.mode.as_deref(), Some("verify-ca"));
        assert_eq!(asked.files.authorities.as_deref(), Some("/ca.pem"));
    }

    #[test]
    fn what_cannot_be_kept_is_refused() {
        for url in [
            "postgres://me@db.example/x?sslmode=maybe",
            "postgres://me@db.example/x?sslrootcert=/nowhere/ca.pem",
            "postgres://me@db.example/x?sslmode=require&sslcert=/nowhere/me.pem",
            "postgres://me@db.example/x?unknown=1",
        ] {
            let problem = read(url).err().unwrap();
            assert_eq!(problem.code(), "08001", "{url}");
            assert!(!problem.message().contains("me@"), "{}", problem.message());
        }
    }
}
