//! The driver's face of the machine: bytes and time in, bytes and events out.

use bytes::BytesMut;
use rand_core::Rng;

use crate::error::{Error, TooManyHandshakes};
use crate::event::{ConnectionInfo, Event};
use crate::node::Node;
use crate::peer::Peer;
use crate::time::Time;
use crate::transport::TransportError;

/// One connection to one remote, as its driver sees it: who moves its bytes and watches its time.
///
/// | kind | methods |
/// | --- | --- |
/// | what came in | [`receive`](Self::receive), [`handle_timeout`](Self::handle_timeout), [`handle_transmitted`](Self::handle_transmitted), [`handle_eof`](Self::handle_eof), [`handle_transport_error`](Self::handle_transport_error) |
/// | what to do outside | [`poll_transmit`](Self::poll_transmit), [`poll_transmit_chunks`](Self::poll_transmit_chunks), [`poll_timeout`](Self::poll_timeout) |
/// | looks | [`wants_read`](Self::wants_read), [`wants_write`](Self::wants_write) |
/// | the owner's face | [`peer`](Self::peer), [`peer_mut`](Self::peer_mut) |
///
/// Every method may be called at any moment, any number of times. Time and randomness are arguments, so the
/// same calls give the same results. What a method says it *may change* is the queue of what waits to be written, the next
/// timeout, the state. After the first error every call that can fail returns it again, nothing
/// is left to write and no timeout remains.
///
/// # The handshake
///
/// | what happens | outbound | inbound |
/// | --- | --- | --- |
/// | it is made | `version` is queued | nothing |
/// | the remote's `version` came | its nonce is compared with our own ([`Error::SelfConnection`]), the lower version is in force from now on, and [`Event::Version`] surfaces; the clock rests | the same |
/// | the owner pulls again | its number is judged ([`Error::ProtocolVerTooOld`]) | the same; `version` and `verack` are queued |
/// | another message comes | at version 12 [`Error::NotVerAckMessage`]; at 9 to 11 up to two are kept, below 9 up to 64 KiB, for after the handshake | the same |
/// | the remote's `verack` came | `verack` is queued; [`Event::Established`] | the same |
/// | 30 s passed, the owner's time aside | [`Error::Timeout`] with [`Timer::Handshake`](crate::Timer::Handshake) | the same |
///
/// Anything but `version` as the first message is [`Error::NotVersionMessage`] (a `reject` in its place, which the old
/// era sends to whom it refuses, [`Error::Rejected`]), and a second `version` or `verack`
/// [`Error::Repeated`]. The timeouts are told by [`Timer`](crate::Timer).
#[derive(Debug)]
#[cfg_attr(feature = "test-util", derive(Clone))]
pub struct Connection {
    peer: Peer,
}

