//! An owner that wants the end once everything is written.

use core::time::Duration;

use peer_core::message::Ping;
use peer_core::{Config, Direction, Error, Event, Message, Node, SendError, Timer};
use peer_tests::remote::{NETWORK, Remote, established};
use peer_tests::samples::item;

/// The largest of the answers that are waited for here is written well within this.
const LATER: Duration = Duration::from_secs(1);

#[test]
fn with_nothing_to_write_it_ends_at_once() {
    let mut remote = established();
    remote.machine.finish(remote.now);
    assert_eq!(remote.machine.failure(), Some(&Error::ClosedByOwner));
}

#[test]
fn what_is_queued_is_written_first_and_nothing_is_added() {
    let mut remote = established();
    let mark = remote.machine.send(&Message::GetAddr, remote.now).unwrap();
    remote.machine.finish(remote.now);
    assert_eq!(remote.machine.failure(), None);
    let refused = remote.machine.send(&Message::MemPool, remote.now);
    assert_eq!(refused, Err(SendError::Closed(Error::ClosedByOwner)));
    assert_eq!(remote.hears(), [Message::GetAddr]);
    assert!(remote.machine.is_flushed(mark));
    assert_eq!(remote.machine.failure(), Some(&Error::ClosedByOwner));
}

#[test]
fn a_batch_of_announcements_leaves_first() {
    let mut remote = established();
    remote.machine.announce(item(1), remote.now).unwrap();
    remote.machine.finish(remote.now);
    assert_eq!(remote.machine.failure(), None, "the batch is still to leave");
    remote.wait(LATER).unwrap();
    assert!(matches!(&remote.hears()[..], [Message::Inv(inv)] if inv.inventory.len() == 1));
    assert_eq!(remote.machine.failure(), Some(&Error::ClosedByOwner));
}

#[test]
fn until_then_events_go_on_and_what_the_remote_makes_us_owe_is_not_waited_for() {
    let mut remote = established();
    remote.machine.send(&Message::GetAddr, remote.now).unwrap();
    let first = remote.machine.poll_transmit(remote.now).len();
    remote.machine.finish(remote.now);
    remote.say(&Message::Ping(Ping { nonce: 7 }));
    assert_eq!(remote.pull(), Ok(Some(Event::Message(Message::Ping(Ping { nonce: 7 })))));
    assert!(remote.machine.queued() > first, "the pong waits");
    remote.machine.handle_transmitted(first, remote.now);
    assert_eq!(remote.machine.failure(), Some(&Error::ClosedByOwner));
}

#[test]
fn our_introduction_is_written_first() {
    let node = Node::new(Config::builder(NETWORK).build().unwrap());
    let mut remote = Remote::new(&node, Direction::Outbound);
    remote.machine.finish(remote.now);
    assert_eq!(remote.machine.failure(), None);
    assert!(matches!(remote.hears()[..], [Message::Version(_)]));
    assert_eq!(remote.machine.failure(), Some(&Error::ClosedByOwner));
}

#[test]
fn a_remote_that_takes_nothing_ends_it_by_the_write_stall() {
    let mut remote = established();
    remote.machine.send(&Message::GetAddr, remote.now).unwrap();
    remote.machine.poll_transmit(remote.now);
    remote.machine.finish(remote.now);
    let (timer, result) = remote.wait_for_deadline();
    assert_eq!((timer, result), (Timer::WriteStall, Err(Error::Timeout(Timer::WriteStall))));
}

#[test]
fn a_second_finish_and_a_close_change_nothing_and_end_it() {
    let mut remote = established();
    remote.machine.send(&Message::GetAddr, remote.now).unwrap();
    remote.machine.finish(remote.now);
    remote.machine.finish(remote.now);
    assert_eq!(remote.machine.failure(), None);
    assert_eq!(remote.machine.close(remote.now), Error::ClosedByOwner);
    assert_eq!(remote.machine.receive(remote.now), Err(Error::ClosedByOwner));
    assert!(remote.machine.poll_transmit(remote.now).is_empty());
}
