//! Request targets as people type them: `?select=data->>name` and `?tags=cs.{"a b"}` as curl sends them.
//!
//! RFC 3986 wants `"`, `<`, `>` and the backquote escaped, and the library that reads requests refuses them raw; PostgREST
//! takes them. So they are escaped on their way in, in the request line and nowhere else: a stream is looked at only where a
//! request's head is known to begin, which is at its start and after the body before has been read to its end. Nothing here
//! knows what a target means.

use std::borrow::Cow;
use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use percent_encoding::{AsciiSet, percent_encode};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What is escaped: with it everything outside of ASCII, which needs no escape but means the same with one.
const ESCAPED: &AsciiSet = &AsciiSet::EMPTY.add(b'"').add(b'<').add(b'>').add(b'`');

/// Whether the next bytes of a connection are those of a request's head, as its two ends agree on it.
#[derive(Debug, Clone)]
pub struct HeadIsNext(Arc<AtomicBool>);

impl HeadIsNext {
    /// A new connection begins with a head.
    pub fn new() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }

    fn say(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn take(&self) -> bool {
        self.0.swap(false, Ordering::Acquire)
    }
}

/// A request's body, which says so when it has ended.
#[derive(Debug)]
pub struct RequestBody {
    body: Incoming,
    head: HeadIsNext,
}

impl RequestBody {
    /// The body of a request on the connection of `head`.
    pub fn new(body: Incoming, head: HeadIsNext) -> Self {
        if body.is_end_stream() {
            head.say();
        }
        Self { body, head }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if frame.is_none() {
            self.head.say();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A connection whose request targets are escaped as they are read.
#[derive(Debug)]
pub struct EscapingTargets<S> {
    stream: S,
    head: HeadIsNext,
    place: Place,
    /// What was read and did not fit any more once it was escaped.
    left: Bytes,
}

impl<S> EscapingTargets<S> {
    /// A connection that has just been made.
    pub fn new(stream: S, head: HeadIsNext) -> Self {
        Self { stream, head, place: Place::Elsewhere, left: Bytes::new() }
    }

    fn give_left(&mut self, buffer: &mut ReadBuf<'_>) {
        let fits = self.left.len().min(buffer.remaining());
        buffer.put_slice(&self.left[..fits]);
        self.left.advance(fits);
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for EscapingTargets<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.left.is_empty() {
            self.give_left(buffer);
            return Poll::Ready(Ok(()));
        }
        let start = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if self.head.take() {
            self.place = Place::Method;
        }
        if let Some(escaped) = self.place.escape(&buffer.filled()[start..]) {
            self.left = escaped;
            buffer.set_filled(start);
            self.give_left(buffer);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for EscapingTargets<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// Where in a request the next byte stands. A target may come in several reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before the target: empty lines and the method.
    Method,
    /// In the target.
    Target,
    /// Behind the target, until the next head begins.
    Elsewhere,
}

impl Place {
    /// The bytes with the target in them escaped; `None` when they stay as they are.
    fn escape(&mut self, bytes: &[u8]) -> Option<Bytes> {
        let target = self.target(bytes);
        match Cow::from(percent_encode(&bytes[target.clone()], ESCAPED)) {
            // One byte that is escaped is borrowed as well.
            Cow::Borrowed(same) if same.len() == target.len() => None,
            escaped => {
                let around = [&bytes[..target.start], escaped.as_bytes(), &bytes[target.end..]];
                Some(around.concat().into())
            }
        }
    }

    /// The part of the bytes that belongs to the target; moves behind the bytes.
    fn target(&mut self, bytes: &[u8]) -> Range<usize> {
        let mut start = 0;
        if *self == Self::Method {
            let in_method = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'\r' | b'\n');
            match bytes.iter().position(|byte| !in_method(byte)) {
                Some(end) if bytes[end] == b' ' => {
                    start = end + 1;
                    *self = Self::Target;
                }
                Some(_) => *self = Self::Elsewhere,
                None => {}
            }
        }
        if *self != Self::Target {
            return 0..0;
        }
        match bytes[start..].iter().position(|byte| *byte <= b' ') {
            Some(length) => {
                *self = Self::Elsewhere;
                start..start + length
            }
            None => start..bytes.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use tokio::io::AsyncReadExt;
    use tokio_util::io::StreamReader;

    use super::*;

    const RAW: &str = "\r\nGET /a`b?c->>d=eq.\"é<\" HTTP/1.1\r\nx: \"<>\"\r\n\r\n";
    const ESCAPED: &str = "\r\nGET /a%60b?c-%3E%3Ed=eq.%22%C3%A9%3C%22 HTTP/1.1\r\nx: \"<>\"\r\n\r\n";

    /// What comes out of a connection that gives those parts one by one, read into buffers of that size.
    async fn read(parts: Vec<&[u8]>, size: usize, head: HeadIsNext) -> String {
        let parts = parts.into_iter().filter(|part| !part.is_empty()).map(Bytes::copy_from_slice);
        let stream = StreamReader::new(stream::iter(parts.map(Ok::<_, io::Error>)));
        let mut stream = EscapingTargets::new(stream, head);
        let (mut all, mut buffer) = (Vec::new(), vec![0; size]);
        loop {
            match stream.read(&mut buffer).await.unwrap() {
                0 => return String::from_utf8(all).unwrap(),
                length => all.extend_from_slice(&buffer[..length]),
            }
        }
    }

    #[tokio::test]
    async fn a_target_is_escaped_however_it_is_cut_into_reads() {
        for at in 0..RAW.len() {
            let (first, rest) = RAW.as_bytes().split_at(at);
            for size in [1, 3, 8192] {
                assert_eq!(read(vec![first, rest], size, HeadIsNext::new()).await, ESCAPED, "{at} {size}");
            }
        }
    }

    #[tokio::test]
    async fn nothing_but_the_target_is_touched() {
        let plain = "POST /a?b={c}&d=[e|f]%22 HTTP/1.1\r\nx: \"\r\n\r\nGET /\"<> HTTP/1.1\r\n";
        for size in [1, 8192] {
            assert_eq!(read(vec![plain.as_bytes()], size, HeadIsNext::new()).await, plain);
        }
        let body = "GET /\"<> HTTP/1.1\r\n";
        let head = HeadIsNext::new();
        head.take();
        assert_eq!(read(vec![body.as_bytes()], 8192, head).await, body);
    }

    #[test]
    fn what_is_left_raw_is_what_the_library_reads() {
        for byte in b'!'..=b'~' {
            let line = [b"GET /".as_slice(), &[byte], b"?", &[byte], b" HTTP/1.1\r\n"].concat();
            let escaped = Place::Method.escape(&line);
            let line = escaped.as_deref().unwrap_or(&line);
            let target = std::str::from_utf8(line).unwrap().split(' ').nth(1).unwrap();
            assert!(target.parse::<http::Uri>().is_ok(), "{target}");
        }
    }
}
