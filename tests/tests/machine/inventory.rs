//! Announcing: batches, the delay before them, and what the remote is known to have.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use core::time::Duration;
use std::collections::BTreeSet;

use peer_core::message::{Inv, Inventory};
use peer_core::{Config, ConfigBuilder, ConfigError, Message, Node, SendError, Timer};
use peer_tests::pair::{Pair, Side};
use peer_tests::remote::{NETWORK, Remote, established};
use peer_tests::samples::item;

const SECOND: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);

fn builder() -> ConfigBuilder {
    Config::builder(NETWORK)
}

/// Announces these and expects each to be news.
fn announce(remote: &mut Remote, numbers: impl IntoIterator<Item = u32>) {
    for number in numbers {
        assert_eq!(remote.machine.announce(item(number), remote.now), Ok(true), "{number}");
    }
}

/// The batches that the machine wants written.
fn batches(remote: &mut Remote) -> Vec<Vec<Inventory>> {
    let batch = |message| match message {
        Message::Inv(inv) => inv.inventory.into_vec(),
        other => panic!("{other:?}"),
    };
    remote.hears().into_iter().map(batch).collect()
}

/// Waits for the batch, and returns it.
fn batch(remote: &mut Remote) -> Vec<Inventory> {
    assert_eq!(remote.wait_for_deadline(), (Timer::Trickle, Ok(())));
    let [batch] = batches(remote).try_into().unwrap();
    batch
}

#[test]
fn announcements_are_batched_and_sent_in_order() {
    let mut remote = established();
    announce(&mut remote, 0..10);
    assert!(!remote.machine.wants_write());
    assert_eq!(batch(&mut remote), (0..10).map(item).collect::<Vec<_>>());
    assert_eq!(remote.deadline().unwrap().1, Timer::Ping);
}

#[test]
fn an_idle_peer_has_no_wake_ups_but_its_ping() {
    let mut remote = established();
    assert_eq!(remote.deadline().unwrap().1, Timer::Ping);
    remote.wait(10 * SECOND).unwrap();
    assert_eq!(remote.deadline().unwrap().1, Timer::Ping);
}

#[test]
fn the_delay_begins_with_the_first_item_and_is_not_put_off_by_the_next() {
    let mut remote = established();
    remote.wait(SECOND).unwrap();
    announce(&mut remote, [1]);
    let (delay, timer) = remote.deadline().unwrap();
    assert_eq!(timer, Timer::Trickle);
    remote.wait(MILLISECOND * 50).unwrap();
    announce(&mut remote, [2]);
    assert_eq!(remote.deadline(), Some((delay - MILLISECOND * 50, Timer::Trickle)));
}

#[test]
fn delays_are_spread_over_100_to_500_milliseconds() {
    let mut remote = established();
    let mut delays = Vec::new();
    for number in 0..100 {
        announce(&mut remote, [number]);
        delays.push(remote.deadline().unwrap().0);
        batch(&mut remote);
    }
    delays.sort();
    assert!(delays[0] >= MILLISECOND * 100 && delays[99] < MILLISECOND * 500);
    assert!(delays[10] < MILLISECOND * 200 && delays[90] > MILLISECOND * 400, "{delays:?}");
    assert_eq!(delays.iter().collect::<BTreeSet<_>>().len(), 100);
}

#[test]
fn a_batch_that_fills_uses_its_delay_up() {
    let mut remote = established();
    let mut delays = BTreeSet::new();
    for round in 0..10 {
        announce(&mut remote, [round * 1000]);
        let (delay, timer) = remote.deadline().unwrap();
        assert_eq!(timer, Timer::Trickle);
        assert!((100 * MILLISECOND..=500 * MILLISECOND).contains(&delay), "{delay:?}");
        delays.insert(delay);
        announce(&mut remote, round * 1000 + 1..round * 1000 + 1000);
        assert_eq!(batches(&mut remote).len(), 1);
    }
    assert_eq!(delays.len(), 10);
}

#[test]
fn the_delay_is_configurable_down_to_none() {
    for delay in [Duration::ZERO, SECOND] {
        let mut remote = Remote::established(builder().trickle_delay(delay..=delay).build().unwrap());
        announce(&mut remote, [1]);
        assert_eq!(remote.deadline(), Some((delay, Timer::Trickle)));
        assert_eq!(batch(&mut remote), [item(1)]);
    }
    let crossed = builder().trickle_delay(SECOND..=MILLISECOND).build();
    assert_eq!(crossed.unwrap_err(), ConfigError::TrickleDelay { start: SECOND, end: MILLISECOND });
}

