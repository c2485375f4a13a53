//! A remote hides nothing that it withholds behind what it says, takes or answers meanwhile.
#![expect(clippy::unwrap_used, clippy::arithmetic_side_effects, reason = "a test fails by panicking")]

use core::time::Duration;

use peer_core::message::Inventory;
use peer_core::{Error, Event, Expected, Message, OnTimeout, RequestOptions, Time, TransportError};
use peer_tests::remote::{Remote, bytes_of, established, frame};
use peer_tests::requests::items;
use peer_tests::samples::{block, block_item, getdata, inv_of, notfound, ping, tx_item};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
/// Between two turns of a driver that never finds the transport drained.
const TURN: Duration = Duration::from_millis(100);

/// Asks for these items and lets the request be written.
fn ask(remote: &mut Remote, items: impl Into<Vec<Inventory>>) {
    remote.machine.send(&getdata(items), remote.now).unwrap();
    remote.hears();
    remote.events();
}

/// A turn in which a frame comes that answers nothing, and the driver does not see that nothing more comes.
fn flood(remote: &mut Remote, noise: &[u8]) -> Result<Option<Event>, Error> {
    remote.say_bytes(noise);
    remote.now += TURN;
    let event = remote.pull()?;
    remote.tick()?;
    Ok(event)
}

/// A frame of 36 kB.
fn noise() -> Vec<u8> {
    bytes_of(&inv_of(1000))
}

fn stalled(item: Inventory) -> Error {
    Error::Stalled(Expected::Item(Box::new(item)))
}

/// A flood in which the owner asks for a transaction every `period`, and the remote answers at once. Returns when it
/// ends, if it does within two hours.
fn flood_with_small_answers(remote: &mut Remote, period: Duration) -> Option<(Duration, Error)> {
    let (noise, start) = (noise(), remote.now);
    let mut asked = 0;
    while remote.now < start + MINUTE * 120 {
        if remote.now.saturating_since(start) >= period * (asked + 1) {
            asked += 1;
            remote.machine.send(&getdata([tx_item(asked)]), remote.now).unwrap();
            remote.hears();
            remote.say(&notfound([tx_item(asked)]));
            if let Err(error) = remote.pull() {
                return Some((remote.now.saturating_since(start), error));
            }
        }
        if let Err(error) = flood(remote, &noise) {
            return Some((remote.now.saturating_since(start), error));
        }
    }
    None
}

#[test]
fn liveness_answers_to_other_requests_in_a_flood_hide_no_withheld_block() {
    for period in [170, 30, 5, 2].map(Duration::from_secs) {
        let mut remote = established();
        ask(&mut remote, [block_item(1)]);
        let end = flood_with_small_answers(&mut remote, period);
        let Some((after, error)) = end else { panic!("one each {period:?}: the block is still waited for") };
        assert_eq!(error, stalled(block_item(1)), "one each {period:?}");
        // Each answer buys a second.
        assert!(after <= SECOND * 230 * 2, "one each {period:?}: {after:?}");
    }
}

#[test]
fn honesty_a_remote_that_answers_in_a_flood_may_go_on_for_ever() {
    let mut remote = established();
    let (noise, start) = (noise(), remote.now);
    // There is always a request open: the next one is made before the last one is answered, ten seconds later.
    ask(&mut remote, [block_item(0)]);
    for number in 1..=360 {
        ask(&mut remote, [block_item(number)]);
        for _ in 0..100 {
            flood(&mut remote, &noise).unwrap();
        }
        remote.say(&notfound([block_item(number - 1)]));
        remote.events();
    }
    assert!(remote.now.saturating_since(start) >= MINUTE * 60);
}

#[test]
fn honesty_answers_one_by_one_in_a_flood_put_off_the_end_by_a_second_each() {
    let mut remote = established();
    let noise = noise();
    ask(&mut remote, (0..1000).map(tx_item).collect::<Vec<_>>());
    for number in 0..1000 {
        for _ in 0..9 {
            flood(&mut remote, &noise).unwrap();
        }
        remote.say(&notfound([tx_item(number)]));
        remote.events();
    }
    assert_eq!(remote.machine.open_requests(), 0);
}

#[test]
fn liveness_requests_do_not_wait_for_each_other_to_be_reported_in_a_flood() {
    let mut remote = established();
    for number in 0..20 {
        let options = RequestOptions::new().on_timeout(OnTimeout::Report);
        remote.is_asked_with(&items([block_item(number)]), options);
        remote.wait(SECOND / 20).unwrap();
        remote.events();
    }
    let (noise, start) = (noise(), remote.now);
    let mut reported = Vec::new();
    while reported.len() < 20 && remote.now < start + MINUTE * 60 {
        if let Some(Event::Unanswered { .. }) = flood(&mut remote, &noise).unwrap() {
            reported.push(remote.now.saturating_since(start));
        }
    }
    assert_eq!(reported.len(), 20);
    // Only the first one was due when the count began. The next count is for all others.
    assert!(reported.iter().all(|after| *after < SECOND * 480), "{reported:?}");
}

