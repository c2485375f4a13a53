//! Why a connection ended, in words that say what to do.

use peer_core::{Config, Direction, Error, FrameError, Network, SendError, Stats, Timer};
use peer_tokio::Closed;

use crate::causes::{self, Cause};
use crate::error::chain;
use crate::format::{Count, Span};
use crate::options::network_name;
use crate::outcome::{Ending, Outcome};
use crate::shutdown::ShutdownReason;
use crate::versions::Versions;

/// The reason's name for programs: a kind of the reference's where it has one, else ours.
pub(crate) fn name(ending: &Ending) -> String {
    match ending {
        Ending::Ours(reason) => reason.name().to_owned(),
        Ending::Theirs(closed) => closed.reason.name(),
    }
}

/// The reason for people, and what they can do about it.
pub(crate) fn detail(outcome: &Outcome, config: &Config) -> String {
    let causes = causes(outcome, config);
    if causes.is_empty() {
        return what_happened(outcome, config);
    }
    let (what, causes) = (what_happened(outcome, config), causes::list(&causes));
    format!("{what}; it gave no reason: it may be that {causes}")
}

/// The reason for people, without its possible causes, which have lines of their own.
pub(crate) fn headline(outcome: &Outcome, config: &Config) -> String {
    let what = what_happened(outcome, config);
    if causes(outcome, config).is_empty() { what } else { format!("{what}; it gave no reason") }
}

/// The possible causes, where the remote left without a reason.
pub(crate) fn causes(outcome: &Outcome, config: &Config) -> Vec<Cause> {
    let Ending::Theirs(closed) = &outcome.ending else { return Vec::new() };
    if !is_gone(&closed.reason) {
        return Vec::new();
    }
    if !outcome.established {
        let is_text = outcome.first.text().is_some();
        return if is_text { Vec::new() } else { causes::before_handshake(&outcome.stats, config) };
    }
    match (outcome.stats.direction, &closed.reason) {
        // An inbound remote may leave at any time.
        (Direction::Inbound, Error::ClosedByRemote) => Vec::new(),
        _ => causes::after_handshake(&outcome.stats),
    }
}

/// Seconds to wait before dialling the remote again; `None` if another attempt would fail in the same way.
pub(crate) fn redial_after(outcome: &Outcome) -> Option<u64> {
    match &outcome.ending {
        Ending::Theirs(closed) if outcome.stats.direction == Direction::Outbound => {
            closed.reason.redial_after(1).map(|pause| pause.as_secs())
        }
        _ => None,
    }
}

/// Whether the remote ended the connection without breaking the protocol.
fn is_gone(error: &Error) -> bool {
    match error {
        Error::ClosedByRemote
        | Error::ClosedBeforeVersion
        | Error::ClosedBeforeVerack
        | Error::TransportFailed => true,
        Error::Frame(frame) => is_cut_off(frame),
        _ => false,
    }
}

const fn is_cut_off(frame: &FrameError) -> bool {
    matches!(frame, FrameError::Truncated { .. })
}

/// The reason, without guesses.
pub(crate) fn what_happened(outcome: &Outcome, config: &Config) -> String {
    let network = config.network();
    match &outcome.ending {
        Ending::Ours(ShutdownReason::Elapsed(_)) if !outcome.established => {
            format!("no handshake in time ({})", reason_text(&outcome.ending))
        }
        Ending::Ours(_) => reason_text(&outcome.ending),
        Ending::Theirs(closed) if outcome.established => after_handshake(closed, &outcome.stats),
        Ending::Theirs(closed) => match outcome.first.text() {
            Some(text) => not_decred(&text, network),
            None if outcome.first.is_empty() && is_timeout(&closed.reason) => {
                format!("it says nothing, so it may be no Decred peer; {}", check_port(network))
            }
            None => before_handshake(&closed.reason, network)
                .unwrap_or_else(|| after_handshake(closed, &outcome.stats)),
        },
    }
}

/// Whether the remote accepted the connection and sent nothing. If other connections got a handshake, it is full.
pub(crate) fn is_full(outcome: &Outcome) -> bool {
    let Ending::Theirs(closed) = &outcome.ending else { return false };
    let is_silent = !outcome.established && outcome.first.is_empty();
    is_silent && (is_gone(&closed.reason) || is_timeout(&closed.reason))
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
            FrameError::Truncated { missing } => format!("{CLOSED_EARLY}{}", cut_off(missing)),
            _ => return None,
        },
        Error::ClosedBeforeVersion
        | Error::ClosedBeforeVerack
        | Error::ClosedByRemote
        | Error::TransportFailed => CLOSED_EARLY.to_owned(),
        Error::Timeout(Timer::Handshake) => "it was too slow to shake hands; try again later".to_owned(),
        Error::ProtocolVerTooOld { got, min } => format!(
            "it speaks protocol {got}, and the lowest accepted is {min}; --protocol 8 speaks with the old era"
        ),
        Error::SelfConnection => "this is ourselves; connect to another address".to_owned(),
        _ => return None,
    })
}

/// A reset means the same: it only tells that the remote had not read all that we sent.
const CLOSED_EARLY: &str = "it closed the connection before hands were shaken";

/// Where a frame was cut off.
fn cut_off(missing: usize) -> String {
    let missing = Count::from(missing);
    format!(
        ", inside a frame, {missing} bytes before its end (no fault by itself: some programs write header and \
         payload apart, and leave in between)"
    )
}

fn check_port(network: Network) -> String {
    let port = network.default_port().unwrap_or_default();
    format!("check host and port ({} peers listen on {port})", network_name(network))
}

/// Why a message was not sent, and what to do.
pub(crate) fn refusal(error: &SendError) -> String {
    match error {
        SendError::Bannable(_) => {
            format!("{}, for a day; to test a node of your own, add --rude", chain(error))
        }
        error => chain(error),
    }
}

fn after_handshake(closed: &Closed, stats: &Stats) -> String {
    match (&closed.reason, closed.transport) {
        (Error::Frame(frame), _) => match **frame {
            FrameError::Truncated { missing } => format!("it closed the connection{}", cut_off(missing)),
            ref frame => refused(frame, stats),
        },
        (Error::ClosedByRemote, _) => "it closed the connection".to_owned(),
        (Error::CutOffWhilePaused { missing, paused }, _) => {
            let (missing, paused) = (Count::from(*missing), Span(*paused));
            format!(
                "it closed the connection inside a frame, {missing} bytes before its end, when we had not read for \
                 {paused}: nodes give up writing after 20 s"
            )
        }
        (Error::TransportFailed, Some(kind)) => format!("the connection broke: {kind}"),
        (Error::Timeout(Timer::Idle), _) => "it said nothing for too long".to_owned(),
        (Error::Timeout(Timer::WriteStall), _) => "it took nothing of ours for too long".to_owned(),
        (error, _) if error.is_misbehaviour() => format!("it broke the protocol: {}", chain(error)),
        (error, _) => chain(error),
    }
}

/// A malformed frame, or a message that the negotiated version does not have.
fn refused(frame: &FrameError, stats: &Stats) -> String {
    let version = stats.protocol_version;
    match Versions::of_refused(frame, version) {
        Some((command, versions)) => {
            format!("it broke the protocol: {command} is no message of protocol {version}: {versions}")
        }
        None => format!("it broke the protocol: {}", chain(frame)),
    }
}
