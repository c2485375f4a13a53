//! What a driver tells of its transport, and what that proves.
#![expect(clippy::arithmetic_side_effects, clippy::unwrap_used, reason = "a test fails by panicking")]

use core::time::Duration;

use peer_core::{Config, Error, Expected, Message, Timer};
use peer_tests::remote::{NETWORK, Remote, bytes_of, established, established_at, frame};
use peer_tests::samples::{block, block_item, getdata, inv_of, ping, tx, tx_item};

const SECOND: Duration = Duration::from_secs(1);

fn send(remote: &mut Remote, message: &Message) {
    remote.machine.send(message, remote.now).unwrap();
}

/// The timers run so many seconds later. Nothing is told of the transport.
fn tick_after(remote: &mut Remote, seconds: u32) -> Result<(), Error> {
    remote.now += SECOND * seconds;
    remote.tick()
}

#[test]
fn honesty_a_driver_that_told_of_a_refusal_is_waited_for_to_tell_of_the_next() {
    let mut remote = established();
    send(&mut remote, &inv_of(1));
    remote.machine.poll_transmit(remote.now);
    remote.machine.handle_transmitted(0, remote.now);
    remote.hears();
    send(&mut remote, &inv_of(2));
    remote.machine.poll_transmit(remote.now);
    for seconds in [20, 1, 1, 1] {
        tick_after(&mut remote, seconds).unwrap();
    }
    // The transport took it meanwhile.
    remote.hears();
    assert!(!remote.machine.wants_write());
}

#[test]
fn liveness_a_driver_that_told_of_no_refusal_but_before_it_offered_anything_never_tells() {
    let mut remote = established();
    send(&mut remote, &inv_of(1));
    remote.machine.handle_transmitted(0, remote.now);
    remote.machine.poll_transmit(remote.now);
    tick_after(&mut remote, 20).unwrap();
    assert_eq!(tick_after(&mut remote, 1), Err(Error::Timeout(Timer::WriteStall)));
}

#[test]
fn liveness_what_was_drained_before_it_was_pulled_proves_that_an_answer_is_overdue() {
    let mut remote = established();
    send(&mut remote, &getdata([block_item(1)]));
    remote.hears();
    remote.look().unwrap();
    remote.now += SECOND * 30 + SECOND / 2;
    remote.say(&inv_of(1));
    remote.machine.handle_drained(remote.now);
    remote.now += SECOND;
    assert_eq!(remote.messages().len(), 1);
    let stalled = Error::Stalled(Expected::Item(Box::new(block_item(1))));
    assert_eq!(remote.tick(), Err(stalled));
}

/// An answer is almost overdue when two pongs that are not taken pause reading.
#[test]
fn honesty_a_refusal_after_reading_may_go_on_does_not_prove_that_an_answer_is_overdue() {
    let mut remote = Remote::established(Config::builder(NETWORK).send_pause(32).build().unwrap());
    send(&mut remote, &getdata([block_item(1)]));
    remote.hears();
    remote.wait(SECOND * 29).unwrap();
    remote.say(&ping(1));
    assert_eq!(remote.messages().len(), 1);
    send(&mut remote, &Message::GetAddr);
    remote.say(&ping(2));
    assert_eq!(remote.messages().len(), 1);
    remote.machine.poll_transmit(remote.now);
    remote.wait(SECOND * 19).unwrap();
    assert_eq!(remote.machine.take(usize::MAX, remote.now).len(), 32);
    assert!(remote.machine.wants_read());
    // The driver goes on writing before it reads.
    remote.machine.poll_transmit(remote.now);
    remote.wait(SECOND * 5).unwrap();
    remote.say(&block(1).into());
    assert_eq!(remote.messages().len(), 1);
}

