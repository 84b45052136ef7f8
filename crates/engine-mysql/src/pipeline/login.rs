//! How a connection comes about whose statements wait for nobody's answer: the server greets, and is told who asks.
//!
//! It speaks of no encryption and of no way to prove who one is that sends more than a scramble; whoever needs these has the driver's
//! connections.

use std::io;

use bytes::{Buf, BytesMut};
use mysql_async::consts::{CapabilityFlags, MariadbCapabilities};
use mysql_async::{DriverError, Error, Opts};
use mysql_common::io::ParseBuf;
use mysql_common::packets::{AuthPlugin, AuthSwitchRequest, HandshakePacket, HandshakeResponse};
use mysql_common::proto::MySerialize;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

use super::packets::{self, first, push};

pub(super) type Reader = Box<dyn AsyncRead + Send + Unpin>;
pub(super) type Writer = Box<dyn AsyncWrite + Send + Unpin>;

/// A way to a server that knows who asks.
pub(super) struct Session {
    pub reader: Reader,
    pub writer: Writer,
    /// By which the server knows it.
    pub number: u32,
    /// Whether descriptions of columns are left out that were sent before.
    pub caches: bool,
}

/// What the server must be able to do.
const NEEDED: CapabilityFlags = CapabilityFlags::CLIENT_PROTOCOL_41
    .union(CapabilityFlags::CLIENT_SECURE_CONNECTION)
    .union(CapabilityFlags::CLIENT_PLUGIN_AUTH)
    .union(CapabilityFlags::CLIENT_DEPRECATE_EOF);
/// What is used besides. Rows that are set to what they are count as changed, as in PostgreSQL.
const WANTED: CapabilityFlags = NEEDED
    .union(CapabilityFlags::CLIENT_LONG_PASSWORD)
    .union(CapabilityFlags::CLIENT_LONG_FLAG)
    .union(CapabilityFlags::CLIENT_FOUND_ROWS)
    .union(CapabilityFlags::CLIENT_TRANSACTIONS)
    .union(CapabilityFlags::CLIENT_CONNECT_WITH_DB)
    .union(CapabilityFlags::CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA);
/// The largest packet that is taken.
const PACKET_MAX: u32 = 1 << 30;

/// Connects. `None` where the server wants what is not spoken here.
pub(super) async fn log_in(opts: &Opts) -> Result<Option<Session>, Error> {
    if opts.ssl_opts().is_some() {
        return Ok(None);
    }
    let (mut reader, mut writer) = reach(opts).await?;
    let mut input = BytesMut::new();
    let (greeting, _) = receive(&mut reader, &mut input).await?;
    let handshake: HandshakePacket<'_> = ParseBuf(&greeting).parse(())?;
    let capabilities = handshake.capabilities() & WANTED;
    if !capabilities.contains(NEEDED) {
        return Ok(None);
    }
    let is_mariadb = handshake.maria_db_server_version_parsed().is_some();
    // The first flag says that a server is MySQL; MariaDB's own flags stand where MySQL has nothing.
    let has_own = is_mariadb && !handshake.capabilities().contains(CapabilityFlags::CLIENT_LONG_PASSWORD);
    let own = match has_own {
        true => handshake.mariadb_ext_capabilities() & MariadbCapabilities::MARIADB_CLIENT_CACHE_METADATA,
        false => MariadbCapabilities::empty(),
    };
    let mut nonce = handshake.scramble_1_ref().to_vec();
    nonce.extend_from_slice(handshake.scramble_2_ref().unwrap_or_default());
    nonce.resize(20, 0);
    let plugin = match handshake.auth_plugin() {
        Some(AuthPlugin::CachingSha2Password) => AuthPlugin::CachingSha2Password,
        _ => AuthPlugin::MysqlNativePassword,
    };
    let scramble = plugin.gen_data(opts.pass(), &nonce);
    let response = HandshakeResponse::new(
        scramble.as_deref(),
        handshake.server_version_parsed().unwrap_or((8, 0, 0)),
        opts.user().map(str::as_bytes),
        opts.db_name().map(str::as_bytes),
        Some(plugin.borrow()),
        capabilities,
        None,
        PACKET_MAX,
    );
    let mut content = Vec::new();
    response.with_mariadb_ext_capabilities(own).serialize(&mut content);
    send(&mut writer, 1, &content).await?;
    if !prove(&mut reader, &mut writer, &mut input, opts).await? {
        return Ok(None);
    }
    let number = handshake.connection_id();
    Ok(Some(Session { reader, writer, number, caches: !own.is_empty() }))
}

/// Answers the server's questions about the password. `false` where it wants more than a scramble.
async fn prove(
    reader: &mut Reader,
    writer: &mut Writer,
    input: &mut BytesMut,
    opts: &Opts,
) -> Result<bool, Error> {
    loop {
        let (packet, number) = receive(reader, input).await?;
        match packet.as_slice() {
            [0x00, ..] => return Ok(true),
            // It knows the password from before; its word that we are in follows.
            [0x01, 0x03] => {}
            [0xFE, _, ..] => {
                let switch: AuthSwitchRequest<'_> = ParseBuf(&packet).parse(())?;
                let plugin = switch.auth_plugin();
                if !matches!(plugin, AuthPlugin::CachingSha2Password | AuthPlugin::MysqlNativePassword) {
                    return Ok(false);
                }
                let data = plugin.gen_data(opts.pass(), switch.plugin_data());
                send(writer, number.wrapping_add(1), data.as_deref().unwrap_or_default()).await?;
            }
            _ => return Ok(false),
        }
    }
}

async fn reach(opts: &Opts) -> io::Result<(Reader, Writer)> {
    if let Some(path) = opts.socket() {
        let (reader, writer) = UnixStream::connect(path).await?.into_split();
        return Ok((Box::new(reader), Box::new(writer)));
    }
    let stream = TcpStream::connect((opts.ip_or_hostname(), opts.tcp_port())).await?;
    stream.set_nodelay(opts.tcp_nodelay())?;
    if let Some(time) = opts.tcp_keepalive() {
        SockRef::from(&stream).set_tcp_keepalive(&TcpKeepalive::new().with_time(time))?;
    }
    let (reader, writer) = stream.into_split();
    Ok((Box::new(reader), Box::new(writer)))
}

/// The content of the next packet and its number.
async fn receive(reader: &mut Reader, input: &mut BytesMut) -> Result<(Vec<u8>, u8), Error> {
    loop {
        if let Some((length, _, content)) = first(input) {
            let (content, number) = (content.to_vec(), input[3]);
            input.advance(length);
            if content.first() == Some(&0xFF) {
                return Err(packets::refusal(&content));
            }
            return Ok((content, number));
        }
        if reader.read_buf(input).await? == 0 {
            return Err(DriverError::ConnectionClosed.into());
        }
    }
}

async fn send(writer: &mut Writer, number: u8, content: &[u8]) -> Result<(), Error> {
    let mut packet = Vec::new();
    push(number, content, &mut packet)?;
    Ok(writer.write_all(&packet).await?)
}
