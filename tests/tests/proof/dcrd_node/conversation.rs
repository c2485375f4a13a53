//! Ten minutes with a synced node.

use peer_core::message::{InitState, Inventory};
use peer_core::{Direction, Error, InitStateRequests, Message, Services};
use peer_tests::dcrd_node::{Rule, Setup};
use peer_tests::neighbour::Neighbour;
use peer_tests::samples::{notfound, tx_item, usual_tx};

use crate::dcrd_node::{config, seconds};

/// The directions as our machine sees them.
const BOTH: [Direction; 2] = [Direction::Outbound, Direction::Inbound];

#[test]
fn an_owner_who_only_listens_stays_with_a_synced_node_for_ten_minutes() {
    for ours in BOTH {
        let mut neighbour = Neighbour::established(Setup::current(30), config().build().unwrap(), ours);
        neighbour.run(seconds(600));
        assert!(neighbour.is_connected(), "{ours:?}: {:?}, {:?}", neighbour.ended(), neighbour.failure());
        let asked = neighbour.messages().filter(|message| matches!(message, Message::GetInitState(_)));
        assert_eq!(asked.count(), 1, "{ours:?}: the node asked, and its request surfaced");
        let pings = neighbour.messages().filter(|message| matches!(message, Message::Ping(_)));
        assert_eq!(pings.count(), 5, "{ours:?}: the node's pings, each 107 s");
    }
}

#[test]
fn an_owner_without_services_stays_too_where_it_dials() {
    let config = config().services(Services::NONE).build().unwrap();
    let mut neighbour = Neighbour::established(Setup::current(30), config, Direction::Outbound);
    neighbour.run(seconds(600));
    assert!(neighbour.is_connected());
}

#[test]
fn a_node_keeps_no_one_that_it_dials_without_the_full_service() {
    let config = config().services(Services::NONE).build().unwrap();
    let mut neighbour = Neighbour::new(Setup::current(30), config, Direction::Inbound);
    neighbour.run(seconds(1));
    assert_eq!(neighbour.ended().map(|ended| ended.rule), Some(Rule::NoNetworkService));
    assert_eq!(neighbour.failure(), Some(&Error::ClosedBeforeVerack));
}

#[test]
fn without_an_initial_state_the_node_closes_after_30_to_45_seconds() {
    for ours in BOTH {
        let config = config().init_state_requests(InitStateRequests::LeaveToOwner).build().unwrap();
        let mut neighbour = Neighbour::established(Setup::current(30), config, ours);
        neighbour.run(seconds(600));
        let ended = neighbour.ended().unwrap();
        assert_eq!((ended.rule, ended.is_ban), (Rule::RequestTimeout, false), "{ours:?}");
        let after = ended.at.elapsed();
        assert!((seconds(30)..=seconds(45)).contains(&after), "{ours:?}: {after:?}");
        assert_eq!(neighbour.failure(), Some(&Error::ClosedByRemote), "{ours:?}");
    }
}

#[test]
fn an_owner_who_serves_the_initial_state_satisfies_the_node_as_well() {
    let config = config().init_state_requests(InitStateRequests::LeaveToOwner).build().unwrap();
    let mut neighbour = Neighbour::established(Setup::current(30), config, Direction::Outbound);
    neighbour.run(seconds(29));
    neighbour.send(&Box::new(InitState::default()).into()).unwrap();
    neighbour.run(seconds(600));
    assert!(neighbour.is_connected());
}

#[test]
fn a_new_block_comes_at_once_and_its_transactions_come_together_within_half_a_second() {
    let mut neighbour =
        Neighbour::established(Setup::current(30), config().build().unwrap(), Direction::Outbound);
    neighbour.run(seconds(60));
    for (round, by_headers) in [(0, false), (1, true)] {
        if by_headers {
            neighbour.send(&Message::SendHeaders).unwrap();
        }
        let (mined_at, before) = (neighbour.now, neighbour.events.len());
        let transactions: Vec<_> = (0..10).map(|number| usual_tx(100 + 10 * round + number)).collect();
        let header = neighbour.node.mine(transactions, mined_at);
        neighbour.run(seconds(1));
        let news: Vec<_> =
            neighbour.events[before..].iter().map(|(at, event)| (*at, event.clone())).collect();
        let [(block_at, block), (inv_at, inv)] = &news[..] else { panic!("{news:?}") };
        assert_eq!(*block_at, mined_at);
        match (by_headers, message(block)) {
            (true, Message::Headers(headers)) => assert_eq!(headers.headers[..], [header]),
            (false, Message::Inv(inv)) => assert_eq!(inv.inventory[..], [Inventory::block(header.hash())]),
            (_, other) => panic!("{other:?}"),
        }
        let Message::Inv(inv) = message(inv) else { panic!("{inv:?}") };
        assert_eq!(inv.inventory.len(), 10);
        let waited = inv_at.saturating_since(mined_at).as_millis();
        assert!((100..=500).contains(&waited), "{waited} ms");
    }
    neighbour.run(seconds(600));
    assert!(neighbour.is_connected());
}

#[test]
fn announcing_ten_transactions_and_losing_them_is_borne_once_a_minute() {
    let mut neighbour =
        Neighbour::established(Setup::current(30), config().build().unwrap(), Direction::Outbound);
    for (round, is_refused) in [(0, false), (1, true)] {
        let items: Vec<_> = (0..10).map(|number| tx_item(1_000 + 10 * round + number)).collect();
        neighbour.send(&peer_tests::samples::inv(items.clone())).unwrap();
        assert_eq!(neighbour.node.open_requests(neighbour.id), 10);
        assert_eq!(
            neighbour.send(&notfound(items)).is_err(),
            is_refused,
            "100 points are borne, 200 are not"
        );
    }
    assert!(neighbour.is_connected());
    assert_eq!(neighbour.node.scores(neighbour.id), [100]);
    neighbour.run(seconds(30));
    assert_eq!(neighbour.node.score(neighbour.id, neighbour.now), 70, "points halve each minute");
}

fn message(event: &peer_core::Event) -> &Message {
    match event {
        peer_core::Event::Message(message) => message,
        other => panic!("{other:?}"),
    }
}
