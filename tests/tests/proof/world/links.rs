//! The world itself: links, faults, clocks and the rules by which ends are driven.

use core::cell::RefCell;
use core::time::Duration;
use std::rc::Rc;

use peer_core::message::Ping;
use peer_core::{Config, Error, Event, Message, Network, Time, Timer};
use peer_tests::samples::{large_block, tx, tx_item};
use peer_tests::world::{ConnectionId, Ended, Links, Logic, NodeId, Turn, What, World};

/// Notes what it is told, with the world's time.
#[derive(Default)]
struct Witness {
    heard: Vec<(Time, Message)>,
    established: Vec<Time>,
    ended: Vec<(Time, Ended)>,
    woken: Vec<u64>,
    /// Looks away so long from a connection that delivered something.
    looks_away: Duration,
}

impl Logic for Witness {
    fn on_event(&mut self, connection: ConnectionId, event: Event, turn: &mut Turn<'_>) {
        match event {
            Event::Established => self.established.push(turn.now()),
            Event::Message(message) => {
                self.heard.push((turn.now(), message));
                turn.hold(connection, self.looks_away);
            }
            _ => {}
        }
    }

    fn on_ended(&mut self, _: ConnectionId, ended: &Ended, turn: &mut Turn<'_>) {
        self.ended.push((turn.now(), ended.clone()));
    }

    fn on_wake(&mut self, reason: u64, _: &mut Turn<'_>) {
        self.woken.push(reason);
    }
}

const FIRST: NodeId = NodeId::new(0);
const SECOND: NodeId = NodeId::new(1);

fn config() -> Config {
    Config::builder(Network::SIMNET).build().unwrap()
}

fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// A link of 50 ms each way, without chance.
fn steady() -> Links {
    Links { latency: millis(50)..=millis(50), jitter: Duration::ZERO, ..Links::instant() }
}

/// Two nodes of which the first dials the second, and that connection.
fn dialled(links: Links) -> (World<Witness>, ConnectionId) {
    let mut world = World::new(1).links(links);
    world.add(config(), Witness::default());
    world.add(config(), Witness::default());
    let connection = world.act(FIRST, |_, turn| turn.dial(SECOND));
    (world, connection)
}

/// The same after the handshake.
fn connected(links: Links) -> (World<Witness>, ConnectionId) {
    let (mut world, connection) = dialled(links);
    world.run_for(secs(10));
    assert!(world.peer(connection).unwrap().is_established());
    (world, connection)
}

fn send(world: &mut World<Witness>, connection: ConnectionId, message: &Message) {
    world.act(FIRST, |_, turn| turn.send(connection, message)).unwrap();
}

/// How a node's connection ended, and how long after `start`.
fn end(world: &World<Witness>, node: NodeId, start: Time) -> (Ended, Duration) {
    let [(at, ended)] = &world.logic(node).ended[..] else { panic!("{:?}", world.logic(node).ended) };
    (ended.clone(), at.saturating_since(start))
}

fn by(error: Error) -> Ended {
    Ended::Connection(error)
}

#[test]
fn a_dial_takes_a_round_trip_and_a_handshake_takes_two() {
    let (mut world, _) = dialled(steady());
    world.run_for(secs(1));
    // There and back, then version, version and verack, verack.
    assert_eq!(world.logic(FIRST).established, [Time::from_elapsed(millis(200))]);
    assert_eq!(world.logic(SECOND).established, [Time::from_elapsed(millis(250))]);
}

#[test]
fn bytes_take_the_time_that_the_bandwidth_gives_them() {
    let (mut world, connection) = connected(Links { bandwidth: 1000, ..steady() });
    let start = world.now();
    send(&mut world, connection, &Message::Ping(Ping { nonce: 1 }));
    world.run_for(secs(1));
    let (at, _) = world.logic(SECOND).heard[0];
    assert_eq!(at.saturating_since(start), millis(32 + 50));
}

#[test]
fn a_message_arrives_whole_and_in_order_however_it_is_cut() {
    let (mut world, connection) = connected(Links { pieces: 1..=7, jitter: millis(30), ..steady() });
    let sent: Vec<_> = (0..200).map(|number| Message::Tx(tx(number))).collect();
    sent.iter().for_each(|message| send(&mut world, connection, message));
    world.run_for(secs(60));
    let heard: Vec<_> = world.logic(SECOND).heard.iter().map(|(_, message)| message.clone()).collect();
    assert_eq!(heard, sent);
}

#[test]
fn a_full_pipe_takes_nothing_until_it_is_read() {
    let (mut world, connection) = connected(Links { room: 100, ..steady() });
    world.act(SECOND, |witness, _| witness.looks_away = secs(5));
    (0..20).for_each(|number| send(&mut world, connection, &Message::Tx(tx(number))));
    world.run_for(secs(4));
    assert!(world.tally().blocked > 0);
    assert_eq!(world.logic(SECOND).heard.len(), 1);
    world.run_for(secs(96));
    assert_eq!(world.logic(SECOND).heard.len(), 20);
}

#[test]
fn who_does_not_read_for_longer_than_a_write_may_take_is_left() {
    let (mut world, connection) = connected(Links { room: 1000, ..steady() });
    world.act(SECOND, |_, turn| turn.hold(connection.other(), secs(60)));
    let start = world.now();
    let block = Message::Block(large_block(10_000));
    send(&mut world, connection, &block);
    world.run_for(secs(30));
    assert_eq!(end(&world, FIRST, start), (by(Error::Timeout(Timer::WriteStall)), secs(20)));
}

