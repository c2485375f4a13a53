//! A remote that answers and takes in time is never blamed, whatever its owner and its clock do.
#![expect(clippy::unwrap_used, clippy::arithmetic_side_effects, reason = "a test fails by panicking")]

use core::time::Duration;

use peer_core::message::{GetBlocks, GetHeaders, GetInitState, Headers, Inv, List, Pong};
use peer_core::{Config, Direction, Hash, Message, Node, Time, Timer};
use peer_tests::remote::{
    NETWORK, Remote, bytes_of, established, established_at, header, introduction, unguarded,
};
use peer_tests::samples::{block, block_item, getdata, inv_of, item, ping, tx, tx_item};

const SECOND: Duration = Duration::from_secs(1);

/// The nonce of the ping among these, if there is one.
fn pinged(heard: &[Message]) -> Option<u64> {
    heard.iter().find_map(|message| if let Message::Ping(ping) = message { Some(ping.nonce) } else { None })
}

/// The remote makes the machine owe two pongs, which pauses reading, and takes them after so long.
fn pause_reading(remote: &mut Remote, duration: Duration) {
    for nonce in [1, 2] {
        remote.say(&ping(nonce));
    }
    assert_eq!(remote.messages().len(), 2);
    assert!(!remote.machine.wants_read());
    remote.machine.poll_transmit(remote.now);
    remote.now += duration;
    assert_eq!(remote.hears().len(), 2);
    assert_eq!(remote.pull(), Ok(None));
}

#[test]
fn honesty_pauses_of_reading_are_counted_to_the_nanosecond() {
    let mut remote = Remote::established(Config::builder(NETWORK).send_pause(32).build().unwrap());
    remote.machine.send(&getdata([block_item(1)]), remote.now).unwrap();
    remote.hears();
    remote.look().unwrap();
    let odd = SECOND + Duration::from_nanos(1);
    for duration in [odd; 19].into_iter().chain([SECOND * 20 - odd * 19]) {
        pause_reading(&mut remote, duration);
        assert_eq!(remote.deadline(), Some((30 * SECOND, Timer::Stall)));
    }
}

#[test]
fn steady_small_answers_are_no_stall() {
    let mut remote = established();
    remote.machine.send(&getdata((0..100).map(tx_item).collect::<Vec<_>>()), remote.now).unwrap();
    remote.hears();
    for number in 0..100 {
        remote.wait(SECOND).unwrap_or_else(|error| panic!("{error} after {number} s"));
        remote.say(&Message::Tx(tx(number)));
        assert_eq!(remote.messages().len(), 1);
        remote.hears();
    }
    assert_eq!(remote.machine.open_requests(), 0);
}

#[test]
fn steady_answers_among_other_messages_are_no_stall() {
    let mut remote = established();
    remote.machine.send(&getdata((0..100).map(tx_item).collect::<Vec<_>>()), remote.now).unwrap();
    remote.hears();
    for number in 0..100 {
        remote.wait(SECOND).unwrap_or_else(|error| panic!("{error} after {number} s"));
        remote.say(&inv_of(number + 1));
        remote.say(&Message::Tx(tx(number)));
        assert_eq!(remote.messages().len(), 2);
    }
    assert_eq!(remote.machine.open_requests(), 0);
}

#[test]
fn pauses_before_a_request_are_not_held_against_its_answer() {
    let mut remote = Remote::established(Config::builder(NETWORK).send_pause(32).build().unwrap());
    let pause = |remote: &mut Remote| {
        remote.say(&ping(1));
        remote.say(&ping(2));
        remote.messages();
        assert!(!remote.machine.wants_read());
        remote.machine.poll_transmit(remote.now);
        remote.wait(Duration::from_secs(15)).unwrap();
        remote.hears();
        remote.events();
    };
    pause(&mut remote);
    pause(&mut remote);
    remote.machine.send(&getdata([tx_item(1)]), remote.now).unwrap();
    remote.hears();
    pause(&mut remote);
    assert_eq!(remote.deadline(), Some((Duration::from_secs(30), Timer::Stall)));
}

