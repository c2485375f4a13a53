//! Requests that the remote leaves unanswered.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use core::time::Duration;

use peer_core::message::{BlockHeader, GetInitState, Inventory, InventoryKind, List, MerkleBlock, Ping};
use peer_core::{Config, Error, Event, Expected, Hash, Message, Node, Timer};
use peer_tests::pair::{Pair, Side};
use peer_tests::remote::{LATEST, NETWORK, Remote, established, established_at};
use peer_tests::samples::{
    block, block_item, getblocks, getdata, getheaders, headers, inv, notfound, tx, tx_item,
};

const SECOND: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(30);

fn get_init_state() -> Message {
    Message::GetInitState(GetInitState { types: List::new() })
}

fn init_state() -> Message {
    Message::InitState(Box::default())
}

/// Queues a request and lets it be written at once.
fn ask(remote: &mut Remote, request: &Message) {
    remote.machine.send(request, remote.now).unwrap();
    remote.hears();
}

/// Says something, which surfaces and changes nothing but what it answers.
fn say(remote: &mut Remote, message: &Message) {
    remote.say(message);
    assert_eq!(remote.messages(), *core::slice::from_ref(message));
}

/// Keeps the connection alive, so that only requests can end it.
fn ping(remote: &mut Remote) {
    say(remote, &Message::Ping(Ping { nonce: 1 }));
    remote.hears();
}

/// Lets time pass in steps of a second, with a ping in each.
fn wait_alive(remote: &mut Remote, duration: Duration) -> Result<(), Error> {
    for _ in 0..duration.as_secs() {
        remote.wait(SECOND)?;
        ping(remote);
    }
    Ok(())
}

/// How long until a request is overdue, with nothing said meanwhile.
fn patience(remote: &Remote) -> Option<Duration> {
    remote.deadline().filter(|(_, timer)| *timer == Timer::Stall).map(|(left, _)| left)
}

fn stalled(item: Inventory) -> Error {
    Error::Stalled(Expected::Item(Box::new(item)))
}

fn stalled_on(command: &'static str) -> Error {
    Error::Stalled(Expected::Message(command))
}

#[test]
fn an_item_must_come_within_30_seconds() {
    for item in [block_item(1), tx_item(1), Inventory::mix(Hash::ZERO)] {
        let mut remote = established();
        ask(&mut remote, &getdata([item]));
        assert_eq!(remote.deadline(), Some((PATIENCE, Timer::Stall)));
        remote.wait(PATIENCE - Duration::from_nanos(1)).unwrap();
        assert_eq!(remote.wait(Duration::from_nanos(1)), Err(stalled(item)));
    }
}

#[test]
fn other_messages_of_the_remote_buy_no_time() {
    let mut remote = established();
    ask(&mut remote, &getdata([block_item(1)]));
    wait_alive(&mut remote, 29 * SECOND).unwrap();
    assert_eq!(remote.wait(SECOND), Err(stalled(block_item(1))));
}

#[test]
fn the_initial_state_must_come_within_30_seconds() {
    let mut remote = established();
    ask(&mut remote, &get_init_state());
    assert_eq!(patience(&remote), Some(PATIENCE));
    assert_eq!(remote.wait(PATIENCE), Err(stalled_on("initstate")));

    let mut remote = established();
    ask(&mut remote, &get_init_state());
    say(&mut remote, &init_state());
    assert_eq!(patience(&remote), None);
}

#[test]
fn a_stall_is_no_misbehaviour_and_says_what_is_missing() {
    let error = stalled(tx_item(1));
    assert!(!error.is_misbehaviour() && error.is_transient());
    assert_eq!(error.to_string(), format!("remote did not send MSG_TX {} in time", tx(1).hash()));
    assert_eq!(stalled_on("headers").to_string(), "remote did not send headers in time");
}

#[test]
fn a_block_a_transaction_and_notfound_clear_what_they_name() {
    let mut remote = established();
    ask(&mut remote, &getdata([block_item(1), tx_item(2), block_item(3)]));
    say(&mut remote, &Message::Block(block(1)));
    say(&mut remote, &Message::Tx(tx(2)));
    assert_eq!(patience(&remote), Some(PATIENCE));
    say(&mut remote, &notfound([block_item(3)]));
    assert_eq!(patience(&remote), None);
}