#[test]
fn no_one_is_blamed_for_what_waits_while_the_owner_looks_away() {
    let (mut world, connection) = connected(steady());
    world.act(FIRST, |_, turn| turn.hold(connection, secs(200)));
    world.act(SECOND, |_, turn| turn.send(connection.other(), &Message::GetAddr)).unwrap();
    let start = world.now();
    world.run_for(secs(300));
    // The second hears nothing of the first, and leaves.
    assert_eq!(end(&world, SECOND, Time::ZERO).0, by(Error::Timeout(Timer::Idle)));
    assert_eq!(world.logic(FIRST).heard.first(), Some(&(start + secs(200), Message::GetAddr)));
    assert_eq!(end(&world, FIRST, start), (by(Error::ClosedByRemote), secs(200)));
}

#[test]
fn a_half_closed_connection_ends_at_the_other_end_first() {
    let (mut world, connection) = connected(steady());
    let start = world.now();
    world.half_close(connection);
    world.run_for(secs(1));
    assert_eq!(end(&world, SECOND, start), (by(Error::ClosedByRemote), millis(50)));
    assert_eq!(end(&world, FIRST, start), (by(Error::ClosedByRemote), millis(100)));
}

#[test]
fn a_reset_connection_ends_at_both_ends_at_once() {
    let (mut world, connection) = connected(steady());
    let start = world.now();
    world.reset(connection);
    world.run_for(secs(1));
    for node in [FIRST, SECOND] {
        assert_eq!(end(&world, node, start), (by(Error::TransportFailed), Duration::ZERO));
    }
}

#[test]
fn what_is_sent_to_an_end_that_closed_resets_the_connection() {
    let (mut world, connection) = connected(steady());
    let start = world.now();
    send(&mut world, connection, &Message::GetAddr);
    world.run_for(millis(10));
    world.act(SECOND, |_, turn| turn.close(connection.other()));
    world.run_for(secs(1));
    assert_eq!(end(&world, FIRST, start), (by(Error::TransportFailed), millis(60)));
    assert_eq!(world.logic(SECOND).heard, []);
}

#[test]
fn a_connection_on_which_nothing_gets_through_ends_by_silence() {
    let (mut world, connection) = connected(steady());
    let heard = world.peer(connection).unwrap().stats().connected;
    world.stall(connection, secs(1000));
    world.run_for(secs(200));
    for node in [FIRST, SECOND] {
        let (ended, after) = end(&world, node, heard);
        assert_eq!(ended, by(Error::Timeout(Timer::Idle)));
        assert!((secs(120)..secs(121)).contains(&after), "{after:?}");
    }
}

#[test]
fn what_was_held_up_arrives_afterwards() {
    let (mut world, connection) = connected(steady());
    let start = world.now();
    world.stall(connection, secs(20));
    send(&mut world, connection, &Message::GetAddr);
    world.run_for(secs(30));
    assert_eq!(world.logic(SECOND).heard, [(start + secs(20), Message::GetAddr)]);
}

#[test]
fn a_node_that_is_cut_off_cannot_be_dialled() {
    let (mut world, _) = dialled(steady());
    world.isolate(SECOND, secs(1));
    world.run_for(secs(60));
    assert_eq!(end(&world, FIRST, Time::ZERO), (Ended::Unreachable, millis(20_050)));
    assert_eq!(world.connections(SECOND), []);
}

#[test]
fn a_clock_that_is_set_blames_no_one() {
    let (mut world, _) = connected(steady());
    world.set_clock_back(FIRST, secs(10));
    world.run_for(secs(100));
    world.set_clock_forward(FIRST, secs(150));
    world.run_for(secs(100));
    assert!(world.logic(FIRST).ended.is_empty());
}

#[test]
fn a_node_that_dials_itself_learns_it_at_both_ends() {
    let mut world = World::new(1).links(steady());
    let node = world.add(config(), Witness::default());
    world.act(node, |_, turn| turn.dial(node));
    world.run_for(secs(1));
    let ends: Vec<_> = world.logic(node).ended.iter().map(|(_, ended)| ended.clone()).collect();
    assert_eq!(ends, [by(Error::SelfConnection), by(Error::SelfConnection)]);
}

#[test]
fn what_is_due_at_the_same_time_happens_in_the_order_of_the_wishes() {
    let (mut world, _) = dialled(steady());
    world.act(FIRST, |_, turn| (0..50).for_each(|reason| turn.wake_in(secs(1), reason)));
    world.run_for(secs(2));
    assert_eq!(world.logic(FIRST).woken, Vec::from_iter(0..50));
}

#[test]
fn an_observer_sees_every_byte_that_was_written() {
    let (mut world, connection) = connected(steady());
    let seen = Rc::new(RefCell::new(0));
    let count = Rc::clone(&seen);
    world.observe(move |moment| {
        if let What::Wrote(bytes) = moment.what {
            *count.borrow_mut() += bytes.len() as u64;
        }
    });
    let before = world.tally().bytes;
    world.act(FIRST, |_, turn| turn.announce(connection, tx_item(1))).unwrap();
    world.run_for(secs(1));
    assert_eq!(*seen.borrow(), world.tally().bytes - before);
    assert_eq!(*seen.borrow(), 24 + 1 + 36);
}