#[test]
fn liveness_what_was_drained_while_an_event_was_held_proves_that_an_answer_is_overdue() {
    let mut remote = established();
    send(&mut remote, &getdata([block_item(1)]));
    remote.hears();
    remote.look().unwrap();
    remote.now += SECOND * 30;
    remote.say(&inv_of(1));
    remote.say(&inv_of(2));
    assert!(matches!(remote.pull(), Ok(Some(_))));
    remote.machine.handle_drained(remote.now);
    remote.tick().unwrap();
    remote.now += SECOND;
    assert_eq!(remote.messages().len(), 1);
    assert!(matches!(remote.tick(), Err(Error::Stalled(_))));
}

#[test]
fn honesty_pulling_alone_does_not_prove_that_an_answer_is_overdue() {
    let mut remote = established();
    send(&mut remote, &getdata([block_item(1)]));
    remote.hears();
    remote.look().unwrap();
    for seconds in [30, 1, 1, 1] {
        remote.now += SECOND * seconds;
        assert_eq!(remote.pull(), Ok(None));
        remote.tick().unwrap();
    }
    // It lay in the transport.
    remote.say(&block(1).into());
    assert_eq!(remote.messages().len(), 1);
}

#[test]
fn liveness_a_driver_that_never_tells_and_is_late_each_time_gets_its_timeouts() {
    let mut remote = established();
    send(&mut remote, &getdata([block_item(1)]));
    remote.hears();
    let end = (0..60).find_map(|_| tick_after(&mut remote, 3).err());
    assert!(matches!(end, Some(Error::Stalled(_))), "{end:?}");
}

#[test]
fn honesty_an_owner_that_is_absent_in_a_pause_of_reading_takes_one_second_of_it() {
    let mut remote = Remote::established(Config::builder(NETWORK).send_pause(32).build().unwrap());
    let pause = |remote: &mut Remote| {
        [1, 2].into_iter().for_each(|nonce| remote.say(&ping(nonce)));
        assert_eq!(remote.messages().len(), 2);
        remote.machine.poll_transmit(remote.now);
    };
    send(&mut remote, &getdata([block_item(1)]));
    remote.hears();
    pause(&mut remote);
    remote.now += SECOND * 60;
    remote.look().unwrap();
    remote.hears();
    remote.events();
    // Of the time for the answer half is over, and of that in which reading may pause one second.
    remote.wait(SECOND * 15).unwrap();
    pause(&mut remote);
    assert_eq!(remote.deadline(), Some((SECOND * 20, Timer::WriteStall)));
}

#[test]
fn liveness_pulling_once_more_takes_no_evidence_away() {
    let mut remote = established();
    send(&mut remote, &getdata([block_item(1)]));
    remote.hears();
    remote.wait(SECOND * 29).unwrap();
    remote.now += SECOND;
    remote.machine.handle_drained(remote.now);
    assert_eq!(remote.pull(), Ok(None));
    assert!(matches!(remote.tick(), Err(Error::Stalled(_))));
}

#[test]
fn liveness_a_byte_in_each_second_does_not_put_off_what_a_driver_that_never_tells_looks_for() {
    let mut remote = established();
    send(&mut remote, &getdata([block_item(1)]));
    remote.hears();
    let frame = bytes_of(&inv_of(10));
    let end = frame.iter().take(40).find_map(|byte| {
        remote.say_bytes(&[*byte]);
        remote.pull().and_then(|_| tick_after(&mut remote, 1)).err()
    });
    assert!(matches!(end, Some(Error::Stalled(_))), "{end:?}");
}

#[test]
fn honesty_what_proves_that_a_frame_is_overdue_proves_nothing_of_the_last_word_behind_it() {
    let mut remote = established_at(8);
    let large = inv_of(50_000);
    send(&mut remote, &large);
    remote.machine.poll_transmit(remote.now);
    remote.say_bytes(&frame("ping", &[0; 7]));
    assert_eq!(remote.pull(), Ok(None));
    let shown = remote.machine.poll_transmit_chunks(usize::MAX, remote.now).concat().len();
    // 20 s, and 6 for 1.8 MB.
    remote.now += SECOND * 26;
    remote.machine.handle_transmitted(0, remote.now);
    let taken = bytes_of(&large).len();
    remote.machine.handle_transmitted(taken, remote.now);
    // What is left of the time is over, and whether the transport takes more is not told.
    tick_after(&mut remote, 1).unwrap();
    remote.machine.handle_transmitted(shown - taken, remote.now);
    assert!(matches!(remote.machine.failure(), Some(Error::Frame(_))));
}

