//! Checks of the handshake.

use core::time::Duration;

use peer_core::message::Ping;
use peer_core::{Message, ProtocolVersion};

use super::catalogue::{Check, Needs};
use super::lab::Lab;
use super::stop::{Outcome, Stop};
use super::wire::{Heard, Wire};
use crate::clock::Stopwatch;
use crate::format::Span;

/// The checks of this file.
pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "version-order",
        sends: "`version`",
        passes: "it answers `version`, then `verack`",
        needs: Needs::Nothing,
        source: "dcrd's server",
        cases: &["version: services 0"],
        run: |lab| Box::pin(order(lab)),
    },
    Check {
        name: "waits-for-version",
        sends: "nothing",
        passes: "it sends nothing before our `version`",
        needs: Needs::Nothing,
        source: "dcrd's peer package",
        cases: &[],
        run: |lab| Box::pin(waits_for_version(lab)),
    },
    Check {
        name: "negotiation",
        sends: "`version` of protocol 9, 10, 11 and 12, a connection each",
        passes: "it accepts each, and tells the lower of its own version and ours",
        needs: Needs::Nothing,
        source: "dcrd's server, dcrd's peer package",
        cases: &["version: pver 9"],
        run: |lab| Box::pin(negotiation(lab)),
    },
    Check {
        name: "future-version",
        sends: "`version` of protocol 70000",
        passes: "it accepts it, and tells its own version",
        needs: Needs::Nothing,
        source: "dcrd's server",
        cases: &["version: pver 70000"],
        run: |lab| Box::pin(future_version(lab)),
    },
    Check {
        name: "too-old-version",
        sends: "`version` of protocol 8",
        passes: "it closes",
        needs: Needs::Nothing,
        source: "dcrd's server",
        cases: &["version: pver 8"],
        run: |lab| Box::pin(too_old(lab)),
    },
    Check {
        name: "ping-first",
        sends: "`ping` in place of `version`",
        passes: "it closes",
        needs: Needs::Nothing,
        source: "dcrd's server",
        cases: &["ping before version"],
        run: |lab| Box::pin(ping_first(lab)),
    },
    Check {
        name: "second-version",
        sends: "a second `version`",
        passes: "it closes",
        needs: Needs::Nothing,
        source: "dcrd's server",
        cases: &["second version"],
        run: |lab| Box::pin(second_version(lab)),
    },
    Check {
        name: "second-verack",
        sends: "a second `verack`",
        passes: "it closes",
        needs: Needs::Nothing,
        source: "dcrd's server",
        cases: &["second verack"],
        run: |lab| Box::pin(second_verack(lab)),
    },
    Check {
        name: "fresh-nonces",
        sends: "`version` on two connections",
        passes: "its nonces differ from each other and from ours",
        needs: Needs::Nothing,
        source: "dcrd's peer package",
        cases: &[],
        run: |lab| Box::pin(fresh_nonces(lab)),
    },
    Check {
        name: "own-nonce",
        sends: "`version` with the nonce of its own",
        passes: "it closes; skipped if it shakes hands, as it may know only the nonces of connections that it made",
        needs: Needs::Nothing,
        source: "dcrd's server",
        cases: &["dialled: its own version back, verack"],
        run: |lab| Box::pin(own_nonce(lab)),
    },
    Check {
        name: "early-messages",
        sends: "protocol 11: `version`, two `ping`, `verack`",
        passes: "it answers both after the handshake",
        needs: Needs::Nothing,
        source: "dcrd's server",
        cases: &["2 early pings before verack at 9"],
        run: |lab| Box::pin(early_messages(lab)),
    },
    Check {
        name: "early-at-12",
        sends: "protocol 12: `version`, `ping`",
        passes: "it closes",
        needs: Needs::Nothing,
        source: "dcrd's server",
        cases: &["1 early ping before verack at 12"],
        run: |lab| Box::pin(early_at_12(lab)),
    },
    Check {
        name: "handshake-timeout",
        sends: "nothing",
        passes: "it closes; dcrd does after 30 s",
        needs: Needs::Slow,
        source: "dcrd's server",
        cases: &["time: 30 bytes of a version"],
        run: |lab| Box::pin(timeout(lab)),
    },
];

