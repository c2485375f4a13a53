//! What a node's logic can do.

use core::fmt;
use core::time::Duration;

use peer_core::message::Inventory;
use peer_core::{Mark, Message, Peer, SendError, Time};
use rand_chacha::ChaCha8Rng;

use super::link;
use super::queue::Due;
use super::state::State;
use super::{ConnectionId, NodeId, What};
use crate::checked::Checked;

/// One call of a node's logic: what it can look at and do meanwhile.
#[derive(Debug)]
pub struct Turn<'a> {
    pub(super) state: &'a mut State,
    pub(super) node: NodeId,
}

impl Turn<'_> {
    /// The node.
    #[must_use]
    pub const fn node(&self) -> NodeId {
        self.node
    }

    /// How many nodes the world has.
    #[must_use]
    pub const fn nodes(&self) -> u32 {
        // The world has no more, see where they are added.
        #[expect(clippy::cast_possible_truncation, reason = "nodes are counted in 32 bits")]
        let count = self.state.nodes.len() as u32;
        count
    }

    /// The time by this node's clock, which may have been set.
    #[must_use]
    pub fn now(&self) -> Time {
        self.state.time_at(self.node)
    }

    /// The world's generator, the only source of chance.
    pub const fn rng(&mut self) -> &mut ChaCha8Rng {
        &mut self.state.rng
    }

    /// A number below `limit`, which is 0 where that is 0 or 1.
    pub fn draw(&mut self, limit: u64) -> u64 {
        link::below(&mut self.state.rng, limit)
    }

    /// Any node.
    pub fn draw_node(&mut self) -> NodeId {
        self.state.draw_node()
    }

    /// Any of this node's ends of connections that have a peer.
    pub fn draw_connection(&mut self) -> Option<ConnectionId> {
        self.state.draw_connection(self.node)
    }

    /// Dials a node, which may be this one. [`Logic::on_connected`](super::Logic::on_connected) or
    /// [`Logic::on_ended`](super::Logic::on_ended) follows.
    pub fn dial(&mut self, node: NodeId) -> ConnectionId {
        self.state.dial(self.node, node)
    }

    /// This node's ends of connections that have a peer, oldest first.
    #[must_use]
    pub fn connections(&self) -> &[ConnectionId] {
        &self.state.nodes[self.node.number() as usize].connections
    }

    /// The peer of a connection; `None` before it is connected and when it is over.
    #[must_use]
    pub fn peer(&self, connection: ConnectionId) -> Option<&Peer> {
        self.state.machine(connection).map(|machine| &**machine)
    }

    /// The node at the other end, while the connection is there.
    #[must_use]
    pub fn remote(&self, connection: ConnectionId) -> Option<NodeId> {
        self.state.end(connection.other()).map(|end| end.node)
    }

    /// As [`Peer::send`].
    ///
    /// # Errors
    ///
    /// As there, and [`SendError::NotEstablished`] where there is no such connection any more.
    pub fn send(&mut self, connection: ConnectionId, message: &Message) -> Result<Mark, SendError> {
        let (machine, now) = self.machine(connection).ok_or(SendError::NotEstablished)?;
        let mark = machine.send(message, now)?;
        self.state.note(self.node, Some(connection), What::Sent(message));
        Ok(mark)
    }

    /// As [`Peer::announce`].
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn announce(&mut self, connection: ConnectionId, item: Inventory) -> Result<bool, SendError> {
        self.announce_by(connection, item, Checked::announce)
    }

    /// As [`Peer::announce_now`].
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn announce_now(&mut self, connection: ConnectionId, item: Inventory) -> Result<bool, SendError> {
        self.announce_by(connection, item, Checked::announce_now)
    }

    fn announce_by(
        &mut self,
        connection: ConnectionId,
        item: Inventory,
        announce: fn(&mut Checked, Inventory, Time) -> Result<bool, SendError>,
    ) -> Result<bool, SendError> {
        let (machine, now) = self.machine(connection).ok_or(SendError::NotEstablished)?;
        let is_news = announce(machine, item, now)?;
        if is_news {
            self.state.note(self.node, Some(connection), What::Announced(item));
        }
        Ok(is_news)
    }

    /// As [`Peer::add_known`].
    pub fn add_known(&mut self, connection: ConnectionId, item: &Inventory) {
        if let Some((machine, now)) = self.machine(connection) {
            machine.add_known(item, now);
        }
    }

    /// The machine of a connection, to command it in any other way, and the time to tell it.
    pub fn machine(&mut self, connection: ConnectionId) -> Option<(&mut Checked, Time)> {
        let now = self.now();
        self.state.serve_soon(connection);
        Some((self.state.end_mut(connection)?.machine.as_mut()?, now))
    }

    /// Sets the height that the `version` of later connections tells.
    pub fn set_best_height(&mut self, height: i32) {
        self.state.site(self.node).best_height = height;
    }

    /// Ends a connection. [`Logic::on_ended`](super::Logic::on_ended) follows. A dial that has not been
    /// answered goes on.
    pub fn close(&mut self, connection: ConnectionId) {
        if let Some((machine, now)) = self.machine(connection) {
            machine.close(now);
        }
    }

    /// As [`Peer::leave`], so long from now at the latest. [`Logic::on_ended`](super::Logic::on_ended) follows.
    pub fn leave(&mut self, connection: ConnectionId, within: Duration) {
        if let Some((machine, now)) = self.machine(connection) {
            machine.leave(now + within, now);
        }
    }

    /// Takes no events of a connection for so long. Its driver goes on, and reads nothing.
    pub fn hold_events(&mut self, connection: ConnectionId, duration: Duration) {
        let until = self.state.now + duration;
        if let Some(end) = self.state.end_mut(connection) {
            end.no_events_until = until;
            self.state.queue.push(until, Due::Serve(connection));
        }
    }

    /// Looks away from a connection for so long: what waits is written, but nothing is read and no timer runs.
    pub fn hold(&mut self, connection: ConnectionId, duration: Duration) {
        let until = self.state.now + duration;
        if let Some(end) = self.state.end_mut(connection) {
            end.held_until = until;
            self.state.queue.push(until, Due::Serve(connection));
        }
    }

    /// Calls [`Logic::on_wake`](super::Logic::on_wake) after so long. Setting the node's clock does not matter.
    pub fn wake_in(&mut self, duration: Duration, reason: u64) {
        self.state.queue.push(self.state.now + duration, Due::Wake(self.node, reason));
    }

    /// Adds a line to the story, and to the digest.
    pub fn note(&mut self, text: impl fmt::Display) {
        self.state.note(self.node, None, What::Note(&text.to_string()));
    }
}