#[test]
fn a_merkleblock_clears_its_filtered_block() {
    let header = BlockHeader { nonce: 9, ..BlockHeader::default() };
    let item = Inventory { kind: InventoryKind::FILTERED_BLOCK, hash: header.hash() };
    let mut remote = established_at(5);
    ask(&mut remote, &getdata([item]));
    assert_eq!(patience(&remote), Some(PATIENCE));
    say(&mut remote, &Message::MerkleBlock(Box::new(MerkleBlock { header, ..MerkleBlock::default() })));
    assert_eq!(patience(&remote), None);
}

#[test]
fn no_block_clears_a_whole_getdata() {
    let mut remote = established();
    ask(&mut remote, &getdata([block_item(1), block_item(2)]));
    say(&mut remote, &Message::Block(block(1)));
    assert_eq!(remote.wait(PATIENCE), Err(stalled(block_item(2))));
}

#[test]
fn asking_again_does_not_put_the_deadline_off() {
    let mut remote = established();
    ask(&mut remote, &getdata([block_item(1)]));
    wait_alive(&mut remote, 20 * SECOND).unwrap();
    ask(&mut remote, &getdata([block_item(1)]));
    assert_eq!(patience(&remote), Some(10 * SECOND));
    assert_eq!(remote.wait(10 * SECOND), Err(stalled(block_item(1))));
}

/// Nodes answer each time they are asked, and other peers know sets.
#[test]
fn one_answer_is_enough_however_often_an_item_was_asked_for() {
    let mut remote = established();
    ask(&mut remote, &getdata([block_item(1)]));
    wait_alive(&mut remote, 20 * SECOND).unwrap();
    ask(&mut remote, &getdata([block_item(1); 3]));
    say(&mut remote, &Message::Block(block(1)));
    assert_eq!((patience(&remote), remote.machine.open_requests()), (None, 0));
    for _ in 0..3 {
        say(&mut remote, &Message::Block(block(1)));
    }
    remote.say(&Message::Block(block(1)));
    assert_eq!(remote.error(), Error::Unrequested(Message::Block(block(1)).command()));
}

/// The remote has answered both requests that it has seen, though no one has told us that they were written.
#[test]
fn an_answered_request_that_is_reported_late_starts_no_clock_for_the_next() {
    let mut remote = established();
    remote.machine.send(&getdata([block_item(1)]), remote.now).unwrap();
    let len = remote.machine.poll_transmit(remote.now).len();
    say(&mut remote, &Message::Block(block(1)));
    remote.machine.send(&getdata([block_item(1)]), remote.now).unwrap();
    remote.machine.handle_transmitted(len, remote.now);
    assert_eq!((patience(&remote), remote.machine.open_requests()), (None, 1));
    remote.hears();
    assert_eq!(patience(&remote), Some(PATIENCE));
}

#[test]
fn an_item_that_is_asked_for_anew_has_a_deadline_of_its_own() {
    let mut remote = established();
    ask(&mut remote, &getdata([tx_item(1)]));
    say(&mut remote, &Message::Tx(tx(1)));
    wait_alive(&mut remote, 10 * SECOND).unwrap();
    remote.machine.send(&getdata([tx_item(1)]), remote.now).unwrap();
    assert_eq!(patience(&remote), None);
    remote.hears();
    assert_eq!(patience(&remote), Some(PATIENCE));
    assert_eq!(remote.wait(PATIENCE), Err(stalled(tx_item(1))));
}

#[test]
fn the_deadline_begins_when_the_request_is_written_completely() {
    let mut remote = established();
    remote.machine.send(&getdata([block_item(1)]), remote.now).unwrap();
    remote.wait(10 * SECOND).unwrap();
    assert_eq!(patience(&remote), None);
    let len = remote.machine.queued();
    remote.machine.take(len - 1, remote.now);
    assert_eq!(patience(&remote), None);
    remote.wait(10 * SECOND).unwrap();
    remote.machine.take(1, remote.now);
    assert_eq!(patience(&remote), Some(PATIENCE));
}

