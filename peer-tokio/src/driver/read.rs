//! Reading from the stream.
//!
//! While several blocks are requested, the driver gathers what the stream has before the machine pulls, so that whole
//! blocks wait and are hashed together. What the stream says at its end is passed on when everything gathered is pulled.

use core::mem::{self, MaybeUninit};
use core::pin::Pin;
use core::task::{Context, Poll};
use std::io;

use peer_core::{Closed, Time};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{CHUNK, Driver};

/// Whether input is gathered.
#[derive(Debug, Default)]
pub(super) struct Gather {
    /// The last read was filled, and nothing was pulled since.
    pub(super) more: bool,
    /// Bytes to read before input is gathered again.
    rest: usize,
    /// Reading failed meanwhile.
    error: Option<io::ErrorKind>,
}

impl Gather {
    /// The stream had no more than `gathered` bytes, of at most `wanted`. If several blocks cannot wait yet, gathering has
    /// cost copies and gained nothing, so it rests for a while.
    const fn end(&mut self, gathered: usize, wanted: usize) {
        if gathered < wanted / 4 {
            self.rest = wanted;
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin, R> Driver<S, R> {
    /// Whether to read more before the machine pulls.
    pub(super) fn wants_more(&self, now: Time) -> bool {
        let is_due = || self.connection.poll_timeout().is_some_and(|at| at <= now);
        let is_short = self.gather.more && self.input.len() < self.connection.read_ahead();
        is_short && self.shared.has_room() && !is_due()
    }

    /// Reads once. Returns whether bytes came, or there are gathered ones to pull first.
    pub(super) fn read(&mut self, cx: &mut Context<'_>) -> Result<bool, Closed> {
        let mut space = [MaybeUninit::uninit(); CHUNK];
        let mut buffer = ReadBuf::uninit(&mut space);
        let gathered = mem::take(&mut self.gather.more);
        let read = match self.gather.error.take() {
            Some(kind) => Poll::Ready(Err(kind.into())),
            None => Pin::new(&mut self.stream).poll_read(cx, &mut buffer),
        };
        match read {
            Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                self.input.extend_from_slice(buffer.filled());
                self.gather.rest = self.gather.rest.saturating_sub(buffer.filled().len());
                self.gather.more = buffer.remaining() == 0 && self.gather.rest == 0;
                if gathered && buffer.remaining() > 0 {
                    self.gather.end(self.input.len(), self.connection.read_ahead());
                }
                Ok(true)
            }
            Poll::Ready(Err(error)) if gathered => {
                self.gather.error = Some(error.kind());
                Ok(true)
            }
            // Read again when everything is pulled.
            Poll::Ready(Ok(())) | Poll::Pending if gathered => {
                self.gather.end(self.input.len(), self.connection.read_ahead());
                Ok(true)
            }
            Poll::Ready(Ok(())) => match self.connection.handle_half_close(&self.input) {
                Some(reason) => Err(self.closed(reason)),
                None => Ok(false),
            },
            Poll::Ready(Err(error)) => {
                let reason = self.connection.handle_transport_error(error.kind().into(), &self.input);
                let kind = self.shared.broken.get().copied().unwrap_or_else(|| error.kind());
                Err(Closed::new(reason, Some(kind)))
            }
            Poll::Pending => Ok(false),
        }
    }
}
