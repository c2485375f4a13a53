//! Floods: a remote that says one thing again and again.

use core::time::Duration;

use peer_core::message::Ping;
use peer_core::{Error, Message, SendError, Timer};
use peer_tests::samples::{getdata, inv, tx_item};

use crate::Attack;
use crate::heap::{KIB, MIB, Meter, at_most, scaled};
use crate::victim::{Victim, config, framed};

pub(crate) const ATTACKS: &[Attack] = &[
    ("maximal_invs_do_not_fill_the_heap", maximal_invs),
    ("pings_whose_pongs_are_never_taken_stop_being_read", unread_pings),
    ("pings_whose_pongs_are_taken_late_do_not_fill_the_queue", pings),
    ("empty_messages_do_not_fill_the_heap", empty_messages),
    ("items_announced_and_never_served_end_the_connection", announced_and_never_served),
];

const GIB: usize = 1024 * MIB;

/// What one read of a socket brings.
const READ: usize = 16 * KIB;

fn maximal_invs() {
    let frame = framed(&inv(vec![tx_item(1); 50_000]));
    let mut victim = Victim::established(config());
    let (mut meter, mut received, mut written) = (Meter::start(), 0, 0);
    while received < scaled(GIB) {
        for piece in frame.chunks(READ) {
            meter.step(|| victim.hear(piece)).unwrap();
            received += piece.len();
        }
        written += victim.flush();
    }
    at_most("1 GiB of invs of 50,000 items", "bytes of heap", 4 * MIB, meter.peak());
    at_most("what they make us say", "bytes", 0, written);
}

fn unread_pings() {
    let frame = framed(&Message::Ping(Ping { nonce: 1 }));
    let read = frame.repeat(READ / frame.len());
    let mut victim = Victim::established(config());
    let (mut meter, mut received) = (Meter::start(), 0);
    // The transport is full, so what it was shown stays where it is.
    while victim.peer.wants_read() {
        meter.step(|| victim.hear(&read)).unwrap();
        received += read.len();
        assert!(victim.take(0).is_empty());
    }
    assert!(received < scaled(GIB), "it read on and on");
    at_most("pings whose pongs are never taken", "bytes read of 1 GiB", 128 * KIB, received);
    at_most("the same", "bytes queued", 64 * KIB + 32, victim.peer.peer().queued());
    at_most("the same", "bytes of heap", 4 * MIB, meter.peak());
    let ended = (0..60).find_map(|_| {
        victim.take(0);
        victim.wait(Duration::from_secs(1)).err()
    });
    assert_eq!(ended, Some(Error::Timeout(Timer::WriteStall)));
}

fn pings() {
    let frame = framed(&Message::Ping(Ping { nonce: 1 }));
    let read = frame.repeat(READ / frame.len());
    let mut victim = Victim::established(config());
    let (mut meter, mut received, mut queued) = (Meter::start(), 0, 0);
    while received < scaled(GIB) {
        meter.step(|| victim.hear(&read)).unwrap();
        received += read.len();
        queued = queued.max(victim.peer.peer().queued());
        if !victim.peer.wants_read() {
            victim.flush();
        }
    }
    at_most(
        "1 GiB of pings whose pongs are taken when we stop reading",
        "bytes queued",
        64 * KIB + 32,
        queued,
    );
    at_most("the same", "bytes of heap", 4 * MIB, meter.peak());
}

fn empty_messages() {
    let read = framed(&Message::SendHeaders).repeat(READ / 24);
    let mut victim = Victim::established(config());
    let (mut meter, mut received) = (Meter::start(), 0);
    while received < scaled(GIB) {
        meter.step(|| victim.hear(&read)).unwrap();
        received += read.len();
    }
    at_most("1 GiB of empty messages", "bytes of heap", 4 * MIB, meter.peak());
    at_most("what they make us say", "bytes", 0, victim.peer.peer().queued());
}

/// The owner believes every announcement and asks for as much as it may.
fn announced_and_never_served() {
    const ITEMS: u32 = 1_000_000;
    let mut victim = Victim::established(config());
    let (mut meter, mut asked, mut refused) = (Meter::start(), 0, 0);
    for first in (0..ITEMS).step_by(1000) {
        let items: Vec<_> = (first..first + 1000).map(tx_item).collect();
        meter.step(|| victim.hear(&framed(&inv(items.clone())))).unwrap();
        for item in &items {
            victim.peer.peer_mut().add_known(item, victim.now);
        }
        match victim.peer.peer_mut().send(&getdata(items), victim.now) {
            Ok(_) => asked += 1000,
            Err(SendError::TooManyRequests { .. }) => refused += 1000,
            Err(other) => panic!("{other}"),
        }
        victim.flush();
    }
    assert_eq!(asked + refused, ITEMS);
    at_most(
        "1,000,000 items announced and never served",
        "items asked for",
        75_000,
        victim.peer.peer().open_requests(),
    );
    at_most("the same", "bytes of heap", 16 * MIB, meter.held());
    let ended = (0..60).find_map(|_| victim.wait(Duration::from_secs(1)).err());
    assert!(matches!(ended, Some(Error::Stalled(_))), "{ended:?}");
}