/// The owner has what it wanted. The remote answers the request all the same when it sees it.
#[test]
fn a_transaction_that_overtakes_its_request_answers_it() {
    for answer in [Message::Tx(tx(1)), notfound([tx_item(1)])] {
        let mut remote = established();
        remote.machine.send(&getdata([tx_item(1)]), remote.now).unwrap();
        say(&mut remote, &Message::Tx(tx(1)));
        remote.hears();
        assert_eq!((patience(&remote), remote.machine.open_requests()), (None, 0));
        wait_alive(&mut remote, 29 * SECOND).unwrap();
        say(&mut remote, &answer);
    }
}

#[test]
fn a_request_whose_answer_overtook_it_starts_the_clock_of_no_other() {
    let mut remote = established();
    remote.machine.send(&getdata([block_item(1)]), remote.now).unwrap();
    let first = remote.machine.queued();
    say(&mut remote, &Message::Block(block(1)));
    remote.machine.send(&getdata([block_item(2)]), remote.now).unwrap();
    remote.machine.take(first, remote.now);
    assert_eq!(patience(&remote), None);
    remote.hears();
    assert_eq!(patience(&remote), Some(PATIENCE));
}

#[test]
fn the_request_that_was_written_first_is_due_first() {
    let mut remote = established();
    ask(&mut remote, &getdata([block_item(1)]));
    wait_alive(&mut remote, 10 * SECOND).unwrap();
    ask(&mut remote, &getdata([block_item(2)]));
    assert_eq!(patience(&remote), Some(20 * SECOND));
    say(&mut remote, &Message::Block(block(1)));
    assert_eq!(patience(&remote), Some(PATIENCE + SECOND), "the answer bought a second");
}

#[test]
fn an_unanswered_request_without_a_deadline_hides_no_other() {
    let mut remote = established_at(5);
    ask(&mut remote, &Message::GetMinings);
    ask(&mut remote, &getdata([block_item(1)]));
    ask(&mut remote, &getheaders());
    assert_eq!(patience(&remote), Some(PATIENCE));
    say(&mut remote, &Message::Block(block(1)));
    wait_alive(&mut remote, 89 * SECOND).unwrap();
    assert_eq!(remote.wait(SECOND), Err(stalled_on("headers")));
}

#[test]
fn requests_that_may_stay_unanswered_have_no_deadline() {
    for version in 9..=LATEST {
        let mut remote = established_at(version);
        for request in [Message::GetAddr, Message::MemPool, Message::GetMinings, getheaders(), getblocks()] {
            ask(&mut remote, &request);
        }
        assert_eq!(patience(&remote), None, "{version}");
        wait_alive(&mut remote, 120 * SECOND).unwrap();
    }
    let mut remote = established_at(12);
    ask(&mut remote, &Message::GetCfTypes);
    assert_eq!(patience(&remote), None);
}

#[test]
fn below_version_9_inv_is_due_in_30_seconds_and_headers_in_90() {
    for (request, answer, command, time) in [
        (Message::MemPool, inv([]), "inv", PATIENCE),
        (getblocks(), inv([]), "inv", PATIENCE),
        (getheaders(), headers(), "headers", 3 * PATIENCE),
    ] {
        let mut remote = established_at(8);
        ask(&mut remote, &request);
        assert_eq!(patience(&remote), Some(time), "{command}");
        let mut silent = established_at(8);
        ask(&mut silent, &request);
        assert_eq!(silent.wait(time), Err(stalled_on(command)));
        say(&mut remote, &answer);
        assert_eq!(patience(&remote), None, "{command}");
    }
}

#[test]
fn below_version_9_one_inv_answers_all_that_was_asked_before_it() {
    let mut remote = established_at(8);
    ask(&mut remote, &getblocks());
    ask(&mut remote, &Message::MemPool);
    remote.machine.send(&getblocks(), remote.now).unwrap();
    say(&mut remote, &inv([]));
    assert_eq!(patience(&remote), None);
    remote.hears();
    assert_eq!(patience(&remote), Some(PATIENCE));
}

#[test]
fn a_message_that_came_early_clears_what_it_answers() {
    let config = Config::builder(NETWORK).build().unwrap();
    let node = Node::new(config);
    let mut remote = Remote::new(&node, Side::Inbound);
    remote.introduce(11.into());
    remote.say(&Message::Tx(tx(1)));
    remote.say(&Message::Verack);
    assert_eq!(remote.pull(), Ok(Some(Event::Established)));
    ask(&mut remote, &getdata([tx_item(1)]));
    assert_eq!(remote.pull(), Ok(Some(Event::Message(Message::Tx(tx(1))))));
    assert_eq!(remote.pull(), Ok(None));
    assert_eq!((patience(&remote), remote.machine.open_requests()), (None, 0));
}