#[test]
fn the_late_report_of_an_answered_request_starts_no_clock_of_the_next() {
    let mut remote = Remote::established(unguarded().build().unwrap());
    let (request, answer) = (GetInitState { types: List::new() }, Message::InitState(Box::default()));
    remote.machine.send(&request.clone().into(), remote.now).unwrap();
    let written = remote.machine.poll_transmit(remote.now).len();
    remote.say(&answer);
    remote.messages();
    remote.machine.send(&request.into(), remote.now).unwrap();
    remote.machine.handle_transmitted(written, remote.now);
    assert!(remote.deadline().is_none_or(|(_, timer)| timer != Timer::Stall), "it is still to be written");
    remote.wait(Duration::from_secs(19)).unwrap();
    remote.hears();
    assert_eq!(remote.deadline(), Some((Duration::from_secs(30), Timer::Stall)));
}

#[test]
fn a_request_that_is_still_to_be_written_has_no_deadline() {
    let mut remote = Remote::established(unguarded().build().unwrap());
    let (request, answer) = (GetInitState { types: List::new() }, Message::InitState(Box::default()));
    for _ in 0..3 {
        remote.machine.send(&request.clone().into(), remote.now).unwrap();
    }
    let stall = |remote: &Remote| remote.deadline().filter(|(_, timer)| *timer == Timer::Stall);
    // The answer to the first comes before we are told that it was written.
    remote.say(&answer);
    remote.messages();
    for _ in 0..2 {
        remote.machine.take(usize::MAX, remote.now);
    }
    assert_eq!(stall(&remote), Some((Duration::from_secs(30), Timer::Stall)), "the second is due");
    remote.say(&answer);
    remote.messages();
    assert_eq!(stall(&remote), None, "the third is still to be written");
    remote.wait(Duration::from_secs(19)).unwrap();
    remote.machine.take_all(remote.now);
    assert_eq!(stall(&remote), Some((Duration::from_secs(30), Timer::Stall)));
}

#[test]
fn answers_to_all_that_was_written_leave_no_deadline_for_what_was_not() {
    let mut remote = Remote::established(unguarded().build().unwrap());
    let (request, answer) = (GetInitState { types: List::new() }, Message::InitState(Box::default()));
    for _ in 0..3 {
        remote.machine.send(&request.clone().into(), remote.now).unwrap();
    }
    for _ in 0..2 {
        remote.machine.take(usize::MAX, remote.now);
    }
    let stall = |remote: &Remote| remote.deadline().filter(|(_, timer)| *timer == Timer::Stall);
    remote.say(&answer);
    remote.messages();
    assert_eq!(stall(&remote), Some((SECOND * 30, Timer::Stall)), "the second is due");
    remote.say(&answer);
    remote.messages();
    assert_eq!(stall(&remote), None, "the third is still to be written");
}

/// Only what comes after the response was due for long is counted.
#[test]
fn much_that_comes_before_an_answer_is_not_held_against_it() {
    let mut remote = established();
    remote.machine.send(&getdata([block_item(1)]), remote.now).unwrap();
    remote.hears();
    let large = bytes_of(&inv_of(50_000));
    for _ in 0..12 {
        remote.say_bytes(&large);
        assert_eq!(remote.messages().len(), 1);
        remote.wait(SECOND).unwrap();
    }
    remote.say(&Message::Block(block(1)));
    assert_eq!(remote.messages().len(), 1);
}

/// The transport may have held back this much when the response came.
#[test]
fn an_answer_may_lie_16_mib_behind_what_came_without_a_pause() {
    let mut remote = established();
    remote.machine.send(&getdata([block_item(1)]), remote.now).unwrap();
    remote.hears();
    remote.wait(SECOND * 29).unwrap();
    let (small, large) = (bytes_of(&inv_of(1)), bytes_of(&inv_of(50_000)));
    remote.say_bytes(&small);
    for _ in 0..200 {
        remote.say_bytes(&small);
        assert!(matches!(remote.pull(), Ok(Some(_))));
        remote.now += SECOND;
        remote.tick().unwrap();
        remote.hears();
    }
    // The driver drains it at last, and tells of nothing.
    (0..9).for_each(|_| remote.say_bytes(&large));
    while remote.pull().unwrap().is_some() {}
    remote.now += SECOND;
    remote.tick().unwrap();
    remote.say(&Message::Block(block(1)));
    assert_eq!(remote.messages().len(), 1);
}

