//! What the tool reports of connections. `report` writes it as JSON for programs, or as text for people.

use core::net::SocketAddr;
use core::time::Duration;

use peer_core::message::Version;
use peer_core::{Direction, Message, Network, ProtocolVersion, Standing, Stats, Unanswered};
use serde::Serialize;

use crate::causes::Cause;
use crate::command_totals::CommandTotals;
use crate::format::as_milliseconds;
use crate::options::network_name;
use crate::socks::Proxy;
use crate::status::Status;
use crate::unserved::{Reply, Unserved};
use crate::versions::VersionKind;

/// Something that happened.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Notice<'a> {
    Connecting {
        address: &'a str,
        /// The other addresses of the same name, which are tried if the first does not answer at once.
        #[serde(skip_serializing_if = "is_empty")]
        others: &'a [SocketAddr],
        /// The proxy, if there is one.
        #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_optional_text")]
        through: Option<&'a Proxy>,
        #[serde(serialize_with = "as_name")]
        network: Network,
    },
    Listening {
        address: SocketAddr,
        #[serde(serialize_with = "as_name")]
        network: Network,
    },
    /// Metrics are served at this address, under `/metrics`.
    Metrics {
        address: SocketAddr,
    },
    Connected {
        address: &'a str,
        direction: Direction,
        /// Through a proxy: whether it took the user name that tells this connection from all others.
        #[serde(skip_serializing_if = "Option::is_none")]
        isolated: Option<bool>,
    },
    /// The remote has not introduced itself yet.
    Waiting {
        #[serde(rename = "for")]
        command: &'static str,
        /// The time limit of the handshake.
        #[serde(rename = "at_most_ms", serialize_with = "as_milliseconds")]
        at_most: Duration,
    },
    Version {
        /// How to read the protocol version in the message.
        protocol_version_is: VersionKind,
        message: &'a Version,
    },
    Established {
        protocol_version: u32,
    },
    Message {
        command: String,
        message: &'a Message,
        /// Only with a pong that answers our latest ping.
        #[serde(skip_serializing_if = "Option::is_none")]
        round_trip_ms: Option<f64>,
    },
    /// We sent this message. What the machine sends by itself is not reported.
    Sent {
        command: String,
        message: &'a Message,
    },
    /// The remote did not answer our request, or not by what we asked for.
    Unanswered {
        /// The command of the request.
        command: &'static str,
        reason: Unanswered,
    },
    /// We announced items.
    Announced {
        items: u32,
    },
    /// The remote asked for items that we announced.
    Asked {
        items: u32,
        /// In all, each item counted once.
        of_announced: u32,
        announced: u32,
    },
    /// The remote asked for something that we do not have. Reported once a connection for each kind.
    Unserved {
        request: String,
        lack: Unserved,
        /// The command of our answer.
        answer: Option<&'static str>,
        /// For people: what was answered, and what a node does then.
        detail: String,
        /// The points that a node counts against us by now, if this request costs any, and the limit for a ban.
        #[serde(skip_serializing_if = "Option::is_none")]
        points: Option<u32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        limit: Option<u32>,
    },
    /// A message was not sent.
    Refused {
        command: String,
        detail: String,
    },
    /// What the command line asks for has consequences.
    Warning {
        detail: &'a str,
    },
    End(End<'a>),
    /// A connection that was passed on ended.
    #[serde(rename = "end")]
    Relayed(Relayed),
    /// The proxy ended.
    #[serde(rename = "stopped")]
    RelayStopped {
        ok: bool,
        reason: &'static str,
        detail: String,
        /// Accepted connections.
        peers: u64,
    },
    /// The totals of a node with many peers.
    Status(Status),
    Stopped {
        /// Whether any handshake was completed.
        ok: bool,
        reason: &'static str,
        detail: String,
        /// Accepted connections, and completed handshakes.
        peers: u64,
        established: u64,
        /// What went each way by command, of a node that counts that.
        #[serde(skip_serializing_if = "Option::is_none")]
        commands: Option<CommandTotals>,
    },
}

/// How a connection ended that was passed on between two programs.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Relayed {
    /// Whether both ended their streams.
    pub(crate) ok: bool,
    /// For people.
    pub(crate) detail: String,
    /// Passed on, from each.
    pub(crate) bytes_from_dialer: u64,
    pub(crate) bytes_from_listener: u64,
}

/// How a connection ended.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct End<'a> {
    /// Whether the handshake was completed and we ended the connection.
    pub(crate) ok: bool,
    pub(crate) established: bool,
    /// For programs.
    pub(crate) reason: String,
    /// For people.
    pub(crate) detail: String,
    /// For people where the causes have lines of their own.
    #[serde(skip)]
    pub(crate) headline: String,
    /// The possible causes, where the remote left without a reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) causes: Vec<Cause>,
    /// How long to wait before the next attempt, where one makes sense.
    #[serde(rename = "redial_after_s", skip_serializing_if = "Option::is_none")]
    pub(crate) redial_after: Option<u64>,
    /// How many items we announced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) announced: Option<u32>,
    /// How many of them it asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) asked: Option<u32>,
    /// Our highest protocol version.
    #[serde(skip)]
    pub(crate) offered: ProtocolVersion,
    pub(crate) stats: Option<&'a Stats>,
}

impl<'a> Notice<'a> {
    /// The remote sent its `version`; `offered` is our highest protocol version.
    pub(crate) fn version(message: &'a Version, direction: Direction, offered: ProtocolVersion) -> Self {
        let theirs = u32::try_from(message.protocol_version).unwrap_or_default();
        Self::Version { protocol_version_is: VersionKind::of(direction, theirs, offered), message }
    }

    /// The remote asked for something that we do not have.
    pub(crate) fn unserved(request: &Message, reply: &Reply) -> Self {
        let (lack, standing) = (reply.lack, reply.standing);
        let detail = match standing {
            Some(standing) => {
                let (points, limit) = (standing.points(), standing.limit);
                format!("{lack}; {points} points so far, above {limit} it bans this host for a day")
            }
            None => lack.to_string(),
        };
        Self::Unserved {
            request: request.command().to_string(),
            lack,
            answer: lack.answer(),
            detail,
            points: standing.map(Standing::points),
            limit: standing.map(|standing| standing.limit),
        }
    }
}

fn is_empty(others: &&[SocketAddr]) -> bool {
    others.is_empty()
}

fn as_name<S: serde::Serializer>(network: &Network, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(network_name(*network))
}

fn as_optional_text<S: serde::Serializer>(
    value: &Option<impl ToString>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    value.as_ref().map(ToString::to_string).serialize(serializer)
}