const LATEST: u32 = ProtocolVersion::LATEST.get();
const OLDEST: u32 = ProtocolVersion::OLDEST_ACCEPTED.get();

/// `version`, then `verack`, before ours.
async fn order(lab: &Lab) -> Outcome {
    let mut wire = lab.open().await?;
    let clock = Stopwatch::start();
    wire.introduce(LATEST, lab.random()?).await?;
    wire.hear_version().await?;
    wire.hear_verack().await?;
    let elapsed = clock.elapsed();
    wire.send(Message::Verack).await?;
    wire.lives().await?;
    Ok(format!("version, verack within {}, then a pong", Span(elapsed)))
}

/// Who is dialled says nothing first.
async fn waits_for_version(lab: &Lab) -> Outcome {
    let mut wire = lab.open().await?;
    match wire.hear(SILENCE).await? {
        Heard::Nothing => {}
        Heard::Message(message) => {
            return Err(Stop::fail(format!("it sent {} before our version", message.command())));
        }
        Heard::Closed => return Err(Stop::TurnedAway),
    }
    wire.shake_hands(LATEST).await?;
    Ok(format!("silent for {}, then it shook hands", Span(SILENCE)))
}

/// Every version from 9 on is accepted, and who is dialled tells the lower of both.
async fn negotiation(lab: &Lab) -> Outcome {
    let mut highest = 0;
    for offer in OLDEST..=LATEST {
        let told = accepted_at(lab, offer).await?;
        if told > offer {
            return Err(Stop::fail(format!("it told {told} to an offer of {offer}, not the lower of both")));
        }
        highest = told;
    }
    Ok(format!("{OLDEST} to {LATEST} accepted; it speaks {highest} of these"))
}

/// A higher version than any of today counts as the node's own.
async fn future_version(lab: &Lab) -> Outcome {
    let told = accepted_at(lab, FUTURE).await?;
    if told >= FUTURE {
        return Err(Stop::fail(format!("it told {told}, which it cannot speak")));
    }
    Ok(format!("offered {FUTURE}, it told {told}"))
}

/// Shakes hands at this version, and returns the one that the node tells.
async fn accepted_at(lab: &Lab, offer: u32) -> Result<u32, Stop> {
    let stopped = |stop| match stop {
        Stop::Fail(evidence) => Stop::fail(format!("offered {offer}: {evidence}")),
        // The first connection was welcome, so it is the version that is not.
        Stop::TurnedAway => Stop::fail(format!("offered {offer}: it closed the connection without a byte")),
        other => other,
    };
    let mut wire = lab.open().await?;
    let version = wire.shake_hands(offer).await.map_err(stopped)?;
    wire.lives().await.map_err(stopped)?;
    let told = version.protocol_version.cast_unsigned();
    if told < OLDEST {
        return Err(Stop::fail(format!("offered {offer}, it told {told}: below {OLDEST}")));
    }
    Ok(told)
}

/// A version below 9 ends the connection.
async fn too_old(lab: &Lab) -> Outcome {
    let mut wire = lab.open().await?;
    wire.introduce(OLDEST.saturating_sub(1), lab.random()?).await?;
    let clock = Stopwatch::start();
    loop {
        match wire.hear(lab.limits.answer.saturating_sub(clock.elapsed())).await? {
            Heard::Closed => return Ok(format!("closed {} after version 8", Span(clock.elapsed()))),
            // Nodes below 9 said why.
            Heard::Message(Message::Reject(_)) => {}
            Heard::Message(message) => {
                return Err(Stop::fail(format!("it sent {} after version 8", message.command())));
            }
            Heard::Nothing => {
                return Err(Stop::fail(format!("still open {} after version 8", Span(lab.limits.answer))));
            }
        }
    }
}

/// Anything but `version` first ends the connection.
async fn ping_first(lab: &Lab) -> Outcome {
    let mut wire = lab.open().await?;
    wire.send(Ping { nonce: 1 }).await?;
    wire.closes("a ping that came first").await
}

/// A second `version` ends the connection.
async fn second_version(lab: &Lab) -> Outcome {
    let mut wire = settled(lab).await?;
    wire.introduce(LATEST, lab.random()?).await?;
    wire.closes("the second version").await
}