#[test]
fn a_full_batch_leaves_at_once() {
    let mut remote = established();
    announce(&mut remote, 0..1000);
    let [full] = batches(&mut remote).try_into().unwrap();
    assert_eq!(full, (0..1000).map(item).collect::<Vec<_>>());
    assert_eq!(remote.deadline().unwrap().1, Timer::Ping);
}

#[test]
fn more_than_a_batch_leaves_in_several_of_at_most_1000() {
    let known = builder().known_inventory(10_000);
    let mut remote = Remote::established(known.build().unwrap());
    announce(&mut remote, 0..2500);
    let full = batches(&mut remote);
    assert_eq!(full.iter().map(Vec::len).collect::<Vec<_>>(), [1000, 1000]);
    let rest = batch(&mut remote);
    assert_eq!(rest.len(), 500);
    assert_eq!([full.concat(), rest].concat(), (0..2500).map(item).collect::<Vec<_>>());
}

#[test]
fn every_item_arrives_once_at_the_other_end() {
    let mut pair = Pair::new(1).chunk(1000).established();
    for number in 0..2500 {
        assert_eq!(pair.announce(Side::Outbound, item(number)), Ok(true));
    }
    pair.run_for(SECOND);
    let arrived = pair.messages(Side::Inbound).into_iter().flat_map(|message| match message {
        Message::Inv(inv) => inv.inventory.into_vec(),
        other => panic!("{other:?}"),
    });
    assert_eq!(arrived.collect::<Vec<_>>(), (0..2500).map(item).collect::<Vec<_>>());
}

#[test]
fn what_waits_already_is_not_announced_twice() {
    let mut remote = established();
    announce(&mut remote, [1]);
    assert_eq!(remote.machine.announce(item(1), remote.now), Ok(false));
    assert_eq!(batch(&mut remote), [item(1)]);
}

#[test]
fn what_waits_is_never_forgotten_however_little_is_remembered() {
    let config = builder().known_inventory(2).build().unwrap();
    let mut remote = Remote::established(config);
    announce(&mut remote, [1, 2, 3]);
    (10..20).for_each(|number| remote.machine.add_known(&item(number), remote.now));
    for number in [1, 2, 3] {
        assert_eq!(remote.machine.announce(item(number), remote.now), Ok(false), "{number} waits");
    }
    assert_eq!(batch(&mut remote), [item(1), item(2), item(3)]);
}

#[test]
fn what_was_announced_is_known() {
    let mut remote = established();
    announce(&mut remote, [1]);
    assert!(!remote.machine.knows(&item(1), remote.now));
    batch(&mut remote);
    assert!(remote.machine.knows(&item(1), remote.now));
    assert_eq!(remote.machine.announce(item(1), remote.now), Ok(false));
    assert_eq!(remote.machine.announce_now(item(1), remote.now), Ok(false));
}

#[test]
fn what_the_remote_has_is_not_announced() {
    let mut remote = established();
    remote.machine.add_known(&item(1), remote.now);
    assert!(remote.machine.knows(&item(1), remote.now));
    assert_eq!(remote.machine.announce(item(1), remote.now), Ok(false));
    assert_eq!(remote.machine.announce_now(item(1), remote.now), Ok(false));
    assert_eq!(remote.deadline().unwrap().1, Timer::Ping);
}

#[test]
fn the_same_hash_of_another_kind_is_another_item() {
    let mut remote = established();
    remote.machine.add_known(&item(1), remote.now);
    let block = Inventory::block(item(1).hash);
    assert_eq!(remote.machine.announce(block, remote.now), Ok(true));
}

#[test]
fn what_the_remote_comes_to_know_before_the_batch_leaves_is_left_out() {
    let mut remote = established();
    announce(&mut remote, 0..4);
    remote.machine.add_known(&item(1), remote.now);
    remote.machine.announce_now(item(3), remote.now).unwrap();
    assert_eq!(batches(&mut remote), [[item(3)]]);
    assert_eq!(batch(&mut remote), [item(0), item(2)]);
}

