//! Defects of the reference that are closed here. The list is `docs/defects.md`; most of its tests stand
//! where their topic is, the others here.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use core::convert::Infallible;
use std::fs;
use std::path::Path;

use peer_core::message::{Inventory, Ping};
use peer_core::{Config, Direction, Error, Hash, Message, Node, ProtocolVersion, SendError, TransportError};
use peer_tests::remote::{LATEST, NETWORK, Remote, established};
use peer_tests::samples::large_block;
use rand_core::TryRng;

fn node() -> Node {
    let config = Config::builder(NETWORK).min_protocol_version(ProtocolVersion::INITIAL);
    Node::new(config.build().unwrap())
}

/// File and test of each row of the list.
fn rows(list: &str) -> Vec<(&str, &str)> {
    let cells = list.lines().map(|line| line.split('|').map(|cell| cell.trim().trim_matches('`')));
    let rows = cells.filter_map(|cells| match cells.collect::<Vec<_>>()[..] {
        [_, _, file, test, _] if file.ends_with(".rs") => Some((file, test)),
        _ => None,
    });
    rows.collect()
}

#[test]
fn every_defect_of_the_list_has_the_test_it_names() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let list = fs::read_to_string(root.join("../docs/defects.md")).unwrap();
    let rows = rows(&list);
    assert_eq!(rows.len(), 35, "rows of the list");
    for (file, test) in rows {
        let source = fs::read_to_string(root.join("tests").join(file)).unwrap();
        let name = format!("fn {test}()");
        let is_test = source.split("#[test]").skip(1).any(|after| after.trim_start().starts_with(&name));
        let is_trial = source.contains(&format!("(\"{test}\", "));
        assert!(is_test || is_trial, "{file} has no test {test}");
    }
}

#[test]
fn nothing_but_version_and_verack_leaves_before_the_handshake_is_complete() {
    for version in [5, 8, 11, LATEST.cast_signed()] {
        let mut remote = Remote::new(&node(), Direction::Inbound);
        remote.say(&peer_tests::remote::introduction(version).into());
        if version < 9 {
            remote.say(&Message::Ping(Ping { nonce: 1 }));
        }
        remote.events();
        assert_eq!(remote.machine.send(&Message::GetAddr, remote.now), Err(SendError::NotEstablished));
        let item = Inventory::tx(Hash::ZERO);
        assert_eq!(remote.machine.announce(item, remote.now), Err(SendError::NotEstablished));
        let heard = remote.hears();
        assert!(matches!(heard[..], [Message::Version(_), Message::Verack]), "{heard:?}");
    }
}

#[test]
fn a_write_error_is_reported_with_what_was_written() {
    let mut remote = established();
    let before = remote.machine.stats().bytes_sent;
    let mark = remote.machine.send(&Message::Block(large_block(10_000)), remote.now).unwrap();
    remote.machine.take(10, remote.now);
    assert_eq!(
        remote.machine.handle_transport_error(TransportError::Other, remote.now),
        Error::TransportFailed
    );
    assert_eq!(remote.machine.stats().bytes_sent, before + 10);
    assert!(!remote.machine.is_flushed(mark));
}

#[test]
fn every_mark_resolves_however_the_connection_ends() {
    // A mark resolves by being flushed, or by the failure that tells it never will be.
    let mut remote = established();
    let written = remote.machine.send(&Message::GetAddr, remote.now).unwrap();
    remote.hears();
    let unwritten = remote.machine.send(&Message::GetAddr, remote.now).unwrap();
    remote.machine.close(remote.now);
    assert!(remote.machine.is_flushed(written));
    assert!(!remote.machine.is_flushed(unwritten) && remote.machine.failure().is_some());

    let mut remote = Remote::new(&node(), Direction::Outbound);
    let marks = remote.machine.marks();
    remote.machine.handle_eof(remote.now);
    assert!(marks.iter().any(|mark| !remote.machine.is_flushed(*mark)), "our version never left");
    assert_eq!(remote.machine.failure(), Some(&Error::ClosedBeforeVersion));
    let refused = SendError::Closed(Error::ClosedBeforeVersion);
    assert_eq!(remote.machine.send(&Message::GetAddr, remote.now), Err(refused));
}

/// Draws nothing but zeros.
#[derive(Clone, Debug, PartialEq)]
struct Zeros;

impl TryRng for Zeros {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(0)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(0)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill(0);
        Ok(())
    }
}

#[test]
fn the_nonce_of_a_ping_is_never_0() {
    let mut remote = established();
    let (at, _) = remote.machine.next_timeout().unwrap();
    remote.now = at;
    remote.machine.tick(remote.now, &mut Zeros).unwrap();
    let heard = remote.hears();
    let [Message::Ping(Ping { nonce })] = heard[..] else { panic!("{heard:?}") };
    assert_ne!(nonce, 0);
}

#[test]
fn known_inventory_is_compared_by_value() {
    let mut remote = established();
    let (first, second) = (Box::new(Inventory::tx(Hash::ZERO)), Box::new(Inventory::tx(Hash::ZERO)));
    remote.machine.add_known(&first, remote.now);
    assert!(remote.machine.knows(&second, remote.now));
    assert_eq!(remote.machine.announce_now(*second, remote.now), Ok(false));
}
