//! Why a connection ended, in words that say what to do.

use peer_core::{Error, ErrorKind, FrameError, Network, Timer};
use peer_tokio::Closed;

use crate::args::network_name;
use crate::error::chain;
use crate::stop::Reason;
use crate::watch::{Ending, Outcome};

/// The reason's name for programs: a kind of the reference's where it has one, else ours.
pub(crate) fn name(ending: &Ending) -> String {
    match ending {
        Ending::Ours(reason) => reason.name().to_owned(),
        Ending::Theirs(closed) => closed.reason.name(),
    }
}

/// The reason for people, and what they can do about it.
pub(crate) fn detail(outcome: &Outcome, network: Network) -> String {
    match &outcome.ending {
        Ending::Ours(Reason::Elapsed(_)) if !outcome.established => {
            format!("no handshake in time ({})", reason_text(&outcome.ending))
        }
        Ending::Ours(_) => reason_text(&outcome.ending),
        Ending::Theirs(closed) if outcome.established => after_handshake(closed),
        Ending::Theirs(closed) => match outcome.first.text() {
            Some(text) => not_decred(&text, network),
            None if outcome.first.is_empty() && is_timeout(&closed.reason) => {
                format!("it says nothing, so it may be no Decred peer; {}", check_port(network))
            }
            None => before_handshake(&closed.reason, network).unwrap_or_else(|| after_handshake(closed)),
        },
    }
}

/// Whether it let us in and hung up, or kept us waiting, without a word: where others shook hands, it is full.
pub(crate) fn is_full(outcome: &Outcome) -> bool {
    let Ending::Theirs(closed) = &outcome.ending else { return false };
    let is_wordless = !outcome.established && outcome.first.is_empty();
    is_wordless && (closed.reason == Error::ClosedByRemote || is_timeout(&closed.reason))
}

fn is_timeout(error: &Error) -> bool {
    *error == Error::Timeout(Timer::Handshake)
}

fn reason_text(ending: &Ending) -> String {
    match ending {
        Ending::Ours(reason) => reason.to_string(),
        Ending::Theirs(closed) => chain(closed),
    }
}

/// The remote said plain text.
fn not_decred(text: &str, network: Network) -> String {
    let language = if text.contains("HTTP/") { "it speaks HTTP" } else { "it speaks no Decred protocol" };
    format!("this is no Decred peer: {language} ({text:?}); {}", check_port(network))
}

fn before_handshake(error: &Error, network: Network) -> Option<String> {
    Some(match error {
        Error::Frame(frame) => match **frame {
            FrameError::WrongNetwork(theirs) if Network::KNOWN.iter().any(|(known, _)| *known == theirs) => {
                format!("this is a peer of {0}, try --network {0}", network_name(theirs))
            }
            ref frame @ (FrameError::WrongNetwork(_)
            | FrameError::PayloadTooLarge { command: None, .. }
            | FrameError::MalformedCmd(_)) => {
                format!("this is no Decred peer: {}; {}", chain(frame), check_port(network))
            }
            ref frame if frame.kind() == ErrorKind::Truncated => closed_early(network),
            _ => return None,
        },
        Error::ClosedByRemote | Error::TransportFailed => closed_early(network),
        Error::Timeout(Timer::Handshake) => "it was too slow to shake hands; try again later".to_owned(),
        Error::ProtocolVerTooOld { got, min } => format!(
            "it speaks protocol {got}, and the lowest accepted is {min}; --protocol 8 speaks with the old era"
        ),
        Error::SelfConnection => "this is ourselves; connect to another address".to_owned(),
        _ => return None,
    })
}

fn closed_early(network: Network) -> String {
    let name = network_name(network);
    format!(
        "it closed the connection before hands were shaken; it may not be of {name} (see --network), not \
         accept our version (see --protocol), or have enough peers"
    )
}

fn check_port(network: Network) -> String {
    let port = network.default_port().unwrap_or_default();
    format!("check host and port ({} peers listen on {port})", network_name(network))
}

fn after_handshake(closed: &Closed) -> String {
    match (&closed.reason, closed.transport) {
        (Error::ClosedByRemote, _) => "it closed the connection".to_owned(),
        (Error::TransportFailed, Some(kind)) => format!("the connection broke: {kind}"),
        (Error::Timeout(Timer::Idle), _) => "it said nothing for too long".to_owned(),
        (Error::Timeout(Timer::WriteStall), _) => "it took nothing of ours for too long".to_owned(),
        (error, _) if error.is_misbehaviour() => format!("it broke the protocol: {}", chain(error)),
        (error, _) => chain(error),
    }
}