#[test]
fn a_pong_that_comes_before_its_write_is_told_counts() {
    let mut remote = established();
    remote.wait(Duration::from_secs(107)).unwrap();
    let ping = remote.machine.poll_transmit(remote.now);
    let nonce = pinged(&remote.understand(&ping)).unwrap();
    remote.say(&Message::Pong(Pong { nonce }));
    remote.messages();
    remote.machine.handle_transmitted(ping.len(), remote.now);
    let stats = remote.machine.stats();
    assert_eq!(stats.last_ping_nonce, 0, "it is still waited for");
    assert!(stats.last_ping_round_trip.is_some());
}

#[test]
fn a_pong_with_another_nonce_does_not_count_while_a_ping_is_written() {
    let mut remote = established();
    remote.wait(Duration::from_secs(107)).unwrap();
    let ping = remote.machine.poll_transmit(remote.now);
    let nonce = pinged(&remote.understand(&ping)).unwrap();
    remote.say(&Message::Pong(Pong { nonce: nonce ^ 1 }));
    remote.messages();
    assert_eq!(remote.machine.stats().last_ping_round_trip, None);
    remote.machine.handle_transmitted(ping.len(), remote.now);
    assert_eq!(remote.machine.stats().last_ping_nonce, nonce, "it is waited for");
}

#[test]
fn a_pong_that_comes_before_its_ping_was_offered_answers_nothing() {
    let mut remote = established();
    remote.machine.send(&ping(7), remote.now).unwrap();
    remote.say(&Message::Pong(Pong { nonce: 7 }));
    remote.messages();
    assert_eq!(remote.machine.stats().last_ping_round_trip, None);
}

/// What happens within ten minutes after the clock showed `ahead` more for one call.
fn after_a_jump(remote: &mut Remote, ahead: Duration) -> (Option<u32>, Option<u32>) {
    remote.now += ahead;
    remote.machine.announce(item(1), remote.now).unwrap();
    remote.events();
    remote.hears();
    remote.now = Time::from_elapsed(remote.now.elapsed() - ahead);
    let (mut announced, mut pinged_at) = (None, None);
    for second in 1..600 {
        remote.wait(SECOND).unwrap();
        let heard = remote.hears();
        if heard.iter().any(|message| matches!(message, Message::Inv(Inv { .. }))) {
            announced.get_or_insert(second);
        }
        if let Some(nonce) = pinged(&heard) {
            pinged_at.get_or_insert(second);
            remote.say(&Message::Pong(Pong { nonce }));
        }
        remote.events();
    }
    (announced, pinged_at)
}

#[test]
fn a_clock_that_jumped_ahead_for_one_call_stops_neither_pings_nor_announcements() {
    for ahead in [600, 86_400] {
        let mut remote = established();
        let (announced, pinged) = after_a_jump(&mut remote, Duration::from_secs(ahead));
        assert!(announced.is_some_and(|second| second <= 2), "{ahead} s: announced after {announced:?} s");
        assert!(pinged.is_some_and(|second| second <= 108), "{ahead} s: pinged after {pinged:?} s");
    }
}

/// The frame of `command` comes at 10 kB/s, without its end.
fn begin_slowly(remote: &mut Remote, command: &str, len: usize) {
    remote.say_bytes(&header(command, len, [0; 4]));
    for _ in 0..(len - 1) / 10_000 {
        remote.say_bytes(&[0; 10_000]);
        remote.events();
        remote.wait(SECOND).unwrap_or_else(|error| panic!("{command}: {error}"));
        remote.hears();
    }
}

#[test]
fn headers_and_hashes_that_were_asked_for_buy_time_for_a_block_behind_them() {
    let requests: [(Message, &str, usize); 3] = [
        (
            GetHeaders { protocol_version: 0, locator: List::new(), stop: Hash::ZERO }.into(),
            "headers",
            362_003,
        ),
        (GetBlocks { protocol_version: 12, locator: List::new(), stop: Hash::ZERO }.into(), "inv", 1_800_003),
        (Message::MemPool, "inv", 1_800_003),
    ];
    for version in [8, 9, 12] {
        for (request, response, len) in &requests {
            let mut remote = established_at(version);
            remote.machine.send(request, remote.now).unwrap();
            remote.machine.send(&getdata([block_item(1)]), remote.now).unwrap();
            remote.hears();
            begin_slowly(&mut remote, response, *len);
        }
    }
}

