//! Packets of the client/server protocol, and what each of them is in an answer.

use bytes::{Buf, Bytes, BytesMut};
use mysql_async::{DriverError, Error, ServerError};

/// A packet of this length goes on in the next.
const LONGEST: usize = 0xFF_FFFF;
const HEADER: usize = 4;

/// What is asked of the server, which says what its answer looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    /// To prepare a statement.
    Prepare,
    /// To run a prepared statement.
    Execute,
    /// Something that is done or not.
    Command,
}

/// What a packet is in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// It is done, and there are no rows.
    Done,
    /// It is not done; the packet says why.
    Refused,
    /// A statement was prepared; the descriptions of its parameters and then those of its columns follow.
    Prepared {
        id: u32,
        parameters: usize,
    },
    /// Rows follow, after the descriptions of their columns or without them when those are known.
    Rows {
        described: bool,
    },
    /// The description of a parameter or a column.
    Description,
    Row,
    /// No more rows.
    End,
}

/// Follows an answer from packet to packet.
#[derive(Debug)]
pub(super) struct Reading {
    question: Question,
    /// Whether descriptions of columns are left out that were sent before.
    caches: bool,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Head,
    /// So many descriptions are to come.
    Descriptions(usize),
    Rows,
    Over,
}

impl Reading {
    pub fn new(question: Question, caches: bool) -> Self {
        Self { question, caches, state: State::Head }
    }

    /// Whether the answer is complete.
    pub fn is_over(&self) -> bool {
        self.state == State::Over
    }

    /// What the next packet is. Fails for one that does not belong there.
    pub fn next(&mut self, packet: &[u8]) -> Result<Part, Error> {
        let unexpected = || Error::Driver(DriverError::UnexpectedPacket { payload: Vec::new() });
        let first = *packet.first().ok_or_else(unexpected)?;
        let part = match (self.state, first) {
            (State::Head | State::Rows, 0xFF) => Part::Refused,
            (State::Head, 0x00) if self.question == Question::Prepare => {
                let (id, columns, parameters) = prepared(packet).ok_or_else(unexpected)?;
                self.state = State::Descriptions(columns + parameters);
                Part::Prepared { id, parameters }
            }
            (State::Head, 0x00) => Part::Done,
            (State::Head, 1..=0xFA | 0xFC) if self.question == Question::Execute => {
                let (columns, rest) = count(packet).ok_or_else(unexpected)?;
                let described = !self.caches || rest.first() != Some(&0);
                self.state = if described { State::Descriptions(columns) } else { State::Rows };
                Part::Rows { described }
            }
            (State::Descriptions(left), _) => {
                self.state = State::Descriptions(left - 1);
                Part::Description
            }
            (State::Rows, 0xFE) => Part::End,
            (State::Rows, 0x00) => Part::Row,
            _ => return Err(unexpected()),
        };
        match (part, self.state) {
            (Part::Done | Part::Refused | Part::End, _) => self.state = State::Over,
            (_, State::Descriptions(0)) if self.question == Question::Prepare => self.state = State::Over,
            (_, State::Descriptions(0)) => self.state = State::Rows,
            _ => {}
        }
        Ok(part)
    }
}

/// The identifier of a prepared statement, and how many columns and parameters it has.
fn prepared(packet: &[u8]) -> Option<(u32, usize, usize)> {
    let id = u32::from_le_bytes(*packet.get(1..)?.first_chunk()?);
    let number = |at: usize| Some(usize::from(u16::from_le_bytes(*packet.get(at..)?.first_chunk()?)));
    Some((id, number(5)?, number(7)?))
}

/// How many columns there are, and what follows that number.
fn count(packet: &[u8]) -> Option<(usize, &[u8])> {
    match packet {
        [0xFC, low, high, rest @ ..] => Some((usize::from(u16::from_le_bytes([*low, *high])), rest)),
        [few, rest @ ..] => Some((usize::from(*few), rest)),
        [] => None,
    }
}

/// What the server says in a packet that refuses something.
pub(super) fn refusal(packet: &[u8]) -> Error {
    let code = packet.get(1..3).map_or(0, |mut code| code.get_u16_le());
    let rest = packet.get(3..).unwrap_or_default();
    let (state, message) = match rest {
        [b'#', told @ ..] if told.len() >= 5 => told.split_at(5),
        _ => (b"HY000".as_slice(), rest),
    };
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    Error::Server(ServerError { code, message: text(message), state: text(state) })
}