#[test]
fn an_owner_that_is_slow_to_pull_never_makes_the_remote_guilty() {
    let mut remote = established();
    ask(&mut remote, &getdata([block_item(1)]));
    remote.wait(10 * SECOND).unwrap();
    remote.say(&Message::GetAddr);
    remote.say(&Message::Block(block(1)));
    assert_eq!(remote.pull(), Ok(Some(Event::Message(Message::GetAddr))));
    remote.wait(3600 * SECOND).unwrap();
    assert_eq!(patience(&remote), None);
    assert_eq!(remote.pull(), Ok(Some(Event::Message(Message::Block(block(1))))));
    assert_eq!(remote.machine.open_requests(), 0);
}

#[test]
fn the_time_of_a_handler_is_credited_exactly_once() {
    let mut remote = established();
    ask(&mut remote, &getdata([block_item(1)]));
    remote.wait(10 * SECOND).unwrap();
    remote.say(&Message::GetAddr);
    assert_eq!(remote.pull(), Ok(Some(Event::Message(Message::GetAddr))));
    remote.wait(45 * SECOND).unwrap();
    assert_eq!(remote.pull(), Ok(None));
    assert_eq!(patience(&remote), Some(20 * SECOND));
    assert_eq!(remote.wait(20 * SECOND), Err(stalled(block_item(1))));
}

#[test]
fn a_request_made_by_a_busy_owner_is_due_30_seconds_after_it_pulls_again() {
    let mut remote = established();
    remote.say(&Message::GetAddr);
    assert_eq!(remote.pull(), Ok(Some(Event::Message(Message::GetAddr))));
    ask(&mut remote, &getdata([block_item(1)]));
    remote.wait(60 * SECOND).unwrap();
    assert_eq!(remote.pull(), Ok(None));
    assert_eq!(patience(&remote), Some(PATIENCE));
}

#[test]
fn a_pause_of_reading_rests_the_clock_of_answers_for_twenty_seconds_in_all() {
    let config = Config::builder(NETWORK).send_pause(32).build().unwrap();
    let mut remote = Remote::established(config);
    ask(&mut remote, &getdata([block_item(1)]));
    for nonce in 0..2 {
        remote.say(&Message::Ping(Ping { nonce }));
    }
    remote.messages();
    assert!(!remote.machine.wants_read());
    remote.machine.poll_transmit(remote.now);
    assert_eq!(remote.deadline(), Some((20 * SECOND, Timer::WriteStall)));
    remote.wait(15 * SECOND).unwrap();
    remote.hears();
    assert_eq!(remote.pull(), Ok(None));
    assert_eq!(patience(&remote), Some(PATIENCE), "15 s of it are used up");
    for nonce in 0..2 {
        remote.say(&Message::Ping(Ping { nonce }));
    }
    remote.messages();
    remote.machine.poll_transmit(remote.now);
    remote.wait(15 * SECOND).unwrap();
    remote.hears();
    assert_eq!(remote.pull(), Ok(None));
    assert_eq!(patience(&remote), Some(PATIENCE - 10 * SECOND));
}

#[test]
fn two_peers_answer_each_other_in_time() {
    let mut pair = Pair::new(1).established();
    pair.send(Side::Outbound, &getdata([block_item(1)])).unwrap();
    pair.settle();
    pair.run_for(29 * SECOND);
    pair.send(Side::Inbound, &Message::Block(block(1))).unwrap();
    pair.settle();
    pair.run_for(60 * SECOND);
    assert_eq!(pair.failure(Side::Outbound), None);
    pair.send(Side::Outbound, &getdata([block_item(2)])).unwrap();
    pair.settle();
    pair.run_for(30 * SECOND);
    assert_eq!(pair.failure(Side::Outbound), Some(&stalled(block_item(2))));
    assert_eq!(pair.failure(Side::Inbound), Some(&Error::ClosedByRemote));
}
