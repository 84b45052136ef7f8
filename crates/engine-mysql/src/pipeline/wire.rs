//! Two tasks for each connection: one sends what is asked as soon as it is asked, the other hands every answer to whoever asked.

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc::{self, Receiver, Sender, UnboundedReceiver, UnboundedSender};

use super::login::{Reader, Session, Writer};
use super::packets::{Question, Reading, first};

/// Questions that are sent at once.
const TOGETHER: usize = 64;
/// An answer that is longer is handed over in parts.
const PART: usize = 256 << 10;
/// Parts that wait for whoever asked.
const PARTS_AHEAD: usize = 2;
/// What is read at once.
const READ: usize = 16 << 10;
/// That nothing will be asked any more.
const QUIT: [u8; 5] = [1, 0, 0, 0, 1];

/// Where questions go.
pub(super) struct Wire(UnboundedSender<Asking>);

/// A question on its way.
struct Asking {
    packet: Vec<u8>,
    expected: Expected,
}

/// An answer that is waited for.
struct Expected {
    question: Question,
    to: Sender<Bytes>,
}

impl Wire {
    /// Takes a connection into use.
    pub fn new(session: Session) -> Self {
        let (wire, questions) = mpsc::unbounded_channel();
        let (sent, expected) = mpsc::unbounded_channel();
        tokio::spawn(send(session.writer, questions, sent));
        tokio::spawn(receive(session.reader, expected, session.caches));
        Self(wire)
    }

    /// Asks. What comes is whole packets, nothing when the connection is lost.
    pub fn ask(&self, question: Question, packet: Vec<u8>) -> Receiver<Bytes> {
        let (to, answer) = mpsc::channel(PARTS_AHEAD);
        // When it is closed, nothing comes.
        let _ = self.0.send(Asking { packet, expected: Expected { question, to } });
        answer
    }

    pub fn is_closed(&self) -> bool {
        self.0.is_closed()
    }
}

/// Ends when nobody can ask any more or nobody reads the answers.
async fn send(mut writer: Writer, mut questions: UnboundedReceiver<Asking>, sent: UnboundedSender<Expected>) {
    let (mut batch, mut bytes) = (Vec::with_capacity(TOGETHER), Vec::new());
    loop {
        let count = tokio::select! {
            biased;
            () = sent.closed() => return,
            count = questions.recv_many(&mut batch, TOGETHER) => count,
        };
        if count == 0 {
            let _ = writer.write_all(&QUIT).await;
            return;
        }
        bytes.clear();
        for asking in batch.drain(..) {
            bytes.extend_from_slice(&asking.packet);
            if sent.send(asking.expected).is_err() {
                return;
            }
        }
        if writer.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

/// Ends when nothing is to come any more. What is still expected then is told by its channel, which closes.
async fn receive(mut reader: Reader, mut expected: UnboundedReceiver<Expected>, caches: bool) {
    let mut input = BytesMut::new();
    loop {
        input.reserve(READ);
        let next = tokio::select! {
            biased;
            next = expected.recv() => next,
            // What nobody has asked for is the end.
            _ = reader.read_buf(&mut input) => None,
        };
        let Some(next) = next else { return };
        if answer(&mut reader, &mut input, next, caches).await.is_none() {
            return;
        }
    }
}

/// Hands over one answer. `None` when the connection is of no use any more.
async fn answer(reader: &mut Reader, input: &mut BytesMut, expected: Expected, caches: bool) -> Option<()> {
    let mut reading = Reading::new(expected.question, caches);
    let (mut at, mut goes_on) = (0, false);
    loop {
        while let Some((length, more, content)) = first(&input[at..]) {
            if !goes_on {
                reading.next(content).ok()?;
            }
            at += length;
            goes_on = more;
            if reading.is_over() {
                // Whoever asked may not want it any more.
                let _ = expected.to.send(input.split_to(at).freeze()).await;
                return Some(());
            }
            if at >= PART && !goes_on {
                let _ = expected.to.send(input.split_to(at).freeze()).await;
                at = 0;
            }
        }
        input.reserve(READ);
        if reader.read_buf(input).await.ok()? == 0 {
            return None;
        }
    }
}
