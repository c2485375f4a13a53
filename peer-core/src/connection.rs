//! The driver's face of the machine: bytes and time in, bytes and events out.

use bytes::BytesMut;
use rand_core::Rng;

use crate::error::{Error, TooManyHandshakes};
use crate::event::{ConnectionInfo, Event};
use crate::node::Node;
use crate::peer::Peer;
use crate::time::Time;
use crate::transport::TransportError;

/// One connection to one remote, for its driver, which moves the bytes and watches the time.
///
/// | kind | methods |
/// | --- | --- |
/// | what came in | [`receive`](Self::receive), [`handle_drained`](Self::handle_drained), [`handle_timeout`](Self::handle_timeout), [`handle_transmitted`](Self::handle_transmitted), [`handle_hold`](Self::handle_hold), [`handle_half_close`](Self::handle_half_close), [`handle_write_error`](Self::handle_write_error), [`handle_eof`](Self::handle_eof), [`handle_transport_error`](Self::handle_transport_error) |
/// | what to do outside | [`poll_transmit`](Self::poll_transmit), [`poll_transmit_chunks`](Self::poll_transmit_chunks), [`poll_timeout`](Self::poll_timeout) |
/// | looks | [`wants_read`](Self::wants_read), [`wants_write`](Self::wants_write), [`wants_pull`](Self::wants_pull), [`read_ahead`](Self::read_ahead), [`wants_shutdown`](Self::wants_shutdown) |
/// | the owner's face | [`peer`](Self::peer), [`peer_mut`](Self::peer_mut) |
///
/// Every method may be called at any moment, any number of times. Time and randomness are arguments, so the same calls
/// give the same results. *May change* names what a method affects: the queue of frames to write, the next timeout, the
/// state. After the first error, every call that can fail returns it again, nothing is left to write, and no timeout
/// remains.
///
/// # The handshake
///
/// | what happens | outbound | inbound |
/// | --- | --- | --- |
/// | it is made | `version` is queued | nothing |
/// | the remote's `version` came | its nonce is compared with our own ([`Error::SelfConnection`]), the lower version is in force from now on, and [`Event::Version`] surfaces; the clock rests | the same |
/// | the owner pulls again | its number is judged ([`Error::ProtocolVerTooOld`]) | the same; `version` and `verack` are queued |
/// | another message comes | from version 12 on [`Error::NotVerAckMessage`]; at 9 to 11 up to two are kept, below 9 up to 64 KiB, for after the handshake | the same |
/// | the remote's `verack` came | `verack` is queued; [`Event::Established`] | the same |
/// | 30 s passed, the owner's time aside | [`Error::Timeout`] with [`Timer::Handshake`](crate::Timer::Handshake) | the same |
///
/// A first message other than `version` is [`Error::NotVersionMessage`]. A `reject` in its place is
/// [`Error::Rejected`]: remotes of the old era refuse in this way. A second `version` or `verack` is
/// [`Error::Repeated`]. [`Timer`](crate::Timer) lists the timeouts.
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
    /// [`TooManyHandshakes`] if the node has as many outbound handshakes open as its configuration allows.
    #[doc(alias = "NewOutboundPeer")]
    pub fn outbound(
        node: &Node,
        info: ConnectionInfo,
        now: Time,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Self, TooManyHandshakes> {
        Peer::outbound(node, info, now, rng).map(|peer| Self { peer })
    }

    /// A connection that the remote made. It sends nothing before the remote's `version` has come.
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

    /// Takes whole frames off the front of `input`, does what the protocol requires, and returns the first event.
    /// `None` means that more bytes are needed. If [`wants_read`](Self::wants_read) is false, `None` means that the
    /// remote is not read until it takes the replies that it caused.
    ///
    /// Between calls, only append to `input`. Call again until `None` comes before you wait. May change: queue,
    /// timeout, state.
    ///
    /// # Errors
    ///
    /// Why the connection has failed; later calls return it again. Below protocol version 9, a last `reject` is written
    /// first. Until then the result is `None`, [`wants_write`](Self::wants_write) is true and
    /// [`wants_read`](Self::wants_read) is false.
    pub fn receive(&mut self, input: &mut BytesMut, now: Time) -> Result<Option<Event>, Error> {
        self.peer.receive(input, now)
    }

    /// Runs what is due at `now`, in the order of the timeouts. If nothing is due, it does nothing and draws nothing from
    /// `rng`. Pull afterwards: it may have ended a [request](crate::Request). May change: queue, timeout, state.
    ///
    /// # Errors
    ///
    /// Why the connection has failed; later calls return it again.
    pub fn handle_timeout(&mut self, now: Time, rng: &mut (impl Rng + ?Sized)) -> Result<(), Error> {
        self.peer.handle_timeout(now, rng)
    }

    /// Reports that at `now` the transport had nothing more to read. `input` is as for [`receive`](Self::receive): what
    /// is still in it is judged as it is pulled. May change: timeout.
    ///
    /// A [`Timer`](crate::Timer) that blames the remote needs this evidence: bytes that come before it were in time. A
    /// driver that never reports still gets its timeouts, about a second later.
    pub fn handle_drained(&mut self, input: &[u8], now: Time) {
        self.peer.handle_drained(input, now);
    }

    /// Reports that the transport took `count` bytes of what [`poll_transmit`](Self::poll_transmit) showed, or 0 if it
    /// could take nothing. A larger `count` means all that was shown. May change: queue, timeout, and the state after
    /// [`finish`](Peer::finish) and of a connection that closes with a last `reject`.
    pub fn handle_transmitted(&mut self, count: usize, now: Time) {
        self.peer.handle_transmitted(count, now);
    }

    /// Reports that the driver pulls nothing for now, because the owner wants no events. Until the next
    /// [`receive`](Self::receive), time against the remote rests, as it does while the owner handles an event. Other
    /// timers run on. May change: timeout.
    pub fn handle_hold(&mut self, now: Time) {
        self.peer.handle_hold(now);
    }

    /// Reports that the remote ended its stream; it may still take what we write. `input` holds what was not pulled.
    /// `None` means that frames wait: until they are written, nothing is read, announcements that wait for their batch
    /// are dropped, and commands that queue something are refused. Then the connection is over, for the same reason as
    /// after [`handle_eof`](Self::handle_eof). It is over at once if nothing waits, or before the handshake is
    /// complete. May change: timeout, state.
    pub fn handle_half_close(&mut self, input: &[u8]) -> Option<Error> {
        self.peer.handle_half_close(input)
    }

    /// Reports that writing failed while reading may continue. `input` holds what was not pulled. What was queued is
    /// dropped, and nothing more is written. `None` means that the remote is still heard: pull and read as before, and
    /// report the end of the stream. If the transport never reports its end, the connection is over once nothing has
    /// come for a second, after 5 s of waiting in all, or after 16 MiB. Whatever ends the stream, the reason is that of
    /// [`handle_transport_error`](Self::handle_transport_error) with this error.
    ///
    /// A connection that [finishes](Peer::finish) or [leaves](Peer::leave) hears nothing: it is over at once. May
    /// change: queue, timeout, state.
    pub fn handle_write_error(&mut self, error: TransportError, input: &[u8], now: Time) -> Option<Error> {
        self.peer.handle_write_error(error, input, now)
    }

    /// Reports that the remote ended its stream. `input` holds what was not pulled. Returns why the connection is over.
    ///
    /// The outbound half of a self-connection sees only a close; it is [`Error::SelfConnection`]. If a remote of the
    /// old era answered our `version` with a `reject`, it is [`Error::Rejected`]. Any other end in the handshake is
    /// [`Error::ClosedBeforeVersion`] or [`Error::ClosedBeforeVerack`], whether the transport was closed or cut.
    ///
    /// First pull until [`receive`](Self::receive) returns `None`, so that no whole frame is left in `input`.
    pub fn handle_eof(&mut self, input: &[u8]) -> Error {
        self.peer.handle_end(None, input)
    }

    /// Reports that reading or writing failed. Otherwise as [`handle_eof`](Self::handle_eof).
    pub fn handle_transport_error(&mut self, error: TransportError, input: &[u8]) -> Error {
        self.peer.handle_end(Some(error), input)
    }

    /// What to write next: the rest of the oldest frame, or of one part of it. Empty if nothing waits.
    ///
    /// A frame that was shown is committed: it is written before anything else. Blocks that the owner sent are hashed here, up
    /// to 4 MiB of them together, or one of any size. May change: timeout.
    pub fn poll_transmit(&mut self, now: Time) -> &[u8] {
        self.peer.poll_transmit(now)
    }

    /// As [`poll_transmit`](Self::poll_transmit), in pieces for a vectored write: whole frames until they have at least
    /// `enough` bytes in total. Blocks among them are hashed, whatever their size.
    pub fn poll_transmit_chunks(&mut self, enough: usize, now: Time) -> impl Iterator<Item = &[u8]> {
        self.peer.poll_transmit_chunks(enough, now)
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due. A time in the past means now; `None` means that no timeout is
    /// set. It is computed from the state, so it is never stale. [`Peer::next_timeout`] also names its timer.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Time> {
        self.peer.next_timeout().map(|(at, _)| at)
    }

    /// As [`Peer::wants_read`].
    #[must_use]
    pub fn wants_read(&self) -> bool {
        self.peer.wants_read()
    }

    /// How many bytes a driver should gather in the input before it calls [`receive`](Self::receive), as long as its
    /// transport has more and no timeout is due. Blocks that wait whole are hashed together, in less time.
    ///
    /// 0 unless several items of `getdata` are requested, as many as it takes for that to be faster on this CPU, or
    /// [unrequested answers](crate::UnrequestedAnswers::Deliver) are delivered. At most
    /// [`ConfigBuilder::read_ahead`](crate::ConfigBuilder::read_ahead). A driver that ignores it loses only time.
    #[must_use]
    pub fn read_ahead(&self) -> usize {
        self.peer.read_ahead()
    }

    /// Whether [`receive`](Self::receive) has an event, whatever the input: a timeout may have ended a request.
    #[must_use]
    pub fn wants_pull(&self) -> bool {
        self.peer.has_event()
    }

    /// As [`Peer::wants_write`].
    #[must_use]
    pub fn wants_write(&self) -> bool {
        self.peer.wants_write()
    }

    /// Whether the driver is to shut down its direction of the transport, once: the owner [left](Peer::leave), and
    /// everything is written.
    #[must_use]
    pub fn wants_shutdown(&self) -> bool {
        self.peer.wants_shutdown()
    }
}
