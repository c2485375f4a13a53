//! Outcomes of visits.

use core::fmt;

use peer_core::{Error, FrameError, Network, Timer};
use serde::Serialize;

/// The result of a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// The handshake was completed.
    Reachable,
    /// Nothing listens there.
    Refused,
    /// No connection in time.
    TimedOut,
    /// The network is unreachable.
    Unreachable,
    /// The proxy does not work.
    Proxy,
    /// This machine has no room for another connection.
    NoRoom,
    /// It closed the connection before the handshake was complete.
    Closed,
    /// No handshake in time.
    Silent,
    /// It is a peer of another network.
    OtherNetwork,
    /// Its protocol version is too old.
    TooOld,
    /// It does not speak the protocol.
    NotDecred,
    /// It is this crawl itself.
    Ourselves,
}

impl Outcome {
    /// What an error before the end of the handshake means.
    pub(crate) fn of(error: &Error, is_text: bool) -> Self {
        match error {
            _ if is_text => Self::NotDecred,
            Error::Frame(frame) => match **frame {
                FrameError::WrongNetwork(theirs) if is_known(theirs) => Self::OtherNetwork,
                FrameError::Truncated { .. } => Self::Closed,
                _ => Self::NotDecred,
            },
            Error::ClosedByRemote
            | Error::ClosedBeforeVersion
            | Error::ClosedBeforeVerack
            | Error::CutOffWhilePaused { .. }
            | Error::ClosedByOwner
            | Error::TransportFailed => Self::Closed,
            Error::Timeout(Timer::Handshake) => Self::Silent,
            Error::ProtocolVerTooOld { .. } => Self::TooOld,
            Error::SelfConnection => Self::Ourselves,
            _ => Self::NotDecred,
        }
    }
}

fn is_known(network: Network) -> bool {
    Network::KNOWN.iter().any(|(known, _)| *known == network)
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Reachable => "reachable",
            Self::Refused => "connection refused",
            Self::TimedOut => "no connection in time",
            Self::Unreachable => "no way there",
            Self::Proxy => "proxy does not work",
            Self::NoRoom => "no room here (try a lower --at-once)",
            Self::Closed => "closed before handshake",
            Self::Silent => "no handshake in time",
            Self::OtherNetwork => "of another network",
            Self::TooOld => "protocol too old",
            Self::NotDecred => "no Decred peer",
            Self::Ourselves => "ourselves",
        })
    }
}

/// What a reachable peer answered when it was asked for addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// Addresses.
    Addresses,
    /// It has read the request and sent no addresses.
    None,
    /// It sent no answer in time.
    Late,
    /// It closed the connection.
    Left,
    /// It broke the protocol.
    Broke,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Addresses => "told addresses",
            Self::None => "told no address",
            Self::Late => "did not answer in time",
            Self::Left => "closed the connection",
            Self::Broke => "broke the protocol",
        })
    }
}
