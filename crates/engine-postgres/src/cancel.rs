//! How the server is asked to end a statement: on a connection apart, which is held until the server has closed it.
//!
//! Only then has it heard the question. A pooler that stands between passes the question on, and one that finds the asker gone meanwhile
//! may ask in vain; PgBouncer 1.18 ends itself.

use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_postgres::config::Host;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{CancelToken, Config, NoTls};

use crate::tls::Tls;

/// How long the server may take to hear it.
const PATIENCE: Duration = Duration::from_secs(2);

/// The way on which a server is asked.
#[derive(Clone)]
pub(crate) struct Canceller {
    tls: Tls,
    /// None where there are several, of which the driver knows the right one.
    host: Option<(Host, u16)>,
}

impl Canceller {
    /// The way to a database's host.
    pub fn new(config: &Config, tls: Tls) -> Self {
        let host = match (config.get_hosts(), config.get_ports(), config.get_hostaddrs()) {
            ([host], [], []) => Some((host.clone(), 5432)),
            ([host], [port], []) => Some((host.clone(), *port)),
            _ => None,
        };
        Self { tls, host }
    }

    /// Asks. Whether the statement has ended is for whoever waits for it to see.
    pub async fn cancel(&self, token: &CancelToken) {
        // When it does not reach the server, the statement's own time ends it.
        let _ = tokio::time::timeout(PATIENCE, self.ask(token)).await;
    }

    async fn ask(&self, token: &CancelToken) -> io::Result<()> {
        let asked = match &self.host {
            None => token.cancel_query(self.tls.clone()).await,
            Some((Host::Unix(folder), port)) => {
                let socket: PathBuf = folder.join(format!(".s.PGSQL.{port}"));
                let stream = UnixStream::connect(socket).await?;
                token.cancel_query_raw(Lingering(stream), NoTls).await
            }
            Some((Host::Tcp(name), port)) => {
                let stream = TcpStream::connect((name.as_str(), *port)).await?;
                let mut tls = self.tls.clone();
                let handshake =
                    <Tls as MakeTlsConnect<Lingering<TcpStream>>>::make_tls_connect(&mut tls, name)?;
                token.cancel_query_raw(Lingering(stream), handshake).await
            }
        };
        asked.map_err(io::Error::other)
    }
}

/// A connection that is shut down by the other side.
struct Lingering<S>(S);

impl<S: AsyncRead + Unpin> AsyncRead for Lingering<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Lingering<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut bytes = [0; 64];
        loop {
            let mut buffer = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut self.0).poll_read(context, &mut buffer))?;
            if buffer.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }
}
