//! A stream with latency: received bytes are delivered later.

use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;
use std::io;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// Delays what is read from a stream.
#[derive(Debug)]
pub(super) struct WithLatency<S> {
    stream: S,
    delay: Duration,
    /// Bytes that were received and not yet delivered, and when they are due.
    in_flight: BytesMut,
    arrival: Option<Pin<Box<Sleep>>>,
}

/// Most bytes in flight.
const MOST: usize = 4096;

impl<S> WithLatency<S> {
    pub(super) fn new(stream: S, delay: Duration) -> Self {
        Self { stream, delay, in_flight: BytesMut::new(), arrival: None }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WithLatency<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            if let Some(arrival) = &mut this.arrival {
                ready!(arrival.as_mut().poll(cx));
                this.arrival = None;
            }
            if !this.in_flight.is_empty() {
                let len = this.in_flight.len().min(buffer.remaining());
                buffer.put_slice(this.in_flight.get(..len).unwrap_or_default());
                this.in_flight.advance(len);
                return Poll::Ready(Ok(()));
            }
            let mut space = [0; MOST];
            let mut sent = ReadBuf::new(&mut space);
            ready!(Pin::new(&mut this.stream).poll_read(cx, &mut sent))?;
            if sent.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            this.in_flight.extend_from_slice(sent.filled());
            this.arrival = Some(Box::pin(sleep(this.delay)));
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WithLatency<S> {
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
