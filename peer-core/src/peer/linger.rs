//! How a connection ends whose transport ends in one direction first. Every driver needs this, so it stands here once.
//!
//! | what ends first | what follows | the connection is over |
//! | --- | --- | --- |
//! | writing fails | nothing is written; what the remote said before is still heard | with the end of the stream, or after a second in which nothing came |
//! | the remote's stream | what is queued is still written | when that is written |
//! | ours, as the owner [leaves](Peer::leave) | what comes is discarded | when the remote ends its stream, or after 5 s |
//!
//! The last is the *lingering close* of servers: a system that closes a connection with unread input cuts it, and what was
//! written last is lost.

use core::time::Duration;

use bytes::BytesMut;

use super::close::{Closing, Finish};
use super::deadline::Deadline;
use super::lifecycle::Lifecycle;
use super::{Peer, trace};
use crate::error::Error;
use crate::time::Time;
use crate::transport::TransportError;

/// After a failed write the remote is heard until nothing came for so long. Streams that answer "nothing yet" once in
/// between, as those of TLS do, are not done then.
const QUIET: Duration = Duration::from_secs(1);

/// The longest time between the last word and the end of a connection that its owner left.
const LINGER: Duration = Duration::from_secs(5);

/// Most bytes of a remote that are heard after a failed write, or discarded after our last word: more than the buffers
/// between two ends hold.
const MOST: u64 = 16 * 1024 * 1024;

/// A transport to which writing failed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WriteFailure {
    pub(crate) error: TransportError,
    /// The count of received bytes at which the remote has been heard for long enough.
    pub(crate) most_received: u64,
}

impl Peer {
    /// See [`Connection::handle_write_error`](crate::Connection::handle_write_error).
    pub(crate) fn handle_write_error(
        &mut self,
        error: TransportError,
        input: &[u8],
        now: Time,
    ) -> Option<Error> {
        self.on_call(now);
        let is_leaving = self.lifecycle.finish().is_some() || !self.lifecycle.reads();
        if self.failure().is_some() || is_leaving {
            return Some(self.handle_end(Some(error), input));
        }
        let most_received = self.counters.bytes_received.saturating_add(MOST);
        self.outbox.fail(WriteFailure { error, most_received });
        // The wait for more begins with the next pull that finds nothing.
        self.silence.stop(now);
        None
    }

    /// See [`Connection::handle_half_close`](crate::Connection::handle_half_close).
    pub(crate) fn handle_half_close(&mut self, input: &[u8]) -> Option<Error> {
        if !self.is_established() || !self.wants_write() {
            return Some(self.handle_end(None, input));
        }
        let error = self.reason_of_end(None, input);
        trace::ended(self, &error);
        self.counters.count_received(input.len());
        let by = self.lifecycle.leave_by();
        self.lifecycle = Lifecycle::Closing(Closing { reason: error, by }.into());
        None
    }

    /// Ends the connection so that the remote gets our last word: everything queued is written, batches of announcements
    /// included; then the driver shuts down its direction of the transport, and what comes is discarded until the remote
    /// ends its own. The reason is [`Error::ClosedByOwner`].
    ///
    /// Events go on while frames wait, and commands that queue something are refused with [`Error::ClosedByOwner`]. It
    /// is over at `deadline` at the latest, and at most 5 s or 16 MiB of discarded input after the last word. Called again,
    /// the earlier deadline stands. Where the remote has ended its stream before, its reason stands. May change: state,
    /// timeout.
    pub fn leave(&mut self, deadline: Time, now: Time) {
        let deadline = Deadline::at(deadline, now);
        if let Some(earlier) = self.lifecycle.leave_by_mut() {
            *earlier = deadline.or_earlier(*earlier);
            return;
        }
        if let Lifecycle::Closing(closing) = &mut self.lifecycle {
            closing.by = Some(deadline);
            return;
        }
        let finish = self.lifecycle.finish().unwrap_or_default();
        self.lifecycle.set_finish(Finish { leave_by: Some(deadline), ..finish });
        self.check_finished(now);
    }

    /// Everything is written. What is shown of later replies is committed, and goes out as well.
    pub(super) fn linger(&mut self, leave_by: Deadline, now: Time) {
        self.outbox.drop_unshown();
        let most_received = self.counters.bytes_received.saturating_add(MOST);
        let until = Deadline::after(LINGER, now).or_earlier(leave_by);
        self.lifecycle = Lifecycle::Lingering { until, most_received };
    }

    /// Whether the driver is to shut down writing: the owner left, and everything is written.
    pub(crate) fn wants_shutdown(&self) -> bool {
        self.lifecycle.is_lingering() && !self.wants_write()
    }

    /// Counts what was taken off the input, and drops the rest of it where nothing is heard any more. After too much of it
    /// the connection is over.
    pub(super) fn on_received(&mut self, taken: usize, input: &mut BytesMut) -> Result<(), Error> {
        self.counters.count_received(taken);
        if self.lifecycle.is_lingering() {
            self.counters.count_received(input.len());
            input.clear();
        }
        let most = if let Lifecycle::Lingering { most_received, .. } = &self.lifecycle {
            *most_received
        } else {
            self.outbox.write_failure().map_or(u64::MAX, |failure| failure.most_received)
        };
        if self.counters.bytes_received > most { Err(self.end_lingering()) } else { Ok(()) }
    }

    /// When the connection is over that ends in one direction.
    pub(super) fn linger_deadline(&self) -> Option<Time> {
        if self.outbox.write_failure().is_some() && self.lifecycle.reads() {
            return self.silence.deadline(QUIET, Duration::ZERO, self.config().min_receive_rate);
        }
        self.lifecycle.leave_by().map(Deadline::time)
    }

    /// The time is over, or the remote said too much.
    pub(super) fn end_lingering(&mut self) -> Error {
        match self.outbox.write_failure() {
            Some(failure) => self.handle_end(Some(failure.error), &[]),
            None => self.close(),
        }
    }
}