#[test]
fn a_batch_of_which_nothing_is_left_does_not_leave() {
    let mut remote = established();
    announce(&mut remote, [1, 2]);
    remote.machine.add_known(&item(1), remote.now);
    remote.machine.add_known(&item(2), remote.now);
    assert_eq!(remote.wait_for_deadline(), (Timer::Trickle, Ok(())));
    assert!(!remote.machine.wants_write());
}

#[test]
fn nothing_that_is_received_becomes_known_by_itself() {
    let mut remote = established();
    let inventory = vec![item(1)].try_into().unwrap();
    remote.say(&Message::Inv(Inv { inventory }));
    remote.events();
    assert!(!remote.machine.knows(&item(1), remote.now));
}

#[test]
fn announce_now_neither_waits_nor_takes_others_along() {
    let mut remote = established();
    announce(&mut remote, [1]);
    assert_eq!(remote.machine.announce_now(item(2), remote.now), Ok(true));
    assert_eq!(batches(&mut remote), [[item(2)]]);
    assert_eq!(batch(&mut remote), [item(1)]);
}

#[test]
fn knowledge_lasts_15_minutes_since_it_was_last_confirmed() {
    let lifetime = Duration::from_secs(15 * 60);
    let remote = established();
    let (mut peer, start) = (remote.machine.fork(), remote.now);
    peer.peer_mut().add_known(&item(1), start);
    peer.peer_mut().add_known(&item(2), start);
    peer.peer_mut().add_known(&item(2), start + SECOND);
    let end = start + lifetime;
    let before = start + (lifetime - MILLISECOND);
    assert!(peer.peer().knows(&item(1), before));
    assert!(!peer.peer().knows(&item(1), end));
    assert!(peer.peer().knows(&item(2), end));
    assert_eq!(peer.peer_mut().announce(item(1), end), Ok(true));
    assert_eq!(peer.peer_mut().announce(item(2), end), Ok(false));
}

#[test]
fn looking_does_not_renew_knowledge() {
    let remote = established();
    let (mut peer, start) = (remote.machine.fork(), remote.now);
    peer.peer_mut().add_known(&item(1), start);
    let later = start + Duration::from_secs(14 * 60);
    assert!(peer.peer().knows(&item(1), later));
    assert_eq!(peer.peer_mut().announce(item(1), later), Ok(false));
    assert!(!peer.peer().knows(&item(1), start + Duration::from_secs(15 * 60)));
}

#[test]
fn being_asked_to_announce_an_item_counts_as_use() {
    let config = builder().known_inventory(2).build().unwrap();
    for at_once in [false, true] {
        let mut remote = Remote::established(config.clone());
        let now = remote.now;
        remote.machine.add_known(&item(1), now);
        remote.machine.add_known(&item(2), now);
        let news = if at_once {
            remote.machine.announce_now(item(1), now)
        } else {
            remote.machine.announce(item(1), now)
        };
        assert_eq!(news, Ok(false));
        remote.machine.add_known(&item(3), now);
        assert!(remote.machine.knows(&item(1), now) && !remote.machine.knows(&item(2), now));
    }
}

#[test]
fn the_least_recently_used_item_is_forgotten_first() {
    let mut remote = Remote::established(builder().known_inventory(3).build().unwrap());
    for number in [1, 2, 3, 1, 4] {
        remote.machine.add_known(&item(number), remote.now);
    }
    let known: Vec<_> = (1..5).filter(|number| remote.machine.knows(&item(*number), remote.now)).collect();
    assert_eq!(known, [1, 3, 4]);
}

#[test]
fn a_thousand_items_are_remembered_unless_configured_otherwise() {
    let mut remote = established();
    for number in 0..1001 {
        remote.machine.add_known(&item(number), remote.now);
    }
    assert!(!remote.machine.knows(&item(0), remote.now));
    assert!((1..1001).all(|number| remote.machine.knows(&item(number), remote.now)));
}

#[test]
fn a_clone_knows_what_the_original_knows() {
    let mut remote = established();
    remote.machine.add_known(&item(1), remote.now);
    let mut clone = remote.machine.fork();
    assert!(clone.peer().knows(&item(1), remote.now));
    clone.peer_mut().add_known(&item(2), remote.now);
    assert!(!remote.machine.knows(&item(2), remote.now));
}

