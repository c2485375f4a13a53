//! A node that meets itself.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use core::convert::Infallible;
use core::time::Duration;

use peer_core::message::Version;
use peer_core::{
    Config, ConfigError, Connection, Direction, Error, Event, Message, Node, Time, TooManyHandshakes,
    TransportError,
};
use peer_tests::pair::{Pair, Side};
use peer_tests::remote::{NETWORK, Remote, connection_info, introduction};
use peer_tests::rng::Counting;
use rand_chacha::ChaCha8Rng;
use rand_core::{SeedableRng, TryRng};

fn node() -> Node {
    Node::new(Config::builder(NETWORK).build().unwrap())
}

/// A node that may have so many outbound handshakes open.
fn node_with_room_for(handshakes: usize) -> Node {
    Node::new(Config::builder(NETWORK).open_handshakes(handshakes).build().unwrap())
}

fn dial(node: &Node) -> Result<Connection, TooManyHandshakes> {
    Connection::outbound(node, connection_info(), Time::ZERO, &mut ChaCha8Rng::seed_from_u64(3))
}

/// The nonce that an outbound peer of `node` sends, and its opponent.
fn nonce_on_the_wire(node: &Node) -> (u64, Remote) {
    let mut remote = Remote::new(node, Direction::Outbound);
    let [Message::Version(version)] = &remote.hears()[..] else { panic!("not one version") };
    (version.nonce, remote)
}

/// What an inbound peer of `node` makes of a version with this nonce.
fn tell(node: &Node, nonce: u64) -> Result<Option<Event>, Error> {
    let mut remote = Remote::new(node, Direction::Inbound);
    remote.say(&Version { nonce, ..introduction(12) }.into());
    remote.pull()
}

#[test]
fn a_table_that_no_machine_has_room_for_is_refused() {
    let build = |count: usize| Config::builder(NETWORK).open_handshakes(count).build().err();
    let max = 1 << 20;
    assert_eq!(build(max), None);
    for got in [max + 1, usize::MAX] {
        assert_eq!(build(got), Some(ConfigError::OpenHandshakes { got, max }));
    }
}

#[test]
fn both_halves_report_it() {
    for chunk in [1, usize::MAX] {
        let mut pair = Pair::new(1).same_node().chunk(chunk);
        pair.settle();
        for side in [Side::Outbound, Side::Inbound] {
            assert_eq!(pair.failure(side), Some(&Error::SelfConnection), "{side}");
            assert_eq!(pair.events(side), [], "{side}");
        }
    }
}

#[test]
fn the_outbound_half_reports_it_also_where_the_transport_fails() {
    let node = node();
    let (nonce, mut remote) = nonce_on_the_wire(&node);
    assert_eq!(tell(&node, nonce), Err(Error::SelfConnection));
    assert_eq!(
        remote.machine.handle_transport_error(TransportError::Other, remote.now),
        Error::SelfConnection
    );
}

#[test]
fn an_outbound_peer_that_gets_its_own_nonce_back_reports_it() {
    let (nonce, mut remote) = nonce_on_the_wire(&node());
    remote.say(&Version { nonce, ..introduction(12) }.into());
    assert_eq!(remote.error(), Error::SelfConnection);
}

#[test]
fn two_nodes_of_one_process_are_not_the_same_node() {
    let mut pair = Pair::new(1);
    pair.settle();
    assert!(pair.peer(Side::Outbound).is_established());
    assert!(pair.peer(Side::Inbound).is_established());
}

#[test]
fn clones_of_a_node_are_the_same_node() {
    let node = node();
    let mut pair = Pair::of_nodes(1, &node, &node.clone());
    pair.settle();
    assert_eq!(pair.failure(Side::Inbound), Some(&Error::SelfConnection));
}

#[test]
fn one_outbound_peer_meeting_itself_does_not_touch_another() {
    let node = node();
    let (nonce, _remote) = nonce_on_the_wire(&node);
    let mut other = dial(&node).unwrap();
    assert_eq!(tell(&node, nonce), Err(Error::SelfConnection));
    assert_eq!(other.handle_eof(&[]), Error::ClosedBeforeVersion);
}

#[test]
fn a_nonce_replayed_after_the_handshake_tells_an_observer_nothing() {
    let node = node();
    let (nonce, mut remote) = nonce_on_the_wire(&node);
    remote.say(&introduction(12).into());
    remote.events();
    remote.say(&Message::Verack);
    assert_eq!(remote.events(), [Event::Established]);
    assert!(matches!(tell(&node, nonce), Ok(Some(Event::Version(_)))));
}

#[test]
fn a_flood_of_inbound_handshakes_pushes_no_nonce_out() {
    let node = node();
    let (nonce, _remote) = nonce_on_the_wire(&node);
    for stranger in 1..2000 {
        assert!(matches!(tell(&node, stranger), Ok(Some(Event::Version(_)))));
    }
    assert_eq!(tell(&node, nonce), Err(Error::SelfConnection));
}

