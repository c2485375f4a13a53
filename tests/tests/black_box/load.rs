//! Remotes that send much, or take nothing.

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use core::time::Duration;
use std::io::Write;
use std::thread;
use std::time::Instant;

use peer_core::message::Inventory;
use peer_core::{Error, Hash, Message, SendError, Timer, UnknownCommands};
use peer_tests::remote::bytes_of;
use peer_tests::samples::ping;
use peer_tests::{remote, samples};

use crate::client::Client;
use crate::subject::{Adapter, Subject};

/// Payload of one junk message.
const JUNK: usize = 4_000_000;

/// While one remote sends 80 junk messages of 4 MB, another's pings are answered within 50 ms.
///
/// Nine of ten must be: the machine that runs the test may be busy with something else for a while.
#[expect(clippy::disallowed_methods, reason = "the time within which a ping is answered is the claim")]
pub(crate) fn junk_does_not_delay_another<A: Adapter>() {
    let mut subject = Subject::with::<A>(|config| {
        let config = config.unknown_commands(UnknownCommands::Ignore);
        config.max_unrequested(JUNK)
    });
    let mut junk = Client::established(&mut subject, 0);
    let mut other = Client::established(&mut subject, 1);
    let is_over = AtomicBool::new(false);
    let mut writer = junk.writer();
    let mut round_trips = thread::scope(|scope| {
        scope.spawn(|| {
            let frame = remote::frame("junk", &vec![0xaa; JUNK]);
            (0..80).for_each(|_| writer.write_all(&frame).unwrap());
            is_over.store(true, Ordering::Relaxed);
        });
        let mut round_trips = Vec::new();
        while !is_over.load(Ordering::Relaxed) {
            let start = Instant::now();
            other.ping(7);
            round_trips.push(start.elapsed());
        }
        round_trips
    });
    // The junk was read and forgiven.
    junk.ping(8);
    assert!(round_trips.len() >= 10, "only {} pings were answered meanwhile", round_trips.len());
    round_trips.sort_unstable();
    let slow = round_trips[round_trips.len() * 9 / 10];
    assert!(slow <= Duration::from_millis(50), "one ping in ten took {slow:?} or more");
}

/// Both sides write more than the sockets hold before either reads.
pub(crate) fn both_sides_send_at_once<A: Adapter>() {
    let mut subject = Subject::new::<A>();
    let mut client = Client::established(&mut subject, 0);
    let large = large_inv();
    for _ in 0..3 {
        subject.send(0, large.clone()).unwrap();
    }
    for _ in 0..3 {
        client.say(&large);
    }
    for _ in 0..3 {
        assert!(subject.message(0) == large, "the node heard something else");
        assert!(client.hear() == large, "the remote heard something else");
    }
}

/// The same between two nodes.
pub(crate) fn two_nodes_send_at_once<A: Adapter>() {
    let (mut near, mut far) = (Subject::new::<A>(), Subject::new::<A>());
    near.dial(far.address);
    near.established(0);
    far.established(0);
    let large = large_inv();
    for _ in 0..3 {
        near.send(0, large.clone()).unwrap();
        far.send(0, large.clone()).unwrap();
    }
    for _ in 0..3 {
        assert!(near.message(0) == large, "the dialling node heard something else");
        assert!(far.message(0) == large, "the dialled node heard something else");
    }
}

/// Two remotes that never read, one that was sent much and one that asks for much. The queue of the first has its
/// limit, and in the end it is let go; the second is not read any more; others are served.
pub(crate) fn remotes_that_never_read<A: Adapter>() {
    // More than systems hold for a connection, so that something is left here.
    let limit = 16 << 20;
    let mut subject = Subject::with::<A>(|config| config.send_limit(limit));
    let _silent = Client::established_to_be_silent(&mut subject, 0);
    let greedy = Client::established_to_be_silent(&mut subject, 1);
    let mut other = Client::established(&mut subject, 2);

    let message = samples::inv(items(1_000));
    let refused = loop {
        if let Err(error) = subject.send(0, message.clone()) {
            break error;
        }
    };
    assert!(matches!(refused, SendError::Full { .. }), "{refused}");
    let pings = bytes_of(&ping(7)).repeat(10_000);
    let mut writer = greedy.writer();
    let flooded = AtomicUsize::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            while writer.write_all(&pings).is_ok() {
                flooded.fetch_add(pings.len(), Ordering::Relaxed);
            }
        });
        other.ping(7);
        assert_eq!(subject.ended(0), Error::Timeout(Timer::WriteStall));
        other.ping(8);
        // What the system holds of both directions is a few megabytes. Its end is left to the tests of the
        // adapters: where both windows are shut, systems may let a trickle through for minutes.
        assert!(flooded.load(Ordering::Relaxed) <= 64 << 20, "the node went on reading");
        greedy.hang_up();
    });
}

/// An `inv` of 1.8 MB.
fn large_inv() -> Message {
    samples::inv(items(50_000))
}

fn items(count: u32) -> Vec<Inventory> {
    (0..count).map(|number| Inventory::tx(Hash::digest(&number.to_le_bytes()))).collect()
}