#[test]
fn before_the_handshake_nothing_is_announced() {
    let node = Node::new(builder().build().unwrap());
    let mut remote = Remote::new(&node, Side::Inbound);
    assert_eq!(remote.machine.announce(item(1), remote.now), Err(SendError::NotEstablished));
    assert_eq!(remote.machine.announce_now(item(1), remote.now), Err(SendError::NotEstablished));
    assert!(!remote.machine.knows(&item(1), remote.now));
}

#[test]
fn room_for_a_batch_is_reserved_so_that_it_never_fails_for_space() {
    let limit = 24 + 3 + 3 * 36;
    let config = builder().send_limit(limit).send_pause(32).build().unwrap();
    let mut remote = Remote::established(config);
    announce(&mut remote, 0..3);
    let full = |wanted| SendError::Full { queued: limit, wanted, limit };
    assert_eq!(remote.machine.announce(item(3), remote.now), Err(full(36)));
    assert_eq!(remote.machine.announce(item(2), remote.now), Ok(false), "it waits already");
    assert_eq!(remote.machine.announce_now(item(3), remote.now), Err(full(24 + 1 + 36)));
    assert_eq!(remote.machine.send(&Message::GetAddr, remote.now), Err(full(24)));
    assert_eq!(batch(&mut remote).len(), 3);
}

#[test]
fn an_announcement_that_can_never_fit_is_told_apart_from_a_full_queue() {
    let now_fits = 24 + 1 + 36;
    let limited = |limit| builder().send_limit(limit).send_pause(32).build().unwrap();
    let never = |wanted, limit| SendError::NeverFits { wanted, limit };
    let mut remote = Remote::established(limited(now_fits));
    let refused = never(24 + 3 + 36, now_fits);
    assert_eq!(remote.machine.announce(item(1), remote.now), Err(refused), "a batch needs more");
    assert_eq!(remote.machine.announce_now(item(1), remote.now), Ok(true));
    let mut remote = Remote::established(limited(now_fits - 1));
    let refused = never(now_fits, now_fits - 1);
    assert_eq!(remote.machine.announce_now(item(1), remote.now), Err(refused));
    assert!(!remote.machine.knows(&item(1), remote.now));
    assert!(!remote.machine.wants_write());
}

#[test]
fn the_first_item_of_a_batch_needs_room_for_the_frame_too() {
    for room in 36..24 + 3 + 36 {
        let limit = 48 + room;
        let config = builder().send_limit(limit).send_pause(32).build().unwrap();
        let mut remote = Remote::established(config);
        for _ in 0..2 {
            remote.machine.send(&Message::GetAddr, remote.now).unwrap();
        }
        let full = SendError::Full { queued: 48, wanted: 24 + 3 + 36, limit };
        assert_eq!(remote.machine.announce(item(1), remote.now), Err(full));
    }
}

#[test]
fn a_refused_announcement_is_as_if_it_had_not_been_made() {
    let config = builder().send_limit(24 + 3 + 36).send_pause(32).build().unwrap();
    let mut remote = Remote::established(config);
    announce(&mut remote, [1]);
    assert!(remote.machine.announce(item(2), remote.now).is_err());
    assert!(remote.machine.announce_now(item(2), remote.now).is_err());
    assert_eq!(batch(&mut remote), [item(1)]);
    assert!(!remote.machine.knows(&item(2), remote.now));
    announce(&mut remote, [2]);
}

#[test]
fn room_comes_back_when_a_batch_turns_out_to_be_empty() {
    let config = builder().send_limit(24 + 3 + 36).send_pause(32).build().unwrap();
    let mut remote = Remote::established(config);
    announce(&mut remote, [1]);
    remote.machine.add_known(&item(1), remote.now);
    remote.wait_for_deadline().1.unwrap();
    announce(&mut remote, [2]);
}

#[test]
fn an_item_of_which_the_knowledge_is_too_old_leaves_with_its_batch() {
    let mut remote = Remote::established(builder().known_lifetime(SECOND).build().unwrap());
    remote.machine.add_known(&item(1), remote.now);
    remote.wait(SECOND).unwrap();
    announce(&mut remote, [1]);
    assert_eq!(batch(&mut remote), [item(1)]);
}
