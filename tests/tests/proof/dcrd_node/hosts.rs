//! Who may connect.

use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;

use peer_core::{Message, Time};
use peer_tests::dcrd_node::{ConnectionId, DcrdNode, Rule, Setup};
use peer_tests::remote::{bytes_of, hands};
use peer_tests::samples::inv;

#[test]
fn a_ban_shuts_out_the_host_for_a_day_on_every_connection_and_in_both_directions() {
    let (mut node, now) = (DcrdNode::new(Setup::current(1), 4), Time::ZERO);
    let id = node.accept(host(1), now);
    node.receive(id, &hands(), now);
    node.receive(id, &bytes_of(&inv([])), now);
    assert_eq!(end(&node, id), Some(Rule::EmptyInv));
    for later in [0, 60, DAY - 1] {
        let now = now + Duration::from_secs(later);
        assert!(node.is_banned(host(1), now));
        for id in [node.accept(host(1), now), node.dial(host(1), now)] {
            assert_eq!(end(&node, id), Some(Rule::Banned));
            assert!(node.poll_transmit(id, now).is_empty(), "not a byte");
        }
    }
    let now = now + Duration::from_secs(DAY);
    let id = node.accept(host(1), now);
    assert_eq!(end(&node, id), None);
}

#[test]
fn a_close_bans_no_host() {
    let (mut node, now) = (DcrdNode::new(Setup::current(1), 4), Time::ZERO);
    let id = node.accept(host(1), now);
    node.receive(id, &bytes_of(&Message::Verack), now);
    assert_eq!(end(&node, id), Some(Rule::NotVersion));
    let id = node.accept(host(1), now);
    assert_eq!(end(&node, id), None);
}

#[test]
fn three_connections_of_a_host_are_taken_at_once_then_one_each_five_seconds() {
    let mut node = DcrdNode::new(Setup::current(1), 4);
    let mut taken = |second| {
        let now = Time::from_elapsed(Duration::from_secs(second));
        let id = node.accept(host(1), now);
        let is_taken = end(&node, id).is_none();
        node.remove(id, now);
        is_taken
    };
    let taken: Vec<_> = [0, 0, 0, 0, 4, 5, 6, 10, 60, 60, 60, 60].into_iter().map(&mut taken).collect();
    assert_eq!(taken, [true, true, true, false, false, true, false, true, true, true, true, false]);
}

#[test]
fn five_connections_of_a_host_and_125_in_all_are_kept() {
    let mut node = DcrdNode::new(Setup::current(1), 4);
    let later = |step: u32| Time::from_elapsed(Duration::from_secs(10) * step);
    let same: Vec<_> = (0..6).map(|step| node.accept(host(1), later(step))).collect();
    let ends: Vec<_> = same.into_iter().map(|id| end(&node, id)).collect();
    assert_eq!(ends, [None, None, None, None, None, Some(Rule::TooManyOfHost)]);
    let now = later(6);
    // Five live already; loopback is free of what counts hosts.
    let local: Vec<_> = (0..121).map(|_| node.accept(Ipv4Addr::LOCALHOST.into(), now)).collect();
    assert_eq!(local.iter().filter(|id| end(&node, **id).is_none()).count(), 120);
    assert_eq!(end(&node, local[120]), Some(Rule::Full));
}

fn end(node: &DcrdNode, id: ConnectionId) -> Option<Rule> {
    node.ended(id).map(|ended| ended.rule)
}

fn host(number: u8) -> IpAddr {
    Ipv4Addr::new(198, 51, 100, number).into()
}

const DAY: u64 = 24 * 60 * 60;