/// How long the packet at the beginning is, its header included, whether it goes on in the next, and its content, once it is there.
pub(super) fn first(bytes: &[u8]) -> Option<(usize, bool, &[u8])> {
    let header = bytes.first_chunk::<HEADER>()?;
    let length = u32::from_le_bytes(*header) as usize & LONGEST;
    let content = bytes.get(HEADER..HEADER + length)?;
    Some((HEADER + length, length == LONGEST, content))
}

/// Appends a packet. Fails for one that would have to go on in another.
pub(super) fn push(number: u8, content: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    if content.len() >= LONGEST {
        return Err(Error::Driver(DriverError::PacketTooLarge));
    }
    out.extend_from_slice(&(content.len() as u32 | u32::from(number) << 24).to_le_bytes());
    out.extend_from_slice(content);
    Ok(())
}

/// The contents of packets that are there as a whole.
pub(super) struct Packets(pub Bytes);

impl Iterator for Packets {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let (length, mut goes_on, _) = first(&self.0)?;
        let mut packet = self.0.split_to(length).slice(HEADER..);
        if goes_on {
            let mut whole = BytesMut::from(packet.as_ref());
            while goes_on {
                let (length, more, content) = first(&self.0)?;
                whole.extend_from_slice(content);
                self.0.advance(length);
                goes_on = more;
            }
            packet = whole.freeze();
        }
        Some(packet)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(question: Question, caches: bool, packets: &[&[u8]]) -> Vec<Part> {
        let mut reading = Reading::new(question, caches);
        let parts = packets.iter().map(|packet| reading.next(packet).unwrap()).collect();
        assert!(reading.is_over());
        parts
    }

    #[test]
    fn answers_are_followed_to_their_end() {
        use Part::{Description, Done, End, Prepared, Refused, Row, Rows};
        let prepared = [0, 7, 0, 0, 0, 2, 0, 1, 0, 0, 0, 0];
        let expected = [Prepared { id: 7, parameters: 1 }, Description, Description, Description];
        assert_eq!(parts(Question::Prepare, true, &[&prepared, &[3], &[3], &[3]]), expected);
        assert_eq!(parts(Question::Prepare, true, &[&[0; 12]]), [Prepared { id: 0, parameters: 0 }]);
        let known: [&[u8]; 4] = [&[2, 0], &[0, 1], &[0, 2], &[0xFE, 0]];
        assert_eq!(parts(Question::Execute, true, &known), [Rows { described: false }, Row, Row, End]);
        let told: [&[u8]; 4] = [&[1, 1], &[3], &[0], &[0xFF]];
        assert_eq!(
            parts(Question::Execute, true, &told),
            [Rows { described: true }, Description, Row, Refused]
        );
        assert_eq!(
            parts(Question::Execute, false, &[&[1], &[3], &[0xFE]]),
            [Rows { described: true }, Description, End]
        );
        assert_eq!(parts(Question::Command, true, &[&[0]]), [Done]);
        assert!(Reading::new(Question::Command, true).next(&[1]).is_err());
        assert!(Reading::new(Question::Execute, true).next(&[]).is_err());
    }

    #[test]
    fn refusals_are_read() {
        let Error::Server(told) = refusal(b"\xFF\x28\x04#42000gone") else { panic!() };
        assert_eq!((told.code, told.state.as_str(), told.message.as_str()), (1064, "42000", "gone"));
        let Error::Server(told) = refusal(b"\xFF\x10\x04Too many") else { panic!() };
        assert_eq!((told.code, told.message.as_str()), (1040, "Too many"));
    }

    #[test]
    fn long_packets_are_put_together() {
        let mut bytes = Vec::new();
        push(3, b"short", &mut bytes).unwrap();
        bytes.extend_from_slice(&[0xFF, 0xFF, 0xFF, 4]);
        bytes.resize(bytes.len() + LONGEST, 7);
        push(5, b"end", &mut bytes).unwrap();
        let packets: Vec<Bytes> = Packets(bytes.into()).collect();
        assert_eq!(packets[0].as_ref(), b"short");
        assert_eq!(packets[1].len(), LONGEST + 3);
        assert!(packets[1].ends_with(b"\x07end"));
        assert_eq!(packets.len(), 2);
        assert!(push(0, &vec![0; LONGEST], &mut Vec::new()).is_err());
    }
}
