//! Reads a request's body whole, within bounds of size and time. It knows nothing of what the body says.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Body;
use tokio::time::{Instant, timeout_at};

/// How long a body may take whatever its size, and the bytes for each of which-many it may take a second longer: Apache's
/// `RequestReadTimeout body=20,MinRate=500`.
const PATIENCE: Duration = Duration::from_secs(20);
const BYTES_PER_SECOND_MIN: usize = 500;

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It is larger than it may be.
    TooLarge,
    /// It came too slowly.
    TooSlow,
    /// The client stopped in the middle of it.
    CutOff,
}

/// Reads a body of at most `max` bytes.
pub async fn read<B>(mut body: B, max: usize) -> Result<Bytes, Refused>
where
    B: Body<Data = Bytes> + Unpin,
{
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    if body.size_hint().lower() > max as u64 {
        return Err(Refused::TooLarge);
    }
    let started = Instant::now();
    let mut whole = Whole::default();
    loop {
        let more = Duration::from_secs((whole.len() / BYTES_PER_SECOND_MIN) as u64);
        match timeout_at(started + PATIENCE + more, body.frame()).await {
            Err(_) => return Err(Refused::TooSlow),
            Ok(None) => return Ok(whole.into_bytes()),
            Ok(Some(Err(_))) => return Err(Refused::CutOff),
            Ok(Some(Ok(frame))) => whole.add(frame.into_data().unwrap_or_default()),
        }
        if whole.len() > max {
            return Err(Refused::TooLarge);
        }
    }
}

/// What has come so far: most bodies come in one piece, which is then not copied.
#[derive(Default)]
struct Whole {
    first: Bytes,
    rest: BytesMut,
}

impl Whole {
    fn add(&mut self, data: Bytes) {
        if self.first.is_empty() {
            self.first = data;
        } else {
            self.rest.extend_from_slice(&data);
        }
    }

    fn len(&self) -> usize {
        self.first.len() + self.rest.len()
    }

    fn into_bytes(self) -> Bytes {
        if self.rest.is_empty() {
            return self.first;
        }
        let mut all = BytesMut::with_capacity(self.len());
        all.extend_from_slice(&self.first);
        all.extend_from_slice(&self.rest);
        all.freeze()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::{StreamExt, stream};
    use http_body_util::{Full, StreamBody};
    use hyper::body::Frame;

    use super::*;

    fn parts(parts: &[&'static str]) -> impl Body<Data = Bytes> + Unpin + use<> {
        let frames: Vec<_> = parts
            .iter()
            .map(|part| Ok::<_, Infallible>(Frame::data(Bytes::from_static(part.as_bytes()))))
            .collect();
        StreamBody::new(stream::iter(frames))
    }

    #[tokio::test]
    async fn bodies_are_read_whole_or_not_at_all() {
        assert_eq!(read(parts(&["ab", "cd", "e"]), 5).await, Ok(Bytes::from_static(b"abcde")));
        assert_eq!(read(parts(&["ab", "cd", "e"]), 4).await, Err(Refused::TooLarge));
        assert_eq!(read(Full::new(Bytes::from_static(b"abcde")), 4).await, Err(Refused::TooLarge));
        assert_eq!(read(Full::new(Bytes::new()), 0).await, Ok(Bytes::new()));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_sends_a_byte_now_and_then_is_not_waited_for() {
        let drops = stream::repeat_with(|| Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"x"))));
        let slow = drops.then(|frame| async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            frame
        });
        let started = Instant::now();
        assert_eq!(read(StreamBody::new(Box::pin(slow)), 1_000_000).await, Err(Refused::TooSlow));
        assert!(started.elapsed() < PATIENCE + Duration::from_secs(2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_large_body_has_the_time_that_it_needs() {
        let pieces = stream::iter(0..60).then(|_| async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok::<_, Infallible>(Frame::data(Bytes::from_static(&[0; 1000])))
        });
        let read = read(StreamBody::new(Box::pin(pieces)), 1_000_000).await;
        assert_eq!(read.map(|bytes| bytes.len()), Ok(60_000));
    }
}
