//! A new node downloads from us.

use peer_core::message::{Headers, InventoryKind, NotFound};
use peer_core::{Direction, Event, Message, Time};
use peer_tests::dcrd_node::{Chain, Rule, Setup};
use peer_tests::neighbour::Neighbour;
use peer_tests::pair::WALL_CLOCK;
use peer_tests::remote::NETWORK;

use crate::dcrd_node::{config, seconds};

/// The directions as our machine sees them.
const BOTH: [Direction; 2] = [Direction::Outbound, Direction::Inbound];

#[test]
fn a_new_node_takes_our_blocks_sixteen_at_first_then_seven_and_becomes_current() {
    for ours in BOTH {
        let chain = chain(40);
        let mut neighbour = new_node(ours, 40);
        let asked = serve(&mut neighbour, &chain);
        assert_eq!(asked, [16, 7, 7, 7, 3], "{ours:?}");
        assert_eq!(neighbour.node.chain().tip(), chain.tip());
        assert!(neighbour.node.is_current(neighbour.now));
        let asks = |event: &(Time, Event)| matches!(event.1, Event::Message(Message::GetInitState(_)));
        assert_eq!(
            neighbour.events.iter().filter(|event| asks(event)).count(),
            1,
            "it asks when it is current"
        );
        neighbour.run(seconds(600));
        assert!(neighbour.is_connected());
    }
}

#[test]
fn a_new_node_leaves_whom_it_can_sync_from_and_who_has_no_header_after_ten_seconds() {
    for (ours, height) in [(BOTH[0], 0), (BOTH[0], 100), (BOTH[1], 0), (BOTH[1], 100)] {
        let mut neighbour = new_node(ours, height);
        neighbour.send(&Headers::default().into()).unwrap();
        neighbour.run(seconds(60));
        let ended = neighbour.ended().unwrap();
        assert_eq!((ended.rule, ended.at.elapsed()), (Rule::SyncTimeout, seconds(10)), "{ours:?}, {height}");
    }
}

#[test]
fn a_new_node_keeps_whom_it_does_not_sync_from() {
    let config = config().services(peer_core::Services::NONE).build().unwrap();
    let mut neighbour = Neighbour::established(Setup::new(NETWORK), config, Direction::Outbound);
    neighbour.run(seconds(600));
    assert!(neighbour.is_connected());
    assert!(!neighbour.messages().any(|message| matches!(message, Message::GetHeaders(_))));
}

#[test]
fn the_header_of_its_tip_is_enough_for_a_node_that_was_restarted() {
    let chain = chain(40);
    let mut setup = Setup::current_with(chain.clone());
    setup.is_synced = false;
    let mut neighbour = Neighbour::established_at(setup, config().build().unwrap(), Direction::Outbound, 40);
    let asked = neighbour.messages().any(|message| matches!(message, Message::GetInitState(_)));
    assert!(!asked, "it is new");
    let tip = *chain.header(&chain.tip()).unwrap();
    neighbour.send(&Headers { headers: vec![tip].try_into().unwrap() }.into()).unwrap();
    let asked = neighbour.messages().any(|message| matches!(message, Message::GetInitState(_)));
    assert!(asked, "it is current at once");
    neighbour.run(seconds(600));
    assert!(neighbour.is_connected());
}

#[test]
fn a_block_that_we_announce_by_its_header_is_asked_for_and_comes_back_by_its_header() {
    let mut chain = chain(40);
    let setup = Setup::current_with(chain.clone());
    let mut neighbour = Neighbour::established(setup, config().build().unwrap(), Direction::Outbound);
    neighbour.send(&Message::SendHeaders).unwrap();
    let header = chain.mine(chain.tip_time() + 60);
    let announcement = Headers { headers: vec![header].try_into().unwrap() };
    neighbour.send(&announcement.clone().into()).unwrap();
    let before = neighbour.events.len();
    assert_eq!(neighbour.node.open_requests(neighbour.id), 1);
    neighbour.send(&chain.block(&header.hash()).unwrap().clone().into()).unwrap();
    assert_eq!(neighbour.node.chain().tip(), header.hash());
    let back: Vec<_> = neighbour.events[before..].iter().map(|(_, event)| event.clone()).collect();
    assert_eq!(back, [Event::Message(announcement.into())]);
}

#[test]
fn a_block_that_no_one_has_is_given_up() {
    let mut chain = chain(40);
    let setup = Setup::current_with(chain.clone());
    let mut neighbour = Neighbour::established(setup, config().build().unwrap(), Direction::Outbound);
    let header = chain.mine(chain.tip_time() + 60);
    neighbour.send(&Headers { headers: vec![header].try_into().unwrap() }.into()).unwrap();
    let Some(Message::GetData(request)) = neighbour.messages().last().cloned() else { panic!("not asked") };
    neighbour.send(&NotFound { inventory: request.inventory }.into()).unwrap();
    assert_eq!(neighbour.node.open_requests(neighbour.id), 0);
    assert_eq!(neighbour.node.scores(neighbour.id), [20]);
    neighbour.run(seconds(600));
    assert!(neighbour.is_connected());
}

fn chain(blocks: u32) -> Chain {
    Chain::made_up(NETWORK, blocks, u32::try_from(WALL_CLOCK.seconds()).unwrap() - 60)
}

/// A node at height 0 and our machine, which says that it has so many blocks.
fn new_node(ours: Direction, height: i32) -> Neighbour {
    Neighbour::established_at(Setup::new(NETWORK), config().build().unwrap(), ours, height)
}

/// Answers as a node with this chain would, until nothing more is asked. Returns how many blocks each request named.
fn serve(neighbour: &mut Neighbour, chain: &Chain) -> Vec<usize> {
    let (mut seen, mut asked) = (0, Vec::new());
    while let Some((_, event)) = neighbour.events.get(seen).cloned() {
        seen += 1;
        match event {
            Event::Message(Message::GetHeaders(request)) => {
                let hashes = chain.after(&request.locator, &request.stop, 2_000);
                let headers: Vec<_> = hashes.iter().map(|hash| *chain.header(hash).unwrap()).collect();
                neighbour.send(&Headers { headers: headers.try_into().unwrap() }.into()).unwrap();
            }
            Event::Message(Message::GetData(request)) => {
                asked.push(request.inventory.len());
                for item in &request.inventory {
                    assert_eq!(item.kind, InventoryKind::BLOCK);
                    neighbour.send(&chain.block(&item.hash).unwrap().clone().into()).unwrap();
                }
            }
            _ => {}
        }
    }
    asked
}