#[test]
fn a_nonce_is_free_again_when_the_handshake_ends_in_any_way() {
    let ends: [fn(&mut Remote); 6] = [
        |remote| {
            remote.say(&introduction(12).into());
            remote.events();
            remote.say(&Message::Verack);
            remote.events();
        },
        |remote| {
            remote.say(&Message::GetAddr);
            remote.error();
        },
        |remote| {
            remote.wait(Duration::from_secs(30)).unwrap_err();
        },
        |remote| {
            remote.machine.handle_eof(remote.now);
        },
        |remote| {
            remote.machine.close(remote.now);
        },
        |remote| {
            remote.say(&introduction(1).into());
            remote.error();
        },
    ];
    for (index, end) in ends.into_iter().enumerate() {
        let node = node_with_room_for(1);
        let (nonce, mut remote) = nonce_on_the_wire(&node);
        assert_eq!(dial(&node).unwrap_err().limit, 1);
        end(&mut remote);
        assert!(dial(&node).is_ok(), "end {index}");
        assert!(matches!(tell(&node, nonce), Ok(Some(Event::Version(_)))), "end {index}");
    }
}

#[test]
fn a_nonce_is_free_again_when_the_peer_is_dropped() {
    let node = node_with_room_for(1);
    drop(dial(&node).unwrap());
    assert!(dial(&node).is_ok());
}

#[test]
fn clones_share_one_entry_until_the_last_is_gone() {
    let node = node_with_room_for(1);
    let mut first = dial(&node).unwrap();
    let second = first.clone();
    first.peer_mut().close();
    assert!(dial(&node).is_err());
    drop(second);
    assert!(dial(&node).is_ok());
}

#[test]
fn a_full_table_refuses_outbound_peers_only() {
    let node = node_with_room_for(2);
    let _open = [dial(&node).unwrap(), dial(&node).unwrap()];
    assert_eq!(dial(&node).unwrap_err().to_string(), "2 outbound handshakes are open already");
    assert!(matches!(tell(&node, 1), Ok(Some(Event::Version(_)))));
}

#[test]
fn a_hit_is_not_inherited_by_the_next_handshake_in_the_same_place() {
    let node = node_with_room_for(1);
    let (nonce, remote) = nonce_on_the_wire(&node);
    assert_eq!(tell(&node, nonce), Err(Error::SelfConnection));
    drop(remote);
    let mut next =
        Connection::outbound(&node, connection_info(), Time::ZERO, &mut ChaCha8Rng::seed_from_u64(4))
            .unwrap();
    assert_eq!(next.handle_eof(&[]), Error::ClosedBeforeVersion);
}

/// A generator that is made anew from its seed draws the same nonce.
#[test]
fn a_hit_is_not_inherited_by_a_handshake_with_the_same_nonce_in_the_same_place() {
    let node = node_with_room_for(1);
    let (nonce, mut met) = nonce_on_the_wire(&node);
    assert_eq!(tell(&node, nonce), Err(Error::SelfConnection));
    assert_eq!(met.machine.handle_eof(met.now), Error::SelfConnection);
    drop(met);

    let (again, mut next) = nonce_on_the_wire(&node);
    assert_eq!(again, nonce);
    let mut clone = next.machine.fork();
    assert_eq!(next.machine.handle_eof(next.now), Error::ClosedBeforeVersion);

    // The clone keeps the handshake open, and it can be met.
    assert_eq!(tell(&node, nonce), Err(Error::SelfConnection));
    assert_eq!(clone.handle_eof(&[]), Error::SelfConnection);
}

/// The remote that we dial has our nonce from us. The protocol gives it no way to prove that it is someone else.
#[test]
fn a_remote_that_we_dial_can_pass_for_ourselves_while_that_handshake_is_open() {
    let node = node();
    let (nonce, mut dialled) = nonce_on_the_wire(&node);
    assert_eq!(tell(&node, nonce), Err(Error::SelfConnection));
    assert_eq!(dialled.machine.handle_eof(dialled.now), Error::SelfConnection);
    assert!(matches!(tell(&node, nonce), Ok(Some(Event::Version(_)))), "it is over");
}

#[test]
fn a_remote_nonce_of_0_never_matches() {
    assert!(matches!(tell(&node(), 0), Ok(Some(Event::Version(_)))));
}

#[test]
fn our_nonce_is_never_0() {
    let node = node();
    let mut peer = Connection::outbound(&node, connection_info(), Time::ZERO, &mut Zeros).unwrap();
    let bytes = peer.poll_transmit(Time::ZERO).to_vec();
    let mut remote = Remote::new(&node, Direction::Inbound);
    let [Message::Version(version)] = &remote.understand(&bytes)[..] else { panic!("not one version") };
    assert_ne!(version.nonce, 0);
}

#[test]
fn making_a_peer_draws_four_numbers() {
    let mut rng = Counting::new(ChaCha8Rng::seed_from_u64(1));
    let outbound = Connection::outbound(&node(), connection_info(), Time::ZERO, &mut rng);
    assert!(outbound.is_ok());
    assert_eq!(rng.draws(), 4);
    Connection::inbound(&node(), connection_info(), Time::ZERO, &mut rng);
    assert_eq!(rng.draws(), 8);
}

/// Draws nothing but zeros.
struct Zeros;

impl TryRng for Zeros {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(0)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(0)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        bytes.fill(0);
        Ok(())
    }
}