impl Connection {
    /// A connection that we made. Its `version` is ready to be written.
    ///
    /// Draws four numbers from `rng`. The clock of the handshake starts at `now`, which should be when the
    /// transport is connected.
    ///
    /// # Errors
    ///
    /// [`TooManyHandshakes`] where the node has as many outbound handshakes open as its configuration allows.
    #[doc(alias = "NewOutboundPeer")]
    pub fn outbound(
        node: &Node,
        info: ConnectionInfo,
        now: Time,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Self, TooManyHandshakes> {
        Peer::outbound(node, info, now, rng).map(|peer| Self { peer })
    }

    /// A connection that the remote made. It says nothing before the remote's `version` came.
    ///
    /// Draws four numbers from `rng`. The clock of the handshake starts at `now`.
    #[doc(alias = "NewInboundPeer")]
    pub fn inbound(node: &Node, info: ConnectionInfo, now: Time, rng: &mut (impl Rng + ?Sized)) -> Self {
        Self { peer: Peer::inbound(node, info, now, rng) }
    }

    /// The owner's face, to look at.
    #[must_use]
    pub const fn peer(&self) -> &Peer {
        &self.peer
    }

    /// The owner's face, to command.
    pub const fn peer_mut(&mut self) -> &mut Peer {
        &mut self.peer
    }

    /// Takes whole frames off the front of `input`, does what the protocol asks, and returns the first thing
    /// worth telling. `None` means that more bytes are needed, or, where [`wants_read`](Self::wants_read) is
    /// false, that the remote is not read until it takes what it made us owe.
    ///
    /// Between calls the driver only appends to `input`, and pulls again until `None` comes before it waits.
    /// May change: queue, timeout, state.
    ///
    /// # Errors
    ///
    /// Why the connection is over, from now on. Below protocol version 9 it comes after a last word, a `reject`, has
    /// been written; until then `None`, while [`wants_write`](Self::wants_write) is true and
    /// [`wants_read`](Self::wants_read) is not.
    pub fn receive(&mut self, input: &mut BytesMut, now: Time) -> Result<Option<Event>, Error> {
        self.peer.receive(input, now)
    }

    /// Runs whatever is due at `now`, in the order of the timeouts. Harmless when nothing is; then it draws
    /// nothing from `rng` either. May change: queue, timeout, state.
    ///
    /// # Errors
    ///
    /// Why the connection is over, from now on.
    pub fn handle_timeout(&mut self, now: Time, rng: &mut (impl Rng + ?Sized)) -> Result<(), Error> {
        self.peer.handle_timeout(now, rng)
    }

    /// Notes that the transport took `count` bytes of what [`poll_transmit`](Self::poll_transmit) showed. More than was
    /// shown counts as that. May change: queue, timeout, and the state where the owner wants to
    /// [`finish`](Peer::finish).
    pub fn handle_transmitted(&mut self, count: usize, now: Time) {
        self.peer.handle_transmitted(count, now);
    }

    /// Notes that the remote ended its stream, with what `input` still holds. Returns why the connection is over:
    /// for the outbound half of a self-connection, which only sees a close, that it is one, and where a remote of
    /// the old era said `reject` to our `version` before it left, that. An end in the handshake is
    /// [`Error::ClosedBeforeVersion`] or [`Error::ClosedBeforeVerack`], whether the transport was closed or cut.
    ///
    /// Pull until [`receive`](Self::receive) returns `None` first, so that nothing whole is left in `input`.
    pub fn handle_eof(&mut self, input: &[u8]) -> Error {
        self.peer.handle_end(None, input)
    }

    /// Notes that reading or writing failed, with what `input` still holds. Otherwise as
    /// [`handle_eof`](Self::handle_eof).
    pub fn handle_transport_error(&mut self, error: TransportError, input: &[u8]) -> Error {
        self.peer.handle_end(Some(error), input)
    }

    /// What to write next: the rest of the oldest frame, or of one part of it. Empty where nothing waits.
    ///
    /// A frame that was shown is committed: it is written before anything else. May change: timeout.
    pub fn poll_transmit(&mut self, now: Time) -> &[u8] {
        self.peer.poll_transmit(now)
    }

    /// As [`poll_transmit`](Self::poll_transmit), in pieces for a vectored write: whole frames until they have at least
    /// `enough` bytes together.
    pub fn poll_transmit_chunks(&mut self, enough: usize, now: Time) -> impl Iterator<Item = &[u8]> {
        self.peer.poll_transmit_chunks(enough, now)
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due. A time in the past means now; `None`
    /// that nothing will happen by itself. It is computed from the state, so it is always fresh.
    /// [`Peer::next_timeout`] also says what it is for.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Time> {
        self.peer.next_timeout().map(|(at, _)| at)
    }

    /// As [`Peer::wants_read`].
    #[must_use]
    pub fn wants_read(&self) -> bool {
        self.peer.wants_read()
    }

    /// As [`Peer::wants_write`].
    #[must_use]
    pub fn wants_write(&self) -> bool {
        self.peer.wants_write()
    }
}
