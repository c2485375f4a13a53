//! How a connection ends if its transport ends in one direction first. It is here because every driver needs it.
//!
//! | what ends first | what follows | the connection is over |
//! | --- | --- | --- |
//! | writing fails | nothing is written; what the remote said before is still heard | with the end of the stream, or after a second in which nothing came, or 5 s of waiting in all |
//! | the remote's stream | what is queued is still written | when that is written |
//! | ours, as the owner [leaves](Peer::leave) | what comes is discarded | when the remote ends its stream, or after 5 s |
//!
//! The last is the *lingering close* of servers. A system that closes a connection with unread input cuts it, and the
//! last messages are lost.

use core::time::Duration;

use bytes::BytesMut;

use super::close::{Closing, Finish};
use super::deadline::Deadline;
use super::lifecycle::Lifecycle;
use super::{Peer, trace};
use crate::error::Error;
use crate::time::Time;
use crate::transport::TransportError;

/// After a failed write, the remote is heard until nothing has come for this long. TLS streams may report "nothing yet"
/// once before more bytes.
const QUIET: Duration = Duration::from_secs(1);

/// And for no longer than this on the clock of waiting, whatever comes.
const LONGEST_HEARD: Duration = Duration::from_secs(5);

/// The longest time from the last message to the end of a connection that its owner left.
const LINGER: Duration = Duration::from_secs(5);

/// Most bytes of a remote that are heard after a failed write, or discarded after our last message: more than the
/// buffers between two ends hold.
const MOST: u64 = 16 * 1024 * 1024;

/// A transport to which writing failed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WriteFailure {
    pub(crate) error: TransportError,
    /// The count of received bytes at which the remote was heard for long enough.
    pub(crate) most_received: u64,
    /// What the clock of waiting shows then.
    pub(crate) until: Time,
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
        // The wait begins with the next pull that finds nothing.
        self.silence.stop(now);
        let until = self.silence.waited() + LONGEST_HEARD;
        self.outbox.fail(WriteFailure { error, most_received, until });
        None
    }

    /// The clock of waiting went back to `waited`. After a failed write, the remote is heard for no longer than from now on.
    pub(super) fn bound_hearing(&mut self, waited: Time) {
        self.outbox.bound_failure(waited + LONGEST_HEARD);
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

    /// Ends the connection so that the remote gets our last messages. Everything queued is written, including batches
    /// of announcements. Then the driver shuts down its direction of the transport, and input is discarded until the
    /// remote ends its direction. The reason is [`Error::ClosedByOwner`].
    ///
    /// Events continue while frames wait, and commands that queue something are refused with [`Error::ClosedByOwner`].
    /// The connection ends at `deadline` at the latest, and at most 5 s or 16 MiB of discarded input after the last
    /// message. If it is called again, the earlier deadline holds. If the remote ended its stream before, its reason
    /// stays. May change: state, timeout.
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

    /// Everything is written. Later replies that were shown are committed and are written too.
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

    /// Counts what was taken off the input, and drops the rest if nothing is read any more. Too much input ends the
    /// connection.
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

    /// When a connection ends that has ended in one direction.
    pub(super) fn linger_deadline(&self) -> Option<Time> {
        if let Some(failure) = self.outbox.write_failure().filter(|_| self.lifecycle.reads()) {
            let (silence, rate) = (&self.silence, self.config().min_receive_rate);
            let quiet = silence.deadline(QUIET, Duration::ZERO, rate)?;
            let longest = silence.deadline_of(failure.until, silence.progress, rate)?;
            return Some(quiet.min(longest));
        }
        self.lifecycle.leave_by().map(Deadline::time)
    }

    /// The time is over, or the remote sent too much.
    pub(super) fn end_lingering(&mut self) -> Error {
        match self.outbox.write_failure() {
            Some(failure) => self.handle_end(Some(failure.error), &[]),
            None => self.close(),
        }
    }
}
