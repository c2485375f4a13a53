//! The end of a whole set.

use core::time::Duration;

use peer_core::{Direction, Error};
use peer_mio::{InsertError, PeerEvent};

use crate::mio::scripted::{Answer, BLOCK, Scripted, Set, ended, greeting, inv_of};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_set_that_shuts_down_writes_to_all_and_is_empty_within_its_time() {
    let mut set = Set::new();
    let (prompt, silent, full) = (set.established(), set.established(), set.established());
    let (_, unconnected) = set.add(Direction::Outbound);
    unconnected.script().connects = [Ok(false), Ok(false)].into();
    set.events();
    for (id, _) in [&prompt, &silent, &full] {
        set.send(*id, &inv_of(10)).unwrap();
    }
    prompt.1.script().reads = [BLOCK, Answer::Eof].into();
    full.1.script().writes = vec![BLOCK; 100].into();
    set.peers.shut_down(3 * SECOND);
    set.peers.wake(prompt.0);
    let mut ends = set.drain().len();
    set.peers.wake(prompt.0);
    ends += set.drain().len();
    assert_eq!(ends, 2, "the one that closes and the one that was never connected");
    assert_eq!(set.peers.len(), 2);
    set.peers.advance(3 * SECOND);
    for (_, happened) in set.drain() {
        assert_eq!(happened, PeerEvent::Closed(ended(Error::ClosedByOwner)));
    }
    assert!(set.peers.is_empty());
    assert_eq!(prompt.1.script().commands(), ["inv"]);
    assert_eq!(silent.1.script().commands(), ["inv"]);
}

#[test]
fn a_set_that_shuts_down_takes_no_connection_in() {
    let mut set = Set::new();
    set.peers.shut_down(SECOND);
    let refused = set.peers.insert(Scripted::default(), Direction::Inbound, greeting());
    assert!(matches!(refused, Err(InsertError::ShuttingDown)));
    assert!(set.peers.is_empty());
}

#[test]
fn shutting_down_again_sooner_ends_sooner() {
    let mut set = Set::new();
    set.established();
    set.peers.shut_down(4 * SECOND);
    assert!(set.events().is_empty());
    set.peers.shut_down(SECOND);
    set.peers.shut_down(4 * SECOND);
    assert!(set.events().is_empty());
    set.peers.advance(SECOND);
    assert_eq!(set.end().1, ended(Error::ClosedByOwner));
}