/// How long a block waits behind pongs until it is on show, of which one is taken every `period`. The next ping comes just before that, or
/// just after it, before the driver asks what to write.
fn block_behind_pongs(period: Duration, is_ping_first: bool) -> Result<Duration, (Duration, Error)> {
    let mut remote = established();
    remote.say(&ping(0));
    remote.events();
    remote.machine.poll_transmit(remote.now);
    remote.machine.send(&Message::Block(block(1)), remote.now).unwrap();
    let start = remote.now;
    for nonce in 1..5000 {
        let next = remote.now + period;
        while remote.now < next {
            remote.now = (remote.now + SECOND).min(next);
            remote.look().map_err(|error| (remote.now.saturating_since(start), error))?;
        }
        if is_ping_first {
            remote.say(&ping(nonce));
            remote.events();
        }
        remote.machine.handle_transmitted(32, remote.now);
        if !is_ping_first {
            remote.say(&ping(nonce));
            remote.events();
        }
        if remote.machine.poll_transmit(remote.now).len() > 32 {
            return Ok(remote.now.saturating_since(start));
        }
    }
    panic!("the block still waits, {:?} later", remote.now.saturating_since(start));
}

#[test]
fn liveness_replies_that_come_one_by_one_share_a_time_before_a_block() {
    for is_ping_first in [true, false] {
        let end = block_behind_pongs(SECOND * 19, is_ping_first);
        let Err((after, Error::Timeout(_))) = end else { panic!("{end:?}") };
        assert!(after <= SECOND * 40, "{after:?}");
    }
}

#[test]
fn honesty_replies_that_are_taken_within_a_tenth_of_a_second_let_a_block_through() {
    for is_ping_first in [true, false] {
        let written = block_behind_pongs(TURN, is_ping_first).unwrap();
        assert!(written <= SECOND * 60, "{written:?}");
    }
}

/// What a remote says between the driver's report and the timers, a tenth of a second after the last time.
fn between_report_and_timers(mut pieces: impl Iterator<Item = Vec<u8>>) -> (Time, Error) {
    let mut remote = established();
    ask(&mut remote, [block_item(1)]);
    let end = remote.now + MINUTE * 60;
    while remote.now < end {
        remote.now += TURN;
        remote.machine.handle_drained(remote.now);
        remote.say_bytes(&pieces.next().unwrap());
        let mut turn = || -> Result<(), Error> {
            while remote.pull()?.is_some() {}
            remote.tick()
        };
        if let Err(error) = turn() {
            return (remote.now, error);
        }
        remote.hears();
    }
    panic!("the block is still waited for at {:?}", remote.now);
}

#[test]
fn liveness_a_byte_between_the_report_and_the_timers_hides_nothing() {
    let frame = bytes_of(&inv_of(50_000));
    let (at, error) = between_report_and_timers(frame.into_iter().cycle().map(|byte| vec![byte]));
    assert_eq!(error, stalled(block_item(1)));
    assert!(at < Time::ZERO + SECOND * 33, "{at:?}");
}

#[test]
fn liveness_a_frame_between_the_report_and_the_timers_hides_nothing() {
    let (at, error) = between_report_and_timers((0..).map(|nonce| bytes_of(&ping(nonce))));
    assert_eq!(error, stalled(block_item(1)));
    // The clock of waiting rests while the frame is pulled.
    assert!(at < Time::ZERO + SECOND * 33, "{at:?}");
}

#[test]
fn honesty_evidence_about_a_response_that_came_late_says_nothing_about_the_next_one() {
    let mut remote = established();
    ask(&mut remote, [tx_item(1)]);
    remote.wait(SECOND * 3 / 2).unwrap();
    ask(&mut remote, [tx_item(2)]);
    remote.wait(SECOND * 57 / 2 - SECOND / 4).unwrap();
    // The first one is overdue and the second one is not, when nothing more is there.
    remote.now += SECOND * 3 / 4;
    remote.machine.handle_drained(remote.now);
    // Late calls count for a second each. Then the first one comes, and the second one has become overdue.
    for _ in 0..2 {
        remote.now += SECOND * 60;
        remote.machine.poll_transmit(remote.now);
    }
    remote.say(&notfound([tx_item(1)]));
    remote.events();
    remote.tick().unwrap();
}

#[test]
fn honesty_evidence_about_a_response_that_came_late_says_nothing_about_one_that_was_due_after_it() {
    let mut remote = established();
    ask(&mut remote, [tx_item(1)]);
    remote.wait(SECOND / 5).unwrap();
    ask(&mut remote, [tx_item(2)]);
    remote.wait(SECOND * 29).unwrap();
    remote.now += SECOND * 4 / 5;
    remote.machine.handle_drained(remote.now);
    // The driver writes meanwhile. It does not report what it finds then.
    remote.now += SECOND * 9 / 10;
    remote.machine.poll_transmit(remote.now);
    remote.now += SECOND * 9 / 10;
    remote.say(&notfound([tx_item(1)]));
    remote.events();
    remote.tick().unwrap();
}

