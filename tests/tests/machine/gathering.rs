//! When a driver gathers input before it pulls: while blocks are requested, within limits, and for no longer than it pays.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use core::time::Duration;

use peer_core::{Connection, Gather, Time};
use peer_tests::remote::{Remote, unguarded};
use peer_tests::samples::{block_item, getdata};

const WANTED: usize = 1_000_000;

/// A machine that has requested sixteen blocks, and the time.
fn awaiting_blocks() -> (Connection, Time) {
    let mut remote = Remote::established(unguarded().read_ahead(WANTED).build().unwrap());
    remote.machine.send(&getdata((0..16).map(block_item).collect::<Vec<_>>()), remote.now).unwrap();
    remote.machine.take_all(remote.now);
    (remote.machine.fork(), remote.now)
}

fn gather() -> Gather<&'static str> {
    Gather::new()
}

#[test]
fn input_is_gathered_after_a_read_that_was_filled_up_to_what_is_wanted() {
    let (connection, now) = awaiting_blocks();
    let mut gather = gather();
    let input = vec![0; WANTED];
    assert!(!gather.wants_more(&connection, &[], now));
    gather.on_read(65_536, true, &connection, &input[..65_536]);
    assert!(gather.wants_more(&connection, &input[..65_536], now));
    assert!(gather.wants_more(&connection, &input[1..], now));
    assert!(!gather.wants_more(&connection, &input, now));
    gather.on_read(65_536, false, &connection, &input[..131_072]);
    assert!(!gather.wants_more(&connection, &input[..131_072], now));
}

#[test]
fn nothing_is_gathered_for_a_machine_that_requested_no_blocks() {
    let idle = Remote::established(unguarded().build().unwrap());
    let mut gather = gather();
    gather.on_read(65_536, true, &idle.machine.fork(), &[0; 65_536]);
    assert!(!gather.wants_more(&idle.machine.fork(), &[0; 65_536], idle.now));
}

#[test]
fn nothing_is_gathered_once_a_timeout_is_due() {
    let (connection, now) = awaiting_blocks();
    let mut gather = gather();
    gather.on_read(65_536, true, &connection, &[0; 65_536]);
    let due = connection.poll_timeout().unwrap();
    assert!(due > now + Duration::from_secs(1));
    assert!(!gather.wants_more(&connection, &[0; 65_536], due));
}

#[test]
fn gathering_rests_where_the_transport_is_drained_before_several_blocks_wait() {
    let (connection, now) = awaiting_blocks();
    let mut gather = gather();
    gather.on_read(65_536, true, &connection, &[0; 65_536]);
    assert!(gather.on_drained(&connection, &[0; 65_536]));
    let mut read = 0;
    while !gather.wants_more(&connection, &[0; 65_536], now) {
        gather.on_read(65_536, true, &connection, &[0; 65_536]);
        read += 65_536;
    }
    assert_eq!(read, 65_536 * 16);
    assert!(gather.stop());
    assert!(!gather.on_drained(&connection, &[]));
}

#[test]
fn gathering_goes_on_where_a_quarter_of_what_is_wanted_came_together() {
    let (connection, now) = awaiting_blocks();
    let mut gather = gather();
    let input = vec![0; WANTED / 4];
    gather.on_read(input.len(), true, &connection, &input);
    assert!(gather.on_drained(&connection, &input));
    gather.on_read(65_536, true, &connection, &[0; 65_536]);
    assert!(gather.wants_more(&connection, &[0; 65_536], now));
}

#[test]
fn the_end_of_the_transport_waits_for_what_was_gathered() {
    let (connection, now) = awaiting_blocks();
    let mut gather = gather();
    assert_eq!(gather.on_end("reset"), Some("reset"));
    gather.on_read(65_536, true, &connection, &[0; 65_536]);
    assert_eq!(gather.on_end("closed"), None);
    assert!(!gather.wants_more(&connection, &[0; 65_536], now));
    assert_eq!(gather.take_end(), Some("closed"));
    assert_eq!(gather.take_end(), None);
}
