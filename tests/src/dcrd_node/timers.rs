//! What the node does without being told to.

use peer_core::Time;
use peer_core::message::Ping;
use rand_core::Rng as _;

use super::DcrdNode;
use super::connection::Connection;
use super::rules::{self, Rule};
use super::shared::{Shared, Sync};

impl DcrdNode {
    /// When [`handle_timeout`](Self::handle_timeout) has something to do next.
    pub fn poll_timeout(&self) -> Option<Time> {
        let live = self.connections.values().filter(|connection| connection.ended.is_none());
        live.flat_map(deadlines).chain(self.sync_deadline()).min()
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Time) {
        let late = self.sync_deadline().filter(|deadline| *deadline <= now);
        if let (Some(_), Sync::Headers(Some(peer))) = (late, &self.shared.sync) {
            let id = peer.id;
            self.end(id, Rule::SyncTimeout, now);
        }
        let ids: Vec<_> = self.connections.keys().copied().collect();
        for id in ids {
            self.with(id, now, |shared, connection| shared.tick(connection, now));
        }
    }

    fn sync_deadline(&self) -> Option<Time> {
        match &self.shared.sync {
            Sync::Headers(peer) => peer.as_ref().map(|peer| peer.deadline),
            Sync::Synced(_) => None,
        }
    }
}

/// Everything that this connection waits for.
fn deadlines(connection: &Connection) -> impl Iterator<Item = Time> {
    let waits = connection.init_state_since.is_some() || !connection.requests.is_empty();
    let limit = match connection.is_established() {
        true => connection.last_message + rules::IDLE,
        false => connection.opened + rules::HANDSHAKE,
    };
    let look = waits.then_some(connection.next_look);
    let others = [look, connection.next_ping, connection.trickle_at, connection.output.deadline()];
    others.into_iter().flatten().chain([limit])
}

impl Shared {
    fn tick(&mut self, connection: &mut Connection, now: Time) -> Result<(), Rule> {
        if !connection.is_established() && now >= connection.opened + rules::HANDSHAKE {
            return Err(Rule::HandshakeTimeout);
        }
        if connection.is_established() && now >= connection.last_message + rules::IDLE {
            return Err(Rule::IdleTimeout);
        }
        if connection.output.deadline().is_some_and(|deadline| now >= deadline) {
            return Err(Rule::WriteTimeout);
        }
        if now >= connection.next_look {
            while now >= connection.next_look {
                connection.next_look += rules::REQUEST_TICK;
            }
            let mut open = connection.requests.values().copied().chain(connection.init_state_since);
            if open.any(|since| now.saturating_since(since) > rules::REQUEST) {
                return Err(Rule::RequestTimeout);
            }
        }
        if let Some(due) = connection.next_ping.filter(|due| now >= *due) {
            connection.next_ping = Some(due + rules::PING);
            connection.send(&Ping { nonce: self.rng.next_u64() }.into());
        }
        self.flush_trickle(connection, now);
        Ok(())
    }
}
