//! Announcing to many: to each remote in the way it wants, and only what it wants and does not have.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use peer_core::message::{BlockHeader, HeaderList, Headers, Inventory, Version};
use peer_core::{
    Announced, Announcement, Config, Connection, Direction, Event, Hash, Message, Network, Node, SendError,
    Time,
};
use peer_tests::remote::{NETWORK, Remote, established, established_at, introduction};
use peer_tests::samples::{inv, item};

fn header() -> BlockHeader {
    BlockHeader { height: 7, ..BlockHeader::default() }
}

fn as_headers() -> Message {
    Message::Headers(Headers { headers: HeaderList::try_from(vec![header()]).unwrap() })
}

fn as_inv() -> Message {
    inv([Inventory::block(header().hash())])
}

fn block() -> Announcement {
    Announcement::block(&header(), NETWORK)
}

/// A remote that asked for headers.
fn wants_headers() -> Remote {
    let mut remote = established();
    remote.say(&Message::SendHeaders);
    remote.messages();
    remote
}

/// A remote whose `version` turned transactions off.
fn wants_no_transactions() -> Remote {
    let node = Node::new(Config::builder(NETWORK).build().unwrap());
    let mut remote = Remote::new(&node, Direction::Inbound);
    let version = Version { disable_relay_tx: true, ..introduction(12) };
    remote.say(&version.into());
    remote.events();
    remote.hears();
    remote.say(&Message::Verack);
    assert_eq!(remote.events(), [Event::Established]);
    remote
}

fn announce(remote: &mut Remote, announcement: &Announcement) -> Announced {
    remote.machine.announce_as_wanted(announcement, remote.now)
}

#[test]
fn a_block_goes_as_headers_where_they_were_asked_for_and_else_as_inv() {
    let (mut modern, mut plain) = (wants_headers(), established());
    assert_eq!(announce(&mut modern, &block()), Announced::Headers);
    assert_eq!(announce(&mut plain, &block()), Announced::Inv);
    assert_eq!(modern.hears(), [as_headers()]);
    assert_eq!(plain.hears(), [as_inv()], "at once, not with the next batch");
}

#[test]
fn what_was_announced_is_known_and_not_announced_again() {
    for mut remote in [wants_headers(), established()] {
        announce(&mut remote, &block());
        remote.hears();
        assert!(remote.machine.knows(&block().inventory(), remote.now));
        assert_eq!(announce(&mut remote, &block()), Announced::Known);
        assert!(!remote.machine.wants_write());
    }
}

#[test]
fn what_the_remote_has_is_not_announced() {
    for mut remote in [wants_headers(), established()] {
        remote.machine.add_known(&block().inventory(), remote.now);
        assert_eq!(announce(&mut remote, &block()), Announced::Known);
        assert!(!remote.machine.wants_write());
    }
}

#[test]
fn transactions_go_only_where_they_are_relayed() {
    let transaction = Announcement::item(Inventory::tx(Hash::digest(b"a transaction")));
    let mut remote = wants_no_transactions();
    assert_eq!(announce(&mut remote, &transaction), Announced::NotWanted);
    assert_eq!(remote.machine.waiting_announcements(), 0);
    assert_eq!(announce(&mut remote, &block()), Announced::Inv, "blocks are wanted");
    let mut remote = established();
    assert_eq!(announce(&mut remote, &transaction), Announced::Inv);
    assert_eq!(remote.machine.waiting_announcements(), 1, "it waits for the batch");
    assert_eq!(announce(&mut remote, &transaction), Announced::Known);
}

#[test]
fn mixing_messages_go_only_from_the_version_on_that_has_them() {
    let mix = Announcement::item(Inventory::mix(Hash::digest(b"a pair request")));
    assert_eq!(announce(&mut established_at(9), &mix), Announced::NotWanted);
    for version in [10, 11, 12] {
        assert_eq!(announce(&mut established_at(version), &mix), Announced::Inv);
    }
}

#[test]
fn a_vote_that_is_urgent_goes_at_once() {
    let mut remote = established();
    assert_eq!(announce(&mut remote, &Announcement::item(item(1)).at_once()), Announced::Inv);
    assert_eq!(remote.hears(), [inv([item(1)])]);
}

#[test]
fn a_refused_announcement_has_no_effect_and_says_why() {
    let node = Node::new(Config::builder(NETWORK).build().unwrap());
    let mut early = Remote::new(&node, Direction::Inbound);
    assert_eq!(announce(&mut early, &block()), Announced::Refused(SendError::NotEstablished));
    let mut remote = wants_headers();
    let foreign = Announcement::block(&header(), Network::MAINNET);
    let refused = SendError::WrongNetwork { frame: Network::MAINNET, connection: NETWORK };
    assert_eq!(announce(&mut remote, &foreign), Announced::Refused(refused));
    assert!(!remote.machine.knows(&foreign.inventory(), remote.now));
    assert_eq!(announce(&mut remote, &block()), Announced::Headers);
}

#[test]
fn one_call_announces_to_many_and_tells_for_each_what_was_done() {
    let mut knows = established();
    knows.machine.add_known(&block().inventory(), knows.now);
    let node = Node::new(Config::builder(NETWORK).build().unwrap());
    let early = Remote::new(&node, Direction::Inbound);
    let remotes = [wants_headers(), established(), knows, early, wants_no_transactions()];
    let mut peers = remotes.map(|remote| remote.machine.fork());
    let done = block().announce_to(peers.iter_mut().map(Connection::peer_mut), Time::ZERO);
    let refused = Announced::Refused(SendError::NotEstablished);
    assert_eq!(done, [Announced::Headers, Announced::Inv, Announced::Known, refused, Announced::Inv]);
    let queued = peers.each_ref().map(|peer| peer.peer().queued());
    assert_eq!(queued, [24 + 1 + 181, 24 + 1 + 36, 0, 0, 24 + 1 + 36]);
}
