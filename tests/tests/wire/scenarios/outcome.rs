//! How a scenario ended: as it was recorded, and as our machine has it.

use std::collections::BTreeSet;

use peer_core::{Error, Message, Peer};
use peer_tests::vectors::Line;
use serde_json::{Map, Value, json};

/// What stands in a recorded message where each run has another value.
const CHANGES: &str = "changes";

/// All that a scenario says of its end, by the names of its keys.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outcome {
    /// `ok`, `still waiting` or the reference's name of an error.
    pub(crate) handshake: String,
    /// After a good handshake.
    pub(crate) negotiated_pver: Option<u64>,
    /// After a good handshake, empty otherwise.
    pub(crate) stats: Map<String, Value>,
    /// What the opponent got: commands and fields, in order.
    pub(crate) received: Vec<Value>,
    /// Commands of what was handed to the owner, in order.
    pub(crate) delivered: Vec<String>,
    /// Whether our side ended the connection.
    pub(crate) disconnects: bool,
}

impl Outcome {
    /// What the reference did.
    pub(crate) fn recorded(line: &Line) -> Self {
        Self {
            handshake: line.str("handshake").to_owned(),
            negotiated_pver: line.get("negotiated_pver").map(|version| version.as_int()),
            stats: line.get("stats").and_then(|stats| stats.value().as_object().cloned()).unwrap_or_default(),
            received: line.list("received").iter().map(|message| message.value().clone()).collect(),
            delivered: line.list("delivered").iter().map(|command| command.as_str().to_owned()).collect(),
            disconnects: line.bool("disconnects"),
        }
    }

    /// What our machine did: what it said, what it delivered, and the state it is in.
    pub(crate) fn played(
        peer: &Peer,
        said: &[Message],
        delivered: &[Message],
        was_established: bool,
    ) -> Self {
        let handshake = match peer.failure() {
            _ if was_established => "ok".to_owned(),
            Some(error) => name(error),
            None => "still waiting".to_owned(),
        };
        Self {
            handshake,
            negotiated_pver: was_established.then(|| peer.protocol_version().get().into()),
            stats: if was_established { stats(peer) } else { Map::new() },
            received: said.iter().map(received).collect(),
            delivered: delivered.iter().map(|message| message.command().to_string()).collect(),
            disconnects: peer.failure().is_some(),
        }
    }

    /// The keys in which this differs from `other`.
    pub(crate) fn differences(&self, other: &Self) -> BTreeSet<String> {
        let same = [
            ("handshake", self.handshake == other.handshake),
            ("negotiated_pver", self.negotiated_pver == other.negotiated_pver),
            ("received", self.received == other.received),
            ("delivered", self.delivered == other.delivered),
            ("disconnects", self.disconnects == other.disconnects),
        ];
        let keys = same.iter().filter(|(_, is_same)| !is_same).map(|(key, _)| (*key).to_owned());
        let names = self.stats.keys().chain(other.stats.keys());
        let stats = names.filter(|name| self.stats.get(*name) != other.stats.get(*name));
        keys.chain(stats.map(|name| format!("stats.{name}"))).collect()
    }
}

/// The name that the reference gives such an end of a handshake.
fn name(error: &Error) -> String {
    match error {
        Error::NotVersionMessage { .. } => "ErrNotVersionMessage".to_owned(),
        Error::NotVerAckMessage { .. } => "ErrNotVerAckMessage".to_owned(),
        Error::ProtocolVerTooOld { .. } => "ErrProtocolVerTooOld".to_owned(),
        Error::SelfConnection => "ErrSelfConnection".to_owned(),
        Error::ClosedByOwner => "other: not wanted".to_owned(),
        Error::ClosedBeforeVersion | Error::ClosedBeforeVerack | Error::ClosedByRemote => "EOF".to_owned(),
        Error::Frame(refusal) if refusal.kind() == peer_core::ErrorKind::Truncated => "EOF".to_owned(),
        Error::Frame(refusal) => format!("Err{}", refusal.kind()),
        other => format!("no name for: {other}"),
    }
}

fn stats(peer: &Peer) -> Map<String, Value> {
    let stats = peer.stats();
    let known = json!({
        "advertised_pver": stats.advertised_version,
        "bytes_received": stats.bytes_received,
        "last_block": stats.last_block,
        "services": stats.services.bits(),
        "starting_height": stats.starting_height,
        "user_agent": stats.user_agent.as_str(),
        "wants_headers": peer.wants_headers(),
    });
    known.as_object().cloned().unwrap_or_default()
}

/// A message as the opponent of a scenario notes it.
fn received(message: &Message) -> Value {
    let mut fields = serde_json::to_value(message).expect("messages serialize");
    if let Message::Version(_) = message {
        for path in ["/nonce", "/timestamp", "/addr_you/port"] {
            *fields.pointer_mut(path).expect("every version has these") = CHANGES.into();
        }
    }
    json!({ "command": message.command().as_str(), "fields": fields })
}
