//! Frames that arrive slowly.
#![expect(clippy::arithmetic_side_effects, clippy::unwrap_used, reason = "a test fails by panicking")]

use core::time::Duration;

use peer_core::message::Inventory;
use peer_core::{Config, Direction, Error, Event, Expected, Message, Node, ProtocolVersion, Timer};
use peer_tests::remote::{NETWORK, Remote, bytes_of, established, established_at, frame, header};
use peer_tests::samples::{
    block_item, getblocks, getdata, getheaders, headers, inv, inv_of, item, large_block, notfound, tx,
    tx_item,
};

const SECOND: Duration = Duration::from_secs(1);

fn established_with(rate: u64) -> Remote {
    Remote::established(Config::builder(NETWORK).min_receive_rate(rate).build().unwrap())
}

/// A frame of about 1.8 MB, the largest that may come unasked.
fn large() -> (Message, Vec<u8>) {
    let message = inv(vec![tx_item(1); 50_000]);
    let mut payload = Vec::new();
    message.encode(&mut payload, ProtocolVersion::LATEST).unwrap();
    (message, frame("inv", &payload).to_vec())
}

/// Lets bytes arrive at so many a second. Returns what surfaced and how many seconds it took, or why the
/// connection ended and when.
fn arrive(remote: &mut Remote, bytes: &[u8], rate: usize) -> Result<(Vec<Event>, u64), (Error, u64)> {
    let (mut events, mut seconds) = (Vec::new(), 0);
    for piece in bytes.chunks(rate) {
        seconds += 1;
        remote.wait(SECOND).map_err(|error| (error, seconds))?;
        remote.say_bytes(piece);
        events.extend(remote.events());
        remote.machine.take_all(remote.now);
    }
    Ok((events, seconds))
}

#[test]
fn a_large_frame_that_arrives_slowly_but_steadily_is_not_cut_off() {
    let (message, bytes) = large();
    for rate in [4096, 5000, 100_000] {
        let (events, seconds) = arrive(&mut established(), &bytes, rate).unwrap();
        assert_eq!(events, [Event::Message(message.clone())]);
        assert!(rate == 100_000 || seconds > 300, "no test at {rate}: it took {seconds} s");
    }
}

#[test]
fn one_byte_a_second_is_cut_off() {
    let (_, bytes) = large();
    let result = arrive(&mut established(), &bytes, 1);
    assert_eq!(result, Err((Error::Timeout(Timer::Idle), 121)));
}

#[test]
fn the_average_floor_rate_is_4_kib_a_second_by_default() {
    let (_, bytes) = large();
    // 120 s, and three quarters of the 476 s in which bytes came.
    let result = arrive(&mut established(), &bytes, 3072);
    assert_eq!(result, Err((Error::Timeout(Timer::Idle), 477)));
}

#[test]
fn the_floor_rate_is_configurable() {
    let (_, bytes) = large();
    arrive(&mut established_with(1000), &bytes[..500_000], 1000).unwrap();
    let (error, seconds) = arrive(&mut established_with(100_000), &bytes, 4096).unwrap_err();
    assert_eq!(error, Error::Timeout(Timer::Idle));
    assert!((120..=130).contains(&seconds), "{seconds} s");
}

#[test]
fn what_has_come_buys_time_and_what_was_declared_does_not() {
    let mut remote = established();
    remote.say_bytes(&header("inv", 1_800_003, [0; 4]));
    assert_eq!(remote.pull(), Ok(None));
    let idle = idle(&remote);
    assert!(idle < 121 * SECOND, "{idle:?}");
    remote.say_bytes(&[0; 4096 * 60 - 24]);
    assert_eq!(remote.pull(), Ok(None));
    assert_eq!(self::idle(&remote), 180 * SECOND);
}

/// How long the remote may stay silent from now on.
fn idle(remote: &Remote) -> Duration {
    let mut later = remote.machine.fork();
    let mut rng = <rand_chacha::ChaCha8Rng as rand_core::SeedableRng>::seed_from_u64(1);
    loop {
        let (at, timer) = later.peer().next_timeout().unwrap();
        if timer == Timer::Idle {
            return at.saturating_since(remote.now);
        }
        later.handle_timeout(at, &mut rng).unwrap();
        later.poll_transmit(at);
        later.handle_transmitted(usize::MAX, at);
    }
}

#[test]
fn half_a_frame_does_not_restart_the_idle_clock() {
    let mut remote = established();
    remote.wait(100 * SECOND).unwrap();
    remote.say_bytes(&frame("ping", &[1; 8])[..31]);
    assert_eq!(remote.pull(), Ok(None));
    let left = idle(&remote);
    assert!(left < 20 * SECOND + Duration::from_millis(10), "{left:?}");
}

#[test]
fn what_one_frame_bought_is_gone_with_it() {
    let (_, bytes) = large();
    let mut remote = established();
    remote.say_bytes(&bytes);
    remote.events();
    assert_eq!(idle(&remote), 120 * SECOND);
}

