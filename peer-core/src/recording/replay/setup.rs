//! What a machine must know to take the place of a recorded side.

use alloc::collections::VecDeque;
use core::time::Duration;

use super::ReplayError;
use crate::config::Config;
use crate::event::ConnectionInfo;
use crate::message::{InitState, Message, NetAddress, Timestamp, Version};
use crate::network::Network;
use crate::policy::{BannableMessages, InitStateRequests};
use crate::protocol_version::ProtocolVersion;
use crate::recording::{Entry, EntryKind, RecordedMessage, Recording, Side, Unreadable};

/// Ends that an owner or a transport causes, or that a transport tells in a way that no recording has.
pub(super) const OUTSIDE: [&str; 7] = [
    "ClosedByOwner",
    "ClosedByRemote",
    "ClosedBeforeVersion",
    "ClosedBeforeVerack",
    // The two halves of one node know it of each other; a replay has one of them.
    "SelfConnection",
    "TransportFailed",
    "Truncated",
];

/// Longer than any recording.
const NEVER: Duration = Duration::from_secs(1000 * 365 * 24 * 60 * 60);

/// The part that a machine is to take.
pub(super) struct Part {
    pub(super) config: Config,
    pub(super) info: ConnectionInfo,
    /// The nonce of its `version`.
    pub(super) nonce: u64,
    /// The recorded side sent nothing.
    pub(super) is_silent: bool,
}

/// The part of a side that said this.
pub(super) fn part_of(
    recording: &Recording,
    ours: Side,
    network: Network,
    said: &VecDeque<Result<RecordedMessage, Unreadable>>,
) -> Result<Part, ReplayError> {
    let Some(version) = recording.version_of(ours) else {
        return if recording.is_silent(ours) {
            let (config, nonce) = (without_timers(network), 0);
            let info = ConnectionInfo::new(NetAddress::UNSPECIFIED, 0, Timestamp::default());
            Ok(Part { config, info, nonce, is_silent: true })
        } else {
            Err(ReplayError::NoVersion(ours))
        };
    };
    let mut config = config_of(recording, ours, network, &version);
    config.init_state_requests = init_state_requests(said);
    let start = start_of(recording, ours, &version);
    let info = ConnectionInfo::new(version.addr_you, version.last_block, start);
    Ok(Part { config, info, nonce: version.nonce, is_silent: false })
}

/// The configuration of a machine in the place of this side. Another program has other timers, so where the side is not
/// the one that recorded, the machine pings never and finds the remote never idle.
fn config_of(recording: &Recording, ours: Side, network: Network, version: &Version) -> Config {
    let own = recording.header.as_ref().filter(|header| header.side() == Some(ours));
    let mut config = own.map_or_else(|| without_timers(network), |header| header.config.clone());
    introduce_as(&mut config, version);
    config
}

fn without_timers(network: Network) -> Config {
    let (idle_timeout, ping_interval) = (NEVER.saturating_mul(2), NEVER);
    Config { idle_timeout, ping_interval, ..Config::builder(network).defaults() }
}

impl Recording {
    /// Whether this side sent nothing.
    fn is_silent(&self, side: Side) -> bool {
        self.entries.iter().all(|entry| match entry.kind {
            EntryKind::Bytes { from, .. } | EntryKind::Skipped { from, .. } => from != side,
            _ => true,
        })
    }

    /// Whether its lines are whole, and tell how the connection ended.
    pub(super) fn has_end(&self) -> bool {
        let tells_end = |entry: &Entry| matches!(entry.kind, EntryKind::End { .. } | EntryKind::Eof(_));
        !self.is_cut && self.entries.iter().any(tells_end)
    }

    /// A configuration with which a machine introduces itself as this side did and says whatever its owner says, but sends
    /// no pings by itself. For a program that says a recorded side's part to a live node.
    ///
    /// # Errors
    ///
    /// What the recording lacks.
    pub fn config_to_speak_as(&self, side: Side) -> Result<Config, ReplayError> {
        let network = self.network.ok_or(ReplayError::NoNetwork)?;
        let version = self.version_of(side).ok_or(ReplayError::NoVersion(side))?;
        let mut config = without_timers(network);
        introduce_as(&mut config, &version);
        config.init_state_requests = InitStateRequests::LeaveToOwner;
        Ok(config)
    }
}

/// The machine introduces itself as the recorded side did, and says whatever its owner said.
fn introduce_as(config: &mut Config, version: &Version) {
    let protocol = u32::try_from(version.protocol_version).unwrap_or_default();
    config.protocol_version = ProtocolVersion::new(protocol).min(ProtocolVersion::LATEST);
    config.min_protocol_version = config.min_protocol_version.min(config.protocol_version);
    config.services = version.services;
    config.user_agent = version.user_agent.clone();
    config.disable_relay_tx = version.disable_relay_tx;
    config.bannable_messages = BannableMessages::Send;
}

/// Whether the recorded side told an initial state with nothing in it, as the machine does by itself.
fn init_state_requests(said: &VecDeque<Result<RecordedMessage, Unreadable>>) -> InitStateRequests {
    let empty = Message::from(alloc::boxed::Box::new(InitState::default()));
    let tells = said.iter().flatten().any(|said| said.message == empty);
    if tells { InitStateRequests::AnswerEmpty } else { InitStateRequests::LeaveToOwner }
}

/// The wall clock at time 0, so that the machine's `version` has the recorded time when it is made: at once by a dialer,
/// when the other side's `version` comes by a listener.
fn start_of(recording: &Recording, ours: Side, version: &Version) -> Timestamp {
    let made = match ours {
        Side::Dialer => 0,
        Side::Listener => {
            let heard = recording.messages(ours.other()).into_iter().flatten().next();
            heard.map_or(0, |said| said.at.elapsed().as_secs())
        }
    };
    Timestamp::new(version.timestamp.seconds().saturating_sub(made)).unwrap_or(version.timestamp)
}

/// What the machine says by itself alone.
pub(super) const fn is_automatic(message: &Message) -> bool {
    matches!(message, Message::Version(_) | Message::Verack | Message::Pong(_))
}

/// A `version` without the address at which its sender says that it is, which the machine leaves out.
pub(super) fn without_sender(version: &Version) -> Version {
    let sender = version.addr_me.as_ref();
    let addr_me = sender.map(|sender| NetAddress { services: sender.services, ..NetAddress::UNSPECIFIED });
    Version { addr_me, ..version.clone() }
}
