//! Hearing what a database notifies: a connection of its own that does nothing else.

use std::future::poll_fn;

use mainstay_base::{Problem, Result};
use tokio::sync::mpsc;
use tokio_postgres::AsyncMessage;

use crate::address::Address;
use crate::errors;

/// The payloads of a channel's notifications, for as long as the connection lasts.
#[derive(Debug)]
pub struct Listener {
    heard: mpsc::UnboundedReceiver<String>,
    /// Ends the connection with it.
    _client: tokio_postgres::Client,
}

impl Listener {
    /// The next payload; `None` when the connection has ended.
    pub async fn next(&mut self) -> Option<String> {
        self.heard.recv().await
    }
}

/// Listens to a channel; what is notified once this has returned is heard.
pub(crate) async fn listen(address: &Address, channel: &str) -> Result<Listener> {
    let connected = address.open().await;
    let (client, mut connection) = connected.map_err(|error| errors::unreachable(&error))?;
    let (tell, heard) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
            match message {
                Ok(AsyncMessage::Notification(notification)) => {
                    if tell.send(notification.payload().to_owned()).is_err() {
                        return;
                    }
                }
                Ok(_) => {}
                Err(_) => return,
            }
        }
    });
    let name = format!("\"{}\"", channel.replace('"', "\"\""));
    let listening = client.batch_execute(&format!("LISTEN {name}")).await;
    listening.map_err(|error| Problem::new("08001", errors::plain(&error).message().to_owned()))?;
    Ok(Listener { heard, _client: client })
}
