//! Streams that fail at once or in time, that take notes, and that never end.

use core::pin::Pin;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::{Context, Poll};
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, Join, ReadBuf, join};

/// Takes so many writes, whatever they say, and then fails.
pub(crate) struct Taking(usize);

impl Taking {
    pub(crate) const fn some(writes: usize) -> Self {
        Self(writes)
    }
}

impl AsyncWrite for Taking {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let Some(left) = self.0.checked_sub(1) else {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        };
        self.0 = left;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Takes whatever it is told.
const PATIENT: Taking = Taking(usize::MAX);

/// A stream that fails when it is read.
pub(crate) fn broken() -> Join<Broken, Taking> {
    join(Broken, PATIENT)
}

/// See [`broken`].
pub(crate) struct Broken;

impl AsyncRead for Broken {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
    }
}

/// A remote that says something, takes one write, and then fails to take more. Behind what was said reading
/// finds `then`.
pub(crate) fn deaf(said: VecDeque<u8>, then: fn() -> Poll<io::Result<()>>) -> Join<Deaf, Taking> {
    join(Deaf { said, then }, Taking::some(1))
}

/// See [`deaf`].
pub(crate) struct Deaf {
    said: VecDeque<u8>,
    then: fn() -> Poll<io::Result<()>>,
}

impl AsyncRead for Deaf {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.said.is_empty() {
            return (self.then)();
        }
        let count = buffer.remaining().min(self.said.len());
        buffer.put_slice(&self.said.drain(..count).collect::<Vec<_>>());
        Poll::Ready(Ok(()))
    }
}

/// A pipe that takes notes of what it was given to write, and took.
pub(crate) struct Recorded {
    pipe: DuplexStream,
    vectored: bool,
    writes: Writes,
}

/// One entry for each write.
pub(crate) type Writes = Arc<Mutex<Vec<Vec<u8>>>>;

impl Recorded {
    pub(crate) fn new(pipe: DuplexStream, vectored: bool) -> (Self, Writes) {
        let writes = Writes::default();
        (Self { pipe, vectored, writes: Arc::clone(&writes) }, writes)
    }

    fn note(&self, bytes: &[u8], taken: &Poll<io::Result<usize>>) {
        if let Poll::Ready(Ok(count)) = taken {
            self.writes.lock().unwrap().push(bytes[..*count].to_vec());
        }
    }
}

impl AsyncRead for Recorded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Recorded {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let taken = Pin::new(&mut self.pipe).poll_write(cx, bytes);
        self.note(bytes, &taken);
        taken
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let taken = Pin::new(&mut self.pipe).poll_write_vectored(cx, pieces);
        let bytes: Vec<u8> = pieces.iter().flat_map(|piece| piece.iter().copied()).collect();
        self.note(&bytes, &taken);
        taken
    }

    fn is_write_vectored(&self) -> bool {
        self.vectored
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_shutdown(cx)
    }
}

/// A remote that is always ahead of us: it introduces itself, then says the same again and again, as much as
/// is asked for, and takes whatever it is told.
pub(crate) struct Flood {
    song: Vec<u8>,
    /// Where in the song it is, and where it goes after the end.
    at: usize,
    refrain: usize,
    /// How much was read in all.
    read: Arc<AtomicUsize>,
}

impl Flood {
    pub(crate) fn new(introduction: Vec<u8>, refrain: &[u8]) -> (Join<Self, Taking>, Arc<AtomicUsize>) {
        let (read, start) = (Arc::default(), introduction.len());
        let song = [&introduction, refrain].concat();
        (join(Self { song, at: 0, refrain: start, read: Arc::clone(&read) }, PATIENT), read)
    }
}

impl AsyncRead for Flood {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.read.fetch_add(buffer.remaining(), Ordering::Relaxed);
        while buffer.remaining() > 0 {
            let rest = &self.song[self.at..];
            let piece = &rest[..rest.len().min(buffer.remaining())];
            buffer.put_slice(piece);
            self.at = if piece.len() < rest.len() { self.at + piece.len() } else { self.refrain };
        }
        Poll::Ready(Ok(()))
    }
}

/// A stream as those of TLS: after each read of up to `piece` bytes it has nothing once, though more is there.
pub(crate) fn halting(said: VecDeque<u8>, piece: usize) -> Halting {
    Halting { said, piece, halts: false }
}

/// See [`halting`].
pub(crate) struct Halting {
    said: VecDeque<u8>,
    piece: usize,
    halts: bool,
}

impl AsyncRead for Halting {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.halts = !self.halts;
        if !self.halts {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let count = buffer.remaining().min(self.piece).min(self.said.len());
        buffer.put_slice(&self.said.drain(..count).collect::<Vec<_>>());
        Poll::Ready(Ok(()))
    }
}