#[test]
fn honesty_what_was_drained_before_an_answer_was_due_proves_nothing_after() {
    let mut remote = established();
    send(&mut remote, &getdata([block_item(1)]));
    remote.hears();
    remote.look().unwrap();
    remote.now += SECOND * 29;
    let other = bytes_of(&inv_of(1));
    let (begun, rest) = other.split_at(30);
    remote.say_bytes(begun);
    remote.machine.handle_drained(remote.now);
    // It writes before it pulls.
    remote.now += SECOND + SECOND / 2;
    remote.machine.poll_transmit(remote.now);
    remote.now += SECOND / 2;
    assert_eq!(remote.pull(), Ok(None));
    remote.tick().unwrap();
    remote.say_bytes(rest);
    remote.say(&block(1).into());
    assert_eq!(remote.messages().len(), 2);
}

/// How a connection ends whose answer is withheld while the remote pings every half second. The driver never tells, and the
/// owner holds each ping at the next look, after it did this.
fn end_with_an_event_at_each_look(mut before_look: impl FnMut(&mut Remote)) -> Option<Error> {
    let mut remote = established();
    send(&mut remote, &getdata([block_item(1)]));
    remote.hears();
    (0..200).find_map(|_| {
        before_look(&mut remote);
        remote.now += SECOND / 2;
        remote.say(&ping(1));
        assert!(matches!(remote.pull(), Ok(Some(_))));
        let held = remote.tick();
        remote.hears();
        held.and_then(|()| remote.pull()).and_then(|_| remote.tick()).err()
    })
}

#[test]
fn liveness_an_event_that_is_held_at_each_look_puts_off_nothing_for_a_driver_that_never_tells() {
    let end = end_with_an_event_at_each_look(|_| {});
    assert!(matches!(end, Some(Error::Stalled(_))), "{end:?}");
}

#[test]
fn liveness_a_batch_that_leaves_while_an_event_is_held_puts_off_nothing_for_a_driver_that_never_tells() {
    let mut numbers = 0..;
    let end = end_with_an_event_at_each_look(|remote| {
        let item = tx_item(numbers.next().unwrap());
        assert_eq!(remote.machine.announce(item, remote.now), Ok(true));
    });
    assert!(matches!(end, Some(Error::Stalled(_))), "{end:?}");
}

#[test]
fn honesty_a_driver_that_never_tells_is_asked_twice_for_each_answer() {
    let mut remote = established();
    for number in [1, 2] {
        send(&mut remote, &getdata([block_item(number)]));
        remote.hears();
        tick_after(&mut remote, 30).unwrap();
        // It lay in the transport.
        remote.say(&block(number).into());
        assert_eq!(remote.messages().len(), 1);
    }
    send(&mut remote, &getdata([block_item(3)]));
    remote.hears();
    tick_after(&mut remote, 30).unwrap();
    assert!(matches!(tick_after(&mut remote, 1), Err(Error::Stalled(_))));
}

/// When a machine is to be called that looks for evidence, after a message came in pieces of this size.
fn next_timeout_after_pieces(size: usize) -> Option<(Duration, Timer)> {
    let mut remote = established();
    send(&mut remote, &getdata([tx_item(1)]));
    remote.hears();
    assert_eq!(remote.pull(), Ok(None));
    tick_after(&mut remote, 30).unwrap();
    for piece in bytes_of(&Message::Tx(tx(2))).chunks(size) {
        remote.machine.feed(piece);
        while remote.pull().unwrap().is_some() {}
    }
    remote.deadline()
}

#[test]
fn a_search_goes_on_however_the_bytes_are_cut_that_come_meanwhile() {
    let whole = next_timeout_after_pieces(usize::MAX);
    assert_eq!(whole, Some((SECOND, Timer::Stall)));
    assert_eq!(next_timeout_after_pieces(7), whole);
}
