//! Reading from the stream.
//!
//! While several blocks are requested, the driver gathers what the stream has before the machine pulls.

use core::mem::MaybeUninit;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::io;

use peer_core::{Closed, Time};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::coop;

use super::{CHUNK, Driver};

/// How the stream ends: with an error, or as it should.
pub(super) type End = Option<io::ErrorKind>;

impl<S: AsyncRead + AsyncWrite + Unpin, R> Driver<S, R> {
    /// Whether to read more before the machine pulls.
    pub(super) fn wants_more(&self, now: Time) -> bool {
        self.gather.wants_more(&self.connection, &self.input, now) && self.shared.has_room()
    }

    /// Reads once. Returns whether bytes came, or there are gathered ones to pull first.
    pub(super) fn read(&mut self, cx: &mut Context<'_>) -> Result<bool, Closed> {
        let end = match self.gather.take_end() {
            Some(end) => end,
            None => match self.read_stream(cx) {
                Poll::Ready(Ok(0)) => None,
                Poll::Ready(Ok(_)) => return Ok(true),
                Poll::Ready(Err(error)) => Some(error.kind()),
                // Without budget, the stream may have more.
                Poll::Pending if !coop::has_budget_remaining() => return Ok(self.gather.stop()),
                Poll::Pending => return Ok(self.gather.on_drained(&self.connection, &self.input)),
            },
        };
        match self.gather.on_end(end) {
            Some(end) => self.on_end(end).map(|()| false),
            None => Ok(true),
        }
    }

    /// Returns how many bytes came, at the end 0.
    fn read_stream(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut space = [MaybeUninit::uninit(); CHUNK];
        let mut buffer = ReadBuf::uninit(&mut space);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer))?;
        let count = buffer.filled().len();
        if count > 0 {
            self.input.extend_from_slice(buffer.filled());
            self.gather.on_read(count, buffer.remaining() == 0, &self.connection, &self.input);
        }
        Poll::Ready(Ok(count))
    }

    /// Everything that came is pulled.
    fn on_end(&mut self, end: End) -> Result<(), Closed> {
        match end {
            None => match self.connection.handle_half_close(&self.input) {
                Some(reason) => Err(self.closed(reason)),
                None => Ok(()),
            },
            Some(kind) => {
                let reason = self.connection.handle_transport_error(kind.into(), &self.input);
                Err(Closed::new(reason, Some(self.shared.broken.get().copied().unwrap_or(kind))))
            }
        }
    }
}