#[test]
fn a_handshake_is_as_long_as_it_is_however_its_bytes_arrive() {
    let node = Node::new(Config::builder(NETWORK).build().unwrap());
    let mut remote = Remote::new(&node, Direction::Inbound);
    let result = arrive(&mut remote, &header("version", 358, [0; 4]), 1);
    assert!(result.is_ok());
    assert_eq!(arrive(&mut remote, &[0; 358], 10), Err((Error::Timeout(Timer::Handshake), 6)));
}

fn ask(remote: &mut Remote, items: impl Into<Vec<Inventory>>) {
    remote.machine.send(&getdata(items), remote.now).unwrap();
    remote.hears();
}

fn stalled(item: Inventory) -> Error {
    Error::Stalled(Expected::Item(Box::new(item)))
}

#[test]
fn a_large_answer_that_arrives_steadily_is_waited_for() {
    let large = large_block(500_000);
    let mut remote = established();
    ask(&mut remote, [Inventory::block(large.hash())]);
    arrive(&mut remote, &frame("block", large.as_bytes()), 5000).unwrap();
    assert_eq!(remote.machine.open_requests(), 0);
}

#[test]
fn a_notfound_of_many_entries_that_arrives_steadily_is_waited_for() {
    let mut remote = established();
    let items: Vec<_> = (0..10_000).map(item).collect();
    ask(&mut remote, items.clone());
    let (events, seconds) = arrive(&mut remote, &bytes_of(&notfound(items)), 5000).unwrap();
    assert_eq!(events.len(), 1);
    assert!(seconds > 60, "no test: it took {seconds} s");
}

#[test]
fn a_large_answer_that_arrives_too_slowly_is_not() {
    let large = large_block(500_000);
    let mut remote = established();
    let item = Inventory::block(large.hash());
    ask(&mut remote, [item]);
    let (error, _) = arrive(&mut remote, &frame("block", large.as_bytes()), 3000).unwrap_err();
    assert_eq!(error, stalled(item));
}

#[test]
fn the_time_a_large_answer_took_is_not_held_against_the_next() {
    let large = large_block(500_000);
    let mut remote = established();
    ask(&mut remote, [Inventory::block(large.hash()), block_item(1)]);
    arrive(&mut remote, &frame("block", large.as_bytes()), 10_000).unwrap();
    assert_eq!(remote.deadline(), Some((30 * SECOND, Timer::Stall)));
}

#[test]
fn a_large_message_that_answers_nothing_buys_no_time() {
    let mut remote = established();
    ask(&mut remote, [block_item(1)]);
    let (error, seconds) = arrive(&mut remote, &bytes_of(&inv_of(10_000)), 8000).unwrap_err();
    assert_eq!((error, seconds), (stalled(block_item(1)), 30));
}

#[test]
fn an_answer_buys_the_time_of_its_whole_frame_for_the_others() {
    let large = large_block(20_480);
    let mut remote = established();
    ask(&mut remote, [Inventory::block(large.hash()), block_item(1)]);
    remote.wait(10 * SECOND).unwrap();
    let answer = frame("block", large.as_bytes());
    remote.say_bytes(&answer);
    remote.messages();
    let bytes = u32::try_from(answer.len()).unwrap();
    assert_eq!(remote.deadline(), Some((20 * SECOND + SECOND * bytes / 4096, Timer::Stall)));
}

#[test]
fn hashes_that_were_asked_for_buy_the_time_of_their_whole_frame_for_the_others() {
    let mut remote = established();
    remote.machine.send(&Message::MemPool, remote.now).unwrap();
    ask(&mut remote, [block_item(1)]);
    let (_, seconds) = arrive(&mut remote, &large().1, 50_000).unwrap();
    assert!(seconds > 30, "no test: it took {seconds} s");
    remote.wait(29 * SECOND).unwrap();
    assert_eq!(remote.wait(SECOND), Err(stalled(block_item(1))));
}

#[test]
fn an_answer_buys_a_second_at_least() {
    let mut remote = established();
    ask(&mut remote, [tx_item(1), block_item(1)]);
    remote.wait(10 * SECOND).unwrap();
    remote.say(&Message::Tx(tx(1)));
    remote.messages();
    assert_eq!(remote.deadline(), Some((21 * SECOND, Timer::Stall)));
}

#[test]
fn what_answers_only_what_was_not_written_buys_no_time() {
    for (request, answer) in [(getblocks(), inv_of(400)), (getheaders(), headers())] {
        let mut remote = established_at(8);
        ask(&mut remote, [block_item(1)]);
        remote.machine.send(&request, remote.now).unwrap();
        remote.wait(10 * SECOND).unwrap();
        remote.say(&answer);
        remote.messages();
        assert_eq!(remote.deadline(), Some((20 * SECOND, Timer::Stall)), "{}", answer.command());
    }
}
