//! Checks of time and weight: pongs, idle connections, and connections that burden a node.

use core::future::pending;
use core::time::Duration;

use peer_core::message::{Inv, Inventory, InventoryKind, Ping};
use peer_core::{Hash, Message};
use tokio::time::sleep;

use super::catalogue::{Check, Needs};
use super::headers;
use super::items::UNKNOWN_KIND;
use super::lab::Lab;
use super::stop::{Outcome, Stop};
use super::wire::{Heard, Wire};
use crate::clock::Stopwatch;
use crate::format::{Count, Size, Span};

/// The checks of this file.
pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "pong",
        sends: "`ping` with the nonces 0, 1 and 2^64 - 1",
        passes: "`pong` with each of them",
        needs: Needs::Nothing,
        source: "dcrd's server",
        cases: &["ping with nonce 0"],
        run: |lab| Box::pin(pong(lab)),
    },
    Check {
        name: "junk",
        sends: "64 KiB/s of `inv` that mean nothing on one connection, `ping` on another",
        passes: "each `pong` within 2 s",
        needs: Needs::Nothing,
        source: "a demand of this project",
        cases: &[],
        run: |lab| Box::pin(junk(lab)),
    },
    Check {
        name: "unread-answers",
        sends: "40 `getheaders` on one connection that reads nothing, `ping` on another",
        passes: "each `pong` within 2 s",
        needs: Needs::Nothing,
        source: "dcrd's server",
        cases: &[],
        run: |lab| Box::pin(unread_answers(lab)),
    },
    Check {
        name: "idle-timeout",
        sends: "nothing after the handshake",
        passes: "it closes; dcrd does after 120 s",
        needs: Needs::Slow,
        source: "dcrd's server",
        cases: &["time: established, then silence, pings unanswered"],
        run: |lab| Box::pin(idle(lab)),
    },
];

/// Each `ping` is answered with its own nonce.
async fn pong(lab: &Lab) -> Outcome {
    let mut wire = lab.meet().await?;
    let clock = Stopwatch::start();
    for nonce in [0, 1, u64::MAX] {
        wire.send(Ping { nonce }).await?;
        match wire.answer("pong").await? {
            Message::Pong(pong) if pong.nonce == nonce => {}
            Message::Pong(_) => return Err(Stop::fail(format!("a pong of another nonce than {nonce:#x}"))),
            other => return Err(Stop::unexpected(&other, "pong")),
        }
    }
    Ok(format!("3 pings, 3 pongs with their nonces in {}", Span(clock.elapsed())))
}

/// A connection on which nothing comes ends.
async fn idle(lab: &Lab) -> Outcome {
    let mut wire = lab.meet().await?;
    wire.mute();
    let (clock, mut pinged) = (Stopwatch::start(), None);
    loop {
        match wire.hear(lab.limits.slow.saturating_sub(clock.elapsed())).await? {
            Heard::Message(Message::Ping(_)) if pinged.is_none() => pinged = Some(clock.elapsed()),
            Heard::Message(_) => {}
            Heard::Closed => {
                let ping = pinged.map(|at| format!(", its ping came after {}", Span(at))).unwrap_or_default();
                return Ok(format!("closed after {}{ping}", Span(clock.elapsed())));
            }
            Heard::Nothing => return Err(Stop::fail(format!("still open after {}", Span(lab.limits.slow)))),
        }
    }
}

/// 64 KiB/s of junk on one connection do not delay another one.
async fn junk(lab: &Lab) -> Outcome {
    let (mut junk, mut other) = (lab.meet().await?, lab.meet().await?);
    let frame = lab.frame(&junk_inventory(lab)?)?;
    let flood = async {
        let mut sent = 0_u64;
        for _ in 0..JUNK_PIECES {
            junk.send_bytes(&frame).await;
            sent = sent.saturating_add(frame.len() as u64);
            junk.next(JUNK_PAUSE).await?;
        }
        Ok::<_, Stop>(sent)
    };
    let (sent, (pings, slowest)) = tokio::try_join!(flood, ping_for(lab, &mut other, JUNK_TIME))?;
    Ok(format!("{} of junk; {pings} pings, slowest {}", Size(sent), Span(slowest)))
}

/// A connection that asks for much and reads nothing does not delay another one.
async fn unread_answers(lab: &Lab) -> Outcome {
    let (mut unread, mut other) = (lab.meet().await?, lab.meet().await?);
    unread.lives().await?;
    let request = headers::request(&[lab.genesis()?], Hash::ZERO)?;
    let flood = async {
        for _ in 0..UNREAD {
            unread.send(request.clone()).await?;
        }
        pending::<Result<(), Stop>>().await
    };
    let (pings, slowest) = tokio::select! {
        flooded = flood => return flooded.map(|()| String::new()),
        measured = ping_for(lab, &mut other, UNREAD_TIME) => measured?,
    };
    Ok(format!("{} unread answers; {pings} pings, slowest {}", Count::from(UNREAD), Span(slowest)))
}

/// Pings for so long. Returns how often, and the longest round trip.
async fn ping_for(lab: &Lab, wire: &mut Wire<'_>, time: Duration) -> Result<(u32, Duration), Stop> {
    let (clock, mut pings, mut slowest) = (Stopwatch::start(), 0_u32, Duration::ZERO);
    while clock.elapsed() < time {
        let (round_trip, _) = wire.fence(lab.limits.busy_pong).await?;
        (pings, slowest) = (pings.saturating_add(1), slowest.max(round_trip));
        sleep(PING_PAUSE).await;
    }
    Ok((pings, slowest))
}

/// Names that mean nothing to a node, and cost it nothing but the reading.
fn junk_inventory(lab: &Lab) -> Result<Message, Stop> {
    let hash = lab.unknown_hash()?;
    let item = Inventory { kind: InventoryKind::new(UNKNOWN_KIND), hash };
    Ok(Inv { inventory: vec![item; JUNK_ITEMS].try_into()? }.into())
}

const PING_PAUSE: Duration = Duration::from_millis(50);
/// Items of a frame of 16 KiB.
const JUNK_ITEMS: usize = 455;
/// Four a second are 64 KiB/s.
const JUNK_PAUSE: Duration = Duration::from_millis(250);
const JUNK_PIECES: u32 = 12;
const JUNK_TIME: Duration = Duration::from_secs(3);
const UNREAD: usize = 40;
const UNREAD_TIME: Duration = Duration::from_secs(2);
