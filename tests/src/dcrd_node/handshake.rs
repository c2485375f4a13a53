//! Who says what first.

use peer_core::frame::Frame;
use peer_core::message::{GetHeaders, GetInitState, InitStateType, NetAddress, UserAgent, Version};
use peer_core::{Direction, Hash, Message, ProtocolVersion, Services, Time};
use rand_core::Rng as _;

use super::ConnectionId;
use super::connection::{Connection, Stage};
use super::rules::{self, Rule};
use super::shared::{Shared, Sync, SyncPeer};

impl Shared {
    /// Introduces the node.
    pub(super) fn send_version(&mut self, connection: &mut Connection, now: Time) {
        let nonce = self.rng.next_u64();
        self.nonces.insert(nonce);
        let socket = (connection.host, self.network.default_port().unwrap_or_default()).into();
        let version = Version {
            // Who was dialled tells the negotiated version.
            protocol_version: connection.version.get().cast_signed(),
            services: Services::NODE_NETWORK,
            timestamp: self.timestamp(now),
            addr_you: NetAddress::new(socket, Services::NODE_NETWORK),
            addr_me: Some(NetAddress { services: Services::NODE_NETWORK, ..NetAddress::UNSPECIFIED }),
            nonce,
            user_agent: UserAgent::new(USER_AGENT).unwrap(),
            last_block: self.chain.height().cast_signed(),
            disable_relay_tx: false,
        };
        connection.send(&version.into());
    }

    pub(super) fn on_first(
        &mut self,
        connection: &mut Connection,
        message: Message,
        now: Time,
    ) -> Result<(), Rule> {
        let Message::Version(remote) = message else { return Err(Rule::NotVersion) };
        if self.nonces.contains(&remote.nonce) {
            return Err(Rule::SelfConnection);
        }
        if remote.protocol_version < rules::MIN_VERSION {
            return Err(Rule::TooOld);
        }
        let is_dialled = connection.direction == Direction::Outbound;
        if is_dialled && !remote.services.contains(Services::NODE_NETWORK) {
            return Err(Rule::NoNetworkService);
        }
        let offered = ProtocolVersion::new(remote.protocol_version.cast_unsigned());
        connection.version = ProtocolVersion::LATEST.min(offered);
        if !is_dialled {
            self.send_version(connection, now);
        }
        connection.send(&Message::Verack);
        connection.remote = Some(remote);
        connection.stage = Stage::AwaitVerack;
        Ok(())
    }

    /// Returns what came before `verack` once that is there, to be handled behind what the node says by itself.
    pub(super) fn on_second(
        &mut self,
        id: ConnectionId,
        connection: &mut Connection,
        frame: Frame,
        message: &Message,
        now: Time,
    ) -> Result<Vec<Frame>, Rule> {
        if *message == Message::Verack {
            connection.stage = Stage::Established;
            connection.next_ping = Some(now + rules::PING);
            self.begin(id, connection, now);
            return Ok(core::mem::take(&mut connection.early));
        }
        let is_kept = connection.version < ProtocolVersion::ADDR_V2;
        if !is_kept || connection.early.len() >= rules::EARLY_MESSAGES {
            return Err(Rule::NotVerack);
        }
        connection.early.push(frame);
        Ok(Vec::new())
    }

    /// What the node says unasked, in its order.
    fn begin(&mut self, id: ConnectionId, connection: &mut Connection, now: Time) {
        connection.send(&Message::SendHeaders);
        if self.is_synced() {
            if connection.is_full() {
                self.ask_headers(connection, 1);
            }
        } else {
            self.consider_sync_peer(id, connection, now);
        }
        if self.is_current(now) {
            self.was_current = true;
            self.ask_init_state(connection, now);
        }
    }

    /// Makes this one the sync peer of a new node that has none.
    pub(super) fn consider_sync_peer(&mut self, id: ConnectionId, connection: &mut Connection, now: Time) {
        let best = i64::from(self.chain.header_height());
        let fits = connection.is_full() && connection.height() >= best;
        if fits && matches!(self.sync, Sync::Headers(None)) {
            let deadline = now + rules::SYNC;
            self.sync = Sync::Headers(Some(SyncPeer { id, height: connection.height(), deadline }));
            self.ask_headers(connection, 1);
        }
    }

    /// Asks for headers behind the best one's ancestor `below` it, unless that was the last question.
    pub(super) fn ask_headers(&self, connection: &mut Connection, below: usize) {
        let locator = self.chain.locator(below);
        let first = locator.first().copied();
        if core::mem::replace(&mut connection.last_locator, first) != first {
            connection.send(&GetHeaders { protocol_version: 0, locator, stop: Hash::ZERO }.into());
        }
    }

    /// Asks for the initial state, once a connection.
    pub(super) fn ask_init_state(&self, connection: &mut Connection, now: Time) {
        if core::mem::replace(&mut connection.asked_init_state, true) {
            return;
        }
        let mut types = vec![InitStateType::TREASURY_SPENDS];
        if self.asks_mining_state {
            types.extend([InitStateType::HEAD_BLOCKS, InitStateType::HEAD_BLOCK_VOTES]);
        }
        connection.init_state_since = Some(now);
        connection.send(&GetInitState { types: types.try_into().unwrap() }.into());
    }
}

/// That of the recordings.
const USER_AGENT: &str = "/dcrwire:1.0.0/dcrd:2.2.0(pre)/";
