//! What the owner commands: one connection, or all.

use core::time::Duration;

use peer_core::{Announced, Announcement, Connection, EncodedFrame, Error, Mark, Message, Peer, SendError};
use rand_core::Rng;

use crate::entry::{PeerId, State};
use crate::peers::{Peers, find};
use crate::transport::Transport;

impl<R: Rng, S: Transport> Peers<R, S> {
    /// The machine of a connection, for commands. It exists from when the transport is connected until the call of
    /// [`next_event`](Self::next_event) after its end, or until its token is reused. This call also queues the
    /// connection for a turn. Use [`get`](Self::get) to only read.
    pub fn peer(&mut self, id: PeerId) -> Option<&mut Peer> {
        let entry = find(&mut self.entries, id)?;
        if matches!(entry.state, State::Open(_)) {
            self.schedule.enqueue(entry);
        }
        match &mut entry.state {
            State::Connecting(_) => None,
            State::Open(conn) => Some(conn.connection.peer_mut()),
            State::Over(_, connection) => connection.as_mut().map(Connection::peer_mut),
        }
    }

    /// Queues a message, as [`Peer::send`] does. If the queue is full, [`PeerEvent::Room`](crate::PeerEvent::Room)
    /// follows once the message fits. Meanwhile messages of the remote are still reported.
    ///
    /// ```
    /// use std::collections::VecDeque;
    ///
    /// use peer_core::{Message, SendError};
    /// use peer_mio::{PeerId, Peers};
    ///
    /// /// Queues what fits. Called when something is to be sent, and again at `PeerEvent::Room`.
    /// fn send_some<R: rand_core::Rng>(peers: &mut Peers<R>, id: PeerId, waiting: &mut VecDeque<Message>) {
    ///     while let Some(message) = waiting.front() {
    ///         match peers.try_send(id, message) {
    ///             Err(SendError::Full { .. }) => break,
    ///             Ok(_) => {}
    ///             Err(error) => println!("{id}: not sent: {error}"),
    ///         }
    ///         waiting.pop_front();
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Peer::send`]. [`SendError::NotEstablished`] also if there is no connection with this id.
    pub fn try_send(&mut self, id: PeerId, message: &Message) -> Result<Mark, SendError> {
        let now = self.now();
        let peer = self.peer(id).ok_or(SendError::NotEstablished)?;
        let result = peer.send(message, now);
        if let Err(SendError::Full { wanted, .. }) = result {
            self.want_room(id, wanted);
        }
        result
    }

    /// Queues a message that was encoded before, as [`Peer::send_encoded`] does. If the queue is full,
    /// [`PeerEvent::Room`](crate::PeerEvent::Room) follows once the message fits.
    ///
    /// # Errors
    ///
    /// As [`Peer::send_encoded`]. [`SendError::NotEstablished`] also if there is no connection with this id.
    pub fn try_send_encoded(&mut self, id: PeerId, frame: &EncodedFrame) -> Result<Mark, SendError> {
        let now = self.now();
        let peer = self.peer(id).ok_or(SendError::NotEstablished)?;
        let result = peer.send_encoded(frame, now);
        if let Err(SendError::Full { wanted, .. }) = result {
            self.want_room(id, wanted);
        }
        result
    }

    /// Queues `frame` for each of these connections, as [`try_send_encoded`](Self::try_send_encoded) does. Returns the
    /// results in the same order.
    pub fn send_encoded_to(
        &mut self,
        ids: impl IntoIterator<Item = PeerId>,
        frame: &EncodedFrame,
    ) -> Vec<Result<Mark, SendError>> {
        ids.into_iter().map(|id| self.try_send_encoded(id, frame)).collect()
    }

    /// Announces something new to each of these connections, if its remote wants to hear of it. Returns what was done,
    /// in the same order. [`Peer::announce_as_wanted`] has the rules.
    pub fn announce_to(
        &mut self,
        ids: impl IntoIterator<Item = PeerId>,
        announcement: &Announcement,
    ) -> Vec<Announced> {
        let now = self.now();
        let announce = |id| match self.peer(id) {
            Some(peer) => peer.announce_as_wanted(announcement, now),
            None => Announced::Refused(SendError::NotEstablished),
        };
        ids.into_iter().map(announce).collect()
    }

    /// Reports [`PeerEvent::Room`](crate::PeerEvent::Room) once, as soon as a frame of `bytes` fits into the send
    /// queue, which may be at once. Call it with `wanted` of a [`SendError::Full`] of any command of
    /// [`peer`](Self::peer); [`try_send`](Self::try_send) does that itself. If it is called again before the report,
    /// the smaller count holds. Nothing is reported if the connection ends first.
    pub fn want_room(&mut self, id: PeerId, bytes: usize) {
        if let Some(entry) = find(&mut self.entries, id)
            && let State::Open(conn) = &mut entry.state
        {
            conn.want_room(bytes);
            self.schedule.enqueue(entry);
        }
    }

    /// Stops pulling and reading from a remote until [`resume`](Self::resume). Until then it has no events, and its end
    /// is not noticed. Writing, timers and commands continue, and the remote is not blamed.
    ///
    /// After [`Event::Version`](peer_core::Event::Version), it delays the answer while other peers continue: `resume`
    /// accepts the remote, [`close`](Self::close) refuses it. The clock of the handshake rests.
    ///
    /// What the remote sends fills the system's buffers, and then its own. A node closes after 20 s in which it cannot
    /// write. [`leave`](Self::leave) still discards what comes.
    pub fn pause(&mut self, id: PeerId) {
        self.set_paused(id, true);
    }

    /// Continues with a remote after [`pause`](Self::pause). What has come meanwhile counts as in time.
    pub fn resume(&mut self, id: PeerId) {
        self.set_paused(id, false);
    }

    fn set_paused(&mut self, id: PeerId, is_paused: bool) {
        let now = self.now();
        if let Some(entry) = find(&mut self.entries, id)
            && let State::Open(conn) = &mut entry.state
        {
            if is_paused {
                conn.pause(now);
            } else {
                conn.unpause();
            }
            self.schedule.enqueue(entry);
        }
    }

    /// Closes a connection after everything queued has been written, including batches of announcements. Events
    /// continue until then. The usual timers still apply, so a remote that takes nothing ends the connection earlier.
    ///
    /// The stream is dropped then. Over TCP the written data still arrives, unless bytes from the remote were unread:
    /// then the system may reset the connection. [`leave`](Self::leave) avoids that.
    pub fn finish(&mut self, id: PeerId) {
        let Some(entry) = find(&mut self.entries, id) else { return };
        match &mut entry.state {
            State::Connecting(_) => self.close(id),
            State::Open(conn) => {
                conn.connection.peer_mut().finish();
                self.schedule.enqueue(entry);
            }
            State::Over(..) => {}
        }
    }

    /// Closes a connection so that the remote gets our last messages. Everything queued is written, including batches
    /// of announcements, and our direction is [shut down](Transport::shutdown_write). What comes is discarded until the
    /// remote ends its direction. The reason is [`Error::ClosedByOwner`].
    ///
    /// Events continue until everything is written. The end is reported after `within` at the latest, and at most 5 s
    /// or 16 MiB of discarded input after the last message. See [`Peer::leave`].
    pub fn leave(&mut self, id: PeerId, within: Duration) {
        let now = self.now();
        let Some(entry) = find(&mut self.entries, id) else { return };
        match &mut entry.state {
            State::Connecting(_) => self.close(id),
            State::Open(conn) => {
                conn.connection.peer_mut().leave(now + within, now);
                self.schedule.enqueue(entry);
            }
            State::Over(..) => {}
        }
    }

    /// Closes a connection now. Queued data and pending events are dropped; the end is still reported.
    #[doc(alias = "Disconnect")]
    pub fn close(&mut self, id: PeerId) {
        let Some(entry) = find(&mut self.entries, id) else { return };
        let reason = match &mut entry.state {
            State::Connecting(_) => Error::ClosedByOwner,
            State::Open(conn) => conn.connection.peer_mut().close(),
            State::Over(..) => return,
        };
        self.end(id.slot(), reason.into());
    }

    /// Leaves every connection, as [`leave`](Self::leave) does, and takes in no more. Continue with
    /// [`next_event`](Self::next_event) until the set [is empty](Self::is_empty), which is after `within` at the
    /// latest. Connections that are not established yet are closed. If it is called again, the earlier deadline holds.
    pub fn shut_down(&mut self, within: Duration) {
        self.is_shutting_down = true;
        let ids: Vec<_> = self.entries.iter().map(|(_, entry)| entry.id).collect();
        for id in ids {
            self.leave(id, within);
        }
    }
}
