//! Keeps the first bytes that a remote sends, so that a failure can tell what the remote speaks instead.

use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream that remembers the first bytes that came through it.
#[derive(Debug)]
pub(crate) struct FirstBytesStream<S> {
    stream: S,
    first: FirstBytes,
    is_done: bool,
}

/// The first bytes of a stream.
#[derive(Clone, Debug, Default)]
pub(crate) struct FirstBytes(Arc<Mutex<Vec<u8>>>);

impl<S> FirstBytesStream<S> {
    pub(crate) fn new(stream: S) -> (Self, FirstBytes) {
        let first = FirstBytes::default();
        (Self { stream, first: first.clone(), is_done: false }, first)
    }

    pub(crate) fn into_inner(self) -> S {
        self.stream
    }
}

impl FirstBytes {
    /// The first line, if it is plain text, as no frame is.
    pub(crate) fn text(&self) -> Option<String> {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let line = bytes.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
        let is_text = line.len() >= 4 && line.iter().all(|byte| matches!(byte, b' '..=b'~'));
        is_text.then(|| String::from_utf8_lossy(line).into_owned())
    }

    /// The byte at this index, if it came and was kept.
    pub(crate) fn byte(&self, at: usize) -> Option<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(at).copied()
    }

    /// Whether nothing came at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Keeps what there is room for, and tells whether that was the last of it.
    fn keep(&self, bytes: &[u8]) -> bool {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = MOST.saturating_sub(kept.len());
        kept.extend(bytes.iter().take(room));
        kept.len() >= MOST
    }
}

/// Enough for the first line of a web server.
const MOST: usize = 64;

impl<S: AsyncRead + Unpin> AsyncRead for FirstBytesStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        if !self.is_done {
            let new = buffer.filled().get(before..).unwrap_or_default();
            self.is_done = self.first.keep(new);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for FirstBytesStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