#[test]
fn honesty_a_block_that_is_requested_again_in_a_flood_has_its_time() {
    let mut remote = established();
    let report = RequestOptions::new().on_timeout(OnTimeout::Report);
    remote.is_asked_with(&items([block_item(0)]), report);
    let mut reported = 0;
    // There is always another request open.
    for number in 1..=10 {
        ask(&mut remote, [block_item(number)]);
        if number > 1 {
            remote.say(&notfound([block_item(number - 1)]));
        }
        for _ in 0..20 {
            remote.wait(SECOND).unwrap();
            let events = remote.events();
            reported += events.iter().filter(|event| matches!(event, Event::Unanswered { .. })).count();
        }
    }
    assert_eq!(reported, 1);
    ask(&mut remote, [block_item(11)]);
    remote.say(&notfound([block_item(10)]));
    remote.events();
    ask(&mut remote, [block_item(0)]);
    let noise = noise();
    for _ in 0..1000 {
        flood(&mut remote, &noise).unwrap();
    }
}

/// What a driver does first once the owner lets it go on.
#[derive(Clone, Copy, Debug)]
enum First {
    Pull,
    Refusal,
    Drained,
    Timers,
    Offer,
}

/// The owner holds an event for so long. Then the driver does this, pulls, and looks at the timers.
fn held(seconds: f64, first: First) -> Result<(), Error> {
    let mut remote = established();
    remote.say(&ping(1));
    assert!(matches!(remote.pull(), Ok(Some(Event::Message(_)))));
    // The transport is full.
    remote.machine.poll_transmit(remote.now);
    remote.machine.handle_transmitted(0, remote.now);
    remote.now += Duration::from_secs_f64(seconds);
    match first {
        First::Pull => {}
        First::Refusal => remote.machine.handle_transmitted(0, remote.now),
        First::Drained => remote.machine.handle_drained(remote.now),
        First::Timers => remote.tick()?,
        First::Offer => assert_eq!(remote.machine.poll_transmit(remote.now).len(), 32),
    }
    remote.pull()?;
    remote.look()?;
    remote.wait(SECOND * 2)
}

#[test]
fn honesty_an_event_that_is_held_counts_for_a_second_whichever_call_is_first() {
    for seconds in [19.0, 19.5, 20.0, 20.5, 21.0, 30.0] {
        for first in [First::Pull, First::Refusal, First::Drained, First::Timers, First::Offer] {
            assert_eq!(held(seconds, first), Ok(()), "{seconds} s, {first:?}");
        }
    }
}

#[test]
fn honesty_a_report_that_is_held_counts_for_a_second_whichever_call_is_first() {
    let mut left = Vec::new();
    for first in [First::Pull, First::Drained, First::Timers] {
        let mut remote = established();
        let report = RequestOptions::new().on_timeout(OnTimeout::Report).timeout(SECOND * 5);
        remote.is_asked_with(&items([block_item(1)]), report);
        remote.is_asked_with(&items([block_item(2)]), RequestOptions::new());
        remote.events();
        remote.wait(SECOND * 5).unwrap();
        assert!(matches!(remote.pull(), Ok(Some(Event::Unanswered { .. }))));
        remote.now += SECOND * 24;
        match first {
            First::Drained => remote.machine.handle_drained(remote.now),
            First::Timers => remote.tick().unwrap(),
            First::Pull | First::Refusal | First::Offer => {}
        }
        assert_eq!(remote.pull(), Ok(None));
        left.push(remote.deadline().unwrap());
    }
    assert!(left.iter().all(|(left, _)| *left >= SECOND * 23), "{left:?}");
}

#[test]
fn liveness_frames_after_a_failed_write_do_not_hide_a_withheld_block() {
    let mut remote = established();
    remote.is_asked(&items([block_item(1)]));
    remote.events();
    remote.machine.handle_write_error(TransportError::Reset, remote.now);
    let start = remote.now;
    let end = (0..10_000).find_map(|nonce| {
        remote.say(&ping(nonce));
        let heard = remote.pull().and_then(|_| remote.pull());
        heard.and_then(|_| remote.wait(SECOND * 9 / 10)).err()
    });
    assert!(matches!(end, Some(Error::TransportFailed)), "{end:?}");
    let after = remote.now.saturating_since(start);
    assert!(after <= SECOND * 7, "{after:?}");
}

#[test]
fn honesty_a_large_frame_after_a_failed_write_is_heard_to_its_end() {
    let mut remote = established();
    remote.machine.handle_write_error(TransportError::Reset, remote.now);
    let said = frame("inv", &[&[253, 232, 3][..], &[7; 36_000]].concat());
    for piece in said.chunks(4200) {
        remote.say_bytes(piece);
        remote.pull().unwrap();
        remote.wait(SECOND * 9 / 10).unwrap();
    }
}
