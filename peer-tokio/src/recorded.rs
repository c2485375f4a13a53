//! A stream that is recorded.

use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::io::{self, IoSlice};

use peer_core::recording::Recorder;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::clock::Clock;

/// A stream that notes what crosses it, for [`outbound`](crate::outbound) and [`inbound`](crate::inbound): the driver
/// does not notice.
///
/// Time 0 of the recording is when this is made, so make it right before the connection. Nothing waits for the disk; see
/// [`recorder`](peer_core::recording::recorder). The drop of the stream is noted as the end of our side. For the reason,
/// keep a clone of the recorder and call [`Recorder::end`] when the connection is closed.
///
/// ```
/// use peer_tokio::Recorded;
/// use peer_tokio::peer_core::recording::{Header, recorder};
/// use peer_tokio::peer_core::{Config, Direction, Network};
///
/// # fn example(stream: tokio::io::DuplexStream, file: std::fs::File) -> Result<(), Box<dyn std::error::Error>> {
/// let config = Config::builder(Network::SIMNET).build()?;
/// let (recorder, writer) = recorder(&Header::new(config, Direction::Outbound), 1 << 20);
/// let writing = std::thread::spawn(move || writer.run(file));
/// let stream = Recorded::new(stream, recorder.clone());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Recorded<S> {
    stream: S,
    recorder: Recorder,
    clock: Clock,
}

impl<S> Recorded<S> {
    /// Records what crosses `stream` from now on.
    pub fn new(stream: S, recorder: Recorder) -> Self {
        Self { stream, recorder, clock: Clock::start() }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Recorded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let (before, has_room) = (buffer.filled().len(), buffer.remaining() > 0);
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        if has_room {
            let piece = buffer.filled().get(before..).unwrap_or_default();
            self.recorder.received(self.clock.now(), piece);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Recorded<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?;
        self.recorder.sent(self.clock.now(), &[IoSlice::new(bytes)], count);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
        self.recorder.shut_down(self.clock.now());
        Poll::Ready(Ok(()))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, buffers))?;
        self.recorder.sent(self.clock.now(), buffers, count);
        Poll::Ready(Ok(count))
    }
}

impl<S> Drop for Recorded<S> {
    fn drop(&mut self) {
        self.recorder.shut_down(self.clock.now());
    }
}