#[test]
fn hashes_that_come_before_their_request_is_reported_are_its_answer() {
    for (request, answer) in [
        (Message::MemPool, inv_of(3)),
        (
            GetHeaders { protocol_version: 0, locator: List::new(), stop: Hash::ZERO }.into(),
            Message::Headers(Headers { headers: List::new() }),
        ),
    ] {
        let mut remote = established_at(8);
        remote.machine.send(&request, remote.now).unwrap();
        let written = remote.machine.poll_transmit(remote.now).len();
        remote.say(&answer);
        assert_eq!(remote.messages(), [answer]);
        remote.machine.handle_transmitted(written, remote.now);
        remote.wait(Duration::from_secs(100)).unwrap();
    }
}

#[test]
fn a_remote_that_was_not_pinged_is_not_idle() {
    let mut remote = established();
    remote.wait(Duration::from_secs(100)).unwrap();
    // The owner is absent when the ping is due.
    remote.now += Duration::from_secs(21);
    remote.look().unwrap();
    let nonce = pinged(&remote.hears()).expect("a ping");
    remote.wait(SECOND).unwrap();
    remote.say(&Message::Pong(Pong { nonce }));
    assert_eq!(remote.messages().len(), 1);
}

#[test]
fn a_ping_that_waits_behind_our_own_frame_blames_no_one() {
    let mut remote = established();
    remote.machine.send(&inv_of(50_000), remote.now).unwrap();
    // A transport that takes 90 kB a second of 1.8 MB, from the moment on when the ping would be due.
    remote.wait(Duration::from_secs(106)).unwrap();
    let mut heard = Vec::new();
    while heard.is_empty() {
        let bytes = remote.machine.take(90_000, remote.now);
        heard = remote.understand(&bytes);
        remote.wait(SECOND).unwrap();
    }
    let nonce = pinged(&remote.hears()).expect("a ping behind it");
    remote.wait(SECOND * 10).unwrap();
    remote.say(&Message::Pong(Pong { nonce }));
    assert_eq!(remote.messages().len(), 1);
}

#[test]
fn a_transport_that_takes_everything_after_an_event_was_held_has_not_stalled() {
    let mut remote = established();
    remote.machine.send(&inv_of(5_000), remote.now).unwrap();
    let begun = remote.machine.take(1_000, remote.now);
    assert!(remote.understand(&begun).is_empty());
    remote.say(&ping(1));
    assert!(matches!(remote.pull(), Ok(Some(_))));
    // The handler takes 25 s.
    remote.now += Duration::from_secs(25);
    remote.events();
    remote.look().unwrap();
    remote.hears();
    remote.wait(Duration::from_secs(60)).unwrap();
}

/// Nothing is written by a driver that waits for its owner.
#[test]
fn a_transport_keeps_its_time_while_an_event_is_held() {
    let mut remote = established();
    remote.machine.send(&inv_of(1), remote.now).unwrap();
    remote.machine.poll_transmit(remote.now);
    remote.say(&ping(1));
    assert!(matches!(remote.pull(), Ok(Some(_))));
    // The handler takes 15 s, of which one counts.
    remote.now += SECOND * 15;
    remote.events();
    assert_eq!(remote.deadline(), Some((SECOND * 19, Timer::WriteStall)));
}

#[test]
fn a_version_that_lay_in_the_transport_while_the_owner_was_late_is_in_time() {
    for late in [1, 2, 4, 5, 7, 60] {
        let mut remote =
            Remote::new(&Node::new(Config::builder(NETWORK).build().unwrap()), Direction::Inbound);
        remote.now += Duration::from_secs(30 + late);
        // It runs its timers before it reads.
        remote.tick().unwrap();
        remote.say(&introduction(12).into());
        assert_eq!(remote.events().len(), 1, "{late} s late");
    }
}