/// A second `verack` ends the connection.
async fn second_verack(lab: &Lab) -> Outcome {
    let mut wire = settled(lab).await?;
    wire.send(Message::Verack).await?;
    wire.closes("the second verack").await
}

/// A connection on which a `pong` has come, so that what follows is no part of the handshake.
async fn settled(lab: &Lab) -> Result<Wire<'_>, Stop> {
    let mut wire = lab.meet().await?;
    wire.lives().await?;
    Ok(wire)
}

/// Each `version` has a nonce of its own.
async fn fresh_nonces(lab: &Lab) -> Outcome {
    let mut nonces = Vec::new();
    for _ in 0..2 {
        let (mut wire, ours) = (lab.open().await?, lab.random()?);
        wire.introduce(LATEST, ours).await?;
        let theirs = wire.hear_version().await?.nonce;
        if theirs == ours {
            return Err(Stop::fail("it sent our own nonce back"));
        }
        if nonces.contains(&theirs) {
            return Err(Stop::fail(format!("{theirs:#018x} on both of two connections")));
        }
        nonces.push(theirs);
    }
    Ok("two connections, two nonces".to_owned())
}

/// A node that hears its own nonce talks to itself. One that knows only the nonces of connections
/// that it made has no reason to close here.
async fn own_nonce(lab: &Lab) -> Outcome {
    let mut first = lab.open().await?;
    first.introduce(LATEST, lab.random()?).await?;
    let nonce = first.hear_version().await?.nonce;
    let mut second = lab.open().await?;
    second.introduce(LATEST, nonce).await?;
    let clock = Stopwatch::start();
    match second.hear(lab.limits.answer).await? {
        Heard::Closed => Ok(format!("closed {} after a version with its own nonce", Span(clock.elapsed()))),
        Heard::Message(Message::Version(_)) => {
            Err(Stop::skip("it shook hands: it may know only the nonces it dialled with"))
        }
        Heard::Message(message) => Err(Stop::unexpected(&message, "version")),
        Heard::Nothing => {
            Err(Stop::fail(format!("neither closed nor answered within {}", Span(lab.limits.answer))))
        }
    }
}

/// Below 12, two messages before `verack` are kept and answered behind it.
async fn early_messages(lab: &Lab) -> Outcome {
    let mut wire = lab.open().await?;
    let nonce = lab.random()?;
    wire.introduce(ProtocolVersion::BATCHED_CFILTERS_V2.get(), lab.random()?).await?;
    wire.hear_version().await?;
    wire.hear_verack().await?;
    for nonce in [nonce, nonce.wrapping_add(1)] {
        wire.send(Ping { nonce }).await?;
    }
    wire.send(Message::Verack).await?;
    for nonce in [nonce, nonce.wrapping_add(1)] {
        match wire.answer("the pong of an early ping").await? {
            Message::Pong(pong) if pong.nonce == nonce => {}
            other => return Err(Stop::unexpected(&other, "the pong of an early ping")),
        }
    }
    Ok("two pings before verack, both answered".to_owned())
}

/// At 12, a message before `verack` ends the connection.
async fn early_at_12(lab: &Lab) -> Outcome {
    let mut wire = lab.open().await?;
    wire.introduce(LATEST, lab.random()?).await?;
    let told = wire.hear_version().await?.protocol_version;
    if told.cast_unsigned() < LATEST {
        return Err(Stop::skip(format!("it speaks only version {told}")));
    }
    wire.hear_verack().await?;
    wire.send(Ping { nonce: 1 }).await?;
    wire.closes("a ping before verack").await
}

/// A connection that says nothing ends.
async fn timeout(lab: &Lab) -> Outcome {
    let mut wire = lab.open().await?;
    let clock = Stopwatch::start();
    match wire.hear(lab.limits.slow).await? {
        Heard::Closed => Ok(format!("closed after {}", Span(clock.elapsed()))),
        Heard::Message(message) => Err(Stop::fail(format!("it sent {} first", message.command()))),
        Heard::Nothing => Err(Stop::fail(format!("still open after {}", Span(lab.limits.slow)))),
    }
}

/// How long to listen for what must not come.
const SILENCE: Duration = Duration::from_millis(300);
/// A protocol version that no node speaks.
const FUTURE: u32 = 70_000;
